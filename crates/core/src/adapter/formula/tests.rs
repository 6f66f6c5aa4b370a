//! Every node against the same matrix computed entry by entry, and random trees of them.

use std::fs;
use std::sync::Arc;

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::{Bound, Formula, Largest, Source};
use crate::linalg::largest;
use crate::tensors::Shards;

/// What is in the file: name, shape, and the first of its numbers, which rise by 1.
const TENSORS: [(&str, &[usize], f64); 5] = [
    ("wide", &[2, 3], 1.0),
    ("tall", &[3, 2], -2.0),
    ("square", &[3, 3], 0.0),
    ("row", &[1, 3], 5.0),
    ("stack", &[2, 3, 2], -6.0),
];
/// No more entries than this in a random tree's matrix.
const LARGEST: usize = 2_000;

/// A matrix as a formula, and as it should be.
type Both = (Formula, Array2<f64>);

/// A safetensors file of them, which is gone from its folder once it is open.
fn source() -> Source {
    let (mut header, mut numbers) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, shape, first) in TENSORS {
        let begin = numbers.len();
        for at in 0..shape.iter().product::<usize>() {
            numbers.extend((first + at as f64).to_le_bytes());
        }
        let entry = serde_json::json!({
            "dtype": "F64", "shape": shape, "data_offsets": [begin, numbers.len()],
        });
        header.insert(name.into(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let bytes = [&(header.len() as u64).to_le_bytes()[..], &header, &numbers].concat();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tensors.safetensors");
    fs::write(&path, bytes).unwrap();
    Source::Files(Arc::new(Shards::open(&path).unwrap()))
}

fn leaf(source: &Source, place: usize) -> Both {
    let (name, shape, first) = TENSORS[place % TENSORS.len()];
    let (rows, columns) = (shape[0], shape[1..].iter().product());
    let at = |(row, column)| first + (row * columns + column) as f64;
    let expected = Array2::from_shape_fn((rows, columns), at);
    (Formula::tensor(source, name).unwrap(), expected)
}

fn check((formula, expected): &Both) {
    let found = formula.evaluate().unwrap();
    assert_eq!(
        (formula.dim(), found.dim()),
        (expected.dim(), expected.dim())
    );
    let far = |(x, y): (&f64, &f64)| (x - y).abs() > 1e-12 * y.abs().max(1.0);
    assert!(
        !found.iter().zip(expected).any(far),
        "{formula:?}\n{found}\n{expected}"
    );
    let bound = formula.bound(&Largest::default()).unwrap();
    assert!(
        Bound::of(largest(&found)) <= bound,
        "{formula:?}: {bound:?}"
    );
}

/// A node over one matrix, its numbers taken entry by entry.
fn over_one(kind: u8, (x, m): Both, one: usize, two: usize) -> Both {
    let (rows, columns) = m.dim();
    let divisor = |number: usize| {
        (1..=number)
            .rev()
            .find(|d| number.is_multiple_of(*d) && *d <= 1 + one)
    };
    match kind {
        0 => (x.transposed(), m.t().to_owned()),
        1 => {
            let flat: Vec<f64> = m.iter().copied().collect();
            let height = divisor(m.len()).unwrap();
            let width = m.len() / height;
            let expected = Array2::from_shape_fn((height, width), |(i, j)| flat[i * width + j]);
            (x.reshaped(height, width).unwrap(), expected)
        }
        2 => {
            let width = divisor(columns).unwrap();
            let height = columns / width;
            // Entry (k, l) of a row's matrix turned is entry (l, k) of the matrix.
            let at = |(i, j): (usize, usize)| m[(i, (j % height) * width + j / height)];
            let expected = Array2::from_shape_fn(m.dim(), at);
            (x.rows_turned(width).unwrap(), expected)
        }
        3 => {
            let (start, end) = (one % rows, one % rows + 1 + two % (rows - one % rows));
            let at = |(i, j)| m[(start + i, j)];
            let expected = Array2::from_shape_fn((end - start, columns), at);
            (x.rows(start..end).unwrap(), expected)
        }
        4 => {
            let (start, end) = (one % columns, columns);
            let expected = Array2::from_shape_fn((rows, end - start), |(i, j)| m[(i, start + j)]);
            (x.columns(start..end).unwrap(), expected)
        }
        5 => {
            let step = divisor(columns).unwrap();
            let first = two % step;
            let at = |(i, j)| m[(i, first + j * step)];
            let expected = Array2::from_shape_fn((rows, columns / step), at);
            (x.every_column(first, step).unwrap(), expected)
        }
        _ => (x.scaled(-0.5), m.mapv(|number| -0.5 * number)),
    }
}

/// A node over two matrices, where their shapes allow it.
fn over_two(kind: u8, (x, m): Both, (y, n): Both) -> Option<Both> {
    let ((a, b), (c, d)) = (m.dim(), n.dim());
    match kind {
        0 => {
            let at = |(i, j)| (0..b).map(|k| m[(i, k)] * n[(k, j)]).sum();
            let expected = (b == c).then(|| Array2::from_shape_fn((a, d), at));
            Some((x.times(y).ok()?, expected.unwrap()))
        }
        1 => {
            let fits = |one, other| one == other || one == 1 || other == 1;
            let at = |(i, j)| m[(i % a, j % b)] * n[(i % c, j % d)];
            let expected =
                (fits(a, c) && fits(b, d)).then(|| Array2::from_shape_fn((a.max(c), b.max(d)), at));
            Some((x.entrywise(y).ok()?, expected.unwrap()))
        }
        2 => {
            let at = |(i, j)| m[(i / c, j / d)] * n[(i % c, j % d)];
            Some((x.kronecker(y), Array2::from_shape_fn((a * c, b * d), at)))
        }
        3 => {
            let at = |(i, j)| if i < a { m[(i, j)] } else { n[(i - a, j)] };
            let expected = (b == d).then(|| Array2::from_shape_fn((a + c, b), at));
            Some((Formula::stacked(vec![x, y]).ok()?, expected.unwrap()))
        }
        _ => {
            let at = |(i, j)| if j < b { m[(i, j)] } else { n[(i, j - b)] };
            let expected = (a == c).then(|| Array2::from_shape_fn((a, b + d), at));
            Some((Formula::beside(vec![x, y]).ok()?, expected.unwrap()))
        }
    }
}

#[test]
fn leaves_are_what_the_file_has() {
    let source = source();
    for place in 0..TENSORS.len() {
        check(&leaf(&source, place));
    }
    let second = Formula::part(&source, "stack", 1).unwrap();
    check(&(second, array![[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]));
    check(&(Formula::zeros(2, 3), Array2::zeros((2, 3))));
    assert!(Formula::part(&source, "stack", 2).is_err());
    assert!(Formula::part(&source, "wide", 0).is_err());
    assert!(Formula::tensor(&source, "nowhere").is_err());
}

#[test]
fn nodes_over_one_matrix() {
    let source = source();
    for kind in 0..=6 {
        for (one, two) in [(0, 0), (1, 1), (2, 4), (5, 3)] {
            check(&over_one(kind, leaf(&source, 4), one, two));
        }
    }
}

#[test]
fn nodes_over_two_matrices() {
    let source = source();
    for kind in 0..=4 {
        let mut fitting = 0;
        for (one, two) in (0..25).map(|pair| (pair / 5, pair % 5)) {
            let Some(both) = over_two(kind, leaf(&source, one), leaf(&source, two)) else {
                continue;
            };
            check(&both);
            assert_eq!(both.0.tensors(), [TENSORS[one].0, TENSORS[two].0]);
            fitting += 1;
        }
        assert!(fitting >= 5, "{kind}: {fitting} pairs");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused_by_name() {
    let wide = || Formula::tensor(&source(), "wide").unwrap();
    let refused = [
        wide().reshaped(4, 2),
        wide().rows_turned(2),
        wide().rows(1..3),
        wide().columns(2..2),
        wide().every_column(0, 2),
        wide().times(wide()),
        wide().entrywise(wide().transposed()),
        Formula::stacked(vec![wide(), wide().transposed()]),
    ];
    for (place, outcome) in refused.into_iter().enumerate() {
        let error = outcome.map(|formula| formula.dim()).unwrap_err();
        assert!(
            error.to_string().contains("tensor `wide`"),
            "{place}: {error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Operations on a stack of matrices, as long as the results stay small.
    #[test]
    fn random_trees_have_their_shape_and_numbers(
        steps in prop::collection::vec((0u8..3, 0u8..7, 0usize..5, 0usize..5), 1..14)
    ) {
        let source = source();
        let mut stack = vec![leaf(&source, 0)];
        for (arity, kind, one, two) in steps {
            let top = stack[stack.len() - 1].clone();
            let made = match arity {
                0 => Some(leaf(&source, one)),
                1 => Some(over_one(kind, top, one, two)),
                _ => over_two(kind, top, stack[one % stack.len()].clone()),
            };
            stack.extend(made.filter(|(formula, _)| formula.dim().0 * formula.dim().1 <= LARGEST));
        }
        for both in &stack {
            check(both);
        }
    }
}
