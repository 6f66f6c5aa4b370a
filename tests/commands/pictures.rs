//! Figures as files: size, fonts, bytes, and where the text stands.

use std::path::Path;

use crate::courses::made_up;
use crate::figures::{grid, pair, shown, third};
use crate::files::repository;
use lora_subspace::figure::{
    Canvas, Chart, Curve, Drawing, Format, Options, Placed, Ranked, Shown, Venue,
    amplification_curve, figure3, figure4, figure6, figure7, figure8, placement_curve, rank_curve,
    seeds_curve, sizes_maps, spectrum_curve, trajectory_curve,
};
use lora_subspace::study::{Pairs, Plan, Request};
use lora_subspace::table::{
    AmplificationRow, RanksRow, RunsRow, SpectrumRow, from_csv, read_overlaps,
};

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
    assert!(text.starts_with("<svg") && text.contains("width=\"4.7738in\""));
}

#[test]
fn without_notes_there_are_none_in_the_picture_and_all_in_its_words() {
    let chart = third();
    let drawn = |notes| {
        let canvas = Canvas::of(Venue::Plain).with_notes(notes);
        Drawing::on(canvas, &chart).unwrap()
    };
    let says = |drawing: &Drawing| {
        let texts = drawing.texts().iter();
        texts
            .clone()
            .any(|text| text.text.contains("right-singular"))
    };
    let (with, without) = (drawn(true), drawn(false));
    assert!(says(&with) && !says(&without));
    assert!(without.size().1 < with.size().1);
    assert_eq!(with.description(), without.description());
}

#[test]
fn the_png_has_its_size_and_the_pdf_its_fonts() {
    let drawing = Drawing::new(&third()).unwrap();
    let png = drawing.render(Format::Png).unwrap();
    let reader = png::Decoder::new(std::io::Cursor::new(&png))
        .read_info()
        .unwrap();
    let info = reader.info();
    assert_eq!(info.width, 1432); // 345 / 72.27 inches at 300 dpi
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

/// All figures of a study of this repository, from its committed rows, as a venue prints them.
fn drawn_of(study: &str, venues: &[Venue]) -> Vec<(String, Drawing)> {
    let root = repository();
    let mut request = Request::everything();
    request.makes.findings = false;
    let file = root.join("experiments").join(study).join("study.toml");
    let plan = Plan::from_file(&file, &request).unwrap();
    let tables = root.join("notebooks-export").join(study);
    let read = |name: &str| std::fs::read(tables.join(name)).unwrap_or_default();
    let rows = read_overlaps(&read("overlap.csv")[..], |_| true).unwrap();
    let spectrum: Vec<SpectrumRow> = from_csv("spectrum.csv", &read("spectrum.csv")).unwrap();
    let runs: Vec<RunsRow> = from_csv("runs.csv", &read("runs.csv")).unwrap();
    let (figures, options) = (&plan.figures, Options::default());
    let of = |pairs: &Option<Pairs>| {
        let [first, second] = &pairs.as_ref().unwrap().labels;
        pair(first, second)
    };
    let (ranks, seeds) = (of(&figures.ranks), of(&figures.seeds));
    let ranked = |id| Ranked {
        name: plan.adapter_name(id).into(),
        rank: plan.adapter_rank(id),
    };
    let base: Vec<Ranked> = plan.against_base().into_iter().map(ranked).collect();
    let (layer, layers) = (figures.layer, &figures.layers);
    let (mut charts, mut curves): (Vec<Chart>, Vec<Curve>) = (Vec::new(), Vec::new());
    for &basis in &figures.bases {
        let shown = Shown {
            within: "",
            basis,
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
        let seeds = &figures.seeds.as_ref().unwrap().pairs;
        let name = |id| plan.adapter_name(id).to_string();
        let pairs: Vec<[String; 2]> = seeds.iter().map(|pair| pair.map(name)).collect();
        curves.push(seeds_curve(&rows, &pairs, layers, &shown).unwrap());
    }
    let amplified: Vec<AmplificationRow> =
        from_csv("amplification.csv", &read("amplification.csv")).unwrap();
    let groups = plan.table7_groups();
    let factors = amplification_curve(&amplified, &figures.projections, &groups, &options);
    curves.push(factors.unwrap());
    curves.push(rank_curve(&plan.runs.of_curve(&runs), &options).unwrap());
    let ranks: Vec<RanksRow> = from_csv("ranks.csv", &read("ranks.csv")).unwrap();
    let shown = plan.measured_ids().into_iter();
    let shown: Vec<Ranked> = shown.map(ranked).collect();
    let of_size = sizes_maps(&ranks, &shown, &options);
    let panels = (figures.projections.as_slice(), &options);
    curves.extend(spectrum_curve((&spectrum, &ranks), &shown, layers, panels));
    let measured = plan.measured().map(|_| plan.run(&|| {}).unwrap().placement);
    curves.extend(measured.map(|rows| placement_curve(&rows, &base, &options).unwrap()));
    let mut drawn = Vec::new();
    for &venue in venues {
        let name = |figure: &str| format!("{study}-{venue}-{figure}");
        for chart in &charts {
            drawn.push((name(&chart.name), Drawing::at(venue, chart).unwrap()));
        }
        for curve in &curves {
            drawn.push((name(&curve.name), Drawing::at(venue, curve).unwrap()));
        }
        if let Some(maps) = &of_size {
            drawn.push((name(&maps.name), Drawing::at(venue, maps).unwrap()));
        }
    }
    drawn
}

/// Courses of one run with few checkpoints and of three with many, as a venue prints them.
fn drawn_courses(venues: &[Venue]) -> Vec<(String, Drawing)> {
    let one = made_up(&["r8"], &[0, 25, 50, 100, 200], true);
    let three = ["r8-lr1e-4-seed0", "r8-lr3e-4-seed0", "r64"];
    let three = made_up(&three, &(0..21).map(|n| 500 * n).collect::<Vec<_>>(), false);
    let mut drawn = Vec::new();
    for (name, rows) in [("one", one), ("three", three)] {
        let curve = trajectory_curve(&rows, &[], &Options::default()).unwrap();
        for &venue in venues {
            let drawing = Drawing::at(venue, &curve).unwrap();
            drawn.push((format!("course-{name}-{venue}"), drawing));
        }
    }
    drawn
}

/// Text that is small, cut, or over other text.
fn faults(name: &str, drawing: &Drawing) -> Vec<String> {
    // Less than this is no overlap: sides of letters are empty.
    const SLACK: f64 = 0.4;
    let (width, height) = drawing.size();
    let texts = drawing.texts();
    let mut wrong = Vec::new();
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
    wrong
}

/// That every text of some pictures reads; the pictures are kept for whoever wants to look at them.
pub(crate) fn check_texts(drawn: &[(String, Drawing)]) {
    let mut wrong = Vec::new();
    for (name, drawing) in drawn {
        wrong.extend(faults(name, drawing));
        assert!(drawing.texts().len() > 10, "{name}");
        if let Some(folder) = std::env::var_os("FIGURES_TO") {
            let path = Path::new(&folder).join(format!("{name}.png"));
            std::fs::write(path, drawing.render(Format::Png).unwrap()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_is_never_small_nor_cut_nor_over_other_text() {
    for study in ["minilm-sst2", "lora-paper"] {
        check_texts(&drawn_of(study, &Venue::ALL));
    }
    check_texts(&drawn_courses(&Venue::ALL));
}
