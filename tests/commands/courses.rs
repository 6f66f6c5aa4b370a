//! Courses of made-up runs: rows for figures, and what the finding says of them.

use lora_subspace::findings::{Evidence, EvidenceTables, findings};
use lora_subspace::measure::Basis;
use lora_subspace::results::Results;
use lora_subspace::table::{FindingRow, TrajectoryRow};

/// Rows of twelve modules of some runs, whose sides come near the last ones as runs do; with
/// `has_start` A is told as well.
pub(crate) fn made_up(runs: &[&str], steps: &[u64], has_start: bool) -> Vec<TrajectoryRow> {
    let mut rows = Vec::new();
    for module in 0..12 {
        for (number, run) in runs.iter().enumerate() {
            for &step in steps {
                let part = step as f64 / steps[steps.len() - 1] as f64;
                let speed = 1.5 + number as f64 + 0.1 * module as f64;
                let near = 1.0 - (1.0 - part).powf(speed);
                let is_trained = step > 0;
                for basis in [Basis::A, Basis::DeltaRight, Basis::DeltaLeft] {
                    if basis == Basis::A && !has_start {
                        continue;
                    }
                    let side = if basis == Basis::DeltaLeft { 0.05 } else { 0.4 };
                    let similarity = is_trained.then_some(side + (1.0 - side) * near);
                    rows.push(TrajectoryRow {
                        module: format!("h.{module}.q_proj"),
                        component: String::new(),
                        layer: Some(module),
                        projection: "q_proj".into(),
                        adapter: run.to_string(),
                        step,
                        basis: basis.name().into(),
                        k: 8,
                        norm: 3.0 * part.sqrt() * speed,
                        stable_rank: is_trained.then_some(1.5),
                        similarity_to_last: similarity,
                        similarity_to_previous: similarity,
                        similarity_to_start: similarity
                            .filter(|_| basis == Basis::A)
                            .map(|_| 1.0 - 0.3 * part),
                        chance: 8.0 / 384.0,
                    });
                }
            }
        }
    }
    rows
}

/// Rows of a module whose sides have these similarities to the last at each step, by chance 0.2.
fn course(run: &str, module: usize, steps: &[(u64, [f64; 2])]) -> Vec<TrajectoryRow> {
    let row = |step: u64, basis: Basis, value: f64| TrajectoryRow {
        module: format!("h.{module}.q"),
        component: String::new(),
        layer: Some(module),
        projection: "q".into(),
        adapter: run.into(),
        step,
        basis: basis.name().into(),
        k: 8,
        norm: 1.0,
        stable_rank: Some(1.0),
        similarity_to_last: Some(value),
        similarity_to_previous: None,
        similarity_to_start: None,
        chance: 0.2,
    };
    let both = |&(step, [right, left]): &(u64, [f64; 2])| {
        [
            row(step, Basis::DeltaRight, right),
            row(step, Basis::DeltaLeft, left),
        ]
    };
    steps.iter().flat_map(both).collect()
}

fn judged(modules: &[Vec<TrajectoryRow>]) -> FindingRow {
    let mut evidence = Evidence::new(None, None, 0);
    for rows in modules {
        let trajectory = rows.clone();
        evidence.take(&Results {
            trajectory,
            ..Results::default()
        });
    }
    let tables: EvidenceTables = evidence.finish(&[]).unwrap();
    findings(&tables).pop().unwrap()
}

#[test]
fn runs_that_lock_are_told_from_those_that_do_not() {
    let both = |value: f64| [value, value];
    // An excess of 0.9 begins at 0.92.
    let early = [(10, both(0.5)), (20, both(0.921)), (100, both(1.0))];
    let late = [(20, both(0.919)), (50, both(0.95)), (100, both(1.0))];
    // An A that never moved.
    let frozen = [(20, [1.0, 0.4]), (60, [1.0, 0.8]), (100, both(1.0))];
    // Somewhere between a tenth and a half.
    let between = [(10, both(0.3)), (50, both(0.95)), (100, both(1.0))];
    let verdict = |courses: &[&[(u64, [f64; 2])]]| {
        let modules = courses.iter().enumerate();
        let modules = modules.map(|(number, steps)| course("r8", number, steps));
        let found = judged(&modules.collect::<Vec<_>>());
        assert_eq!(found.count, courses.len());
        (found.verdict, found.holding, found.median.unwrap())
    };
    assert_eq!(verdict(&[&early, &early, &late]), ("holds".into(), 2, 0.2));
    assert_eq!(
        verdict(&[&early, &late, &frozen]),
        ("does not hold".into(), 1, 0.5)
    );
    assert_eq!(verdict(&[&frozen]), ("does not hold".into(), 0, 1.0));
    assert_eq!(
        verdict(&[&between, &between, &early]),
        ("cannot be told".into(), 1, 0.5)
    );
    assert_eq!(
        verdict(&[&early, &late]),
        ("cannot be told".into(), 1, 0.35)
    );
}

#[test]
fn of_several_runs_each_module_speaks_once_a_run() {
    let steps = [(20, [1.0; 2]), (100, [1.0; 2])];
    let module = |number| [course("one", number, &steps), course("two", number, &steps)].concat();
    let found = judged(&[module(0), module(1)]);
    assert_eq!(
        (found.count, found.runs, found.verdict.as_str()),
        (4, 2, "holds")
    );
    assert!(
        found
            .sentence
            .starts_with("ΔW of the 2 runs has its last directions by a fifth")
    );
}
