//! Figure 8: the chance strip, and the rows whose directions are not sure.

use crate::figures::{grid, panels, rows, shown, titles};
use lora_subspace::figure::{Chart, Drawing, Format, Ranked, SURE, figure8};
use lora_subspace::table::SpectrumRow;

/// A row of `spectrum.csv` for W of layer 3.
fn of_base(index: usize, gap: Option<f64>, sin_theta_bound: Option<f64>) -> SpectrumRow {
    SpectrumRow {
        module: "h.3.q_proj".into(),
        component: String::new(),
        layer: Some(3),
        projection: "q_proj".into(),
        matrix: "base".into(),
        index,
        sigma: 1.0,
        residual: 0.0,
        gap,
        sin_theta_bound,
    }
}

/// All of W's directions are sure; after the last of them nothing is left.
fn sure() -> Vec<SpectrumRow> {
    let row = |i| match i {
        10 => of_base(i, None, None),
        _ => of_base(i, Some(0.1), Some(1e-9)),
    };
    (1..=10).map(row).collect()
}

fn eighth(spectrum: &[SpectrumRow]) -> Chart {
    let adapter = |name: &str, rank| Ranked {
        name: name.into(),
        rank,
    };
    let adapters = [adapter("small", 12), adapter("large", 20)];
    figure8(&rows(), spectrum, &adapters, Some(3), &shown(&panels())).unwrap()
}

/// The rows marked, from 1, which are the same in every panel but the chance strip and whole.
fn marked_rows(chart: &Chart) -> Vec<usize> {
    let (strip, panels) = chart.panels[0].split_last().unwrap();
    assert!(!strip.marked.iter().any(|&mark| mark));
    assert!(panels.iter().all(|panel| panel.marked == panels[0].marked));
    let rows = panels[0].marked.rows().into_iter().enumerate();
    rows.filter(|(_, row)| row.iter().any(|&mark| mark))
        .map(|(i, row)| {
            assert!(row.iter().all(|&mark| mark));
            i + 1
        })
        .collect()
}

#[test]
fn figure_8_ends_with_random_directions_and_the_chance_strip() {
    let chart = eighth(&sure());
    assert_eq!(
        titles(&chart.panels[0]),
        [
            "φ(W_q, A_r = 12)",
            "φ(W_q, A_r = 20)",
            "φ(W_q, A_rand)",
            "i/d"
        ]
    );
    let strip = &chart.panels[0][3];
    assert!(strip.narrow && strip.cells.dim() == (10, 1));
    assert_eq!(strip.cells[(9, 0)], Some(0.1));
    // The range begins at 0 and ends above the largest value.
    assert_eq!((chart.bar.low, chart.bar.high), (0.0, 0.5));
}

#[test]
fn figure_8_marks_the_rows_whose_directions_are_ill_determined() {
    assert_eq!(marked_rows(&eighth(&sure())), [0; 0]);
    let mut spectrum = sure();
    spectrum[1] = of_base(2, Some(0.1), Some(SURE)); // just sure
    spectrum[2] = of_base(3, Some(0.1), Some(SURE * 1.01)); // not any more
    spectrum[4] = of_base(5, Some(0.0), None); // two equal σ
    spectrum[5] = of_base(6, Some(1e-12), None); // a gap that the residuals fill
    spectrum[7] = of_base(8, Some(0.1), Some(f64::NAN));
    assert_eq!(marked_rows(&eighth(&spectrum)), [3, 5, 6, 8]);
    // Beyond the last row of the table nothing is known.
    assert_eq!(marked_rows(&eighth(&sure()[..8])), [9, 10]);
    // Other matrices and other modules say nothing about this W.
    let others = sure().into_iter().map(|row| match row.index {
        4 => SpectrumRow {
            matrix: "small".into(),
            ..row
        },
        7 => SpectrumRow {
            module: "h.0.q_proj".into(),
            ..row
        },
        _ => row,
    });
    assert_eq!(marked_rows(&eighth(&others.collect::<Vec<_>>())), [4, 7]);
    // Published rows come without a spectrum: nothing is said of their directions.
    assert_eq!(marked_rows(&eighth(&[])), [0; 0]);
    assert!(!eighth(&[]).footer.concat().contains("Hatched"));
}

#[test]
fn cells_without_a_value_are_not_marked() {
    let rows = ["small", "random"].map(|second| grid(3, "q_proj", ("base", second), (10, 4), 6));
    let adapters = [Ranked {
        name: "small".into(),
        rank: 12,
    }];
    let (rows, panels) = (rows.concat(), panels());
    let nothing_sure = [of_base(10, Some(0.0), None)];
    let draw = |spectrum| figure8(&rows, spectrum, &adapters, Some(3), &shown(&panels));
    let chart = draw(&nothing_sure).unwrap();
    assert_eq!(marked_rows(&chart), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn marks_are_drawn_and_explained_where_there_are_some() {
    let svg = |chart: &Chart| {
        let bytes = Drawing::new(chart).unwrap().render(Format::Svg).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let (sure_chart, mut spectrum) = (eighth(&sure()), sure());
    spectrum[3].sin_theta_bound = None;
    let marked_chart = eighth(&spectrum);
    let (plain, marked) = (svg(&sure_chart), svg(&marked_chart));
    assert!(!plain.contains("Hatched") && marked.contains("Hatched"));
    assert!(marked.contains("bound on sin θ is above 0.001"));
    assert_eq!(sure_chart.footer, marked_chart.footer[..2]);
    // Without marks and their sentence it is the other figure, to the byte.
    let mut cleared = marked_chart.clone();
    cleared.footer.truncate(2);
    let silent = svg(&cleared);
    let paths = |text: &str| text.matches("<path").count();
    assert!(paths(&silent) > paths(&plain));
    for panel in cleared.panels.iter_mut().flatten() {
        panel.marked.fill(false);
        panel.mark.clear();
    }
    assert_eq!(cleared, sure_chart);
    assert_eq!(svg(&cleared), plain);
    for format in [Format::Pdf, Format::Png] {
        let render = |chart| Drawing::new(chart).unwrap().render(format).unwrap();
        assert_eq!(render(&marked_chart), render(&marked_chart));
        assert_ne!(render(&marked_chart), render(&sure_chart));
    }
}
