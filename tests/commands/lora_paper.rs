//! The study of the paper's own values, from its committed rows: nothing is lost or shifted on the
//! way to figures and tables.

use std::fs;
use std::path::Path;

use crate::files::repository;
use crate::programs::{Outcome, run};
use lora_subspace::figure::{Chart, Options, Pair, Ranked, Shown, figure3, figure4, figure8};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Table;
use lora_subspace::table::{AmplificationRow, OverlapRow, RunTable, RunsRow, from_csv};

fn rows<Row: serde::de::DeserializeOwned>(name: &str) -> Vec<Row> {
    let path = repository().join("notebooks-export/lora-paper").join(name);
    from_csv(name, &fs::read(path).unwrap()).unwrap()
}

fn pair(first: &str, second: &str) -> Pair {
    Pair::of(first, second)
}

fn panels() -> [String; 2] {
    ["q".into(), "v".into()]
}

/// Some projections on basis a, as figures look by default.
fn shown(projections: &[String]) -> Shown<'_> {
    Shown {
        within: "",
        basis: Basis::A,
        projections,
        options: Options::default(),
    }
}

/// A cell by its i and j, which the ticks of an axis name.
fn cell(chart: &Chart, panel: usize, (i, j): (usize, usize)) -> f64 {
    let panel = &chart.panels[0][panel];
    let first = &panel.y.ticks[0];
    let first_i = first.label.parse::<usize>().unwrap() + 1 - first.cell;
    panel.cells[(i - first_i, j - 1)].unwrap()
}

#[test]
fn figures_have_the_published_cells() {
    let rows: Vec<OverlapRow> = rows("overlap.csv");
    let panels = panels();
    let shown = shown(&panels);
    let third = figure3(&rows, &pair("r8", "r64"), Some(48), &shown).unwrap();
    // Whole panels, then zooms; φ(1,1), φ(1,64), φ(8,8), φ(8,64) as the paper's cells are coloured.
    for (panel, values) in [
        (0, [0.404, 0.436, 0.174, 0.213]),
        (1, [0.436, 0.463, 0.154, 0.170]),
    ] {
        let places = [(1, 1), (1, 64), (8, 8), (8, 64)];
        for (place, value) in places.into_iter().zip(values) {
            let found = cell(&third, panel, place);
            assert!((found - value).abs() < 0.002, "{panel} {place:?}: {found}");
        }
        assert_eq!(cell(&third, panel, (8, 8)), cell(&third, panel + 2, (8, 8)));
    }
    let seeds = pair("r64", "r64-again");
    let fourth = figure4(&rows, &seeds, Some(48), &shown).unwrap();
    for (panel, values) in [(0, [0.358, 0.278, 0.060]), (1, [0.429, 0.138, 0.026])] {
        for (n, value) in [1, 8, 64].into_iter().zip(values) {
            let found = cell(&fourth, panel, (n, n));
            assert!((found - value).abs() < 0.001, "{panel} {n}: {found}");
        }
    }
    assert!((cell(&fourth, 2, (64, 64)) - 64.0 / 12288.0).abs() < 0.001);
    assert!(fourth.footer[1].contains("Haar-random directions (i) against others (j)"));
}

#[test]
fn figure_8_begins_at_401_and_marks_bounds() {
    let rows: Vec<OverlapRow> = rows("overlap.csv");
    let ranked = |rank| Ranked {
        name: format!("r{rank}"),
        rank,
    };
    let adapters = [4, 8, 64].map(ranked);
    let chart = figure8(&rows, &[], &adapters, Some(48), &shown(&panels())).unwrap();
    let [row] = chart.panels.as_slice() else {
        panic!("one row of panels")
    };
    for panel in row {
        let labels: Vec<&str> = panel
            .y
            .ticks
            .iter()
            .map(|tick| tick.label.as_str())
            .collect();
        assert_eq!(labels, ["401", "600", "800", "1000", "1228"]);
        let cells: Vec<usize> = panel.y.ticks.iter().map(|tick| tick.cell).collect();
        assert_eq!(cells, [1, 200, 400, 600, 828]);
    }
    // Of the darkest cells, all of the random panel and none of the strip, only φ ≤ 0.0905 is known.
    let marked = |panel: usize| row[panel].marked.iter().filter(|&&mark| mark).count();
    assert_eq!([marked(3), marked(4)], [828 * 4, 0]);
    assert_eq!((0..4).map(marked).sum::<usize>(), 4308);
    assert!(chart.footer.concat().contains("only φ ≤ 0.0905 is known"));
    // The strip is i/d; the random panel is the darkest colour, where chance reaches 0.0999.
    assert_eq!(cell(&chart, 4, (1228, 1)), 1228.0 / 12288.0);
    assert!(row[3].cells.iter().all(|cell| *cell == Some(0.09046)));
    let most = row[2].cells.iter().flatten().copied().fold(0.0, f64::max);
    assert!((most - 0.20273).abs() < 1e-9);
}

#[test]
fn tables_have_the_published_numbers() {
    let runs: Vec<RunsRow> = rows("runs.csv");
    let of = |table: Table| -> Vec<RunsRow> {
        let is_of = |row: &&RunsRow| row.adapter.starts_with(&format!("table{table}-"));
        runs.iter().filter(is_of).cloned().collect()
    };
    let table = |number: Table| RunTable::new(number, &of(number)).unwrap().markdown();
    let holds = |number: Table, line: &str| {
        let table = table(number);
        assert!(table.lines().any(|found| found == line), "{line}\n{table}");
    };
    holds(Table::Five, "18,874,368 trainable parameters:");
    holds(Table::Five, "| rank r | 8 | 8 | 8 | 8 | 4 | 4 | 2 |");
    holds(
        Table::Five,
        "| WikiSQL, accuracy ↑ | 70.4 | 70.0 | 73.0 | 73.2 | 71.4 | **73.7** | **73.7** |",
    );
    holds(
        Table::Five,
        "| MultiNLI, accuracy ↑ | 91.0 | 90.8 | 91.0 | 91.3 | 91.3 | 91.3 | **91.7** |",
    );
    holds(
        Table::Six,
        "| W_q, W_v | 91.3 | 91.4 | 91.3 | 91.6 | 91.4 |",
    );
    holds(Table::Six, "| W_q | 90.7 | 90.9 | 91.1 | 90.7 | 90.7 |");
    holds(
        Table::Eighteen,
        "| 4 | 1.18 | **70.38** | **8.8439** | **0.4689** | 0.7186 | **2.5349** |",
    );
    holds(
        Table::Eighteen,
        "| 1024 | 1.17 | 69.37 | 8.7495 | 0.4659 | 0.7149 | 2.5090 |",
    );
    let factors: Vec<Option<f64>> = rows::<AmplificationRow>("amplification.csv")
        .iter()
        .map(|row| row.amplification)
        .collect();
    // ‖ΔW‖/‖UᵀWV‖ and what chance gives, 6.91/0.32 and 12288 · 6.91/(4 · 61.95).
    for (found, value) in factors.iter().zip([
        Some(21.59),
        None,
        Some(342.7),
        Some(1.879),
        None,
        Some(11.06),
    ]) {
        let near = |(found, value): (f64, f64)| (found / value - 1.0).abs() < 1e-3;
        assert!(
            found
                .zip(value)
                .map_or(found.is_none() && value.is_none(), near),
            "{factors:?}"
        );
    }
}

fn study(folder: &Path, more: &str) -> Outcome {
    let text = format!("name = \"s\"\nrows = \"rows\"\n{more}");
    fs::write(folder.join("study.toml"), text).unwrap();
    run(
        "regenerate",
        &["study.toml", "--out", "out", "--no-figures"],
        folder,
    )
}

/// A 2 × 2 grid in a space of 10 dimensions, lines 2 to 5.
const GRID: &str = "\
module,layer,projection,basis,first,second,i,j,overlap,chance,z
h.0.q,0,q,a,one,two,1,1,0.5,0.1,
h.0.q,0,q,a,one,two,1,2,0.5,0.2,
h.0.q,0,q,a,one,two,2,1,,0.2,
h.0.q,0,q,a,one,two,2,2,0.25,0.2,
";

#[test]
fn rows_that_are_wrong_have_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let refused = |outcome: Outcome, place: &str, words: &[&str]| {
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        let error = outcome.error();
        assert!(
            error.starts_with(&format!("error: {place}: ")),
            "not {place}: {error}"
        );
        for word in words {
            assert!(error.contains(word), "`{word}` is not in: {error}");
        }
        assert!(!path.join("out").exists());
    };
    let missing = "study.toml: line 2: rows: rows";
    refused(
        study(path, ""),
        missing,
        &["neither overlap.csv nor amplification.csv"],
    );
    fs::create_dir(path.join("rows")).unwrap();
    let overlap = path.join("rows/overlap.csv");
    for (from, to, line, word) in [
        ("two,2,2,0.25", "two,2,2,1.25", 5, "overlap is 1.25"),
        ("two,2,2,0.25,0.2", "two,2,2,0.25,0.3", 2, "chance"),
        (
            "two,1,1,0.5,0.1",
            "two,1,1,0.5,0.2",
            2,
            "chance is 0.2, where max(i,j)/d = 0.1",
        ),
        (
            "two,2,2,0.25",
            "two,2,1,0.25",
            5,
            "cell (2, 1) is there twice",
        ),
        ("h.0.q,0,q,a,one,two,2,2,0.25,0.2,\n", "", 2, "has 3 cells"),
        ("two,1,1", "two,0,1", 2, "i from 0"),
        (
            "h.0.q,0,q,a,one,two,1,1",
            "h.0.q,1,q,a,one,two,1,1",
            2,
            "not of layer",
        ),
        ("q,a,one,two,1,1", "q,c,one,two,1,1", 2, "no basis `c`"),
        ("two,1,1,0.5", "two,1,1,half", 2, "overlap: "),
        (",chance,", ",chances,", 1, "did you mean `chance`?"),
        (
            ",overlap,",
            ",phi,",
            1,
            "no column `overlap`, and `phi` is none",
        ),
        (",z\n", "\n", 1, "no column `z`; the columns are module"),
        (
            ",chance,",
            ",overlap,",
            1,
            "two columns are named `overlap`",
        ),
    ] {
        assert!(GRID.contains(from), "{from}");
        fs::write(&overlap, GRID.replacen(from, to, 1)).unwrap();
        let place = format!("rows/overlap.csv: line {line}");
        refused(study(path, ""), &place, &[word]);
    }
    fs::write(&overlap, GRID).unwrap();
    for (more, line, words) in [
        (
            "[compare]\nranks = [\"one\", \"tow\"]\n",
            4,
            ["no adapter `tow`", "did you mean `two`?"],
        ),
        (
            "[compare]\nranks = [\"two\", \"one\"]\n",
            4,
            ["no overlap of two against one", "add it"],
        ),
        (
            "[compare]\nbase = [\"one\"]\n",
            4,
            ["no overlap of base against one", "add it"],
        ),
        (
            "[tables]\nwhich = [\"7\"]\n",
            4,
            ["table 7", "leave the table out"],
        ),
        (
            "[[adapter]]\nname = \"x\"\npath = \"x\"\n",
            2,
            ["measures nothing", "leave out rows or adapter"],
        ),
    ] {
        refused(
            study(path, more),
            &format!("study.toml: line {line}"),
            &words,
        );
    }
    let text = "name = \"s\"\nrows = \"rows\"\n";
    fs::write(path.join("study.toml"), text).unwrap();
    for asked in [
        &["--rank", "1"][..],
        &["--alpha", "2"],
        &["--no-scale"],
        &["--whole"],
        &["--strict"],
        &["--rename", "a=b"],
    ] {
        let flags = [&["study.toml", "--out", "out"], asked].concat();
        refused(
            run("regenerate", &flags, path),
            asked[0],
            &["measures nothing"],
        );
    }
    let good = study(path, "[compare]\nranks = [\"one\", \"two\"]\n");
    assert_eq!(good.code, 0, "{}", good.stderr);
    let written = fs::read_to_string(path.join("out/notebooks-export/s/overlap.csv")).unwrap();
    // But for the columns of models with several parts and of bounds, which these rows need not have.
    let expected = GRID.replace("module,", "module,component,");
    let expected = expected.replace('\n', ",\n").replace("z,\n", "z,limit\n");
    let expected = expected.replace("h.0.q,", "h.0.q,,");
    assert_eq!(written, expected, "rows are handed on as they are");
}

#[test]
fn runs_alone_are_a_study() {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows");
    fs::create_dir(&rows).unwrap();
    let text = "adapter,weight_types,rank,alpha,seed,task,metric,value,trainable_parameters\n\
                a,q,1,,,t,f1,0.5,10\nb,q,2,,,t,f1,0.6,20\nc,v,1,,,t,f1,0.7,10\n";
    fs::write(rows.join("runs.csv"), text).unwrap();
    fs::write(
        folder.path().join("study.toml"),
        "name = \"s\"\nrows = \"rows\"\n",
    )
    .unwrap();
    let outcome = run(
        "regenerate",
        &["study.toml", "--format", "svg"],
        folder.path(),
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let made = [
        "figures/s/rank-curve.svg",
        "notebooks-export/s/table5.tex",
        "notebooks-export/s/table6.tex",
    ];
    for name in made {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    let table = fs::read_to_string(folder.path().join("notebooks-export/s/table5.md")).unwrap();
    assert!(table.contains("| t, f1 ↑ | 0.5 | **0.7** |"), "{table}");
}

#[test]
fn amplification_rows_get_their_factors() {
    let folder = tempfile::tempdir().unwrap();
    let rows = folder.path().join("rows");
    fs::create_dir(&rows).unwrap();
    let header = "module,layer,projection,adapter,rank,directions,projected_norm,projected_norm_sd,draws,base_norm,delta_norm,amplification,chance_projected_norm";
    let write = |line: &str| {
        let text = format!("{header}\nh.0.q,0,q,r2,2,delta,0.5,,,10,4,,0.1\n{line}\n");
        fs::write(rows.join("amplification.csv"), text).unwrap();
        study(folder.path(), "")
    };
    for (line, word) in [
        (
            "h.0.q,0,q,r2,2,sideways,0.5,,,10,4,,0.1",
            "no directions `sideways`",
        ),
        ("h.0.q,0,q,r2,0,base,0.5,,,10,4,,0.1", "a rank from 1"),
        ("h.0.q,0,q,r2,2,base,-0.5,,,10,4,,0.1", "norms from 0"),
    ] {
        let error = write(line).error().to_string();
        assert!(
            error.starts_with("error: rows/amplification.csv: line 3: "),
            "{error}"
        );
        assert!(error.contains(word), "{error}");
    }
    // A rank without a row of ΔW would have no column in table 7.
    for (line, word) in [
        (
            "h.0.q,0,q,r4,4,base,0.5,,,10,4,,0.1",
            "`h.0.q`, adapter `r4`, rank 4 has no row for `delta`",
        ),
        (
            "h.0.q,0,q,r2,2,delta,0.5,,,10,4,,0.1",
            "is there already, in line 2",
        ),
    ] {
        let error = write(line).error().to_string();
        assert!(
            error.starts_with("error: rows/amplification.csv: line 3: "),
            "{error}"
        );
        assert!(error.contains(word), "{error}");
    }
    let text = format!("{}\n", header.replace("projected_norm_sd", "sd"));
    fs::write(rows.join("amplification.csv"), text).unwrap();
    let error = study(folder.path(), "").error().to_string();
    assert!(
        error.contains("line 1: there is no column `projected_norm_sd`, and `sd`"),
        "{error}"
    );
    assert_eq!(write("h.0.q,0,q,r2,2,random,,,,10,4,,0.1").code, 0);
    let path = folder
        .path()
        .join("out/notebooks-export/s/amplification.csv");
    let text = fs::read_to_string(path).unwrap();
    // 4/0.5, and 4/0.1 from the closed form.
    assert!(text.contains("delta,0.5,,,10.0,4.0,8.0,0.1\n"), "{text}");
    assert!(text.contains("random,,,,10.0,4.0,40.0,0.1\n"), "{text}");
}
