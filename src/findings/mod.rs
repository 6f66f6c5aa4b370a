//! What a study's own data say of each claim of the paper's section 7.
//!
//! Two steps, so that findings can be made again from tables alone: what each module says beside
//! its chance value ([`Evidence`], `evidence.csv`), then a verdict a claim from those rows
//! ([`findings`], `findings.csv` and `findings.md`). METHODS.md fixes statistic, test and margin.

mod claims;
mod evidence;
mod judged;
mod majority;
mod measured;
mod page;
mod paired;
mod shared;
mod verdict;
mod words;

pub(crate) use claims::LEADING;
pub use evidence::Evidence;
pub(crate) use measured::{correlates, correlating, factor_of_random, frames};
pub use page::page;
pub use verdict::findings;
