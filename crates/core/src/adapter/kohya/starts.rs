//! Starts of tokens that no list has: what all tokens of a component share in front of a known path.

use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::spelling::{decode, decoded};

use super::tokens::{Flattened, Place, component};

/// What stands in front of the tokens of each component, and what the base has there in its place.
#[derive(Default)]
pub(super) struct Starts(BTreeMap<&'static str, Start>);

/// A start of tokens, and the base's start without its dots; both end with an underscore or are
/// empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Start {
    pub(super) own: String,
    pub(super) base: String,
}

impl Starts {
    /// The starts of a file's tokens: those under which the base has most of them, else those behind
    /// which most are made of known parts.
    pub(super) fn of<'a>(
        tokens: impl Iterator<Item = &'a String>,
        base: Option<&Flattened>,
    ) -> Self {
        let mut groups: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
        for token in tokens {
            let (short, begins, rest) = component(token);
            let is_known = base.is_some_and(|base| base.find(rest, begins).is_some());
            if !is_known && !rest.contains('.') {
                groups.entry(short).or_default().push(rest);
            }
        }
        let start = |rests: &Vec<&str>| match base {
            Some(base) => in_base(rests, base).or_else(|| by_parts(rests)),
            None => by_parts(rests),
        };
        let found = groups
            .iter()
            .filter_map(|(short, rests)| Some((*short, start(rests)?)));
        Starts(found.collect())
    }

    /// What a module's name stands for: by the base where there is one that has it, else by parts.
    pub(super) fn place(&self, module: &str, base: Option<&Flattened>) -> Place {
        let (short, begins, rest) = component(module);
        let behind = self.0.get(short).and_then(|start| {
            let rest = rest.strip_prefix(start.own.as_str())?;
            Some((rest, format!("{}{rest}", start.base)))
        });
        // Components inside `text_encoders.` have a wrapper of their own.
        let inner = rest.strip_prefix("transformer.").unwrap_or(rest);
        let found = base.and_then(|base| {
            let shifted = || base.find(&behind.as_ref()?.1, begins);
            let inner = || base.find(inner, begins);
            base.find(rest, begins).or_else(inner).or_else(shifted)
        });
        found.unwrap_or_else(|| {
            let path = if rest.contains('.') {
                Some(inner.to_string())
            } else {
                decode(rest).or_else(|| decoded(behind?.0))
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
}

/// The one start of all these names behind which the base has most of them, under one start of its
/// own; `None` where two would do as well, or fewer than half are there.
fn in_base(rests: &[&str], base: &Flattened) -> Option<Start> {
    let ends = base.ends();
    let mut counts: BTreeMap<Start, usize> = BTreeMap::new();
    for rest in rests {
        for place in places(rest) {
            let (own, end) = rest.split_at(place);
            for base in ends.get(end).into_iter().flatten() {
                let own = own.to_string();
                let base = base.clone();
                *counts.entry(Start { own, base }).or_default() += 1;
            }
        }
    }
    let most = counts
        .values()
        .max()
        .copied()
        .filter(|most| 2 * most > rests.len())?;
    let length = |start: &Start| start.own.len() + start.base.len();
    let best = counts.iter().filter(|(_, count)| **count == most);
    let shortest = best.clone().map(|(start, _)| length(start)).min()?;
    let mut best = best.filter(|(start, _)| length(start) == shortest);
    let (only, _) = best.next()?;
    best.next().is_none().then(|| only.clone())
}

/// The shortest start of all these names behind which each is made of known parts.
fn by_parts(rests: &[&str]) -> Option<Start> {
    let first = rests.first()?;
    let is_shared = |own: &str| {
        let behind = rests.iter().map(|rest| decoded(rest.strip_prefix(own)?));
        let paths: Option<Vec<String>> = behind.collect();
        paths.is_some_and(|paths| paths.iter().any(|path| path.contains('.')))
    };
    let mut starts = places(first).into_iter().map(|place| &first[..place]);
    starts.find(|own| is_shared(own)).map(|own| Start {
        own: own.into(),
        base: String::new(),
    })
}

/// Where a name may begin: at its start, and behind each underscore.
fn places(name: &str) -> BTreeSet<usize> {
    let behind = name.match_indices('_').map(|(at, _)| at + 1);
    std::iter::once(0)
        .chain(behind)
        .filter(|&place| place < name.len())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::kohya::tokens::Stored;

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
            assert_eq!(
                Starts::default().place(token, None),
                path("unet", expected),
                "{token}"
            );
        }
        assert_eq!(
            Starts::default().place(
                "lora_te1_text_model_encoder_layers_11_self_attn_q_proj",
                None
            ),
            path("te1", "text_model.encoder.layers.11.self_attn.q_proj")
        );
        assert_eq!(
            Starts::default().place("lora_te3_encoder_block_0_layer_1_DenseReluDense_wi_0", None),
            path("te3", "encoder.block.0.layer.1.DenseReluDense.wi_0")
        );
    }

    #[test]
    fn what_cannot_be_cut_keeps_its_name() {
        for token in ["lora_unet_my_blocks_1_to_q", "lora_unet_", "odd"] {
            assert_eq!(
                Starts::default().place(token, None),
                path("", token),
                "{token}"
            );
        }
    }

    #[test]
    fn the_base_cuts_whatever_it_has() {
        let base = Flattened::new(&[
            "model.diffusion_model.my_blocks.1.to_q.weight",
            "model.diffusion_model.a.b_c.weight",
            "model.diffusion_model.a_b.c.weight",
            "text_encoder.layers.0.q.weight",
            "text_encoder_2.layers.0.q.weight",
            "cond_stage_model.transformer.text_model.q.weight",
        ]);
        let place = |token| Starts::default().place(token, Some(&base));
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

    #[test]
    fn a_start_that_no_list_has_is_shared_by_all_tokens() {
        let tokens = [
            "My_lora_x_double_blocks_0_img_attn_proj",
            "My_lora_x_img_in",
        ];
        let tokens: Vec<String> = tokens.map(str::to_string).to_vec();
        let starts = Starts::of(tokens.iter(), None);
        let expected = path("", "double_blocks.0.img_attn.proj");
        assert_eq!(starts.place(&tokens[0], None), expected);
        let base = Flattened::new(&[
            "decoder.double_blocks.0.img_attn.proj.weight",
            "decoder.img_in.weight",
            "encoder.img_in.weight",
        ]);
        let starts = Starts::of(tokens.iter(), Some(&base));
        for (token, tensor) in tokens.iter().zip([
            "decoder.double_blocks.0.img_attn.proj.weight",
            "decoder.img_in.weight",
        ]) {
            let (tensor, third) = (tensor.into(), None);
            let expected = Place::Tensor(Stored { tensor, third });
            assert_eq!(starts.place(token, Some(&base)), expected, "{token}");
        }
    }

    #[test]
    fn two_starts_that_do_as_well_are_none() {
        let tokens = ["lycoris_layers_0_q_proj".to_string()];
        let base = Flattened::new(&["one.layers.0.q_proj.weight", "two.layers.0.q_proj.weight"]);
        let starts = Starts::of(tokens.iter(), Some(&base));
        assert_eq!(
            starts.place(&tokens[0], Some(&base)),
            path("", "layers.0.q_proj")
        );
    }
}
