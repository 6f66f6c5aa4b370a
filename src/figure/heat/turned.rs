//! A pair and its rows, turned so that i counts the smaller rank.

use std::borrow::Cow;

use crate::table::OverlapRow;

use super::pair::Pair;

/// The pair with the smaller rank first, and rows to match: φ(i,j) of (first, second) is φ(j,i) of
/// (second, first), so a pair typed the other way round is turned.
pub(super) fn smaller_first<'a>(
    rows: &'a [OverlapRow],
    pair: &Pair,
) -> (Cow<'a, [OverlapRow]>, Pair) {
    let of_pair = |row: &&OverlapRow| row.first == pair.first && row.second == pair.second;
    let largest =
        |count: fn(&OverlapRow) -> usize| rows.iter().filter(of_pair).map(count).max().unwrap_or(0);
    if largest(|row| row.i) <= largest(|row| row.j) {
        return (rows.into(), pair.clone());
    }
    let turn = |row: &OverlapRow| OverlapRow {
        first: row.second.clone(),
        second: row.first.clone(),
        i: row.j,
        j: row.i,
        ..row.clone()
    };
    let turned = rows.iter().filter(of_pair).map(turn).collect::<Vec<_>>();
    let pair = Pair {
        first: pair.second.clone(),
        second: pair.first.clone(),
        ..pair.clone()
    };
    (turned.into(), pair)
}
