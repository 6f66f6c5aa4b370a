//! Rows of many adapters side by side.

use serde::{Deserialize, Serialize};

use super::rounded::{nine_digits, nine_digits_or_empty};

/// The `module` of rows that are means over modules.
pub const MEAN: &str = "mean";

/// What two of many adapters share (`pairs.csv`): in a module, and as a mean over modules. Where there would be
/// more than 200,000 rows of modules, the file has the means alone, unless `cells = "all"` in `[compare]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairRow {
    /// Full path as the adapter names it, or `mean` for a mean over modules.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based; empty for a mean.
    pub layer: Option<usize>,
    /// Last name of the path. A mean with a projection is over the layers of that projection, one without is over
    /// all modules.
    pub projection: String,
    /// The study's name of the first adapter.
    pub first: String,
    /// The study's name of the second adapter, which comes later in the study.
    pub second: String,
    /// Which directions: `a`, `b`, `delta-right` or `delta-left`.
    pub basis: String,
    /// How many leading directions of each; empty for a mean over modules with different numbers.
    pub k: Option<usize>,
    /// φ(k,k), in 0..=1.
    #[serde(serialize_with = "nine_digits")]
    pub overlap: f64,
    /// k/d, the expectation for random subspaces.
    #[serde(serialize_with = "nine_digits")]
    pub chance: f64,
    /// How many standard deviations of random subspaces `overlap` lies above chance; of a mean, those of the mean
    /// of independent modules. Empty where k = d.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub z: Option<f64>,
    /// (overlap − chance)/(1 − chance): 0 by chance, 1 for equal subspaces. Empty where k = d.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub excess: Option<f64>,
    /// ⟨ΔW_a, ΔW_b⟩_F/(‖ΔW_a‖‖ΔW_b‖) of whole updates, −1 to 1 and by chance 0. The same on every basis. Empty where an
    /// update has no factors.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub cosine: Option<f64>,
    /// Its standard deviation by chance, 1/√(d_out·d_in).
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub cosine_sd: Option<f64>,
}

/// What all of many adapters share in a module (`shared.csv`): an eigenvalue of the mean projector, or how well one
/// adapter is covered by the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SharedRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// Which directions: `a`, `b`, `delta-right` or `delta-left`.
    pub basis: String,
    /// How many leading directions of each adapter.
    pub k: usize,
    /// How many adapters have them.
    pub adapters: usize,
    /// Number of the eigenvalue, from 1 for the largest to 64; empty on rows of an adapter.
    pub index: Option<usize>,
    /// λ of the mean projector (1/N)·ΣF_aF_aᵀ: 1 where all adapters have the direction, 1/N where one has.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub eigenvalue: Option<f64>,
    /// λ₊, up to which eigenvalues of random directions reach.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub edge: Option<f64>,
    /// Share of random draws whose eigenvalue of this number is as large or larger, (1 + #≥)/(draws + 1). Empty where
    /// adapters times k is above 512.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub p: Option<f64>,
    /// (Σλ)²/Σλ² over all eigenvalues: over how many directions the adapters are spread.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub participation: Option<f64>,
    /// The study's name of the adapter that is covered; empty on rows of an eigenvalue.
    pub adapter: String,
    /// Share of its k directions in the leading k of the mean projector of the adapters of other folds. There are
    /// ten folds by name, or one for each adapter. No such rows where adapters times k is above 512.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub coverage: Option<f64>,
    /// k/d, which `coverage` and `coverage_by_mean` have by chance.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance: Option<f64>,
    /// The same share in the leading k directions of the sum of the others' updates, each by its leading k. Empty on
    /// the bases `a` and `b`.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub coverage_by_mean: Option<f64>,
}

/// Whether adapters that agree in a label share more (`groups.csv`), by the means of `pairs.csv` over all modules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    /// `task`, `seed` or `rank`: pairs that agree in it, against those that do not. `task, other seed`: of pairs with
    /// different seeds, those of one task. `seed, other task`: of pairs with different tasks, those of one seed.
    pub label: String,
    /// Which directions: `a`, `b`, `delta-right` or `delta-left`.
    pub basis: String,
    /// Mean excess of the pairs that agree in the label.
    #[serde(serialize_with = "nine_digits")]
    pub within: f64,
    /// Mean excess of those that do not.
    #[serde(serialize_with = "nine_digits")]
    pub between: f64,
    /// `within` less `between`.
    #[serde(serialize_with = "nine_digits")]
    pub difference: f64,
    /// How many arrangements of the label it was held against: all up to 10,000, else 9,999 drawn ones. Labels are
    /// exchanged within one seed for `task, other seed`, and within one task for `seed, other task`.
    pub permutations: usize,
    /// Share of arrangements with a difference as large or larger. The least possible is one of them.
    #[serde(serialize_with = "nine_digits")]
    pub p: f64,
}

/// How updates disturb each other in a module where they are added up (`interference.csv`): all of them, then each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterferenceRow {
    /// Full path as the adapter names it.
    pub module: String,
    /// The part of the model, where the study has several.
    #[serde(default)]
    pub component: String,
    /// Block number, 0-based.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// Which adapters are added up: `all` that `[many]` has and that are trained in this module.
    pub set: String,
    /// How many leading directions of each adapter.
    pub k: usize,
    /// ‖(UᵀU − I)Σ(VᵀV − I)‖₁, the sum of |entries|, in units of the weights. Empty on rows of an adapter.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sti: Option<f64>,
    /// What random directions with the same singular values give: of `sti` in closed form, of `sar` the mean of draws.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub chance: Option<f64>,
    /// How many draws are behind p, or behind the chance of `sar`. Empty where adapters times k is above 128.
    pub draws: Option<usize>,
    /// Share of draws with an `sti` as large or larger.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub p: Option<f64>,
    /// ‖ΣΔW‖²_F/Σ‖ΔW‖²_F of whole updates: below 1 where they cancel, by chance 1. Empty where an update has no factors.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub energy_ratio: Option<f64>,
    /// Its standard deviation by chance.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub energy_sd: Option<f64>,
    /// The study's name of the adapter that the row is of; empty on the row of all.
    pub adapter: String,
    /// ‖ΠΔW_a‖_F/‖ΔW_a‖_F of the leading k directions of an adapter, with Π on the leading left directions of the sum.
    /// There are no such rows where adapters times k is above 512.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sar: Option<f64>,
    /// How many left directions of the sum leave at most 5 % of its norm.
    pub sar_rank: Option<usize>,
}
