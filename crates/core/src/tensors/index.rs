//! The index of shards that `save_pretrained` writes: `….index.json` with a `weight_map`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::files::{InputFile, json};

use super::TensorFile;

/// Fields by which other JSON files are known, and what those are.
const OTHERS: [(&[&str], &str); 4] = [
    (
        &["peft_type", "lora_alpha", "lora_parameters"],
        "an adapter's config",
    ),
    (&["log_history", "global_step"], "a Trainer's state"),
    (&["architectures", "model_type"], "a model's config"),
    (&["added_tokens", "tokenizer_class"], "a tokenizer's"),
];

/// An index that was read.
pub(super) struct Index {
    path: PathBuf,
    /// Tensor name to the name of its file.
    places: BTreeMap<String, String>,
    pub(super) input: InputFile,
}

impl Index {
    /// Reads an index.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for other JSON, which is named, and for a shard that is no file's name.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let (fields, input) = json::read_input(path)?;
        let Some(map) = fields.get("weight_map") else {
            return Err(no_index(path, &fields));
        };
        let bad = |problem: String| bad(path, problem);
        let places: BTreeMap<String, String> = serde_json::from_value(map.clone())
            .map_err(|error| bad(format!("not an index: weight_map: {error}")))?;
        // It must not lead out of its folder.
        let is_plain = |file: &str| Path::new(file).file_name().is_some_and(|name| name == file);
        match places.values().find(|file| !is_plain(file)) {
            Some(file) => Err(bad(format!("shard {file:?} is not a file name"))),
            None => Ok(Index {
                path: path.into(),
                places,
                input,
            }),
        }
    }

    /// The files that it names, each once.
    pub(super) fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = self.places.values().map(String::as_str).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Checks that each tensor is where it says.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for the first that is not.
    pub(super) fn check(&self, files: &[TensorFile]) -> Result<()> {
        let named = files
            .iter()
            .filter_map(|file| Some((file.path().file_name()?, file)));
        let named: BTreeMap<&OsStr, &TensorFile> = named.collect();
        let is_held = |tensor: &str, name: &str| {
            let file = named.get(OsStr::new(name));
            file.is_some_and(|file| file.shape(tensor).is_some())
        };
        let mut places = self.places.iter();
        match places.find(|(tensor, file)| !is_held(tensor, file)) {
            None => Ok(()),
            Some((tensor, file)) => Err(bad(
                &self.path,
                format!("tensor `{tensor}` is not in `{file}`, as it says"),
            )),
        }
    }
}

fn bad(path: &Path, problem: String) -> Error {
    let remedy = "fetch the index and all its shards again, from one revision";
    Error::config(path, problem, remedy)
}

/// JSON that is something else.
fn no_index(path: &Path, fields: &Map<String, Value>) -> Error {
    let has = |marks: &&[&str]| marks.iter().any(|field| fields.contains_key(*field));
    let mut known = OTHERS.iter().filter(|(marks, _)| has(marks));
    let what = known
        .next()
        .map_or("JSON without a weight_map", |(_, what)| what);
    Error::config(
        path,
        format!("it is {what}, neither weights nor an index of shards"),
        "give the folder that it lies in, or the weight file itself",
    )
}
