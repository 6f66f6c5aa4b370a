//! `subspace-overlap` on good input: its cells and figures.

use crate::made::{done, figure_files, header, in_svg, table};
use crate::programs::files;
use crate::workshop::{AdapterFolder, D_IN, D_OUT, MODULES, factor, workshop};

#[test]
fn two_ranks_give_figures_3_and_6_and_every_cell() {
    let folder = workshop();
    let outcome = done("subspace-overlap", &["one", "two"], folder.path());
    let out = folder.path().join("out");
    assert_eq!(
        files(&out.join("figures/one-vs-two")),
        figure_files(&["figure3", "figure6", "spectrum"])
    );
    assert_eq!(
        files(&out.join("notebooks-export/one-vs-two")),
        [
            "files.json",
            "overlap.csv",
            "overlap.npz",
            "run-subspace-overlap.json",
            "spectrum.csv"
        ]
    );
    assert_eq!(
        header(folder.path(), "one-vs-two", "overlap.csv"),
        "module,component,layer,projection,basis,first,second,i,j,overlap,chance,z,limit"
    );
    // Four modules; 2 × 3 cells between the adapters. No figure of two ranks shows random directions.
    assert_eq!(
        table(folder.path(), "one-vs-two", "overlap.csv").len(),
        4 * 6
    );
    // stdout is data: the answers, then the files made. stderr says what was assumed.
    let (answers, made) = outcome.stdout.split_once("\n\n").unwrap();
    assert!(made.lines().all(|line| folder.path().join(line).is_file()));
    let answers: Vec<&str> = answers.lines().collect();
    assert!(answers[0].starts_with("one against two, basis a: median"));
    // Then the verdicts that two runs allow, whose seeds nobody knows.
    let verdicts: Vec<&&str> = answers[3..].iter().collect();
    assert!(
        verdicts
            .iter()
            .all(|line| line.contains(": cannot be told — "))
    );
    assert!(verdicts[0].starts_with("ranks: ") && verdicts[0].contains("`seed =` is missing"));
    // Rank 2 against rank 3 in R^5: chance is 1/5 and 2/5.
    for (line, projection) in answers[1..3].iter().zip(["q_proj", "v_proj"]) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            [words[0], words[1], words[7]],
            [projection, "φ(1,1)", "0.200"],
            "{line}"
        );
        assert_eq!([words[8], words[14]], ["φ(2,2)", "0.400"], "{line}");
    }
    assert!(
        outcome
            .stderr
            .contains("one: PEFT LoRA, rank 2, 4 modules, s = α/r, α = 4")
    );
    assert!(outcome.stderr.contains("figures 4 and 7 are not drawn"));
}

#[test]
fn one_rank_gives_figures_4_and_7() {
    let folder = workshop();
    done(
        "subspace-overlap",
        &["one", "three", "--format", "svg"],
        folder.path(),
    );
    let names = files(&folder.path().join("out/figures/one-vs-three"));
    let expected = ["figure4", "figure7", "seeds", "spectrum"];
    assert_eq!(names, in_svg(&expected));
    // 2 × 2 cells between the adapters, and between random directions and the second.
    let rows = table(folder.path(), "one-vs-three", "overlap.csv");
    assert_eq!(rows.len(), 4 * (4 + 4));
}

#[test]
fn one_adapter_is_held_against_random_directions() {
    let folder = workshop();
    done("subspace-overlap", &["two"], folder.path());
    let rows = table(folder.path(), "two", "overlap.csv");
    assert_eq!(rows.len(), 4 * 9);
    assert!(rows.iter().all(|row| &row[4] == "random"));
}

#[test]
fn a_base_adds_figure_8() {
    let folder = workshop();
    done(
        "subspace-overlap",
        &["one", "two", "--base", "base"],
        folder.path(),
    );
    let names = files(&folder.path().join("out/figures/one-vs-two"));
    assert_eq!(
        names,
        figure_files(&["figure3", "figure6", "figure8", "placement", "spectrum"])
    );
    let rows = table(folder.path(), "one-vs-two", "overlap.csv");
    let of = |first: &str, second: &str| {
        rows.iter()
            .filter(|row| &row[4] == first && &row[5] == second)
            .count()
    };
    // d = 5: ⌈5/10⌉ = 1 direction of W.
    assert_eq!(
        (of("base", "one"), of("base", "two"), of("base", "random")),
        (8, 12, 16)
    );
}

#[test]
fn bases_ranks_modules_and_layers_are_chosen_by_flags() {
    let folder = workshop();
    let arguments = [
        "one",
        "two",
        "--basis",
        "b",
        "--basis",
        "delta-right",
        "--rank",
        "1",
        "--modules",
        "*q_proj",
        "--layers",
        "1",
        "--format",
        "svg",
    ];
    done("subspace-overlap", &arguments, folder.path());
    let rows = table(folder.path(), "one-vs-two", "overlap.csv");
    assert_eq!(rows.len(), 2); // two bases, one cell each
    assert!(
        rows.iter()
            .all(|row| &row[0] == "m.layers.1.q_proj" && &row[1] == "1" && &row[2] == "q_proj")
    );
    // d is d_out for b and d_in for delta-right.
    assert_eq!((&rows[0][3], &rows[0][9]), ("b", "0.166666667"));
    assert_eq!((&rows[1][3], &rows[1][9]), ("delta-right", "0.2"));
    let names = files(&folder.path().join("out/figures/one-vs-two"));
    assert_eq!(
        names,
        in_svg(&[
            "figure3-b",
            "figure3-delta-right",
            "figure6-b",
            "figure6-delta-right",
            "spectrum"
        ])
    );
}

#[test]
fn an_adapter_against_itself_overlaps_wholly() {
    let folder = workshop();
    // The same factors in another file.
    AdapterFolder::new(2, 1)
        .tensors(|tensors| tensors.with("base_model.model.classifier.weight", &[3, 6], 1))
        .save(&folder.path().join("again"));
    done(
        "subspace-overlap",
        &["one", "again", "--no-figures", "--basis", "delta-left"],
        folder.path(),
    );
    let name = files(&folder.path().join("out"))
        .iter()
        .find(|name| name.ends_with("overlap.csv"))
        .unwrap()
        .clone();
    let mut cells = 0;
    for row in csv::Reader::from_path(folder.path().join("out").join(name))
        .unwrap()
        .records()
    {
        let row = row.unwrap();
        if &row[5] != "random" {
            cells += 1;
            assert!((row[9].parse::<f64>().unwrap() - 1.0).abs() < 1e-9);
        }
    }
    assert_eq!(cells, 4 * 4);
}

#[test]
fn another_seed_draws_other_directions() {
    let folder = workshop();
    let random = |seed: &str| {
        done(
            "subspace-overlap",
            &["one", "three", "--no-figures", "--seed", seed],
            folder.path(),
        );
        let rows = table(folder.path(), "one-vs-three", "overlap.csv");
        rows.into_iter()
            .partition::<Vec<_>, _>(|row| &row[4] == "random")
    };
    let ((random0, learned0), (random1, learned1)) = (random("0"), random("1"));
    assert_eq!(learned0, learned1);
    assert_ne!(random0, random1);
}

#[test]
fn placement_is_written_where_adapters_are_held_against_a_base() {
    let folder = workshop();
    let untrained = AdapterFolder::new(2, 4).tensors(|tensors| {
        let name = factor(MODULES[0], 'B');
        tensors.without(&name).constant(&name, &[D_OUT, 2], 0.0)
    });
    untrained.save(&folder.path().join("untrained"));
    let arguments = ["one", "untrained", "--base", "base"];
    done("subspace-overlap", &arguments, folder.path());
    let study = "one-vs-untrained";
    assert_eq!(
        header(folder.path(), study, "placement.csv"),
        "module,component,layer,projection,adapter,k,side,share,chance,sd,z,enrichment,sin_theta_bound"
    );
    let rows = table(folder.path(), study, "placement.csv");
    let ks = (0..)
        .map(|power| 1 << power)
        .take_while(|&k| k < D_OUT.min(D_IN));
    assert_eq!(rows.len(), MODULES.len() * 2 * ks.count() * 3);
    for row in &rows {
        let is_zero = &row[3] == "untrained" && row[0].contains(MODULES[0]);
        let is_empty = [6, 8, 9, 10].map(|column| row[column].is_empty());
        assert_eq!(is_empty, [is_zero; 4], "{row:?}");
        assert!(row[7].parse::<f64>().unwrap() > 0.0);
    }
    // Without a base there is nothing to be placed in.
    done("subspace-overlap", &["one", "two"], folder.path());
    let tables = folder.path().join("out/notebooks-export/one-vs-two");
    assert!(!tables.join("placement.csv").exists());
}

#[test]
fn patterns_stand_apart_by_commas_as_by_repeats() {
    let folder = workshop();
    let rows = |modules: &[&str], out: &str| {
        let arguments = [&["one", "two", "--no-figures", "--out", out], modules].concat();
        done("subspace-overlap", &arguments, folder.path());
        let path = folder.path().join(out).join("notebooks-export/one-vs-two");
        std::fs::read_to_string(path.join("overlap.csv")).unwrap()
    };
    let repeats = rows(&["--modules", "q_proj", "--modules", "!*.1.*"], "repeats");
    assert!(repeats.contains("m.layers.0.q_proj") && !repeats.contains("v_proj"));
    assert_eq!(rows(&["--modules", "q_proj,!*.1.*"], "commas"), repeats);
    let both = rows(&["--modules", "{q,v}_proj"], "braces");
    assert!(both.contains("m.layers.0.v_proj") && both.len() > repeats.len());
    assert_eq!(rows(&["--modules", "q_proj, v_proj"], "spaces"), both);
}
