//! Panels of φ to a chart: the bar and the words that the figures have in common.

use crate::error::Result;
use crate::figure::Options;
use crate::figure::label::{Text, directions, in_words, phi, primed};
use crate::paper::Figure;

use super::chart::{Bar, Chart, Panel};
use super::grids::Grids;
use super::select::Pair;
use super::shown::Shown;

/// Height over width of figure 8's panels: i runs over 10 % of d, j to 4.
const TALL: f64 = 1.6;

/// What stands above the panels and below them.
pub(super) struct Words {
    pub(super) heading: Text,
    pub(super) footer: Vec<String>,
}

impl Words {
    /// Of two ranks: φ(A_{r=8}, A_{r=64}, i, j), and what the directions are and what chance is.
    pub(super) fn of_ranks(grids: &Grids, pair: &Pair, shown: &Shown, place: &str) -> Self {
        let (first, second) = grids.ranks();
        let heading = phi(
            directions(shown.basis, Some(first)),
            directions(shown.basis, Some(second)),
        );
        let mean = pair.mean_in_words();
        let mean = mean.map_or(String::new(), |mean| format!(", {mean}"));
        Words {
            heading: with_words(heading, pair, shown),
            footer: vec![format!(
                "{} (i) against {} (j){mean}{place}; {}. Strips along the edges and mark on the bar: chance, max(i,\u{a0}j)/d, d = {}.",
                pair.first,
                pair.second,
                in_words(shown.basis),
                grids.dimensions()
            )],
        }
    }

    /// The same of two seeds, the second with a prime: φ(A_{r=64}, A'_{r=64}, i, j).
    pub(super) fn of_seeds(grids: &Grids, pair: &Pair, shown: &Shown, place: &str) -> Self {
        let (first, second) = grids.ranks();
        let heading = phi(
            directions(shown.basis, Some(first)),
            primed(directions(shown.basis, Some(second))),
        );
        Words {
            heading: with_words(heading, pair, shown),
            ..Self::of_ranks(grids, pair, shown, place)
        }
    }
}

/// A heading with what tells the modules from others, and how many pairs a group's figure is the mean
/// of.
fn with_words(heading: Text, pair: &Pair, shown: &Shown) -> Text {
    let words = pair.mean_in_words().unwrap_or_default();
    let words = [shown.within, words.as_str()];
    let words = words.iter().filter(|words| !words.is_empty());
    words.fold(heading, |heading, words| {
        heading.upright(&format!(", {words}"))
    })
}

impl Chart {
    /// A figure of φ, with a bar over the values and the chance levels of its grids.
    ///
    /// # Errors
    ///
    /// Those of [`Bar::over`].
    pub(super) fn of_phi(
        figure: Figure,
        panels: Vec<Vec<Panel>>,
        grids: &Grids,
        words: Words,
        options: &Options,
    ) -> Result<Self> {
        let is_against_base = figure == Figure::Eight;
        Ok(Chart {
            name: figure.stem(),
            heading: words.heading,
            bar: Bar::over(&panels, options.range, grids.chance(), !is_against_base)?,
            row_labels: vec![Text::default(); panels.len()],
            panels,
            aspect: if is_against_base { TALL } else { 1.0 },
            footer: words.footer,
            palette: options.palette,
        })
    }
}
