//! What a picture was made of: the inputs that it shows, and no others.

use crate::figure::{drawn_spectra, mapped};
use crate::paper::Figure;
use crate::study::{AdapterId, Drawn, NamedAdapter, Plan};
use crate::table::Provenance;

use super::charts::shown_ranked;

/// What a figure's picture says of itself: another input of the study does not change it.
pub(super) fn of_figure(plan: &Plan, figure: Figure, whole: &Provenance) -> Provenance {
    let (adapters, mut with_base) = shown(plan, figure);
    let named: Vec<&NamedAdapter> = adapters
        .iter()
        .filter_map(|&id| Some(plan.measured()?.adapter(id)))
        .collect();
    // Some updates are differences from W.
    with_base |= named.iter().any(|one| {
        let mut modules = one.adapter.modules.iter();
        modules.any(|module| module.needs_base())
    });
    let with_steps = figure == Figure::Trajectory;
    let is_of = |one: &&NamedAdapter, of: &str| {
        let step = of.strip_prefix(&one.name);
        step.is_some_and(|rest| rest.is_empty() || with_steps && rest.starts_with(", step "))
    };
    whole.of_inputs(|input| match input.of.as_str() {
        // An adapter may be called as a table is.
        of if named.iter().any(|one| is_of(one, of)) => true,
        "base" => with_base,
        "rows" => tables(figure).contains(&&*input.file),
        "runs" => figure == Figure::RankCurve,
        _ => false,
    })
}

/// The tables of published rows that a figure is drawn from.
fn tables(figure: Figure) -> &'static [&'static str] {
    match figure {
        Figure::Three | Figure::Four | Figure::Six | Figure::Seven | Figure::Seeds => {
            &["overlap.csv"]
        }
        Figure::Eight => &["overlap.csv", "spectrum.csv"],
        Figure::Amplification => &["amplification.csv"],
        Figure::RankCurve
        | Figure::Placement
        | Figure::Trajectory
        | Figure::Spectrum
        | Figure::Sizes
        | Figure::Many => &[],
    }
}

/// The adapters that have a line or maps of their own.
fn chosen(plan: &Plan, figure: Figure) -> Vec<AdapterId> {
    let all = shown_ranked(plan);
    let drawn = match figure {
        Figure::Sizes => mapped(&all),
        _ => drawn_spectra(&all),
    };
    let is_drawn = |id: &AdapterId| drawn.iter().any(|one| one.name == plan.adapter_name(*id));
    plan.measured_ids().into_iter().filter(is_drawn).collect()
}

/// The adapters that a figure shows, and whether W is in it.
fn shown(plan: &Plan, figure: Figure) -> (Vec<AdapterId>, bool) {
    let figures = &plan.figures;
    let of_pairs = |pairs: &[[AdapterId; 2]]| pairs.concat();
    let (adapters, against_w) = match figure {
        Figure::Eight | Figure::Placement => (plan.against_base(), true),
        // W stands beside each ΔW, where there is one.
        Figure::Spectrum | Figure::Sizes => (chosen(plan, figure), has_base(plan)),
        Figure::Amplification => {
            let amplified = plan.measured().map(|one| one.amplified.clone());
            (amplified.unwrap_or_default(), true)
        }
        Figure::Three | Figure::Four | Figure::Six | Figure::Seven => {
            let shown = match figures.drawn(figure) {
                Some(Drawn::Pair(pair)) => pair.to_vec(),
                Some(Drawn::Mean(pairs)) => of_pairs(&pairs.pairs),
                None => Vec::new(),
            };
            (shown, false)
        }
        Figure::Seeds => {
            let seeds = figures.seeds.as_ref().map(|all| of_pairs(&all.pairs));
            (seeds.unwrap_or_default(), false)
        }
        Figure::Trajectory => {
            let measured = plan.measured().into_iter();
            let with_steps = measured.flat_map(|one| one.with_ids());
            let with_steps = with_steps.filter(|(_, named)| named.steps.is_some());
            (with_steps.map(|(id, _)| id).collect(), false)
        }
        Figure::Many => {
            let many = plan.many().map(|many| many.adapters.clone());
            (many.unwrap_or_default(), false)
        }
        Figure::RankCurve => (Vec::new(), false),
    };
    let with_base = against_w && !adapters.is_empty();
    (adapters, with_base)
}

fn has_base(plan: &Plan) -> bool {
    plan.measured().is_some_and(|one| one.base.is_some())
}
