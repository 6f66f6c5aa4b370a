//! A first study of adapters that somebody trained: what their files tell, and what they do not.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::study::{Definition, Plan, Request, find_base, study_name};

mod candidate;
mod grouping;
mod pairing;

use candidate::{Candidate, candidates, plain};
use grouping::{Choice, Compared};

/// The paper's own values as a study.
const PUBLISHED: &str = "experiments/lora-paper/study.toml";

/// A study that runs as it stands.
pub struct FirstStudy {
    /// Where it belongs: `experiments/NAME/study.toml`.
    pub place: PathBuf,
    /// The study.
    pub text: String,
    /// What could not be known, and what was left out: a sentence each.
    pub unknown: Vec<String>,
}

impl FirstStudy {
    /// Makes a study of adapters, and of the adapters in folders, to be put under `out`.
    ///
    /// Ranks, scales, targets and seeds are read from the adapters' files, seeds else from the names
    /// of their folders; the base is found where the configs say, or in the Hugging Face cache.
    ///
    /// # Errors
    ///
    /// Those of the first adapter, when none can be used.
    pub fn of(paths: &[PathBuf], out: &Path) -> Result<Self> {
        let (found, mut unknown) = candidates(paths)?;
        let name = name_of(&found);
        let place = out.join("experiments").join(&name).join("study.toml");
        let (base, said) = base_of(&found);
        unknown.extend(said);
        let compared = Compared::of(&found);
        unknown.extend(compared.left_out(&found));
        let written = |base: Option<&Path>, unknown: &[String]| {
            let writer = Writer {
                out,
                name: &name,
                found: &found,
                compared: &compared,
                unknown,
            };
            let text = writer.text(base);
            check(&place, &text, &found, base).map(|()| text)
        };
        let text = match written(base.as_deref(), &unknown) {
            Ok(text) => text,
            Err(_) if base.is_none() => written(None, &unknown)?,
            Err(error) => {
                unknown.push(format!("the base that was found cannot be used: {error}"));
                written(None, &unknown)?
            }
        };
        Ok(FirstStudy {
            place,
            text,
            unknown,
        })
    }
}

/// Whether the study runs: the plan of it, with paths that hold before its folder is there.
fn check(place: &Path, text: &str, found: &[Candidate], base: Option<&Path>) -> Result<()> {
    let mut definition = Definition::parse(place, text)?;
    for (entry, candidate) in definition.adapters.iter_mut().zip(found) {
        entry.path = candidate.path.clone();
    }
    definition.base = base.map(Path::to_path_buf);
    // It is there, though not yet beside this study's folder.
    definition.published = None;
    Plan::of_definition(&definition, place, &Request::everything()).map(|_| ())
}

/// The folder that all adapters are in, else their own names.
fn name_of(found: &[Candidate]) -> String {
    let parent = |candidate: &Candidate| candidate.path.parent().map(Path::to_path_buf);
    let first = found.first().and_then(parent);
    let is_shared = found.iter().all(|candidate| parent(candidate) == first);
    let name = first.filter(|_| is_shared && found.len() > 1);
    let name = name.and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let names: Vec<String> = found.iter().map(|one| one.name.clone()).collect();
    plain(&name.unwrap_or_else(|| study_name(&names)))
}

/// Where the model is that the adapters' configs name, and what could not be known of it.
fn base_of(found: &[Candidate]) -> (Option<PathBuf>, Vec<String>) {
    let named = |candidate: &&Candidate| candidate.adapter.base_name.is_some();
    let Some(first) = found.iter().find(named) else {
        let said = "no config names a base: give it as base = \"PATH\" for figure 8 and table 7";
        return (None, vec![said.into()]);
    };
    let name = first.adapter.base_name.as_deref().unwrap_or_default();
    match find_base(name, &first.path) {
        Some(path) => (Some(path), Vec::new()),
        None => {
            let said = format!(
                "the base `{name}` is neither a local path nor in the Hugging Face cache: give its \
                 place as base = \"PATH\" for figure 8 and table 7"
            );
            (None, vec![said])
        }
    }
}

struct Writer<'a> {
    out: &'a Path,
    name: &'a str,
    found: &'a [Candidate],
    compared: &'a Compared,
    unknown: &'a [String],
}

impl Writer<'_> {
    fn text(&self, base: Option<&Path>) -> String {
        let mut text = String::new();
        if self.out.join("docs/study.schema.json").is_file() {
            text += "#:schema ../../docs/study.schema.json\n";
        }
        text += &format!(
            "# A first study of {} adapters, as `regenerate --init` wrote it: yours to change.\n",
            self.found.len()
        );
        for sentence in self.unknown {
            text += &format!("# Not known: {sentence}\n");
        }
        text += &format!("\nname = {}\ntitle = {0}\n", quoted(self.name));
        text += &match base {
            Some(base) => format!("base = {}\n", quoted(&self.path(base))),
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

    fn adapter(&self, candidate: &Candidate) -> String {
        let adapter = &candidate.adapter;
        let mut text = format!(
            "\n# {}; {}; {}\n[[adapter]]\nname = {}\npath = {}\n",
            adapter.layout,
            adapter.scale_rule,
            candidate.projections().join(", "),
            quoted(&candidate.name),
            quoted(&self.path(&candidate.path)),
        );
        if adapter.rank() > 0 {
            text += &format!("rank = {}\n", adapter.rank());
        }
        text += &match &candidate.seed {
            Some(seed) => format!("seed = {} # from {}\n", seed.value, seed.source),
            None => "# seed = ?\n".into(),
        };
        text
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
        text += "\n[figures]\n# Left out, all are drawn that the comparisons allow.\n# which = [\"3\", \"8\"]\n\
                 # Left out, they are chosen as in the paper: the middle layer, and the first, thirds, last.\n\
                 # layer = 0\n# layers = [0, 1]\n\n[tables]\n# Left out, all are made that there are rows for.\n\
                 # which = [\"5\", \"6\", \"7\"]\n\n[print]\n# icml, neurips, iclr, acl or plain\nvenue = \"plain\"\n\n\
                 # What the report says around the results.\n[text]\n# question = \"What is asked.\"\n\
                 # expectation = \"What was expected beforehand.\"\n# outcome = \"What came out.\"\n";
        text
    }

    /// As the study names a file: relative where it is under the same folder.
    fn path(&self, path: &Path) -> String {
        let out = self.out.canonicalize();
        let inside = out.ok().and_then(|out| {
            let inside = path.strip_prefix(out).ok()?;
            Some(Path::new("../..").join(inside))
        });
        let path = inside.unwrap_or_else(|| path.to_path_buf());
        path.to_string_lossy().into_owned()
    }
}

/// Names as a list of the study.
fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!("[{}]", names.join(", "))
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
