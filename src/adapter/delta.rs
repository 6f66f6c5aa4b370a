//! ΔW as a product.

use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::linalg::{Svd, factored_svd};

/// ΔW = s·B·A, kept as its factors: B is d_out × r, A is r × d_in.
#[derive(Debug, Clone)]
pub struct Delta {
    b: Array2<f64>,
    a: Array2<f64>,
    scale: f64,
}

impl Delta {
    /// Takes factors that multiply.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] when they do not, or when a side is empty.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace::adapter::Delta;
    /// use ndarray::array;
    /// let delta = Delta::new(array![[1.0], [0.0]], array![[0.0, 3.0]], 2.0)?;
    /// assert_eq!(delta.dense(), array![[0.0, 6.0], [0.0, 0.0]]);
    /// assert!((delta.svd()?.sigma[0] - 6.0).abs() < 1e-14);
    /// # Ok::<(), lora_subspace::Error>(())
    /// ```
    pub fn new(b: Array2<f64>, a: Array2<f64>, scale: f64) -> Result<Self> {
        if b.ncols() != a.nrows() || b.is_empty() || a.is_empty() || !scale.is_finite() {
            return Err(Error::Numerical {
                routine: "ΔW = s·B·A".into(),
                problem: format!("B is {:?}, A is {:?}, s is {scale}", b.dim(), a.dim()),
                remedy: "B's columns must be as many as A's rows, and s finite",
            });
        }
        Ok(Delta { b, a, scale })
    }

    /// Factor A, r × d_in, as stored.
    pub fn a(&self) -> ArrayView2<'_, f64> {
        self.a.view()
    }

    /// Factor B, d_out × r, as stored.
    pub fn b(&self) -> ArrayView2<'_, f64> {
        self.b.view()
    }

    /// s.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// r, the number of columns of B.
    pub fn rank(&self) -> usize {
        self.a.nrows()
    }

    /// (d_out, d_in).
    pub fn shape(&self) -> (usize, usize) {
        (self.b.nrows(), self.a.ncols())
    }

    /// Whether ΔW is exactly zero because one of its factors is.
    pub fn is_zero(&self) -> bool {
        let zero = |matrix: &Array2<f64>| matrix.iter().all(|&x| x == 0.0);
        self.scale == 0.0 || zero(&self.b) || zero(&self.a)
    }

    /// The thin SVD of ΔW, scale included, by QR of the factors; min(d_out, d_in, r) values.
    ///
    /// A negative s is carried by the left vectors, so that σ ≥ 0.
    ///
    /// # Errors
    ///
    /// Those of [`factored_svd`].
    pub fn svd(&self) -> Result<Svd> {
        let mut svd = factored_svd(self.b.view(), self.a.view())?;
        svd.sigma.mapv_inplace(|sigma| sigma * self.scale.abs());
        if self.scale < 0.0 {
            svd.u.mapv_inplace(|x| -x);
        }
        Ok(svd)
    }

    /// ΔW·X for an X of d_in rows.
    pub fn apply(&self, x: ArrayView2<f64>) -> Array2<f64> {
        self.b.dot(&self.a.dot(&x)) * self.scale
    }

    /// ΔWᵀ·X for an X of d_out rows.
    pub fn apply_transposed(&self, x: ArrayView2<f64>) -> Array2<f64> {
        self.a.t().dot(&self.b.t().dot(&x)) * self.scale
    }

    /// ΔW itself, d_out × d_in. For tests and small matrices; nothing here needs it.
    pub fn dense(&self) -> Array2<f64> {
        self.b.dot(&self.a) * self.scale
    }
}
