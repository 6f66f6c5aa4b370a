//! Which bases are measured and drawn.
//!
//! # Decisions
//!
//! - Where ΔW is a difference from a start, delta-right stands for a, and delta-left for b. The
//!   factors [B, −B₀] and [A; A₀] hold the start beside what was learned, and PiSSA's start comes
//!   of W alone: between two runs the bases a and b would compare it with itself.

use std::collections::BTreeSet;

use crate::measure::Basis;

use super::file::Definition;
use super::groups::Compared;
use super::named::{AdapterId, NamedAdapter};
use super::pairs::Pairs;
use super::request::Request;

/// The bases of a study that measures adapters.
pub(super) struct Bases {
    /// Those of `[compare]`, or of the command line, and those that are drawn.
    pub(super) measured: Vec<Basis>,
    /// Those of `[figures]`, or of the command line.
    pub(super) drawn: Vec<Basis>,
    /// The adapters with a module whose ΔW is a difference from a start.
    pub(super) differences: Vec<AdapterId>,
    /// What a reader must know of them.
    pub(super) note: Option<String>,
}

impl Bases {
    /// The request's bases are in place of the study's; `modules` are those that are measured.
    pub(super) fn of(
        definition: &Definition,
        request: &Request,
        adapters: &[NamedAdapter],
        modules: &[String],
    ) -> Self {
        let (asked, makes) = (request.bases.as_slice(), request.makes);
        let wanted = [&definition.figures.bases, &definition.compare.bases];
        let [mut drawn, mut measured] = wanted.map(|named| chosen(asked, named));
        // What is drawn is measured.
        measured.extend(drawn.clone());
        let differences = differences(adapters, modules);
        // Table 7 takes ΔW's directions in any case.
        let is_said = makes.overlap && !differences.is_empty();
        let names = differences.iter().map(|id| adapters[id.0].name.as_str());
        let names = names.collect::<Vec<_>>().join(", ");
        let note = is_said.then(|| note(&names, asked, &measured));
        if asked.is_empty() && !differences.is_empty() {
            for basis in drawn.iter_mut().chain(&mut measured) {
                *basis = of_update(*basis);
            }
        }
        Bases {
            measured: in_order(&measured),
            drawn: in_order(&drawn),
            differences,
            note,
        }
    }

    /// A sentence about compared adapters without factors, where directions of factors are measured:
    /// they have no A and no B.
    pub(super) fn without_factors(
        &self,
        adapters: &[NamedAdapter],
        compared: impl Iterator<Item = AdapterId>,
    ) -> Option<String> {
        let places: BTreeSet<AdapterId> = compared.collect();
        let named = places.iter().map(|id| &adapters[id.0]);
        let whole = named.filter(|named| !named.adapter.has_factors());
        let names: Vec<&str> = whole.map(|named| named.name.as_str()).collect();
        let of_factors = self.measured.iter();
        let of_factors = of_factors.filter(|basis| basis.is_of_factor());
        let bases: Vec<&str> = of_factors.map(|basis| basis.name()).collect();
        (!names.is_empty() && !bases.is_empty()).then(|| {
            format!(
                "{}: its ΔW has no factors, so its cells on {} are empty; its bases are delta-right and \
                 delta-left",
                names.join(", "),
                bases.join(" and ")
            )
        })
    }

    /// What is compared, with what is known of runs that are held against one start.
    pub(super) fn with_starts(&self, compared: Compared) -> Compared {
        let marked = |pairs: Pairs| pairs.against_one_start(&self.differences);
        Compared {
            ranks: compared.ranks.map(marked),
            seeds: compared.seeds.map(marked),
            other_seeds: compared.other_seeds.into_iter().map(marked).collect(),
            ..compared
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
fn differences(adapters: &[NamedAdapter], modules: &[String]) -> Vec<AdapterId> {
    let is_difference = |named: &NamedAdapter| {
        let paths = modules.iter();
        let mut found = paths.filter_map(|path| named.adapter.module(path));
        found.any(|module| module.is_difference())
    };
    let all = (0..adapters.len()).map(AdapterId);
    all.filter(|id| is_difference(&adapters[id.0])).collect()
}

/// Why bases were replaced, or are empty, and what the others still share.
fn note(names: &str, asked: &[Basis], measured: &[Basis]) -> String {
    let measured = in_order(measured).into_iter();
    let of_factors = measured.filter(|basis| basis.is_of_factor());
    let word = |basis: Basis| match asked.is_empty() {
        true => format!("{} is in place of {basis}", of_update(basis)),
        false => format!(
            "cells on {basis} are empty, those on {} not",
            of_update(basis)
        ),
    };
    let words: Vec<String> = of_factors.map(word).collect();
    let bases = match words.is_empty() {
        true => String::new(),
        false => format!(": {}", words.join(", ")),
    };
    format!(
        "{names}: ΔW is what was learned since a start, B·A − B₀·A₀, so directions of A and B are in part \
         those of the start{bases}; two ΔW of one start still share a part, as ΔW = (B − B₀)·A₀ + B·(A − A₀)"
    )
}
