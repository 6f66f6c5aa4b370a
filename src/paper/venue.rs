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
        /// Nowhere yet: as wide as the panels need, up to 6.75 in.
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
/// A page less room for a caption.
const WITH_CAPTION: f64 = 8.3 * INCH;

impl Venue {
    /// Widths of a column and of the text in TeX's points, for tables; of no venue none.
    pub fn widths(self) -> Option<[f64; 2]> {
        const TEX: f64 = 72.27 / INCH;
        let page = self.page();
        page.is_exact
            .then_some([page.column * TEX, page.text * TEX])
    }

    /// Widths are those of the style files: ICML 234.88 and 487.82 TeX points, NeurIPS and ICLR
    /// `\textwidth` 5.5 in, ACL A4 with margins of 2.5 cm and 0.6 cm between the columns.
    ///
    /// Captions are set in Times of 9 pt (ICML) or 10 pt. DejaVu Sans looks as large as Times a
    /// fifth larger (its x is 0.55 of its size, Times' 0.45), so that 8 and 8.5 stand well beside
    /// them; nothing is below 6 pt, subscripts neither. Columns have the smaller ones, for room.
    pub(crate) fn page(self) -> Page {
        let plain = Page {
            column: 6.75 * INCH,
            text: 6.75 * INCH,
            height: 9.0 * INCH,
            is_exact: false,
            title: 8.0,
            tick: 6.5,
            footer: 6.5,
        };
        let exact = |column: f64, text: f64| Page {
            column,
            text,
            height: WITH_CAPTION,
            is_exact: true,
            ..plain
        };
        match self {
            Venue::Plain => plain,
            Venue::Icml => exact(3.25 * INCH, 6.75 * INCH),
            Venue::Neurips | Venue::Iclr => Page {
                title: 8.5,
                tick: 7.0,
                footer: 7.0,
                ..exact(5.5 * INCH, 5.5 * INCH)
            },
            Venue::Acl => exact(7.7 * CENTIMETRE, 16.0 * CENTIMETRE),
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
                "use icml, neurips, iclr, acl or plain",
            )
        })
    }
}
