//! PEFT's other methods whose ΔW stands in the file: AdaLoRA, VeRA, LoHa and LoKr. TinyLoRA has a
//! file of its own.

use std::path::Path;

use serde_json::{Map, Value};

use crate::adapter::AdaptedModule;
use crate::adapter::factors::{both, check_factors};
use crate::adapter::fields::Fields;
use crate::adapter::found::{Content, Found};
use crate::adapter::header::Header;
use crate::adapter::located::CONFIG;
use crate::adapter::products::{self, Product};
use crate::adapter::scale_rule::{ScaleKind, ScaleRule};
use crate::adapter::update::Update;
use crate::error::{Error, Result};
use crate::setting::Setting;

use super::beside::others;
use super::config::{PeftConfig, bad, give_alpha};
use super::grouped::{is_turned, modules, plain};
use super::lora::check_rank;
use super::{refused, tiny};

/// Reads an adapter of any method but LoRA; `path` is the config's.
///
/// # Errors
///
/// [`crate::Error::Unsupported`] for a method that is not read, besides those of each.
pub(in crate::adapter) fn read(
    found: &Found,
    path: &Path,
    fields: &Map<String, Value>,
    method: &str,
) -> Result<Content> {
    let mut content = match method {
        "ADALORA" => adalora(found, path, fields),
        "LOHA" => lycoris(found, path, fields, "PEFT LOHA"),
        "LOKR" => lycoris(found, path, fields, "PEFT LOKR"),
        "VERA" => vera(found, path, fields),
        "TINYLORA" => tiny::read(found, path, fields),
        other => Err(refused::refusal(path, other)),
    }?;
    content.evidence = format!("{CONFIG} with peft_type {method}");
    content.ranks_are_stated = true;
    let plain = plain(path, fields)?;
    others(found, &plain, &mut content)?;
    content.base_name = plain.base_name;
    Ok(content)
}

/// AdaLoRA (Zhang et al. 2023): ΔW = s·B·(E ⊙ A), s = α/(init_r + 1e-5), whatever rank is left.
///
/// An α that is not positive stands for init_r, as in PEFT.
fn adalora(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let typed = Fields::new(path, fields);
    // PEFT's own default.
    let start = typed.positive("init_r")?.unwrap_or(12.0);
    let stored = typed.number("lora_alpha")?;
    let own = stored.map(|alpha| if alpha > 0.0 { alpha } else { start });
    let rule = |alpha: Option<f64>| {
        let alpha = alpha.or(own).ok_or_else(|| Error::UnknownScale {
            path: path.into(),
            problem: "lora_alpha is missing, so the scale of ΔW is unknown".into(),
            remedy: give_alpha(),
        })?;
        Ok(alpha / (start + 1e-5))
    };
    let mut content = modules(found, &["lora_A", "lora_B", "lora_E"], |module, tensors| {
        let (a, b) = both(found, module, tensors, ("lora_A", "lora_B"))?;
        if let ([0, _], [_, 0]) = (found.shape(a), found.shape(b)) {
            return Ok(None);
        }
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let rank = check_factors(&b, &a)?;
        let Some(name) = tensors.get("lora_E") else {
            let problem = format!("module `{module}` has no lora_E");
            return Err(a.error(problem, "AdaLoRA keeps one beside A and B: save it again"));
        };
        let e = found.tensor(name)?;
        if e.dim() != (rank, 1) {
            let problem = format!("{} values for rank {rank}", e.dim().0 * e.dim().1);
            return Err(e.error(problem, "E has one number for each row of A: save it again"));
        }
        let update = Update::Product {
            a: a.entrywise(e)?,
            b,
        };
        Ok(Some((update, found.scale(rule)?)))
    })?;
    let is_count = |name: &String| name.contains(".ranknum");
    let counts = found.names().iter().filter(|name| is_count(name));
    content.known.extend(counts.cloned());
    content.replaced.retain(|name| !is_count(name));
    content.layout = "PEFT ADALORA";
    content.scale_rule = adalora_rule(found, stored, start);
    Ok(content)
}

/// AdaLoRA's scale in words, with where α came from, if it came.
fn adalora_rule(found: &Found, stored: Option<f64>, start: f64) -> Option<ScaleRule> {
    let (source, alpha) = match (found.options.alpha, stored) {
        (Some(alpha), _) => (format!("α = {alpha} from {}", Setting::Alpha), None),
        (None, Some(alpha)) if alpha > 0.0 => (format!("α = {alpha} from lora_alpha"), Some(alpha)),
        (None, Some(alpha)) => (format!("α = init_r, as lora_alpha is {alpha}"), None),
        (None, None) => return None,
    };
    let words = format!("s = α/(init_r + 1e-5) with init_r = {start}, {source}");
    Some(ScaleRule::new(ScaleKind::AlphaOverStart, words, alpha))
}

const LYCORIS_KINDS: [&str; 14] = [
    "hada_w1_a",
    "hada_w1_b",
    "hada_w2_a",
    "hada_w2_b",
    "hada_t1",
    "hada_t2",
    "lokr_w1",
    "lokr_w1_a",
    "lokr_w1_b",
    "lokr_w2",
    "lokr_w2_a",
    "lokr_w2_b",
    "lokr_t1",
    "lokr_t2",
];

/// LoHa and LoKr as PEFT has them: s = α/r with `alpha` and r of the config, of a LoKr of whole
/// factors too (where LyCORIS takes 1).
fn lycoris(
    found: &Found,
    path: &Path,
    fields: &Map<String, Value>,
    layout: &'static str,
) -> Result<Content> {
    let config = PeftConfig::with_alpha_in("alpha", path, fields)?;
    let config = config.completed_by(Header::read(found)?.into_whole());
    let make = match layout {
        "PEFT LOHA" => products::hadamard,
        _ => products::kronecker,
    };
    let mut content = modules(found, &LYCORIS_KINDS, |module, tensors| {
        let Product { matrix, rank } = make(found, module, tensors)?;
        if let Some(rank) = rank {
            check_rank(&config, module, rank, &matrix)?;
        }
        let configured = config.rank(module)?.map(|rank| rank as usize);
        let scale = found.scale(|alpha| {
            let rank = rank.or(configured).ok_or_else(|| {
                let problem = format!("r is missing, and the tensors of `{module}` have no rank");
                let remedy = format!("give it as in training, or {} for s = 1", Setting::Unscaled);
                bad(path, problem, &remedy)
            })?;
            config.scale(module, rank, alpha)
        })?;
        Ok(Some((Update::Dense(matrix), scale)))
    })?;
    content.layout = layout;
    content.scale_rule = config.scale_rule(found.options.alpha);
    Ok(content)
}

/// VeRA (Kopiczko et al. 2024): ΔW = (λ_b ⊙ B[:out])·(λ_d ⊙ A[:, :in]) with one A (r, widest in)
/// and one B (widest out, r) for all modules; s = 1.
///
/// # Errors
///
/// [`crate::Error::Unsupported`] where A and B were not saved.
fn vera(found: &Found, path: &Path, fields: &Map<String, Value>) -> Result<Content> {
    let shared = |kind: &str| {
        let is_it = |name: &&String| {
            let name = name.strip_suffix(".weight").unwrap_or(name);
            name.split('.').any(|part| part == kind)
        };
        found.names().iter().find(is_it)
    };
    let (Some(a_name), Some(b_name)) = (shared("vera_A"), shared("vera_B")) else {
        let what = "its projections (save_projection is false)";
        return Err(refused::without_projection(path, "VERA", what));
    };
    let (all_a, all_b) = (found.tensor(a_name)?, found.tensor(b_name)?);
    let rank = check_factors(&all_b, &all_a)?;
    check_rank(&PeftConfig::new(path, fields)?, "", rank, &all_a)?;
    let is_turned = is_turned(found)?;
    let mut content = modules(
        found,
        &["vera_lambda_b", "vera_lambda_d"],
        |module, tensors| {
            let kinds = ("vera_lambda_d", "vera_lambda_b");
            let (d, b) = both(found, module, tensors, kinds)?;
            let (d, b) = (found.tensor(d)?, found.tensor(b)?);
            let d_in = input_width(found, module, b.dim().0, is_turned).unwrap_or(all_a.dim().1);
            let update = Update::Product {
                b: all_b.clone().rows(0..b.dim().0)?.entrywise(b)?,
                a: all_a.clone().columns(0..d_in)?.entrywise(d)?,
            };
            Ok(Some((update, 1.0)))
        },
    )?;
    let seen = |module: &&AdaptedModule| {
        input_width(found, &module.path, module.d_out, is_turned).is_none()
    };
    if let Some(first) = content.modules.iter().find(seen) {
        content.notes.push(format!(
            "the width of `{}` and its like is taken from the widest input, {}: the file does not \
             tell it, so give {} where inputs differ",
            first.path,
            all_a.dim().1,
            Setting::Base
        ));
    }
    content
        .replaced
        .retain(|name| name != a_name && name != b_name);
    content.layout = "PEFT VERA";
    content.scale_rule = Some(ScaleRule::one("VeRA has no α"));
    Ok(content)
}

/// d_in of a module by the base, if there is one and it has the module.
fn input_width(found: &Found, module: &str, d_out: usize, is_turned: bool) -> Option<usize> {
    let base = found.base?;
    let shape = base.shape(&base.find(&format!("{module}.weight"))?)?;
    match (shape.as_slice(), is_turned) {
        ([d_in, out], true) if *out == d_out => Some(*d_in),
        ([out, rest @ ..], _) if *out == d_out => Some(rest.iter().product()),
        _ => None,
    }
}
