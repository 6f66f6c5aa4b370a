//! Panels of φ to a chart: the bar and the words that the figures have in common.

use crate::error::Result;
use crate::figure::label::{Text, directions, in_words, phi, primed};
use crate::figure::{Options, Palette};
use crate::paper::{Figure, Show};

use super::bar::Bar;
use super::chart::{Chart, Panel, values_of};
use super::excess::excess;
use super::grids::Grids;
use super::pair::Pair;
use super::shown::Shown;

/// Height over width of figure 8's panels: i runs over 10 % of d, j to 4.
const TALL: f64 = 1.6;
/// Bars end at a multiple of this; that of figure 8, whose values are small, at one of the second.
const STEP: f64 = 0.1;
const FINE_STEP: f64 = 0.01;

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
                "{} (i) against {} (j){mean}{place}; {}. {}",
                pair.first,
                pair.second,
                in_words(shown.basis),
                chance_in_words(shown.options.show, &grids.dimensions())
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

/// What stands for chance, in spaces of some dimensions.
pub(super) fn chance_in_words(show: Show, dimensions: &str) -> String {
    let what = match show {
        Show::Overlap => "Strips along the edges and the mark on the bar show chance,",
        Show::Excess => {
            "Excess: (φ − chance)/(1 − chance). It is 0 at chance, and 1 where one subspace contains \
             the other. Values beyond the bar have the colour of its end. Chance is"
        }
    };
    format!("{what} max(i,\u{a0}j)/d, d = {dimensions}.")
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
        let step = if is_against_base { FINE_STEP } else { STEP };
        let (panels, chance) = match options.show {
            Show::Overlap => (panels, grids.chance()),
            Show::Excess => {
                let row = |row: Vec<Panel>| row.into_iter().map(excess).collect();
                (panels.into_iter().map(row).collect(), Some((0.0, 0.0)))
            }
        };
        let heading = match options.show {
            Show::Excess if !words.heading.0.is_empty() => {
                Text::plain("excess of ").then(words.heading)
            }
            _ => words.heading,
        };
        Ok(Chart {
            name: figure.stem(),
            heading,
            bar: Bar::over(
                values_of(&panels),
                options.range,
                (chance, options.show),
                step,
            )?,
            row_labels: vec![Text::default(); panels.len()],
            panels,
            aspect: if is_against_base { TALL } else { 1.0 },
            footer: words.footer,
            palette: match options.show {
                Show::Overlap => options.palette,
                Show::Excess => Palette::TwoSides,
            },
        })
    }
}
