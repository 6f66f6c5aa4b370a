//! Sizes: how large each ΔW is beside W, and of how many directions, over layers and modules.

use ndarray::Array2;

use crate::figure::Options;
use crate::figure::chosen::{label, mapped, told};
use crate::figure::heat::Ranked;
use crate::figure::label::Text;
use crate::figure::numbers::ends;
use crate::paper::{Projection, place_in_model};
use crate::table::RanksRow;

use super::chart::{Map, MapGroup, Maps, Scale};

/// A quantity: what it is called, its value in a row, and what random updates have.
struct Quantity {
    title: &'static str,
    value: Value,
    chance: Value,
    is_whole: bool,
}

/// What a map shows of a row.
type Value = fn(&RanksRow) -> Option<f64>;

/// Maps of four sizes over layers and modules, a row of maps an adapter: ‖ΔW‖_F/‖W‖_F (without W
/// ‖ΔW‖_F), the stable rank, the energy rank at 90 %, and the share of the first direction. `None`
/// where the rows have none of the adapters.
///
/// Which adapters have maps says [`mapped`]. Of several modules with one layer and name the first is
/// shown, as in the other figures.
pub fn sizes_maps(rows: &[RanksRow], adapters: &[Ranked], options: &Options) -> Option<Maps> {
    let drawn = mapped(adapters);
    let rows_of = |adapter: &&Ranked| -> Vec<&RanksRow> {
        let own = rows.iter().filter(|row| row.matrix == adapter.name);
        own.collect()
    };
    let shown = drawn.iter().map(|adapter| (*adapter, rows_of(adapter)));
    let shown: Vec<(&Ranked, Vec<&RanksRow>)> =
        shown.filter(|(_, rows)| !rows.is_empty()).collect();
    let all: Vec<&RanksRow> = shown.iter().flat_map(|(_, rows)| rows).copied().collect();
    let (layers, projections) = axes(&all);
    let has_base = all.iter().any(|row| row.relative_norm.is_some());
    let quantities = quantities(has_base);
    let group = |(adapter, rows): &(&Ranked, Vec<&RanksRow>)| {
        let at = |(row, column)| {
            let (layer, name): (Option<usize>, &String) = (layers[row], &projections[column]);
            let mut here = rows.iter();
            let first = here.find(|row| row.layer == layer && &row.projection == name);
            first.copied()
        };
        let cells = Array2::from_shape_fn((layers.len(), projections.len()), at);
        let maps = quantities.iter().map(|quantity| map(&cells, quantity));
        MapGroup {
            label: label(adapter, &drawn).bare(),
            maps: maps.collect(),
        }
    };
    let mut groups: Vec<MapGroup> = shown.iter().map(group).collect();
    share_scales(&mut groups);
    let adapters: Vec<&Ranked> = shown.iter().map(|(adapter, _)| *adapter).collect();
    (!groups.is_empty()).then(|| Maps {
        name: "sizes".into(),
        about: "Sizes of ΔW over layers and modules.".into(),
        groups,
        layers,
        modules: short_names(&projections),
        footer: footer(&adapters, has_base),
        palette: options.palette,
    })
}

/// One quantity of the rows at layers and modules, on a scale of its own.
fn map(rows: &Array2<Option<&RanksRow>>, quantity: &Quantity) -> Map {
    let of = |value: Value| rows.map(|row| row.and_then(value));
    let chances = of(quantity.chance);
    Map {
        title: Text::plain(quantity.title),
        cells: of(quantity.value),
        scale: Scale {
            chance: ends(chances.iter().flatten().copied()),
            ..Scale::over(std::iter::empty(), false)
        },
        is_whole: quantity.is_whole,
    }
}

fn quantities(has_base: bool) -> [Quantity; 4] {
    let of = |title, value, chance, is_whole| Quantity {
        title,
        value,
        chance,
        is_whole,
    };
    let none: Value = |_| None;
    let energy_rank: Value = |row| row.energy_rank_90.map(|rank| rank as f64);
    [
        match has_base {
            true => of("‖ΔW‖/‖W‖", |row| row.relative_norm, none, false),
            false => of("‖ΔW‖", |row| Some(row.frobenius_norm), none, false),
        },
        of(
            "stable rank",
            |row| row.stable_rank,
            |row| row.chance_stable_rank,
            false,
        ),
        of(
            "energy rank",
            energy_rank,
            |row| row.chance_energy_rank_90,
            true,
        ),
        of("first direction", |row| row.top1_share, none, false),
    ]
}

/// Gives the maps of one quantity one scale; each keeps its own chance. The norms of each adapter keep
/// a scale of their own: those of one may be ten times those of another.
fn share_scales(groups: &mut [MapGroup]) {
    for norm in groups.iter_mut().filter_map(|group| group.maps.first_mut()) {
        norm.scale = Scale {
            chance: norm.scale.chance,
            ..Scale::over(norm.cells.iter().copied().flatten(), norm.is_whole)
        };
    }
    let count = groups.first().map_or(0, |group| group.maps.len());
    for quantity in 1..count {
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

/// The layers, rising, and the projections in the model's order.
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
    projections.sort_by_key(|name| place_in_model(name));
    (layers, projections)
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
        true => "‖ΔW‖/‖W‖: Frobenius norms, a colour bar for each adapter.",
        false => "‖ΔW‖: Frobenius norm, a colour bar for each adapter.",
    };
    vec![
        format!(
            "{norm} Stable rank: ‖ΔW‖² over the largest σ². Energy rank: how many directions hold 90 % \
             of ‖ΔW‖². First direction: its share of ‖ΔW‖². Chance: random factors of the same rank. \
             An arrow: chance is beyond the bar. Pale: no value."
        ),
        told(adapters, "ranks.csv has all adapters."),
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
            relative_norm: Some(norm / 8.0),
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
            row("r8", 1, "v_proj", 6.0),
            RanksRow {
                relative_norm: None,
                chance_stable_rank: Some(5.0),
                ..row("r8", 1, "dense", 3.0)
            },
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
        assert_eq!(norm.cells[(1, 3)], None, "its W is not known");
        assert_eq!(norm.cells[(0, 1)], None, "not measured");
        assert_eq!((norm.scale.high, norm.scale.chance), (0.8, None));
        assert_eq!(norm.title.bare(), "‖ΔW‖/‖W‖");
        assert_eq!(stable.cells[(0, 0)], Some(2.0));
        assert_eq!(stable.scale.chance, Some([5.0, 6.0]));
        assert_eq!(energy.cells[(0, 0)], Some(4.0));
        assert_eq!(energy.printed(4.0), "4");
        assert_eq!(first.cells[(0, 0)], Some(0.5));
        assert!(maps.footer[1].starts_with("r = 8: r8. "));
    }

    #[test]
    fn without_a_base_the_norm_stands_alone_and_nothing_is_no_figure() {
        let alone = |matrix: &str, norm: f64| RanksRow {
            relative_norm: None,
            ..row(matrix, 0, "q_proj", norm)
        };
        let maps = draw(&[alone("r8", 5.0), alone("r2", 1.0)]).unwrap();
        assert_eq!(maps.groups.len(), 2);
        let norms = maps.groups.iter().map(|group| &group.maps[0]);
        let highs = norms.map(|norm| {
            assert_eq!(norm.title.bare(), "‖ΔW‖");
            norm.scale.high
        });
        let mut highs: Vec<f64> = highs.collect();
        highs.sort_by(f64::total_cmp);
        assert_eq!(highs, [1.0, 6.0], "a scale for each");
        assert_eq!(draw(&[row("base", 0, "q_proj", 5.0)]), None);
        let zero = RanksRow {
            stable_rank: None,
            energy_rank_90: None,
            top1_share: None,
            ..alone("r8", 0.0)
        };
        let maps = draw(&[zero]).unwrap();
        let cells = maps.groups[0].maps.iter().map(|map| map.cells[(0, 0)]);
        let expected = [Some(0.0), None, None, None];
        assert_eq!(cells.collect::<Vec<_>>(), expected, "it has no direction");
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
