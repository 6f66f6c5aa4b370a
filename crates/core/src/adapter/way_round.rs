//! Which way round factors are stored: A may be r × d_in, or d_in × r where a class computes x·A·B.

use crate::error::Result;

use super::AdaptedModule;
use super::factors::RIGHT_WAY_ROUND;
use super::formula::Formula;
use super::found::Content;
use super::update::Update;

/// Whether factors B·A would multiply the other way round too, and would have a rank within their
/// widths only then.
pub(super) fn is_beyond(b: &Formula, a: &Formula) -> bool {
    let ((d_out, rank), d_in) = (b.dim(), a.dim().1);
    d_out == d_in && rank > d_out
}

/// Refuses an adapter all of whose factors look transposed, where nothing states their ranks. A
/// file of large ranks has wider modules too.
///
/// # Errors
///
/// [`crate::Error::Tensor`] about the first of them.
pub(super) fn check(content: &Content) -> Result<()> {
    let mut products = content.modules.iter().filter_map(factors);
    let Some((b, a)) = products.next() else {
        return Ok(());
    };
    let looks_so = is_beyond(b, a) && products.all(|(b, a)| is_beyond(b, a));
    if content.ranks_are_stated || !looks_so {
        return Ok(());
    }
    let ((d_out, rank), d_in) = (b.dim(), a.dim().1);
    let problem = format!(
        "rank {rank} is above both widths ({d_out} × {d_in}), and so it is in every module: the \
         factors look transposed"
    );
    Err(a.error(problem, RIGHT_WAY_ROUND))
}

fn factors(module: &AdaptedModule) -> Option<(&Formula, &Formula)> {
    match &module.update {
        Update::Product { b, a } => Some((b, a)),
        Update::Normalised { direction, .. } => match direction.as_ref() {
            Update::Product { b, a } => Some((b, a)),
            _ => None,
        },
        _ => None,
    }
}
