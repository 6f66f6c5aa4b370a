//! What layouts ask of a base: alone, and with their adapter laid on it.

use std::collections::BTreeSet;

use crate::adapter::{AdaptedModule, BaseIndex, LaidIndex, Part, Placed, Rename, renamed};

use super::kept::{Kept, Within};
use super::laid::{Laid, Miss};
use super::nearest::nearest;
use super::place::{CONV1D_MODELS, TURNED_EXPERTS};
use super::prefixes::relation;
use super::{Base, experts};

/// Names of layers that models with `Conv1D` store (in, out); a head or an embedding there is stored as
/// elsewhere.
const CONV1D_LAYERS: [&str; 4] = ["c_attn", "c_proj", "c_fc", "q_attn"];

/// A base with one adapter laid on it.
struct LaidBase<'a> {
    base: &'a Base,
    laid: Laid<'static>,
    renames: &'a [Rename],
}

impl BaseIndex for Base {
    fn laid<'a>(
        &'a self,
        tensors: &BTreeSet<String>,
        renames: &'a [Rename],
    ) -> Box<dyn LaidIndex + 'a> {
        let tensors = tensors.iter().map(|tensor| renamed(tensor, renames));
        Box::new(LaidBase {
            base: self,
            laid: Laid::new(&tensors.collect(), &self.catalogue, &relation),
            renames,
        })
    }
}

impl Base {
    /// Lays one module on the base, with nothing beside it to judge by.
    pub(super) fn lay_alone(&self, module: &mut AdaptedModule) {
        let tensors = BTreeSet::from([module.target.tensor.clone()]);
        self.laid(&tensors, &[]).place(module);
    }
}

impl LaidBase<'_> {
    fn get(&self, tensor: &str) -> Result<Kept, Miss> {
        let tensor = renamed(tensor, self.renames);
        self.laid.get(&tensor, &self.base.catalogue)
    }
}

impl LaidIndex for LaidBase<'_> {
    fn names(&self) -> Vec<&str> {
        self.base.checkpoint.names().collect()
    }

    fn shape(&self, tensor: &str) -> Option<Vec<usize>> {
        self.base.shape(tensor)
    }

    fn is_turned(&self, tensor: &str) -> bool {
        let path = tensor.strip_suffix(".weight").unwrap_or(tensor);
        let last = path.rsplit('.').next().unwrap_or_default();
        match self.shape(tensor).as_deref() {
            Some([_, _, _]) => self.base.model_is_among(&TURNED_EXPERTS),
            // Of a square one `Base::locate` takes the same to be true.
            Some([rows, columns]) => {
                self.base.model_is_among(&CONV1D_MODELS)
                    && (rows == columns || CONV1D_LAYERS.contains(&last))
            }
            _ => false,
        }
    }

    fn find(&self, tensor: &str) -> Option<String> {
        let kept = self.get(tensor).ok()?;
        matches!(kept.part, Within::All | Within::Tied).then_some(kept.tensor)
    }

    fn expert(&self, parameter: &str) -> Option<(usize, usize)> {
        let kept = self.get(parameter).ok()?;
        if let Some(&[_, rows, columns]) = self.shape(&kept.tensor).as_deref() {
            return Some((rows, columns));
        }
        let has = |path: &str| self.base.catalogue.tensor(path);
        let parts = experts::separate(&kept.tensor, 0, &has);
        let shapes: Option<Vec<_>> = parts.iter().map(|tensor| self.shape(tensor)).collect();
        let shapes = shapes?;
        let columns = *shapes.first()?.get(1)?;
        Some((shapes.iter().map(|shape| shape[0]).sum(), columns))
    }

    fn place(&self, module: &mut AdaptedModule) {
        let kept = match self.get(&module.target.tensor) {
            Ok(kept) => kept,
            Err(Miss::Several(paths)) => {
                module.placed = Placed::Several(paths);
                return;
            }
            Err(Miss::Nothing) => {
                let names = self.names();
                let nearest = nearest(&module.target.tensor, &names);
                module.placed = Placed::Nowhere { nearest };
                return;
            }
        };
        module.is_tied = kept.part == Within::Tied;
        module.target.part = match (kept.part, module.target.part) {
            (Within::All | Within::Separate | Within::Tied, part) => part,
            (Within::Third(third), _) => Part::Third(third),
            (Within::Slice(name), _) => Part::Slice(name),
            (Within::Expert(expert, None), _) => Part::Expert(expert),
            (Within::Expert(expert, Some(half)), _) => Part::Half { expert, half },
        };
        module.target.tensor = kept.tensor;
        module.placed = Placed::There;
    }

    fn changes(&self) -> Vec<(String, String)> {
        let changes = self.laid.changes();
        changes
            .map(|(from, to)| (from.to_string(), to.to_string()))
            .collect()
    }
}
