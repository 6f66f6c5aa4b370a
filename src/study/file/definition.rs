//! `study.toml` as written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use crate::adapter::Factors;
use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::files;
use crate::measure::Basis;
use crate::paper::{Cells, Figure, Label, Notes, RowOf, Show, Table, Venue};

use super::bounds::MOST_TEXT;
use super::lines::Lines;

/// A study file. Paths in it are relative to its folder. `keys.rs` has the same keys, with what
/// they take.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Names the output folders.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// The base's folder or file, or its id in the Hugging Face cache.
    pub base: Option<PathBuf>,
    /// Prefixes of the adapters' module paths that are replaced, `OLD=NEW` each.
    #[serde(default)]
    pub rename: Vec<String>,
    /// Seed of the random directions.
    #[serde(default)]
    pub seed: u64,
    /// Random draws for table 7.
    #[serde(default = "default_draws")]
    pub draws: usize,
    /// Whether fused projections are left whole.
    #[serde(default)]
    pub whole: bool,
    /// What the report says around the results.
    #[serde(default)]
    pub text: Prose,
    /// A folder of tables in this toolkit's formats, in place of adapters.
    pub rows: Option<PathBuf>,
    /// The adapters, in the order of the tables.
    #[serde(rename = "adapter", default)]
    pub adapters: Vec<AdapterEntry>,
    /// Which overlaps are measured.
    #[serde(default)]
    pub compare: Compare,
    /// Which adapters table 7 has; all of them when left out.
    #[serde(default)]
    pub amplification: AmplificationEntry,
    /// Many adapters side by side, where they are asked for.
    pub many: Option<ManyEntry>,
    /// What is drawn.
    #[serde(default)]
    pub figures: FiguresEntry,
    /// A study of published rows, whose figures the report shows beside these.
    pub published: Option<PathBuf>,
    /// Scores of training runs, a table of [`crate::table::RunsRow`]: tables 5, 6 and 18.
    pub runs: Option<PathBuf>,
    /// What the runs answered item by item, a table of [`crate::table::AnswersRow`].
    pub answers: Option<PathBuf>,
    /// Which tables are made.
    #[serde(default)]
    pub tables: TablesEntry,
    /// Where the figures will be printed.
    #[serde(default)]
    pub print: PrintEntry,
    /// Where results go.
    #[serde(default)]
    pub output: OutputEntry,
    /// Where all of this stands in the file.
    #[serde(skip)]
    pub(in crate::study) lines: Lines,
}

/// `[text]`: prose for the report, as the study has it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub struct Prose {
    /// What the study asks.
    pub question: String,
    /// What was expected beforehand.
    pub expectation: String,
    /// What came out.
    pub outcome: String,
    /// Anything else that a reader must know.
    pub notes: String,
    /// What a reader of the findings must know first.
    pub findings: String,
}

/// `[[adapter]]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct AdapterEntry {
    /// The study's name for it.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// Its rank, to be checked against the file's; of a ΔW without factors how many of its leading
    /// directions are used.
    pub rank: Option<usize>,
    /// The seed that it was trained with.
    pub seed: Option<u64>,
    /// What it was trained on, for the report.
    pub task: Option<String>,
    /// What the report calls it.
    pub label: Option<String>,
    /// Prefixes of its module paths that are replaced, `OLD=NEW` each.
    #[serde(default)]
    pub rename: Vec<String>,
    /// The adapter as it was before training, in place of one that a request gives.
    pub initial: Option<PathBuf>,
    /// The checkpoints of its run before it, by paths or patterns of them.
    #[serde(default, deserialize_with = "one_or_more")]
    pub steps: Vec<String>,
    /// Its factors, where a program holds them and no file does.
    #[serde(skip)]
    pub(in crate::study) factors: Option<Vec<Factors>>,
}

/// `[compare]`: adapters by their names, or by patterns of them.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Bases of directions to measure: a, b, delta-right, delta-left.
    #[serde(default)]
    pub bases: Vec<Basis>,
    /// A smaller and a larger rank, each a name or a pattern: figures 3 and 6.
    pub ranks: Option<[String; 2]>,
    /// Runs that differ in the seed alone, by names or patterns: figures 4 and 7.
    pub seeds: Option<Vec<String>>,
    /// Whether published runs are said to have different seeds; only of a study of rows.
    pub seeds_are_known: Option<bool>,
    /// Adapters held against W, by names or patterns: figure 8.
    #[serde(default)]
    pub base: Vec<String>,
    /// Further pairs, measured and not drawn.
    #[serde(default)]
    pub also: Vec<[String; 2]>,
    /// Which grids `overlap.csv` has; those that figures show when left out.
    pub cells: Option<Cells>,
}

/// `[amplification]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct AmplificationEntry {
    /// Adapters of table 7, by names or patterns; what a pattern matches is a group.
    #[serde(default)]
    pub adapters: Vec<String>,
    /// Which directions it has rows of; all when left out.
    pub directions: Option<Vec<RowOf>>,
}

/// `[many]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct ManyEntry {
    /// Adapters by their names, or by patterns of them; all when left out.
    pub adapters: Option<Vec<String>>,
    /// Directions that are compared; those of ΔW on both sides when left out.
    #[serde(default)]
    pub bases: Vec<Basis>,
    /// Leading directions of each adapter; 8 when left out.
    pub k: Option<usize>,
    /// Draws that eigenvalues are held against; 999 when left out.
    pub draws: Option<usize>,
    /// Labels by which adapters are told apart; those that tell some apart when left out.
    pub labels: Option<Vec<Label>>,
}

/// `[figures]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct FiguresEntry {
    /// Figures that are drawn; all that the comparisons allow when left out.
    pub which: Option<Vec<Figure>>,
    /// Bases that are drawn; `a` when left out.
    #[serde(default)]
    pub bases: Vec<Basis>,
    /// The layer of figures 3, 4 and 8 and of table 7.
    pub layer: Option<usize>,
    /// The layers of figures 6 and 7.
    pub layers: Option<Vec<usize>>,
    /// The part of the model, or a name in the paths, whose modules are drawn.
    pub component: Option<String>,
    /// The panels; q and v, or the first two, when left out.
    #[serde(default)]
    pub projections: Vec<String>,
    /// Two runs of a group, drawn in place of its mean.
    pub pair: Option<[String; 2]>,
    /// What the heat maps of overlaps show; φ itself when left out.
    pub show: Option<Show>,
    /// Where the notes of figures stand; in the pictures and in files beside them when left out.
    pub notes: Option<Notes>,
    /// A last line below every figure of overlaps.
    pub footnote: Option<String>,
}

/// `[tables]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct TablesEntry {
    /// Tables that are made; all that the study allows when left out.
    pub which: Option<Vec<Table>>,
    /// Runs of table 5, by patterns of their names; all when left out.
    pub table5: Option<Vec<String>>,
    /// Runs of table 6.
    pub table6: Option<Vec<String>>,
    /// Runs of table 18.
    pub table18: Option<Vec<String>>,
}

/// `[print]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct PrintEntry {
    /// Page and type sizes; `plain` when left out.
    pub venue: Option<Venue>,
}

/// `[output]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields)]
pub struct OutputEntry {
    /// The folder of results; the study file's own when left out.
    pub folder: Option<PathBuf>,
}

/// A text, or a list of them.
fn one_or_more<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Texts {
        One(String),
        Several(Vec<String>),
    }
    Ok(match Texts::deserialize(from)? {
        Texts::One(text) => vec![text],
        Texts::Several(texts) => texts,
    })
}

/// Enough for a spread; the closed form stands beside them.
pub(in crate::study) const DEFAULT_DRAWS: usize = 20;

fn default_draws() -> usize {
    DEFAULT_DRAWS
}

impl Definition {
    /// Reads a study file.
    ///
    /// # Errors
    ///
    /// [`CoreError::NotFound`](crate::CoreError::NotFound), or
    /// [`CoreError::Config`](crate::CoreError::Config) with the line that is wrong.
    pub fn read(path: &Path) -> Result<Self> {
        let inside = path.join("study.toml");
        if inside.is_file() {
            return Err(Error::not_found(
                path,
                "it is a folder, and no study file",
                format!("give the study in it: {}", inside.display()),
            ));
        }
        if !path.exists() {
            return Err(Error::not_found(
                path,
                "no such study file",
                format!(
                    "give the path of a study.toml; {} makes a first one of adapters",
                    Asked::Adapters
                ),
            ));
        }
        let text = files::read_text(path)?;
        if text.len() > MOST_TEXT {
            let problem = format!(
                "it has {} bytes, and a study at most {MOST_TEXT}",
                text.len()
            );
            return Err(Error::config(
                path,
                problem,
                "check that it is the file that you mean",
            ));
        }
        Self::parse(path, &text)
    }

    /// The study that a text is; `path` is what messages call it.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) with the line that is wrong.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self> {
        let lines = Lines::read(path, text)?;
        let mut definition: Definition = toml::from_str(text).map_err(|error| {
            // The schema lets through only what serde takes: a test holds the two together.
            let remedy = "compare with experiments/minilm-sst2/study.toml";
            lines.error("", &error.message().replace('\n', " "), remedy)
        })?;
        definition.lines = lines;
        if definition.adapters.is_empty() && definition.rows.is_none() {
            let remedy = "add [[adapter]], or rows = \"PATH\" for a study of published rows";
            return Err(definition
                .lines
                .error("name", "`adapter` is missing", remedy));
        }
        if definition.rows.is_none() {
            definition.check_names()?;
        }
        Ok(definition)
    }

    /// Every adapter has a name of its own.
    fn check_names(&self) -> Result<()> {
        let mut met = BTreeSet::new();
        for (place, adapter) in self.adapters.iter().enumerate() {
            let (name, at) = (&adapter.name, format!("adapter[{place}].name"));
            if name == "base" || name == "random" {
                let problem = format!("an adapter is named {name:?}");
                let remedy = "`base` and `random` are reserved for W and for random directions: \
                              give it another name";
                return Err(self.lines.error(&at, &problem, remedy));
            }
            if !met.insert(name) {
                let problem = format!("two adapters are named {name:?}");
                return Err(self.lines.error(&at, &problem, "give each its own name"));
            }
        }
        Ok(())
    }
}
