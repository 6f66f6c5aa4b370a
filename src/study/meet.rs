//! Modules that are one have one name in a study: that of the first adapter that has them.

use std::collections::BTreeMap;

use crate::adapter::{AdaptedModule, Adapter, natural_order};
use crate::base::meet;

/// Calls the modules of all adapters as the first adapter calls them that has them, and notes it. A
/// module that another adapter calls by the same name, and that is another's, gets its component's
/// name in front. The checkpoints of an adapter's run, which have its modules, are called likewise.
pub(crate) fn under_one_name<'a>(
    adapters: impl Iterator<Item = (&'a str, &'a mut Adapter, Vec<&'a mut Adapter>)>,
) {
    let mut known: Vec<AdaptedModule> = Vec::new();
    let mut owners: Vec<&str> = Vec::new();
    for (name, adapter, checkpoints) in adapters {
        let own: Vec<&AdaptedModule> = all(adapter).collect();
        let met = meet(&known.iter().collect::<Vec<_>>(), &own);
        let is_taken = |path: &str| known.iter().any(|module| module.path == path);
        let called = |(module, met): (&&AdaptedModule, &Option<usize>)| match met {
            Some(number) => known[*number].path.clone(),
            None if !is_taken(&module.path) => module.path.clone(),
            None if module.component.is_empty() => format!("{name}.{}", module.path),
            None => format!("{}.{}", module.component, module.path),
        };
        let paths: Vec<String> = own.iter().zip(&met).map(called).collect();
        let note = note(&own, &paths, |number| met[number].map(|one| owners[one]));
        let names = own.iter().map(|module| module.path.clone()).zip(&paths);
        let names: BTreeMap<String, &String> = names.collect();
        for checkpoint in checkpoints {
            let called = |module: &AdaptedModule| match names.get(&module.path) {
                Some(path) => path.to_string(),
                None => module.path.clone(),
            };
            let paths: Vec<String> = all(checkpoint).map(called).collect();
            rename(checkpoint, &paths);
        }
        rename(adapter, &paths);
        adapter.notes.extend(note);
        let is_new = |path: &str| !known.iter().any(|module| module.path == path);
        let new: Vec<AdaptedModule> = all(adapter)
            .filter(|module| is_new(&module.path))
            .cloned()
            .collect();
        owners.resize(owners.len() + new.len(), name);
        known.extend(new);
    }
}

fn all(adapter: &Adapter) -> impl Iterator<Item = &AdaptedModule> {
    adapter.modules.iter().chain(&adapter.replacements)
}

fn rename(adapter: &mut Adapter, paths: &[String]) {
    let Adapter {
        modules,
        replacements,
        ..
    } = adapter;
    let named = modules.iter_mut().chain(replacements.iter_mut()).zip(paths);
    for (module, path) in named {
        module.path.clone_from(path);
    }
    for modules in [modules, replacements] {
        modules.sort_by(|one, other| natural_order(&one.path, &other.path));
    }
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
