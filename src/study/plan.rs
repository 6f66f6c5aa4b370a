//! From a study file or a command line to a checked plan: every name resolved, every shape held
//! against every other, before any work.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::adapter::{AdaptedModule, Adapter, ReadOptions, layer_of, natural_order, projection_of};
use crate::base::Base;
use crate::error::{Error, Result};
use crate::measure::Basis;

use super::definition::{AdapterEntry, AmplificationEntry, Compare, DEFAULT_DRAWS, FiguresEntry};
use super::{Definition, Results, Selection};

/// What the command line adds to a study, or says in place of one.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Which modules.
    pub selection: Selection,
    /// Bases to measure and draw, in place of the study's.
    pub bases: Vec<Basis>,
    /// Directions used, in place of the adapters' ranks.
    pub rank: Option<usize>,
    /// How adapters are read.
    pub read: ReadOptions,
    /// Random draws.
    pub draws: Option<usize>,
    /// Seed of the random directions.
    pub seed: Option<u64>,
    /// Measure overlaps.
    pub overlap: bool,
    /// Measure amplification and ranks.
    pub amplification: bool,
}

/// One side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// An adapter, by its place in the plan.
    Adapter(usize),
    /// W.
    Base,
    /// Haar-random directions.
    Random,
}

/// An overlap that is measured on every module both sides have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// Whose directions i counts.
    pub first: Operand,
    /// Whose directions j counts.
    pub second: Operand,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct FigurePlan {
    /// Bases drawn.
    pub bases: Vec<Basis>,
    /// Figures 3 and 6.
    pub ranks: Option<[String; 2]>,
    /// Figures 4 and 7.
    pub seeds: Option<[String; 2]>,
    /// Figure 8.
    pub base: Vec<String>,
    /// Figures 3, 4 and 8 and table 7.
    pub layer: Option<usize>,
    /// Figures 6 and 7.
    pub layers: Vec<Option<usize>>,
    /// Panels.
    pub projections: Vec<String>,
}

/// An adapter under the study's name for it.
pub struct NamedAdapter {
    /// The name in tables.
    pub name: String,
    /// The adapter.
    pub adapter: Adapter,
}

/// A checked plan.
pub struct Plan {
    /// Names the output folders.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// In the order of the tables.
    pub adapters: Vec<NamedAdapter>,
    /// W, if there is one.
    pub base: Option<Base>,
    /// Modules that are measured, in natural order.
    pub modules: Vec<String>,
    /// Bases that are measured.
    pub bases: Vec<Basis>,
    /// Overlaps that are measured.
    pub comparisons: Vec<Comparison>,
    /// Adapters of table 7.
    pub amplified: Vec<usize>,
    /// Directions used, if not all.
    pub rank: Option<usize>,
    /// Random draws.
    pub draws: usize,
    /// Seed.
    pub seed: u64,
    /// What is drawn.
    pub figures: FigurePlan,
    /// Whether `overlap.csv` has every grid, or those that are drawn.
    pub every_grid: bool,
    /// What was noticed while planning.
    pub warnings: Vec<String>,
    /// Measure overlaps.
    pub(super) overlap: bool,
    /// Measure amplification and ranks.
    pub(super) amplification: bool,
}

impl Plan {
    /// A plan from a study file.
    ///
    /// # Errors
    ///
    /// Everything that can be told before the numbers are read.
    pub fn from_file(path: &Path, request: &Request) -> Result<Self> {
        let definition = Definition::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        build(definition, folder, request, false)
    }

    /// A plan from adapters on a command line: each pair of them is compared, and each of them with
    /// the base if there is one.
    ///
    /// Of the pairs, the first with different ranks is drawn as figures 3 and 6, and the first with
    /// equal ranks as figures 4 and 7.
    ///
    /// # Errors
    ///
    /// As [`Plan::from_file`].
    pub fn from_paths(paths: &[PathBuf], base: Option<&Path>, request: &Request) -> Result<Self> {
        let adapters: Vec<AdapterEntry> = names_of(paths)
            .into_iter()
            .zip(paths)
            .map(|(name, path)| AdapterEntry {
                name,
                path: path.clone(),
            })
            .collect();
        let names: Vec<String> = adapters
            .iter()
            .map(|adapter| adapter.name.clone())
            .collect();
        let pairs = (0..names.len())
            .flat_map(|i| (i + 1..names.len()).map(move |j| (i, j)))
            .map(|(i, j)| [names[i].clone(), names[j].clone()])
            .collect();
        let definition = Definition {
            name: names.join("-vs-"),
            title: names.join(" against "),
            base: base.map(Path::to_path_buf),
            seed: 0,
            draws: DEFAULT_DRAWS,
            adapters,
            compare: Compare {
                base: if base.is_some() { names } else { Vec::new() },
                also: pairs,
                ..Compare::default()
            },
            amplification: AmplificationEntry::default(),
            figures: FiguresEntry::default(),
        };
        build(definition, Path::new(""), request, true)
    }

    /// Measures every module, in parallel, and gives the rows in the plan's order whatever the
    /// number of threads. `progress` is called once per finished module, from any thread.
    ///
    /// # Errors
    ///
    /// The first module's, in the plan's order, that could not be measured.
    pub fn run(&self, progress: &(dyn Fn() + Sync)) -> Result<Results> {
        crate::linalg::use_one_thread();
        let parts: Vec<Result<Results>> = self
            .modules
            .par_iter()
            .map(|module| {
                let part = super::module::measure(self, module);
                progress();
                part
            })
            .collect();
        let mut results = Results::default();
        for part in parts {
            results.append(part?);
        }
        Ok(results)
    }

    /// An operand's name in tables.
    pub fn operand_name(&self, operand: Operand) -> &str {
        match operand {
            Operand::Adapter(place) => &self.adapters[place].name,
            Operand::Base => "base",
            Operand::Random => "random",
        }
    }

    /// Whether a grid's comparison is one that a figure shows.
    pub fn is_drawn(&self, basis: Basis, layer: Option<usize>, first: &str, second: &str) -> bool {
        let figures = &self.figures;
        let pair = |pair: &Option<[String; 2]>| {
            pair.as_ref()
                .is_some_and(|[one, other]| one == first && other == second)
        };
        let random = first == "random"
            && figures
                .seeds
                .as_ref()
                .is_some_and(|[_, other]| other == second);
        let with_base = first == "base"
            && (second == "random" || figures.base.iter().any(|adapter| adapter == second));
        let one_layer = layer == figures.layer;
        figures.bases.contains(&basis)
            && ((pair(&figures.ranks) || pair(&figures.seeds))
                && (one_layer || figures.layers.contains(&layer))
                || (random || with_base) && one_layer)
    }
}

/// Folder names, made distinct with their parents' names and then with numbers.
fn names_of(paths: &[PathBuf]) -> Vec<String> {
    let last = |path: &Path| {
        let full = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let file = if full.is_file() {
            full.parent().map(Path::to_path_buf)
        } else {
            None
        };
        let folder = file.unwrap_or(full);
        let name = |path: Option<&Path>| {
            path.and_then(|path| path.file_name())
                .map(|name| name.to_string_lossy().into_owned())
        };
        (
            name(Some(&folder)).unwrap_or_else(|| "adapter".into()),
            name(folder.parent()),
        )
    };
    let found: Vec<(String, Option<String>)> = paths.iter().map(|path| last(path)).collect();
    let mut names: Vec<String> = Vec::new();
    for (name, parent) in &found {
        let clashes = found.iter().filter(|(other, _)| other == name).count() > 1;
        let reserved = name == "base" || name == "random";
        let mut wanted = match parent {
            Some(parent) if clashes || reserved => format!("{parent}-{name}"),
            _ => name.clone(),
        };
        let stem = wanted.clone();
        let mut number = 2;
        while names.contains(&wanted) || wanted == "base" || wanted == "random" {
            wanted = format!("{stem}-{number}");
            number += 1;
        }
        names.push(wanted);
    }
    names
}

fn build(
    definition: Definition,
    folder: &Path,
    request: &Request,
    every_grid: bool,
) -> Result<Plan> {
    let mut warnings = Vec::new();
    let adapters = definition
        .adapters
        .iter()
        .map(|entry| {
            let adapter = Adapter::open(&folder.join(&entry.path), &request.read)?;
            Ok(NamedAdapter {
                name: entry.name.clone(),
                adapter,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let base = definition
        .base
        .as_ref()
        .map(|base| Base::open(&folder.join(base)))
        .transpose()?;
    let modules = select(&adapters, request)?;
    let bases = match request.bases.as_slice() {
        [] => parse_bases(&definition.compare.bases)?,
        bases => bases.to_vec(),
    };
    let resolver = Resolver {
        definition: &definition,
        adapters: &adapters,
    };
    let (pairs, figures) = resolver.pairs(request, &modules)?;
    let (comparisons, amplified) = resolver.comparisons(&pairs, &figures, base.is_some())?;
    let plan = Plan {
        name: definition.name.clone(),
        title: definition.title.clone(),
        bases,
        comparisons,
        amplified,
        rank: request.rank,
        draws: request.draws.unwrap_or(definition.draws),
        seed: request.seed.unwrap_or(definition.seed),
        figures,
        every_grid,
        overlap: request.overlap,
        amplification: request.amplification,
        adapters,
        base,
        modules,
        warnings: Vec::new(),
    };
    plan.check_pairs(&pairs, &mut warnings)?;
    plan.check_rank()?;
    plan.check_base()?;
    Ok(Plan { warnings, ..plan })
}

fn parse_bases(names: &[String]) -> Result<Vec<Basis>> {
    match names {
        [] => Ok(vec![Basis::A]),
        names => names.iter().map(|name| name.parse()).collect(),
    }
}

/// All selected modules of all adapters, in natural order.
fn select(adapters: &[NamedAdapter], request: &Request) -> Result<Vec<String>> {
    let mut all: Vec<String> = adapters
        .iter()
        .flat_map(|named| {
            named
                .adapter
                .modules
                .iter()
                .map(|module| module.path.clone())
        })
        .collect();
    all.sort_by(|one, other| natural_order(one, other));
    all.dedup();
    let wanted: Vec<String> = all
        .iter()
        .filter(|module| request.selection.takes(module))
        .cloned()
        .collect();
    if wanted.is_empty() {
        let shown = all
            .iter()
            .take(4)
            .map(|module| format!("`{module}`"))
            .collect::<Vec<_>>();
        return Err(Error::Request {
            what: "--modules and --layers".into(),
            problem: format!("none of the {} modules is left", all.len()),
            remedy: format!("they are {}, …; `inspect` lists them all", shown.join(", ")),
        });
    }
    Ok(wanted)
}

/// Turns names into places, and says which name is unknown.
struct Resolver<'a> {
    definition: &'a Definition,
    adapters: &'a [NamedAdapter],
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
                Error::Request {
                    what: format!("study {}", self.definition.name),
                    problem: format!("there is no adapter named `{name}`"),
                    remedy: format!("its adapters are {}", names.join(", ")),
                }
            })
    }

    /// The adapter pairs to measure, and what of them is drawn.
    fn pairs(
        &self,
        request: &Request,
        modules: &[String],
    ) -> Result<(Vec<[usize; 2]>, FigurePlan)> {
        let compare = &self.definition.compare;
        let mut pairs: Vec<[usize; 2]> = Vec::new();
        for pair in compare
            .ranks
            .iter()
            .chain(&compare.seeds)
            .chain(&compare.also)
        {
            let places = [self.place(&pair[0])?, self.place(&pair[1])?];
            if !pairs.contains(&places) {
                pairs.push(places);
            }
        }
        let named = |pair: &[usize; 2]| pair.map(|place| self.adapters[place].name.clone());
        let equal = |pair: &[usize; 2]| {
            self.adapters[pair[0]].adapter.rank() == self.adapters[pair[1]].adapter.rank()
        };
        // Without a word from a study, ranks and seeds are told apart by the adapters' ranks.
        let unnamed = compare.ranks.is_none() && compare.seeds.is_none();
        let find = |wanted: bool| pairs.iter().find(|pair| equal(pair) == wanted).map(named);
        let entry = &self.definition.figures;
        let bases = match (request.bases.as_slice(), entry.bases.as_slice()) {
            ([], []) => vec![Basis::A],
            ([], names) => parse_bases(names)?,
            (bases, _) => bases.to_vec(),
        };
        let figures = FigurePlan {
            bases,
            ranks: if unnamed {
                find(false)
            } else {
                compare.ranks.clone()
            },
            seeds: if unnamed {
                find(true)
            } else {
                compare.seeds.clone()
            },
            base: compare.base.clone(),
            layer: one_layer(entry.layer, modules)?,
            layers: several_layers(entry.layers.as_deref(), modules)?,
            projections: projections(&entry.projections, modules)?,
        };
        Ok((pairs, figures))
    }

    fn comparisons(
        &self,
        pairs: &[[usize; 2]],
        figures: &FigurePlan,
        has_base: bool,
    ) -> Result<(Vec<Comparison>, Vec<usize>)> {
        let mut comparisons: Vec<Comparison> = pairs
            .iter()
            .map(|&[one, other]| Comparison {
                first: Operand::Adapter(one),
                second: Operand::Adapter(other),
            })
            .collect();
        let mut add = |first, second| {
            let comparison = Comparison { first, second };
            if !comparisons.contains(&comparison) {
                comparisons.push(comparison);
            }
        };
        for [_, second] in figures.ranks.iter().chain(&figures.seeds) {
            add(Operand::Random, Operand::Adapter(self.place(second)?));
        }
        if pairs.is_empty() {
            (0..self.adapters.len()).for_each(|one| add(Operand::Random, Operand::Adapter(one)));
        }
        if has_base && !figures.base.is_empty() {
            for name in &figures.base {
                add(Operand::Base, Operand::Adapter(self.place(name)?));
            }
            add(Operand::Base, Operand::Random);
        }
        let named = &self.definition.amplification.adapters;
        let amplified = match named.as_slice() {
            [] => (0..self.adapters.len()).collect(),
            names => names
                .iter()
                .map(|name| self.place(name))
                .collect::<Result<_>>()?,
        };
        Ok((comparisons, amplified))
    }
}

impl Plan {
    fn module_of(&self, place: usize, path: &str) -> Option<&AdaptedModule> {
        self.adapters[place].adapter.module(path)
    }

    /// Pairs must share modules, and those must have one shape.
    fn check_pairs(&self, pairs: &[[usize; 2]], warnings: &mut Vec<String>) -> Result<()> {
        for &[one, other] in pairs {
            let (first, second) = (&self.adapters[one], &self.adapters[other]);
            let mut shared = 0;
            let mut alone = Vec::new();
            for path in &self.modules {
                match (self.module_of(one, path), self.module_of(other, path)) {
                    (Some(a), Some(b)) => {
                        shared += 1;
                        same_shape(first, a, second, b)?;
                    }
                    (Some(_), None) | (None, Some(_)) => alone.push(path.as_str()),
                    (None, None) => {}
                }
            }
            if shared == 0 {
                let list = |named: &NamedAdapter| {
                    named
                        .adapter
                        .modules
                        .iter()
                        .map(|module| module.path.clone())
                        .collect()
                };
                return Err(Error::NoCommonModule {
                    first: first.adapter.path().into(),
                    second: second.adapter.path().into(),
                    first_modules: list(first),
                    second_modules: list(second),
                });
            }
            if !alone.is_empty() {
                warnings.push(format!(
                    "{} and {}: {} modules are in one of them only and are not compared: {}",
                    first.name,
                    second.name,
                    alone.len(),
                    alone.join(", ")
                ));
            }
        }
        Ok(())
    }

    fn check_rank(&self) -> Result<()> {
        let Some(rank) = self.rank else { return Ok(()) };
        for named in &self.adapters {
            for path in &self.modules {
                let Some(module) = named.adapter.module(path) else {
                    continue;
                };
                if rank == 0 || rank > module.rank {
                    return Err(Error::Request {
                        what: format!("--rank {rank}"),
                        problem: format!(
                            "adapter {} has rank {} in module `{path}`",
                            named.name, module.rank
                        ),
                        remedy: format!("use 1 to {}", module.rank),
                    });
                }
            }
        }
        Ok(())
    }

    /// Every module that is measured must have one weight of its shape in the base.
    fn check_base(&self) -> Result<()> {
        let Some(base) = &self.base else {
            return Ok(());
        };
        for named in &self.adapters {
            for path in &self.modules {
                if let Some(module) = named.adapter.module(path) {
                    base.check(module, named.adapter.fan_in_fan_out)?;
                }
            }
        }
        Ok(())
    }
}

fn same_shape(
    first: &NamedAdapter,
    a: &AdaptedModule,
    second: &NamedAdapter,
    b: &AdaptedModule,
) -> Result<()> {
    if (a.d_out, a.d_in) == (b.d_out, b.d_in) {
        return Ok(());
    }
    Err(Error::Shape {
        path: second.adapter.weights().into(),
        what: format!("module `{}` (tensor `{}`)", b.path, b.b),
        found: format!("ΔW of {} × {}", b.d_out, b.d_in),
        expected: format!(
            "{} × {} as in {}",
            a.d_out,
            a.d_in,
            first.adapter.weights().display()
        ),
        remedy: "compare adapters of one base model",
    })
}

fn layers_of(modules: &[String]) -> Vec<Option<usize>> {
    let mut layers: Vec<Option<usize>> = modules.iter().map(|module| layer_of(module)).collect();
    layers.sort();
    layers.dedup();
    layers
}

/// The layer of one-layer figures: the study's, else the middle one.
fn one_layer(named: Option<usize>, modules: &[String]) -> Result<Option<usize>> {
    let layers = layers_of(modules);
    match named {
        Some(layer) if layers.contains(&Some(layer)) => Ok(Some(layer)),
        // A run on chosen layers draws what it has.
        Some(_) | None => Ok(layers[layers.len() / 2]),
    }
}

/// The layers of figures 6 and 7: the study's, else four as the paper takes them (first, thirds,
/// last).
fn several_layers(named: Option<&[usize]>, modules: &[String]) -> Result<Vec<Option<usize>>> {
    let layers = layers_of(modules);
    if let Some(named) = named {
        let kept: Vec<Option<usize>> = named
            .iter()
            .map(|&layer| Some(layer))
            .filter(|layer| layers.contains(layer))
            .collect();
        if !kept.is_empty() {
            return Ok(kept);
        }
    }
    let last = layers.len() - 1;
    let mut chosen: Vec<Option<usize>> = (0..4).map(|k| layers[(k * last + 1) / 3]).collect();
    chosen.dedup();
    Ok(chosen)
}

/// Names of query projections, then of value projections.
const QUERY: [&str; 6] = ["query", "q_proj", "to_q", "wq", "q_lin", "q"];
const VALUE: [&str; 6] = ["value", "v_proj", "to_v", "wv", "v_lin", "v"];

/// The panels: the study's, else q and v, else the first two projections.
fn projections(named: &[String], modules: &[String]) -> Result<Vec<String>> {
    let mut all: Vec<&str> = Vec::new();
    for module in modules {
        let projection = projection_of(module);
        if !all.contains(&projection) {
            all.push(projection);
        }
    }
    let kept: Vec<String> = named
        .iter()
        .filter(|name| all.contains(&name.as_str()))
        .cloned()
        .collect();
    if !kept.is_empty() {
        return Ok(kept);
    }
    let find = |names: &[&str]| {
        all.iter()
            .find(|projection| names.contains(projection))
            .copied()
    };
    Ok(match (find(&QUERY), find(&VALUE)) {
        (Some(query), Some(value)) => vec![query.into(), value.into()],
        _ => all
            .iter()
            .take(2)
            .map(|projection| projection.to_string())
            .collect(),
    })
}
