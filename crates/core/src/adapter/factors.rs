//! What layouts of factors have in common: both must be there and multiply, as the config says.

use crate::error::Result;
use crate::setting::Setting;

use super::AdaptedModule;
use super::formula::Formula;
use super::found::Found;
use super::keys::Tensors;
use super::located::CONFIG;
use super::update::{Norms, Update};

/// What to do about factors that are stored the other way round.
pub(super) const RIGHT_WAY_ROUND: &str =
    "save A as r × d_in and B as d_out × r: turn both, as torch's `.T` does";

/// What messages call the metadata of a weight file.
pub(super) const METADATA: &str = "the file's metadata";

/// The names of both factors.
pub(super) fn both<'a>(
    found: &Found,
    module: &str,
    tensors: &'a Tensors,
    (a, b): (&str, &str),
) -> Result<(&'a str, &'a str)> {
    match (tensors.get(a), tensors.get(b)) {
        (Some(a), Some(b)) => Ok((a, b)),
        (one, other) => {
            let missing = if one.is_none() { "A" } else { "B" };
            let problem = format!("its module `{module}` has no factor {missing}");
            let remedy = "save the adapter again: a ΔW needs both";
            let there = one.or(other).or(tensors.values().next());
            Err(found.error(there.map_or(module, |name| name), problem, remedy))
        }
    }
}

/// The remedy where only the base can tell how factors are meant.
pub(super) fn give_base() -> String {
    format!(
        "give the model that it was trained on with {}",
        Setting::Base
    )
}

/// That B and A multiply; the rank.
pub(super) fn check_factors(b: &Formula, a: &Formula) -> Result<usize> {
    let ((d_out, b_rank), (rank, d_in)) = (b.dim(), a.dim());
    if rank == b_rank {
        return Ok(rank);
    }
    let name = b
        .tensors()
        .first()
        .map_or(String::new(), |name| name.to_string());
    let problem = format!(
        "A is {rank} × {d_in} and B (`{name}`) is {d_out} × {b_rank}: they do not multiply"
    );
    Err(a.error(problem, "A must have as many rows as B has columns"))
}

/// That a factor has the rank that `source` gives its module, if it gives one.
pub(super) fn check_stated(
    stated: Option<f64>,
    source: &str,
    rank: usize,
    a: &Formula,
) -> Result<()> {
    let Some(expected) = stated.filter(|&r| r != rank as f64) else {
        return Ok(());
    };
    let mut problem = format!("rank {rank}, where {source} gives this module rank {expected}");
    if a.dim().1 as f64 == expected {
        problem += ", as many as A has columns: the factors look transposed";
        return Err(a.error(problem, RIGHT_WAY_ROUND));
    }
    let remedy = match source {
        CONFIG => "the config belongs to another run, or rank_pattern is incomplete: correct r or rank_pattern".into(),
        source if source.contains("metadata") => format!("the metadata is another file's: correct r there, or give α with {}", Setting::Alpha),
        source => format!("correct the rank in {source}, or give the weights that it belongs to"),
    };
    Err(a.error(problem, &remedy))
}

/// DoRA: one magnitude for each norm.
pub(super) fn normalised(direction: Update, magnitude: Formula, over: Norms) -> Result<Update> {
    let (rows, columns) = magnitude.dim();
    let (found, expected) = (rows * columns, over.count(direction.dim()));
    if found != expected {
        let problem = format!("{found} magnitudes where {expected} were expected");
        return Err(magnitude.error(problem, "DoRA has one for each output: save it again"));
    }
    Ok(Update::Normalised {
        direction: Box::new(direction),
        magnitude,
        over,
    })
}

/// A layer that several projections share, of which some have factors: A holds those of each
/// enabled slot one below the other, B likewise.
pub(super) fn merged(
    path: &str,
    b: Formula,
    a: Formula,
    enabled: &[bool],
    scale: f64,
) -> Result<AdaptedModule> {
    let b = spread(b, &a, enabled)?;
    Ok(AdaptedModule::new(
        path.into(),
        Update::Product { b, a },
        scale,
    ))
}

/// A B over all slots, in which each enabled slot's block has columns of its own and slots that are
/// not enabled are zero.
pub(super) fn spread(b: Formula, a: &Formula, enabled: &[bool]) -> Result<Formula> {
    let slots = enabled.iter().filter(|slot| **slot).count();
    let ((height, rank), (a_rows, _)) = (b.dim(), a.dim());
    if slots == 0 || a_rows != slots * rank || !height.is_multiple_of(slots) {
        let problem = format!(
            "A has {a_rows} rows and B (`{}`) is {height} × {rank}, which {slots} enabled slots do not make",
            b.tensors().first().unwrap_or(&"")
        );
        return Err(a.error(problem, "give the slots as they were in training"));
    }
    let block = height / slots;
    let (mut slot, mut rows) = (0, Vec::new());
    for &is_enabled in enabled {
        if !is_enabled {
            rows.push(Formula::zeros(block, slots * rank));
            continue;
        }
        let own = b.clone().rows(slot * block..(slot + 1) * block)?;
        let padding = [slot * rank, (slots - slot - 1) * rank];
        let [before, after] = padding.map(|width| Formula::zeros(block, width));
        rows.push(Formula::beside(vec![before, own, after])?);
        slot += 1;
    }
    Formula::stacked(rows)
}
