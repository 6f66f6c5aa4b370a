//! Same layers against other layers: how often chance passes the test, what it finds, and its laws.

use lora_subspace_core::linalg::{Stream, Subspace, svd};
use lora_subspace_core::measure::overlap;
use lora_subspace_core::measure::same_layer::{LayerTable, SameLayer, same_layer};
use ndarray::{Array1, Array2, s};
use rayon::prelude::*;

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

    /// The share of studies with p ≤ 0.05.
    fn rate(&self, studies: usize) -> f64 {
        let found = self.found(studies);
        found.iter().filter(|found| found.p <= 0.05).count() as f64 / studies as f64
    }
}

const LOUDNESS: [(f64, f64); 3] = [(4.0, 4.0), (2.0, 4.0), (1.0, 8.0)];

#[test]
fn loud_coordinates_do_not_make_the_same_layers_share() {
    for (layers, runs, studies) in [(6, 2, 200), (6, 3, 100), (9, 2, 25)] {
        for loud in LOUDNESS {
            let null = Studies {
                layers,
                runs,
                loud,
                planted: 0.0,
            };
            let found = null.found(studies);
            let passed = found.iter().filter(|found| found.p <= 0.05).count() as f64;
            // 5 % and four standard errors.
            let most = 0.05 * studies as f64 + 4.0 * (0.0475 * studies as f64).sqrt();
            assert!(
                passed <= most,
                "{layers} layers, {loud:?}: {passed} of {studies}"
            );
            // The margin of the claim is never reached.
            assert!(found.iter().all(|found| found.mean_rest < 0.1));
        }
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

/// The rates that METHODS.md states; some minutes.
#[test]
#[ignore = "measures rates, of more studies than a test needs"]
fn rates() {
    for layers in [4, 6, 8, 12] {
        for runs in [2, 3] {
            for loud in LOUDNESS {
                let of = |planted| Studies {
                    layers,
                    runs,
                    loud,
                    planted,
                };
                let power = [0.5, 1.0, 2.0].map(|planted| of(planted).rate(100));
                println!(
                    "{layers} layers, {runs} runs, {loud:?}: null {}, planted {power:?}",
                    of(0.0).rate(400)
                );
            }
        }
    }
}

#[test]
#[ignore = "measures time"]
fn time() {
    for (layers, projections) in [(8, 7), (32, 7), (96, 2)] {
        for noise in [0.05, 1.0] {
            let table = |n: usize| {
                let mut stream = Stream::new(&format!("{n}"));
                LayerTable {
                    overlap: Array2::from_shape_fn((layers, layers), |(l, m)| {
                        let e = 0.3 * (1.0 - noise) * ((l + 9) * (m + 5)) as f64
                            / (layers * layers) as f64;
                        0.01 + (e + 0.02 * noise * stream.normal()).abs()
                    }),
                    chance: 0.01,
                }
            };
            let tables: Vec<LayerTable> = (0..projections).map(table).collect();
            let start = std::time::Instant::now();
            let found = same_layer(&tables, "time").unwrap();
            println!(
                "{layers} × {projections}, noise {noise}: {:?}, p {}",
                start.elapsed(),
                found.p
            );
        }
    }
}
