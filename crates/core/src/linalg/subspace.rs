//! A validated orthonormal basis.

use ndarray::{Array2, ArrayView2, s};

use crate::error::{Error, Result};

/// Largest |QᵀQ − I| entry that still counts as orthonormal: far above what QR and SVD leave
/// (1e-13 at d = 12288), far below what would move an overlap by 1e-6.
const ORTHONORMALITY: f64 = 1e-9;

/// Orthonormal directions in R^d, ordered: a d × k matrix Q with QᵀQ = I.
///
/// The leading i columns are "the top i directions" of whatever it was made from. Measures take
/// this type, so that they need not ask whether their input is orthonormal. k may be 0.
#[derive(Debug, Clone)]
pub struct Subspace {
    basis: Array2<f64>,
}

impl Subspace {
    /// Takes a d × k matrix with orthonormal columns.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] when a column is not of unit length or two are not orthogonal
    /// (to 1e-9), which includes every k > d and every NaN.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::linalg::Subspace;
    /// use ndarray::array;
    /// assert!(Subspace::new(array![[1.0, 0.0], [0.0, -1.0], [0.0, 0.0]]).is_ok());
    /// assert!(Subspace::new(array![[1.0, 1.0], [0.0, 1.0]]).is_err());
    /// ```
    pub fn new(basis: Array2<f64>) -> Result<Self> {
        super::use_one_thread();
        let mut gram = super::lapack::gram(basis.view());
        gram.diag_mut().mapv_inplace(|x| x - 1.0);
        // A NaN fails `<=`, which is what is wanted here.
        if gram.iter().all(|x| x.abs() <= ORTHONORMALITY) {
            return Ok(Subspace { basis });
        }
        Err(Error::Numerical {
            routine: format!(
                "subspace of {} directions in R^{}",
                basis.ncols(),
                basis.nrows()
            ),
            problem: "the columns are not orthonormal".into(),
            remedy: "take them from a QR or a singular value decomposition",
        })
    }

    /// d, the dimension of the space R^d that the directions lie in.
    pub fn ambient(&self) -> usize {
        self.basis.nrows()
    }

    /// k, how many directions it has.
    pub fn len(&self) -> usize {
        self.basis.ncols()
    }

    /// Whether it has no direction at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The d × k basis Q, one direction a column.
    pub fn basis(&self) -> ArrayView2<'_, f64> {
        self.basis.view()
    }

    /// The leading min(k, self.len()) directions as the columns of a matrix with d rows.
    pub fn leading(&self, k: usize) -> ArrayView2<'_, f64> {
        self.basis.slice(s![.., ..k.min(self.len())])
    }

    /// The subspace of the leading min(k, self.len()) directions. Columns of an orthonormal basis
    /// are orthonormal, so that nothing is checked again.
    ///
    /// ```
    /// let plane = lora_subspace_core::linalg::haar(5, 2, "0/example")?;
    /// assert_eq!(plane.prefix(1).basis(), plane.leading(1));
    /// assert_eq!(plane.prefix(9).len(), 2);
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn prefix(&self, k: usize) -> Subspace {
        Subspace {
            basis: self.leading(k).to_owned(),
        }
    }
}
