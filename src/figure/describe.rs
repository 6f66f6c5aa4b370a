//! What pictures show, in words, for those who do not see them.

use super::curve::{Curve, CurveBar, CurveLine, CurveMark, CurvePanel, CurvePoint, LineStyle};
use super::heat::Chart;
use super::many::{ManyMap, ManyMaps, side};
use super::maps::{Map, Maps};

/// Of lines with more points only the ends are told.
const POINTS: usize = 32;

/// The words of a chart for those who do not see it.
pub(super) fn description(chart: &Chart) -> String {
    let titles = chart
        .panels
        .iter()
        .flatten()
        .map(|panel| panel.title.bare());
    let titles: Vec<String> = titles.filter(|title| !title.is_empty()).collect();
    let heading = chart.heading.bare();
    let heading = if heading.is_empty() {
        String::new()
    } else {
        format!("{heading}. ")
    };
    format!(
        "{heading}Heat maps: {}. {}",
        titles.join("; "),
        chart.footer.join(" ")
    )
}

/// The words and numbers of a curve for those who do not see it: every point of a line with marks,
/// the ends of others that have a name and of those with many points, and the ranks on each.
pub(super) fn curve_description(curve: &Curve) -> String {
    let panels: Vec<String> = curve.panels.iter().map(of_panel).collect();
    format!(
        "{} {} {}",
        curve.about,
        panels.join(" "),
        curve.footer.join(" ")
    )
}

fn of_panel(panel: &CurvePanel) -> String {
    let over = match panel.x_label.bare() {
        letter if letter == "r" => "rank".into(),
        label => label,
    };
    let line = |line: &CurveLine| {
        let (name, _) = line.name.as_ref()?;
        let value = |point: &CurvePoint| format!("{} at {over} {}", point.y, point.x);
        let ends = || line.points.first().into_iter().chain(line.points.last());
        let points: Vec<String> = match line.style {
            LineStyle::Series(_) if line.points.len() <= POINTS => {
                line.points.iter().map(value).collect()
            }
            LineStyle::Level(_) => line.points.iter().map(|one| one.y.to_string()).collect(),
            _ => ends().map(value).collect(),
        };
        let marks = marks_of(panel, line.style).map(|mark| {
            let place = (mark.x * 10.0).round() / 10.0;
            format!("{} {place}", mark.kind.words())
        });
        let words: Vec<String> = points.into_iter().chain(marks).collect();
        Some(format!("{}: {}", name.bare(), words.join(", ")))
    };
    let bar = |(bar, label): (&CurveBar, &String)| format!("{label}: {}", bar.value);
    let lines = panel.lines.iter().filter_map(line);
    let bars = panel.bars.iter().zip(&panel.x.labels).map(bar);
    let words: Vec<String> = bars.chain(lines).collect();
    format!("{}: {}.", panel.title.bare(), words.join("; "))
}

/// The marks on a line.
fn marks_of(panel: &CurvePanel, style: LineStyle) -> impl Iterator<Item = &CurveMark> {
    let is_of = move |mark: &&CurveMark| match style {
        LineStyle::Series(number) => mark.of == Some(number),
        LineStyle::Base => mark.of.is_none(),
        _ => false,
    };
    panel.marks.iter().filter(is_of)
}

/// The words and numbers of maps: of each its least and its largest value with their places, the
/// median, and chance.
pub(super) fn maps_description(maps: &Maps) -> String {
    let groups = maps.groups.iter().map(|group| {
        let of_map = |map: &Map| format!("{}: {}", map.title.bare(), of_cells(map, maps));
        let of_maps: Vec<String> = group.maps.iter().map(of_map).collect();
        format!("{}: {}.", group.label, of_maps.join("; "))
    });
    let groups: Vec<String> = groups.collect();
    format!(
        "{} {} {}",
        maps.about,
        groups.join(" "),
        maps.footer.join(" ")
    )
}

/// The words of maps of many adapters: of each the two that share most on either side.
pub(super) fn many_description(maps: &ManyMaps) -> String {
    let most = |map: &ManyMap, is_below: bool| {
        let known = map.cells.indexed_iter();
        let of_side = known.filter(|((i, j), _)| if is_below { i > j } else { i < j });
        let known = of_side.filter_map(|(place, value)| Some((place, (*value)?)));
        let ((i, j), value) = known.max_by(|one, other| one.1.total_cmp(&other.1))?;
        let [one, other] = [i.min(j), i.max(j)].map(|place| &maps.adapters[place]);
        Some(format!("{value:.2} ({one} and {other})"))
    };
    let of_map = |map: &ManyMap| {
        let [below, above] = maps.bases.map(side);
        let told = [(below, true), (above, false)].map(|(side, is_below)| {
            let most = most(map, is_below).unwrap_or("no values".into());
            format!("most on side {side} {most}")
        });
        format!("{}: {}.", map.title.bare(), told.join(", "))
    };
    let of_maps: Vec<String> = maps.maps.iter().map(of_map).collect();
    format!(
        "{} {} adapters: {}. {} {}",
        maps.about,
        maps.adapters.len(),
        maps.adapters.join(", "),
        of_maps.join(" "),
        maps.footer.join(" ")
    )
}

fn of_cells(map: &Map, maps: &Maps) -> String {
    let known = map.cells.indexed_iter();
    let known = known.filter_map(|(place, value)| Some((place, (*value)?)));
    let mut known: Vec<((usize, usize), f64)> = known.collect();
    known.sort_by(|one, other| one.1.total_cmp(&other.1));
    let (Some(least), Some(most)) = (known.first(), known.last()) else {
        return "no values".into();
    };
    let at = |((row, column), value): &((usize, usize), f64)| {
        let layer = maps.layers[*row].map_or(String::new(), |layer| format!(", layer {layer}"));
        format!("{} ({}{layer})", map.printed(*value), maps.modules[*column])
    };
    let (_, median) = known[known.len() / 2];
    let median = map.printed(median);
    let chance = map.scale.chance_words().map(|words| format!(", {words}"));
    let chance = chance.unwrap_or_default();
    format!("{} to {}, median {median}{chance}", at(least), at(most))
}
