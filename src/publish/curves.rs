//! The figures of lines that a plan asks for, from its tables as written.

use crate::error::Result;
use crate::figure::{
    Curve, Options, Shown, amplification_curve, placement_curve, rank_curve, seeds_curve,
    spectrum_curve, trajectory_curve,
};
use crate::measure::Basis;
use crate::paper::{Figure, Table};
use crate::study::{AdapterId, Plan};
use crate::table::{
    AmplificationRow, OverlapRow, PlacementRow, RanksRow, RunsRow, SpectrumRow, TrajectoryRow,
};

use super::charts::{against_base, names, shown_ranked};
use super::written::{self, Tables};

/// A figure of lines, with what headings call it.
pub(super) struct NamedCurve {
    pub(super) figure: Figure,
    pub(super) basis: Basis,
    pub(super) title: String,
    pub(super) curve: Curve,
}

impl NamedCurve {
    /// A figure on a basis, under the names that figures on bases have.
    fn new(figure: Figure, basis: Basis, curve: Curve) -> Self {
        let (name, title) = names(figure, basis);
        NamedCurve {
            figure,
            basis,
            title,
            curve: Curve { name, ..curve },
        }
    }
}

/// All figures of lines; `overlaps` are the rows of `overlap.csv` that the plan's figures show.
pub(super) fn curves(
    plan: &Plan,
    overlaps: &[OverlapRow],
    tables: Tables,
    options: &Options,
) -> Result<Vec<NamedCurve>> {
    let mut curves = Vec::new();
    for figure in Figure::ALL {
        if !plan.figures.draws(figure) {
            continue;
        }
        let curve = match figure {
            Figure::RankCurve => of_runs(plan, tables, options)?,
            Figure::Placement => {
                let rows: Vec<PlacementRow> = written::rows(tables, "placement.csv")?;
                let adapters = against_base(plan);
                placement_curve(&rows, &adapters, options)
            }
            Figure::Amplification => of_table7(plan, tables, options)?,
            Figure::Trajectory => {
                let rows: Vec<TrajectoryRow> = written::rows(tables, "trajectory.csv")?;
                trajectory_curve(&rows, &plan.counted(), options)
            }
            Figure::Seeds => {
                let of_basis = |&basis: &Basis| {
                    let curve = of_seeds(plan, overlaps, basis, options)?;
                    Some(NamedCurve::new(figure, basis, curve))
                };
                curves.extend(plan.figures.bases.iter().filter_map(of_basis));
                None
            }
            Figure::Spectrum => of_spectra(plan, tables, options)?,
            Figure::Three | Figure::Four | Figure::Six | Figure::Seven | Figure::Eight => None,
            // They have maps.
            Figure::Sizes | Figure::Many => None,
        };
        curves.extend(curve.map(|curve| NamedCurve::new(figure, Basis::A, curve)));
    }
    Ok(curves)
}

/// The rank curve, from the rows of `runs.csv`.
fn of_runs(plan: &Plan, tables: Tables, options: &Options) -> Result<Option<Curve>> {
    if !plan.makes_everything() {
        return Ok(None);
    }
    let rows: Vec<RunsRow> = written::rows(tables, "runs.csv")?;
    Ok(rank_curve(&plan.runs.of_curve(&rows), options))
}

/// The factors of table 7, where it is made.
fn of_table7(plan: &Plan, tables: Tables, options: &Options) -> Result<Option<Curve>> {
    if !plan.makes_table(Table::Seven) {
        return Ok(None);
    }
    let figures = &plan.figures;
    let mut rows: Vec<AmplificationRow> = written::rows(tables, "amplification.csv")?;
    rows.retain(|row| figures.modules.contains(&row.module));
    let groups = plan.table7_groups();
    let mut curve = amplification_curve(&rows, &figures.projections, &groups, options);
    if let Some(curve) = &mut curve {
        curve.tell_apart(&figures.within);
    }
    Ok(curve)
}

/// σ of ΔW and of W, where they are measured.
fn of_spectra(plan: &Plan, tables: Tables, options: &Options) -> Result<Option<Curve>> {
    if plan.measured().is_none() {
        return Ok(None);
    }
    let figures = &plan.figures;
    let is_drawn = |module: &String| figures.modules.contains(module);
    let mut spectrum: Vec<SpectrumRow> = written::rows(tables, "spectrum.csv")?;
    spectrum.retain(|row| is_drawn(&row.module));
    let mut ranks: Vec<RanksRow> = written::rows(tables, "ranks.csv")?;
    ranks.retain(|row| is_drawn(&row.module));
    let mut curve = spectrum_curve(
        (&spectrum, &ranks),
        &shown_ranked(plan),
        &figures.layers,
        (&figures.projections, options),
    );
    if let Some(curve) = &mut curve {
        curve.tell_apart(&figures.within);
    }
    Ok(curve)
}

/// φ(k,k) of the pairs of seeds.
fn of_seeds(
    plan: &Plan,
    overlaps: &[OverlapRow],
    basis: Basis,
    options: &Options,
) -> Option<Curve> {
    let figures = &plan.figures;
    let name = |id: AdapterId| plan.adapter_name(id).to_string();
    let pairs = figures.seeds.as_ref()?.pairs.iter();
    let pairs: Vec<[String; 2]> = pairs.map(|pair| pair.map(name)).collect();
    let shown = Shown {
        basis,
        projections: &figures.projections,
        within: &figures.within,
        options: *options,
    };
    let mut curve = seeds_curve(overlaps, &pairs, &figures.layers, &shown)?;
    curve.tell_apart(&figures.within);
    curve.footer.extend(figures.footnote.clone());
    Some(curve)
}
