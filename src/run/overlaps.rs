//! φ of every comparison on every basis.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::error::Result;
use crate::findings::LEADING;
use crate::linalg::{Leading, haar};
use crate::measure::overlap::overlap_grid;
use crate::measure::{Basis, Directions, Side};
use crate::paper::{DIRECTIONS_AGAINST_BASE, TENTH};
use crate::results::{Frame, Grid, Results};
use crate::study::{AdapterId, Comparison, Operand, Pairs};

use super::module::ModuleRun;

impl ModuleRun<'_> {
    pub(super) fn overlaps(&self, own: Option<&Leading>, results: &mut Results) -> Result<()> {
        if !self.plan.makes.overlap {
            return Ok(());
        }
        if self.measured.comparisons.is_empty() {
            return Ok(());
        }
        let groups = self.plan.figures.groups();
        for &basis in &self.plan.bases {
            let directions = self
                .updates
                .iter()
                .map(|update| Directions::of_delta(&update.delta, basis, update.rank))
                .collect::<std::result::Result<Vec<_>, _>>()?;
            let mut grids = Vec::new();
            for &comparison in &self.measured.comparisons {
                let sides = self.sides(comparison, basis, &directions, own)?;
                let Some((first, second)) = sides else {
                    continue;
                };
                grids.push(Grid {
                    module: self.module.clone(),
                    basis,
                    first: self.plan.operand_name(comparison.first).into(),
                    second: self.plan.operand_name(comparison.second).into(),
                    dimension: basis.side().dimension(self.shape),
                    first_i: 1,
                    is_measured: true,
                    pairs: 1,
                    is_of_group: groups.iter().any(|group| group.holds(comparison)),
                    cells: overlap_grid(&first, &second)?,
                    limits: BTreeMap::new(),
                });
            }
            let means: Vec<Grid> = groups
                .iter()
                .filter_map(|group| self.mean(group, &grids))
                .collect();
            results.grids.append(&mut grids);
            results.grids.extend(means);
            self.keep_frames(basis, &directions, results);
        }
        Ok(())
    }

    /// Keeps the leading directions of runs that findings compare between layers, on the first basis on
    /// which there are any.
    fn keep_frames(&self, basis: Basis, directions: &[Directions], results: &mut Results) {
        for (update, found) in self.updates.iter().zip(directions) {
            let has_one = results
                .frames
                .iter()
                .any(|frame| frame.adapter == update.name);
            let is_empty = found.subspace().is_empty();
            if has_one || is_empty || !self.wanted.keeps_frame(update.adapter) {
                continue;
            }
            results.frames.push(Frame {
                module: self.module.clone(),
                adapter: update.name.into(),
                basis,
                directions: found.leading(LEADING).subspace().basis().to_owned(),
            });
        }
    }

    /// The mean over the pairs of a group that have this module, of the grids of one basis.
    fn mean(&self, group: &Pairs, grids: &[Grid]) -> Option<Grid> {
        let names = |pair: &[AdapterId; 2]| pair.map(|id| self.plan.adapter_name(id));
        let of_pair = |pair: &[AdapterId; 2]| {
            let [first, second] = names(pair);
            let mut grids = grids.iter();
            grids.find(|grid| grid.first == first && grid.second == second)
        };
        let grids: Vec<&Grid> = group.pairs.iter().filter_map(of_pair).collect();
        Grid::mean_of(&grids, group.labels.each_ref().map(String::as_str))
    }

    /// The directions on both sides of a comparison; `None` when an adapter lacks this module.
    fn sides<'d>(
        &self,
        comparison: Comparison,
        basis: Basis,
        directions: &'d [Directions],
        own: Option<&Leading>,
    ) -> Result<Option<(Cow<'d, Directions>, Cow<'d, Directions>)>> {
        let of_adapter = |id: AdapterId| {
            self.updates
                .iter()
                .position(|update| update.adapter == id)
                .map(|position| Cow::Borrowed(&directions[position]))
        };
        let random = |role, count| self.random(basis, role, count).map(Cow::Owned);
        let against_base = DIRECTIONS_AGAINST_BASE.min(self.measured.rank.unwrap_or(usize::MAX));
        let d = basis.side().dimension(self.shape);
        Ok(match (comparison.first, comparison.second) {
            (Operand::Adapter(one), Operand::Adapter(other)) => {
                of_adapter(one).zip(of_adapter(other))
            }
            (Operand::Base, Operand::Adapter(adapter)) => {
                let second =
                    of_adapter(adapter).map(|whole| Cow::Owned(whole.leading(against_base)));
                let first = self.base_directions(basis, own)?;
                first.map(Cow::Owned).zip(second)
            }
            (Operand::Base, _) => match self.base_directions(basis, own)? {
                Some(first) => Some((Cow::Owned(first), random("second", against_base.min(d))?)),
                None => None,
            },
            (_, Operand::Adapter(adapter)) => match of_adapter(adapter) {
                Some(second) => Some((random("first", second.asked())?, second)),
                None => None,
            },
            _ => None,
        })
    }

    /// W's top ⌈d/10⌉ singular vectors of the basis's side.
    fn base_directions(&self, basis: Basis, own: Option<&Leading>) -> Result<Option<Directions>> {
        let Some(own) = own else {
            return Ok(None);
        };
        let side = basis.side();
        let vectors = match side {
            Side::Left => &own.u,
            Side::Right => &own.v,
        };
        let asked = side.dimension(self.shape).div_ceil(TENTH);
        let directions =
            Directions::of_singular_vectors(vectors.clone(), own.numerical_rank(), asked)?;
        Ok(Some(directions))
    }

    /// Haar-random directions from (seed, module, place in the pair, side).
    fn random(&self, basis: Basis, role: &str, count: usize) -> Result<Directions> {
        let side = basis.side();
        let key = format!(
            "{}/{}/{role}/{}",
            self.measured.seed,
            self.module.path,
            side.name()
        );
        Ok(Directions::defined(haar(
            side.dimension(self.shape),
            count,
            &key,
        )?))
    }
}
