//! Singular values of ΔW and of W, how sure they are, and ranks.

use crate::adapter::Decomposed;
use crate::error::Result;
use crate::linalg::Leading;
use crate::measure::spectrum::{
    Certified, Ranks, certify_delta, certify_leading, ranks_of_delta, ranks_of_leading, ratio,
};
use crate::results::{Certificate, Results};
use crate::table::{RanksRow, SpectrumRow};

use super::chances::{RankChance, of_matrix};
use super::module::ModuleRun;

impl ModuleRun<'_> {
    /// Singular values of each ΔW, with certificates, and its ranks. A ΔW without factors is searched
    /// for the directions that are used; spare ones are no part of it.
    pub(super) fn spectra(&self, results: &mut Results) -> Result<()> {
        for update in &self.updates {
            let mut spectrum = certify_delta(&update.delta)?;
            if let Decomposed::Whole(found) = update.delta.decomposed()? {
                spectrum.truncate(update.rank);
                self.push_certificate(results, update.name, &spectrum, found);
            }
            self.push_spectrum(results, update.name, spectrum);
            let delta = &update.delta;
            let (ranks, chance) = (ranks_of_delta(delta)?, self.chances.of_delta(delta));
            let rank = delta.factors().map(|_| delta.rank());
            let row = self.ranks_row(update.name, &ranks, rank, &chance);
            results.ranks.push(row);
        }
        Ok(())
    }

    /// W's singular values: all where their vectors are known, else as many as any row of the other
    /// tables uses, which are certified. Its ranks, and how large each ΔW is beside it.
    pub(super) fn base_spectrum(&self, own: &Leading, results: &mut Results) -> Result<()> {
        let mut spectrum = certify_leading(own);
        let used = spectrum.len().min(self.directions_of_base());
        self.push_certificate(results, "base", &spectrum[..used], own);
        if !own.is_complete() {
            spectrum.truncate(used);
        }
        self.push_spectrum(results, "base", spectrum);
        let base = ranks_of_leading(own);
        // The rows so far are those of the updates, in their order.
        for (update, row) in self.updates.iter().zip(&mut results.ranks) {
            let ranks = ranks_of_delta(&update.delta)?;
            [row.relative_norm, row.relative_spectral_norm] = ranks.beside(&base);
        }
        let row = self.ranks_row("base", &base, None, &of_matrix(self.shape));
        results.ranks.push(row);
        Ok(())
    }

    /// How large each ΔW is beside a W of which no singular values are known.
    pub(super) fn relative_norms(&self, base_norm: f64, results: &mut Results) {
        for (update, row) in self.updates.iter().zip(&mut results.ranks) {
            row.relative_norm = ratio(update.norm, base_norm);
        }
    }

    fn push_certificate(
        &self,
        results: &mut Results,
        matrix: &str,
        spectrum: &[Certified],
        found: &Leading,
    ) {
        results.certificates.push(Certificate {
            module: self.module.path.clone(),
            matrix: matrix.into(),
            directions: spectrum.len(),
            sin_theta_bound: worst(spectrum),
            proof: found.proof.name().into(),
            method: found.method.to_string(),
        });
    }

    fn push_spectrum(&self, results: &mut Results, matrix: &str, spectrum: Vec<Certified>) {
        let rows = (1..).zip(spectrum).map(|(index, certified)| SpectrumRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            matrix: matrix.into(),
            index,
            sigma: certified.sigma,
            residual: certified.residual,
            gap: certified.gap,
            sin_theta_bound: certified.sin_theta_bound,
        });
        results.spectrum.extend(rows);
    }

    fn ranks_row(
        &self,
        matrix: &str,
        ranks: &Ranks,
        rank: Option<usize>,
        chance: &RankChance,
    ) -> RanksRow {
        RanksRow {
            module: self.module.path.clone(),
            component: self.module.component.clone(),
            layer: self.module.layer,
            projection: self.module.projection.clone(),
            matrix: matrix.into(),
            numerical_rank: ranks.numerical,
            stable_rank: ranks.stable,
            effective_rank: ranks.effective,
            energy_rank_90: ranks.energy_90,
            frobenius_norm: ranks.frobenius_norm,
            spectral_norm: ranks.spectral_norm,
            rank,
            rank_share: ranks
                .numerical
                .zip(rank)
                .map(|(numerical, rank)| numerical as f64 / rank as f64),
            relative_norm: None,
            relative_spectral_norm: None,
            top1_share: ranks.top1,
            participation: ranks.participation,
            chance_stable_rank: chance.stable,
            chance_stable_rank_sd: chance.stable_sd,
            chance_effective_rank: chance.effective.map(|spread| spread.mean),
            chance_effective_rank_sd: chance.effective.map(|spread| spread.sd),
            chance_energy_rank_90: chance.energy_90.map(|spread| spread.mean),
            chance_energy_rank_90_sd: chance.energy_90.map(|spread| spread.sd),
        }
    }
}

/// The largest bound of the leading subspaces up to here; `None` where one is not determined.
fn worst(spectrum: &[Certified]) -> Option<f64> {
    let open = |certified: &&Certified| certified.gap.is_some();
    spectrum
        .iter()
        .filter(open)
        .try_fold(0.0f64, |worst, certified| {
            Some(worst.max(certified.sin_theta_bound?))
        })
}
