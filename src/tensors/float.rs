//! Stored floating-point numbers to f64.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

/// A floating-point type that weights are stored in; each converts to f64 exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Float {
    /// IEEE double.
    F64,
    /// IEEE single.
    F32,
    /// IEEE half.
    F16,
    /// The upper half of an IEEE single.
    Bf16,
}

/// f16 goes through f32, this many at a time.
const BATCH: usize = 1024;

impl Float {
    /// Bytes of one number.
    pub fn size(self) -> usize {
        match self {
            Float::F64 => 8,
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
        }
    }

    /// Converts little-endian numbers, as many as `out` holds.
    ///
    /// The bytes need no alignment: each number is copied out, and the compiler makes vector code
    /// of it; f16 uses the CPU's own conversion where there is one.
    ///
    /// # Panics
    ///
    /// When `bytes` is not `out.len()` numbers long.
    ///
    /// ```
    /// use lora_subspace::tensors::Float;
    /// let mut out = [0.0; 2];
    /// Float::Bf16.decode(&[0x80, 0x3f, 0x00, 0xc0], &mut out); // 0x3f80, 0xc000
    /// assert_eq!(out, [1.0, -2.0]);
    /// ```
    pub fn decode(self, bytes: &[u8], out: &mut [f64]) {
        assert_eq!(bytes.len(), out.len() * self.size(), "length of {self:?}");
        match self {
            Float::F64 => each(bytes, out, f64::from_le_bytes),
            Float::F32 => each(bytes, out, |b| f64::from(f32::from_le_bytes(b))),
            Float::Bf16 => each(bytes, out, |b| {
                f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))
            }),
            Float::F16 => decode_halves(bytes, out),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut [f64], number: impl Fn([u8; N]) -> f64) {
    for (place, &chunk) in out.iter_mut().zip(bytes.as_chunks::<N>().0) {
        *place = number(chunk);
    }
}

fn decode_halves(bytes: &[u8], out: &mut [f64]) {
    let (mut bits, mut singles) = ([0u16; BATCH], [0f32; BATCH]);
    for (bytes, out) in bytes.chunks(2 * BATCH).zip(out.chunks_mut(BATCH)) {
        let (bits, singles) = (&mut bits[..out.len()], &mut singles[..out.len()]);
        for (place, &chunk) in bits.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *place = u16::from_le_bytes(chunk);
        }
        bits.reinterpret_cast::<f16>().convert_to_f32_slice(singles);
        for (place, &single) in out.iter_mut().zip(singles.iter()) {
            *place = f64::from(single);
        }
    }
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn every_half_is_exact() {
        let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let mut out = vec![0.0; 1 << 16];
        Float::F16.decode(&all, &mut out);
        for (bits, &value) in (0..=u16::MAX).zip(&out) {
            let expected = f16::from_bits(bits).to_f64();
            assert!(value == expected || value.is_nan() && expected.is_nan());
        }
        Float::Bf16.decode(&all, &mut out);
        for (bits, &value) in (0..=u16::MAX).zip(&out) {
            let expected = bf16::from_bits(bits).to_f64();
            assert!(value == expected || value.is_nan() && expected.is_nan());
        }
    }
}
