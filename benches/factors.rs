//! What is done with factors and with directions: everything that a comparison without W takes.

mod common;

use common::gaussian;
use divan::{Bencher, black_box};
use lora_subspace::linalg::{Factored, Subspace, haar, projections, svd};
use lora_subspace::measure::overlap::overlap;

fn main() {
    common::run();
}

const SIDES: [usize; 2] = [4096, 12288];
const RANKS: [usize; 3] = [8, 64, 256];

fn sides_and_ranks() -> impl Iterator<Item = (usize, usize)> {
    SIDES
        .into_iter()
        .flat_map(|d| RANKS.into_iter().map(move |r| (d, r)))
}

fn directions(d: usize, k: usize, key: &str) -> Subspace {
    haar(d, k, key).expect("k ≤ d")
}

/// ΔW = B·A: two thin QRs, the SVD of the r × r core, and both sides' vectors.
#[divan::bench(args = sides_and_ranks(), sample_count = 5, sample_size = 1)]
fn factored_svd(bencher: Bencher, (d, r): (usize, usize)) {
    let (b, a) = (
        gaussian(d, r, 1).into_shared(),
        gaussian(r, d, 2).into_shared(),
    );
    bencher.bench_local(|| {
        let product = Factored::new(black_box(b.clone()), black_box(a.clone())).expect("finite");
        (product.left(), product.right(), product.sigma().clone())
    });
}

/// The right vectors of A as figures 3 to 7 need them, once ΔW is decomposed.
#[divan::bench(args = sides_and_ranks(), sample_count = 5, sample_size = 1)]
fn right_vectors_of_a(bencher: Bencher, (d, r): (usize, usize)) {
    let (b, a) = (gaussian(d, r, 1), gaussian(r, d, 2));
    let product = Factored::new(b.into_shared(), a.into_shared()).expect("finite");
    bencher.bench_local(|| black_box(&product).right_of_a());
}

/// The thin SVD of one factor by LAPACK alone, for comparison.
#[divan::bench(args = sides_and_ranks(), sample_count = 3, sample_size = 1)]
fn thin_svd_of_a_factor(bencher: Bencher, (d, r): (usize, usize)) {
    let a = gaussian(r, d, 2);
    bencher.bench_local(|| svd(black_box(a.view())));
}

/// All φ(i,j): r = 64 against r = 64, and figure 8's tenth of W against r = 64.
#[divan::bench(args = [(4096, 64, 64), (12288, 1229, 64)], sample_count = 10, sample_size = 1)]
fn overlap_grid(bencher: Bencher, (d, k, l): (usize, usize, usize)) {
    let (first, second) = (directions(d, k, "first"), directions(d, l, "second"));
    bencher.bench_local(|| overlap(black_box(&first), black_box(&second)));
}

/// UᵀWV for one pair of 64 directions each: W is read once.
#[divan::bench(args = SIDES, sample_count = 5, sample_size = 1)]
fn projection(bencher: Bencher, d: usize) {
    let w = gaussian(d, d, 3);
    let (u, v) = (directions(d, 64, "left"), directions(d, 64, "right"));
    bencher.bench_local(|| projections(black_box(w.view()), &[(u.basis(), v.basis())]));
}

/// Random directions: normal numbers and a thin QR.
#[divan::bench(args = SIDES, sample_count = 5, sample_size = 1)]
fn haar_64(d: usize) -> Subspace {
    directions(black_box(d), 64, "0/benchmark")
}
