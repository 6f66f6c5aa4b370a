//! Whether a ΔW is one that f64 can measure.
//!
//! # Decisions
//!
//! - Norms are measured from 10⁻³⁰⁰ to 10³⁰⁰. Sums of them, their products with a rank and rounding
//!   beside them then stay in f64's range.
//! - Each tensor is passed over once before anything is measured. That costs less than its digest,
//!   and a module that cannot be measured is then no part of a plan.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::linalg::largest;
use crate::setting::Setting;

use super::formula::{Bound, Formula, Largest};
use super::module::AdaptedModule;
use super::opened::Adapter;
use super::update::OUT_OF_RANGE;

/// ‖·‖_F of the matrices that are measured, if they are not zero.
pub const NORMS: RangeInclusive<f64> = 1e-300..=1e300;

/// A bound on ‖ΔW‖_F of these exponents is not looked at twice.
const SURE: RangeInclusive<i32> = -900..=900;

impl Adapter {
    /// Of the modules that are asked for, those whose numbers give no ΔW that can be measured, each
    /// with the cause: a NaN or an infinity in a tensor, a scale that is none, or ‖ΔW‖_F beyond
    /// [`NORMS`].
    ///
    /// Of a ΔW that is formed with W only its tensors are looked at.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Changed`], of a file that cannot be read any more.
    pub fn unmeasurable(
        &self,
        is_asked: impl Fn(&str) -> bool + Sync,
    ) -> Result<Vec<(String, Error)>> {
        let known = Largest::default();
        let modules: Vec<&AdaptedModule> = self
            .modules
            .iter()
            .chain(&self.replacements)
            .filter(|module| is_asked(&module.path))
            .collect();
        let cause = |module: &&AdaptedModule| match self.check_numbers(module, &known) {
            Ok(()) => None,
            // Nothing that its numbers are to blame for.
            Err(error @ (Error::Io { .. } | Error::Changed { .. })) => Some(Err(error)),
            Err(error) => Some(Ok((module.path.clone(), error))),
        };
        modules.par_iter().filter_map(cause).collect()
    }

    fn check_numbers(&self, module: &AdaptedModule, known: &Largest) -> Result<()> {
        let (update, scale) = (&module.update, module.scale);
        if !scale.is_finite() {
            let problem = format!("the scale s of its ΔW is {scale}, as its α is no finite number");
            let remedy = format!("give α with {}", Setting::Alpha);
            return Err(update.error(&problem, &remedy));
        }
        let mut size = Bound::of(scale);
        for formula in update.formulas() {
            let bound = formula.bound(known)?;
            if bound == Bound::NoNumber {
                // The error names the entry, where one tensor has it.
                update.finite(formula)?;
            }
            size = size.times(bound);
        }
        // log₂ of √(d_out·d_in)·r, rounded up: ‖ΔW‖_F is at most so many times the largest entry.
        let (d_out, d_in) = update.dim();
        let sides = bits(d_out) + bits(d_in) + bits(update.rank().unwrap_or(1));
        match size {
            _ if update.needs_base() => Ok(()),
            // Something is zero, and so is ΔW.
            Bound::Zero => Ok(()),
            Bound::Power(size) if SURE.contains(&size) && SURE.contains(&(size + sides)) => Ok(()),
            _ => self.check_norm(module),
        }
    }

    fn check_norm(&self, module: &AdaptedModule) -> Result<()> {
        let update = &module.update;
        let delta = self.delta_with(&module.path, None, 1)?;
        let norm = delta.frobenius_norm()?;
        // Of a product that cancels nothing is left; a whole matrix was made of no zeros.
        let is_cancelled =
            || Ok::<_, Error>(update.rank().is_some() && delta.numerical_rank()? == 0);
        if NORMS.contains(&norm) || is_cancelled()? {
            return Ok(());
        }
        let size = |formula: &&Formula| Ok(format!("{:.3e}", largest(&update.finite(formula)?)));
        let sizes: Vec<String> = update.formulas().iter().map(size).collect::<Result<_>>()?;
        let problem = format!(
            "‖ΔW‖_F is {}, and norms from {:e} to {:e} are measured: s is {:.3e}, the largest entries are {}",
            in_words(norm),
            NORMS.start(),
            NORMS.end(),
            module.scale,
            sizes.join(" and "),
        );
        Err(update.error(&problem, OUT_OF_RANGE))
    }
}

/// A norm, or on which side of f64's range it lies.
fn in_words(norm: f64) -> String {
    match norm {
        f64::INFINITY => "above 1.8e308".into(),
        0.0 => "below 5e-324".into(),
        norm => format!("{norm:.3e}"),
    }
}

/// ⌈log₂ n⌉, or one more.
fn bits(n: usize) -> i32 {
    (usize::BITS - n.leading_zeros()) as i32
}
