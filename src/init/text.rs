//! The text of a first study.

use std::path::{Path, PathBuf};

use crate::paper::{Venue, place_in_model};
use crate::study::FoundBase;

use super::candidate::Candidate;
use super::grouping::{Choice, Compared};
use super::pairing;
use super::paths::Home;

/// The paper's own values as a study.
const PUBLISHED: &str = "experiments/lora-paper/study.toml";

/// What a study is written from.
pub(super) struct Writer<'a> {
    pub(super) out: &'a Path,
    pub(super) home: &'a Home,
    pub(super) name: &'a str,
    pub(super) found: &'a [Candidate],
    pub(super) compared: &'a Compared,
    pub(super) unknown: &'a [String],
    /// Whether checkpoints are more than a remark.
    pub(super) with_steps: bool,
}

impl Writer<'_> {
    pub(super) fn text(&self, base: Option<&FoundBase>) -> String {
        let mut text = String::new();
        if self.is_in_clone() {
            text += "#:schema ../../docs/study.schema.json\n";
        }
        text += &format!(
            "# A first study of {} adapters, written by `regenerate --init`. Change it as you like.\n",
            self.found.len()
        );
        for sentence in self.unknown {
            text += &format!("# Not known: {sentence}\n");
        }
        text += &format!("\nname = {}\ntitle = {0}\n", quoted(self.name));
        text += &match base {
            Some(base) => format!("base = {}\n", quoted(&self.base(base))),
            None => "# base = \"PATH\"\n".into(),
        };
        text += "# Scores of runs, for tables 5, 6 and 18 and a rank curve; README.md has the columns.\n\
                 # runs = \"runs.csv\"\n";
        if self.out.join(PUBLISHED).is_file() {
            text += "# Their figures stand beside these in the report.\npublished = \"../lora-paper/study.toml\"\n";
        }
        for candidate in self.found {
            text += &self.adapter(candidate);
        }
        text + &self.questions(base.is_some())
    }

    /// Whether the study is written into a copy of this repository, whose results stand at its top.
    fn is_in_clone(&self) -> bool {
        self.out.join("docs/study.schema.json").is_file()
    }

    fn adapter(&self, candidate: &Candidate) -> String {
        let adapter = &candidate.adapter;
        let mut text = format!(
            "\n# {}; {}; {}\n[[adapter]]\nname = {}\npath = {}\n",
            adapter.layout,
            adapter.scale_rule,
            candidate.projections().join(", "),
            quoted(&candidate.name),
            quoted(&self.home.name(&candidate.path)),
        );
        if adapter.has_factors() {
            text += &format!("rank = {}\n", adapter.rank());
        }
        text += &match &candidate.seed {
            Some(seed) => format!("seed = {} # from {}\n", seed.value, seed.source),
            None => "# seed = ?\n".into(),
        };
        text + &self.steps(candidate)
    }

    fn questions(&self, has_base: bool) -> String {
        let mut text = String::from("\n[compare]\n");
        text += &match &self.compared.ranks {
            Some(Choice {
                entries, remark, ..
            }) => format!("# Figures 3 and 6: {remark}.\nranks = {}\n", list(entries)),
            None => "# Figures 3 and 6 take two adapters of different rank.\n# ranks = [\"SMALLER\", \"LARGER\"]\n".into(),
        };
        text += &match &self.compared.seeds {
            Some(Choice {
                entries, remark, ..
            }) => format!("# Figures 4 and 7: {remark}.\nseeds = {}\n", list(entries)),
            None => {
                "# Figures 4 and 7 take two seeds of one rank.\n# seeds = [\"ONE\", \"OTHER\"]\n"
                    .into()
            }
        };
        let chosen = pairing::against_base(self.found);
        let chosen: Vec<String> = chosen
            .into_iter()
            .map(|place| self.found[place].name.clone())
            .collect();
        let mark = if has_base { "" } else { "# " };
        text += &format!("# Figure 8.\n{mark}base = {}\n", list(&chosen));
        text += &format!(
            "\n[amplification]\n# Table 7.\nadapters = {}\n",
            list(&chosen)
        );
        text += "\n[figures]\n# When left out, all that the comparisons allow are drawn.\n# which = [\"3\", \"8\"]\n\
                 # When left out, they are chosen as in the paper: the middle layer, and the first, thirds, last.\n\
                 # layer = 0\n# layers = [0, 1]\n";
        text += &self.projections();
        text += "\n[tables]\n# When left out, all that there are rows for are made.\n\
                 # which = [\"5\", \"6\", \"7\"]\n";
        let (venues, plain) = (Venue::choices(), Venue::default());
        text += &format!("\n[print]\n# {venues}\nvenue = \"{plain}\"\n\n");
        if self.is_in_clone() {
            text += "[output]\nfolder = \"../..\"\n\n";
        }
        text += "# What the report says around the results.\n[text]\n# question = \"What is asked.\"\n\
                 # expectation = \"What was expected beforehand.\"\n# outcome = \"What came out.\"\n";
        text
    }

    /// All projections of the adapters, each once, as a list that is left out.
    fn projections(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for name in self.found.iter().flat_map(Candidate::projections) {
            if !names.iter().any(|known| known == name) {
                names.push(name.into());
            }
        }
        names.sort_by_key(|name| place_in_model(name));
        format!(
            "# When left out, q and v are drawn, or the first two. These are all.\n# projections = {}\n",
            list(&names)
        )
    }

    /// A model as the study names it: one of the cache by its id, where its place is this machine's.
    fn base(&self, base: &FoundBase) -> String {
        let (path, is_cached) = match base {
            FoundBase::Here(path) => (path, false),
            FoundBase::Cached(path) => (path, true),
        };
        let name = self.home.name(path);
        let mut ids = self
            .found
            .iter()
            .filter_map(|one| one.adapter.base_name.as_deref());
        match ids.next() {
            Some(id) if is_cached && Path::new(&name).is_absolute() => id.into(),
            _ => name,
        }
    }

    /// The checkpoints of a run: a pattern where it has no more than one folder's, else a list.
    fn steps(&self, candidate: &Candidate) -> String {
        if candidate.steps.is_empty() {
            return String::new();
        }
        let pattern = pattern(&candidate.path, &candidate.steps);
        let value = match pattern {
            Some(pattern) => quoted(&self.home.name(&pattern)),
            None => {
                let names = candidate.steps.iter().map(|path| self.home.name(path));
                list(&names.collect::<Vec<_>>())
            }
        };
        let mark = if self.with_steps { "" } else { "# " };
        format!("{mark}steps = {value}\n")
    }
}

/// A pattern that matches the checkpoints of a run and nothing but them and its last, `path`.
fn pattern(path: &Path, steps: &[PathBuf]) -> Option<PathBuf> {
    let name = |path: &Path| Some(path.file_name()?.to_str()?.to_string());
    let folder = steps.first()?.parent()?;
    let names: Vec<String> = steps.iter().map(|step| name(step)).collect::<Option<_>>()?;
    let is_digit = |c: char| c.is_ascii_digit();
    let first = names.first()?;
    let start = &first[..first.find(is_digit)?];
    let end = &first[first.rfind(is_digit)? + 1..];
    let has_wildcard = |text: &str| text.contains(['*', '?', '[', ']', '{', '}']);
    let matches = |name: &str| {
        name.len() > start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut others = std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path());
    let is_known = |other: &PathBuf| other == path || steps.contains(other);
    let are_all =
        !others.any(|other| name(&other).is_some_and(|one| matches(&one)) && !is_known(&other));
    let fits = steps.len() > 1
        && are_all
        && steps.iter().all(|step| step.parent() == Some(folder))
        && names.iter().all(|name| matches(name))
        && !has_wildcard(&folder.to_string_lossy())
        && !has_wildcard(first);
    fits.then(|| folder.join(format!("{start}*{end}")))
}

/// Names as a list of the study.
fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
