//! What identifies a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Large enough that reading costs next to nothing beside hashing.
const PIECE: usize = 1 << 18;

/// SHA-256 of a file's bytes in hexadecimal, as `sha256sum` prints it.
///
/// # Errors
///
/// [`Error::Io`] when it cannot be read.
pub fn sha256(path: &Path) -> Result<String> {
    let failed = |source| Error::Io {
        path: path.into(),
        action: "read",
        source,
        remedy: "check that you may read it",
    };
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

#[cfg(test)]
mod tests {
    use super::*;

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
