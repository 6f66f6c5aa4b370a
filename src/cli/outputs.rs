//! What a run makes of its rows: figures, from `overlap.csv` as written, and table 7.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::figure::{Chart, Format, Options, Palette, figure3, figure4, figure6, figure7, figure8};
use crate::figure::{Drawing, Pair, Ranked, Venue};
use crate::measure::Basis;
use crate::study::{FigurePlan, ModuleName, Plan, findings, findings_page};
use crate::table::{
    AmplificationRow, EvidenceRow, OverlapRow, SpectrumRow, Table7, read_overlaps, to_csv,
};

/// One file that a run makes.
pub(super) struct Artifact {
    /// `figures/STUDY/NAME` or `notebooks-export/STUDY/NAME`.
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

/// `notebooks-export/STUDY/`
pub(super) fn tables_folder(study: &str) -> PathBuf {
    Path::new("notebooks-export").join(study)
}

/// `figures/STUDY/`
pub(super) fn figures_folder(study: &str) -> PathBuf {
    Path::new("figures").join(study)
}

/// The rows of `overlap.csv` that a plan's figures show.
pub(super) fn drawn_rows(figures: &FigurePlan, overlap_csv: impl Read) -> Result<Vec<OverlapRow>> {
    read_overlaps(overlap_csv, |row| {
        let module = ModuleName {
            path: row.module.clone(),
            layer: row.layer,
            projection: row.projection.clone(),
        };
        let basis = row.basis.parse::<Basis>();
        basis.is_ok_and(|basis| figures.shows(&module, basis, &row.first, &row.second))
    })
}

/// A figure's file name without its ending, and the figure.
pub(super) type NamedChart = (String, Chart);

/// The figures that a plan asks for, from the rows that they show.
pub(super) fn charts(
    plan: &Plan,
    rows: &[OverlapRow],
    spectrum: &[SpectrumRow],
    palette: Palette,
) -> Result<Vec<NamedChart>> {
    let options = Options {
        palette,
        range: None,
    };
    let figures = &plan.figures;
    let against_base = against_base(plan);
    let mut charts = Vec::new();
    for &basis in &figures.bases {
        let name = |figure: &str| match basis {
            Basis::A => figure.to_string(),
            other => format!("{figure}-{other}"),
        };
        let pair = |[first, second]: &[String; 2]| Pair {
            first: first.clone(),
            second: second.clone(),
        };
        let (layer, layers, panels) = (figures.layer, &figures.layers, &figures.projections);
        let mut add = |figure: &str, chart: &dyn Fn() -> Result<Chart>| -> Result<()> {
            if figures.draws(figure) {
                charts.push((name(&format!("figure{figure}")), chart()?));
            }
            Ok(())
        };
        let basis = basis.name();
        if let Some(ranks) = &figures.ranks.as_ref().map(pair) {
            add("3", &|| {
                figure3(rows, basis, ranks, layer, panels, &options)
            })?;
            add("6", &|| {
                figure6(rows, basis, ranks, layers, panels, &options)
            })?;
        }
        if let Some(seeds) = &figures.seeds.as_ref().map(pair) {
            add("4", &|| {
                figure4(rows, basis, seeds, layer, panels, &options)
            })?;
            add("7", &|| {
                figure7(rows, basis, seeds, layers, panels, &options)
            })?;
        }
        if let ([_, ..], Some(panel)) = (against_base.as_slice(), panels.first()) {
            let adapters = &against_base;
            add("8", &|| {
                figure8(rows, spectrum, basis, adapters, layer, panel, &options)
            })?;
        }
    }
    charts.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(charts)
}

/// The adapters of figure 8.
fn against_base(plan: &Plan) -> Vec<Ranked> {
    let is_shown = |name: &String| plan.base.is_some() && plan.figures.base.contains(name);
    plan.adapters
        .iter()
        .filter(|named| is_shown(&named.name))
        .map(|named| Ranked {
            name: named.name.clone(),
            rank: named.adapter.rank(),
        })
        .collect()
}

/// Pictures of a plan's charts, each in the formats asked for, drawn side by side.
pub(super) fn pictures(
    plan: &Plan,
    charts: &[NamedChart],
    formats: &[Format],
) -> Result<Vec<Artifact>> {
    use rayon::prelude::*;
    let (study, venue) = (&plan.name, plan.figures.venue.parse::<Venue>()?);
    let drawn: Vec<Result<Vec<Artifact>>> = charts
        .par_iter()
        .map(|(name, chart)| {
            let drawing = Drawing::at(venue, chart)?;
            formats
                .iter()
                .map(|format| {
                    let path = figures_folder(study).join(format!("{name}.{format}"));
                    Ok(Artifact {
                        path,
                        bytes: drawing.render(*format)?,
                    })
                })
                .collect()
        })
        .collect();
    Ok(drawn
        .into_iter()
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Table 7 in its three forms, from the rows of `amplification.csv`.
pub(super) fn table7_files(
    figures: &FigurePlan,
    rows: &[AmplificationRow],
) -> Result<[(&'static str, Vec<u8>); 3]> {
    let table = Table7::new(rows, figures.layer, &figures.projections)?;
    Ok([
        ("table7.csv", table.csv()?),
        ("table7.md", table.markdown().into_bytes()),
        ("table7.tex", table.latex().into_bytes()),
    ])
}

/// Findings as a table and for people, from the rows of `evidence.csv`.
pub(super) fn findings_files(
    title: &str,
    evidence: &[EvidenceRow],
) -> Result<[(&'static str, Vec<u8>); 2]> {
    let found = findings(evidence);
    Ok([
        ("findings.csv", to_csv("findings.csv", &found)?),
        ("findings.md", findings_page(title, &found).into_bytes()),
    ])
}
