//! The study's own tables, read back as `--check` and the figures do. The first byte chooses the table.
#![no_main]

use lora_subspace::table::{
    AmplificationRow, AnswersRow, DrawRow, EvidenceRow, FindingRow, LayerRow, OverlapRow,
    PlacementRow, RanksRow, RunsRow, SpectrumRow, TrajectoryRow, from_csv, read_overlaps, to_csv,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod shared;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    match which % 12 {
        0 => overlaps(bytes),
        1 => read::<AmplificationRow>(bytes),
        2 => read::<SpectrumRow>(bytes),
        3 => read::<RanksRow>(bytes),
        4 => read::<RunsRow>(bytes),
        5 => read::<AnswersRow>(bytes),
        6 => read::<FindingRow>(bytes),
        7 => read::<EvidenceRow>(bytes),
        8 => read::<PlacementRow>(bytes),
        9 => read::<DrawRow>(bytes),
        10 => read::<LayerRow>(bytes),
        _ => read::<TrajectoryRow>(bytes),
    }
});

/// What is written reads back as the same bytes.
fn read<Row: Serialize + DeserializeOwned>(bytes: &[u8]) {
    let Some(rows) = shared::hold(from_csv::<Row>("table.csv", bytes)) else {
        return;
    };
    // Numbers that are not finite are read, and refused where they are written.
    let Some(written) = shared::hold(to_csv("table.csv", &rows)) else {
        return;
    };
    let back: Vec<Row> = from_csv("table.csv", &written).expect("what is written can be read");
    assert_eq!(back.len(), rows.len());
    let again = to_csv("table.csv", &back).expect("what was read can be written");
    assert!(again == written, "{}", String::from_utf8_lossy(&written));
}

/// Both readers of `overlap.csv` agree.
fn overlaps(bytes: &[u8]) {
    read::<OverlapRow>(bytes);
    let whole = shared::hold(from_csv::<OverlapRow>("overlap.csv", bytes));
    let streamed = shared::hold(read_overlaps(bytes, |_| true));
    if let (Some(whole), Some(streamed)) = (whole, streamed) {
        // NaN is not itself.
        assert_eq!(format!("{whole:?}"), format!("{streamed:?}"));
    }
}
