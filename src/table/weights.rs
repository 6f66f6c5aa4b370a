//! What tables of scores call the weights that were adapted.

use std::collections::BTreeSet;

use crate::paper::is_all_linear;

use super::scores::Score;
use super::text::Words;

/// The names of the weight types of a table: all types one by one, or in two words what stands for
/// all of a block.
pub(super) struct Names {
    /// The types that are called all linear, as in `weight_types`. In models whose blocks differ
    /// these words would stand for two things: none is.
    all_linear: Option<String>,
}

impl Names {
    /// Of the scores that a table shows.
    pub(super) fn of(scores: &[Score]) -> Self {
        let is_all = |score: &&Score| is_all_linear(&score.types());
        let all = scores.iter().filter(is_all);
        let all: BTreeSet<&String> = all.map(|score| &score.weight_types).collect();
        let mut all = all.into_iter();
        Names {
            all_linear: match (all.next(), all.next()) {
                (Some(one), None) => Some(one.clone()),
                _ => None,
            },
        }
    }

    /// W_q, W_v for `q+v`; `all linear` for all weights of a block.
    pub(super) fn words(&self, types: &str) -> Words {
        match &self.all_linear {
            Some(all) if all == types => Words::plain("all linear"),
            _ => one_by_one(types),
        }
    }

    /// Which weights are all linear, as a sentence with a space before it; empty where none are.
    pub(super) fn explained(&self) -> Words {
        match &self.all_linear {
            Some(all) => Words::plain(" All linear: ")
                .then(one_by_one(all))
                .then(Words::plain(".")),
            None => Words::default(),
        }
    }
}

fn one_by_one(types: &str) -> Words {
    let types: Vec<String> = types.split('+').map(String::from).collect();
    Words::weights(&types)
}

#[cfg(test)]
mod tests {
    use super::super::scores::{scores, tests::run};
    use super::*;

    #[test]
    fn seven_types_are_two_words_and_explained_once() {
        let all = "q+k+v+o+gate_proj+up_proj+down_proj";
        let t = ("t", "accuracy");
        let rows = [run(all, 4, 0, t, 0.5), run("q+v", 4, 0, t, 0.4)];
        let names = Names::of(&scores(&rows));
        assert_eq!(names.words(all).text, "all linear");
        assert_eq!(names.words("q+v").text, "W_q, W_v");
        let explained = names.explained();
        assert_eq!(
            explained.text,
            " All linear: W_q, W_k, W_v, W_o, W_gate_proj, W_up_proj, W_down_proj."
        );
        assert!(
            explained
                .latex
                .contains("$W_q, W_k, W_v, W_o, W_{\\mathrm{gate\\_proj}}")
        );
        assert!(Names::of(&scores(&rows[1..])).explained().text.is_empty());
        // Two kinds of blocks would share the words.
        let two = [rows[0].clone(), run("q+k+v+o+fc1+fc2", 4, 0, t, 0.4)];
        assert!(Names::of(&scores(&two)).words(all).text.starts_with("W_q"));
    }
}
