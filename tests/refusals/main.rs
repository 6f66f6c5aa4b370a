//! Refusals: every bad input gets one clear error that names the file, the place and the remedy, and
//! nothing is written.
//!
//! - `adapters`: PEFT folders that are missing, damaged or of no use
//! - `bases`: bases that do not fit
//! - `bounds`: numbers and lists beyond their bounds, and tables that have none
//! - `folders`: folders and files that are no adapter, by what they are
//! - `formats`: other libraries' files
//! - `foreign`: files that are recognised and not read, each by its name
//! - `layouts`: files whose layout is broken or ambiguous, and the methods of PEFT
//! - `fine_tunes`: whole models
//! - `study`: study files, with the line
//! - `steps`: checkpoints of a run, with the line
//! - `many`: adapters side by side that cannot be, with the line
//! - `groups`: patterns of runs that leave no group, with the line
//! - `contradictions`: studies whose adapters or base contradict each other
//! - `kinds`: values of another kind than they must be, in configs and in a file's metadata
//! - `runs`: `runs.csv`, with the line
//! - `answers`: items and `answers.csv`, with the line
//! - `shown`: names that would be more than names on a terminal
//! - `texts`: texts that are no regular files, or too long
//! - `usage`: flags and places

#[path = "../common/files.rs"]
mod files;
#[path = "../common/programs.rs"]
mod programs;
mod refused;
#[path = "../common/workshop.rs"]
mod workshop;

mod adapters;
mod answers;
mod bases;
mod bounds;
mod contradictions;
mod fine_tunes;
mod folders;
mod foreign;
mod formats;
mod groups;
mod kinds;
mod layouts;
mod many;
mod runs;
mod shown;
mod steps;
mod study;
mod texts;
mod usage;
