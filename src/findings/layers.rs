//! What a layer of one run shares with each layer of another.

use ndarray::{Array2, Axis, concatenate, s};

use crate::adapter::{block_of, layer_of};
use crate::error::Result;
use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::measure::same_layer::{LayerTable, rest_of_same_layer};
use crate::results::{Frame, ModuleName};
use crate::table::{EvidenceRow, LayerRow};

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
    let frames: Vec<&Frame> = frames.iter().filter(|frame| frame.basis == basis).collect();
    let mut rows = Vec::new();
    for projection in projections(compared, &frames) {
        rows.extend(projection.rows(compared, &frames, basis));
    }
    Ok(rows)
}

/// The frame of a run in a module.
fn frame<'a>(frames: &[&'a Frame], run: &str, module: &ModuleName) -> Option<&'a Array2<f64>> {
    let is_it = |frame: &&&Frame| frame.adapter == run && &frame.module == module;
    frames.iter().find(is_it).map(|frame| &frame.directions)
}

/// The projections with modules that every run has, each of the width that most of its layers have.
fn projections<'a>(compared: &Compared, frames: &[&'a Frame]) -> Vec<Projection<'a>> {
    let mut runs: Vec<&str> = Vec::new();
    for run in compared.pairs.iter().flatten() {
        if !runs.contains(&run.as_str()) {
            runs.push(run);
        }
    }
    let Some(&reference) = runs.first() else {
        return Vec::new();
    };
    let mut found: Vec<Projection> = Vec::new();
    for one in frames.iter().filter(|one| one.adapter == reference) {
        let everywhere = runs
            .iter()
            .all(|run| frame(frames, run, &one.module).is_some());
        if !everywhere || one.module.layer.is_none() {
            continue;
        }
        let (template, dimension) = (template(&one.module.path), one.directions.nrows());
        let is_it =
            |known: &&mut Projection| known.template == template && known.dimension == dimension;
        match found.iter_mut().find(is_it) {
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
            let one = frame(frames, reference, one.modules[0]);
            one.is_some() && one == frame(frames, reference, other.modules[0])
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
    fn rows(&self, compared: &Compared, frames: &[&Frame], basis: Basis) -> Vec<LayerRow> {
        let width = |module: &&ModuleName| {
            let of_run = |run: &String| frame(frames, run, module).map_or(0, Array2::ncols);
            compared.pairs.iter().flatten().map(of_run).min()
        };
        // A module without directions was not trained by every run.
        let modules: Vec<&ModuleName> = self
            .modules
            .iter()
            .copied()
            .filter(|module| width(module).is_some_and(|width| width > 0))
            .collect();
        let Some(k) = modules.iter().filter_map(width).min() else {
            return Vec::new();
        };
        let side_by_side = |run: &str| {
            let views: Vec<_> = modules
                .iter()
                .filter_map(|module| Some(frame(frames, run, module)?.slice(s![.., ..k])))
                .collect();
            concatenate(Axis(1), &views).ok()
        };
        let layers = modules.len();
        let mut sum = Array2::<f64>::zeros((layers, layers));
        for [one, other] in &compared.pairs {
            let (Some(one), Some(other)) = (side_by_side(one), side_by_side(other)) else {
                return Vec::new();
            };
            let cosines = one.t().dot(&other);
            for ((l, m), cell) in sum.indexed_iter_mut() {
                let block = cosines.slice(s![l * k..(l + 1) * k, m * k..(m + 1) * k]);
                *cell += block.iter().map(|x| x * x).sum::<f64>() / k as f64;
            }
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

/// Tables of layers, a projection each, over the layers that all have.
pub(super) struct Tables<'a> {
    pub(super) tables: Vec<LayerTable>,
    /// The module of each table's layers.
    pub(super) modules: Vec<Vec<&'a str>>,
}

impl<'a> Tables<'a> {
    /// Of rows as written.
    pub(super) fn of(rows: &'a [LayerRow]) -> Self {
        let mut projections: Vec<(String, Vec<&'a LayerRow>)> = Vec::new();
        for row in rows {
            let template = template(&row.module);
            match projections.iter_mut().find(|(known, _)| *known == template) {
                Some((_, rows)) => rows.push(row),
                None => projections.push((template, vec![row])),
            }
        }
        let layers_of = |rows: &[&LayerRow]| -> Vec<usize> {
            let mut layers: Vec<usize> = rows
                .iter()
                .filter_map(|row| layer_of(&row.module))
                .collect();
            layers.sort_unstable();
            layers.dedup();
            layers
        };
        let all: Vec<Vec<usize>> = projections
            .iter()
            .map(|(_, rows)| layers_of(rows))
            .collect();
        let mut common = all.first().cloned().unwrap_or_default();
        common.retain(|layer| all.iter().all(|layers| layers.contains(layer)));
        let mut tables = Tables {
            tables: Vec::new(),
            modules: Vec::new(),
        };
        for (_, rows) in &projections {
            tables.add(rows, &common);
        }
        tables
    }

    fn add(&mut self, rows: &[&'a LayerRow], layers: &[usize]) {
        let place = |module: &str| {
            layers
                .iter()
                .position(|layer| Some(*layer) == layer_of(module))
        };
        let mut overlap = Array2::from_elem((layers.len(), layers.len()), f64::NAN);
        let mut modules = vec![""; layers.len()];
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
    let all: std::collections::BTreeSet<&str> = runs.into_iter().chain(others).collect();
    let k_and_component = |module: &str| {
        let row = rows.iter().find(|row| row.module == module);
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
