//! Same layers against other layers: how often chance passes the test, what it finds, and its laws.

use crate::findings_values::{FINDINGS, numbers};
use crate::golden_values::number;
use lora_subspace_core::linalg::{Stream, Subspace, svd};
use lora_subspace_core::measure::overlap;
use lora_subspace_core::measure::same_layer::{LayerTable, SameLayer, same_layer};
use ndarray::{Array1, Array2, s};
use proptest::prelude::*;
use rayon::prelude::*;
use serde_json::Value;

const D: usize = 96;
const K: usize = 4;
/// Coordinates that are louder than the others in the inputs of all layers.
const LOUD: usize = 4;
const PROJECTIONS: usize = 2;

/// Studies of independent A of K rows whose inputs have a few loud coordinates.
struct Studies {
    layers: usize,
    runs: usize,
    /// How many times as loud as others they are, in the first layer and in the last.
    loud: (f64, f64),
    /// Length of a direction that each layer has in all runs, over that of a row; 0 for none.
    planted: f64,
}

impl Studies {
    /// The leading directions of one module's A.
    fn frame(&self, layer: usize, module: &str, run: usize) -> Subspace {
        let mut stream = Stream::new(&format!("{module}/{run}"));
        let mut a = Array2::from_shape_simple_fn((K, D), || stream.normal());
        let mut own = Stream::new(module);
        let own = Array1::from_shape_simple_fn(D, || self.planted * own.normal());
        let mut first = a.row_mut(0);
        first += &own;
        let (low, high) = self.loud;
        let loud = low + (high - low) * layer as f64 / (self.layers - 1) as f64;
        a.slice_mut(s![.., ..LOUD]).mapv_inplace(|x| x * loud);
        Subspace::new(svd(a.view()).unwrap().v.slice(s![.., ..K]).to_owned()).unwrap()
    }

    /// φ(K,K) of all layers of two runs, mean over the pairs of runs.
    fn table(&self, name: &str) -> LayerTable {
        let frames: Vec<Vec<Subspace>> = (0..self.runs)
            .map(|run| {
                let of = |layer| self.frame(layer, &format!("{name}/{layer}"), run);
                (0..self.layers).map(of).collect()
            })
            .collect();
        let mut sum = Array2::zeros((self.layers, self.layers));
        let mut pairs = 0.0;
        for first in 0..self.runs {
            for second in first + 1..self.runs {
                pairs += 1.0;
                sum += &Array2::from_shape_fn(sum.dim(), |(l, m)| {
                    overlap(&frames[first][l], &frames[second][m]).unwrap()[(K - 1, K - 1)]
                });
            }
        }
        LayerTable {
            overlap: sum / pairs,
            chance: K as f64 / D as f64,
        }
    }

    fn found(&self, studies: usize) -> Vec<SameLayer> {
        let study = |number: usize| {
            let table = |projection| self.table(&format!("{number}/{projection}"));
            let tables: Vec<LayerTable> = (0..PROJECTIONS).map(table).collect();
            same_layer(&tables, "findings/seeds-layers").unwrap()
        };
        (0..studies).into_par_iter().map(study).collect()
    }
}

const LOUDNESS: [(f64, f64); 3] = [(4.0, 4.0), (2.0, 4.0), (1.0, 8.0)];

#[test]
fn loud_coordinates_do_not_make_the_same_layers_share() {
    for (layers, runs, studies) in [(6, 2, 100), (6, 3, 40), (9, 2, 8)] {
        let mut passed = 0.0;
        for loud in LOUDNESS {
            let null = Studies {
                layers,
                runs,
                loud,
                planted: 0.0,
            };
            let found = null.found(studies);
            passed += found.iter().filter(|found| found.p <= 0.05).count() as f64;
            // The margin of the claim is never reached.
            assert!(found.iter().all(|found| found.mean_rest < 0.1));
        }
        // 5 % and four standard errors.
        let all = (LOUDNESS.len() * studies) as f64;
        let most = 0.05 * all + 4.0 * (0.05 * 0.95 * all).sqrt();
        assert!(
            passed <= most,
            "{layers} layers, {runs} runs: {passed} of {all}"
        );
    }
}

#[test]
fn what_the_same_layers_share_is_found_whatever_is_loud() {
    for loud in LOUDNESS {
        let planted = Studies {
            layers: 6,
            runs: 2,
            loud,
            planted: 2.0,
        };
        let found = planted.found(20);
        let held = found.iter().filter(|found| found.p <= 0.05).count();
        assert!(held >= 18, "{loud:?}: {held} of 20");
    }
}

/// How often the test tells what is there and what is not, of more studies than each run of the
/// tests needs: the printed rates are those that METHODS.md states.
#[test]
#[ignore = "takes minutes"]
fn rates() {
    for (layers, runs) in [(4, 2), (6, 2), (6, 3), (12, 2), (12, 3)] {
        for loud in LOUDNESS {
            let of = |planted, studies| {
                let these = Studies {
                    layers,
                    runs,
                    loud,
                    planted,
                };
                let found = these.found(studies);
                let passed = found.iter().filter(|found| found.p <= 0.05).count();
                let rest = found.iter().map(|found| found.mean_rest).sum::<f64>();
                (passed as f64 / studies as f64, rest / studies as f64)
            };
            let null = of(0.0, 200);
            let power = [0.5, 1.0, 2.0].map(|planted| of(planted, 50));
            println!(
                "{layers} layers, {runs} runs, {loud:?}: null {null:.3?}, planted {power:.3?}"
            );
            // Five standard errors above 5 %.
            assert!(null.0 < 0.13 && power[2].0 > 0.5);
        }
    }
}

fn close(ours: f64, golden: &Value, what: &str) {
    assert!(
        (ours - number(golden)).abs() < 1e-8,
        "{what}: {ours} here, {golden} there"
    );
}

#[test]
fn same_layers_as_numpy_has_them() {
    for case in FINDINGS["same_layer"].as_array().unwrap() {
        let tables: Vec<LayerTable> = case[0].as_array().unwrap().iter().map(table_of).collect();
        let found = same_layer(&tables, case[1].as_str().unwrap()).unwrap();
        let golden = &case[2];
        close(found.p, &golden["p"], "p");
        close(found.mean_rest, &golden["mean_rest"], "mean rest");
        assert_eq!(
            found.permutations as u64,
            golden["permutations"].as_u64().unwrap()
        );
        for (ours, golden) in found.rest.iter().zip(golden["rest"].as_array().unwrap()) {
            assert_eq!(ours.len(), golden.as_array().unwrap().len());
            for (ours, golden) in ours.iter().zip(golden.as_array().unwrap()) {
                close(*ours, golden, "rest");
            }
        }
    }
}

/// A table as tests/golden/findings_groups.py writes it: rows of φ, then the chance.
fn table_of(value: &Value) -> LayerTable {
    let rows: Vec<Vec<f64>> = value[0].as_array().unwrap().iter().map(numbers).collect();
    LayerTable {
        overlap: Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap(),
        chance: number(&value[1]),
    }
}

#[test]
fn what_cannot_be_told_is_none() {
    let table = |rows, columns, phi, chance| LayerTable {
        overlap: Array2::from_elem((rows, columns), phi),
        chance,
    };
    let of = |tables: &[LayerTable]| same_layer(tables, "");
    assert!(of(&[]).is_none() && of(&[table(3, 3, 0.1, 0.1)]).is_none());
    assert!(of(&[table(5, 4, 0.1, 0.1)]).is_none());
    assert!(of(&[table(5, 5, 0.1, 0.1), table(4, 4, 0.1, 0.1)]).is_none());
    assert!(of(&[table(4, 4, f64::NAN, 0.1)]).is_none() && of(&[table(4, 4, 1.0, 1.0)]).is_none());
    // Nothing but chance, or the same everywhere: every pairing is like the identity.
    for phi in [0.1, 0.0, 0.7, 1.0] {
        for layers in [4, 10] {
            let found = of(&[table(layers, layers, phi, 0.1)]).unwrap();
            // Less than chance is no part of loudness, and so stays.
            let rest = ((phi - 0.1) / 0.9_f64).min(0.0);
            assert_eq!(
                (found.p, (found.mean_rest - rest).abs() < 1e-9),
                (1.0, true),
                "{phi}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(30) })]

    #[test]
    fn p_is_a_share_of_permutations_and_no_name_of_a_layer_matters(
        phi in prop::collection::vec(0.0f64..1.0, 50), shift in 1usize..5, chance in 0.01f64..0.5,
    ) {
        let overlap = Array2::from_shape_vec((10, 5), phi).unwrap();
        let tables = |name: &dyn Fn(usize) -> usize| -> Vec<LayerTable> {
            let table = |top| LayerTable {
                overlap: Array2::from_shape_fn((5, 5), |(l, m)| overlap[(top + name(l), name(m))]),
                chance,
            };
            [0, 5].map(table).into()
        };
        let found = same_layer(&tables(&|l| l), "").unwrap();
        prop_assert!(found.p >= found.least_p && found.p <= 1.0 && found.permutations == 120);
        prop_assert!((found.p * 120.0 - (found.p * 120.0).round()).abs() < 1e-9);
        prop_assert!(found.rest.iter().flatten().all(|rest| rest.is_finite()));
        let renamed = same_layer(&tables(&|l| (l + shift) % 5), "").unwrap();
        prop_assert_eq!(renamed.p, found.p);
        for l in 0..5 {
            let (ours, theirs) = (renamed.rest[1][l], found.rest[1][(l + shift) % 5]);
            prop_assert!((ours - theirs).abs() < 1e-6 * (1.0 + ours.abs()), "{} {}", ours, theirs);
        }
    }
}
