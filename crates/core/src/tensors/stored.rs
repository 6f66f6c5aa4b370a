//! Where a tensor's numbers are in a file, and how they are read from there.

use std::fs::File;
use std::io;

use crate::files::{OpenFile, read_exact_at};

use super::Number;

/// Bytes read at a time: they stay in the cache until they are converted.
const CHUNK: usize = 128 * 1024;
/// Numbers further apart than this are read one by one.
const FAR: u64 = 4096;

/// A tensor on disk. Whoever makes one has checked that all of it lies in the file.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// The type, or the name of one that is not read.
    pub(super) number: Result<Number, String>,
    pub(super) shape: Vec<usize>,
    /// Where the first number is, in bytes from the file's start.
    pub(super) start: u64,
    /// Steps in numbers, when rows do not simply follow each other.
    pub(super) strides: Option<Vec<u64>>,
}

/// The product of all lengths of a shape but zeros, so that no part of it overflows later; `None` where
/// it does.
pub(super) fn product(shape: impl IntoIterator<Item = u64>) -> Option<u64> {
    let mut shape = shape.into_iter();
    shape.try_fold(1_u64, |product, n| product.checked_mul(n.max(1)))
}

impl Stored {
    /// The part at `index` of the first axis; nothing when there is none.
    pub(super) fn part(&self, index: usize) -> Option<Stored> {
        let (&length, shape) = self.shape.split_first()?;
        let (number, inside) = (self.number.as_ref().ok()?, index < length);
        let step = match &self.strides {
            Some(strides) => strides[0],
            None => shape.iter().product::<usize>() as u64,
        };
        inside.then(|| Stored {
            number: Ok(*number),
            shape: shape.to_vec(),
            start: self.start + index as u64 * step * number.size() as u64,
            strides: self.strides.as_ref().map(|strides| strides[1..].to_vec()),
        })
    }

    /// How many numbers it has.
    pub(super) fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The index of the number at a place, counted row by row.
    pub(super) fn index(&self, mut place: usize) -> Vec<usize> {
        let mut index = vec![0; self.shape.len()];
        for (at, &length) in index.iter_mut().zip(&self.shape).rev() {
            *at = place % length.max(1);
            place /= length.max(1);
        }
        index
    }

    /// Shows the numbers row by row, a chunk and its place at a time, until `take` has seen enough.
    /// They are left in `all` where somebody wants to keep them.
    pub(super) fn read(
        &self,
        file: &File,
        number: Number,
        all: Option<&mut [f64]>,
        mut take: impl FnMut(usize, &[f64]) -> bool,
    ) -> io::Result<()> {
        match (&self.strides, all) {
            (None, all) => self.read_rows(file, number, all, take),
            (Some(strides), Some(all)) => {
                self.gather(strides, file, number, all)?;
                take(0, all);
                Ok(())
            }
            (Some(strides), None) => {
                let mut all = vec![0.0; self.count()];
                self.gather(strides, file, number, &mut all)?;
                take(0, &all);
                Ok(())
            }
        }
    }

    fn read_rows(
        &self,
        file: &File,
        number: Number,
        mut all: Option<&mut [f64]>,
        mut take: impl FnMut(usize, &[f64]) -> bool,
    ) -> io::Result<()> {
        let length = self.count() * number.size();
        let mut bytes = vec![0; CHUNK.min(length)];
        let passing = if all.is_some() { 0 } else { bytes.len() };
        let mut passing = vec![0.0; passing / number.size()];
        for place in (0..length).step_by(CHUNK) {
            let bytes = &mut bytes[..CHUNK.min(length - place)];
            let (first, count) = (place / number.size(), bytes.len() / number.size());
            let numbers = match &mut all {
                Some(all) => &mut all[first..first + count],
                None => &mut passing[..count],
            };
            read_exact_at(file, bytes, self.start + place as u64)?;
            number.decode(bytes, numbers);
            if !take(first, numbers) {
                break;
            }
        }
        Ok(())
    }

    /// Reads in the order of the file, so that a transposed matrix is read once too.
    fn gather(
        &self,
        strides: &[u64],
        file: &File,
        number: Number,
        out: &mut [f64],
    ) -> io::Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        let size = number.size() as u64;
        // Axis by axis: its length, its step in the file, its step in `out`; the widest first.
        let mut axes: Vec<(usize, u64, usize)> = Vec::new();
        let mut step = 1;
        for (&length, &stride) in self.shape.iter().zip(strides).rev() {
            axes.push((length, stride, step));
            step *= length;
        }
        axes.sort_by_key(|&(_, stride, _)| std::cmp::Reverse(stride));
        let last = axes.iter().map(|&(length, s, _)| (length as u64 - 1) * s);
        let end = self.start + (last.sum::<u64>() + 1) * size;
        let nearest = axes.iter().map(|axis| axis.1).filter(|&step| step > 0);
        let far = nearest.min().is_some_and(|step| step * size > FAR);
        let window = if far { size } else { CHUNK as u64 };
        let (mut bytes, mut held) = (Vec::new(), 0..0);
        let mut index = vec![0; axes.len()];
        for _ in 0..out.len() {
            let (mut at, mut place) = (self.start, 0);
            for (&index, &(_, stride, step)) in index.iter().zip(&axes) {
                at += index as u64 * stride * size;
                place += index * step;
            }
            if at < held.start || at + size > held.end {
                held = at..end.min(at + window);
                bytes.resize((held.end - held.start) as usize, 0);
                read_exact_at(file, &mut bytes, held.start)?;
            }
            let first = (at - held.start) as usize;
            let bytes = &bytes[first..first + size as usize];
            number.decode(bytes, &mut out[place..=place]);
            advance(&mut index, &axes);
        }
        Ok(())
    }
}

/// The next index, the last axis fastest.
fn advance(index: &mut [usize], axes: &[(usize, u64, usize)]) {
    for (index, &(length, ..)) in index.iter_mut().zip(axes).rev() {
        *index += 1;
        if *index < length {
            return;
        }
        *index = 0;
    }
}

/// Whether as many bytes of two files, from these places on, are the same. They are read in pieces.
pub(super) fn same_bytes(
    one: (&OpenFile, u64),
    other: (&OpenFile, u64),
    length: u64,
) -> crate::error::Result<bool> {
    let longest = length.min(CHUNK as u64) as usize;
    let [mut ours, mut theirs] = [vec![0; longest], vec![0; longest]];
    for place in (0..length).step_by(CHUNK) {
        let count = (length - place).min(CHUNK as u64) as usize;
        for ((file, start), bytes) in [(one, &mut ours), (other, &mut theirs)] {
            read_exact_at(file.handle(), &mut bytes[..count], start + place)
                .map_err(|source| file.failed(source))?;
        }
        if ours[..count] != theirs[..count] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The first `length` bytes of a file, which has as many.
pub(super) fn read_start(file: &File, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length as usize];
    read_exact_at(file, &mut bytes, 0)?;
    Ok(bytes)
}
