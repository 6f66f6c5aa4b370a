//! Everything that is drawn of a plan.

use crate::error::Result;
use crate::figure::{AnyFigure, Options, Palette};
use crate::paper::Figure;
use crate::study::Plan;

use super::artifact::captioned;
use super::charts::{NamedChart, charts, drawn_rows};
use super::curves::{NamedCurve, curves};
use super::many_maps::{self, NamedMany};
use super::maps::{NamedMaps, maps};
use super::written::Tables;

/// What is drawn.
pub(super) struct Drawn {
    pub(super) charts: Vec<NamedChart>,
    pub(super) curves: Vec<NamedCurve>,
    pub(super) maps: Option<NamedMaps>,
    pub(super) many: Vec<NamedMany>,
}

impl Drawn {
    /// The figures of a plan from its tables.
    pub(super) fn of(plan: &Plan, tables: Tables, palette: Palette) -> Result<Self> {
        let options = Options {
            palette,
            range: None,
            show: plan.figures.show,
        };
        let rows = drawn_rows(plan, tables)?;
        Ok(Drawn {
            charts: charts(plan, rows.as_deref(), tables, options)?,
            curves: curves(plan, rows.as_deref().unwrap_or_default(), tables, &options)?,
            maps: maps(plan, tables, &options)?,
            many: many_maps::maps(plan, tables, &options)?,
        })
    }

    /// All figures: each with what the paper or this toolkit calls it, and its title.
    pub(super) fn all(&self) -> Vec<(Figure, &str, AnyFigure<'_>)> {
        let charts = self.charts.iter();
        let charts = charts.map(|one| (one.figure, &*one.title, AnyFigure::from(&one.chart)));
        let curves = self.curves.iter();
        let curves = curves.map(|one| (one.figure, &*one.title, AnyFigure::from(&one.curve)));
        let maps = self.maps.iter();
        let maps = maps.map(|one| (one.figure, &*one.title, AnyFigure::from(&one.maps)));
        let many = self.many.iter();
        let many = many.map(|one| (one.figure, &*one.title, AnyFigure::from(&one.maps)));
        charts.chain(curves).chain(maps).chain(many).collect()
    }

    /// Names of all files in the folder of figures, without an ending.
    pub(super) fn files(&self, plan: &Plan) -> Vec<String> {
        let stems = self.stems();
        let captions = stems.iter().map(|stem| captioned(stem));
        let captions: Vec<String> = match plan.figures.captions.in_files() {
            true => captions.collect(),
            false => Vec::new(),
        };
        [stems, captions].concat()
    }

    /// Names of the pictures, without an ending.
    pub(super) fn stems(&self) -> Vec<String> {
        let all = self.all().into_iter();
        all.map(|(_, _, figure)| figure.name().into()).collect()
    }
}
