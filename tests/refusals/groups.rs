//! Patterns of runs that leave no group, with the line.

use std::fs;
use std::path::Path;

use crate::programs::run;
use crate::study::{refused, with};
use crate::workshop::{AdapterFolder, workshop};

/// A study of four runs: `one`, `two` and `three` of ranks 2, 3 and 2, and `three-b` of rank 2 and of
/// the seed of `three`. Lines 1 to 21; more begins at 22.
fn study(folder: &Path, more: &str) -> String {
    AdapterFolder::new(2, 4).save(&folder.join("three-b"));
    let adapter =
        |name: &str| format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\nseed = 5\n");
    let named = ["three", "three-b"].map(adapter).concat();
    with(&format!("{named}{more}"))
}

#[test]
fn patterns_that_match_too_little() {
    let folder = workshop();
    for (compare, words) in [
        (
            "seeds = [\"r64-*\"]",
            [
                "no adapter's name matches `r64-*`",
                "the adapters are one, two, three",
            ],
        ),
        (
            "seeds = [\"tw*\"]",
            [
                "`seeds` takes two runs or more, and has two",
                "the adapters are one, two, three",
            ],
        ),
        (
            "seeds = []",
            [
                "`seeds` takes two runs or more, and has none",
                "the adapters are",
            ],
        ),
        (
            "ranks = [\"x*\", \"two\"]",
            ["no adapter's name matches `x*`", "the adapters are"],
        ),
        (
            "base = [\"x?\"]",
            ["no adapter's name matches `x?`", "the adapters are"],
        ),
        (
            "seeds = [\"t[wo\"]",
            ["unclosed character class", "use * and ?"],
        ),
    ] {
        let text = study(folder.path(), &format!("[compare]\n{compare}\n"));
        refused(folder.path(), &text, 23, &words);
    }
}

#[test]
fn groups_without_a_pair_say_why() {
    let folder = workshop();
    for (compare, words) in [
        (
            "seeds = [\"three*\"]",
            [
                "no two runs of `seeds` differ in the seed alone",
                "one seed: three with three-b",
            ],
        ),
        (
            "seeds = [\"*\"]",
            [
                "two is the only run of rank 3",
                "no seed is known of one: give",
            ],
        ),
        (
            "ranks = [\"t*e*\", \"one\"]",
            [
                "both have rank 2: three with one, three-b with one",
                "a smaller and a larger rank",
            ],
        ),
        (
            "ranks = [\"o*\", \"two\"]",
            ["no seed is known of one", "each with a `seed`"],
        ),
        (
            "ranks = [\"t*\", \"one\"]",
            ["`t*` matches runs of ranks 2 and 3", "a pattern for each"],
        ),
    ] {
        let text = study(folder.path(), &format!("[compare]\n{compare}\n"));
        refused(folder.path(), &text, 23, &words);
    }
}

#[test]
fn labels_that_are_taken() {
    let folder = workshop();
    AdapterFolder::new(2, 9).save(&folder.path().join("three-c"));
    let third = "[[adapter]]\nname = \"three-c\"\npath = \"three-c\"\nseed = 6\n";
    let text = |more: &str| study(folder.path(), &format!("{third}{more}"));
    let words = [
        "would be called `three`",
        "an adapter has as its name",
        "another pattern",
    ];
    let seeds = "[compare]\nseeds = [\"three-*\"]\n";
    refused(folder.path(), &text(seeds), 27, &words);
    let table7 = "[amplification]\nadapters = [\"three-*\"]\n";
    refused(folder.path(), &text(table7), 27, &words);
    let reserved = text("[amplification]\nadapters = [\"base-*\"]\n");
    let reserved = reserved.replace("\"three-b\"\npath", "\"base-1\"\npath");
    let reserved = reserved.replace("\"three-c\"\npath", "\"base-2\"\npath");
    let words = ["would be called `base`", "is reserved"];
    refused(folder.path(), &reserved, 27, &words);
}

#[test]
fn one_label_for_two_groups() {
    let folder = workshop();
    AdapterFolder::new(2, 9).save(&folder.path().join("three-c"));
    let third = "[[adapter]]\nname = \"three-c\"\npath = \"three-c\"\nseed = 6\n";
    let more =
        format!("{third}[compare]\nseeds = [\"t*e-*\"]\n[amplification]\nadapters = [\"t*e*\"]\n");
    let words = ["would be called `t-e`", "as other runs of this study are"];
    // All three runs of table 7 differ in the seed.
    let text = study(folder.path(), &more).replacen("seed = 5", "seed = 8", 1);
    refused(folder.path(), &text, 29, &words);
}

#[test]
fn a_pair_to_draw_is_compared() {
    let folder = workshop();
    let more = "[compare]\nranks = [\"one\", \"two\"]\n[figures]\npair = [\"one\", \"three\"]\n";
    let words = [
        "draws one against three, which [compare] does not compare",
        "the pairs are [\"one\", \"two\"]",
    ];
    refused(folder.path(), &study(folder.path(), more), 25, &words);
    let more = "[figures]\npair = [\"one\", \"tow\"]\n";
    let words = ["[figures] names `tow`", "did you mean `two`?"];
    refused(folder.path(), &study(folder.path(), more), 23, &words);
}

#[test]
fn what_only_a_study_of_rows_states() {
    let folder = workshop();
    let more = "[compare]\nseeds_are_known = true\n";
    let words = [
        "`seeds_are_known` is for a study of rows",
        "give each [[adapter]] its `seed =`",
    ];
    refused(folder.path(), &study(folder.path(), more), 23, &words);
    let more = "[compare]\nseeds_are_known = \"yes\"\n";
    let words = ["`compare.seeds_are_known` is \"yes\"", "true or false"];
    refused(folder.path(), &study(folder.path(), more), 23, &words);
}

#[test]
fn rows_are_compared_by_name() {
    let folder = workshop();
    let rows = folder.path().join("rows");
    fs::create_dir(&rows).unwrap();
    let header = "module,layer,projection,basis,first,second,i,j,overlap,chance,z\n";
    let row = |first: &str, second: &str| format!("h.0.q,0,q,a,{first},{second},1,1,0.5,0.1,\n");
    let rows_of = [("x-0", "x-1"), ("x-1", "x-2"), ("random", "random")];
    let rows_of: String = rows_of
        .iter()
        .map(|(first, second)| row(first, second))
        .collect();
    fs::write(rows.join("overlap.csv"), format!("{header}{rows_of}")).unwrap();
    let refused = |compare: &str, words: [&str; 2]| {
        let text = format!("name = \"s\"\nrows = \"rows\"\n[compare]\n{compare}\n");
        fs::write(folder.path().join("study.toml"), text).unwrap();
        let outcome = run("regenerate", &["study.toml"], folder.path());
        assert_eq!(outcome.code, 1);
        let error = outcome.error();
        assert!(error.starts_with("error: study.toml: line 4: "), "{error}");
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    };
    let words = [
        "`x-*` is a pattern, and a study of rows",
        "they have x-0, x-1, x-2",
    ];
    refused("seeds = [\"x-*\"]", words);
    let words = ["two names, and these are 3", "name the two sides"];
    refused("seeds = [\"x-0\", \"x-1\", \"x-2\"]", words);
}

#[test]
fn rows_have_no_spectra_to_draw() {
    let folder = workshop();
    let text = "module,layer,projection,basis,first,second,i,j,overlap,chance,z\n\
                h.0.q,0,q,a,x,y,1,1,0.5,0.1,\n";
    fs::write(folder.path().join("overlap.csv"), text).unwrap();
    for figure in ["spectrum", "sizes"] {
        let text = format!("name = \"s\"\nrows = \".\"\n[figures]\nwhich = [\"{figure}\"]\n");
        fs::write(folder.path().join("study.toml"), text).unwrap();
        let outcome = run("regenerate", &["study.toml"], folder.path());
        assert_eq!(outcome.code, 1);
        let error = outcome.error();
        assert!(error.starts_with("error: study.toml: line 4: "), "{error}");
        for word in ["rows have no ΔW", "add [[adapter]]", "leave the figure out"] {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
    }
}
