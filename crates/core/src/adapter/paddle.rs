//! PaddleNLP: `lora_config.json` beside `peft_model.safetensors`; A is (in, r) and B is (r, out), as
//! Paddle stores every matrix.

use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::alpha::{Alphas, Asked};
use super::factors::{both, check_factors};
use super::fields::Fields;
use super::formula::Formula;
use super::found::{Content, Found};
use super::keys::group;
use super::located::PADDLE_CONFIG;
use super::names::is_embedding;
use super::peft::{PeftConfig, check_rank};
use super::scale_rule::{ScaleKind, ScaleRule};
use super::update::Update;
use super::{AdaptedModule, LaidIndex, Stored};

/// Fields that change ΔW when they are set, and what they do to it.
const UNSUPPORTED_FIELDS: [(&str, &str); 4] = [
    (
        "use_mora",
        "A and B are one square matrix between pooled inputs and outputs",
    ),
    ("lora_use_mixer", "a third matrix stands between A and B"),
    ("nola", "A and B are sums of random matrices"),
    (
        "enable_lora_list",
        "the rows of q, k and v are interleaved by heads",
    ),
];
/// Layers that put out more than they read, and such that put out less.
const WIDER: [&str; 4] = [
    "up_proj.weight",
    "gate_proj.weight",
    "fc1.weight",
    "linear1.weight",
];
const NARROWER: [&str; 3] = ["down_proj.weight", "fc2.weight", "linear2.weight"];
/// How far a stated scale may be from the one that follows from r and α.
const ROUNDED: f64 = 1e-6;

fn parse(name: &str) -> Option<(String, &'static str)> {
    let ends = [(".lora_A", "lora_A"), (".lora_B", "lora_B")];
    let mut ends = ends.iter();
    ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?.to_string(), *kind)))
}

/// Whether a config is PaddleNLP's.
pub(super) fn fits(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == PADDLE_CONFIG)
}

/// Reads an adapter: ΔW = s·(A·B)ᵀ.
///
/// # Errors
///
/// [`Error::Config`] for a field of another kind than it must be; [`Error::Unsupported`] for one
/// that changes ΔW; [`Error::UnknownScale`] without α; [`Error::Tensor`] for factors without
/// partner or that do not multiply, or another rank.
pub(super) fn read(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let typed = Fields::new(path, fields);
    check(&typed)?;
    let mut own = fields.clone();
    own.insert("use_rslora".into(), typed.truth("rslora")?.into());
    let mut config = PeftConfig::new(path, &own)?;
    config.place = PADDLE_CONFIG.into();
    let stated = match found.options.alpha {
        Some(_) => None,
        None => stated(&typed, &config)?,
    };
    let alphas = Alphas::of_config(found, &config);
    let mut content = Content {
        layout: "PaddleNLP LoRA",
        evidence: format!(
            "{PADDLE_CONFIG}; keys MODULE.lora_A of (in, r) and MODULE.lora_B of (r, out)"
        ),
        base_name: config.base_name.clone(),
        base_changing_init: base_changing_init(&typed)?,
        ranks_are_stated: config.has_rank(),
        ..Content::default()
    };
    let grouped = group(found.names(), parse);
    for (module, tensors) in &grouped.modules {
        let (a, b) = both(found, module, tensors, ("lora_A", "lora_B"))?;
        let a = found.tensor(a)?.transposed();
        let b = found.tensor(b)?.transposed();
        let rank = check_factors(&b, &a)?;
        check_rank(&config, module, rank, &a)?;
        let scale = match &stated {
            Some((scale, _)) => found.scale(|_| Ok(*scale))?,
            None => alphas.scale(&asked(module, rank, &a))?,
        };
        let update = Update::Product { b, a };
        let read = AdaptedModule::new(module.clone(), update, scale);
        content.modules.push(read);
    }
    content.scale_rule = match stated {
        Some((_, rule)) => Some(rule),
        None => alphas.rule(),
    };
    orient(found, &mut content);
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

fn asked<'m>(path: &'m str, rank: usize, a: &'m Formula) -> Asked<'m> {
    Asked {
        component: "",
        path,
        rank,
        tensor: None,
        a,
    }
}

/// Refuses what makes s·(A·B)ᵀ another matrix than ΔW.
fn check(fields: &Fields) -> Result<()> {
    let refuse = |feature: String, reason: &str| {
        Err(Error::Unsupported {
            path: fields.path().into(),
            feature,
            reason: reason.into(),
            remedy: format!(
                "merge it with PaddleNLP's tools/merge_lora_params.py and give the merged model, and the original one with {}",
                Setting::Base
            ),
        })
    };
    for (field, reason) in UNSUPPORTED_FIELDS {
        let is_set = match fields.get(field) {
            None | Some(Value::Bool(false)) => false,
            Some(Value::Array(items)) => items.iter().any(|item| !item.is_null()),
            Some(_) => true,
        };
        if is_set {
            return refuse(format!("{field} in {PADDLE_CONFIG}"), reason);
        }
    }
    match fields.number("tensor_parallel_degree")? {
        Some(degree) if degree > 1.0 => refuse(
            format!("tensor_parallel_degree = {degree}"),
            "its factors are shards of parallel layers",
        ),
        _ => Ok(()),
    }
}

/// `pissa` and `loraga` put a part of the base into A·B.
fn base_changing_init(fields: &Fields) -> Result<Option<String>> {
    for (field, init) in [("pissa", "pissa"), ("loraga", "lora_ga")] {
        if fields.truth(field)? {
            return Ok(Some(init.into()));
        }
    }
    Ok(None)
}

/// s where it is not what follows from r and α: with `pissa`, or by an older version's rsLoRA.
fn stated(fields: &Fields, config: &PeftConfig) -> Result<Option<(f64, ScaleRule)>> {
    let rule =
        |scale: f64, words: String| Some((scale, ScaleRule::new(ScaleKind::Stated, words, None)));
    if fields.truth("pissa")? {
        return Ok(rule(1.0, "s = 1, as PaddleNLP takes it with pissa".into()));
    }
    let (Some(scaling), Some(rank), true) = (
        fields.positive("scaling")?,
        fields.count("r")?,
        config.has_alpha(),
    ) else {
        return Ok(None);
    };
    let follows = config.scale("", rank, None)?;
    if (scaling - follows).abs() <= ROUNDED * follows {
        return Ok(None);
    }
    if fields.truth("rslora")? {
        let words = format!("s = {scaling} from scaling of {PADDLE_CONFIG}");
        return Ok(rule(scaling, words));
    }
    Err(Error::config(
        fields.path(),
        format!("scaling is {scaling}, where lora_alpha/r is {follows}"),
        format!("correct the wrong one, or give α with {}", Setting::Alpha),
    ))
}

/// Which way round the base stores its weights: Paddle's are (in, out), Hugging Face's (out, in).
/// Any layer with two widths tells it for all. An embedding has a row for each token in both, so that
/// it tells nothing and stays.
fn orient(found: &Found, content: &mut Content) {
    let Some(base) = found.base else { return };
    for module in &mut content.modules {
        if let Some(tensor) = tensor(base, &module.path) {
            module.target.tensor = tensor;
        }
        if is_embedding(&module.path) {
            module.target.stored = Stored::Transposed;
        }
    }
    let shape = |module: &AdaptedModule| {
        let name = base.find(&module.target.tensor)?;
        match base.shape(&name)?.as_slice() {
            &[rows, columns] if rows != columns => Some((rows, columns)),
            _ => None,
        }
    };
    let is_turned = |module: &AdaptedModule| Some(shape(module)? == (module.d_in, module.d_out));
    let layers = content.modules.iter();
    let mut layers = layers.filter(|module| !is_embedding(&module.path));
    let told = layers.find_map(is_turned);
    let Some(turned) = told.or_else(|| by_names(base)) else {
        content.notes.push(
            "no layer with two different widths tells which way round the base stores its weights: (out, in) is taken"
                .into(),
        );
        return;
    };
    let layers = content.modules.iter_mut();
    for module in layers.filter(|module| !is_embedding(&module.path)) {
        module.target.stored = match turned {
            true => Stored::Transposed,
            false => Stored::Usual,
        };
    }
}

/// W's name, in a base of Paddle's or one of Hugging Face's, whose decoders are all called `model`.
fn tensor(base: &dyn LaidIndex, path: &str) -> Option<String> {
    let own = || base.find(&format!("{path}.weight"));
    let theirs = || {
        let (_, rest) = path.split_once('.')?;
        base.find(&format!("model.{rest}.weight"))
    };
    own().or_else(theirs)
}

/// By feed-forward layers, whose names say on which side they are wider.
fn by_names(base: &dyn LaidIndex) -> Option<bool> {
    base.names().into_iter().find_map(|name| {
        let is = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        let shape = base.shape(name)?;
        let &[rows, columns] = shape.as_slice() else {
            return None;
        };
        match (is(&WIDER), is(&NARROWER)) {
            (true, _) if rows != columns => Some(rows < columns),
            (_, true) if rows != columns => Some(rows > columns),
            _ => None,
        }
    })
}
