//! What a layer of one run shares with each layer of another.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array2, Axis, concatenate, s};

use crate::adapter::{block_of, layer_of};
use crate::error::Result;
use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::measure::same_layer::{LayerTable, MOST_LAYERS, rest_of_same_layer};
use crate::results::{Frame, ModuleName};
use crate::table::{EvidenceRow, LayerRow, together};

use super::claims::SEEDS_LAYERS;
use super::compared::{Compared, seeds_word};
use super::judged::mean;
use super::row::blank;

/// One projection's modules, a layer each, by path without the layer's number.
struct Projection<'a> {
    template: String,
    dimension: usize,
    modules: Vec<&'a ModuleName>,
}

/// φ(k,k) of every layer of one run against every layer of the other, the mean over pairs of runs.
pub(super) fn between(compared: &Compared, frames: &[Frame]) -> Result<Vec<LayerRow>> {
    let is_there = |basis: &Basis| frames.iter().any(|frame| frame.basis == *basis);
    let Some(basis) = Basis::ALL.into_iter().find(is_there) else {
        return Ok(Vec::new());
    };
    let frames = Frames::of(frames, basis);
    let mut rows = Vec::new();
    for projection in projections(compared, &frames) {
        rows.extend(projection.rows(compared, &frames, basis));
    }
    Ok(rows)
}

/// The frames of one basis, by run and module.
struct Frames<'a> {
    all: Vec<&'a Frame>,
    places: BTreeMap<(&'a str, &'a str, &'a str), usize>,
}

impl<'a> Frames<'a> {
    fn of(all: &'a [Frame], basis: Basis) -> Self {
        let all: Vec<&Frame> = all.iter().filter(|frame| frame.basis == basis).collect();
        let mut places = BTreeMap::new();
        for (place, frame) in all.iter().enumerate() {
            places
                .entry(key(&frame.adapter, &frame.module))
                .or_insert(place);
        }
        Frames { all, places }
    }

    /// The frame of a run in a module.
    fn of_run(&self, run: &str, module: &ModuleName) -> Option<&'a Array2<f64>> {
        let place = self.places.get(&key(run, module))?;
        Some(&self.all[*place].directions)
    }
}

fn key<'a>(run: &'a str, module: &'a ModuleName) -> (&'a str, &'a str, &'a str) {
    (run, &module.path, &module.component)
}

/// The projections with modules that every run has, each of the width that most of its layers have.
fn projections<'a>(compared: &Compared, frames: &Frames<'a>) -> Vec<Projection<'a>> {
    let runs = compared.pairs.iter().flatten().map(String::as_str);
    let mut met = BTreeSet::new();
    let runs: Vec<&str> = runs.filter(|run| met.insert(*run)).collect();
    let Some(&reference) = runs.first() else {
        return Vec::new();
    };
    let mut found: Vec<Projection> = Vec::new();
    let mut numbers: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for one in frames.all.iter().filter(|one| one.adapter == reference) {
        let everywhere = runs
            .iter()
            .all(|run| frames.of_run(run, &one.module).is_some());
        if !everywhere || one.module.layer.is_none() {
            continue;
        }
        let (template, dimension) = (template(&one.module.path), one.directions.nrows());
        let next = found.len();
        let number = numbers.entry((template.clone(), dimension));
        match found.get_mut(*number.or_insert(next)) {
            Some(known) => known.modules.push(&one.module),
            None => found.push(Projection {
                template,
                dimension,
                modules: vec![&one.module],
            }),
        }
    }
    let mut kept: Vec<Projection> = Vec::new();
    for one in found {
        // Slices of a fused projection have one A: it counts once.
        let same = |other: &Projection| {
            let one = frames.of_run(reference, one.modules[0]);
            one.is_some() && one == frames.of_run(reference, other.modules[0])
        };
        if kept.iter().any(same) {
            continue;
        }
        match kept.iter_mut().find(|known| known.template == one.template) {
            Some(known) if known.modules.len() >= one.modules.len() => {}
            Some(known) => *known = one,
            None => kept.push(one),
        }
    }
    kept
}

/// A path with `*` for its block's number.
fn template(module: &str) -> String {
    let block = block_of(module);
    let list = block.rsplit_once('.').map_or("", |(list, _)| list);
    format!("{list}.*{}", &module[block.len()..])
}

impl Projection<'_> {
    fn rows(&self, compared: &Compared, frames: &Frames, basis: Basis) -> Vec<LayerRow> {
        let width = |module: &&ModuleName| {
            let of_run = |run: &String| frames.of_run(run, module).map_or(0, Array2::ncols);
            compared.pairs.iter().flatten().map(of_run).min()
        };
        // A module without directions was not trained by every run.
        let modules: Vec<&ModuleName> = self
            .modules
            .iter()
            .copied()
            .filter(|module| width(module).is_some_and(|width| width > 0))
            .collect();
        let k = modules.iter().filter_map(width).min();
        // Of more layers the plan says that there is no table.
        let Some(k) = k.filter(|_| modules.len() <= MOST_LAYERS) else {
            return Vec::new();
        };
        let side_by_side = |run: &str| {
            let views: Vec<_> = modules
                .iter()
                .filter_map(|module| Some(frames.of_run(run, module)?.slice(s![.., ..k])))
                .collect();
            concatenate(Axis(1), &views).ok()
        };
        let mut sum = Array2::<f64>::zeros((modules.len(), modules.len()));
        for [one, other] in &compared.pairs {
            let (Some(one), Some(other)) = (side_by_side(one), side_by_side(other)) else {
                return Vec::new();
            };
            add_overlaps(&mut sum, &one.t().dot(&other), k);
        }
        let pairs = compared.pairs.len() as f64;
        let [first, second] = &compared.labels;
        let row = |((l, m), sum): ((usize, usize), &f64)| LayerRow {
            module: modules[l].path.clone(),
            component: modules[l].component.clone(),
            second_module: modules[m].path.clone(),
            first: first.clone(),
            second: second.clone(),
            basis: basis.name().into(),
            k,
            overlap: Some(sum / pairs),
            chance: overlap_chance(k, k, self.dimension),
        };
        sum.indexed_iter().map(row).collect()
    }
}

/// Adds φ(k,k) of each pair of layers, from the cosines of all their directions.
fn add_overlaps(sum: &mut Array2<f64>, cosines: &Array2<f64>, k: usize) {
    for ((l, m), cell) in sum.indexed_iter_mut() {
        let block = cosines.slice(s![l * k..(l + 1) * k, m * k..(m + 1) * k]);
        *cell += block.iter().map(|x| x * x).sum::<f64>() / k as f64;
    }
}

/// What a module's path says.
struct Path {
    template: String,
    layer: Option<usize>,
}

impl Path {
    fn of(module: &str) -> Self {
        Path {
            template: template(module),
            layer: layer_of(module),
        }
    }
}

/// Tables of layers, a projection each, over the layers that all have.
pub(super) struct Tables<'a> {
    pub(super) tables: Vec<LayerTable>,
    /// The module of each table's layers.
    pub(super) modules: Vec<Vec<&'a str>>,
}

impl<'a> Tables<'a> {
    /// Of rows as written.
    pub(super) fn of(rows: &'a [LayerRow]) -> Self {
        // What a path says is asked once of each, as there are as many rows as pairs of layers.
        let mut known: BTreeMap<&str, Path> = BTreeMap::new();
        for module in rows
            .iter()
            .flat_map(|row| [&row.module, &row.second_module])
        {
            known.entry(module).or_insert_with(|| Path::of(module));
        }
        let template = |row: &&'a LayerRow| known[row.module.as_str()].template.as_str();
        let projections = together(rows, template).into_iter();
        let projections: Vec<Vec<&LayerRow>> = projections.map(|(_, rows)| rows).collect();
        let layers_of = |rows: &Vec<&LayerRow>| -> BTreeSet<usize> {
            let layers = rows.iter().map(|row| known[row.module.as_str()].layer);
            layers.flatten().collect()
        };
        let all: Vec<BTreeSet<usize>> = projections.iter().map(layers_of).collect();
        let mut common: Vec<usize> = all.first().into_iter().flatten().copied().collect();
        common.retain(|layer| all.iter().all(|layers| layers.contains(layer)));
        let places: BTreeMap<usize, usize> = common.iter().copied().zip(0..).collect();
        let place = |module: &str| places.get(&known[module].layer?).copied();
        let mut tables = Tables {
            tables: Vec::new(),
            modules: Vec::new(),
        };
        for rows in &projections {
            tables.add(rows, common.len(), &place);
        }
        tables
    }

    /// Adds a table of so many layers; `place` is that of a module's.
    fn add(&mut self, rows: &[&'a LayerRow], layers: usize, place: &dyn Fn(&str) -> Option<usize>) {
        let mut overlap = Array2::from_elem((layers, layers), f64::NAN);
        let mut modules = vec![""; layers];
        for row in rows {
            if let (Some(l), Some(m)) = (place(&row.module), place(&row.second_module)) {
                overlap[(l, m)] = row.overlap.unwrap_or(f64::NAN);
                modules[l] = &row.module;
            }
        }
        // A table with a hole says nothing of permuted layers.
        if let Some(first) = rows
            .first()
            .filter(|_| overlap.iter().all(|x| x.is_finite()))
        {
            self.tables.push(LayerTable {
                overlap,
                chance: first.chance,
            });
            self.modules.push(modules);
        }
    }
}

impl Tables<'_> {
    /// The mean φ of the same layer, and between layers.
    pub(super) fn means(&self) -> (Option<f64>, Option<f64>) {
        let of = |wanted: bool| {
            let cells = self
                .tables
                .iter()
                .flat_map(|table| table.overlap.indexed_iter());
            let cells = cells.filter(|((l, m), _)| (l == m) == wanted);
            mean(&cells.map(|(_, phi)| *phi).collect::<Vec<_>>())
        };
        (of(true), of(false))
    }
}

/// What is left of each module's φ(k,k) when what its layers share with other layers is taken off.
pub(super) fn evidence(compared: &Compared, rows: &[LayerRow]) -> Vec<EvidenceRow> {
    let tables = Tables::of(rows);
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    // Of too few layers there are rows without a value.
    let rest: Vec<Option<f64>> = match rest_of_same_layer(&tables.tables) {
        Some(rest) => rest.into_iter().flatten().map(Some).collect(),
        None => vec![None; tables.modules.iter().map(Vec::len).sum()],
    };
    let [runs, others] = compared.sides();
    let all: BTreeSet<&str> = runs.into_iter().chain(others).collect();
    let mut firsts: BTreeMap<&str, &LayerRow> = BTreeMap::new();
    for row in rows {
        firsts.entry(&row.module).or_insert(row);
    }
    let k_and_component = |module: &str| {
        let row = firsts.get(module);
        row.map_or((first.k, ""), |row| (row.k, row.component.as_str()))
    };
    let row = |(module, rest): (&&str, Option<f64>)| {
        let (k, component) = k_and_component(module);
        let name = ModuleName::new(module, component);
        EvidenceRow {
            basis: first.basis.clone(),
            first: first.first.clone(),
            second: first.second.clone(),
            runs: all.len(),
            pairs: Some(compared.pairs.len()),
            seeds: seeds_word(compared.seeds).into(),
            value: rest,
            chance: Some(0.0),
            ..blank(&SEEDS_LAYERS, &name, format!("rest of φ({k},{k})"))
        }
    };
    let named = tables.modules.iter().flatten().zip(rest);
    named.map(row).collect()
}
