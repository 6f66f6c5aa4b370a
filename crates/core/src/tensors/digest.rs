//! What identifies a file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::files::unreadable;

/// Large enough that reading costs next to nothing beside hashing.
const PIECE: usize = 1 << 18;

/// SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it.
///
/// # Errors
///
/// [`crate::Error::Io`] when it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let failed = |source| unreadable(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).map_err(failed)? {
            0 => break,
            length => hash.update(&piece[..length]),
        }
    }
    let digits = hash.finalize();
    Ok(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two files have the same bytes. Weights of two runs differ soon after their header, so
/// that this reads little of them.
///
/// # Errors
///
/// [`crate::Error::Io`] when one cannot be read.
pub fn same_bytes(one: &Path, other: &Path) -> Result<bool> {
    let open = |path: &Path| {
        let failed = |source| unreadable(path, source);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        Ok((BufReader::with_capacity(PIECE, file), length))
    };
    let ((mut first, length), (mut second, other_length)) = (open(one)?, open(other)?);
    if length != other_length {
        return Ok(false);
    }
    loop {
        let piece = first.fill_buf().map_err(|error| unreadable(one, error))?;
        let next = second
            .fill_buf()
            .map_err(|error| unreadable(other, error))?;
        let count = piece.len().min(next.len());
        if piece[..count] != next[..count] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(piece.len() == next.len());
        }
        first.consume(count);
        second.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_the_same_to_their_last_byte() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let mut bytes = vec![7; PIECE + 9];
        let (one, copy) = (write("one", &bytes), write("copy", &bytes));
        let shorter = write("shorter", &bytes[1..]);
        bytes[PIECE + 8] = 8;
        let other = write("other", &bytes);
        assert!(same_bytes(&one, &one).unwrap() && same_bytes(&one, &copy).unwrap());
        assert!(!same_bytes(&one, &shorter).unwrap() && !same_bytes(&one, &other).unwrap());
        assert!(same_bytes(&one, &folder.path().join("none")).is_err());
    }

    #[test]
    fn known_digests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // FIPS 180-2, appendix B.1; and more than one piece, by Python's hashlib.
        for (bytes, digest) in [
            (
                b"abc".to_vec(),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                vec![b'a'; 1_000_000],
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(sha256(&path).unwrap(), digest);
        }
        assert!(sha256(&folder.path().join("none")).is_err());
    }
}
