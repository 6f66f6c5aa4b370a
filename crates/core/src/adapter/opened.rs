//! An adapter that was opened: its modules, and ΔW of each.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::files::InputFile;
use crate::setting::Setting;

use super::delta::Delta;
use super::left_out::LeftOut;
use super::module::AdaptedModule;
use super::names::natural_order;
use super::rename::Rename;
use super::scale_rule::ScaleKind;
use super::update::Update;

/// An adapter that was opened: which modules it changes, and where its tensors are.
#[derive(Debug)]
pub struct Adapter {
    pub(super) root: PathBuf,
    pub(super) weights: PathBuf,
    pub(super) files: Vec<InputFile>,
    pub(super) weight_files: Vec<InputFile>,
    /// What the file is, in a few words: `PEFT LoRA`.
    pub layout: &'static str,
    /// What gave the layout away.
    pub evidence: String,
    /// The base that the config names.
    pub base_name: Option<String>,
    /// How the scale s was found, in words.
    pub scale_rule: String,
    /// By which rule s was found.
    pub scale_kind: ScaleKind,
    /// α, where the adapter's files state one number and s was made of it. Of a file with several
    /// components it is the first that is stated.
    pub stated_alpha: Option<f64>,
    /// Whether s was found. Only somebody who looks goes on without.
    pub scale_is_known: bool,
    /// The adapted modules, in the natural order of their paths.
    pub modules: Vec<AdaptedModule>,
    /// The modules whose trained weight travels whole beside the factors, such as a head. They are
    /// measured where somebody names them.
    pub replacements: Vec<AdaptedModule>,
    /// The full tensors that travel with the adapter and are no factors of a ΔW: trained heads and
    /// biases.
    pub replaced: Vec<String>,
    /// The modules that were left out, and why: the others can be measured.
    pub left_out: Vec<LeftOut>,
    /// The tensors that were not understood.
    pub unmapped: Vec<String>,
    /// What a reader of the results must know.
    pub notes: Vec<String>,
    /// The renames that changed a path.
    pub renames: Vec<Rename>,
    /// Where the module of a path is, among the modules and then the replacements.
    pub(super) places: OnceLock<HashMap<String, usize>>,
}

impl Adapter {
    /// The folder or file as given.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The weight file; of several their index, or the first.
    pub fn weights(&self) -> &Path {
        &self.weights
    }

    /// All files that were read for it: configs and weights, its own and those of the adapter as it
    /// was before training.
    pub fn files(&self) -> &[InputFile] {
        &self.files
    }

    /// The files of its own weights: one, an archive, or a set with its index.
    pub fn weight_files(&self) -> &[InputFile] {
        &self.weight_files
    }

    /// The description of one module. Paths are noted when the first is asked for: give modules other
    /// paths by [`Adapter::call`].
    pub fn module(&self, path: &str) -> Option<&AdaptedModule> {
        let places = self.places.get_or_init(|| {
            let mut places = HashMap::new();
            for (place, module) in self.modules.iter().chain(&self.replacements).enumerate() {
                places.entry(module.path.clone()).or_insert(place);
            }
            places
        });
        let is_it = |module: &&AdaptedModule| module.path == path;
        let all = || self.modules.iter().chain(&self.replacements);
        let noted = places.get(path).and_then(|&place| all().nth(place));
        // Somebody may have moved them since.
        noted
            .filter(is_it)
            .or_else(|| match places.len() == all().count() {
                true => None,
                false => all().find(is_it),
            })
    }

    /// Gives modules other paths, old to new; the modules then stand in the order of the new.
    pub fn call(&mut self, names: &BTreeMap<String, String>) {
        self.places.take();
        for modules in [&mut self.modules, &mut self.replacements] {
            for module in modules.iter_mut() {
                if let Some(name) = names.get(&module.path) {
                    module.path.clone_from(name);
                }
            }
            modules.sort_by(|one, other| natural_order(&one.path, &other.path));
        }
    }

    /// The largest rank of the modules that have factors.
    pub fn rank(&self) -> usize {
        let ranks = self.modules.iter().filter_map(|module| module.rank);
        ranks.max().unwrap_or(0)
    }

    /// Whether some module has factors, and so a rank; none of a full fine-tune has.
    pub fn has_factors(&self) -> bool {
        self.modules.iter().any(|module| module.rank.is_some())
    }

    /// The smallest and the largest rank of the modules that have factors, in words: `8`, or `1–8`.
    pub fn rank_in_words(&self) -> String {
        let ranks = self.modules.iter().filter_map(|module| module.rank);
        match (ranks.min(), self.rank()) {
            (Some(least), most) if least < most => format!("{least}–{most}"),
            (_, most) => most.to_string(),
        }
    }

    /// Whether every module that both have has one rank in both. Without such a module it is whether
    /// [both have the same ranks in words](Adapter::rank_in_words).
    pub fn has_ranks_of(&self, other: &Adapter) -> bool {
        let shared = self.modules.iter();
        let shared: Vec<bool> = shared
            .filter_map(|module| Some(module.rank == other.module(&module.path)?.rank))
            .collect();
        match shared.as_slice() {
            [] => self.rank_in_words() == other.rank_in_words(),
            same => same.iter().all(|same| *same),
        }
    }

    /// Whether a module of this one's is in the other too.
    pub fn shares_with(&self, other: &Adapter) -> bool {
        let mut modules = self.modules.iter();
        modules.any(|module| other.module(&module.path).is_some())
    }

    /// How many numbers were trained as factors, Σ r·(d_in + d_out) over its modules. It is `None`
    /// where a module's ΔW is more than two factors as they are stored.
    ///
    /// Ask before [`Adapter::split`], as slices of a fused projection share a factor.
    pub fn factor_entries(&self) -> Option<u64> {
        let entries = |module: &AdaptedModule| match &module.update {
            Update::Product { b, a } if b.is_stored() && a.is_stored() => {
                let (d_out, rank) = b.dim();
                Some((rank * (d_out + a.dim().1)) as u64)
            }
            _ => None,
        };
        self.modules.iter().map(entries).sum()
    }

    /// Reads ΔW of one module in f64, as its factors B and A.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a NaN or an infinity, when the adapter has no such module, and when
    /// its ΔW has no factors: then [`Adapter::delta_with`] takes what else is needed.
    pub fn delta(&self, path: &str) -> Result<Delta> {
        let update = &self.described(path)?.update;
        if update.rank().is_some() {
            return self.delta_with(path, None, 0);
        }
        if update.needs_base() {
            let problem = "this ΔW is the difference from W";
            let remedy = "give W, and how many directions to search for, to `Adapter::delta_with`";
            return Err(update.error(problem, remedy));
        }
        let problem = "this ΔW has no factors";
        let remedy = "say how many directions to search for to `Adapter::delta_with`";
        Err(update.error(problem, remedy))
    }

    /// Reads ΔW of one module in f64, as factors where it has some.
    ///
    /// `w` is W as d_out × d_in, of the whole fused projection where the module is a slice of one.
    /// It is needed where [`AdaptedModule::needs_base`]. A ΔW without factors is searched for its
    /// leading `directions`; one with factors has as many as its rank.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a NaN or an infinity, and when the adapter has no such module or W is
    /// needed and not there.
    pub fn delta_with(
        &self,
        path: &str,
        w: Option<ArrayView2<f64>>,
        directions: usize,
    ) -> Result<Delta> {
        let module = self.described(path)?;
        let delta = module.update.delta(module.scale, w, directions)?;
        match &module.slice {
            Some(slice) if !module.is_apart => delta.rows(&slice.rows),
            _ => Ok(delta),
        }
    }

    fn described(&self, path: &str) -> Result<&AdaptedModule> {
        self.module(path).ok_or_else(|| Error::Tensor {
            path: self.weights.clone(),
            tensor: path.into(),
            problem: "no such module in this adapter".into(),
            remedy: format!("{} lists its modules", Setting::Listing),
        })
    }

    /// Refuses an adapter whose every ΔW is zero, of a difference from a start within rounding: it has
    /// no directions. (A single such module has its rows left empty later.) An adapter without factors
    /// is not untrained: it has weights that were saved whole.
    ///
    /// # Errors
    ///
    /// [`Error::Untrained`].
    pub fn check_trained(&self) -> Result<()> {
        if self.modules.is_empty() {
            return Ok(());
        }
        for module in &self.modules {
            // What cannot be read is not zero; whoever measures it says why.
            if !matches!(module.update.is_zero(), Ok(true)) {
                return Ok(());
            }
        }
        let first = self.modules.first();
        let mut all = self.modules.iter();
        let cause = if all.any(AdaptedModule::is_difference) {
            "B·A is as it was before training"
        } else {
            "B is 0"
        };
        Err(Error::Untrained {
            path: self.weights.clone(),
            tensor: first.map_or(String::new(), |module| module.tensor().into()),
            cause,
            modules: self.modules.len(),
        })
    }
}
