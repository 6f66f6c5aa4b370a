//! From a definition to a checked plan: every name resolved, every shape held against every
//! other, before any work.
//!
//! # Decisions
//!
//! - Random directions are compared only where a figure shows them (4, 8), or where there is one
//!   adapter and nothing else. Elsewhere the closed form in `chance` says as much, and the cells
//!   would be most of `overlap.csv`.
//! - Figures 3 and 6 take two different ranks, 4 and 7 two equal ones, when no study says which
//!   pair is which.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::adapter::{AdaptedModule, natural_order};
use crate::base::{Base, parts};
use crate::error::{Error, Result};
use crate::paper::{Cells, Figure};
use crate::tensors::{find_adapter_near, find_model_near};

use super::bases::Bases;
use super::drawable::Weights;
use super::figure_plan::FigurePlan;
use super::figures;
use super::file::{Definition, Selection, select};
use super::groups::Compared;
use super::left_out::leave_out;
use super::many::Many;
use super::meet::under_one_name;
use super::named::{AdapterId, Comparison, NamedAdapter, Operand};
use super::opening::Opening;
use super::panels::panels;
use super::place::without_parents;
use super::plan::{Measured, Plan, Source};
use super::renames::Renames;
use super::request::Request;
use super::resolved::{Known, Resolved};
use super::runs;
use super::steps::{self, Entry};
use super::{build_rows, checks, duplicates, lineage, one_start, seeds, table7_rows};

impl Plan {
    /// A plan from a study file.
    ///
    /// # Errors
    ///
    /// Everything that can be told before the numbers are read.
    pub fn from_file(path: &Path, request: &Request) -> Result<Self> {
        Plan::of_definition(&Definition::read(path)?, path, request)
    }

    /// A plan from a definition that is read. `file` is the study's file: paths in the definition are
    /// relative to its folder, and messages name it.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_file`].
    pub(crate) fn of_definition(
        definition: &Definition,
        file: &Path,
        request: &Request,
    ) -> Result<Self> {
        request.check()?;
        let mut plan = match &definition.rows {
            Some(rows) => build_rows::build(definition, rows, file, request),
            None => of_adapters(definition, file, request, false),
        }?;
        plan.results_folder = Some(results_folder(definition, file));
        Ok(plan)
    }
}

/// Where a study's results belong: its own folder, or the one that it names from there.
fn results_folder(definition: &Definition, file: &Path) -> PathBuf {
    let own = file.parent().unwrap_or(Path::new(""));
    let named = definition.output.folder.as_deref();
    without_parents(&own.join(named.unwrap_or(Path::new(""))))
}

/// The plan of a study that measures adapters. `every_grid` as in [`Plan`].
pub(super) fn of_adapters(
    definition: &Definition,
    file: &Path,
    request: &Request,
    every_grid: bool,
) -> Result<Plan> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let lines = &definition.lines;
    let entries = definition.adapters.iter();
    let names: Vec<&str> = entries.map(|entry| entry.name.as_str()).collect();
    refuse_known_seeds(definition)?;
    let resolved = Resolved::of(definition, &names, Known::Adapters)?;
    let base = open_base(definition, folder)?;
    let (adapters, mut warnings) = open_adapters(definition, folder, request, base.as_ref())?;
    let compared = Compared::of(definition, &resolved, &adapters)?;
    let all = all_modules(&adapters, &request.selection);
    let held = checks::Held {
        adapters: &adapters,
        base: base.as_ref(),
        request,
        lines,
    };
    let (modules, left_out) = leave_out(&held, select(&all, &request.selection)?)?;
    let runs = definition.runs.as_ref().map(|runs| folder.join(runs));
    let runs = runs::read(definition, (runs.as_deref(), folder), &adapters)?;
    let components = components(&modules, &adapters);
    let (many, said) = Many::of(definition, request, &resolved, (&adapters, &modules))?;
    warnings.extend(said);
    let drawn = panels(
        &definition.figures,
        (&in_all(&modules, &adapters), &modules),
        &components,
        (&all, lines),
    )?;
    let weights = match definition.base {
        Some(_) => Weights::Measured,
        None => Weights::None,
    };
    let has_steps = adapters.iter().any(|named| named.steps.is_some());
    let bases = Bases::of(definition, request, &adapters, &modules);
    let (compared, not_judged) = match request.makes.overlap {
        true => one_start::judged(bases.with_starts(compared), &adapters, &modules),
        false => (bases.with_starts(compared), Vec::new()),
    };
    let figures = figures::plan(
        definition,
        &compared,
        (&resolved.base, weights, [has_steps, many.is_some()]),
        (&runs, drawn),
        bases.drawn.clone(),
    )?;
    warnings.extend(bases.note.clone());
    if request.makes.overlap {
        let of_pairs = compared.pairs.iter().flatten().copied();
        let all = of_pairs.chain(resolved.base.iter().copied());
        warnings.extend(bases.without_factors(&adapters, all));
    }
    warnings.extend(lineage::check(
        definition,
        &resolved,
        &adapters,
        base.as_ref(),
    )?);
    let pairs = &compared.pairs;
    warnings.extend(duplicates::check(lines, &resolved, pairs, &adapters)?);
    warnings.extend(duplicates::other_scales(&figures, &adapters));
    warnings.extend(runs.warnings.iter().cloned());
    warnings.extend(compared.warnings.iter().cloned());
    warnings.extend(not_judged);
    let groups = figures.groups();
    warnings.extend(checks::lacking(&adapters, pairs, &groups, &modules, lines)?);
    if request.makes.findings && figures.seeds.is_some() {
        warnings.extend(checks::too_many_layers(&modules));
    }
    let tables = runs::tables(definition, &runs, base.is_some())?;
    let measured = Measured {
        comparisons: comparisons(
            pairs,
            &figures,
            // Where many are put side by side chance stands beside each pair.
            if many.is_some() { 0 } else { adapters.len() },
            base.is_some(),
        ),
        many,
        amplified: match resolved.amplified() {
            named if named.is_empty() => (0..adapters.len()).map(AdapterId).collect(),
            named => named,
        },
        table7_groups: compared.table7,
        rank: request.rank,
        draws: request.draws.unwrap_or(definition.draws),
        with_own_directions: table7_rows::with_own(definition, request)?,
        seed: request.seed.unwrap_or(definition.seed),
        memory: request.memory,
        differences: bases.note,
        warnings,
        left_out,
        beside: beside(definition, folder)?.map(Box::new),
        adapters,
        base,
    };
    checks::check_rank(&measured, &modules, lines)?;
    Ok(Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        text: definition.text.clone(),
        tables,
        bases: bases.measured,
        components,
        modules,
        figures,
        runs,
        makes: request.makes,
        every_grid: every_grid || definition.compare.cells == Some(Cells::All),
        selected: request.selected(is_whole(definition, request)),
        results_folder: None,
        source: Source::Adapters(Box::new(measured)),
        stop: request.stop.clone(),
        cache: request.cache.clone(),
    })
}

fn open_base(definition: &Definition, folder: &Path) -> Result<Option<Base>> {
    let Some(base) = &definition.base else {
        return Ok(None);
    };
    find_model_near(&base.to_string_lossy(), folder)
        .and_then(|model| Base::open(&model))
        .map(Some)
        .map_err(|error| definition.lines.locate("base", "base", error))
}

/// The adapters, and a sentence for each whose files contradict the study.
fn open_adapters(
    definition: &Definition,
    folder: &Path,
    request: &Request,
    base: Option<&Base>,
) -> Result<(Vec<NamedAdapter>, Vec<String>)> {
    let lines = &definition.lines;
    let renames = Renames::read(definition, request)?;
    let (mut adapters, mut warnings) = (Vec::new(), Vec::new());
    for (number, entry) in definition.adapters.iter().enumerate() {
        let own = renames.of(number);
        let whole = is_whole(definition, request);
        let opening = Opening::of((entry, folder), request, base, (&own, whole));
        let entry = Entry {
            entry,
            number,
            folder,
            lines,
        };
        let (named, said) = open_adapter(&entry, &opening)?;
        adapters.push(named);
        warnings.extend(said);
    }
    renames.check_used(&adapters)?;
    under_one_name(adapters.iter_mut().map(|named| {
        let steps = named.steps.iter_mut().flat_map(|steps| &mut steps.earlier);
        let earlier = steps.map(|step| &mut step.adapter).collect();
        (named.name.as_str(), &mut named.adapter, earlier)
    }));
    Ok((adapters, warnings))
}

/// `seeds_are_known` is for runs that nobody has.
fn refuse_known_seeds(definition: &Definition) -> Result<()> {
    if definition.compare.seeds_are_known.is_none() {
        return Ok(());
    }
    let problem = "`seeds_are_known` is for a study of rows, and this one has adapters";
    let remedy = "leave it out, and give each [[adapter]] its `seed =`";
    let place = "compare.seeds_are_known";
    Err(definition.lines.error(place, problem, remedy))
}

/// Whether fused projections are left whole.
fn is_whole(definition: &Definition, request: &Request) -> bool {
    request.whole || definition.whole
}

/// The adapter of an entry with the checkpoints of its run, and sentences about them.
fn open_adapter(at: &Entry, opening: &Opening) -> Result<(NamedAdapter, Vec<String>)> {
    let entry = at.entry;
    let opened = match &entry.factors {
        Some(factors) => opening.held(&entry.name, factors),
        None => find_adapter_near(&entry.path, at.folder)
            .map_err(Error::from)
            .and_then(|path| opening.open(&path)),
    };
    let trained = opened.and_then(|(adapter, factor_entries)| {
        adapter.check_trained()?;
        Ok((adapter, factor_entries))
    });
    let (adapter, factor_entries) = trained.map_err(|error| {
        let place = format!("adapter[{}].path", at.number);
        let what = format!("adapter `{}`", entry.name);
        at.lines.locate(&place, &what, error)
    })?;
    let (seed, warning) = seeds::of_entry(entry, &adapter);
    let (steps, note) = steps::of_entry(at, &adapter, opening)?;
    let named = NamedAdapter {
        name: entry.name.clone(),
        label: entry.label.clone(),
        task: entry.task.clone(),
        seed,
        directions: entry.rank.filter(|_| !adapter.has_factors()),
        adapter,
        factor_entries,
        steps,
        course: OnceLock::new(),
    };
    Ok((named, warning.into_iter().chain(note).collect()))
}

/// All modules of all adapters, in natural order; those that were saved whole beside the factors
/// where the selection names them.
fn all_modules(adapters: &[NamedAdapter], selection: &Selection) -> Vec<String> {
    let mut all = Vec::new();
    for NamedAdapter { adapter, .. } in adapters {
        let named = |module: &&AdaptedModule| selection.names(&module.path);
        let replacements = adapter.replacements.iter().filter(named);
        let modules = adapter.modules.iter().chain(replacements);
        all.extend(modules.map(|module| module.path.clone()));
    }
    all.sort_by(|one, other| natural_order(one, other));
    all.dedup();
    all
}

/// The part of the model that each module is of, where they are of several.
fn components(modules: &[String], adapters: &[NamedAdapter]) -> BTreeMap<String, String> {
    let first = |path: &String| {
        let mut all = adapters.iter();
        all.find_map(|named| named.adapter.module(path))
    };
    let described: Vec<(&str, &str)> = modules
        .iter()
        .filter_map(first)
        .map(|module| (module.path.as_str(), module.component))
        .collect();
    let named = described.iter().zip(parts(&described));
    let named = named.filter(|(_, part)| !part.is_empty());
    named
        .map(|((path, _), part)| (path.to_string(), part))
        .collect()
}

/// The modules that every adapter has, as a panel needs them; all where there is none.
fn in_all(modules: &[String], adapters: &[NamedAdapter]) -> Vec<String> {
    let has = |named: &NamedAdapter, path: &String| named.adapter.module(path).is_some();
    let shared: Vec<String> = modules
        .iter()
        .filter(|path| adapters.iter().all(|named| has(named, path)))
        .cloned()
        .collect();
    if shared.is_empty() {
        modules.to_vec()
    } else {
        shared
    }
}

/// The pairs, random directions where a figure shows them (figure 4) or nothing else is there to
/// compare, and W against the adapters of figure 8 and against random directions.
fn comparisons(
    pairs: &[[AdapterId; 2]],
    figures: &FigurePlan,
    adapters: usize,
    has_base: bool,
) -> Vec<Comparison> {
    let adapter = Operand::Adapter;
    let mut wanted: Vec<(Operand, Operand)> = pairs
        .iter()
        .map(|&[one, other]| (adapter(one), adapter(other)))
        .collect();
    if let Some(drawn) = figures.drawn(Figure::Four) {
        let [_, second] = drawn.first();
        wanted.push((Operand::Random, adapter(second)));
    }
    if pairs.is_empty() {
        let every = (0..adapters).map(AdapterId).map(adapter);
        wanted.extend(every.map(|adapter| (Operand::Random, adapter)));
    }
    if has_base && !figures.base.is_empty() {
        let shown = figures.base.iter().copied().map(adapter);
        wanted.extend(shown.map(|adapter| (Operand::Base, adapter)));
        wanted.push((Operand::Base, Operand::Random));
    }
    let mut met = HashSet::new();
    let new = wanted.into_iter().filter(|pair| met.insert(*pair));
    new.map(|(first, second)| Comparison { first, second })
        .collect()
}

/// The study of published rows that is to be shown beside.
fn beside(definition: &Definition, folder: &Path) -> Result<Option<Plan>> {
    let Some(path) = &definition.published else {
        return Ok(None);
    };
    let error = |problem: &str| {
        let remedy = "give a study that has rows, such as experiments/lora-paper/study.toml";
        definition.lines.error("published", problem, remedy)
    };
    let file = folder.join(path);
    if !file.is_file() {
        return Err(error(&format!("there is no study {}", file.display())));
    }
    let other = Definition::read(&file)?;
    match &other.rows {
        Some(rows) => build_rows::build(&other, rows, &file, &Request::default()).map(Some),
        None => Err(error(&format!("study {} has no rows", other.name))),
    }
}
