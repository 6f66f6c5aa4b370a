//! Any figure before it is drawn: what all kinds have in common.

use crate::error::Result;
use crate::paper::{Page, Venue};

use super::curve::{self, Curve};
use super::describe::{curve_description, description, many_description, maps_description};
use super::heat::{self, Chart};
use super::label::Text;
use super::many::{self, ManyMaps};
use super::maps::{self, Maps};
use super::pen::Picture;

/// A figure of any kind.
#[derive(Debug, Clone, Copy)]
pub enum AnyFigure<'a> {
    /// Heat maps of overlaps.
    Heat(&'a Chart),
    /// Lines.
    Lines(&'a Curve),
    /// Maps over layers and projections.
    Maps(&'a Maps),
    /// Maps of many adapters.
    Many(&'a ManyMaps),
}

/// Where a figure is drawn, and whether its notes stand in it.
///
/// ```
/// use lora_subspace::figure::{Canvas, Venue};
/// assert_ne!(Canvas::of(Venue::Icml), Canvas::of(Venue::Icml).with_notes(false));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Canvas {
    page: Page,
    notes: bool,
}

impl Canvas {
    /// The page of a venue, with notes.
    pub fn of(venue: Venue) -> Self {
        Canvas {
            page: venue.page(),
            notes: true,
        }
    }

    /// A screen as narrow as a telephone's.
    pub fn telephone() -> Self {
        Canvas {
            page: Page::telephone(),
            notes: true,
        }
    }

    /// The same with or without notes below the panels.
    pub fn with_notes(self, notes: bool) -> Self {
        Canvas { notes, ..self }
    }
}

impl<'a> AnyFigure<'a> {
    /// The name of its files, without an ending.
    pub fn name(self) -> &'a str {
        match self {
            AnyFigure::Heat(chart) => &chart.name,
            AnyFigure::Lines(curve) => &curve.name,
            AnyFigure::Maps(maps) => &maps.name,
            AnyFigure::Many(maps) => &maps.name,
        }
    }

    /// The sentences below its panels.
    pub fn notes(self) -> &'a [String] {
        match self {
            AnyFigure::Heat(chart) => &chart.footer,
            AnyFigure::Lines(curve) => &curve.footer,
            AnyFigure::Maps(maps) => &maps.footer,
            AnyFigure::Many(maps) => &maps.footer,
        }
    }

    /// What stands above its panels.
    pub(super) fn heading(self) -> Text {
        match self {
            AnyFigure::Heat(chart) => chart.heading.clone(),
            AnyFigure::Lines(_) | AnyFigure::Maps(_) | AnyFigure::Many(_) => Text::default(),
        }
    }

    /// What it shows, as a sentence, where no heading says so.
    pub(super) fn about(self) -> Option<&'a String> {
        match self {
            AnyFigure::Heat(_) => None,
            AnyFigure::Lines(curve) => Some(&curve.about),
            AnyFigure::Maps(maps) => Some(&maps.about),
            AnyFigure::Many(maps) => Some(&maps.about),
        }
    }

    /// Its words for those who do not see it.
    pub(super) fn description(self) -> String {
        match self {
            AnyFigure::Heat(chart) => description(chart),
            AnyFigure::Lines(curve) => curve_description(curve),
            AnyFigure::Maps(maps) => maps_description(maps),
            AnyFigure::Many(maps) => many_description(maps),
        }
    }

    /// The picture as it stands on a canvas.
    pub(super) fn draw(self, canvas: Canvas) -> Result<Picture> {
        let footer = match canvas.notes {
            true => self.notes().to_vec(),
            false => Vec::new(),
        };
        match self {
            AnyFigure::Heat(chart) => {
                let chart = chart.clone();
                heat::draw(&Chart { footer, ..chart }, canvas.page)
            }
            AnyFigure::Lines(curve) => {
                let curve = curve.clone();
                curve::draw(&Curve { footer, ..curve }, canvas.page)
            }
            AnyFigure::Maps(maps) => {
                let maps = maps.clone();
                maps::draw(&Maps { footer, ..maps }, canvas.page)
            }
            AnyFigure::Many(maps) => {
                let maps = maps.clone();
                many::draw(&ManyMaps { footer, ..maps }, canvas.page)
            }
        }
    }
}

impl<'a> From<&'a Chart> for AnyFigure<'a> {
    fn from(chart: &'a Chart) -> Self {
        AnyFigure::Heat(chart)
    }
}

impl<'a> From<&'a Curve> for AnyFigure<'a> {
    fn from(curve: &'a Curve) -> Self {
        AnyFigure::Lines(curve)
    }
}

impl<'a> From<&'a Maps> for AnyFigure<'a> {
    fn from(maps: &'a Maps) -> Self {
        AnyFigure::Maps(maps)
    }
}

impl<'a> From<&'a ManyMaps> for AnyFigure<'a> {
    fn from(maps: &'a ManyMaps) -> Self {
        AnyFigure::Many(maps)
    }
}
