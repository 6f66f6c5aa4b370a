//! Maps of many adapters as plain data.

use ndarray::Array2;

use crate::figure::label::Text;
use crate::figure::maps::Scale;
use crate::figure::palette::{Palette, Rgb};
use crate::measure::Basis;
use crate::measure::linkage::Merge;

/// Colours of names that eyes with any colour vision tell apart (Okabe & Ito 2008, then Tol's muted ones), without
/// black.
const COLOURS: [Rgb; 12] = [
    [0, 114, 178],
    [230, 159, 0],
    [0, 158, 115],
    [204, 121, 167],
    [86, 180, 233],
    [213, 94, 0],
    [240, 228, 66],
    [51, 34, 136],
    [136, 34, 85],
    [153, 153, 51],
    [68, 170, 153],
    [221, 221, 221],
];
/// Numbers have a scale: the first strip of them this one, others the next.
const SCALES: [Palette; 2] = [Palette::Cividis, Palette::Viridis];

/// What each two of many adapters share, a map a projection, as plain data.
#[derive(Debug, Clone, PartialEq)]
pub struct ManyMaps {
    /// The name of its files, without an ending: `many`.
    pub name: String,
    /// What it shows, for those who do not see it.
    pub about: String,
    /// The adapters from the left to the right, and downward.
    pub adapters: Vec<String>,
    /// How they were put together. A cluster is a place of `adapters`, or N and more for the merges so far.
    pub merges: Vec<Merge>,
    /// What adapters have in common, a strip each.
    pub strips: Vec<Strip>,
    /// A map each projection.
    pub maps: Vec<ManyMap>,
    /// Which colour is which value.
    pub scale: Scale,
    /// What the two triangles show: below the diagonal, and above it.
    pub bases: [Basis; 2],
    /// Small lines below.
    pub footer: Vec<String>,
    /// The colours of cells and bar, dark is low.
    pub palette: Palette,
}

/// What a triangle shows, in a word.
pub(in crate::figure) fn side(basis: Basis) -> &'static str {
    match basis {
        Basis::A => "A",
        Basis::B => "B",
        Basis::DeltaRight => "in",
        Basis::DeltaLeft => "out",
    }
}

/// One map.
#[derive(Debug, Clone, PartialEq)]
pub struct ManyMap {
    /// It stands above.
    pub title: Text,
    /// Values of rows and columns in the order of the adapters; `None` on the diagonal and where nothing is known.
    pub cells: Array2<Option<f64>>,
}

/// A label of the adapters, as a strip of colours.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// `task`
    pub title: String,
    /// The number of each adapter's value, in the order of the adapters.
    pub values: Vec<Option<usize>>,
    /// What the values are called.
    pub names: Vec<String>,
}

impl Strip {
    /// The colour of a value; `number` is how many strips of numbers come before.
    fn colour(&self, value: usize, number: usize) -> Rgb {
        match self.is_of_numbers() || !self.is_named() {
            true => {
                let last = (self.names.len() - 1).max(1);
                SCALES[number % SCALES.len()].colour((value * 255 / last).min(255) as u8)
            }
            false => COLOURS[value % COLOURS.len()],
        }
    }

    /// Whether its values are numbers, which have an order.
    fn is_of_numbers(&self) -> bool {
        self.names.iter().all(|name| name.parse::<u64>().is_ok())
    }

    /// Whether each value is named below.
    pub(super) fn is_named(&self) -> bool {
        self.names.len() <= COLOURS.len()
    }
}

/// The colour of a value of one of several strips.
pub(super) fn colour(strips: &[Strip], strip: usize, value: usize) -> Rgb {
    let before = strips[..strip].iter().filter(|strip| strip.is_of_numbers());
    strips[strip].colour(value, before.count())
}
