//! What is known of one large W from earlier runs, and is kept for later ones: its leading directions
//! with their certificate, and ‖UᵀWV‖ of random directions.

use ndarray::{Array1, Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Entry, matrix_digest};
use crate::error::Result;
use crate::linalg::{Leading, Method, Proof, SMALL_SIDE, blas_version, leading, rung};

/// It stands in every key. Raise it when a search or a draw gives other numbers than before.
const REVISION: u32 = 1;

/// A W, and the cache that may know of it.
pub(super) struct Known<'a> {
    cache: &'a Cache,
    /// What the keys of this W begin with; `None` where nothing is kept of it.
    of: Option<String>,
}

/// How the numbers of a [`Leading`] lie one after the other in an entry.
#[derive(Serialize, Deserialize)]
struct Shape {
    rows: usize,
    columns: usize,
    directions: usize,
    values: usize,
    proof: Proof,
    method: Method,
}

impl<'a> Known<'a> {
    /// Of a W whose numbers are at hand. A small W is decomposed faster than it is looked up, and without
    /// the names of kernels nobody knows which last digits they give.
    pub(super) fn of(cache: &'a Cache, w: ArrayView2<f64>) -> Self {
        let is_large = w.nrows().min(w.ncols()) > SMALL_SIDE;
        let kernels = blas_version().filter(|_| is_large && cache.is_on());
        let of = kernels.map(|kernels| {
            let version = env!("CARGO_PKG_VERSION");
            let digest = matrix_digest(w);
            format!("{version} {REVISION}, {kernels}, W {digest}")
        });
        Known { cache, of }
    }

    /// W's leading triplets, k or more: of a large W as many as its [`rung`] says, with a cache or without.
    pub(super) fn leading(&self, w: ArrayView2<f64>, k: usize) -> Result<Leading> {
        let side = w.nrows().min(w.ncols());
        if side <= SMALL_SIDE {
            return Ok(leading(w, k)?);
        }
        let k = rung(k, side);
        let Some(of) = &self.of else {
            return Ok(leading(w, k)?);
        };
        let key = format!("{of}, leading {k}");
        if let Some(entry) = self.cache.get(&key) {
            match leading_of(&entry).filter(|found| found.len() >= k && found.is_of(w)) {
                Some(found) => return Ok(found),
                None => self.cache.refuse(&key, "it does not fit its weight"),
            }
        }
        let found = leading(w, k)?;
        if let Some(entry) = entry_of(&found) {
            self.cache.put(&key, &entry);
        }
        Ok(found)
    }

    /// ‖UᵀWV‖ of random directions, as
    /// [`random_norms`](crate::measure::amplification::random_norms) gives them for `wanted` and `key`.
    pub(super) fn norms(&self, wanted: &[(usize, usize)], key: &str) -> Option<Vec<Vec<f64>>> {
        let key = self.key_of_norms(wanted, key)?;
        let numbers = self.cache.get(&key)?.numbers;
        let lengths = wanted.iter().map(|&(_, draws)| draws);
        let is_norm = |norm: &f64| norm.is_finite() && *norm >= 0.0;
        if lengths.clone().sum::<usize>() != numbers.len() || !numbers.iter().all(is_norm) {
            self.cache.refuse(&key, "it does not fit its draws");
            return None;
        }
        let mut numbers = numbers.into_iter();
        Some(
            lengths
                .map(|draws| numbers.by_ref().take(draws).collect())
                .collect(),
        )
    }

    /// Keeps them.
    pub(super) fn keep_norms(&self, wanted: &[(usize, usize)], key: &str, norms: &[Vec<f64>]) {
        if let Some(key) = self.key_of_norms(wanted, key) {
            let entry = Entry {
                about: "norms".into(),
                numbers: norms.concat(),
            };
            self.cache.put(&key, &entry);
        }
    }

    /// Draws of several ranks are multiplied side by side, which decides their last digits: all that are
    /// wanted are in the key.
    fn key_of_norms(&self, wanted: &[(usize, usize)], key: &str) -> Option<String> {
        let is_any = wanted.iter().any(|&(_, draws)| draws > 0);
        let of = self.of.as_ref().filter(|_| is_any)?;
        Some(format!("{of}, draws {wanted:?} of {key:?}"))
    }
}

fn entry_of(found: &Leading) -> Option<Entry> {
    let shape = Shape {
        rows: found.u.nrows(),
        columns: found.v.nrows(),
        directions: found.len(),
        values: found.sigma.len(),
        proof: found.proof,
        method: found.method,
    };
    let parts = [&found.sigma, &found.right_residuals, &found.left_residuals];
    let one_after_the_other = parts.into_iter().flatten();
    let numbers = one_after_the_other
        .chain(&found.u)
        .chain(&found.v)
        .copied()
        .chain([found.next.0, found.next.1, found.frobenius_norm]);
    Some(Entry {
        about: serde_json::to_string(&shape).ok()?,
        numbers: numbers.collect(),
    })
}

fn leading_of(entry: &Entry) -> Option<Leading> {
    let shape: Shape = serde_json::from_str(&entry.about).ok()?;
    let mut rest = entry.numbers.as_slice();
    let mut take = |length: usize| {
        let (taken, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(taken.to_vec())
    };
    let k = shape.directions;
    let mut vector = |length| take(length).map(Array1::from_vec);
    let (sigma, right_residuals, left_residuals) = (vector(shape.values)?, vector(k)?, vector(k)?);
    let mut frame = |sides: usize| {
        let numbers = take(sides.checked_mul(k)?)?;
        Array2::from_shape_vec((sides, k), numbers).ok()
    };
    let (u, v) = (frame(shape.rows)?, frame(shape.columns)?);
    let [next, bound, frobenius_norm] = take(3)?.try_into().ok()?;
    rest.is_empty().then_some(Leading {
        u,
        v,
        sigma,
        right_residuals,
        left_residuals,
        next: (next, bound),
        proof: shape.proof,
        method: shape.method,
        frobenius_norm,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::LIMIT;
    use crate::linalg::haar;

    /// A W of side 1040 with falling singular values.
    fn weight(seed: &str) -> Array2<f64> {
        let side = SMALL_SIDE + 16;
        let frame = |role: &str| haar(side, 90, &format!("{seed}/{role}")).unwrap();
        let (u, v) = (frame("left"), frame("right"));
        let sigma = Array1::from_shape_fn(90, |l| 1.0 / (l as f64 + 1.0));
        (&u.basis() * &sigma).dot(&v.basis().t())
    }

    fn bits(found: &Leading) -> Vec<u64> {
        let entry = entry_of(found).unwrap();
        entry.numbers.iter().map(|x| x.to_bits()).collect()
    }

    #[test]
    fn what_comes_from_the_cache_has_the_bytes_of_a_search() {
        let (place, w) = (tempfile::tempdir().unwrap(), weight("a"));
        let without = Known::of(&Cache::none(), w.view())
            .leading(w.view(), 3)
            .unwrap();
        for (found, kept) in [(0, 1), (1, 0)] {
            let cache = Cache::new(place.path(), LIMIT);
            let known = Known::of(&cache, w.view()).leading(w.view(), 3).unwrap();
            assert_eq!(bits(&known), bits(&without));
            assert_eq!(known.u.strides(), without.u.strides());
            assert_eq!((known.proof, known.method), (without.proof, without.method));
            assert_eq!((cache.counts().found, cache.counts().kept), (found, kept));
        }
        // Another rung, and another W, are other entries.
        let cache = Cache::new(place.path(), LIMIT);
        Known::of(&cache, w.view()).leading(w.view(), 65).unwrap();
        let other = weight("b");
        Known::of(&cache, other.view())
            .leading(other.view(), 3)
            .unwrap();
        assert_eq!((cache.counts().found, cache.counts().kept), (0, 2));
    }

    #[test]
    fn an_entry_that_lies_is_searched_again_with_a_word() {
        let (place, w) = (tempfile::tempdir().unwrap(), weight("a"));
        let cache = Cache::new(place.path(), LIMIT);
        let known = Known::of(&cache, w.view());
        let right = known.leading(w.view(), 3).unwrap();
        let key = format!("{}, leading 64", known.of.as_ref().unwrap());
        let mut wrong = right.clone();
        wrong.u[(5, 7)] += 1e-9;
        let short = Entry {
            about: entry_of(&right).unwrap().about,
            numbers: vec![1.0; 10],
        };
        for entry in [entry_of(&wrong).unwrap(), short] {
            cache.put(&key, &entry);
            let again = known.leading(w.view(), 3).unwrap();
            assert_eq!(bits(&again), bits(&right));
        }
        assert_eq!(cache.counts().found, 0);
        let words = cache.words();
        assert!(matches!(words.as_slice(), [one] if one.contains("does not fit its weight")));
    }

    #[test]
    fn draws_are_kept_for_what_was_wanted() {
        let (place, w) = (tempfile::tempdir().unwrap(), weight("a"));
        let cache = Cache::new(place.path(), LIMIT);
        let known = Known::of(&cache, w.view());
        let wanted = [(4, 3), (8, 2)];
        let norms = vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0]];
        assert_eq!(known.norms(&wanted, "0/m"), None);
        known.keep_norms(&wanted, "0/m", &norms);
        assert_eq!(known.norms(&wanted, "0/m"), Some(norms));
        assert_eq!(known.norms(&wanted, "1/m"), None);
        assert_eq!(known.norms(&[(4, 3), (8, 1)], "0/m"), None);
        assert_eq!(known.norms(&[(4, 0)], "0/m"), None);
    }
}
