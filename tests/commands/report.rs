//! The report in a browser: `tests/report/run.py` uses it as a reader would.
//!
//! # Decisions
//!
//! - The tests speak the DevTools protocol to Debian's Chromium (`tests/report/browser.py`).
//!   Pointer and key events are real, the dependency is one and small, and no second browser is
//!   downloaded.

use std::fs;
use std::path::Path;

use crate::files::repository;
use crate::programs::run;
use crate::python::python;
use crate::strange::{STRANGE, strange_study};
use crate::workshop::workshop;
use lora_subspace::figure::{Chart, Options, Pair, Shown, figure4};
use lora_subspace::measure::Basis;
use lora_subspace::report::{Content, Figure, Modules, Page, TableFile};
use lora_subspace::table::{EvidenceRow, FindingRow, Input, OverlapRow, Provenance, from_csv};

/// Makes the report of a study of this repository, and uses it.
fn used(study: &str) {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let root = repository();
    let file = format!("experiments/{study}/study.toml");
    let outcome = run("regenerate", &[&file, "-q", "--out", out], root);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let tables = folder.path().join("notebooks-export").join(study);
    let report = tables.join("report.html");
    let size = fs::metadata(&report).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
    let Some(said) = python("report/run.py", &[&report]) else {
        return;
    };
    assert!(said.contains("values as in overlap.csv"), "{said}");
}

#[test]
fn the_built_in_report_can_be_pointed_at_walked_and_printed() {
    used("minilm-sst2");
}

#[test]
fn published_figures_stand_beside_those_of_the_same_name() {
    let page = |study: &str| {
        let root = repository().join("notebooks-export");
        fs::read_to_string(root.join(study).join("report.html")).unwrap()
    };
    let title = "\"whose\":\"The LoRA paper: GPT-3 175B, as published\"";
    assert_eq!(
        page("minilm-sst2").matches(title).count(),
        5,
        "3, 4, 6, 7, 8"
    );
    assert_eq!(page("lora-paper").matches("\"whose\":\"").count(), 0);
}

#[test]
fn what_a_study_says_of_its_adapters_is_in_the_report() {
    let folder = workshop();
    let adapter = |name: &str, more: &str| {
        format!("[[adapter]]\nname = \"{name}\"\npath = \"{name}\"\n{more}")
    };
    let text = format!(
        "name = \"told\"\n{}{}[compare]\nranks = [\"one\", \"two\"]\n",
        adapter("one", "label = \"the <small> one\"\n"),
        adapter("two", "seed = 41\n")
    );
    fs::write(folder.path().join("study.toml"), text).unwrap();
    let arguments = ["study.toml", "-q", "--format", "svg", "--out", "out"];
    assert_eq!(run("regenerate", &arguments, folder.path()).code, 0);
    let page = folder.path().join("out/notebooks-export/told/report.html");
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("the &lt;small&gt; one") && page.contains(">41<"));
    assert!(page.contains(">label<") && page.contains(">seed<") && !page.contains(">task<"));
}

#[test]
fn so_can_that_of_published_values() {
    used("lora-paper");
}

#[test]
fn no_name_becomes_markup_or_script() {
    let folder = strange_study(&["--format", "svg,png"]);
    let tables = folder.path().join("notebooks-export").join(STRANGE);
    python("report/run.py", &[&tables.join("report.html")]);
}

fn chart(value: f64) -> Chart {
    let row = |first: &str, i, j| OverlapRow {
        module: "h.0.q".into(),
        component: String::new(),
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
        limit: String::new(),
    };
    let cells = [(1, 1), (1, 2), (2, 1), (2, 2)];
    let of = |first| cells.map(|(i, j)| row(first, i, j));
    let rows = [of("one"), of("random")].concat();
    let pair = Pair::of("one", "other");
    let shown = Shown {
        within: "",
        basis: Basis::A,
        projections: &["q".into()],
        options: Options::default(),
    };
    figure4(&rows, &pair, Some(0), &shown).unwrap()
}

/// As `findings.csv` has them, a verdict each.
const FINDINGS: &str = "\
claim,statement,verdict,says,sentence,statistic,test,count,holding,median,chance,p,least_p,margin,runs,rules
seeds,Seeds share <directions>.,holds,They share some.,Three of four do.,\"φ(1,1)\",Beta,4,3,0.5,0.01,1e-9,,,2,2
ranks,Ranks do.,does not hold,They do not.,None does.,\"φ(1,1)\",Beta,4,0,0.01,0.01,0.5,,,2,2
factor,The factor falls.,cannot be told,It cannot.,It cannot be told.,factor,signs,4,2,,,,,0.1,1,2
";
/// As `evidence.csv` has it.
const EVIDENCE: &str = "\
claim,module,layer,projection,basis,first,second,runs,pairs,seeds,statistic,value,chance,sd,bound,p,p_adjusted
seeds,h.0.a_long_name_a_long_name_a_long_name_a_long_name_a_long_name_a_long_name_a_long_name.q,0,q,a,\
one,other,2,1,differ,\"φ(1,1)\",0.5,0.01,,,1e-9,
";

#[test]
fn findings_published_figures_and_pictures_have_their_places() {
    let (mine, published) = (chart(0.25), chart(0.125));
    let findings: Vec<FindingRow> = from_csv("findings.csv", FINDINGS.as_bytes()).unwrap();
    let evidence: Vec<EvidenceRow> = from_csv("evidence.csv", EVIDENCE.as_bytes()).unwrap();
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
        description: "Two lines".into(),
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"></svg>".into(),
        narrow: String::new(),
    };
    let page = Page {
        palette: lora_subspace::figure::Palette::Rocket,
        study: "study",
        title: "",
        text: [
            ("Question", "Why?"),
            ("Expectation", ""),
            ("Outcome", ""),
            ("Notes", ""),
        ],
        findings: &findings,
        findings_note: "Exploratory.",
        evidence: &evidence,
        figures: vec![
            Figure {
                name: "figure9",
                title: "Figure 9".into(),
                content: picture,
                published: None,
            },
            Figure {
                name: "figure4",
                title: "Figure 4".into(),
                content: Content::HeatMaps(&mine),
                published: Some(("GPT-3", &published)),
            },
        ],
        formats: vec!["svg".into()],
        tables: vec![TableFile {
            name: "table5".into(),
            html: "<p>Table 5</p>\n<table></table>\n".into(),
        }],
        modules: Modules::default(),
        adapters: Vec::new(),
        left_out: vec![["tower.q".into(), "<b>no</b> weight".into()]],
        provenance: &provenance,
        beside: vec![Input {
            of: "paper: rows".into(),
            file: "overlap.csv".into(),
            sha256: "fedcba9876543210".repeat(4),
        }],
        files: vec!["table5.csv".into()],
    };
    let html = page.html();
    assert_eq!(html, page.html(), "not the same bytes");
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("report.html");
    fs::write(&place, &html).unwrap();
    let Some(text) = python("report/run.py", &[Path::new("--text"), &place]) else {
        return;
    };
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
        // Its own caption before the published panels, and theirs after them.
        "one (i) against other (j)",
        "Beside it, in the same colours: GPT-3",
        "one (i) against other (j)",
        "Tables",
        "Table 5",
        "Settings and provenance",
        "Modules that are left out",
        "tower.q",
        "<b>no</b> weight",
        "7",
        "0123456789abcdef",
        "paper: rows",
        "fedcba9876543210",
    ] {
        let Some((_, after)) = rest.split_once(wanted) else {
            panic!("no `{wanted}`, or not in its place: {text}");
        };
        rest = after;
    }
    assert!(!text.contains("Each cell is a module") && !text.contains("Expectation"));
}
