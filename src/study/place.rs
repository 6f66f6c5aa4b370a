//! Paths without `..`.

use std::path::{Component, Path, PathBuf};

/// A path without `..`, as far as it has a folder to leave: `..` leads out of where a link goes to. The
/// current folder is `.`.
///
/// ```text
/// experiments/paper/../..   is  .
/// paper/../../results       is  ../results
/// ```
pub(crate) fn without_parents(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => leave(&mut plain),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    match plain.as_os_str().is_empty() {
        true => ".".into(),
        false => plain,
    }
}

/// Leaves a folder for the one around it.
fn leave(folder: &mut PathBuf) {
    if folder.is_symlink()
        && let Ok(real) = folder.canonicalize()
    {
        *folder = real;
    }
    match folder.components().next_back() {
        None | Some(Component::ParentDir) => folder.push(".."),
        _ => {
            folder.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_up() {
        for (path, expected) in [
            ("experiments/paper/../..", "."),
            ("../..", "../.."),
            ("paper/../../results", "../results"),
            ("/a/b/../c", "/a/c"),
            ("/..", "/"),
            ("./a/.", "a"),
            ("", "."),
        ] {
            assert_eq!(
                without_parents(Path::new(path)),
                Path::new(expected),
                "{path}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_left_where_it_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("there/study")).unwrap();
        std::os::unix::fs::symlink(at("there/study"), at("here")).unwrap();
        let there = at("there").canonicalize().unwrap();
        assert_eq!(without_parents(&at("here/..")), there);
    }
}
