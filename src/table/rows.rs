//! The row structs: their fields, in order, are the columns of the files.

use serde::{Deserialize, Serialize};

use super::rounded::{nine_digits, nine_digits_or_empty};
pub use super::rounded::{round_to, round9};

/// One cell of one overlap grid (`overlap.csv`). `subspace-overlap` writes every grid. `regenerate`
/// writes the grids that figures show, and the cells φ(k,k) of each pair of a group. With
/// `cells = "all"` in `[compare]` it writes every grid. overlap.npz always has all grids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OverlapRow {
    /// Full path as the adapter names it, without `base_model.model.`. Where several adapters have the
    /// module, the first of them names it.
    pub module: String,
    /// The part of the model that has the module, such as `decoder`; empty where the study has one part.
    #[serde(default)]
    pub component: String,
    /// Block number as the path counts it (0-based); empty where the path has none.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// Which directions: `a`, `b`, `delta-right` or `delta-left`.
    pub basis: String,
    /// The study's name of the first adapter, or `base`, or `random`, or the label of a group. The rows
    /// of a group are the mean over its pairs.
    pub first: String,
    /// The study's name of the second adapter, or `base`, or `random`, or the label of a group.
    pub second: String,
    /// How many directions of `first`, from 1.
    pub i: usize,
    /// How many directions of `second`, from 1.
    pub j: usize,
    /// φ(i,j) = ‖U_iᵀV_j‖²_F / min(i,j), in 0..=1; empty beyond a numerical rank.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub overlap: Option<f64>,
    /// max(i,j)/d, the expectation for random subspaces.
    #[serde(serialize_with = "nine_digits")]
    pub chance: f64,
    /// (‖U_iᵀV_j‖²_F − ij/d) over its standard deviation for random subspaces. For a mean over n pairs
    /// that standard deviation is divided by √n.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub z: Option<f64>,
    /// `below` or `above` where `overlap` is a bound, else empty. Published values beyond the ends of a
    /// colour range are bounds.
    #[serde(default)]
    pub limit: String,
}

/// One column of table 7 for one module (`amplification.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmplificationRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// The study's name of the adapter.
    pub adapter: String,
    /// Number of directions used. It is the same on the three rows of an adapter and module.
    pub rank: usize,
    /// Whose directions U, V are: `delta`, `base` or `random`.
    pub directions: String,
    /// ‖UᵀWV‖_F. For `random` it is √mean‖UᵀWV‖²_F over the draws. Empty where ΔW = 0, which has no
    /// directions.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub projected_norm: Option<f64>,
    /// Standard deviation of ‖UᵀWV‖_F over the draws (`random` only).
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub projected_norm_sd: Option<f64>,
    /// How many random draws (`random` only).
    pub draws: Option<usize>,
    /// ‖W‖_F.
    #[serde(serialize_with = "nine_digits")]
    pub base_norm: f64,
    /// ‖ΔW‖_F, scale included.
    #[serde(serialize_with = "nine_digits")]
    pub delta_norm: f64,
    /// ‖ΔW‖_F / projected_norm for `delta`, ‖ΔW‖_F / chance_projected_norm for `random`, else empty.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub amplification: Option<f64>,
    /// ‖W‖_F · rank / √(d_out·d_in): the value expected of random directions.
    #[serde(serialize_with = "nine_digits")]
    pub chance_projected_norm: f64,
}

/// One singular value of ΔW or of W (`spectrum.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpectrumRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// The adapter whose ΔW this is, or `base` for W.
    pub matrix: String,
    /// Its number, from 1 for the largest sigma to the numerical rank. Where not all directions of W or
    /// ΔW are kept, it ends at the number of directions used.
    pub index: usize,
    /// The singular value.
    #[serde(serialize_with = "nine_digits")]
    pub sigma: f64,
    /// max(‖Mv − σu‖, ‖Mᵀu − σv‖). It is computed for W and for a ΔW without factors. For a product B·A
    /// it is a bound, which may be a thousand times the residual itself.
    #[serde(serialize_with = "nine_digits")]
    pub residual: f64,
    /// σ_index − σ_{index+1}; empty for the last of the matrix.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub gap: Option<f64>,
    /// Wedin's bound on sin θ, between the computed and the true leading subspace of this size. Empty
    /// where the gap is empty or zero.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sin_theta_bound: Option<f64>,
}

/// One score of one training run (`runs.csv`), written by whoever trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunsRow {
    /// Name of the run. Where the study has an adapter of this name, it is that adapter's run.
    pub adapter: String,
    /// The weights that were adapted in every layer, joined by `+`: `q+v`, `q_proj+v_proj`.
    pub weight_types: String,
    /// r, from 1; empty for a full fine-tune, where the weights themselves were trained.
    pub rank: Option<usize>,
    /// α; empty where it is not known, and for a full fine-tune.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub alpha: Option<f64>,
    /// The seed that it was trained with; empty where it is not known.
    pub seed: Option<u64>,
    /// What it was trained on.
    pub task: String,
    /// What the score is: `accuracy`, `val_loss`.
    pub metric: String,
    /// The score, in the metric's own unit.
    #[serde(serialize_with = "nine_digits")]
    pub value: f64,
    /// Number of entries of the factors, Σ r·(d_in + d_out), or of the weights of a full fine-tune. In a
    /// study's results the factors are counted, where the study has the adapter. Empty where it is not
    /// known.
    pub trainable_parameters: Option<u64>,
    /// How many items the score is a share of, where it is a share of right answers. The column is left
    /// out where no run has it.
    #[serde(default)]
    pub items: Option<u64>,
}

/// Whether a run answered one item rightly (`answers.csv`), written by whoever trained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswersRow {
    /// Name of the run, as in `runs.csv`.
    pub adapter: String,
    /// Name of the item: a number or an id, the same for every run.
    pub item: String,
    /// 1 where the answer is right, else 0.
    pub right: u8,
}

/// What the study's own data say about one claim of the paper's section 7 (`findings.csv`). METHODS.md
/// fixes each claim's statistic, test and margin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    /// Short name: `ranks`, `ranks-others`, `seeds`, `seeds-layers`, `query-value`, `correlates`,
    /// `new-directions`, `factor`, `b-as-a`, `locks-early`, `low-rank`.
    pub claim: String,
    /// The claim as a sentence.
    pub statement: String,
    /// `holds`, `does not hold` or `cannot be told`.
    pub verdict: String,
    /// The verdict as one sentence, without numbers.
    pub says: String,
    /// The same sentence with its evidence and chance level, to be cited.
    pub sentence: String,
    /// What was computed for each module, or for each layer, such as `φ(1,8)`.
    pub statistic: String,
    /// What it was compared with.
    pub test: String,
    /// How many modules, or layers, it was computed for.
    pub count: usize,
    /// In how many of them the claim holds by itself.
    pub holding: usize,
    /// Median of the statistic.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub median: Option<f64>,
    /// Median of its chance value.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance: Option<f64>,
    /// For a test over layers: its p, and of several tests the largest p. For one test in each module: p
    /// of the null hypothesis that at most half of the modules are beyond chance. Empty where a margin
    /// alone decides.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub p: Option<f64>,
    /// The smallest p that this number of layers, modules and draws allows; empty where any p is possible.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub least_p: Option<f64>,
    /// The margin that decides, where one does.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub margin: Option<f64>,
    /// How many independent runs are behind it.
    pub runs: usize,
    /// Version of the rules, as METHODS.md has them.
    pub rules: usize,
}

/// A number of one module that a claim is judged by (`evidence.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Short name of the claim, as in findings.csv.
    pub claim: String,
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// Which directions of the adapters; empty where ΔW's directions on both sides of W are used.
    pub basis: String,
    /// The adapter, or the label of a group; of two ranks the smaller.
    pub first: String,
    /// What it is compared with: another adapter, the label of a group, or `base`.
    pub second: String,
    /// How many independent runs are behind `value`.
    pub runs: usize,
    /// How many pairs of runs `value` is the mean of; empty where no runs are compared.
    pub pairs: Option<usize>,
    /// What is known of the seeds of runs that are compared: `differ`, `same` or `unknown`. `one start`:
    /// both are differences from one start, and each still has a part of it. `one run`: files tell that
    /// two are checkpoints of one run. `alike`: the numbers of A tell that two began as one. Else empty.
    pub seeds: String,
    /// What `value` is, such as `φ(1,8)`.
    pub statistic: String,
    /// Its value.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub value: Option<f64>,
    /// The value that random directions have on average. For `correlates` and `factor` it is their
    /// typical value, the geometric mean of draws.csv.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance: Option<f64>,
    /// Standard deviation of `value` by chance, where a test uses it.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sd: Option<f64>,
    /// The largest error that `value` can have, because W's directions are known to an angle only, or
    /// because a step lies between two checkpoints.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub bound: Option<f64>,
    /// Probability that chance gives a value at least as large, or for `low-rank` at least as small. For
    /// `new-directions`, and for `low-rank` beyond a rank of 32, it is a bound on that probability.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub p: Option<f64>,
    /// The same after Holm's correction over modules.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub p_adjusted: Option<f64>,
}

/// How much of one ΔW lies in W's leading k directions (`placement.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacementRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// The study's name of the adapter.
    pub adapter: String,
    /// How many of W's leading directions.
    pub k: usize,
    /// `out`: W's left directions. `in`: its right directions. `both`: the two at once.
    pub side: String,
    /// Share of ‖ΔW‖²_F that lies there, in 0..=1; empty where ΔW = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub share: Option<f64>,
    /// Its expectation for a random update with ΔW's singular values.
    #[serde(serialize_with = "nine_digits")]
    pub chance: f64,
    /// Its standard deviation for such updates; empty where ΔW = 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sd: Option<f64>,
    /// (share − chance)/sd; empty where sd is 0.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub z: Option<f64>,
    /// share/chance.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub enrichment: Option<f64>,
    /// The largest error that `share` can have, because W's directions are known to an angle only. It is
    /// sin θ, and twice that for `both`. Empty where no gap bounds it.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sin_theta_bound: Option<f64>,
}

/// ‖UᵀWV‖_F between one pair of random frames (`draws.csv`). Findings compare ΔW's value with these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// The first adapter that uses this number of directions. The draws serve all adapters that do.
    pub adapter: String,
    /// Directions of each frame.
    pub rank: usize,
    /// Number of the draw, from 0, as in the key `SEED/MODULE/drawN`.
    pub draw: usize,
    /// ‖UᵀWV‖_F.
    #[serde(serialize_with = "nine_digits")]
    pub projected_norm: f64,
}

/// φ(k,k) between a layer of one run and a layer of another, the mean over pairs of runs
/// (`layers.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayerRow {
    /// Full path of the first run's module.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Full path of the second run's module. It has the same projection, in the same or another layer.
    pub second_module: String,
    /// The first run, or the label of a group.
    pub first: String,
    /// The second run, or the label of a group.
    pub second: String,
    /// Which directions: `a`, `b`, `delta-right` or `delta-left`.
    pub basis: String,
    /// How many directions of each run.
    pub k: usize,
    /// φ(k,k); empty where a module has fewer directions.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub overlap: Option<f64>,
    /// k/d.
    #[serde(serialize_with = "nine_digits")]
    pub chance: f64,
}
