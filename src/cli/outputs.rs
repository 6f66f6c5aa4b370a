//! What a run makes of its rows: figures, from `overlap.csv` and `runs.csv` as written, and the
//! paper's tables.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::figure::{Chart, Format, Options, Palette, figure3, figure4, figure6, figure7, figure8};
use crate::figure::{Curve, Drawing, Pair, Ranked, Venue, rank_curve};
use crate::measure::Basis;
use crate::study::{FigurePlan, ModuleName, Plan, findings, findings_page};
use crate::table::{
    AmplificationRow, EvidenceRow, OverlapRow, Provenance, RunTable, RunsRow, SpectrumRow, Table7,
    Widths, read_overlaps, to_csv,
};

use super::written::{self, Tables};

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

/// Whose figures they are, and the figures.
pub(super) type Published = (String, Vec<NamedChart>);

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
    for (_, chart) in &mut charts {
        chart.footer.extend(figures.footnote.clone());
    }
    charts.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(charts)
}

/// The same from rows as written: no weights are read. Without overlaps there are none.
pub(super) fn charts_of(plan: &Plan, tables: Tables, palette: Palette) -> Result<Vec<NamedChart>> {
    let Some(overlap) = tables("overlap.csv")? else {
        return Ok(Vec::new());
    };
    let rows = drawn_rows(&plan.figures, overlap)?;
    let spectrum: Vec<SpectrumRow> = written::rows(tables, "spectrum.csv")?;
    charts(plan, &rows, &spectrum, palette)
}

/// The figures of the published study that is to be shown beside, and whose they are.
pub(super) fn published_charts(plan: &Plan, palette: Palette) -> Result<Option<Published>> {
    let Some(other) = &plan.beside else {
        return Ok(None);
    };
    let charts = match other.rows() {
        Some(rows) => charts_of(other, &|name| Ok(File::open(rows.join(name)).ok()), palette)?,
        None => Vec::new(),
    };
    let whose = match other.title.as_str() {
        "" => &other.name,
        title => title,
    };
    Ok(Some((whose.into(), charts)))
}

/// The adapters of figure 8.
fn against_base(plan: &Plan) -> Vec<Ranked> {
    let ranked = |(name, rank): (&str, usize)| Ranked {
        name: name.into(),
        rank,
    };
    plan.against_base().into_iter().map(ranked).collect()
}

/// The rank curve that a plan asks for, from the rows of `runs.csv`.
pub(super) fn curve(plan: &Plan, rows: &[RunsRow], palette: Palette) -> Option<Curve> {
    let is_drawn = plan.makes_everything() && plan.figures.draws("rank-curve");
    let options = Options {
        palette,
        range: None,
    };
    is_drawn
        .then(|| rank_curve(&plan.runs.of_curve(rows), &options))
        .flatten()
}

/// Pictures of a plan's charts and its curve with what they were made of, each in the formats asked for, drawn side by side.
pub(super) fn pictures(
    plan: &Plan,
    charts: &[NamedChart],
    curve: Option<&Curve>,
    provenance: &Provenance,
    formats: &[Format],
) -> Result<Vec<Artifact>> {
    use rayon::prelude::*;
    let (study, venue) = (&plan.name, plan.figures.venue.parse::<Venue>()?);
    let render = |name: &str, drawing: Result<Drawing>| -> Result<Vec<Artifact>> {
        let drawing = drawing?.with(provenance);
        let picture = |format: &Format| {
            let path = figures_folder(study).join(format!("{name}.{format}"));
            let bytes = drawing.render(*format)?;
            Ok(Artifact { path, bytes })
        };
        formats.iter().map(picture).collect()
    };
    let charts = charts.par_iter();
    let charts = charts.map(|(name, chart)| render(name, Drawing::at(venue, chart)));
    let curve = curve.into_par_iter();
    let curve = curve.map(|curve| render(&curve.name, Drawing::of_curve(venue, curve)));
    let drawn: Vec<Result<Vec<Artifact>>> = charts.chain(curve).collect();
    Ok(drawn
        .into_iter()
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect())
}

/// Files among a study's tables.
fn in_tables<const N: usize>(study: &str, files: [(String, Vec<u8>); N]) -> [Artifact; N] {
    files.map(|(name, bytes)| Artifact {
        path: tables_folder(study).join(name),
        bytes,
    })
}

/// Tables 5, 6 and 18 as far as a plan wants them and the rows of `runs.csv` give them.
pub(super) fn run_tables(plan: &Plan, rows: &[RunsRow]) -> Result<Vec<Artifact>> {
    let page = widths(&plan.figures)?;
    let mut files = Vec::new();
    for number in RunTable::NUMBERS {
        let wanted = plan.makes_everything() && plan.makes_table(number);
        let table = wanted.then(|| RunTable::new(number, &plan.runs.of_table(number, rows)));
        if let Some(table) = table.flatten() {
            let name = table.name();
            let forms = [
                (format!("{name}.csv"), table.csv()?),
                (format!("{name}.md"), table.markdown().into()),
                (format!("{name}.tex"), table.latex(page).into()),
            ];
            files.extend(in_tables(&plan.name, forms));
        }
    }
    Ok(files)
}

/// The page that tables are set for, where the study names a venue.
fn widths(figures: &FigurePlan) -> Result<Option<Widths>> {
    let venue: Venue = figures.venue.parse()?;
    let widths = venue.widths();
    Ok(widths.map(|[column, text]| Widths { column, text }))
}

/// Table 7 in its three forms, as far as a plan wants it and the rows of `amplification.csv` give it.
pub(super) fn table7(plan: &Plan, rows: &[AmplificationRow]) -> Result<Vec<Artifact>> {
    if rows.is_empty() || !plan.makes_table("7") {
        return Ok(Vec::new());
    }
    let figures = &plan.figures;
    let table = Table7::new(rows, figures.layer, &figures.projections)?;
    let forms = [
        ("table7.csv".into(), table.csv()?),
        ("table7.md".into(), table.markdown().into()),
        ("table7.tex".into(), table.latex(widths(figures)?).into()),
    ];
    Ok(in_tables(&plan.name, forms).into())
}

/// Findings as a table and for people, where `evidence.csv` has rows.
pub(super) fn findings_of(plan: &Plan, evidence: &[EvidenceRow]) -> Result<Vec<Artifact>> {
    if evidence.is_empty() {
        return Ok(Vec::new());
    }
    let found = findings(evidence);
    let forms = [
        ("findings.csv".into(), to_csv("findings.csv", &found)?),
        (
            "findings.md".into(),
            findings_page(&plan.title, &found).into(),
        ),
    ];
    Ok(in_tables(&plan.name, forms).into())
}
