//! Module names of kohya's, LyCORIS's and ComfyUI's files: paths whose dots became underscores, or
//! paths below a component.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::BaseIndex;

use super::ldm;
use super::names::{COMPONENTS, LONG_PARTS, OUTER, SHORT_PARTS};

/// The most words of a part.
const LONGEST_PART: usize = 3;

/// Paths by their dots' absence, of every matrix that a base has.
pub(super) struct Flattened {
    /// Flattened path to the base's tensors.
    places: BTreeMap<String, BTreeSet<Stored>>,
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
    pub(super) fn new(base: &dyn BaseIndex) -> Self {
        let mut places: BTreeMap<String, BTreeSet<Stored>> = BTreeMap::new();
        let mut add = |path: &str, tensor: &str, third| {
            let stored = Stored {
                tensor: tensor.into(),
                third,
            };
            let path = path.replace('.', "_");
            places.entry(path).or_default().insert(stored);
        };
        for name in base.names() {
            if let Some(attention) = ldm::fused_attention(name) {
                for (third, part) in ["q_proj", "k_proj", "v_proj"].iter().enumerate() {
                    add(&format!("{attention}.{part}"), name, Some(third));
                }
            }
            let Some(path) = name.strip_suffix(".weight") else {
                continue;
            };
            let inner = OUTER
                .split_whitespace()
                .filter_map(|outer| path.strip_prefix(outer));
            for path in std::iter::once(path).chain(inner) {
                add(path, name, None);
                if let Some(path) = ldm::translated(path) {
                    add(&path, name, None);
                }
            }
        }
        Flattened { places }
    }

    /// The base's tensor for the module, if it has one, under either of its names.
    fn find(&self, rest: &str, begins: &[&str]) -> Option<Place> {
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
    let all = COMPONENTS.iter().flat_map(|(_, _, begins)| begins.iter());
    begins.is_empty() || begins.iter().any(begins_with) || !all.into_iter().any(begins_with)
}

/// Splits a name into its component's entry and the rest.
pub(super) fn component(module: &str) -> (&'static str, &'static [&'static str], &str) {
    let entry = COMPONENTS
        .iter()
        .find_map(|(start, short, begins)| Some((*short, *begins, module.strip_prefix(start)?)));
    entry.unwrap_or(("", &[], module))
}

/// What a module's name stands for: by the base where there is one that has it, else by parts.
pub(super) fn place(module: &str, base: Option<&Flattened>) -> Place {
    let (short, begins, rest) = component(module);
    // Components inside `text_encoders.` have a wrapper of their own.
    let inner = rest.strip_prefix("transformer.").unwrap_or(rest);
    let found = base.and_then(|base| base.find(rest, begins).or_else(|| base.find(inner, begins)));
    found.unwrap_or_else(|| {
        let path = if rest.contains('.') {
            Some(inner.to_string())
        } else {
            decode(rest)
        };
        match path {
            Some(path) => Place::Path {
                component: short,
                path,
            },
            None => Place::Path {
                component: "",
                path: module.into(),
            },
        }
    })
}

/// A flattened path with its dots, when it is made of known parts and numbers alone.
fn decode(token: &str) -> Option<String> {
    let words: Vec<&str> = token.split('_').collect();
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = LONGEST_PART.min(words.len() - at);
        let long = (2..=longest).rev().find_map(|count| {
            let part = words[at..at + count].join("_");
            is_among(LONG_PARTS, &part).then_some((part, count))
        });
        let is_number =
            !words[at].is_empty() && words[at].bytes().all(|byte| byte.is_ascii_digit());
        let short =
            (is_number || is_among(SHORT_PARTS, words[at])).then(|| (words[at].to_string(), 1));
        let (part, count) = long.or(short)?;
        parts.push(part);
        at += count;
    }
    (parts.len() > 1).then(|| parts.join("."))
}

fn is_among(list: &str, part: &str) -> bool {
    list.split_whitespace().any(|known| known == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Names(&'static [&'static str]);

    impl BaseIndex for Names {
        fn names(&self) -> Vec<&str> {
            self.0.to_vec()
        }
        fn shape(&self, _: &str) -> Option<Vec<usize>> {
            None
        }
        fn find(&self, _: &str) -> Option<String> {
            None
        }
        fn is_turned(&self, _: &str) -> bool {
            false
        }

        fn expert(&self, _: &str) -> Option<(usize, usize)> {
            None
        }
    }

    fn path(component: &'static str, path: &str) -> Place {
        Place::Path {
            component,
            path: path.into(),
        }
    }

    #[test]
    fn tokens_are_cut_at_known_parts() {
        for (token, expected) in [
            (
                "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_out_0",
                "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0",
            ),
            (
                "lora_unet_input_blocks_4_1_transformer_blocks_0_ff_net_0_proj",
                "input_blocks.4.1.transformer_blocks.0.ff.net.0.proj",
            ),
            (
                "lora_unet_double_blocks_18_img_attn_qkv",
                "double_blocks.18.img_attn.qkv",
            ),
            (
                "lora_unet_single_blocks_3_linear1",
                "single_blocks.3.linear1",
            ),
        ] {
            assert_eq!(place(token, None), path("unet", expected), "{token}");
        }
        assert_eq!(
            place(
                "lora_te1_text_model_encoder_layers_11_self_attn_q_proj",
                None
            ),
            path("te1", "text_model.encoder.layers.11.self_attn.q_proj")
        );
        assert_eq!(
            place("lora_te3_encoder_block_0_layer_1_DenseReluDense_wi_0", None),
            path("te3", "encoder.block.0.layer.1.DenseReluDense.wi_0")
        );
    }

    #[test]
    fn what_cannot_be_cut_keeps_its_name() {
        for token in ["lora_unet_my_blocks_1_to_q", "lora_unet_", "odd"] {
            assert_eq!(place(token, None), path("", token), "{token}");
        }
    }

    #[test]
    fn the_base_cuts_whatever_it_has() {
        let base = Flattened::new(&Names(&[
            "model.diffusion_model.my_blocks.1.to_q.weight",
            "model.diffusion_model.a.b_c.weight",
            "model.diffusion_model.a_b.c.weight",
            "text_encoder.layers.0.q.weight",
            "text_encoder_2.layers.0.q.weight",
            "cond_stage_model.transformer.text_model.q.weight",
        ]));
        let place = |token| super::place(token, Some(&base));
        let tensor = |name: &str| {
            let (tensor, third) = (name.into(), None);
            Place::Tensor(Stored { tensor, third })
        };
        assert_eq!(
            place("lora_unet_my_blocks_1_to_q"),
            tensor("model.diffusion_model.my_blocks.1.to_q.weight")
        );
        assert_eq!(
            place("diffusion_model.my_blocks.1.to_q"),
            tensor("model.diffusion_model.my_blocks.1.to_q.weight")
        );
        assert_eq!(
            place("lora_te2_layers_0_q"),
            tensor("text_encoder_2.layers.0.q.weight")
        );
        assert_eq!(
            place("lora_te_text_model_q"),
            tensor("cond_stage_model.transformer.text_model.q.weight")
        );
        assert_eq!(place("lora_te3_layers_0_q"), path("te3", "layers.0.q"));
        assert!(matches!(place("lora_unet_a_b_c"), Place::Several(both) if both.len() == 2));
    }
}
