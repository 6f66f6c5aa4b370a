//! One file that is made, and the folders of a study's files.

use std::path::{Path, PathBuf};

/// One file that a run makes.
pub(super) struct Artifact {
    /// `figures/STUDY/NAME` or `notebooks-export/STUDY/NAME`.
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
}

impl Artifact {
    /// A file among a study's tables.
    pub(super) fn in_tables(study: &str, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Artifact {
            path: tables_folder(study).join(name),
            bytes: bytes.into(),
        }
    }

    /// Its name in its folder.
    pub(super) fn name(&self) -> &str {
        let name = self.path.file_name().and_then(|name| name.to_str());
        name.unwrap_or_default()
    }
}

/// A file's name, without its folder.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// `notebooks-export/STUDY/`
pub(super) fn tables_folder(study: &str) -> PathBuf {
    Path::new("notebooks-export").join(study)
}

/// `figures/STUDY/`
pub(super) fn figures_folder(study: &str) -> PathBuf {
    Path::new("figures").join(study)
}

/// The list of a study's files.
pub(super) const LIST: &str = "files.json";

/// Tables beside the report, in the order in which it names them.
pub(super) const FILES: [&str; 18] = [
    "overlap.csv",
    "overlap.npz",
    "spectrum.csv",
    "amplification.csv",
    "ranks.csv",
    "placement.csv",
    "trajectory.csv",
    "pairs.csv",
    "shared.csv",
    "groups.csv",
    "interference.csv",
    "runs.csv",
    "answers.csv",
    "findings.csv",
    "findings.md",
    "evidence.csv",
    "draws.csv",
    "layers.csv",
];

/// Where a table stands in the list of a run's files: each of the paper's tables follows the rows
/// that it is made of. Everything that is no table comes after, and the list of all at last.
pub(super) fn place_of(path: &Path) -> usize {
    const ORDER: [&str; 21] = [
        "overlap.csv",
        "overlap.npz",
        "spectrum.csv",
        "amplification.csv",
        "ranks.csv",
        "table7.",
        "placement.csv",
        "trajectory.csv",
        "pairs.csv",
        "shared.csv",
        "groups.csv",
        "interference.csv",
        "runs.csv",
        "answers.csv",
        "table5.",
        "table6.",
        "table18.",
        "evidence.csv",
        "draws.csv",
        "layers.csv",
        "findings.",
    ];
    let name = name_of(path);
    if name == LIST {
        return ORDER.len() + 1;
    }
    let place = ORDER.iter().position(|known| name.starts_with(known));
    place.unwrap_or(ORDER.len())
}

/// The name of a figure's captions, without an ending.
pub(super) fn captioned(name: &str) -> String {
    format!("{name}.caption")
}

/// Whether a file is a figure's caption.
pub(super) fn is_caption(name: &str) -> bool {
    [".caption.tex", ".caption.md"]
        .iter()
        .any(|end| name.ends_with(end))
}
