//! Figures of spectra and of sizes of large adapters: everything reads in every venue.

use crate::pictures::check_texts;
use lora_subspace::figure::{Drawing, Options, Ranked, Venue, sizes_maps, spectrum_curve};
use lora_subspace::table::{RanksRow, SpectrumRow};

const SEVEN: [&str; 7] = [
    "down_proj",
    "gate_proj",
    "up_proj",
    "k_proj",
    "o_proj",
    "q_proj",
    "v_proj",
];

/// Where rows stand: a layer, a projection, and an adapter or `base`.
type At<'a> = (usize, &'a str, &'a str);

/// The sizes of a matrix of a rank, a norm and a stable rank.
fn ranks((layer, projection, matrix): At, rank: usize, norm: f64, stable_rank: f64) -> RanksRow {
    let is_base = matrix == "base";
    RanksRow {
        module: format!("model.layers.{layer}.{projection}"),
        component: String::new(),
        layer: Some(layer),
        projection: projection.into(),
        matrix: matrix.into(),
        numerical_rank: (!is_base).then_some(rank),
        stable_rank: Some(stable_rank),
        effective_rank: (!is_base).then_some(1.5 * stable_rank),
        energy_rank_90: (!is_base).then_some((2.0 * stable_rank) as usize),
        frobenius_norm: norm,
        spectral_norm: norm / stable_rank.sqrt(),
        rank: (!is_base).then_some(rank),
        rank_share: None,
        relative_norm: (!is_base).then_some(norm / 60.0),
        relative_spectral_norm: None,
        top1_share: Some(1.0 / stable_rank),
        participation: None,
        chance_stable_rank: Some(0.7 * rank as f64),
        chance_stable_rank_sd: None,
        chance_effective_rank: Some(0.95 * rank as f64),
        chance_effective_rank_sd: None,
        chance_energy_rank_90: Some(0.86 * rank as f64 - 0.01 * layer as f64),
        chance_energy_rank_90_sd: None,
    }
}

fn sigma((layer, projection, matrix): At, count: usize) -> impl Iterator<Item = SpectrumRow> {
    let row = move |index: usize| SpectrumRow {
        module: format!("model.layers.{layer}.{projection}"),
        component: String::new(),
        layer: Some(layer),
        projection: projection.into(),
        matrix: matrix.into(),
        index,
        sigma: 9.0 * (index as f64).powf(-0.5 - 0.1 * (layer % 5) as f64),
        residual: 0.0,
        gap: None,
        sin_theta_bound: None,
    };
    (1..=count).map(row)
}

/// Adapters of some ranks, named by them, and the sizes of their modules; one in nine layers lacks a
/// module.
fn study(layers: usize, projections: &[&str], of: &[usize]) -> (Vec<Ranked>, Vec<RanksRow>) {
    let adapters = of.iter().map(|&rank| Ranked {
        name: format!("adapter-of-rank-{rank}"),
        rank,
    });
    let adapters: Vec<Ranked> = adapters.collect();
    let mut rows = Vec::new();
    for layer in 0..layers {
        for (number, projection) in projections.iter().enumerate() {
            if layer % 9 == 4 && number == 3 {
                continue;
            }
            for adapter in &adapters {
                let part = (1.7 * (7 * layer + 13 * number + adapter.rank) as f64)
                    .sin()
                    .abs();
                let stable = 1.0 + part * (adapter.rank as f64).sqrt();
                rows.push(ranks(
                    (layer, projection, &adapter.name),
                    adapter.rank,
                    1.0 + 5.0 * part,
                    stable,
                ));
            }
            rows.push(ranks((layer, projection, "base"), 384, 60.0, 35.0));
        }
    }
    (adapters, rows)
}

fn maps_of(adapters: &[Ranked], rows: &[RanksRow]) -> lora_subspace::figure::Maps {
    sizes_maps(rows, adapters, &Options::default()).unwrap()
}

#[test]
fn maps_of_every_size_read_in_every_venue() {
    let mut drawn = Vec::new();
    let two = ["q_proj", "v_proj"];
    let studies = [
        ("7x32", study(32, &SEVEN, &[8, 64])),
        ("7x12", study(12, &SEVEN, &[8])),
        ("2x96", study(96, &two, &[4, 8, 64])),
        ("2x6", study(6, &two, &[4, 8, 64])),
        ("1x1", study(1, &["query_key_value"], &[8])),
    ];
    for (name, (adapters, rows)) in &studies {
        let maps = maps_of(adapters, rows);
        for venue in Venue::ALL {
            let name = format!("sizes-{name}-{venue}");
            drawn.push((name, Drawing::at(venue, &maps).unwrap()));
        }
    }
    check_texts(&drawn);
    // Values are printed up to twelve layers, and those of a map all or none.
    let values = |name: &str| {
        let found = drawn.iter().find(|(other, _)| other == name);
        let (_, drawing) = found.unwrap();
        // Ticks of the bar are multiples of 0.005.
        let is_value =
            |text: &str| text.starts_with("0.0") && text.len() == 5 && !text.ends_with(['0', '5']);
        drawing
            .texts()
            .iter()
            .filter(|text| is_value(&text.text))
            .count()
    };
    assert!(values("sizes-7x12-icml") > 10);
    assert_eq!(values("sizes-7x32-icml"), 0);
}

#[test]
fn words_tell_the_extremes_with_their_places() {
    let rows = [
        ranks((0, "q_proj", "r8"), 8, 6.0, 2.0),
        ranks((1, "q_proj", "r8"), 8, 12.0, 1.0),
        ranks((0, "q_proj", "base"), 384, 60.0, 35.0),
        ranks((1, "q_proj", "base"), 384, 60.0, 35.0),
    ];
    let adapters = [Ranked {
        name: "r8".into(),
        rank: 8,
    }];
    let drawing = Drawing::at(Venue::Plain, &maps_of(&adapters, &rows)).unwrap();
    for words in [
        "r = 8: ‖ΔW‖/‖W‖: 0.10 (q, layer 0) to 0.20 (q, layer 1)",
        "stable rank: 1.0 (q, layer 1) to 2.0 (q, layer 0)",
    ] {
        assert!(
            drawing.description().contains(words),
            "{}",
            drawing.description()
        );
    }
}

#[test]
fn spectra_of_every_projection_read_in_every_venue() {
    let mut drawn = Vec::new();
    for (name, layers, projections, d) in [
        ("7x4", 4, &SEVEN[..], 4096),
        ("2x4", 4, &SEVEN[5..], 12288),
        ("1x1", 1, &SEVEN[..1], 384),
    ] {
        let (adapters, sizes) = study(layers, projections, &[4, 8, 64]);
        let mut rows: Vec<SpectrumRow> = Vec::new();
        for layer in 0..layers {
            for projection in projections {
                rows.extend(sigma((layer, projection, "base"), d / 10));
                for adapter in &adapters {
                    rows.extend(sigma((layer, projection, &adapter.name), adapter.rank));
                }
            }
        }
        let places: Vec<Option<usize>> = (0..layers).map(Some).collect();
        let names: Vec<String> = projections.iter().map(|name| name.to_string()).collect();
        let options = Options::default();
        let shown = (names.as_slice(), &options);
        let curve = spectrum_curve((&rows, &sizes), &adapters, &places, shown).unwrap();
        assert_eq!(curve.panels.len(), layers * projections.len());
        for venue in Venue::ALL {
            let name = format!("spectrum-{name}-{venue}");
            drawn.push((name, Drawing::at(venue, &curve).unwrap()));
        }
    }
    check_texts(&drawn);
}
