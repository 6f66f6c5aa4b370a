//! The report of a study with many adapters, layers and projections: a page that fits a screen.

use std::fs;
use std::path::Path;

use crate::files::repository;
use crate::python::python;
use lora_subspace::figure::{Chart, Options, Pair, Shown, figure3};
use lora_subspace::measure::Basis;
use lora_subspace::paper::Table;
use lora_subspace::report::{Content, Corners, Figure, Module, Modules, Page, TableFile};
use lora_subspace::table::{
    AmplificationRow, OverlapRow, Provenance, RanksRow, RunTable, RunsRow, SpectrumRow, Table7,
    from_csv,
};
use serde::de::DeserializeOwned;

const LAYERS: usize = 12;
/// As files have them.
const PROJECTIONS: [&str; 7] = [
    "down_proj",
    "gate_proj",
    "k_proj",
    "o_proj",
    "q_proj",
    "up_proj",
    "v_proj",
];

/// Nine runs with long names.
fn adapters() -> Vec<String> {
    let named = |rank, seed| format!("all-linear-of-a-decoder-r{rank}-seed{seed}");
    [4, 8, 64]
        .into_iter()
        .flat_map(|rank| (0..3).map(move |seed| named(rank, seed)))
        .collect()
}

fn path(layer: usize, projection: &str) -> String {
    format!("model.layers.{layer}.self_attn_or_mlp.{projection}")
}

/// Rows of the built-in study, as patterns for others.
fn patterns<Row: DeserializeOwned>(name: &str) -> Vec<Row> {
    let path = repository().join("notebooks-export/minilm-sst2").join(name);
    from_csv(name, fs::read(path).unwrap().as_slice()).unwrap()
}

fn places() -> impl Iterator<Item = (usize, &'static str)> {
    (0..LAYERS).flat_map(|layer| PROJECTIONS.map(|projection| (layer, projection)))
}

fn modules() -> Modules {
    let adapters = adapters();
    let ranks: Vec<RanksRow> = patterns("ranks.csv");
    let spectrum: Vec<SpectrumRow> = patterns("spectrum.csv");
    let first = spectrum[0].matrix.clone();
    let sigmas: Vec<&SpectrumRow> = spectrum
        .iter()
        .take_while(|row| row.matrix == first)
        .collect();
    let matrices = || adapters.iter().map(String::as_str).chain(["base"]);
    let all =
        || places().flat_map(|(layer, name)| matrices().map(move |one| (path(layer, name), one)));
    let module = |(layer, projection): (usize, &str)| Module {
        path: path(layer, projection),
        layer: Some(layer),
        projection: projection.into(),
        shape: (128, 128),
        overlaps: vec![Corners {
            first: adapters[0].clone(),
            second: adapters[8].clone(),
            basis: "delta-left",
            cells: (4, 64),
            one: Some(0.0001 * layer as f64),
            all: Some(0.75),
            dimension: 128,
        }],
    };
    Modules {
        modules: places().map(module).collect(),
        amplification: amplification(),
        ranks: all()
            .map(|(module, matrix)| RanksRow {
                module,
                matrix: matrix.into(),
                ..ranks[0].clone()
            })
            .collect(),
        spectrum: all()
            .flat_map(|(module, matrix)| {
                sigmas.iter().map(move |row| SpectrumRow {
                    module: module.clone(),
                    matrix: matrix.into(),
                    ..(*row).clone()
                })
            })
            .collect(),
    }
}

fn amplification() -> Vec<AmplificationRow> {
    let pattern: Vec<AmplificationRow> = patterns("amplification.csv");
    let three = |layer, projection: &str, adapter: &String| {
        let of = |row: &AmplificationRow| AmplificationRow {
            module: path(layer, projection),
            layer: Some(layer),
            projection: projection.into(),
            adapter: adapter.clone(),
            ..row.clone()
        };
        pattern[..3].iter().map(of).collect::<Vec<_>>()
    };
    let adapters = adapters();
    places()
        .flat_map(|(layer, name)| adapters.iter().flat_map(move |one| three(layer, name, one)))
        .collect()
}

/// Table 6 of twelve ranks, three seeds and all-linear adapters.
fn ranks_table() -> RunTable {
    let run = |rank: usize, seed: u64| RunsRow {
        adapter: format!("r{rank}-seed{seed}"),
        weight_types: PROJECTIONS.join("+"),
        rank: Some(rank),
        alpha: Some(16.0),
        seed: Some(seed),
        task: "a task with a long name".into(),
        metric: "log likelihood".into(),
        value: -1.25 - 0.125 * seed as f64,
        trainable_parameters: None,
        items: None,
    };
    let runs = (0..12).flat_map(|power| (0..3).map(move |seed| run(1 << power, seed)));
    RunTable::new(Table::Six, &runs.collect::<Vec<_>>()).unwrap()
}

/// Four panels, and cells of the first that are not sure.
fn chart() -> Chart {
    let row = |projection: &str, i, j| OverlapRow {
        module: path(0, projection),
        component: String::new(),
        layer: Some(0),
        projection: projection.into(),
        basis: "a".into(),
        first: "one".into(),
        second: "other".into(),
        i,
        j,
        overlap: Some(1.0 / (i + j) as f64),
        chance: usize::max(i, j) as f64 / 100.0,
        z: None,
        limit: String::new(),
    };
    let cells = || (1..=8).flat_map(|i| (1..=64).map(move |j| (i, j)));
    let projections = ["q_proj".to_string(), "v_proj".to_string()];
    let rows = projections
        .iter()
        .flat_map(|name| cells().map(move |(i, j)| row(name, i, j)));
    let shown = Shown {
        within: "",
        basis: Basis::A,
        projections: &projections,
        options: Options::default(),
    };
    let rows: Vec<OverlapRow> = rows.collect();
    let mut chart = figure3(&rows, &Pair::of("one", "other"), Some(0), &shown).unwrap();
    for cell in [(0, 0), (1, 5), (7, 63)] {
        chart.panels[0][0].marked[cell] = true;
    }
    chart
}

/// Two tables, a figure and the map of a study with one long word for a title.
fn page<'a>(chart: &'a Chart, tables: Vec<TableFile>, provenance: &'a Provenance) -> Page<'a> {
    Page {
        palette: lora_subspace::figure::Palette::Rocket,
        study: "large",
        title: "A_study_with_a_heading_that_is_one_word_and_much_longer_than_a_telephone_is_wide",
        text: ["Question", "Expectation", "Outcome", "Notes"].map(|name| (name, "")),
        findings: &[],
        findings_note: "",
        evidence: &[],
        figures: vec![Figure {
            name: "figure3",
            title: "Figure 3".into(),
            content: Content::HeatMaps(chart),
            published: None,
        }],
        formats: vec!["svg".into()],
        tables,
        modules: modules(),
        adapters: Vec::new(),
        left_out: Vec::new(),
        provenance,
        beside: Vec::new(),
        files: Vec::new(),
    }
}

#[test]
fn a_page_of_many_adapters_layers_and_projections_fits_its_screen() {
    let table7 = Table7::new(&amplification(), Some(5), &["q_proj".into()], &[]).unwrap();
    let (chart, ranks, seven) = (chart(), ranks_table(), table7.html());
    let markdown = ranks.markdown();
    for words in [
        "| all linear | −1.38 ± 0.12 (3) |",
        "All linear: W_q, W_k, W_v, W_o, W_gate_proj",
    ] {
        assert!(markdown.contains(words), "{words} is not in {markdown}");
    }
    let side_by_side = seven.matches("<table>").count();
    assert_eq!(side_by_side, 3, "three adapters each");
    let provenance = Provenance {
        version: "1.2.3".into(),
        study: "large".into(),
        settings: Vec::new(),
        inputs: Vec::new(),
    };
    let table = |name: &str, html| TableFile {
        name: name.into(),
        html,
    };
    let tables = vec![table("table6", ranks.html()), table("table7", seven)];
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("report.html");
    fs::write(&place, page(&chart, tables, &provenance).html()).unwrap();
    // For whoever wants to look at it.
    if let Some(folder) = std::env::var_os("REPORT_TO") {
        fs::copy(&place, Path::new(&folder).join("large.html")).unwrap();
    }
    python("report/run.py", &[Path::new("--text"), &place]);
}
