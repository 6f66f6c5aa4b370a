//! Which adapters have a line or maps of their own, where not all have room.

use super::heat::Ranked;
use super::label::Text;

/// So many spectra are drawn at most: as many as lines have dashes of their own.
const SPECTRA: usize = 5;
/// So many adapters have maps at most.
const MAPS: usize = 3;
/// Up to so many adapters of one rank are drawn, where all have that.
const ALIKE: usize = 3;

/// The adapters whose spectra are drawn, by rank: the first of each rank, and of more than five the
/// smallest, the largest and three between. Up to three that have one rank are all drawn.
///
/// ```
/// use lora_subspace::figure::{Ranked, drawn_spectra};
/// let adapters = [("r8-seed0", 8), ("r8-seed1", 8), ("r4", 4)];
/// let adapters = adapters.map(|(name, rank)| Ranked { name: name.into(), rank });
/// let drawn = drawn_spectra(&adapters);
/// assert_eq!([&*drawn[0].name, &*drawn[1].name], ["r4", "r8-seed0"]);
/// assert_eq!(drawn_spectra(&adapters[..2]).len(), 2);
/// ```
pub fn drawn_spectra(adapters: &[Ranked]) -> Vec<&Ranked> {
    spread(one_a_rank(adapters), SPECTRA)
}

/// The adapters that have maps: chosen in the same way, three at most.
pub fn mapped(adapters: &[Ranked]) -> Vec<&Ranked> {
    spread(one_a_rank(adapters), MAPS)
}

/// `r = 8`, or the adapter's name where another has its rank.
pub(super) fn label(adapter: &Ranked, all: &[&Ranked]) -> Text {
    match all.iter().filter(|one| one.rank == adapter.rank).count() {
        1 => adapter.words(),
        _ => Text::plain(&adapter.name),
    }
}

/// Which adapter has which rank, `r = 4: r4-seed0; r = 8: r8-seed0.`, and what is said then. Either may
/// be nothing.
pub(super) fn told(adapters: &[&Ranked], then: &str) -> String {
    let one = |adapter: &&Ranked| format!("r = {}: {}", adapter.rank, adapter.name);
    let with_rank = adapters.iter().filter(|adapter| adapter.rank > 0);
    let all: Vec<String> = with_rank.map(one).collect();
    let ranks = (!all.is_empty()).then(|| format!("{}.", all.join("; ")));
    let sentences = ranks.as_deref().into_iter().chain([then]);
    let said: Vec<&str> = sentences.filter(|words| !words.is_empty()).collect();
    said.join(" ")
}

/// The first of each rank, by rank; all, where they are few and have one.
fn one_a_rank(adapters: &[Ranked]) -> Vec<&Ranked> {
    let mut drawn: Vec<&Ranked> = adapters.iter().collect();
    drawn.sort_by_key(|adapter| adapter.order());
    let is_one_rank = drawn.windows(2).all(|pair| pair[0].rank == pair[1].rank);
    if !is_one_rank || drawn.len() > ALIKE {
        drawn.dedup_by_key(|adapter| adapter.rank);
    }
    drawn
}

/// At most so many, evenly, the first and the last among them.
fn spread(adapters: Vec<&Ranked>, most: usize) -> Vec<&Ranked> {
    let Some(last) = adapters.len().checked_sub(1).filter(|&last| last >= most) else {
        return adapters;
    };
    let at = |number: usize| adapters[number * last / (most - 1)];
    (0..most).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ranks: &[usize]) -> Vec<Ranked> {
        let ranked = |&rank: &usize| Ranked {
            name: format!("r{rank}"),
            rank,
        };
        ranks.iter().map(ranked).collect()
    }

    #[test]
    fn many_ranks_are_thinned_from_both_ends() {
        let nine = of(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let ranks = |drawn: Vec<&Ranked>| drawn.iter().map(|one| one.rank).collect::<Vec<_>>();
        assert_eq!(ranks(drawn_spectra(&nine)), [1, 3, 5, 7, 9]);
        assert_eq!(ranks(mapped(&nine)), [1, 5, 9]);
        assert_eq!(ranks(mapped(&nine[..3])), [1, 2, 3]);
    }

    #[test]
    fn few_of_one_rank_are_all_drawn_and_many_are_not() {
        assert_eq!(mapped(&of(&[8, 8, 8])).len(), 3);
        assert_eq!(mapped(&of(&[8, 8, 8, 8])).len(), 1);
        assert_eq!(mapped(&of(&[8, 4, 8])).len(), 2);
        assert!(mapped(&[]).is_empty());
    }
}
