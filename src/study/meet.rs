//! Modules that are one have one name in a study: that of the first adapter that has them.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::{AdaptedModule, Adapter};
use crate::base::meet;

/// An adapter by its name in the study, and others of its run, with the same modules.
type OfRun<'a> = (&'a str, &'a mut Adapter, Vec<&'a mut Adapter>);

/// Calls the modules of all adapters as the first adapter calls them that has them, and notes it. A
/// module that another adapter calls by the same name, and that is another's, gets its component's
/// name in front.
pub(crate) fn under_one_name<'a>(adapters: impl Iterator<Item = OfRun<'a>>) {
    let mut known: Vec<AdaptedModule> = Vec::new();
    let mut owners: Vec<&str> = Vec::new();
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for (name, adapter, of_run) in adapters {
        let own: Vec<&AdaptedModule> = all(adapter).collect();
        let met = meet(&known.iter().collect::<Vec<_>>(), &own);
        let called = |(module, met): (&&AdaptedModule, &Option<usize>)| match met {
            Some(number) => known[*number].path.clone(),
            None if !paths.contains(&module.path) => module.path.clone(),
            None if module.component.is_empty() => format!("{name}.{}", module.path),
            None => format!("{}.{}", module.component, module.path),
        };
        let owner = |number: usize| met[number].map(|one| owners[one]);
        let names: Vec<String> = own.iter().zip(&met).map(called).collect();
        let note = note(&own, &names, owner);
        let own = own.iter().map(|module| module.path.clone());
        let names: BTreeMap<String, String> = own.zip(names).collect();
        for adapter in of_run {
            adapter.call(&names);
        }
        adapter.call(&names);
        adapter.notes.extend(note);
        let new = all(adapter).filter(|module| paths.insert(module.path.clone()));
        known.extend(new.cloned());
        owners.resize(known.len(), name);
    }
}

/// All modules of an adapter, those that were saved whole too.
pub(super) fn all(adapter: &Adapter) -> impl Iterator<Item = &AdaptedModule> {
    adapter.modules.iter().chain(&adapter.replacements)
}

/// A sentence where modules are not called as the file calls them.
fn note<'a>(
    own: &[&AdaptedModule],
    paths: &[String],
    owner: impl Fn(usize) -> Option<&'a str>,
) -> Option<String> {
    let changed = (0..own.len()).filter(|&number| own[number].path != paths[number]);
    let changed: Vec<usize> = changed.collect();
    let first = *changed.first()?;
    let as_in = owner(first).map_or(String::new(), |name| format!(" as {name} calls them"));
    let modules = match changed.len() {
        1 => "1 module is".to_string(),
        count => format!("{count} modules are"),
    };
    Some(format!(
        "{modules} called{as_in}, such as `{}` here `{}`",
        own[first].path, paths[first]
    ))
}
