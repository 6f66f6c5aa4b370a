//! Which directions of a matrix are compared.

use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, s};

use crate::adapter::{Decomposed, Delta};
use crate::error::{Error, Result};
use crate::linalg::Subspace;

/// Whose singular directions stand for an adapter, and on which side.
///
/// A is not ΔW: (B, A) → (B·M⁻¹, M·A) leaves ΔW as it is and changes A's order of directions, so
/// the top j of A are not the top j of ΔW unless j = r.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Right-singular vectors of A, by A's own singular values (the paper's choice).
    A,
    /// Left-singular vectors of B, by B's own singular values (the paper's footnote 7).
    B,
    /// Right-singular vectors of ΔW.
    DeltaRight,
    /// Left-singular vectors of ΔW.
    DeltaLeft,
}

/// The input side (R^d_in, right vectors) or the output side (R^d_out, left vectors).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The output side: left singular vectors, d = d_out.
    Left,
    /// The input side: right singular vectors, d = d_in.
    Right,
}

impl Basis {
    /// All four bases, in the order that the tables have them in.
    pub const ALL: [Basis; 4] = [Basis::A, Basis::B, Basis::DeltaRight, Basis::DeltaLeft];

    /// Its name in tables and flags: `a`, `b`, `delta-right` or `delta-left`.
    pub const fn name(self) -> &'static str {
        match self {
            Basis::A => "a",
            Basis::B => "b",
            Basis::DeltaRight => "delta-right",
            Basis::DeltaLeft => "delta-left",
        }
    }

    /// The side of the matrix that its vectors live on: right for A and ΔW's right ones, else left.
    pub fn side(self) -> Side {
        match self {
            Basis::A | Basis::DeltaRight => Side::Right,
            Basis::B | Basis::DeltaLeft => Side::Left,
        }
    }

    /// Whether its vectors are those of a factor, A or B, which not every ΔW has.
    pub fn is_of_factor(self) -> bool {
        matches!(self, Basis::A | Basis::B)
    }
}

impl Side {
    /// Its name in tables: `left` or `right`.
    pub fn name(self) -> &'static str {
        match self {
            Side::Left => "left",
            Side::Right => "right",
        }
    }

    /// The length d of a vector of this side, for a d_out × d_in matrix.
    pub fn dimension(self, (d_out, d_in): (usize, usize)) -> usize {
        match self {
            Side::Left => d_out,
            Side::Right => d_in,
        }
    }
}

impl fmt::Display for Basis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Basis {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Basis::ALL
            .into_iter()
            .find(|basis| basis.name() == text)
            .ok_or_else(|| {
                Error::request(
                    format!("basis `{text}`"),
                    "there is no such basis",
                    "use a, b, delta-right or delta-left",
                )
            })
    }
}

/// Ordered directions, of which only the leading ones may be defined.
///
/// `asked` directions were asked for; the subspace has as many of them as the numerical rank
/// allows. The others are arbitrary and are never handed out.
#[derive(Debug, Clone)]
pub struct Directions {
    subspace: Subspace,
    asked: usize,
}

impl Directions {
    /// Takes all directions of a subspace as asked for and defined.
    pub fn defined(subspace: Subspace) -> Self {
        let asked = subspace.len();
        Directions { subspace, asked }
    }

    /// Takes the leading `asked` singular vectors (d × k, one a column) of a matrix of that numerical
    /// rank.
    ///
    /// # Errors
    ///
    /// [`Error::Numerical`] when the vectors are not orthonormal.
    ///
    /// # Example
    ///
    /// ```
    /// use lora_subspace_core::measure::Directions;
    /// let vectors = ndarray::Array2::eye(3);
    /// let of_rank_one = Directions::of_singular_vectors(vectors, 1, 2)?;
    /// assert_eq!((of_rank_one.subspace().len(), of_rank_one.asked()), (1, 2));
    /// # Ok::<(), lora_subspace_core::Error>(())
    /// ```
    pub fn of_singular_vectors(vectors: Array2<f64>, rank: usize, asked: usize) -> Result<Self> {
        let defined = rank.min(asked).min(vectors.ncols());
        let subspace = Subspace::new(vectors.slice_move(s![.., ..defined]))?;
        Ok(Directions {
            asked: asked.min(subspace.ambient()),
            subspace,
        })
    }

    /// Takes the leading `asked` directions of an adapter's ΔW in one basis, cut at the numerical
    /// rank of the matrix whose vectors they are.
    ///
    /// A ΔW that is zero within rounding has none in any basis: its A is an initialisation that
    /// nothing was learned from. One without factors of its own ([`Delta::has_own_factors`]) has none
    /// in the bases a and b.
    ///
    /// # Errors
    ///
    /// Those of [`Delta::decomposed`].
    pub fn of_delta(delta: &Delta, basis: Basis, asked: usize) -> Result<Self> {
        if delta.is_zero()? || basis.is_of_factor() && !delta.has_own_factors() {
            return Self::undefined(basis.side().dimension(delta.shape()), asked);
        }
        // The scale changes neither the directions nor their order.
        let (vectors, rank) = match (delta.decomposed()?, basis) {
            (Decomposed::Product(factored, _), Basis::A | Basis::B) => {
                let own = match basis.side() {
                    Side::Right => factored.right_of_a()?,
                    Side::Left => factored.left_of_b()?,
                };
                (own.vectors, own.rank)
            }
            (Decomposed::Product(factored, _), _) => {
                let vectors = match basis.side() {
                    Side::Right => factored.right(),
                    Side::Left => factored.left(),
                };
                (vectors, delta.numerical_rank()?)
            }
            (Decomposed::Whole(leading), _) => {
                let vectors = match basis.side() {
                    Side::Right => &leading.v,
                    Side::Left => &leading.u,
                };
                (vectors.clone(), delta.numerical_rank()?)
            }
        };
        Self::of_singular_vectors(vectors, rank, asked)
    }

    /// As many directions as were asked for, none of them defined.
    fn undefined(d: usize, asked: usize) -> Result<Self> {
        Ok(Directions {
            subspace: Subspace::new(Array2::zeros((d, 0)))?,
            asked: asked.min(d),
        })
    }

    /// The leading min(k, asked) directions: as if k had been asked for, or all of them for a
    /// larger k.
    pub fn leading(&self, k: usize) -> Self {
        Directions {
            subspace: self.subspace.prefix(k),
            asked: self.asked.min(k),
        }
    }

    /// The directions that are defined, as an orthonormal basis.
    pub fn subspace(&self) -> &Subspace {
        &self.subspace
    }

    /// How many directions were asked for; no more than d, and no fewer than are defined.
    pub fn asked(&self) -> usize {
        self.asked
    }
}
