//! The rank curve: scores of runs over the rank, which the paper gives as tables 6 and 18.

use crate::table::{RunsRow, Score, has_two_ranks, higher_is_better, score_error, scores};

use crate::figure::Options;
use crate::figure::label::{Text, weight};
use crate::paper::Projection;

use super::panel::{Band, Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
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

/// Weight types by what is drawn of them, each once.
#[derive(Default)]
struct Types {
    /// Those with a line over the rank, in the order of their colours.
    drawn: Vec<String>,
    /// Those with a level line.
    full: Vec<String>,
    /// Those with one rank somewhere, and no line there.
    single: Vec<String>,
    /// Those with a full fine-tune somewhere, and no line there.
    full_alone: Vec<String>,
}

impl Types {
    /// The lines of a panel's scores, level ones first.
    fn lines(&mut self, panel: &[Score]) -> Vec<CurveLine> {
        let (mut level, mut lines) = (Vec::new(), Vec::new());
        for here in panel.chunk_by(|one, next| one.weight_types == next.weight_types) {
            let types = &here[0].weight_types;
            let points: Vec<CurvePoint> = here.iter().filter_map(over_rank).collect();
            let full = here.iter().find(|score| score.rank.is_none());
            let Some([_, last]) = points.last_chunk() else {
                if !points.is_empty() {
                    place_in(&mut self.single, types);
                }
                if full.is_some() {
                    place_in(&mut self.full_alone, types);
                }
                continue;
            };
            let place = place_in(&mut self.drawn, types);
            if let Some(full) = full {
                place_in(&mut self.full, types);
                level.push(CurveLine {
                    style: LineStyle::Level(place),
                    name: None,
                    points: vec![point(full, last.x)],
                });
            }
            lines.push(CurveLine {
                style: LineStyle::Series(place),
                name: Some((in_words(types), NameAt::Beside)),
                points,
            });
        }
        level.extend(lines);
        level
    }

    /// Names the level lines; where there are some of several weight types, these too.
    fn name_full(&self, panels: &mut [CurvePanel]) {
        let lines = panels.iter_mut().flat_map(|panel| &mut panel.lines);
        for line in lines {
            let LineStyle::Level(place) = line.style else {
                continue;
            };
            let name = match self.full.len() {
                1 => Text::plain("full"),
                _ => Text::plain("full: ").then(in_words(&self.drawn[place])),
            };
            line.name = Some((name, NameAt::Beside));
        }
    }
}

/// Where a name stands among some, last where it is new.
fn place_in(names: &mut Vec<String>, name: &str) -> usize {
    let known = names.iter().position(|known| known == name);
    known.unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    })
}

fn over_rank(score: &Score) -> Option<CurvePoint> {
    Some(point(score, score.rank? as f64))
}

fn point(score: &Score, x: f64) -> CurvePoint {
    CurvePoint {
        x,
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

fn footer(scores: &[Score], types: &Types) -> Vec<String> {
    let mut footer = Vec::new();
    let spread = if scores.iter().any(|score| score.sd.is_some()) {
        "Marks: means over seeds; bars: one sample standard deviation, where there are two seeds \
             or more; dots: single runs."
    } else {
        "No setting has two runs: its spread is not known."
    };
    let apart = match types.drawn.len() {
        0 | 1 => "",
        _ => " Lines are set a little apart sideways.",
    };
    footer.push(format!("{spread}{apart}"));
    footer.extend(score_error(scores).map(|error| format!("Scores are of {error}.")));
    for cut in types.drawn.iter() {
        if in_words(cut).bare().contains('…') {
            footer.push(format!("({}): {cut}.", cut.split('+').count()));
        }
    }
    if !types.full.is_empty() {
        let is_full = |score: &&Score| types.full.contains(&score.weight_types);
        let mut full = scores
            .iter()
            .filter(is_full)
            .filter(|score| score.rank.is_none());
        let band = match full.any(|score| score.sd.is_some()) {
            true => " Bands: one sample standard deviation of these.",
            false => "",
        };
        footer.push(format!(
            "Level and dashed, full: the weights themselves were trained, of {}.{band}",
            types.full.join(", ")
        ));
    }
    let mut not_shown = |what: &str, all: &[String], shown: &[String]| {
        let left_out = all.iter().filter(|types| !shown.contains(types));
        let left_out: Vec<&str> = left_out.map(String::as_str).collect();
        if !left_out.is_empty() {
            footer.push(format!("{what}, and not shown: {}.", left_out.join(", ")));
        }
    };
    not_shown("With runs of one rank only", &types.single, &types.drawn);
    not_shown(
        "Full fine-tunes without a line of their weight types",
        &types.full_alone,
        &types.full,
    );
    footer
}

#[cfg(test)]
mod tests {
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
            curve.footer[1].ends_with("not shown: k."),
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
                "Level and dashed, full: the weights themselves were trained, of q+v. Bands: one \
                 sample standard deviation of these.",
                "Full fine-tunes without a line of their weight types, and not shown: v."
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
