//! The heat maps that a plan asks for, from `overlap.csv` and `spectrum.csv` as written: no weights are
//! read.

use crate::error::Result;
use crate::figure::{Chart, Options, Palette, figure3, figure4, figure6, figure7, figure8, parts};
use crate::figure::{Pair, Ranked, Shown};
use crate::files;
use crate::measure::Basis;
use crate::paper::Figure;
use crate::results::ModuleName;
use crate::study::{AdapterId, Plan, Sides};
use crate::table::{OverlapRow, SpectrumRow, read_overlaps};

use super::written::{self, Tables};

/// A figure of heat maps on one basis.
pub(super) struct NamedChart {
    pub(super) figure: Figure,
    pub(super) basis: Basis,
    /// The name of its files without an ending: `figure3`, `figure3-b`.
    pub(super) stem: String,
    /// What headings call it: `Figure 3`, `Figure 3, basis b`.
    pub(super) title: String,
    /// The projections that it shows.
    pub(super) projections: Vec<String>,
    pub(super) chart: Chart,
}

/// Which part of a figure, from 0, and of how many.
type Part = (usize, usize);

impl NamedChart {
    fn new(figure: Figure, basis: Basis, part: Part, projections: &[String], chart: Chart) -> Self {
        let (stem, title) = names(figure, basis);
        let (stem, title) = match part {
            (_, 1) => (stem, title),
            (0, count) => (stem, format!("{title}, part 1 of {count}")),
            (number, count) => (
                format!("{stem}-part{}", number + 1),
                format!("{title}, part {} of {count}", number + 1),
            ),
        };
        NamedChart {
            figure,
            basis,
            title,
            projections: projections.to_vec(),
            chart: Chart {
                name: stem.clone(),
                ..chart
            },
            stem,
        }
    }
}

/// What a figure's files and its headings are called; the paper's basis goes without saying.
pub(super) fn names(figure: Figure, basis: Basis) -> (String, String) {
    let (stem, title) = (figure.stem(), figure.title());
    match basis {
        Basis::A => (stem, title),
        other => (format!("{stem}-{other}"), format!("{title}, basis {other}")),
    }
}

/// The rows of `overlap.csv` that a plan's figures show; `None` where there is no such table.
pub(super) fn drawn_rows(plan: &Plan, tables: Tables) -> Result<Option<Vec<OverlapRow>>> {
    let Some(overlap) = tables("overlap.csv")? else {
        return Ok(None);
    };
    let rows = read_overlaps(overlap, |row| {
        let module = ModuleName::new(&row.module, &row.component);
        let basis = row.basis.parse::<Basis>();
        let is_diagonal = row.i == row.j;
        basis.is_ok_and(|basis| {
            plan.shows(&module, basis, &row.first, &row.second)
                || is_diagonal && plan.shows_diagonal(&module, basis, &row.first, &row.second)
        })
    })?;
    Ok(Some(rows))
}

/// Heat maps from the rows that they show; without overlaps there are none.
pub(super) fn charts(
    plan: &Plan,
    rows: Option<&[OverlapRow]>,
    tables: Tables,
    options: Options,
) -> Result<Vec<NamedChart>> {
    let Some(rows) = rows else {
        return Ok(Vec::new());
    };
    let spectrum: Vec<SpectrumRow> = written::rows(tables, "spectrum.csv")?;
    let of_plan = OfPlan {
        plan,
        rows,
        spectrum: &spectrum,
        options,
    };
    let mut charts = Vec::new();
    for &basis in &plan.figures.bases {
        for figure in Figure::ALL {
            if !plan.figures.draws(figure) {
                continue;
            }
            let figures = &plan.figures;
            let parts = parts(figure, &figures.projections, figures.layers.len());
            for (number, &projections) in parts.iter().enumerate() {
                if let Some(mut chart) = of_plan.chart(figure, basis, projections)? {
                    chart.footer.extend(figures.footnote.clone());
                    let part = (number, parts.len());
                    charts.push(NamedChart::new(figure, basis, part, projections, chart));
                }
            }
        }
    }
    charts.sort_by(|one, other| one.stem.cmp(&other.stem));
    Ok(charts)
}

/// A plan with the rows that its figures show.
struct OfPlan<'a> {
    plan: &'a Plan,
    rows: &'a [OverlapRow],
    spectrum: &'a [SpectrumRow],
    options: Options,
}

impl OfPlan<'_> {
    /// One figure of some projections on one basis; `None` where the plan does not compare what it
    /// shows.
    fn chart(&self, figure: Figure, basis: Basis, projections: &[String]) -> Result<Option<Chart>> {
        let (rows, figures) = (self.rows, &self.plan.figures);
        let (layer, layers) = (figures.layer, &figures.layers);
        let shown = Shown {
            basis,
            projections,
            within: &figures.within,
            options: self.options,
        };
        let pair = self.plan.sides(figure).map(pair);
        let chart = match figure {
            Figure::Three => pair.map(|ranks| figure3(rows, &ranks, layer, &shown)),
            Figure::Six => pair.map(|ranks| figure6(rows, &ranks, layers, &shown)),
            Figure::Four => pair.map(|seeds| figure4(rows, &seeds, layer, &shown)),
            Figure::Seven => pair.map(|seeds| figure7(rows, &seeds, layers, &shown)),
            Figure::Eight => {
                let adapters = self.plan.against_base_on(basis);
                let adapters = ranked(self.plan, adapters, Plan::drawn_rank);
                let is_drawn = !(adapters.is_empty() || projections.is_empty());
                is_drawn.then(|| figure8(rows, self.spectrum, &adapters, layer, &shown))
            }
            // Figures of lines, and of sizes.
            Figure::RankCurve
            | Figure::Placement
            | Figure::Seeds
            | Figure::Amplification
            | Figure::Trajectory
            | Figure::Spectrum
            | Figure::Sizes
            | Figure::Many => None,
        };
        chart.transpose()
    }
}

/// The adapters that are held against W, with their ranks.
pub(super) fn against_base(plan: &Plan) -> Vec<Ranked> {
    ranked(plan, plan.against_base(), Plan::adapter_rank)
}

/// The adapters that figures speak of.
pub(super) fn shown_ranked(plan: &Plan) -> Vec<Ranked> {
    ranked(plan, plan.measured_ids(), Plan::adapter_rank)
}

/// Adapters with their names in rows and their ranks.
fn ranked(
    plan: &Plan,
    adapters: Vec<AdapterId>,
    rank: fn(&Plan, AdapterId) -> usize,
) -> Vec<Ranked> {
    let ranked = |id: AdapterId| Ranked {
        name: plan.adapter_name(id).into(),
        rank: rank(plan, id),
    };
    adapters.into_iter().map(ranked).collect()
}

/// What is compared, as the rows name it.
fn pair(sides: Sides) -> Pair {
    let [first, second] = sides.labels.each_ref().map(String::as_str);
    match sides.mean_of {
        None => Pair::of(first, second),
        Some(pairs) => Pair::mean([first, second], pairs, &sides.beside),
    }
}

/// The figures of a published study that is to be shown beside, and whose they are.
pub(super) struct Beside {
    pub(super) whose: String,
    pub(super) charts: Vec<NamedChart>,
}

impl Beside {
    /// The figures beside a plan's, where it names such a study.
    pub(super) fn of(plan: &Plan, palette: Palette) -> Result<Option<Self>> {
        let Some(other) = plan.beside() else {
            return Ok(None);
        };
        let charts = match other.rows() {
            Some(rows) => {
                let folder = rows.folder();
                let tables = |name: &str| Ok(files::open(&folder.join(name)).ok());
                let options = Options {
                    palette,
                    range: None,
                    show: plan.figures.show,
                };
                charts(
                    other,
                    drawn_rows(other, &tables)?.as_deref(),
                    &tables,
                    options,
                )?
            }
            None => Vec::new(),
        };
        let whose = match other.title.as_str() {
            "" => &other.name,
            title => title,
        };
        Ok(Some(Beside {
            whose: whose.into(),
            charts,
        }))
    }

    /// The published figure that one of ours is shown beside.
    pub(super) fn chart(&self, ours: &NamedChart) -> Option<(&str, &Chart)> {
        let is_same = |other: &&NamedChart| other.stem == ours.stem;
        let chart = self.charts.iter().find(is_same)?;
        Some((&self.whose, &chart.chart))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_name_the_basis() {
        let title = |figure, basis| names(figure, basis).1;
        assert_eq!(title(Figure::Three, Basis::A), "Figure 3");
        assert_eq!(
            title(Figure::Eight, Basis::DeltaLeft),
            "Figure 8, basis delta-left"
        );
        assert_eq!(title(Figure::RankCurve, Basis::A), "Rank curve");
        assert_eq!(names(Figure::Three, Basis::B).0, "figure3-b");
    }
}
