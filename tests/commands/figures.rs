//! Figures as data: what is masked, how it is labelled, which range it has.

use crate::files::repository;
use lora_subspace::figure::{
    Chart, Drawing, Format, Options, Pair, Palette, Panel, Shown, figure3, figure4, figure6,
    figure7,
};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Show;
use lora_subspace::table::{OverlapRow, from_csv};

/// Rows of one grid: φ(i,j) = 1/(i + j), but for undefined cells beyond row `defined`.
pub(crate) fn grid(
    layer: usize,
    projection: &str,
    (first, second): (&str, &str),
    (rows, columns): (usize, usize),
    defined: usize,
) -> Vec<OverlapRow> {
    let cell = |i: usize, j: usize| OverlapRow {
        module: format!("h.{layer}.{projection}"),
        component: String::new(),
        layer: Some(layer),
        projection: projection.into(),
        basis: "a".into(),
        first: first.into(),
        second: second.into(),
        i,
        j,
        overlap: (i <= defined).then(|| 1.0 / (i + j) as f64),
        chance: i.max(j) as f64 / 100.0,
        z: None,
        limit: String::new(),
    };
    (1..=rows)
        .flat_map(|i| (1..=columns).map(move |j| (i, j)))
        .map(|(i, j)| cell(i, j))
        .collect()
}

pub(crate) fn rows() -> Vec<OverlapRow> {
    let mut rows = Vec::new();
    for layer in [0, 3, 7, 9] {
        for projection in ["q_proj", "up_proj"] {
            rows.extend(grid(layer, projection, ("small", "large"), (12, 20), 12));
            rows.extend(grid(layer, projection, ("large", "other"), (20, 20), 20));
        }
    }
    rows.extend(grid(3, "q_proj", ("random", "other"), (20, 20), 20));
    for second in ["small", "large", "random"] {
        rows.extend(grid(3, "q_proj", ("base", second), (10, 4), 10));
    }
    rows
}

pub(crate) fn pair(first: &str, second: &str) -> Pair {
    Pair::of(first, second)
}

pub(crate) fn panels() -> [String; 2] {
    ["q_proj".into(), "up_proj".into()]
}

pub(crate) fn titles(row: &[Panel]) -> Vec<String> {
    let title = |panel: &Panel| match panel.note.as_str() {
        "" => panel.title.bare(),
        note => format!("{}, {note}", panel.title.bare()),
    };
    row.iter().map(title).collect()
}

fn labels(ticks: &[lora_subspace::figure::Tick]) -> Vec<&str> {
    ticks.iter().map(|tick| tick.label.as_str()).collect()
}

/// Some projections on basis a, as figures look by default.
pub(crate) fn shown(projections: &[String]) -> Shown<'_> {
    Shown {
        within: "",
        basis: Basis::A,
        projections,
        options: Options::default(),
    }
}

pub(crate) fn third() -> Chart {
    figure3(&rows(), &pair("small", "large"), Some(3), &shown(&panels())).unwrap()
}

#[test]
fn figure_3_masks_one_triangle_and_zooms_into_the_other() {
    let chart = third();
    assert_eq!(chart.heading.bare(), "φ(A_r = 12, A_r = 20, i, j)");
    let [row] = chart.panels.as_slice() else {
        panic!("one row of panels")
    };
    let notes = [
        "all, j ≥ i",
        "all, j ≥ i",
        "leading 8, j ≤ i",
        "leading 8, j ≤ i",
    ];
    let names = ["ΔW_q", "ΔW_up_proj", "ΔW_q", "ΔW_up_proj"];
    let expected = names
        .iter()
        .zip(notes)
        .map(|(name, note)| format!("{name}, {note}"));
    assert_eq!(titles(row), expected.collect::<Vec<_>>());
    // Chance is j/d above the diagonal, and i/d below it.
    let (columns, rows) = (
        [1, 20].map(|j| j as f64 / 100.0),
        [1, 8].map(|i| i as f64 / 100.0),
    );
    let ends = |chances: &[f64]| [chances[0], chances[chances.len() - 1]];
    assert_eq!(ends(&row[0].edges.below), columns);
    assert_eq!(ends(&row[2].edges.beside), rows);
    assert!(row[0].edges.beside.is_empty() && row[2].edges.below.is_empty());
    let (whole, zoom) = (&row[0].cells, &row[2].cells);
    assert_eq!((whole.dim(), zoom.dim()), ((12, 20), (8, 8)));
    for ((i, j), cell) in whole.indexed_iter() {
        let value = 1.0 / (i + j + 2) as f64;
        assert_eq!(*cell, (j >= i).then_some(value), "whole ({i}, {j})");
    }
    for ((i, j), cell) in zoom.indexed_iter() {
        let value = 1.0 / (i + j + 2) as f64;
        assert_eq!(*cell, (j <= i).then_some(value), "zoom ({i}, {j})");
    }
    assert_eq!(labels(&row[0].x.ticks), ["1", "5", "10", "15", "20"]);
    assert_eq!(labels(&row[0].y.ticks), ["1", "5", "10", "12"]);
    // φ(1,1) = 1/2 is the largest; chance runs from 1/100 to 20/100.
    assert_eq!(
        (chart.bar.low, chart.bar.high, chart.bar.chance),
        (0.0, 0.5, Some((0.01, 0.2)))
    );
    assert!(
        chart.footer[0].contains("right-singular vectors of A")
            && chart.footer[0].contains("d = 100")
    );
}

#[test]
fn figures_3_and_6_put_the_smaller_rank_first_however_the_pair_was_typed() {
    let turned: Vec<OverlapRow> = rows()
        .into_iter()
        .map(|row| OverlapRow {
            first: row.second,
            second: row.first,
            i: row.j,
            j: row.i,
            ..row
        })
        .collect();
    let (pair, panels) = (pair("large", "small"), panels());
    let chart = figure3(&turned, &pair, Some(3), &shown(&panels)).unwrap();
    assert_eq!(chart, third());
    let sixth = figure6(&turned, &pair, &[Some(3)], &shown(&panels)).unwrap();
    assert_eq!(sixth.panels, third().panels);
}

#[test]
fn figure_4_has_random_directions_beside_the_seeds() {
    let options = Options {
        palette: Palette::Cividis,
        range: Some((0.0, 0.8)),
        ..Options::default()
    };
    let panels = panels();
    let shown = Shown {
        within: "",
        options,
        ..shown(&panels)
    };
    let chart = figure4(&rows(), &pair("large", "other"), Some(3), &shown).unwrap();
    assert_eq!(chart.heading.bare(), "φ(A_r = 20, A′_r = 20, i, j)");
    assert_eq!(titles(&chart.panels[0]), ["ΔW_q", "ΔW_up_proj", "Random"]);
    assert!(
        chart.panels[0]
            .iter()
            .all(|panel| panel.cells.iter().all(Option::is_some))
    );
    assert_eq!(
        (chart.bar.low, chart.bar.high, chart.palette),
        (0.0, 0.8, Palette::Cividis)
    );
}

#[test]
fn an_excess_is_nothing_by_chance() {
    let panels = panels();
    let shown = Shown {
        options: Options {
            show: Show::Excess,
            ..Options::default()
        },
        ..shown(&panels)
    };
    let chart = figure4(&rows(), &pair("large", "other"), Some(3), &shown).unwrap();
    assert_eq!(
        chart.heading.bare(),
        "excess of φ(A_r = 20, A′_r = 20, i, j)"
    );
    // φ(1,1) = 1/2 and φ(20,20) = 1/40, where chance is 1/100 and 1/5.
    let cell = |n: usize| chart.panels[0][0].cells[(n - 1, n - 1)].unwrap();
    assert!((cell(1) - 0.49 / 0.99).abs() < 1e-12);
    assert!((cell(20) - (0.025 - 0.2) / 0.8).abs() < 1e-12);
    assert_eq!((chart.bar.low, chart.bar.high), (-0.3, 0.5));
    assert_eq!(chart.bar.chance, Some((0.0, 0.0)));
    assert_eq!(chart.palette, Palette::TwoSides);
    assert!(chart.footer[0].contains("(φ − chance)/(1 − chance)"));
}

#[test]
fn figures_6_and_7_arrange_layers_as_the_paper_does() {
    let layers = [Some(0), Some(3), Some(7), Some(9)];
    let panels = panels();
    let shown = shown(&panels);
    let sixth = figure6(&rows(), &pair("small", "large"), &layers, &shown).unwrap();
    assert_eq!(
        sixth.panels.iter().map(Vec::len).collect::<Vec<_>>(),
        [4, 4, 4, 4]
    );
    let labels: Vec<String> = sixth.row_labels.iter().map(|label| label.bare()).collect();
    assert_eq!(labels, ["Layer 0", "Layer 3", "Layer 7", "Layer 9"]);
    let seventh = figure7(&rows(), &pair("large", "other"), &layers, &shown).unwrap();
    assert_eq!(
        seventh.panels.iter().map(Vec::len).collect::<Vec<_>>(),
        [4, 4]
    );
    assert_eq!(
        titles(&seventh.panels[1]),
        [
            "ΔW_q, layer 7",
            "ΔW_up_proj, layer 7",
            "ΔW_q, layer 9",
            "ΔW_up_proj, layer 9"
        ]
    );
}

#[test]
fn undefined_cells_are_masked_and_missing_grids_are_named() {
    let deficient = grid(1, "q_proj", ("small", "large"), (4, 6), 2);
    let q = ["q_proj".to_string()];
    let draw =
        |rows: &[OverlapRow], layer| figure3(rows, &pair("small", "large"), layer, &shown(&q));
    let chart = draw(&deficient, Some(1)).unwrap();
    let cells = &chart.panels[0][0].cells;
    assert!(
        cells
            .indexed_iter()
            .all(|((i, j), cell)| cell.is_some() == (i < 2 && j >= i))
    );
    assert!(Drawing::new(&chart).unwrap().render(Format::Svg).is_ok());

    let error = draw(&deficient, Some(2)).unwrap_err().to_string();
    for word in ["q_proj", "small against large", "basis a", "layer 2"] {
        assert!(error.contains(word), "`{word}` is not in {error}");
    }
    assert!(draw(&deficient[1..], Some(1)).is_err(), "a cell is missing");
}

#[test]
fn the_built_in_study_draws_its_rows() {
    // A spot check from the committed table to the chart: nothing is lost or shifted between.
    let path = repository().join("notebooks-export/minilm-sst2/overlap.csv");
    let rows: Vec<OverlapRow> = from_csv("overlap.csv", &std::fs::read(path).unwrap()).unwrap();
    let panels = ["query".to_string(), "value".to_string()];
    let pair = pair("r64-seed0", "r64-seed1");
    let chart = figure4(&rows, &pair, Some(5), &shown(&panels)).unwrap();
    let cell =
        |panel: usize, i: usize, j: usize| chart.panels[0][panel].cells[(i - 1, j - 1)].unwrap();
    assert!((cell(0, 1, 1) - 0.491).abs() < 5e-4);
    assert!((cell(1, 1, 1) - 0.752).abs() < 5e-4);
    assert!((cell(1, 64, 64) - 0.177).abs() < 2e-2);
    assert_eq!(chart.bar.high, 0.8);
}
