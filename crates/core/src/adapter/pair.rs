//! B, A and s of a ΔW that has factors.
//!
//! # Decisions
//!
//! - Factors are decomposed with their largest entries near 1, and the powers of two that this takes
//!   out go into the scale. So A·10²⁰⁰ beside B·10⁻²⁰⁰ is an ordinary ΔW. What was in range keeps
//!   every bit.

use std::sync::OnceLock;

use ndarray::{ArcArray2, Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::linalg::{Factored, Scale, eased, excess, largest_of, times_power};

/// Factors that multiply, and their scale.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    pub(super) b: ArcArray2<f64>,
    pub(super) a: ArcArray2<f64>,
    pub(super) scale: f64,
    /// The largest entries of B and A.
    largest: [f64; 2],
    /// The QRs of B and A, once somebody has asked.
    factored: Box<OnceLock<Factored>>,
}

impl Pair {
    /// Takes factors of numbers that multiply, and a scale that is one.
    pub(super) fn new(b: Array2<f64>, a: Array2<f64>, scale: f64) -> Result<Self> {
        if b.ncols() != a.nrows() || b.is_empty() || a.is_empty() || !scale.is_finite() {
            return Err(Error::Numerical {
                routine: "ΔW = s·B·A".into(),
                problem: format!("B is {:?}, A is {:?}, s is {scale}", b.dim(), a.dim()),
                remedy: "B's columns must be as many as A's rows, and s finite",
            });
        }
        Ok(Pair {
            largest: [check_finite("B", b.view())?, check_finite("A", a.view())?],
            b: b.into_shared(),
            a: a.into_shared(),
            scale,
            factored: Box::default(),
        })
    }

    /// Whether the product is exactly zero, because a factor or s is.
    pub(super) fn is_zero(&self) -> bool {
        self.scale == 0.0 || self.largest.contains(&0.0)
    }

    /// The product of B and A, each over a power of two where its entries are beyond squaring, and
    /// what makes singular values of s·B·A of the product's.
    pub(super) fn decomposed(&self) -> Result<(&Factored, Scale)> {
        let near = |factor: &ArcArray2<f64>, e: i32| match e {
            0 => factor.clone(),
            e => factor.mapv(|x| times_power(x, -e)).into_shared(),
        };
        let [of_b, of_a] = self.largest.map(excess);
        let make = || Factored::new(near(&self.b, of_b), near(&self.a, of_a));
        Ok((
            once(&self.factored, make)?,
            Scale::new(self.scale, of_b + of_a),
        ))
    }

    /// s·B·A.
    pub(super) fn dense(&self) -> Array2<f64> {
        let (b, of_b) = eased(self.b.view(), self.largest[0]);
        let (a, of_a) = eased(self.a.view(), self.largest[1]);
        let scale = Scale::new(self.scale, of_b + of_a);
        let sign = self.scale.signum();
        b.dot(&a).mapv_into(|x| sign * scale.times(x))
    }
}

/// The largest entry of a matrix of numbers.
pub(super) fn check_finite(name: &str, matrix: ArrayView2<f64>) -> Result<f64> {
    let largest = largest_of(&matrix);
    if largest.is_finite() {
        return Ok(largest);
    }
    Err(Error::Numerical {
        routine: format!("matrix {name}"),
        problem: format!("its largest entry is {largest}"),
        remedy: "give finite numbers",
    })
}

/// What a cell has, made now if nobody has asked.
pub(super) fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    match cell.get() {
        Some(found) => Ok(found),
        None => make().map(|made| cell.get_or_init(|| made)),
    }
}
