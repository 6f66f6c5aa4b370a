//! `report.html`, from what a run wrote: the tables on disk, the figures drawn from them, and the
//! study.

use std::collections::HashMap;

use crate::error::Result;
use crate::figure::{AnyFigure, Canvas, Drawing, Format, Palette};
use crate::paper::Table;
use crate::report::{AdapterFacts, Content, Corners, Figure, Module, Modules, Page, TableFile};
use crate::results::grid_key;
use crate::study::{Comparison, NamedAdapter, Plan};
use crate::table::rows::round9;
use crate::table::{Input, Provenance, read_grids};

use super::artifact::{Artifact, FILES};
use super::charts::Beside;
use super::drawn::Drawn;
use super::notebook::notebook;
use super::written::Written;

/// What a report is made from, beside the plan.
pub(super) struct Sources<'a> {
    /// The figures.
    pub(super) drawn: &'a Drawn,
    /// The same figures of a published study, where one is to be shown.
    pub(super) beside: Option<&'a Beside>,
    /// Formats of the pictures.
    pub(super) formats: &'a [Format],
    /// The tables as written.
    pub(super) tables: Written<'a>,
    /// The paper's tables for people.
    pub(super) shown: &'a [TableFile],
    /// What the results were made from.
    pub(super) provenance: &'a Provenance,
    /// The colours of cells.
    pub(super) palette: Palette,
}

/// The files of a report: the page and the notebook.
pub(super) fn report(plan: &Plan, sources: &Sources) -> Result<[Artifact; 2]> {
    let files = files(&plan.name, sources.tables)?;
    let notebook = notebook(
        plan,
        (sources.drawn, sources.palette, sources.tables),
        sources.provenance,
        &files,
    )?;
    let page = page(plan, sources, files)?;
    let study = &plan.name;
    Ok([
        Artifact::in_tables(study, "report.html", page),
        Artifact::in_tables(study, &format!("{study}.ipynb"), notebook),
    ])
}

fn page(plan: &Plan, sources: &Sources, files: Vec<String>) -> Result<String> {
    let tables = sources.tables;
    let (findings, evidence) = (tables.rows("findings.csv")?, tables.rows("evidence.csv")?);
    let text = &plan.text;
    let page = Page {
        study: &plan.name,
        title: &plan.title,
        text: [
            ("Question", &text.question),
            ("Expectation", &text.expectation),
            ("Outcome", &text.outcome),
            ("Notes", &text.notes),
        ],
        findings: &findings,
        findings_note: &text.findings,
        evidence: &evidence,
        figures: figures(plan, sources)?,
        formats: sources.formats.iter().map(Format::to_string).collect(),
        tables: sources.shown.to_vec(),
        modules: modules(plan, tables)?,
        palette: sources.palette,
        adapters: plan.adapters().iter().map(adapter).collect(),
        left_out: left_out(plan),
        provenance: sources.provenance,
        beside: beside(plan)?,
        files,
    };
    Ok(page.html())
}

fn figures<'a>(plan: &Plan, sources: &Sources<'a>) -> Result<Vec<Figure<'a>>> {
    let figures = sources.drawn.charts.iter().map(|named| Figure {
        name: &named.stem,
        title: named.title.clone(),
        content: Content::HeatMaps(&named.chart),
        published: sources.beside.and_then(|beside| beside.chart(named)),
    });
    let mut figures: Vec<Figure> = figures.collect();
    for (_, title, figure) in sources.drawn.all() {
        if !matches!(figure, AnyFigure::Heat(_)) {
            figures.push(picture(plan, title, figure)?);
        }
    }
    Ok(figures)
}

/// A figure that the page has as a picture, its words below it as text.
fn picture<'a>(plan: &Plan, title: &str, figure: AnyFigure<'a>) -> Result<Figure<'a>> {
    let drawn = |canvas: Canvas| Drawing::on(canvas.with_notes(false), figure);
    let wide = drawn(Canvas::of(plan.figures.venue))?;
    let text = |drawing: &Drawing| -> Result<String> {
        Ok(String::from_utf8_lossy(&drawing.render(Format::Svg)?).into_owned())
    };
    Ok(Figure {
        name: figure.name(),
        title: title.into(),
        content: Content::Picture {
            caption: figure.notes().join(" "),
            description: wide.description().into(),
            svg: text(&wide)?,
            narrow: text(&drawn(Canvas::telephone())?)?,
        },
        published: None,
    })
}

/// The files of the published study that is shown beside.
fn beside(plan: &Plan) -> Result<Vec<Input>> {
    let Some(other) = plan.beside() else {
        return Ok(Vec::new());
    };
    let inputs = other.provenance()?.inputs.into_iter();
    let named = inputs.map(|input| Input {
        of: format!("{}: {}", other.name, input.of),
        ..input
    });
    Ok(named.collect())
}

fn left_out(plan: &Plan) -> Vec<[String; 2]> {
    let all = plan.left_out().iter();
    all.map(|one| [one.module.clone(), one.cause.clone()])
        .collect()
}

fn adapter(named: &NamedAdapter) -> AdapterFacts {
    AdapterFacts {
        name: named.name.clone(),
        told: [
            named.label.clone(),
            named.task.clone(),
            named.seed.map(|seed| seed.to_string()),
        ],
        layout: named.adapter.layout.into(),
        rank: match named.directions {
            Some(_) => "–".into(),
            None => named.adapter.rank_in_words(),
        },
        modules: named.adapter.modules.len(),
        scale_rule: named.adapter.scale_rule.clone(),
        notes: named.adapter.notes.clone(),
    }
}

/// Names of the files beside the page, tables in each of their forms.
fn files(study: &str, tables: Written) -> Result<Vec<String>> {
    let forms = Table::ALL
        .into_iter()
        .flat_map(|table| ["csv", "md", "tex"].map(|form| format!("{}.{form}", table.stem())));
    let names = FILES.iter().map(|name| name.to_string()).chain(forms);
    let mut there = vec![format!("{study}.ipynb")];
    for name in names {
        if tables.has(&name)? {
            there.push(name);
        }
    }
    Ok(there)
}

fn modules(plan: &Plan, tables: Written) -> Result<Modules> {
    let mut modules: Vec<Module> = plan
        .modules
        .iter()
        .filter_map(|path| module(plan, path))
        .collect();
    let mut corners = corners(plan, &modules, tables)?;
    for module in &mut modules {
        module.overlaps = corners.remove(&module.path).unwrap_or_default();
    }
    Ok(Modules {
        modules,
        amplification: tables.rows("amplification.csv")?,
        ranks: tables.rows("ranks.csv")?,
        spectrum: tables.rows("spectrum.csv")?,
    })
}

fn module(plan: &Plan, path: &str) -> Option<Module> {
    let adapted = plan.measured()?.module(path)?;
    let name = plan.module_name(path);
    Some(Module {
        path: name.path,
        layer: name.layer,
        projection: name.projection,
        shape: (adapted.d_out, adapted.d_in),
        overlaps: Vec::new(),
    })
}

/// What is compared, by names. Of a group it is the mean, as forty-five pairs of ten runs would hide
/// the rest; `overlap.npz` has them all.
fn sides(plan: &Plan) -> Vec<[&str; 2]> {
    let groups = plan.figures.groups();
    let is_alone = |pair: &&Comparison| !groups.iter().any(|group| group.holds(**pair));
    let pairs = plan.comparisons().iter().filter(is_alone);
    let named = pairs.map(|pair| [pair.first, pair.second].map(|side| plan.operand_name(side)));
    let means = groups
        .iter()
        .map(|group| group.labels.each_ref().map(String::as_str));
    named.chain(means).collect()
}

/// The corners of the grids in `overlap.npz`, by module, in the plan's order.
fn corners(
    plan: &Plan,
    modules: &[Module],
    tables: Written,
) -> Result<HashMap<String, Vec<Corners>>> {
    let mut ends = HashMap::new();
    if let Some(file) = tables.open("overlap.npz")? {
        let number = |cell: Option<&f64>| cell.copied().filter(|cell| !cell.is_nan()).map(round9);
        read_grids("overlap.npz", file, |key, grid| {
            ends.insert(key, (grid.dim(), number(grid.first()), number(grid.last())));
        })?;
    }
    let sides = sides(plan);
    let mut by_module: HashMap<String, Vec<Corners>> = HashMap::new();
    for module in modules {
        for &basis in &plan.bases {
            for &names in &sides {
                let key = grid_key(&module.path, basis, names[0], names[1]);
                let Some(&(cells, one, all)) = ends.get(&key) else {
                    continue;
                };
                by_module
                    .entry(module.path.clone())
                    .or_default()
                    .push(Corners {
                        first: names[0].into(),
                        second: names[1].into(),
                        basis: basis.name(),
                        cells,
                        one,
                        all,
                        dimension: basis.side().dimension(module.shape),
                    });
            }
        }
    }
    Ok(by_module)
}
