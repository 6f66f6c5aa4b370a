//! A study measured again and held against its files: tables to a tolerance, pictures, report and
//! notebook byte by byte.
//!
//! Another CPU may round the last digits differently, so tables are recomputed and compared as
//! numbers; the rest is made again from the **committed** tables, where every byte must agree.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::figure::{Format, Palette};
use crate::study::Plan;

use super::artifact::Artifact;
use super::compare::{Bounds, compare_csv, compare_npz};
use super::listener::{Listener, Silent};
use super::make::{Wanted, make};
use super::products::Products;
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
    let fresh = tempfile::tempdir().map_err(|source| {
        Error::io(
            std::env::temp_dir(),
            "create a folder there",
            source,
            "name a folder that you may write to in TMPDIR",
        )
    })?;
    let tables = measure(plan, fresh.path(), listener)?.staging.persist()?;
    let mut comparison = Comparison {
        out,
        files: 0,
        differences: Vec::new(),
    };
    let products = Products::new(&plan.name, tables.iter().map(PathBuf::as_path));
    let committed: Tables = &|name| Ok(products.open(out, name));
    // A damaged one is found below.
    let bounds = Bounds::of(written::rows(committed, "spectrum.csv").unwrap_or_default());
    for table in &tables {
        comparison.numbers(table, fresh.path(), &bounds);
    }
    let wanted = Wanted {
        palette: Palette::Rocket,
        pictures: FORMATS,
        named: &Format::ALL,
        figures: true,
        report: true,
    };
    let made = make(plan, committed, &wanted, &plan.provenance()?, &Silent)?;
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
        let outcome = Err("this study does not make it any more: delete it".into());
        comparison.report(&path, outcome);
    }
    Ok(Checked {
        files: comparison.files,
        differences: comparison.differences,
    })
}

struct Comparison<'a> {
    out: &'a Path,
    files: usize,
    differences: Vec<Difference>,
}

impl Comparison<'_> {
    fn report(&mut self, path: &Path, outcome: std::result::Result<(), String>) {
        self.files += 1;
        if let Err(what) = outcome {
            self.differences.push(Difference {
                path: path.into(),
                what,
            });
        }
    }

    fn bytes(&mut self, artifact: &Artifact) {
        let outcome = match fs::read(self.out.join(&artifact.path)) {
            Err(error) => Err(error.to_string()),
            Ok(bytes) if bytes == artifact.bytes => Ok(()),
            Ok(bytes) => {
                let pairs = bytes.iter().zip(&artifact.bytes);
                let first = pairs.take_while(|(a, b)| a == b).count();
                Err(format!("differs from byte {first} on"))
            }
        };
        self.report(&artifact.path, outcome);
    }

    fn numbers(&mut self, table: &Path, fresh: &Path, bounds: &Bounds) {
        let read = |folder: &Path| fs::read(folder.join(table)).map_err(|error| error.to_string());
        let compare = || match (read(self.out)?, read(fresh)?) {
            (committed, recomputed) if table.extension().is_some_and(|end| end == "npz") => {
                compare_npz(&committed, &recomputed, bounds).map_err(|error| error.to_string())
            }
            (committed, recomputed) => compare_csv(&committed, &recomputed, bounds),
        };
        let outcome = compare().and_then(|first| first.map_or(Ok(()), Err));
        self.report(table, outcome);
    }
}
