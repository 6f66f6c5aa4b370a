//! What runs share: of two ranks, and of several seeds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::adapter::block_of;
use crate::error::Result;
use crate::linalg::random_mean_shares;
use crate::measure::Basis;
use crate::measure::significance::{drawn_tail, share_tail};
use crate::paper::Projection;
use crate::results::{Grid, ModuleName};
use crate::table::{EvidenceRow, together};

use super::claims::{B_AS_A, Claim, LEADING, QUERY_VALUE, RANKS, RANKS_OTHERS, SEEDS, draws_for};
use super::compared::Compared;
use super::row::{adjusted, of_share};
use super::shared::{Cell, Share, Shared};

/// How many directions `query-value` counts the shared ones among; the words begin its statistics.
pub(super) const AMONG: [&str; 3] = ["among r", "among 1", "among min(4, r)"];

/// Grids of runs that a claim compares.
pub(super) struct SharedByRuns {
    compared: Compared,
    shared: Vec<Shared>,
    /// The numbers of the pairs, by first and second.
    pairs: HashMap<String, HashMap<String, usize>>,
    /// Where the grids of a module on a basis are.
    places: HashMap<(ModuleName, Basis), usize>,
}

impl SharedByRuns {
    pub(super) fn new(compared: Compared) -> Self {
        let mut pairs: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for (number, [first, second]) in compared.pairs.iter().cloned().enumerate() {
            let of_first = pairs.entry(first).or_default();
            of_first.entry(second).or_insert(number);
        }
        SharedByRuns {
            compared,
            shared: Vec::new(),
            pairs,
            places: HashMap::new(),
        }
    }

    pub(super) fn compared(&self) -> &Compared {
        &self.compared
    }

    pub(super) fn take(&mut self, grid: &Grid) {
        let of_first = self.pairs.get(&grid.first);
        let Some(pair) = of_first.and_then(|others| others.get(&grid.second)) else {
            return;
        };
        let shared = Shared::of(grid, *pair);
        let next = self.shared.len();
        let place = self.places.entry((grid.module.clone(), grid.basis));
        match self.shared.get_mut(*place.or_insert(next)) {
            Some(known) => known.add(shared),
            None => self.shared.push(shared),
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
        let mut siblings: HashMap<Option<&str>, Vec<&Shared>> = HashMap::new();
        for one in basis.into_iter().flat_map(on) {
            // Slices of a fused projection have one A: it counts once.
            let siblings = siblings.entry(one.parent()).or_default();
            if !siblings.iter().any(|other| other.is_the_same_as(one)) {
                siblings.push(one);
                shared.push(one);
            }
        }
        shared
    }

    /// The labels with the smaller rank first, and the cell of its first direction; `None` for equal
    /// ranks.
    fn by_rank(&self) -> Option<([&str; 2], Cell)> {
        let [first, second] = &self.compared.labels;
        let rank = |side: usize| self.shared.iter().map(|shared| shared.asked[side]).max();
        let [one, other] = match self.compared.ranks {
            Some(ranks) => ranks.map(Some),
            None => [rank(0), rank(1)],
        };
        match one.cmp(&other) {
            std::cmp::Ordering::Less => Some(([first, second], Cell::FirstOfFirst)),
            std::cmp::Ordering::Greater => Some(([second, first], Cell::FirstOfSecond)),
            std::cmp::Ordering::Equal => None,
        }
    }

    fn labels(&self) -> [&str; 2] {
        self.compared.labels.each_ref().map(String::as_str)
    }

    /// The first direction of the smaller rank.
    pub(super) fn of_ranks(&self, seed: u64) -> Result<Vec<EvidenceRow>> {
        let Some((labels, cell)) = self.by_rank() else {
            return Ok(Vec::new());
        };
        let shared = self.on_first_basis(cell);
        let shares = shared
            .into_iter()
            .map(|shared| (shared, shared.share(cell)));
        self.tested(&RANKS, labels, shares.collect(), seed)
    }

    /// The directions of the smaller rank after its first.
    pub(super) fn of_others(&self, seed: u64) -> Result<Vec<EvidenceRow>> {
        let Some((labels, cell)) = self.by_rank() else {
            return Ok(Vec::new());
        };
        let shared = self.on_first_basis(cell).into_iter();
        let shares = shared.filter_map(|shared| Some((shared, shared.others(cell)?)));
        let mut rows = self.tested(&RANKS_OTHERS, labels, shares.collect(), seed)?;
        for row in &mut rows {
            let r = row.statistic.trim_end_matches(')').rsplit(',').next();
            row.statistic = format!("φ(2…{0},{0})", r.unwrap_or("r"));
        }
        Ok(rows)
    }

    /// The leading directions of each seed.
    pub(super) fn of_seeds(&self, seed: u64) -> Result<Vec<EvidenceRow>> {
        let shared = self.on_first_basis(Cell::Leading).into_iter();
        let shares = shared.map(|shared| (shared, shared.share(Cell::Leading)));
        self.tested(&SEEDS, self.labels(), shares.collect(), seed)
    }

    /// Shares with their p: by the exact law of one direction of one pair, else by draws of as many
    /// frames as there are runs.
    fn tested(
        &self,
        claim: &Claim,
        labels: [&str; 2],
        shares: Vec<(&Shared, Share)>,
        seed: u64,
    ) -> Result<Vec<EvidenceRow>> {
        let draws = draws_for(shares.len());
        // Modules of one shape and the same runs are held against the same draws.
        let mut random: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut rows = Vec::new();
        for (shared, share) in shares {
            let sizes = if labels == self.labels() {
                [share.few, share.many]
            } else {
                [share.many, share.few]
            };
            let frames = Frames::of(&self.compared, shared, sizes);
            let p = match share.value {
                // It underflows far out, and is never 0.
                Some(value) if share.few == 1 && frames.pairs.len() == 1 => {
                    Some(share_tail(value, share.many, share.dimension).max(f64::MIN_POSITIVE))
                }
                Some(value) => {
                    let key = frames.key(seed);
                    let drawn = match random.entry(key.clone()) {
                        Entry::Occupied(drawn) => drawn.into_mut(),
                        Entry::Vacant(place) => place.insert(frames.draw(draws, &key)?),
                    };
                    Some(drawn_tail(value, drawn))
                }
                None => None,
            };
            rows.push(EvidenceRow {
                p,
                ..of_share(claim, (shared, &self.compared), labels, &share)
            });
        }
        Ok(adjusted(rows))
    }

    /// How many directions are shared in query and in value, among r, 1 and min(4, r); nothing where
    /// one of the two is not there.
    pub(super) fn of_query_and_value(&self) -> Vec<EvidenceRow> {
        let shared = self.on_first_basis(Cell::Leading);
        let of = |wanted| {
            let is = move |shared: &&&Shared| {
                Projection::of(&shared.module.projection) == Some(wanted) && shared.defined() > 0
            };
            shared.iter().filter(is).copied().collect::<Vec<_>>()
        };
        let (query, value) = (of(Projection::Query), of(Projection::Value));
        if query.is_empty() || value.is_empty() {
            return Vec::new();
        }
        let block = |shared: &&Shared| block_of(&shared.module.path).to_string();
        let both = || query.iter().chain(&value).copied();
        let blocks: HashMap<String, Vec<&Shared>> = together(both(), block).into_iter().collect();
        let mut rows = Vec::new();
        for one in both() {
            let here = &blocks[&block(&one)];
            let r = here.iter().map(|shared| shared.defined()).min();
            let d = here.iter().map(|shared| shared.dimension).min();
            rows.extend(self.among(one, r.unwrap_or(1), d.unwrap_or(1)));
        }
        rows
    }

    /// A module's shared directions beside chance; `r` and `d` are the smaller of its layer.
    fn among(&self, shared: &Shared, r: usize, d: usize) -> Vec<EvidenceRow> {
        let sizes = [r, 1, r.min(LEADING)];
        let row = |(words, k): (&&str, usize)| {
            let share = shared.leading(k);
            let count = k as f64;
            let pairs = shared.pairs().count() as f64;
            // Where two such subspaces cannot but meet, how many directions they share says less.
            let is_told = 2 * k <= d;
            EvidenceRow {
                statistic: format!("shared directions {words} = {k}"),
                value: share.value.filter(|_| is_told).map(|value| count * value),
                chance: Some(count * share.chance()),
                sd: Some(count * share.sd() / pairs.sqrt()),
                ..of_share(
                    &QUERY_VALUE,
                    (shared, &self.compared),
                    self.labels(),
                    &share,
                )
            }
        };
        AMONG.iter().zip(sizes).map(row).collect()
    }

    /// The same under A and under B: of seeds φ(k,k), of two ranks the first direction's.
    pub(super) fn of_both_factors(&self) -> Vec<EvidenceRow> {
        let (labels, cell) = match self.by_rank() {
            Some(by_rank) => by_rank,
            None => (self.labels(), Cell::Leading),
        };
        let on = |basis: Basis| {
            let of_basis = self
                .shared
                .iter()
                .filter(move |shared| shared.basis == basis);
            let row = |shared: &Shared| {
                of_share(
                    &B_AS_A,
                    (shared, &self.compared),
                    labels,
                    &shared.share(cell),
                )
            };
            let rows: Vec<EvidenceRow> = of_basis.map(row).collect();
            rows.iter().any(|row| row.value.is_some()).then_some(rows)
        };
        match on(Basis::A).zip(on(Basis::B)) {
            Some((a, b)) => a.into_iter().chain(b).collect(),
            None => Vec::new(),
        }
    }
}

/// Random frames in place of runs: what they share on average over the same pairs.
struct Frames {
    dimension: usize,
    sizes: Vec<usize>,
    pairs: Vec<(usize, usize)>,
}

impl Frames {
    /// `directions` are those of each side's runs.
    fn of(compared: &Compared, shared: &Shared, directions: [usize; 2]) -> Self {
        let pairs: Vec<&[String; 2]> = shared
            .pairs()
            .filter_map(|pair| compared.pairs.get(pair))
            .collect();
        let mut names: HashMap<&str, usize> = HashMap::new();
        let mut sizes = Vec::new();
        let mut places = Vec::new();
        for pair in pairs {
            let mut place = |side: usize| {
                *names.entry(pair[side].as_str()).or_insert_with(|| {
                    sizes.push(directions[side]);
                    sizes.len() - 1
                })
            };
            places.push((place(0), place(1)));
        }
        Frames {
            dimension: shared.dimension,
            sizes,
            pairs: places,
        }
    }

    /// `SEED/overlap/dD/kK` of one pair of equally many directions, else with all sizes and pairs.
    fn key(&self, seed: u64) -> String {
        let start = format!("{seed}/overlap/d{}", self.dimension);
        let list = |numbers: &[usize]| {
            let texts: Vec<String> = numbers.iter().map(usize::to_string).collect();
            texts.join("-")
        };
        if let ([one, other], [_]) = (self.sizes.as_slice(), self.pairs.as_slice())
            && one == other
        {
            return format!("{start}/k{one}");
        }
        let pairs: Vec<String> = self
            .pairs
            .iter()
            .map(|(one, other)| format!("{one}-{other}"))
            .collect();
        format!("{start}/k{}/{}", list(&self.sizes), pairs.join("/"))
    }

    fn draw(&self, draws: usize, key: &str) -> Result<Vec<f64>> {
        Ok(random_mean_shares(
            self.dimension,
            &self.sizes,
            &self.pairs,
            draws,
            key,
        )?)
    }
}
