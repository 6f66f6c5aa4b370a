//! `report.html` and the notebook, from what a run wrote: the tables on disk, the figures drawn from
//! them, and the study. `regenerate` makes them, and `--check` makes them again from what is committed.

use std::collections::HashMap;

use crate::error::Result;
use crate::figure::{Curve, Drawing, Format};
use crate::report::{
    AdapterFacts, Compared, Content, Corners, Figure, Module, Modules, Notebook, Page, Rebuilt,
    RebuiltRuns, TableFile,
};
use crate::study::{ModuleName, NamedAdapter, Plan, grid_key};
use crate::table::rows::round9;
use crate::table::{Input, Provenance, RunTable, RunsRow, columns, read_grids};

use super::outputs::{Artifact, NamedChart, Published, tables_folder};
use super::written::{Tables, bytes, rows};

/// Tables that are shown where a study makes them.
pub(super) const TABLES: [&str; 4] = ["table5", "table6", "table7", "table18"];
/// Tables that the notebook shows as they are.
const SHOWN: [&str; 3] = ["runs", "findings", "evidence"];
/// What lies beside the report, in the order in which it is named.
pub(super) const FILES: [&str; 9] = [
    "overlap.csv",
    "overlap.npz",
    "spectrum.csv",
    "amplification.csv",
    "ranks.csv",
    "runs.csv",
    "findings.csv",
    "findings.md",
    "evidence.csv",
];

/// What a report is made from, beside the plan.
pub(super) struct Sources<'a> {
    /// The figures.
    pub(super) charts: &'a [NamedChart],
    /// The rank curve.
    pub(super) curve: Option<&'a Curve>,
    /// The same figures of a published study, where one is to be shown.
    pub(super) published: Option<&'a Published>,
    /// Formats of the pictures.
    pub(super) formats: &'a [Format],
    /// The tables as written.
    pub(super) tables: Tables<'a>,
    /// What the results were made from.
    pub(super) provenance: &'a Provenance,
}

/// The files of a report: the page and the notebook.
pub(super) fn artifacts(plan: &Plan, sources: &Sources) -> Result<Vec<Artifact>> {
    let files = files(&plan.name, sources.tables)?;
    let notebook = notebook(plan, sources, &files)?;
    let page = page(plan, sources, files)?;
    let artifact = |name: &str, bytes| Artifact {
        path: tables_folder(&plan.name).join(name),
        bytes,
    };
    Ok(vec![
        artifact("report.html", page.into_bytes()),
        artifact(&format!("{}.ipynb", plan.name), notebook),
    ])
}

fn notebook(plan: &Plan, sources: &Sources, files: &[String]) -> Result<Vec<u8>> {
    let there = |name: &str| files.iter().any(|file| file == name);
    let figures = &plan.figures;
    let table7 = there("table7.csv").then_some((figures.layer, figures.projections.as_slice()));
    let shown = SHOWN.iter().filter(|name| there(&format!("{name}.csv")));
    let described: Vec<String> = columns()
        .iter()
        .filter(|table| there(&table.file))
        .map(|table| format!("**{}**. {}", table.file, table.markdown()))
        .collect();
    let runs: Vec<RunsRow> = rows(sources.tables, "runs.csv")?;
    let tables = RunTable::NUMBERS.into_iter().filter_map(|number| {
        let name = format!("table{number}");
        let shown = chosen(plan.runs.of_table(number, &runs), &runs);
        there(&format!("{name}.csv")).then_some((name, shown))
    });
    let of_runs = RebuiltRuns {
        rows: &runs,
        tables: tables.collect(),
        curve: sources
            .curve
            .map(|_| chosen(plan.runs.of_curve(&runs), &runs)),
    };
    let mut palettes = sources.charts.iter().map(|(_, chart)| chart.palette);
    Notebook {
        study: &plan.name,
        title: &plan.title,
        version: &sources.provenance.version,
        palette: palettes.next().unwrap_or_default(),
        figures: rebuilt(plan, sources.charts),
        table7,
        runs: (!runs.is_empty()).then_some(of_runs),
        shown: shown.map(|name| name.to_string()).collect(),
        every_grid: there("overlap.npz"),
        columns: &described.join("\n"),
    }
    .json()
}

/// Names of the runs that are shown; `None` where it is all of them.
fn chosen(shown: Vec<RunsRow>, all: &[RunsRow]) -> Option<Vec<String>> {
    if shown.len() == all.len() {
        return None;
    }
    let mut names: Vec<String> = shown.into_iter().map(|row| row.adapter).collect();
    names.dedup();
    Some(names)
}

/// How the notebook makes each figure again.
fn rebuilt<'a>(plan: &'a Plan, charts: &'a [NamedChart]) -> Vec<Rebuilt<'a>> {
    let figures = &plan.figures;
    let one = std::slice::from_ref(&figures.layer);
    let rebuilt = charts.iter().filter_map(|(name, _)| {
        let (number, basis) = name
            .strip_prefix("figure")?
            .split_once('-')
            .unwrap_or((&name[6..], "a"));
        let (layers, compared) = match number {
            "3" => (one, Compared::Ranks(figures.ranks.as_ref()?)),
            "4" => (one, Compared::Seeds(figures.seeds.as_ref()?, true)),
            "6" => (
                figures.layers.as_slice(),
                Compared::Ranks(figures.ranks.as_ref()?),
            ),
            "7" => (
                figures.layers.as_slice(),
                Compared::Seeds(figures.seeds.as_ref()?, false),
            ),
            "8" => {
                let against_base = plan.against_base().into_iter();
                (
                    one,
                    Compared::Base(against_base.map(|(name, _)| name).collect()),
                )
            }
            _ => return None,
        };
        Some(Rebuilt {
            name,
            basis,
            layers,
            projections: &figures.projections,
            compared,
        })
    });
    rebuilt.collect()
}

fn page(plan: &Plan, sources: &Sources, files: Vec<String>) -> Result<String> {
    let tables = sources.tables;
    let (findings, evidence) = (rows(tables, "findings.csv")?, rows(tables, "evidence.csv")?);
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
        evidence: &evidence,
        figures: figures(plan, sources)?,
        formats: sources.formats.iter().map(Format::to_string).collect(),
        tables: markdown_tables(tables)?,
        modules: modules(plan, tables)?,
        adapters: plan.adapters.iter().map(adapter).collect(),
        provenance: sources.provenance,
        beside: beside(plan)?,
        files,
    };
    Ok(page.html())
}

fn figures<'a>(plan: &Plan, sources: &Sources<'a>) -> Result<Vec<Figure<'a>>> {
    let published = |name: &str| {
        let (whose, charts) = sources.published?;
        let (_, chart) = charts.iter().find(|(other, _)| other == name)?;
        Some((whose.as_str(), chart))
    };
    let figures = sources.charts.iter().map(|(name, chart)| Figure {
        name,
        content: Content::HeatMaps(chart),
        published: published(name),
    });
    let mut figures: Vec<Figure> = figures.collect();
    if let Some(curve) = sources.curve {
        let drawing = Drawing::of_curve(plan.figures.venue.parse()?, curve)?;
        let svg = drawing.render(Format::Svg)?;
        figures.push(Figure {
            name: &curve.name,
            content: Content::Picture {
                caption: curve.footer.join(" "),
                description: drawing.description().into(),
                svg: String::from_utf8_lossy(&svg).into_owned(),
            },
            published: None,
        });
    }
    Ok(figures)
}

/// The files of the published study that is shown beside.
fn beside(plan: &Plan) -> Result<Vec<Input>> {
    let Some(other) = &plan.beside else {
        return Ok(Vec::new());
    };
    let inputs = other.provenance()?.inputs.into_iter();
    let named = inputs.map(|input| Input {
        of: format!("{}: {}", other.name, input.of),
        ..input
    });
    Ok(named.collect())
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
        rank: named.adapter.rank(),
        modules: named.adapter.modules.len(),
        scale_rule: named.adapter.scale_rule.clone(),
        notes: named.adapter.notes.clone(),
    }
}

/// Names of the files beside the page, tables in each of their forms.
fn files(study: &str, tables: Tables) -> Result<Vec<String>> {
    let forms = TABLES
        .iter()
        .flat_map(|table| ["csv", "md", "tex"].map(|form| format!("{table}.{form}")));
    let names = FILES.iter().map(|name| name.to_string()).chain(forms);
    let mut there = vec![format!("{study}.ipynb")];
    for name in names {
        if tables(&name)?.is_some() {
            there.push(name);
        }
    }
    Ok(there)
}

fn markdown_tables(tables: Tables) -> Result<Vec<TableFile>> {
    let mut found = Vec::new();
    for name in TABLES {
        if let Some(bytes) = bytes(tables, &format!("{name}.md"))? {
            found.push(TableFile {
                name: name.into(),
                markdown: String::from_utf8_lossy(&bytes).into_owned(),
            });
        }
    }
    Ok(found)
}

fn modules(plan: &Plan, tables: Tables) -> Result<Modules> {
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
        amplification: rows(tables, "amplification.csv")?,
        ranks: rows(tables, "ranks.csv")?,
        spectrum: rows(tables, "spectrum.csv")?,
    })
}

fn module(plan: &Plan, path: &str) -> Option<Module> {
    let adapters = plan.adapters.iter();
    let adapted = adapters
        .filter_map(|named| named.adapter.module(path))
        .next()?;
    let name = ModuleName::new(path);
    Some(Module {
        path: name.path,
        layer: name.layer,
        projection: name.projection,
        shape: (adapted.d_out, adapted.d_in),
        overlaps: Vec::new(),
    })
}

/// The corners of the grids in `overlap.npz`, by module, in the plan's order.
fn corners(
    plan: &Plan,
    modules: &[Module],
    tables: Tables,
) -> Result<HashMap<String, Vec<Corners>>> {
    let mut ends = HashMap::new();
    if let Some(file) = tables("overlap.npz")? {
        let number = |cell: Option<&f64>| cell.copied().filter(|cell| !cell.is_nan()).map(round9);
        read_grids("overlap.npz", file, |key, grid| {
            ends.insert(key, (grid.dim(), number(grid.first()), number(grid.last())));
        })?;
    }
    let mut by_module: HashMap<String, Vec<Corners>> = HashMap::new();
    for module in modules {
        for &basis in &plan.bases {
            for pair in &plan.comparisons {
                let names = [pair.first, pair.second].map(|operand| plan.operand_name(operand));
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
