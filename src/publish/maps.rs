//! The maps of sizes that a plan asks for, from `ranks.csv` as written.

use crate::error::Result;
use crate::figure::{Maps, Options, sizes_maps};
use crate::paper::Figure;
use crate::study::Plan;
use crate::table::RanksRow;

use super::charts::shown_ranked;
use super::written::{self, Tables};

/// Maps with what headings call them.
pub(super) struct NamedMaps {
    pub(super) figure: Figure,
    pub(super) title: String,
    pub(super) maps: Maps,
}

/// The maps of a plan: one figure, where there are ranks.
pub(super) fn maps(plan: &Plan, tables: Tables, options: &Options) -> Result<Option<NamedMaps>> {
    let (figure, figures) = (Figure::Sizes, &plan.figures);
    if !figures.draws(figure) || plan.measured().is_none() {
        return Ok(None);
    }
    let mut rows: Vec<RanksRow> = written::rows(tables, "ranks.csv")?;
    rows.retain(|row| figures.modules.contains(&row.module));
    let mut maps = sizes_maps(&rows, &shown_ranked(plan), options);
    if let Some(maps) = &mut maps
        && !figures.within.is_empty()
    {
        maps.footer.push(format!("Modules: {}.", figures.within));
    }
    Ok(maps.map(|maps| NamedMaps {
        figure,
        title: figure.title(),
        maps,
    }))
}
