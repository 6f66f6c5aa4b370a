//! Module names of kohya's, LyCORIS's and ComfyUI's files: paths whose dots became underscores, or
//! paths below a component.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::component::{all_begins, of_token};
use crate::adapter::spelling::decode;

use super::ldm;

/// Wrappers that a base's names may begin with and a token lacks.
const WRAPPERS: [&str; 2] = ["model.", "base_model.model."];

/// Paths by their dots' absence, of every matrix that a base has.
pub(super) struct Flattened {
    /// Flattened path to the base's tensors.
    places: BTreeMap<String, BTreeSet<Stored>>,
    /// Paths with their dots, as the base has them and as they are translated.
    paths: BTreeSet<String>,
}

/// Where a weight is in the base.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stored {
    pub(super) tensor: String,
    /// Of q, k and v in one parameter, which it is.
    pub(super) third: Option<usize>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A weight of the base.
    Tensor(Stored),
    /// Any of several.
    Several(Vec<String>),
    /// A path made of known parts, with the component's short name.
    Path {
        component: &'static str,
        path: String,
    },
}

impl Flattened {
    /// Reads a base's names.
    pub(super) fn new(names: &[&str]) -> Self {
        let mut places: BTreeMap<String, BTreeSet<Stored>> = BTreeMap::new();
        let mut paths = BTreeSet::new();
        let mut add = |path: &str, tensor: &str, third| {
            paths.insert(path.to_string());
            let stored = Stored {
                tensor: tensor.into(),
                third,
            };
            let path = path.replace('.', "_");
            places.entry(path).or_default().insert(stored);
        };
        for &name in names {
            if let Some(attention) = ldm::fused_attention(name) {
                for (third, part) in ["q_proj", "k_proj", "v_proj"].iter().enumerate() {
                    add(&format!("{attention}.{part}"), name, Some(third));
                }
            }
            let Some(path) = name.strip_suffix(".weight") else {
                continue;
            };
            let outer = all_begins().chain(WRAPPERS);
            let inner = outer.filter_map(|outer| path.strip_prefix(outer));
            for path in std::iter::once(path).chain(inner) {
                add(path, name, None);
                if let Some(path) = ldm::translated(path) {
                    add(&path, name, None);
                }
            }
        }
        Flattened { places, paths }
    }

    /// By each end of a path that begins with a part, without its dots: the starts in front of it.
    pub(super) fn ends(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut ends: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in &self.paths {
            let behind = path.match_indices('.').map(|(at, _)| at + 1);
            for place in std::iter::once(0).chain(behind) {
                let [start, end] =
                    [&path[..place], &path[place..]].map(|one| one.replace('.', "_"));
                ends.entry(end).or_default().insert(start);
            }
        }
        ends
    }

    /// The base's tensor for the module, if it has one, under either of its names.
    pub(super) fn find(&self, rest: &str, begins: &[&str]) -> Option<Place> {
        let other_name = || {
            if rest.contains('.') {
                ldm::translated(rest)
            } else {
                ldm::translated(&decode(rest)?)
            }
        };
        let at = |path: &str| self.places.get(&path.replace('.', "_"));
        let all = at(rest).or_else(|| at(&other_name()?))?;
        let is_own = |stored: &&Stored| may_be_of(&stored.tensor, begins);
        let own: Vec<&Stored> = all.iter().filter(is_own).collect();
        // Of several the first of the component's own beginnings that the base has decides.
        let begun = begins.iter().map(|begin| -> Vec<&Stored> {
            own.iter()
                .copied()
                .filter(|stored| stored.tensor.starts_with(begin))
                .collect()
        });
        let chosen = match own.len() {
            0 | 1 => own,
            _ => begun
                .into_iter()
                .find(|some| !some.is_empty())
                .unwrap_or(own),
        };
        match chosen.as_slice() {
            [] => None,
            [only] => Some(Place::Tensor((*only).clone())),
            several => Some(Place::Several(
                several.iter().map(|stored| stored.tensor.clone()).collect(),
            )),
        }
    }
}

/// Whether a tensor of the base is not plainly another component's: both text encoders have layers
/// of the same names.
fn may_be_of(name: &str, begins: &[&str]) -> bool {
    let begins_with = |begin: &&str| name.starts_with(begin);
    begins.is_empty()
        || begins.iter().any(begins_with)
        || !all_begins().any(|begin| name.starts_with(begin))
}

/// Splits a name into what a path of its component begins with, how a base begins its names, and the
/// rest.
pub(super) fn component(module: &str) -> (&'static str, &'static [&'static str], &str) {
    let (component, short, rest) = of_token(module);
    (short, component.map_or(&[], |one| one.begins), rest)
}
