//! Tables as numbers: how far a recomputed one may be off.

use std::collections::HashMap;

use crate::error::Result;
use crate::findings::{B_FOLLOWS_TASK, NEW_DIRECTIONS};
use crate::measure::Basis;
use crate::table::{SpectrumRow, from_npz};

/// φ is compared absolutely, norms and σ relatively.
const TOLERANCE: f64 = 1e-6;
/// z is φ over its standard deviation, which is small.
const Z_TOLERANCE: f64 = 1e-5;
/// A probability far out in a tail moves some d times as much as φ, relatively.
const P_TOLERANCE: f64 = 1e-2;

/// sin θ bounds of W's leading directions, by module and number of directions.
pub(super) struct Bounds(HashMap<(String, usize), f64>);

impl Bounds {
    pub(super) fn of(rows: Vec<SpectrumRow>) -> Self {
        let bound =
            |row: SpectrumRow| Some(((row.module, row.index), row.sin_theta_bound.unwrap_or(1.0)));
        Bounds(
            rows.into_iter()
                .filter(|row| row.matrix == "base")
                .filter_map(bound)
                .collect(),
        )
    }

    /// How far φ may be off: W's directions are only as certain as their bound says.
    fn tolerance(&self, module: &str, first: &str, i: usize) -> f64 {
        let bound = if first == "base" {
            self.0.get(&(module.to_string(), i)).copied().unwrap_or(0.0)
        } else {
            0.0
        };
        bound.max(TOLERANCE)
    }
}

/// The first difference between two CSV tables, if there is one.
pub(super) fn compare_csv(
    committed: &[u8],
    recomputed: &[u8],
    bounds: &Bounds,
) -> std::result::Result<Option<String>, String> {
    let read =
        |bytes: &[u8]| -> std::result::Result<(csv::StringRecord, Vec<csv::StringRecord>), String> {
            let mut reader = csv::Reader::from_reader(bytes);
            let header = reader.headers().map_err(|error| error.to_string())?.clone();
            let rows = reader.records().collect::<std::result::Result<_, _>>();
            Ok((header, rows.map_err(|error| error.to_string())?))
        };
    let ((header, old), (new_header, new)) = (read(committed)?, read(recomputed)?);
    if header != new_header {
        return Err("its columns are others".into());
    }
    if old.len() != new.len() {
        return Err(format!(
            "{} rows, where {} are made now",
            old.len(),
            new.len()
        ));
    }
    let columns: HashMap<&str, usize> = header
        .iter()
        .enumerate()
        .map(|(place, name)| (name, place))
        .collect();
    for (number, (old, new)) in old.iter().zip(&new).enumerate() {
        for (place, column) in header.iter().enumerate() {
            let tolerance = tolerance(column, new, &columns, bounds);
            if !agree(&old[place], &new[place], tolerance) {
                let (line, old, new) = (number + 2, &old[place], &new[place]);
                return Ok(Some(format!(
                    "line {line}, {column}: {old} there, {new} now"
                )));
            }
        }
    }
    Ok(None)
}

/// How far a column's numbers may differ; `None`: it is not compared.
fn tolerance(
    column: &str,
    row: &csv::StringRecord,
    columns: &HashMap<&str, usize>,
    bounds: &Bounds,
) -> Option<f64> {
    let text = |name: &str| {
        columns
            .get(name)
            .and_then(|&place| row.get(place))
            .unwrap_or_default()
    };
    let value = |name: &str| text(name).parse::<f64>().unwrap_or(0.0).abs();
    // A share in W's directions may be off by its own bound, which beside 1e-6 is rounding.
    let unsure = || match text("share") {
        "" => 0.0,
        _ => text("sin_theta_bound").parse().unwrap_or(1.0),
    };
    match column {
        "residual" | "sin_theta_bound" => None,
        // In evidence.csv a sin θ bound too, for the claim that places ΔW among W's directions.
        "bound" if text("claim") == NEW_DIRECTIONS.name => None,
        "overlap" => Some(bounds.tolerance(
            text("module"),
            text("first"),
            text("i").parse().unwrap_or(0),
        )),
        "z" if unsure() > 0.0 => {
            Some(Z_TOLERANCE.max(unsure() / value("sd")) * value("z").max(1.0))
        }
        "z" => Some(Z_TOLERANCE * value("z").max(1.0)),
        "gap" => Some(TOLERANCE * value("sigma")),
        "p" | "p_adjusted" => Some(P_TOLERANCE * value(column)),
        similarity if similarity.starts_with("similarity_") => Some(TOLERANCE),
        // Shares and cosines, which may be next to 0.
        "excess" | "cosine" | "eigenvalue" | "coverage" | "coverage_by_mean" | "sar"
        | "energy_ratio" => Some(TOLERANCE),
        "share" => Some(TOLERANCE.max(unsure())),
        "enrichment" => Some(TOLERANCE.max(unsure()) / value("chance")),
        "value" if text("statistic").starts_with('φ') => Some(TOLERANCE),
        "value" if text("claim") == B_FOLLOWS_TASK.name => Some(TOLERANCE),
        other => Some(TOLERANCE * value(other)),
    }
}

fn agree(old: &str, new: &str, tolerance: Option<f64>) -> bool {
    let Some(tolerance) = tolerance else {
        return true;
    };
    match (old.parse::<f64>(), new.parse::<f64>()) {
        (Ok(old), Ok(new)) => (old - new).abs() <= tolerance,
        _ => old == new,
    }
}

/// The first difference between two archives of grids, if there is one.
pub(super) fn compare_npz(
    committed: &[u8],
    recomputed: &[u8],
    bounds: &Bounds,
) -> Result<Option<String>> {
    let (old, new) = (
        from_npz("overlap.npz", committed)?,
        from_npz("overlap.npz", recomputed)?,
    );
    if old.len() != new.len() {
        return Ok(Some(format!(
            "{} arrays, where {} are made now",
            old.len(),
            new.len()
        )));
    }
    for ((key, old), (new_key, new)) in old.iter().zip(&new) {
        if key != new_key || old.dim() != new.dim() {
            return Ok(Some(format!(
                "array {key} {:?}, now {new_key} {:?}",
                old.dim(),
                new.dim()
            )));
        }
        let with_base = Basis::ALL.iter().find_map(|basis| {
            key.split_once(&format!("__{basis}__base__"))
                .map(|(module, _)| module)
        });
        let (module, first) = with_base.map_or(("", ""), |module| (module, "base"));
        for ((i, j), &cell) in old.indexed_iter() {
            let now = new[(i, j)];
            let close = (cell - now).abs() <= bounds.tolerance(module, first, i + 1);
            if !(close || cell.is_nan() && now.is_nan()) {
                return Ok(Some(format!("{key} [{i}, {j}]: {cell} there, {now} now")));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first difference where one cell of a one-line table is another.
    fn differs(header: &str, old: &str, new: &str) -> bool {
        let table = |line: &str| format!("{header}\n{line}\n").into_bytes();
        let bounds = Bounds(HashMap::new());
        let found = compare_csv(&table(old), &table(new), &bounds);
        found.unwrap().is_some()
    }

    /// A sin θ bound is rounding over a gap: another processor has another.
    #[test]
    fn a_bound_of_rounding_is_not_compared_and_a_step_is() {
        let header = "claim,value,bound";
        for (claim, is_seen) in [("new-directions", false), ("locks-early", true)] {
            let line = |bound: &str| format!("{claim},0.2,{bound}");
            let found = differs(header, &line("4.97e-12"), &line("4.99e-12"));
            assert_eq!(found, is_seen, "{claim}");
        }
        assert!(differs(
            header,
            "new-directions,0.2,",
            "new-directions,0.3,"
        ));
    }
}
