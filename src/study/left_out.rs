//! Modules that cannot be measured: the rest is, and each of them is named with its cause.

use std::collections::BTreeSet;

use crate::adapter::LeftOut;
use crate::asked::Asked;
use crate::error::{CoreError, Error, Result};

use super::checks::{self, Held};

/// The modules that can be measured, and those that cannot.
///
/// # Errors
///
/// The first cause where nothing is left, where the request is strict, or where it names the module
/// without a wildcard. A weight that could be any of several is an error in any case.
pub(super) fn leave_out(held: &Held, modules: Vec<String>) -> Result<(Vec<String>, Vec<LeftOut>)> {
    let (mut kept, mut left) = (Vec::new(), Vec::new());
    let mut causes = checks::numbers(held, &modules)?;
    for module in modules {
        let checked = checks::module(held, &module);
        match checked.and_then(|()| causes.remove(&module).map_or(Ok(()), Err)) {
            Ok(()) => kept.push(module),
            Err(error) => left.push((module, error)),
        }
    }
    let selection = &held.request.selection;
    let is_error = |one: &(String, Error)| {
        held.request.strict || selection.names_whole(&one.0) || is_ambiguous(one)
    };
    if kept.is_empty() {
        let paths: Vec<&str> = left.iter().map(|(path, _)| path.as_str()).collect();
        if let Some(error) = checks::fits_none(held, &paths) {
            return Err(error);
        }
        if let Some((_, first)) = left.into_iter().next() {
            return Err(first);
        }
        return Ok((kept, Vec::new()));
    }
    if let Some(place) = left.iter().position(is_error) {
        return Err(left.swap_remove(place).1);
    }
    let of_layouts = of_layouts(held)?;
    let left = left.into_iter().map(|(module, error)| LeftOut {
        cause: cause(&error),
        module,
    });
    Ok((kept, of_layouts.into_iter().chain(left).collect()))
}

/// What the adapters' layouts left out of what is selected.
fn of_layouts(held: &Held) -> Result<Vec<LeftOut>> {
    let selection = &held.request.selection;
    let mut all: Vec<LeftOut> = Vec::new();
    let mut met: BTreeSet<(&str, &str)> = BTreeSet::new();
    for one in held
        .adapters
        .iter()
        .flat_map(|named| &named.adapter.left_out)
    {
        if !selection.takes(&one.module) || !met.insert((&one.module, &one.cause)) {
            continue;
        }
        if held.request.strict || selection.names_whole(&one.module) {
            let LeftOut { module, cause } = one;
            let remedy = format!("leave out {}, or choose other modules", Asked::Strict);
            return Err(Error::request(
                format!("module `{module}`"),
                cause.as_str(),
                remedy,
            ));
        }
        all.push(one.clone());
    }
    Ok(all)
}

fn is_ambiguous((_, error): &(String, Error)) -> bool {
    matches!(innermost(error), Error::Core(CoreError::Ambiguous { .. }))
}

/// Why a module is left out, in words that do not repeat its name.
fn cause(error: &Error) -> String {
    match innermost(error) {
        Error::Core(CoreError::Unresolved { .. }) => "no weight in the base".into(),
        Error::Core(CoreError::Request {
            problem, remedy, ..
        }) => format!("{problem}; {remedy}"),
        other => other.to_string(),
    }
}

/// An error without the lines of a study around it.
fn innermost(error: &Error) -> &Error {
    match error {
        Error::Study { source, .. } => innermost(source),
        other => other,
    }
}
