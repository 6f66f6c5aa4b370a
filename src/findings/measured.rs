//! Evidence that needs W.

use ndarray::ArrayView2;

use crate::adapter::Delta;
use crate::error::Result;
use crate::measure::chance::projected_norm_chance;
use crate::measure::correlation::correlation;
use crate::measure::{Basis, Directions};
use crate::results::ModuleName;
use crate::study::{AdapterId, Measured, Plan};
use crate::table::EvidenceRow;

use super::claims::{CORRELATES, DRAWS_A_MODULE, FACTOR, LEADING};
use super::evidence::{factor_at, of_adapter};

/// Fewest frames on each side: p then has an error of some hundredths of itself where Holm's
/// correction decides.
const FRAMES: usize = 300;

/// The adapter whose ΔW is held against W: the one of the smallest rank in table 7.
pub(crate) fn correlating(plan: &Plan, measured: &Measured) -> Option<AdapterId> {
    let rank = |id: &AdapterId| measured.adapter(*id).adapter.rank();
    let wanted = plan.makes.findings && measured.base.is_some();
    measured
        .amplified
        .iter()
        .copied()
        .filter(|_| wanted)
        .min_by_key(rank)
}

/// How many frames a side, for Holm's correction over so many modules: their square is the number
/// of norms compared.
pub(crate) fn frames(modules: usize) -> usize {
    let least = (DRAWS_A_MODULE * modules) as f64;
    (least.sqrt().ceil() as usize).max(FRAMES)
}

/// What a module says of ΔW and W; p is not adjusted yet.
pub(crate) fn correlates(
    (plan, measured): (&Plan, &Measured),
    (module, adapter): (&ModuleName, &str),
    delta: &Delta,
    w: ArrayView2<f64>,
) -> Result<EvidenceRow> {
    let (d_out, d_in) = w.dim();
    let most = LEADING.min(delta.rank()).min(d_out).min(d_in);
    let most = measured.rank.map_or(most, |rank| rank.min(most));
    let (left, right) = (
        Directions::of_delta(delta, Basis::DeltaLeft, most)?,
        Directions::of_delta(delta, Basis::DeltaRight, most)?,
    );
    let (u, v) = (left.subspace(), right.subspace());
    let k = u.len().min(v.len());
    let key = format!("{}/{}", measured.seed, module.path);
    let found = if delta.is_zero() || k == 0 {
        None
    } else {
        Some(correlation(w, u, v, frames(plan.modules.len()), &key)?)
    };
    let used = if found.is_some() { k } else { most };
    let base_norm = w.iter().map(|x| x * x).sum::<f64>().sqrt();
    Ok(EvidenceRow {
        value: found.map(|found| found.projected_norm),
        chance: Some(projected_norm_chance(base_norm, used, (d_out, d_in))),
        p: found.map(|found| found.p),
        ..of_adapter(
            &CORRELATES,
            module,
            adapter,
            format!("‖UᵀWV‖_F, k = {used}"),
        )
    })
}

/// The factor of random updates of an adapter's norm and rank in a module: their geometric mean,
/// which is the one that the logarithms of factors are centred on.
pub(crate) fn factor_of_random(
    module: &ModuleName,
    adapter: &str,
    rank: usize,
    random: Option<f64>,
) -> EvidenceRow {
    EvidenceRow {
        chance: random.filter(|chance| chance.is_finite()),
        ..of_adapter(&FACTOR, module, adapter, factor_at(rank))
    }
}
