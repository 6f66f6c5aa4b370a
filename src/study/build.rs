//! From a definition to a checked plan: every name resolved, every shape held against every
//! other, before any work.

use std::path::Path;

use crate::adapter::{AdaptedModule, Adapter, BaseIndex, natural_order};
use crate::base::{Base, fused};
use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::tensors::find_model_near;

use super::definition::AdapterEntry;
use super::figures::{self, FigurePlan, panels};
use super::plan::{Comparison, NamedAdapter, Operand, Plan, Request};
use super::{Definition, Runs, Selection, build_rows, checks, lineage, memory, runs, sameness};

/// Builds a plan. `file` is the study's file: paths in the definition are relative to its folder,
/// and messages name it. `every_grid` as in [`Plan`].
pub(super) fn build(
    definition: &Definition,
    file: &Path,
    request: &Request,
    every_grid: bool,
) -> Result<Plan> {
    if let Some(rows) = &definition.rows {
        return build_rows::build(definition, rows, file, request);
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let lines = &definition.lines;
    let base = definition
        .base
        .as_ref()
        .map(|base| {
            let open = || Base::open(&find_model_near(&base.to_string_lossy(), folder)?);
            open().map_err(|error| lines.locate("base", "base", error))
        })
        .transpose()?;
    let open = |(number, entry): (usize, &AdapterEntry)| {
        let adapter = open_adapter(entry, folder, request, base.as_ref());
        let place = format!("adapter[{number}].path");
        adapter.map_err(|error| lines.locate(&place, &format!("adapter `{}`", entry.name), error))
    };
    let entries = definition.adapters.iter().enumerate();
    let adapters = entries.map(open).collect::<Result<Vec<_>>>()?;
    let all = all_modules(&adapters, &request.selection);
    let modules = select(&all, &request.selection)?;
    let runs = definition.runs.as_ref().map(|runs| folder.join(runs));
    let runs = runs::read(definition, runs.as_deref(), &adapters)?;
    let resolver = Resolver {
        definition,
        file,
        adapters: &adapters,
        runs: &runs,
    };
    let pairs = resolver.pairs()?;
    let figures = resolver.figures(request, &pairs, &modules, &all)?;
    let comparisons = resolver.comparisons(&pairs, &figures, base.is_some())?;
    let mut bases = resolver.bases(&request.bases, &definition.compare.bases)?;
    // What is drawn is measured.
    bases.extend(figures.bases.clone());
    let bases: Vec<Basis> = Basis::ALL
        .into_iter()
        .filter(|basis| bases.contains(basis))
        .collect();
    let mut warnings = lineage::check(definition, &adapters, base.as_ref())?;
    warnings.extend(sameness::check(definition, &adapters, &pairs)?);
    warnings.extend(sameness::other_scales(&figures, &adapters));
    warnings.extend(runs.warnings.iter().cloned());
    warnings.extend(checks::only_in_one(&adapters, &pairs, &modules, lines)?);
    warnings.extend(checks::twins(&modules, &figures));
    let plan = Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        text: definition.text.clone(),
        tables: runs::tables(definition, &runs, base.is_some())?,
        bases,
        comparisons,
        amplified: resolver.amplified()?,
        rank: request.rank,
        draws: request.draws.unwrap_or(definition.draws),
        seed: request.seed.unwrap_or(definition.seed),
        memory: request.memory,
        figures,
        runs,
        every_grid,
        selected: request.selected(),
        beside: beside(definition, folder)?.map(Box::new),
        overlap: request.overlap,
        amplification: request.amplification,
        findings: request.findings,
        warnings,
        published: None,
        adapters,
        base,
        modules,
    };
    checks::check_shapes(&plan, lines)?;
    checks::check_whole(&plan)?;
    checks::check_rank(&plan)?;
    memory::check(&plan)?;
    Ok(plan)
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

fn open_adapter(
    entry: &AdapterEntry,
    folder: &Path,
    request: &Request,
    base: Option<&Base>,
) -> Result<NamedAdapter> {
    let index = base.map(|base| base as &dyn BaseIndex);
    let mut adapter = Adapter::open_on(&folder.join(&entry.path), &request.read, index)?;
    adapter.check_trained()?;
    let factor_entries = adapter.factor_entries();
    adapter.split(&|module| fused::slices(module, base));
    Ok(NamedAdapter {
        name: entry.name.clone(),
        label: entry.label.clone(),
        task: entry.task.clone(),
        seed: entry.seed,
        adapter,
        factor_entries,
    })
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

pub(super) fn select(all: &[String], selection: &Selection) -> Result<Vec<String>> {
    let wanted: Vec<String> = all
        .iter()
        .filter(|path| selection.takes(path))
        .cloned()
        .collect();
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let shown: Vec<String> = all
        .iter()
        .take(4)
        .map(|module| format!("`{module}`"))
        .collect();
    Err(Error::Request {
        what: "--modules and --layers".into(),
        problem: format!("none of the {} modules is left", all.len()),
        remedy: format!("they are {}, …; `inspect` lists them all", shown.join(", ")),
    })
}

/// Turns the names in a definition into places, and says which name is unknown.
struct Resolver<'a> {
    definition: &'a Definition,
    file: &'a Path,
    adapters: &'a [NamedAdapter],
    runs: &'a Runs,
}

impl Resolver<'_> {
    fn place(&self, name: &str) -> Result<usize> {
        self.adapters
            .iter()
            .position(|named| named.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = self
                    .adapters
                    .iter()
                    .map(|named| named.name.as_str())
                    .collect();
                Error::Config {
                    path: self.file.into(),
                    problem: format!("there is no adapter named `{name}`"),
                    remedy: format!("its adapters are {}", names.join(", ")),
                }
            })
    }

    /// The command line's bases, else the study's, else `a`.
    fn bases(&self, asked: &[Basis], named: &[String]) -> Result<Vec<Basis>> {
        if !asked.is_empty() {
            return Ok(asked.to_vec());
        }
        if named.is_empty() {
            return Ok(vec![Basis::A]);
        }
        let parse = |name: &String| {
            name.parse().map_err(|_| Error::Config {
                path: self.file.into(),
                problem: format!("there is no basis `{name}`"),
                remedy: "use a, b, delta-right or delta-left".into(),
            })
        };
        named.iter().map(parse).collect()
    }

    /// The adapter pairs to measure, each once.
    fn pairs(&self) -> Result<Vec<[usize; 2]>> {
        let compare = &self.definition.compare;
        let mut pairs = Vec::new();
        for [first, second] in compare
            .ranks
            .iter()
            .chain(&compare.seeds)
            .chain(&compare.also)
        {
            let pair = [self.place(first)?, self.place(second)?];
            if !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }

    fn figures(
        &self,
        request: &Request,
        pairs: &[[usize; 2]],
        modules: &[String],
        all: &[String],
    ) -> Result<FigurePlan> {
        let (compare, entry) = (&self.definition.compare, &self.definition.figures);
        let rank = |place: usize| self.adapters[place].adapter.rank();
        let find = |same_rank: bool| {
            let pair = pairs
                .iter()
                .find(|pair| (rank(pair[0]) == rank(pair[1])) == same_rank)?;
            Some(pair.map(|place| self.adapters[place].name.clone()))
        };
        // Without a word from a study, ranks and seeds are told apart by the adapters' ranks.
        let (ranks, seeds) = match (&compare.ranks, &compare.seeds) {
            (None, None) => (find(false), find(true)),
            (ranks, seeds) => (ranks.clone(), seeds.clone()),
        };
        // A panel needs its module in every adapter.
        let has = |named: &NamedAdapter, path: &String| named.adapter.module(path).is_some();
        let shared: Vec<String> = modules
            .iter()
            .filter(|path| self.adapters.iter().all(|named| has(named, path)))
            .cloned()
            .collect();
        let drawn = if shared.is_empty() { modules } else { &shared };
        let panels = panels(entry, drawn, all, &self.definition.lines)?;
        let venue = self.definition.print.venue.as_deref();
        Ok(FigurePlan {
            which: figures::which(
                self.definition,
                [&ranks, &seeds],
                self.definition.base.is_some() && !compare.base.is_empty(),
                self.runs,
            )?,
            venue: venue.unwrap_or("plain").into(),
            footnote: entry.footnote.clone(),
            notes: panels.notes,
            bases: self.bases(&request.bases, &entry.bases)?,
            ranks,
            seeds,
            base: compare.base.clone(),
            layer: panels.layer,
            layers: panels.layers,
            projections: panels.projections,
        })
    }

    /// The pairs, random directions where a figure shows them (figure 4) or nothing else is there to
    /// compare, and W against the adapters of figure 8 and against random directions.
    fn comparisons(
        &self,
        pairs: &[[usize; 2]],
        figures: &FigurePlan,
        has_base: bool,
    ) -> Result<Vec<Comparison>> {
        let adapter = |name: &String| self.place(name).map(Operand::Adapter);
        let mut wanted: Vec<(Operand, Operand)> = pairs
            .iter()
            .map(|&[one, other]| (Operand::Adapter(one), Operand::Adapter(other)))
            .collect();
        if let Some([_, second]) = &figures.seeds {
            wanted.push((Operand::Random, adapter(second)?));
        }
        if pairs.is_empty() {
            let every = (0..self.adapters.len()).map(Operand::Adapter);
            wanted.extend(every.map(|adapter| (Operand::Random, adapter)));
        }
        if has_base && !figures.base.is_empty() {
            for name in &figures.base {
                wanted.push((Operand::Base, adapter(name)?));
            }
            wanted.push((Operand::Base, Operand::Random));
        }
        let mut comparisons = Vec::new();
        for (first, second) in wanted {
            let comparison = Comparison { first, second };
            if !comparisons.contains(&comparison) {
                comparisons.push(comparison);
            }
        }
        Ok(comparisons)
    }

    /// The adapters of table 7: those named, else all.
    fn amplified(&self) -> Result<Vec<usize>> {
        match self.definition.amplification.adapters.as_slice() {
            [] => Ok((0..self.adapters.len()).collect()),
            names => names.iter().map(|name| self.place(name)).collect(),
        }
    }
}
