//! Amplification: the factor of table 7 over that of random updates, by layer and rank.

use crate::figure::Options;
use crate::figure::label::{Text, update};
use crate::table::AmplificationRow;

use super::panel::{Band, Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt, Span};

/// How much ink the band of the widest spread takes, and each narrower one more.
const LIGHTEST: f64 = 0.1;
const DARKER: f64 = 0.1;

/// The amplification factor of each adapter over the factor of a random update of its norm and rank,
/// by layer: a panel a projection, a line an adapter. `None` where the rows have no factor.
///
/// The quotient is chance/‖UᵀWV‖_F, of which ‖ΔW‖ is no part. The band is what random directions
/// give: two standard deviations of ‖UᵀWV‖_F either way.
pub fn amplification_curve(
    rows: &[AmplificationRow],
    projections: &[String],
    options: &Options,
) -> Option<Curve> {
    let mut adapters: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| over_random(row).is_some()) {
        if !adapters.contains(&row.adapter.as_str()) {
            adapters.push(&row.adapter);
        }
    }
    let names = names(rows, &adapters);
    let panels = projections.iter().filter_map(|projection| {
        let here: Vec<&AmplificationRow> = rows
            .iter()
            .filter(|row| &row.projection == projection)
            .collect();
        panel(&here, &adapters, &names, update(projection))
    });
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
        series: adapters.len(),
        footer: footer(draws, adapters.len()),
        palette: options.palette,
    })
}

/// How many times the factor of a random update a row of ΔW's directions has.
fn over_random(row: &AmplificationRow) -> Option<f64> {
    let norm = row.projected_norm.filter(|&norm| norm > 0.0)?;
    (row.directions == "delta").then(|| row.chance_projected_norm / norm)
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

/// `r = 8`, with the adapter's name where two have one rank.
fn names(rows: &[AmplificationRow], adapters: &[&str]) -> Vec<Text> {
    let rank = |name: &&str| {
        let of = rows.iter().filter(|row| row.adapter == **name);
        of.map(|row| row.rank).max().unwrap_or(0)
    };
    let ranks: Vec<usize> = adapters.iter().map(rank).collect();
    let name = |(name, rank): (&&str, &usize)| {
        let text = Text::default().symbol("r").upright(&format!(" = {rank}"));
        match ranks.iter().filter(|other| *other == rank).count() {
            1 => text,
            _ => text.upright(&format!(" ({name})")),
        }
    };
    adapters.iter().zip(&ranks).map(name).collect()
}

/// One projection; `None` where no adapter has a factor in it.
fn panel(
    rows: &[&AmplificationRow],
    adapters: &[&str],
    names: &[Text],
    title: Text,
) -> Option<CurvePanel> {
    let mut layers: Vec<usize> = rows.iter().map(|row| row.layer.unwrap_or(0)).collect();
    layers.sort_unstable();
    layers.dedup();
    let (lines, bands) = lines_and_bands(rows, adapters, names);
    lines.first()?;
    let chance = CurveLine {
        style: LineStyle::Chance,
        name: Some((Text::plain("random"), NameAt::Beside)),
        points: layers
            .iter()
            .map(|&layer| point(layer as f64, 1.0))
            .collect(),
    };
    let has_layers = rows.iter().all(|row| row.layer.is_some());
    let mut x = Span::at(&layers, false);
    if !has_layers {
        x.labels.iter_mut().for_each(String::clear);
    }
    Some(CurvePanel {
        title,
        x,
        x_label: Text::plain(if has_layers { "layer" } else { "" }),
        y: Span::log_over(&[1.0]),
        bands: nested(bands),
        bars: Vec::new(),
        lines: std::iter::once(chance).chain(lines).collect(),
    })
}

/// The line of each adapter that has a factor, and the spread of its draws where it has one.
fn lines_and_bands(
    rows: &[&AmplificationRow],
    adapters: &[&str],
    names: &[Text],
) -> (Vec<CurveLine>, Vec<Vec<[f64; 3]>>) {
    let (mut lines, mut bands) = (Vec::new(), Vec::new());
    for (number, name) in names.iter().enumerate() {
        let rows = of_adapter(rows, adapters[number]);
        let x = |row: &AmplificationRow| row.layer.unwrap_or(0) as f64;
        let points = rows
            .iter()
            .filter_map(|row| Some(point(x(row), over_random(row)?)));
        let points: Vec<CurvePoint> = points.collect();
        if points.is_empty() {
            continue;
        }
        lines.push(CurveLine {
            style: LineStyle::Series(number),
            name: Some((name.clone(), NameAt::Beside)),
            points,
        });
        let spread = rows
            .iter()
            .filter_map(|row| Some((x(row), around_one(row)?)));
        let spread: Vec<[f64; 3]> = spread.map(|(x, [low, high])| [x, low, high]).collect();
        bands.extend((!spread.is_empty()).then_some(spread));
    }
    (lines, bands)
}

/// An adapter's rows by layer; as in the heat maps, of modules with one layer and name, the first.
fn of_adapter<'a>(rows: &[&'a AmplificationRow], adapter: &str) -> Vec<&'a AmplificationRow> {
    let of = |row: &&&AmplificationRow| row.adapter == adapter;
    let rows: Vec<&AmplificationRow> = rows.iter().filter(of).copied().collect();
    let mut by_layer: Vec<&AmplificationRow> = Vec::new();
    for row in rows {
        let place = |other: &AmplificationRow| (other.layer, other.directions.clone());
        if !by_layer.iter().any(|other| place(other) == place(row)) {
            by_layer.push(row);
        }
    }
    by_layer.sort_by_key(|row| row.layer);
    by_layer
}

fn point(x: f64, y: f64) -> CurvePoint {
    CurvePoint {
        x,
        y,
        ..CurvePoint::default()
    }
}

/// Bands from the widest up, each darker than the one below.
fn nested(mut bands: Vec<Vec<[f64; 3]>>) -> Vec<Band> {
    let lowest = |band: &[[f64; 3]]| band.iter().map(|point| point[1]).fold(1.0, f64::min);
    bands.sort_by(|one, other| lowest(one).total_cmp(&lowest(other)));
    let band = |(number, points)| Band {
        ink: LIGHTEST + DARKER * (number as f64).min(4.0),
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

fn footer(draws: Option<usize>, adapters: usize) -> Vec<String> {
    let mut footer = vec![
        "Amplification ‖ΔW‖/‖UᵀWV‖ over that of a random update of the same norm and rank: \
         above 1, W does less in ΔW's directions than in random ones."
            .to_string(),
    ];
    if let Some(draws) = draws {
        let darker = match adapters {
            1 => "",
            _ => ", a band a rank, the narrower the darker",
        };
        footer.push(format!(
            "Grey: random directions, two standard deviations of {draws} draws either way{darker}."
        ));
    }
    if adapters > 1 {
        footer.push("Lines are set a little apart sideways.".into());
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
        amplification_curve(&rows.concat(), &["q".into()], &Options::default())
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
        let points = |line: usize| -> Vec<[f64; 2]> {
            panel.lines[line]
                .points
                .iter()
                .map(|point| [point.x, point.y])
                .collect()
        };
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
}
