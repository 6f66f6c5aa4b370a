//! Figures of overlaps, as pictures.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use lora_subspace::figure::{
    Caption, Chart, Drawing, Format, Options, Pair, Shown, figure3, figure4, figure6, figure7,
};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Venue;
use lora_subspace::table::OverlapRow;
use lora_subspace::{CoreError, Result};

use crate::work::brief;

/// A figure of overlaps. It shows itself in a notebook.
#[pyclass(frozen, module = "lora_subspace")]
pub(crate) struct Figure {
    chart: Chart,
    venue: Venue,
}

/// What a figure is to show.
pub(crate) struct Asked {
    /// Its number in the paper.
    pub(crate) number: u8,
    /// The layer of a figure that shows one.
    pub(crate) layer: Option<usize>,
    pub(crate) layers: Vec<Option<usize>>,
    pub(crate) projections: Vec<String>,
    pub(crate) options: Options,
    pub(crate) venue: Venue,
}

impl Figure {
    /// Of the rows of two adapters.
    pub(crate) fn of(
        rows: &[OverlapRow],
        [first, second]: [&str; 2],
        (basis, within): (Basis, &str),
        asked: Asked,
    ) -> Result<Self> {
        let pair = Pair::of(first, second);
        let shown = Shown {
            basis,
            projections: &asked.projections,
            within,
            options: asked.options,
        };
        let (layer, layers) = (asked.layer, asked.layers.as_slice());
        let chart = match asked.number {
            3 => figure3(rows, &pair, layer, &shown)?,
            4 => figure4(rows, &pair, layer, &shown)?,
            6 => figure6(rows, &pair, layers, &shown)?,
            7 => figure7(rows, &pair, layers, &shown)?,
            other => {
                let problem = "it is not made of two adapters";
                let remedy = "ask for figure 3, 4, 6 or 7";
                return Err(CoreError::request(format!("figure {other}"), problem, remedy).into());
            }
        };
        // What cannot be drawn is told here, and not by a notebook that shows it.
        Drawing::at(asked.venue, &chart)?;
        Ok(Figure {
            chart,
            venue: asked.venue,
        })
    }

    fn bytes<'py>(&self, py: Python<'py>, format: Format) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = brief(py, || Drawing::at(self.venue, &self.chart)?.render(format))?;
        Ok(PyBytes::new(py, &bytes))
    }
}

#[pymethods]
impl Figure {
    /// The picture as SVG, with text as outlines.
    #[getter]
    fn svg<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(py, Format::Svg)
    }

    /// The picture as PDF, with fonts embedded.
    #[getter]
    fn pdf<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(py, Format::Pdf)
    }

    /// The picture as PNG, at 300 dpi.
    #[getter]
    fn png<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(py, Format::Png)
    }

    /// `figure3`
    #[getter]
    fn name(&self) -> &str {
        &self.chart.name
    }

    /// Its heading and notes, in Markdown.
    #[getter]
    fn caption(&self) -> String {
        Caption::of(&self.chart).markdown()
    }

    /// Its words for those who do not see it.
    #[getter]
    fn description(&self, py: Python<'_>) -> PyResult<String> {
        brief(py, || {
            let drawing = Drawing::at(self.venue, &self.chart)?;
            Ok(drawing.description().to_string())
        })
    }

    fn _repr_svg_(&self, py: Python<'_>) -> PyResult<String> {
        let bytes = self.bytes(py, Format::Svg)?;
        Ok(String::from_utf8_lossy(bytes.as_bytes()).into_owned())
    }

    fn _repr_png_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.bytes(py, Format::Png)
    }

    fn __repr__(&self) -> String {
        format!("<lora_subspace.Figure {}>", self.chart.name)
    }
}
