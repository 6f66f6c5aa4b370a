//! What `torch.save` writes: a zip archive, or before torch 1.6 pickles one after the other.
//!
//! Pickles are programs. Here a machine of our own reads them (`machine`), which has only the
//! instructions that state dicts need and knows only the names in `globals`; anything else is
//! refused by its name. Tensors stay where they are in the file.
//!
//! # Decisions
//!
//! - Values of a pickle are small copies that point into flat lists (`value.rs`). No nesting can
//!   overflow the stack, and nothing is freed recursively. Memory grows with the number of
//!   instructions, which has a limit.

use std::fs::File;

use super::contents::{Contents, Fault};
use super::zipped::Entry;

mod archive;
mod globals;
mod legacy;
mod machine;
mod opcode;
mod reader;
mod state;
mod tensor;
mod value;

/// `torch.save` begins an old file with this pickle, of a ten-byte integer.
const LEGACY_MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// How torch wrote a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Zip,
    Legacy,
    /// Some other pickle.
    Bare,
}

impl Format {
    /// What the first bytes say; `None` if no torch file begins so.
    pub(super) fn of(first: &[u8]) -> Option<Format> {
        if first.starts_with(b"PK\x03\x04") {
            return Some(Format::Zip);
        }
        let &[0x80, 2..=5, ref rest @ ..] = first else {
            return None;
        };
        // A safetensors header may be 0x…0280 bytes long; it begins with a brace.
        let brace = first.get(8) == Some(&b'{') && first[3..8] == [0; 5];
        if rest.starts_with(LEGACY_MAGIC) {
            Some(Format::Legacy)
        } else {
            (!brace).then_some(Format::Bare)
        }
    }
}

/// Reads what a file says of its tensors; of a zip archive the entries are known.
pub(super) fn read(
    file: &File,
    length: u64,
    format: Format,
    entries: &[Entry],
) -> Result<Contents, Fault> {
    match format {
        Format::Zip => archive::read(file, length, entries),
        Format::Legacy => legacy::read(file, length),
        Format::Bare => Err(Fault::Refused(
            "a pickle that torch.save did not write".into(),
        )),
    }
}
