//! ΔW, as a product or whole.
//!
//! # Decisions
//!
//! - A ΔW without factors is a matrix. It is searched as W is, for the number of directions that
//!   the caller gives.

use std::ops::Range;
use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate, s};

use crate::error::{Error, Result};
use crate::linalg::{Factored, Leading, Scale, Svd, frobenius_norm, leading, norm};

use super::pair::{Pair, check_finite, once};

/// ΔW = s·B·A, kept as its factors (B is d_out × r, A is r × d_in), or a whole matrix where there
/// are none.
///
/// A whole ΔW is searched for the number of directions that it was made with.
#[derive(Debug, Clone)]
pub struct Delta {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    Product {
        pair: Pair,
        /// Whether B and A were put together of two products.
        is_difference: bool,
    },
    Whole {
        matrix: Array2<f64>,
        directions: usize,
        /// How far it may be from ΔW by the rounding with which it was formed.
        rounding: f64,
        /// The leading triplets, once somebody has asked.
        leading: Box<OnceLock<Leading>>,
    },
}

/// A decomposed ΔW; see [`Delta::decomposed`].
#[derive(Debug, Clone, Copy)]
pub enum Decomposed<'a> {
    /// The product B·A without the scale, and without powers of two where its factors are beyond
    /// squaring. The number makes ΔW's singular values of the product's: |s|, and those powers.
    Product(&'a Factored, Scale),
    /// The leading triplets of ΔW.
    Whole(&'a Leading),
}

/// Some of a matrix's rows, in the order given.
pub(crate) fn rows_of(matrix: ArrayView2<f64>, ranges: &[Range<usize>]) -> Array2<f64> {
    let parts: Vec<_> = ranges
        .iter()
        .map(|range| matrix.slice(s![range.clone(), ..]))
        .collect();
    concatenate(Axis(0), &parts).expect("rows of one matrix have one width")
}

impl Delta {
    /// Takes factors that multiply.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] when they do not, when a side is empty, and for NaN and infinity.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::Delta;
    /// use ndarray::array;
    /// let delta = Delta::new(array![[1.0], [0.0]], array![[0.0, 3.0]], 2.0)?;
    /// assert_eq!(delta.dense(), array![[0.0, 6.0], [0.0, 0.0]]);
    /// assert!((delta.svd()?.sigma[0] - 6.0).abs() < 1e-14);
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn new(b: Array2<f64>, a: Array2<f64>, scale: f64) -> Result<Self> {
        Ok(Delta {
            form: Form::Product {
                pair: Pair::new(b, a, scale)?,
                is_difference: false,
            },
        })
    }

    /// Takes the factors of a difference of two products: s·B·A = s·[B₁, −B₀]·[A₁; A₀].
    ///
    /// They multiply to ΔW, and are not its own: the second halves are a start that nothing was
    /// learned in, so that their directions say nothing of ΔW ([`Delta::has_own_factors`]).
    ///
    /// # Errors
    ///
    /// As [`Delta::new`].
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::Delta;
    /// use ndarray::array;
    /// // Nothing was learned: both products are one.
    /// let delta = Delta::difference(array![[0.1, -0.1], [0.7, -0.7]], array![[0.3], [0.3]], 2.0)?;
    /// assert!(delta.is_zero()? && !delta.has_own_factors());
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn difference(b: Array2<f64>, a: Array2<f64>, scale: f64) -> Result<Self> {
        let mut delta = Delta::new(b, a, scale)?;
        if let Form::Product { is_difference, .. } = &mut delta.form {
            *is_difference = true;
        }
        Ok(delta)
    }

    /// Takes a ΔW without factors, of which the leading `directions` will be asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] for an empty matrix, and for NaN and infinity.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::Delta;
    /// use ndarray::array;
    /// let delta = Delta::whole(array![[0.0, 6.0], [0.0, 0.0]], 1)?;
    /// assert!((delta.sigma()?[0] - 6.0).abs() < 1e-14 && delta.factors().is_none());
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn whole(matrix: Array2<f64>, directions: usize) -> Result<Self> {
        if matrix.is_empty() {
            return Err(Error::Numerical {
                routine: "ΔW".into(),
                problem: format!("it is {:?}", matrix.dim()),
                remedy: "no side may be empty",
            });
        }
        check_finite("ΔW", matrix.view())?;
        Ok(Delta {
            form: Form::Whole {
                directions: directions.clamp(1, matrix.nrows().min(matrix.ncols())),
                matrix: matrix.as_standard_layout().into_owned(),
                rounding: 0.0,
                leading: Box::default(),
            },
        })
    }

    /// Says how far, in ‖·‖_F, a whole ΔW may be from what it stands for by the rounding with which it
    /// was formed.
    pub(super) fn formed_to(mut self, bound: f64) -> Self {
        if let Form::Whole { rounding, .. } = &mut self.form {
            *rounding = bound;
        }
        self
    }

    /// B (d_out × r) and A (r × d_in), where ΔW has factors.
    pub fn factors(&self) -> Option<(ArrayView2<'_, f64>, ArrayView2<'_, f64>)> {
        match &self.form {
            Form::Product { pair, .. } => Some((pair.b.view(), pair.a.view())),
            Form::Whole { .. } => None,
        }
    }

    /// Whether B and A are what was trained: then their own directions, the bases a and b, say
    /// something of ΔW. Not so for a difference of products, and for a ΔW without factors.
    pub fn has_own_factors(&self) -> bool {
        match self.form {
            Form::Product { is_difference, .. } => !is_difference,
            Form::Whole { .. } => false,
        }
    }

    /// All of ΔW, where it has no factors.
    pub fn matrix(&self) -> Option<ArrayView2<'_, f64>> {
        match &self.form {
            Form::Product { .. } => None,
            Form::Whole { matrix, .. } => Some(matrix.view()),
        }
    }

    /// s of s·B·A; 1 for a whole ΔW.
    pub fn scale(&self) -> f64 {
        match &self.form {
            Form::Product { pair, .. } => pair.scale,
            Form::Whole { .. } => 1.0,
        }
    }

    /// r, the number of columns of B; of a whole ΔW, how many directions it is searched for.
    pub fn rank(&self) -> usize {
        match &self.form {
            Form::Product { pair, .. } => pair.a.nrows(),
            Form::Whole { directions, .. } => *directions,
        }
    }

    /// (d_out, d_in).
    pub fn shape(&self) -> (usize, usize) {
        match &self.form {
            Form::Product { pair, .. } => (pair.b.nrows(), pair.a.ncols()),
            Form::Whole { matrix, .. } => matrix.dim(),
        }
    }

    /// Whether ΔW is exactly zero because one of its factors, or all of it, is.
    pub fn is_exactly_zero(&self) -> bool {
        match &self.form {
            Form::Product { pair, .. } => pair.is_zero(),
            Form::Whole { matrix, .. } => matrix.iter().all(|&x| x == 0.0),
        }
    }

    /// Whether ΔW is zero within rounding: none of its singular values stands above its error.
    ///
    /// # Errors
    ///
    /// As [`Delta::decomposed`].
    pub fn is_zero(&self) -> Result<bool> {
        Ok(self.is_exactly_zero() || self.numerical_rank()? == 0)
    }

    /// The numerical rank of ΔW: how many of its singular values stand above rounding. Of a whole ΔW
    /// it is how many of those that are known do.
    ///
    /// ```text
    /// σ_l > max(d_out, d_in)·ε·σ₁   and   σ_l > its error
    /// ```
    ///
    /// The error of a product is [`Factored::error`], which is of the order ε·‖B‖·‖A‖ and so says
    /// that a product that cancels has rank 0; that of a whole ΔW its residual
    /// ([`Leading::numerical_rank`]) and the rounding with which it was formed.
    ///
    /// # Errors
    ///
    /// As [`Delta::decomposed`].
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::adapter::Delta;
    /// use ndarray::array;
    /// let delta = Delta::new(array![[0.1, -0.1], [0.7, -0.7]], array![[0.3, 0.0], [0.3, 0.5]], 2.0)?;
    /// assert_eq!((delta.numerical_rank()?, delta.sigma()?[1]), (1, 0.0));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn numerical_rank(&self) -> Result<usize> {
        Ok(match (self.decomposed()?, &self.form) {
            (Decomposed::Product(..), _) if self.scale() == 0.0 => 0,
            (Decomposed::Product(factored, _), _) => factored.numerical_rank(),
            (Decomposed::Whole(leading), Form::Whole { rounding, .. }) => {
                let above = leading.sigma.iter().take_while(|&sigma| sigma > rounding);
                above.count().min(leading.numerical_rank())
            }
            (Decomposed::Whole(leading), _) => leading.numerical_rank(),
        })
    }

    /// Some of ΔW's rows, in the order given: a slice of a fused projection. A stays as it is.
    ///
    /// # Panics
    ///
    /// When a range leaves ΔW.
    pub fn rows(&self, ranges: &[Range<usize>]) -> Result<Self> {
        let take = |matrix: ArrayView2<f64>| rows_of(matrix, ranges);
        match &self.form {
            Form::Product {
                pair,
                is_difference,
            } => {
                let made = match is_difference {
                    true => Delta::difference,
                    false => Delta::new,
                };
                made(take(pair.b.view()), pair.a.to_owned(), pair.scale)
            }
            Form::Whole {
                matrix,
                directions,
                rounding,
                ..
            } => Ok(Delta::whole(take(matrix.view()), *directions)?.formed_to(*rounding)),
        }
    }

    /// B·A by QRs of its factors, or the leading triplets of a whole ΔW; computed once.
    ///
    /// # Errors
    ///
    /// Those of [`Factored::new`] and of [`leading`].
    pub fn decomposed(&self) -> Result<Decomposed<'_>> {
        Ok(match &self.form {
            Form::Product { pair, .. } => {
                let (factored, scale) = pair.decomposed()?;
                Decomposed::Product(factored, scale)
            }
            Form::Whole {
                matrix,
                directions,
                leading: found,
                ..
            } => Decomposed::Whole(once(found, || leading(matrix.view(), *directions))?),
        })
    }

    /// The singular values of ΔW that are known, scale included, falling; those that do not stand
    /// above rounding ([`Delta::numerical_rank`]) are 0.
    ///
    /// # Errors
    ///
    /// As [`Delta::decomposed`].
    pub fn sigma(&self) -> Result<Array1<f64>> {
        let mut sigma = match self.decomposed()? {
            Decomposed::Product(factored, scale) => scale.times_all(factored.sigma()),
            Decomposed::Whole(leading) => leading.sigma.clone(),
        };
        sigma.slice_mut(s![self.numerical_rank()?..]).fill(0.0);
        Ok(sigma)
    }

    /// ‖ΔW‖_F; 0 where ΔW is zero within rounding.
    ///
    /// # Errors
    ///
    /// As [`Delta::decomposed`].
    pub fn frobenius_norm(&self) -> Result<f64> {
        match &self.form {
            Form::Product { .. } => Ok(norm(&self.sigma()?)),
            Form::Whole {
                matrix, rounding, ..
            } => {
                let norm = frobenius_norm(matrix.view());
                Ok(if norm > *rounding { norm } else { 0.0 })
            }
        }
    }

    /// The thin SVD of ΔW, scale included: min(d_out, d_in, r) triplets, or the leading ones of a
    /// whole ΔW.
    ///
    /// A negative s is carried by the left vectors, so that σ ≥ 0.
    ///
    /// # Errors
    ///
    /// As [`Delta::decomposed`].
    pub fn svd(&self) -> Result<Svd> {
        Ok(match self.decomposed()? {
            Decomposed::Product(factored, _) => {
                let mut u = factored.left();
                if self.scale() < 0.0 {
                    u.mapv_inplace(|x| -x);
                }
                Svd {
                    u,
                    sigma: self.sigma()?,
                    v: factored.right(),
                }
            }
            Decomposed::Whole(leading) => Svd {
                u: leading.u.clone(),
                sigma: leading.sigma.slice(s![..leading.len()]).to_owned(),
                v: leading.v.clone(),
            },
        })
    }

    /// ΔW itself, d_out × d_in. For tests and small matrices; nothing here needs it.
    pub fn dense(&self) -> Array2<f64> {
        match &self.form {
            Form::Product { pair, .. } => pair.dense(),
            Form::Whole { matrix, .. } => matrix.clone(),
        }
    }
}
