//! A study measured again and held against its files: tables to a tolerance, pictures, report and
//! notebook byte by byte.
//!
//! Another CPU may round the last digits differently, so tables are recomputed and compared as
//! numbers; the rest is made again from the **committed** tables, where every byte must agree.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{CoreError, Result};
use crate::figure::{Format, Palette};
use crate::files;
use crate::study::Plan;
use crate::table::Provenance;

use super::artifact::{Artifact, LIST};
use super::claim::Claim;
use super::compare::{Bounds, compare_csv, compare_npz};
use super::file_list::{self, FileList, Misfit};
use super::listener::{Listener, Silent};
use super::make::{Made, Wanted, make};
use super::products::Products;
use super::stage::Staging;
use super::write::measure;
use super::written::{self, Tables};

/// Rasterising and PDF compression are only promised to the byte on one platform.
const FORMATS: &[Format] = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    &Format::ALL
} else {
    &[Format::Svg]
};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many files were compared.
    pub files: usize,
    /// The files that differ.
    pub differences: Vec<Difference>,
}

/// A file that is not as the study makes it now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// The file, under the folder that was given.
    pub path: PathBuf,
    /// How it differs, in words.
    pub what: String,
}

/// Measures a plan again, and compares what it makes with the files under `out`. Nothing is written
/// there.
///
/// # Errors
///
/// Whatever goes wrong on the way; a difference is no error.
pub fn check(plan: &Plan, out: &Path, listener: &dyn Listener) -> Result<Checked> {
    let (claim, fresh) = Claim::scratch()?;
    let staging = Staging::new(&claim, &fresh);
    let tables = measure(plan, None, staging, listener)?
        .tables
        .staging
        .persist()?;
    let mut comparison = Comparison::new(out);
    let products = Products::new(&plan.name, tables.iter().map(PathBuf::as_path));
    let committed: Tables = &|name| products.open(out, name);
    // A damaged one is found below.
    let bounds = Bounds::of(written::rows(committed, "spectrum.csv").unwrap_or_default());
    for table in &tables {
        comparison.numbers(table, &fresh, &bounds);
    }
    let provenance = plan.provenance()?;
    let made = remade(plan, committed, &provenance)?;
    for artifact in &made.artifacts {
        comparison.bytes(artifact);
    }
    // A file that the study does not make any more is a difference too.
    let artifacts = made.artifacts.iter().map(|one| one.path.as_path());
    let products = Products::new(
        &plan.name,
        tables.iter().map(PathBuf::as_path).chain(artifacts),
    );
    for path in products.with(made.pictures).strays(out) {
        comparison.differs(&path, "this study does not make it any more: delete it");
    }
    match FileList::read(out, &plan.name) {
        Ok(Some(list)) => {
            comparison.listed(&list, plan, &provenance)?;
            for set in list.sets() {
                if let Some(other) = set.made_of.differs_from_whole(&provenance) {
                    let before = remade(plan, committed, &set.made_of)?;
                    comparison.explain(&before.artifacts, &other);
                }
            }
        }
        Ok(None) => listener.warn(&format!(
            "{}: there is no {LIST}, so that nothing tells whether its files are one set",
            plan.name
        )),
        Err(error) => comparison.differs(&file_list::place(&plan.name), &error.to_string()),
    }
    Ok(comparison.checked())
}

/// What comes of the committed tables, as if it were made of these inputs.
fn remade(plan: &Plan, committed: Tables, provenance: &Provenance) -> Result<Made> {
    let wanted = Wanted {
        palette: Palette::Rocket,
        pictures: FORMATS,
        named: &Format::ALL,
        figures: true,
        report: true,
    };
    make(plan, committed, &wanted, provenance, &Silent)
}

/// Files compared so far, each with what differs.
struct Comparison<'a> {
    out: &'a Path,
    files: Vec<(PathBuf, Vec<String>)>,
}

impl<'a> Comparison<'a> {
    fn new(out: &'a Path) -> Self {
        let files = Vec::new();
        Comparison { out, files }
    }

    /// What differs in a file, which may have been compared before.
    fn of(&mut self, path: &Path) -> &mut Vec<String> {
        let place = self.files.iter().position(|(other, _)| other == path);
        let place = place.unwrap_or_else(|| {
            self.files.push((path.into(), Vec::new()));
            self.files.len() - 1
        });
        &mut self.files[place].1
    }

    fn differs(&mut self, path: &Path, what: &str) {
        self.of(path).push(what.into());
    }

    fn report(&mut self, path: &Path, outcome: std::result::Result<(), String>) {
        self.of(path).extend(outcome.err());
    }

    fn bytes(&mut self, artifact: &Artifact) {
        let outcome = match self.committed(&artifact.path) {
            Err(error) => Err(error),
            Ok(bytes) if bytes == artifact.bytes => Ok(()),
            Ok(bytes) => {
                let pairs = bytes.iter().zip(&artifact.bytes);
                let first = pairs.take_while(|(a, b)| a == b).count();
                Err(format!("differs from byte {first} on"))
            }
        };
        self.report(&artifact.path, outcome);
    }

    /// All bytes of a file that was made before.
    fn committed(&self, path: &Path) -> std::result::Result<Vec<u8>, String> {
        read(&self.out.join(path))
    }

    /// Holds the list against the files that are there, and against what they should be made of.
    fn listed(&mut self, list: &FileList, plan: &Plan, now: &Provenance) -> Result<()> {
        let place = file_list::place(&plan.name);
        let not_there = self.files.iter().map(|(path, _)| path);
        let not_there: Vec<PathBuf> = not_there.filter(|path| !list.has(path)).cloned().collect();
        for path in not_there {
            self.differs(&path, &format!("{LIST} does not have it"));
        }
        // It is compared, whether something is wrong in it or not.
        self.of(&place)
            .extend(list.of_others(&|made_of| made_of.differs_from_whole(now)));
        for Misfit { path, what, .. } in list.misfits(self.out, &plan.name)? {
            self.differs(&path, &what);
        }
        Ok(())
    }

    /// Files that are as they were made of other inputs differ in what they say of these alone.
    fn explain(&mut self, before: &[Artifact], other: &str) {
        for artifact in before {
            let is_same = self
                .committed(&artifact.path)
                .is_ok_and(|bytes| bytes == artifact.bytes);
            let found = self.of(&artifact.path);
            if is_same && !found.is_empty() {
                *found = vec![format!(
                    "only its metadata differs: it was made with {other}"
                )];
            }
        }
    }

    fn checked(self) -> Checked {
        let files = self.files.len();
        let differs = self.files.into_iter().filter(|(_, what)| !what.is_empty());
        let differences = differs.map(|(path, what)| Difference {
            path,
            what: what.join("; "),
        });
        Checked {
            files,
            differences: differences.collect(),
        }
    }

    fn numbers(&mut self, table: &Path, fresh: &Path, bounds: &Bounds) {
        let compare = || match (self.committed(table)?, read(&fresh.join(table))?) {
            (committed, recomputed) if table.extension().is_some_and(|end| end == "npz") => {
                compare_npz(&committed, &recomputed, bounds).map_err(|error| error.to_string())
            }
            (committed, recomputed) => compare_csv(&committed, &recomputed, bounds),
        };
        let outcome = compare().and_then(|first| first.map_or(Ok(()), Err));
        self.report(table, outcome);
    }
}

/// All bytes of a regular file.
fn read(path: &Path) -> std::result::Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut file = files::open(path).map_err(|error| match error {
        CoreError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    })?;
    file.read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
