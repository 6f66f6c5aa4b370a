//! Seeds: φ(k,k) between runs that differ in the seed, over k.

use crate::figure::heat::Shown;
use crate::figure::label::{Text, update};
use crate::table::OverlapRow;

use super::panel::{Curve, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
use super::span::Span;

/// φ(k,k) of every pair of runs, a row of panels a projection and a column a layer, with the mean
/// over pairs and chance. `None` where the rows have no pair.
pub fn seeds_curve(
    rows: &[OverlapRow],
    pairs: &[[String; 2]],
    layers: &[Option<usize>],
    shown: &Shown,
) -> Option<Curve> {
    let diagonal = rows
        .iter()
        .filter(|row| row.i == row.j && row.overlap.is_some() && row.limit.is_empty());
    let diagonal = diagonal.filter(|row| row.basis == shown.basis.name());
    let diagonal: Vec<&OverlapRow> = diagonal.collect();
    let mut panels = Vec::new();
    for projection in shown.projections {
        for &layer in layers {
            let of = |row: &&&OverlapRow| row.layer == layer && &row.projection == projection;
            let here: Vec<&OverlapRow> = diagonal.iter().filter(of).copied().collect();
            let layer = layer.map_or(String::new(), |layer| format!(", layer {layer}"));
            let title = update(projection).upright(&layer);
            panels.extend(panel(&here, pairs, title));
        }
    }
    let values = panels
        .iter()
        .flat_map(|panel| &panel.lines)
        .flat_map(|line| &line.points);
    let y = Span::from_zero(&values.map(|point| point.y).collect::<Vec<_>>());
    for panel in &mut panels {
        panel.y = y.clone();
    }
    let most = panels
        .iter()
        .flat_map(|panel| &panel.x.ticks)
        .copied()
        .fold(0.0, f64::max);
    (!panels.is_empty()).then(|| Curve {
        name: "seeds".into(),
        about: "φ(k,k) between runs of different seeds, over k.".into(),
        in_row: (panels.len() == layers.len() * shown.projections.len()).then_some(layers.len()),
        panels,
        series: 0,
        is_dense: false,
        footer: footer(pairs.len(), shown, most),
        palette: shown.options.palette,
    })
}

/// The lines of one module; `None` where it has no pair.
fn panel(rows: &[&OverlapRow], pairs: &[[String; 2]], title: Text) -> Option<CurvePanel> {
    // As in the heat maps: of modules with one layer and name, the first.
    let module = &rows.first()?.module;
    let of_pair = |[first, second]: &[String; 2]| -> Vec<&OverlapRow> {
        let is = |row: &&&OverlapRow| {
            &row.module == module && &row.first == first && &row.second == second
        };
        rows.iter().filter(is).copied().collect()
    };
    let pairs: Vec<Vec<&OverlapRow>> = pairs.iter().map(of_pair).collect();
    let pairs: Vec<&Vec<&OverlapRow>> = pairs.iter().filter(|rows| !rows.is_empty()).collect();
    let most = pairs.iter().filter_map(|rows| Some(rows.last()?.i)).min()?;
    let over = |value: &dyn Fn(&OverlapRow) -> f64| means(&pairs, most, value);
    let phi = |row: &OverlapRow| row.overlap.unwrap_or(f64::NAN);
    let thin = pairs
        .iter()
        .filter(|_| pairs.len() > 1)
        .map(|rows| CurveLine {
            style: LineStyle::Thin,
            name: None,
            points: rows
                .iter()
                .map(|row| CurvePoint::at(row.i as f64, phi(row)))
                .collect(),
        });
    let of_all = if pairs.len() == 1 { "φ(k,k)" } else { "mean" };
    let mean = named(LineStyle::Bold, of_all, over(&phi));
    let chance = named(LineStyle::Chance, "chance", over(&|row| row.chance));
    Some(CurvePanel {
        title,
        x: Span::at(&counts(most), true),
        x_label: Text::default().symbol("k"),
        y: Span::from_zero(&[]),
        y_label: Text::plain("φ(k,k)"),
        bands: Vec::new(),
        bars: Vec::new(),
        lines: thin.chain([mean, chance]).collect(),
        marks: Vec::new(),
    })
}

/// The mean over pairs of a value at each k up to some, where all of them have one: over the same pairs
/// at every k.
fn means(
    pairs: &[&Vec<&OverlapRow>],
    most: usize,
    value: &dyn Fn(&OverlapRow) -> f64,
) -> Vec<CurvePoint> {
    let at = |rows: &[&OverlapRow], k: usize| {
        let place = rows.binary_search_by_key(&k, |row| row.i).ok()?;
        Some(value(rows[place]))
    };
    let mean = |k: usize| {
        let values: Option<Vec<f64>> = pairs.iter().map(|rows| at(rows, k)).collect();
        let sum: f64 = values?.iter().sum();
        Some(CurvePoint::at(k as f64, sum / pairs.len() as f64))
    };
    (1..=most).filter_map(mean).collect()
}

fn named(style: LineStyle, name: &str, points: Vec<CurvePoint>) -> CurveLine {
    CurveLine {
        style,
        name: Some((Text::plain(name), NameAt::UpperRight)),
        points,
    }
}

/// Powers of two up to a number, and itself.
fn counts(most: usize) -> Vec<usize> {
    let powers = (0..usize::BITS).map(|power| 1usize << power);
    powers.take_while(|&k| k < most).chain([most]).collect()
}

fn footer(pairs: usize, shown: &Shown, most: f64) -> Vec<String> {
    let lines = match pairs {
        1 => "Line: φ(k,k) between two runs".to_string(),
        pairs => format!("Thin lines: φ(k,k) of {pairs} pairs of runs. Bold line: their mean"),
    };
    vec![format!(
        "{lines}, k = 1 to {most}, basis {}. Dashed line: k/d, the mean of random directions.",
        shown.basis
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_powers_of_two_and_the_last() {
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(6), [1, 2, 4, 6]);
        assert_eq!(counts(8), [1, 2, 4, 8]);
    }

    fn row(pair: [&str; 2], [i, j]: [usize; 2], overlap: Option<f64>) -> OverlapRow {
        OverlapRow {
            module: "h.3.q".into(),
            component: String::new(),
            layer: Some(3),
            projection: "q".into(),
            basis: "a".into(),
            first: pair[0].into(),
            second: pair[1].into(),
            i,
            j,
            overlap,
            chance: i.max(j) as f64 / 8.0,
            z: None,
            limit: String::new(),
        }
    }

    fn curve(rows: &[OverlapRow], pairs: &[[&str; 2]]) -> Option<Curve> {
        let projections = ["q".to_string()];
        let shown = Shown {
            within: "",
            basis: crate::measure::Basis::A,
            projections: &projections,
            options: crate::figure::Options::default(),
        };
        let pairs: Vec<[String; 2]> = pairs.iter().map(|pair| pair.map(String::from)).collect();
        seeds_curve(rows, &pairs, &[Some(3)], &shown)
    }

    #[test]
    fn pairs_are_thin_and_their_mean_is_bold() {
        let pairs = [["x", "y"], ["x", "z"]];
        let rows = [
            row(pairs[0], [1, 1], Some(0.5)),
            row(pairs[0], [1, 2], Some(0.9)),
            row(pairs[0], [2, 2], Some(0.4)),
            row(pairs[1], [1, 1], Some(0.1)),
            // Beyond a numerical rank.
            row(pairs[1], [2, 2], None),
            row(["y", "z"], [1, 1], Some(1.0)),
        ];
        let found = curve(&rows, &pairs).unwrap();
        let [one, other, mean, chance] = found.panels[0].lines.as_slice() else {
            panic!("{:?}", found.panels[0].lines)
        };
        assert_eq!([one, other].map(|line| line.points.len()), [2, 1]);
        let values = |line: &CurveLine| line.points.iter().map(|point| point.y).collect::<Vec<_>>();
        assert_eq!((values(mean), values(chance)), (vec![0.3], vec![0.125]));
        assert!(found.footer[0].starts_with("Thin lines: φ(k,k) of 2 pairs"));
        // One pair is its own line.
        let found = curve(&rows, &pairs[..1]).unwrap();
        assert_eq!(found.panels[0].lines.len(), 2);
        assert_eq!(values(&found.panels[0].lines[0]), [0.5, 0.4]);
        assert_eq!(curve(&rows, &[["a", "b"]]), None);
    }
}
