//! Which modules of two adapters are one: of one component and with one path in it.
//!
//! # Decisions
//!
//! - Where a base has both, they are one when their weights are. Else the second adapter is laid on
//!   the names of the first as on those of a base (`laid.rs`): one change of prefix for each of its
//!   components.
//! - Names are compared in one spelling (`adapter/spelling.rs`), so that dots and underscores, and the
//!   two ways to name a U-Net's parts, make no difference.
//! - Components that both files name are one only under one name. Where a file names none, the other's
//!   may be meant, if it has the modules in one component alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::component::{self, AMBIGUOUS, of_path};
use crate::adapter::spelling::{is_known_part, spelled};
use crate::adapter::{AdaptedModule, Placed, other_name};

use super::catalogue::Catalogue;
use super::kept::Within;
use super::laid::Laid;
use super::prefixes::{Relation, WRAPPERS, halves, has_part, is_language, joined, kinship};

/// A third text encoder's parts, which no other has: FLUX calls it the second.
const T5: [&str; 3] = ["SelfAttention", "EncDecAttention", "DenseReluDense"];

/// For each of an adapter's modules, the one of `known` that is the same module of the model.
///
/// Modules of one name always are, unless both files say that they are of different components. Else
/// they meet where one change of prefix serves a whole component, and no shape differs.
///
/// ```
/// use lora_subspace_core::adapter::{Adapter, ReadOptions};
/// use lora_subspace_core::base::meet;
/// use safetensors::tensor::{Dtype, TensorView};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let open = |name: &str, start: &str| -> Result<Adapter, Box<dyn std::error::Error>> {
///     let number = 1.0_f32.to_le_bytes();
///     let one = || TensorView::new(Dtype::F32, vec![1, 1], &number);
///     let tensors = ["A", "B"].map(|factor| format!("{start}.lora_{factor}.weight"));
///     let path = folder.path().join(name);
///     let file = safetensors::serialize([(&tensors[0], one()?), (&tensors[1], one()?)], None)?;
///     std::fs::write(&path, file)?;
///     Ok(Adapter::open(&path, &ReadOptions::new().alpha(1.0))?)
/// };
/// let one = open("one.safetensors", "unet.down_blocks.0.attentions.0.to_q")?;
/// let other = open("other.safetensors", "down_blocks.0.attentions.0.to_q")?;
/// let [one, other] = [&one, &other].map(|adapter| adapter.modules.iter().collect::<Vec<_>>());
/// assert_eq!(meet(&one, &other), [Some(0)]);
/// # Ok(())
/// # }
/// ```
pub fn meet(known: &[&AdaptedModule], own: &[&AdaptedModule]) -> Vec<Option<usize>> {
    if let Some(met) = under_same_names(known, own) {
        return met;
    }
    let by_name = Names::of(known).meet(&Names::of(own));
    let mut weights = BTreeMap::new();
    for (number, module) in known.iter().enumerate() {
        if let Some(weight) = weight(module) {
            weights.entry(weight).or_insert(number);
        }
    }
    let mut met: Vec<Option<usize>> = own
        .iter()
        .zip(by_name)
        .map(|(module, named)| match weight(module) {
            None => named,
            Some(own) => {
                let by_weight = weights.get(&own).copied();
                by_weight.or(named.filter(|&number| weight(known[number]).is_none()))
            }
        })
        .collect();
    keep_apart(known, own, &mut met);
    met
}

/// The usual case: one library wrote both files, and there is nothing to find out.
fn under_same_names(
    known: &[&AdaptedModule],
    own: &[&AdaptedModule],
) -> Option<Vec<Option<usize>>> {
    if known.is_empty() {
        return Some(vec![None; own.len()]);
    }
    let names = known.iter().map(|module| name(module));
    let numbers: BTreeMap<(&str, &str), usize> = names.zip(0..).collect();
    let met = own.iter().map(|module| numbers.get(&name(module)).copied());
    met.map(|number| number.map(Some)).collect()
}

/// A module's path, and the component that its file says it is of.
fn name(module: &AdaptedModule) -> (&str, &str) {
    (&module.path, module.component)
}

/// Where a module's W is in the base, and which rows of it.
type Weight<'a> = (&'a str, crate::adapter::Part, Vec<(usize, usize)>);

fn weight(module: &AdaptedModule) -> Option<Weight<'_>> {
    let rows = module.slice.iter().flat_map(|slice| &slice.rows);
    let rows = rows.map(|rows| (rows.start, rows.end)).collect();
    let target = &module.target;
    (module.placed == Placed::There).then_some((target.tensor.as_str(), target.part, rows))
}

/// Takes modules apart again that have other names and belong to a component in which some shape
/// differs, and all but the first of those that met one module.
fn keep_apart(known: &[&AdaptedModule], own: &[&AdaptedModule], met: &mut [Option<usize>]) {
    let start = |number: usize| halves(&own[number].path).0.to_string();
    let differs = |number: usize, other: usize| {
        let sides = |module: &AdaptedModule| (module.d_out, module.d_in);
        own[number].path != known[other].path && sides(own[number]) != sides(known[other])
    };
    let pairs = met.iter().enumerate();
    let odd: BTreeSet<String> = pairs
        .filter(|(number, other)| other.is_some_and(|other| differs(*number, other)))
        .map(|(number, _)| start(number))
        .collect();
    let mut taken = BTreeSet::new();
    for number in 0..met.len() {
        let Some(other) = met[number] else { continue };
        let is_renamed = own[number].path != known[other].path;
        let is_odd = is_renamed && odd.contains(&start(number));
        if is_odd || !taken.insert(other) {
            met[number] = None;
        }
    }
}

/// An adapter's modules by their names in one spelling.
struct Names {
    /// The path of each module.
    paths: Vec<String>,
    /// What all paths of the file begin with before the first known part.
    shared: String,
}

impl Names {
    fn of(modules: &[&AdaptedModule]) -> Self {
        let paths: Vec<String> = modules.iter().map(|module| path(module)).collect();
        Names {
            shared: shared_start(&paths),
            paths,
        }
    }

    /// For each of the other's modules, the number of the own that has its name.
    fn meet(&self, other: &Names) -> Vec<Option<usize>> {
        let paths: Vec<&str> = self.paths.iter().map(String::as_str).collect();
        let catalogue = Catalogue::new(&paths, false);
        let tensors = other.paths.iter().cloned().collect();
        let related = |theirs: &str, ours: &str| self.related(other, ours, theirs);
        let laid = Laid::new(&tensors, &catalogue, &related);
        let numbers: BTreeMap<&str, usize> = paths.iter().copied().zip(0..).collect();
        let place = |path: &String| {
            let kept = laid.get(path, &catalogue).ok();
            let kept = kept.filter(|kept| kept.part == Within::All)?;
            numbers.get(kept.tensor.as_str()).copied()
        };
        other.paths.iter().map(place).collect()
    }

    /// How the start of an own path is one of the other's.
    fn related(&self, other: &Names, ours: &str, theirs: &str) -> Option<Relation> {
        let components = [ours, theirs].map(component_in);
        if let [Some(one), Some(another)] = components
            && one != another
        {
            return None;
        }
        let bare = |start: &str, names: &Names, against: &str| {
            let rest = start.strip_prefix(&format!("{}.", names.shared))?;
            let is_free = !names.shared.is_empty() && !is_language(against);
            let related = kinship(rest, against).filter(|_| is_free)?;
            (related <= Relation::Wrappers).then_some(Relation::Name)
        };
        kinship(theirs, ours)
            .or_else(|| bare(theirs, other, ours))
            .or_else(|| bare(ours, self, theirs))
    }
}

/// A module's path in one spelling, behind the name of its component where the file says it.
fn path(module: &AdaptedModule) -> String {
    let (_, inner) = of_path(&module.path);
    let inner = other_name(inner).unwrap_or_else(|| inner.to_string());
    // `transformer.blocks` is no `transformer_blocks`.
    let inner = match inner.split_once('.') {
        Some((AMBIGUOUS, rest)) => joined(AMBIGUOUS, &spelled(rest, &WRAPPERS)),
        _ => spelled(&inner, &WRAPPERS),
    };
    let is_t5 = T5.iter().any(|part| inner.contains(part));
    match module.component {
        "text_encoder_2" if is_t5 => joined("text_encoder_3", &inner),
        component => joined(component, &inner),
    }
}

/// The component in front of a path in one spelling.
fn component_in(path: &str) -> Option<&'static str> {
    let first = path.split('.').next()?;
    component::named(first).map(|component| component.name)
}

/// What all paths begin with before the first known part, without the name of a list of blocks.
fn shared_start(paths: &[String]) -> String {
    let free = |path: &String| -> Vec<String> {
        let (start, _) = halves(path);
        let names: Vec<&str> = start.split('.').collect();
        let is_free = |name: &&&str| {
            let is_wrapper = WRAPPERS.contains(*name);
            !is_wrapper && !is_known_part(name) && !has_part(name)
        };
        let names = &names[..names.len().saturating_sub(1)];
        let names = names.iter().take_while(is_free);
        names.map(|name| name.to_string()).collect()
    };
    let mut all = paths.iter().map(free);
    let first = all.next().unwrap_or_default();
    let common = |shared: Vec<String>, names: Vec<String>| {
        let both = shared.into_iter().zip(names);
        let same = both.take_while(|(one, other)| one == other);
        same.map(|(name, _)| name).collect()
    };
    all.fold(first, common).join(".")
}
