//! `files.json`: a study's files are one set, and what is not of it is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::files::Tensors;
use crate::made::{done, sha256sum};
use crate::programs::{files, run};
use crate::workshop::{AdapterFolder, workshop};

const TABLES: &str = "notebooks-export/tiny";

/// A small study with scores, which makes every kind of picture but a trajectory.
fn study() -> tempfile::TempDir {
    let folder = workshop();
    let adapter = |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n");
    let text = format!(
        "name = \"tiny\"\nbase = \"base\"\nruns = \"runs.csv\"\n{}[compare]\nranks = [\"one\", \"two\"]\n\
         seeds = [\"one\", \"three\"]\nbase = [\"one\", \"two\"]\n[figures]\nlayer = 0\n",
        ["one", "two", "three"].map(adapter).concat()
    );
    fs::write(folder.path().join("study.toml"), text).unwrap();
    let runs = "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters\n\
                one,q+v,2,4,,t,accuracy,0.5,\ntwo,q+v,3,4,,t,accuracy,0.6,\nthree,q+v,2,4,,t,accuracy,0.7,\n";
    fs::write(folder.path().join("runs.csv"), runs).unwrap();
    folder
}

fn made() -> tempfile::TempDir {
    let folder = study();
    done("regenerate", &["study.toml"], folder.path());
    folder
}

fn list(folder: &Path) -> Value {
    let path = folder.join(TABLES).join("files.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The digests of all sets by file name.
fn listed(list: &Value) -> BTreeMap<String, String> {
    let sets = list["sets"].as_array().unwrap().iter();
    let files = sets.flat_map(|set| set["files"].as_object().unwrap());
    files
        .map(|(name, digest)| (name.clone(), digest.as_str().unwrap().into()))
        .collect()
}

/// What a check says: its lines that are no error.
fn differences(folder: &Path) -> Vec<String> {
    let outcome = run("regenerate", &["study.toml", "--check", "-q"], folder);
    let lines = outcome.stderr.lines().map(str::to_string);
    let lines: Vec<String> = lines.filter(|line| !line.starts_with("error:")).collect();
    assert_eq!(
        outcome.code,
        i32::from(!lines.is_empty()),
        "{}",
        outcome.stderr
    );
    lines
}

#[test]
fn the_list_has_every_file_and_every_input() {
    let folder = made();
    let list = list(folder.path());
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    for kind in ["figures/tiny", TABLES] {
        for name in files(&folder.path().join(kind)) {
            let digest = sha256sum(&folder.path().join(kind).join(&name));
            there.insert(name, digest);
        }
    }
    // The record of a run has times, and the list is itself.
    for other in ["run-regenerate.json", "files.json"] {
        assert!(there.remove(other).is_some(), "{other}");
    }
    assert_eq!(listed(&list), there);
    let inputs = list["sets"][0]["made_of"]["inputs"].as_array().unwrap();
    let input = |input: &Value| -> PathBuf {
        let [of, file] = ["of", "file"].map(|key| input[key].as_str().unwrap());
        match of {
            "runs" => file.into(),
            of => Path::new(of).join(file),
        }
    };
    assert_eq!(inputs.len(), 3 * 2 + 1 + 1);
    for one in inputs {
        assert_eq!(one["sha256"], sha256sum(&folder.path().join(input(one))));
    }
    // Another run of the same, in another folder, says the same.
    let other = made();
    let read = |folder: &Path| fs::read(folder.join(TABLES).join("files.json")).unwrap();
    assert_eq!(read(folder.path()), read(other.path()));
    assert!(differences(folder.path()).is_empty());
}

#[test]
fn a_check_names_what_does_not_fit_the_list() {
    let folder = made();
    let path = folder.path().join(TABLES).join("spectrum.csv");
    let before = fs::read_to_string(&path).unwrap();
    // Less than a check's tolerance: the numbers agree, and the bytes are others.
    let (head, tail) = before
        .rsplit_once('\n')
        .map(|(head, _)| head.rsplit_once('\n').unwrap())
        .unwrap();
    let cells: Vec<&str> = tail.split(',').collect();
    let last = cells.len() - 1;
    let changed = [&cells[..last], &["1.0000000001"]].concat().join(",");
    fs::write(&path, format!("{head}\n{}\n", changed)).unwrap();
    let found = differences(folder.path());
    assert!(
        found[0].contains("spectrum.csv")
            && found[0].contains("it is not the file that files.json lists"),
        "{found:?}"
    );
    fs::write(&path, &before).unwrap();
    assert!(differences(folder.path()).is_empty());
    // A list that is damaged, or of a hostile name, is a difference; none at all is a word.
    let place = folder.path().join(TABLES).join("files.json");
    let good = fs::read_to_string(&place).unwrap();
    for bad in [
        "{",
        "{\"sets\": 3}",
        &good.replace("\"table7.csv\"", "\"../../../table7.csv\""),
    ] {
        fs::write(&place, bad).unwrap();
        let found = differences(folder.path());
        assert!(
            found.len() == 1 && found[0].contains("it is not a list of files"),
            "{found:?}"
        );
    }
    fs::remove_file(&place).unwrap();
    let outcome = done("regenerate", &["study.toml", "--check"], folder.path());
    assert!(
        outcome.stderr.contains("tiny: there is no files.json"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_list_of_other_inputs_is_named() {
    let folder = made();
    let place = folder.path().join(TABLES).join("files.json");
    let good = list(folder.path());
    let change = |key: &str, value: Value| {
        let mut list = good.clone();
        list["sets"][0]["made_of"][key] = value;
        fs::write(&place, list.to_string()).unwrap();
        let found = differences(folder.path());
        assert!(
            found.iter().any(|line| line.contains("files.json: ")),
            "{key}: {found:?}"
        );
    };
    change("inputs", Value::Array(Vec::new()));
    change("study", "else".into());
    change("version", "0.0.9".into());
    let settings = good["sets"][0]["made_of"]["settings"].as_object().unwrap();
    let fewer: serde_json::Map<String, Value> = settings.clone().into_iter().skip(1).collect();
    change("settings", fewer.into());
    fs::write(&place, good.to_string()).unwrap();
    assert!(differences(folder.path()).is_empty());
    // A base under another name: the numbers are the same, and pictures say so.
    let base = folder.path().join("base");
    fs::rename(
        base.join("model.safetensors"),
        base.join("other.safetensors"),
    )
    .unwrap();
    let found = differences(folder.path());
    let svg = found
        .iter()
        .find(|line| line.contains("figure8.svg"))
        .unwrap();
    assert!(svg.contains("only its metadata differs"), "{found:?}");
}

#[test]
fn adapters_that_are_called_as_tables_are_adapters() {
    let folder = workshop();
    for (from, to) in [("one", "runs"), ("two", "rows")] {
        fs::rename(folder.path().join(from), folder.path().join(to)).unwrap();
    }
    done("subspace-overlap", &["runs", "rows"], folder.path());
    let place = folder.path().join("out/figures/runs-vs-rows/figure3.svg");
    let svg = fs::read_to_string(place).unwrap();
    for name in ["runs", "rows"] {
        assert!(svg.contains(&format!("{{\"of\":\"{name}\",")), "{name}");
    }
}

#[test]
fn a_set_of_two_runs_is_named() {
    let folder = made();
    // As a run leaves it that is killed between two names.
    let old = fs::read(folder.path().join("figures/tiny/figure3.svg")).unwrap();
    AdapterFolder::new(2, 7).save(&folder.path().join("one"));
    done("regenerate", &["study.toml"], folder.path());
    fs::write(folder.path().join("figures/tiny/figure3.svg"), old).unwrap();
    let found = differences(folder.path());
    assert!(
        found.len() == 1 && found[0].starts_with("figures/tiny/figure3.svg: "),
        "{found:?}"
    );
    assert!(
        found[0].ends_with("; it is not the file that files.json lists"),
        "{found:?}"
    );
}

#[test]
fn a_command_replaces_its_own_files_and_names_those_that_do_not_fit() {
    let folder = workshop();
    let overlap = ["one", "two", "--base", "base"];
    done("subspace-overlap", &overlap, folder.path());
    let outcome = done("amplification", &overlap, folder.path());
    assert!(!outcome.stderr.contains("files.json"), "{}", outcome.stderr);
    let place = folder.path().join("out/notebooks-export");
    let study = fs::read_dir(&place)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let read = || -> Value {
        serde_json::from_slice(&fs::read(study.join("files.json")).unwrap()).unwrap()
    };
    let both = listed(&read());
    assert!(both.contains_key("overlap.csv") && both.contains_key("amplification.csv"));
    for (name, digest) in &both {
        if name.ends_with(".csv") {
            assert_eq!(*digest, sha256sum(&study.join(name)));
        }
    }
    // More draws change nothing of the other's.
    let more = [&overlap[..], &["--draws", "50"]].concat();
    let outcome = done("amplification", &more, folder.path());
    assert!(
        !outcome.stderr.contains("were made with"),
        "{}",
        outcome.stderr
    );
    done("amplification", &overlap, folder.path());
    // Another adapter: what the other command made is of the one before.
    AdapterFolder::new(2, 7).save(&folder.path().join("one"));
    let outcome = done("amplification", &overlap, folder.path());
    let said = "were made with another adapter_model.safetensors of one";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    assert_eq!(read()["sets"].as_array().unwrap().len(), 2);
    let outcome = done("subspace-overlap", &overlap, folder.path());
    assert!(
        !outcome.stderr.contains("were made with another"),
        "{}",
        outcome.stderr
    );
    assert_eq!(read()["sets"].as_array().unwrap().len(), 1);
    // One that is gone is named once, one that was changed as long as it stands there.
    fs::remove_file(study.join("overlap.npz")).unwrap();
    fs::write(study.join("overlap.csv"), "mine").unwrap();
    for is_first in [true, false] {
        let outcome = done("amplification", &overlap, folder.path());
        assert_eq!(outcome.stderr.contains("overlap.npz: it is gone"), is_first);
        assert!(outcome.stderr.contains("overlap.csv: it is not the file"));
    }
}

#[test]
fn a_changed_score_changes_the_curve_and_no_other_picture() {
    let folder = made();
    let pictures = |folder: &Path| -> BTreeMap<String, Vec<u8>> {
        let place = folder.join("figures/tiny");
        let read = |name: String| (name.clone(), fs::read(place.join(name)).unwrap());
        let names = files(&place).into_iter();
        names
            .filter(|name| !name.contains(".caption."))
            .map(read)
            .collect()
    };
    let before = pictures(folder.path());
    assert!(before.contains_key("rank-curve.svg"), "{:?}", before.keys());
    let runs = folder.path().join("runs.csv");
    let text = fs::read_to_string(&runs).unwrap();
    fs::write(&runs, text.replace("0.6", "0.65")).unwrap();
    done("regenerate", &["study.toml"], folder.path());
    for (name, bytes) in pictures(folder.path()) {
        assert_eq!(
            before[&name] != bytes,
            name.starts_with("rank-curve"),
            "{name}"
        );
    }
    // An adapter changes what shows it: `three` is in the figures of seeds, and in those of table 7.
    AdapterFolder::new(2, 9).save(&folder.path().join("three"));
    let before = pictures(folder.path());
    done("regenerate", &["study.toml"], folder.path());
    let shows = ["figure4", "figure7", "seeds", "amplification"];
    for (name, bytes) in pictures(folder.path()) {
        let stem = name.split('.').next().unwrap();
        assert_eq!(before[&name] != bytes, shows.contains(&stem), "{name}");
    }
}

#[test]
fn a_check_says_where_only_the_metadata_differs() {
    let folder = made();
    // Another byte of the file's own metadata, and the same numbers.
    let place = folder.path().join("three/adapter_config.json");
    let text = fs::read_to_string(&place).unwrap();
    fs::write(&place, text + "\n").unwrap();
    let found = differences(folder.path());
    let (pictures, rest): (Vec<_>, Vec<_>) =
        found.iter().partition(|line| line.starts_with("figures/"));
    assert_eq!(pictures.len(), 4 * 3, "{found:?}");
    for line in pictures {
        let said =
            "only its metadata differs: it was made with another adapter_config.json of three";
        assert!(line.ends_with(said), "{line}");
    }
    assert!(
        rest.iter().any(|line| line.contains("files.json: ")),
        "{rest:?}"
    );
    // A picture that somebody changed differs in more.
    let path = folder.path().join("figures/tiny/figure4.svg");
    let svg = fs::read_to_string(&path).unwrap();
    fs::write(&path, svg.replace("</svg>", " </svg>")).unwrap();
    let found = differences(folder.path());
    let line = found
        .iter()
        .find(|line| line.contains("figure4.svg"))
        .unwrap();
    assert!(
        line.contains("differs from byte") && line.contains("it is not the file"),
        "{line}"
    );
}

#[test]
fn what_is_no_regular_file_is_no_result() {
    let folder = made();
    let table = folder.path().join(TABLES).join("overlap.csv");
    fs::remove_file(&table).unwrap();
    let status = Command::new("mkfifo").arg(&table).status().unwrap();
    assert!(status.success());
    let outcome = run(
        "regenerate",
        &["study.toml", "--check", "-q"],
        folder.path(),
    );
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.error().contains("it is a pipe or a device"),
        "{}",
        outcome.stderr
    );
    // A folder in a file's place: nothing is put in place at all.
    fs::remove_file(&table).unwrap();
    fs::create_dir(&table).unwrap();
    Tensors::default().save(&folder.path().join("unused.safetensors"));
    AdapterFolder::new(2, 7).save(&folder.path().join("one"));
    let before = files(folder.path());
    let digests = |names: &[String]| -> Vec<String> {
        names
            .iter()
            .map(|name| sha256sum(&folder.path().join(name)))
            .collect()
    };
    let were = digests(&before);
    let outcome = run("regenerate", &["study.toml"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.error().contains("overlap.csv: cannot write"),
        "{}",
        outcome.stderr
    );
    assert_eq!(files(folder.path()), before);
    assert_eq!(digests(&before), were);
}
