//! Whether the A of two runs began as one, by the numbers alone.
//!
//! # Decisions
//!
//! - Rows are held against the other rows of the same two matrices, and not against 1/√d. Runs of two
//!   seeds learn common directions, so that any two of their rows are alike beyond 1/√d: in the
//!   built-in study, at d = 384, by 0.25 on average where independent rows have 0.04. Only runs of one
//!   start have that for the *same* rows alone.
//! - Nothing here can tell that two runs began apart. It takes a verdict away, and gives none.

use ndarray::{Array2, ArrayView2};

use crate::linalg::{eased, largest_of};

use super::significance::share_tail;

/// The chance of two independent runs to be told to have one start, at most, for each of three ways.
const LEVEL: f64 = 3e-7;
/// A cosine of rows that are near each other.
const NEAR: f64 = 0.9;
/// Rows that are one row, but for rounding.
const EQUAL: f64 = 1.0 - 1e-6;
/// Where all rows are near each other, rows in another order or of other signs are still likelier to
/// be no match than this.
const ORDER: f64 = 0.01;
/// Rows with cosines below this are singular vectors, which have an order of their own: two seeds have
/// it in common.
const ORTHOGONAL: f64 = 2e-4;
/// Rows in such an order match where they are this near.
const ORDERED: f64 = 0.999;
/// Both A span one space where φ(r,r) reaches this in every module, …
const SPACE: f64 = 0.95;
/// … and B does not, by this much on average.
const APART: f64 = 0.2;

/// How the rows of A of two runs are alike in one module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowMatches {
    /// Rows of both: the smaller and the larger number.
    pub ranks: [usize; 2],
    /// Columns.
    pub width: usize,
    /// Rows that are most like the row of the same number, and of its sign.
    pub matched: usize,
    /// Those whose cosine is 0.9 or more.
    pub near: usize,
    /// Those whose cosine is 1 to six digits.
    pub equal: usize,
    /// The mean cosine of rows of one number.
    pub same: f64,
    /// The mean |cosine| of rows of two numbers; 0 where there are none.
    pub other: f64,
}

/// Counts the rows of one A that are most like the same row of another.
///
/// With the unit rows âₖ and â′ₗ of both, r ≤ r′ of them in R^d, and C = (âₖ·â′ₗ):
///
/// ```text
/// row k matches  ⟺  C_kk > 0  and  C_kk ≥ |C_kl| and |C_lk| for all l
/// ```
///
/// Where the rows of either matrix are orthogonal to 2e-4 they are singular vectors in an order that
/// says nothing of a start; then C_kk ≥ 0.999 is asked as well. A row of zeros matches none. `None`
/// where widths differ or a matrix is empty.
///
/// # Example
///
/// The first row is the other's first, turned a little; the second has the other sign.
///
/// ```
/// use lora_subspace_core::measure::one_start::row_matches;
/// use ndarray::array;
/// let one = array![[1.0, 0.0, 0.2], [0.0, 1.0, 0.2]];
/// let other = array![[1.0, 0.2, 0.2], [0.0, -1.0, 0.2]];
/// let found = row_matches(one.view(), other.view()).unwrap();
/// assert_eq!((found.ranks, found.matched, found.near, found.equal), ([2, 2], 1, 1, 0));
/// assert!(row_matches(one.view(), array![[1.0, 0.0]].view()).is_none());
/// ```
pub fn row_matches(one: ArrayView2<f64>, other: ArrayView2<f64>) -> Option<RowMatches> {
    // The smaller rank asks: of each of its rows there is at most one match.
    let (few, many) = match one.nrows() <= other.nrows() {
        true => (one, other),
        false => (other, one),
    };
    let (r, width) = few.dim();
    if r == 0 || width == 0 || many.ncols() != width {
        return None;
    }
    let (few, many) = (unit_rows(few), unit_rows(many));
    let least = match is_orthogonal(&few) || is_orthogonal(&many) {
        true => ORDERED,
        false => f64::MIN_POSITIVE,
    };
    let cosines = few.dot(&many.t());
    let is_most = |k: usize| {
        let own = cosines[(k, k)];
        let mut both = cosines.row(k).into_iter().chain(cosines.column(k));
        (own >= least && both.all(|cosine| cosine.abs() <= own)).then_some(own)
    };
    let matched: Vec<f64> = (0..r).filter_map(is_most).collect();
    let reach = |least: f64| matched.iter().filter(|own| **own >= least).count();
    let own: f64 = cosines.diag().sum();
    let size = |cosine: &f64| cosine.abs();
    let others =
        cosines.iter().map(size).sum::<f64>() - cosines.diag().iter().map(size).sum::<f64>();
    let count = (cosines.len() - r).max(1);
    Some(RowMatches {
        ranks: [r, many.nrows()],
        width,
        matched: matched.len(),
        near: reach(NEAR),
        equal: reach(EQUAL),
        same: own / r as f64,
        other: others / count as f64,
    })
}

/// Rows of length 1; one of zeros stays.
fn unit_rows(matrix: ArrayView2<f64>) -> Array2<f64> {
    let mut unit = eased(matrix, largest_of(&matrix)).0.into_owned();
    for mut row in unit.rows_mut() {
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
    unit
}

fn is_orthogonal(unit: &Array2<f64>) -> bool {
    let gram = unit.dot(&unit.t());
    let mut others = gram.indexed_iter().filter(|((k, l), _)| k != l);
    unit.nrows() > 1 && others.all(|(_, cosine)| cosine.abs() <= ORTHOGONAL)
}

/// Rows of A that are alike in several modules of two runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SameRows {
    /// Rows that were compared.
    pub rows: usize,
    /// Rows that match.
    pub matched: usize,
    /// The mean cosine of rows of one number.
    pub same: f64,
    /// The mean |cosine| of rows of two numbers.
    pub other: f64,
}

/// Whether the same rows of two runs' A are alike as only those of one start are; `None` where that is
/// not told.
///
/// Two runs of independent starts have no common order of their rows and no common signs: a start of
/// independent entries about 0 has none, and training takes (A, B) with rows exchanged or turned to
/// what it makes of A and B, exchanged and turned alike (gradient descent and Adam do). The match of
/// row k then has the same number by chance 1/r′ at most, and the same sign by chance ½. So
///
/// ```text
/// E (1 + x)^matches ≤ G(x) = Σ_j C(r,j)·(r′−j)!/r′!·(x/2)^j      for each module, and
/// P(matches ≥ h)    ≤ min over x of Π G(x)/(1 + x)^h
/// ```
///
/// over modules that start independently. One of three is asked, each with a probability of at most
/// 3e-7 where starts are independent, so that all three have less than 1e-6:
///
/// - **Matches**: that bound is at most 3e-7. It holds however much two seeds learned in common.
/// - **Near rows**: all rows match with a cosine of 0.9 or more, where the bound alone is too weak of
///   so few rows but below 0.01. For Gaussian rows that are independent of each other the probability
///   is Π ½·P(cos² ≥ 0.81), which is at most 3e-7 too.
/// - **Equal rows**: half of all rows or more are equal to six digits, as the start's rows are where a
///   start was subtracted by doubling the rank: at most C(n,h)·q^h for Gaussian rows, q the
///   probability of one.
///
/// # Example
///
/// Eight rows that all match: of one module of rank 8 they have a chance of 1/(8!·2⁸), about 1e-7.
///
/// ```
/// use lora_subspace_core::measure::one_start::{row_matches, same_rows};
/// use lora_subspace_core::linalg::Stream;
/// use ndarray::Array2;
/// let mut stream = Stream::new("0/example");
/// let mut draw = || Array2::from_shape_simple_fn((8, 64), || stream.normal());
/// let (one, other, noise) = (draw(), draw(), draw());
/// let later = &one + &noise;
/// let found = |other: &Array2<f64>| same_rows(&[row_matches(one.view(), other.view()).unwrap()]);
/// assert_eq!(found(&later).unwrap().matched, 8);
/// assert!(found(&other).is_none());
/// ```
pub fn same_rows(modules: &[RowMatches]) -> Option<SameRows> {
    let sum = |count: fn(&RowMatches) -> usize| modules.iter().map(count).sum::<usize>();
    let rows = sum(|module| module.ranks[0]);
    let matched = sum(|module| module.matched);
    let all_are_near = sum(|module| module.near) == rows && {
        let ln_tail = |module: &RowMatches| module.ranks[0] as f64 * ln_tail(NEAR, module.width);
        let tail: f64 = modules.iter().map(ln_tail).sum();
        matches_bound(modules, rows) <= ORDER && tail <= LEVEL.ln()
    };
    let equal = sum(|module| module.equal);
    let half_are_equal = 2 * equal >= rows && {
        let tails = modules.iter().map(|module| ln_tail(EQUAL, module.width));
        let largest = tails.fold(f64::NEG_INFINITY, f64::max);
        ln_choose(rows, equal) + equal as f64 * largest <= LEVEL.ln()
    };
    let is_told = matches_bound(modules, matched) <= LEVEL || all_are_near || half_are_equal;
    let mean = |of: fn(&RowMatches) -> f64, weight: fn(&RowMatches) -> usize| {
        let weights = modules.iter().map(weight).sum::<usize>().max(1);
        let weighted = modules
            .iter()
            .map(|module| of(module) * weight(module) as f64);
        weighted.sum::<f64>() / weights as f64
    };
    (rows > 0 && is_told).then(|| SameRows {
        rows,
        matched,
        same: mean(|module| module.same, |module| module.ranks[0]),
        other: mean(
            |module| module.other,
            |module| module.ranks[0] * (module.ranks[1] - 1),
        ),
    })
}

/// A bound on P(matches ≥ `matched`) of independent starts, see [`same_rows`]; 1 where that says
/// nothing.
///
/// ```
/// use lora_subspace_core::measure::one_start::{matches_bound, row_matches};
/// use ndarray::array;
/// // One row each: the sign alone. Of two rows all match in one of 2!·2² ways.
/// let one = row_matches(array![[1.0, 0.0]].view(), array![[1.0, 0.1]].view()).unwrap();
/// assert!((matches_bound(&[one; 3], 3) - 1.0 / 8.0).abs() < 1e-9);
/// let a = array![[1.0, 0.3], [0.0, 1.0]];
/// let two = row_matches(a.view(), a.view()).unwrap();
/// assert!((matches_bound(&[two], 2) - 1.0 / 8.0).abs() < 1e-9);
/// assert_eq!(matches_bound(&[two], 0), 1.0);
/// ```
pub fn matches_bound(modules: &[RowMatches], matched: usize) -> f64 {
    /// ln(1 + x) goes up to 40 in steps of 1/16: beyond it the bound is that of all rows matching.
    const STEPS: usize = 640;
    let mut shapes: Vec<([usize; 2], f64)> = Vec::new();
    for module in modules {
        match shapes.iter_mut().find(|(ranks, _)| *ranks == module.ranks) {
            Some((_, count)) => *count += 1.0,
            None => shapes.push((module.ranks, 1.0)),
        }
    }
    let bound = |step: usize| {
        let t = step as f64 / 16.0;
        let of = |(ranks, count): &([usize; 2], f64)| count * ln_generating(*ranks, t.exp_m1());
        shapes.iter().map(of).sum::<f64>() - matched as f64 * t
    };
    let ln_bound = (0..=STEPS).map(bound).fold(0.0, f64::min);
    ln_bound.exp()
}

/// ln G(x), see [`same_rows`].
fn ln_generating([few, many]: [usize; 2], x: f64) -> f64 {
    let half = x / 2.0;
    // From one term to the next, j to j + 1: (r − j)/(j + 1)/(r′ − j)·x/2.
    let mut term = 0.0;
    let mut terms = vec![term];
    for j in 0..few {
        let ratio = (few - j) as f64 / ((j + 1) * (many - j)) as f64;
        term += (ratio * half).ln();
        terms.push(term);
    }
    let largest = terms.iter().copied().fold(0.0, f64::max);
    largest
        + terms
            .iter()
            .map(|term| (term - largest).exp())
            .sum::<f64>()
            .ln()
}

/// ln of ½·P(cos² ≥ `cosine`²) of independent Gaussian rows.
fn ln_tail(cosine: f64, width: usize) -> f64 {
    let tail = share_tail(cosine * cosine, 1, width).max(f64::MIN_POSITIVE);
    (tail / 2.0).ln()
}

fn ln_choose(n: usize, k: usize) -> f64 {
    let terms = (0..k.min(n - k)).map(|j| ((n - j) as f64 / (j + 1) as f64).ln());
    terms.sum()
}

/// What the leading directions of both factors share in one module.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spaces {
    /// How many directions.
    pub rank: usize,
    /// Columns of A.
    pub width: usize,
    /// φ(r,r) of A.
    pub of_a: f64,
    /// φ(r,r) of B.
    pub of_b: f64,
}

impl Spaces {
    /// Whether A spans one space: φ(r,r) is 0.95 or more, of two directions or more.
    ///
    /// ```
    /// use lora_subspace_core::measure::one_start::Spaces;
    /// let module = Spaces { rank: 2, width: 64, of_a: 0.96, of_b: 0.1 };
    /// assert!(module.is_shared());
    /// assert!(!Spaces { rank: 1, ..module }.is_shared(), "one direction may be learned");
    /// ```
    pub fn is_shared(&self) -> bool {
        self.rank > 1 && self.of_a >= SPACE
    }
}

/// Whether A spans one space in both runs where B does not, as of a start that was turned, or of an A
/// that was not trained.
///
/// Asked are φ(r,r) ≥ 0.95 of A in every module, r of 2 or more, and a mean φ(r,r) of B that is 0.2 or
/// more below that of A. A unit vector of one random space has a share of φ or more in the other with
/// P(Beta(r/2, (d−r)/2) ≥ φ), and of r such vectors one reaches the mean: the probability of
/// independent starts is at most Π r·P, which is asked to be at most 3e-7.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::one_start::{Spaces, is_one_space};
/// let module = Spaces { rank: 4, width: 64, of_a: 0.999, of_b: 0.1 };
/// assert!(is_one_space(&[module]));
/// // B as well: that may be learned.
/// assert!(!is_one_space(&[Spaces { of_b: 0.99, ..module }]));
/// // Three of four dimensions are shared by chance.
/// assert!(!is_one_space(&[Spaces { rank: 3, width: 4, ..module }]));
/// ```
pub fn is_one_space(modules: &[Spaces]) -> bool {
    let ln_chance = |module: &Spaces| {
        let tail = share_tail(module.of_a, module.rank, module.width);
        (module.rank as f64 * tail.max(f64::MIN_POSITIVE))
            .min(1.0)
            .ln()
    };
    let apart = |module: &Spaces| module.of_a - module.of_b;
    let count = modules.len() as f64;
    !modules.is_empty()
        && modules.iter().all(Spaces::is_shared)
        && modules.iter().map(apart).sum::<f64>() >= APART * count
        && modules.iter().map(ln_chance).sum::<f64>() <= LEVEL.ln()
}
