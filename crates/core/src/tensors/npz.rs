//! NumPy's archive of arrays (`.npz`): one `NAME.npy` for each, as `numpy.savez` and `mlx.savez`
//! write them.
//!
//! # Decisions
//!
//! - Arrays are read where they lie. An entry that `numpy.savez_compressed` wrote is refused by name.
//! - A header is a dict of three entries, and is read as that alone. Nothing in it is evaluated.

use std::collections::BTreeMap;
use std::fs::File;

use super::Number;
use super::contents::{Contents, Fault};
use super::stored::{Stored, product};
use super::zipped::{Entry, load_start};

const END: &str = ".npy";
const MAGIC: &[u8] = b"\x93NUMPY";
/// No header of an array is longer.
const LONGEST_HEADER: u64 = 64 * 1024;
/// The types that NumPy writes, by their names without the byte order.
const TYPES: [(&str, Number); 10] = [
    ("f8", Number::F64),
    ("f4", Number::F32),
    ("f2", Number::F16),
    // NumPy has no bf16: MLX's stands as two bytes of no type.
    ("V2", Number::Bf16),
    ("i8", Number::I64),
    ("i4", Number::I32),
    ("i2", Number::I16),
    ("i1", Number::I8),
    ("u1", Number::U8),
    ("b1", Number::Bool),
];

/// Reads what each array's header says.
pub(super) fn read(file: &File, entries: &[Entry]) -> Result<Contents, Fault> {
    let (mut names, mut tensors) = (Vec::new(), BTreeMap::new());
    for entry in entries {
        let name = entry.name.strip_suffix(END).unwrap_or(&entry.name);
        let name = name.to_string();
        if !entry.plain {
            return Err(Fault::Compressed(entry.name.clone()));
        }
        let stored =
            stored(file, entry)?.map_err(|problem| Fault::Tensor(name.clone(), problem))?;
        if tensors.insert(name.clone(), stored).is_some() {
            return Err(Fault::Corrupt(format!("two entries `{}`", entry.name)));
        }
        names.push(name);
    }
    Ok(Contents {
        names,
        tensors,
        values: BTreeMap::new(),
        metadata: BTreeMap::new(),
    })
}

/// An array; the inner error is what is wrong with its header.
fn stored(file: &File, entry: &Entry) -> Result<Result<Stored, String>, Fault> {
    let start = load_start(file, entry, entry.size.min(12))?;
    let (before, length) = match start.as_slice() {
        [magic @ .., 1, _, low, high, _, _] if magic == MAGIC => {
            (10, u64::from(u16::from_le_bytes([*low, *high])))
        }
        [magic @ .., 2 | 3, _, a, b, c, d] if magic == MAGIC => {
            (12, u64::from(u32::from_le_bytes([*a, *b, *c, *d])))
        }
        _ => return Ok(Err("its entry is no array of NumPy's format 1 to 3".into())),
    };
    let data = before + length;
    if length > LONGEST_HEADER || data > entry.size {
        return Ok(Err(format!(
            "its header has {length} bytes, more than there are"
        )));
    }
    let bytes = load_start(file, entry, data)?;
    let header = String::from_utf8_lossy(&bytes[before as usize..]);
    let Some(header) = Header::parse(&header) else {
        return Ok(Err(format!("its header is `{}`", header.trim())));
    };
    Ok(header.stored(entry, data))
}

#[derive(Debug, PartialEq, Eq)]
struct Header {
    /// The type with its byte order, as NumPy names it.
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// `{'descr': '<f4', 'fortran_order': False, 'shape': (24, 4), }`
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut order, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, value) = quoted(rest)?;
            let value = value.trim_start().strip_prefix(':')?.trim_start();
            let after = match key {
                "descr" => {
                    let (own, after) = quoted(value)?;
                    descr = Some(own.to_string());
                    after
                }
                "fortran_order" => {
                    let (own, after) = truth(value)?;
                    order = Some(own);
                    after
                }
                "shape" => {
                    let (own, after) = value.strip_prefix('(')?.split_once(')')?;
                    shape = Some(lengths(own)?);
                    after
                }
                _ => return None,
            };
            let after = after.trim_start();
            rest = match after.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if after.is_empty() => after,
                None => return None,
            };
        }
        Some(Header {
            descr: descr?,
            fortran_order: order?,
            shape: shape?,
        })
    }

    /// The array behind a header of `data` bytes, held against the entry's length.
    fn stored(self, entry: &Entry, data: u64) -> Result<Stored, String> {
        let number = self.number();
        if product(self.shape.iter().map(|&n| n as u64)).is_none() {
            return Err(format!("shape {:?} has too many numbers", self.shape));
        }
        let count: usize = self.shape.iter().product();
        let size = |number: Number| (count as u64).checked_mul(number.size() as u64);
        if let Ok(number) = number
            && size(number) != Some(entry.size - data)
        {
            return Err(format!(
                "shape {:?} of {} is not the {} bytes that there are",
                self.shape,
                self.descr,
                entry.size - data
            ));
        }
        let steps = self.shape.iter().scan(1, |step, &length| {
            let own = *step;
            *step *= length as u64;
            Some(own)
        });
        Ok(Stored {
            number,
            strides: (self.fortran_order && self.shape.len() > 1).then(|| steps.collect()),
            start: entry.start + data,
            shape: self.shape,
        })
    }

    /// The type, or the name of one that is not read: such is any with the highest byte first.
    fn number(&self) -> Result<Number, String> {
        let name = self.descr.trim_start_matches(['<', '|']);
        let known = TYPES.iter().find(|(own, _)| *own == name);
        known.map(|(_, number)| *number).ok_or(self.descr.clone())
    }
}

/// What stands between quotes, and what is behind it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mark = text
        .chars()
        .next()
        .filter(|mark| ['\'', '"'].contains(mark))?;
    text[1..].split_once(mark)
}

fn truth(text: &str) -> Option<(bool, &str)> {
    let yes = text.strip_prefix("True").map(|rest| (true, rest));
    yes.or_else(|| text.strip_prefix("False").map(|rest| (false, rest)))
}

/// `24, 4` or `3,` or nothing.
fn lengths(text: &str) -> Option<Vec<usize>> {
    let text = text.trim();
    let text = text.strip_suffix(',').unwrap_or(text);
    if text.is_empty() {
        return Some(Vec::new());
    }
    let length = |part: &str| part.trim().trim_end_matches('L').parse().ok();
    text.split(',').map(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them_and_no_others() {
        let read = |text: &str| Header::parse(text).map(|header| (header.descr, header.shape));
        let f4 = |shape: &[usize]| Some(("<f4".to_string(), shape.to_vec()));
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
        assert_eq!(read(&format!("{head}(24, 4), }}   \n")), f4(&[24, 4]));
        assert_eq!(read(&format!("{head}(3,), }}")), f4(&[3]));
        assert_eq!(read(&format!("{head}(), }}")), f4(&[]));
        assert_eq!(
            read("{\"shape\": (2L, 3L), \"fortran_order\": True, \"descr\": \"<f4\"}"),
            f4(&[2, 3])
        );
        for odd in [
            "",
            "{}",
            "{'descr': '<f4', 'shape': (1,), }",
            "{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
            "{'descr': '<f4', 'fortran_order': open('x'), 'shape': (1,), }",
            "{'descr': '<f4' 'fortran_order': False, 'shape': (1,), }",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
