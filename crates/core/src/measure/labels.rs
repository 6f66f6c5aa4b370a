//! Whether pairs that agree in a label share more than pairs that do not, by permutations of the labels.

use ndarray::Array2;

use crate::linalg::Stream;

/// Up to so many arrangements of labels all are made; beyond, [`DRAWS`] are drawn.
const MOST: usize = 10_000;
/// Arrangements that are drawn.
const DRAWS: usize = 9_999;
/// Differences that differ by no more of the values' size are equal: the order of adding is no evidence.
const TIE: f64 = 1e-12;

/// What agreement in a label goes with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The mean of pairs that agree.
    pub within: f64,
    /// The mean of pairs that do not.
    pub between: f64,
    /// `within` less `between`.
    pub difference: f64,
    /// How many arrangements of the labels it was held against.
    pub permutations: usize,
    /// The share of arrangements whose difference is as large or larger.
    pub p: f64,
}

/// Pairs that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// All.
    All,
    /// Of those that agree in the label the ones whose strata differ, and of the others the ones whose strata differ too:
    /// what is in common is not owed to the strata.
    AcrossStrata,
}

/// Holds pairs that agree in a label against those that do not.
///
/// `values` has the value of each two of N members, symmetric, `None` where there is none. `labels` has the number of
/// each one's label. `strata` has the number of each one's stratum: labels are exchanged within strata alone, so that
/// what strata have in common is no evidence. One stratum for all is the plain test.
///
/// Up to 10,000 arrangements all are made, each as likely; p is the share of those whose difference reaches the one that is
/// seen. Beyond, 9,999 are drawn from the stream of `key` ([`Stream`]), by a shuffle of each stratum in the order of its
/// number (Fisher & Yates, from the last place down: places i and ⌊u·(i + 1)⌋ are exchanged), and
/// p = (1 + #≥)/10,000. Labels are names: in one stratum arrangements that differ by an exchange of two labels of one
/// size are one. `None` where no pair agrees, or all do.
///
/// # Example
///
/// Labels p, p, q, q have three splits, so that the least p is ⅓.
///
/// ```
/// use lora_subspace_core::measure::labels::{Taken, agreement};
/// use ndarray::Array2;
/// let labels = [0, 0, 1, 1];
/// let values = Array2::from_shape_fn((4, 4), |(a, b)| Some(f64::from(u8::from(labels[a] == labels[b]))));
/// let found = agreement(&values, &labels, &[0; 4], Taken::All, "0/example").unwrap();
/// assert_eq!((found.within, found.between, found.permutations), (1.0, 0.0, 3));
/// assert!((found.p - 1.0 / 3.0).abs() < 1e-15);
/// ```
pub fn agreement(
    values: &Array2<Option<f64>>,
    labels: &[usize],
    strata: &[usize],
    taken: Taken,
    key: &str,
) -> Option<Agreement> {
    let pairs = pairs(values, strata, taken);
    let seen = means(&pairs, labels)?;
    let size = pairs
        .iter()
        .fold(0.0f64, |most, pair| most.max(pair.2.abs()));
    let least = seen.0 - seen.1 - TIE * size;
    let reaches = |labels: &[usize]| {
        means(&pairs, labels).is_some_and(|(within, between)| within - between >= least)
    };
    let members = members(strata);
    let is_one = members.len() == 1;
    let (permutations, p) = if arrangements(labels, &members, is_one) <= MOST as f64 {
        let (mut all, mut reached) = (0usize, 0usize);
        every(labels, &members, is_one, &mut |arranged| {
            all += 1;
            reached += usize::from(reaches(arranged));
        });
        (all, reached as f64 / all.max(1) as f64)
    } else {
        let mut stream = Stream::new(key);
        let mut arranged = labels.to_vec();
        let mut reached = 0;
        for _ in 0..DRAWS {
            for stratum in &members {
                for last in (1..stratum.len()).rev() {
                    let other = (stream.uniform() * (last + 1) as f64) as usize;
                    arranged.swap(stratum[last], stratum[other.min(last)]);
                }
            }
            reached += usize::from(reaches(&arranged));
        }
        (DRAWS, (1 + reached) as f64 / (1 + DRAWS) as f64)
    };
    Some(Agreement {
        within: seen.0,
        between: seen.1,
        difference: seen.0 - seen.1,
        permutations,
        p,
    })
}

type Pair = (usize, usize, f64);

fn pairs(values: &Array2<Option<f64>>, strata: &[usize], taken: Taken) -> Vec<Pair> {
    let count = values.nrows();
    let mut pairs = Vec::new();
    for a in 0..count {
        for b in a + 1..count {
            let is_taken = taken == Taken::All || strata[a] != strata[b];
            if let Some(value) = values[(a, b)].filter(|_| is_taken) {
                pairs.push((a, b, value));
            }
        }
    }
    pairs
}

/// The means of pairs that agree and of those that do not.
fn means(pairs: &[Pair], labels: &[usize]) -> Option<(f64, f64)> {
    let (mut sums, mut counts) = ([0.0; 2], [0usize; 2]);
    for &(a, b, value) in pairs {
        let side = usize::from(labels[a] != labels[b]);
        sums[side] += value;
        counts[side] += 1;
    }
    let is_told = counts.iter().all(|&count| count > 0);
    is_told.then(|| (sums[0] / counts[0] as f64, sums[1] / counts[1] as f64))
}

/// The members of each stratum, in the order of the strata's numbers.
fn members(strata: &[usize]) -> Vec<Vec<usize>> {
    let most = strata.iter().copied().max().map_or(0, |most| most + 1);
    let of = |stratum: usize| -> Vec<usize> {
        (0..strata.len())
            .filter(|&one| strata[one] == stratum)
            .collect()
    };
    (0..most).map(of).filter(|all| !all.is_empty()).collect()
}

/// How many members of a stratum have each label.
fn sizes(labels: &[usize], stratum: &[usize]) -> Vec<usize> {
    let most = labels.iter().copied().max().map_or(0, |most| most + 1);
    let mut sizes = vec![0; most];
    for &one in stratum {
        sizes[labels[one]] += 1;
    }
    sizes
}

/// How many arrangements there are; infinite where they are far more than [`MOST`].
fn arrangements(labels: &[usize], members: &[Vec<usize>], are_names: bool) -> f64 {
    let factorial = |n: usize| (1..=n).map(|x| (x as f64).ln()).sum::<f64>();
    // In logarithms: factorials of some hundred members are beyond f64.
    let mut all = 0.0;
    for stratum in members {
        let sizes = sizes(labels, stratum);
        all += factorial(stratum.len());
        all -= sizes.iter().map(|&size| factorial(size)).sum::<f64>();
        if are_names {
            for size in 1..=stratum.len() {
                all -= factorial(sizes.iter().filter(|&&other| other == size).count());
            }
        }
    }
    match all < (1e3 * MOST as f64).ln() {
        true => all.exp().round(),
        false => f64::INFINITY,
    }
}

/// Calls with every arrangement, each once.
fn every(
    labels: &[usize],
    members: &[Vec<usize>],
    are_names: bool,
    call: &mut dyn FnMut(&[usize]),
) {
    let mut arranged = labels.to_vec();
    let mut left: Vec<Vec<usize>> = members.iter().map(|one| sizes(labels, one)).collect();
    let order: Vec<(usize, usize)> = members
        .iter()
        .enumerate()
        .flat_map(|(stratum, own)| own.iter().map(move |&one| (stratum, one)))
        .collect();
    let whole = left.clone();
    place(&order, &mut arranged, &mut left, &whole, are_names, call);
}

fn place(
    order: &[(usize, usize)],
    arranged: &mut Vec<usize>,
    left: &mut Vec<Vec<usize>>,
    whole: &[Vec<usize>],
    are_names: bool,
    call: &mut dyn FnMut(&[usize]),
) {
    let Some((&(stratum, one), rest)) = order.split_first() else {
        return call(arranged);
    };
    for label in 0..left[stratum].len() {
        let (own, all) = (left[stratum][label], whole[stratum][label]);
        // Of labels of one size that nobody has yet the first stands for all.
        let is_repeated = are_names
            && own == all
            && (0..label)
                .any(|earlier| whole[stratum][earlier] == all && left[stratum][earlier] == all);
        if own == 0 || is_repeated {
            continue;
        }
        left[stratum][label] -= 1;
        arranged[one] = label;
        place(rest, arranged, left, whole, are_names, call);
        left[stratum][label] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(labels: &[usize], strata: &[usize]) -> (usize, f64) {
        let members = members(strata);
        let is_one = members.len() == 1;
        let mut all = Vec::new();
        every(labels, &members, is_one, &mut |one| all.push(one.to_vec()));
        let made = all.len();
        all.sort();
        all.dedup();
        assert_eq!(made, all.len(), "one was made twice");
        (made, arrangements(labels, &members, is_one))
    }

    #[test]
    fn every_arrangement_is_made_once() {
        assert_eq!(count(&[0, 0, 1, 1], &[0; 4]), (3, 3.0));
        assert_eq!(count(&[0, 0, 1], &[0; 3]), (3, 3.0));
        assert_eq!(count(&[0, 1, 2], &[0; 3]), (1, 1.0));
        assert_eq!(count(&[0, 0, 1, 1, 2, 2], &[0; 6]), (15, 15.0));
        assert_eq!(count(&[0, 0, 0, 1, 2, 2], &[0; 6]), (60, 60.0));
        assert_eq!(count(&[0, 1, 0, 1], &[0, 0, 1, 1]), (4, 4.0));
        let many: Vec<usize> = (0..200).map(|one| one % 2).collect();
        assert_eq!(
            arrangements(&many, &members(&[0; 200]), true),
            f64::INFINITY
        );
    }

    #[test]
    fn drawn_arrangements_agree_with_all() {
        // 12 members in two groups of six: 462 splits; the same with strata of one group too many to be made.
        let labels: Vec<usize> = (0..12).map(|one| one / 6).collect();
        let values = Array2::from_shape_fn((12, 12), |(a, b)| {
            let noise = ((a * b * 37 + a + b) % 17) as f64 / 17.0;
            Some(noise + if labels[a] == labels[b] { 0.1 } else { 0.0 })
        });
        let exact = agreement(&values, &labels, &[0; 12], Taken::All, "").unwrap();
        assert_eq!(exact.permutations, 462);
        let strata: Vec<usize> = (0..12).map(|one| one % 2).collect();
        let inside = agreement(&values, &labels, &strata, Taken::AcrossStrata, "").unwrap();
        assert_eq!(inside.permutations, 400);
        assert!(agreement(&values, &[0; 12], &[0; 12], Taken::All, "").is_none());
    }
}
