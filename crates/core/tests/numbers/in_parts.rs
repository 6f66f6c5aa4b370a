//! W read a block of rows at a time is W read at once, and what is looked at in it is the same.

use crate::files::Tensors;
use lora_subspace_core::adapter::{AdaptedModule, Adapter, BaseIndex, ReadOptions};
use lora_subspace_core::base::Base;
use lora_subspace_core::linalg::{Rows, haar};
use lora_subspace_core::measure::amplification::{projected, projected_norms, random_norms};
use ndarray::{Array2, s};
use serde_json::json;

/// W, put together of three rows at a time.
pub(crate) fn in_parts(base: &Base, module: &AdaptedModule) -> Array2<f64> {
    let rows = base.rows(module).unwrap();
    let (count, width) = rows.dim();
    let mut all = Array2::zeros((count, width));
    for top in (0..count).step_by(3) {
        let until = count.min(top + 3);
        let mut here = all.slice_mut(s![top..until, ..]);
        here.assign(&rows.rows(top..until).unwrap());
    }
    match rows.is_turned() {
        true => all.reversed_axes(),
        false => all,
    }
}

/// An adapter of `h.0.q`, and a base with this W.
struct Made {
    folder: tempfile::TempDir,
    w: Array2<f64>,
}

impl Made {
    /// `stored` is W as its file has it.
    fn new(stored: Array2<f64>, model: &str, turned: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(place("base")).unwrap();
        std::fs::create_dir_all(place("one")).unwrap();
        let (rows, columns) = stored.dim();
        Tensors::default()
            .values("h.0.attn.c_proj.weight", &[rows, columns], &stored)
            .save(&place("base/model.safetensors"));
        let config = json!({"model_type": model}).to_string();
        std::fs::write(place("base/config.json"), config).unwrap();
        let w = if turned {
            stored.reversed_axes()
        } else {
            stored
        };
        let (d_out, d_in) = w.dim();
        let of = |factor: char| format!("base_model.model.h.0.attn.c_proj.lora_{factor}.weight");
        let factor = |rows, columns| Array2::from_elem((rows, columns), 0.5);
        Tensors::default()
            .values(&of('A'), &[2, d_in], &factor(2, d_in))
            .values(&of('B'), &[d_out, 2], &factor(d_out, 2))
            .save(&place("one/adapter_model.safetensors"));
        let config =
            json!({"peft_type": "LORA", "r": 2, "lora_alpha": 2, "fan_in_fan_out": turned});
        std::fs::write(place("one/adapter_config.json"), config.to_string()).unwrap();
        Made { folder, w }
    }

    fn open(&self) -> (Base, Adapter) {
        let base = Base::open(&self.folder.path().join("base")).unwrap();
        let index: &dyn BaseIndex = &base;
        let place = self.folder.path().join("one");
        let adapter = Adapter::open_on(&place, &ReadOptions::new(), Some(index)).unwrap();
        (base, adapter)
    }
}

fn numbers(rows: usize, columns: usize) -> Array2<f64> {
    // Numbers that f32 has, of several sizes.
    let number = |(i, j): (usize, usize)| f64::from(((i * 31 + j * 17) as f32).sin() / 8.0);
    Array2::from_shape_fn((rows, columns), number)
}

#[test]
fn norms_between_directions_are_those_of_w_at_once() {
    // Small, and large enough that draws are multiplied in f32; each upright and turned.
    for (shape, turned) in [
        ((70, 40), false),
        ((40, 70), true),
        ((1100, 1030), false),
        ((1030, 1100), true),
    ] {
        let made = Made::new(
            numbers(shape.0, shape.1),
            if turned { "gpt2" } else { "" },
            turned,
        );
        let (base, adapter) = made.open();
        let module = &adapter.modules[0];
        assert!(base.reads_in_parts(module));
        assert_eq!(in_parts(&base, module), made.w);
        let rows = base.rows(module).unwrap();
        assert_eq!(rows.is_turned(), turned);
        let (u, v) = (
            haar(made.w.nrows(), 3, "u").unwrap(),
            haar(made.w.ncols(), 3, "v").unwrap(),
        );
        let pairs = [(u.basis(), v.basis())];
        let wanted = [(2, 5), (4, 3)];
        let found = projected(&rows, &pairs, &wanted, "key").unwrap();
        let close = |one: f64, other: f64| ((one - other) / other).abs() < 1e-12;
        let norm = made.w.iter().map(|x| x * x).sum::<f64>().sqrt();
        assert!(close(found.base_norm, norm));
        assert!(close(
            found.norms[0],
            projected_norms(made.w.view(), &pairs)[0]
        ));
        let at_once = random_norms(made.w.view(), &wanted, "key").unwrap();
        for (found, at_once) in found.random.iter().zip(&at_once) {
            assert_eq!(found.len(), at_once.len());
            for (found, at_once) in found.iter().zip(at_once) {
                assert!(
                    ((found - at_once) / at_once).abs() < 1e-5,
                    "{found} {at_once}"
                );
            }
        }
    }
}

#[test]
fn an_entry_that_is_no_number_is_named_by_its_place_in_w() {
    let mut stored = numbers(20, 6);
    stored[(13, 4)] = f64::NAN;
    let made = Made::new(stored, "", false);
    let (base, adapter) = made.open();
    let rows = base.rows(&adapter.modules[0]).unwrap();
    assert!(rows.rows(0..13).is_ok());
    let error = rows.rows(12..15).unwrap_err().to_string();
    assert!(error.contains("entry [13, 4] is NaN"), "{error}");
    let at_once = base.weight(&adapter.modules[0]).unwrap_err();
    assert_eq!(error, at_once.to_string());
}
