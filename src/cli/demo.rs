//! `regenerate --demo`: a made-up study, where there is nothing yet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::demo;
use crate::error::{Error, Result};
use crate::publish::{self, Listener};

use super::talk::Talk;

/// Writes the made-up study into a new or empty folder, whole or not at all. Returns its file.
pub(super) fn write(folder: &Path, talk: Talk) -> Result<PathBuf> {
    let failed = |source: io::Error| {
        let remedy = "name another folder, which you may write to";
        Error::io(folder, "write a study there", source, remedy)
    };
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => {}
        Ok(true) => {
            let what = format!("--demo {}", folder.display());
            let remedy = "name a new folder, or an empty one";
            return Err(Error::request(what, "the folder is not empty", remedy));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    publish::make_folder(folder, demo::write)?;
    let study = folder.join("study.toml");
    talk.say(&format!("{}: a study of random numbers", study.display()));
    Ok(study)
}
