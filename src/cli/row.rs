//! What `inspect` reads of each module.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::{AdaptedModule, Adapter, LeftOut, layer_of};
use crate::base::Base;
use crate::error::CoreError;
use crate::linalg::SMALL_SIDE;
use crate::measure::spectrum::ranks_of_delta;

/// A module, and what its ΔW tells.
pub(super) struct Row<'a> {
    pub(super) module: &'a AdaptedModule,
    /// `None` where only a decomposition of a large matrix, or W, could tell.
    pub(super) numerical_rank: Option<usize>,
    pub(super) delta_norm: Option<f64>,
    /// How many directions hold 90 % of ‖ΔW‖², where that was asked and can be told.
    pub(super) energy_90: Option<usize>,
}

impl<'a> Row<'a> {
    pub(super) fn unknown(module: &'a AdaptedModule) -> Self {
        Row {
            module,
            numerical_rank: None,
            delta_norm: None,
            energy_90: None,
        }
    }

    pub(super) fn of(
        adapter: &Adapter,
        module: &'a AdaptedModule,
        base: Option<&Base>,
        with_energy: bool,
    ) -> Result<Self, CoreError> {
        let w = match (module.needs_base(), base) {
            (true, None) => return Ok(Row::unknown(module)),
            (true, Some(base)) => Some(base.whole(module)?),
            (false, _) => None,
        };
        let delta = adapter.delta_with(&module.path, w.as_ref().map(|w| w.view()), 1)?;
        let shape = (module.d_out, module.d_in);
        // A large ΔW without factors is not decomposed for a look.
        let is_cheap = module.rank.is_some() || shape.0.min(shape.1) <= SMALL_SIDE;
        let energy_90 = match is_cheap && with_energy {
            true => ranks_of_delta(&delta)?.energy_90,
            false => None,
        };
        Ok(Row {
            numerical_rank: is_cheap.then(|| delta.numerical_rank()).transpose()?,
            delta_norm: if adapter.scale_is_known {
                Some(delta.frobenius_norm()?)
            } else {
                None
            },
            energy_90,
            module,
        })
    }
}

/// All modules of an adapter, and those whose ΔW or W cannot be had, each with its cause.
///
/// # Errors
///
/// When a file cannot be read any more: it says nothing of a module.
pub(super) fn rows<'a>(
    adapter: &'a Adapter,
    base: Option<&Base>,
    with_energy: bool,
) -> Result<(Vec<Row<'a>>, Vec<LeftOut>), CoreError> {
    let mut left_out = adapter.left_out.clone();
    let mut rows = Vec::new();
    // Without W a whole model has no ΔW, whatever its numbers: they are not read.
    let is_formed = |module: &&AdaptedModule| base.is_some() || !module.needs_base();
    let formed = adapter.modules.iter().filter(is_formed);
    let formed: BTreeSet<&str> = formed.map(|module| module.path.as_str()).collect();
    let causes = adapter.unmeasurable(|path| formed.contains(path))?;
    let mut causes: BTreeMap<String, CoreError> = causes.into_iter().collect();
    for module in &adapter.modules {
        let checked = base.map(|base| base.check(module)).transpose();
        let fits = base.filter(|_| checked.is_ok());
        let row = match causes.remove(&module.path) {
            Some(error) => Err(error),
            None => Row::of(adapter, module, fits, with_energy),
        };
        if let Err(error @ (CoreError::Io { .. } | CoreError::Changed { .. })) = row {
            return Err(error);
        }
        for error in checked.err().iter().chain(row.as_ref().err()) {
            left_out.push(LeftOut {
                module: module.path.clone(),
                cause: error.to_string(),
            });
        }
        rows.push(row.unwrap_or_else(|_| Row::unknown(module)));
    }
    Ok((rows, left_out))
}

/// What the shapes say about the base: how many blocks, how wide.
pub(super) fn shapes(rows: &[Row]) -> String {
    let mut widths: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    let mut layers: Vec<usize> = Vec::new();
    for row in rows {
        *widths
            .entry((row.module.d_out, row.module.d_in))
            .or_default() += 1;
        layers.extend(layer_of(&row.module.path));
    }
    layers.sort_unstable();
    layers.dedup();
    let widths: Vec<String> = widths
        .iter()
        .map(|((d_out, d_in), count)| format!("{count} of {d_out} × {d_in}"))
        .collect();
    match (layers.first(), layers.last()) {
        (Some(first), Some(last)) => format!(
            "{} layers ({first} to {last}); {}",
            layers.len(),
            widths.join(", ")
        ),
        _ => widths.join(", "),
    }
}
