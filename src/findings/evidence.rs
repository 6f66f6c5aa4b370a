//! What each module says of each claim, beside what chance says.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::error::Result;
use crate::linalg::random_shares;
use crate::measure::Basis;
use crate::measure::significance::{drawn_tail, holm, share_tail, typical_projection};
use crate::paper::Projection;
use crate::results::{Grid, ModuleName};
use crate::study::{Pairs, Plan};
use crate::table::{AmplificationRow, EvidenceRow};

use super::claims::{
    B_AS_A, CORRELATES, Claim, DRAWS_A_MODULE, FACTOR, NEW_DIRECTIONS, QUERY_VALUE, RANKS, SEEDS,
};
use super::shared::{Cell, Share, Shared};

/// Fewest random overlaps that a measured one is held against.
const DRAWS: usize = 9_999;

/// Evidence on its way: a few cells of each grid, kept while modules are measured.
pub struct Evidence {
    ranks: Pair,
    seeds: Pair,
    seed: u64,
    measured: Vec<EvidenceRow>,
}

/// Two adapters that a claim speaks of, and what they share.
#[derive(Default)]
struct Pair {
    names: Option<[String; 2]>,
    shared: Vec<Shared>,
}

impl Pair {
    fn take(&mut self, grid: &Grid) {
        let is_this =
            |[first, second]: &[String; 2]| (&grid.first, &grid.second) == (first, second);
        if self.names.as_ref().is_some_and(is_this) {
            self.shared.push(Shared::of(grid));
        }
    }

    /// The shares on the first basis, in the tables' order, on which there are any.
    fn on_first_basis(&self, cell: Cell) -> Vec<&Shared> {
        let on = |basis: Basis| {
            self.shared
                .iter()
                .filter(move |shared| shared.basis == basis)
        };
        let is_there = |basis: &Basis| on(*basis).any(|shared| shared.share(cell).value.is_some());
        let basis = Basis::ALL.into_iter().find(is_there);
        let mut shared: Vec<&Shared> = Vec::new();
        for one in basis.into_iter().flat_map(on) {
            // Slices of a fused projection have one A: it counts once.
            if !shared.iter().any(|other| other.is_the_same_as(one)) {
                shared.push(one);
            }
        }
        shared
    }

    /// The names with the smaller rank first, and the cell of its first direction; `None` for equal
    /// ranks.
    fn by_rank(&self) -> Option<([&str; 2], Cell)> {
        let [first, second] = self.names.as_ref()?;
        let rank = |side: usize| self.shared.iter().map(|shared| shared.asked[side]).max();
        match rank(0).cmp(&rank(1)) {
            std::cmp::Ordering::Less => Some(([first, second], Cell::FirstOfFirst)),
            std::cmp::Ordering::Greater => Some(([second, first], Cell::FirstOfSecond)),
            std::cmp::Ordering::Equal => None,
        }
    }

    fn names(&self) -> Option<[&str; 2]> {
        let [first, second] = self.names.as_ref()?;
        Some([first, second])
    }
}

impl Evidence {
    /// No evidence yet, for two adapters of different rank and two seeds of one. `seed` is that of
    /// random draws.
    pub fn new(ranks: Option<[String; 2]>, seeds: Option<[String; 2]>, seed: u64) -> Self {
        let pair = |names| Pair {
            names,
            shared: Vec::new(),
        };
        Evidence {
            ranks: pair(ranks),
            seeds: pair(seeds),
            seed,
            measured: Vec::new(),
        }
    }

    /// For the pairs of a plan.
    pub fn of_plan(plan: &Plan) -> Self {
        let names = |pairs: &Option<Pairs>| {
            let pair = pairs.as_ref()?.first();
            Some(pair.map(|id| plan.adapter_name(id).to_string()))
        };
        let figures = &plan.figures;
        // Rows draw as seed 0 does.
        let seed = plan.measured().map_or(0, |measured| measured.seed);
        Evidence::new(names(&figures.ranks), names(&figures.seeds), seed)
    }

    /// Notes what is needed of grids, and rows that only W could give.
    pub fn take(&mut self, grids: &[Grid], measured: &[EvidenceRow]) {
        for grid in grids {
            self.ranks.take(grid);
            self.seeds.take(grid);
        }
        self.measured.extend_from_slice(measured);
    }

    /// All rows of `evidence.csv`, claim by claim, with those of `amplification.csv`.
    ///
    /// # Errors
    ///
    /// None that evidence of this crate's grids can cause.
    pub fn rows(self, amplification: &[AmplificationRow]) -> Result<Vec<EvidenceRow>> {
        let mut rows = self.of_ranks();
        let seeds = self.of_seeds()?;
        let query_value = of_query_and_value(&seeds);
        rows.extend(seeds);
        rows.extend(query_value);
        let measured = self.measured.iter().cloned();
        let (correlates, factors) = measured.partition(|row| row.claim == CORRELATES.name);
        rows.extend(adjusted(correlates));
        let sizes = Sizes(amplification);
        rows.extend(sizes.against_own());
        rows.extend(sizes.factors(&factors));
        rows.extend(self.of_both_factors());
        Ok(rows)
    }

    fn of_ranks(&self) -> Vec<EvidenceRow> {
        let Some((names, cell)) = self.ranks.by_rank() else {
            return Vec::new();
        };
        let row = |shared: &Shared| {
            let share = shared.share(cell);
            // It underflows far out, and is never 0.
            let tail =
                |value| share_tail(value, share.many, share.dimension).max(f64::MIN_POSITIVE);
            let p = share.value.map(tail);
            EvidenceRow {
                p,
                ..of_share(&RANKS, shared, names, &share)
            }
        };
        let shared = self.ranks.on_first_basis(cell);
        adjusted(shared.into_iter().map(row).collect())
    }

    fn of_seeds(&self) -> Result<Vec<EvidenceRow>> {
        let Some(names) = self.seeds.names() else {
            return Ok(Vec::new());
        };
        let shared = self.seeds.on_first_basis(Cell::Leading);
        let draws = (DRAWS_A_MODULE * shared.len()).max(DRAWS + 1) - 1;
        // Modules of one shape are held against the same draws.
        let mut random: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
        let mut rows = Vec::new();
        for shared in shared {
            let share = shared.share(Cell::Leading);
            let (d, k) = (share.dimension, share.many);
            let p = match share.value {
                Some(value) if k == 1 => Some(share_tail(value, 1, d)),
                Some(value) => {
                    let key = format!("{}/overlap/d{d}/k{k}", self.seed);
                    let drawn = match random.entry((d, k)) {
                        Entry::Occupied(drawn) => drawn.into_mut(),
                        Entry::Vacant(place) => place.insert(random_shares(d, k, draws, &key)?),
                    };
                    Some(drawn_tail(value, drawn))
                }
                None => None,
            };
            rows.push(EvidenceRow {
                p,
                ..of_share(&SEEDS, shared, names, &share)
            });
        }
        Ok(adjusted(rows))
    }

    /// The same under A and under B: of two seeds, else of two ranks.
    fn of_both_factors(&self) -> Vec<EvidenceRow> {
        let of_seeds = self
            .seeds
            .names()
            .map(|names| (&self.seeds, names, Cell::Leading));
        let of_ranks = self
            .ranks
            .by_rank()
            .map(|(names, cell)| (&self.ranks, names, cell));
        for (pair, names, cell) in of_seeds.into_iter().chain(of_ranks) {
            let on = |basis: Basis| {
                let of_basis = pair
                    .shared
                    .iter()
                    .filter(move |shared| shared.basis == basis);
                let row = |shared: &Shared| of_share(&B_AS_A, shared, names, &shared.share(cell));
                let rows: Vec<EvidenceRow> = of_basis.map(row).collect();
                rows.iter().any(|row| row.value.is_some()).then_some(rows)
            };
            if let Some((a, b)) = on(Basis::A).zip(on(Basis::B)) {
                return a.into_iter().chain(b).collect();
            }
        }
        Vec::new()
    }
}

fn of_share(claim: &Claim, shared: &Shared, names: [&str; 2], share: &Share) -> EvidenceRow {
    let [first, second] = names;
    EvidenceRow {
        basis: shared.basis.name().into(),
        first: first.into(),
        second: second.into(),
        value: share.value,
        chance: Some(share.chance()),
        ..blank(claim, &shared.module, share.name())
    }
}

fn blank(claim: &Claim, module: &ModuleName, statistic: String) -> EvidenceRow {
    EvidenceRow {
        claim: claim.name.into(),
        module: module.path.clone(),
        layer: module.layer,
        projection: module.projection.clone(),
        basis: String::new(),
        first: String::new(),
        second: String::new(),
        statistic,
        value: None,
        chance: None,
        p: None,
        p_adjusted: None,
    }
}

/// With Holm's correction over the rows that have a p.
fn adjusted(mut rows: Vec<EvidenceRow>) -> Vec<EvidenceRow> {
    let p: Vec<f64> = rows.iter().filter_map(|row| row.p).collect();
    let tested = rows.iter_mut().filter(|row| row.p.is_some());
    for (row, adjusted) in tested.zip(holm(&p)) {
        row.p_adjusted = Some(adjusted);
    }
    rows
}

/// What seeds share in query and in value, where both are there.
fn of_query_and_value(seeds: &[EvidenceRow]) -> Vec<EvidenceRow> {
    let is = |row: &&EvidenceRow, wanted| Projection::of(&row.projection) == Some(wanted);
    let of = |wanted| {
        seeds
            .iter()
            .filter(move |row| is(row, wanted) && row.value.is_some())
    };
    if of(Projection::Query).next().is_none() || of(Projection::Value).next().is_none() {
        return Vec::new();
    }
    let row = |row: &EvidenceRow| EvidenceRow {
        claim: QUERY_VALUE.name.into(),
        p: None,
        p_adjusted: None,
        ..row.clone()
    };
    of(Projection::Query)
        .chain(of(Projection::Value))
        .map(row)
        .collect()
}

/// Rows of `amplification.csv`.
struct Sizes<'a>(&'a [AmplificationRow]);

impl Sizes<'_> {
    /// Adapters with their largest rank, in the table's order.
    fn adapters(&self) -> Vec<(&str, usize)> {
        let mut adapters: Vec<(&str, usize)> = Vec::new();
        for row in self.0 {
            match adapters.iter_mut().find(|(name, _)| *name == row.adapter) {
                Some((_, rank)) => *rank = row.rank.max(*rank),
                None => adapters.push((&row.adapter, row.rank)),
            }
        }
        adapters
    }

    fn smallest(&self) -> Option<(&str, usize)> {
        self.adapters().into_iter().min_by_key(|(_, rank)| *rank)
    }

    fn rows(&self, adapter: &str, directions: &str) -> impl Iterator<Item = &AmplificationRow> {
        let is_asked =
            move |row: &&AmplificationRow| row.adapter == adapter && row.directions == directions;
        self.0.iter().filter(is_asked)
    }

    /// ‖UᵀWV‖ of the smallest rank's directions over that of W's own.
    fn against_own(&self) -> Vec<EvidenceRow> {
        let Some((adapter, _)) = self.smallest() else {
            return Vec::new();
        };
        let own = |module: &str| {
            let row = self.rows(adapter, "base").find(|row| row.module == module);
            row.and_then(|row| row.projected_norm)
                .filter(|norm| *norm > 0.0)
        };
        let row = |delta: &AmplificationRow| {
            let own = own(&delta.module)?;
            let statistic = format!("‖UᵀWV‖_F over W's own, r = {}", delta.rank);
            Some(EvidenceRow {
                value: delta.projected_norm.map(|norm| norm / own),
                chance: Some(delta.chance_projected_norm / own),
                ..of_amplification(&NEW_DIRECTIONS, delta, statistic)
            })
        };
        self.rows(adapter, "delta").filter_map(row).collect()
    }

    /// The factors of the smallest and of the largest rank, beside those of random updates: as they
    /// were measured with W, else by the law of a W of independent numbers.
    fn factors(&self, measured: &[EvidenceRow]) -> Vec<EvidenceRow> {
        let adapters = self.adapters().into_iter();
        // Of one direction the logarithm is too skewed for signs to be as likely as not.
        let usable: Vec<(&str, usize)> = adapters.filter(|(_, rank)| *rank > 1).collect();
        let smallest = usable.iter().min_by_key(|(_, rank)| *rank);
        // The first of the largest rank.
        let largest = usable.iter().rev().max_by_key(|(_, rank)| *rank);
        let (Some(&(smaller, low)), Some(&(larger, high))) = (smallest, largest) else {
            return Vec::new();
        };
        if low == high {
            return Vec::new();
        }
        let row = |delta: &AmplificationRow| {
            let is_it =
                |row: &&EvidenceRow| row.module == delta.module && row.first == delta.adapter;
            let drawn = measured.iter().find(is_it).and_then(|row| row.chance);
            let expected = || {
                let typical = typical_projection(delta.rank) * delta.chance_projected_norm;
                (typical > 0.0).then(|| delta.delta_norm / typical)
            };
            EvidenceRow {
                value: delta.amplification,
                chance: drawn.or_else(expected),
                ..of_amplification(&FACTOR, delta, factor_at(delta.rank))
            }
        };
        let both = [smaller, larger].into_iter();
        both.flat_map(|adapter| self.rows(adapter, "delta").map(row))
            .collect()
    }
}

fn of_amplification(claim: &Claim, row: &AmplificationRow, statistic: String) -> EvidenceRow {
    let module = ModuleName {
        path: row.module.clone(),
        layer: row.layer,
        projection: row.projection.clone(),
    };
    of_adapter(claim, &module, &row.adapter, statistic)
}

/// An adapter's ΔW beside W.
pub(super) fn of_adapter(
    claim: &Claim,
    module: &ModuleName,
    adapter: &str,
    statistic: String,
) -> EvidenceRow {
    EvidenceRow {
        first: adapter.into(),
        second: "base".into(),
        ..blank(claim, module, statistic)
    }
}

/// The statistic of `factor` at one rank.
pub(super) fn factor_at(rank: usize) -> String {
    format!("factor, r = {rank}")
}
