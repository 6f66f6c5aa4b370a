//! Colour maps: dark is low.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Colours for φ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// The paper's, seaborn's `rocket`.
    #[default]
    Rocket,
    /// matplotlib's default; survives greyscale and colour-blindness.
    Viridis,
    /// Made for colour-blind readers.
    Cividis,
    /// seaborn's `icefire`, for an excess over chance: dark in the middle, blue and lighter below, red
    /// and lighter above. Nobody chooses it.
    TwoSides,
}

/// A colour as red, green, blue.
pub(super) type Rgb = [u8; 3];

/// Every eighth of a map's 256 colours, and the last.
type Anchors = [Rgb; 33];

// Read off seaborn 0.13.2 and matplotlib 3.11.
const ROCKET: Anchors = [
    [3, 5, 26],
    [13, 10, 33],
    [24, 15, 41],
    [36, 20, 50],
    [48, 23, 58],
    [60, 26, 66],
    [72, 28, 72],
    [84, 30, 78],
    [97, 31, 83],
    [110, 31, 87],
    [123, 31, 89],
    [137, 30, 91],
    [151, 28, 91],
    [164, 25, 91],
    [178, 23, 88],
    [191, 22, 84],
    [203, 27, 79],
    [214, 36, 73],
    [223, 47, 68],
    [231, 61, 63],
    [236, 76, 62],
    [240, 92, 66],
    [242, 107, 73],
    [244, 122, 84],
    [245, 136, 96],
    [245, 150, 108],
    [246, 163, 122],
    [246, 176, 137],
    [246, 188, 153],
    [247, 201, 170],
    [248, 212, 188],
    [249, 224, 205],
    [250, 235, 221],
];
const VIRIDIS: Anchors = [
    [68, 1, 84],
    [71, 13, 96],
    [72, 24, 106],
    [72, 35, 116],
    [71, 45, 123],
    [69, 55, 129],
    [66, 64, 134],
    [62, 73, 137],
    [59, 82, 139],
    [55, 91, 141],
    [51, 99, 141],
    [47, 107, 142],
    [44, 114, 142],
    [41, 122, 142],
    [38, 130, 142],
    [35, 137, 142],
    [33, 145, 140],
    [31, 152, 139],
    [31, 160, 136],
    [34, 167, 133],
    [40, 174, 128],
    [50, 182, 122],
    [63, 188, 115],
    [78, 195, 107],
    [94, 201, 98],
    [112, 207, 87],
    [132, 212, 75],
    [152, 216, 62],
    [173, 220, 48],
    [194, 223, 35],
    [216, 226, 25],
    [236, 229, 27],
    [253, 231, 37],
];
const CIVIDIS: Anchors = [
    [0, 34, 78],
    [0, 40, 91],
    [0, 46, 106],
    [5, 51, 113],
    [26, 56, 111],
    [39, 62, 110],
    [50, 67, 109],
    [59, 73, 108],
    [67, 78, 108],
    [75, 84, 108],
    [83, 90, 109],
    [90, 95, 110],
    [97, 101, 111],
    [104, 106, 113],
    [111, 112, 115],
    [118, 118, 118],
    [125, 124, 120],
    [132, 130, 121],
    [140, 136, 120],
    [147, 142, 120],
    [155, 148, 118],
    [163, 154, 116],
    [171, 160, 114],
    [180, 167, 111],
    [188, 174, 108],
    [196, 180, 104],
    [205, 187, 99],
    [213, 194, 94],
    [222, 201, 88],
    [231, 209, 80],
    [240, 216, 70],
    [249, 224, 58],
    [254, 232, 56],
];

const ICEFIRE: Anchors = [
    [189, 231, 219],
    [167, 215, 213],
    [144, 200, 209],
    [120, 185, 206],
    [96, 171, 205],
    [76, 156, 205],
    [60, 140, 207],
    [55, 122, 208],
    [65, 103, 199],
    [73, 86, 179],
    [72, 73, 150],
    [65, 62, 119],
    [55, 53, 92],
    [45, 44, 69],
    [37, 37, 50],
    [32, 32, 37],
    [31, 30, 30],
    [41, 30, 32],
    [55, 32, 37],
    [72, 36, 44],
    [92, 41, 53],
    [114, 44, 61],
    [138, 46, 67],
    [162, 47, 68],
    [185, 53, 64],
    [204, 65, 57],
    [218, 83, 52],
    [230, 103, 52],
    [237, 126, 64],
    [242, 149, 88],
    [247, 171, 117],
    [251, 193, 146],
    [255, 212, 172],
];

impl Palette {
    /// Those that can be chosen.
    const ALL: [Palette; 3] = [Palette::Rocket, Palette::Viridis, Palette::Cividis];

    /// The colour of a level from 0 (low) to 255, between the nearest anchors.
    ///
    /// ```
    /// use lora_subspace::figure::Palette;
    /// assert_eq!(Palette::Rocket.colour(0), [3, 5, 26]);
    /// assert_eq!(Palette::Rocket.colour(255), [250, 235, 221]);
    /// ```
    pub fn colour(self, level: u8) -> [u8; 3] {
        let anchors = match self {
            Palette::Rocket => &ROCKET,
            Palette::Viridis => &VIRIDIS,
            Palette::Cividis => &CIVIDIS,
            Palette::TwoSides => &ICEFIRE,
        };
        let (place, step) = (usize::from(level) / 8, f64::from(level % 8));
        // The last anchor stands at 255, one short of a whole step.
        let width = if place == 31 { 7.0 } else { 8.0 };
        std::array::from_fn(|channel| {
            let (low, high) = (anchors[place][channel], anchors[place + 1][channel]);
            (f64::from(low) + (f64::from(high) - f64::from(low)) * step / width).round() as u8
        })
    }
}

impl fmt::Display for Palette {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Palette::Rocket => "rocket",
            Palette::Viridis => "viridis",
            Palette::Cividis => "cividis",
            Palette::TwoSides => "two-sides",
        })
    }
}

impl FromStr for Palette {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Palette::ALL
            .into_iter()
            .find(|palette| palette.to_string() == text)
            .ok_or_else(|| {
                Error::request(
                    format!("palette `{text}`"),
                    "there is no such palette",
                    "use rocket, viridis or cividis",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rocket_has_the_papers_colours() {
        for (level, colour) in [
            (32, [48, 23, 58]),
            (64, [97, 31, 83]),
            (96, [151, 28, 91]),
            (128, [203, 27, 79]),
            (160, [236, 76, 62]),
            (192, [245, 136, 96]),
            (224, [246, 188, 153]),
        ] {
            assert_eq!(Palette::Rocket.colour(level), colour, "{level}");
        }
    }

    #[test]
    fn two_sides_are_darkest_in_the_middle() {
        let light = |level: u8| {
            let [r, g, b] = Palette::TwoSides.colour(level).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for step in (0..120).step_by(8) {
            assert!(light(step) > light(step + 8), "below: {step}");
            assert!(light(255 - step) > light(247 - step), "above: {step}");
        }
        let [[less, _, blue], [red, _, more]] =
            [32, 223].map(|level| Palette::TwoSides.colour(level));
        assert!(blue > less && red > more, "cold below, warm above");
    }

    #[test]
    fn light_rises_with_the_level() {
        let light = |palette: Palette, level: u8| {
            let [r, g, b] = palette.colour(level).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for palette in Palette::ALL {
            for level in (0..240).step_by(16) {
                assert!(
                    light(palette, level + 15) > light(palette, level),
                    "{palette} {level}"
                );
            }
        }
    }
}
