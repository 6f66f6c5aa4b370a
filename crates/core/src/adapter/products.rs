//! What LoHa, LoKr and Tucker-decomposed kernels make of their tensors, whoever wrote them.
//!
//! A kernel (out, in, kh, kw) is the matrix (out, in·kh·kw) throughout, row by row.

use crate::error::Result;

use super::formula::Formula;
use super::found::Found;
use super::keys::Tensors;

/// A matrix, and the rank of the factors that it is made of, where it has some.
pub(super) struct Product {
    pub(super) matrix: Formula,
    pub(super) rank: Option<usize>,
}

/// The tensors of both products of LoHa: left, right and core of each.
pub(super) const LOHA: [[&str; 3]; 2] = [
    ["hada_w1_a", "hada_w1_b", "hada_t1"],
    ["hada_w2_a", "hada_w2_b", "hada_t2"],
];
/// The tensors of both factors of LoKr: whole, or left, right and core.
pub(super) const LOKR: [[&str; 4]; 2] = [
    ["lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_t1"],
    ["lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"],
];

/// LoHa: (w1_a·w1_b) ⊙ (w2_a·w2_b), each w of out × in·kh·kw. Its rank is that of one product.
///
/// # Errors
///
/// When a factor is missing, or shapes do not fit.
pub(super) fn hadamard(found: &Found, module: &str, tensors: &Tensors) -> Result<Product> {
    let [one, other] = LOHA.map(|[a, b, core]| low_rank(found, module, tensors, [a, b, core]));
    let (one, other) = (one?, other?);
    if one.matrix.dim() != other.matrix.dim() {
        let problem = format!(
            "its product is not of the shape of {}",
            other.matrix.describe()
        );
        return Err(one.matrix.error(problem, "save the adapter again"));
    }
    Ok(Product {
        matrix: one.matrix.entrywise(other.matrix)?,
        rank: one.rank,
    })
}

/// LoKr: w1 ⊗ w2, either whole or a product. w1 (o₁, i₁) and w2 (o₂, i₂·kh·kw) make
/// (o₁o₂, i₁i₂·kh·kw), which is the kernel's own order. Its rank is that of whichever is a product.
///
/// # Errors
///
/// As [`hadamard`].
pub(super) fn kronecker(found: &Found, module: &str, tensors: &Tensors) -> Result<Product> {
    let [one, other] = LOKR.map(|[whole, a, b, core]| match tensors.get(whole) {
        Some(name) => Ok(Product {
            matrix: found.tensor(name)?,
            rank: None,
        }),
        None => low_rank(found, module, tensors, [a, b, core]),
    });
    let (one, other) = (one?, other?);
    Ok(Product {
        matrix: one.matrix.kronecker(other.matrix),
        rank: one.rank.or(other.rank),
    })
}

/// a (out, r) times b (r, in·kh·kw); with a core (r, r, kh, kw) aᵀ (r, out) and b (r, in).
fn low_rank(
    found: &Found,
    module: &str,
    tensors: &Tensors,
    [a, b, core]: [&str; 3],
) -> Result<Product> {
    let tensor = |kind: &str| match tensors.get(kind) {
        Some(name) => found.tensor(name),
        None => {
            let there = tensors.values().next().map_or(module, |name| name);
            let problem = format!("its module `{module}` has no {kind}");
            Err(found.error(
                there,
                problem,
                "save the adapter again: a ΔW needs all its parts",
            ))
        }
    };
    let (a, b) = (tensor(a)?, tensor(b)?);
    let rank = Some(b.dim().0);
    let matrix = match tensors.get(core) {
        Some(core) => a.transposed().times(with_core(found, core, b)?)?,
        None => a.times(b)?,
    };
    Ok(Product { matrix, rank })
}

/// A Tucker core with its right factor: Σ_n core[m, n, k]·down[n, i], as (m, i·k).
///
/// # Errors
///
/// When the core has fewer than two axes or does not multiply.
pub(super) fn with_core(found: &Found, core: &str, down: Formula) -> Result<Formula> {
    let [rows, inner, kernel @ ..] = found.shape(core) else {
        let problem = format!("shape {:?}, where a kernel was expected", found.shape(core));
        return Err(found.error(core, problem, "save the adapter again"));
    };
    let (rows, inner, each) = (*rows, *inner, kernel.iter().product::<usize>());
    let width = down.dim().1;
    found
        .tensor(core)?
        .rows_turned(each)?
        .reshaped(rows * each, inner)?
        .times(down)?
        .reshaped(rows, each * width)?
        .rows_turned(width)
}
