//! Many adapters side by side in one module.

use ndarray::{Array2, ArrayView2};

use crate::error::Result;
use crate::linalg::{Subspace, Svd};
use crate::measure::chance::overlap_chance;
use crate::measure::coverage::{Covered, fold_of, held_out_of};
use crate::measure::interference::{energy_of_sum, interference, interference_chance, retained};
use crate::measure::many::Together;
use crate::measure::many_draws::LEADING;
use crate::measure::mean_projector::{gram_of, overlaps, shared, top_edge};
use crate::measure::{Basis, Directions};
use crate::results::{ManyModule, OnBasis, Results};
use crate::table::{InterferenceRow, SharedRow};

use super::many_chances::ManyChances;
use super::module::{ModuleRun, Update};

/// What a set of all adapters is called.
const ALL: &str = "all";

/// The adapters that are compared in a module, and how.
struct Compared<'a> {
    chances: &'a ManyChances,
    /// Trained updates, in the study's order.
    updates: Vec<&'a Update<'a>>,
    k: usize,
    /// The fold of each, by name.
    folds: Vec<usize>,
}

/// The Gram matrix of one basis, and which of the adapters it is of.
struct OfBasis<'a> {
    basis: Basis,
    gram: ArrayView2<'a, f64>,
    members: Vec<usize>,
}

impl ModuleRun<'_> {
    /// Pairs, what all share, and interference; nothing of a module that fewer than two adapters have trained.
    pub(super) fn many(&self, results: &mut Results) -> Result<()> {
        let many = self.measured.many.as_ref();
        let Some(many) = many.filter(|_| self.plan.makes.overlap) else {
            return Ok(());
        };
        let is_compared =
            |update: &&Update| update.defined > 0 && many.adapters.contains(&update.adapter);
        let updates: Vec<&Update> = self.updates.iter().filter(is_compared).collect();
        let Some(rank) = updates.iter().map(|update| update.defined).min() else {
            return Ok(());
        };
        if updates.len() < 2 {
            return Ok(());
        }
        let compared = Compared {
            chances: self.many_chances,
            k: many.k.min(rank),
            folds: folds(&updates),
            updates,
        };
        let svds = compared.updates.iter();
        let svds = svds.map(|update| Ok(update.delta.svd()?.leading(update.defined)));
        let svds: Vec<Svd> = svds.collect::<Result<_>>()?;
        let together = Together::of(&svds, compared.k)?;
        drop(svds);
        let mut found = ManyModule {
            module: self.module.clone(),
            shape: self.shape,
            k: compared.k,
            adapters: compared.names().map(String::from).collect(),
            cosines: compared.cosines(&together),
            bases: Vec::new(),
        };
        for &basis in &many.bases {
            let own;
            let of = if basis.is_of_factor() {
                let (members, frames) = compared.frames(basis)?;
                if members.len() < 2 {
                    continue;
                }
                let views: Vec<_> = frames.iter().map(Subspace::basis).collect();
                own = gram_of(&views)?;
                OfBasis {
                    basis,
                    gram: own.view(),
                    members,
                }
            } else {
                OfBasis {
                    basis,
                    gram: together.gram(basis.side()),
                    members: (0..compared.updates.len()).collect(),
                }
            };
            found.bases.push(compared.overlaps(&of));
            results.shared.extend(self.eigenvalues(&compared, &of)?);
            results
                .shared
                .extend(self.covered(&compared, &together, &of)?);
        }
        results.many.push(found);
        results
            .interference
            .extend(self.interference(&compared, &together)?);
        Ok(())
    }

    /// A row an eigenvalue, the largest first.
    fn eigenvalues(&self, compared: &Compared, of: &OfBasis) -> Result<Vec<SharedRow>> {
        let (k, count) = (compared.k, of.members.len());
        let d = of.basis.side().dimension(self.shape);
        let found = shared(of.gram, k)?;
        let random = compared.chances.spectra((d, k, count))?;
        let rows = (1..).zip(&found.eigenvalues).take(LEADING);
        let row = |(index, &value): (usize, &f64)| SharedRow {
            index: Some(index),
            eigenvalue: Some(value),
            edge: Some(top_edge(count, k, d)),
            p: random
                .as_ref()
                .and_then(|random| random.tail(index - 1, value)),
            participation: Some(found.participation),
            ..self.shared_row(compared, of)
        };
        Ok(rows.map(row).collect())
    }

    /// A row an adapter, where there are not too many.
    fn covered(
        &self,
        compared: &Compared,
        together: &Together,
        of: &OfBasis,
    ) -> Result<Vec<SharedRow>> {
        let folds: Vec<usize> = match of.members.len() == compared.updates.len() {
            true => compared.folds.clone(),
            false => folds(
                &of.members
                    .iter()
                    .map(|&one| compared.updates[one])
                    .collect::<Vec<_>>(),
            ),
        };
        let covered = match of.basis.is_of_factor() {
            true => held_out_of(of.gram, compared.k, &folds)?,
            false => together.held_out(of.basis.side(), &folds)?,
        };
        let d = of.basis.side().dimension(self.shape);
        let rows = of.members.iter().zip(covered.unwrap_or_default());
        let row = |(&member, covered): (&usize, Covered)| SharedRow {
            adapter: compared.updates[member].name.into(),
            coverage: Some(covered.coverage),
            chance: Some(overlap_chance(compared.k, compared.k, d)),
            coverage_by_mean: covered.by_mean,
            ..self.shared_row(compared, of)
        };
        Ok(rows.map(row).collect())
    }

    fn shared_row(&self, compared: &Compared, of: &OfBasis) -> SharedRow {
        SharedRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            basis: of.basis.name().into(),
            k: compared.k,
            adapters: of.members.len(),
            index: None,
            eigenvalue: None,
            edge: None,
            p: None,
            participation: None,
            adapter: String::new(),
            coverage: None,
            chance: None,
            coverage_by_mean: None,
        }
    }

    /// The row of all adapters, then one of each.
    fn interference(
        &self,
        compared: &Compared,
        together: &Together,
    ) -> Result<Vec<InterferenceRow>> {
        let (k, count) = (compared.k, compared.updates.len());
        let random = compared.chances.sets((self.shape, k, count))?;
        let sti = interference(together);
        let has_factors = compared
            .updates
            .iter()
            .all(|one| one.delta.factors().is_some());
        let energy = has_factors.then(|| energy_of_sum(together));
        let blank = InterferenceRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            set: ALL.into(),
            k,
            sti: None,
            chance: None,
            draws: None,
            p: None,
            energy_ratio: None,
            energy_sd: None,
            adapter: String::new(),
            sar: None,
            sar_rank: None,
        };
        let mut rows = vec![InterferenceRow {
            sti: Some(sti),
            chance: Some(interference_chance(together.sigma(), k, self.shape)),
            draws: random.as_ref().map(|random| random.draws()),
            p: random
                .as_ref()
                .map(|random| random.tail(sti, together.sigma())),
            energy_ratio: energy.map(|energy| energy.ratio),
            energy_sd: energy.map(|energy| energy.sd),
            ..blank.clone()
        }];
        let Some(kept) = retained(together)? else {
            return Ok(rows);
        };
        let by_chance = match &random {
            Some(random) => random.retained(together.sigma())?,
            None => None,
        };
        for (number, (name, share)) in compared.names().zip(kept.shares).enumerate() {
            rows.push(InterferenceRow {
                chance: by_chance.as_ref().map(|shares| shares[number]),
                draws: random.as_ref().map(|random| random.draws_of_retained()),
                adapter: name.into(),
                sar: Some(share),
                sar_rank: Some(kept.rank),
                ..blank.clone()
            });
        }
        Ok(rows)
    }
}

/// The fold of each update, by the order of their names.
fn folds(updates: &[&Update]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..updates.len()).collect();
    order.sort_by_key(|&one| updates[one].name);
    let mut folds = vec![0; updates.len()];
    for (place, one) in order.into_iter().enumerate() {
        folds[one] = fold_of(place, updates.len());
    }
    folds
}

impl Compared<'_> {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.updates.iter().map(|update| update.name)
    }

    /// Of whole updates; an update without factors is known by its leading directions alone.
    fn cosines(&self, together: &Together) -> Array2<Option<f64>> {
        let is_whole = |one: usize| self.updates[one].delta.factors().is_some();
        let cosines = together.cosines();
        Array2::from_shape_fn(cosines.dim(), |(a, b)| {
            (is_whole(a) && is_whole(b)).then(|| cosines[(a, b)])
        })
    }

    /// The leading k directions of a factor of each update that has them.
    fn frames(&self, basis: Basis) -> Result<(Vec<usize>, Vec<Subspace>)> {
        let (mut members, mut frames) = (Vec::new(), Vec::new());
        for (member, update) in self.updates.iter().enumerate() {
            let directions = Directions::of_delta(&update.delta, basis, self.k)?;
            if directions.subspace().len() == self.k {
                members.push(member);
                frames.push(directions.subspace().clone());
            }
        }
        Ok((members, frames))
    }

    /// φ(k,k) of each two adapters; `None` where one has no directions on this basis.
    fn overlaps(&self, of: &OfBasis) -> OnBasis {
        let found = overlaps(of.gram, self.k);
        let count = self.updates.len();
        let mut all = Array2::from_elem((count, count), None);
        for (i, &a) in of.members.iter().enumerate() {
            for (j, &b) in of.members.iter().enumerate() {
                all[(a, b)] = Some(found[(i, j)]);
            }
        }
        OnBasis {
            basis: of.basis,
            overlaps: all,
        }
    }
}
