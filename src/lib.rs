//! What a low-rank adapter learned: the subspace overlap φ(i,j) between ranks and between seeds, the
//! amplification of ΔW against W, and the figures and tables of section 7 of the LoRA paper
//! (Hu et al. 2021, arXiv 2106.09685) on anybody's weights.
//!
//! Most people run the commands of `lora-subspace`; README.md has them. The library is for questions that no figure
//! of the paper asks. Section 7 asks three, and each has an example here.
//!
//! # Which weights are worth adapting?
//!
//! Table 5 holds scores of runs against each other that have one number of trainable parameters.
//! `runs.csv` has a row a score.
//!
//! ```
//! use lora_subspace::paper::Table;
//! use lora_subspace::table::{RunTable, RunsRow, from_csv};
//!
//! let file = "experiments/lora-paper/rows/runs.csv";
//! let bytes = std::fs::read(file).expect("the paper's own values");
//! let mut runs: Vec<RunsRow> = from_csv(file, &bytes)?;
//! runs.retain(|run| run.adapter.starts_with("table5-"));
//!
//! let table = RunTable::new(Table::Five, &runs).expect("one budget, several weight types");
//! // The best of each row is bold.
//! assert!(table.markdown().contains("| 70.4 | 70.0 | 73.0 | 73.2 | 71.4 | **73.7** | **73.7** |"));
//! # Ok::<(), lora_subspace::Error>(())
//! ```
//!
//! # What is a good rank: which directions do two adapters share?
//!
//! φ(i,j) = ‖UᵢᵀVⱼ‖²_F / min(i,j) is the share of the first i directions of one adapter that lies in
//! the first j of another: 1 where one subspace holds the other, max(i,j)/d by chance.
//!
//! ```
//! use std::path::Path;
//!
//! use lora_subspace::adapter::{Adapter, ReadOptions};
//! use lora_subspace::measure::chance::overlap_chance;
//! use lora_subspace::measure::{Basis, Directions, overlap};
//!
//! let folder = Path::new("experiments/minilm-sst2/adapters");
//! let module = "bert.encoder.layer.5.attention.self.value";
//! let directions = |name: &str| {
//!     let adapter = Adapter::open(&folder.join(name), &ReadOptions::new())?;
//!     let delta = adapter.delta(module)?; // ΔW = s·B·A, as factors
//!     Directions::of_delta(&delta, Basis::A, delta.rank())
//! };
//! let (first, second) = (directions("r64-seed0")?, directions("r64-seed1")?);
//!
//! let phi = overlap(first.subspace(), second.subspace())?;
//! let (top, both) = (phi[(0, 0)], phi[(63, 63)]);
//! // The top direction is shared far above chance, all 64 hardly so.
//! assert!(top > 100.0 * overlap_chance(1, 1, 384));
//! assert!(both < 2.0 * overlap_chance(64, 64, 384));
//! # Ok::<(), lora_subspace::Error>(())
//! ```
//!
//! # How does ΔW relate to W?
//!
//! The amplification factor is ‖ΔW‖_F / ‖UᵀWV‖_F, with U and V the top r singular directions of ΔW:
//! how much ΔW has of what W has little of. Random directions have a factor too.
//!
//! ```
//! use std::path::Path;
//!
//! use lora_subspace::adapter::{Adapter, ReadOptions};
//! use lora_subspace::base::Base;
//! use lora_subspace::measure::amplification::{amplification_factor, projected_norms};
//! use lora_subspace::measure::chance::projected_norm_chance;
//! use lora_subspace::measure::{Basis, Directions};
//!
//! let study = Path::new("experiments/minilm-sst2");
//! let base = Base::open(&study.join("base"))?;
//! let adapter = Adapter::open(&study.join("adapters/r4-seed0"), &ReadOptions::new())?;
//! let module = adapter.module("bert.encoder.layer.5.attention.self.query").expect("adapted");
//!
//! let (w, delta) = (base.weight(module)?, adapter.delta(&module.path)?);
//! let rank = delta.rank();
//! let u = Directions::of_delta(&delta, Basis::DeltaLeft, rank)?;
//! let v = Directions::of_delta(&delta, Basis::DeltaRight, rank)?;
//! let projected = projected_norms(w.view(), &[(u.subspace().basis(), v.subspace().basis())])[0];
//! let by_chance = projected_norm_chance(w.iter().map(|x| x * x).sum::<f64>().sqrt(), rank, w.dim());
//!
//! let norm = delta.frobenius_norm()?;
//! let factor = amplification_factor(norm, projected).expect("W is not 0 there");
//! let random = amplification_factor(norm, by_chance).expect("W is not 0");
//! // ΔW lies where W has more than random directions find, and so is amplified less than they are.
//! assert!(1.0 < factor && factor < random);
//! # Ok::<(), lora_subspace::Error>(())
//! ```
//!
//! `examples/` has three programs: φ of two adapters as an array, a figure drawn again from committed
//! rows, and a study run from code.
//!
//! # Rooms
//!
//! The numbers are a package of their own, `lora-subspace-core`, whose rooms stand here under the
//! paths that they have had: files → [`tensors`] → [`adapter`], [`base`] → [`measure`], on [`linalg`].
//! A [`study`] becomes a plan, [`run`] measures it, [`findings`] judge it: [`results`] are rows of
//! [`table`]. [`figure`] draws rows, [`report`] explains them, and [`publish`] writes a study's files.
//! [`paper`] has the names and numbers that all of them use. `tests/architecture/` holds who may
//! import whom.

pub mod asked;
pub mod cache;
#[doc(hidden)]
pub mod cli;
pub mod demo;
pub mod error;
pub mod figure;
pub mod findings;
pub mod init;
pub mod paper;
pub mod parts;
pub mod publish;
pub mod report;
pub mod results;
pub mod run;
pub mod study;
pub mod table;

pub use error::{CoreError, Error, Result};
// The numbers, under the paths that they have had.
pub use lora_subspace_core::{adapter, base, files, linalg, measure, setting, tensors};
