//! An adapter that was read: its paths as somebody renames them, and each module's weight in the base.

use std::collections::{BTreeMap, BTreeSet};

use super::module::{AdaptedModule, BaseIndex, LaidIndex, Part, Placed, component_of};
use super::opened::Adapter;
use super::rename::{Rename, renamed};

/// Replaces prefixes of all paths.
pub(super) fn rename(adapter: &mut Adapter, renames: &[Rename]) {
    adapter.places.take();
    for module in adapter.modules.iter_mut().chain(&mut adapter.replacements) {
        let path = renamed(&module.path, renames);
        if path != module.path && !component_of(&path).is_empty() {
            module.component = component_of(&path);
        }
        module.path = path;
        module.target.tensor = renamed(&module.target.tensor, renames);
    }
}

/// Notes which renames apply to the file's names.
pub(super) fn note_renames(adapter: &mut Adapter, names: &BTreeSet<String>, renames: &[Rename]) {
    let applies = |rename: &&Rename| names.iter().any(|name| rename.apply(name).is_some());
    adapter.renames = renames.iter().filter(applies).cloned().collect();
}

/// Lays the adapter on a base as a whole, and says what a reader must know of it.
pub(super) fn place(adapter: &mut Adapter, base: &dyn BaseIndex) {
    let all = || adapter.modules.iter().chain(&adapter.replacements);
    let wanted: Vec<String> = all().map(|module| module.target.tensor.clone()).collect();
    let laid = base.laid(&wanted.iter().cloned().collect(), &[]);
    let Adapter {
        modules,
        replacements,
        notes,
        ..
    } = adapter;
    for module in modules.iter_mut().chain(replacements.iter_mut()) {
        if module.placed == Placed::NotAsked {
            laid.place(module);
        }
    }
    notes.extend(copies(modules, laid.as_ref()));
    for (from, to) in laid.changes() {
        let own = |path: &str| {
            if path.is_empty() {
                "no prefix".into()
            } else {
                format!("`{path}.`")
            }
        };
        notes.push(format!(
            "its modules under {} are taken for those under {} in the base",
            own(&from),
            own(&to)
        ));
    }
    notes.extend(share(modules, &wanted));
}

/// Takes W from the adapter's own copy where the base's has other rows, and says so.
fn copies(modules: &mut [AdaptedModule], base: &dyn LaidIndex) -> Vec<String> {
    let mut notes = Vec::new();
    for module in modules {
        let Some(copy) = &module.copy else {
            continue;
        };
        let sides = copy.dim();
        let fits = [(module.d_out, module.d_in), (module.d_in, module.d_out)].contains(&sides);
        let shape = base.shape(&module.target.tensor);
        if fits && shape.as_deref() != Some(&[sides.0, sides.1]) {
            module.placed = Placed::InAdapter;
            notes.push(format!(
                "W of `{}` is the copy in the adapter's file, as the base has none of {} × {}",
                module.path, sides.0, sides.1
            ));
        }
    }
    notes
}

/// Refuses to take one weight for that of two modules, but where the model itself does: notes about
/// those.
fn share(modules: &mut [AdaptedModule], wanted: &[String]) -> Vec<String> {
    type Weight = (String, Part);
    let mut holders: BTreeMap<Weight, Vec<usize>> = BTreeMap::new();
    for (number, module) in modules.iter().enumerate() {
        if module.placed == Placed::There {
            let weight = (module.target.tensor.clone(), module.target.part);
            holders.entry(weight).or_default().push(number);
        }
    }
    let mut copies: Vec<String> = Vec::new();
    for ((tensor, _), numbers) in holders.iter().filter(|(_, numbers)| numbers.len() > 1) {
        let names: BTreeSet<&String> = numbers.iter().map(|&number| &wanted[number]).collect();
        if names.len() == 1 {
            copies.extend(
                numbers
                    .iter()
                    .map(|&number| format!("`{}`", modules[number].path)),
            );
            continue;
        }
        let with = modules[numbers[0]].path.clone();
        for &number in &numbers[1..] {
            if !numbers.iter().any(|&number| modules[number].is_tied) {
                modules[number].placed = Placed::Shared {
                    tensor: tensor.clone(),
                    with: with.clone(),
                };
            }
        }
    }
    let mut notes = Vec::new();
    if let [first, second, ..] = copies.as_slice() {
        notes.push(format!(
            "{} modules have the weight of another too, as the config's layer_replication says, such \
             as {first} and {second}",
            copies.len()
        ));
    }
    for module in modules.iter().filter(|module| module.is_tied) {
        notes.push(format!(
            "`{}` has no weight of its own: the model ties it to `{}`",
            module.path, module.target.tensor
        ));
    }
    notes
}
