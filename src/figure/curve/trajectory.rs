//! Trajectory: how near a run's checkpoints are to the last one, over the steps of training.

use std::collections::{BTreeMap, BTreeSet};

use crate::figure::Options;
use crate::figure::label::Text;
use crate::measure::Basis;
use crate::table::TrajectoryRow;

use super::medians::quantile;
use super::panel::{Band, Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
use super::span::Span;

/// At most so many runs are shown: as many as have dashes of their own.
const RUNS: usize = 5;
/// How much ink the bands of quartiles take.
const BAND_INK: f64 = 0.22;
/// From so many checkpoints on lines have no marks: four panels in a row are small.
const DENSE: usize = 8;

/// What a panel shows of a row.
type Shown = fn(&TrajectoryRow) -> Option<f64>;

/// A panel: its title, whose rows it shows, and what of them; chance is none of a norm's.
struct Of {
    title: &'static str,
    basis: Basis,
    value: Shown,
    has_chance: bool,
}

/// ‖ΔW‖, φ with the last checkpoint on either side, and φ of A with its start where that is known, else
/// φ with the checkpoint before: medians over modules with quartiles, a line a run. `None` where there
/// are no rows.
///
/// `unknown` are the runs whose step numbers are not known.
pub fn trajectory_curve(
    rows: &[TrajectoryRow],
    unknown: &[String],
    options: &Options,
) -> Option<Curve> {
    let mut runs: Vec<&str> = Vec::new();
    for row in rows {
        if !runs.contains(&row.adapter.as_str()) {
            runs.push(&row.adapter);
        }
    }
    let left_out = runs.len().saturating_sub(RUNS);
    runs.truncate(RUNS);
    let knows_start = |run: &&str| {
        let mut own = rows.iter().filter(|row| row.adapter == **run);
        own.any(|row| row.similarity_to_start.is_some())
    };
    // A panel of starts has a line for every run, or there is none.
    let has_start = runs.iter().all(knows_start);
    let steps: Vec<BTreeSet<usize>> = runs.iter().map(|run| steps_of(rows, run)).collect();
    let is_dense = steps.iter().map(BTreeSet::len).max()? >= DENSE;
    let steps: BTreeSet<usize> = steps.into_iter().flatten().collect();
    let x = Span::evenly(&steps.into_iter().collect::<Vec<_>>());
    let panels = shown(has_start).map(|of| panel(rows, &runs, &x, &of));
    let unknown = unknown.iter().filter(|name| runs.contains(&name.as_str()));
    let mut footer = footer(rows, has_start);
    if left_out > 0 {
        footer.push(format!(
            "Shown are the first {RUNS} of {} runs; trajectory.csv has all.",
            RUNS + left_out
        ));
    }
    footer.extend(unknown.map(|name| {
        format!("{name}: the step numbers are not known, so the axis counts checkpoints.")
    }));
    if runs.len() > 1 && !is_dense {
        footer.push("Lines are moved a little sideways, to keep them apart.".into());
    }
    Some(Curve {
        name: "trajectory".into(),
        about: "How near the checkpoints of a run are to the last one, over its steps.".into(),
        panels: panels.into(),
        in_row: Some(4),
        series: runs.len(),
        is_dense,
        footer,
        palette: options.palette,
    })
}

fn shown(has_start: bool) -> [Of; 4] {
    let of = |title, basis, value, has_chance| Of {
        title,
        basis,
        value,
        has_chance,
    };
    let to_last: Shown = |row| row.similarity_to_last;
    [
        of("‖ΔW‖", Basis::DeltaLeft, |row| Some(row.norm), false),
        of("φ to last, output side", Basis::DeltaLeft, to_last, true),
        of("φ to last, input side", Basis::DeltaRight, to_last, true),
        match has_start {
            true => of(
                "φ of A to its start",
                Basis::A,
                |row| row.similarity_to_start,
                true,
            ),
            false => of(
                "φ to previous, output side",
                Basis::DeltaLeft,
                |row| row.similarity_to_previous,
                true,
            ),
        },
    ]
}

/// The steps of a run.
fn steps_of(rows: &[TrajectoryRow], run: &str) -> BTreeSet<usize> {
    let of_run = rows.iter().filter(|row| row.adapter == run);
    of_run.map(|row| row.step as usize).collect()
}

fn panel(rows: &[TrajectoryRow], runs: &[&str], x: &Span, of: &Of) -> CurvePanel {
    let (mut lines, mut bands, mut chances) = (Vec::new(), Vec::new(), Vec::new());
    for (number, run) in runs.iter().enumerate() {
        let is_of = |row: &&TrajectoryRow| row.adapter == *run && row.basis == of.basis.name();
        let here: Vec<&TrajectoryRow> = rows.iter().filter(is_of).collect();
        let quartiles = quartiles(&here, of.value);
        if quartiles.is_empty() {
            continue;
        }
        chances.extend(quantile(here.iter().map(|row| row.chance).collect(), 0.5));
        let point = |&(x, [_, y, _]): &(f64, [f64; 3])| CurvePoint::at(x, y);
        lines.push(CurveLine {
            style: LineStyle::Series(number),
            name: Some((Text::plain(run), NameAt::Beside)),
            points: quartiles.iter().map(point).collect(),
        });
        let spread = quartiles
            .iter()
            .map(|(x, [low, _, high])| [*x, *low, *high]);
        bands.push(Band {
            ink: BAND_INK,
            of: Some(number),
            points: spread.collect(),
        });
    }
    let chance = chances_of(
        chances.into_iter().filter(|_| of.has_chance),
        [x.low, x.high],
    );
    let reach = bands.iter().flat_map(|band| &band.points);
    let reach: Vec<f64> = reach.map(|[_, _, high]| *high).collect();
    CurvePanel {
        title: Text::plain(of.title),
        x: x.clone(),
        x_label: Text::plain("step"),
        y: match of.has_chance {
            true => Span::from_zero(&[1.0]),
            false => Span::from_zero(&reach),
        },
        y_label: Text::default(),
        bands,
        bars: Vec::new(),
        lines: chance.into_iter().chain(lines).collect(),
        marks: Vec::new(),
    }
}

/// Quartiles and median over modules, of each step that has a value.
fn quartiles(rows: &[&TrajectoryRow], value: Shown) -> Vec<(f64, [f64; 3])> {
    let mut steps: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for row in rows {
        if let Some(value) = value(row) {
            steps.entry(row.step).or_default().push(value);
        }
    }
    let at = |(step, values): (u64, Vec<f64>)| {
        let part = |at: f64| quantile(values.clone(), at);
        Some((step as f64, [part(0.25)?, part(0.5)?, part(0.75)?]))
    };
    steps.into_iter().filter_map(at).collect()
}

/// A dashed line for each chance level, the highest of which has the name.
fn chances_of(levels: impl Iterator<Item = f64>, ends: [f64; 2]) -> Vec<CurveLine> {
    let mut levels: Vec<f64> = levels.collect();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    let last = levels.last().copied();
    let line = |level: f64| CurveLine {
        style: LineStyle::Chance,
        name: (Some(level) == last).then(|| (Text::plain("chance"), NameAt::Beside)),
        points: ends.map(|x| CurvePoint::at(x, level)).into(),
    };
    levels.into_iter().map(line).collect()
}

fn footer(rows: &[TrajectoryRow], has_start: bool) -> Vec<String> {
    let mut modules: Vec<&str> = rows.iter().map(|row| row.module.as_str()).collect();
    modules.sort_unstable();
    modules.dedup();
    let fourth = match has_start {
        true => {
            "φ of A to its start: φ(r,r) between the row spaces of A at the step and before training"
        }
        false => "φ to previous: φ(k,k) with the directions of the checkpoint before",
    };
    vec![
        "φ to last: φ(k,k) between ΔW's leading k = min(16, r) directions and those of the last \
         checkpoint. The output side has left directions, the input side right ones."
            .to_string(),
        format!("{fourth}. Dashed line: the mean of random directions."),
        match modules.len() {
            1 => "There is one module.".into(),
            count => format!("Lines: medians over {count} modules. Bands: their quartiles."),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of one checkpoint of a module: ‖ΔW‖ and what both sides have.
    fn rows(
        run: &str,
        module: usize,
        step: u64,
        norm: f64,
        to_last: Option<f64>,
    ) -> Vec<TrajectoryRow> {
        let row = |basis: Basis| TrajectoryRow {
            module: format!("h.{module}.q"),
            component: String::new(),
            layer: Some(module),
            projection: "q".into(),
            adapter: run.into(),
            step,
            basis: basis.name().into(),
            k: 4,
            norm,
            stable_rank: Some(1.5),
            similarity_to_last: to_last,
            similarity_to_previous: to_last.map(|_| 0.75),
            similarity_to_start: None,
            chance: if basis == Basis::DeltaLeft {
                0.25
            } else {
                0.125
            },
        };
        vec![row(Basis::DeltaRight), row(Basis::DeltaLeft)]
    }

    fn points(line: &CurveLine) -> Vec<[f64; 2]> {
        let points = line.points.iter();
        points.map(|point| [point.x, point.y]).collect()
    }

    #[test]
    fn a_run_is_the_median_of_its_modules_with_quartiles_and_chance() {
        let rows = [
            rows("r8", 0, 0, 0.0, None),
            rows("r8", 0, 10, 1.0, Some(0.5)),
            rows("r8", 0, 20, 2.0, Some(1.0)),
            rows("r8", 1, 0, 0.0, None),
            rows("r8", 1, 10, 3.0, Some(0.7)),
            rows("r8", 1, 20, 6.0, Some(1.0)),
        ]
        .concat();
        let curve = trajectory_curve(&rows, &[], &Options::default()).unwrap();
        let titles: Vec<String> = curve.panels.iter().map(|one| one.title.bare()).collect();
        assert_eq!(
            titles,
            [
                "‖ΔW‖",
                "φ to last, output side",
                "φ to last, input side",
                "φ to previous, output side"
            ]
        );
        let [norm, output, input, _] = &curve.panels[..] else {
            panic!("{titles:?}")
        };
        assert_eq!(norm.lines.len(), 1, "a norm has no chance");
        assert_eq!(
            points(&norm.lines[0]),
            [[0.0, 0.0], [10.0, 2.0], [20.0, 4.0]]
        );
        assert_eq!(norm.bands[0].points[1], [10.0, 1.5, 2.5]);
        // At the start nothing is near anything.
        let [chance, line] = &output.lines[..] else {
            panic!("{:?}", output.lines)
        };
        assert_eq!(points(chance), [[0.0, 0.25], [20.0, 0.25]]);
        let [[x, y], last] = points(line)[..] else {
            panic!("{line:?}")
        };
        assert!(x == 10.0 && (y - 0.6).abs() < 1e-12 && last == [20.0, 1.0]);
        assert_eq!(points(&input.lines[0])[0], [0.0, 0.125]);
        assert_eq!(chance.name.as_ref().unwrap().0.bare(), "chance");
        assert!(curve.footer.iter().any(|line| line.contains("2 modules")));
        assert_eq!(trajectory_curve(&[], &[], &Options::default()), None);
    }

    #[test]
    fn a_known_start_takes_the_place_of_the_checkpoint_before() {
        let mut rows = rows("r8", 0, 10, 1.0, Some(0.5));
        rows.extend(rows.clone());
        rows[2].basis = "a".into();
        rows[2].similarity_to_start = Some(0.9);
        let curve = trajectory_curve(&rows, &["r8".into()], &Options::default()).unwrap();
        let start = &curve.panels[3];
        assert_eq!(start.title.bare(), "φ of A to its start");
        assert_eq!(points(&start.lines[1]), [[10.0, 0.9]]);
        assert!(
            curve
                .footer
                .last()
                .unwrap()
                .starts_with("r8: the step numbers")
        );
    }

    #[test]
    fn five_runs_are_shown_and_the_rest_is_said() {
        let of = |count: usize| {
            let runs = (0..count).flat_map(|run| rows(&format!("run{run}"), 0, 10, 1.0, Some(0.5)));
            trajectory_curve(&runs.collect::<Vec<_>>(), &[], &Options::default()).unwrap()
        };
        let says = |curve: &Curve| curve.footer.iter().any(|line| line.contains("of 6"));
        assert_eq!((of(5).series, says(&of(5))), (5, false));
        assert_eq!((of(6).series, says(&of(6))), (5, true));
        assert_eq!(of(6).panels[1].lines.len(), 6, "runs and one chance");
    }
}
