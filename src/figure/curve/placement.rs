//! Placement: the share of ΔW in W's leading directions, over how many they are.

use crate::figure::Options;
use crate::figure::heat::{Ranked, SURE};
use crate::figure::label::Text;
use crate::measure::placement::{Place, blocks};
use crate::table::PlacementRow;

use super::panel::{
    Band, Curve, CurveBar, CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt, Span,
};

/// At most so many adapters have a row of panels: the smallest rank, the middle and the largest.
const ADAPTERS: usize = 3;
/// The blocks stand at one in so many of W's directions.
const PART: usize = 10;
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
    let shown: Vec<(&Ranked, Vec<&PlacementRow>)> = three(adapters)
        .into_iter()
        .map(|adapter| (adapter, of_adapter(rows, &adapter.name)))
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let lines: Vec<[Vec<Line>; 3]> = shown
        .iter()
        .map(|(_, rows)| Place::ALL.map(|place| lines(rows, place, &mut is_unsure)))
        .collect();
    let spans = [0, 1, 2].map(|place| span(lines.iter().map(|lines| &lines[place])));
    let tenths: Vec<Vec<[f64; 4]>> = shown.iter().map(|(_, rows)| over_chance(rows)).collect();
    let tallest = tenths.iter().flatten().flatten().copied();
    let of_blocks = Span::from_zero(&tallest.chain([1.0]).collect::<Vec<_>>());
    for (((adapter, _), lines), tenth) in shown.iter().zip(&lines).zip(&tenths) {
        let rank = rank_of(adapter, adapters);
        for ((lines, y), side) in lines.iter().zip(&spans).zip(["output", "input", "both"]) {
            let sides = if side == "both" {
                " sides, "
            } else {
                " side, "
            };
            let title = Text::plain(&format!("{side}{sides}")).then(rank.clone());
            panels.push(panel(lines, y, title));
        }
        panels.push(bars(tenth, &of_blocks, Text::plain("blocks, ").then(rank)));
    }
    let modules = lines.iter().map(|lines| lines[0].len()).max()?;
    Some(Curve {
        name: "placement".into(),
        about: "Shares of ΔW in the leading directions of W.".into(),
        panels,
        in_row: Some(4),
        series: 0,
        footer: footer(modules, is_unsure),
        palette: options.palette,
    })
}

/// The smallest rank, the middle one and the largest.
fn three(adapters: &[Ranked]) -> Vec<&Ranked> {
    let mut sorted: Vec<&Ranked> = adapters.iter().collect();
    sorted.sort_by_key(|adapter| adapter.rank);
    match sorted.len() {
        few if few <= ADAPTERS => sorted,
        many => vec![sorted[0], sorted[many / 2], sorted[many - 1]],
    }
}

/// `r = 4`, with the adapter's name where another has its rank.
fn rank_of(adapter: &Ranked, all: &[Ranked]) -> Text {
    let text = Text::default()
        .symbol("r")
        .upright(&format!(" = {}", adapter.rank));
    let same = all
        .iter()
        .filter(|other| other.rank == adapter.rank)
        .count();
    match same {
        1 => text,
        _ => text.upright(&format!(" ({})", adapter.name)),
    }
}

fn of_adapter<'a>(rows: &'a [PlacementRow], name: &str) -> Vec<&'a PlacementRow> {
    rows.iter().filter(|row| row.adapter == name).collect()
}

/// The smaller side of a module's W, from the chance of a row on either side.
fn smaller_side(rows: &[&PlacementRow]) -> usize {
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

/// What the panels of one side show, of all adapters.
fn span<'a>(lines: impl Iterator<Item = &'a Vec<Line>>) -> Span {
    let values = lines.flatten().flat_map(|line| {
        let chance = line
            .chance
            .iter()
            .flat_map(|[_, mean, sd]| [*mean, mean + 2.0 * sd]);
        line.shares.iter().map(|[_, share]| *share).chain(chance)
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
    let medians = |of: &[Vec<[f64; 2]>]| medians(&of.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let (chance, sd) = (medians(&means), medians(&sds));
    let thin = shares
        .iter()
        .map(|points| line(LineStyle::Thin, points, None));
    let thin: Vec<CurveLine> = thin.collect();
    let places: Vec<f64> = chance.iter().map(|[x, _]| *x).collect();
    let named = |name: &str, at| Some((Text::plain(name), at));
    let ends = [
        line(
            LineStyle::Chance,
            &chance,
            named("chance", NameAt::LowerRight),
        ),
        line(
            LineStyle::Bold,
            &self::medians(&shares),
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
        bands: vec![Band {
            ink: BAND_INK,
            points: band.collect(),
        }],
        bars: Vec::new(),
        lines: thin.into_iter().chain(ends).collect(),
    }
}

fn line(style: LineStyle, points: &[[f64; 2]], name: Option<(Text, NameAt)>) -> CurveLine {
    let point = |&[x, y]: &[f64; 2]| CurvePoint {
        x,
        y,
        ..CurvePoint::default()
    };
    CurveLine {
        style,
        name,
        points: points.iter().map(point).collect(),
    }
}

/// The median over lines wherever one has a point and all reach; between its own points a line is
/// straight on logarithmic axes across.
fn medians(lines: &[&[[f64; 2]]]) -> Vec<[f64; 2]> {
    let mut places: Vec<f64> = lines
        .iter()
        .flat_map(|line| line.iter().map(|point| point[0]))
        .collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let median_at = |x: f64| {
        let values: Option<Vec<f64>> = lines.iter().map(|line| value_at(line, x)).collect();
        Some([x, quantile(values?, 0.5)?])
    };
    places.into_iter().filter_map(median_at).collect()
}

fn value_at(line: &[[f64; 2]], x: f64) -> Option<f64> {
    let after = line.iter().position(|point| point[0] >= x)?;
    let [right, high] = line[after];
    if right == x {
        return Some(high);
    }
    let [left, low] = *line.get(after.checked_sub(1)?)?;
    let share = (x / left).ln() / (right / left).ln();
    Some(low + share * (high - low))
}

/// A quantile, between neighbours where it falls between them.
fn quantile(mut values: Vec<f64>, at: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let place = at * (values.len().checked_sub(1)?) as f64;
    let (below, above) = (
        values[place.floor() as usize],
        values[place.ceil() as usize],
    );
    Some(below + place.fract() * (above - below))
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

/// Four bars over their chance, which is a line at 1.
fn bars(modules: &[[f64; 4]], y: &Span, title: Text) -> CurvePanel {
    let bar = |block: usize| {
        let values: Vec<f64> = modules.iter().map(|blocks| blocks[block]).collect();
        let at = |part: f64| quantile(values.clone(), part);
        Some(CurveBar {
            x: (block + 1) as f64,
            value: at(0.5)?,
            spread: [at(0.25)?, at(0.75)?],
        })
    };
    let mut x = Span::at(&[1, 2, 3, 4], false);
    x.labels = ["PP", "PQ", "QP", "QQ"].map(String::from).into();
    let (left, right) = (0.55, 4.45);
    CurvePanel {
        title,
        x,
        x_label: Text::default()
            .symbol("k")
            .upright(" = ⌈")
            .symbol("n")
            .upright("/10⌉"),
        y: y.clone(),
        bands: Vec::new(),
        bars: (0..4).filter_map(bar).collect(),
        lines: vec![line(
            LineStyle::Chance,
            &[[left, 1.0], [right, 1.0]],
            Some((Text::plain("chance"), NameAt::UpperRight)),
        )],
    }
}

fn footer(modules: usize, is_unsure: bool) -> Vec<String> {
    let mut footer = vec![
        "Share of ‖ΔW‖²_F in W's leading k of n directions: left ones (output side), right ones \
         (input side), between the two (both)."
            .to_string(),
        format!(
            "Thin: {modules} modules; bold: their median. Dashed, with a band: random updates of \
             the same singular values, mean and two standard deviations either way, medians over \
             modules."
        ),
        "Bars: shares over their chance, medians over modules with quartiles; P is W's leading k \
         directions, Q the rest, the output side first."
            .into(),
    ];
    if is_unsure {
        footer.push(format!(
            "Left out: k whose directions of W are ill-determined, sin θ bound above {SURE} or none."
        ));
    }
    footer
}
