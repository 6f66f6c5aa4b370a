//! The most that a user may ask for: of each number that sizes memory or work, one bound, which the
//! keys of a study, a request and the flags share.

use std::collections::BTreeSet;

/// Random draws. With so many a quantile of 0.001 rests on a hundred draws; each takes a product with
/// W.
pub const MOST_DRAWS: usize = 100_000;
/// The number of a block.
pub const MOST_LAYER: usize = 1_000_000;
/// Directions, and an adapter's rank: no side of a weight is longer.
pub const MOST_RANK: usize = 1_000_000;
/// Worker threads.
pub const MOST_THREADS: u16 = 1024;
/// Bytes of memory: 10¹⁸, which no machine has.
pub const MOST_MEMORY: u64 = 1_000_000_000_000_000_000;
/// Entries of a list: names, patterns, layers.
pub const MOST_ENTRIES: usize = 10_000;

/// Bytes of a study file: read, it takes some seventy times as much.
pub(super) const MOST_TEXT: usize = 4 << 20;

/// The first that stands a second time among some.
pub(crate) fn repeated<T: Ord>(all: impl IntoIterator<Item = T>) -> Option<(usize, T)> {
    let mut seen = BTreeSet::new();
    let mut all = all.into_iter().enumerate();
    all.find_map(|(place, one)| seen.replace(one).map(|one| (place, one)))
}
