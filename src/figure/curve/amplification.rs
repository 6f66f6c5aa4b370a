//! Amplification: the factor of table 7 over that of random updates, by layer and rank.

use crate::figure::Options;
use crate::figure::label::{Text, update};
use crate::table::{AmplificationRow, RunGroup};

use super::factors::{Series, layers, means, names, of_adapter, series};
use super::panel::{Band, Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
use super::span::Span;

/// How much ink the band of the widest spread takes, and each narrower one more.
const LIGHTEST: f64 = 0.1;
const DARKER: f64 = 0.1;

/// From so many layers on lines have no marks and stand at their layers, and ticks at an even step.
const DENSE: usize = 13;

/// The amplification factor of each adapter over the factor of a random update of its norm and rank,
/// by layer: a panel a projection, a line an adapter. `None` where the rows have no factor.
///
/// The runs of a group have no lines of their own: theirs is the geometric mean over those that have
/// a factor at a layer. It stands where its first run would.
///
/// The quotient is chance/‖UᵀWV‖_F, of which ‖ΔW‖ is no part. The band is what random directions
/// give: two standard deviations of ‖UᵀWV‖_F either way, of a group those of its first run.
pub fn amplification_curve(
    rows: &[AmplificationRow],
    projections: &[String],
    groups: &[RunGroup],
    options: &Options,
) -> Option<Curve> {
    let series = series(rows, groups);
    let names = names(rows, &series);
    let of_projection = |name| {
        let here = rows.iter().filter(|row| &row.projection == name);
        (name, here.collect::<Vec<_>>())
    };
    let of_projections: Vec<_> = projections.iter().map(of_projection).collect();
    let most = of_projections.iter().map(|(_, rows)| layers(rows).len());
    let is_dense = most.max() >= Some(DENSE);
    let panels = of_projections
        .iter()
        .filter_map(|(name, rows)| panel(rows, (&series, &names), is_dense, update(name)));
    let mut panels: Vec<CurvePanel> = panels.collect();
    let reach = panels.iter().flat_map(reach).collect::<Vec<_>>();
    let y = Span::log_over(&reach);
    for panel in &mut panels {
        panel.y = y.clone();
    }
    let draws = rows.iter().filter(|row| row.projected_norm_sd.is_some());
    let draws = draws.filter_map(|row| row.draws).max();
    (!panels.is_empty()).then(|| Curve {
        name: "amplification".into(),
        about: "Amplification factors over those of random updates, by layer.".into(),
        panels,
        in_row: None,
        series: series.len(),
        is_dense,
        footer: footer(draws, &series, is_dense),
        palette: options.palette,
    })
}

/// What random directions give over chance, two standard deviations either way.
fn around_one(row: &AmplificationRow) -> Option<[f64; 2]> {
    let sd = row
        .projected_norm_sd
        .filter(|_| row.directions == "random")?;
    let reach = 2.0 * sd / row.chance_projected_norm;
    // A norm may be as small as it likes where so much is within reach.
    let above = if reach < 1.0 {
        1.0 / (1.0 - reach)
    } else {
        f64::INFINITY
    };
    Some([1.0 / (1.0 + reach), above])
}

/// One projection; `None` where no adapter has a factor in it.
fn panel(
    rows: &[&AmplificationRow],
    named: (&[Series], &[Text]),
    is_dense: bool,
    title: Text,
) -> Option<CurvePanel> {
    let layers = layers(rows);
    let (lines, bands) = lines_and_bands(rows, named);
    lines.first()?;
    let chance = CurveLine {
        style: LineStyle::Chance,
        name: Some((Text::plain("random"), NameAt::Beside)),
        points: layers
            .iter()
            .map(|&layer| CurvePoint::at(layer as f64, 1.0))
            .collect(),
    };
    let has_layers = rows.iter().all(|row| row.layer.is_some());
    let mut x = match is_dense {
        true => Span::evenly(&layers),
        false => Span::at(&layers, false),
    };
    if !has_layers {
        x.labels.iter_mut().for_each(String::clear);
    }
    Some(CurvePanel {
        title,
        x,
        x_label: Text::plain(if has_layers { "layer" } else { "" }),
        y: Span::log_over(&[1.0]),
        y_label: Text::plain("over random"),
        bands: nested(bands),
        bars: Vec::new(),
        lines: std::iter::once(chance).chain(lines).collect(),
        marks: Vec::new(),
    })
}

/// The lines that have a point, and the spread of the draws of each one's first run that has one.
fn lines_and_bands(
    rows: &[&AmplificationRow],
    (series, names): (&[Series], &[Text]),
) -> (Vec<CurveLine>, Vec<Vec<[f64; 3]>>) {
    let (mut lines, mut bands) = (Vec::new(), Vec::new());
    for (number, (one, name)) in series.iter().zip(names).enumerate() {
        let of_runs = one.runs.iter().map(|run| of_adapter(rows, run));
        let of_runs: Vec<Vec<&AmplificationRow>> = of_runs.collect();
        let points = means(&of_runs.concat());
        if points.is_empty() {
            continue;
        }
        lines.push(CurveLine {
            style: LineStyle::Series(number),
            name: Some((name.clone(), NameAt::Beside)),
            points,
        });
        let spread = |rows: &Vec<&AmplificationRow>| -> Vec<[f64; 3]> {
            let at = |row: &&AmplificationRow| {
                let [low, high] = around_one(row)?;
                Some([row.layer.unwrap_or(0) as f64, low, high])
            };
            rows.iter().filter_map(at).collect()
        };
        let mut spreads = of_runs.iter().map(spread);
        bands.extend(spreads.find(|spread| !spread.is_empty()));
    }
    (lines, bands)
}

/// Bands from the widest up, each darker than the one below.
fn nested(mut bands: Vec<Vec<[f64; 3]>>) -> Vec<Band> {
    let lowest = |band: &[[f64; 3]]| band.iter().map(|point| point[1]).fold(1.0, f64::min);
    bands.sort_by(|one, other| lowest(one).total_cmp(&lowest(other)));
    let band = |(number, points)| Band {
        ink: LIGHTEST + DARKER * (number as f64).min(4.0),
        of: None,
        points,
    };
    bands.into_iter().enumerate().map(band).collect()
}

/// What a panel's vertical axis must show.
fn reach(panel: &CurvePanel) -> Vec<f64> {
    let lines = panel.lines.iter().flat_map(|line| &line.points);
    let bands = panel.bands.iter().flat_map(|band| &band.points);
    let ends = bands.flat_map(|[_, low, high]| [*low, *high]);
    let values = lines.map(|point| point.y).chain(ends);
    values.filter(|value| value.is_finite()).collect()
}

fn footer(draws: Option<usize>, series: &[Series], is_dense: bool) -> Vec<String> {
    let mut footer = vec![
        "Lines: ΔW's amplification factor ‖ΔW‖/‖UᵀWV‖, divided by that of a random update of the \
         same norm and rank. Above 1, W does less along ΔW's directions than along random ones."
            .to_string(),
    ];
    if series.iter().any(|one| one.runs.len() > 1) {
        footer.push("A line for several runs is their geometric mean.".into());
    }
    if let Some(draws) = draws {
        let darker = match series.len() {
            1 => "",
            _ => ". Each rank has a band, and a narrower band is darker",
        };
        footer.push(format!(
            "Grey: random directions, two standard deviations of {draws} draws to either side{darker}."
        ));
    }
    if series.len() > 1 && !is_dense {
        footer.push("Lines are moved a little sideways, to keep them apart.".into());
    }
    footer
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of an adapter and a layer: ‖UᵀWV‖ over chance, and its spread for random directions.
    fn rows(
        adapter: &str,
        rank: usize,
        layer: usize,
        norm: f64,
        sd: Option<f64>,
    ) -> Vec<AmplificationRow> {
        let row = |directions: &str, projected_norm, projected_norm_sd| AmplificationRow {
            module: format!("h.{layer}.q"),
            component: String::new(),
            layer: Some(layer),
            projection: "q".into(),
            adapter: adapter.into(),
            rank,
            directions: directions.into(),
            projected_norm: Some(projected_norm),
            projected_norm_sd,
            draws: Some(20),
            base_norm: 8.0,
            delta_norm: 3.0,
            amplification: None,
            chance_projected_norm: 2.0,
        };
        vec![row("delta", 2.0 * norm, None), row("random", 2.0, sd)]
    }

    fn curve(rows: &[Vec<AmplificationRow>]) -> Option<Curve> {
        grouped(rows, &[])
    }

    fn grouped(rows: &[Vec<AmplificationRow>], groups: &[RunGroup]) -> Option<Curve> {
        amplification_curve(&rows.concat(), &["q".into()], groups, &Options::default())
    }

    fn points(line: &CurveLine) -> Vec<[f64; 2]> {
        let points = line.points.iter();
        points.map(|point| [point.x, point.y]).collect()
    }

    #[test]
    fn factors_stand_over_those_of_random_updates() {
        let found = curve(&[
            rows("small", 4, 0, 0.5, Some(0.5)),
            rows("large", 8, 0, 2.0, Some(0.2)),
            rows("small", 4, 1, 1.0, Some(0.5)),
        ])
        .unwrap();
        let panel = &found.panels[0];
        let points = |line: usize| points(&panel.lines[line]);
        assert_eq!(points(0), [[0.0, 1.0], [1.0, 1.0]], "random");
        assert_eq!(points(1), [[0.0, 2.0], [1.0, 1.0]]);
        assert_eq!(points(2), [[0.0, 0.5]]);
        // Two standard deviations are half of chance, and a fifth: 1/1.5 to 1/0.5, 1/1.2 to 1/0.8.
        assert_eq!(panel.bands[0].points[0], [0.0, 1.0 / 1.5, 2.0]);
        let [_, low, high] = panel.bands[1].points[0];
        assert!((low - 1.0 / 1.2).abs() < 1e-12 && (high - 1.25).abs() < 1e-12);
        assert!(
            panel.bands[0].ink < panel.bands[1].ink,
            "the narrower the darker"
        );
    }

    #[test]
    fn without_draws_there_is_no_band() {
        let found = curve(&[rows("one", 4, 48, 0.1, None)]).unwrap();
        assert!(found.panels[0].bands.is_empty());
        assert!(found.footer.iter().all(|line| !line.contains("draws")));
        assert_eq!(curve(&[]), None);
        // So wide a spread has no upper end.
        let found = curve(&[rows("one", 1, 0, 0.7, Some(1.2))]).unwrap();
        assert_eq!(found.panels[0].bands[0].points[0][2], f64::INFINITY);
        assert!(found.panels[0].y.high.is_finite());
    }

    #[test]
    fn runs_of_a_group_are_one_line() {
        // Factors of 2 and 8 at layer 0, and of the second run alone at layer 1.
        let rows = [
            rows("a-s0", 8, 0, 0.5, Some(0.5)),
            rows("b", 4, 0, 0.25, Some(0.1)),
            rows("a-s1", 8, 0, 0.125, Some(0.2)),
            rows("a-s0", 8, 1, 0.0, Some(0.5)),
            rows("a-s1", 8, 1, 0.2, Some(0.2)),
        ];
        let runs = |label: &str| (label.to_string(), vec!["a-s0".to_string(), "a-s1".into()]);
        let found = grouped(&rows, &[runs("a")]).unwrap();
        let [_, group, single] = &found.panels[0].lines[..] else {
            panic!("{:?}", found.panels[0].lines);
        };
        assert_eq!(found.series, 2);
        let [[_, first], second] = points(group)[..] else {
            panic!("{group:?}");
        };
        assert!((first - 4.0).abs() < 1e-12, "√(2·8), not {first}");
        assert_eq!(second, [1.0, 5.0]);
        assert_eq!(points(single), [[0.0, 4.0]]);
        let name = |line: &CurveLine| line.name.as_ref().unwrap().0.bare();
        assert_eq!([name(group), name(single)], ["r = 8 (2 runs)", "r = 4"]);
        // The wider band is the first run's; the second run has none.
        let bands = &found.panels[0].bands;
        assert_eq!(bands.len(), 2);
        assert_eq!(bands[0].points[0], [0.0, 1.0 / 1.5, 2.0]);
        let says = |curve: &Curve| curve.footer.iter().any(|line| line.contains("geometric"));
        assert!(says(&found) && !says(&curve(&rows).unwrap()));
    }

    #[test]
    fn many_layers_have_no_marks_and_even_ticks() {
        let of = |layers: usize| {
            let rows = (0..layers).flat_map(|layer| {
                [
                    rows("small", 4, layer, 0.5, None),
                    rows("large", 8, layer, 0.7, None),
                ]
            });
            curve(&rows.collect::<Vec<_>>()).unwrap()
        };
        let is_apart = |curve: &Curve| curve.footer.iter().any(|line| line.contains("apart"));
        let (few, many) = (of(12), of(30));
        assert!(!few.is_dense && is_apart(&few));
        assert_eq!(few.panels[0].x.ticks.len(), 12);
        assert!(of(13).is_dense && many.is_dense && !is_apart(&many));
        let x = &many.panels[0].x;
        assert_eq!(x.labels, ["0", "5", "10", "15", "20", "25", "29"]);
        assert_eq!((x.low, x.high), (0.0, 29.0));
    }
}
