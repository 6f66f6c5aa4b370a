//! Adapters found in folders, with what their files and names tell.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use crate::adapter::{Adapter, natural_order, projection_of};
use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::study::{in_files, is_plain, is_same, names_of, one_start, under_one_name};

use super::paths::full;
use super::places::LEVELS;
use super::runs::{Run, runs};

/// `seed1`, `s1`, `r8-seed-1`, as a part of a name.
static SEED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:^|[^a-z])(?:seed|s)[-_=]?(\d{1,9})(?:$|[^a-z0-9])").expect("a constant")
});

/// An adapter that a study may have: one run.
pub(super) struct Candidate {
    pub(super) name: String,
    /// As it was typed, or found in what was typed.
    pub(super) path: PathBuf,
    /// The path that names its run.
    pub(super) run: PathBuf,
    pub(super) adapter: Adapter,
    pub(super) seed: Option<Seed>,
    /// Checkpoints of its run before it, the first one first.
    pub(super) steps: Vec<PathBuf>,
}

/// The seed of a run, and where it is written.
pub(super) struct Seed {
    pub(super) value: u64,
    pub(super) source: String,
}

impl Candidate {
    /// Its projections, each once.
    pub(super) fn projections(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for module in &self.adapter.modules {
            if !names.contains(&projection_of(&module.path)) {
                names.push(projection_of(&module.path));
            }
        }
        names
    }

    /// Whether a module is in both.
    pub(super) fn shares_with(&self, other: &Candidate) -> bool {
        self.adapter.shares_with(&other.adapter)
    }

    /// A sentence, if the numbers of both tell that they began as one, and nobody says that their seeds
    /// differ.
    pub(super) fn began_with(&self, other: &Candidate) -> Option<String> {
        if self.seed.is_some() && other.seed.is_some() {
            return None;
        }
        let modules = self.adapter.modules.iter();
        let modules: Vec<String> = modules.map(|module| module.path.clone()).collect();
        let how = one_start(&self.adapter, &other.adapter, &modules)?;
        let (one, other) = (&self.name, &other.name);
        Some(format!(
            "{one} and {other} are not compared as runs of two seeds: they {how}"
        ))
    }

    /// A sentence, if both are one adapter.
    fn repeats(&self, other: &Candidate) -> Option<String> {
        let how = is_same(&other.adapter, &self.adapter).ok()??;
        Some(format!(
            "{} is left out: it {how} {}",
            self.name, other.name
        ))
    }

    /// A sentence, if a module has another shape here than there.
    fn contradicts(&self, other: &Candidate) -> Option<String> {
        self.adapter.modules.iter().find_map(|one| {
            let two = other.adapter.module(&one.path)?;
            let differs = (one.d_out, one.d_in) != (two.d_out, two.d_in);
            differs.then(|| {
                format!(
                    "{} is left out: it is of another base than {}, as module `{}` is {} × {} there and {} × {} here",
                    self.name, other.name, one.path, two.d_out, two.d_in, one.d_out, one.d_in
                )
            })
        })
    }
}

/// The runs among paths and in folders, by rank and seed, and a sentence for whatever was left out or
/// is not known.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) when there is none.
pub(super) fn candidates(paths: &[PathBuf]) -> Result<(Vec<Candidate>, Vec<String>)> {
    let (runs, mut said) = runs(paths);
    let named: Vec<PathBuf> = runs.iter().map(Run::named_by).collect();
    let named = plain_names(&named).into_iter().zip(named).zip(runs);
    let mut found: Vec<Candidate> = named
        .map(|((name, named), run)| Candidate {
            name,
            run: named,
            seed: seed_of(&run.path),
            path: run.path,
            adapter: run.adapter,
            steps: run.steps,
        })
        .collect();
    in_order(&mut found);
    // Modules meet as they will in the study.
    let named = found.iter_mut();
    under_one_name(named.map(|one| (one.name.as_str(), &mut one.adapter, Vec::new())));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        if let Some(sentence) = kept.iter().find_map(|other| candidate.repeats(other)) {
            said.push(sentence);
            continue;
        }
        match kept.iter().find_map(|other| candidate.contradicts(other)) {
            None => kept.push(candidate),
            Some(sentence) => said.push(sentence),
        }
    }
    if kept.is_empty() {
        return Err(nothing(paths, &said));
    }
    let without: Vec<&str> = kept
        .iter()
        .filter(|candidate| candidate.seed.is_none())
        .map(|candidate| candidate.name.as_str())
        .collect();
    if !without.is_empty() {
        said.push(format!("the seeds of {}", without.join(", ")));
    }
    Ok((kept, said))
}

/// The seed that a config beside the weights has, else the one in the file's, the folder's or its
/// parent's name.
fn seed_of(path: &Path) -> Option<Seed> {
    let in_config = in_files(path).map(|(value, file)| Seed {
        value,
        source: file.into(),
    });
    let is_file = path.is_file();
    let full = full(path);
    let names = full.ancestors().take(if is_file { 3 } else { 2 });
    let mut names = names.enumerate().filter_map(|(number, path)| {
        let (what, name) = match is_file && number == 0 {
            true => ("file", path.file_stem()?),
            false => ("folder", path.file_name()?),
        };
        Some((what, name.to_string_lossy().into_owned()))
    });
    in_config.or_else(|| {
        names.find_map(|(what, name)| {
            Some(Seed {
                value: seed_in(&name)?,
                source: format!("the {what}'s name `{name}`, as no config has it"),
            })
        })
    })
}

fn seed_in(name: &str) -> Option<u64> {
    SEED.captures(name)?[1].parse().ok()
}

/// A name that a study takes.
pub(super) fn plain(name: &str) -> String {
    let kept = name.chars().map(|c| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    });
    let name: String = kept.collect();
    let name = name.trim_start_matches(['.', '-']);
    if is_plain(name) {
        name.into()
    } else {
        "study".into()
    }
}

/// Names for adapters, in the order of their paths, each a name that a study takes.
fn plain_names(paths: &[PathBuf]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in names_of(paths) {
        let (stem, mut number) = (plain(&name), 2);
        let mut name = stem.clone();
        while names.contains(&name) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}

/// An error for paths without any adapter that can be used.
fn nothing(paths: &[PathBuf], reasons: &[String]) -> Error {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Error::request(
        format!("{} {}", Asked::Adapters, names.join(" ")),
        match reasons.first() {
            Some(reason) => format!("there is no adapter that can be used: {reason}"),
            None => {
                format!("there is no adapter in it, nor in its folders down to {LEVELS} levels")
            }
        },
        "give adapters, or the folder that holds them",
    )
}

/// Adapters by rank, then seed, then name.
fn in_order(found: &mut [Candidate]) {
    found.sort_by(|one, other| {
        let seed = |candidate: &Candidate| candidate.seed.as_ref().map(|seed| seed.value);
        let key = |candidate: &Candidate| (candidate.adapter.rank(), seed(candidate));
        let by_name = || natural_order(&one.name, &other.name);
        key(one).cmp(&key(other)).then_with(by_name)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_from_names() {
        for (name, seed) in [
            ("r8-seed0", Some(0)),
            ("seed_12", Some(12)),
            ("r64_s1", Some(1)),
            ("s3", Some(3)),
            ("Seed=7-lr1e-4", Some(7)),
            ("r8", None),
            ("runs1", None),
            ("sst2", None),
            ("s2s", None),
        ] {
            assert_eq!(seed_in(name), seed, "{name}");
        }
    }
}
