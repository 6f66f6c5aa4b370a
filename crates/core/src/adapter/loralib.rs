//! microsoft/loralib: a state dict with `MODULE.lora_A` and `MODULE.lora_B`; α is in no file.

use crate::error::{Error, Result};
use crate::setting::Setting;

use super::factors::{both, give_base, merged};
use super::formula::Formula;
use super::found::{Content, Found, ScaleRule};
use super::keys::{group, unwrapped};
use super::update::Update;
use super::{AdaptedModule, Stored};

const ENDS: [(&str, &str); 2] = [(".lora_A", "lora_A"), (".lora_B", "lora_B")];

fn parse(name: &str) -> Option<(String, &'static str)> {
    let name = unwrapped(name);
    let mut ends = ENDS.iter();
    ends.find_map(|(end, kind)| Some((name.strip_suffix(end)?.to_string(), *kind)))
}

/// Whether the tensors are named so.
pub(super) fn fits(found: &Found) -> bool {
    found.names().iter().any(|name| parse(name).is_some())
}

/// Reads the dict. The kind of a layer is not stored: shapes tell it, those of the base first.
///
/// | layer | A | B | ΔW |
/// |---|---|---|---|
/// | Linear | (r, in) | (out, r) | s·B·A |
/// | Embedding | (r, vocab) | (dim, r) | s·B·A as (dim, vocab) |
/// | MergedLinear, n slots of N | (r·n, in) | (out·n/N, r) | a block of s·B·A for each slot |
/// | Conv2d, k × k | (r·k, in·k) | (out·k, r·k) | s·B·A, its numbers read as (out, in·k·k) |
///
/// # Errors
///
/// [`Error::NotFound`] without α; [`Error::Tensor`] for factors that make none of these, or which
/// only the base could tell.
pub(super) fn read(found: &Found) -> Result<Content> {
    let grouped = group(found.names(), parse);
    let mut content = Content {
        layout: "loralib",
        evidence: "keys MODULE.lora_A and MODULE.lora_B, without .weight".into(),
        scale_rule: found
            .options
            .alpha
            .map(|alpha| ScaleRule::given("α/r", alpha)),
        ..Content::default()
    };
    for (path, tensors) in &grouped.modules {
        let (a, b) = both(found, path, tensors, ("lora_A", "lora_B"))?;
        let (a, b) = (found.tensor(a)?, found.tensor(b)?);
        let module = module(found, path, b, a, &mut content.notes)?;
        content.modules.push(module);
    }
    found.keep(&mut content, &grouped.others)?;
    Ok(content)
}

fn module(
    found: &Found,
    path: &str,
    b: Formula,
    a: Formula,
    notes: &mut Vec<String>,
) -> Result<AdaptedModule> {
    // loralib's convolution is a layer around nn.Conv2d.
    let places = [format!("{path}.weight"), format!("{path}.conv.weight")];
    let base = |place: &String| {
        let base = found.base?;
        let shape = base.shape(&base.find(place)?)?;
        Some((place.clone(), shape))
    };
    let place = places.iter().find_map(base);
    if let Some((tensor, shape)) = &place
        && shape.len() > 2
    {
        let mut module = convolution(found, path, b, a, shape)?;
        module.target.tensor = tensor.clone();
        return Ok(module);
    }
    let last = path.rsplit('.').next().unwrap_or_default();
    if place.is_none() && last.trim_end_matches(|c: char| c.is_ascii_digit()) == "conv" {
        let problem = "by its name it is a convolution's, whose kernel is not in the file";
        return Err(a.error(problem.into(), &give_base()));
    }
    let (rows, rank) = (a.dim().0, b.dim().1);
    if rows == rank {
        let scale = scale(found, rank)?;
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
        "`{path}` has factors for {} of its {} slots; which ones is not in the file, taken are: {}",
        rows / rank,
        slots.len(),
        names.join(", ")
    ));
    let mut module = merged(path, b, a, &slots, scale(found, rank)?)?;
    // Its weight is a Conv1D's in GPT-2, where only the base's shape or type can tell.
    module.target.stored = match Stored::in_base(found.base, path, (module.d_out, module.d_in)) {
        Stored::Transposed => Stored::Conv1d,
        other => other,
    };
    Ok(module)
}

fn scale(found: &Found, rank: usize) -> Result<f64> {
    found.scale(|alpha| {
        let alpha = alpha.ok_or_else(|| {
            Error::not_found(
                found.root,
                "loralib stores no α, so the scale α/r of ΔW is unknown",
                format!(
                    "give it with {}, as in the command that trained it, or {} for s = 1",
                    Setting::Alpha,
                    Setting::Unscaled
                ),
            )
        })?;
        Ok(alpha / rank as f64)
    })
}

/// ΔW = s·B·A in another shape: its rank is not r.
fn convolution(
    found: &Found,
    path: &str,
    b: Formula,
    a: Formula,
    shape: &[usize],
) -> Result<AdaptedModule> {
    let kernel = shape.last().copied().unwrap_or(1).max(1);
    let (rows, out) = (a.dim().0, shape[0]);
    if !rows.is_multiple_of(kernel) {
        let problem =
            format!("{rows} rows are not r for each row of a kernel of {kernel} × {kernel}");
        return Err(a.error(problem, &give_base()));
    }
    let scale = scale(found, rows / kernel)?;
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
