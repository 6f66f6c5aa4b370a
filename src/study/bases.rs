//! Which bases are measured and drawn.
//!
//! # Decisions
//!
//! - Where ΔW is a difference from a start, delta-right stands for a, and delta-left for b. The
//!   factors [B, −B₀] and [A; A₀] hold the start beside what was learned, and PiSSA's start comes
//!   of W alone: between two runs the bases a and b would compare it with itself.

use crate::asked::Asked;
use crate::measure::Basis;

use super::file::Definition;
use super::named::NamedAdapter;

/// The bases of a study that measures adapters.
pub(super) struct Bases {
    /// Those of `[compare]`, or of the command line, and those that are drawn.
    pub(super) measured: Vec<Basis>,
    /// Those of `[figures]`, or of the command line.
    pub(super) drawn: Vec<Basis>,
    /// What a reader must know of updates that are differences from a start.
    pub(super) note: Option<String>,
}

impl Bases {
    /// `asked` are the command line's, in place of the study's; `modules` those that are measured.
    pub(super) fn of(
        definition: &Definition,
        asked: &[Basis],
        adapters: &[NamedAdapter],
        modules: &[String],
    ) -> Self {
        let wanted = [&definition.figures.bases, &definition.compare.bases];
        let [mut drawn, mut measured] = wanted.map(|named| chosen(asked, named));
        // What is drawn is measured.
        measured.extend(drawn.clone());
        let differences = differences(adapters, modules);
        let note = (!differences.is_empty()).then(|| note(&differences, asked, &measured));
        if asked.is_empty() && !differences.is_empty() {
            for basis in drawn.iter_mut().chain(&mut measured) {
                *basis = of_update(*basis);
            }
        }
        Bases {
            measured: in_order(&measured),
            drawn: in_order(&drawn),
            note,
        }
    }
}

/// The command line's bases, else the study's, else `a`.
pub(super) fn chosen(asked: &[Basis], named: &[Basis]) -> Vec<Basis> {
    let wanted = [asked, named]
        .into_iter()
        .find(|bases| !bases.is_empty())
        .unwrap_or(&[Basis::A]);
    in_order(wanted)
}

/// Bases in the order of the tables, each once.
fn in_order(bases: &[Basis]) -> Vec<Basis> {
    let mut all = Basis::ALL.to_vec();
    all.retain(|basis| bases.contains(basis));
    all
}

/// The directions of ΔW on the side of a factor.
fn of_update(basis: Basis) -> Basis {
    match basis {
        Basis::A => Basis::DeltaRight,
        Basis::B => Basis::DeltaLeft,
        of_update => of_update,
    }
}

/// The adapters with a module whose ΔW is a difference from a start.
fn differences<'a>(adapters: &'a [NamedAdapter], modules: &[String]) -> Vec<&'a str> {
    let is_difference = |named: &&NamedAdapter| {
        let mut of_adapter = modules.iter().filter_map(|path| named.adapter.module(path));
        of_adapter.any(|module| module.is_difference())
    };
    let named = adapters.iter().filter(is_difference);
    named.map(|named| named.name.as_str()).collect()
}

/// Why bases were replaced, or are empty, and what the others still share.
fn note(differences: &[&str], asked: &[Basis], measured: &[Basis]) -> String {
    let names = differences.join(", ");
    let of_factors: Vec<Basis> = measured
        .iter()
        .copied()
        .filter(|basis| of_update(*basis) != *basis)
        .collect();
    let mut words: Vec<String> = Vec::new();
    for basis in in_order(&of_factors) {
        words.push(match asked.is_empty() {
            true => format!("{} stands in place of {basis}", of_update(basis)),
            false => format!(
                "the cells on {basis} are empty ({} has some)",
                of_update(basis)
            ),
        });
    }
    let bases = match words.is_empty() {
        true => String::new(),
        false => format!(": {}", words.join(", ")),
    };
    let flag = match asked.is_empty() || words.is_empty() {
        true => String::new(),
        false => format!("; {} chooses", Asked::Bases),
    };
    format!(
        "{names}: ΔW is what was learned since the start of training, B·A − B₀·A₀, and the \
         directions of A and B would be those of the start{bases}{flag}. φ of ΔW's directions between \
         such runs still has a part of a start that they share, as ΔW = (B − B₀)·A₀ + B·(A − A₀)"
    )
}
