//! A study's files: tables, pictures, report and notebook, written together or not at all, and held
//! against those that are there.
//!
//! [`write()`] measures a plan and writes what it makes; [`check`] measures it again and says what
//! differs. Both make everything that comes of the tables by one function, from the tables as they
//! are on disk.
//!
//! ```no_run
//! use std::path::Path;
//! use lora_subspace::publish::{Options, Silent, write};
//! use lora_subspace::study::{Plan, Request};
//!
//! let study = Path::new("experiments/minilm-sst2/study.toml");
//! let plan = Plan::from_file(study, &Request::everything())?;
//! let written = write(&plan, &Options::new("out"), &Silent)?;
//! println!("{} files", written.files.len());
//! # Ok::<(), lora_subspace::Error>(())
//! ```

mod answers;
mod artifact;
mod charts;
mod check;
mod claim;
mod compare;
mod curves;
mod describe;
mod drawn;
mod file_list;
mod groups;
mod listener;
mod made;
mod make;
mod many_answers;
mod many_maps;
mod maps;
mod notebook;
mod pair_means;
mod paper_tables;
mod part;
mod pictures;
mod products;
mod record;
mod report;
mod shown_inputs;
mod stage;
mod tables;
mod write;
mod written;

pub use check::{Checked, Difference, check};
pub use claim::{abandon, make_folder};
pub use describe::describe;
pub use listener::{Listener, Silent, Steps};
pub use part::write_part;
pub use products::is_anything_made;
pub use write::{Options, Written, own_folder, write};
