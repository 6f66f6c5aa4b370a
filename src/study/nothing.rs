//! A study in which nothing is compared.

use std::path::Path;

use crate::error::{Error, Result};

use super::plan::{Plan, Source};

impl Plan {
    /// That something comes of a study; `file` is what the message names.
    ///
    /// # Errors
    ///
    /// Where [`Plan::compares_nothing`] says why.
    pub fn check_compares(&self, file: &Path) -> Result<()> {
        match self.compares_nothing() {
            None => Ok(()),
            Some(why) => Err(Error::request(
                format!("study {}", file.display()),
                format!("nothing is compared: {why}"),
                "name two adapters with common modules in [compare], or give a base",
            )),
        }
    }

    /// Why adapters give no figure and no table, in words; `None` where something comes of them.
    pub fn compares_nothing(&self) -> Option<String> {
        let Source::Adapters(measured) = &self.source else {
            return None;
        };
        let adapters = &measured.adapters;
        let is_pair = |one: &super::Comparison| {
            let is_adapter = |operand| matches!(operand, super::Operand::Adapter(_));
            is_adapter(one.first) && is_adapter(one.second)
        };
        let has_pair = measured.comparisons.iter().any(is_pair);
        let has_scores = !self.runs.rows.is_empty();
        let has_steps = adapters.iter().any(|named| named.steps.is_some());
        let has_many = measured.many.is_some();
        let has_other = has_scores || has_steps || has_many || measured.base.is_some();
        if has_pair || has_other {
            return None;
        }
        if let [only] = adapters.as_slice() {
            return Some(format!(
                "{} is its only adapter, and there is no base",
                only.name
            ));
        }
        let mut pairs = (0..adapters.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
        if pairs.any(|(one, other)| adapters[one].adapter.shares_with(&adapters[other].adapter)) {
            return Some("[compare] names no pair of its adapters, and there is no base".into());
        }
        let first = |place: usize| {
            let named = &adapters[place];
            let path = named
                .adapter
                .modules
                .first()
                .map(|module| module.path.as_str());
            format!("{} adapts `{}`", named.name, path.unwrap_or_default())
        };
        let (one, other) = (first(0), first(adapters.len() - 1));
        Some(format!(
            "no two of its adapters have a module in common: {one}, {other}"
        ))
    }
}
