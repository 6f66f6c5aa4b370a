//! Pictures of a plan's figures, and their captions.

use rayon::prelude::*;

use crate::error::Result;
use crate::figure::{AnyFigure, Canvas, Caption, Drawing, Format};
use crate::paper::Figure;
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
    let notes = plan.figures.captions.in_picture();
    let canvas = Canvas::of(plan.figures.venue).with_notes(notes);
    let render = |(figure, _, shown): (Figure, &str, AnyFigure)| -> Result<Vec<Artifact>> {
        plan.stop.check()?;
        let drawing = Drawing::on(canvas, shown)?.with(&of_figure(plan, figure, provenance));
        let picture = |format: &Format| {
            let path = figures_folder(&plan.name).join(format!("{}.{format}", shown.name()));
            let bytes = drawing.render(*format)?;
            Ok(Artifact { path, bytes })
        };
        formats.iter().map(picture).collect()
    };
    let pictures: Vec<Result<Vec<Artifact>>> = drawn.all().into_par_iter().map(render).collect();
    let pictures = pictures.into_iter().collect::<Result<Vec<_>>>()?;
    Ok(pictures.into_iter().flatten().collect())
}

/// The captions of all figures as text, in LaTeX and in Markdown; none where notes stand in no files.
pub(super) fn captions(plan: &Plan, drawn: &Drawn) -> Vec<Artifact> {
    if !plan.figures.captions.in_files() {
        return Vec::new();
    }
    let file = |name: &str, end: &str, text: String| Artifact {
        path: figures_folder(&plan.name).join(format!("{}.{end}", captioned(name))),
        bytes: text.into_bytes(),
    };
    let files = drawn.all().into_iter().flat_map(|(_, _, figure)| {
        let (name, caption) = (figure.name(), Caption::of(figure));
        [
            file(name, "tex", caption.latex()),
            file(name, "md", caption.markdown()),
        ]
    });
    files.collect()
}
