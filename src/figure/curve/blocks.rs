//! The four blocks of ΔW at ⌈n/10⌉, as bars over their chance.

use crate::figure::label::Text;
use crate::measure::placement::{Place, blocks};
use crate::table::PlacementRow;

use super::medians::quantile;
use super::panel::{CurveBar, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};
use super::span::Span;

/// The blocks stand at one in so many of W's directions.
const PART: usize = 10;

/// The smaller side of a module's W, from the chance of a row on either side.
pub(super) fn smaller_side(rows: &[&PlacementRow]) -> usize {
    let side = |place: Place| {
        let row = rows.iter().find(|row| row.side == place.name())?;
        Some((row.k as f64 / row.chance).round() as usize)
    };
    side(Place::Out)
        .into_iter()
        .chain(side(Place::In))
        .min()
        .unwrap_or(1)
}

/// A line through places and values.
pub(super) fn line(
    style: LineStyle,
    points: &[[f64; 2]],
    name: Option<(Text, NameAt)>,
) -> CurveLine {
    let point = |&[x, y]: &[f64; 2]| CurvePoint::at(x, y);
    CurveLine {
        style,
        name,
        points: points.iter().map(point).collect(),
    }
}

/// Each module's blocks PP, PQ, QP and QQ at ⌈n/10⌉, over their chance.
fn over_chance(rows: &[&PlacementRow]) -> Vec<[f64; 4]> {
    let modules = rows.chunk_by(|one, next| one.module == next.module);
    let of_module = |rows: &[&PlacementRow]| {
        let k = smaller_side(rows).div_ceil(PART);
        let of = |place: Place| {
            rows.iter()
                .find(|row| row.k == k && row.side == place.name())
        };
        let [out, into, both] = Place::ALL.map(of);
        let three = [out?, into?, both?];
        let [a, b, c] = three.map(|row| row.share);
        let (shares, chance) = (blocks([a?, b?, c?]), blocks(three.map(|row| row.chance)));
        let over = |number: usize| shares[number] / chance[number];
        let over = [0, 1, 2, 3].map(over);
        over.iter().all(|value| value.is_finite()).then_some(over)
    };
    modules.filter_map(of_module).collect()
}

/// The four blocks over their chance: medians over modules, with quartiles.
pub(super) fn bars(rows: &[&PlacementRow]) -> Vec<CurveBar> {
    let modules = over_chance(rows);
    let bar = |block: usize| {
        let values: Vec<f64> = modules.iter().map(|blocks| blocks[block]).collect();
        let at = |part: f64| quantile(values.clone(), part);
        Some(CurveBar {
            x: (block + 1) as f64,
            value: at(0.5)?,
            spread: [at(0.25)?, at(0.75)?],
        })
    };
    (0..4).filter_map(bar).collect()
}

/// Bars over their chance, which is a line at 1.
pub(super) fn blocks_panel(bars: Vec<CurveBar>, y: &Span, title: Text) -> CurvePanel {
    let mut x = Span::at(&[1, 2, 3, 4], false);
    x.labels = ["PP", "PQ", "QP", "QQ"].map(String::from).into();
    // Half a bar more on either side.
    let (left, right) = (0.55, 4.45);
    (x.low, x.high) = (left, right);
    let k = Text::default().symbol("k").upright(" = ⌈");
    CurvePanel {
        title,
        x,
        x_label: k.symbol("n").upright("/10⌉"),
        y: y.clone(),
        y_label: Text::plain("over chance"),
        bands: Vec::new(),
        bars,
        lines: vec![line(
            LineStyle::Chance,
            &[[left, 1.0], [right, 1.0]],
            Some((Text::plain("chance"), NameAt::UpperRight)),
        )],
        marks: Vec::new(),
    }
}
