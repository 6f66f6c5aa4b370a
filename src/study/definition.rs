//! `study.toml` as written.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Result};

/// A study file. Paths in it are relative to its folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Names the output folders.
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub title: String,
    /// The base's folder or file, or its id in the Hugging Face cache.
    pub base: Option<PathBuf>,
    /// Seed of the random directions.
    #[serde(default)]
    pub seed: u64,
    /// Random draws for table 7.
    #[serde(default = "default_draws")]
    pub draws: usize,
    /// The adapters, in the order of the tables.
    #[serde(rename = "adapter")]
    pub adapters: Vec<AdapterEntry>,
    /// Which overlaps are measured.
    #[serde(default)]
    pub compare: Compare,
    /// Which adapters table 7 has; all of them when left out.
    #[serde(default)]
    pub amplification: AmplificationEntry,
    /// What is drawn.
    #[serde(default)]
    pub figures: FiguresEntry,
}

/// `[[adapter]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterEntry {
    /// The study's name for it.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
}

/// `[compare]`: names of adapters.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Bases of directions to measure: a, b, delta-right, delta-left.
    #[serde(default)]
    pub bases: Vec<String>,
    /// A smaller and a larger rank: figures 3 and 6.
    pub ranks: Option<[String; 2]>,
    /// Two seeds of one rank: figures 4 and 7.
    pub seeds: Option<[String; 2]>,
    /// Adapters held against W: figure 8.
    #[serde(default)]
    pub base: Vec<String>,
    /// Further pairs, measured and not drawn.
    #[serde(default)]
    pub also: Vec<[String; 2]>,
}

/// `[amplification]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmplificationEntry {
    /// Adapters of table 7.
    #[serde(default)]
    pub adapters: Vec<String>,
}

/// `[figures]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiguresEntry {
    /// Bases that are drawn; `a` when left out.
    #[serde(default)]
    pub bases: Vec<String>,
    /// The layer of figures 3, 4 and 8 and of table 7.
    pub layer: Option<usize>,
    /// The layers of figures 6 and 7.
    pub layers: Option<Vec<usize>>,
    /// The panels; q and v, or the first two, when left out.
    #[serde(default)]
    pub projections: Vec<String>,
}

/// Enough for a spread; the closed form stands beside them.
pub(super) const DEFAULT_DRAWS: usize = 20;

fn default_draws() -> usize {
    DEFAULT_DRAWS
}

impl Definition {
    /// Reads a study file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], or [`Error::Config`] with the line that is wrong.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.is_file() {
            return Err(Error::NotFound {
                path: path.into(),
                problem: "no such study file".into(),
                remedy: "give the path of a study.toml; experiments/minilm-sst2/study.toml is one"
                    .into(),
            });
        }
        let text = fs::read_to_string(path).map_err(|source| Error::Io {
            path: path.into(),
            action: "read",
            source,
            remedy: "check that you may read it",
        })?;
        let definition: Definition = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            Error::Config {
                path: path.into(),
                problem: format!("line {line}: {}", error.message().replace('\n', " ")),
                remedy: "compare with experiments/minilm-sst2/study.toml".into(),
            }
        })?;
        definition.check(path)?;
        Ok(definition)
    }

    fn check(&self, path: &Path) -> Result<()> {
        let bad = |problem: String, remedy: &str| {
            Err(Error::Config {
                path: path.into(),
                problem,
                remedy: remedy.into(),
            })
        };
        let plain = |name: &str| {
            !name.is_empty()
                && !name.starts_with(['.', '-'])
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || "-_.".contains(c))
        };
        if !plain(&self.name) {
            let remedy = "it names folders: use letters, digits, '-', '_' and '.'";
            return bad(format!("name = {:?}", self.name), remedy);
        }
        for (place, adapter) in self.adapters.iter().enumerate() {
            let name = &adapter.name;
            if !plain(name) || name == "base" || name == "random" {
                let remedy =
                    "use letters, digits, '-', '_' and '.'; `base` and `random` are reserved";
                return bad(format!("adapter name {name:?}"), remedy);
            }
            if self.adapters[..place]
                .iter()
                .any(|earlier| &earlier.name == name)
            {
                return bad(
                    format!("two adapters are named {name:?}"),
                    "give each its own name",
                );
            }
        }
        Ok(())
    }
}
