//! Maps as plain data: cells, scales, and the words around them.

use ndarray::Array2;

use crate::figure::Palette;
use crate::figure::label::Text;
use crate::figure::numbers::two_digits;

/// The lightest level of a palette that is used: lighter ones look like cells without a value.
pub(in crate::figure) const LIGHTEST: u8 = 230;

/// Maps of several quantities over the layers and the modules of some adapters, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct Maps {
    /// The name of its files, without an ending: `sizes`.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub about: String,
    /// One adapter each, downward.
    pub groups: Vec<MapGroup>,
    /// The layers, a row of cells each; `None` is of modules without a number.
    pub layers: Vec<Option<usize>>,
    /// What the modules are called, a column of cells each.
    pub modules: Vec<String>,
    /// Small lines below say what the quantities are.
    pub footer: Vec<String>,
    /// The colours of cells and bars, dark is low.
    pub palette: Palette,
}

/// The maps of one adapter.
#[derive(Debug, Clone, PartialEq)]
pub struct MapGroup {
    /// It stands left of them and says whose they are: `r = 8`.
    pub label: String,
    /// A map each quantity, the same quantities in all groups.
    pub maps: Vec<Map>,
}

/// One quantity over layers (down) and modules (across).
#[derive(Debug, Clone, PartialEq)]
pub struct Map {
    /// It stands above and names the quantity.
    pub title: Text,
    /// The values; `None` is of a module that was not measured, and is drawn pale.
    pub cells: Array2<Option<f64>>,
    /// Which colour is which value.
    pub scale: Scale,
    /// Whether values are counted: they are then printed without decimals.
    pub is_whole: bool,
}

/// Colours from 0 up.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// Value of the lightest colour.
    pub high: f64,
    /// Values that are labelled, from 0.
    pub ticks: Vec<f64>,
    /// Their labels.
    pub labels: Vec<String>,
    /// The least and the largest chance level of the cells, where it is known; it may be beyond `high`.
    pub chance: Option<[f64; 2]>,
}

impl Scale {
    /// From 0 to a round number at or above the largest of some values, with at most six ticks; those
    /// of counts are whole.
    pub fn over(values: impl Iterator<Item = f64>, is_whole: bool) -> Self {
        let most = values.fold(0.0, f64::max);
        let most = if most > 0.0 { most } else { 1.0 };
        let rough = most / 4.0;
        let power = rough.log10().floor() as i32;
        let unit = 10f64.powi(power);
        let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
        let fits = |factor: &&f64| {
            let step = *factor * unit;
            step >= rough * 0.999 && !(is_whole && step.fract() > 1e-9)
        };
        let step = factors.iter().find(fits).unwrap_or(&10.0) * unit;
        let count = (most / step - 1e-9).ceil().max(1.0) as usize;
        let ticks: Vec<f64> = (0..=count).map(|n| n as f64 * step).collect();
        let exact = |places: usize| {
            let scaled = step * 10f64.powi(places as i32);
            (scaled - scaled.round()).abs() < 1e-6
        };
        let places = (0..5).find(|&places| exact(places));
        let label = |tick: &f64| match places {
            Some(places) if most < 1e5 => format!("{tick:.places$}"),
            _ => two_digits(*tick),
        };
        Scale {
            high: count as f64 * step,
            labels: ticks.iter().map(label).collect(),
            ticks,
            chance: None,
        }
    }

    /// `chance 3.4`, or `chance 3.1–3.4`.
    pub fn chance_words(&self) -> Option<String> {
        let words = match self.chance?.map(two_digits) {
            [least, most] if least == most => format!("chance {least}"),
            [least, most] => format!("chance {least}–{most}"),
        };
        Some(words)
    }

    /// The colour level of a value, from 0 to the lightest that is used.
    pub fn level(&self, value: f64) -> u8 {
        ((value / self.high).clamp(0.0, 1.0) * f64::from(LIGHTEST)).round() as u8
    }
}

impl Map {
    /// What stands in a cell of a value.
    pub(in crate::figure) fn printed(&self, value: f64) -> String {
        match self.is_whole {
            true => format!("{value:.0}"),
            false => two_digits(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_has_its_number() {
        let words = |chance| {
            let scale = Scale::over(std::iter::empty(), false);
            Scale { chance, ..scale }.chance_words()
        };
        assert_eq!(words(Some([3.41, 3.44])).unwrap(), "chance 3.4");
        assert_eq!(words(Some([5.9, 46.0])).unwrap(), "chance 5.9–46");
        assert_eq!(words(None), None);
    }

    #[test]
    fn scales_begin_at_0_and_end_at_a_round_number() {
        let of = |most: f64| Scale::over([most].into_iter(), false);
        let labels = |most: f64| of(most).labels.join(" ");
        assert_eq!(labels(1.0), "0.00 0.25 0.50 0.75 1.00");
        assert_eq!(labels(0.34), "0.0 0.1 0.2 0.3 0.4");
        assert_eq!(labels(7.0), "0 2 4 6 8");
        assert_eq!(labels(0.0), "0.00 0.25 0.50 0.75 1.00");
        let whole = |most: f64| Scale::over([most].into_iter(), true).labels.join(" ");
        assert_eq!(
            (whole(1.0).as_str(), whole(9.0).as_str()),
            ("0 1", "0 5 10")
        );
        assert_eq!(labels(3e-6), "0 1.0e-6 2.0e-6 3.0e-6");
        for most in [0.07, 0.1, 0.5, 1.0, 3.0, 37.0, 64.0, 1e4] {
            let scale = of(most);
            assert!(scale.high >= most && scale.ticks.len() <= 6, "{scale:?}");
            assert_eq!(scale.level(scale.high), LIGHTEST);
            assert_eq!((scale.ticks[0], scale.level(0.0)), (0.0, 0));
        }
    }
}
