//! Projections that were trained apart and joined into one matrix: joining and splitting leave all
//! numbers as they were.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::Tensors;
use lora_subspace_core::adapter::{Adapter, Delta, ReadOptions};
use lora_subspace_core::base::{Base, fused};
use lora_subspace_core::linalg::haar;
use lora_subspace_core::measure::overlap::overlap;
use lora_subspace_core::measure::{Basis, Directions};
use ndarray::{Array2, s};
use proptest::prelude::*;

const D: usize = 8;
/// Singular vectors of a random matrix are far apart enough for this.
const TOLERANCE: f64 = 1e-9;

/// A part's rows of the joined matrix, and its factors; none where it was not trained.
struct Part {
    name: &'static str,
    rows: Vec<usize>,
    factors: Option<(Array2<f64>, Array2<f64>)>,
}

/// Where a joined file's parts are: its module, its name in a file, and the parts' rows.
struct Place {
    module: &'static str,
    tensor: &'static str,
    parts: Vec<(&'static str, Vec<usize>)>,
    config: Option<&'static str>,
}

fn places() -> [Place; 4] {
    let thirds = || vec![("q", 0..D), ("k", D..2 * D), ("v", 2 * D..3 * D)];
    let listed = |parts: Vec<(&'static str, std::ops::Range<usize>)>| {
        let rows = parts.into_iter();
        rows.map(|(name, rows)| (name, rows.collect())).collect()
    };
    // Two heads of four rows, each with q, k and v side by side.
    let head = |place: usize| (0..24).filter(move |row| row % 12 / 4 == place).collect();
    [
        Place {
            module: "double_blocks.0.img_attn.qkv",
            tensor: "diffusion_model.double_blocks.0.img_attn.qkv",
            parts: listed(thirds()),
            config: None,
        },
        Place {
            module: "single_blocks.0.linear1",
            tensor: "diffusion_model.single_blocks.0.linear1",
            parts: listed([thirds(), vec![("mlp", 3 * D..40)]].concat()),
            config: None,
        },
        Place {
            module: "layers.0.self_attn.qkv_proj",
            tensor: "base_model.model.layers.0.self_attn.qkv_proj",
            parts: listed(thirds()),
            config: None,
        },
        Place {
            module: "layers.0.attention.query_key_value",
            tensor: "base_model.model.layers.0.attention.query_key_value",
            parts: vec![("q", head(0)), ("k", head(1)), ("v", head(2))],
            config: Some(r#"{"model_type": "gpt_neox", "num_attention_heads": 2}"#),
        },
    ]
}

/// Entries that f32 holds, with singular vectors that are well determined.
fn factor(rows: usize, columns: usize, key: &str) -> Array2<f64> {
    let k = rows.min(columns);
    let u = haar(rows, k, &format!("{key}/u")).unwrap();
    let v = haar(columns, k, &format!("{key}/v")).unwrap();
    let sigma = ndarray::Array1::from_iter((0..k).map(|l| 2.0 * 0.7f64.powi(l as i32)));
    let matrix = (&u.basis() * &sigma).dot(&v.basis().t());
    matrix.mapv(|x| f64::from(x as f32))
}

fn parts(place: &Place, ranks: &[usize], seed: u32) -> Vec<Part> {
    let rows = place.parts.iter().zip(ranks);
    rows.map(|((name, rows), &rank)| {
        let key = format!("{seed}/{name}");
        let b = || factor(rows.len(), rank, &format!("{key}/b"));
        let a = || factor(rank, D, &format!("{key}/a"));
        Part {
            name,
            rows: rows.clone(),
            factors: (rank > 0).then(|| (b(), a())),
        }
    })
    .collect()
}

/// B and A of all parts; column n of the joined B is the one that `order` puts there.
fn joined(parts: &[Part], order: impl Fn(usize, usize) -> usize) -> (Array2<f64>, Array2<f64>) {
    let height = parts.iter().map(|part| part.rows.len()).sum();
    let ranks = parts
        .iter()
        .filter_map(|part| Some(part.factors.as_ref()?.1.nrows()));
    let rank: usize = ranks.sum();
    let (mut b, mut a) = (Array2::zeros((height, rank)), Array2::zeros((rank, D)));
    let mut column = 0;
    for part in parts {
        let Some((own_b, own_a)) = &part.factors else {
            continue;
        };
        for own in 0..own_a.nrows() {
            let to = order(column, rank);
            for (own_row, &row) in part.rows.iter().enumerate() {
                b[(row, to)] = own_b[(own_row, own)];
            }
            a.row_mut(to).assign(&own_a.row(own));
            column += 1;
        }
    }
    (b, a)
}

fn save(folder: &Path, place: &Place, b: &Array2<f64>, a: &Array2<f64>) -> PathBuf {
    let name = |factor: char| format!("{}.lora_{factor}.weight", place.tensor);
    let (rank, height) = (a.nrows(), b.nrows());
    let tensors =
        Tensors::default()
            .values(&name('A'), &[rank, D], a)
            .values(&name('B'), &[height, rank], b);
    if !place.tensor.starts_with("base_model") {
        let path = folder.join("file.safetensors");
        tensors.save(&path);
        return path;
    }
    tensors.save(&folder.join("adapter_model.safetensors"));
    let config = format!(r#"{{"peft_type": "LORA", "r": {rank}, "lora_alpha": {rank}}}"#);
    fs::write(folder.join("adapter_config.json"), config).unwrap();
    folder.into()
}

fn base(folder: &Path, place: &Place) -> Option<Base> {
    let config = place.config?;
    let base = folder.join("base");
    let name = format!("{}.weight", place.module);
    Tensors::default()
        .with(&name, &[3 * D, D], 1)
        .save(&base.join("model.safetensors"));
    fs::write(base.join("config.json"), config).unwrap();
    Some(Base::open(&base).unwrap())
}

/// The adapter cut into its parts, and the folder that it is read from; `mixed` has the columns in
/// another order.
fn opened(place: &Place, parts: &[Part], mixed: bool) -> (Adapter, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let order = |column: usize, rank: usize| match mixed {
        true => rank - 1 - column,
        false => column,
    };
    let (b, a) = joined(parts, order);
    let path = save(folder.path(), place, &b, &a);
    let base = base(folder.path(), place);
    let mut adapter = Adapter::open(&path, &ReadOptions::new()).unwrap();
    adapter.split(&|module| fused::slices(module, base.as_ref()));
    (adapter, folder)
}

fn of(delta: &Delta, basis: Basis) -> lora_subspace_core::linalg::Subspace {
    let directions = Directions::of_delta(delta, basis, delta.rank()).unwrap();
    directions.subspace().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn parts_have_the_numbers_that_they_had_apart(
        place in 0usize..4, ranks in prop::collection::vec(0usize..5, 4), mixed: bool, seed: u32
    ) {
        let place = &places()[place];
        let parts = parts(place, &ranks, seed);
        prop_assume!(parts.iter().any(|part| part.factors.is_some()));
        let (adapter, _folder) = opened(place, &parts, mixed);
        let trained = parts.iter().filter(|part| part.factors.is_some()).count();
        prop_assert_eq!(adapter.modules.len(), trained);
        for Part { name, factors, .. } in &parts {
            let path = format!("{}.{name}", place.module);
            let Some((b, a)) = factors else {
                prop_assert!(adapter.module(&path).is_none());
                prop_assert!(adapter.notes.iter().any(|note| note.contains("their ΔW is 0")));
                continue;
            };
            let (own, apart) = (adapter.delta(&path).unwrap(), Delta::new(b.clone(), a.clone(), 1.0).unwrap());
            prop_assert_eq!(adapter.module(&path).unwrap().rank, Some(a.nrows()));
            let (norm, expected) = (own.frobenius_norm().unwrap(), apart.frobenius_norm().unwrap());
            prop_assert!((norm - expected).abs() <= 1e-12 * expected);
            prop_assert!((own.dense() - apart.dense()).iter().all(|x| x.abs() < 1e-14));
            for basis in Basis::ALL {
                let phi = overlap(&of(&own, basis), &of(&apart, basis)).unwrap();
                prop_assert!(phi.diag().iter().all(|x| (x - 1.0).abs() < TOLERANCE), "{} {:?}: {}", path, basis, phi);
            }
        }
    }
}

/// What reaches two parts was trained as one: its slices share A, and their rows are cut.
#[test]
fn one_dense_column_is_enough_to_share_a() {
    let place = &places()[0];
    let parts = parts(place, &[2, 2, 2], 7);
    let (mut b, a) = joined(&parts, |column, _| column);
    b[(D, 0)] = 1.0;
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), place, &b, &a);
    let mut adapter = Adapter::open(&path, &ReadOptions::new()).unwrap();
    let whole = adapter.delta(place.module).unwrap().dense();
    adapter.split(&|module| fused::slices(module, None));
    let note = adapter.notes.join("; ");
    assert!(
        note.contains("share one A") && !note.contains("trained apart"),
        "{note}"
    );
    for (number, name) in ["q", "k", "v"].into_iter().enumerate() {
        let path = format!("{}.{name}", place.module);
        assert_eq!(adapter.module(&path).unwrap().rank, Some(6));
        let rows = number * D..(number + 1) * D;
        assert_eq!(
            adapter.delta(&path).unwrap().dense(),
            whole.slice(s![rows, ..])
        );
    }
}

/// A safetensors file with its tensors in another order.
fn turned_around(path: &Path) {
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let (mut data, mut entries) = (Vec::new(), Vec::new());
    for (name, entry) in header.iter().rev() {
        let ends: Vec<usize> = serde_json::from_value(entry["data_offsets"].clone()).unwrap();
        let start = data.len();
        data.extend(&bytes[8 + length + ends[0]..8 + length + ends[1]]);
        let (dtype, shape) = (&entry["dtype"], &entry["shape"]);
        let end = data.len();
        entries.push(format!(
            r#""{name}":{{"dtype":{dtype},"shape":{shape},"data_offsets":[{start},{end}]}}"#
        ));
    }
    let header = format!("{{{}}}", entries.join(","));
    let length = (header.len() as u64).to_le_bytes();
    let all = [&length[..], header.as_bytes(), &data].concat();
    fs::write(path, all).unwrap();
}

const TEXT: &str = "layers.0.self_attn.qkv_proj";
const TOWER: &str = "vision_tower.layers.0.mlp.linear1";

/// An adapter of a text model, and perhaps of a tower beside it, with its base's config.
fn beside_a_tower(folder: &Path, has_tower: bool) -> Base {
    let with = |tensors: Tensors, (module, rows, columns): (&str, usize, usize)| {
        let name = |factor: char| format!("base_model.model.{module}.lora_{factor}.weight");
        let tensors = tensors.with(&name('A'), &[2, columns], 1);
        tensors.with(&name('B'), &[rows, 2], 2)
    };
    let modules = [(TEXT, 16, 8), (TOWER, 16, 4)];
    let modules = &modules[..1 + usize::from(has_tower)];
    let adapter = modules.iter().copied().fold(Tensors::default(), with);
    adapter.save(&folder.join("adapter_model.safetensors"));
    let config = r#"{"peft_type": "LORA", "r": 2, "lora_alpha": 2}"#;
    fs::write(folder.join("adapter_config.json"), config).unwrap();
    let weight = |tensors: Tensors, (module, rows, columns): (&str, usize, usize)| {
        tensors.with(&format!("{module}.weight"), &[rows, columns], 3)
    };
    let weights = modules.iter().copied().fold(Tensors::default(), weight);
    let base = folder.join("base");
    weights.save(&base.join("model.safetensors"));
    let config = r#"{"model_type": "phi3", "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 8}"#;
    fs::write(base.join("config.json"), config).unwrap();
    Base::open(&base).unwrap()
}

#[test]
fn order_in_the_file_and_a_tower_beside_change_no_cut() {
    let cut = |has_tower: bool, turn: bool| {
        let folder = tempfile::tempdir().unwrap();
        let base = beside_a_tower(folder.path(), has_tower);
        if turn {
            turned_around(&folder.path().join("adapter_model.safetensors"));
        }
        let mut adapter = Adapter::open(folder.path(), &ReadOptions::new()).unwrap();
        adapter.split(&|module| fused::slices(module, Some(&base)));
        let slice = |name: &str| adapter.delta(&format!("{TEXT}.{name}")).unwrap().dense();
        (["q", "k", "v"].map(slice), adapter.modules.len())
    };
    let (expected, modules) = cut(false, false);
    assert_eq!(modules, 3);
    for (has_tower, turn) in [(false, true), (true, false), (true, true)] {
        let (slices, modules) = cut(has_tower, turn);
        assert_eq!(slices, expected);
        assert_eq!(modules, 3 + usize::from(has_tower));
    }
}
