//! Principal angles of the built-in study's adapters against SciPy (tests/golden/study.py).

use crate::files::repository;
use crate::golden_values::{STUDY, distance, report};
use lora_subspace_core::adapter::{Adapter, ReadOptions};
use lora_subspace_core::linalg::{Subspace, principal_angles, svd};
use ndarray::s;

fn adapter(name: &str) -> Adapter {
    let root = repository().join("experiments/minilm-sst2/adapters");
    Adapter::open(&root.join(name), &ReadOptions::default()).unwrap()
}

#[test]
fn principal_angles_as_scipy_has_them() {
    let leading = |adapter: &Adapter, module: &str| {
        let vectors = svd(adapter.delta(module).unwrap().factors().unwrap().1)
            .unwrap()
            .v;
        Subspace::new(vectors.slice(s![.., ..8]).to_owned()).unwrap()
    };
    let (small, large) = (adapter("r8-seed0"), adapter("r64-seed1"));
    let mut worst = 0.0f64;
    for module in &small.modules {
        let golden = &STUDY[&format!("angles__{}", module.path)];
        let ours = principal_angles(
            &leading(&small, &module.path),
            &leading(&large, &module.path),
        )
        .unwrap();
        for (l, angle) in ours.into_iter().enumerate() {
            worst = worst.max(distance(Some(angle), golden[[l]], 1.0));
        }
    }
    report("principal angles", worst, 12 * 8);
}
