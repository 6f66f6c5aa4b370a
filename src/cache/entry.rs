//! The file of an entry.

use std::io::{self, Write};

use crate::files::sha256;

/// What an entry begins with. The number changes with the form.
const START: &str = "lora-subspace cache 1";
/// Characters of the digest of all before it, at the end.
const DIGEST: usize = 64;

/// Numbers, and what they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// One line on how the numbers are to be read.
    pub about: String,
    /// The numbers.
    pub numbers: Vec<f64>,
}

impl Entry {
    /// Bytes of its file.
    pub(super) fn size(&self, key: &str) -> u64 {
        let text = START.len() + key.len() + self.about.len() + 3 + DIGEST;
        (text + size_of::<f64>() * self.numbers.len()) as u64
    }

    /// Writes its file: three lines, the numbers as f64 with the lowest byte first, and the digest.
    pub(super) fn write(&self, key: &str, file: &mut impl Write) -> io::Result<()> {
        let mut bytes = format!("{START}\n{key}\n{}\n", self.about).into_bytes();
        bytes.extend(self.numbers.iter().flat_map(|x| x.to_le_bytes()));
        let digest = sha256(&bytes);
        bytes.extend(digest.as_bytes());
        file.write_all(&bytes)
    }

    /// Reads its file. The error says what is wrong with it.
    pub(super) fn read(key: &str, bytes: &[u8]) -> Result<Entry, &'static str> {
        const SHORT: &str = "it is damaged or was cut short";
        let (all, digest) = bytes
            .len()
            .checked_sub(DIGEST)
            .map(|end| bytes.split_at(end))
            .ok_or(SHORT)?;
        if sha256(all).as_bytes() != digest {
            return Err(SHORT);
        }
        let mut lines = all.splitn(4, |byte| *byte == b'\n');
        if lines.next() != Some(START.as_bytes()) {
            return Err("it is of another version");
        }
        if lines.next() != Some(key.as_bytes()) {
            return Err("it is that of another weight");
        }
        let about = lines.next().and_then(|line| std::str::from_utf8(line).ok());
        let (numbers, rest) = lines.next().unwrap_or_default().as_chunks();
        match (about, rest) {
            (Some(about), []) => Ok(Entry {
                about: about.into(),
                numbers: numbers.iter().map(|&x| f64::from_le_bytes(x)).collect(),
            }),
            _ => Err(SHORT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_held_to_the_digest() {
        let entry = Entry {
            about: "two".into(),
            numbers: vec![1.5, f64::from_bits(0x0a0a_0a0a_0a0a_0a0a)],
        };
        let mut bytes = Vec::new();
        entry.write("a key", &mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, entry.size("a key"));
        assert_eq!(Entry::read("a key", &bytes), Ok(entry));
        let other = Entry::read("another", &bytes);
        assert_eq!(other, Err("it is that of another weight"));
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1;
            assert!(Entry::read("a key", &damaged).is_err(), "byte {place}");
            assert!(
                Entry::read("a key", &bytes[..place]).is_err(),
                "{place} bytes"
            );
        }
    }
}
