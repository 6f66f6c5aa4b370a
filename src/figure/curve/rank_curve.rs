//! The rank curve: scores of runs over the rank, which the paper gives as tables 6 and 18.

use crate::table::{RunsRow, Score, has_two_ranks, higher_is_better, score_error, scores};

use crate::figure::Options;
use crate::figure::label::{Text, weight};
use crate::paper::Projection;

use super::panel::{Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
use super::span::Span;

/// Scores over the rank; `None` where no weight types have runs of two ranks. Weight types with one
/// rank on a task are no line there, and are named in the footer.
pub fn rank_curve(rows: &[RunsRow], options: &Options) -> Option<Curve> {
    let scores = scores(rows);
    if !has_two_ranks(&scores) {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    let mut single: Vec<String> = Vec::new();
    let mut panels = Vec::new();
    for panel in scores.chunk_by(|one, next| (&one.task, &one.metric) == (&next.task, &next.metric))
    {
        let mut lines = Vec::new();
        for line in panel.chunk_by(|one, next| one.weight_types == next.weight_types) {
            let types = &line[0].weight_types;
            if line.len() < 2 {
                single.push(types.clone());
                continue;
            }
            let known = names.iter().position(|name| name == types);
            let place = known.unwrap_or(names.len());
            if known.is_none() {
                names.push(types.clone());
            }
            lines.push(CurveLine {
                style: LineStyle::Series(place),
                name: Some((in_words(types), NameAt::Beside)),
                points: line.iter().map(point).collect(),
            });
        }
        if !lines.is_empty() {
            panels.push(curve_panel(&panel[0], lines));
        }
    }
    Some(Curve {
        name: "rank-curve".into(),
        about: "Scores over the rank.".into(),
        panels,
        in_row: None,
        series: names.len(),
        is_dense: false,
        footer: footer(&scores, &names, &single),
        palette: options.palette,
    })
}

fn point(score: &Score) -> CurvePoint {
    CurvePoint {
        x: score.rank as f64,
        y: score.mean,
        sd: score.sd,
        values: score.values.clone(),
    }
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
        bands: Vec::new(),
        bars: Vec::new(),
        lines,
        marks: Vec::new(),
    }
}

/// Names of more weight types are cut: they stand beside the panels.
const WHOLE: usize = 4;

/// W_q, W_v; of three or four that have letters one W with all of them, and of more weight types the
/// first, the last and how many they are.
fn in_words(types: &str) -> Text {
    let names: Vec<&str> = types.split('+').collect();
    let letters: Option<Vec<&str>> = names
        .iter()
        .map(|name| Projection::of(name).map(Projection::letter))
        .collect();
    if let (Some(letters), 3..=WHOLE) = (letters, names.len()) {
        let mut text = Text::default().symbol("W");
        for (place, letter) in letters.iter().enumerate() {
            let comma = if place > 0 { text.low(", ") } else { text };
            text = comma.low_symbol(letter);
        }
        return text;
    }
    if let (true, [first, .., last]) = (names.len() > WHOLE, names.as_slice()) {
        let text = weight(first).upright(", …, ").then(weight(last));
        return text.upright(&format!(" ({})", names.len()));
    }
    let mut text = Text::default();
    for (place, name) in names.iter().enumerate() {
        if place > 0 {
            text = text.upright(", ");
        }
        text = text.then(weight(name));
    }
    text
}

fn footer(scores: &[Score], names: &[String], single: &[String]) -> Vec<String> {
    let mut footer = Vec::new();
    let spread = if scores.iter().any(|score| score.sd.is_some()) {
        "Marks: means over seeds; bars: one sample standard deviation, where there are two seeds \
             or more; dots: single runs."
    } else {
        "No setting has two runs: its spread is not known."
    };
    let apart = match names.len() {
        0 | 1 => "",
        _ => " Lines are set a little apart sideways.",
    };
    footer.push(format!("{spread}{apart}"));
    footer.extend(score_error(scores).map(|error| format!("Scores are of {error}.")));
    for types in names
        .iter()
        .filter(|types| in_words(types).bare().contains('…'))
    {
        let count = types.split('+').count();
        footer.push(format!("({count}): {types}."));
    }
    let mut left_out: Vec<&str> = Vec::new();
    for types in single {
        if !names.contains(types) && !left_out.contains(&types.as_str()) {
            left_out.push(types);
        }
    }
    if !left_out.is_empty() {
        footer.push(format!(
            "With runs of one rank only, and not shown: {}.",
            left_out.join(", ")
        ));
    }
    footer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(types: &str, rank: usize, seed: u64, task: &str, value: f64) -> RunsRow {
        RunsRow {
            adapter: format!("{types}-{rank}-{seed}"),
            weight_types: types.into(),
            rank,
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
            curve.footer[1].ends_with("not shown: k."),
            "{:?}",
            curve.footer
        );
        assert_eq!(rank_curve(&rows[3..5], &Options::default()), None);
    }

    #[test]
    fn the_footer_says_that_lines_are_apart_where_they_are() {
        let one = |types: &str, seed: u64| {
            [1, 2].map(|rank| run(types, rank, seed, "t", 0.1 * rank as f64))
        };
        let says = |rows: &[[RunsRow; 2]]| {
            let curve = rank_curve(&rows.concat(), &Options::default()).unwrap();
            curve.footer[0].contains("apart sideways")
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
