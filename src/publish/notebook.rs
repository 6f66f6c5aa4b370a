//! The notebook, which makes every figure and table of a study again from its files.

use crate::error::Result;
use crate::figure::{Palette, Ranked, drawn_spectra, mapped, placed};
use crate::paper::Figure;
use crate::report::{Compared, Lines, Notebook, Rebuilt, RebuiltLines, RebuiltRuns};
use crate::study::{Plan, Sides};
use crate::table::{Provenance, RunTable, RunsRow, columns};

use super::charts::{NamedChart, against_base, shown_ranked};
use super::curves::NamedCurve;
use super::drawn::Drawn;
use super::many_maps::NamedMany;
use super::maps::NamedMaps;
use super::written::Written;

/// Tables that the notebook shows as they are.
const SHOWN: [&str; 4] = ["runs", "groups", "findings", "evidence"];

/// The notebook's bytes; `files` are the names of what lies beside it.
pub(super) fn notebook(
    plan: &Plan,
    (drawn, palette, tables): (&Drawn, Palette, Written),
    provenance: &Provenance,
    files: &[String],
) -> Result<Vec<u8>> {
    let there = |name: &str| files.iter().any(|file| file == name);
    let figures = &plan.figures;
    let groups = plan.table7_groups();
    let table7 = there("table7.csv").then_some((figures.projections.as_slice(), groups.as_slice()));
    let shown = SHOWN.iter().filter(|name| there(&format!("{name}.csv")));
    let described: Vec<String> = columns()
        .iter()
        .filter(|table| there(&table.file))
        .map(|table| format!("**{}**. {}", table.file, table.markdown()))
        .collect();
    let runs: Vec<RunsRow> = tables.rows("runs.csv")?;
    let rebuilt_tables = RunTable::TABLES.into_iter().filter_map(|table| {
        let name = table.stem();
        let shown = chosen(plan.runs.of_table(table, &runs), &runs);
        there(&format!("{name}.csv")).then_some((name, shown))
    });
    let is_of_runs = |named: &&NamedCurve| named.figure == Figure::RankCurve;
    let curve = drawn.curves.iter().find(is_of_runs);
    let of_runs = RebuiltRuns {
        rows: &runs,
        tables: rebuilt_tables.collect(),
        curve: curve.map(|_| chosen(plan.runs.of_curve(&runs), &runs)),
    };
    let charts = drawn.charts.iter();
    let sides: Vec<Option<Sides>> = charts.map(|named| plan.sides(named.figure)).collect();
    let charts = drawn.charts.iter().zip(&sides);
    let rebuilt = charts.filter_map(|(named, sides)| rebuilt(plan, named, sides.as_ref()));
    Notebook {
        study: &plan.name,
        title: &plan.title,
        version: &provenance.version,
        palette,
        show: plan.figures.show,
        figures: rebuilt.collect(),
        lines: drawn
            .curves
            .iter()
            .filter_map(|named| lines(plan, named))
            .chain(drawn.maps.iter().map(|named| maps(plan, named)))
            .chain(drawn.many.iter().map(many))
            .collect(),
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

/// How the notebook makes a figure of lines again; the rank curve is made from runs.
fn lines<'a>(plan: &'a Plan, named: &'a NamedCurve) -> Option<RebuiltLines<'a>> {
    let figures = &plan.figures;
    let name = |id| plan.adapter_name(id).to_string();
    let shows = match named.figure {
        Figure::Placement => {
            let adapters = against_base(plan);
            let names = placed(&adapters)
                .into_iter()
                .map(|adapter| adapter.name.clone());
            Lines::Placement(names.collect())
        }
        Figure::Seeds => Lines::Seeds {
            basis: named.basis,
            pairs: figures
                .seeds
                .as_ref()?
                .pairs
                .iter()
                .map(|pair| pair.map(name))
                .collect(),
            layers: &figures.layers,
            projections: &figures.projections,
        },
        Figure::Amplification => Lines::Amplification {
            projections: &figures.projections,
            groups: plan.table7_groups(),
        },
        Figure::Trajectory => Lines::Trajectory,
        Figure::Spectrum => Lines::Spectrum {
            adapters: named_of(drawn_spectra(&shown_ranked(plan))),
            layers: &figures.layers,
            projections: &figures.projections,
        },
        _ => return None,
    };
    Some(RebuiltLines {
        name: &named.curve.name,
        title: &named.title,
        shows,
    })
}

/// How it makes the maps of sizes again.
fn maps<'a>(plan: &Plan, named: &'a NamedMaps) -> RebuiltLines<'a> {
    RebuiltLines {
        name: &named.maps.name,
        title: &named.title,
        shows: Lines::Sizes(named_of(mapped(&shown_ranked(plan)))),
    }
}

/// How it makes the maps of many adapters again.
fn many(named: &NamedMany) -> RebuiltLines<'_> {
    RebuiltLines {
        name: &named.maps.name,
        title: &named.title,
        shows: Lines::Many {
            shown: &named.shown,
            adapters: &named.maps.adapters,
            bases: named.maps.bases,
        },
    }
}

/// The names of adapters.
fn named_of(adapters: Vec<&Ranked>) -> Vec<String> {
    let names = adapters.into_iter().map(|adapter| adapter.name.clone());
    names.collect()
}

/// How the notebook makes a figure again.
fn rebuilt<'a>(
    plan: &'a Plan,
    named: &'a NamedChart,
    sides: Option<&'a Sides>,
) -> Option<Rebuilt<'a>> {
    let figures = &plan.figures;
    let pair = sides.map(|sides| sides.labels.each_ref().map(String::as_str));
    let beside = sides.map(|sides| sides.beside.as_str());
    let one = std::slice::from_ref(&figures.layer);
    let (layers, compared) = match named.figure {
        Figure::Three => (one, Compared::Ranks(pair?)),
        Figure::Six => (figures.layers.as_slice(), Compared::Ranks(pair?)),
        Figure::Four => (one, Compared::Seeds(pair?, beside)),
        Figure::Seven => (figures.layers.as_slice(), Compared::Seeds(pair?, None)),
        Figure::Eight => {
            let against_base = plan.against_base_on(named.basis).into_iter();
            let against_base = against_base.map(|id| plan.adapter_name(id));
            (one, Compared::Base(against_base.collect()))
        }
        Figure::RankCurve
        | Figure::Placement
        | Figure::Seeds
        | Figure::Amplification
        | Figure::Trajectory
        | Figure::Spectrum
        | Figure::Sizes
        | Figure::Many => {
            return None;
        }
    };
    Some(Rebuilt {
        name: &named.stem,
        title: &named.title,
        basis: named.basis,
        layers,
        projections: &named.projections,
        compared,
    })
}
