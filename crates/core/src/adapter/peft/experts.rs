//! PEFT's `target_parameters`: the experts of a 3-D parameter, side by side in one A and one B.

use crate::adapter::factors::{both, give_base};
use crate::adapter::formula::Formula;
use crate::adapter::found::Found;
use crate::adapter::keys::Tensors;
use crate::adapter::located::CONFIG;
use crate::adapter::update::Update;
use crate::adapter::{AdaptedModule, Part, Stored};
use crate::error::Result;

use super::config::PeftConfig;

/// One module per expert, `CONTAINER.PARAMETER.E`; `None` where the container's parameters are not
/// among the config's.
///
/// A is (E·r, in) with the experts one below the other, B is (out, E·r) with them interleaved:
/// ΔW_e = s·B[:, e::E]·A[e·r..(e+1)·r].
pub(super) fn read(
    found: &Found,
    config: &PeftConfig,
    module: &str,
    tensors: &Tensors,
) -> Result<Option<Vec<AdaptedModule>>> {
    let candidates = candidates(config, module);
    if candidates.is_empty() {
        return Ok(None);
    }
    let (a, b) = both(found, module, tensors, ("lora_A", "lora_B"))?;
    let (a, b) = (found.tensor(a)?, found.tensor(b)?);
    let parameter = one_of(found, candidates, module, &b, &a)?;
    let rank = config
        .rank(&parameter)?
        .map(|rank| rank as usize)
        .filter(|&rank| rank > 0);
    let total = a.dim().0;
    let Some(rank) = rank.filter(|rank| total.is_multiple_of(*rank) && b.dim().1 == total) else {
        let problem = format!("its {total} rows are not r for each expert, with r from {CONFIG}");
        return Err(a.error(problem, "the config belongs to another run: correct r"));
    };
    let scale = found.scale(|alpha| config.scale(&parameter, rank, alpha))?;
    let experts = total / rank;
    let expert = |e: usize| -> Result<AdaptedModule> {
        let update = Update::Product {
            b: b.clone().every_column(e, experts)?,
            a: a.clone().rows(e * rank..(e + 1) * rank)?,
        };
        let mut module = AdaptedModule::new(format!("{parameter}.{e}"), update, scale);
        module.target.tensor = parameter.clone();
        module.target.part = Part::Expert(e);
        module.target.stored = Stored::Usual;
        Ok(module)
    };
    (0..experts)
        .map(expert)
        .collect::<Result<Vec<_>>>()
        .map(Some)
}

/// The config's parameters that a container of this name may have, by their full names.
fn candidates(config: &PeftConfig, module: &str) -> Vec<String> {
    let container = module.replace(".base_layer", "");
    let fitting = config.parameters.iter().filter_map(|parameter| {
        let (parents, last) = parameter.rsplit_once('.').unwrap_or(("", parameter));
        let fits = parents.is_empty()
            || container == parents
            || container.ends_with(&format!(".{parents}"));
        fits.then(|| format!("{container}.{last}"))
    });
    fitting.collect()
}

/// The one of several parameters that these factors belong to.
fn one_of(
    found: &Found,
    mut names: Vec<String>,
    module: &str,
    b: &Formula,
    a: &Formula,
) -> Result<String> {
    if names.len() == 1 {
        return Ok(names.remove(0));
    }
    let chosen = choose(found, &names, (b.dim().0, a.dim().1));
    // For a look the adapter's own name will do.
    let chosen = chosen.or_else(|| found.options.looking.then(|| module.to_string()));
    chosen.ok_or_else(|| {
        let problem = format!(
            "it could belong to any of {}: their order is the model's",
            names.join(", ")
        );
        a.error(problem, &give_base())
    })
}

/// The parameter whose matrices have these widths in the base, if just one has.
///
/// PEFT nests them in the order in which the model registers its parameters, which no file tells.
fn choose(found: &Found, names: &[String], (d_out, d_in): (usize, usize)) -> Option<String> {
    let base = found.base?;
    let fits = |name: &&String| {
        let shape = base.expert(name);
        shape == Some((d_out, d_in)) || shape == Some((d_in, d_out))
    };
    let mut fitting = names.iter().filter(fits);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}
