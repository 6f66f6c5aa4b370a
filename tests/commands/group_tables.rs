//! The grids of groups: their means, what tables and figures have of them, and memory.

use std::fs;

use crate::groups::{BOTH, MODULE, NAMES, grid, pairs, plan, runs, save, text, warnings};
use crate::study::done;
use crate::workshop::{AdapterFolder, D_IN, MODULES, factor};
use lora_subspace::linalg::haar;
use lora_subspace::measure::{Basis, Directions, overlap::overlap_grid};
use lora_subspace::paper::Figure;
use lora_subspace::results::{Grid, ModuleName};
use lora_subspace::study::{Drawn, Source};
use lora_subspace::table::{OverlapRow, from_csv, from_npz};

#[test]
fn the_mean_and_its_z_are_those_of_the_pairs() {
    let folder = runs();
    let plan = plan(folder.path(), &text(&NAMES, BOTH));
    let results = plan.run(&|| ()).unwrap();
    let groups = [&plan.figures.ranks, &plan.figures.seeds];
    for group in groups.map(|group| group.as_ref().unwrap()) {
        let [first, second] = &group.labels;
        for module in &plan.modules {
            let mean = grid(&results, module, first, second);
            let of_pairs = pairs(&plan, group);
            let of_pairs = of_pairs.iter().map(|pair| pair.split_once(' ').unwrap());
            let of_pairs: Vec<&Grid> = of_pairs
                .map(|(one, other)| grid(&results, module, one, other))
                .collect();
            assert_eq!((mean.pairs, of_pairs.len()), (6, 6));
            for cell in mean.tidy_cells() {
                let (i, j, d) = (cell.i as f64, cell.j as f64, D_IN as f64);
                let values = of_pairs.iter().map(|grid| {
                    assert!(grid.is_of_group && grid.pairs == 1);
                    grid.cells[(cell.i - 1, cell.j - 1)].unwrap()
                });
                let expected = values.sum::<f64>() / 6.0;
                assert!((cell.overlap.unwrap() - expected).abs() < 1e-14);
                // The sd of one ‖U_iᵀV_j‖², over √6.
                let variance =
                    2.0 * i * j * (d - i) * (d - j) / (d * d * (d - 1.0) * (d + 2.0)) / 6.0;
                let z = (expected * i.min(j) - i * j / d) / variance.sqrt();
                assert!((cell.z.unwrap() - z).abs() < 1e-10, "{z}");
            }
        }
    }
}

/// The mean over all pairs of four independent frames has a z of mean 0 and variance 1: pairs that
/// share a frame are uncorrelated.
#[test]
fn z_of_a_mean_is_standard_for_random_frames() {
    let (d, k, runs, studies) = (16, 3, 4, 1500);
    let (mut sum, mut squares) = (0.0, 0.0);
    for study in 0..studies {
        let frame = |run| haar(d, k, &format!("groups/{study}/{run}")).unwrap();
        let frames: Vec<Directions> = (0..runs)
            .map(|run| Directions::defined(frame(run)))
            .collect();
        let grids: Vec<Grid> = (0..runs)
            .flat_map(|one| (one + 1..runs).map(move |other| (one, other)))
            .map(|(one, other)| Grid {
                module: ModuleName::new("h.0.q", ""),
                basis: Basis::A,
                first: "one".into(),
                second: "other".into(),
                dimension: d,
                first_i: 1,
                is_measured: true,
                pairs: 1,
                is_of_group: true,
                cells: overlap_grid(&frames[one], &frames[other]).unwrap(),
                limits: Default::default(),
            })
            .collect();
        let mean = Grid::mean_of(&grids.iter().collect::<Vec<_>>(), ["r3", "r3"]).unwrap();
        let z = mean.diagonal_cells().last().unwrap().z.unwrap();
        sum += z;
        squares += z * z;
    }
    let (n, mean) = (f64::from(studies), sum / f64::from(studies));
    // Four standard errors: 1/√n of the mean, and about √(2/n) of the variance.
    assert!(mean.abs() < 4.0 / n.sqrt(), "{mean}");
    let variance = squares / n - mean * mean;
    assert!(
        (variance - 1.0).abs() < 4.0 * (2.0 / n).sqrt() * 1.3,
        "{variance}"
    );
}

#[test]
fn tables_have_the_mean_whole_and_of_pairs_the_diagonal() {
    let folder = runs();
    let figures = "[figures]\nlayer = 1\nlayers = [1]\nbases = [\"a\"]\n";
    let study = text(
        &NAMES,
        &format!("[compare]\nseeds = [\"r2-*\"]\nbases = [\"a\", \"b\"]\n{figures}"),
    );
    fs::write(folder.path().join("study.toml"), study).unwrap();
    let outcome = done(&["study.toml"], folder.path());
    let said = "seeds of r2: the mean over 6 pairs of 4 runs";
    assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    let tables = folder.path().join("notebooks-export/s");
    let rows: Vec<OverlapRow> = from_csv(
        "overlap.csv",
        &fs::read(tables.join("overlap.csv")).unwrap(),
    )
    .unwrap();
    let places = |module: &str, basis: &str, first: &str, second: &str| -> Vec<(usize, usize)> {
        let is_it = |row: &&OverlapRow| {
            row.module == module
                && row.basis == basis
                && (&*row.first, &*row.second) == (first, second)
        };
        rows.iter()
            .filter(is_it)
            .map(|row| (row.i, row.j))
            .collect()
    };
    let whole = [(1, 1), (1, 2), (2, 1), (2, 2)];
    let diagonal = [(1, 1), (2, 2)];
    assert_eq!(places(MODULE, "a", "r2", "r2"), whole);
    assert_eq!(
        places(MODULE, "b", "r2", "r2"),
        diagonal,
        "basis b is not drawn"
    );
    assert_eq!(places("m.layers.0.q_proj", "a", "r2", "r2"), diagonal);
    assert_eq!(places(MODULE, "a", "r2-s1", "r2-s3"), diagonal);
    assert_eq!(places("m.layers.1.q_proj", "a", "random", "r2-s1"), whole);
    let archive = fs::read(tables.join("overlap.npz")).unwrap();
    let grids = from_npz("overlap.npz", &archive).unwrap();
    for (first, second) in [("r2", "r2"), ("r2-s1", "r2-s3")] {
        let key = format!("{MODULE}__b__{first}__{second}");
        let (_, grid) = grids.iter().find(|(name, _)| *name == key).unwrap();
        assert_eq!(grid.dim(), (2, 2));
    }
    let svg = fs::read_to_string(folder.path().join("figures/s/figure4.svg")).unwrap();
    for words in [
        "mean of 6\u{a0}pairs",
        "r2 (i) against r2 (j)",
        "q_proj of r2-s1",
    ] {
        assert!(svg.contains(words), "{words}");
    }
    let notebook = fs::read_to_string(tables.join("s.ipynb")).unwrap();
    assert!(notebook.contains(r#"first=\"r2\", second=\"r2\""#));
    assert!(notebook.contains(r#"random=\"r2-s1\""#));
    done(&["study.toml", "--check"], folder.path());
    // What a study wrote can be read as rows.
    let again = plan(
        folder.path(),
        "name = \"again\"\nrows = \"notebooks-export/s\"\n",
    );
    let again = again.run(&|| ()).unwrap();
    let pair = grid(&again, MODULE, "r2-s1", "r2-s3");
    let key = format!("{MODULE}__a__r2-s1__r2-s3");
    let (_, whole) = grids.iter().find(|(name, _)| *name == key).unwrap();
    assert!(pair.is_of_group && pair.cells[(0, 1)].is_none());
    assert!((pair.cells[(1, 1)].unwrap() - whole[(1, 1)]).abs() < 1e-8);
}

#[test]
fn one_pair_is_drawn_in_place_of_the_mean() {
    let folder = runs();
    let drawn = |pair: &str| {
        let more = format!("{BOTH}[figures]\npair = {pair}\n");
        plan(folder.path(), &text(&NAMES, &more))
    };
    // As it is compared, whichever way round it is named.
    let plan = drawn("[\"r2-s3\", \"r2-s1\"]");
    let four = plan.sides(Figure::Four).unwrap();
    assert_eq!(four.labels, ["r2-s1", "r2-s3"]);
    assert_eq!((four.mean_of, four.beside.as_str()), (None, "r2-s3"));
    assert!(matches!(
        plan.figures.drawn(Figure::Six),
        Some(Drawn::Mean(_))
    ));
    let module = ModuleName::new(MODULE, "");
    assert!(plan.shows(&module, Basis::A, "r2-s1", "r2-s3"));
    assert!(!plan.shows(&module, Basis::A, "r2", "r2"));
    assert!(plan.shows(&module, Basis::A, "r2", "r3"));
    let plan = drawn("[\"r2-s2\", \"r3-s0\"]");
    let three = plan.sides(Figure::Three).unwrap();
    assert_eq!(
        (three.labels, three.mean_of),
        (["r2-s2", "r3-s0"].map(String::from), None)
    );
    assert_eq!(plan.sides(Figure::Seven).unwrap().mean_of, Some(6));
    // A pair has the names and the words of today.
    done(&["study.toml", "--format", "svg"], folder.path());
    let svg = fs::read_to_string(folder.path().join("figures/s/figure3.svg")).unwrap();
    assert!(
        svg.contains("r2-s2 (i) against r3-s0 (j), layer"),
        "no mean"
    );
}

#[test]
fn two_names_are_a_pair_and_a_pattern_of_them_its_mean() {
    let folder = runs();
    let two = &NAMES[4..];
    let grids = |seeds: &str| {
        let plan = plan(
            folder.path(),
            &text(two, &format!("[compare]\nseeds = {seeds}\n")),
        );
        (
            plan.run(&|| ()).unwrap().grids,
            plan.figures.seeds.clone().unwrap(),
        )
    };
    let (named, pair) = grids("[\"r3-s0\", \"r3-s1\"]");
    assert!(!pair.is_group && named.iter().all(|grid| !grid.is_of_group));
    let (grouped, group) = grids("[\"r3-*\"]");
    assert_eq!((group.is_group, group.pairs), (true, pair.pairs));
    let is_mean = |grid: &&Grid| grid.first == "r3";
    let means: Vec<&Grid> = grouped.iter().filter(is_mean).collect();
    let others: Vec<&Grid> = grouped.iter().filter(|grid| !is_mean(grid)).collect();
    assert_eq!((others.len(), means.len()), (named.len(), MODULES.len()));
    for (one, other) in named.iter().zip(others) {
        assert_eq!((one.key(), &one.cells), (other.key(), &other.cells));
    }
    for mean in means {
        let pair = named
            .iter()
            .find(|grid| grid.module == mean.module)
            .unwrap();
        assert_eq!(pair.cells, mean.cells, "the mean of one");
    }
}

#[test]
fn what_a_pair_lacks_the_mean_lacks() {
    let folder = runs();
    // A second direction of nothing in one run, and no value projection in another.
    let flat = AdapterFolder::new(2, 202).tensors(|tensors| {
        let name = factor("layers.0.q_proj", 'A');
        let once = tensors.constant(&name, &[2, D_IN], 0.5);
        once.constant(&factor("layers.0.q_proj", 'B'), &[6, 2], 0.25)
    });
    save(folder.path(), "r2-s1", &flat);
    let query = AdapterFolder::new(3, 301).tensors(|tensors| {
        let of_value = MODULES.iter().filter(|name| name.ends_with("v_proj"));
        of_value.fold(tensors, |tensors, name| {
            tensors
                .without(&factor(name, 'A'))
                .without(&factor(name, 'B'))
        })
    });
    save(folder.path(), "r3-s0", &query);
    let plan = plan(folder.path(), &text(&NAMES, BOTH));
    let results = plan.run(&|| ()).unwrap();
    let mean = grid(&results, "m.layers.0.q_proj", "r2", "r2");
    let defined: Vec<bool> = mean.cells.iter().map(Option::is_some).collect();
    assert_eq!(
        defined,
        [true, false, false, false],
        "one run has one direction"
    );
    let mean = grid(&results, MODULE, "r2", "r3");
    assert_eq!(mean.pairs, 3, "s0, s2 and s3 against r3-s1");
    let said = "r2 and r3: 3 of 6 pairs have these modules, and the mean is over them: `m.layers.0.v_proj`";
    assert!(warnings(&plan).contains(said), "{}", warnings(&plan));
}

#[test]
fn memory_counts_the_pairs_and_their_mean() {
    let folder = runs();
    let needed = |seeds: &str| {
        let more = format!("[compare]\nseeds = {seeds}\n");
        let mut plan = plan(folder.path(), &text(&NAMES, &more));
        let mut fits = |bytes: u64| {
            if let Source::Adapters(measured) = &mut plan.source {
                measured.memory = Some(bytes);
            }
            plan.check_memory().is_ok()
        };
        let (mut low, mut high) = (1, 1 << 40);
        while low < high {
            let middle = (low + high) / 2;
            match fits(middle) {
                true => high = middle,
                false => low = middle + 1,
            }
        }
        low
    };
    // Five more pairs of 2 × 2 cells of 16 bytes, and a mean; of two more runs four directions of R⁵
    // in each of four modules, which findings keep.
    assert_eq!(
        needed("[\"r2-*\"]") - needed("[\"r2-s0\", \"r2-s1\"]"),
        6 * 4 * 16 + 2 * 4 * 4 * 5 * 8
    );
}
