//! A torch file as a zip archive: `NAME/data.pkl` and `NAME/data/KEY`, none of them compressed.
//!
//! # Decisions
//!
//! - Torch stores its entries uncompressed, so that numbers are read where they lie. One that is
//!   compressed is refused.

use std::fs::File;

use super::machine::{self, LONGEST_PICKLE};
use super::state;
use super::tensor::Places;
use crate::tensors::contents::{Contents, Fault};
use crate::tensors::zipped::{Entry, load_start};

const PICKLE: &str = "data.pkl";

/// Reads what the archive's pickle says of its tensors.
pub(super) fn read(file: &File, length: u64, entries: &[Entry]) -> Result<Contents, Fault> {
    let is_pickle = |entry: &&Entry| match entry.name.strip_suffix(PICKLE) {
        Some(folder) => {
            folder.is_empty() || folder.ends_with('/') && folder.matches('/').count() == 1
        }
        None => false,
    };
    let pickles: Vec<&Entry> = entries.iter().filter(is_pickle).collect();
    let &[pickle] = pickles.as_slice() else {
        let count = pickles.len();
        let problem = format!("a zip archive with {count} times {PICKLE}, where torch has one");
        return Err(Fault::Corrupt(problem));
    };
    let folder = &pickle.name[..pickle.name.len() - PICKLE.len()];
    check_byte_order(file, entries, folder)?;
    let bytes = load(file, pickle, LONGEST_PICKLE)?;
    let (heap, root, _) = machine::run(&bytes)?;
    let mut places = Places::new();
    for entry in entries {
        let inside = entry.name.strip_prefix(folder);
        if let Some(key) = inside.and_then(|name| name.strip_prefix("data/")) {
            must_be_plain(entry)?;
            places.insert(key.into(), (entry.start, entry.size));
        }
    }
    state::contents(&heap, root, bytes.len(), &places, length)
}

fn must_be_plain(entry: &Entry) -> Result<(), Fault> {
    if entry.plain {
        return Ok(());
    }
    let what = format!("the compressed or encrypted zip entry `{}`", entry.name);
    Err(Fault::Refused(what))
}

fn load(file: &File, entry: &Entry, most: u64) -> Result<Vec<u8>, Fault> {
    must_be_plain(entry)?;
    if entry.size > most {
        let problem = format!(
            "`{}` has {} bytes, where {most} are enough",
            entry.name, entry.size
        );
        return Err(Fault::Corrupt(problem));
    }
    Ok(load_start(file, entry, entry.size)?)
}

fn check_byte_order(file: &File, entries: &[Entry], folder: &str) -> Result<(), Fault> {
    let name = format!("{folder}byteorder");
    let Some(entry) = entries.iter().find(|entry| entry.name == name) else {
        return Ok(());
    };
    match load(file, entry, 16)?.as_slice() {
        b"little" => Ok(()),
        _ => Err(Fault::Refused("a byte order other than little".into())),
    }
}
