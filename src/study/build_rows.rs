//! From the definition of a study of rows to a checked plan.

use std::path::Path;

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::measure::Basis;

use super::drawable::Weights;
use super::figures::{self, panels};
use super::file::{Definition, select};
use super::named::AdapterId;
use super::pairs::{Pairs, Seeds};
use super::plan::{Plan, Source};
use super::published::Published;
use super::request::Request;
use super::resolved::{Known, Resolved};
use super::runs;

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
    let located = |error| {
        if rows.is_dir() {
            // What is wrong inside of a table has its own line.
            error
        } else {
            lines.locate("rows", "rows", error)
        }
    };
    let own = rows.join("runs.csv");
    let runs = match &definition.runs {
        Some(runs) => Some(folder.join(runs)),
        None => own.exists().then_some(own),
    };
    let published = Published::read(&rows, runs.is_some()).map_err(located)?;
    let names: Vec<&str> = published.adapters().iter().map(String::as_str).collect();
    let resolved = Resolved::of(definition, &names, Known::Rows)?;
    check_overlaps(definition, &resolved, &published)?;
    let runs = runs::read(definition, runs.as_deref(), &[])?;
    let all = published.modules();
    let modules = match all.as_slice() {
        // Runs alone.
        [] => Vec::new(),
        all => select(all, &request.selection)?,
    };
    let drawn = panels(&definition.figures, &modules, &all, lines)?;
    let compared = [resolved.ranks, resolved.seeds].map(|pair| {
        let name = |id: AdapterId| published.adapters()[id.0].as_str();
        pair.map(|pair| Pairs::of_two(pair, pair.map(name), Seeds::Unknown))
    });
    let amplified = !published.amplification.is_empty();
    let figures = figures::plan(
        definition,
        compared,
        (&resolved.base, Weights::Rows { amplified }),
        (&runs, drawn),
        &[],
    )?;
    let is_there = |basis: &Basis| published.grids.iter().any(|grid| grid.basis == *basis);
    Ok(Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        text: definition.text.clone(),
        tables: runs::tables(definition, &runs, amplified)?,
        bases: Basis::ALL.into_iter().filter(is_there).collect(),
        modules,
        figures,
        runs,
        selected: request.selected(),
        makes: request.makes,
        source: Source::Rows(published),
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
    let asked = [
        (request.rank.is_some(), Asked::Rank),
        (request.draws.is_some(), Asked::Draws),
        (request.seed.is_some(), Asked::Seed),
        (!request.bases.is_empty(), Asked::Bases),
    ];
    match asked.iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, asked)) => Err(Error::request(
            asked.to_string(),
            format!("study {} has rows and measures nothing", definition.name),
            format!("leave {asked} out"),
        )),
    }
}

/// The overlaps that figures show must be in the rows.
fn check_overlaps(
    definition: &Definition,
    resolved: &Resolved,
    published: &Published,
) -> Result<()> {
    let name = |id: AdapterId| published.adapters()[id.0].as_str();
    let mut wanted: Vec<(String, &str, &str)> = Vec::new();
    if let Some([one, other]) = resolved.ranks {
        wanted.push(("compare.ranks".into(), name(one), name(other)));
    }
    if let Some([one, other]) = resolved.seeds {
        wanted.push(("compare.seeds".into(), name(one), name(other)));
        if !published.compares("random", "random") {
            wanted.push(("compare.seeds".into(), "random", name(other)));
        }
    }
    for (number, &id) in resolved.base.iter().enumerate() {
        wanted.push((format!("compare.base[{number}]"), "base", name(id)));
    }
    if !resolved.base.is_empty() {
        wanted.push(("compare.base".into(), "base", "random"));
    }
    for (place, first, second) in wanted {
        if !published.compares(first, second) {
            let problem = format!("the rows have no overlap of {first} against {second}");
            let remedy = "add it to overlap.csv, or leave the comparison out";
            return Err(definition.lines.error(&place, &problem, remedy));
        }
    }
    Ok(())
}
