//! Placement: the share of ΔW in W's leading directions, over how many they are.

use std::ops::Range;

use crate::figure::Options;
use crate::figure::heat::{Ranked, SURE};
use crate::figure::label::Text;
use crate::measure::placement::Place;
use crate::table::PlacementRow;

use super::blocks::{bars, blocks_panel, line, smaller_side};
use super::medians::medians;
use super::panel::{Band, Curve, CurveBar, CurveLine, CurvePanel, LineStyle, NameAt};
use super::span::Span;

/// At most so many adapters have a row of panels: the smallest rank, the middle and the largest.
const ADAPTERS: usize = 3;
/// What titles call the places.
const SIDES: [&str; 3] = ["output side, ", "input side, ", "both sides, "];
/// The vertical axes reach so many times below the least chance.
const BELOW: f64 = 4.0;
/// How much ink the band of chance takes.
const BAND_INK: f64 = 0.2;

/// The shares of one module on one side.
struct Line {
    /// k/n and the share, where it is known.
    shares: Vec<[f64; 2]>,
    /// k/n, chance and its standard deviation.
    chance: Vec<[f64; 3]>,
}

/// The share of ΔW in W's leading k directions over k/n, a row of panels an adapter: output side,
/// input side, both, and the four blocks at ⌈n/10⌉ over their chance. `None` where there are no rows
/// of the adapters.
pub fn placement_curve(
    rows: &[PlacementRow],
    adapters: &[Ranked],
    options: &Options,
) -> Option<Curve> {
    let (mut panels, mut is_unsure) = (Vec::new(), false);
    let shown: Vec<(&Ranked, Vec<&PlacementRow>)> = placed(adapters)
        .into_iter()
        .map(|adapter| (adapter, of_adapter(rows, &adapter.name)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let lines: Vec<[Vec<Line>; 3]> = shown
        .iter()
        .map(|(_, rows)| Place::ALL.map(|place| lines(rows, place, &mut is_unsure)))
        .collect();
    let spans = [0..2, 0..2, 2..3].map(|places: Range<usize>| {
        span(
            lines
                .iter()
                .flat_map(|lines| &lines[places.clone()])
                .flatten(),
        )
    });
    let tenths: Vec<Vec<CurveBar>> = shown.iter().map(|(_, rows)| bars(rows)).collect();
    let heights = tenths
        .iter()
        .flatten()
        .map(|bar| bar.spread[1].max(bar.value));
    let of_blocks = Span::from_zero(&heights.chain([1.0]).collect::<Vec<_>>());
    for (((adapter, _), lines), bars) in shown.iter().zip(&lines).zip(tenths) {
        let rank = rank_of(adapter, adapters);
        for ((lines, side), y) in lines.iter().zip(SIDES).zip(&spans) {
            panels.push(panel(lines, y, Text::plain(side).then(rank.clone())));
        }
        panels.push(blocks_panel(
            bars,
            &of_blocks,
            Text::plain("blocks, ").then(rank),
        ));
    }
    let modules = lines.iter().map(|lines| lines[0].len()).max()?;
    Some(Curve {
        name: "placement".into(),
        about: "Shares of ΔW in the leading directions of W.".into(),
        panels,
        in_row: Some(4),
        series: 0,
        is_dense: false,
        footer: footer(modules, is_unsure),
        palette: options.palette,
    })
}

/// The adapters that have a row of panels: of more than three the smallest rank, the middle one and
/// the largest.
pub fn placed(adapters: &[Ranked]) -> Vec<&Ranked> {
    let mut sorted: Vec<&Ranked> = adapters.iter().collect();
    sorted.sort_by_key(|adapter| adapter.order());
    match sorted.len() {
        few if few <= ADAPTERS => sorted,
        many => vec![sorted[0], sorted[many / 2], sorted[many - 1]],
    }
}

/// `r = 4`, with the adapter's name where another has its rank.
fn rank_of(adapter: &Ranked, all: &[Ranked]) -> Text {
    let text = adapter.words();
    let same = all
        .iter()
        .filter(|other| other.rank == adapter.rank)
        .count();
    match same {
        1 => text,
        _ if adapter.rank == 0 => text,
        _ => text.upright(&format!(" ({})", adapter.name)),
    }
}

fn of_adapter<'a>(rows: &'a [PlacementRow], name: &str) -> Vec<&'a PlacementRow> {
    rows.iter().filter(|row| row.adapter == name).collect()
}

/// A line a module whose ΔW is somewhere; points where W's directions are not known are left out.
fn lines(rows: &[&PlacementRow], place: Place, is_unsure: &mut bool) -> Vec<Line> {
    let modules = rows.chunk_by(|one, next| one.module == next.module);
    let line = |rows: &[&PlacementRow]| {
        let n = smaller_side(rows) as f64;
        let mut line = Line {
            shares: Vec::new(),
            chance: Vec::new(),
        };
        for row in rows.iter().filter(|row| row.side == place.name()) {
            let x = row.k as f64 / n;
            let is_sure = row.sin_theta_bound.is_some_and(|bound| bound <= SURE);
            match row.share {
                Some(share) if is_sure && share > 0.0 => line.shares.push([x, share]),
                Some(_) if !is_sure => *is_unsure = true,
                _ => {}
            }
            line.chance.extend(row.sd.map(|sd| [x, row.chance, sd]));
        }
        line
    };
    let lines = modules.map(line);
    lines.filter(|line| !line.shares.is_empty()).collect()
}

/// What panels show: not much below chance, where a share is as good as none.
fn span<'a>(lines: impl Iterator<Item = &'a Line>) -> Span {
    let values = lines.flat_map(|line| {
        let chance = line.chance.iter();
        let chance = chance.flat_map(|[_, mean, sd]| [mean / BELOW, mean + 2.0 * sd]);
        let highest = line.shares.iter().map(|[_, share]| *share).reduce(f64::max);
        chance.chain(highest)
    });
    Span::log_over(&values.collect::<Vec<_>>())
}

/// Lines of one side: modules, their median, and chance.
fn panel(lines: &[Line], y: &Span, title: Text) -> CurvePanel {
    let shares: Vec<&[[f64; 2]]> = lines.iter().map(|line| line.shares.as_slice()).collect();
    let of = |part: usize| -> Vec<Vec<[f64; 2]>> {
        let points = |line: &Line| line.chance.iter().map(|row| [row[0], row[part]]).collect();
        lines.iter().map(points).collect()
    };
    let (means, sds) = (of(1), of(2));
    let of_all = |of: &[Vec<[f64; 2]>]| medians(&of.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (chance, sd) = (of_all(&means), of_all(&sds));
    let thin = shares
        .iter()
        .map(|points| line(LineStyle::Thin, points, None));
    let thin: Vec<CurveLine> = thin.collect();
    // Modules of another n have other k/n: the axis has those of all.
    let of_lines = shares
        .iter()
        .flat_map(|points| points.iter().map(|[x, _]| *x));
    let places: Vec<f64> = chance.iter().map(|[x, _]| *x).chain(of_lines).collect();
    let named = |name: &str, at| Some((Text::plain(name), at));
    let ends = [
        line(
            LineStyle::Chance,
            &chance,
            named("chance", NameAt::LowerRight),
        ),
        line(
            LineStyle::Bold,
            &medians(&shares),
            named("median", NameAt::UpperLeft),
        ),
    ];
    let band = chance
        .iter()
        .zip(&sd)
        .map(|([x, mean], [_, sd])| [*x, mean - 2.0 * sd, mean + 2.0 * sd]);
    CurvePanel {
        title,
        x: Span::log_over(&places),
        x_label: Text::default().symbol("k").upright("/").symbol("n"),
        y: y.clone(),
        y_label: Text::plain("share"),
        bands: vec![Band {
            ink: BAND_INK,
            of: None,
            points: band.collect(),
        }],
        bars: Vec::new(),
        lines: thin.into_iter().chain(ends).collect(),
        marks: Vec::new(),
    }
}

fn footer(modules: usize, is_unsure: bool) -> Vec<String> {
    let mut footer = vec![
        "Lines: the share of ‖ΔW‖² in W's leading k of n directions. Output side: W's left \
         directions. Input side: its right directions. Both sides: the two together."
            .to_string(),
        format!(
            "Thin lines: {modules} modules, where they lie on the panel. Bold line: their median. \
             Dashed line: the mean of random updates with the same singular values. \
             Band: two standard deviations to either side. The dashed line and the band are medians over modules."
        ),
        "Bars: shares divided by their chance, medians over modules with quartiles. P is W's leading k \
         directions, Q is the rest. The first letter is the output side."
            .into(),
    ];
    if is_unsure {
        footer.push(format!(
            "Left out: each k at which W's directions are ill-determined. The bound on sin θ is above \
             {SURE} there, or there is none."
        ));
    }
    footer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a module of a W of `side` × `side`, with shares that are twice their chance.
    fn module(name: &str, side: usize, ks: &[usize], bound: Option<f64>) -> Vec<PlacementRow> {
        let rows = ks.iter().flat_map(|&k| {
            Place::ALL.map(|place| {
                let part = k as f64 / side as f64;
                let chance = if place == Place::Both {
                    part * part
                } else {
                    part
                };
                PlacementRow {
                    module: name.into(),
                    component: String::new(),
                    layer: Some(0),
                    projection: "q".into(),
                    adapter: "one".into(),
                    k,
                    side: place.name().into(),
                    share: Some(2.0 * chance),
                    chance,
                    sd: Some(0.1 * chance),
                    z: Some(10.0),
                    enrichment: Some(2.0),
                    sin_theta_bound: bound,
                }
            })
        });
        rows.collect()
    }

    fn ranked(names: &[(&str, usize)]) -> Vec<Ranked> {
        let ranked = |&(name, rank): &(&str, usize)| Ranked {
            name: name.into(),
            rank,
        };
        names.iter().map(ranked).collect()
    }

    #[test]
    fn a_row_of_panels_has_lines_their_median_chance_and_blocks() {
        let rows = [
            module("h.0.q", 20, &[1, 2, 4], Some(0.0)),
            module("h.1.q", 40, &[1, 2, 4, 8], Some(0.0)),
        ];
        let curve =
            placement_curve(&rows.concat(), &ranked(&[("one", 4)]), &Options::default()).unwrap();
        let titles: Vec<String> = curve
            .panels
            .iter()
            .map(|panel| panel.title.bare())
            .collect();
        let expected = ["output side, ", "input side, ", "both sides, ", "blocks, "];
        assert_eq!(titles, expected.map(|side| format!("{side}r = 4")));
        let out = &curve.panels[0];
        let [first, second, chance, median] = out.lines.as_slice() else {
            panic!("{:?}", out.lines)
        };
        assert_eq!((first.points.len(), second.points.len()), (3, 4));
        // Where both modules reach, k/n is 0.05, 0.1 and 0.2.
        let found: Vec<[f64; 2]> = median
            .points
            .iter()
            .map(|point| [point.x, point.y])
            .collect();
        assert_eq!(found, [[0.05, 0.1], [0.1, 0.2], [0.2, 0.4]]);
        assert_eq!(chance.points[1].y, 0.1);
        let [_, low, high] = out.bands[0].points[1];
        assert!((low - 0.08).abs() < 1e-12 && (high - 0.12).abs() < 1e-12);
        // The modules have other k/n, and every point is on its panel.
        for panel in &curve.panels {
            let points = panel.lines.iter().flat_map(|line| &line.points);
            let bars = panel.bars.iter().map(|bar| bar.x);
            for x in points.map(|point| point.x).chain(bars) {
                assert!((panel.x.low..=panel.x.high).contains(&x), "{x}");
            }
        }
        // At ⌈n/10⌉ = 2 and 4: PP is 0.02 of 0.01, PQ 0.18 of 0.09, QQ 0.62 of 0.81.
        let values: Vec<f64> = curve.panels[3].bars.iter().map(|bar| bar.value).collect();
        for (value, expected) in values.iter().zip([2.0, 2.0, 2.0, 0.62 / 0.81]) {
            assert!((value - expected).abs() < 1e-12, "{values:?}");
        }
    }

    #[test]
    fn directions_that_are_not_known_are_left_out_and_said() {
        let known = module("h.0.q", 20, &[1, 2], Some(0.0));
        let unknown = module("h.0.q", 20, &[4], None);
        let rows = [known, unknown].concat();
        let curve = placement_curve(&rows, &ranked(&[("one", 4)]), &Options::default()).unwrap();
        assert_eq!(curve.panels[0].lines[0].points.len(), 2);
        assert!(curve.footer.iter().any(|line| line.starts_with("Left out")));
        let none = placement_curve(&rows, &ranked(&[("two", 4)]), &Options::default());
        assert_eq!(none, None);
    }

    #[test]
    fn of_many_adapters_three_ranks_are_shown() {
        let many = ranked(&[("a", 64), ("b", 1), ("c", 8), ("d", 4), ("e", 8)]);
        let names: Vec<&str> = placed(&many)
            .iter()
            .map(|adapter| adapter.name.as_str())
            .collect();
        assert_eq!(names, ["b", "c", "a"]);
        assert_eq!(rank_of(&many[2], &many).bare(), "r = 8 (c)");
        // What has no factors comes last, under its name.
        let whole = ranked(&[("full", 0), ("a", 64), ("b", 1), ("c", 8)]);
        assert_eq!(placed(&whole).last().unwrap().name, "full");
        assert_eq!(rank_of(&whole[0], &whole).bare(), "full");
    }
}
