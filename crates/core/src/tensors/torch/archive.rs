//! A torch file as a zip archive: `NAME/data.pkl` and `NAME/data/KEY`, none of them compressed.
//!
//! # Decisions
//!
//! - The zip crate finds the entries, and no more. Torch stores them uncompressed, so that
//!   numbers are read where they lie. An entry that is compressed, overlaps another or leaves the
//!   file is an error.

use std::fs::File;
use std::io::BufReader;

use zip::{CompressionMethod, ZipArchive};

use crate::files::read_exact_at;

use super::machine::{self, LONGEST_PICKLE};
use super::state;
use super::tensor::Places;
use crate::tensors::contents::{Contents, Fault};

const PICKLE: &str = "data.pkl";

/// An entry of the archive.
struct Entry {
    name: String,
    start: u64,
    size: u64,
    plain: bool,
}

/// Reads what the archive's pickle says of its tensors.
pub(super) fn read(file: &File, length: u64) -> Result<Contents, Fault> {
    let entries = entries(file, length)?;
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
    check_byte_order(file, &entries, folder)?;
    let bytes = load(file, pickle, LONGEST_PICKLE)?;
    let (heap, root, _) = machine::run(&bytes)?;
    let mut places = Places::new();
    for entry in &entries {
        let inside = entry.name.strip_prefix(folder);
        if let Some(key) = inside.and_then(|name| name.strip_prefix("data/")) {
            must_be_plain(entry)?;
            places.insert(key.into(), (entry.start, entry.size));
        }
    }
    state::contents(&heap, root, bytes.len(), &places, length)
}

/// The entries by their place, each within the file and after the one before.
fn entries(file: &File, length: u64) -> Result<Vec<Entry>, Fault> {
    let damaged = |error| Fault::Corrupt(format!("its zip archive is damaged ({error})"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(damaged)?;
        let entry = Entry {
            name: entry.name().into(),
            start: entry.data_start(),
            size: entry.compressed_size(),
            plain: entry.compression() == CompressionMethod::Stored
                && entry.size() == entry.compressed_size()
                && !entry.encrypted(),
        };
        let end = entry.start.checked_add(entry.size);
        if end.is_none_or(|end| end > length) {
            let problem = format!("entry `{}` of its zip archive leads out of it", entry.name);
            return Err(Fault::Corrupt(problem));
        }
        entries.push(entry);
    }
    entries.sort_by_key(|entry| (entry.start, entry.size));
    for pair in entries.windows(2) {
        if pair[0].start + pair[0].size > pair[1].start {
            let (one, other) = (&pair[0].name, &pair[1].name);
            let problem = format!("entries `{one}` and `{other}` of its zip archive overlap");
            return Err(Fault::Corrupt(problem));
        }
    }
    Ok(entries)
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
    let mut bytes = vec![0; entry.size as usize];
    read_exact_at(file, &mut bytes, entry.start)?;
    Ok(bytes)
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
