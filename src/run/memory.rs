//! How much memory measuring may take, and which modules fit into it together.
//!
//! # Decisions
//!
//! - Modules are measured in groups, one after the other. A group has at most eight modules a
//!   thread, whose estimated memory is within the budget. A semaphore around each module would
//!   bound nothing: a rayon worker that waits inside a module may take up another.

use std::ops::Range;

use crate::adapter::AdaptedModule;
use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::findings::kept_bytes;
use crate::linalg::{BLOCK_BYTES, SMALL_SIDE};
use crate::measure::Basis;
use crate::measure::amplification::columns_at_once;
use crate::measure::trajectory::MOST;
use crate::paper::{DIRECTIONS_AGAINST_BASE, TENTH};
use crate::study::{
    AdapterId, Comparison, Measured, NamedAdapter, Operand, Pairs, Plan, human_size,
};

use super::free::default_budget;
use super::many_chances::size;
use super::placed::{placed, searches};

const F64: u64 = 8;
/// Bytes of a cell: an `Option<f64>`.
const CELL: u64 = 16;
/// A module's factors, what QR makes of them, and directions.
const COPIES_OF_FACTORS: u64 = 3;
/// What a full decomposition takes beside a small W, in its own size.
const COPIES_OF_FULL: u64 = 6;
/// Enough for every thread to find work until a group's end; each holds its rows until then.
const MODULES_PER_THREAD: usize = 8;

/// Bytes that measuring one module takes at its peak, its rows included.
fn estimate(plan: &Plan, measured: &Measured, path: &str) -> u64 {
    let modules = measured
        .adapters
        .iter()
        .filter_map(|named| named.adapter.module(path));
    let (mut shape, mut factors) = ((0, 0), 0);
    for module in modules {
        shape = (module.d_out, module.d_in);
        factors += one_update(module);
    }
    let grids = plan
        .bases
        .iter()
        .flat_map(|&basis| measured.comparisons.iter().map(move |pair| (basis, pair)));
    let cells: u64 = if plan.makes.overlap {
        let pairs: u64 = grids
            .map(|(basis, pair)| cells(measured, path, basis, pair, shape))
            .sum();
        pairs + plan.bases.len() as u64 * cells_of_means(plan, measured, path)
    } else {
        0
    };
    let weight = F64 * shape.0 as u64 * shape.1 as u64;
    let smaller = shape.0.min(shape.1);
    let base = match &measured.base {
        None => 0,
        // A block a thread, in f64 and in f32, and all of a W that is put together of parts.
        Some(base) if !searches(plan, measured) => {
            let in_parts = !measured.needs_base(path)
                && measured
                    .module(path)
                    .is_none_or(|module| base.reads_in_parts(module));
            let whole = match in_parts {
                true => 0,
                false => weight,
            };
            let blocks = 2 * BLOCK_BYTES * rayon::current_num_threads() as u64;
            whole + blocks.min(2 * weight)
        }
        Some(_) if smaller <= SMALL_SIDE => (1 + COPIES_OF_FULL) * weight,
        // MᵀM, which is factorised in place, and the space of the search.
        Some(_) => weight + 2 * F64 * (smaller as u64).pow(2),
    };
    factors
        + CELL * cells
        + base
        + placing(plan, measured, path)
        + drawing(plan, measured, path)
        + coursing(measured, path)
        + comparing(plan, measured, path)
}

/// What many adapters take side by side: the directions of all, Gram matrices of the leading ones with what comes of
/// them, and what each two share.
fn comparing(plan: &Plan, measured: &Measured, path: &str) -> u64 {
    /// Gram matrices, coordinates, eigenvectors and products, of both sides.
    const COPIES: u64 = 8;
    let many = measured.many.as_ref().filter(|_| plan.makes.overlap);
    let Some((many, (shape, k, count))) =
        many.and_then(|many| Some((many, size(measured, many, path)?)))
    else {
        return 0;
    };
    let ranks: u64 = many
        .adapters
        .iter()
        .map(|&id| rank(measured, path, id))
        .sum();
    let (columns, count) = ((k * count) as u64, count as u64);
    let of_bases = many.bases.len() as u64 + 1;
    F64 * (ranks * (shape.0 + shape.1) as u64 + COPIES * columns * columns)
        + CELL * of_bases * count * count
}

/// The random frames of table 7 that are held at a time.
fn drawing(plan: &Plan, measured: &Measured, path: &str) -> u64 {
    if !plan.makes.amplification || measured.base.is_none() {
        return 0;
    }
    let of_one = |named: &NamedAdapter| {
        let module = named.adapter.module(path)?;
        let columns = columns_at_once(measured.directions(named, module));
        Some(F64 * (columns * (module.d_out + module.d_in)) as u64)
    };
    let adapters = measured.adapters.iter();
    adapters.filter_map(of_one).max().unwrap_or(0)
}

/// What placing one ΔW after the other takes beside them: its singular vectors, their cosines with
/// W's, and Grams of them; of a ΔW without factors its products with W's vectors.
fn placing(plan: &Plan, measured: &Measured, path: &str) -> u64 {
    let of_one = |id: AdapterId| {
        let module = measured.adapter(id).adapter.module(path)?;
        let (sides, smaller) = (
            (module.d_out + module.d_in) as u64,
            module.d_out.min(module.d_in),
        );
        let known = match smaller <= SMALL_SIDE {
            true => smaller,
            false => smaller.div_ceil(TENTH),
        } as u64;
        Some(match module.rank.map(|rank| rank as u64) {
            Some(rank) => F64 * rank * (sides + 2 * known + 2 * rank),
            None => F64 * (2 * known * sides + (smaller as u64).pow(2)),
        })
    };
    let adapters = placed(plan, measured).into_iter();
    adapters.filter_map(of_one).max().unwrap_or(0)
}

/// What the checkpoints of one run after the other take: one's factors, decomposed, and the frames of
/// it, the one before, the last and the start.
fn coursing(measured: &Measured, path: &str) -> u64 {
    let of_one = |named: &NamedAdapter| {
        named.steps.as_ref()?;
        let module = named.adapter.module(path)?;
        let (d_out, d_in) = (module.d_out as u64, module.d_in as u64);
        let frames =
            4 * F64 * (measured.directions(named, module) as u64 + MOST as u64) * (d_out + d_in);
        Some(frames + one_update(module))
    };
    measured
        .adapters
        .iter()
        .filter_map(of_one)
        .max()
        .unwrap_or(0)
}

/// One ΔW's factors and what QR makes of them, or all of it, decomposed.
fn one_update(module: &AdaptedModule) -> u64 {
    let (d_out, d_in) = (module.d_out as u64, module.d_in as u64);
    match module.rank {
        Some(rank) => COPIES_OF_FACTORS * F64 * rank as u64 * (d_out + d_in),
        None => COPIES_OF_FACTORS * (1 + COPIES_OF_FULL) * F64 * d_out * d_in,
    }
}

/// How many cells a comparison's grid of one module has.
fn cells(
    measured: &Measured,
    path: &str,
    basis: Basis,
    pair: &Comparison,
    shape: (usize, usize),
) -> u64 {
    let rank = |id: AdapterId| rank(measured, path, id);
    match (pair.first, pair.second) {
        (Operand::Base, _) => {
            let own = basis.side().dimension(shape).div_ceil(TENTH);
            (DIRECTIONS_AGAINST_BASE * own) as u64
        }
        (Operand::Adapter(first), Operand::Adapter(second)) => rank(first) * rank(second),
        (_, Operand::Adapter(second)) => rank(second) * rank(second),
        _ => 0,
    }
}

/// How many cells the mean grids of one module and basis have: of each group, those of a pair.
fn cells_of_means(plan: &Plan, measured: &Measured, path: &str) -> u64 {
    let most = |pairs: &Pairs, side: usize| {
        let runs = pairs.pairs.iter().map(|pair| pair[side]);
        runs.map(|run| rank(measured, path, run)).max().unwrap_or(0)
    };
    let groups = plan.figures.groups();
    let cells = groups.iter().map(|group| most(group, 0) * most(group, 1));
    cells.sum()
}

/// How many directions an adapter has of a module.
fn rank(measured: &Measured, path: &str, id: AdapterId) -> u64 {
    let named = measured.adapter(id);
    let module = named.adapter.module(path);
    module.map_or(0, |module| measured.directions(named, module)) as u64
}

/// Modules of a plan, in order, cut into groups that are measured side by side.
pub(super) fn groups(plan: &Plan, measured: &Measured, modules: &[String]) -> Vec<Range<usize>> {
    let sizes: Vec<u64> = modules
        .iter()
        .map(|path| estimate(plan, measured, path))
        .collect();
    let budget = measured.memory.unwrap_or_else(default_budget);
    let budget = budget.saturating_sub(kept_bytes(plan, measured));
    cut(
        &sizes,
        budget,
        MODULES_PER_THREAD * rayon::current_num_threads(),
    )
}

/// Consecutive groups of at most `most`, each within the budget or alone.
fn cut(sizes: &[u64], budget: u64, most: usize) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut sum = 0u64;
    for (place, &size) in sizes.iter().enumerate() {
        sum = sum.saturating_add(size);
        match groups.last_mut() {
            Some(group) if group.len() < most && sum <= budget => group.end = place + 1,
            _ => {
                groups.push(place..place + 1);
                sum = size;
            }
        }
    }
    groups
}

/// The module that takes most.
fn largest<'a>(plan: &'a Plan, measured: &Measured) -> Option<(&'a str, u64)> {
    let sizes = plan
        .modules
        .iter()
        .map(|path| (path.as_str(), estimate(plan, measured, path)));
    // The first of the largest.
    sizes.rev().max_by_key(|(_, size)| *size)
}

impl Plan {
    /// Holds the memory that a request allows against the largest module.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) when that module alone takes more.
    pub fn check_memory(&self) -> Result<()> {
        let Some(measured) = self.measured() else {
            return Ok(());
        };
        let kept = kept_bytes(self, measured);
        match (measured.memory, largest(self, measured)) {
            (Some(memory), Some((module, size))) if size + kept > memory => Err(Error::request(
                format!("{} of {}", Asked::Memory, human_size(memory)),
                format!(
                    "measuring module `{module}` takes about {}, with what is kept for findings",
                    human_size(size + kept)
                ),
                format!(
                    "give at least that, or choose other modules with {}",
                    Asked::Modules
                ),
            )),
            _ => Ok(()),
        }
    }

    /// A sentence when, without a limit of memory, a module alone takes more than half of what is free
    /// now. It depends on the machine and the hour, so it is none of [`Measured::warnings`].
    pub fn memory_warning(&self) -> Option<String> {
        let measured = self.measured()?;
        let (module, size) = largest(self, measured)?;
        let size = size + kept_bytes(self, measured);
        let budget = default_budget();
        (measured.memory.is_none() && size > budget).then(|| {
            format!(
                "measuring module `{module}` takes about {}, with what is kept for findings; that is more \
                 than half of the memory that is free now, {}: such modules are measured one at a time, and memory may run out",
                human_size(size),
                human_size(budget)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_to_the_budget_and_the_order() {
        assert_eq!(cut(&[3, 3, 3, 9, 1, 1], 6, 8), [0..2, 2..3, 3..4, 4..6]);
        assert_eq!(cut(&[1; 5], 100, 2), [0..2, 2..4, 4..5]);
        assert!(cut(&[], 1, 1).is_empty());
    }
}
