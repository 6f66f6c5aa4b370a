//! What a run says about itself: a summary for scripts, and the run record.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::linalg::blas_version;
use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::results::{Grid, Results};
use crate::study::{Comparison, NamedAdapter, Plan};
use crate::table::{AmplificationRow, FindingRow, Provenance};

use super::answers::Answers;
use super::artifact::Artifact;
use super::many_answers::ManyAnswers;

/// What the summary needs of a run's rows, gathered while they pass: never a grid or a spectrum.
pub(super) struct Headlines {
    overlaps: Vec<Overlap>,
    /// Where the overlaps of a basis and two names are.
    places: HashMap<(&'static str, String, String), usize>,
    answers: Answers,
    many: ManyAnswers,
    /// All but grids, spectra, ranks, placements, courses and what many adapters share.
    rest: Results,
}

/// A comparison's grids in short.
struct Overlap {
    basis: &'static str,
    first: String,
    second: String,
    modules: usize,
    first_cell: Mean,
    last_cell: Mean,
    chance_last_cell: Mean,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn take(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

impl Headlines {
    /// No row yet; every comparison of the plan on every basis has its place.
    pub(super) fn new(plan: &Plan) -> Self {
        let pairs = plan
            .bases
            .iter()
            .flat_map(|basis| plan.comparisons().iter().map(move |pair| (basis, pair)));
        let overlap = |(basis, pair): (&Basis, &Comparison)| {
            let [first, second] = [pair.first, pair.second].map(|side| plan.operand_name(side));
            Overlap::of(*basis, first, second)
        };
        let overlaps: Vec<Overlap> = pairs.map(overlap).collect();
        let mut places = HashMap::new();
        for (place, overlap) in overlaps.iter().enumerate() {
            places.entry(overlap.key()).or_insert(place);
        }
        Headlines {
            overlaps,
            places,
            answers: Answers::default(),
            many: ManyAnswers::default(),
            rest: Results::default(),
        }
    }

    /// Notes the rows of the next module.
    pub(super) fn take(&mut self, results: Results) {
        self.answers.take(&results);
        self.many.take(&results);
        for grid in &results.grids {
            let new = Overlap::of(grid.basis, &grid.first, &grid.second);
            let next = self.overlaps.len();
            let place = *self.places.entry(new.key()).or_insert(next);
            if place == next {
                // Of a study of rows, which plans no comparison, and the mean of a group.
                self.overlaps.push(new);
            }
            self.overlaps[place].take(grid);
        }
        self.rest.append(Results {
            grids: Vec::new(),
            spectrum: Vec::new(),
            ranks: Vec::new(),
            placement: Vec::new(),
            trajectory: Vec::new(),
            many: Vec::new(),
            shared: Vec::new(),
            interference: Vec::new(),
            draws: Vec::new(),
            frames: Vec::new(),
            ..results
        });
    }

    /// Notes what was noticed of all modules together.
    pub(super) fn warn(&mut self, warnings: Vec<String>) {
        self.rest.warnings.extend(warnings);
    }

    /// What they say in short, with what the findings say.
    pub(super) fn answers(&self, findings: &[FindingRow]) -> Vec<String> {
        let mut lines = self.many.lines();
        lines.extend(self.answers.lines(findings));
        lines
    }

    /// All rows of `amplification.csv`.
    pub(super) fn amplification(&self) -> &[AmplificationRow] {
        &self.rest.amplification
    }

    /// What was noticed while planning, then while measuring.
    pub(super) fn warnings<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a String> {
        let planning = plan.measured().map_or(&[][..], |one| &one.warnings);
        planning.iter().chain(&self.rest.warnings)
    }

    /// Time spent reading weights, summed over threads.
    pub(super) fn reading(&self) -> Duration {
        self.rest.reading
    }
}

impl Overlap {
    fn of(basis: Basis, first: &str, second: &str) -> Self {
        Overlap {
            basis: basis.name(),
            first: first.into(),
            second: second.into(),
            modules: 0,
            first_cell: Mean::default(),
            last_cell: Mean::default(),
            chance_last_cell: Mean::default(),
        }
    }

    fn key(&self) -> (&'static str, String, String) {
        (self.basis, self.first.clone(), self.second.clone())
    }

    fn take(&mut self, grid: &Grid) {
        let cells = grid.whole();
        let (i, j) = cells.dim();
        self.modules += 1;
        self.first_cell.take(cells.first().copied().flatten());
        self.last_cell.take(cells.last().copied().flatten());
        self.chance_last_cell
            .take(Some(overlap_chance(i, j, grid.dimension)));
    }

    fn json(&self) -> Value {
        json!({
            "basis": self.basis,
            "first": self.first,
            "second": self.second,
            "modules": self.modules,
            "mean_overlap_first_cell": self.first_cell.value(),
            "mean_overlap_last_cell": self.last_cell.value(),
            "mean_chance_last_cell": self.chance_last_cell.value(),
        })
    }
}

/// The machine-readable summary: settings and headline numbers; the same for the same inputs.
pub(super) fn summary<'a>(
    plan: &Plan,
    headlines: &Headlines,
    provenance: &Provenance,
    findings: &[FindingRow],
    files: impl Iterator<Item = &'a Path>,
) -> Value {
    let measured = plan.measured();
    let figures = &plan.figures;
    let mut summary = json!({
        "answers": headlines.answers.json(findings),
        "study": plan.name,
        "version": provenance.version,
        "settings": {
            "seed": measured.map_or(0, |one| one.seed),
            "draws": measured.map_or(0, |one| one.draws),
            "with_own_directions": measured.is_some_and(|one| one.with_own_directions),
            "rank": measured.and_then(|one| one.rank),
            "bases": plan.bases.iter().map(|basis| basis.name()).collect::<Vec<_>>(),
            "selected": plan.selected,
            "figures": {
                "layer": figures.layer,
                "layers": figures.layers,
                "projections": figures.projections,
                "venue": figures.venue,
            },
        },
        "inputs": provenance.inputs,
        "adapters": plan.adapters().iter().map(of_adapter).collect::<Vec<_>>(),
        "base": measured.and_then(|one| Some(one.base.as_ref()?.path())),
        "rows": plan.rows().map(|rows| rows.folder()),
        "modules": plan.modules,
        "left_out": plan.left_out(),
        "overlap": headlines.overlaps.iter().map(Overlap::json).collect::<Vec<_>>(),
        "amplification": headlines.amplification(),
        "findings": findings,
        "certificates": headlines.rest.certificates,
        "warnings": headlines.warnings(plan).collect::<Vec<_>>(),
        "files": files.collect::<Vec<_>>(),
    });
    if let Some(many) = headlines.many.json() {
        summary["many"] = many;
    }
    summary
}

fn of_adapter(named: &NamedAdapter) -> Value {
    json!({
        "name": named.name,
        "path": named.adapter.path(),
        "layout": named.adapter.layout,
        "rank": named.adapter.rank(),
        "scale_rule": named.adapter.scale_rule,
        "notes": named.adapter.notes,
        "modules": named.adapter.modules.len(),
        "replaced": named.adapter.replaced,
        "unmapped": named.adapter.unmapped,
    })
}

/// `run-COMMAND.json`: the summary with what changes by itself, such as the time that the run took
/// and how much of it went into reading.
pub(super) fn artifact(
    command: &str,
    plan: &Plan,
    summary: &Value,
    (elapsed, reading): (Duration, Duration),
) -> Artifact {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let cached = plan.cache.counts();
    let record = json!({
        "command": command,
        "arguments": std::env::args().skip(1).collect::<Vec<_>>(),
        "unix_time": now.as_secs(),
        "seconds": elapsed.as_secs_f64(),
        "seconds_reading": reading.as_secs_f64(),
        "threads": rayon::current_num_threads(),
        "cache": plan.cache.folder().map(|folder| json!({
            "folder": folder,
            "found": cached.found,
            "kept": cached.kept,
        })),
        "git_revision": git_revision(),
        "machine": {
            "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            "cores": std::thread::available_parallelism().map_or(1, usize::from),
            "blas": blas_version(),
        },
        "run": summary,
    });
    let name = format!("run-{command}.json");
    Artifact::in_tables(&plan.name, &name, format!("{record:#}\n"))
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
