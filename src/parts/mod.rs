//! A plan's results in parts: measured by several processes or machines, and put together again.
//!
//! # Decisions
//!
//! - A part has what measuring its modules gave, and nothing that comes of it. Tables, figures and findings
//!   are made once, of all parts in the plan's order, by the code of an undisturbed run. So the bytes are
//!   its bytes.
//! - Who has which module follows from the plan and the number of parts alone. No part waits for another.

mod file;
mod merged;
mod shard;

pub use file::{Part, place};
pub use merged::Parts;
pub use shard::Shard;
