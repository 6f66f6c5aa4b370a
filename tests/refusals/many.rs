//! `[many]` that cannot be: one error each, with the line, and nothing is written.

use crate::files::Tensors;
use crate::programs::run;
use crate::study::{refused, regenerate};
use crate::workshop::{AdapterFolder, D_IN, D_OUT, factor, workshop};

/// A study of three adapters without a base; what follows begins at line 14.
fn with(more: &str) -> String {
    let entry = |name: &str, seed: u64| {
        format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\nseed = {seed}\n")
    };
    let adapters: Vec<String> = ["one", "two", "three"].map(|name| entry(name, 0)).into();
    format!("name = \"s\"\n{}{more}", adapters.concat())
}

#[test]
fn the_study_that_the_others_are_made_of_is_good() {
    let folder = workshop();
    let outcome = regenerate(folder.path(), &with("[many]\n"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn adapters_that_are_not_there_or_too_few() {
    let folder = workshop();
    for (keys, line, words) in [
        (
            "adapters = [\"one\", \"tow\"]\n",
            15,
            ["[many] names `tow`", "did you mean `two`?"],
        ),
        ("adapters = [\"x*\"]\n", 15, ["`x*`", "one, two, three"]),
        (
            "adapters = [\"one\"]\n",
            15,
            [
                "takes two adapters or more, and has one",
                "name more of them",
            ],
        ),
        (
            "adapters = []\n",
            15,
            [
                "takes two adapters or more, and has none",
                "name more of them",
            ],
        ),
        ("k = 0\n", 15, ["`many.k` is 0", "a whole number from 1"]),
        (
            "draws = 0\n",
            15,
            ["`many.draws` is 0", "a whole number from 1"],
        ),
        (
            "bases = [\"left\"]\n",
            15,
            ["`bases` has no \"left\"", "delta-left"],
        ),
        (
            "labels = [\"lable\"]\n",
            15,
            ["`labels` has no \"lable\"", "use one of"],
        ),
        (
            "adapter = [\"one\"]\n",
            15,
            [
                "unknown key `adapter` in [many]",
                "did you mean `adapters`?",
            ],
        ),
    ] {
        refused(
            folder.path(),
            &with(&format!("[many]\n{keys}")),
            line,
            &words,
        );
    }
    let only = "name = \"s\"\n[[adapter]]\nname = \"one\"\npath = \"one\"\n[many]\n";
    refused(
        folder.path(),
        only,
        5,
        &["takes two adapters or more, and has one"],
    );
}

#[test]
fn labels_that_tell_nothing_apart() {
    let folder = workshop();
    for (keys, line, words) in [
        (
            "labels = [\"rank\", \"seed\"]\n",
            15,
            [
                "label `seed` has one group: all of the 3 adapters that have it have \"0\"",
                "leave the label out",
            ],
        ),
        (
            "labels = [\"task\"]\n",
            15,
            [
                "no adapter has a `task`",
                "give each [[adapter]] its `task`",
            ],
        ),
    ] {
        refused(
            folder.path(),
            &with(&format!("[many]\n{keys}")),
            line,
            &words,
        );
    }
    let differ = with("[many]\nlabels = [\"seed\"]\n")
        .replacen("seed = 0", "seed = 1", 1)
        .replacen("seed = 0", "seed = 2", 1);
    refused(
        folder.path(),
        &differ,
        15,
        &["no two adapters agree in `seed`"],
    );
    // A label that nobody asked for has no rows, and that is no error.
    let outcome = regenerate(folder.path(), &with("[many]\n"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let groups = folder.path().join("out/notebooks-export/s/groups.csv");
    let text = std::fs::read_to_string(groups).unwrap();
    assert!(text.contains("rank,") && !text.contains("seed,"), "{text}");
}

/// An adapter of one module alone.
fn alone(module: &str, salt: u32) -> AdapterFolder {
    let tensors = Tensors::default()
        .with(&factor(module, 'A'), &[2, D_IN], salt)
        .with(&factor(module, 'B'), &[D_OUT, 2], salt + 1);
    AdapterFolder::new(2, salt).tensors(|_| tensors)
}

#[test]
fn adapters_without_a_module_in_common() {
    let folder = workshop();
    for (name, layer) in [("one", 7), ("two", 8), ("three", 9)] {
        let module = format!("layers.{layer}.q_proj");
        alone(&module, layer).save(&folder.path().join(name));
    }
    let words = [
        "no two of the 3 adapters have a module in common: one adapts `m.layers.7.q_proj`, three adapts \
         `m.layers.9.q_proj`",
        "give adapters of one model",
    ];
    refused(folder.path(), &with("[many]\n"), 14, &words);
    // Two have one, and the third has none of theirs.
    for (name, salt) in [("one", 1), ("two", 2)] {
        AdapterFolder::new(2, salt).save(&folder.path().join(name));
    }
    let words = [
        "three has no module that another adapter has: three adapts `m.layers.9.q_proj`",
        "leave it out",
    ];
    refused(folder.path(), &with("[many]\n"), 14, &words);
    // The same on a command line.
    for name in ["four", "five"] {
        AdapterFolder::new(2, 4).save(&folder.path().join(name));
    }
    let arguments = ["one", "two", "three", "four", "five"];
    let outcome = run("subspace-overlap", &arguments, folder.path());
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.error().contains("three has no module"),
        "{}",
        outcome.error()
    );
    assert!(!folder.path().join("out").exists());
}

#[test]
fn rows_and_figures_without_many() {
    let folder = workshop();
    let figure = "[figures]\nwhich = [\"many\"]\n";
    let words = [
        "many adapters are not put side by side",
        "add [many], or leave the figure out",
    ];
    refused(folder.path(), &with(figure), 15, &words);
    let rows = "name = \"s\"\nrows = \"rows\"\n[many]\n";
    refused(
        folder.path(),
        rows,
        2,
        &[
            "measures nothing, so it has no `many`",
            "leave out rows or many",
        ],
    );
}
