//! Study files that are wrong: one error each, with the line and what to do, before any work.

use std::fs;
use std::path::Path;

use crate::programs::{Outcome, run};
use crate::workshop::{AdapterFolder, workshop};
use serde_json::json;

/// A good study of the workshop's adapters, lines 1 to 13.
pub(crate) const GOOD: &str = "\
name = \"s\"
base = \"base\"

[[adapter]]
name = \"one\"
path = \"one\"
rank = 2

[[adapter]]
name = \"two\"
path = \"two\"
seed = 0

";

pub(crate) fn regenerate(folder: &Path, text: &str) -> Outcome {
    fs::write(folder.join("study.toml"), text).unwrap();
    let arguments = ["study.toml", "--out", "out", "--no-figures"];
    run("regenerate", &arguments, folder)
}

/// The study is refused with one line that says where and what; nothing is written.
pub(crate) fn refused(folder: &Path, text: &str, line: usize, words: &[&str]) {
    let outcome = regenerate(folder, text);
    assert_eq!(outcome.code, 1, "{text}\n{}", outcome.stderr);
    let error = outcome.error();
    let place = format!("error: study.toml: line {line}: ");
    assert!(error.starts_with(&place), "not {place}: {error}");
    for word in words {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert!(error.contains("; "), "no remedy in: {error}");
    assert_eq!(outcome.stderr.matches("error:").count(), 1);
    assert!(!folder.join("out").exists());
}

pub(crate) fn with(more: &str) -> String {
    format!("{GOOD}{more}")
}

#[test]
fn the_study_that_the_others_are_made_of_is_good() {
    let folder = workshop();
    let outcome = regenerate(folder.path(), GOOD);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn a_text_that_is_no_toml() {
    let folder = workshop();
    refused(folder.path(), "name = \n", 1, &["compare with"]);
    refused(folder.path(), &with("[compare\n"), 14, &[]);
    refused(folder.path(), &with("name = one\n"), 14, &[]);
    let twice = GOOD.replace("path = \"two\"", "path = \"two\"\npath = \"one\"");
    refused(folder.path(), &twice, 12, &["duplicate key"]);
}

#[test]
fn unknown_keys_with_the_nearest_known_one() {
    let folder = workshop();
    let text = GOOD.replace("base =", "bse =");
    refused(
        folder.path(),
        &text,
        2,
        &["unknown key `bse`", "did you mean `base`?"],
    );
    let text = GOOD.replace("rank =", "ranc =");
    let words = ["unknown key `ranc` in [[adapter]]", "did you mean `rank`?"];
    refused(folder.path(), &text, 7, &words);
    let text = with("[figures]\nlayer = 0\nlayrs = [0]\n");
    let words = ["unknown key `layrs` in [figures]", "did you mean `layers`?"];
    refused(folder.path(), &text, 16, &words);
    let words = [
        "unknown key `colour` in [print]",
        "the keys there are venue",
    ];
    refused(folder.path(), &with("[print]\ncolour = 1\n"), 15, &words);
    let words = [
        "unknown key `folders` in [output]",
        "did you mean `folder`?",
    ];
    refused(
        folder.path(),
        &with("[output]\nfolders = \"x\"\n"),
        15,
        &words,
    );
    let words = ["unknown key `figure`", "did you mean `figures`?"];
    refused(folder.path(), &with("[figure]\nlayer = 0\n"), 14, &words);
}

#[test]
fn missing_keys() {
    let folder = workshop();
    let words = ["`name` is missing", "add name = "];
    refused(folder.path(), &GOOD.replace("name = \"s\"", ""), 1, &words);
    let words = ["`path` is missing in [[adapter]]", "add path = "];
    refused(
        folder.path(),
        &GOOD.replace("path = \"two\"\n", ""),
        9,
        &words,
    );
    let words = ["`adapter` is missing", "add [[adapter]]"];
    refused(folder.path(), "name = \"s\"\n", 1, &words);
}

#[test]
fn values_of_another_type() {
    let folder = workshop();
    for (more, line, words) in [
        (
            "[compare]\nbase = \"one\"\n",
            15,
            ["`compare.base` is \"one\"", "a list, each a text"],
        ),
        (
            "[compare]\nranks = [\"one\"]\n",
            15,
            ["`compare.ranks` is a list of 1", "a list of two"],
        ),
        (
            "[compare]\nranks = [\"one\",\n  2]\n",
            16,
            ["`compare.ranks[1]` is 2", "a text in quotes"],
        ),
        (
            "[figures]\nlayer = \"0\"\n",
            15,
            ["`figures.layer` is \"0\"", "a whole number"],
        ),
        (
            "[figures]\nlayers = [0, -1]\n",
            15,
            ["`figures.layers[1]` is -1", "a whole number"],
        ),
        ("[figures]\nlayer = 0.5\n", 15, ["is 0.5", "write layer = "]),
        (
            "[text]\nquestion = true\n",
            15,
            ["is true", "a text in quotes"],
        ),
        (
            "[output]\nfolder = [\"x\"]\n",
            15,
            ["`output.folder` is a list of 1", "a text in quotes"],
        ),
        (
            "[[figures]]\nlayer = 0\n",
            14,
            ["`figures` is a list of 1", "write [figures]"],
        ),
    ] {
        refused(folder.path(), &with(more), line, &words);
    }
    let text = GOOD.replace("rank = 2", "rank = 0");
    refused(folder.path(), &text, 7, &["is 0", "a whole number from 1"]);
    let text = GOOD.replace("base = \"base\"", "draws = 0");
    let words = ["`draws` is 0", "a whole number from 1"];
    refused(folder.path(), &text, 2, &words);
    let text = GOOD.replace("base = \"base\"", "draws = \"many\"");
    refused(
        folder.path(),
        &text,
        2,
        &["`draws` is \"many\"", "write draws = 20"],
    );
    let text = "name = \"s\"\nadapter = []\n";
    refused(
        folder.path(),
        text,
        2,
        &["a list of 0", "write [[adapter]]"],
    );
}

#[test]
fn words_that_are_none_of_a_few() {
    let folder = workshop();
    for (more, words) in [
        (
            "[compare]\nbases = [\"c\"]\n",
            ["`bases` has no \"c\"", "use one of a, b, delta-right"],
        ),
        (
            "[figures]\nbases = [\"delta-rigth\"]\n",
            ["delta-rigth", "did you mean `delta-right`?"],
        ),
        (
            "[figures]\nwhich = [\"5\"]\n",
            ["`which` has no \"5\"", "use one of 3, 4, 6, 7, 8"],
        ),
        (
            "[tables]\nwhich = [\"8\"]\n",
            ["`which` has no \"8\"", "use one of 5, 6, 7, 18"],
        ),
        (
            "[print]\nvenue = \"ICML\"\n",
            ["`venue` has no \"ICML\"", "icml"],
        ),
        (
            "[print]\nvenue = \"neurip\"\n",
            ["neurip", "did you mean `neurips`?"],
        ),
    ] {
        refused(folder.path(), &with(more), 15, &words);
    }
}

#[test]
fn names_that_are_reserved_double_or_no_names() {
    let folder = workshop();
    let text = GOOD.replace("name = \"s\"", "name = \"../s\"");
    refused(folder.path(), &text, 1, &["../s", "it names files"]);
    let text = GOOD.replace("name = \"two\"", "name = \"t/wo\"");
    refused(folder.path(), &text, 10, &["t/wo", "it names files"]);
    let text = GOOD.replace("name = \"two\"", "name = \"one\"");
    let words = ["two adapters are named \"one\"", "its own name"];
    refused(folder.path(), &text, 10, &words);
    for reserved in ["base", "random"] {
        let text = GOOD.replace("name = \"two\"", &format!("name = \"{reserved}\""));
        refused(folder.path(), &text, 10, &["reserved", "another name"]);
    }
}

#[test]
fn names_that_no_adapter_has() {
    let folder = workshop();
    for (more, line, nearest) in [
        (
            "[compare]\nranks = [\"one\", \"tow\"]\n",
            15,
            "did you mean `two`?",
        ),
        (
            "[compare]\nseeds = [\n  \"one\",\n  \"seven\"]\n",
            17,
            "the adapters are one, two",
        ),
        (
            "[compare]\nbase = [\"two\", \"on\"]\n",
            15,
            "did you mean `one`?",
        ),
        (
            "[compare]\nalso = [[\"one\", \"two\"],\n  [\"one\", \"twos\"]]\n",
            16,
            "did you mean `two`?",
        ),
        (
            "[amplification]\nadapters = [\"base\"]\n",
            15,
            "the adapters are one, two",
        ),
    ] {
        let words = ["there is no adapter `", nearest];
        refused(folder.path(), &with(more), line, &words);
    }
}

#[test]
fn paths_that_do_not_exist() {
    let folder = workshop();
    let text = GOOD.replace("base = \"base\"", "base = \"bose\"");
    refused(
        folder.path(),
        &text,
        2,
        &["base: bose: no such file or folder", "hf download bose"],
    );
    let text = GOOD.replace("path = \"two\"", "path = \"tow\"");
    refused(folder.path(), &text, 11, &["adapter `two`: tow: no such"]);
    // What is wrong with an adapter itself is found there too.
    AdapterFolder::new(2, 1)
        .field("lora_alpha", json!(null))
        .save(&folder.path().join("two"));
    refused(
        folder.path(),
        GOOD,
        11,
        &["adapter `two`: two", "lora_alpha is missing"],
    );
}

#[test]
fn published_figures_come_from_a_study_of_rows() {
    let folder = workshop();
    let text = with("").replacen("base = ", "published = \"none.toml\"\nbase = ", 1);
    refused(
        folder.path(),
        &text,
        2,
        &["no study none.toml", "lora-paper"],
    );
    fs::write(folder.path().join("other.toml"), GOOD).unwrap();
    let text = text.replace("none.toml", "other.toml");
    refused(folder.path(), &text, 2, &["study s has no rows"]);
}

#[test]
fn ranks_layers_and_projections_that_no_adapter_has() {
    let folder = workshop();
    let text = GOOD.replace("rank = 2", "rank = 8");
    let words = ["adapter `one` has rank 2, not 8", "correct the rank"];
    refused(folder.path(), &text, 7, &words);
    for (more, line, words) in [
        (
            "[figures]\nlayer = 9\n",
            15,
            ["layer 9, which no adapter has", "they have 0-1"],
        ),
        (
            "[figures]\nlayers = [\n  0,\n  7]\n",
            17,
            ["layer 7, which no adapter has", "they have 0-1"],
        ),
        (
            "[figures]\nprojections = [\"q_proj\", \"vproj\"]\n",
            15,
            ["projection `vproj`", "did you mean `v_proj`?"],
        ),
    ] {
        refused(folder.path(), &with(more), line, &words);
    }
}

#[test]
fn figures_and_tables_that_nothing_gives() {
    let folder = workshop();
    for (more, words) in [
        (
            "[figures]\nwhich = [\"4\"]\n",
            ["nothing is compared that figure 4 shows", "seeds = "],
        ),
        (
            "[figures]\nwhich = [\"8\"]\n",
            ["nothing is compared that figure 8 shows", "[compare]"],
        ),
        (
            "[figures]\nwhich = [\"3\"]\n[compare]\nseeds = [\"one\", \"two\"]\n",
            ["nothing is compared that figure 3 shows", "ranks = "],
        ),
        (
            "[figures]\nwhich = [\"seeds\"]\n",
            ["nothing is compared that figure seeds shows", "seeds = "],
        ),
        (
            "[figures]\nwhich = [\"placement\"]\n",
            [
                "no ΔW is held against a W that is measured",
                "base = [\"ADAPTER\"]",
            ],
        ),
    ] {
        refused(folder.path(), &with(more), 15, &words);
    }
    let text = with("[tables]\nwhich = [\"7\"]\n").replace("base = \"base\"", "");
    refused(
        folder.path(),
        &text,
        15,
        &["table 7 compares ΔW with W", "add base = "],
    );
}
