//! What every figure is drawn with: filled shapes and lines of text, to SVG. The one file that names
//! plotters.

use plotters::prelude::{RGBColor, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform, IntoFont, TextStyle};
use plotters_backend::{DrawingBackend, DrawingErrorKind};

use crate::error::{Error, Result};

use super::font::{self, CAPITAL, FAMILY, LOWERED};
use super::label::Text;
use super::palette::Rgb;
use super::place::Box;
use crate::paper::Page;

/// plotters counts in whole units; twenty a point leave no visible rounding.
pub(super) const UNITS_PER_POINT: f64 = 20.0;

pub(super) const PAPER: Rgb = [255, 255, 255];
/// Text and lines.
pub(super) const INK: Rgb = [38, 38, 38];
/// Small lines below.
pub(super) const GREY: Rgb = [110, 110, 110];
/// plotters-svg divides font sizes by this.
const PLOTTERS_FONT_SCALE: f64 = 1.24;
/// It raises bottom-anchored text by half an ex, which is a quarter of the size here.
const PLOTTERS_RAISE: f64 = 0.25;

/// How a text hangs on its point.
#[derive(Clone, Copy)]
pub(super) enum Hang {
    Left,
    Centre,
    Right,
}

pub(super) type Drawn = std::result::Result<(), DrawingErrorKind<std::io::Error>>;

/// A piece of text where it stands in a picture, in points from its upper left corner.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The characters.
    pub text: String,
    /// The size of its type.
    pub size: f64,
    /// Its left edge.
    pub x: f64,
    /// Upper edge of a capital; of turned text the upper end.
    pub y: f64,
    /// To the right edge.
    pub width: f64,
    /// To the baseline; of turned text to the lower end.
    pub height: f64,
}

/// An SVG in units, and the texts in it.
pub(super) struct Picture {
    /// Width and height in points.
    pub(super) size: (f64, f64),
    pub(super) svg: String,
    pub(super) texts: Vec<Placed>,
}

/// Draws in points on a page.
pub(super) struct Pen<'a> {
    backend: SVGBackend<'a>,
    pub(super) sizes: Page,
    texts: Vec<Placed>,
}

/// The SVG, in units, of a figure of a width and height in points.
pub(super) fn svg(
    figure: &str,
    (width, height): (f64, f64),
    sizes: Page,
    draw: impl FnOnce(&mut Pen) -> Drawn,
) -> Result<Picture> {
    let mut svg = String::new();
    let mut texts = Vec::new();
    let size = (whole(width) as u32, whole(height) as u32);
    let outcome = {
        let mut pen = Pen {
            backend: SVGBackend::with_string(&mut svg, size),
            sizes,
            texts: Vec::new(),
        };
        let page = Box {
            x: 0.0,
            y: 0.0,
            width,
            height,
        };
        let drawn = pen
            .fill(page, PAPER)
            .and_then(|()| draw(&mut pen))
            .and_then(|()| pen.backend.present());
        texts.append(&mut pen.texts);
        drawn
    };
    outcome.map_err(|error| Error::Drawing {
        figure: figure.into(),
        problem: error.to_string(),
    })?;
    Ok(Picture {
        size: (width, height),
        svg,
        texts,
    })
}

impl Pen<'_> {
    /// A filled polygon, its corners in units.
    pub(super) fn polygon(
        &mut self,
        corners: impl IntoIterator<Item = (i32, i32)>,
        colour: Rgb,
    ) -> Drawn {
        self.backend.fill_polygon(corners, &rgb(colour))
    }

    pub(super) fn fill(&mut self, place: Box, colour: Rgb) -> Drawn {
        let upper_left = (whole(place.x), whole(place.y));
        let lower_right = (whole(place.right()), whole(place.bottom()));
        self.backend
            .draw_rect(upper_left, lower_right, &rgb(colour), true)
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64)) -> Drawn {
        // A line is a filled rectangle of half a point: plotters' strokes are whole units wide.
        let half = 0.25;
        let place = Box {
            x: from.0.min(to.0) - half,
            y: from.1.min(to.1) - half,
            width: (from.0 - to.0).abs() + 2.0 * half,
            height: (from.1 - to.1).abs() + 2.0 * half,
        };
        self.fill(place, INK)
    }

    /// A line of text on a baseline, run by run.
    pub(super) fn text(
        &mut self,
        text: &Text,
        at: (f64, f64),
        size: f64,
        colour: Rgb,
        hang: Hang,
    ) -> Drawn {
        let width = font::width(text, size);
        let mut x = at.0
            - match hang {
                Hang::Left => 0.0,
                Hang::Centre => width / 2.0,
                Hang::Right => width,
            };
        for run in &text.0 {
            let run_size = font::run_size(run, size);
            let lower = if run.subscript { size * LOWERED } else { 0.0 };
            let width = font::run_width(run, size);
            self.texts.push(Placed {
                text: run.text.clone(),
                size: run_size,
                x,
                y: at.1 + lower - run_size * CAPITAL,
                width,
                height: run_size * CAPITAL,
            });
            let style = style(run_size, run.italic, colour);
            let y = at.1 + lower + run_size * PLOTTERS_RAISE;
            // SVG drops ordinary spaces at the ends of a text.
            let kept = run.text.replace(' ', "\u{a0}");
            self.backend
                .draw_text(&kept, &style, (whole(x), whole(y)))?;
            x += width;
        }
        Ok(())
    }

    /// Plain text turned a quarter to the left, its lower edge at `at.0`, centred on `at.1`.
    pub(super) fn upright(&mut self, text: &Text, at: (f64, f64), size: f64) -> Drawn {
        let Some(run) = text.0.first() else {
            return Ok(());
        };
        let width = font::width(text, size);
        let start = at.1 + width / 2.0;
        self.texts.push(Placed {
            text: run.text.clone(),
            size,
            x: at.0 - size * CAPITAL,
            y: at.1 - width / 2.0,
            width: size * CAPITAL,
            height: width,
        });
        let style = style(size, run.italic, INK).transform(FontTransform::Rotate270);
        // Turned, the raise that plotters adds points left.
        let x = at.0 + size * PLOTTERS_RAISE;
        self.backend
            .draw_text(&run.text, &style, (whole(x), whole(start)))
    }
}

fn style(size: f64, italic: bool, colour: Rgb) -> TextStyle<'static> {
    let slant = if italic {
        FontStyle::Oblique
    } else {
        FontStyle::Normal
    };
    let font = (FAMILY, size * UNITS_PER_POINT * PLOTTERS_FONT_SCALE, slant).into_font();
    font.color(&rgb(colour))
        .pos(Pos::new(HPos::Left, VPos::Bottom))
}

fn rgb([red, green, blue]: Rgb) -> RGBColor {
    RGBColor(red, green, blue)
}

/// Points to plotters' units.
pub(super) fn whole(points: f64) -> i32 {
    (points * UNITS_PER_POINT).round() as i32
}
