//! The parts of a plan, put together.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::results::Results;
use crate::study::Plan;
use crate::table::Input;

use super::file::{PartFile, folder, plan_digest, refused};
use super::shard::modules_of;

/// All parts of a plan.
pub struct Parts {
    files: Vec<PartFile>,
    /// Of each module the file and the place in it.
    places: HashMap<String, (usize, usize)>,
}

impl Parts {
    /// Reads the parts of a plan that lie in folders, and checks that together they are one run of it.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) for a part that is missing, there twice, damaged,
    /// or of another plan, version or processor.
    pub fn open(plan: &Plan, folders: &[PathBuf]) -> Result<Self> {
        let mut by_number: BTreeMap<usize, PartFile> = BTreeMap::new();
        for path in paths(plan, folders)? {
            let part = PartFile::read(&path)?;
            check(plan, &part, by_number.values().next())?;
            let number = part.header.number;
            if let Some(other) = by_number.insert(number, part) {
                let problem = format!("{} is the same part of the run", other.path.display());
                return Err(refused(
                    &path,
                    problem,
                    "name folders that have each part once",
                ));
            }
        }
        let files: Vec<PartFile> = by_number.into_values().collect();
        complete(plan, &files)?;
        let mut places = HashMap::new();
        for (number, file) in files.iter().enumerate() {
            for (place, module) in file.header.modules.iter().enumerate() {
                places.insert(module.clone(), (number, place));
            }
        }
        Ok(Parts { files, places })
    }

    /// Hands on what was measured of each module in the plan's order, as [`Plan::stream`] does.
    ///
    /// # Errors
    ///
    /// Those of `take`, and of a part that cannot be read.
    pub fn stream(
        &self,
        plan: &Plan,
        progress: &(dyn Fn() + Sync),
        take: &mut dyn FnMut(Results) -> Result<()>,
    ) -> Result<()> {
        for module in &plan.modules {
            plan.stop.check()?;
            let (file, place) = self.places[module];
            take(self.files[file].results(place)?)?;
            progress();
        }
        Ok(())
    }

    /// That all parts were made of these files.
    ///
    /// # Errors
    ///
    /// [`CoreError::Request`](crate::CoreError::Request) for one that was made of another.
    pub fn check_inputs(&self, inputs: &[Input]) -> Result<()> {
        for part in &self.files {
            let mut of_part = part.header.inputs.iter();
            if let Some(other) = of_part.find(|input| !inputs.contains(input)) {
                let problem = format!("it was made of another {} of {}", other.file, other.of);
                let again = "make it again of the files that are there now, with";
                return Err(refused(
                    &part.path,
                    problem,
                    format!("{again} {}", Asked::Shard),
                ));
            }
        }
        Ok(())
    }
}

/// The files of parts in folders, sorted.
fn paths(plan: &Plan, folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for one in folders {
        let inside = folder(one, &plan.name);
        let entries = match fs::read_dir(&inside) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let remedy = format!("make parts there first, with {}", Asked::Shard);
                let problem = format!("it has no parts of {}", plan.name);
                return Err(refused(one, problem, remedy));
            }
            Err(error) => {
                let remedy = "check that you may read it";
                return Err(Error::io(&inside, "list", error, remedy));
            }
        };
        let files = entries.flatten().map(|entry| entry.path());
        paths.extend(files.filter(|path| path.extension() == Some("part".as_ref())));
    }
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// That a part is of this plan, and of the same run as another.
fn check(plan: &Plan, part: &PartFile, other: Option<&PartFile>) -> Result<()> {
    let header = &part.header;
    let wrong = |problem: String, remedy: String| Err(refused(&part.path, problem, remedy));
    let again = |what: &str| format!("make all parts with {what}");
    if header.version != env!("CARGO_PKG_VERSION") {
        let problem = format!("version {} made it", header.version);
        return wrong(problem, again("this version"));
    }
    if header.plan != plan_digest(plan) {
        let problem = "it is a part of another plan: study, adapters or flags differ".into();
        return wrong(problem, again("the flags that are given here"));
    }
    let Some(other) = other else {
        return Ok(());
    };
    if header.of != other.header.of {
        let problem = format!(
            "it is one of {} parts, {} one of {}",
            header.of,
            other.path.display(),
            other.header.of
        );
        return wrong(problem, "remove the parts of one of the two runs".into());
    }
    if header.kernels != other.header.kernels {
        let named = |kernels: &Option<String>| kernels.clone().unwrap_or("unknown ones".into());
        let problem = format!(
            "OpenBLAS's kernels were {}, and {} for {}",
            named(&header.kernels),
            named(&other.header.kernels),
            other.path.display()
        );
        return wrong(problem, again("one value of OPENBLAS_CORETYPE"));
    }
    Ok(())
}

/// That no part is missing, and that each has its modules.
fn complete(plan: &Plan, files: &[PartFile]) -> Result<()> {
    let Some(first) = files.first() else {
        return Err(Error::request(
            format!("study {}", plan.name),
            "there are no parts of it",
            format!("make them with {}", Asked::Shard),
        ));
    };
    let of = first.header.of;
    let is_there = |number: &usize| files.iter().any(|file| file.header.number == *number);
    let missing: Vec<String> = (1..=of)
        .filter(|number| !is_there(number))
        .map(|number| format!("{number}/{of}"))
        .collect();
    if !missing.is_empty() {
        return Err(Error::request(
            format!("study {}", plan.name),
            format!(
                "{} of {of} parts are missing: {}",
                missing.len(),
                some(&missing)
            ),
            format!("make them with {}", Asked::Shard),
        ));
    }
    let modules = modules_of(plan, of);
    for file in files {
        let own = modules.get(file.header.number.wrapping_sub(1));
        if own != Some(&file.header.modules) {
            let problem = "it has other modules than this part of the plan";
            let remedy = format!("make it again with {}", Asked::Shard);
            return Err(refused(&file.path, problem, remedy));
        }
    }
    Ok(())
}

/// The first few of many.
fn some(all: &[String]) -> String {
    const FEW: usize = 8;
    let more = if all.len() > FEW { ", …" } else { "" };
    format!("{}{more}", all[..all.len().min(FEW)].join(", "))
}
