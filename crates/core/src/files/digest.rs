//! What identifies bytes.

use sha2::{Digest, Sha256};

/// SHA-256 of bytes that come in pieces.
#[derive(Default)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// In hexadecimal, as `sha256sum` prints it.
    pub(super) fn digits(self) -> String {
        let digits = self.0.finalize();
        digits.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// SHA-256 of bytes in hexadecimal.
pub(super) fn of(bytes: &[u8]) -> String {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.digits()
}
