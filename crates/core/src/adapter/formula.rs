//! Matrices made of tensors, checked by their shapes before anything is read.
//!
//! # Decisions
//!
//! - A layout is formulas, not code that reads. A formula is an expression over tensors whose
//!   shapes are checked before a number is read. It knows its tensors, so that a tensor which no
//!   formula uses is one that was not understood. `open.rs` decides which layout a file is.

use std::ops::Range;

use ndarray::linalg::kron;
use ndarray::{Array2, Axis, concatenate, s};

use crate::error::{Error, Result};

mod bound;
mod held;
mod source;
#[cfg(test)]
mod tests;

pub(super) use bound::Bound;
pub(super) use held::Held;
pub(super) use source::{Largest, Source};

use source::Leaf;

/// A matrix as an expression over tensors on disk: what a layout says of a factor.
///
/// Its shape is known, and was checked, when the expression was made; [`Formula::evaluate`] reads
/// the numbers. Layouts differ in names and in how their tensors lie; what they have in common is
/// here.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    dim: (usize, usize),
    node: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Tensor(Leaf),
    /// One matrix of a stack.
    Part(Leaf, usize),
    Transposed(Box<Formula>),
    Reshaped(Box<Formula>),
    /// Each row, read as a matrix of so many columns, turned.
    RowsTurned(Box<Formula>, usize),
    Rows(Box<Formula>, Range<usize>),
    /// Rows by their numbers.
    Chosen(Box<Formula>, Vec<usize>),
    /// Columns from the first on, one in so many.
    EveryColumn(Box<Formula>, usize, usize),
    Times(Box<Formula>, Box<Formula>),
    Entrywise(Box<Formula>, Box<Formula>),
    Kronecker(Box<Formula>, Box<Formula>),
    Scaled(f64, Box<Formula>),
    Stacked(Vec<Formula>),
    Zeros,
}

impl Formula {
    /// A tensor, read row by row as a matrix: a vector as one column, a convolution's kernel as one
    /// row per output channel.
    pub(super) fn tensor(source: &Source, name: &str) -> Result<Self> {
        let leaf = Leaf::new(source, name);
        let shape = leaf
            .shape()
            .ok_or_else(|| leaf.error("not in this file".into(), "check the file that names it"))?;
        let (rows, columns) = match shape {
            [] => (1, 1),
            [rows, rest @ ..] => (*rows, rest.iter().product()),
        };
        if rows == 0 || columns == 0 {
            return Err(leaf.error(format!("shape {shape:?}"), "a factor cannot be empty"));
        }
        Ok(Formula {
            dim: (rows, columns),
            node: Node::Tensor(leaf),
        })
    }

    /// Whether it is one tensor as it is stored, turned or read in another shape.
    pub(super) fn is_stored(&self) -> bool {
        match &self.node {
            Node::Tensor(_) => true,
            Node::Transposed(inner) | Node::Reshaped(inner) => inner.is_stored(),
            _ => false,
        }
    }

    /// One matrix of a stack of them, a tensor of three axes. The others are not read.
    pub(super) fn part(source: &Source, name: &str, index: usize) -> Result<Self> {
        let leaf = Leaf::new(source, name);
        match leaf.shape() {
            Some(&[parts, rows, columns]) if index < parts && rows > 0 && columns > 0 => {
                Ok(Formula {
                    dim: (rows, columns),
                    node: Node::Part(leaf, index),
                })
            }
            shape => {
                let problem = format!("shape {shape:?}, which has no matrix {index}");
                Err(leaf.error(problem, "check what it belongs to"))
            }
        }
    }

    /// Zeros.
    pub(super) fn zeros(rows: usize, columns: usize) -> Self {
        Formula {
            dim: (rows, columns),
            node: Node::Zeros,
        }
    }

    /// (rows, columns).
    pub(super) fn dim(&self) -> (usize, usize) {
        self.dim
    }

    /// Mᵀ.
    pub(super) fn transposed(self) -> Self {
        Formula {
            dim: (self.dim.1, self.dim.0),
            node: Node::Transposed(Box::new(self)),
        }
    }

    /// The same numbers, row by row, in another shape.
    pub(super) fn reshaped(self, rows: usize, columns: usize) -> Result<Self> {
        if rows.checked_mul(columns) != self.dim.0.checked_mul(self.dim.1) {
            return Err(self.mismatch(format!("cannot be read as {rows} × {columns}")));
        }
        Ok(Formula {
            dim: (rows, columns),
            node: Node::Reshaped(Box::new(self)),
        })
    }

    /// Each row, read row by row as a matrix with `width` columns, becomes that matrix turned: the
    /// last two axes of a stack of matrices change places.
    pub(super) fn rows_turned(self, width: usize) -> Result<Self> {
        if width == 0 || !self.dim.1.is_multiple_of(width) {
            return Err(self.mismatch(format!("has no rows of {width} columns each")));
        }
        Ok(Formula {
            dim: self.dim,
            node: Node::RowsTurned(Box::new(self), width),
        })
    }

    /// Some of its columns.
    pub(super) fn columns(self, range: Range<usize>) -> Result<Self> {
        Ok(self.transposed().rows(range)?.transposed())
    }

    /// Some of its rows.
    pub(super) fn rows(self, range: Range<usize>) -> Result<Self> {
        if range.start >= range.end || range.end > self.dim.0 {
            return Err(self.mismatch(format!("has no rows {} to {}", range.start, range.end)));
        }
        Ok(Formula {
            dim: (range.len(), self.dim.1),
            node: Node::Rows(Box::new(self), range),
        })
    }

    /// Rows by their numbers, which it has.
    pub(super) fn chosen_rows(self, rows: Vec<usize>) -> Self {
        Formula {
            dim: (rows.len(), self.dim.1),
            node: Node::Chosen(Box::new(self), rows),
        }
    }

    /// Columns by their numbers, which it has.
    pub(super) fn chosen_columns(self, columns: Vec<usize>) -> Self {
        self.transposed().chosen_rows(columns).transposed()
    }

    /// Columns `first`, `first + step`, …
    pub(super) fn every_column(self, first: usize, step: usize) -> Result<Self> {
        if step == 0 || first >= step || !self.dim.1.is_multiple_of(step) {
            return Err(self.mismatch(format!("has not {step} sets of columns")));
        }
        Ok(Formula {
            dim: (self.dim.0, self.dim.1 / step),
            node: Node::EveryColumn(Box::new(self), first, step),
        })
    }

    /// X·Y.
    pub(super) fn times(self, other: Formula) -> Result<Self> {
        if self.dim.1 != other.dim.0 {
            return Err(self.mismatch(format!("does not multiply with {}", other.describe())));
        }
        Ok(Formula {
            dim: (self.dim.0, other.dim.1),
            node: Node::Times(Box::new(self), Box::new(other)),
        })
    }

    /// X ⊙ Y, where either may be one row or one column, standing for as many as the other has.
    pub(super) fn entrywise(self, other: Formula) -> Result<Self> {
        let joined = |one: usize, other: usize| match (one, other) {
            (one, other) if one == other || other == 1 => Some(one),
            (1, other) => Some(other),
            _ => None,
        };
        let rows = joined(self.dim.0, other.dim.0);
        let Some(dim) = rows.zip(joined(self.dim.1, other.dim.1)) else {
            return Err(self.mismatch(format!("has not the shape of {}", other.describe())));
        };
        Ok(Formula {
            dim,
            node: Node::Entrywise(Box::new(self), Box::new(other)),
        })
    }

    /// X ⊗ Y.
    pub(super) fn kronecker(self, other: Formula) -> Self {
        Formula {
            dim: (
                self.dim.0.saturating_mul(other.dim.0),
                self.dim.1.saturating_mul(other.dim.1),
            ),
            node: Node::Kronecker(Box::new(self), Box::new(other)),
        }
    }

    /// c·X.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Formula {
            dim: self.dim,
            node: Node::Scaled(factor, Box::new(self)),
        }
    }

    /// Matrices of one width, one below the other.
    pub(super) fn stacked(parts: Vec<Formula>) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Ok(Formula::zeros(0, 0));
        };
        if let Some(other) = parts.iter().find(|part| part.dim.1 != first.dim.1) {
            return Err(other.mismatch(format!("is not as wide as {}", first.describe())));
        }
        let rows = parts.iter().map(|part| part.dim.0).sum();
        Ok(Formula {
            dim: (rows, first.dim.1),
            node: Node::Stacked(parts),
        })
    }

    /// Matrices of one height, side by side; some may have no columns.
    pub(super) fn beside(parts: Vec<Formula>) -> Result<Self> {
        let parts = parts.into_iter().filter(|part| part.dim.1 > 0);
        let turned = parts.map(Formula::transposed).collect();
        Ok(Formula::stacked(turned)?.transposed())
    }

    /// Whether all its numbers are zero.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(super) fn is_zero(&self) -> Result<bool> {
        match &self.node {
            Node::Tensor(leaf) => leaf.is_zero(self.dim),
            _ => Ok(self.evaluate()?.iter().all(|&x| x == 0.0)),
        }
    }

    /// Every tensor it reads.
    pub(super) fn tensors(&self) -> Vec<&str> {
        let leaves = self.leaves().into_iter();
        leaves.map(|leaf| leaf.name.as_str()).collect()
    }

    /// An error about it, by the name of its first tensor.
    pub(super) fn error(&self, problem: String, remedy: &str) -> Error {
        match self.leaves().first() {
            Some(leaf) => leaf.error(problem, remedy),
            None => Error::Numerical {
                routine: "ΔW".into(),
                problem,
                remedy: "please report this",
            },
        }
    }

    /// `tensor` of r × c, for messages.
    pub(super) fn describe(&self) -> String {
        let name = self.tensors().first().map_or("zeros", |name| name);
        format!("`{name}` ({} × {})", self.dim.0, self.dim.1)
    }

    fn mismatch(&self, problem: String) -> Error {
        let (rows, columns) = self.dim;
        let remedy = "the shapes of one module's tensors contradict each other: save it again";
        self.error(format!("{rows} × {columns} {problem}"), remedy)
    }

    fn leaves(&self) -> Vec<&Leaf> {
        let mut leaves = Vec::new();
        self.collect(&mut leaves);
        leaves
    }

    fn collect<'a>(&'a self, leaves: &mut Vec<&'a Leaf>) {
        match &self.node {
            Node::Tensor(leaf) | Node::Part(leaf, _) => leaves.push(leaf),
            Node::Zeros => {}
            Node::Transposed(x)
            | Node::Reshaped(x)
            | Node::RowsTurned(x, _)
            | Node::Rows(x, _)
            | Node::Chosen(x, _)
            | Node::EveryColumn(x, ..)
            | Node::Scaled(_, x) => x.collect(leaves),
            Node::Times(x, y) | Node::Entrywise(x, y) | Node::Kronecker(x, y) => {
                x.collect(leaves);
                y.collect(leaves);
            }
            Node::Stacked(parts) => parts.iter().for_each(|part| part.collect(leaves)),
        }
    }

    /// Reads the tensors and computes the matrix in f64.
    ///
    /// # Errors
    ///
    /// Those of reading.
    pub(super) fn evaluate(&self) -> Result<Array2<f64>> {
        Ok(match &self.node {
            Node::Tensor(leaf) => leaf.matrix(self.dim)?,
            Node::Part(leaf, index) => leaf.part(*index)?,
            Node::Zeros => Array2::zeros(self.dim),
            Node::Transposed(x) => x.evaluate()?.reversed_axes(),
            Node::Reshaped(x) => {
                let numbers = x.evaluate()?.as_standard_layout().into_owned();
                let flat = numbers.into_raw_vec_and_offset().0;
                Array2::from_shape_vec(self.dim, flat)
                    .map_err(|error| self.error(error.to_string(), "please report this"))?
            }
            Node::RowsTurned(x, width) => turn_rows(&x.evaluate()?, *width),
            Node::Rows(x, range) => x.evaluate()?.slice(s![range.clone(), ..]).to_owned(),
            Node::Chosen(x, rows) => x.evaluate()?.select(Axis(0), rows),
            Node::EveryColumn(x, first, step) => {
                x.evaluate()?.slice(s![.., *first..;*step]).to_owned()
            }
            Node::Times(x, y) => x.evaluate()?.dot(&y.evaluate()?),
            Node::Entrywise(x, y) => {
                let (x, y) = (x.evaluate()?, y.evaluate()?);
                if x.dim() == self.dim { x * y } else { y * x }
            }
            Node::Kronecker(x, y) => kron(&x.evaluate()?, &y.evaluate()?),
            Node::Scaled(factor, x) => x.evaluate()? * *factor,
            Node::Stacked(parts) => {
                let parts = parts
                    .iter()
                    .map(Formula::evaluate)
                    .collect::<Result<Vec<_>>>()?;
                let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
                concatenate(Axis(0), &views)
                    .map_err(|error| self.error(error.to_string(), "please report this"))?
            }
        })
    }
}

fn turn_rows(x: &Array2<f64>, width: usize) -> Array2<f64> {
    let height = x.ncols() / width;
    Array2::from_shape_fn(x.dim(), |(row, column)| {
        x[(row, (column % height) * width + column / height)]
    })
}
