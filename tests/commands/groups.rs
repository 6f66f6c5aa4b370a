//! Runs that are compared as one: which pairs a pattern has, and what is known of their seeds.

use std::fs;
use std::path::Path;

use crate::workshop::{AdapterFolder, base_tensors};
use lora_subspace::findings::Evidence;
use lora_subspace::results::{Grid, Results};
use lora_subspace::study::{AdapterId, Pairs, Plan, Request, Seeds};
use serde_json::json;

/// A run in `runs/NAME`, of rank and seed as its name says: `r2-s0`.
pub(crate) fn save(folder: &Path, name: &str, adapter: &AdapterFolder) {
    adapter.save(&folder.join("runs").join(name));
}

fn parts(name: &str) -> (usize, u32) {
    let (rank, seed) = name.split_once("-s").unwrap();
    (rank[1..].parse().unwrap(), seed.parse().unwrap())
}

pub(crate) const NAMES: [&str; 6] = ["r2-s0", "r2-s1", "r2-s2", "r2-s3", "r3-s0", "r3-s1"];

/// Four runs of rank 2 and two of rank 3, and W.
pub(crate) fn runs() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let (rank, seed) = parts(name);
        let salt = 1 + seed + 100 * rank as u32;
        save(folder.path(), name, &AdapterFolder::new(rank, salt));
    }
    base_tensors().save(&folder.path().join("base/model.safetensors"));
    folder
}

/// A study of the runs with seeds as their names say, and more below.
pub(crate) fn text(names: &[&str], more: &str) -> String {
    let adapter = |name: &&str| {
        let (_, seed) = parts(name);
        format!("[[adapter]]\nname = \"{name}\"\npath = \"runs/{name}\"\nseed = {seed}\n")
    };
    let adapters: String = names.iter().map(adapter).collect();
    format!("name = \"s\"\nbase = \"base\"\n{adapters}{more}")
}

pub(crate) fn plan(folder: &Path, text: &str) -> Plan {
    let file = folder.join("study.toml");
    fs::write(&file, text).unwrap();
    Plan::from_file(&file, &Request::everything()).unwrap()
}

pub(crate) fn warnings(plan: &Plan) -> String {
    plan.measured().unwrap().warnings.join("\n")
}

/// The names of the pairs of a group.
pub(crate) fn pairs(plan: &Plan, pairs: &Pairs) -> Vec<String> {
    let name = |id| plan.adapter_name(id);
    let named = |&[one, other]: &[AdapterId; 2]| format!("{} {}", name(one), name(other));
    pairs.pairs.iter().map(named).collect()
}

pub(crate) fn grid<'a>(results: &'a Results, module: &str, first: &str, second: &str) -> &'a Grid {
    let is_it =
        |grid: &&Grid| grid.module.path == module && grid.first == first && grid.second == second;
    results.grids.iter().find(is_it).unwrap()
}

const SEEDS: &str = "[compare]\nseeds = [\"r2-*\"]\n";
pub(crate) const BOTH: &str = "[compare]\nranks = [\"r2-*\", \"r3-*\"]\nseeds = [\"r2-*\"]\n";
pub(crate) const MODULE: &str = "m.layers.1.v_proj";

#[test]
fn a_pattern_is_all_pairs_that_differ_in_the_seed_alone() {
    let folder = runs();
    let plan = plan(folder.path(), &text(&NAMES, BOTH));
    let seeds = plan.figures.seeds.as_ref().unwrap();
    assert_eq!((seeds.is_group, seeds.seeds), (true, Seeds::Differ));
    assert_eq!(seeds.labels, ["r2", "r2"]);
    let six = [
        "r2-s0 r2-s1",
        "r2-s0 r2-s2",
        "r2-s0 r2-s3",
        "r2-s1 r2-s2",
        "r2-s1 r2-s3",
        "r2-s2 r2-s3",
    ];
    assert_eq!(pairs(&plan, seeds), six);
    // Of ranks, runs of one seed are no pair, and said.
    let ranks = plan.figures.ranks.as_ref().unwrap();
    assert_eq!(ranks.labels, ["r2", "r3"]);
    let expected = [
        "r2-s0 r3-s1",
        "r2-s1 r3-s0",
        "r2-s2 r3-s0",
        "r2-s2 r3-s1",
        "r2-s3 r3-s0",
        "r2-s3 r3-s1",
    ];
    assert_eq!(pairs(&plan, ranks), expected);
    let said = warnings(&plan);
    let sentence = "ranks: 2 pairs are not compared, as both were trained with one seed: r2-s0 with r3-s0, \
                    r2-s1 with r3-s1";
    assert!(said.contains(sentence), "{said}");
}

#[test]
fn pairs_that_differ_in_more_are_named() {
    let folder = runs();
    let scaled = AdapterFolder::new(2, 203).field("lora_alpha", json!(8));
    save(folder.path(), "r2-s2", &scaled);
    fs::remove_dir_all(folder.path().join("runs/r2-s3")).unwrap();
    save(folder.path(), "r2-s3", &AdapterFolder::new(2, 202));
    let study = text(&NAMES[..4], SEEDS).replacen("seed = 0\n", "seed = 0\ntask = \"mnli\"\n", 1);
    let study = study.replacen("seed = 1\n", "seed = 1\ntask = \"sst2\"\n", 1);
    let plan = plan(folder.path(), &study);
    let seeds = plan.figures.seeds.as_ref().unwrap();
    assert_eq!(pairs(&plan, seeds), ["r2-s0 r2-s3"]);
    let said = warnings(&plan);
    for sentence in [
        "seeds of rank 2: a pair is not compared, as the two were trained on mnli and on sst2: r2-s0 with r2-s1",
        "seeds of rank 2: 2 pairs are not compared, as both have α = 4 and α = 8: r2-s0 with r2-s2, r2-s1 with r2-s2",
        "as the two have α = 8 and α = 4: r2-s2 with r2-s3",
        "as the two have the same bytes in their weight files: r2-s1 with r2-s3",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
}

#[test]
fn each_rank_is_a_group_and_the_largest_is_drawn() {
    let folder = runs();
    for (seeds, labels) in [
        ("[\"r2-*\", \"r3-*\"]", ["r2", "r3"]),
        ("[\"r*\"]", ["r2", "r3"]),
        (
            "[\"r3-s0\", \"r2-s1\", \"r2-s0\", \"r3-s1\"]",
            ["r2-s", "r3-s"],
        ),
    ] {
        let more = format!("[compare]\nseeds = {seeds}\n[amplification]\nadapters = [\"r*\"]\n");
        let plan = plan(folder.path(), &text(&NAMES, &more));
        let figures = &plan.figures;
        let [smaller] = figures.other_seeds.as_slice() else {
            panic!("{seeds}: {:?}", figures.other_seeds);
        };
        let larger = figures.seeds.as_ref().unwrap();
        assert_eq!([&*smaller.labels[0], &*larger.labels[0]], labels, "{seeds}");
        assert_eq!(pairs(&plan, larger), ["r3-s0 r3-s1"]);
        let table7 = &plan.measured().unwrap().table7_groups;
        let of_table7: Vec<_> = table7
            .iter()
            .map(|(label, runs)| (label.as_str(), runs.len()))
            .collect();
        assert_eq!(of_table7, [("r2", 4), ("r3", 2)]);
        let results = plan.run(&|| ()).unwrap();
        assert_eq!(grid(&results, MODULE, labels[0], labels[0]).first_i, 1);
    }
}

#[test]
fn seeds_are_known_by_the_key_or_the_runs_own_files() {
    let folder = runs();
    let without = |name: &str| {
        text(&NAMES, SEEDS).replace(
            &format!("runs/{name}\"\nseed"),
            &format!("runs/{name}\"\n# seed"),
        )
    };
    let study = without("r2-s3");
    let said = warnings(&plan(folder.path(), &study));
    let sentence = "3 pairs are not compared, as no seed is known of r2-s3: give `seed =` to each";
    assert!(said.contains(sentence), "{said}");
    let file = folder.path().join("runs/r2-s3/training_args.json");
    fs::write(&file, "{\"seed\": 7}").unwrap();
    let with_file = plan(folder.path(), &study);
    assert_eq!(with_file.figures.seeds.as_ref().unwrap().pairs.len(), 6);
    assert_eq!(with_file.adapters()[3].seed, Some(7));
    let said = warnings(&plan(folder.path(), &text(&NAMES, SEEDS)));
    let sentence =
        "r2-s3: the study says seed = 3, and its training_args.json says 7: the study's is taken";
    assert!(said.contains(sentence), "{said}");
    // Runs that are named are compared without; nobody then knows that their seeds differ.
    fs::remove_file(file).unwrap();
    let named = study.replace("\"r2-*\"", "\"r2-s0\", \"r2-s1\", \"r2-s3\"");
    let named = plan(folder.path(), &named);
    let seeds = named.figures.seeds.as_ref().unwrap();
    assert_eq!((seeds.pairs.len(), seeds.seeds), (3, Seeds::Unknown));
    assert_eq!(seeds.labels[0], "r2-s");
}

#[test]
fn base_and_table_7_take_patterns() {
    let folder = runs();
    let more = "[compare]\nbase = [\"r3-s1\", \"r2-*\"]\n[amplification]\nadapters = [\"r2-*\", \"r3-s0\"]\n";
    let plan = plan(folder.path(), &text(&NAMES, more));
    let names = |ids: &[AdapterId]| {
        ids.iter()
            .map(|&id| plan.adapter_name(id))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&plan.against_base()),
        ["r2-s0", "r2-s1", "r2-s2", "r2-s3", "r3-s1"]
    );
    let measured = plan.measured().unwrap();
    assert_eq!(
        names(&measured.amplified),
        ["r2-s0", "r2-s1", "r2-s2", "r2-s3", "r3-s0"]
    );
    let [(label, runs)] = measured.table7_groups.as_slice() else {
        panic!("{:?}", measured.table7_groups);
    };
    assert_eq!((label.as_str(), runs.len()), ("r2", 4));
}

/// A mean over runs of other settings would be of nothing: each run then has its own columns.
#[test]
fn runs_of_other_settings_are_no_group_of_table_7() {
    let folder = runs();
    let scaled = AdapterFolder::new(2, 203).field("lora_alpha", json!(8));
    save(folder.path(), "r2-s2", &scaled);
    let more = "[amplification]\nadapters = [\"r2-*\"]\n";
    let plan = plan(folder.path(), &text(&NAMES, more));
    let measured = plan.measured().unwrap();
    assert_eq!(
        (measured.table7_groups.len(), measured.amplified.len()),
        (0, 4)
    );
    let said = warnings(&plan);
    let sentence = "a mean of table 7: 2 pairs are not compared, as both have α = 4 and α = 8";
    assert!(said.contains(sentence), "{said}");
}

/// A claim speaks of a group where it has all of its runs, and of a run elsewhere.
#[test]
fn findings_name_what_they_are_of() {
    let folder = runs();
    let of = |base: &str| {
        let more = format!(
            "[compare]\nbase = {base}\n[amplification]\nadapters = [\"r2-*\", \"r3-s0\"]\n"
        );
        let plan = plan(folder.path(), &text(&NAMES, &more));
        let results = plan.run(&|| ()).unwrap();
        let mut evidence = Evidence::of_plan(&plan);
        evidence.take(&results);
        let tables = evidence.finish(&results.amplification).unwrap();
        let row = |claim: &str| {
            let row = tables.evidence.iter().find(|row| row.claim == claim);
            row.map(|row| (row.first.clone(), row.runs)).unwrap()
        };
        (row("correlates"), row("new-directions"))
    };
    let group = ("r2".to_string(), 4);
    assert_eq!(of("[\"r2-*\"]"), (group.clone(), group.clone()));
    assert_eq!(of("[\"r2-s1\"]"), (group, ("r2-s1".to_string(), 1)));
}

/// The same weights under two names are one run.
#[test]
fn a_copy_is_no_second_run() {
    let folder = runs();
    fs::remove_dir_all(folder.path().join("runs/r2-s1")).unwrap();
    save(folder.path(), "r2-s1", &AdapterFolder::new(2, 201));
    let plan = plan(folder.path(), &text(&NAMES, BOTH));
    let ranks = plan.figures.ranks.as_ref().unwrap();
    let of_pairs = pairs(&plan, ranks).join(", ");
    assert!(
        !of_pairs.contains("r2-s1") && of_pairs.contains("r2-s0 r3-s1"),
        "{of_pairs}"
    );
    let said = warnings(&plan);
    let sentence = "ranks: a pair is not compared, as the two have the same bytes in their weight files: r2-s0 with r2-s1";
    assert!(said.contains(sentence), "{said}");
}
