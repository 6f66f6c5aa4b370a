//! Runs this package's commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What a command did.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// The last line of stderr, which must be the error.
    pub(crate) fn error(&self) -> &str {
        let last = self.stderr.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("error: "),
            "no error line at the end of: {}",
            self.stderr
        );
        last
    }
}

/// Where one of this package's commands is.
pub(crate) fn program(command: &str) -> &'static str {
    match command {
        "subspace-overlap" => env!("CARGO_BIN_EXE_subspace-overlap"),
        "amplification" => env!("CARGO_BIN_EXE_amplification"),
        "regenerate" => env!("CARGO_BIN_EXE_regenerate"),
        "inspect" => env!("CARGO_BIN_EXE_inspect"),
        "lora-subspace" => env!("CARGO_BIN_EXE_lora-subspace"),
        other => panic!("no command {other}"),
    }
}

/// The folder for caches of all commands that tests run: empty at first, so that no number is of an earlier
/// program.
fn caches() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("caches");
        let _ = fs::remove_dir_all(&folder);
        folder
    })
}

/// Runs one of this package's commands in a folder.
pub(crate) fn run(command: &str, arguments: &[&str], folder: &Path) -> Outcome {
    let output = Command::new(program(command))
        .args(arguments)
        .current_dir(folder)
        .env_remove("RUST_BACKTRACE")
        .env("XDG_CACHE_HOME", caches())
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// All files under a folder, relative and sorted.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_string_lossy()
                        .into_owned(),
                );
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}
