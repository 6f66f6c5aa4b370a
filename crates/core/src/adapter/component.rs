//! The parts of a model that are trained and saved by themselves, and what libraries begin their names
//! with. What else in a name tells a part of any model (`vision`, `decoder`) is in `base/prefixes.rs`.

/// A part of a model, such as the second text encoder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Component {
    /// What diffusers calls it; of an image model's own part `unet`, whatever it is.
    pub(crate) name: &'static str,
    /// What names in files of kohya's scripts, LyCORIS and ComfyUI begin with, and what a path of the
    /// component begins with then.
    starts: &'static [(&'static str, &'static str)],
    /// What names begin with in a base of several components, the likeliest first.
    pub(crate) begins: &'static [&'static str],
    /// The same in original checkpoints, with the wrapper that follows there.
    original: &'static [&'static str],
    /// What files' metadata and paths call it.
    alike: &'static [&'static str],
}

/// The component of an image model that takes the noise away.
const DENOISER: Component = Component {
    name: "unet",
    starts: &[
        ("lora_transformer_", "transformer"),
        ("lora_unet_", "unet"),
        ("diffusion_model.", "unet"),
    ],
    begins: &[
        "model.diffusion_model.",
        "diffusion_model.",
        "unet.",
        "transformer.",
    ],
    original: &["model.diffusion_model."],
    alike: &["unet", "transformer", "diffusion_model", "dit"],
};

const COMPONENTS: [Component; 7] = [
    DENOISER,
    Component {
        name: "text_encoder",
        starts: &[
            ("lora_te1_", "te1"),
            ("lora_te_", "te"),
            ("text_encoders.clip_l.", "te1"),
        ],
        begins: &[
            "text_encoder.",
            "conditioner.embedders.0.",
            "cond_stage_model.",
            "text_encoders.clip_l.",
        ],
        original: &[
            "cond_stage_model.transformer.",
            "cond_stage_model.model.",
            "conditioner.embedders.0.transformer.",
            "text_encoders.clip_l.transformer.",
        ],
        alike: &["text_encoder", "te", "te1"],
    },
    Component {
        name: "text_encoder_2",
        starts: &[("lora_te2_", "te2"), ("text_encoders.clip_g.", "te2")],
        begins: &[
            "text_encoder_2.",
            "conditioner.embedders.1.",
            "text_encoders.clip_g.",
        ],
        original: &[
            "conditioner.embedders.1.model.",
            "text_encoders.clip_g.transformer.",
        ],
        alike: &["text_encoder_2", "te2"],
    },
    Component {
        name: "text_encoder_3",
        starts: &[("lora_te3_", "te3")],
        begins: &["text_encoder_3.", "text_encoders.t5xxl."],
        original: &["text_encoders.t5xxl.transformer."],
        alike: &["text_encoder_3", "te3"],
    },
    // The same by what it is. FLUX has two text encoders, and this is its second.
    Component {
        name: "text_encoder_3",
        starts: &[("text_encoders.t5xxl.", "te3")],
        begins: &["text_encoders.t5xxl.", "text_encoder_3.", "text_encoder_2."],
        original: &[],
        alike: &[],
    },
    Component {
        name: "prior",
        starts: &[("lora_prior_unet_", "prior")],
        begins: &["prior."],
        original: &[],
        alike: &["prior"],
    },
    Component {
        name: "prior_text_encoder",
        starts: &[("lora_prior_te_", "prior_te")],
        begins: &["prior_text_encoder."],
        original: &[],
        alike: &["prior_text_encoder", "prior_te"],
    },
];

/// What diffusers calls a denoiser without convolutions, and language models their own inside.
pub(crate) const AMBIGUOUS: &str = "transformer";
/// How the names of lists of blocks end in a denoiser: `transformer_blocks`, `double_blocks`.
const BLOCKS: &str = "_blocks";

/// What a token begins with that belongs to no component in particular.
const NEUTRAL: &str = "lycoris_";

/// A name of a kohya, LyCORIS or ComfyUI file: its component, what a path of it begins with, and the
/// rest of the name.
pub(super) fn of_token(name: &str) -> (Option<&'static Component>, &'static str, &str) {
    let of = |component: &'static Component| {
        let starts = component.starts.iter();
        starts.filter_map(move |(start, short)| {
            Some((start.len(), component, *short, name.strip_prefix(start)?))
        })
    };
    let longest = COMPONENTS
        .iter()
        .flat_map(of)
        .max_by_key(|(length, ..)| *length);
    match longest {
        Some((_, component, short, rest)) => (Some(component), short, rest),
        None => (None, "", name.strip_prefix(NEUTRAL).unwrap_or(name)),
    }
}

/// Whether a name begins as those of a component, or of none in particular, do in such a file.
pub(super) fn is_token(name: &str) -> bool {
    of_token(name).0.is_some() || name.starts_with(NEUTRAL)
}

/// A module's path in any library's words: its component, where the path says it, and the path inside.
/// `transformer.h.0` of GPT-2 says none.
pub(crate) fn of_path(path: &str) -> (Option<&'static Component>, &str) {
    if let Some((component, rest)) = of_original(path) {
        return (Some(component), rest);
    }
    if let (Some(component), _, rest) = of_token(path) {
        return (Some(component), rest);
    }
    match path.split_once('.') {
        Some((first, rest)) => match named(first).filter(|_| says_so(first, rest)) {
            Some(component) => (Some(component), rest),
            None => (None, path),
        },
        None => (None, path.strip_prefix(NEUTRAL).unwrap_or(path)),
    }
}

/// Whether a path's first name is a component's for certain, by what follows it.
fn says_so(first: &str, rest: &str) -> bool {
    first != AMBIGUOUS || rest.split('.').any(|name| name.ends_with(BLOCKS))
}

/// A name in an original checkpoint of several components: its component, and the name inside.
pub(crate) fn of_original(name: &str) -> Option<(&'static Component, &str)> {
    COMPONENTS.iter().find_map(|component| {
        let mut starts = component.original.iter();
        let rest = starts.find_map(|start| name.strip_prefix(start))?;
        Some((component, rest))
    })
}

/// The component that files call so.
pub(crate) fn named(name: &str) -> Option<&'static Component> {
    let mut all = COMPONENTS.iter();
    all.find(|component| component.alike.contains(&name))
}

/// Names of one component in files' metadata, where no name stands for the denoiser.
pub(super) fn alike(name: &str) -> Option<&'static [&'static str]> {
    match name {
        "" => Some(DENOISER.alike),
        name => named(name).map(|component| component.alike),
    }
}

/// What the names of a base with several components may begin with, wrappers included.
pub(super) fn all_begins() -> impl Iterator<Item = &'static str> {
    let of = |component: &'static Component| component.begins.iter().chain(component.original);
    COMPONENTS.iter().flat_map(of).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_library_names_the_same_components() {
        for (path, component, rest) in [
            ("lora_unet_down_blocks_0", Some("unet"), "down_blocks_0"),
            ("unet.down_blocks.0", Some("unet"), "down_blocks.0"),
            (
                "transformer.transformer_blocks.0.q",
                Some("unet"),
                "transformer_blocks.0.q",
            ),
            (
                "transformer.single_blocks.0",
                Some("unet"),
                "single_blocks.0",
            ),
            ("lora_transformer_blocks_0", Some("unet"), "blocks_0"),
            ("transformer.h.0.attn.q", None, "transformer.h.0.attn.q"),
            ("transformer.blocks.0", None, "transformer.blocks.0"),
            ("transformer.resblocks.0", None, "transformer.resblocks.0"),
            ("model.diffusion_model.out.2", Some("unet"), "out.2"),
            ("lora_te_text_model", Some("text_encoder"), "text_model"),
            ("te1.text_model.q", Some("text_encoder"), "text_model.q"),
            (
                "text_encoders.clip_l.transformer.text_model.q",
                Some("text_encoder"),
                "text_model.q",
            ),
            ("lora_te2_text_model", Some("text_encoder_2"), "text_model"),
            (
                "text_encoder_2.layers.0",
                Some("text_encoder_2"),
                "layers.0",
            ),
            ("lora_prior_unet_in", Some("prior"), "in"),
            ("lycoris_layers_0", None, "layers_0"),
            ("model.layers.0.q", None, "model.layers.0.q"),
            ("tea.0.q", None, "tea.0.q"),
        ] {
            let (found, inner) = of_path(path);
            assert_eq!(found.map(|one| one.name), component, "{path}");
            assert_eq!(inner, rest, "{path}");
        }
    }

    #[test]
    fn no_name_is_of_two_components() {
        let mut starts: Vec<&str> = Vec::new();
        for component in &COMPONENTS {
            starts.extend(component.starts.iter().map(|(start, _)| *start));
            starts.extend(component.original);
            starts.extend(component.alike);
        }
        let count = starts.len();
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), count);
    }
}
