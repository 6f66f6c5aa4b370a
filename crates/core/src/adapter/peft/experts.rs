//! PEFT's `target_parameters`: a matrix, or the experts of a 3-D parameter side by side in one A and
//! one B.
//!
//! # Decisions
//!
//! - PEFT before 0.19 lets A read the stored rows of a stack, whatever the model means by them. From
//!   0.19 on A reads the inputs. Here A always reads the inputs: where it read the outputs the
//!   factors change places, A' = Bᵀ and B' = Aᵀ.
//! - Which side the rows are is the model's. Without the base it is not known of an adapter that was
//!   written before 0.19: a note says so, and it is not compared with one of which it is known.

use crate::adapter::factors::{both, give_base};
use crate::adapter::formula::Formula;
use crate::adapter::found::Found;
use crate::adapter::keys::Tensors;
use crate::adapter::located::CONFIG;
use crate::adapter::update::Update;
use crate::adapter::{AdaptedModule, Part, Stored};
use crate::error::Result;

use super::config::PeftConfig;

/// What A reads of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Inputs,
    Outputs,
    /// Its stored rows, which may be either.
    Unknown,
}

/// How the PEFT that wrote an adapter reads a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// 0.19 and later: A reads the inputs.
    ForInputs,
    /// Before 0.19, of which 0.17 states no version: A reads the stored rows.
    ForRows,
    /// Between two releases.
    Unknown,
}

/// One module per expert, `CONTAINER.PARAMETER.E`, or one for a parameter that is a matrix; `None`
/// where the container's parameters are not among the config's.
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
        let problem = format!(
            "{total} rows, where r rows for each expert were expected, with r from {CONFIG}"
        );
        return Err(a.error(problem, "the config belongs to another run: correct r"));
    };
    let scale = found.scale(|alpha| config.scale(&parameter, rank, alpha))?;
    let experts = total / rank;
    if experts == 1 && !is_stack(found, &parameter) {
        return Ok(Some(vec![matrix(
            parameter,
            Update::Product { b, a },
            scale,
        )]));
    }
    let side = side(found, &parameter, (b.dim().0, a.dim().1));
    let expert = |e: usize| -> Result<AdaptedModule> {
        let own_b = b.clone().every_column(e, experts)?;
        let own_a = a.clone().rows(e * rank..(e + 1) * rank)?;
        let (b, a) = match side {
            Side::Outputs => (own_a.transposed(), own_b.transposed()),
            Side::Inputs | Side::Unknown => (own_b, own_a),
        };
        let path = format!("{parameter}.{e}");
        let mut module = AdaptedModule::new(path, Update::Product { b, a }, scale);
        module.target.tensor = parameter.clone();
        module.target.part = Part::Expert(e);
        module.target.stored = Stored::Usual;
        module.side_is_known = side != Side::Unknown;
        Ok(module)
    };
    (0..experts)
        .map(expert)
        .collect::<Result<Vec<_>>>()
        .map(Some)
}

/// What has to be said of adapters whose side is not known; nothing where all are.
pub(super) fn note(modules: &[AdaptedModule]) -> Option<String> {
    let mut unknown = modules.iter().filter(|module| !module.side_is_known);
    let first = unknown.next()?;
    Some(format!(
        "{} experts such as `{}`: whether A reads inputs or outputs is not known, as PEFT before 0.19 \
         takes a stack as it is stored; {}",
        unknown.count() + 1,
        first.path,
        give_base()
    ))
}

/// The module of a parameter that is a matrix, under its layer's name.
fn matrix(parameter: String, update: Update, scale: f64) -> AdaptedModule {
    let path = parameter.strip_suffix(".weight").unwrap_or(&parameter);
    let mut module = AdaptedModule::new(path.into(), update, scale);
    module.target.tensor = parameter;
    module
}

/// Whether the base stores a parameter as a stack, or its experts one by one. Without a base nothing
/// is one.
fn is_stack(found: &Found, parameter: &str) -> bool {
    let Some(base) = found.base else { return false };
    let shape = base.find(parameter).and_then(|tensor| base.shape(&tensor));
    match shape {
        Some(shape) => shape.len() == 3,
        None => base.expert(parameter).is_some(),
    }
}

/// What A of these factors, d_out × r and r × d_in, reads.
///
/// A model's type tells which of the stack's sides are inputs; where they differ in width the shapes
/// decide, else the version that wrote the adapter.
fn side(found: &Found, parameter: &str, (d_out, d_in): (usize, usize)) -> Side {
    let written = written(found);
    let stored = found.base.and_then(|base| {
        let (rows, columns) = base.expert(parameter)?;
        let is_turned = base
            .find(parameter)
            .is_some_and(|name| base.is_turned(&name));
        Some((
            if is_turned {
                (rows, columns)
            } else {
                (columns, rows)
            },
            is_turned,
        ))
    });
    match (stored, written) {
        (Some(((inputs, outputs), is_turned)), _) if inputs != outputs => {
            // From 0.19 on only a model that is known to be turned speaks against the version.
            let may_be = is_turned || written != Written::ForInputs;
            match may_be && (d_out, d_in) == (inputs, outputs) {
                true => Side::Outputs,
                false => Side::Inputs,
            }
        }
        (_, Written::ForInputs) | (Some((_, true)), _) => Side::Inputs,
        (Some((_, false)), Written::ForRows) => Side::Outputs,
        (None, _) | (Some((_, false)), Written::Unknown) => Side::Unknown,
    }
}

/// By `peft_version` of the config.
fn written(found: &Found) -> Written {
    let fields = found.config.as_ref().map(|(_, fields)| fields);
    let version = fields.and_then(|fields| fields.get("peft_version")?.as_str());
    version.map_or(Written::ForRows, written_by)
}

fn written_by(version: &str) -> Written {
    let mut parts = version.split('.');
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    match (number(), number()) {
        (Some(0), Some(minor)) if minor < 18 => Written::ForRows,
        (Some(0), Some(18)) if version.contains("dev") => Written::Unknown,
        (Some(0), Some(18)) => Written::ForRows,
        (Some(_), Some(_)) => Written::ForInputs,
        _ => Written::Unknown,
    }
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

#[cfg(test)]
mod tests {
    use super::{Written, written_by};

    #[test]
    fn versions_tell_which_side_a_stack_is_read_from() {
        for (version, expected) in [
            ("0.17.1", Written::ForRows),
            ("0.18.0", Written::ForRows),
            ("0.18.1.dev0@3f4a", Written::Unknown),
            ("0.19.0", Written::ForInputs),
            ("0.21.2", Written::ForInputs),
            ("1.0.0", Written::ForInputs),
            ("unknown", Written::Unknown),
        ] {
            assert_eq!(written_by(version), expected, "{version}");
        }
    }
}
