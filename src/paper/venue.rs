//! Page and type sizes of the places where figures are printed.

use std::str::FromStr;

use crate::error::{Error, Result};

use super::named;

named! {
    /// Where a figure will be printed.
    ///
    /// ```
    /// use lora_subspace::paper::Venue;
    /// assert_eq!("icml".parse::<Venue>().unwrap(), Venue::Icml);
    /// assert!("nature".parse::<Venue>().is_err());
    /// ```
    #[derive(Default)]
    Venue {
        /// LaTeX's `article`: as wide as the panels need, up to its text.
        #[default]
        Plain = "plain",
        /// Two columns.
        Icml = "icml",
        /// One column.
        Neurips = "neurips",
        /// One column.
        Iclr = "iclr",
        /// Two columns on A4, as all venues of the ACL.
        Acl = "acl",
        /// Two columns.
        Cvpr = "cvpr",
        /// One column.
        Colm = "colm",
        /// One column.
        Tmlr = "tmlr",
        /// Two columns.
        Aaai = "aaai",
        /// One column.
        Jmlr = "jmlr",
    }
}

/// Sizes in points of 1/72 inch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Page {
    /// Width of a column, and of all columns with what is between them.
    pub(crate) column: f64,
    pub(crate) text: f64,
    /// Figures are no taller.
    pub(crate) height: f64,
    /// Whether a figure is exactly as wide as the column or the text, so that it needs no scaling.
    pub(crate) is_exact: bool,
    /// Sizes of type. A heading is a point larger than a title.
    pub(crate) title: f64,
    pub(crate) tick: f64,
    pub(crate) footer: f64,
}

const INCH: f64 = 72.0;
const CENTIMETRE: f64 = INCH / 2.54;
/// A point of TeX, of which an inch has 72.27.
const TEX_POINT: f64 = INCH / 72.27;
/// Room that a figure leaves for its caption.
const CAPTION: f64 = 0.7 * INCH;

/// `\columnwidth` of LaTeX's `article` in two columns, in TeX's points: half of a `\textwidth` of
/// 469 pt, less a `\columnsep` of 10 pt.
const ARTICLE_COLUMN: f64 = 229.5;

impl Page {
    /// A screen of 360 points of CSS less what is around a picture, at the scale of the report: two
    /// panels do not fit side by side.
    pub(crate) fn telephone() -> Self {
        Page {
            column: 2.5 * INCH,
            text: 2.5 * INCH,
            height: 24.0 * INCH,
            ..Venue::Plain.page()
        }
    }
}

impl Venue {
    /// Widths of a column and of the text in TeX's points, of which an inch has 72.27, for tables.
    ///
    /// A column of `plain` is one of `article` in two columns, and its text that of one column: such
    /// a table fits both.
    ///
    /// ```
    /// use lora_subspace::paper::Venue;
    /// assert_eq!(Venue::Plain.widths(), [229.5, 345.0]);
    /// let [column, text] = Venue::Cvpr.widths();
    /// assert!((column - 3.28125 * 72.27).abs() < 1e-9 && (text - 6.875 * 72.27).abs() < 1e-9);
    /// ```
    pub fn widths(self) -> [f64; 2] {
        let page = self.page();
        let text = page.text / TEX_POINT;
        match self {
            Venue::Plain => [ARTICLE_COLUMN, text],
            _ => [page.column / TEX_POINT, text],
        }
    }

    /// Widths and heights are those of the style files. A column is half of the text less what is
    /// between the two. A figure is 0.7 in lower than the text, for its caption.
    ///
    /// | venue | file | lengths |
    /// |:--|:--|:--|
    /// | `plain` | `size10.clo` of `article` on letter paper | `\textwidth` 345 pt, `\textheight` 550 pt |
    /// | `icml` | `icml2025.sty` | `\columnwidth` 234.88 pt, `\textwidth` 487.82 pt, `\textheight` 9 in |
    /// | `neurips` | `neurips_2024.sty` | `\textwidth` 5.5 in, `\textheight` 9 in |
    /// | `iclr` | `iclr2025_conference.sty` | `\textwidth` 5.5 in, `\textheight` 9 in |
    /// | `acl` | `acl.sty` | A4, margins 2.5 cm, `\columnsep` 0.6 cm |
    /// | `cvpr` | `cvpr.sty` (2025) | `\textwidth` 6.875 in, `\columnsep` 0.3125 in, `\textheight` 8.875 in |
    /// | `colm` | `colm2025_conference.sty` | `\textwidth` 5.5 in, `\textheight` 9 in |
    /// | `tmlr` | `tmlr.sty` | `\textwidth` 6.5 in, `\textheight` 9 in |
    /// | `aaai` | `aaai25.sty` | `\textwidth` 7 in, `\columnsep` 0.375 in, `\textheight` 9 in |
    /// | `jmlr` | `jmlr2e.sty` | `\textwidth` 6 in, `\textheight` 8.5 in |
    ///
    /// Captions are set in Times of 9 pt (ICML, CVPR) or in 10 pt. DejaVu Sans looks as large as
    /// Times a fifth larger (its x is 0.55 of its size, Times' 0.45), so that 8 and 8.5 stand well
    /// beside them; nothing is below 6 pt, subscripts neither. Columns have the smaller ones, for
    /// room.
    pub(crate) fn page(self) -> Page {
        let small = Page {
            column: 345.0 * TEX_POINT,
            text: 345.0 * TEX_POINT,
            height: 550.0 * TEX_POINT - CAPTION,
            is_exact: false,
            title: 8.0,
            tick: 6.5,
            footer: 6.5,
        };
        let two_columns = |column: f64, text: f64, height: f64| Page {
            column,
            text,
            height: height - CAPTION,
            is_exact: true,
            ..small
        };
        let one_column = |text: f64, height: f64| Page {
            title: 8.5,
            tick: 7.0,
            footer: 7.0,
            ..two_columns(text, text, height)
        };
        let letter = |text: f64, between: f64, height: f64| {
            let column = (text - between) / 2.0 * INCH;
            two_columns(column, text * INCH, height * INCH)
        };
        match self {
            Venue::Plain => small,
            Venue::Icml => letter(6.75, 0.25, 9.0),
            Venue::Neurips | Venue::Iclr | Venue::Colm => one_column(5.5 * INCH, 9.0 * INCH),
            Venue::Acl => two_columns(7.7 * CENTIMETRE, 16.0 * CENTIMETRE, 24.7 * CENTIMETRE),
            Venue::Cvpr => letter(6.875, 0.3125, 8.875),
            Venue::Tmlr => one_column(6.5 * INCH, 9.0 * INCH),
            Venue::Aaai => letter(7.0, 0.375, 9.0),
            Venue::Jmlr => one_column(6.0 * INCH, 8.5 * INCH),
        }
    }

    /// The names of all venues as a sentence has them: `plain, icml or acl`.
    pub(crate) fn choices() -> String {
        match Venue::NAMES.split_last() {
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

impl FromStr for Venue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let named = Venue::ALL.into_iter().find(|venue| venue.name() == text);
        named.ok_or_else(|| {
            Error::request(
                format!("venue `{text}`"),
                "its page sizes are not known",
                format!("use {}", Venue::choices()),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_venue_is_told_of_all_venues() {
        let error = "nature".parse::<Venue>().unwrap_err().to_string();
        for name in Venue::NAMES {
            assert!(error.contains(name), "{name} is not in {error}");
        }
    }

    #[test]
    fn a_figure_and_its_caption_fit_the_text_of_every_venue() {
        for venue in Venue::ALL {
            let page = venue.page();
            let [column, text] = venue.widths();
            assert!(column <= text && page.column <= page.text, "{venue}");
            assert!((page.text / TEX_POINT - text).abs() < 1e-9, "{venue}");
            assert!(
                page.height > 6.0 * INCH && page.height < 9.1 * INCH,
                "{venue}"
            );
            // Two columns, with something between them, or one.
            assert!(
                column == text || 2.0 * column < text || venue == Venue::Plain,
                "{venue}"
            );
        }
    }
}
