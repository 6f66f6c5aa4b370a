//! What a study's own data say of each claim of the paper's section 7.
//!
//! Two steps, so that findings can be made again from tables alone: what each module says beside
//! its chance value ([`Evidence`], `evidence.csv`), then a verdict a claim from those rows
//! ([`findings`], `findings.csv` and `findings.md`). METHODS.md fixes statistic, test and margin.

mod against_base;
mod between;
mod claimed;
mod claims;
mod compared;
mod contained;
mod evidence;
mod follows;
mod judged;
mod layers;
mod low_rank;
mod majority;
mod page;
mod paired;
mod pooled;
mod row;
mod runs;
mod shared;
mod steps;
mod verdict;
mod wanted;
mod words;

pub(crate) use claims::{B_FOLLOWS_TASK, LEADING, NEW_DIRECTIONS};
pub use compared::Compared;
pub use evidence::{Evidence, EvidenceTables};
pub use page::page;
pub use verdict::findings;
pub(crate) use wanted::{Wanted, kept_bytes};
