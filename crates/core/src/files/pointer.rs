//! What Git LFS leaves in the place of a file that was not fetched.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// What a pointer begins with.
pub(super) const START: &[u8; 23] = b"version https://git-lfs";

/// Refuses the first bytes of a pointer.
pub(super) fn check(path: &Path, first: &[u8]) -> Result<()> {
    if !first.starts_with(START) {
        return Ok(());
    }
    Err(Error::LfsPointer {
        path: path.into(),
        repository: repository(path),
    })
}

/// The clone that a file lies in; its folder where none is to be seen.
fn repository(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new(""));
    let real = folder.canonicalize().unwrap_or_else(|_| folder.into());
    let clone = real.ancestors().find(|above| above.join(".git").exists());
    clone.map_or_else(|| folder.into(), Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::files::{OpenFile, json, read_text};

    #[test]
    fn a_pointer_is_known_wherever_it_is_read() {
        let clone = tempfile::tempdir().unwrap();
        let folder = clone.path().join("adapters/r8");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir(clone.path().join(".git")).unwrap();
        let path = folder.join("adapter_config.json");
        let text = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n";
        fs::write(&path, text).unwrap();
        let clone = clone.path().canonicalize().unwrap();
        let remedy = format!("`git lfs pull` in {}", clone.display());
        for error in [
            read_text(&path).unwrap_err(),
            json::read_object(&path).unwrap_err(),
            OpenFile::open(&path).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(error.contains("a Git LFS pointer"), "{error}");
            assert!(error.contains(&remedy), "{error}");
        }
    }
}
