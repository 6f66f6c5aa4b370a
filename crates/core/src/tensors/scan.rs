//! What can be said of a tensor's numbers without holding them.

use crate::error::Result;

use super::file::TensorFile;

impl TensorFile {
    /// Whether every entry is zero (−0 counts as zero, NaN does not).
    ///
    /// # Errors
    ///
    /// As [`TensorFile::array`], but for the values.
    pub fn is_zero(&self, name: &str) -> Result<bool> {
        let mut zero = true;
        self.pass(name, |chunk| {
            zero = chunk.iter().all(|&x| x == 0.0);
            zero
        })?;
        Ok(zero)
    }

    /// The largest |x| of a tensor's numbers x: infinity where one is, NaN where one is none.
    ///
    /// # Errors
    ///
    /// As [`TensorFile::array`], but for the values.
    pub(crate) fn largest(&self, name: &str) -> Result<f64> {
        let mut most = 0;
        self.pass(name, |chunk| {
            // Bits of numbers without a sign are in the order of the numbers; then infinity, then NaN.
            let bits = chunk.iter().map(|x| x.abs().to_bits());
            most = bits.fold(most, u64::max);
            true
        })?;
        Ok(f64::from_bits(most))
    }
}
