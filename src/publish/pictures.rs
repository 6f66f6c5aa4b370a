//! Pictures of a plan's figures.

use rayon::prelude::*;

use crate::error::Result;
use crate::figure::{Drawing, Format};
use crate::study::Plan;
use crate::table::Provenance;

use super::artifact::{Artifact, figures_folder};
use super::drawn::Drawn;
use super::shown_inputs::of_figure;

/// Pictures with what they were made of, as far as they show it, each in the formats asked for, drawn side by side.
pub(super) fn pictures(
    plan: &Plan,
    drawn: &Drawn,
    provenance: &Provenance,
    formats: &[Format],
) -> Result<Vec<Artifact>> {
    let venue = plan.figures.venue;
    let render = |name: &str, figure, drawing: Result<Drawing>| -> Result<Vec<Artifact>> {
        let drawing = drawing?.with(&of_figure(plan, figure, provenance));
        let picture = |format: &Format| {
            let path = figures_folder(&plan.name).join(format!("{name}.{format}"));
            let bytes = drawing.render(*format)?;
            Ok(Artifact { path, bytes })
        };
        formats.iter().map(picture).collect()
    };
    let charts = drawn.charts.par_iter();
    let charts = charts.map(|named| {
        let drawing = Drawing::at(venue, &named.chart);
        render(&named.stem, named.figure, drawing)
    });
    let curves = drawn.curves.par_iter().map(|named| {
        let drawing = Drawing::of_curve(venue, &named.curve);
        render(&named.curve.name, named.figure, drawing)
    });
    let maps = drawn.maps.par_iter().map(|named| {
        let drawing = Drawing::of_maps(venue, &named.maps);
        render(&named.maps.name, named.figure, drawing)
    });
    let pictures: Vec<Result<Vec<Artifact>>> = charts.chain(curves).chain(maps).collect();
    let pictures = pictures.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(pictures.into_iter().flatten().collect())
}
