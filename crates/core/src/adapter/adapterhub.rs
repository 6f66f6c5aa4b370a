//! AdapterHub's `adapters`: `MODULE.loras.NAME.lora_A` beside an `adapter_config.json` of its own.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::alpha::{Alphas, Asked};
use super::factors::{both, check_factors, merged};
use super::fields::Fields;
use super::found::{Content, Found};
use super::keys::{Grouped, Tensors, group, unwrapped};
use super::located::CONFIG;
use super::peft::{PeftConfig, check_rank};
use super::update::Update;
use super::{AdaptedModule, Stored};

static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let key = r"(?s)^(?<module>.+)\.loras\.[^.]+\.(?<kind>lora_A|lora_B)$";
    Regex::new(key).expect("a constant")
});
/// The slots of a fused projection, by the letters of `attn_matrices`.
const SLOTS: [&str; 3] = ["q", "k", "v"];

fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    let key = KEY.captures(&name)?;
    let kind = if &key["kind"] == "lora_A" {
        "lora_A"
    } else {
        "lora_B"
    };
    Some((key["module"].to_string(), kind))
}

/// Whether a config is AdapterHub's.
pub(super) fn fits(fields: &Map<String, Value>) -> bool {
    let own = ["model_class", "model_name", "version", "name"];
    fields.get("config").is_some_and(Value::is_object)
        && own.iter().any(|field| fields.contains_key(*field))
        && !fields.contains_key("peft_type")
}

/// Whether tensors are named so.
pub(super) fn is_named_so(found: &Found) -> bool {
    found.names().iter().any(|name| parse(name).is_some())
}

/// Reads an adapter: ΔW = s·B·A with s = α/r, and of a fused projection one block for each of its
/// slots in `attn_matrices`.
///
/// # Errors
///
/// [`Error::Unsupported`] for another method, or one whose ΔW depends on the input;
/// [`Error::UnknownScale`] without α; [`Error::Tensor`] for factors without partner or that do not
/// multiply, or another rank.
pub(super) fn read(found: &Found) -> Result<Content> {
    let (path, fields) = match &found.config {
        Some((path, fields)) => (path.as_path(), Some(fields)),
        None => (found.root, None),
    };
    let nothing = Map::new();
    let own = fields.and_then(|fields| fields.get("config")?.as_object());
    let own = own.unwrap_or(&nothing);
    if fields.is_some() {
        check(path, own)?;
    }
    let typed = Fields::within(path, own, " of config");
    let enabled = typed.texts("attn_matrices")?.unwrap_or_default();
    let config = PeftConfig::with_alpha_in("alpha", path, own)?;
    let alphas = Alphas::of_config(found, &config);
    let source = match fields {
        Some(_) => format!("{CONFIG} with architecture lora; "),
        None => String::new(),
    };
    let base_name = fields.and_then(|fields| Some(fields.get("model_name")?.as_str()?.to_string()));
    let mut content = Content {
        layout: "AdapterHub LoRA",
        evidence: format!("{source}keys MODULE.loras.NAME.lora_A and lora_B"),
        base_name,
        ranks_are_stated: config.has_rank(),
        ..Content::default()
    };
    let grouped = group(found.names(), parse);
    check_names(found, &grouped)?;
    let reader = Reader {
        found,
        config: &config,
        alphas: &alphas,
        enabled: &enabled,
    };
    for (module, tensors) in &grouped.modules {
        content.modules.push(reader.module(module, tensors)?);
    }
    content.scale_rule = alphas.rule();
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

struct Reader<'a> {
    found: &'a Found<'a>,
    config: &'a PeftConfig,
    alphas: &'a Alphas<'a>,
    enabled: &'a [String],
}

impl Reader<'_> {
    fn module(&self, path: &str, tensors: &Tensors) -> Result<AdaptedModule> {
        let found = self.found;
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let (rank, rows) = (b.dim().1, a.dim().0);
        let slots = SLOTS.map(|slot| self.enabled.iter().any(|own| own == slot));
        let is_fused = rows != rank && rows == rank * slots.iter().filter(|own| **own).count();
        if !is_fused {
            check_factors(&b, &a)?;
        }
        check_rank(self.config, path, rank, &a)?;
        let scale = self.alphas.scale(&Asked {
            component: "",
            path,
            rank,
            tensor: None,
            a: &a,
        })?;
        if !is_fused {
            return Ok(AdaptedModule::new(
                path.into(),
                Update::Product { b, a },
                scale,
            ));
        }
        let mut module = merged(path, b, a, &slots, scale)?;
        // GPT-2's Conv1D, where only the base's shape can tell.
        module.target.stored = match Stored::in_base(found.base, path, (module.d_out, module.d_in))
        {
            Stored::Transposed => Stored::Conv1d,
            other => other,
        };
        Ok(module)
    }
}

/// Refuses several adapters in one file, and gates.
fn check_names(found: &Found, grouped: &Grouped) -> Result<()> {
    if let Some((name, earlier)) = &grouped.twins {
        let problem = format!("the same factor as `{earlier}`, of another adapter");
        return Err(found.error(name, problem, "save one adapter by itself"));
    }
    match grouped.others.iter().find(|name| is_gate(name)) {
        Some(gate) => Err(gated(
            found.file.path(),
            format!("gating (tensor `{gate}`)"),
        )),
        None => Ok(()),
    }
}

fn is_gate(name: &str) -> bool {
    name.contains(".loras.") && name.contains(".gate.")
}

fn gated(path: &Path, feature: String) -> Error {
    Error::Unsupported {
        path: path.into(),
        feature,
        reason: "a gate scales the update by the input, so there is no single ΔW".into(),
        remedy: "give an adapter that was trained without use_gating".into(),
    }
}

/// Refuses what makes s·B·A another matrix than ΔW.
fn check(path: &Path, own: &Map<String, Value>) -> Result<()> {
    let fields = Fields::within(path, own, " of config");
    let refuse = |feature: String, reason: &str| {
        Err(Error::Unsupported {
            path: path.into(),
            feature,
            reason: reason.into(),
            remedy: format!(
                "merge it with `merge_adapter` of adapters where that can be done, and give the merged model, and the original one with {}",
                Setting::Base
            ),
        })
    };
    match fields.text("architecture")? {
        Some("lora") => {}
        Some(other) => {
            let feature = format!("AdapterHub's architecture \"{other}\"");
            return refuse(feature, "it is not LoRA");
        }
        None => {
            let reason = "its layers stand behind the weights, and change no weight";
            return refuse("AdapterHub's bottleneck adapter".into(), reason);
        }
    }
    if fields.truth("use_gating")? {
        return Err(gated(path, "use_gating = true".into()));
    }
    if let Some(mode) = fields
        .text("composition_mode")?
        .filter(|mode| *mode != "add")
    {
        let feature = format!("composition_mode = \"{mode}\"");
        return refuse(
            feature,
            "B is multiplied with W, as (IA)³ does, and not added",
        );
    }
    for field in ["vera_d", "vera_b"] {
        if fields.get(field).is_some() {
            let reason = "A and B are random and shared, as VeRA's, and not in the file";
            return refuse(format!("{field} of config"), reason);
        }
    }
    Ok(())
}
