//! A pickled tensor and its storage, the one checked against the other.

use std::collections::BTreeMap;

use crate::tensors::Number;
use crate::tensors::stored::{Stored, product};

/// Where the bytes of storages are, by key: the start in the file, and how many.
pub(super) type Places = BTreeMap<String, (u64, u64)>;

/// What a persistent id says: where numbers are to be found.
#[derive(Debug)]
pub(super) struct Storage<'a> {
    pub(super) key: &'a str,
    /// Without it, bytes.
    pub(super) number: Option<Number>,
    pub(super) count: u64,
}

impl Storage<'_> {
    pub(super) fn unit(&self) -> u64 {
        self.number.map_or(1, Number::size) as u64
    }

    pub(super) fn bytes(&self) -> Option<u64> {
        self.count.checked_mul(self.unit())
    }
}

/// A tensor as its pickle describes it: nothing is checked yet.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) storage: usize,
    pub(super) number: Number,
    /// In numbers, like the strides.
    pub(super) offset: i64,
    pub(super) shape: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

impl Tensor {
    /// Where it is in a file of `length` bytes; an error in words when it is not all there.
    pub(super) fn locate(
        &self,
        storage: &Storage<'_>,
        places: &Places,
        length: u64,
    ) -> Result<Stored, String> {
        let key = storage.key;
        let &(start, bytes) = places
            .get(key)
            .ok_or_else(|| format!("its storage `{key}` is not in the file"))?;
        let size = self.number.size() as u64;
        if storage.bytes() != Some(bytes) {
            let (count, unit) = (storage.count, storage.unit());
            return Err(format!(
                "its storage should have {count} numbers of {unit} bytes and has {bytes} bytes"
            ));
        }
        if self.shape.len() != self.strides.len() {
            return Err(format!(
                "shape {:?} and strides {:?} do not fit",
                self.shape, self.strides
            ));
        }
        let shape = whole(&self.shape)
            .ok_or_else(|| format!("shape {:?} has a negative length", self.shape))?;
        let strides = whole(&self.strides)
            .ok_or_else(|| format!("strides {:?} run backwards", self.strides))?;
        let offset = u64::try_from(self.offset)
            .map_err(|_| format!("it begins at {} of its storage", self.offset))?;
        let count = product(shape.iter().copied()).filter(|&count| {
            let bytes = count.checked_mul(size);
            bytes.is_some_and(|bytes| bytes <= length)
        });
        if count.is_none() {
            return Err(format!("shape {shape:?} is larger than the whole file"));
        }
        let end = end(offset, &shape, &strides).and_then(|end| end.checked_mul(size));
        if end.is_none_or(|end| end > bytes) {
            return Err(format!(
                "shape {shape:?} with strides {strides:?} from {offset} leads out of its storage of {bytes} bytes"
            ));
        }
        let contiguous = is_contiguous(&shape, &strides);
        Ok(Stored {
            number: Ok(self.number),
            shape: shape.iter().map(|&length| length as usize).collect(),
            start: start + offset * size,
            strides: (!contiguous).then_some(strides),
        })
    }
}

fn whole(numbers: &[i64]) -> Option<Vec<u64>> {
    numbers.iter().map(|&n| u64::try_from(n).ok()).collect()
}

/// One past the last number that a tensor touches.
fn end(offset: u64, shape: &[u64], strides: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(offset);
    }
    let mut last = offset;
    for (&length, &stride) in shape.iter().zip(strides) {
        last = last.checked_add(stride.checked_mul(length - 1)?)?;
    }
    last.checked_add(1)
}

fn is_contiguous(shape: &[u64], strides: &[u64]) -> bool {
    let mut step = 1;
    for (&length, &stride) in shape.iter().zip(strides).rev() {
        if length > 1 && stride != step {
            return false;
        }
        step *= length.max(1);
    }
    true
}
