//! The entries of a zip archive: where each of them lies.
//!
//! # Decisions
//!
//! - The zip crate finds the entries, and no more. Nothing is unpacked: numbers are read where they
//!   lie. An entry that overlaps another or leaves the file is an error.

use std::fs::File;
use std::io::{self, BufReader};

use zip::{CompressionMethod, ZipArchive};

use crate::files::read_exact_at;

use super::contents::Fault;

/// What an archive has that torch wrote.
const PICKLE: &str = "data.pkl";
/// What all entries of an archive end with that NumPy wrote.
const ARRAY: &str = ".npy";

/// Who wrote an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Torch,
    Numpy,
    /// Somebody who packed files.
    Other,
}

/// Who wrote an archive, by the names of its entries.
pub(super) fn kind<'a>(mut names: impl Iterator<Item = &'a str> + Clone) -> Kind {
    let is_pickle = |name: &str| name.rsplit('/').next() == Some(PICKLE);
    if names.clone().any(is_pickle) {
        Kind::Torch
    } else if names.clone().next().is_some() && names.all(|name| name.ends_with(ARRAY)) {
        Kind::Numpy
    } else {
        Kind::Other
    }
}

/// An entry of an archive.
pub(super) struct Entry {
    pub(super) name: String,
    /// Where its bytes begin in the file, and how many there are.
    pub(super) start: u64,
    pub(super) size: u64,
    /// Whether it is neither compressed nor encrypted.
    pub(super) plain: bool,
}

/// The entries by their place, each within the file and after the one before.
pub(super) fn entries(file: &File, length: u64) -> Result<Vec<Entry>, Fault> {
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

/// The first `length` bytes of an entry that is plain and has as many.
pub(super) fn load_start(file: &File, entry: &Entry, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    read_exact_at(file, &mut bytes, entry.start)?;
    Ok(bytes)
}
