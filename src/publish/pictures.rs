//! Pictures of a plan's figures, and their captions.

use rayon::prelude::*;

use crate::error::Result;
use crate::figure::{Caption, Drawing, Format};
use crate::study::Plan;
use crate::table::Provenance;

use super::artifact::{Artifact, captioned, figures_folder};
use super::drawn::Drawn;
use super::shown_inputs::of_figure;

/// Pictures with what they were made of, as far as they show it, each in the formats asked for, drawn side by side.
pub(super) fn pictures(
    plan: &Plan,
    drawn: &Drawn,
    provenance: &Provenance,
    formats: &[Format],
) -> Result<Vec<Artifact>> {
    let (venue, notes) = (plan.figures.venue, plan.figures.captions.in_picture());
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
        let drawing = Drawing::with_notes(venue, &named.chart, notes);
        render(&named.stem, named.figure, drawing)
    });
    let curves = drawn.curves.par_iter().map(|named| {
        let drawing = Drawing::of_curve_with_notes(venue, &named.curve, notes);
        render(&named.curve.name, named.figure, drawing)
    });
    let pictures: Vec<Result<Vec<Artifact>>> = charts.chain(curves).collect();
    let pictures = pictures.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(pictures.into_iter().flatten().collect())
}

/// The captions of all figures as text, in LaTeX and in Markdown; none where notes stand in no files.
pub(super) fn captions(plan: &Plan, drawn: &Drawn) -> Vec<Artifact> {
    if !plan.figures.captions.in_files() {
        return Vec::new();
    }
    let charts = drawn.charts.iter();
    let charts = charts.map(|named| (&named.stem, Caption::of_chart(&named.chart)));
    let curves = drawn.curves.iter();
    let curves = curves.map(|named| (&named.curve.name, Caption::of_curve(&named.curve)));
    let file = |name: &str, end: &str, text: String| Artifact {
        path: figures_folder(&plan.name).join(format!("{}.{end}", captioned(name))),
        bytes: text.into_bytes(),
    };
    let files = charts.chain(curves).flat_map(|(name, caption)| {
        [
            file(name, "tex", caption.latex()),
            file(name, "md", caption.markdown()),
        ]
    });
    files.collect()
}
