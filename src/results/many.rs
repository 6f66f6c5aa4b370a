//! What each two of many adapters share in a module.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::measure::Basis;
use crate::measure::chance::{overlap_chance, overlap_z};
use crate::measure::trajectory::excess;
use crate::table::PairRow;

use super::matrix;
use super::module_name::ModuleName;

/// φ(k,k) and cosines of many adapters in one module, as matrices: there may be thousands of pairs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ManyModule {
    /// The module.
    pub module: ModuleName,
    /// (d_out, d_in).
    pub shape: (usize, usize),
    /// Leading directions of each adapter.
    pub k: usize,
    /// Names of the adapters that have it, in the study's order.
    pub adapters: Vec<String>,
    /// ⟨ΔW_a, ΔW_b⟩/(‖ΔW_a‖‖ΔW_b‖); `None` where an update has no factors.
    #[serde(with = "matrix")]
    pub cosines: Array2<Option<f64>>,
    /// φ(k,k) on each basis.
    pub bases: Vec<OnBasis>,
}

/// φ(k,k) of many adapters on one basis.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OnBasis {
    /// The basis.
    pub basis: Basis,
    /// φ(k,k) of each two; `None` where one has no such directions.
    #[serde(with = "matrix")]
    pub overlaps: Array2<Option<f64>>,
}

impl ManyModule {
    /// The dimension of the space of a basis.
    pub fn dimension(&self, basis: Basis) -> usize {
        basis.side().dimension(self.shape)
    }

    /// Excess over chance of each two adapters on a basis; `None` of a basis that was not measured.
    pub fn excess(&self, basis: Basis) -> Option<Array2<Option<f64>>> {
        let found = self.bases.iter().find(|one| one.basis == basis)?;
        let chance = overlap_chance(self.k, self.k, self.dimension(basis));
        Some(found.overlaps.mapv(|phi| excess(phi?, chance)))
    }

    /// A row a pair and basis, in the order of the pairs.
    pub fn rows(&self) -> impl Iterator<Item = PairRow> + '_ {
        self.pairs().map(|(on, [a, b], overlap)| {
            let d = self.dimension(on.basis);
            let chance = overlap_chance(self.k, self.k, d);
            let cosine = self.cosines[(a, b)];
            let (d_out, d_in) = self.shape;
            PairRow {
                module: self.module.path.clone(),
                component: self.module.component.clone(),
                layer: self.module.layer,
                projection: self.module.projection.clone(),
                first: self.adapters[a].clone(),
                second: self.adapters[b].clone(),
                basis: on.basis.name().into(),
                k: Some(self.k),
                overlap,
                chance,
                z: overlap_z(overlap, self.k, self.k, d),
                excess: excess(overlap, chance),
                cosine,
                cosine_sd: cosine.map(|_| 1.0 / (d_out as f64 * d_in as f64).sqrt()),
            }
        })
    }

    /// φ(k,k) of each pair on each basis: the places of its adapters, the first first.
    pub fn pairs(&self) -> impl Iterator<Item = (&OnBasis, [usize; 2], f64)> + '_ {
        let count = self.adapters.len();
        let pairs = (0..count).flat_map(move |a| (a + 1..count).map(move |b| [a, b]));
        pairs.flat_map(move |[a, b]| {
            let bases = self.bases.iter();
            bases.filter_map(move |on| Some((on, [a, b], on.overlaps[(a, b)]?)))
        })
    }
}
