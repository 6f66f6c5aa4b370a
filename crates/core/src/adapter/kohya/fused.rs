//! sd-scripts' `split_qkv`: fused projections whose parts were trained apart.

use ndarray::{Array2, s};

use crate::adapter::AdaptedModule;
use crate::adapter::found::{Content, Found};
use crate::adapter::keys::Tensors;
use crate::adapter::update::Update;
use crate::error::Result;

/// Modules that were trained in parts.
#[derive(Default)]
pub(super) struct Split {
    modules: usize,
    /// The first one's path, its number of parts and its rank.
    first: Option<(String, usize, usize)>,
}

impl Split {
    /// Gives a module that was trained in parts the scale of its training.
    ///
    /// sd-scripts saves α as it was for each part of rank r/n, and every loader divides it by the
    /// rank r of all. This can be known where the file has α and names sd-scripts' module.
    pub(super) fn rescale(
        &mut self,
        found: &Found,
        tensors: &Tensors,
        module: &mut AdaptedModule,
    ) -> Result<()> {
        let by_sd_scripts = found
            .metadata("ss_network_module")
            .is_some_and(|name| name.starts_with("networks."));
        let Update::Product { b, .. } = &module.update else {
            return Ok(());
        };
        let parts = match module.path.rsplit('.').next() {
            Some("qkv") => 3,
            Some("linear1") => 4,
            _ => return Ok(()),
        };
        if !by_sd_scripts || !tensors.contains_key("alpha") || !found.options.scaled {
            return Ok(());
        }
        let rank = b.dim().1;
        if rank.is_multiple_of(parts) && are_apart(&b.evaluate()?, parts) {
            module.scale *= parts as f64;
            self.modules += 1;
            let told = || (module.path.clone(), parts, rank);
            self.first.get_or_insert_with(told);
        }
        Ok(())
    }

    /// Says it once for the file.
    pub(super) fn describe(self, content: &mut Content) {
        if let Some((path, parts, rank)) = self.first {
            let each = rank / parts;
            content.notes.push(format!(
                "{} modules such as `{path}` were trained as {parts} parts of rank {each} \
                 (split_qkv): s is training's α/{each}; loaders of this file take α/{rank}",
                self.modules
            ));
        }
    }
}

/// Whether so many blocks of columns reach rows of their own, each below those before it.
fn are_apart(b: &Array2<f64>, parts: usize) -> bool {
    let each = b.ncols() / parts;
    let (mut below, mut reached) = (0, 0);
    for part in 0..parts {
        let block = b.slice(s![.., part * each..(part + 1) * each]);
        let rows = block.rows().into_iter().enumerate();
        let rows = rows.filter(|(_, row)| row.iter().any(|&x| x != 0.0));
        let mut rows = rows.map(|(number, _)| number);
        let Some(first) = rows.next() else { continue };
        if first < below {
            return false;
        }
        below = rows.next_back().unwrap_or(first) + 1;
        reached += 1;
    }
    reached > 1
}

#[cfg(test)]
mod tests {
    use super::are_apart;
    use ndarray::array;

    #[test]
    fn blocks_of_columns_have_rows_of_their_own() {
        let apart = array![
            [1.0, 0.0, 0.0],
            [0.0, 2.0, 0.0],
            [0.0, 3.0, 0.0],
            [0.0, 0.0, 4.0]
        ];
        assert!(are_apart(&apart, 3));
        // The second part was never changed.
        assert!(are_apart(&array![[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]], 3));
        // One part alone may be any adapter; a row in two parts, or an other order, is another's.
        assert!(!are_apart(&array![[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]], 3));
        assert!(!are_apart(&array![[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]], 3));
        assert!(!are_apart(&array![[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]], 3));
    }
}
