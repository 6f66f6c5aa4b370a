//! Spectrum: the singular values of W and of ΔW on one axis, by layer.

use crate::figure::Options;
use crate::figure::chosen::{drawn_spectra, label, told};
use crate::figure::heat::Ranked;
use crate::figure::label::{Text, update};
use crate::table::{RanksRow, SpectrumRow};

use super::panel::{
    Curve, CurveLine, CurveMark, CurvePanel, CurvePoint, LineStyle, MarkKind, NameAt,
};
use super::span::Span;

/// Neighbours on a line are at least this far apart, as a ratio of their indices: nearer ones cannot
/// be told apart on paper, and a W has thousands.
const APART: f64 = 1.04;
/// What rows call W.
const BASE: &str = "base";

/// σ of ΔW and of W over their indices, both logarithmic: a row of panels a projection, a column a
/// layer, a line an adapter, and W's in grey. `None` where the rows have no ΔW of the adapters there.
///
/// Marks stand at the numerical rank, the energy rank (90 %) and the effective rank, where they are
/// known; on the axis where the rows of `spectrum.csv` end before. Of several adapters of one rank
/// the first is drawn ([`drawn_spectra`]).
pub fn spectrum_curve(
    (spectrum, ranks): (&[SpectrumRow], &[RanksRow]),
    adapters: &[Ranked],
    layers: &[Option<usize>],
    (projections, options): (&[String], &Options),
) -> Option<Curve> {
    let drawn = drawn_spectra(adapters);
    let mut panels = Vec::new();
    for projection in projections {
        for &layer in layers {
            let is_here =
                |module: &SpectrumRow| module.layer == layer && &module.projection == projection;
            let here: Vec<&SpectrumRow> = spectrum.iter().filter(|row| is_here(row)).collect();
            let layer = layer.map_or(String::new(), |layer| format!(", layer {layer}"));
            let title = update(projection).upright(&layer);
            panels.extend(panel(&here, ranks, &drawn, title));
        }
    }
    let is_whole = panels.len() == layers.len() * projections.len();
    share_axes(&mut panels);
    if is_whole {
        name_once(&mut panels, layers.len());
    }
    (!panels.is_empty()).then(|| Curve {
        name: "spectrum".into(),
        about: "Spectra, and the ranks in them.".into(),
        in_row: is_whole.then_some(layers.len()),
        footer: footer(&panels, adapters, &drawn),
        panels,
        series: drawn.len(),
        is_dense: true,
        palette: options.palette,
    })
}

/// One module; `None` where no ΔW is there.
fn panel(
    rows: &[&SpectrumRow],
    ranks: &[RanksRow],
    adapters: &[&Ranked],
    title: Text,
) -> Option<CurvePanel> {
    // As in the heat maps: of modules with one layer and name, the first.
    let module = &rows.first()?.module;
    let of = |matrix: &str| -> Vec<[f64; 2]> {
        let is = |row: &&&SpectrumRow| &row.module == module && row.matrix == matrix;
        let of = rows.iter().filter(is);
        of.map(|row| [row.index as f64, row.sigma]).collect()
    };
    let ranks_of = |matrix: &str| {
        let mut ranks = ranks.iter();
        ranks.find(|row| &row.module == module && row.matrix == matrix)
    };
    let (mut lines, mut marks) = (Vec::new(), Vec::new());
    let mut add = |matrix: &str, style: LineStyle, name: Text, of_series: Option<usize>| {
        let sigma = of(matrix);
        if sigma.is_empty() {
            return;
        }
        if let Some(ranks) = ranks_of(matrix) {
            marks.extend(marks_of(ranks, &sigma, of_series));
        }
        lines.push(CurveLine {
            style,
            name: Some((name, NameAt::Beside)),
            points: apart(&sigma),
        });
    };
    add(BASE, LineStyle::Base, Text::default().symbol("W"), None);
    for (number, adapter) in adapters.iter().enumerate() {
        let name = label(adapter, adapters);
        add(&adapter.name, LineStyle::Series(number), name, Some(number));
    }
    let is_update = |line: &CurveLine| line.style != LineStyle::Base;
    lines.iter().any(is_update).then(|| CurvePanel {
        title,
        x: Span::at(&[1], true),
        x_label: Text::plain("index"),
        y: Span::log_over(&[]),
        y_label: Text::default().symbol("σ"),
        bands: Vec::new(),
        bars: Vec::new(),
        lines,
        marks,
    })
}

/// The points of a line that can be told apart, the first and the last among them.
fn apart(sigma: &[[f64; 2]]) -> Vec<CurvePoint> {
    let mut points: Vec<CurvePoint> = Vec::new();
    for (number, &[x, y]) in sigma.iter().enumerate() {
        let is_last = number + 1 == sigma.len();
        if is_last || points.last().is_none_or(|last| x >= last.x * APART) {
            points.push(CurvePoint::at(x, y));
        }
    }
    points
}

/// The ranks that are known, on the line through the σ.
fn marks_of(ranks: &RanksRow, sigma: &[[f64; 2]], of: Option<usize>) -> Vec<CurveMark> {
    let whole = |rank: Option<usize>| rank.map(|rank| rank as f64);
    let known = [
        (MarkKind::NumericalRank, whole(ranks.numerical_rank)),
        (MarkKind::EnergyRank, whole(ranks.energy_rank_90)),
        (MarkKind::EffectiveRank, ranks.effective_rank),
    ];
    let mark = |(kind, x): (MarkKind, Option<f64>)| {
        let x = x.filter(|&x| x >= 1.0)?;
        let y = height_at(sigma, x);
        Some(CurveMark { kind, of, x, y })
    };
    known.into_iter().filter_map(mark).collect()
}

/// Where a line through indices and σ stands, straight in the logarithms of both; `None` beyond it.
fn height_at(sigma: &[[f64; 2]], x: f64) -> Option<f64> {
    let after = sigma.iter().position(|point| point[0] >= x)?;
    let [right, low] = sigma[after];
    let Some(&[left, high]) = after.checked_sub(1).and_then(|before| sigma.get(before)) else {
        return Some(low);
    };
    let share = (x / left).ln() / (right / left).ln();
    Some(high * (low / high).powf(share))
}

/// Gives all panels one pair of axes.
fn share_axes(panels: &mut [CurvePanel]) {
    let points = panels.iter().flat_map(|panel| &panel.lines);
    let points = points.flat_map(|line| &line.points);
    let sigma: Vec<f64> = points.clone().map(|point| point.y).collect();
    let y = Span::log_over(&sigma);
    let marks = panels.iter().flat_map(|panel| &panel.marks);
    let places = points.map(|point| point.x).chain(marks.map(|mark| mark.x));
    let x = Span::at(&indices(places.fold(1.0, f64::max) as usize), true);
    for panel in panels {
        panel.x = x.clone();
        panel.y = y.clone();
    }
}

/// Leaves the names of lines to the last panel of each row, where its lines are the same.
fn name_once(panels: &mut [CurvePanel], in_row: usize) {
    for row in panels.chunks_mut(in_row.max(1)) {
        let Some((last, others)) = row.split_last_mut() else {
            continue;
        };
        let has = |style: LineStyle| last.lines.iter().any(|line| line.style == style);
        let lines = others.iter_mut().flat_map(|panel| &mut panel.lines);
        for line in lines.filter(|line| has(line.style)) {
            if let Some((_, at)) = &mut line.name {
                *at = NameAt::BesideAnother;
            }
        }
    }
}

/// Indices that have a tick: powers of 2, of 4 or of 16, and the last.
fn indices(last: usize) -> Vec<usize> {
    let step = match last {
        0..=64 => 1,
        65..=1024 => 2,
        _ => 4,
    };
    let powers = (0..usize::BITS).step_by(step).map(|power| 1usize << power);
    powers
        .take_while(|&index| index < last)
        .chain([last])
        .collect()
}

/// What the lines and the marks are, and which adapters are drawn.
fn footer(panels: &[CurvePanel], adapters: &[Ranked], drawn: &[&Ranked]) -> Vec<String> {
    let mut lines = panels.iter().flat_map(|panel| &panel.lines);
    let of_base = lines.any(|line| line.style == LineStyle::Base);
    let mut footer = vec![
        match of_base {
            true => {
                "Lines: singular values σ of ΔW, from the largest down. Grey lines: those of W."
            }
            false => "Lines: singular values σ of ΔW, from the largest down.",
        }
        .to_string(),
    ];
    let marks: Vec<&CurveMark> = panels.iter().flat_map(|panel| &panel.marks).collect();
    if !marks.is_empty() {
        footer[0] += " Bar: numerical rank. Triangle: energy rank, how many σ have 90 % of the sum of \
                      all σ². Ring: effective rank. A rank that is not known has no mark.";
    }
    if marks.iter().any(|mark| mark.y.is_none()) {
        footer.push(
            "A mark on the axis is a rank beyond the σ in spectrum.csv. A line without a bar has further σ."
                .into(),
        );
    }
    let others = adapters.iter().filter(|other| !drawn.contains(other));
    let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
    let others = match others.len() {
        0 => String::new(),
        1..=3 => format!("Not drawn, but in spectrum.csv: {}.", others.join(", ")),
        more => format!("{more} other adapters are not drawn, but are in spectrum.csv."),
    };
    footer.push(told(drawn, &others));
    footer
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["small", "large", "again"];

    fn adapters() -> Vec<Ranked> {
        let ranked = |(name, rank): (&str, usize)| Ranked {
            name: name.into(),
            rank,
        };
        let [small, large, again] = NAMES;
        vec![ranked((large, 4)), ranked((again, 4)), ranked((small, 2))]
    }

    /// σ of a matrix in layer 3, falling by halves from the first.
    fn rows(matrix: &str, first: f64, count: usize) -> Vec<SpectrumRow> {
        let row = |index: usize| SpectrumRow {
            module: "h.3.q".into(),
            component: String::new(),
            layer: Some(3),
            projection: "q".into(),
            matrix: matrix.into(),
            index,
            sigma: first / (1 << (index - 1)) as f64,
            residual: 0.0,
            gap: None,
            sin_theta_bound: None,
        };
        (1..=count).map(row).collect()
    }

    fn draw(spectrum: &[SpectrumRow], ranks: &[RanksRow]) -> Option<Curve> {
        let projections = ["q".to_string()];
        let options = Options::default();
        spectrum_curve(
            (spectrum, ranks),
            &adapters(),
            &[Some(3)],
            (&projections, &options),
        )
    }

    #[test]
    fn w_is_grey_and_each_rank_has_a_line() {
        let all = [
            rows("base", 8.0, 6),
            rows("small", 2.0, 2),
            rows("large", 1.0, 4),
            rows("again", 1.0, 4),
        ]
        .concat();
        let curve = draw(&all, &[]).unwrap();
        let [panel] = curve.panels.as_slice() else {
            panic!("{:?}", curve.panels)
        };
        let lines: Vec<(LineStyle, String)> = panel
            .lines
            .iter()
            .map(|line| (line.style, line.name.as_ref().unwrap().0.bare()))
            .collect();
        let expected = [
            (LineStyle::Base, "W"),
            (LineStyle::Series(0), "r = 2"),
            (LineStyle::Series(1), "r = 4"),
        ];
        assert_eq!(lines, expected.map(|(style, name)| (style, name.into())));
        assert_eq!((panel.x.low, panel.x.high), (1.0, 6.0));
        assert_eq!(panel.x.labels, ["1", "2", "4", "6"]);
        assert!(panel.y.low < 0.125 && panel.y.high > 8.0 && panel.y.is_log);
        let expected = "r = 2: small; r = 4: large. Not drawn, but in spectrum.csv: again.";
        assert_eq!(curve.footer[1], expected);
        assert!(!curve.footer[0].contains("Bar"), "there are no marks");
        // W alone is no figure of ΔW.
        assert_eq!(draw(&rows("base", 1.0, 3), &[]), None);
    }

    #[test]
    fn marks_stand_on_the_line_or_on_the_axis() {
        let ranks = RanksRow {
            module: "h.3.q".into(),
            layer: Some(3),
            projection: "q".into(),
            matrix: "small".into(),
            numerical_rank: Some(5),
            effective_rank: Some(8f64.sqrt()),
            energy_rank_90: Some(1),
            ..crate::figure::maps::testing::ranks_row()
        };
        let curve = draw(&rows("small", 4.0, 4), &[ranks]).unwrap();
        let marks = &curve.panels[0].marks;
        let places: Vec<(f64, Option<f64>)> = marks.iter().map(|mark| (mark.x, mark.y)).collect();
        assert_eq!(places[0], (5.0, None), "beyond the four σ that are known");
        assert_eq!(places[1], (1.0, Some(4.0)));
        // Between 2 and 3, where σ falls from 2 to 1: ln(√8/2)/ln(3/2) of the way.
        let share = 2f64.sqrt().ln() / 1.5f64.ln();
        let (_, y) = places[2];
        assert!((y.unwrap() - 2.0 * 0.5f64.powf(share)).abs() < 1e-12);
        assert_eq!(curve.panels[0].x.high, 5.0);
        assert!(curve.footer[1].starts_with("A mark on the axis"));
    }

    #[test]
    fn a_long_line_keeps_its_ends_and_few_points() {
        let sigma: Vec<[f64; 2]> = (1..=12288).map(|n| [n as f64, 1.0 / n as f64]).collect();
        let points = apart(&sigma);
        assert!((100..600).contains(&points.len()), "{}", points.len());
        assert_eq!((points[0].x, points[points.len() - 1].x), (1.0, 12288.0));
        assert_eq!(indices(12288), [1, 16, 256, 4096, 12288]);
        assert_eq!(indices(384), [1, 4, 16, 64, 256, 384]);
    }
}
