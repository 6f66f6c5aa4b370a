//! Slices in the place of fused projections.
//!
//! # Decisions
//!
//! - Projections that were trained apart and then joined into one matrix are seen in B's zeros: each
//!   column reaches the rows of one slice alone. Such a slice has its own columns of B and rows of
//!   A, so that joining and splitting leave every number as it was.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::module::{AdaptedModule, Cut, Slice};
use super::opened::Adapter;
use super::update::Update;

/// Fused projections that one rule cuts into the same slices.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cuts {
    /// How many there are.
    pub modules: usize,
    /// The path of the first.
    pub first: String,
    /// The slices' names.
    pub slices: Vec<String>,
    /// What is known of the rows, and from where.
    pub rule: String,
}

impl fmt::Display for Cuts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cuts {
            modules,
            first,
            slices,
            rule,
        } = self;
        let slices = slices.join(", ");
        match modules {
            1 => write!(
                formatter,
                "1 fused module, `{first}`, into {slices}: {rule}"
            ),
            _ => write!(
                formatter,
                "{modules} fused modules such as `{first}` into {slices}: {rule}"
            ),
        }
    }
}

/// What became of the slices of one module.
#[derive(Default)]
struct Pieces {
    modules: Vec<AdaptedModule>,
    /// Paths of slices that no column of B reaches.
    unchanged: Vec<String>,
}

impl Adapter {
    /// The fused projections that [`Adapter::split`] would cut, one entry for each rule and set of
    /// slices.
    pub fn cuts(&self, cut: &dyn Fn(&AdaptedModule) -> Option<Cut>) -> Vec<Cuts> {
        let mut all: Vec<Cuts> = Vec::new();
        for module in &self.modules {
            let Some(Cut { rule, parts }) = cut(module) else {
                continue;
            };
            let slices: Vec<String> = parts.into_iter().map(|(name, _)| name).collect();
            let mut same = all.iter_mut();
            match same.find(|one| one.rule == rule && one.slices == slices) {
                Some(one) => one.modules += 1,
                None => all.push(Cuts {
                    modules: 1,
                    first: module.path.clone(),
                    slices,
                    rule,
                }),
            }
        }
        all
    }

    /// Puts slices in the place of each fused projection that `cut` knows.
    ///
    /// A slice that nothing adapts is no module. A note says which rule cut what, which slices share
    /// a factor A, and which are left out.
    ///
    /// ```
    /// use lora_subspace_core::adapter::{Adapter, ReadOptions};
    /// use lora_subspace_core::base::fused;
    /// use safetensors::tensor::{Dtype, TensorView};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bytes = |numbers: &[f32]| -> Vec<u8> { numbers.iter().flat_map(|x| x.to_le_bytes()).collect() };
    /// let (a, b) = (bytes(&[2.0]), bytes(&[1.0, 3.0, 5.0]));
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("lora.safetensors");
    /// let file = [
    ///     ("diffusion_model.blocks.0.attn.qkv.lora_A.weight", TensorView::new(Dtype::F32, vec![1, 1], &a)?),
    ///     ("diffusion_model.blocks.0.attn.qkv.lora_B.weight", TensorView::new(Dtype::F32, vec![3, 1], &b)?),
    /// ];
    /// std::fs::write(&path, safetensors::serialize(file, None)?)?;
    /// let mut adapter = Adapter::open(&path, &ReadOptions::new())?;
    /// let cut = |module: &_| fused::slices(module, None);
    /// let cuts = adapter.cuts(&cut);
    /// assert_eq!(
    ///     cuts[0].to_string(),
    ///     "1 fused module, `blocks.0.attn.qkv`, into q, k, v: thirds, by the name `attn.qkv`"
    /// );
    /// adapter.split(&cut);
    /// let k = adapter.delta("blocks.0.attn.qkv.k")?;
    /// assert_eq!(k.dense(), ndarray::array![[6.0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn split(&mut self, cut: &dyn Fn(&AdaptedModule) -> Option<Cut>) {
        let cuts = self.cuts(cut);
        let (mut shared, mut apart, mut unchanged) = (BTreeSet::new(), Vec::new(), Vec::new());
        let mut modules = Vec::new();
        for module in std::mem::take(&mut self.modules) {
            let Some(Cut { rule, parts }) = cut(&module) else {
                modules.push(module);
                continue;
            };
            let pieces = pieces(&module, parts);
            if pieces.modules.iter().any(|slice| slice.is_apart) {
                apart.push(module.path);
            } else {
                shared.insert(rule);
            }
            modules.extend(pieces.modules);
            unchanged.extend(pieces.unchanged);
        }
        self.modules = modules;
        self.places.take();
        for cuts in cuts {
            let share = if shared.contains(&cuts.rule) {
                "; slices share one A: in the basis a their directions are the same"
            } else {
                ""
            };
            self.notes.push(format!("cut {cuts}{share}"));
        }
        if let Some(first) = apart.first() {
            self.notes.push(format!(
                "{} fused modules such as `{first}` were joined from parts that were trained apart: \
                 each slice has its own columns of B and rows of A",
                apart.len()
            ));
        }
        if let Some(first) = unchanged.first() {
            self.notes.push(format!(
                "{} slices such as `{first}` have no column of B that is not 0: their ΔW is 0, and \
                 they are no modules here",
                unchanged.len()
            ));
        }
    }
}

/// The slices of one module.
fn pieces(module: &AdaptedModule, parts: super::Parts) -> Pieces {
    let rows: Vec<&[Range<usize>]> = parts.iter().map(|(_, rows)| rows.as_slice()).collect();
    let mut pieces = Pieces::default();
    let Some(columns) = own_columns(&module.update, &rows) else {
        let slices = parts.into_iter();
        pieces.modules = slices
            .map(|(name, rows)| slice(module, &name, rows, None))
            .collect();
        return pieces;
    };
    for ((name, rows), columns) in parts.into_iter().zip(columns) {
        if columns.is_empty() {
            pieces.unchanged.push(format!("{}.{name}", module.path));
            continue;
        }
        let update = own(&module.update, &rows, &columns);
        pieces.modules.push(slice(module, &name, rows, update));
    }
    pieces
}

/// The module that is these rows of another's ΔW; `own` is what it has alone.
fn slice(
    module: &AdaptedModule,
    name: &str,
    rows: Vec<Range<usize>>,
    own: Option<Update>,
) -> AdaptedModule {
    let is_apart = own.is_some();
    let update = own.unwrap_or_else(|| module.update.clone());
    AdaptedModule {
        path: format!("{}.{name}", module.path),
        rank: update.rank(),
        d_out: rows.iter().map(Range::len).sum(),
        slice: Some(Slice {
            rows,
            height: module.d_out,
        }),
        update,
        is_apart,
        ..module.clone()
    }
}

/// The columns of B that reach each part's rows, where no column reaches two parts. `None` for any
/// other update, and where all of B is 0: that says nothing.
///
/// What cannot be read is no evidence; whoever measures the module reads it again and says so.
fn own_columns(update: &Update, parts: &[&[Range<usize>]]) -> Option<Vec<Vec<usize>>> {
    let Update::Product { b, .. } = update else {
        return None;
    };
    let numbers = b.evaluate().ok()?;
    let mut own = vec![Vec::new(); parts.len()];
    for (column, values) in numbers.columns().into_iter().enumerate() {
        let reaches = |rows: &&[Range<usize>]| {
            let mut rows = rows.iter().cloned().flatten();
            rows.any(|row| values[row] != 0.0)
        };
        let mut reached = (0..parts.len()).filter(|&part| reaches(&parts[part]));
        if let Some(part) = reached.next() {
            if reached.next().is_some() {
                return None;
            }
            own[part].push(column);
        }
    }
    own.iter().any(|columns| !columns.is_empty()).then_some(own)
}

/// These rows and columns of B, and the rows of A that belong to them.
fn own(update: &Update, rows: &[Range<usize>], columns: &[usize]) -> Option<Update> {
    let Update::Product { b, a } = update else {
        return None;
    };
    let rows: Vec<usize> = rows.iter().cloned().flatten().collect();
    Some(Update::Product {
        b: b.clone().chosen_rows(rows).chosen_columns(columns.to_vec()),
        a: a.clone().chosen_rows(columns.to_vec()),
    })
}
