//! Factors in three axes: the experts of a stack, one matrix each.

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::formula::Formula;
use super::found::Found;
use super::{AdaptedModule, Part, Stored};

/// What is asked about two factors.
pub(super) struct Pair<'m> {
    pub(super) a: &'m str,
    pub(super) b: &'m str,
    /// The rank that a config gives the module.
    pub(super) stated: Option<f64>,
}

/// B and A of each expert, where the factors are stacks: A (experts, r, in), B (experts, out, r). One
/// that all experts share has one matrix, or two axes. `None` where they are a layer's, or a
/// one-dimensional convolution's (r, in, k) and (out, r, 1).
///
/// # Errors
///
/// [`Error::Tensor`] for factors of three axes that are neither.
pub(super) fn read(found: &Found, pair: &Pair) -> Result<Option<Vec<(Formula, Formula)>>> {
    let (a, b) = (found.shape(pair.a), found.shape(pair.b));
    if a.len().max(b.len()) != 3 || a.len().min(b.len()) < 2 {
        return Ok(None);
    }
    let (count_a, rows) = (if a.len() == 3 { a[0] } else { 1 }, a[a.len() - 2]);
    let (count_b, columns) = (if b.len() == 3 { b[0] } else { 1 }, b[b.len() - 1]);
    let are_stacks = rows == columns && (count_a == count_b || count_a == 1 || count_b == 1);
    let is_layer = match (a, b) {
        ([rank, ..], [_, columns, 1]) => rank.is_multiple_of(*columns),
        (&[rank, _, _], &[_, columns]) => rank == columns,
        _ => false,
    };
    let is_stated = pair.stated == Some(rows as f64) && pair.stated != Some(a[0] as f64);
    if is_layer && !(are_stacks && is_stated) {
        return Ok(None);
    }
    if !are_stacks {
        return Err(neither(found, pair));
    }
    let part = |name: &str, axes: usize, count: usize, expert: usize| match axes {
        3 => found.part(name, if count == 1 { 0 } else { expert }),
        _ => found.tensor(name),
    };
    let expert = |e: usize| {
        Ok((
            part(pair.b, b.len(), count_b, e)?,
            part(pair.a, a.len(), count_a, e)?,
        ))
    };
    (0..count_a.max(count_b))
        .map(expert)
        .collect::<Result<_>>()
        .map(Some)
}

/// The error about factors of three axes that are no experts'.
pub(super) fn neither(found: &Found, pair: &Pair) -> Error {
    let problem = format!(
        "shape {:?}, and `{}` has {:?}: three axes, a stack of experts, where (experts, r, in) and \
         (experts, out, r) were expected",
        found.shape(pair.a),
        pair.b,
        found.shape(pair.b)
    );
    let remedy = format!(
        "save each expert's factors as a layer of its own, or give the merged model, and the original one with {}",
        Setting::Base
    );
    found.error(pair.a, problem, &remedy)
}

/// Sets where one expert's W is: in a stack under the module's own name, or a layer of its own.
pub(super) fn place(found: &Found, module: &mut AdaptedModule, path: &str, expert: usize) {
    let base = found.base;
    let is_stack = |name: &String| {
        let tensor = base.and_then(|base| base.shape(&base.find(name)?));
        tensor.is_some_and(|shape| shape.len() == 3)
    };
    let own = [path.to_string(), format!("{path}.weight")];
    if let Some(stack) = own.into_iter().find(is_stack) {
        module.target.tensor = stack;
        module.target.part = Part::Expert(expert);
        module.target.stored = Stored::Usual;
    } else if let Some((container, layer)) = path.rsplit_once('.') {
        module.target.tensor = format!("{container}.{expert}.{layer}.weight");
    }
}
