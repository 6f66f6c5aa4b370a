//! How two prefixes of one module's path are related: by wrappers, by a model's name, or not at all.

/// Wrappers that one side may have and the other lacks, or has under another name. None of them says
/// which part of a model follows: what is left without them is the language model, or the U-Net.
/// What training tools put between names is gone by then (`adapter/keys.rs`).
pub(super) const WRAPPERS: [&str; 17] = [
    "base_model",
    "model",
    "transformer",
    "module",
    "language_model",
    "text_model",
    "auto_model",
    "llm",
    "thinker",
    "pretrained_model",
    "backbone",
    "unet",
    "diffusion_model",
    "_forward_module",
    "net",
    "lm",
    "causal_lm",
];

/// The wrappers that say that a language model follows: a stack that an adapter calls by a name of its
/// own is not that one.
const LANGUAGE: [&str; 6] = [
    "model",
    "language_model",
    "text_model",
    "llm",
    "lm",
    "causal_lm",
];

/// What a name of a part has in it, and which part it is. The first that fits counts.
const PARTS: [(&str, &str); 31] = [
    ("text_encoder_2", "text_encoder_2"),
    ("text_encoder_3", "text_encoder_3"),
    ("text_encoder", "text_encoder"),
    ("vision", "vision"),
    ("visual", "vision"),
    ("image", "vision"),
    ("video", "video"),
    ("audio", "audio"),
    ("speech", "audio"),
    ("encoder", "encoder"),
    ("decoder", "decoder"),
    ("tower", "tower"),
    ("mtp", "prediction"),
    ("nextn", "prediction"),
    ("draft", "prediction"),
    ("eagle", "prediction"),
    ("medusa", "prediction"),
    ("talker", "talker"),
    ("token2wav", "token2wav"),
    ("prior", "prior"),
    ("qformer", "qformer"),
    ("connector", "connector"),
    ("projector", "projector"),
    ("perceiver", "perceiver"),
    ("resampler", "resampler"),
    ("aligner", "aligner"),
    ("merger", "merger"),
    ("abstractor", "abstractor"),
    ("codec", "codec"),
    ("vocoder", "vocoder"),
    ("controlnet", "controlnet"),
];

/// Parts that a base may have in front where the adapter says nothing of them: what an adapter of them
/// alone is often saved without. A tower is none of them: a language model's names may be the same.
const IN_FRONT: [&str; 6] = [
    "encoder",
    "decoder",
    "text_encoder",
    "text_encoder_2",
    "text_encoder_3",
    "prior",
];

/// How a prefix of the adapter became one of the base; the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Relation {
    Equal,
    /// Only wrappers differ.
    Wrappers,
    /// One of them has a name in front that the other lacks, such as `bert`.
    Name,
    /// They name the same part of a model in other words.
    SamePart,
    /// The base has a part in front that the adapter does not name, or more than one name.
    Part,
}

/// How an adapter's prefix is one of the base's; `None` where they are of different parts.
pub(super) fn relation(adapter: &str, base: &str) -> Option<Relation> {
    if adapter == base {
        return Some(Relation::Equal);
    }
    let (one, other) = (unwrapped(adapter), unwrapped(base));
    if one == other {
        return Some(Relation::Wrappers);
    }
    let (own, theirs) = (parts_of(&one), parts_of(&other));
    let rest = |long: &[&str], short: &[&str]| -> Option<usize> {
        let names = long.strip_suffix(short)?;
        let is_number = |name: &&str| name.parse::<usize>().is_ok();
        (!names.iter().any(is_number)).then_some(names.len())
    };
    let extra = rest(&one, &other).or_else(|| rest(&other, &one));
    let is_other_stack = one.len() > other.len() && is_language(base);
    match extra {
        Some(1) if own == theirs && !is_other_stack => Some(Relation::Name),
        _ if own == theirs && !own.is_empty() => Some(Relation::SamePart),
        Some(_) if one.len() < other.len() && are_in_front(&own, &theirs) => Some(Relation::Part),
        _ => None,
    }
}

/// How the prefixes of two adapters' paths are related, in either direction. Names in front that are
/// no wrappers and no parts, such as `bert` and `roberta`, are of two models where they differ.
pub(super) fn kinship(one: &str, other: &str) -> Option<Relation> {
    let found = match (relation(one, other), relation(other, one)) {
        // To one of them the other is no language model's stack.
        (Some(Relation::Name), None) | (None, Some(Relation::Name)) => None,
        (found, turned) => found.or(turned),
    }?;
    let own = |prefix: &str| -> Vec<String> {
        let names = unwrapped(prefix).into_iter();
        let is_own = |name: &&str| !has_part(name);
        names.filter(is_own).map(str::to_string).collect()
    };
    (found != Relation::SamePart || own(one) == own(other)).then_some(found)
}

/// Whether one of the wrappers in front of a prefix says that a language model follows.
pub(super) fn is_language(prefix: &str) -> bool {
    let names: Vec<&str> = prefix.split('.').collect();
    let wrappers = &names[..names.len().saturating_sub(unwrapped(prefix).len())];
    wrappers.iter().any(|name| LANGUAGE.contains(name))
}

/// Whether what the base names beyond the adapter's parts may stand in front of them.
fn are_in_front(own: &[&str], theirs: &[&str]) -> bool {
    let is_new = |part: &&&str| !own.contains(*part);
    own.iter().all(|part| theirs.contains(part))
        && theirs
            .iter()
            .filter(is_new)
            .all(|part| IN_FRONT.contains(part))
}

/// A prefix's names without the wrappers in front. A number counts as one where a wrapper follows, as
/// in `0.auto_model`.
fn unwrapped(prefix: &str) -> Vec<&str> {
    let names: Vec<&str> = prefix.split('.').filter(|name| !name.is_empty()).collect();
    let mut at = 0;
    loop {
        let is_wrapper =
            |place: usize| names.get(place).is_some_and(|name| WRAPPERS.contains(name));
        let is_number = names
            .get(at)
            .is_some_and(|name| name.parse::<usize>().is_ok());
        if is_wrapper(at) {
            at += 1;
        } else if is_number && is_wrapper(at + 1) {
            at += 2;
        } else {
            return names[at..].to_vec();
        }
    }
}

/// Whether a name speaks of a part of a model.
pub(super) fn has_part(name: &str) -> bool {
    !parts_of(&[name]).is_empty()
}

/// The part of a model that a path's names speak of first, in front of its block's number.
pub(super) fn first_part(path: &str) -> Option<&'static str> {
    let names = start_of(path).split('.');
    names.into_iter().find_map(|name| parts_of(&[name]).pop())
}

/// A path up to its first number; see [`halves`].
pub(super) fn start_of(path: &str) -> &str {
    halves(path).0
}

/// Which parts of a model the names speak of, each once.
fn parts_of(names: &[&str]) -> Vec<&'static str> {
    let part = |name: &&str| {
        let lower = name.to_lowercase();
        let known = PARTS.iter().find(|(word, _)| lower.contains(word));
        known.map(|(_, part)| *part)
    };
    let mut parts: Vec<&str> = names.iter().filter_map(part).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// A path up to its first number, and from there on; up to its last name where there is none. A number
/// in front of a wrapper, as in `0.auto_model`, belongs to the first half.
pub(super) fn halves(path: &str) -> (&str, &str) {
    let names: Vec<&str> = path.split('.').collect();
    let is_number = |name: &str| name.parse::<usize>().is_ok();
    let is_wrapped = names.get(1).is_some_and(|name| WRAPPERS.contains(name));
    let first = usize::from(is_wrapped);
    let number = (first..names.len()).find(|&place| is_number(names[place]));
    let length = |count: usize| {
        names[..count]
            .iter()
            .map(|name| name.len() + 1)
            .sum::<usize>()
    };
    let start = length(number.unwrap_or(names.len() - 1));
    (path[..start].trim_end_matches('.'), &path[start..])
}

/// Both halves as one path.
pub(super) fn joined(prefix: &str, rest: &str) -> String {
    if prefix.is_empty() {
        rest.to_string()
    } else {
        format!("{prefix}.{rest}")
    }
}

/// The starts of two prefixes, without the names at their ends that both have.
pub(super) fn change<'a>(adapter: &'a str, base: &'a str) -> (&'a str, &'a str) {
    let (mut one, mut other) = (adapter, base);
    let last = |prefix: &'a str| prefix.rsplit_once('.').unwrap_or(("", prefix));
    while !one.is_empty() && !other.is_empty() {
        let ((before, name), (start, theirs)) = (last(one), last(other));
        if name != theirs {
            break;
        }
        (one, other) = (before, start);
    }
    (one, other)
}

/// What follows a prefix in a path that begins with it.
pub(super) fn after<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return Some(path);
    }
    path.strip_prefix(prefix)?.strip_prefix('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_names_may_differ_and_parts_may_not() {
        use Relation::{Equal, Name, Part, SamePart, Wrappers};
        for (adapter, base, expected) in [
            ("model.layers", "model.layers", Some(Equal)),
            (
                "model.layers",
                "language_model.model.layers",
                Some(Wrappers),
            ),
            (
                "model.language_model.layers",
                "model.layers",
                Some(Wrappers),
            ),
            (
                "0.auto_model.encoder.layer",
                "encoder.layer",
                Some(Wrappers),
            ),
            ("bert.encoder.layer", "encoder.layer", Some(Name)),
            ("encoder.layer", "bert.encoder.layer", Some(Name)),
            (
                "unet.down_blocks",
                "model.diffusion_model.down_blocks",
                Some(Wrappers),
            ),
            (
                "model.vision_tower.vision_tower.vision_model.encoder.layers",
                "vision_tower.vision_model.encoder.layers",
                Some(Name),
            ),
            (
                "model.vision_model.encoder.layers",
                "visual.encoder.layers",
                Some(SamePart),
            ),
            ("layers", "decoder.layers", Some(Part)),
            ("layers", "encoder.lyric_encoder.layers", Some(Part)),
            (
                "model.layers",
                "vision_tower.vision_model.encoder.layers",
                None,
            ),
            ("layers", "audio_tower.layers", None),
            (
                "text_model.encoder.layers",
                "text_encoder.text_model.encoder.layers",
                Some(Part),
            ),
            (
                "vision_tower.vision_model.encoder.layers",
                "model.layers",
                None,
            ),
            ("audio_tower.layers", "layers", None),
            ("encoder.layers", "decoder.layers", None),
            ("perception.layers", "model.layers", None),
            (
                "model.perception.layers",
                "model.language_model.layers",
                None,
            ),
            (
                "bert.encoder.layer",
                "0.auto_model.encoder.layer",
                Some(Name),
            ),
            (
                "0.auto_model.encoder.layer",
                "bert.encoder.layer",
                Some(Name),
            ),
            ("layers", "blocks", None),
            ("text_encoder.layers", "text_encoder_2.layers", None),
        ] {
            assert_eq!(relation(adapter, base), expected, "{adapter} on {base}");
        }
    }

    #[test]
    fn a_number_is_a_block_unless_a_wrapper_follows() {
        assert_eq!(relation("0.q", "q"), None);
        assert_eq!(relation("3.attn", "5.attn"), None);
        assert_eq!(
            halves("0.auto_model.layer.1.q"),
            ("0.auto_model.layer", "1.q")
        );
        assert_eq!(halves("3.attn.q"), ("", "3.attn.q"));
        assert_eq!(halves("model.embed_tokens"), ("model", "embed_tokens"));
        assert_eq!(halves("lm_head"), ("", "lm_head"));
        assert_eq!(
            change("model.layers", "language_model.model.layers"),
            ("", "language_model")
        );
        assert_eq!(change("bert.encoder.layer", "encoder.layer"), ("bert", ""));
    }
}
