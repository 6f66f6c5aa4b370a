//! The map of modules: layers by projections, coloured by a quantity, and each module's numbers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::paper::place_in_model;
use crate::table::rows::round9;
use crate::table::{AmplificationRow, RanksRow, SpectrumRow};

/// What is known of the modules.
#[derive(Debug, Clone, Default)]
pub struct Modules {
    /// The modules in the plan's order.
    pub modules: Vec<Module>,
    /// Rows of `amplification.csv`.
    pub amplification: Vec<AmplificationRow>,
    /// Rows of `ranks.csv`.
    pub ranks: Vec<RanksRow>,
    /// Rows of `spectrum.csv`.
    pub spectrum: Vec<SpectrumRow>,
}

/// One module of the map.
#[derive(Debug, Clone)]
pub struct Module {
    /// Its full path.
    pub path: String,
    /// The number of its block.
    pub layer: Option<usize>,
    /// Last name of the path.
    pub projection: String,
    /// Its matrix is d_out × d_in.
    pub shape: (usize, usize),
    /// The corners of its grids.
    pub overlaps: Vec<Corners>,
}

/// The first and the last cell of one grid of `overlap.npz`.
#[derive(Debug, Clone, PartialEq)]
pub struct Corners {
    /// The first adapter, `base` or `random`.
    pub first: String,
    /// The second adapter or `random`.
    pub second: String,
    /// The basis that was compared.
    pub basis: &'static str,
    /// How many directions of each were compared.
    pub cells: (usize, usize),
    /// This is φ(1,1), where it is defined.
    pub one: Option<f64>,
    /// φ of all directions.
    pub all: Option<f64>,
    /// The dimension d of the space around, which chance depends on.
    pub dimension: usize,
}

impl Corners {
    fn chance_of_one(&self) -> f64 {
        round9(1.0 / self.dimension as f64)
    }

    fn chance_of_all(&self) -> f64 {
        let (i, j) = self.cells;
        round9(i.max(j) as f64 / self.dimension as f64)
    }

    fn is_random(&self) -> bool {
        self.first == "random" || self.second == "random"
    }
}

/// A quantity that the map can show: a number for each module that has one.
#[derive(Debug, Clone, PartialEq)]
struct Quantity {
    group: &'static str,
    label: String,
    values: Vec<Option<f64>>,
}

/// Rows by their module.
type ByModule<'a, Row> = BTreeMap<&'a str, Vec<&'a Row>>;

fn by_module<Row>(rows: &[Row], module: fn(&Row) -> &String) -> ByModule<'_, Row> {
    let mut by_module: ByModule<Row> = BTreeMap::new();
    for row in rows {
        by_module.entry(module(row)).or_default().push(row);
    }
    by_module
}

/// A module's rows.
fn of<'a, Row>(rows: &'a ByModule<Row>, module: &Module) -> &'a [&'a Row] {
    rows.get(module.path.as_str()).map_or(&[], Vec::as_slice)
}

/// The tables' rows by module.
struct Rows<'a> {
    amplification: ByModule<'a, AmplificationRow>,
    ranks: ByModule<'a, RanksRow>,
    spectrum: ByModule<'a, SpectrumRow>,
}

/// A group of quantities, and where its numbers are in a row.
type Measured<Row> = (&'static str, fn(&Row) -> Option<f64>);

/// What `modules.js` shows.
pub(super) fn data(modules: &Modules) -> Value {
    let rows = Rows {
        amplification: by_module(&modules.amplification, |row| &row.module),
        ranks: by_module(&modules.ranks, |row| &row.module),
        spectrum: by_module(&modules.spectrum, |row| &row.module),
    };
    let quantities: Vec<Value> = quantities(modules, &rows)
        .into_iter()
        .map(|q| json!({ "group": q.group, "label": q.label, "values": q.values }))
        .collect();
    let list: Vec<Value> = modules
        .modules
        .iter()
        .map(|module| details(module, &rows))
        .collect();
    json!({ "list": list, "projections": projections(modules), "quantities": quantities })
}

/// The columns of the map, in the model's order.
fn projections(modules: &Modules) -> Vec<&str> {
    let names = modules.modules.iter();
    let mut names = each_once(names.map(|module| module.projection.as_str()));
    names.sort_by_key(|name| place_in_model(name));
    names
}

fn details(module: &Module, rows: &Rows) -> Value {
    let ranks: Vec<Value> = of(&rows.ranks, module)
        .iter()
        .map(|row| {
            json!([
                row.matrix,
                row.numerical_rank,
                row.stable_rank,
                row.effective_rank,
                row.energy_rank_90,
                row.frobenius_norm,
                row.spectral_norm
            ])
        })
        .collect();
    let amplified: Vec<Value> = of(&rows.amplification, module)
        .iter()
        .map(|row| {
            json!([
                row.adapter,
                row.directions,
                row.rank,
                row.projected_norm,
                row.chance_projected_norm,
                row.delta_norm,
                row.amplification
            ])
        })
        .collect();
    let overlaps: Vec<Value> = module
        .overlaps
        .iter()
        .map(|grid| {
            let (one, all) = (grid.chance_of_one(), grid.chance_of_all());
            json!([
                grid.first,
                grid.second,
                grid.basis,
                grid.cells.0,
                grid.cells.1,
                grid.one,
                one,
                grid.all,
                all
            ])
        })
        .collect();
    json!({
        "path": module.path,
        "layer": module.layer,
        "projection": module.projection,
        "shape": [module.shape.0, module.shape.1],
        "ranks": ranks,
        "amplification": amplified,
        "overlaps": overlaps,
        "spectra": spectra(of(&rows.spectrum, module)),
    })
}

/// A matrix's name, its σ, and up to where its directions are known how well.
type Spectrum<'a> = (&'a str, Vec<f64>, Option<(usize, f64)>);

/// Each matrix's name, its σ, and the largest leading subspace whose bound is known, with the bound.
fn spectra(rows: &[&SpectrumRow]) -> Vec<Value> {
    let mut spectra: Vec<Spectrum> = Vec::new();
    for row in rows {
        let known = row.sin_theta_bound.map(|bound| (row.index, bound));
        match spectra.last_mut() {
            Some((matrix, sigma, bound)) if *matrix == row.matrix => {
                sigma.push(row.sigma);
                *bound = known.or(*bound);
            }
            _ => spectra.push((&row.matrix, vec![row.sigma], known)),
        }
    }
    let spectra = spectra.into_iter();
    spectra
        .map(|(matrix, sigma, bound)| json!([matrix, sigma, bound]))
        .collect()
}

fn quantities(modules: &Modules, rows: &Rows) -> Vec<Quantity> {
    let mut quantities = overlaps(modules);
    quantities.extend(over_chance(modules, rows));
    quantities.extend(sizes(modules, rows));
    quantities.retain(|quantity| quantity.values.iter().any(Option::is_some));
    quantities
}

/// A pair's overlap above chance, on each basis: of the first directions, then of all.
fn overlaps(modules: &Modules) -> Vec<Quantity> {
    let mut pairs: Vec<(&str, &str, &str)> = Vec::new();
    for grid in modules.modules.iter().flat_map(|module| &module.overlaps) {
        let pair = (grid.basis, grid.first.as_str(), grid.second.as_str());
        if !grid.is_random() && !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    let excess: [Measured<Corners>; 2] = [
        ("φ(1,1) minus chance", |grid| {
            Some(grid.one? - grid.chance_of_one())
        }),
        ("φ of all directions minus chance", |grid| {
            Some(grid.all? - grid.chance_of_all())
        }),
    ];
    let quantities = excess.into_iter().flat_map(|(group, excess)| {
        pairs.iter().map(move |pair| {
            let value = |module: &Module| {
                let of_pair = |grid: &&Corners| {
                    (grid.basis, grid.first.as_str(), grid.second.as_str()) == *pair
                };
                excess(module.overlaps.iter().find(of_pair)?).map(round9)
            };
            Quantity {
                group,
                label: format!("{} × {}, basis {}", pair.1, pair.2, pair.0),
                values: modules.modules.iter().map(value).collect(),
            }
        })
    });
    quantities.collect()
}

/// Each adapter's amplification factor over the one of a random update of its norm.
fn over_chance(modules: &Modules, rows: &Rows) -> Vec<Quantity> {
    let adapters = each_once(modules.amplification.iter().map(|row| row.adapter.as_str()));
    let quantity = |adapter: &str| {
        let value = |module: &Module| {
            let mut rows = of(&rows.amplification, module).iter();
            let row = rows.find(|row| row.adapter == adapter && row.directions == "delta")?;
            let ratio = row.chance_projected_norm / row.projected_norm?;
            ratio.is_finite().then(|| round9(ratio))
        };
        Quantity {
            group: "amplification over chance",
            label: adapter.into(),
            values: modules.modules.iter().map(value).collect(),
        }
    };
    adapters.into_iter().map(quantity).collect()
}

/// Norms and ranks of each matrix.
fn sizes(modules: &Modules, rows: &Rows) -> Vec<Quantity> {
    let of_rows: [Measured<RanksRow>; 4] = [
        ("Frobenius norm of ΔW, and of W", |row| {
            Some(row.frobenius_norm)
        }),
        ("stable rank", |row| row.stable_rank),
        ("effective rank", |row| row.effective_rank),
        ("numerical rank", |row| {
            row.numerical_rank.map(|rank| rank as f64)
        }),
    ];
    let matrices = each_once(modules.ranks.iter().map(|row| row.matrix.as_str()));
    let quantities = of_rows.into_iter().flat_map(|(group, of_row)| {
        matrices.iter().map(move |matrix| {
            let value = |module: &Module| {
                let mut rows = of(&rows.ranks, module).iter();
                of_row(rows.find(|row| row.matrix == **matrix)?)
            };
            let whose = if *matrix == "base" { "W" } else { matrix };
            Quantity {
                group,
                label: whose.into(),
                values: modules.modules.iter().map(value).collect(),
            }
        })
    });
    quantities.collect()
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut once: Vec<&str> = Vec::new();
    for name in names {
        if !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str, one: Option<f64>) -> Module {
        Module {
            path: path.into(),
            layer: Some(0),
            projection: "q".into(),
            shape: (20, 10),
            overlaps: vec![Corners {
                first: "small".into(),
                second: "large".into(),
                basis: "b",
                cells: (2, 5),
                one,
                all: Some(0.5),
                dimension: 20,
            }],
        }
    }

    #[test]
    fn overlaps_are_held_against_their_chance() {
        let modules = Modules {
            modules: vec![module("a", Some(0.3)), module("b", None)],
            ..Modules::default()
        };
        let [one, all] = overlaps(&modules).try_into().unwrap();
        assert_eq!(one.values, [Some(0.25), None]);
        assert_eq!(all.values, [Some(0.25), Some(0.25)]);
        assert_eq!(one.label, "small × large, basis b");
        assert!(one.group.starts_with("φ(1,1)") && all.group.starts_with("φ of all"));
    }

    #[test]
    fn a_factor_stands_over_its_chance_value() {
        let row = |directions: &str, projected_norm| AmplificationRow {
            module: "a".into(),
            component: String::new(),
            layer: Some(0),
            projection: "q".into(),
            adapter: "small".into(),
            rank: 2,
            directions: directions.into(),
            projected_norm,
            projected_norm_sd: None,
            draws: None,
            base_norm: 5.0,
            delta_norm: 3.0,
            amplification: None,
            chance_projected_norm: 0.5,
        };
        let modules = Modules {
            modules: vec![module("a", None)],
            amplification: vec![row("base", Some(4.0)), row("delta", Some(0.25))],
            ..Modules::default()
        };
        let shown = data(&modules);
        assert_eq!(shown["list"][0]["amplification"][1][1], "delta");
        let quantities = shown["quantities"].as_array().unwrap();
        let factor = quantities.iter().find(|q| q["label"] == "small").unwrap();
        assert_eq!(factor["values"], json!([2.0]));
    }
}
