//! Draws that many adapters are held against, made once for all modules of one size.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::measure::many_draws::{DRAWN, RandomSets, RandomSpectra, SETS_DRAWN};
use crate::study::{Many, Measured, Plan};

/// d, k and how many adapters.
type Size = (usize, usize, usize);
/// (d_out, d_in), k and how many adapters.
type SetSize = ((usize, usize), usize, usize);

/// Draws by size.
#[derive(Default)]
pub(super) struct ManyChances {
    seed: u64,
    draws: usize,
    spectra: BTreeMap<Size, RandomSpectra>,
    sets: BTreeMap<SetSize, RandomSets>,
}

/// What is held for a size, or was drawn for one module.
pub(super) enum Held<'a, T> {
    Held(&'a T),
    Drawn(Box<T>),
}

impl<T> std::ops::Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Held::Held(held) => held,
            Held::Drawn(drawn) => drawn,
        }
    }
}

impl ManyChances {
    /// Draws for the sizes that some modules have, as their adapters' ranks tell.
    pub(super) fn of(plan: &Plan, measured: &Measured, modules: &[String]) -> Result<Self> {
        let many = measured.many.as_ref().filter(|_| plan.makes.overlap);
        let Some(many) = many else {
            return Ok(ManyChances::default());
        };
        let (mut spectra, mut sets) = (BTreeSet::new(), BTreeSet::new());
        for path in modules {
            let Some((shape, k, count)) = size(measured, many, path) else {
                continue;
            };
            let sides = many.bases.iter().map(|basis| basis.side().dimension(shape));
            spectra.extend(sides.map(|d| (d, k, count)));
            sets.insert((shape, k, count));
        }
        let mut chances = ManyChances {
            seed: measured.seed,
            draws: many.draws,
            ..ManyChances::default()
        };
        for size in spectra.into_iter().filter(is_drawn) {
            plan.stop.check()?;
            let drawn = RandomSpectra::drawn(size, many.draws, measured.seed)?;
            chances.spectra.insert(size, drawn);
        }
        for size in sets.into_iter().filter(is_set_drawn) {
            plan.stop.check()?;
            chances
                .sets
                .insert(size, RandomSets::drawn(size, measured.seed)?);
        }
        Ok(chances)
    }

    /// Draws of eigenvalues; `None` of a size that is not drawn. Where a numerical rank is below its adapter's rank the
    /// module draws its own.
    pub(super) fn spectra(&self, size: Size) -> Result<Option<Held<'_, RandomSpectra>>> {
        Ok(match self.spectra.get(&size) {
            _ if !is_drawn(&size) => None,
            Some(held) => Some(Held::Held(held)),
            None => Some(Held::Drawn(Box::new(RandomSpectra::drawn(
                size, self.draws, self.seed,
            )?))),
        })
    }

    /// Draws of sets of updates, in the same way.
    pub(super) fn sets(&self, size: SetSize) -> Result<Option<Held<'_, RandomSets>>> {
        Ok(match self.sets.get(&size) {
            _ if !is_set_drawn(&size) => None,
            Some(held) => Some(Held::Held(held)),
            None => Some(Held::Drawn(Box::new(RandomSets::drawn(size, self.seed)?))),
        })
    }
}

/// The shape of a module, and the k and the number of adapters that are compared there where all are trained.
pub(super) fn size(measured: &Measured, many: &Many, path: &str) -> Option<SetSize> {
    let mut shape = None;
    let (mut count, mut k) = (0, many.k);
    for &id in &many.adapters {
        let named = measured.adapter(id);
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        let rank = module.rank.unwrap_or(measured.directions(named, module));
        shape = Some((module.d_out, module.d_in));
        k = k.min(rank).min(module.d_out).min(module.d_in);
        count += 1;
    }
    shape
        .filter(|_| count > 1 && k > 0)
        .map(|shape| (shape, k, count))
}

fn is_drawn(&(_, k, count): &Size) -> bool {
    k * count <= DRAWN
}

fn is_set_drawn(&(_, k, count): &SetSize) -> bool {
    k * count <= SETS_DRAWN
}
