//! Whether the same layer of two runs shares more than different layers do.
//!
//! # Decisions
//!
//! - The rank-one part is fitted anew for each permutation, without the cells that it judges.
//!   Fitted once, without the diagonal, it would have seen the cells of all other permutations
//!   and not those of the identity. They would not be alike even where nothing is shared.

use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use crate::linalg::{Stream, use_one_thread};

/// Fewer layers have too few permutations to tell anything: of three there are six.
const LEAST_LAYERS: usize = 4;
/// The most layers that are held against each other: their table has a row for each pair. The deepest
/// models have half of them.
pub const MOST_LAYERS: usize = 256;
/// The largest number of layers whose permutations are all taken.
const EVERY_PERMUTATION: usize = 8;
/// How many are drawn beyond that.
const PERMUTATIONS: usize = 9_999;
/// Permutations whose rank-one parts are fitted together, by products of matrices.
const BATCH: usize = 128;
/// A fit ends when a step moves the b by no more than this part of their norm, …
const TOLERANCE: f64 = 1e-10;
/// … and after so many steps: the best rank-one part of noise is no better than many others.
const STEPS: usize = 50;
/// Where less of a norm than this is left without one entry, nothing is known of its partner.
const KNOWN: f64 = 1e-9;
/// Statistics that differ by no more of the cells' size are equal: rounding is no evidence.
const TIE: f64 = 1e-9;

/// How much each layer of one run shares with each layer of another.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerTable {
    /// φ, L × L: a row for each layer of the first run, a column for each of the second. Of several
    /// pairs of runs their mean.
    pub overlap: Array2<f64>,
    /// What φ is by chance: k/d.
    pub chance: f64,
}

/// What the same layers share beyond what loud layers share with all others.
#[derive(Debug, Clone, PartialEq)]
pub struct SameLayer {
    /// The share of permutations whose statistic reaches that of the layers as they are.
    pub p: f64,
    /// The smallest p that so many layers allow.
    pub least_p: f64,
    /// How many permutations the layers as they are were held against, themselves counted where
    /// all are taken.
    pub permutations: usize,
    /// For each table and layer, the excess less the rank-one part: 0 where the layer shares with
    /// itself what it shares with others.
    pub rest: Vec<Vec<f64>>,
    /// The mean of `rest` over layers and tables.
    pub mean_rest: f64,
}

/// Holds what the same layers share against all other ways to pair the layers of two runs.
///
/// One table a projection, all L × L; each has its own width and so its own chance. A few loud
/// coordinates in the inputs pull the A of any two layers together, the more the louder both are.
/// So the excess e = (φ − chance)/(1 − chance) has a part a_l·b_m without any layer having learned
/// the same twice. For each permutation π of the layers, the identity among them:
///
/// ```text
/// rest_l(π)    = e_{l,π(l)} − max(0, a_l·b_{π(l)}),     a, b minimise Σ_{m ≠ π(l)} (e_{lm} − a_l·b_m)²
/// statistic(π) = Σ_tables Σ_l rest_l(π) / √max(φ_{l,π(l)}, chance)
/// ```
///
/// The cells that are judged take no part in the fit, and one permutation serves all tables. The
/// root makes loud and quiet layers vary alike. Where only the loudness of layers matters, no pairing
/// stands out, and the identity is about as likely to have any rank.
///
/// - **p**: up to 8 layers the share of all L! statistics that reach the identity's. Beyond that
///   (1 + how many reach it)/(1 + 9,999), of permutations drawn from the [`Stream`] of `key`. Each
///   starts as 0, …, L − 1; for i = L − 1, …, 1 place i is exchanged with place min(i, ⌊u·(i + 1)⌋),
///   u the next uniform number (Fisher & Yates). Statistics within 1e-9 of the cells' size are equal.
/// - **Fit**: a starts as the rows' means without the judged cell. b given a and a given b are least
///   squares, in turn, until a step moves b by no more than 1e-10 of its norm, at most 50 steps.
///   Start and steps follow a relabelling of the layers, so the test does where they stop early.
///   An entry is 0 where its partners' squares are less than 1e-9 of all squares. Loudness makes
///   layers no less alike than chance, so that a part below 0, which a fit to noise may have, is 0.
///
/// `None` below four layers, without tables, for tables of other sizes than L × L, and where a φ is
/// not finite or a chance not between 0 and 1.
///
/// # Example
///
/// Four layers that share ⅛ with every layer, by chance of nearly 0, and ½ more with themselves. The
/// rank-one part is 1/8; of the 24 pairings none but the identity has this rest.
///
/// ```
/// use lora_subspace_core::measure::same_layer::{LayerTable, same_layer};
/// use ndarray::Array2;
/// let overlap = Array2::from_elem((4, 4), 0.125) + Array2::from_diag_elem(4, 0.5);
/// let found = same_layer(&[LayerTable { overlap, chance: 1e-12 }], "0/example").unwrap();
/// assert!((found.mean_rest - 0.5).abs() < 1e-9);
/// assert_eq!((found.p, found.least_p, found.permutations), (1.0 / 24.0, 1.0 / 24.0, 24));
/// // Layers of other loudness that share nothing more with themselves: nothing is left.
/// let overlap = Array2::from_shape_fn((4, 4), |(l, m)| 0.01 * ((l + 1) * (m + 2)) as f64);
/// let found = same_layer(&[LayerTable { overlap, chance: 1e-12 }], "0/example").unwrap();
/// assert!(found.mean_rest.abs() < 1e-9 && found.p == 1.0);
/// assert_eq!(same_layer(&[], ""), None);
/// ```
pub fn same_layer(tables: &[LayerTable], key: &str) -> Option<SameLayer> {
    let layers = layers_of(tables)?;
    use_one_thread();
    let tables: Vec<Cells> = tables.iter().map(Cells::of).collect();
    let identity: Vec<usize> = (0..layers).collect();
    let own = statistics(&tables, &identity, layers)[0];
    let least = own - TIE * tables.iter().map(Cells::size).sum::<f64>();
    let reached = |permutations: &[usize]| -> usize {
        let batches = permutations.par_chunks(BATCH * layers);
        let reached = |batch: &[usize]| {
            let all = statistics(&tables, batch, layers);
            all.iter().filter(|&&statistic| statistic >= least).count()
        };
        batches.map(reached).sum()
    };
    let (reached, permutations, held_against) = if layers <= EVERY_PERMUTATION {
        let all = every_permutation(layers);
        let count = all.len() / layers;
        (reached(&all), count, count)
    } else {
        let drawn = drawn_permutations(layers, key);
        (1 + reached(&drawn), PERMUTATIONS, 1 + PERMUTATIONS)
    };
    let rest = rests_of_identity(&tables, layers);
    let mean_rest = rest.iter().flatten().sum::<f64>() / (rest.len() * layers) as f64;
    Some(SameLayer {
        p: reached as f64 / held_against as f64,
        least_p: 1.0 / held_against as f64,
        permutations,
        rest,
        mean_rest,
    })
}

/// The rest of [`same_layer`] for the layers as they are, of each table and layer, without its test.
///
/// `None` where that has none.
///
/// ```
/// use lora_subspace_core::measure::same_layer::{LayerTable, rest_of_same_layer};
/// use ndarray::Array2;
/// let overlap = Array2::from_elem((4, 4), 0.125) + Array2::from_diag_elem(4, 0.5);
/// let rest = rest_of_same_layer(&[LayerTable { overlap, chance: 1e-12 }]).unwrap();
/// assert!(rest[0].iter().all(|rest| (rest - 0.5).abs() < 1e-9));
/// ```
pub fn rest_of_same_layer(tables: &[LayerTable]) -> Option<Vec<Vec<f64>>> {
    let layers = layers_of(tables)?;
    use_one_thread();
    let tables: Vec<Cells> = tables.iter().map(Cells::of).collect();
    Some(rests_of_identity(&tables, layers))
}

/// How many layers the tables have, where there are enough and all are sound.
fn layers_of(tables: &[LayerTable]) -> Option<usize> {
    let layers = tables.first()?.overlap.nrows();
    let is_sound = tables.iter().all(|table| table.is_sound(layers));
    (layers >= LEAST_LAYERS && is_sound).then_some(layers)
}

fn rests_of_identity(tables: &[Cells], layers: usize) -> Vec<Vec<f64>> {
    let identity: Vec<usize> = (0..layers).collect();
    tables
        .iter()
        .map(|table| rests(table, &identity, layers).into_iter().collect())
        .collect()
}

impl LayerTable {
    fn is_sound(&self, layers: usize) -> bool {
        self.overlap.dim() == (layers, layers)
            && self.chance > 0.0
            && self.chance < 1.0
            && self.overlap.iter().all(|phi| phi.is_finite())
    }
}

/// A table as the statistic takes it.
struct Cells {
    excess: Array2<f64>,
    /// Columns of the second run as rows.
    turned: Array2<f64>,
    /// √max(φ, chance).
    spread: Array2<f64>,
    row_sums: Array1<f64>,
}

impl Cells {
    fn of(table: &LayerTable) -> Self {
        let chance = table.chance;
        let overlap = table.overlap.as_standard_layout();
        let excess = overlap.mapv(|phi| (phi - chance) / (1.0 - chance));
        Cells {
            turned: excess.t().as_standard_layout().into_owned(),
            spread: overlap.mapv(|phi| phi.max(chance).sqrt()),
            row_sums: excess.sum_axis(Axis(1)),
            excess,
        }
    }

    /// What a statistic would sum if no cell were explained, of a typical pairing.
    fn size(&self) -> f64 {
        let cells = self.excess.iter().zip(&self.spread);
        cells.map(|(e, spread)| (e / spread).abs()).sum::<f64>() / self.excess.nrows() as f64
    }
}

/// The statistic of each of several permutations, which lie one after another.
fn statistics(tables: &[Cells], permutations: &[usize], layers: usize) -> Vec<f64> {
    let mut sums = vec![0.0; permutations.len() / layers];
    for table in tables {
        let rests = rests(table, permutations, layers);
        let spread = flat(&table.spread);
        let all = permutations.chunks(layers).zip(rests.chunks(layers));
        for (sum, (permutation, rests)) in sums.iter_mut().zip(all) {
            for ((l, m), rest) in permutation.iter().enumerate().zip(rests) {
                *sum += rest / spread[l * layers + m];
            }
        }
    }
    sums
}

/// e_{l,π(l)} − a_l·b_{π(l)} of each permutation, one after another.
fn rests(table: &Cells, permutations: &[usize], layers: usize) -> Vec<f64> {
    let excess = flat(&table.excess);
    let judged: Vec<f64> = (0..)
        .zip(permutations)
        .map(|(place, m)| excess[place % layers * layers + m])
        .collect();
    let mut rests = judged.clone();
    let mut fits = Fits::start(table, permutations, &judged);
    for _ in 0..STEPS {
        if fits.numbers.is_empty() {
            break;
        }
        let a = step(&fits.b, &table.turned, &fits.rows);
        let b = step(&a, &table.excess, &fits.columns);
        let (a, new, old) = (flat(&a), flat(&b), flat(&fits.b));
        let mut still = Vec::with_capacity(fits.numbers.len());
        for (place, number) in fits.numbers.iter().enumerate() {
            let here = place * layers..(place + 1) * layers;
            for (l, (m, a)) in fits.rows[here.clone()]
                .iter()
                .zip(&a[here.clone()])
                .enumerate()
            {
                let cell = number * layers + l;
                let part = (a * new[place * layers + m]).max(0.0);
                rests[cell] = judged[cell] - part;
            }
            let (mut moved, mut size) = (0.0, 0.0);
            for (new, old) in new[here.clone()].iter().zip(&old[here]) {
                moved += (new - old) * (new - old);
                size += new * new;
            }
            if moved > TOLERANCE * TOLERANCE * size {
                still.push(place);
            }
        }
        fits.b = b;
        fits.keep(&still);
    }
    rests
}

/// The rank-one parts that are still being fitted, each of one permutation.
struct Fits {
    /// Which permutation.
    numbers: Vec<usize>,
    /// π(l) of each row l, one permutation after another.
    rows: Vec<usize>,
    /// The row of each column: π⁻¹.
    columns: Vec<usize>,
    /// A row for each.
    b: Array2<f64>,
}

impl Fits {
    /// a from the rows' means without the judged cell, and the b that belongs to it.
    fn start(table: &Cells, permutations: &[usize], judged: &[f64]) -> Self {
        let layers = table.excess.nrows();
        let count = permutations.len() / layers;
        let mut columns = vec![0; permutations.len()];
        for (place, m) in permutations.iter().enumerate() {
            columns[place / layers * layers + m] = place % layers;
        }
        let a = Array2::from_shape_fn((count, layers), |(number, l)| {
            (table.row_sums[l] - judged[number * layers + l]) / (layers - 1) as f64
        });
        Fits {
            numbers: (0..count).collect(),
            rows: permutations.to_vec(),
            b: step(&a, &table.excess, &columns),
            columns,
        }
    }

    /// Only those at some places.
    fn keep(&mut self, places: &[usize]) {
        if places.len() == self.numbers.len() {
            return;
        }
        let layers = self.b.ncols();
        let kept = |all: &[usize]| -> Vec<usize> {
            let row = |place: &usize| &all[place * layers..(place + 1) * layers];
            places.iter().flat_map(row).copied().collect()
        };
        self.rows = kept(&self.rows);
        self.columns = kept(&self.columns);
        self.numbers = places.iter().map(|&place| self.numbers[place]).collect();
        self.b = self.b.select(Axis(0), places);
    }
}

/// Least squares for one side of the rank-one part, given the other: Σx·e/Σx² over the known x but
/// the partner, whose cell is judged.
fn step(known: &Array2<f64>, excess: &Array2<f64>, partners: &[usize]) -> Array2<f64> {
    let layers = excess.nrows();
    let mut found = known.dot(excess).as_standard_layout().into_owned();
    let (known, excess) = (flat(known), flat(excess));
    let rows = known.chunks(layers).zip(partners.chunks(layers));
    for ((known, partners), mut found) in rows.zip(found.rows_mut()) {
        let squares: f64 = known.iter().map(|x| x * x).sum();
        for (place, (value, &partner)) in found.iter_mut().zip(partners).enumerate() {
            let x = known[partner];
            let left = squares - x * x;
            *value = if left > KNOWN * squares {
                (*value - x * excess[partner * layers + place]) / left
            } else {
                0.0
            };
        }
    }
    found
}

/// The numbers row by row: loops over slices are several times as fast.
fn flat(matrix: &Array2<f64>) -> &[f64] {
    matrix.as_slice().expect("made row by row")
}

/// All permutations of so many layers, one after another.
fn every_permutation(layers: usize) -> Vec<usize> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new()];
    for next in 0..layers {
        let with_next = |shorter: &Vec<usize>| -> Vec<Vec<usize>> {
            let insert = |place| {
                let mut longer = shorter.clone();
                longer.insert(place, next);
                longer
            };
            (0..=next).map(insert).collect()
        };
        all = all.iter().flat_map(with_next).collect();
    }
    all.concat()
}

fn drawn_permutations(layers: usize, key: &str) -> Vec<usize> {
    let mut stream = Stream::new(key);
    let mut all = Vec::with_capacity(PERMUTATIONS * layers);
    for _ in 0..PERMUTATIONS {
        let start = all.len();
        all.extend(0..layers);
        for i in (1..layers).rev() {
            let other = (stream.uniform() * (i + 1) as f64) as usize;
            all.swap(start + i, start + other.min(i));
        }
    }
    all
}
