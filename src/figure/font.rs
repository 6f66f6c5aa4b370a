//! The embedded fonts, and how wide text is in them.
//!
//! # Decisions
//!
//! - Text is placed run by run, with widths from the font itself. plotters has no rich text.

use std::sync::LazyLock;

use ttf_parser::Face;

use super::label::{Run, Text};

/// The family's name in every picture.
pub(super) const FAMILY: &str = "DejaVu Sans";
/// DejaVu Sans.
pub(super) const UPRIGHT: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");
/// DejaVu Sans Oblique.
pub(super) const OBLIQUE: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Oblique.ttf");

/// No text is set smaller, in points.
pub(super) const SMALLEST: f64 = 6.0;
/// Size of a subscript where that is not too small, and how far it is lowered, relative to the text.
const SUBSCRIPT: f64 = 0.72;
pub(super) const LOWERED: f64 = 0.18;
/// Height of a capital letter, relative to the size.
pub(super) const CAPITAL: f64 = 0.73;

static FACES: LazyLock<[Option<Face<'static>>; 2]> =
    LazyLock::new(|| [UPRIGHT, OBLIQUE].map(|font| Face::parse(font, 0).ok()));

/// The size of a run in a text of a size, in points.
pub(super) fn run_size(run: &Run, size: f64) -> f64 {
    if run.subscript {
        (size * SUBSCRIPT).max(SMALLEST).min(size)
    } else {
        size
    }
}

/// The width of a line of text at a size, in points.
pub(super) fn width(text: &Text, size: f64) -> f64 {
    text.0.iter().map(|run| run_width(run, size)).sum()
}

/// The width of a run, at the size of the text around it.
pub(super) fn run_width(run: &Run, size: f64) -> f64 {
    let size = run_size(run, size);
    let Some(face) = &FACES[usize::from(run.italic)] else {
        return 0.0;
    };
    let advance = |character| {
        let glyph = face.glyph_index(character).unwrap_or_default();
        f64::from(face.glyph_hor_advance(glyph).unwrap_or_default())
    };
    run.text.chars().map(advance).sum::<f64>() / f64::from(face.units_per_em()) * size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_used_has_a_glyph() {
        for face in FACES.iter() {
            let face = face.as_ref().unwrap();
            for character in "φΔσ‖√≤≥≈ᵀ′·×±↑↓…ABUVWijrdqkvo0123456789/(),= ".chars()
            {
                assert!(face.glyph_index(character).is_some(), "{character}");
            }
        }
    }

    #[test]
    fn widths_add_up_and_subscripts_are_smaller() {
        let a = Text::default().symbol("A");
        let both = a.clone().low("8");
        assert!((width(&a, 10.0) - 6.84).abs() < 0.01); // 1401/2048 em
        assert!((width(&both, 10.0) - width(&a, 10.0) - 0.72 * 6.36).abs() < 0.01);
        let low = &both.0[1];
        assert_eq!([6.0, 6.5, 8.0].map(|size| run_size(low, size)), [6.0; 3]);
        assert!((run_size(low, 10.0) - 7.2).abs() < 1e-9);
    }
}
