//! Which figures are drawn: the study's choice, else all that the comparisons allow.

use crate::error::Result;
use crate::measure::Basis;
use crate::paper::Figure;

use super::drawable::{Has, Weights};
use super::figure_plan::FigurePlan;
use super::file::Definition;
use super::groups::Compared;
use super::named::AdapterId;
use super::panels::Panels;
use super::runs::Runs;

/// The figures that a study asks for, else all.
///
/// # Errors
///
/// [`CoreError::Config`](crate::CoreError::Config) for a figure that no comparison gives.
fn which(definition: &Definition, has: &Has, runs: &Runs) -> Result<Vec<Figure>> {
    let Some(named) = &definition.figures.which else {
        return Ok(Figure::ALL.to_vec());
    };
    for (number, figure) in named.iter().enumerate() {
        let (is_there, needed) = match figure {
            Figure::Three | Figure::Six => {
                (has.ranks, "ranks = [\"SMALLER\", \"LARGER\"] in [compare]")
            }
            Figure::Four | Figure::Seven | Figure::Seeds => {
                (has.seeds, "seeds = [\"ONE\", \"OTHER\"] in [compare]")
            }
            Figure::RankCurve => (
                runs.give_curve(),
                "runs = \"runs.csv\" with runs of two ranks",
            ),
            Figure::Eight => (
                has.against_base(),
                "base = \"PATH\" and base = [\"ADAPTER\"] in [compare]",
            ),
            Figure::Placement => (
                has.placement(),
                "adapters, base = \"PATH\" and base = [\"ADAPTER\"] in [compare]",
            ),
            Figure::Amplification => (has.amplification(), "base = \"PATH\", or amplification.csv"),
            Figure::Trajectory => (
                has.steps,
                "steps = \"runs/r8/checkpoint-*\" to an [[adapter]]",
            ),
            Figure::Spectrum | Figure::Sizes => (has.spectra(), "[[adapter]] in place of `rows`"),
            Figure::Many => (has.many, "[many]"),
        };
        if !is_there {
            return Err(definition.lines.error(
                &format!("figures.which[{number}]"),
                &match figure {
                    Figure::RankCurve => "there are no runs that the rank curve shows".into(),
                    Figure::Placement => "no ΔW is held against a W that is measured".into(),
                    Figure::Amplification => "there is no W that ΔW could amplify".into(),
                    Figure::Trajectory => "there are no checkpoints of a run".into(),
                    Figure::Many => "many adapters are not put side by side".into(),
                    Figure::Spectrum | Figure::Sizes => {
                        "rows have no ΔW whose singular values could be shown".into()
                    }
                    figure => format!("nothing is compared that figure {figure} shows"),
                },
                format!("add {needed}, or leave the figure out"),
            ));
        }
    }
    Ok(named.clone())
}

/// What is drawn: figures of pairs of ranks and of seeds, and of adapters against W, on the bases and
/// the panels that are chosen.
///
/// # Errors
///
/// As [`which`].
pub(super) fn plan(
    definition: &Definition,
    compared: &Compared,
    (base, weights, [steps, many]): (&[AdapterId], Weights, [bool; 2]),
    (runs, panels): (&Runs, Panels),
    bases: Vec<Basis>,
) -> Result<FigurePlan> {
    let entry = &definition.figures;
    let has = Has {
        ranks: compared.ranks.is_some(),
        seeds: compared.seeds.is_some(),
        base: !base.is_empty(),
        weights,
        steps,
        many,
    };
    Ok(FigurePlan {
        which: which(definition, &has, runs)?,
        venue: definition.print.venue.unwrap_or_default(),
        show: entry.show.unwrap_or_default(),
        captions: entry.notes.unwrap_or_default(),
        footnote: entry.footnote.clone(),
        notes: panels.notes,
        bases,
        ranks: compared.ranks.clone(),
        seeds: compared.seeds.clone(),
        other_seeds: compared.other_seeds.clone(),
        pair: compared.pair,
        base: base.to_vec(),
        modules: panels.modules.into_iter().collect(),
        within: panels.within,
        layer: panels.layer,
        layers: panels.layers,
        projections: panels.projections,
    })
}
