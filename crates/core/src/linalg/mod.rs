//! Matrices to factors: the only room that names LAPACK. It knows nothing of adapters.
//!
//! Conventions: everything is f64; singular values fall; `v` has the right singular vectors as
//! **columns** (d × k) and is never Vᵀ; vectors are defined up to sign, and up to rotation inside
//! equal singular values, so nothing downstream may depend on either.

mod angles;
mod between;
mod blas;
mod blocks;
mod certificate;
mod factored;
mod haar;
mod lanczos;
mod lapack;
mod leading;
mod mean_shares;
mod qr;
mod random_frames;
mod random_products;
mod rows;
mod scaled;
mod search;
mod shares;
mod subspace;
mod svd;
mod symmetric;
mod tall;
#[cfg(test)]
mod testing;
mod triplets;
mod values;

pub use angles::principal_angles;
pub use between::{BLOCK_BYTES, LookedAt, Others, Pair, looked_at, projections};
pub use blas::{better_kernels, blas_version, use_one_thread, use_one_thread_from_the_start};
pub use factored::{Factored, OfFactor};
pub use haar::{Stream, haar};
pub use leading::{SMALL_SIDE, leading, rung};
pub use mean_shares::random_mean_shares;
pub use random_frames::random_frames;
pub use random_products::random_product;
pub use rows::Rows;
pub use scaled::{Scale, norm};
pub(crate) use scaled::{eased, excess, exponent, largest, largest_of, times_power};
pub use shares::random_shares;
pub use subspace::Subspace;
pub use svd::{Svd, svd};
pub use symmetric::{eigenpairs, eigenvalues};
pub use triplets::{Leading, Method, Proof};
pub use values::{concentration, frobenius_norm, numerical_rank};
