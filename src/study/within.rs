//! Which of several modules with one layer number and one name are drawn, and the words that tell them
//! apart.
//!
//! # Decisions
//!
//! - Modules whose paths differ in the block's number alone are a stack. Where stacks have one name in
//!   one layer, such as the self-attention and the cross-attention of a decoder, one is drawn.
//! - The study may choose by a part of the model, or by any name in the paths. Else it is the part with
//!   the most modules, in it no cross-attention, and of what is left the stack with the most layers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::adapter::{block_of, layer_of, projection_of};
use crate::error::Result;

use super::file::lines::{Lines, suggestion};

/// What models call the attention of a block to itself, and to what another part gives.
const ATTENTION: [(&str, &str); 12] = [
    ("self_attn", SELF),
    ("self_attention", SELF),
    ("SelfAttention", SELF),
    ("attn1", SELF),
    ("encoder_attn", CROSS),
    ("EncDecAttention", CROSS),
    ("crossattention", CROSS),
    ("cross_attn", CROSS),
    ("cross_attention", CROSS),
    ("encoder_decoder_attention", CROSS),
    ("multihead_attn", CROSS),
    ("attn2", CROSS),
];
const SELF: &str = "self-attention";
const CROSS: &str = "cross-attention";

/// The modules that figures and table 7 may show.
pub(super) struct Within<'a> {
    stacks: Vec<Stack<'a>>,
    /// The numbers of those that are drawn.
    chosen: Vec<usize>,
}

/// Modules of one path but for the block's number.
struct Stack<'a> {
    projection: &'a str,
    /// Up to the block's number.
    list: String,
    /// Between the block's number and the projection.
    inner: String,
    component: &'a str,
    modules: Vec<&'a String>,
    layers: BTreeSet<Option<usize>>,
}

impl<'a> Stack<'a> {
    fn of(path: &'a String, component: &'a str) -> Self {
        let projection = projection_of(path);
        let parents = path[..path.len() - projection.len()].trim_end_matches('.');
        let block = block_of(path);
        let (list, inner) = match layer_of(path) {
            Some(_) => (
                block.rsplit_once('.').map_or("", |(list, _)| list),
                parents.get(block.len()..).unwrap_or_default(),
            ),
            None => (parents, ""),
        };
        Stack {
            projection,
            list: list.into(),
            inner: inner.trim_start_matches('.').into(),
            component,
            modules: vec![path],
            layers: BTreeSet::from([layer_of(path)]),
        }
    }

    fn is_one_with(&self, other: &Stack) -> bool {
        (self.projection, &self.list, &self.inner, self.component)
            == (other.projection, &other.list, &other.inner, other.component)
    }

    /// Whether some module of one has the layer and the name of one of the other.
    fn clashes(&self, other: &Stack) -> bool {
        self.projection == other.projection && !self.layers.is_disjoint(&other.layers)
    }

    /// What the attention around is called, where it is one.
    fn attention(&self) -> Option<&'static str> {
        let last = self.inner.rsplit('.').next()?;
        let found = ATTENTION.iter().find(|(name, _)| *name == last);
        found.map(|(_, words)| *words)
    }

    fn has_name(&self, wanted: &str) -> bool {
        let names = self.list.split('.').chain(self.inner.split('.'));
        self.component == wanted || names.into_iter().any(|name| name == wanted)
    }
}

impl<'a> Within<'a> {
    /// Chooses among the modules that are measured; `asked` is the study's choice.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for a choice that no module is of.
    pub(super) fn choose(
        modules: &'a [String],
        components: &'a BTreeMap<String, String>,
        asked: Option<&str>,
        lines: &Lines,
    ) -> Result<Self> {
        let stacks = stacks(modules, components);
        let is_asked = |stack: &Stack| asked.is_none_or(|name| stack.has_name(name));
        if let (Some(name), false) = (asked, stacks.iter().any(is_asked)) {
            return Err(unknown(name, &stacks, lines));
        }
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for stack in &stacks {
            *sizes.entry(stack.component).or_default() += stack.modules.len();
        }
        let rank = |number: &usize| {
            let stack = &stacks[*number];
            let is_cross = stack.attention() == Some(CROSS);
            let layers = stack.modules.len();
            (sizes[stack.component], !is_cross, layers, Reverse(*number))
        };
        let mut wanted: Vec<usize> = (0..stacks.len())
            .filter(|&number| is_asked(&stacks[number]))
            .collect();
        wanted.sort_by_key(|number| Reverse(rank(number)));
        let mut chosen: Vec<usize> = Vec::new();
        for number in wanted {
            let clashes = |other: &usize| stacks[*other].clashes(&stacks[number]);
            let rivals = rivals(&stacks, number).any(&is_asked);
            let has_one = chosen
                .iter()
                .any(|&other| stacks[other].projection == stacks[number].projection);
            // Beside another only what has no rival anywhere.
            let is_second = rivals && has_one;
            if !is_second && !chosen.iter().any(clashes) {
                chosen.push(number);
            }
        }
        Ok(Within { stacks, chosen })
    }

    /// The modules that may be drawn, in the order given.
    pub(super) fn modules(&self, all: &[String]) -> Vec<String> {
        let chosen = self
            .chosen
            .iter()
            .flat_map(|&one| &self.stacks[one].modules);
        let chosen: BTreeSet<&String> = chosen.copied().collect();
        all.iter()
            .filter(|path| chosen.contains(path))
            .cloned()
            .collect()
    }

    /// Those modules of another choice, made among more, that go with this one: all of its stacks,
    /// and projections that it has not.
    pub(super) fn extended(&self, other: &Within, all: &[String]) -> Vec<String> {
        let chosen = || self.chosen.iter().map(|&number| &self.stacks[number]);
        let is_own = |stack: &Stack| chosen().any(|own| own.is_one_with(stack));
        let is_new = |stack: &Stack| chosen().all(|own| own.projection != stack.projection);
        let others = other.stacks.iter().enumerate();
        let others = others.filter(|(number, stack)| {
            is_own(stack) || other.chosen.contains(number) && is_new(stack)
        });
        let kept: BTreeSet<&String> = others.flat_map(|(_, one)| &one.modules).copied().collect();
        all.iter()
            .filter(|path| kept.contains(path))
            .cloned()
            .collect()
    }

    /// What tells the drawn modules of these projections from others of one layer and name: `decoder
    /// cross-attention`; empty where nothing else is called so. Where it differs, it is said of each
    /// projection.
    pub(super) fn words(&self, projections: &[String]) -> String {
        let of = |projection: &String| {
            let mut chosen = self.chosen.iter();
            let own = chosen.find(|&&number| self.stacks[number].projection == projection)?;
            self.describe(*own)
        };
        let words = projections.iter().filter_map(|one| Some((one, of(one)?)));
        let words: Vec<(&String, String)> = words.collect();
        match words.as_slice() {
            [] => String::new(),
            [(_, first), rest @ ..]
                if words.len() == projections.len()
                    && rest.iter().all(|(_, other)| other == first) =>
            {
                first.clone()
            }
            several => {
                let one =
                    |(projection, words): &(&String, String)| format!("{projection} of {words}");
                several.iter().map(one).collect::<Vec<_>>().join(", ")
            }
        }
    }

    fn describe(&self, number: usize) -> Option<String> {
        let own = &self.stacks[number];
        let rivals: Vec<&Stack> = rivals(&self.stacks, number).collect();
        if rivals.is_empty() {
            return None;
        }
        let is_other = |rival: &&&Stack| rival.component != own.component;
        let part = own.component.replace('_', " ");
        let part = rivals.iter().any(|rival| is_other(&rival)).then_some(part);
        let near: Vec<&&Stack> = rivals.iter().filter(|rival| !is_other(rival)).collect();
        let inner = if near.is_empty() {
            None
        } else if near
            .iter()
            .all(|rival| rival.attention() != own.attention())
        {
            own.attention().map(str::to_string)
        } else {
            None
        };
        let inner = inner.or_else(|| {
            let path = [own.list.as_str(), "*", own.inner.as_str()];
            let path = path.iter().filter(|name| !name.is_empty());
            let path = path.copied().collect::<Vec<_>>().join(".");
            (!near.is_empty()).then_some(path)
        });
        let words = part
            .into_iter()
            .filter(|part| !part.is_empty())
            .chain(inner);
        Some(words.collect::<Vec<_>>().join(" "))
    }
}

/// The stacks that have a module of one layer and name with this one.
fn rivals<'s, 'a>(
    stacks: &'s [Stack<'a>],
    number: usize,
) -> impl Iterator<Item = &'s Stack<'a>> + use<'s, 'a> {
    let all = stacks.iter().enumerate();
    all.filter(move |(other, stack)| *other != number && stack.clashes(&stacks[number]))
        .map(|(_, stack)| stack)
}

fn stacks<'a>(modules: &'a [String], components: &'a BTreeMap<String, String>) -> Vec<Stack<'a>> {
    let mut stacks: Vec<Stack> = Vec::new();
    let mut numbers: BTreeMap<(&str, String, String, &str), usize> = BTreeMap::new();
    for path in modules {
        let component = components.get(path).map_or("", String::as_str);
        let one = Stack::of(path, component);
        let what = (
            one.projection,
            one.list.clone(),
            one.inner.clone(),
            component,
        );
        let number = *numbers.entry(what).or_insert(stacks.len());
        match stacks.get_mut(number) {
            Some(stack) => {
                stack.modules.push(path);
                stack.layers.extend(one.layers);
            }
            None => stacks.push(one),
        }
    }
    stacks
}

fn unknown(name: &str, stacks: &[Stack], lines: &Lines) -> crate::error::Error {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for stack in stacks {
        known.insert(stack.component);
        known.extend(stack.list.split('.').chain(stack.inner.split('.')));
    }
    known.retain(|name| !name.is_empty() && name.parse::<usize>().is_err());
    let problem = format!("[figures] names component `{name}`, which no module is of");
    let remedy = suggestion(
        name,
        known.iter().copied(),
        "it is a name in their paths, or one of",
    );
    lines.error("figures.component", &problem, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        paths: &[&str],
        parts: &[&str],
        asked: Option<&str>,
        projections: &[&str],
    ) -> (Vec<String>, String) {
        let modules: Vec<String> = paths.iter().map(|path| path.to_string()).collect();
        let parts = parts.iter().map(|part| part.to_string());
        let components = modules.iter().cloned().zip(parts).collect();
        let within = Within::choose(&modules, &components, asked, &Lines::default()).unwrap();
        let projections: Vec<String> = projections.iter().map(|one| one.to_string()).collect();
        (within.modules(&modules), within.words(&projections))
    }

    const WHISPER: [&str; 4] = [
        "model.encoder.layers.0.self_attn.q_proj",
        "model.decoder.layers.0.self_attn.q_proj",
        "model.decoder.layers.0.encoder_attn.q_proj",
        "model.decoder.layers.0.fc1",
    ];
    const PARTS: [&str; 4] = ["encoder", "decoder", "decoder", "decoder"];

    #[test]
    fn encoder_decoder_and_cross_attention_are_told_apart() {
        for (asked, place, words) in [
            (None, 1, "decoder self-attention"),
            (Some("decoder"), 1, "decoder self-attention"),
            (Some("encoder"), 0, "encoder"),
            (Some("encoder_attn"), 2, "decoder cross-attention"),
        ] {
            let (modules, found) = chosen(&WHISPER, &PARTS, asked, &["q_proj"]);
            assert_eq!(modules[0], WHISPER[place], "{asked:?}");
            assert_eq!(found, words, "{asked:?}");
        }
        let (modules, words) = chosen(&WHISPER, &PARTS, None, &["fc1"]);
        assert!(modules.contains(&WHISPER[3].to_string()));
        assert_eq!(words, "", "nothing else is called so");
    }

    #[test]
    fn stages_of_a_unet_are_told_apart_by_their_paths() {
        let paths = [
            "down_blocks.1.attentions.0.attn1.to_q",
            "down_blocks.1.attentions.0.attn2.to_q",
            "down_blocks.1.attentions.1.attn1.to_q",
            "up_blocks.1.attentions.0.attn1.to_q",
        ];
        let (modules, words) = chosen(&paths, &["", "", "", ""], None, &["to_q"]);
        assert_eq!(modules, [paths[0]]);
        assert_eq!(words, "down_blocks.*.attentions.0.attn1");
        let (modules, _) = chosen(&paths, &["", "", "", ""], Some("up_blocks"), &["to_q"]);
        assert_eq!(modules, [paths[3]]);
    }

    #[test]
    fn layers_of_two_kinds_are_drawn_side_by_side() {
        let paths = [
            "layers.0.linear_attn.q_proj",
            "layers.1.self_attn.q_proj",
            "layers.1.mlp.up_proj",
        ];
        let (modules, words) = chosen(&paths, &["", "", ""], None, &["q_proj"]);
        assert_eq!(modules, paths);
        assert_eq!(words, "");
    }

    #[test]
    fn an_unknown_component_is_an_error_with_those_there_are() {
        let modules = WHISPER.map(String::from);
        let none = BTreeMap::new();
        let found = Within::choose(&modules, &none, Some("encodr"), &Lines::default());
        let error = found.err().unwrap().to_string();
        assert!(
            error.contains("`encodr`") && error.contains("encoder"),
            "{error}"
        );
    }
}
