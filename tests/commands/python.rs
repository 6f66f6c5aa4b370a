//! Runs scripts of `tests/` in the Python that they need.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::files::repository;

/// Runs a script of `tests/` with the Python that `.ci/install-python` makes, and gives what it
/// prints; those of the report need Chromium too. What is missing is installed; where it cannot be,
/// the test fails.
pub(crate) fn python(script: &str, arguments: &[&Path]) -> String {
    static PYTHON: OnceLock<()> = OnceLock::new();
    static CHROMIUM: OnceLock<()> = OnceLock::new();
    let root = repository();
    let install = |what: &str| {
        let installed = Command::new(root.join(".ci").join(what)).output().unwrap();
        let why = String::from_utf8_lossy(&installed.stderr);
        assert!(installed.status.success(), ".ci/{what}: {why}");
    };
    PYTHON.get_or_init(|| install("install-python"));
    if script.starts_with("report/") {
        CHROMIUM.get_or_init(|| install("install-chromium"));
    }
    let output = Command::new(root.join("target/python/bin/python"))
        .arg(root.join("tests").join(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
