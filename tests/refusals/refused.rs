//! `subspace-overlap` on bad input: one clear error, exit code 1, and nothing written.

use std::path::Path;

use crate::programs::run;
use crate::workshop::{AdapterFolder, workshop};

/// Runs `subspace-overlap bad two` and checks the error for all of `words`.
pub(crate) fn refused(folder: &Path, words: &[&str]) {
    refused_with(folder, &["bad", "two"], words);
}

pub(crate) fn refused_with(folder: &Path, arguments: &[&str], words: &[&str]) {
    let outcome = run("subspace-overlap", arguments, folder);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    let error = outcome.error();
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(!error.contains("a bug in this program"), "{error}");
    assert!(!folder.join("out").exists(), "something was written");
}

/// A workshop with a changed copy of adapter `one` under the name `bad`.
pub(crate) fn with_bad(change: impl FnOnce(AdapterFolder) -> AdapterFolder) -> tempfile::TempDir {
    let folder = workshop();
    change(AdapterFolder::new(2, 1)).save(&folder.path().join("bad"));
    folder
}
