//! MLX-LM: `adapters.safetensors` beside an `adapter_config.json` with `lora_parameters`; before that
//! `adapters.npz`, at first without a config.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::factors::{both, check_factors, check_stated, normalised};
use super::fields::Fields;
use super::formula::Formula;
use super::found::{Content, Found};
use super::keys::{Tensors, group};
use super::located::CONFIG;
use super::scale_rule::{ScaleKind, ScaleRule};
use super::update::{Norms, Update};
use super::{AdaptedModule, Part, Stored};

/// What MLX-LM takes where the config has no scale.
const USUAL_SCALE: f64 = 20.0;
const ENDS: [(&str, &str); 3] = [(".lora_a", "lora_a"), (".lora_b", "lora_b"), (".m", "m")];

fn parse(name: &str) -> Option<(String, &'static str)> {
    let mut ends = ENDS.iter();
    ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?.to_string(), *kind)))
}

/// Whether a config is MLX-LM's.
pub(super) fn fits(fields: &Map<String, Value>) -> bool {
    let has = |field| fields.contains_key(field);
    has("fine_tune_type") || has("lora_parameters") && !has("peft_type")
}

/// Whether tensors without a config are named so.
pub(super) fn is_named_so(found: &Found) -> bool {
    let mut names = found.names().iter();
    names.any(|name| matches!(parse(name), Some((_, "lora_a" | "lora_b"))))
}

/// Reads factors that have no config beside them: s must be given.
///
/// # Errors
///
/// [`Error::UnknownScale`] without α, besides those of [`read`].
pub(super) fn read_bare(found: &Found) -> Result<Content> {
    let mut content = Content {
        layout: "MLX LoRA",
        evidence: "keys MODULE.lora_a of (in, r) and MODULE.lora_b of (r, out), no config".into(),
        scale_rule: found
            .options
            .alpha
            .map(|alpha| ScaleRule::given("α/r", alpha)),
        ..Content::default()
    };
    let reader = Reader {
        found,
        scale: None,
        rank: None,
        use_dora: false,
    };
    reader.all(&mut content)?;
    Ok(content)
}

struct Reader<'a> {
    found: &'a Found<'a>,
    /// s, which is no α/r; `None` where nothing states it.
    scale: Option<f64>,
    rank: Option<f64>,
    use_dora: bool,
}

/// Reads an adapter: A = `lora_a`ᵀ from (in, r), B = `lora_b`ᵀ from (r, out), and s from the
/// config as it is.
///
/// # Errors
///
/// [`Error::Config`] for a kind of training or a scale that is none; [`Error::Tensor`] for factors
/// without partner or that do not multiply, or a rank that the config contradicts.
pub(super) fn read(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let typed = Fields::new(path, fields);
    let kind = typed.text("fine_tune_type")?.unwrap_or("lora");
    let nothing = Map::new();
    let parameters = typed.object("lora_parameters")?.unwrap_or(&nothing);
    let parameters = Fields::within(path, parameters, " of lora_parameters");
    let scale = parameters.number("scale")?;
    let mut content = Content {
        evidence: match fields.contains_key("fine_tune_type") {
            true => format!("{CONFIG} with fine_tune_type {kind}"),
            false => format!("{CONFIG} with lora_parameters"),
        },
        base_name: typed.text("model")?.map(str::to_string),
        scale_rule: Some(rule(found.options.alpha, scale)),
        ..Content::default()
    };
    content.layout = match kind {
        "lora" => "MLX-LM LoRA",
        "dora" => "MLX-LM DoRA",
        "full" => return full(found, content),
        other => return Err(unread(path, other)),
    };
    if parameters.number("alpha")?.is_some() && found.options.alpha.is_none() {
        let note = "lora_parameters has alpha too: early MLX-LM multiplied the scale by alpha/rank, which is not done here";
        content.notes.push(note.into());
    }
    let scale = scale.unwrap_or(USUAL_SCALE);
    let rank = parameters.number("rank")?;
    let use_dora = kind == "dora";
    content.ranks_are_stated = rank.is_some();
    let reader = Reader {
        found,
        scale: Some(scale),
        rank,
        use_dora,
    };
    reader.all(&mut content)?;
    Ok(content)
}

/// s by what is given, else by the config, else by MLX-LM.
fn rule(alpha: Option<f64>, scale: Option<f64>) -> ScaleRule {
    let stated = |words: String| ScaleRule::new(ScaleKind::Stated, words, None);
    match (alpha, scale) {
        (Some(alpha), _) => ScaleRule::given("α/r", alpha),
        (None, Some(scale)) => stated(format!(
            "s = {scale} from lora_parameters, not divided by r"
        )),
        (None, None) => stated(format!(
            "s = {USUAL_SCALE}, MLX-LM's own where the config has none"
        )),
    }
}

/// A kind of training that is not read.
fn unread(path: &Path, kind: &str) -> Error {
    Error::config(
        path,
        format!("fine_tune_type is \"{kind}\""),
        format!(
            "lora, dora and full are read: fuse it with mlx_lm.fuse and give both checkpoints, the original one with {}",
            Setting::Base
        ),
    )
}

impl Reader<'_> {
    fn all(&self, content: &mut Content) -> Result<()> {
        let grouped = group(self.found.names(), parse);
        for (path, tensors) in &grouped.modules {
            content.modules.extend(self.modules(path, tensors)?);
        }
        self.found.keep(content, &grouped.others)
    }

    /// One module, or one for each expert of a layer that switches between them.
    fn modules(&self, path: &str, tensors: &Tensors) -> Result<Vec<AdaptedModule>> {
        let (a, b) = both(self.found, path, tensors, ("lora_a", "lora_b"))?;
        let (shape_a, shape_b) = (self.found.shape(a), self.found.shape(b));
        match (shape_a, shape_b) {
            ([_, _], [_, _]) => {
                let a = self.found.tensor(a)?.transposed();
                let b = self.found.tensor(b)?.transposed();
                Ok(vec![self.module(path, tensors, b, a)?])
            }
            (&[experts, ..], &[others, ..]) if experts == others && shape_a.len() == 3 => {
                let expert = |e: usize| {
                    let (a, b) = (self.found.part(a, e)?, self.found.part(b, e)?);
                    let name = format!("{path}.{e}");
                    let mut module = self.module(&name, &Tensors::new(), b, a)?;
                    module.target.tensor = format!("{path}.weight");
                    module.target.part = Part::Expert(e);
                    module.target.stored = Stored::Usual;
                    Ok(module)
                };
                (0..experts).map(expert).collect()
            }
            _ => {
                let problem = format!(
                    "shape {shape_a:?}, and `{b}` has {shape_b:?}: (in, r) and (r, out), or (experts, r, in) and (experts, out, r), were expected"
                );
                Err(self.found.error(a, problem, "save the adapter again"))
            }
        }
    }

    fn module(
        &self,
        path: &str,
        tensors: &Tensors,
        b: Formula,
        a: Formula,
    ) -> Result<AdaptedModule> {
        let rank = check_factors(&b, &a)?;
        check_stated(self.rank, "lora_parameters", rank, &a)?;
        let scale = |alpha: Option<f64>| match (alpha, self.scale) {
            (Some(alpha), _) => Ok(alpha / rank as f64),
            (None, Some(scale)) => Ok(scale),
            (None, None) => Err(unknown(self.found)),
        };
        let stored = Stored::in_base(self.found.base, path, (b.dim().0, a.dim().1));
        // The lengths of an embedding are those of its tokens.
        let over = match stored {
            Stored::Transposed => Norms::Columns(1),
            _ => Norms::Rows,
        };
        let magnitude = tensors.get("m").map(|m| self.found.tensor(m)).transpose()?;
        if magnitude.is_none() && self.use_dora {
            let problem = format!("its module `{path}` has no `.m`, though fine_tune_type is dora");
            return Err(a.error(problem, "save the adapter again"));
        }
        let mut update = Update::Product { b, a };
        if let Some(magnitude) = magnitude {
            update = normalised(update, magnitude, over)?;
        }
        let mut module = AdaptedModule::new(path.into(), update, self.found.scale(scale)?);
        module.target.stored = stored;
        Ok(module)
    }
}

fn unknown(found: &Found) -> Error {
    Error::UnknownScale {
        path: found.root.into(),
        problem: format!(
            "no {CONFIG} there, so the scale of ΔW is unknown: MLX's own was 2 at first and 20 later"
        ),
        remedy: format!(
            "give s·r with {}, or {} for s = 1",
            Setting::Alpha,
            Setting::Unscaled
        ),
    }
}

/// The trained weights themselves.
fn full(found: &Found, mut content: Content) -> Result<Content> {
    content.layout = "MLX-LM full";
    content.scale_rule = Some(ScaleRule::one("ΔW = W′ − W"));
    found.keep(&mut content, found.names())?;
    content.modules = std::mem::take(&mut content.replacements);
    Ok(content)
}
