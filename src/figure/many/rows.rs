//! Rows of `pairs.csv` to maps.

use std::collections::BTreeMap;

use ndarray::Array2;

use crate::figure::Options;
use crate::figure::label::Text;
use crate::figure::maps::Scale;
use crate::measure::Basis;
use crate::measure::linkage::{Linkage, Merge, linkage};
use crate::paper::Projection;
use crate::table::PairRow;

use super::chart::{ManyMap, ManyMaps, Strip};

/// A label and the value that each adapter has of it, by the adapters' names.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelStrip {
    /// `task`
    pub title: String,
    /// Adapters with their values.
    pub values: Vec<(String, String)>,
}

/// Maps of some projections from the means of `pairs.csv`; `None` where there are no such rows.
///
/// Each cell is the mean excess over the layers of a projection, (φ − chance)/(1 − chance). Below the diagonal stand right
/// directions of ΔW, or those of A; above it left ones, or those of B. Where one side was measured it stands in both.
/// `projections` are pairs of the model's part and the projection, as the rows have them.
pub fn many_maps(
    rows: &[PairRow],
    projections: &[[String; 2]],
    labels: &[LabelStrip],
    options: &Options,
) -> Option<ManyMaps> {
    let [below, above] = sides(rows)?;
    let order = Order::of(rows);
    let map = |[component, projection]: &[String; 2]| {
        let of = rows
            .iter()
            .filter(|row| row.component == *component && row.projection == *projection);
        let count = order.names.len();
        let mut cells = Array2::from_elem((count, count), None);
        for row in of {
            let place = |name: &String| order.places.get(name.as_str()).copied();
            let (Some(a), Some(b)) = (place(&row.first), place(&row.second)) else {
                continue;
            };
            // A row further down is below the diagonal.
            let (low, high) = (a.max(b), a.min(b));
            if row.basis == below.name() {
                cells[(low, high)] = row.excess;
            }
            if row.basis == above.name() {
                cells[(high, low)] = row.excess;
            }
        }
        ManyMap {
            title: title(projection),
            cells,
        }
    };
    let maps: Vec<ManyMap> = projections.iter().map(map).collect();
    let known = maps
        .iter()
        .flat_map(|map| map.cells.iter().flatten().copied());
    let scale = Scale::over(known, false);
    let layers = "Each cell is the mean over layers.";
    (!maps.is_empty()).then(|| ManyMaps {
        name: "many".into(),
        about: "What each two of many adapters share.".into(),
        merges: order.merges(),
        strips: labels.iter().map(|label| order.strip(label)).collect(),
        adapters: order.names.iter().map(|name| name.to_string()).collect(),
        maps,
        scale,
        bases: [below, above],
        footer: vec![
            format!(
                "Excess of φ(k,k) over chance, 0 for random directions and 1 for equal ones. Below the diagonal: \
                 {}. Above it: {}. {layers}",
                words(below),
                words(above)
            ),
            "Order and tree: average linkage on 1 less the mean excess over all modules and sides. pairs.csv has all \
             pairs."
                .into(),
        ],
        palette: options.palette,
    })
}

/// Which bases stand below and above the diagonal.
fn sides(rows: &[PairRow]) -> Option<[Basis; 2]> {
    let has = |basis: &Basis| rows.iter().any(|row| row.basis == basis.name());
    let pairs = [[Basis::DeltaRight, Basis::DeltaLeft], [Basis::A, Basis::B]];
    let both = pairs.into_iter().find(|pair| pair.iter().all(has));
    both.or_else(|| {
        let one = Basis::ALL.into_iter().find(has)?;
        Some([one, one])
    })
}

fn words(basis: Basis) -> &'static str {
    match basis {
        Basis::A => "the directions of A",
        Basis::B => "the directions of B",
        Basis::DeltaRight => "right directions of ΔW, its input side",
        Basis::DeltaLeft => "left directions of ΔW, its output side",
    }
}

/// `W_q`, or the projection's own name.
fn title(projection: &str) -> Text {
    match Projection::of(projection) {
        Some(known) => Text::default().symbol("W").low_symbol(known.letter()),
        None => Text::plain(projection),
    }
}

/// The adapters in the order of the maps.
struct Order<'a> {
    names: Vec<&'a str>,
    places: BTreeMap<&'a str, usize>,
    /// By the names' own order.
    linkage: Linkage,
}

impl<'a> Order<'a> {
    /// Average linkage on the means over all modules and bases; adapters that share no module are as far as random ones.
    fn of(rows: &'a [PairRow]) -> Self {
        let whole = || rows.iter().filter(|row| row.projection.is_empty());
        let mut names: Vec<&str> = whole()
            .flat_map(|row| [row.first.as_str(), row.second.as_str()])
            .collect();
        names.sort_unstable();
        names.dedup();
        let places: BTreeMap<&str, usize> = names
            .iter()
            .enumerate()
            .map(|(place, name)| (*name, place))
            .collect();
        let count = names.len();
        let mut sums = Array2::from_elem((count, count), (0.0, 0usize));
        for row in whole() {
            if let Some(excess) = row.excess {
                let (a, b) = (places[row.first.as_str()], places[row.second.as_str()]);
                for place in [(a, b), (b, a)] {
                    sums[place].0 += excess;
                    sums[place].1 += 1;
                }
            }
        }
        let far = Array2::from_shape_fn((count, count), |(a, b)| match sums[(a, b)] {
            _ if a == b => 0.0,
            (_, 0) => 1.0,
            (sum, measured) => 1.0 - sum / measured as f64,
        });
        let linkage = linkage(&far);
        let ordered: Vec<&str> = linkage.order.iter().map(|&one| names[one]).collect();
        Order {
            places: ordered
                .iter()
                .enumerate()
                .map(|(place, name)| (*name, place))
                .collect(),
            names: ordered,
            linkage,
        }
    }

    /// The merges, with the adapters counted in the order of the maps.
    fn merges(&self) -> Vec<Merge> {
        let count = self.names.len();
        let mut place = vec![0; count];
        for (number, &one) in self.linkage.order.iter().enumerate() {
            place[one] = number;
        }
        let cluster = |one: usize| if one < count { place[one] } else { one };
        let merges = self.linkage.merges.iter().map(|merge| Merge {
            clusters: merge.clusters.map(cluster),
            height: merge.height,
        });
        merges.collect()
    }

    fn strip(&self, label: &LabelStrip) -> Strip {
        let own: BTreeMap<&str, &str> = label
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let mut names: Vec<&str> = own.values().copied().collect();
        // Numbers by their size.
        names.sort_by_key(|name| (name.parse::<u64>().ok(), *name));
        names.dedup();
        let value = |name: &&str| {
            let value = own.get(name)?;
            names.iter().position(|known| known == value)
        };
        Strip {
            title: label.title.clone(),
            values: self.names.iter().map(value).collect(),
            names: names.into_iter().map(String::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(projection: &str, pair: [&str; 2], basis: Basis, excess: f64) -> PairRow {
        PairRow {
            module: "mean".into(),
            component: String::new(),
            layer: None,
            projection: projection.into(),
            first: pair[0].into(),
            second: pair[1].into(),
            basis: basis.name().into(),
            k: Some(8),
            overlap: excess,
            chance: 0.0,
            z: None,
            excess: Some(excess),
            cosine: None,
            cosine_sd: None,
        }
    }

    #[test]
    fn near_adapters_stand_together_and_sides_in_their_triangles() {
        let mut rows = Vec::new();
        for (pair, near) in [(["c", "a"], 0.8), (["c", "b"], 0.1), (["a", "b"], 0.2)] {
            for projection in ["", "q_proj"] {
                rows.push(row(projection, pair, Basis::DeltaRight, near));
                rows.push(row(projection, pair, Basis::DeltaLeft, near / 2.0));
            }
        }
        let of = |name: &str, value: &str| (name.to_string(), value.to_string());
        let seeds = LabelStrip {
            title: "seed".into(),
            values: vec![of("a", "10"), of("b", "9"), of("c", "10")],
        };
        let shown = [[String::new(), "q_proj".to_string()]];
        let maps = many_maps(&rows, &shown, &[seeds], &Options::default()).unwrap();
        assert_eq!(maps.adapters, ["a", "c", "b"]);
        assert_eq!(
            (&maps.strips[0].names[..], &maps.strips[0].values[..]),
            (
                &["9".to_string(), "10".into()][..],
                &[Some(1), Some(1), Some(0)][..]
            )
        );
        let cells = &maps.maps[0].cells;
        assert_eq!(
            (cells[(1, 0)], cells[(0, 1)], cells[(0, 0)]),
            (Some(0.8), Some(0.4), None)
        );
        assert_eq!((cells[(2, 1)], cells[(0, 2)]), (Some(0.1), Some(0.1)));
        assert_eq!(maps.merges[0].clusters, [0, 1]);
        assert_eq!(maps.maps[0].title.bare(), "W_q");
        // One side alone stands in both triangles.
        let right: Vec<PairRow> = rows
            .into_iter()
            .filter(|row| row.basis == "delta-right")
            .collect();
        let maps = many_maps(&right, &shown, &[], &Options::default()).unwrap();
        let cells = &maps.maps[0].cells;
        assert_eq!((cells[(1, 0)], cells[(0, 1)]), (Some(0.8), Some(0.8)));
        assert_eq!(many_maps(&[], &shown, &[], &Options::default()), None);
    }
}
