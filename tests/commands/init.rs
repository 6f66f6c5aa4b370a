//! The first study of some adapters, by `regenerate --init`.

use std::fs;

use crate::made::{OF_EVERYTHING, in_svg};
use crate::programs::{files, run};
use crate::study::done;
use crate::workshop::{AdapterFolder, MODULES, base_tensors, factor, workshop};
use serde_json::json;

/// Four runs of two ranks and two seeds, and the model beside them.
pub(crate) fn runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, rank, salt) in [
        ("r2-seed0", 2, 1),
        ("r2-seed1", 2, 2),
        ("r4-seed0", 4, 3),
        ("r4-seed1", 4, 4),
    ] {
        AdapterFolder::new(rank, salt)
            .field("base_model_name_or_path", json!("models/tiny"))
            .save(&folder.path().join("runs").join(name));
    }
    base_tensors().save(&folder.path().join("models/tiny/model.safetensors"));
    folder
}

pub(crate) const PLACE: &str = "experiments/runs/study.toml";

#[test]
fn a_first_study_runs_without_edits() {
    let folder = runs();
    let outcome = done(&["--init", "runs"], folder.path());
    assert_eq!(outcome.stdout.trim(), PLACE);
    assert!(!outcome.stderr.contains("not known"), "{}", outcome.stderr);
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for line in [
        "name = \"runs\"",
        "base = \"../../models/tiny\"",
        "path = \"../../runs/r2-seed1\"",
        "seed = 1 # from the folder's name `r4-seed1`, as no config has it",
        "# PEFT LoRA; s = α/r, α = 4 from lora_alpha; q_proj, v_proj",
        "rank = 4",
        "ranks = [\"r2-*\", \"r4-*\"]",
        "seeds = [\"r2-*\", \"r4-*\"]",
        "base = [\"r2-seed0\", \"r4-seed0\"]",
        "adapters = [\"r2-seed0\", \"r4-seed0\"]",
        "# runs = \"runs.csv\"",
        "# which = [\"3\", \"8\"]",
        "[tables]",
        "[text]",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    done(&[PLACE, "--format", "svg"], folder.path());
    // Its results are beside it.
    let home = folder.path().join("experiments/runs");
    let made = files(&home.join("figures/runs"));
    assert_eq!(made, in_svg(&OF_EVERYTHING));
    let tables = files(&home.join("notebooks-export/runs"));
    assert!(tables.contains(&"table7.tex".to_string()));

    // Nothing is written over a study that is there.
    let outcome = run("regenerate", &["--init", "runs"], folder.path());
    assert_eq!(outcome.code, 1);
    assert!(outcome.error().contains("not overwritten"));
    assert_eq!(text, fs::read_to_string(folder.path().join(PLACE)).unwrap());
}

#[test]
fn in_a_clone_the_results_of_a_first_study_stand_at_the_top() {
    let folder = runs();
    fs::create_dir_all(folder.path().join("docs")).unwrap();
    fs::write(folder.path().join("docs/study.schema.json"), "{}").unwrap();
    done(&["--init", "runs"], folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    assert!(text.contains("\n[output]\nfolder = \"../..\"\n"), "{text}");
    let outcome = done(&[PLACE, "--no-figures"], folder.path());
    let first = outcome.stdout.lines().next().unwrap();
    assert!(first.starts_with("notebooks-export/runs/"), "{first}");
    assert!(
        !folder
            .path()
            .join("experiments/runs/notebooks-export")
            .exists()
    );
    let check = run("regenerate", &[PLACE, "--check"], folder.path());
    assert!(
        !check.stderr.contains("nothing has been made"),
        "{}",
        check.stderr
    );
}

#[test]
fn a_copy_is_no_second_seed_and_another_scale_is_said() {
    let folder = runs();
    let runs = folder.path().join("runs");
    AdapterFolder::new(4, 3)
        .field("base_model_name_or_path", json!("models/tiny"))
        .save(&runs.join("r4-seed1"));
    let outcome = done(&["--init", "runs"], folder.path());
    let said = "r4-seed1 is left out: it has the same bytes in its weight file as r4-seed0";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    fs::remove_file(folder.path().join(PLACE)).unwrap();
    fs::remove_dir_all(runs.join("r2-seed0")).unwrap();
    let seed =
        |salt| AdapterFolder::new(4, salt).field("base_model_name_or_path", json!("models/tiny"));
    seed(4).save(&runs.join("r4-seed1"));
    seed(3)
        .field("use_rslora", json!(true))
        .save(&runs.join("r4-seed0"));
    let outcome = done(&["--init", "runs"], folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for remark in [
        "they are scaled by s = α/√r (use_rslora) and by s = α/r, so that more than the seed differs",
        "different seeds; they are scaled by s = α/r and by s = α/√r (use_rslora).",
    ] {
        assert!(text.contains(remark), "{}\n{text}", outcome.stderr);
    }
}

#[test]
fn every_run_has_a_place_or_a_reason() {
    let folder = runs();
    let runs = folder.path().join("runs");
    let save = |name: &str, rank, salt, alpha: u64| {
        let run = AdapterFolder::new(rank, salt).field("lora_alpha", json!(alpha));
        run.save(&runs.join(name));
    };
    // One more seed, whose name no pattern of the others' has; a rank of its own; another scale; and
    // one whose seed nobody knows.
    save("more-seed2", 4, 7, 4);
    save("r3-seed0", 3, 8, 4);
    save("r2-seed5", 2, 9, 16);
    save("r2-again", 2, 11, 4);
    let outcome = done(&["--init", "runs"], folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for line in [
        "ranks = [\"r2-seed0\", \"r4-seed1\"]",
        "seeds = [\"r2-seed0\", \"r2-seed1\", \"r4-seed0\", \"r4-seed1\", \"more-seed2\"]",
    ] {
        let has = text.lines().any(|found| found == line);
        assert!(has, "{line} is not in\n{text}");
    }
    for sentence in [
        "r3-seed0 is compared with no other run: it is the only run of rank 3",
        "r2-seed5 is compared with no other run: no other run of rank 2 differs from it in the seed alone",
        "r2-again is compared with no other run: its seed is not known",
    ] {
        assert!(outcome.stderr.contains(sentence), "{}", outcome.stderr);
        assert!(text.contains(&format!("# Not known: {sentence}")), "{text}");
    }
    done(&[PLACE, "--no-figures"], folder.path());
}

#[test]
fn runs_without_seeds_are_two_that_are_named() {
    let folder = runs();
    let runs = folder.path().join("runs");
    for (name, other) in [
        ("r4-seed0", "one"),
        ("r4-seed1", "two"),
        ("r2-seed0", "three"),
    ] {
        fs::rename(runs.join(name), runs.join(other)).unwrap();
    }
    fs::remove_dir_all(runs.join("r2-seed1")).unwrap();
    let outcome = done(&["--init", "runs"], folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    assert!(text.contains("\nseeds = [\"one\", \"two\"]\n"), "{text}");
    assert!(text.contains("taken for two seeds, as their seeds are not known"));
    assert!(text.contains("\nranks = [\"three\", \"one\"]\n"), "{text}");
    assert!(!outcome.stderr.contains("compared with no other"));
}

#[test]
fn adapters_are_given_one_by_one_and_elsewhere() {
    let folder = runs();
    let arguments = ["--init", "runs/r2-seed0", "runs/r4-seed1", "--out", "there"];
    let outcome = done(&arguments, folder.path());
    assert_eq!(outcome.stdout.trim(), "there/experiments/runs/study.toml");
    let text = fs::read_to_string(folder.path().join("there").join(PLACE)).unwrap();
    assert!(text.contains("\n# Figures 4 and 7 take two seeds of one rank.\n# seeds = "));
    for path in ["../../../runs/r2-seed0", "../../../runs/r4-seed1"] {
        assert!(text.contains(&format!("path = \"{path}\"")), "{text}");
    }
    assert!(
        text.contains("\nbase = \"../../../models/tiny\"\n"),
        "{text}"
    );
    done(
        &["there/experiments/runs/study.toml", "--no-figures"],
        folder.path(),
    );
}

#[test]
fn what_a_first_study_cannot_know_is_said() {
    let folder = runs();
    let runs = folder.path().join("runs");
    fs::rename(runs.join("r4-seed1"), runs.join("large")).unwrap();
    fs::remove_dir_all(folder.path().join("models")).unwrap();
    fs::write(runs.join("log.txt"), "").unwrap();
    // One of another model, one that is damaged, one whose config has the seed.
    let mut wide = AdapterFolder::new(2, 5);
    for module in MODULES {
        wide = wide.tensors(|tensors| tensors.with(&factor(module, 'A'), &[2, 9], 1));
    }
    wide.save(&runs.join("wide-seed0"));
    fs::create_dir_all(runs.join("broken")).unwrap();
    fs::write(runs.join("broken/adapter_config.json"), "{").unwrap();
    AdapterFolder::new(2, 7)
        .field("seed", json!(7))
        .save(&runs.join("r2-x"));
    let arguments = ["--init", "runs", "runs/log.txt"];
    let outcome = done(&arguments, folder.path());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    for sentence in [
        "the seeds of large",
        "large is compared with no other run: its seed is not known",
        "the base `models/tiny` is neither a local path nor in the Hugging Face cache",
        "wide-seed0 is left out: it is of another base than r2-seed0",
        "broken is left out",
        "runs/log.txt is left out",
    ] {
        assert!(
            outcome.stderr.contains(sentence),
            "{sentence}: {}",
            outcome.stderr
        );
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
    assert!(
        text.contains("seed = 7 # from adapter_config.json"),
        "{text}"
    );
    assert!(text.contains("\n# seed = ?\n") && text.contains("\n# base = \"PATH\"\n"));
    done(&[PLACE, "--no-figures"], folder.path());
}

#[test]
fn the_base_is_found_in_the_hugging_face_cache() {
    let folder = runs();
    let model = folder.path().join("hub/models--models--tiny");
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::create_dir_all(model.join("snapshots")).unwrap();
    fs::write(model.join("refs/main"), "0e9").unwrap();
    let local = folder.path().join("models/tiny");
    fs::rename(local, model.join("snapshots/0e9")).unwrap();
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_regenerate"))
        .args(["--init", "runs", "-q"])
        .env("HF_HUB_CACHE", folder.path().join("hub"))
        .current_dir(folder.path())
        .status();
    assert!(status.unwrap().success());
    let text = fs::read_to_string(folder.path().join(PLACE)).unwrap();
    assert!(
        text.contains("\nbase = \"../../hub/models--models--tiny/snapshots/0e9\"\n"),
        "{text}"
    );
    done(&[PLACE, "--no-figures"], folder.path());
}

#[test]
fn a_folder_without_adapters_gives_no_study() {
    let folder = workshop();
    fs::create_dir(folder.path().join("empty")).unwrap();
    for path in ["empty", "base", "nowhere"] {
        let outcome = run("regenerate", &["--init", path], folder.path());
        assert_eq!(outcome.code, 1, "{path}");
        assert!(
            outcome.error().contains("no adapter"),
            "{}",
            outcome.error()
        );
    }
    assert!(!folder.path().join("experiments").exists());
    let outcome = run("regenerate", &["--init"], folder.path());
    assert_eq!(outcome.code, 2);
}
