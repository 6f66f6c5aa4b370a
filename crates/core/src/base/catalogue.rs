//! What a base has, under every name that an adapter may know it by.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::component::of_original;
use crate::adapter::{fused_attention, other_name, without_wrappers};

use super::kept::{Kept, Within, path_of};
use super::prefixes::{halves, joined};
use super::{experts, joined_parts};

/// What a wrapper puts behind a layer's name while it keeps the weight that was there before.
const KEPT_BY: [&str; 2] = [".base_layer", ".original_module"];
/// Names of the layer in front of the logits, whose weight a model may share with its embedding.
const HEADS: [&str; 7] = [
    "lm_head",
    "embed_out",
    "proj_out",
    "output",
    "generator_lm_head",
    "vocab_projector",
    "cls.predictions.decoder",
];

/// Names of the table of a model's words.
const WORDS: [&str; 8] = [
    "embed_tokens",
    "wte",
    "word_embeddings",
    "embed_in",
    "shared",
    "tok_embeddings",
    "token_embedding",
    "word_embedding",
];

/// A base's weights by their paths.
pub(super) struct Catalogue {
    places: BTreeMap<String, Kept>,
    /// Every start of a path that has a number behind it, or one name.
    starts: BTreeSet<String>,
    /// Whether the head's weight may be the embedding's.
    ties: bool,
}

impl Catalogue {
    /// Sorts a base's names. A name as it stands wins over one that a wrapper changed, and over one
    /// that is translated.
    pub(super) fn new(names: &[&str], ties: bool) -> Self {
        let mut catalogue = Catalogue {
            places: BTreeMap::new(),
            starts: BTreeSet::new(),
            ties,
        };
        for name in names {
            catalogue.add(path_of(name).into(), name, Within::All);
        }
        let plain = |name: &str| without_wrappers(path_of(name));
        for name in names {
            for path in unwrapped(&plain(name)) {
                catalogue.add(path, name, Within::All);
            }
        }
        // What was trained in place of a layer stands for it where nothing else does.
        for name in names {
            if let Some((module, _)) = plain(name).split_once(".modules_to_save.") {
                catalogue.add(module.into(), name, Within::All);
            }
        }
        for name in names {
            catalogue.add_translated(name);
        }
        catalogue
    }

    fn add(&mut self, path: String, tensor: &str, part: Within) {
        if self.places.contains_key(&path) {
            return;
        }
        let (start, _) = halves(&path);
        if !self.starts.contains(start) {
            self.starts.insert(start.into());
        }
        let tensor = tensor.into();
        self.places.insert(path, Kept { tensor, part });
    }

    /// The names of a checkpoint of latent diffusion, as diffusers and transformers have them.
    fn add_translated(&mut self, name: &str) {
        let (component, inner) = match of_original(name) {
            Some((component, inner)) => (component.name, inner),
            None => ("", name),
        };
        if let Some(attention) = fused_attention(inner) {
            for (third, part) in ["q_proj", "k_proj", "v_proj"].iter().enumerate() {
                let path = joined(component, &format!("{attention}.{part}"));
                self.add(path, name, Within::Third(third));
            }
        }
        let Some(path) = inner.strip_suffix(".weight") else {
            return;
        };
        match other_name(path) {
            Some(other) => self.add(joined(component, &other), name, Within::All),
            None if !component.is_empty() => self.add(joined(component, path), name, Within::All),
            None => {}
        }
    }

    /// Every start of a path that has a number behind it, or one name.
    pub(super) fn starts(&self) -> impl Iterator<Item = &str> {
        self.starts.iter().map(String::as_str)
    }

    /// The tensor of a path that stands there by itself.
    pub(super) fn tensor(&self, path: &str) -> Option<String> {
        self.places.get(path).map(|kept| kept.tensor.clone())
    }

    /// The weight of a module with this path in the base's own names: a tensor of that name, or what
    /// the model keeps it in.
    pub(super) fn get(&self, path: &str) -> Option<Kept> {
        let has = |path: &str| self.tensor(path);
        self.places
            .get(path)
            .cloned()
            .or_else(|| experts::on_stack(path, &has))
            .or_else(|| joined_parts::in_fused(path, &has))
            .or_else(|| experts::are_separate(path, &has))
            .or_else(|| self.tied(path))
    }

    /// The embedding that stands for a head without a weight of its own; the other way round too.
    fn tied(&self, path: &str) -> Option<Kept> {
        let wanted: &dyn Fn(&str) -> bool = match (is_head(path), is_words(path)) {
            (true, _) => &is_words,
            // An encoder and a decoder may share one table too.
            (_, true) => &|other: &str| is_words(other) || is_head(other),
            _ => return None,
        };
        let places = self.places.iter().filter(|_| self.ties);
        let found: BTreeSet<&str> = places
            .filter(|(other, _)| wanted(other))
            .map(|(_, kept)| kept.tensor.as_str())
            .collect();
        let shared = found
            .iter()
            .find(|tensor| path_of(tensor).ends_with("shared"));
        let only = found.first().filter(|_| found.len() == 1);
        shared.or(only).map(|tensor| Kept {
            tensor: tensor.to_string(),
            part: Within::Tied,
        })
    }
}

/// Whether a path is that of the layer in front of the logits: it is in no block.
fn is_head(path: &str) -> bool {
    let is = |head: &&str| path == *head || path.ends_with(&format!(".{head}"));
    let in_block = path.split('.').any(|name| name.parse::<usize>().is_ok());
    !in_block && HEADS.iter().any(is)
}

/// Whether a module has a row for each word: an embedding, or what stands in front of the logits.
pub(super) fn is_table(path: &str) -> bool {
    is_words(path) || is_head(path)
}

fn is_words(path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    WORDS.contains(&last)
}

/// The paths that a wrapped layer has without its wrapper.
fn unwrapped(path: &str) -> impl Iterator<Item = String> {
    let kept = KEPT_BY.iter().filter_map(|end| path.strip_suffix(end));
    kept.chain([path]).map(str::to_string)
}
