//! `regenerate --init`, `--schema` and `--columns`: a first study file, what editors know of one, and
//! what the tables hold.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::init::FirstStudy;
use crate::study;
use crate::table;

use super::program::Program;
use super::said::print;
use super::talk::Talk;
use crate::publish::Listener;

/// Writes a first study of adapters under `out`, never over one that is there; its path goes to
/// stdout, what is not known to stderr.
pub(super) fn init(adapters: &[PathBuf], out: Option<&Path>, talk: Talk) -> Result<()> {
    let first = FirstStudy::of(adapters, out.unwrap_or(Path::new(".")))?;
    for sentence in &first.unknown {
        talk.warn(&format!("not known: {sentence}"));
    }
    write(&first)?;
    let place = first.place.strip_prefix(".").unwrap_or(&first.place);
    let next = Program::Regenerate;
    talk.say(&format!("next: {next} {}", place.display()));
    print(&format!("{}\n", place.display()))
}

fn write(first: &FirstStudy) -> Result<()> {
    let place = &first.place;
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => Error::request(
            place.display().to_string(),
            "there is a study already, and it is not overwritten",
            "move it away, or name another folder with --out",
        ),
        _ => Error::io(
            place.clone(),
            "write a study there",
            source,
            "name a folder that you may write to with --out",
        ),
    };
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(place);
    let written = file.map_err(failed)?.write_all(first.text.as_bytes());
    written.map_err(|source| {
        // Half a study is none.
        let _ = fs::remove_file(place);
        failed(source)
    })
}

/// What every column of every table means, on stdout.
pub(super) fn print_columns() -> Result<()> {
    print(&table::dictionary())
}

/// The JSON Schema of study files on stdout.
pub(super) fn print_schema() -> Result<()> {
    print(&study::schema())
}
