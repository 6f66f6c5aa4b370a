//! Runs scripts of `tests/` in the Python that they need. Nothing is installed here.

use std::env;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use crate::files::repository;

/// Set by `.ci/run`: what a test needs and has not makes it fail, and not pass unseen.
const ALL_TESTS: &str = "LORA_SUBSPACE_ALL_TESTS";

/// Runs a script of `tests/` with the Python that `.ci/install-python` makes, and gives what it
/// prints; those of the report need Chromium too. Where one of them is missing, says so and gives
/// `None`: the rest of the test is skipped.
pub(crate) fn python(script: &str, arguments: &[&Path]) -> Option<String> {
    let root = repository();
    let wanted = match script.starts_with("report/") {
        true => &["install-python", "install-chromium"][..],
        false => &["install-python"],
    };
    if let Some(installer) = wanted.iter().find(|installer| !has_run(installer)) {
        skip(&format!("{script} needs what .ci/{installer} installs"));
        return None;
    }
    let output = Command::new(root.join("target/python/bin/python"))
        .arg(root.join("tests").join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Whether an installer of `.ci` finds that nothing is left to do.
fn has_run(installer: &str) -> bool {
    let installer = repository().join(".ci").join(installer);
    let asked = Command::new(installer).arg("--check").output();
    asked.is_ok_and(|answer| answer.status.success())
}

/// Straight to stderr: what a test prints by a macro is only shown where it fails.
fn skip(why: &str) {
    assert!(
        env::var_os(ALL_TESTS).is_none(),
        "{why}, and {ALL_TESTS} is set"
    );
    let line = format!("skipped: {why}\n");
    io::stderr().write_all(line.as_bytes()).unwrap();
}
