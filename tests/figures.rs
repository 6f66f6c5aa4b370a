//! Figures as data, then as files: what is masked, how it is labelled, which size it has.

use std::path::Path;

use lora_subspace::figure::{
    Chart, Drawing, Format, Options, Pair, Palette, Panel, Placed, Ranked, SURE, Shown, Venue,
    figure3, figure4, figure6, figure7, figure8, rank_curve,
};
use lora_subspace::study::{AdapterId, Plan, Request};
use lora_subspace::table::{OverlapRow, RunsRow, SpectrumRow, from_csv, read_overlaps};

/// Rows of one grid: φ(i,j) = 1/(i + j), but for undefined cells beyond row `defined`.
fn grid(
    layer: usize,
    projection: &str,
    (first, second): (&str, &str),
    (rows, columns): (usize, usize),
    defined: usize,
) -> Vec<OverlapRow> {
    let cell = |i: usize, j: usize| OverlapRow {
        module: format!("h.{layer}.{projection}"),
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
    };
    (1..=rows)
        .flat_map(|i| (1..=columns).map(move |j| (i, j)))
        .map(|(i, j)| cell(i, j))
        .collect()
}

fn rows() -> Vec<OverlapRow> {
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

fn pair(first: &str, second: &str) -> Pair {
    Pair {
        first: first.into(),
        second: second.into(),
    }
}

fn panels() -> [String; 2] {
    ["q_proj".into(), "up_proj".into()]
}

fn titles(row: &[Panel]) -> Vec<String> {
    row.iter().map(|panel| panel.title.bare()).collect()
}

fn labels(ticks: &[lora_subspace::figure::Tick]) -> Vec<&str> {
    ticks.iter().map(|tick| tick.label.as_str()).collect()
}

/// Some projections on basis a, as figures look by default.
fn shown(projections: &[String]) -> Shown<'_> {
    Shown {
        basis: "a",
        projections,
        options: Options::default(),
    }
}

fn third() -> Chart {
    figure3(&rows(), &pair("small", "large"), Some(3), &shown(&panels())).unwrap()
}

#[test]
fn figure_3_masks_one_triangle_and_zooms_into_the_other() {
    let chart = third();
    assert_eq!(chart.heading.bare(), "φ(A_r = 12, A_r = 20, i, j)");
    let [row] = chart.panels.as_slice() else {
        panic!("one row of panels")
    };
    assert_eq!(titles(row), ["ΔW_q", "ΔW_up_proj", "ΔW_q", "ΔW_up_proj"]);
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
    };
    let panels = panels();
    let shown = Shown {
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
            "Layer 7, ΔW_q",
            "Layer 7, ΔW_up_proj",
            "Layer 9, ΔW_q",
            "Layer 9, ΔW_up_proj"
        ]
    );
}

/// A row of `spectrum.csv` for W of layer 3.
fn of_base(index: usize, gap: Option<f64>, sin_theta_bound: Option<f64>) -> SpectrumRow {
    SpectrumRow {
        module: "h.3.q_proj".into(),
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
    // The range covers chance as well as the values, both ends rounded outward.
    assert_eq!((chart.bar.low, chart.bar.high), (0.01, 0.5));
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
    assert!(marked.contains("sin θ bound above 0.001"));
    assert_eq!(sure_chart.footer, marked_chart.footer[..2]);
    // Without marks and their sentence it is the other figure, to the byte.
    let mut cleared = marked_chart.clone();
    cleared.footer.truncate(2);
    let silent = svg(&cleared);
    let paths = |text: &str| text.matches("<path").count();
    assert!(paths(&silent) > paths(&plain));
    for panel in cleared.panels.iter_mut().flatten() {
        panel.marked.fill(false);
    }
    assert_eq!(cleared, sure_chart);
    assert_eq!(svg(&cleared), plain);
    for format in [Format::Pdf, Format::Png] {
        let render = |chart| Drawing::new(chart).unwrap().render(format).unwrap();
        assert_eq!(render(&marked_chart), render(&marked_chart));
        assert_ne!(render(&marked_chart), render(&sure_chart));
    }
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
fn small_grids_are_drawn() {
    for shape in [(1, 1), (1, 64), (2, 3)] {
        let rows = grid(0, "q_proj", ("small", "large"), shape, shape.0);
        let q = ["q_proj".to_string()];
        let chart = figure3(&rows, &pair("small", "large"), Some(0), &shown(&q)).unwrap();
        for format in [Format::Svg, Format::Pdf, Format::Png] {
            assert!(
                !Drawing::new(&chart)
                    .unwrap()
                    .render(format)
                    .unwrap()
                    .is_empty()
            );
        }
    }
    let rows = grid(0, "q_proj", ("small", "large"), (2, 2), 0);
    let q = ["q_proj".to_string()];
    let nothing = figure3(&rows, &pair("small", "large"), Some(0), &shown(&q));
    assert!(
        Drawing::new(&nothing.unwrap()).is_ok(),
        "a figure without any defined cell"
    );
}

#[test]
fn the_svg_needs_no_font_and_says_what_it_shows() {
    let svg = Drawing::new(&third()).unwrap().render(Format::Svg).unwrap();
    let text = String::from_utf8(svg).unwrap();
    assert!(!text.contains("<text") && !text.contains("font-family"));
    assert!(
        text.contains("<title>figure3</title>") && text.contains("φ(A_r = 12, A_r = 20, i, j)")
    );
    assert!(text.starts_with("<svg") && text.contains("width=\"6.7500in\""));
}

#[test]
fn the_png_has_its_size_and_the_pdf_its_fonts() {
    let drawing = Drawing::new(&third()).unwrap();
    let png = drawing.render(Format::Png).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&png))
        .read_info()
        .unwrap();
    let info = reader.info();
    assert_eq!(info.width, 2025); // 6.75 inches at 300 dpi
    let dots = info.pixel_dims.unwrap();
    assert_eq!(
        (dots.xppu, dots.yppu, dots.unit),
        (11811, 11811, png::Unit::Meter)
    );
    let pdf = drawing.render(Format::Pdf).unwrap();
    let holds = |word: &str| {
        pdf.windows(word.len())
            .any(|window| window == word.as_bytes())
    };
    assert!(pdf.starts_with(b"%PDF") && holds("DejaVuSans-Oblique") && holds("/FontFile"));
}

#[test]
fn the_same_chart_gives_the_same_bytes() {
    for format in [Format::Svg, Format::Pdf, Format::Png] {
        let draw = || Drawing::new(&third()).unwrap().render(format).unwrap();
        let first = draw();
        assert!((0..8).all(|_| draw() == first), "{format}");
    }
}

#[test]
fn the_built_in_study_draws_its_rows() {
    // A spot check from the committed table to the chart: nothing is lost or shifted between.
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks-export/minilm-sst2/overlap.csv");
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

/// All figures of a study of this repository, from its committed rows, as a venue prints them.
fn drawn_of(study: &str, venues: &[Venue]) -> Vec<(String, Drawing)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut request = Request::everything();
    request.findings = false;
    let file = root.join("experiments").join(study).join("study.toml");
    let plan = Plan::from_file(&file, &request).unwrap();
    let tables = root.join("notebooks-export").join(study);
    let read = |name: &str| std::fs::read(tables.join(name)).unwrap_or_default();
    let rows = read_overlaps(&read("overlap.csv")[..], |_| true).unwrap();
    let spectrum: Vec<SpectrumRow> = from_csv("spectrum.csv", &read("spectrum.csv")).unwrap();
    let runs: Vec<RunsRow> = from_csv("runs.csv", &read("runs.csv")).unwrap();
    let (figures, options) = (&plan.figures, Options::default());
    let of = |ids: Option<[AdapterId; 2]>| {
        let [first, second] = ids.unwrap().map(|id| plan.adapter_name(id));
        pair(first, second)
    };
    let (ranks, seeds) = (of(figures.ranks), of(figures.seeds));
    let base: Vec<Ranked> = plan
        .against_base()
        .into_iter()
        .map(|id| Ranked {
            name: plan.adapter_name(id).into(),
            rank: plan.adapter_rank(id),
        })
        .collect();
    let (layer, layers) = (figures.layer, &figures.layers);
    let mut charts: Vec<Chart> = Vec::new();
    for basis in &figures.bases {
        let shown = Shown {
            basis: basis.name(),
            projections: &figures.projections,
            options,
        };
        charts.extend([
            figure3(&rows, &ranks, layer, &shown).unwrap(),
            figure4(&rows, &seeds, layer, &shown).unwrap(),
            figure6(&rows, &ranks, layers, &shown).unwrap(),
            figure7(&rows, &seeds, layers, &shown).unwrap(),
            figure8(&rows, &spectrum, &base, layer, &shown).unwrap(),
        ]);
    }
    let curve = rank_curve(&plan.runs.of_curve(&runs), &options).unwrap();
    let mut drawn = Vec::new();
    for &venue in venues {
        let name = |figure: &str| format!("{study}-{venue}-{figure}");
        for chart in &charts {
            drawn.push((name(&chart.name), Drawing::at(venue, chart).unwrap()));
        }
        drawn.push((name(&curve.name), Drawing::of_curve(venue, &curve).unwrap()));
    }
    drawn
}

#[test]
fn text_is_never_small_nor_cut_nor_over_other_text() {
    // Less than this is no overlap: sides of letters are empty.
    const SLACK: f64 = 0.4;
    let mut wrong = Vec::new();
    for study in ["minilm-sst2", "lora-paper"] {
        for (name, drawing) in drawn_of(study, &Venue::ALL) {
            let (width, height) = drawing.size();
            let texts = drawing.texts();
            for (place, text) in texts.iter().enumerate() {
                if text.size < 6.0 - 1e-9 {
                    wrong.push(format!("{name}: `{}` is of {} pt", text.text, text.size));
                }
                if text.x < 0.0
                    || text.y < 0.0
                    || text.x + text.width > width
                    || text.y + text.height > height
                {
                    wrong.push(format!("{name}: `{}` is cut", text.text));
                }
                let overlaps = |other: &&Placed| {
                    let apart = |a: f64, long: f64, b: f64, other: f64| {
                        a + long - SLACK < b || b + other - SLACK < a
                    };
                    !(apart(text.x, text.width, other.x, other.width)
                        || apart(text.y, text.height, other.y, other.height))
                };
                if let Some(other) = texts[place + 1..].iter().find(overlaps) {
                    wrong.push(format!(
                        "{name}: `{}` and `{}` overlap",
                        text.text, other.text
                    ));
                }
            }
            assert!(texts.len() > 10, "{name}");
            // For whoever wants to look at them.
            if let Some(folder) = std::env::var_os("FIGURES_TO") {
                let path = Path::new(&folder).join(format!("{name}.png"));
                std::fs::write(path, drawing.render(Format::Png).unwrap()).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
