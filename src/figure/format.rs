//! The formats of pictures.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// A kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text as outlines, so that it reads on a machine without the font.
    Svg,
    /// Text with the font embedded.
    Pdf,
    /// 300 dpi, with its size in inches.
    Png,
}

impl Format {
    /// All kinds of pictures.
    pub const ALL: [Format; 3] = [Format::Svg, Format::Pdf, Format::Png];
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Format::Svg => "svg",
            Format::Pdf => "pdf",
            Format::Png => "png",
        })
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Format::ALL
            .into_iter()
            .find(|format| format.to_string() == text)
            .ok_or_else(|| {
                Error::request(
                    format!("format `{text}`"),
                    "there is no such format",
                    "use svg, pdf or png",
                )
            })
    }
}
