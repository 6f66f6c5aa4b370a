//! Every key that a study file may have: what it means, what it takes, an example. Checking and the
//! JSON Schema for editors are both made from here; tests hold [`super::Definition`] to it.
//!
//! # Decisions
//!
//! - One table of keys stands beside the structs that serde fills. It has the words, examples and
//!   choices of messages and of the JSON Schema. A test holds table and structs together, key by
//!   key, and the committed schema to the table.

use serde_json::{Value, json};

use crate::paper::{Cells, Figure, Notes, RowOf, Show, Table, Venue};

use super::bounds::{MOST_DRAWS, MOST_LAYER, MOST_RANK};
use super::schema::{Field, Kind, field, object, required};

mod many;

use many::{BASES, MANY};

/// A whole number as TOML has them.
const SEED: Kind = Kind::Whole(0..=i64::MAX as u64);
/// The number of a block.
const LAYER: Kind = Kind::Whole(0..=MOST_LAYER as u64);

/// The file itself.
pub(super) const STUDY: &[Field] = &[
    required(
        "name",
        Kind::Name,
        "\"my-paper\"",
        "Names the output folders.",
    ),
    field(
        "title",
        Kind::Text,
        "\"My model on my task\"",
        "A title of one line.",
    ),
    field(
        "base",
        Kind::Text,
        "\"base\"",
        "The model that the adapters were trained on: a folder or file of safetensors. Figure 8 and table 7 need it.",
    ),
    field(
        "rename",
        Kind::List(&Kind::Text),
        "[\"model.language_model=model\"]",
        "Prefixes of the adapters' module paths that are replaced, each as OLD=NEW. The new paths tell which weight of the base belongs to a module.",
    ),
    field(
        "seed",
        SEED,
        "0",
        "Seed of the random directions; 0 when left out.",
    ),
    field(
        "draws",
        Kind::Whole(1..=MOST_DRAWS as u64),
        "20",
        "Random draws for table 7; 20 when left out.",
    ),
    field(
        "whole",
        Kind::Truth,
        "true",
        "Whether fused projections stay whole. When left out it is false, and they are cut into q, k and v.",
    ),
    field("text", Kind::Table(TEXT), "", "Prose for the report."),
    field(
        "rows",
        Kind::Text,
        "\"rows\"",
        "A folder of published values, in place of adapters: overlap.csv, amplification.csv and runs.csv as this toolkit writes them. Nothing is measured.",
    ),
    field(
        "adapter",
        Kind::Tables(ADAPTER),
        "",
        "An adapter. The tables have the adapters in this order.",
    ),
    field(
        "published",
        Kind::Text,
        "\"../lora-paper/study.toml\"",
        "A study of published rows. The report shows its figures beside this study's figures.",
    ),
    field(
        "runs",
        Kind::Text,
        "\"runs.csv\"",
        "Scores of training runs, for tables 5, 6 and 18 and the rank curve. The file is CSV, with the columns adapter, weight_types, rank, alpha, seed, task, metric, value and trainable_parameters. It has a column items where scores are shares of so many items. A run without a rank is a full fine-tune.",
    ),
    field(
        "answers",
        Kind::Text,
        "\"answers.csv\"",
        "What the runs answered, item by item. The best score is then compared with the others in pairs. The file is CSV, with the columns adapter, item and right (0 or 1). It has all of the runs with items, or some of them.",
    ),
    field(
        "compare",
        Kind::Table(COMPARE),
        "",
        "Which overlaps are measured. Adapters are given by their names, or by patterns of names with * and ?.",
    ),
    field("amplification", Kind::Table(AMPLIFICATION), "", "Table 7."),
    field(
        "many",
        Kind::Table(MANY),
        "",
        "Many adapters side by side: pairs.csv, shared.csv, groups.csv and interference.csv. The table may be empty.",
    ),
    field("figures", Kind::Table(FIGURE), "", "What is drawn."),
    field("tables", Kind::Table(TABLE), "", "Which tables are made."),
    field(
        "print",
        Kind::Table(PRINT),
        "",
        "Where the figures will be printed.",
    ),
    field("output", Kind::Table(OUTPUT), "", "Where results go."),
];

const TEXT: &[Field] = &[
    field(
        "question",
        Kind::Text,
        "\"Do seeds share directions?\"",
        "What the study asks.",
    ),
    field(
        "expectation",
        Kind::Text,
        "\"The top ones.\"",
        "What was expected beforehand.",
    ),
    field(
        "outcome",
        Kind::Text,
        "\"One direction.\"",
        "What came out.",
    ),
    field(
        "notes",
        Kind::Text,
        "\"Trained on one GPU.\"",
        "Anything else that a reader must know.",
    ),
    field(
        "findings",
        Kind::Text,
        "\"Exploratory: the rules were written after these data had been seen.\"",
        "What a reader of the findings must know first; it stands above them.",
    ),
];

const ADAPTER: &[Field] = &[
    required(
        "name",
        Kind::Name,
        "\"r8\"",
        "The study's name for it; `base` and `random` are reserved.",
    ),
    required("path", Kind::Text, "\"adapters/r8\"", "Its folder or file."),
    field(
        "rank",
        Kind::Whole(1..=MOST_RANK as u64),
        "8",
        "Its rank, if it is to be checked against the file's. For an adapter without factors, such as a full fine-tune: how many of ΔW's leading directions are used.",
    ),
    field(
        "seed",
        SEED,
        "0",
        "The seed that it was trained with. Runs of one seed share their random stream.",
    ),
    field(
        "task",
        Kind::Text,
        "\"sst2\"",
        "What it was trained on, for the report.",
    ),
    field(
        "label",
        Kind::Text,
        "\"r = 8\"",
        "What the report calls it; its name when left out.",
    ),
    field(
        "rename",
        Kind::List(&Kind::Text),
        "[\"model.language_model=model\"]",
        "Prefixes of its module paths that are replaced, each as OLD=NEW. They are replaced before those of the study.",
    ),
    field(
        "initial",
        Kind::Text,
        "\"adapters/r8/initial\"",
        "The adapter as it was before training. It is needed for an initialisation that took a part out of the base. It is also the start of `steps`.",
    ),
    field(
        "steps",
        Kind::Texts,
        "\"adapters/r8/checkpoint-*\"",
        "The checkpoints of its run, of which `path` is the last. Give a path, a pattern of paths with * and ?, or a list of these. They give trajectory.csv and its figure, and nothing else is made from them.",
    ),
];

const COMPARE: &[Field] = &[
    field(
        "bases",
        Kind::List(&Kind::Choice(&BASES)),
        "[\"a\", \"b\"]",
        "Directions that are measured: right-singular vectors of A, left-singular ones of B, right or left ones of ΔW. When left out: `a`.",
    ),
    field(
        "ranks",
        Kind::Two(&Kind::Text),
        "[\"r8\", \"r8\"]",
        "A smaller and a larger rank for figures 3 and 6, each a name or a pattern. Patterns give all pairs that differ in the seed.",
    ),
    field(
        "seeds",
        Kind::List(&Kind::Text),
        "[\"r8-seed0\", \"r8-seed1\"]",
        "Runs of one rank for figures 4 and 7, by names or patterns. A pattern, or more than two names, gives all pairs that differ in the seed alone. Several ranks give a group for each.",
    ),
    field(
        "seeds_are_known",
        Kind::Truth,
        "true",
        "For a study of rows: whether its runs are known to have different seeds. In other studies each adapter has its `seed`.",
    ),
    field(
        "base",
        Kind::List(&Kind::Text),
        "[\"r8\"]",
        "Adapters that are compared with W in figure 8, by names or patterns.",
    ),
    field(
        "also",
        Kind::List(&Kind::Two(&Kind::Text)),
        "[[\"r8\", \"r8\"]]",
        "Further pairs, which are measured but not drawn.",
    ),
    field(
        "cells",
        Kind::Choice(&Cells::NAMES),
        "\"all\"",
        "Which grids overlap.csv has: `drawn`, those that figures show, or `all`. When left out: `drawn`. overlap.npz always has all.",
    ),
];

const AMPLIFICATION: &[Field] = &[
    field(
        "adapters",
        Kind::List(&Kind::Text),
        "[\"r8\"]",
        "Adapters of table 7, by names or patterns; all of them when left out. The runs that a pattern matches are also shown as a group, with a mean and a standard deviation.",
    ),
    field(
        "directions",
        Kind::List(&Kind::Choice(&RowOf::NAMES)),
        "[\"delta\", \"random\"]",
        "Directions of which table 7 has rows; all three when left out. Without `base`, W's own directions, W is not decomposed unless figure 8 needs it.",
    ),
];

const FIGURE: &[Field] = &[
    field(
        "which",
        Kind::List(&Kind::Choice(&Figure::NAMES)),
        "[\"3\"]",
        "Figures that are drawn; all that the comparisons allow when left out.",
    ),
    field(
        "bases",
        Kind::List(&Kind::Choice(&BASES)),
        "[\"a\"]",
        "Directions that are drawn; `a` when left out.",
    ),
    field(
        "layer",
        LAYER,
        "5",
        "The layer of figures 3, 4 and 8 and of table 7; the middle one when left out.",
    ),
    field(
        "layers",
        Kind::List(&LAYER),
        "[0, 5]",
        "The layers of figures 6, 7 and seeds. When left out: the first, those at one and two thirds, and the last.",
    ),
    field(
        "component",
        Kind::Text,
        "\"decoder\"",
        "The part of the model that figures and table 7 show: a value of the column `component`, or a name in the modules' paths. When left out, where several modules have one layer and name, it is the largest part.",
    ),
    field(
        "projections",
        Kind::List(&Kind::Text),
        "[\"query\"]",
        "The projections that have panels. When left out: q and v, or the first two.",
    ),
    field(
        "pair",
        Kind::Two(&Kind::Text),
        "[\"r8\", \"r8\"]",
        "Two runs of a group that are drawn in place of its mean. They are drawn in figures 3 and 6 where their ranks differ, else in 4 and 7.",
    ),
    field(
        "show",
        Kind::Choice(&Show::NAMES),
        "\"excess\"",
        "What figures 3, 4, 6, 7 and 8 show: `overlap`, which is φ, or `excess`, which is (φ − chance)/(1 − chance). When left out: `overlap`.",
    ),
    field(
        "notes",
        Kind::Choice(&Notes::NAMES),
        "\"files\"",
        "Where the notes of figures stand. `picture`: below the panels. `files`: in NAME.caption.tex and NAME.caption.md beside the pictures. `both`: in both places. `none`: nowhere. When left out: `both`.",
    ),
    field(
        "footnote",
        Kind::Text,
        "\"Read off the published figure.\"",
        "A last line below every figure of overlaps. It stands where `notes` stand.",
    ),
];

const TABLE: &[Field] = &[
    field(
        "which",
        Kind::List(&Kind::Choice(&Table::NAMES)),
        "[\"7\"]",
        "Tables that are made; all that the study allows when left out.",
    ),
    field(
        "table5",
        Kind::List(&Kind::Text),
        "[\"*-r8\"]",
        "Runs of table 5, by their names in runs.csv with * and ?; all when left out.",
    ),
    field(
        "table6",
        Kind::List(&Kind::Text),
        "[\"*-r8\"]",
        "Runs of table 6 and of the rank curve, given in the same way.",
    ),
    field(
        "table18",
        Kind::List(&Kind::Text),
        "[\"*-r8\"]",
        "Runs of table 18 and of the rank curve, given in the same way.",
    ),
];

const PRINT: &[Field] = &[field(
    "venue",
    Kind::Choice(&Venue::NAMES),
    "\"icml\"",
    "The venue. It gives the page and type sizes of the figures, and the widths of the tables in LaTeX. When left out: `plain`, which fits LaTeX's `article`.",
)];

const OUTPUT: &[Field] = &[field(
    "folder",
    Kind::Text,
    "\"../..\"",
    "The folder in which figures/ and notebooks-export/ are made. When left out: the study file's own folder.",
)];

/// The JSON Schema (draft 2020-12) of study files, as `docs/study.schema.json` has it.
///
/// ```
/// let schema = lora_subspace::study::schema();
/// assert!(schema.contains("https://json-schema.org/draft/2020-12/schema"));
/// ```
pub fn schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A study of lora-subspace",
        "description": "A study.toml says which adapters, which questions, which figures and tables. Paths are relative to its folder.",
    });
    if let (Some(schema), Value::Object(rest)) = (schema.as_object_mut(), object(STUDY)) {
        schema.extend(rest);
        let either = ["adapter", "rows"].map(|key| json!({"required": [key]}));
        schema.insert("oneOf".into(), json!(either));
    }
    format!("{schema:#}\n")
}

#[cfg(test)]
mod tests;
