//! The rank curve: scores of runs over the rank, which the paper gives as tables 6 and 18.

use crate::table::{RunsRow, Score, has_two_ranks, higher_is_better, scores};

use crate::figure::Options;
use crate::figure::label::Text;

use super::panel::{Band, Curve, CurveLine, CurvePanel, CurvePoint, LineStyle};
use super::rank_lines::{Types, footer};
use super::span::Span;

/// How much ink the band of a level line takes.
const BAND_INK: f64 = 0.15;

/// Scores over the rank; `None` where no weight types have runs of two ranks. Weight types with one
/// rank on a task are no line there, and are named in the footer. A full fine-tune has no rank: it is
/// level, beside the line of its weight types.
pub fn rank_curve(rows: &[RunsRow], options: &Options) -> Option<Curve> {
    let scores = scores(rows);
    if !has_two_ranks(&scores) {
        return None;
    }
    let mut types = Types::default();
    let mut panels = Vec::new();
    for panel in scores.chunk_by(|one, next| (&one.task, &one.metric) == (&next.task, &next.metric))
    {
        let lines = types.lines(panel);
        if !lines.is_empty() {
            panels.push(curve_panel(&panel[0], lines));
        }
    }
    types.name_full(&mut panels);
    Some(Curve {
        name: "rank-curve".into(),
        about: "Scores over the rank.".into(),
        panels,
        in_row: None,
        series: types.drawn.len(),
        is_dense: false,
        footer: footer(&scores, &types),
        palette: options.palette,
    })
}

/// A panel of lines of one task and metric, those of `of`.
fn curve_panel(of: &Score, lines: Vec<CurveLine>) -> CurvePanel {
    let points = || lines.iter().flat_map(|line| &line.points);
    let mut ranks: Vec<usize> = points().map(|point| point.x as usize).collect();
    ranks.sort_unstable();
    ranks.dedup();
    let reach = |point: &CurvePoint| {
        let sd = point.sd.unwrap_or(0.0);
        let ends = [point.y - sd, point.y + sd];
        point.values.iter().copied().chain(ends).collect::<Vec<_>>()
    };
    let values: Vec<f64> = points().flat_map(reach).collect();
    let arrow = match higher_is_better(&of.metric) {
        Some(true) => " ↑",
        Some(false) => " ↓",
        None => "",
    };
    CurvePanel {
        title: Text::plain(&format!("{}, {}{arrow}", of.task, of.metric)),
        x: Span::at(&ranks, true),
        x_label: Text::default().symbol("r"),
        y: Span::over(&values),
        y_label: Text::default(),
        bands: lines.iter().filter_map(spread_of_full).collect(),
        bars: Vec::new(),
        lines,
        marks: Vec::new(),
    }
}

/// The band of a level line's standard deviation, where it has one.
fn spread_of_full(line: &CurveLine) -> Option<Band> {
    let (LineStyle::Level(place), [point]) = (line.style, line.points.as_slice()) else {
        return None;
    };
    let sd = point.sd?;
    Some(Band {
        ink: BAND_INK,
        of: Some(place),
        points: vec![[point.x, point.y - sd, point.y + sd]],
    })
}

#[cfg(test)]
mod tests {
    use super::super::rank_lines::in_words;
    use super::*;

    fn run(types: &str, rank: usize, seed: u64, task: &str, value: f64) -> RunsRow {
        RunsRow {
            adapter: format!("{types}-{rank}-{seed}"),
            weight_types: types.into(),
            rank: Some(rank),
            alpha: None,
            seed: Some(seed),
            task: task.into(),
            metric: "accuracy".into(),
            value,
            trainable_parameters: None,
            items: None,
        }
    }

    #[test]
    fn a_line_per_weight_types_with_two_ranks() {
        let rows = [
            run("q+v", 8, 0, "one", 0.75),
            run("q+v", 2, 0, "one", 0.5),
            run("q+v", 8, 1, "one", 0.25),
            run("k", 4, 0, "one", 0.1),
            run("q", 1, 0, "two", 0.3),
            run("q", 16, 0, "two", 0.4),
            run("k", 4, 0, "three", 0.3),
        ];
        let curve = rank_curve(&rows, &Options::default()).unwrap();
        let titles: Vec<String> = curve
            .panels
            .iter()
            .map(|panel| panel.title.bare())
            .collect();
        assert_eq!(titles, ["one, accuracy ↑", "two, accuracy ↑"]);
        let lines = curve.panels.iter().flat_map(|panel| &panel.lines);
        let names = lines.map(|line| line.name.as_ref().unwrap().0.bare());
        assert_eq!(names.collect::<Vec<_>>(), ["W_q, W_v", "W_q"]);
        let first = &curve.panels[0];
        assert_eq!(first.x.labels, ["2", "8"]);
        let [line] = first.lines.as_slice() else {
            panic!("one line: {:?}", first.lines)
        };
        assert_eq!((line.style, curve.series), (LineStyle::Series(0), 2));
        let rank_8 = &line.points[1];
        assert_eq!((rank_8.x, rank_8.y), (8.0, 0.5));
        assert_eq!(rank_8.values, [0.75, 0.25]);
        assert_eq!(rank_8.sd, Some(0.353553391)); // 0.5/√2
        assert!(first.y.low < 0.5 - 0.3535 && first.y.high > 0.5 + 0.3535);
        assert!(
            curve.footer[1].ends_with("have one rank only: k."),
            "{:?}",
            curve.footer
        );
        assert_eq!(rank_curve(&rows[3..5], &Options::default()), None);
    }

    fn full(types: &str, seed: u64, task: &str, value: f64) -> RunsRow {
        RunsRow {
            rank: None,
            ..run(types, 0, seed, task, value)
        }
    }

    #[test]
    fn a_full_fine_tune_is_level_beside_the_line_of_its_weight_types() {
        let rows = [
            run("q+v", 2, 0, "one", 0.5),
            run("q+v", 8, 0, "one", 0.6),
            full("q+v", 0, "one", 0.75),
            full("q+v", 1, "one", 0.25),
            run("q", 2, 0, "one", 0.5),
            run("q", 4, 0, "one", 0.5),
            full("v", 0, "one", 0.9),
            run("q+v", 2, 0, "two", 0.5),
            full("q+v", 0, "two", 0.9),
        ];
        let curve = rank_curve(&rows, &Options::default()).unwrap();
        let [panel] = curve.panels.as_slice() else {
            panic!("one panel has lines: {:?}", curve.panels)
        };
        assert_eq!(panel.x.labels, ["2", "4", "8"]);
        let styles: Vec<LineStyle> = panel.lines.iter().map(|line| line.style).collect();
        assert_eq!(
            styles,
            [
                LineStyle::Level(1),
                LineStyle::Series(0),
                LineStyle::Series(1)
            ]
        );
        let level = &panel.lines[0];
        let name = level.name.as_ref().map(|(name, _)| name.bare());
        assert_eq!((name.as_deref(), level.points[0].y), (Some("full"), 0.5));
        // 0.5/√2 either way.
        let [band] = panel.bands.as_slice() else {
            panic!("one band: {:?}", panel.bands)
        };
        assert_eq!((band.of, band.points[0][1]), (Some(1), 0.5 - 0.353553391));
        assert_eq!(
            curve.footer[1..],
            [
                "Horizontal dashed lines, named full: the weights themselves were trained, of q+v. Bands: one \
                 sample standard deviation of these.",
                "Full fine-tunes not shown, because no line has their weight types: v."
            ]
        );
        // A full fine-tune is no second rank.
        assert_eq!(rank_curve(&rows[7..], &Options::default()), None);
    }

    #[test]
    fn level_lines_of_several_weight_types_have_their_names() {
        let of = |types: &str| {
            let ranks = [1, 2].map(|rank| run(types, rank, 0, "t", 0.1 * rank as f64));
            [&ranks[..], &[full(types, 0, "t", 0.3)]].concat()
        };
        let rows = [of("q"), of("q+v")].concat();
        let curve = rank_curve(&rows, &Options::default()).unwrap();
        let lines = &curve.panels[0].lines;
        let names: Vec<String> = lines
            .iter()
            .map(|line| line.name.as_ref().unwrap().0.bare())
            .collect();
        assert_eq!(names, ["full: W_q", "full: W_q, W_v", "W_q", "W_q, W_v"]);
        assert!(curve.panels[0].bands.is_empty(), "single runs");
    }

    #[test]
    fn the_footer_says_that_lines_are_apart_where_they_are() {
        let one = |types: &str, seed: u64| {
            [1, 2].map(|rank| run(types, rank, seed, "t", 0.1 * rank as f64))
        };
        let says = |rows: &[[RunsRow; 2]]| {
            let curve = rank_curve(&rows.concat(), &Options::default()).unwrap();
            curve.footer[0].contains("a little sideways")
        };
        assert!(!says(&[one("q", 0)]));
        assert!(!says(&[one("q", 0), one("q", 1)]), "one line, two seeds");
        assert!(says(&[one("q", 0), one("v", 0)]), "two lines, one seed");
        assert!(says(&[one("q", 0), one("v", 0), one("v", 1)]));
    }

    #[test]
    fn names_of_many_weight_types_are_cut_and_spelt_out_below() {
        let many = "q+k+v+o+up_proj";
        let rows = [run(many, 1, 0, "t", 0.1), run(many, 2, 0, "t", 0.2)];
        let curve = rank_curve(&rows, &Options::default()).unwrap();
        let (name, _) = curve.panels[0].lines[0].name.as_ref().unwrap();
        assert_eq!(name.bare(), "W_q, …, W_up_proj (5)");
        assert_eq!(in_words("q+k_proj+v+o").bare(), "W_q, k, v, o");
        assert_eq!(in_words("q+up_proj+v").bare(), "W_q, W_up_proj, W_v");
        assert_eq!(curve.footer[1], "(5): q+k+v+o+up_proj.");
    }
}
