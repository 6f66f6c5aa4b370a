//! How a run ends: beside another, after one that was killed, by a signal, and when nothing can be
//! written any more.
#![cfg(target_os = "linux")]

use std::fs::{self, File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::files::Tensors;
use crate::made::done;
use crate::programs::{files, program, run};
use crate::workshop::{AdapterFolder, factor, workshop};

const LOCK: &str = ".lora-subspace-lock";

/// A workshop with a study, which is made.
fn made() -> tempfile::TempDir {
    let folder = workshop();
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let text = format!(
        "name = \"tiny\"\nbase = \"base\"\n{}{}[compare]\nranks = [\"one\", \"two\"]\n",
        adapter("one"),
        adapter("two")
    );
    fs::write(folder.path().join("study.toml"), text).unwrap();
    done("regenerate", &["study.toml"], folder.path());
    folder
}

#[test]
fn a_second_run_on_the_same_folders_refuses_at_once() {
    let folder = made();
    let tables = folder.path().join("notebooks-export/tiny");
    let before = files(folder.path());
    let lock = File::create(tables.join(LOCK)).unwrap();
    lock.lock().unwrap();
    let outcome = run("regenerate", &["study.toml"], folder.path());
    assert_eq!(outcome.code, 1);
    let said = "another run is at work in ./notebooks-export/tiny; wait until it ends";
    assert!(outcome.error().contains(said), "{}", outcome.stderr);
    // Reading needs no lock.
    done("regenerate", &["study.toml", "--check"], folder.path());
    // Elsewhere there is no other.
    done(
        "regenerate",
        &["study.toml", "--out", "else"],
        folder.path(),
    );
    fs::remove_dir_all(folder.path().join("else")).unwrap();
    drop(lock);
    done("regenerate", &["study.toml"], folder.path());
    assert_eq!(
        files(folder.path()),
        before,
        "a lock that nobody holds is taken, and goes"
    );
}

#[test]
fn what_a_killed_run_left_is_swept() {
    let folder = made();
    let before = files(folder.path());
    let [tables, figures] =
        ["notebooks-export/tiny", "figures/tiny"].map(|at| folder.path().join(at));
    for left in [
        tables.join(LOCK),
        tables.join(".lora-subspace-a1B2c3"),
        figures.join(".lora-subspace-zz"),
    ] {
        fs::write(left, "cut").unwrap();
    }
    fs::write(tables.join(".mine"), "kept").unwrap();
    done("regenerate", &["study.toml"], folder.path());
    assert_eq!(fs::read_to_string(tables.join(".mine")).unwrap(), "kept");
    fs::remove_file(tables.join(".mine")).unwrap();
    assert_eq!(files(folder.path()), before);
    // The folder of a check that was killed; one that somebody holds, or that is not ours, stays.
    let temporary = tempfile::tempdir().unwrap();
    let at = |name: &str| temporary.path().join(name);
    for name in [
        ".lora-subspace-dead",
        ".lora-subspace-held",
        ".lora-subspace-other",
        "lora-subspace-x",
    ] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("file"), "").unwrap();
    }
    fs::write(at(".lora-subspace-dead").join(LOCK), "").unwrap();
    fs::write(at("lora-subspace-x").join(LOCK), "").unwrap();
    // Killed between the folder and its lock: empty, it is swept.
    fs::create_dir(at(".lora-subspace-empty")).unwrap();
    let held = File::create(at(".lora-subspace-held").join(LOCK)).unwrap();
    held.lock().unwrap();
    let status = prepared(
        "regenerate",
        &["study.toml", "--check", "-q"],
        folder.path(),
    )
    .env("TMPDIR", temporary.path())
    .status()
    .unwrap();
    assert!(status.success());
    let mut left: Vec<PathBuf> = fs::read_dir(temporary.path())
        .unwrap()
        .map(|one| one.unwrap().path())
        .collect();
    left.sort();
    let kept = [
        ".lora-subspace-held",
        ".lora-subspace-other",
        "lora-subspace-x",
    ];
    assert_eq!(left, kept.map(at));
}

#[test]
fn a_lock_that_is_no_regular_file_is_refused_at_once() {
    let folder = made();
    let lock = folder.path().join("notebooks-export/tiny").join(LOCK);
    let outside = folder.path().join("outside");
    for make in ["mkfifo \"$0\"", "ln -s \"$1\" \"$0\""] {
        let places = [&lock, &outside];
        let status = Command::new("sh")
            .args(["-c", make])
            .args(places)
            .status()
            .unwrap();
        assert!(status.success());
        let outcome = run("regenerate", &["study.toml"], folder.path());
        assert_eq!(outcome.code, 1);
        assert!(
            outcome
                .error()
                .contains("there is no regular file: remove it"),
            "{}",
            outcome.stderr
        );
        fs::remove_file(&lock).unwrap();
    }
    assert!(!outside.exists());
}

#[test]
fn hidden_files_are_no_results() {
    let folder = made();
    for place in ["figures", "notebooks-export"] {
        fs::remove_dir_all(folder.path().join(place)).unwrap();
        fs::create_dir_all(folder.path().join(place).join("tiny")).unwrap();
    }
    fs::write(folder.path().join("figures/tiny/.lora-subspace-a"), "").unwrap();
    let outcome = run("regenerate", &["study.toml", "--check"], folder.path());
    assert!(
        outcome.error().contains("nothing has been made yet"),
        "{}",
        outcome.stderr
    );
}

/// A command that is not started yet.
fn prepared(command: &str, arguments: &[&str], folder: &Path) -> Command {
    // Whoever runs the tests behind a shell's back has SIGINT ignored, and it would stay so.
    let mut prepared = Command::new("env");
    prepared.args(["--default-signal=INT,TERM,HUP", program(command)]);
    prepared.args(arguments).current_dir(folder);
    prepared.stdout(Stdio::null()).stderr(Stdio::piped());
    prepared
}

/// Waits until something is there, at most for a minute.
fn until(is_there: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_there() {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "nothing happened"
        );
        sleep(Duration::from_millis(2));
    }
}

fn has_temporary(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names = entries.map(|entry| entry.unwrap().file_name());
    names.any(|name| name.to_string_lossy().starts_with(".lora-subspace-"))
}

/// Sends a signal by its name. Every shell has `kill`, and not every machine has it as a program.
fn send(child: &Child, signal: &str) {
    let status = Command::new("sh")
        .args(["-c", &format!("kill -s {signal} {}", child.id())])
        .status()
        .unwrap();
    assert!(status.success());
}

/// A run in a folder of [`large`] that goes on for longer than any test waits.
const LONG: [&str; 5] = ["large", "--base", "large-base", "--draws", "100000"];

/// A folder with an adapter of one large module and its base, whose draws take long.
fn large() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let module = "layers.0.q_proj";
    let factors = Tensors::default()
        .with(&factor(module, 'A'), &[2, 250], 1)
        .with(&factor(module, 'B'), &[250, 2], 2);
    let config = json!({"peft_type": "LORA", "r": 2, "lora_alpha": 4});
    let adapter = AdapterFolder {
        config,
        tensors: factors,
    };
    adapter.save(&folder.path().join("large"));
    let base = Tensors::default().with(&format!("m.{module}.weight"), &[250, 250], 3);
    base.save(&folder.path().join("large-base/model.safetensors"));
    folder
}

#[test]
fn a_signal_leaves_nothing_and_says_which_it_was() {
    let folder = large();
    let before = files(folder.path());
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let child = prepared("amplification", &LONG, folder.path())
            .spawn()
            .unwrap();
        let tables = folder.path().join("out/notebooks-export/large");
        until(|| has_temporary(&tables));
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "SIG{signal}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.ends_with(&format!("error: stopped by SIG{signal}\n")),
            "{stderr}"
        );
        assert_eq!(files(folder.path()), before);
        assert!(
            !folder.path().join("out").exists(),
            "an empty folder is no result"
        );
    }
}

#[test]
fn a_signal_during_a_check_leaves_nothing_in_the_temporary_folder() {
    let folder = large();
    let study = |draws: usize| {
        let text = format!("name = \"tiny\"\ndraws = {draws}\nbase = \"large-base\"\n");
        let text = text + "[[adapter]]\nname = \"one\"\npath = \"large\"\n";
        fs::write(folder.path().join("study.toml"), text).unwrap();
    };
    study(1);
    done("regenerate", &["study.toml", "--no-figures"], folder.path());
    study(100_000);
    let temporary = tempfile::tempdir().unwrap();
    let mut check = prepared("regenerate", &["study.toml", "--check"], folder.path());
    let child = check.env("TMPDIR", temporary.path()).spawn().unwrap();
    until(|| has_temporary(temporary.path()));
    send(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let folder = large();
    let path = program("amplification");
    let child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", path])
        .args(LONG)
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let tables = folder.path().join("out/notebooks-export/large");
    until(|| has_temporary(&tables));
    send(&child, "HUP");
    sleep(Duration::from_millis(300));
    assert!(has_temporary(&tables), "nohup means it");
    send(&child, "KILL");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(9));
    assert!(has_temporary(&tables));
    // The next run finds the lock free.
    done(
        "amplification",
        &["large", "--base", "large-base", "-q"],
        folder.path(),
    );
    assert!(!has_temporary(&tables));
}

/// A summary that was cut looks like a whole one.
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let folder = workshop();
    for (command, arguments) in [
        ("inspect", &["one"][..]),
        ("inspect", &["one", "--json"]),
        ("inspect", &["--help"]),
        ("inspect", &["--version"]),
        ("amplification", &["one", "--base", "base", "--json", "-q"]),
        ("amplification", &["one", "--base", "base", "-q"]),
        ("regenerate", &["--columns"]),
        ("regenerate", &["--schema"]),
        ("regenerate", &["--init", "one", "--out", "init"]),
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = prepared(command, arguments, folder.path())
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{command} {arguments:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        let last = stderr.lines().last().unwrap();
        assert!(
            last.starts_with("error: standard output: cannot write: "),
            "{stderr}"
        );
        let _ = fs::remove_dir_all(folder.path().join("init"));
        let mut child = prepared(command, arguments, folder.path());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        // The reader goes away before anything is written.
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command} {arguments:?}");
        let _ = fs::remove_dir_all(folder.path().join("init"));
    }
}
