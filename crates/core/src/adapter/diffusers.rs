//! diffusers: `pytorch_lora_weights.safetensors`, with PEFT's names inside and as it was before.

use std::sync::LazyLock;

use regex::Regex;

use crate::error::Result;

use super::AdaptedModule;
use super::alpha::{Alphas, Asked, Without};
use super::component::named;
use super::factors::{both, check_factors};
use super::formula::Formula;
use super::found::{Content, Found};
use super::keys::{Tensors, group, unwrapped};
use super::peft::{self, weighted};
use super::update::Update;

const METADATA: &str = "lora_adapter_metadata";

/// `MODULE.lora.down.weight`, `MODULE_lora.up.weight`, `MODULE.lora_linear_layer.down.weight`.
static OLD: LazyLock<Regex> = LazyLock::new(|| {
    let key = r"(?s)^(?<module>.+?)(?<mark>[._])lora(?:_linear_layer)?(?<stream>[12]?)\.(?<kind>down|up|alpha)(?:\.weight)?$";
    Regex::new(key).expect("a constant")
});
/// `MODULE.alpha`
static ALPHA: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)^(?<module>.+)\.(?:network_)?alpha$").expect("a constant"));
/// Paths that only models of images and films have.
static IMAGE: LazyLock<Regex> = LazyLock::new(|| {
    let blocks = "(?:down|up|transformer|double|single)_blocks|mid_block|single_transformer_blocks";
    let layers = r"to_[qkv]|to_out|qkv_[xy]|proj_[xy]|processor";
    let key = format!(r"^(?:unet|prior|text_encoder(?:_\d)?)\.|(?:^|\.)(?:{blocks}|{layers})\.");
    Regex::new(&key).expect("a constant")
});

/// What a path begins with that is the name of a pipeline's part.
static COMPONENT: LazyLock<Regex> = LazyLock::new(|| {
    let key = r"^(?:unet|prior|transformer|text_encoder)(?:_\d)?$";
    Regex::new(key).expect("a constant")
});
/// Who reads no metadata but diffusers' own.
const LOADER: &str = "diffusers' loader and ComfyUI's";

fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    if let Some(key) = OLD.captures(&name) {
        let kind = match &key["kind"] {
            "down" => "lora_A",
            "up" => "lora_B",
            _ => "alpha",
        };
        return Some((
            path(&key["module"], &key["mark"] == "_", &key["stream"]),
            kind,
        ));
    }
    if let Some(key) = ALPHA.captures(&name) {
        return Some((path(&key["module"], false, ""), "alpha"));
    }
    let (module, kind) = peft::parse(&name)?;
    Some((path(&module, false, ""), kind))
}

/// The layer's own path: processors keep the factors of the attention around them. `is_processor`
/// tells `to_out_lora` from `to_out.0.lora`.
fn path(module: &str, is_processor: bool, stream: &str) -> String {
    let module = module.replace(".processor.", ".");
    let Some((parents, last)) = module.rsplit_once('.').filter(|_| is_processor) else {
        return module;
    };
    let is_text = module.starts_with("text_encoder") || parents.ends_with("self_attn");
    let last = match (last, stream) {
        ("to_q", _) if is_text => "q_proj",
        ("to_k", _) if is_text => "k_proj",
        ("to_v", _) if is_text => "v_proj",
        ("to_out", _) if is_text => "out_proj",
        ("to_out", _) => "to_out.0",
        // XLabs on FLUX: the first stream is the image's.
        ("qkv", "1") => "img_attn.qkv",
        ("qkv", "2") => "txt_attn.qkv",
        ("proj", "1") => "img_attn.proj",
        ("proj", "2") => "txt_attn.proj",
        ("qkv", _) => "linear1",
        ("proj", _) => "linear2",
        (other, _) => other,
    };
    format!("{parents}.{last}")
}

/// Whether a file without a config is diffusers': by its metadata, its name, or its paths.
pub(super) fn fits(found: &Found) -> bool {
    let is_named = found.file.is_called(|stem| stem == "pytorch_lora_weights");
    let is_factor = |name: &String| matches!(parse(name), Some((_, "lora_A" | "lora_B")));
    let is_old = |name: &String| OLD.is_match(&unwrapped(name));
    let mut factors = found.names().iter().filter(|name| is_factor(name));
    factors.any(|name| {
        is_named
            || found.metadata(METADATA).is_some()
            || is_old(name)
            || IMAGE.is_match(&unwrapped(name))
    })
}

struct Reader<'a> {
    found: &'a Found<'a>,
    alphas: Alphas<'a>,
}

/// Reads a file of any of diffusers' times: ΔW = s·B·A, a convolution's factors flattened.
///
/// s is α/r with α from the module's `.alpha` or from the metadata; where the file has none it is
/// 1, as diffusers' own loader takes α = r.
///
/// # Errors
///
/// [`crate::Error::Config`] for metadata that cannot be read; [`crate::Error::Tensor`] for factors
/// without partner or that do not multiply, or a rank that the metadata contradicts.
pub(super) fn read(found: &Found) -> Result<Content> {
    let without = Without::One("no α in the file, and diffusers' loader takes α = r");
    let mut alphas = Alphas::new(found, "r", without, LOADER)?;
    if !alphas.header.is_elsewhere {
        alphas = alphas.read_by_all();
    }
    let is_told = alphas.header.is_object;
    let reader = Reader { found, alphas };
    let grouped = group(found.names(), parse);
    if let Some((name, earlier)) = &grouped.twins {
        let problem = format!("the same factor as `{earlier}`");
        return Err(found.error(name, problem, "save one adapter by itself"));
    }
    let is_old = |name: &String| OLD.is_match(&unwrapped(name));
    let mut content = Content {
        layout: match (is_told, found.names().iter().any(is_old)) {
            (true, _) => "diffusers with lora_adapter_metadata",
            (false, true) => "diffusers, before PEFT",
            (false, false) => "diffusers",
        },
        base_changing_init: reader.alphas.header.base_changing_init().cloned(),
        ranks_are_stated: reader.alphas.header.has_rank(),
        ..Content::default()
    };
    content.evidence = if is_told {
        format!("{METADATA} in the file")
    } else {
        "tensors named as diffusers names them, no lora_adapter_metadata".into()
    };
    for (path, tensors) in &grouped.modules {
        content.known.extend(tensors.get("alpha").cloned());
        if tensors.len() > 1 || !tensors.contains_key("alpha") {
            content.modules.push(reader.module(path, tensors)?);
        }
    }
    content.scale_rule = reader.alphas.rule();
    content.notes.extend(reader.alphas.notes());
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

impl Reader<'_> {
    fn module(&self, path: &str, tensors: &Tensors) -> Result<AdaptedModule> {
        let found = self.found;
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        let (component, inner) = match path.split_once('.') {
            Some((first, rest)) if COMPONENT.is_match(first) => (first, rest),
            _ => ("", path),
        };
        let scale = self.alphas.scale(&Asked {
            component,
            path: inner,
            rank,
            tensor: tensors.get("alpha").map(String::as_str),
            a: &a,
        })?;
        let config = self.alphas.header.of(component);
        let use_dora = config.is_some_and(|config| config.use_dora);
        let b = self.padded(path, b)?;
        let update = weighted(found, path, tensors, Update::Product { b, a }, use_dora)?;
        let mut module = AdaptedModule::new(path.into(), update, scale);
        // The file is an image model's, whatever its `transformer` has inside.
        if let Some(component) = named(component) {
            module.component = component.name;
        }
        Ok(module)
    }

    /// In FLUX's single blocks q, k and v are the first rows of `linear1`: the rest stays as it is.
    fn padded(&self, path: &str, b: Formula) -> Result<Formula> {
        let (rows, rank) = b.dim();
        let is_single = path.contains("single_blocks.") && path.ends_with(".linear1");
        let tensor = format!("{path}.weight");
        let base = self.found.base.filter(|_| is_single);
        let shape = base.and_then(|base| base.shape(&base.find(&tensor)?));
        match shape.as_deref() {
            Some([height, _]) if *height > rows => {
                Formula::stacked(vec![b, Formula::zeros(height - rows, rank)])
            }
            _ => Ok(b),
        }
    }
}
