//! From the definition of a study of rows to a checked plan.

use std::path::Path;

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::files::is_there;
use crate::measure::Basis;
use crate::paper::Cells;

use super::bases::chosen;
use super::drawable::Weights;
use super::figures;
use super::file::{Definition, select};
use super::groups::Compared;
use super::named::AdapterId;
use super::pairs::{Pairs, Seeds};
use super::panels::panels;
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
        None => is_there(&own).then_some(own),
    };
    let published = Published::read(&rows, runs.is_some()).map_err(located)?;
    let names: Vec<&str> = published.adapters().iter().map(String::as_str).collect();
    let resolved = Resolved::of(definition, &names, Known::Rows)?;
    let mut compared = two_each(definition, &resolved, &published)?;
    check_overlaps(definition, &resolved, &published)?;
    let runs = runs::read(definition, (runs.as_deref(), folder), &[])?;
    let all = published.modules();
    let modules = match all.as_slice() {
        // Runs alone.
        [] => Vec::new(),
        all => select(all, &request.selection)?,
    };
    let components = published.components();
    let drawn = panels(
        &definition.figures,
        (&modules, &modules),
        &components,
        (&all, lines),
    )?;
    let name = |id: AdapterId| published.adapters()[id.0].as_str();
    compared.pair = compared.drawn(definition, &resolved, name)?;
    let amplified = !published.amplification.is_empty();
    let figures = figures::plan(
        definition,
        &compared,
        (&resolved.base, Weights::Rows { amplified }, [false; 2]),
        (&runs, drawn),
        chosen(&[], &definition.figures.bases),
    )?;
    let is_there = |basis: &Basis| published.grids.iter().any(|grid| grid.basis == *basis);
    Ok(Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        text: definition.text.clone(),
        tables: runs::tables(definition, &runs, amplified)?,
        bases: Basis::ALL.into_iter().filter(is_there).collect(),
        components,
        modules,
        figures,
        runs,
        selected: request.selected(false),
        results_folder: None,
        makes: request.makes,
        every_grid: definition.compare.cells == Some(Cells::All),
        source: Source::Rows(Box::new(published)),
        stop: request.stop.clone(),
        cache: request.cache.clone(),
    })
}

/// The two runs of `ranks` and the two of `seeds`: rows have no group, whose pairs would have to be
/// found.
fn two_each(
    definition: &Definition,
    resolved: &Resolved,
    published: &Published,
) -> Result<Compared> {
    let seeds = match definition.compare.seeds_are_known {
        Some(true) => Seeds::Differ,
        _ => Seeds::Unknown,
    };
    let pair = |pair: [AdapterId; 2]| {
        let names = pair.map(|id| published.adapters()[id.0].as_str());
        Pairs::of_two(pair, names, seeds)
    };
    if let (Some(named), None) = (&definition.compare.seeds, resolved.two_seeds()) {
        let problem = format!(
            "`seeds` of a study of rows are two names, and these are {}",
            named.len()
        );
        let remedy = "name the two sides of the rows to be drawn";
        return Err(definition.lines.error("compare.seeds", &problem, remedy));
    }
    Ok(Compared {
        ranks: resolved.two_ranks().map(pair),
        seeds: resolved.two_seeds().map(pair),
        ..Compared::default()
    })
}

/// Rows and what asks for a measurement exclude each other.
fn refuse_what_measures(definition: &Definition, request: &Request) -> Result<()> {
    let keys = [
        (!definition.adapters.is_empty(), "adapter"),
        (definition.base.is_some(), "base"),
        (definition.whole, "whole"),
        (!definition.rename.is_empty(), "rename"),
        (definition.published.is_some(), "published"),
        (definition.many.is_some(), "many"),
    ];
    if let Some((_, key)) = keys.iter().find(|(is_there, _)| *is_there) {
        let problem = format!("a study of rows measures nothing, so it has no `{key}`");
        return Err(definition
            .lines
            .error("rows", &problem, format!("leave out rows or {key}")));
    }
    let read = &request.read;
    let asked = [
        (read.alpha.is_some(), Asked::Alpha),
        (!read.scaled, Asked::Unscaled),
        (read.initial.is_some(), Asked::Initial),
        (read.allow_unmapped, Asked::AllowUnmapped),
        (!read.renames.is_empty(), Asked::Rename),
        (request.strict, Asked::Strict),
        (request.whole, Asked::Whole),
        (request.rank.is_some(), Asked::Rank),
        (request.draws.is_some(), Asked::Draws),
        (!request.directions.is_empty(), Asked::Directions),
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
    if let Some([one, other]) = resolved.two_ranks() {
        wanted.push(("compare.ranks".into(), name(one), name(other)));
    }
    if let Some([one, other]) = resolved.two_seeds() {
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
