//! A first study of adapters that somebody trained: what their files tell, and what they do not.

use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::study::{Definition, FoundBase, Plan, Request, find_base, study_name};

mod candidate;
mod grouping;
mod pairing;
mod paths;
mod places;
mod runs;
mod text;

use candidate::{Candidate, candidates, plain};
use grouping::Compared;
use paths::{Home, full, is_place};
use text::Writer;

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
        let (mut base, said) = base_of(&found);
        unknown.extend(said);
        let compared = Compared::of(&found);
        unknown.extend(compared.said.iter().cloned());
        unknown.extend(compared.left_out(&found));
        unknown.extend(compared.nothing(&found, base.is_some()));
        let home = Home::of(&place, out);
        let mut with_steps = true;
        // What cannot be planned is left out, and said.
        let text = loop {
            let writer = Writer {
                out,
                home: &home,
                name: &name,
                found: &found,
                compared: &compared,
                unknown: &unknown,
                with_steps,
            };
            let text = writer.text(base.as_ref());
            match check(&place, &text, &found, base.as_ref()) {
                Ok(()) => break text,
                Err(error) if with_steps && found.iter().any(|one| !one.steps.is_empty()) => {
                    unknown.push(format!("checkpoints of a run cannot be used: {error}"));
                    with_steps = false;
                }
                Err(error) if base.is_some() => {
                    if !with_steps {
                        // It was the base's fault, not theirs.
                        unknown.pop();
                    }
                    unknown.push(format!("the base that was found cannot be used: {error}"));
                    (base, with_steps) = (None, true);
                }
                Err(error) => return Err(error),
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
fn check(place: &Path, text: &str, found: &[Candidate], base: Option<&FoundBase>) -> Result<()> {
    let mut definition = Definition::parse(place, text)?;
    // What is no path is a name in the Hugging Face cache.
    let here = |path: &Path| match is_place(path) {
        true => full(path),
        false => path.into(),
    };
    for (entry, candidate) in definition.adapters.iter_mut().zip(found) {
        entry.path = here(&candidate.path);
        if !entry.steps.is_empty() {
            let steps = candidate.steps.iter().map(|step| here(step));
            entry.steps = steps
                .map(|step| step.to_string_lossy().into_owned())
                .collect();
        }
    }
    definition.base = base.map(|base| match base {
        FoundBase::Here(path) | FoundBase::Cached(path) => here(path),
    });
    // It is there, though not yet beside this study's folder.
    definition.published = None;
    Plan::of_definition(&definition, place, &Request::everything()).map(|_| ())
}

/// The folder that all adapters are in, else their own names.
fn name_of(found: &[Candidate]) -> String {
    let parent = |candidate: &Candidate| {
        let full = std::path::absolute(&candidate.run).ok()?;
        full.parent().map(Path::to_path_buf)
    };
    let first = found.first().and_then(parent);
    let is_shared = found.iter().all(|candidate| parent(candidate) == first);
    let name = first.filter(|_| is_shared && found.len() > 1);
    let name = name.and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let names: Vec<String> = found.iter().map(|one| one.name.clone()).collect();
    plain(&name.unwrap_or_else(|| study_name(&names)))
}

/// Where the model is that the adapters' configs name, and what could not be known of it.
fn base_of(found: &[Candidate]) -> (Option<FoundBase>, Vec<String>) {
    let named = |candidate: &&Candidate| candidate.adapter.base_name.is_some();
    let Some(first) = found.iter().find(named) else {
        let said = "no config names a base: give it as base = \"PATH\" for figure 8 and table 7";
        return (None, vec![said.into()]);
    };
    let name = first.adapter.base_name.as_deref().unwrap_or_default();
    match find_base(name, &first.path) {
        Some(found) => (Some(found), Vec::new()),
        None => {
            let said = format!(
                "the base `{name}` is neither a local path nor in the Hugging Face cache: give its \
                 place as base = \"PATH\" for figure 8 and table 7"
            );
            (None, vec![said])
        }
    }
}
