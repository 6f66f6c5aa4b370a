//! Stored numbers to f64.

use half::f16;
use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};

/// A type that weights are stored in; each of its numbers converts to f64 exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// The IEEE double, 64 bits.
    F64,
    /// The IEEE single, 32 bits.
    F32,
    /// The IEEE half, 16 bits.
    F16,
    /// The upper half of an IEEE single.
    Bf16,
    /// Eight bits, four of them exponent: up to 448, no infinity.
    F8E4M3,
    /// The upper half of an IEEE half.
    F8E5M2,
    /// A signed integer of 64 bits, read exactly up to 2⁵³.
    I64,
    /// A signed integer of 32 bits.
    I32,
    /// A signed integer of 16 bits.
    I16,
    /// A signed integer of 8 bits.
    I8,
    /// An unsigned integer of 8 bits.
    U8,
    /// A truth value in one byte: 0 is false, anything else is true.
    Bool,
}

/// f16 goes through f32, this many at a time.
const BATCH: usize = 1024;
/// Up to here f64 has every integer.
const LARGEST_INTEGER: u64 = 1 << 53;

impl Number {
    /// How many bytes one number takes.
    pub fn size(self) -> usize {
        match self {
            Number::F64 | Number::I64 => 8,
            Number::F32 | Number::I32 => 4,
            Number::F16 | Number::Bf16 | Number::I16 => 2,
            Number::F8E4M3 | Number::F8E5M2 | Number::I8 | Number::U8 | Number::Bool => 1,
        }
    }

    /// Whether it is one of the two eight-bit floating-point types, which often go with a scale.
    pub fn is_fp8(self) -> bool {
        matches!(self, Number::F8E4M3 | Number::F8E5M2)
    }

    /// Whether it has whole numbers only.
    pub fn is_integer(self) -> bool {
        use Number::{Bool, I8, I16, I32, I64, U8};
        matches!(self, I64 | I32 | I16 | I8 | U8 | Bool)
    }

    /// Converts little-endian numbers, as many as `out` holds. An i64 beyond ±2⁵³, which f64 may
    /// not have, becomes NaN.
    ///
    /// The bytes need no alignment: each number is copied out, and the compiler makes vector code
    /// of it; f16 uses the CPU's own conversion where there is one.
    ///
    /// # Panics
    ///
    /// When `bytes` is not `out.len()` numbers long.
    ///
    /// ```
    /// use lora_subspace_core::tensors::Number;
    /// let mut out = [0.0; 2];
    /// Number::Bf16.decode(&[0x80, 0x3f, 0x00, 0xc0], &mut out); // 0x3f80, 0xc000
    /// assert_eq!(out, [1.0, -2.0]);
    /// ```
    pub fn decode(self, bytes: &[u8], out: &mut [f64]) {
        assert_eq!(bytes.len(), out.len() * self.size(), "length of {self:?}");
        match self {
            Number::F64 => each(bytes, out, f64::from_le_bytes),
            Number::F32 => each(bytes, out, |b| f64::from(f32::from_le_bytes(b))),
            Number::Bf16 => each(bytes, out, |b| {
                f64::from(f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16))
            }),
            Number::F16 => decode_halves(bytes, out),
            Number::F8E4M3 => each(bytes, out, |[b]| E4M3[usize::from(b)]),
            Number::F8E5M2 => each(bytes, out, |[b]| f16::from_bits(u16::from(b) << 8).to_f64()),
            Number::I64 => each(bytes, out, |b| exact(i64::from_le_bytes(b))),
            Number::I32 => each(bytes, out, |b| f64::from(i32::from_le_bytes(b))),
            Number::I16 => each(bytes, out, |b| f64::from(i16::from_le_bytes(b))),
            Number::I8 => each(bytes, out, |b| f64::from(i8::from_le_bytes(b))),
            Number::U8 => each(bytes, out, |[b]| f64::from(b)),
            Number::Bool => each(bytes, out, |[b]| f64::from(u8::from(b != 0))),
        }
    }
}

/// Every e4m3fn number: bias 7, subnormals, and NaN where all seven bits are set.
static E4M3: [f64; 256] = {
    let mut table = [0.0; 256];
    let mut bits = 0;
    while bits < 256 {
        let (exponent, mantissa) = ((bits >> 3) & 15, bits & 7);
        // 2⁻⁹ is the smallest number, and each step of the exponent doubles.
        let mut value = if exponent == 0 {
            mantissa as f64
        } else {
            ((8 + mantissa) << (exponent - 1)) as f64
        } / 512.0;
        if exponent == 15 && mantissa == 7 {
            value = f64::NAN;
        }
        table[bits] = if bits < 128 { value } else { -value };
        bits += 1;
    }
    table
};

fn exact(integer: i64) -> f64 {
    if integer.unsigned_abs() <= LARGEST_INTEGER {
        integer as f64
    } else {
        f64::NAN
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
        Number::F16.decode(&all, &mut out);
        for (bits, &value) in (0..=u16::MAX).zip(&out) {
            let expected = f16::from_bits(bits).to_f64();
            assert!(value == expected || value.is_nan() && expected.is_nan());
        }
        Number::Bf16.decode(&all, &mut out);
        for (bits, &value) in (0..=u16::MAX).zip(&out) {
            let expected = bf16::from_bits(bits).to_f64();
            assert!(value == expected || value.is_nan() && expected.is_nan());
        }
    }

    /// Values from torch 2.15, `torch.arange(256, dtype=torch.uint8).view(dtype).double()`.
    #[test]
    fn eight_bits_are_what_torch_says() {
        let decoded = |number: Number, bytes: &[u8]| {
            let mut out = vec![0.0; bytes.len()];
            number.decode(bytes, &mut out);
            out
        };
        let some = [0x00, 0x01, 0x07, 0x08, 0x38, 0x7e, 0x81, 0xc4];
        assert_eq!(
            decoded(Number::F8E4M3, &some),
            [
                0.0,
                0.001953125,
                0.013671875,
                0.015625,
                1.0,
                448.0,
                -0.001953125,
                -3.0
            ]
        );
        assert!(
            decoded(Number::F8E4M3, &[0x7f, 0xff])
                .iter()
                .all(|x| x.is_nan())
        );
        let some = [0x00, 0x01, 0x3c, 0x7b, 0x7c, 0xbd];
        assert_eq!(
            decoded(Number::F8E5M2, &some),
            [0.0, 1.52587890625e-5, 1.0, 57344.0, f64::INFINITY, -1.25]
        );
    }

    #[test]
    fn integers_are_exact_or_nothing() {
        let large = 1_i64 << 53;
        let bytes: Vec<u8> = [large, -large, large + 1, i64::MIN, -7]
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let mut out = [0.0; 5];
        Number::I64.decode(&bytes, &mut out);
        assert_eq!(out[..2], [large as f64, -large as f64]);
        assert!(out[2].is_nan() && out[3].is_nan());
        assert_eq!(out[4], -7.0);
        let mut out = [0.0; 2];
        Number::Bool.decode(&[0, 1], &mut out);
        assert_eq!(out, [0.0, 1.0]);
        Number::I8.decode(&[0x80, 0x7f], &mut out);
        assert_eq!(out, [-128.0, 127.0]);
    }
}
