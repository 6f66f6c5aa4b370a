//! microsoft/loralib and classes like it: a state dict with `MODULE.lora_A` and `MODULE.lora_B`; α is
//! in no file.

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::alpha::{Alphas, Asked, Without};
use super::factors::{both, give_base, merged};
use super::formula::Formula;
use super::found::{Content, Found};
use super::keys::{Grouped, Tensors, group, unwrapped};
use super::left_out::LeftOut;
use super::stacks;
use super::turned::Turns;
use super::update::Update;
use super::{AdaptedModule, Stored};

/// The ends of names. Some classes keep both factors in a layer of their own, called `lora`.
const ENDS: [(&str, &str); 7] = [
    (".lora.lora_A", "lora_A"),
    (".lora.lora_B", "lora_B"),
    (".lora_A", "lora_A"),
    (".lora_B", "lora_B"),
    (".lora.A", "lora_A"),
    (".lora.B", "lora_B"),
    (".alpha", "alpha"),
];

fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    let mut ends = ENDS.iter();
    ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?.to_string(), *kind)))
}

/// Whether the tensors are named so.
pub(super) fn fits(found: &Found) -> bool {
    let kind = |name: &String| parse(name).map(|(_, kind)| kind);
    let mut kinds = found.names().iter().filter_map(kind);
    kinds.any(|kind| kind != "alpha")
}

/// Reads the dict. The kind of a layer is not stored: shapes tell it, those of the base first.
///
/// | layer | A | B | ΔW |
/// |---|---|---|---|
/// | Linear | (r, in) | (out, r) | s·B·A |
/// | Embedding | (r, vocab) | (dim, r) | s·B·A as (dim, vocab) |
/// | MergedLinear, n slots of N | (r·n, in) | (out·n/N, r) | a block of s·B·A for each slot |
/// | Conv2d, k × k | (r·k, in·k) | (out·k, r·k) | s·B·A, its numbers read as (out, in·k·k) |
/// | a class that computes x·A·B | (in, r) | (r, out) | s·(A·B)ᵀ |
///
/// # Errors
///
/// [`Error::UnknownScale`] without α; [`Error::Tensor`] for factors that make none of these, or which
/// only the base could tell.
pub(super) fn read(found: &Found) -> Result<Content> {
    let grouped = group(found.names(), parse);
    let mut content = Content {
        layout: "loralib",
        evidence: "keys MODULE.lora_A and MODULE.lora_B, without .weight".into(),
        // Which way round its factors are is decided here.
        ranks_are_stated: true,
        ..Content::default()
    };
    let alphas = Alphas::new(found, "r", Without::Unknown(unknown), "")?;
    let turns = turns(found, &grouped)?;
    for (path, tensors) in &grouped.modules {
        if let (Some(alpha), 1) = (tensors.get("alpha"), tensors.len()) {
            // A parameter that is called so, without factors beside it.
            content.replaced.push(alpha.clone());
            continue;
        }
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let is_turned = turns.is_turned(path, &b, &a)?;
        let (a, b) = match is_turned {
            true => (a.transposed(), b.transposed()),
            false => (a, b),
        };
        content.known.extend(tensors.get("alpha").cloned());
        let alpha = tensors.get("alpha").map(String::as_str);
        if is_unknown_kernel(found, path) {
            leave_out(&mut content, path, tensors);
            continue;
        }
        let scale = |rank: usize, a: &Formula| {
            alphas.scale(&Asked {
                component: "",
                path,
                rank,
                tensor: alpha,
                a,
            })
        };
        let module = module(found, path, b, a, &scale, &mut content.notes)?;
        content.modules.push(module);
    }
    turns.describe(&mut content);
    content.scale_rule = alphas.rule();
    content.notes.extend(alphas.notes());
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

/// A convolution without a base.
fn leave_out(content: &mut Content, path: &str, tensors: &Tensors) {
    let why = "by its name it is a convolution's, whose kernel is not in the file";
    content.known.extend(tensors.values().cloned());
    content.left_out.push(LeftOut {
        module: path.into(),
        cause: format!("{why}: {}", give_base()),
    });
}

/// Which of the file's modules have A as (in, r) and B as (r, out).
fn turns(found: &Found, grouped: &Grouped) -> Result<Turns> {
    let mut turns = Turns::default();
    for (path, tensors) in &grouped.modules {
        if let (Some(a), Some(b)) = (tensors.get("lora_A"), tensors.get("lora_B")) {
            if found.shape(a).len().max(found.shape(b).len()) > 2 {
                let pair = stacks::Pair { a, b, stated: None };
                return Err(stacks::neither(found, &pair));
            }
            let shape = place(found, path).map(|(_, shape)| shape);
            let (a, b) = (found.tensor(a)?, found.tensor(b)?);
            turns.add(path, &b, &a, shape.as_deref());
        }
    }
    Ok(turns)
}

fn module(
    found: &Found,
    path: &str,
    b: Formula,
    a: Formula,
    scale: Scale,
    notes: &mut Vec<String>,
) -> Result<AdaptedModule> {
    let place = place(found, path);
    if let Some((tensor, shape)) = &place
        && shape.len() > 2
    {
        let mut module = convolution(path, b, a, scale, shape)?;
        module.target.tensor = tensor.clone();
        return Ok(module);
    }
    let (rows, rank) = (a.dim().0, b.dim().1);
    if rows == rank {
        let scale = scale(rank, &a)?;
        let mut module = AdaptedModule::new(path.into(), Update::Product { b, a }, scale);
        module.target.stored = Stored::in_base(found.base, path, (module.d_out, module.d_in));
        return Ok(module);
    }
    let shape = place.map(|(_, shape)| shape);
    let slots = slots(&b, &a, shape.as_deref())?;
    let names: Vec<&str> = slots
        .iter()
        .map(|slot| if *slot { "yes" } else { "no" })
        .collect();
    notes.push(format!(
        "`{path}` has factors for {} of its {} slots; the file does not say which, so these are taken: {}",
        rows / rank,
        slots.len(),
        names.join(", ")
    ));
    let scale = scale(rank, &a)?;
    let mut module = merged(path, b, a, &slots, scale)?;
    // Its weight is a Conv1D's in GPT-2, where only the base's shape or type can tell.
    module.target.stored = match Stored::in_base(found.base, path, (module.d_out, module.d_in)) {
        Stored::Transposed => Stored::Conv1d,
        other => other,
    };
    Ok(module)
}

/// W's name and shape in the base. loralib's convolution is a layer around nn.Conv2d.
fn place(found: &Found, path: &str) -> Option<(String, Vec<usize>)> {
    let base = found.base?;
    let places = [format!("{path}.weight"), format!("{path}.conv.weight")];
    let shape = |place: String| Some((base.shape(&base.find(&place)?)?, place));
    let (shape, place) = places.into_iter().find_map(shape)?;
    Some((place, shape))
}

/// Whether only the base could tell the size of a kernel.
fn is_unknown_kernel(found: &Found, path: &str) -> bool {
    let last = path.rsplit('.').next().unwrap_or_default();
    let kind = last.trim_end_matches(|c: char| c.is_ascii_digit());
    kind == "conv" && place(found, path).is_none()
}

/// s of a module by its rank and A.
type Scale<'a> = &'a dyn Fn(usize, &Formula) -> Result<f64>;

fn unknown(found: &Found) -> Error {
    Error::UnknownScale {
        path: found.root.into(),
        problem: "loralib stores no α, so the scale α/r of ΔW is unknown".into(),
        remedy: format!(
            "give it with {}, as in the command that trained it, or {} for s = 1",
            Setting::Alpha,
            Setting::Unscaled
        ),
    }
}

/// ΔW = s·B·A in another shape: its rank is not r.
fn convolution(
    path: &str,
    b: Formula,
    a: Formula,
    scale: Scale,
    shape: &[usize],
) -> Result<AdaptedModule> {
    let kernel = shape.last().copied().unwrap_or(1).max(1);
    let (rows, out) = (a.dim().0, shape[0]);
    if !rows.is_multiple_of(kernel) {
        let problem = format!(
            "{rows} rows, where r rows for each row of a {kernel} × {kernel} kernel were expected"
        );
        return Err(a.error(problem, &give_base()));
    }
    let scale = scale(rows / kernel, &a)?;
    let update = b.times(a)?.reshaped(out, shape[1..].iter().product())?;
    Ok(AdaptedModule::new(
        path.into(),
        Update::Dense(update),
        scale,
    ))
}

/// Which slots of a merged layer have factors. Their number is A's rows over B's columns; of how
/// many, the base's shape tells, and without it three: q, k and v. Two of three are q and v.
fn slots(b: &Formula, a: &Formula, shape: Option<&[usize]>) -> Result<Vec<bool>> {
    let ((height, rank), (rows, d_in)) = (b.dim(), a.dim());
    let enabled = rows / rank;
    let is_whole = rows.is_multiple_of(rank) && height.is_multiple_of(enabled.max(1));
    let total = match shape {
        Some([out, width]) | Some([width, out]) if *width == d_in && is_whole && enabled > 0 => {
            Some(out / (height / enabled))
        }
        _ => Some(3),
    };
    match (is_whole, enabled, total) {
        (true, enabled, Some(total)) if enabled > 0 && enabled == total => Ok(vec![true; total]),
        (true, 2, Some(3)) => Ok(vec![true, false, true]),
        _ => {
            let problem = format!(
                "A is {rows} × {d_in} and {} is B: neither one layer's factors nor those of two or three slots of three",
                b.describe()
            );
            let remedy = format!(
                "if the base is another model's, give the right one with {}; else save the module's slots as layers of their own",
                Setting::Base
            );
            Err(a.error(problem, &remedy))
        }
    }
}
