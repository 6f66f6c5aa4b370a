//! The report in a browser: `tests/report/run.py` uses it as a reader would.

mod common;

use std::fs;
use std::path::Path;

use common::{python, run, strange_study};
use lora_subspace::figure::{Chart, Options, Pair, figure4};
use lora_subspace::report::{Content, Figure, Modules, Page, TableFile};
use lora_subspace::table::{EvidenceRow, FindingRow, Input, OverlapRow, Provenance};

#[test]
fn the_built_in_report_can_be_pointed_at_walked_and_printed() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outcome = run("regenerate", &["-q", "--out", out], root);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let report = folder
        .path()
        .join("notebooks-export/minilm-sst2/report.html");
    let size = fs::metadata(&report).unwrap().len();
    assert!(size < 3_000_000, "{size} bytes");
    let said = python("report/run.py", &[&report]);
    assert!(said.contains("values as in overlap.csv"), "{said}");
}

#[test]
fn no_name_becomes_markup_or_script() {
    let folder = strange_study(&["--format", "svg,png"]);
    let tables = folder.path().join("notebooks-export").join(common::STRANGE);
    python("report/run.py", &[&tables.join("report.html")]);
}

fn chart(value: f64) -> Chart {
    let row = |first: &str, i, j| OverlapRow {
        module: "h.0.q".into(),
        layer: Some(0),
        projection: "q".into(),
        basis: "a".into(),
        first: first.into(),
        second: "other".into(),
        i,
        j,
        overlap: Some(value),
        chance: 0.01 * usize::max(i, j) as f64,
        z: None,
    };
    let cells = [(1, 1), (1, 2), (2, 1), (2, 2)];
    let of = |first| cells.map(|(i, j)| row(first, i, j));
    let rows = [of("one"), of("random")].concat();
    let pair = Pair {
        first: "one".into(),
        second: "other".into(),
    };
    figure4(
        &rows,
        "a",
        &pair,
        Some(0),
        &["q".into()],
        &Options::default(),
    )
    .unwrap()
}

fn finding(verdict: &str) -> FindingRow {
    FindingRow {
        claim: "seeds".into(),
        statement: "Seeds share <directions>.".into(),
        verdict: verdict.into(),
        sentence: "φ(1,1) is 0.5 in 3 of 4 modules.".into(),
        statistic: "φ(1,1)".into(),
        test: "Beta".into(),
        count: 4,
        holding: 3,
        median: Some(0.5),
        chance: Some(0.01),
        p: Some(1e-9),
        margin: None,
    }
}

#[test]
fn findings_published_figures_and_pictures_have_their_places() {
    let (mine, published) = (chart(0.25), chart(0.125));
    let findings = ["holds", "does not hold", "cannot be told"].map(finding);
    let evidence = EvidenceRow {
        claim: "seeds".into(),
        module: "h.0.".to_string() + &"a_long_name_".repeat(20),
        layer: Some(0),
        projection: "q".into(),
        statistic: "φ(1,1)".into(),
        value: Some(0.5),
        chance: Some(0.01),
        p: Some(1e-9),
        p_adjusted: None,
    };
    let provenance = Provenance {
        version: "1.2.3".into(),
        study: "study".into(),
        settings: vec![("seed".into(), "7".into())],
        inputs: vec![Input {
            of: "one".into(),
            file: "adapter_model.safetensors".into(),
            sha256: "0123456789abcdef".repeat(4),
        }],
    };
    let picture = Content::Picture {
        caption: "A curve of ranks".into(),
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"></svg>".into(),
    };
    let page = Page {
        study: "study",
        title: "",
        text: [
            ("Question", "Why?"),
            ("Expectation", ""),
            ("Outcome", ""),
            ("Notes", ""),
        ],
        findings: &findings,
        evidence: &[evidence],
        figures: vec![
            Figure {
                name: "figure9",
                content: picture,
                published: None,
            },
            Figure {
                name: "figure4",
                content: Content::HeatMaps(&mine),
                published: Some(("GPT-3", &published)),
            },
        ],
        formats: vec!["svg".into()],
        tables: vec![TableFile {
            name: "table5".into(),
            markdown: "Table 5\n\n| a | b |\n|:--|--:|\n| x | 1 |\n".into(),
        }],
        modules: Modules::default(),
        adapters: Vec::new(),
        provenance: &provenance,
        files: vec!["table5.csv".into()],
    };
    let html = page.html();
    assert_eq!(html, page.html(), "not the same bytes");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("report.html");
    fs::write(&place, &html).unwrap();
    let text = python("report/run.py", &[Path::new("--text"), &place]);
    let mut rest = text.as_str();
    for wanted in [
        "Question",
        "Why?",
        "Findings",
        "Seeds share <directions>.",
        "✓ holds",
        "✗ does not hold",
        "? cannot be told",
        "Figures",
        "Figure 9",
        "A curve of ranks",
        "Figure 4",
        "As published: GPT-3",
        "Tables",
        "Table 5",
        "Settings and provenance",
        "7",
        "0123456789abcdef",
    ] {
        let Some((_, after)) = rest.split_once(wanted) else {
            panic!("no `{wanted}`, or not in its place: {text}");
        };
        rest = after;
    }
    assert!(!text.contains("Modules") && !text.contains("Expectation"));
}
