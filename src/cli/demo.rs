//! `regenerate --demo`: a made-up study, where there is nothing yet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::demo;
use crate::error::{Error, Result};
use crate::publish::Listener;

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
    let around = match folder.parent() {
        Some(around) if !around.as_os_str().is_empty() => around,
        _ => Path::new("."),
    };
    fs::create_dir_all(around).map_err(failed)?;
    // Beside it, so that it gets its name when it is whole.
    let made = tempfile::Builder::new()
        .prefix(".lora-subspace-")
        .tempdir_in(around)
        .map_err(failed)?;
    demo::write(made.path())?;
    readable(made.path()).map_err(failed)?;
    fs::create_dir_all(folder).map_err(failed)?;
    fs::rename(made.path(), folder).map_err(failed)?;
    let study = folder.join("study.toml");
    talk.say(&format!("{}: a study of random numbers", study.display()));
    Ok(study)
}

/// A temporary folder is for its owner alone, and this one is to be a folder like others.
#[cfg(unix)]
fn readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}
