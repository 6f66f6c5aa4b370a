//! How a module's ΔW is made of its tensors.

use ndarray::{Array2, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::linalg::{excess, frobenius_norm, largest, largest_of, norm, times_power};
use crate::setting::Setting;

use super::Delta;
use super::formula::Formula;

/// The remedy where numbers leave the range of f64.
pub(super) const OUT_OF_RANGE: &str =
    "no trained weight is as large or small: check α and the factors, and save them again";

/// What stands on disk for a ΔW; the scale s is the module's.
#[derive(Debug, Clone)]
pub(super) enum Update {
    /// ΔW = s·B·A.
    Product { b: Formula, a: Formula },
    /// ΔW = s·B·A with [B, −B₀] and [A; A₀] for B and A: what was learned since the start B₀·A₀.
    Difference { b: Formula, a: Formula },
    /// ΔW = s·M.
    Dense(Formula),
    /// ΔW = W′ − W: the trained weight itself is stored.
    Replaced(Formula),
    /// Columns of W, at these places, were replaced; stored as one row each.
    Columns { rows: Formula, places: Vec<usize> },
    /// ΔW = m ⊙ V/‖V‖ − W with V = W + the direction's own ΔW (DoRA, Liu et al. 2024).
    Normalised {
        direction: Box<Update>,
        /// One number for each norm.
        magnitude: Formula,
        over: Norms,
    },
}

/// Which entries share a norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Norms {
    /// Each row: one norm per output.
    Rows,
    /// Each set of so many neighbouring columns: one norm per input channel.
    Columns(usize),
}

impl Update {
    /// (d_out, d_in) of ΔW, as far as the tensors say it.
    pub(super) fn dim(&self) -> (usize, usize) {
        match self {
            Update::Product { b, a } | Update::Difference { b, a } => (b.dim().0, a.dim().1),
            Update::Dense(m) | Update::Replaced(m) => m.dim(),
            Update::Columns { rows, places } => (
                rows.dim().1,
                places.iter().max().map_or(0, |last| last.saturating_add(1)),
            ),
            Update::Normalised { direction, .. } => direction.dim(),
        }
    }

    /// Whether W is needed.
    pub(super) fn needs_base(&self) -> bool {
        self.rank().is_none() && !matches!(self, Update::Dense(_))
    }

    /// The number of columns of B; `None` where ΔW is not a product.
    pub(super) fn rank(&self) -> Option<usize> {
        match self {
            Update::Product { b, .. } | Update::Difference { b, .. } => Some(b.dim().1),
            _ => None,
        }
    }

    /// Every tensor that it reads.
    pub(super) fn tensors(&self) -> Vec<&str> {
        let formulas = self.formulas().into_iter();
        formulas.flat_map(Formula::tensors).collect()
    }

    /// Whether ΔW is exactly zero, of a difference within rounding, as far as can be told without W.
    /// No product is decomposed for it: memory is asked for later.
    pub(super) fn is_zero(&self) -> Result<bool> {
        match self {
            Update::Product { b, a } => Ok(b.is_zero()? || a.is_zero()?),
            Update::Difference { .. } => self.delta(1.0, None, 1)?.is_zero(),
            Update::Dense(m) => m.is_zero(),
            _ => Ok(false),
        }
    }

    /// ΔW. `w` is W as d_out × d_in, for those that need it; of a ΔW without factors `directions`
    /// will be asked for.
    pub(super) fn delta(
        &self,
        scale: f64,
        w: Option<ArrayView2<f64>>,
        directions: usize,
    ) -> Result<Delta> {
        match self {
            Update::Product { b, a } => Delta::new(self.finite(b)?, self.finite(a)?, scale),
            Update::Difference { b, a } => {
                Delta::difference(self.finite(b)?, self.finite(a)?, scale)
            }
            _ => {
                let matrix = self.checked(self.matrix(scale, w)?)?;
                let rounding = match (self, w) {
                    (Update::Normalised { .. }, Some(w)) => rounding_of_norms(&matrix, w),
                    _ => 0.0,
                };
                Ok(Delta::whole(matrix, directions)?.formed_to(rounding))
            }
        }
    }

    fn matrix(&self, scale: f64, w: Option<ArrayView2<f64>>) -> Result<Array2<f64>> {
        let base = || {
            w.ok_or_else(|| {
                let remedy = format!(
                    "give the model that it was trained on with {}",
                    Setting::Weight
                );
                self.error("this ΔW is the difference from W", &remedy)
            })
        };
        Ok(match self {
            Update::Product { .. } | Update::Difference { .. } => {
                self.delta(scale, None, 1)?.dense()
            }
            Update::Dense(m) => m.evaluate()? * scale,
            Update::Replaced(m) => m.evaluate()? - base()?,
            Update::Columns { rows, places } => {
                let (w, rows) = (base()?, rows.evaluate()?);
                let mut delta = Array2::zeros(w.dim());
                for (row, &place) in rows.outer_iter().zip(places) {
                    delta.column_mut(place).assign(&(&row - &w.column(place)));
                }
                delta
            }
            Update::Normalised {
                direction,
                magnitude,
                over,
            } => {
                let w = base()?;
                let trained = direction.matrix(scale, Some(w))? + w;
                over.set(trained, &magnitude.evaluate()?) - w
            }
        })
    }

    /// All matrices that it is made of.
    pub(super) fn formulas(&self) -> Vec<&Formula> {
        match self {
            Update::Product { b, a } | Update::Difference { b, a } => vec![b, a],
            Update::Dense(m) | Update::Replaced(m) => vec![m],
            Update::Columns { rows, .. } => vec![rows],
            Update::Normalised {
                direction,
                magnitude,
                ..
            } => [direction.formulas(), vec![magnitude]].concat(),
        }
    }

    /// The numbers of a factor, which products of tensors may have lost.
    pub(super) fn finite(&self, factor: &Formula) -> Result<Array2<f64>> {
        self.checked(factor.evaluate()?)
    }

    /// A matrix, if all its entries are numbers.
    fn checked(&self, matrix: Array2<f64>) -> Result<Array2<f64>> {
        match largest_of(&matrix.view()) {
            largest if largest.is_finite() => Ok(matrix),
            largest => {
                let problem = format!("the largest entry of what is made of it is {largest}");
                Err(self.error(&problem, OUT_OF_RANGE))
            }
        }
    }

    /// An error about it, by the name of one of its tensors.
    pub(super) fn error(&self, problem: &str, remedy: &str) -> Error {
        let formula = match self {
            Update::Dense(m) | Update::Replaced(m) => m,
            Update::Product { b, .. } | Update::Difference { b, .. } => b,
            Update::Columns { rows, .. } => rows,
            Update::Normalised { magnitude, .. } => magnitude,
        };
        formula.error(problem.into(), remedy)
    }
}

impl Norms {
    /// How many there are in a matrix.
    pub(super) fn count(self, (rows, columns): (usize, usize)) -> usize {
        match self {
            Norms::Rows => rows,
            Norms::Columns(each) => columns / each,
        }
    }

    /// V with its norms set to the given ones.
    fn set(self, mut v: Array2<f64>, magnitude: &Array2<f64>) -> Array2<f64> {
        let (axis, each) = match self {
            Norms::Rows => (Axis(0), 1),
            Norms::Columns(each) => (Axis(1), each),
        };
        for (mut part, &wanted) in v.axis_chunks_iter_mut(axis, each).zip(magnitude) {
            let e = excess(largest(&part));
            if e != 0 {
                part.mapv_inplace(|x| times_power(x, -e));
            }
            let norm = norm(&part);
            // A row of zeros has no direction and stays zero.
            if norm > 0.0 {
                part *= wanted / norm;
            }
        }
        v
    }
}

/// A bound on how far ΔW = W′ − W is off, in ‖·‖_F, where W′ was set to norms: each entry of W′ by the
/// sum of squares of up to max(d_out, d_in) entries, a root, a quotient and products.
///
/// ```text
/// γ·(2·‖W‖_F + ‖ΔW‖_F),    γ = (max(d_out, d_in) + 8)·ε
/// ```
fn rounding_of_norms(delta: &Array2<f64>, w: ArrayView2<f64>) -> f64 {
    let (rows, columns) = delta.dim();
    let gamma = (rows.max(columns) + 8) as f64 * f64::EPSILON;
    gamma * (2.0 * frobenius_norm(w) + frobenius_norm(delta.view()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_that_are_w_s_own_leave_an_update_of_zero() {
        let w = Array2::from_shape_fn((60, 50), |(i, j)| ((i * 31 + j * 17) as f64).sin());
        // Summed the other way round, so that the last digits differ.
        let norm = |part: ArrayView2<f64>| {
            let squares: Vec<f64> = part.iter().map(|x| x * x).collect();
            squares.iter().rev().sum::<f64>().sqrt()
        };
        for (over, axis) in [(Norms::Rows, Axis(0)), (Norms::Columns(1), Axis(1))] {
            let norms: Vec<f64> = w.axis_chunks_iter(axis, 1).map(norm).collect();
            let norms = Array2::from_shape_vec((norms.len(), 1), norms).unwrap();
            for learned in [0.0, 1e-9] {
                let delta = over.set(w.clone(), &(&norms * (1.0 + learned))) - &w;
                assert!(frobenius_norm(delta.view()) > 0.0);
                let bound = rounding_of_norms(&delta, w.view());
                let delta = Delta::whole(delta, 3).unwrap().formed_to(bound);
                assert_eq!(delta.is_zero().unwrap(), learned == 0.0, "{over:?}");
                assert_eq!(delta.frobenius_norm().unwrap() == 0.0, learned == 0.0);
                assert_eq!(delta.numerical_rank().unwrap() == 0, learned == 0.0);
            }
        }
    }
}
