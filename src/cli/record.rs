//! What a run says about itself: a summary for scripts, and the run record.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::measure::chance::overlap_chance;
use crate::study::{Grid, Plan, Results};

use super::outputs::{Artifact, tables_folder};

/// The machine-readable summary: settings and headline numbers; the same for the same inputs.
pub(super) fn summary(plan: &Plan, results: &Results, artifacts: &[Artifact]) -> Value {
    let adapters: Vec<Value> = plan
        .adapters
        .iter()
        .map(|named| {
            json!({
                "name": named.name,
                "path": named.adapter.path(),
                "layout": named.adapter.layout,
                "rank": named.adapter.rank(),
                "scale_rule": named.adapter.scale_rule,
                "modules": named.adapter.modules.len(),
                "replaced": named.adapter.replaced,
                "unmapped": named.adapter.unmapped,
            })
        })
        .collect();
    let bases: Vec<&str> = plan.bases.iter().map(|basis| basis.name()).collect();
    let warnings: Vec<&String> = plan.warnings.iter().chain(&results.warnings).collect();
    json!({
        "study": plan.name,
        "version": env!("CARGO_PKG_VERSION"),
        "settings": {
            "bases": bases,
            "rank": plan.rank,
            "draws": plan.draws,
            "seed": plan.seed,
        },
        "adapters": adapters,
        "base": plan.base.as_ref().map(|base| base.path()),
        "modules": plan.modules,
        "overlap": overlaps(plan, results),
        "amplification": results.amplification,
        "warnings": warnings,
        "files": artifacts.iter().map(|artifact| &artifact.path).collect::<Vec<_>>(),
    })
}

/// Means over modules of the first and the last cell of each comparison's grids.
fn overlaps(plan: &Plan, results: &Results) -> Vec<Value> {
    let mut entries = Vec::new();
    for &basis in &plan.bases {
        for comparison in &plan.comparisons {
            let first = plan.operand_name(comparison.first);
            let second = plan.operand_name(comparison.second);
            let grids: Vec<&Grid> = results
                .grids
                .iter()
                .filter(|grid| grid.basis == basis && grid.first == first && grid.second == second)
                .collect();
            let mean = |value: &dyn Fn(&Grid) -> Option<f64>| {
                let values: Vec<f64> = grids.iter().filter_map(|grid| value(grid)).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            entries.push(json!({
                "basis": basis.name(),
                "first": first,
                "second": second,
                "modules": grids.len(),
                "mean_overlap_first_cell": mean(&|grid| *grid.cells.first()?),
                "mean_overlap_last_cell": mean(&|grid| *grid.cells.last()?),
                "mean_chance_last_cell": mean(&|grid| {
                    let (i, j) = grid.cells.dim();
                    Some(overlap_chance(i, j, grid.dimension))
                }),
            }));
        }
    }
    entries
}

/// `run-COMMAND.json`: the summary with what changes by itself.
pub(super) fn artifact(command: &str, plan: &Plan, summary: &Value, elapsed: Duration) -> Artifact {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let record = json!({
        "command": command,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "unix_time": now.as_secs(),
        "seconds": elapsed.as_secs_f64(),
        "threads": rayon::current_num_threads(),
        "git_revision": git_revision(),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "run": summary,
    });
    let path = tables_folder(&plan.name).join(format!("run-{command}.json"));
    Artifact {
        path,
        bytes: format!("{record:#}\n").into_bytes(),
    }
}

/// The revision of the folder this runs in, if it is a repository and git is there.
fn git_revision() -> Option<String> {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let revision = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| revision.trim().to_string())
}

/// One JSON object on stdout.
pub(super) fn print(value: &Value) {
    // A reader that has gone away is no failure of ours.
    let _ = writeln!(std::io::stdout(), "{value:#}");
}

/// The files made, one a line, on stdout.
pub(super) fn print_paths(out: &Path, artifacts: &[Artifact]) {
    let mut stdout = std::io::stdout().lock();
    for artifact in artifacts {
        let path = if out == Path::new(".") {
            artifact.path.clone()
        } else {
            out.join(&artifact.path)
        };
        if writeln!(stdout, "{}", path.display()).is_err() {
            return;
        }
    }
}
