//! `regenerate --check`: tables to a tolerance, pictures, report and notebook byte by byte.
//!
//! Another CPU may round the last digits differently, so tables are recomputed and compared as
//! numbers; the rest is made again from the **committed** tables, where every byte must agree.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::figure::{Format, Palette};
use crate::measure::Basis;
use crate::study::Plan;
use crate::table::{AmplificationRow, EvidenceRow, RunsRow, SpectrumRow, from_npz};

use super::made::Made;
use super::outputs::{self, Artifact};
use super::report::{self, Sources};
use super::talk::Talk;
use super::written::{self, Tables};

/// φ is compared absolutely, norms and σ relatively.
const TOLERANCE: f64 = 1e-6;
/// z is φ over its standard deviation, which is small.
const Z_TOLERANCE: f64 = 1e-5;
/// A probability far out in a tail moves some d times as much as φ, relatively.
const P_TOLERANCE: f64 = 1e-2;

/// Rasterising and PDF compression are only promised to the byte on one platform.
const FORMATS: &[Format] = match cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    true => &[Format::Svg, Format::Pdf, Format::Png],
    false => &[Format::Svg],
};

/// Compares recomputed tables, which lie under `fresh` in the same places, and redrawn pictures
/// with the files under `out`.
pub(super) fn check(
    plan: &Plan,
    out: &Path,
    fresh: &Path,
    tables: &[PathBuf],
    command: &str,
    talk: Talk,
) -> Result<()> {
    let mut comparison = Comparison {
        out,
        talk,
        files: 0,
        differences: 0,
    };
    let made = Made::new(&plan.name, tables.iter().map(PathBuf::as_path));
    let committed: Tables = &|name| Ok(made.open(out, name));
    // A damaged one is found below.
    let bounds = Bounds::of(written::rows(committed, "spectrum.csv").unwrap_or_default());
    for table in tables {
        // The paper's tables and findings are made from committed rows, below.
        let name = table.file_name().unwrap_or_default().to_string_lossy();
        if !(name.starts_with("table") || name.starts_with("findings.")) {
            comparison.numbers(table, fresh, &bounds);
        }
    }
    let runs: Vec<RunsRow> = written::rows(committed, "runs.csv")?;
    comparison.paper_tables(plan, committed, &runs)?;
    let charts = outputs::charts_of(plan, committed, Palette::Rocket)?;
    let curve = outputs::curve(plan, &runs, Palette::Rocket);
    let provenance = plan.provenance()?;
    for picture in outputs::pictures(plan, &charts, curve.as_ref(), &provenance, FORMATS)? {
        comparison.bytes(&picture);
    }
    let published = outputs::published_charts(plan, Palette::Rocket)?;
    let sources = Sources {
        charts: &charts,
        curve: curve.as_ref(),
        published: published.as_ref(),
        formats: &[Format::Svg, Format::Pdf, Format::Png],
        tables: committed,
        provenance: &provenance,
    };
    for artifact in report::artifacts(plan, &sources)? {
        comparison.bytes(&artifact);
    }
    let curve = curve.as_ref().map(|curve| curve.name.as_str());
    // A file that the study does not make any more is a difference too.
    for path in made.with(&charts, curve).strays(out) {
        let outcome = Err("this study does not make it any more: delete it".into());
        comparison.report(&path, outcome);
    }
    talk.say(&format!(
        "{}: {} files compared",
        plan.name, comparison.files
    ));
    match comparison.differences {
        0 => Ok(()),
        differences => Err(Error::CheckFailed {
            study: plan.name.clone(),
            differences,
            files: comparison.files,
            command: command.into(),
        }),
    }
}

struct Comparison<'a> {
    out: &'a Path,
    talk: Talk,
    files: usize,
    differences: usize,
}

impl Comparison<'_> {
    fn report(&mut self, path: &Path, outcome: std::result::Result<(), String>) {
        self.files += 1;
        if let Err(difference) = outcome {
            self.differences += 1;
            self.talk.tell(&format!("{}: {difference}", path.display()));
        }
    }

    fn bytes(&mut self, artifact: &Artifact) {
        let outcome = match fs::read(self.out.join(&artifact.path)) {
            Err(error) => Err(error.to_string()),
            Ok(bytes) if bytes == artifact.bytes => Ok(()),
            Ok(bytes) => {
                let first = bytes
                    .iter()
                    .zip(&artifact.bytes)
                    .take_while(|(a, b)| a == b)
                    .count();
                Err(format!("differs from byte {first} on"))
            }
        };
        self.report(&artifact.path, outcome);
    }

    /// The paper's tables and findings, made again from committed rows.
    fn paper_tables(&mut self, plan: &Plan, committed: Tables, runs: &[RunsRow]) -> Result<()> {
        let amplified: Vec<AmplificationRow> = written::rows(committed, "amplification.csv")?;
        let evidence: Vec<EvidenceRow> = written::rows(committed, "evidence.csv")?;
        let made = [
            outputs::run_tables(plan, runs)?,
            outputs::table7(plan, &amplified)?,
            outputs::findings_of(plan, &evidence)?,
        ];
        made.iter()
            .flatten()
            .for_each(|artifact| self.bytes(artifact));
        Ok(())
    }

    fn numbers(&mut self, table: &Path, fresh: &Path, bounds: &Bounds) {
        let read = |folder: &Path| fs::read(folder.join(table)).map_err(|error| error.to_string());
        let compare = || match (read(self.out)?, read(fresh)?) {
            (committed, recomputed) if table.extension().is_some_and(|end| end == "npz") => {
                compare_npz(&committed, &recomputed, bounds).map_err(|error| error.to_string())
            }
            (committed, recomputed) => compare_csv(&committed, &recomputed, bounds),
        };
        let outcome = compare().and_then(|first| first.map_or(Ok(()), Err));
        self.report(table, outcome);
    }
}

/// sin θ bounds of W's leading directions, by module and number of directions.
struct Bounds(HashMap<(String, usize), f64>);

impl Bounds {
    fn of(rows: Vec<SpectrumRow>) -> Self {
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
        let bound = match first {
            "base" => self.0.get(&(module.to_string(), i)).copied().unwrap_or(0.0),
            _ => 0.0,
        };
        bound.max(TOLERANCE)
    }
}

/// The first difference between two CSV tables, if there is one.
fn compare_csv(
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
    match column {
        "residual" | "sin_theta_bound" => None,
        "overlap" => Some(bounds.tolerance(
            text("module"),
            text("first"),
            text("i").parse().unwrap_or(0),
        )),
        "z" => Some(Z_TOLERANCE * value("z").max(1.0)),
        "gap" => Some(TOLERANCE * value("sigma")),
        "p" | "p_adjusted" => Some(P_TOLERANCE * value(column)),
        "value" if text("statistic").starts_with('φ') => Some(TOLERANCE),
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
fn compare_npz(committed: &[u8], recomputed: &[u8], bounds: &Bounds) -> Result<Option<String>> {
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
