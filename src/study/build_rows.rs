//! From the definition of a study of rows to a checked plan.

use std::path::Path;

use crate::error::{Error, Result};
use crate::measure::Basis;

use super::build::select;
use super::definition::Definition;
use super::figures::{self, FigurePlan, panels};
use super::lines::suggestion;
use super::plan::{Plan, Request};
use super::published::Published;
use super::runs::{self, Runs};

/// Builds a plan that hands on the rows of a folder.
pub(super) fn build(
    definition: &Definition,
    rows: &Path,
    file: &Path,
    request: &Request,
) -> Result<Plan> {
    let lines = &definition.lines;
    refuse_what_measures(definition, request)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let rows = folder.join(rows);
    let located = |error| match rows.is_dir() {
        // What is wrong inside of a table has its own line.
        true => error,
        false => lines.locate("rows", "rows", error),
    };
    let own = rows.join("runs.csv");
    let runs = match &definition.runs {
        Some(runs) => Some(folder.join(runs)),
        None => own.is_file().then_some(own),
    };
    let published = Published::read(&rows, runs.is_some()).map_err(located)?;
    check_names(definition, &published)?;
    let runs = runs::read(definition, runs.as_deref(), &[])?;
    let all = published.modules();
    let modules = match all.as_slice() {
        // Runs alone.
        [] => Vec::new(),
        all => select(all, &request.selection)?,
    };
    let figures = figure_plan(definition, &runs, [&modules, &all])?;
    let is_there = |basis: &Basis| published.grids.iter().any(|grid| grid.basis == *basis);
    Ok(Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        text: definition.text.clone(),
        tables: runs::tables(definition, &runs, !published.amplification.is_empty())?,
        adapters: Vec::new(),
        base: None,
        bases: Basis::ALL.into_iter().filter(is_there).collect(),
        modules,
        comparisons: Vec::new(),
        amplified: Vec::new(),
        rank: None,
        draws: 0,
        seed: 0,
        memory: None,
        figures,
        runs,
        every_grid: false,
        selected: request.selected(),
        beside: None,
        warnings: Vec::new(),
        published: Some(published),
        overlap: request.overlap,
        amplification: request.amplification,
        findings: request.findings,
    })
}

/// What is drawn of modules that are wanted, of all.
fn figure_plan(
    definition: &Definition,
    runs: &Runs,
    [modules, all]: [&[String]; 2],
) -> Result<FigurePlan> {
    let (compare, entry) = (&definition.compare, &definition.figures);
    let panels = panels(entry, modules, all, &definition.lines)?;
    let is_drawn = |basis: &Basis| match entry.bases.is_empty() {
        true => *basis == Basis::A,
        false => entry.bases.iter().any(|name| name == basis.name()),
    };
    let pairs = [&compare.ranks, &compare.seeds];
    let venue = definition.print.venue.as_deref();
    Ok(FigurePlan {
        which: figures::which(definition, pairs, !compare.base.is_empty(), runs)?,
        venue: venue.unwrap_or("plain").into(),
        footnote: entry.footnote.clone(),
        notes: panels.notes,
        bases: Basis::ALL.into_iter().filter(is_drawn).collect(),
        ranks: compare.ranks.clone(),
        seeds: compare.seeds.clone(),
        base: compare.base.clone(),
        layer: panels.layer,
        layers: panels.layers,
        projections: panels.projections,
    })
}

/// Rows and what asks for a measurement exclude each other.
fn refuse_what_measures(definition: &Definition, request: &Request) -> Result<()> {
    let keys = [
        (!definition.adapters.is_empty(), "adapter"),
        (definition.base.is_some(), "base"),
        (definition.published.is_some(), "published"),
    ];
    if let Some((_, key)) = keys.iter().find(|(is_there, _)| *is_there) {
        let problem = format!("a study of rows measures nothing, so it has no `{key}`");
        return Err(definition
            .lines
            .error("rows", &problem, format!("leave out rows or {key}")));
    }
    let flags = [
        (request.rank.is_some(), "--rank"),
        (request.draws.is_some(), "--draws"),
        (request.seed.is_some(), "--seed"),
        (!request.bases.is_empty(), "--basis"),
    ];
    match flags.iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, flag)) => Err(Error::Request {
            what: (*flag).into(),
            problem: format!("study {} has rows and measures nothing", definition.name),
            remedy: format!("leave {flag} out"),
        }),
    }
}

/// The adapters that comparisons name must be in the rows, and the comparisons too.
fn check_names(definition: &Definition, published: &Published) -> Result<()> {
    let (lines, known) = (&definition.lines, published.adapters());
    for (place, named) in definition.named() {
        if !known.contains(&named) {
            let problem = format!("the rows have no adapter `{named}`");
            let remedy = suggestion(named, known.iter().copied(), "they have");
            return Err(lines.error(&place, &problem, remedy));
        }
    }
    let compare = &definition.compare;
    let of = |pair: &Option<[String; 2]>| pair.clone().map(|[one, other]| (one, other));
    let two_random = published.compares("random", "random");
    let random = compare.seeds.as_ref().filter(|_| !two_random);
    let random = random.map(|[_, other]| ("random".to_string(), other.clone()));
    let mut wanted = vec![
        ("compare.ranks".to_string(), of(&compare.ranks)),
        ("compare.seeds".to_string(), of(&compare.seeds)),
        ("compare.seeds".to_string(), random),
    ];
    for (number, name) in compare.base.iter().enumerate() {
        let pair = ("base".to_string(), name.clone());
        wanted.push((format!("compare.base[{number}]"), Some(pair)));
    }
    if !compare.base.is_empty() {
        let pair = ("base".to_string(), "random".to_string());
        wanted.push(("compare.base".to_string(), Some(pair)));
    }
    for (place, pair) in wanted {
        let Some((first, second)) = pair else {
            continue;
        };
        if !published.compares(&first, &second) {
            let problem = format!("the rows have no overlap of {first} against {second}");
            return Err(lines.error(
                &place,
                &problem,
                "add it to overlap.csv, or leave the comparison out",
            ));
        }
    }
    Ok(())
}
