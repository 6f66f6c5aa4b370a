//! Folders that a run makes, which go again where nothing is put into them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Folders that were not there before, outermost first; those that stay empty do not outlive it.
#[derive(Default)]
pub(super) struct Made(Vec<PathBuf>);

impl Made {
    /// Makes a folder and those around it.
    pub(super) fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing = folder
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        self.0.extend(missing.into_iter().rev());
        fs::create_dir_all(folder)
    }

    /// Removes those that hold no files, innermost first.
    pub(super) fn remove_empty(&self) {
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        self.remove_empty();
    }
}
