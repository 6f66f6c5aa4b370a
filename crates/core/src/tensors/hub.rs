//! Models and adapters in the local Hugging Face cache, by id. Nothing is downloaded.
//!
//! # Decisions
//!
//! - A path wins over an id, and nothing is downloaded.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files::{self, is_there};

/// Fewer digits of a commit are no name for it.
const SHORTEST_COMMIT: usize = 7;

/// Finds a model: a path that exists is itself; anything else is `ORG/NAME` or `NAME`, with
/// `@REVISION` (a branch, a tag, seven digits of a commit or more) where it is not `main`, in the
/// local Hugging Face cache.
///
/// The cache is `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `HF_HOME/hub`, else
/// `XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`.
///
/// # Errors
///
/// [`Error::NotFound`] with the place that was looked at, the revisions that are there, and the
/// command that downloads the model.
///
/// ```
/// # use lora_subspace_core::tensors::find_model;
/// let error = find_model("no-such-org/no-such-model").unwrap_err();
/// assert!(error.to_string().contains("hf download no-such-org/no-such-model"));
/// ```
pub fn find_model(id: &str) -> Result<PathBuf> {
    find_model_near(id, Path::new(""))
}

/// As [`find_model`], with paths relative to a folder.
///
/// # Errors
///
/// Those of [`find_model`].
pub fn find_model_near(id: &str, folder: &Path) -> Result<PathBuf> {
    let path = folder.join(id);
    if is_there(&path) {
        return Ok(path);
    }
    find_in(id, &path, here().as_deref(), "model")
}

/// Finds an adapter: a path that exists is itself; anything else is `ORG/NAME` or
/// `ORG/NAME@REVISION` in the local Hugging Face cache, as [`find_model`] finds a model.
///
/// # Errors
///
/// [`Error::NotFound`] with both ways out: a path, and the command that downloads the adapter.
///
/// ```
/// # use std::path::Path;
/// # use lora_subspace_core::tensors::find_adapter;
/// let error = find_adapter(Path::new("no-such-org/no-such-adapter")).unwrap_err();
/// assert!(error.to_string().contains("fetch the adapter with `hf download no-such-org/no-such-adapter"));
/// ```
pub fn find_adapter(path: &Path) -> Result<PathBuf> {
    find_adapter_near(path, Path::new(""))
}

/// As [`find_adapter`], with paths relative to a folder.
///
/// # Errors
///
/// Those of [`find_adapter`].
pub fn find_adapter_near(path: &Path, folder: &Path) -> Result<PathBuf> {
    let there = folder.join(path);
    if is_there(&there) {
        return Ok(there);
    }
    find_in(
        &path.to_string_lossy(),
        &there,
        here().as_deref(),
        "adapter",
    )
}

/// The cache of this computer.
fn here() -> Option<PathBuf> {
    cache(|name| env::var_os(name))
}

/// The cache's folder, from the environment.
fn cache(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = || set("HOME").or_else(|| set("USERPROFILE"));
    set("HF_HUB_CACHE")
        .or_else(|| set("HUGGINGFACE_HUB_CACHE"))
        .or_else(|| set("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| set("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
        .or_else(|| home().map(|home| home.join(".cache/huggingface/hub")))
}

/// Finds an id in a cache. `path` is what it would be as a path, and `what` what it is of.
fn find_in(id: &str, path: &Path, cache: Option<&Path>, what: &str) -> Result<PathBuf> {
    let (model, revision) = id.split_once('@').map_or((id, None), |(m, r)| (m, Some(r)));
    // Nobody's adapters are without an organisation, as some old models are.
    let is_id = is_model(model) && (model.contains('/') || what == "model");
    if !is_id || !revision.is_none_or(is_revision) {
        return Err(Error::not_found(
            path,
            "no such file or folder",
            format!(
                "check the path; {} {what} of the Hugging Face cache is ORG/NAME or ORG/NAME@REVISION",
                if what == "model" { "a" } else { "an" }
            ),
        ));
    }
    let at = revision.map_or(String::new(), |revision| format!(" --revision {revision}"));
    let missing = |where_: String| {
        Error::not_found(
            id,
            format!("no such file or folder, and {where_}"),
            format!("check the path, or fetch the {what} with `hf download {model}{at}`"),
        )
    };
    let Some(cache) = cache else {
        let problem = "no Hugging Face cache: neither HF_HOME nor HOME is set";
        return Err(missing(problem.into()));
    };
    let folder = cache.join(format!("models--{}", model.replace('/', "--")));
    if !folder.is_dir() {
        return Err(missing(format!("no {what} at {}", folder.display())));
    }
    snapshot(&folder, revision.unwrap_or("main")).map_err(missing)
}

/// The folder of a model's revision in the cache, or what is wrong.
fn snapshot(folder: &Path, wanted: &str) -> std::result::Result<PathBuf, String> {
    let commits = names_in(&folder.join("snapshots"));
    let place = folder.display();
    match commit(folder, wanted, &commits).as_slice() {
        [only] => Ok(folder.join("snapshots").join(only)),
        [] => {
            let mut there = refs(&folder.join("refs"));
            there.extend(commits);
            let there = if there.is_empty() {
                "nothing".into()
            } else {
                there.join(", ")
            };
            Err(format!("{place} has no revision {wanted}, only {there}"))
        }
        several => {
            let count = several.len();
            Err(format!(
                "revision {wanted} begins {count} of {place}'s commits"
            ))
        }
    }
}

/// The snapshots that a revision may be: of a branch or tag one, of a commit's first digits any.
fn commit(folder: &Path, revision: &str, commits: &[String]) -> Vec<String> {
    let name = files::read_text(&folder.join("refs").join(revision)).unwrap_or_default();
    if let Some(held) = commits.iter().find(|commit| *commit == name.trim()) {
        return vec![held.clone()];
    }
    let digits = revision.len() >= SHORTEST_COMMIT
        && revision.bytes().all(|digit| digit.is_ascii_hexdigit());
    let begins = |commit: &&String| digits && commit.starts_with(revision);
    commits.iter().filter(begins).cloned().collect()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// Branches and tags.
fn refs(folder: &Path) -> Vec<String> {
    let files = names_in(folder).into_iter();
    files.filter(|name| folder.join(name).is_file()).collect()
}

/// One or two plain names.
fn is_model(model: &str) -> bool {
    model.split('/').count() <= 2 && model.split('/').all(is_plain) && !model.contains("--")
}

/// Plain names with slashes between them.
fn is_revision(revision: &str) -> bool {
    revision.split('/').all(is_plain)
}

fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "0123456789abcdef";
    const OTHER: &str = "0123456789ffffff";

    /// A cache with two snapshots of `org/name`, one of them `main`.
    fn workshop() -> tempfile::TempDir {
        let cache = tempfile::tempdir().unwrap();
        let model = cache.path().join("models--org--name");
        for commit in [ONE, OTHER] {
            fs::create_dir_all(model.join("snapshots").join(commit)).unwrap();
        }
        fs::create_dir_all(model.join("refs/refs/pr")).unwrap();
        fs::write(model.join("refs/main"), ONE).unwrap();
        fs::write(model.join("refs/refs/pr/1"), OTHER).unwrap();
        fs::write(model.join("refs/evil"), "../../..").unwrap();
        fs::create_dir_all(cache.path().join("models--gpt2/snapshots").join(OTHER)).unwrap();
        cache
    }

    #[test]
    fn revisions_are_branches_and_beginnings_of_commits() {
        let cache = workshop();
        let find = |id: &str| {
            let path = find_in(id, Path::new(id), Some(cache.path()), "model").unwrap();
            path.file_name().unwrap().to_str().unwrap().to_string()
        };
        assert_eq!(find("org/name"), ONE);
        assert_eq!(find("org/name@main"), ONE);
        assert_eq!(find("org/name@refs/pr/1"), OTHER);
        assert_eq!(find("org/name@0123456789f"), OTHER);
        assert_eq!(find(&format!("gpt2@{OTHER}")), OTHER);
    }

    #[test]
    fn what_is_missing_is_said_with_the_command_that_brings_it() {
        let cache = workshop();
        for (id, words) in [
            (
                "gpt2",
                &["no revision main", OTHER, "hf download gpt2`"][..],
            ),
            ("org/else", &["models--org--else", "hf download org/else`"]),
            ("org/name@v2", &["only evil, main", "--revision v2"]),
            ("org/name@0123456", &["begins 2 of"]),
            ("org/name@01234", &["no revision 01234"]),
            ("org/name@evil", &["no revision evil"]),
        ] {
            let error = find_in(id, Path::new(id), Some(cache.path()), "model");
            let error = error.unwrap_err().to_string();
            for word in words {
                assert!(error.contains(word), "{word} is not in: {error}");
            }
        }
        assert!(find_in("a/b", Path::new("a/b"), None, "model").is_err());
    }

    #[test]
    fn an_adapter_is_called_one() {
        let cache = workshop();
        let find = |id: &str| {
            let path = Path::new("near").join(id);
            let found = find_in(id, &path, Some(cache.path()), "adapter");
            found.map_err(|error| error.to_string())
        };
        assert!(find("org/name").unwrap().ends_with(ONE));
        let error = find("org/else").unwrap_err();
        assert!(error.contains("no adapter at"), "{error}");
        assert!(
            error.contains("fetch the adapter with `hf download org/else`"),
            "{error}"
        );
        for id in ["gpt2", "runs/r8/adapter"] {
            let error = find(id).unwrap_err();
            assert!(
                error.starts_with("near/") && error.contains("an adapter of the"),
                "{error}"
            );
        }
    }

    #[test]
    fn no_id_leads_out_of_the_cache() {
        let cache = workshop();
        for id in [
            "..",
            "../x",
            "org/..",
            "/etc",
            "org/name@..",
            "org/name@../../x",
            "org/name@/etc",
            "a/b/c",
            "",
            "org/",
            "org--name",
            "org\\name",
            "org/name@",
            "org/name@x/../y",
        ] {
            let error = find_in(id, Path::new(id), Some(cache.path()), "model");
            let error = error.unwrap_err().to_string();
            assert!(error.contains("check the path; a model"), "{id}: {error}");
        }
    }

    #[test]
    fn the_first_variable_that_is_set_names_the_cache() {
        let all = [
            ("HF_HUB_CACHE", "a", "a"),
            ("HUGGINGFACE_HUB_CACHE", "b", "b"),
            ("HF_HOME", "c", "c/hub"),
            ("XDG_CACHE_HOME", "d", "d/huggingface/hub"),
            ("HOME", "e", "e/.cache/huggingface/hub"),
        ];
        for first in 0..all.len() {
            let variable = |name: &str| {
                let found = all[first..].iter().find(|(known, ..)| *known == name);
                found.map(|(_, value, _)| OsString::from(value))
            };
            assert_eq!(cache(variable), Some(PathBuf::from(all[first].2)));
        }
        assert_eq!(cache(|_| None), None);
    }
}
