//! The lines of the rank curve by their weight types, and what is said of them below.

use crate::figure::label::{Text, weight};
use crate::paper::Projection;
use crate::table::{Score, score_error};

use super::panel::{CurveLine, CurvePanel, CurvePoint, LineStyle, NameAt};

/// Weight types by what is drawn of them, each once.
#[derive(Default)]
pub(super) struct Types {
    /// Those with a line over the rank, in the order of their colours.
    pub(super) drawn: Vec<String>,
    /// Those with a level line.
    full: Vec<String>,
    /// Those with one rank somewhere, and no line there.
    single: Vec<String>,
    /// Those with a full fine-tune somewhere, and no line there.
    full_alone: Vec<String>,
}

impl Types {
    /// The lines of a panel's scores, level ones first.
    pub(super) fn lines(&mut self, panel: &[Score]) -> Vec<CurveLine> {
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
    pub(super) fn name_full(&self, panels: &mut [CurvePanel]) {
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

/// Names of more weight types are cut: they stand beside the panels.
const WHOLE: usize = 4;

/// W_q, W_v; of three or four that have letters one W with all of them, and of more weight types the
/// first, the last and how many they are.
pub(super) fn in_words(types: &str) -> Text {
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

/// What stands below the panels.
pub(super) fn footer(scores: &[Score], types: &Types) -> Vec<String> {
    let mut footer = Vec::new();
    let spread = if scores.iter().any(|score| score.sd.is_some()) {
        "Marks: means over seeds. Bars: one sample standard deviation, where there are two seeds \
             or more. Dots: single runs."
    } else {
        "No setting has two runs, so no spread is known."
    };
    let apart = match types.drawn.len() {
        0 | 1 => "",
        _ => " Lines are moved a little sideways, to keep them apart.",
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
            "Horizontal dashed lines, named full: the weights themselves were trained, of {}.{band}",
            types.full.join(", ")
        ));
    }
    let mut not_shown = |what: &str, all: &[String], shown: &[String]| {
        let left_out = all.iter().filter(|types| !shown.contains(types));
        let left_out: Vec<&str> = left_out.map(String::as_str).collect();
        if !left_out.is_empty() {
            footer.push(format!("{what}: {}.", left_out.join(", ")));
        }
    };
    not_shown(
        "Not shown, because their runs have one rank only",
        &types.single,
        &types.drawn,
    );
    not_shown(
        "Full fine-tunes not shown, because no line has their weight types",
        &types.full_alone,
        &types.full,
    );
    footer
}
