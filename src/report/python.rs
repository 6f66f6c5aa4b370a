//! Values as Python writes them.

use serde_json::Value;

use crate::figure::Palette;
use crate::table::{RunGroup, RunsRow, higher_is_better, weight_types};

/// A Python string: JSON's strings are some of Python's.
pub(super) fn text(text: &str) -> String {
    Value::from(text).to_string()
}

/// A list of strings.
pub(super) fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| text(name)).collect();
    format!("[{}]", names.join(", "))
}

/// Groups of runs as a further argument; nothing for none.
pub(super) fn and_groups(groups: &[RunGroup]) -> String {
    let group = |(label, runs): &RunGroup| format!("({}, {})", text(label), names(runs));
    match groups.iter().map(group).collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        some => format!(", [{}]", some.join(", ")),
    }
}

/// A dictionary from weight types as written to their one spelling.
pub(super) fn spelt(rows: &[RunsRow]) -> String {
    let spelt = |row: &RunsRow| {
        (
            row.weight_types.clone(),
            text(&weight_types(&row.weight_types)),
        )
    };
    dictionary(rows.iter().map(spelt))
}

/// A dictionary from metrics to whether more is better.
pub(super) fn better(rows: &[RunsRow]) -> String {
    let python = |metric: &str| match higher_is_better(metric) {
        Some(true) => "True",
        Some(false) => "False",
        None => "None",
    };
    let better = |row: &RunsRow| (row.metric.clone(), python(&row.metric).to_string());
    dictionary(rows.iter().map(better))
}

fn dictionary(entries: impl Iterator<Item = (String, String)>) -> String {
    let mut pairs: Vec<String> = Vec::new();
    for (key, value) in entries {
        let pair = format!("{}: {value}", text(&key));
        if !pairs.contains(&pair) {
            pairs.push(pair);
        }
    }
    format!("{{{}}}", pairs.join(", "))
}

/// A layer, or `None`.
pub(super) fn number(layer: Option<usize>) -> String {
    layer.map_or("None".into(), |layer| layer.to_string())
}

/// Every eighth colour, and the last, in pieces that fit a line.
pub(super) fn anchors(palette: Palette) -> String {
    let levels = (0..=255u8).step_by(8).chain([255]);
    let colours: Vec<String> = levels
        .map(|level| {
            palette
                .colour(level)
                .map(|part| format!("{part:02x}"))
                .concat()
        })
        .collect();
    let lines = colours.chunks(11).map(<[String]>::concat);
    lines.collect::<Vec<_>>().join("\"\n    \"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_chosen_by_name() {
        let row = |types: &str, metric: &str| RunsRow {
            adapter: "a\"b".into(),
            weight_types: types.into(),
            rank: Some(1),
            alpha: None,
            seed: None,
            task: "t".into(),
            metric: metric.into(),
            value: 1.0,
            trainable_parameters: None,
            items: None,
        };
        let rows = [row("v_proj+q", "loss"), row("q", "wobble")];
        assert_eq!(spelt(&rows), r#"{"v_proj+q": "q+v", "q": "q"}"#);
        assert_eq!(better(&rows), r#"{"loss": False, "wobble": None}"#);
    }
}
