//! Commands: what the four programs write, where, and what they say; and the rooms above the
//! numbers, from findings to the report.
//!
//! One command:
//! - `overlap`: `subspace-overlap`
//! - `parts`: runs in parts, put together
//! - `amplification`: `amplification`
//! - `inspect`: `inspect`
//! - `cli`: what holds for all of them
//! - `tool`: all of them under the name of `lora-subspace`, completions and manual pages
//! - `warnings`: adapters with something odd
//! - `commands_on_layouts`: adapters that need W, a number of directions or a start
//! - `starts`: adapters whose start was taken out of the base
//! - `large_base`: a W that is searched, and a ΔW that is
//! - `left_out`: modules that cannot be measured
//! - `sizes`: weights and scales that f64 can hardly hold
//! - `meets`: modules under two names
//! - `by_id`: adapters and bases of the Hugging Face cache
//! - `provenance`: what results say of themselves
//! - `ends`: beside another run, after a kill, by a signal, on a full disk
//!
//! Studies:
//! - `in_place`: written, and checked
//! - `one_set`: `files.json`, and what does not fit it
//! - `study`: figures, tables and sizes that a study asks for
//! - `scores`: tables and a curve of runs
//! - `full_runs`: the same with full fine-tunes among them
//! - `score_errors`: how far scores may be off, against SciPy and NumPy
//! - `groups`, `group_tables`: runs that are compared as one, and what tables and figures have of them
//! - `one_run`: checkpoints of one run, and runs of one start, of which no claim is judged
//! - `trajectory`: checkpoints of a run
//! - `many`: many adapters side by side
//! - `demo`: the made-up study, and commands without arguments
//! - `init`: the first study, by `--init`
//! - `init_runs`: the same of folders as trainers leave them
//! - `built_in_study`: every number of it against NumPy
//! - `decoder_study`: the study of a decoder against NumPy
//! - `lora_paper`: the study of the paper's own values
//!
//! What is made of rows:
//! - `figures`, `figure8`: charts as data
//! - `pictures`: charts as files
//! - `large_spectra`: figures of spectra and sizes of large adapters
//! - `findings`: of tables as written
//! - `verdicts`: every number of the built-in study's findings against NumPy and SciPy
//! - `planted`: findings of made-up grids
//! - `courses`: courses of made-up runs
//! - `calibrated`: error rates and power of findings
//! - `prose`: what the READMEs and METHODS.md say of them
//! - `report`, `report_large`: used in a browser
//! - `notebook`: run in Python

#[path = "../common/files.rs"]
mod files;
#[path = "../common/golden_values.rs"]
mod golden_values;
mod made;
mod many;
mod meets;
#[path = "../common/programs.rs"]
mod programs;
mod python;
mod strange;
#[path = "../common/workshop.rs"]
mod workshop;

mod amplification;
mod built_in_study;
mod by_id;
mod cache;
mod calibrated;
mod cli;
mod commands_on_layouts;
mod courses;
mod decoder_study;
mod demo;
mod ends;
mod figure8;
mod figures;
mod findings;
mod full_runs;
mod group_tables;
mod groups;
mod in_place;
mod init;
mod init_runs;
mod inspect;
mod large_base;
mod large_spectra;
mod left_out;
mod lora_paper;
mod notebook;
mod one_run;
mod one_set;
mod overlap;
mod parts;
mod pictures;
mod planted;
mod prose;
mod provenance;
mod report;
mod report_large;
mod score_errors;
mod scores;
mod sizes;
mod starts;
mod study;
mod tool;
mod trajectory;
mod verdicts;
mod warnings;
