//! Sizes: how large each ΔW is beside W, and of how many directions, over layers and modules.

use ndarray::Array2;

use crate::figure::Options;
use crate::figure::chosen::mapped;
use crate::figure::heat::Ranked;
use crate::figure::label::Text;
use crate::paper::Projection;
use crate::table::RanksRow;

use super::chart::{Map, MapGroup, Maps, Scale};

/// What rows call W.
const BASE: &str = "base";
/// What families call the parts of a block beside its attention, in the order of their use.
const OTHERS: [&str; 8] = [
    "gate_proj",
    "up_proj",
    "down_proj",
    "gate_up_proj",
    "fc1",
    "fc2",
    "c_fc",
    "c_proj",
];

/// A quantity: what it is called, its value in a row and W's, and what random updates have.
struct Quantity {
    title: Text,
    value: fn(&RanksRow, Option<&RanksRow>) -> Option<f64>,
    chance: fn(&RanksRow) -> Option<f64>,
    is_whole: bool,
}

/// Maps of four sizes over layers and modules, a row of maps an adapter: ‖ΔW‖_F/‖W‖_F (without W
/// ‖ΔW‖_F), the stable rank, the energy rank at 90 %, and the share of the first direction. `None`
/// where the rows have none of the adapters.
///
/// Which adapters have maps says [`mapped`]. Of several modules with one layer and name the first is shown, as in the other figures.
pub fn sizes_maps(rows: &[RanksRow], adapters: &[Ranked], options: &Options) -> Option<Maps> {
    let drawn = mapped(adapters);
    let rows_of =
        |name: &str| -> Vec<&RanksRow> { rows.iter().filter(|row| row.matrix == name).collect() };
    let shown = drawn
        .iter()
        .map(|adapter| (adapter, rows_of(&adapter.name)));
    let shown: Vec<_> = shown.filter(|(_, rows)| !rows.is_empty()).collect();
    let all = shown.iter().flat_map(|(_, rows)| rows.iter().copied());
    let (layers, projections) = axes(&all.collect::<Vec<_>>());
    let base = rows_of(BASE);
    let quantities = quantities(!base.is_empty());
    let mut groups = Vec::new();
    for (adapter, rows) in &shown {
        let map = |quantity: &Quantity| {
            let at = |row: usize, column: usize| {
                let (layer, name) = (layers[row], &projections[column]);
                let mut here = rows.iter();
                here.find(|row| row.layer == layer && &row.projection == name)
                    .copied()
            };
            let of_w = |of: &RanksRow| base.iter().copied().find(|row| row.module == of.module);
            let shape = (layers.len(), projections.len());
            let cells = Array2::from_shape_fn(shape, |(row, column)| {
                let row = at(row, column)?;
                (quantity.value)(row, of_w(row)).filter(|value| value.is_finite())
            });
            let chances = rows.iter().filter_map(|row| (quantity.chance)(row));
            let scale = Scale {
                chance: ends(chances),
                ..Scale::over(std::iter::empty(), false)
            };
            Map {
                title: quantity.title.clone(),
                cells,
                scale,
                is_whole: quantity.is_whole,
            }
        };
        groups.push(MapGroup {
            label: label(adapter, &drawn),
            maps: quantities.iter().map(map).collect(),
        });
    }
    share_scales(&mut groups);
    (!groups.is_empty()).then(|| Maps {
        name: "sizes".into(),
        about: "Sizes of ΔW over layers and modules.".into(),
        groups,
        layers,
        modules: short_names(&projections),
        footer: footer(
            &shown.iter().map(|(one, _)| **one).collect::<Vec<_>>(),
            !base.is_empty(),
        ),
        palette: options.palette,
    })
}

/// `r = 8`, or the adapter's name where another has its rank.
fn label(adapter: &Ranked, all: &[&Ranked]) -> String {
    match all.iter().filter(|one| one.rank == adapter.rank).count() {
        1 => format!("r = {}", adapter.rank),
        _ => adapter.name.clone(),
    }
}

fn quantities(has_base: bool) -> [Quantity; 4] {
    let norm = "‖ΔW‖";
    let of = |title: &str, value, is_whole| Quantity {
        title: Text::plain(title),
        value,
        chance: |_| None,
        is_whole,
    };
    [
        match has_base {
            true => of(
                "‖ΔW‖/‖W‖",
                |row, base| Some(row.frobenius_norm / base?.frobenius_norm),
                false,
            ),
            false => of(norm, |row, _| Some(row.frobenius_norm), false),
        },
        of("stable rank", |row, _| row.stable_rank, false),
        of(
            "energy rank",
            |row, _| row.energy_rank_90.map(|rank| rank as f64),
            true,
        ),
        of(
            "first direction",
            |row, _| {
                let share = row.spectral_norm / row.frobenius_norm;
                row.stable_rank.map(|_| share * share)
            },
            false,
        ),
    ]
}

/// The least and the largest of some values.
fn ends(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let both = values.map(|value| [value, value]);
    both.reduce(|[least, most], [value, _]| [least.min(value), most.max(value)])
}

/// Gives the maps of one quantity one scale; each keeps its own chance.
fn share_scales(groups: &mut [MapGroup]) {
    let count = groups.first().map_or(0, |group| group.maps.len());
    for quantity in 0..count {
        let cells = groups.iter().flat_map(|group| &group.maps[quantity].cells);
        let is_whole = groups[0].maps[quantity].is_whole;
        let scale = Scale::over(cells.flatten().copied(), is_whole);
        for group in groups.iter_mut() {
            let own = &mut group.maps[quantity].scale;
            *own = Scale {
                chance: own.chance,
                ..scale.clone()
            };
        }
    }
}

/// The layers, rising, and the projections in the model's order: attention as the paper has it, then
/// what is known of a block's other parts, then the rest as it comes.
fn axes(rows: &[&RanksRow]) -> (Vec<Option<usize>>, Vec<String>) {
    let mut layers: Vec<Option<usize>> = rows.iter().map(|row| row.layer).collect();
    layers.sort_unstable();
    layers.dedup();
    let mut projections: Vec<String> = Vec::new();
    for row in rows {
        if !projections.contains(&row.projection) {
            projections.push(row.projection.clone());
        }
    }
    projections.sort_by_key(|name| place(name));
    (layers, projections)
}

fn place(projection: &str) -> usize {
    let attention = Projection::of(projection);
    let attention = Projection::ALL
        .iter()
        .position(|one| Some(*one) == attention);
    let other = OTHERS.iter().position(|one| *one == projection);
    let other = other.unwrap_or(OTHERS.len()) + Projection::ALL.len();
    attention.unwrap_or(other)
}

/// q, k, v and o, and others without `_proj`, unless two would be called the same.
fn short_names(projections: &[String]) -> Vec<String> {
    let short = |name: &String| match Projection::of(name) {
        Some(known) => known.letter().to_string(),
        None => name.trim_end_matches("_proj").to_string(),
    };
    let all: Vec<String> = projections.iter().map(short).collect();
    let named = projections.iter().zip(&all);
    let named =
        named.map(
            |(name, short)| match all.iter().filter(|other| *other == short).count() {
                1 => short.clone(),
                _ => name.clone(),
            },
        );
    named.collect()
}

fn footer(adapters: &[&Ranked], has_base: bool) -> Vec<String> {
    let norm = match has_base {
        true => "‖ΔW‖/‖W‖: Frobenius norms.",
        false => "‖ΔW‖: Frobenius norm.",
    };
    let name = |adapter: &&Ranked| format!("r = {}: {}", adapter.rank, adapter.name);
    let names: Vec<String> = adapters.iter().map(name).collect();
    vec![
        format!(
            "{norm} Stable rank: ‖ΔW‖² over the largest σ². Energy rank: how many directions hold 90 % \
             of ‖ΔW‖². First direction: its share of ‖ΔW‖²."
        ),
        format!("{}. ranks.csv has all adapters.", names.join("; ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::ranks_row;
    use super::*;

    fn row(matrix: &str, layer: usize, projection: &str, norm: f64) -> RanksRow {
        RanksRow {
            module: format!("h.{layer}.{projection}"),
            layer: Some(layer),
            projection: projection.into(),
            matrix: matrix.into(),
            frobenius_norm: norm,
            spectral_norm: norm / 2f64.sqrt(),
            ..ranks_row()
        }
    }

    fn draw(rows: &[RanksRow]) -> Option<Maps> {
        let adapters = [("r8", 8), ("r2", 2)].map(|(name, rank)| Ranked {
            name: name.into(),
            rank,
        });
        sizes_maps(rows, &adapters, &Options::default())
    }

    #[test]
    fn cells_stand_at_layers_and_modules_in_the_models_order() {
        let rows = [
            row("r8", 0, "down_proj", 1.0),
            row("r8", 0, "q_proj", 2.0),
            row("base", 0, "q_proj", 8.0),
            row("r8", 1, "v_proj", 3.0),
            row("base", 1, "v_proj", 4.0),
            row("r8", 1, "dense", 3.0),
            // Another module of the layer and name: the first is shown.
            RanksRow {
                module: "cross.1.v_proj".into(),
                ..row("r8", 1, "v_proj", 30.0)
            },
        ];
        let maps = draw(&rows).unwrap();
        assert_eq!(maps.layers, [Some(0), Some(1)]);
        assert_eq!(maps.modules, ["q", "v", "down", "dense"]);
        let [group] = maps.groups.as_slice() else {
            panic!("{:?}", maps.groups)
        };
        let [norm, stable, energy, first] = group.maps.as_slice() else {
            panic!("four maps")
        };
        assert_eq!(norm.cells[(0, 0)], Some(0.25));
        assert_eq!(norm.cells[(1, 1)], Some(0.75));
        assert_eq!(norm.cells[(0, 2)], None, "W is not known there");
        assert_eq!(norm.cells[(0, 1)], None, "not measured");
        assert_eq!(
            (norm.scale.high, norm.title.bare()),
            (0.8, "‖ΔW‖/‖W‖".into())
        );
        assert_eq!(stable.cells[(0, 0)], Some(2.0));
        assert_eq!(
            (energy.cells[(0, 0)], energy.printed(4.0)),
            (Some(4.0), "4".into())
        );
        assert!((first.cells[(0, 0)].unwrap() - 0.5).abs() < 1e-12);
        assert!(maps.footer[1].starts_with("r = 8: r8. "));
    }

    #[test]
    fn without_a_base_the_norm_stands_alone_and_nothing_is_no_figure() {
        let maps = draw(&[row("r8", 0, "q_proj", 5.0), row("r2", 0, "q_proj", 1.0)]).unwrap();
        assert_eq!(maps.groups.len(), 2);
        let norms = maps.groups.iter().map(|group| &group.maps[0]);
        for norm in norms {
            assert_eq!((norm.title.bare(), norm.scale.high), ("‖ΔW‖".into(), 6.0));
        }
        assert_eq!(draw(&[row("base", 0, "q_proj", 5.0)]), None);
        let zero = RanksRow {
            stable_rank: None,
            energy_rank_90: None,
            frobenius_norm: 0.0,
            spectral_norm: 0.0,
            ..row("r8", 0, "q_proj", 1.0)
        };
        let maps = draw(&[zero]).unwrap();
        let cells: Vec<Option<f64>> = maps.groups[0]
            .maps
            .iter()
            .map(|map| map.cells[(0, 0)])
            .collect();
        assert_eq!(
            cells,
            [Some(0.0), None, None, None],
            "a zero matrix has no direction"
        );
    }

    #[test]
    fn names_that_would_be_one_stay_whole() {
        let names = |names: &[&str]| {
            short_names(
                &names
                    .iter()
                    .map(|name| name.to_string())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(names(&["q_proj", "o_proj", "up_proj"]), ["q", "o", "up"]);
        assert_eq!(names(&["o_proj", "out_proj"]), ["o_proj", "out_proj"]);
    }
}
