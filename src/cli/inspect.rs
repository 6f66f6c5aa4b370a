//! `inspect`: what a file is, and everything in it that was not understood.

use std::path::Path;

use serde_json::{Value, json};

use crate::adapter::{Adapter, BaseIndex, Cuts, LeftOut, ReadOptions};
use crate::base::{Base, fused};

use super::flags::Inspect;
use super::row::{Row, rows, shapes};
use super::said::{line, print, shown};
use super::{Failure, card};

/// Width of the longest bar.
const BAR: usize = 24;

/// Runs `inspect`.
///
/// # Errors
///
/// When a file is nothing that this toolkit reads, with the reason.
pub fn inspect(flags: Inspect) -> std::result::Result<(), Failure> {
    let base = flags.base.as_deref().map(Base::open).transpose()?;
    let pages = flags.paths.iter();
    let pages: Vec<String> = pages
        .map(|path| looked_at(path, base.as_ref(), &flags))
        .collect::<std::result::Result<_, _>>()?;
    let between = if flags.json { "" } else { "\n" };
    Ok(print(&pages.join(between))?)
}

/// What is said of an adapter.
fn looked_at(
    path: &Path,
    base: Option<&Base>,
    flags: &Inspect,
) -> std::result::Result<String, Failure> {
    // Looking must not fail on what a computation would refuse: a tensor that is not understood.
    let mut options = ReadOptions::new().allow_unmapped().looking();
    options.alpha = flags.alpha;
    options.initial = flags.init_adapter.clone();
    options.renames = flags.rename.clone();
    let index = base.map(|base| base as &dyn BaseIndex);
    let adapter = Adapter::open_on(path, &options, index)?;
    let (rows, left_out) = rows(&adapter, base, flags.card)?;
    let cuts = match flags.whole {
        true => Vec::new(),
        false => adapter.cuts(&|module| fused::slices(module, base)),
    };
    if flags.card {
        return Ok(card::text(&adapter, &rows)?);
    }
    if flags.json {
        return Ok(format!("{:#}\n", object(&adapter, &rows, &cuts, &left_out)));
    }
    let notes = match flags.quiet {
        true => Vec::new(),
        false => notes(&adapter, &rows),
    };
    let lines = page(&adapter, &rows, &cuts, &left_out, &notes);
    Ok(lines.iter().map(|text| line(text) + "\n").collect())
}

fn object(adapter: &Adapter, rows: &[Row], cuts: &[Cuts], left_out: &[LeftOut]) -> Value {
    let modules: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "module": row.module.path,
                "rank": row.module.rank,
                "numerical_rank": row.numerical_rank,
                "scale": adapter.scale_is_known.then_some(row.module.scale),
                "delta_norm": row.delta_norm,
            })
        })
        .collect();
    json!({
        "layout": adapter.layout,
        "evidence": adapter.evidence,
        "base": adapter.base_name,
        "shapes": shapes(rows),
        "scale_rule": adapter.scale_rule,
        "notes": adapter.notes,
        "cut": cuts.iter().map(cut).collect::<Vec<_>>(),
        "modules": modules,
        "left_out": left_out,
        "replaced": adapter.replaced,
        "unmapped": adapter.unmapped,
    })
}

/// Fused modules that measuring will cut.
fn cut(cuts: &Cuts) -> Value {
    json!({
        "modules": cuts.modules,
        "first": cuts.first,
        "slices": cuts.slices,
        "rule": cuts.rule,
    })
}

/// What a reader of the page must know.
fn notes<'a>(adapter: &'a Adapter, rows: &[Row]) -> Vec<&'a str> {
    let is_unknown = |row: &Row| row.module.needs_base() && row.delta_norm.is_none();
    let without_base = "ΔW is a difference from W: --base MODEL shows its norms";
    let first = rows.iter().any(is_unknown).then_some(without_base);
    let others = adapter.notes.iter().map(String::as_str);
    first.into_iter().chain(others).collect()
}

/// The page's lines, which are shown as they stand here: a name in one cannot begin another.
fn page(
    adapter: &Adapter,
    rows: &[Row],
    cuts: &[Cuts],
    left_out: &[LeftOut],
    notes: &[&str],
) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", adapter.path().display(), adapter.layout)];
    let base = adapter.base_name.as_deref().unwrap_or("not named");
    for (name, value) in [
        ("evidence", adapter.evidence.as_str()),
        ("base", base),
        ("shapes", &shapes(rows)),
        ("scale", &adapter.scale_rule),
    ] {
        lines.push(format!("  {name:8}  {value}"));
    }
    let cuts = cuts.iter();
    lines.extend(cuts.map(|cuts| format!("  cut       {cuts}; --whole leaves them whole")));
    lines.extend(notes.iter().map(|note| format!("  note      {note}")));
    lines.push(String::new());
    lines.extend(table(adapter, rows));
    if !left_out.is_empty() {
        lines.extend(["".into(), "no ΔW, or no W in the base:".into()]);
    }
    let cause = |LeftOut { module, cause }: &LeftOut| format!("  `{module}`: {cause}");
    lines.extend(left_out.iter().map(cause));
    for (tensors, what) in [
        (
            &adapter.replaced,
            "full tensors beside the factors (no part of any ΔW; a weight is measured where --modules names it)",
        ),
        (&adapter.unmapped, "not understood"),
    ] {
        let none = if tensors.is_empty() { "none" } else { "" };
        lines.extend([String::new(), format!("{what}: {none}")]);
        lines.extend(tensors.iter().map(|name| format!("  {name}")));
    }
    lines
}

/// One line a module, with ‖ΔW‖ as a bar.
fn table(adapter: &Adapter, rows: &[Row]) -> Vec<String> {
    let names: Vec<String> = rows.iter().map(|row| shown(&row.module.path)).collect();
    let widths = names.iter().map(|name| name.chars().count());
    let width = widths.max().unwrap_or(0).max(6);
    let mut lines = vec![format!(
        "{:width$}  d_out × d_in    rank  numerical      scale  ‖ΔW‖_F",
        "module"
    )];
    let norms = rows.iter().filter_map(|row| row.delta_norm);
    let largest = norms.fold(0.0, f64::max);
    for (row, name) in rows.iter().zip(names) {
        let module = row.module;
        let shape = format!("{} × {}", module.d_out, module.d_in);
        let or_dash = |number: Option<usize>| number.map_or("–".into(), |n| n.to_string());
        let (norm, bar) = match row.delta_norm {
            Some(norm) => (format!("{:<12}", number(norm, 6)), bar(norm, largest)),
            None => ("–".into(), String::new()),
        };
        let scale = if adapter.scale_is_known {
            number(module.scale, 4)
        } else {
            "–".into()
        };
        let line = format!(
            "{name:width$}  {shape:14}  {:>4}  {:>9}  {scale:>9}  {norm}  {bar}",
            or_dash(module.rank),
            or_dash(row.numerical_rank),
        );
        lines.push(line.trim_end().into());
    }
    lines
}

/// A number with so many decimals, or with an exponent where they would not show it.
fn number(value: f64, decimals: usize) -> String {
    let size = value.abs();
    let shows = (0.1f64.powi(decimals as i32)..1e9).contains(&size);
    match shows || size == 0.0 {
        true => format!("{value:.decimals$}"),
        false => format!("{value:.decimals$e}"),
    }
}

/// Eighths of a block, so that neighbours can be told apart.
fn bar(value: f64, largest: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let share = if largest > 0.0 { value / largest } else { 0.0 };
    let eighths = (share * (8 * BAR) as f64).round() as usize;
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::{bar, number};

    #[test]
    fn no_size_is_shown_as_zero_or_as_a_page_of_digits() {
        assert_eq!([number(2.5, 4), number(0.0, 4)], ["2.5000", "0.0000"]);
        assert_eq!(number(-3e250, 4), "-3.0000e250");
        assert_eq!(number(1.25e-300, 4), "1.2500e-300");
        assert_eq!(number(f64::NAN, 4), "NaN");
    }

    #[test]
    fn bars_are_in_proportion() {
        assert_eq!(bar(2.0, 2.0), "█".repeat(24));
        assert_eq!(bar(1.0, 2.0), "█".repeat(12));
        assert_eq!(bar(1.0, 192.0), "▏");
        assert_eq!(bar(0.0, 0.0), "");
    }
}
