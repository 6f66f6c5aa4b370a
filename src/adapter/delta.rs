//! ΔW as a product.

use std::sync::OnceLock;

use ndarray::{ArcArray2, Array1, Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::linalg::{Factored, Svd};

/// ΔW = s·B·A, kept as its factors: B is d_out × r, A is r × d_in.
#[derive(Debug, Clone)]
pub struct Delta {
    b: ArcArray2<f64>,
    a: ArcArray2<f64>,
    scale: f64,
    /// The QRs of B and A, once somebody has asked.
    factored: OnceLock<Factored>,
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
        Ok(Delta {
            b: b.into_shared(),
            a: a.into_shared(),
            scale,
            factored: OnceLock::new(),
        })
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
        let zero = |matrix: &ArcArray2<f64>| matrix.iter().all(|&x| x == 0.0);
        self.scale == 0.0 || zero(&self.b) || zero(&self.a)
    }

    /// B·A, without the scale, by QR of its factors; they are decomposed once.
    ///
    /// # Errors
    ///
    /// Those of [`Factored::new`].
    pub fn factored(&self) -> Result<&Factored> {
        if let Some(factored) = self.factored.get() {
            return Ok(factored);
        }
        let factored = Factored::new(self.b.clone(), self.a.clone())?;
        Ok(self.factored.get_or_init(|| factored))
    }

    /// The singular values of ΔW, scale included, falling.
    ///
    /// # Errors
    ///
    /// Those of [`Factored::new`].
    pub fn sigma(&self) -> Result<Array1<f64>> {
        Ok(self.factored()?.sigma() * self.scale.abs())
    }

    /// Bounds on ‖ΔW·v − σu‖ and ‖ΔWᵀu − σv‖ of each triplet; see [`Factored::residuals`].
    ///
    /// # Errors
    ///
    /// Those of [`Factored::new`].
    pub fn residuals(&self) -> Result<(Array1<f64>, Array1<f64>)> {
        let (right, left) = self.factored()?.residuals();
        Ok((right * self.scale.abs(), left * self.scale.abs()))
    }

    /// The thin SVD of ΔW, scale included; min(d_out, d_in, r) values.
    ///
    /// A negative s is carried by the left vectors, so that σ ≥ 0.
    ///
    /// # Errors
    ///
    /// Those of [`Factored::new`].
    pub fn svd(&self) -> Result<Svd> {
        let factored = self.factored()?;
        let mut u = factored.left();
        if self.scale < 0.0 {
            u.mapv_inplace(|x| -x);
        }
        Ok(Svd {
            u,
            sigma: self.sigma()?,
            v: factored.right(),
        })
    }

    /// ΔW itself, d_out × d_in. For tests and small matrices; nothing here needs it.
    pub fn dense(&self) -> Array2<f64> {
        self.b.dot(&self.a) * self.scale
    }
}
