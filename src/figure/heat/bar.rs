//! The colour bar: which colour is which value.

use crate::error::{Error, Result};
use crate::figure::Palette;
use crate::figure::numbers::{ends, two_digits};
use crate::figure::palette::Rgb;
use crate::paper::Show;
use crate::table::rows::round_to;

/// The colour bar says which colour is which value.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// Value of the first colour.
    pub low: f64,
    /// Value of the last colour.
    pub high: f64,
    /// Values that are labelled.
    pub ticks: Vec<f64>,
    /// Smallest and largest chance level of the cells drawn.
    pub chance: Option<(f64, f64)>,
    /// What the values are; those of an excess have two sides, with 0 between them.
    pub show: Show,
}

impl Bar {
    /// A bar over `range`, or from 0 to the largest of the values rounded up to a multiple of `step`;
    /// of an excess from the least value rounded down, where some value is below 0, but no farther
    /// from 0 than the other end.
    ///
    /// # Errors
    ///
    /// [`Error::Table`] when a fixed range is empty.
    pub fn over(
        values: impl IntoIterator<Item = f64>,
        range: Option<(f64, f64)>,
        (chance, show): (Option<(f64, f64)>, Show),
        step: f64,
    ) -> Result<Self> {
        let up = |value: f64| (value / step - 1e-8).ceil() * step;
        let (low, high) = match (range, ends(values)) {
            (Some(range), _) => range,
            // Nothing to show: every cell is undefined.
            (None, None) => (0.0, 1.0),
            (None, Some([least, most])) => {
                let high = round_to(up(most).clamp(step, 1.0), 9);
                // Where chance is near 1 an excess may be far below 0: it must not hide the others.
                let low = round_to(up(-least), 9).clamp(0.0, high);
                (-low, high)
            }
        };
        if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            return Err(Error::Table {
                what: "colour range".into(),
                problem: format!("{low} to {high} is empty"),
                remedy: "give a low end below the high end",
            });
        }
        Ok(Bar {
            low,
            high,
            ticks: bar_ticks(low, high),
            chance,
            show,
        })
    }

    /// The ticks' labels, with as many decimals as they need together: 0.10, 0.15, 0.20.
    pub fn labels(&self) -> Vec<String> {
        let exact = |places: usize| {
            let scale = 10f64.powi(places as i32);
            let whole = |tick: &f64| ((tick * scale).round() - tick * scale).abs() < 1e-6;
            self.ticks.iter().all(whole)
        };
        let places = (0..3).find(|&places| exact(places)).unwrap_or(3);
        let label = |tick: &f64| format!("{tick:.places$}").replace('-', "−");
        self.ticks.iter().map(label).collect()
    }

    /// What stands at the mark of chance, in two lines: `chance` and its number, or its ends where the
    /// lower one is not as good as 0 beside the upper one.
    pub(super) fn chance_in_words(&self) -> Option<[String; 2]> {
        let (least, most) = self.chance?;
        let range = match (two_digits(least), two_digits(most)) {
            (_, most_words) if least < most / 10.0 => format!("≤ {most_words}"),
            (least, most) if least == most => most,
            (least, most) => format!("{least}–{most}"),
        };
        Some(["chance".into(), range])
    }

    /// The colour level of a value, clipped to the range.
    pub fn level(&self, value: f64) -> u8 {
        (((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0) * 255.0).round() as u8
    }

    /// The colours of the levels, from 0 to 255. Of an excess, values equally far from 0 have colours
    /// equally far from the palette's middle.
    pub fn colours(&self, palette: Palette) -> Vec<Rgb> {
        let farthest = self.low.abs().max(self.high.abs());
        let colour = |level: u8| match self.show {
            Show::Overlap => palette.colour(level),
            Show::Excess => {
                let value = self.low + f64::from(level) / 255.0 * (self.high - self.low);
                palette.colour((127.5 * (value / farthest + 1.0)).round() as u8)
            }
        };
        (0..=255).map(colour).collect()
    }
}

/// Round values in a range, at most six.
fn bar_ticks(low: f64, high: f64) -> Vec<f64> {
    // Whole numbers of a thousandth avoid sums of rounded steps.
    let (low, high) = (
        (low * 1000.0).round() as i64,
        (high * 1000.0).round() as i64,
    );
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
        .into_iter()
        .find(|step| (high - low) / step <= 5)
        .unwrap_or(high - low);
    let first = (low + step - 1).div_euclid(step) * step;
    (first..=high)
        .step_by(step.max(1) as usize)
        .map(|tick| tick as f64 / 1000.0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAP: (Option<(f64, f64)>, Show) = (None, Show::Overlap);

    fn over(values: [f64; 2], show: Show, step: f64) -> Bar {
        Bar::over(values, None, (None, show), step).unwrap()
    }

    #[test]
    fn bars_begin_at_nothing() {
        let ends = |bar: Bar| (bar.low, bar.high);
        assert_eq!(ends(over([0.31, 0.42], Show::Overlap, 0.1)), (0.0, 0.5));
        assert_eq!(ends(over([0.09, 0.205], Show::Overlap, 0.01)), (0.0, 0.21));
        assert_eq!(ends(over([0.01, 0.02], Show::Overlap, 0.1)), (0.0, 0.1));
        assert_eq!(ends(over([1.0, 0.3], Show::Overlap, 0.1)), (0.0, 1.0));
        assert_eq!(ends(over([-0.02, 0.32], Show::Excess, 0.1)), (-0.1, 0.4));
        assert_eq!(ends(over([0.2, 0.32], Show::Excess, 0.1)), (0.0, 0.4));
        assert_eq!(ends(over([-4.4, 0.9], Show::Excess, 0.1)), (-0.9, 0.9));
    }

    #[test]
    fn bars_have_round_ticks() {
        assert_eq!(bar_ticks(0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(bar_ticks(0.0, 0.5), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(bar_ticks(0.0, 0.8), [0.0, 0.2, 0.4, 0.6, 0.8]);
        assert_eq!(bar_ticks(0.09, 0.21), [0.1, 0.15, 0.2]);
        assert_eq!(bar_ticks(-0.1, 0.8), [0.0, 0.2, 0.4, 0.6, 0.8]);
    }

    #[test]
    fn the_labels_of_a_bar_have_equal_decimals() {
        let labels = |low, high| {
            Bar::over([], Some((low, high)), OVERLAP, 0.1)
                .unwrap()
                .labels()
        };
        assert_eq!(labels(0.0, 0.5), ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(labels(0.09, 0.21), ["0.10", "0.15", "0.20"]);
        assert_eq!(labels(0.001, 0.004), ["0.001", "0.002", "0.003", "0.004"]);
        assert_eq!(labels(-0.2, 0.2), ["−0.2", "−0.1", "0.0", "0.1", "0.2"]);
    }

    #[test]
    fn chance_stands_at_its_mark_with_its_number() {
        let words = |least: f64, most: f64| {
            let chance = Some((least, most));
            let bar = Bar::over([], None, (chance, Show::Overlap), 0.1).unwrap();
            bar.chance_in_words().unwrap()[1].clone()
        };
        assert_eq!(words(1.0 / 384.0, 64.0 / 384.0), "≤ 0.17");
        assert_eq!(words(1.0 / 12288.0, 64.0 / 12288.0), "≤ 0.0052");
        assert_eq!(words(401.0 / 12288.0, 1228.0 / 12288.0), "0.033–0.10");
        assert_eq!(words(0.25, 0.25), "0.25");
        assert_eq!(words(0.0, 0.0), "0");
    }

    #[test]
    fn levels_span_the_range_and_are_clipped() {
        let bar = Bar::over([], Some((0.0, 0.5)), OVERLAP, 0.1).unwrap();
        let levels = [-1.0, 0.25, 0.5, 2.0].map(|value| bar.level(value));
        assert_eq!(levels, [0, 128, 255, 255]);
        assert_eq!(
            bar.colours(Palette::Viridis)[128],
            Palette::Viridis.colour(128)
        );
        assert!(Bar::over([], Some((0.5, 0.5)), OVERLAP, 0.1).is_err());
    }

    #[test]
    fn an_excess_of_none_is_darkest() {
        let bar = Bar::over([], Some((-0.2, 0.8)), (None, Show::Excess), 0.1).unwrap();
        let colours = bar.colours(Palette::TwoSides);
        let colour = |value: f64| colours[usize::from(bar.level(value))];
        assert_eq!(colour(0.0), Palette::TwoSides.colour(128));
        assert_eq!(colour(0.8), Palette::TwoSides.colour(255));
        assert_eq!(colour(-0.2), Palette::TwoSides.colour(96));
    }
}
