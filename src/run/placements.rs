//! How much of each ΔW lies in W's leading directions.

use ndarray::ArrayView2;

use crate::error::Result;
use crate::linalg::{self, Leading};
use crate::measure::placement::{
    Place, Placed, concentration, placement, placement_chance, placement_of_matrix,
};
use crate::paper::PARTS;
use crate::results::Results;
use crate::table::PlacementRow;

use super::module::{ModuleRun, Update};
use super::placed::placed;

/// The numbers of directions of W that shares are given for, of `known`, in a matrix whose smaller
/// side is n: 1, 2, 4, … below n, and ⌈n/100⌉, ⌈n/20⌉ and ⌈n/10⌉.
fn leading_counts(n: usize, known: usize) -> Vec<usize> {
    let powers = (0..usize::BITS).map(|power| 1usize << power);
    let powers = powers.take_while(|&k| k < n);
    let parts = PARTS.map(|part| n.div_ceil(part));
    let mut counts: Vec<usize> = powers.chain(parts).filter(|&k| k <= known).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

impl ModuleRun<'_> {
    /// Rows of every adapter that is held against W.
    pub(super) fn placements(&self, own: &Leading, results: &mut Results) -> Result<()> {
        let placed = placed(self.plan, self.measured);
        if placed.is_empty() {
            return Ok(());
        }
        // What was searched for beside them, to serve other questions, is not shown.
        let found = own.numerical_rank().min(own.len());
        let known = found.min(self.directions_searched());
        let ks = leading_counts(self.shape.0.min(self.shape.1), known);
        let is_placed = |update: &&Update| placed.contains(&update.adapter);
        for update in self.updates.iter().filter(is_placed) {
            let (shares, concentration) = shares([own.u.view(), own.v.view()], update, &ks)?;
            for placed in shares {
                let bound = own.sin_theta_bound(placed.k);
                let rows = self.placement_rows(update.name, placed, concentration, bound);
                results.placement.extend(rows);
            }
        }
        Ok(())
    }

    /// The three rows of an adapter and a k.
    fn placement_rows(
        &self,
        adapter: &str,
        placed: Placed,
        concentration: Option<f64>,
        bound: Option<f64>,
    ) -> impl Iterator<Item = PlacementRow> {
        // The means do not depend on it.
        let chance = placement_chance(placed.k, self.shape, concentration.unwrap_or(1.0));
        (0..).zip(Place::ALL).map(move |(number, place)| {
            let share = placed.shares.map(|shares| shares[number]);
            let chance = chance[number];
            let sd = concentration.map(|_| chance.sd);
            let excess = share.zip(sd.filter(|&sd| sd > 0.0));
            PlacementRow {
                module: self.module.path.clone(),
                component: self.module.component.clone(),
                layer: self.module.layer,
                projection: self.module.projection.clone(),
                adapter: adapter.into(),
                k: placed.k,
                side: place.name().into(),
                share,
                chance: chance.mean,
                sd,
                z: excess.map(|(share, sd)| (share - chance.mean) / sd),
                enrichment: share.map(|share| share / chance.mean),
                sin_theta_bound: bound.map(|bound| match place {
                    Place::Out | Place::In => bound,
                    Place::Both => (2.0 * bound).min(1.0),
                }),
            }
        })
    }
}

/// The shares of an update at each k, and how concentrated it is.
fn shares(
    own: [ArrayView2<f64>; 2],
    update: &Update,
    ks: &[usize],
) -> Result<(Vec<Placed>, Option<f64>)> {
    // Without factors only the leading triplets of ΔW are known.
    if let Some(matrix) = update.delta.matrix().filter(|_| update.defined > 0) {
        let placed = placement_of_matrix(own, matrix, ks)?;
        return Ok((placed, linalg::concentration(matrix)));
    }
    let svd = update.delta.svd()?;
    let sigma = svd.sigma.to_vec();
    let placed = placement(own, [svd.u.view(), svd.v.view()], &sigma, ks)?;
    Ok((placed, concentration(&sigma)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_and_the_parts_of_n() {
        let all = [1, 2, 4, 8, 16, 20, 32, 39, 64, 128, 256];
        assert_eq!(leading_counts(384, 384), all);
        assert_eq!(leading_counts(384, 39), all[..8]);
        assert_eq!(leading_counts(2, 2), [1]);
        assert_eq!(leading_counts(1, 1), [1]);
        assert!(leading_counts(5, 0).is_empty());
    }
}
