//! The file of a part: what it is a part of, and what was measured of each of its modules.

use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::files;
use crate::linalg::blas_version;
use crate::results::Results;
use crate::study::Plan;
use crate::table::Input;

use super::Shard;

/// What a part begins with. The number changes with the form.
const START: &[u8] = b"lora-subspace part 2\n";
/// Characters of the digest of all before it, at the end.
const DIGEST: usize = 64;
/// Bytes of the length before what was measured of a module.
const LENGTH: usize = size_of::<u64>();

/// What a part is of: parts of one run have all of it in common but number, modules and inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: String,
    /// OpenBLAS's version and kernels, which decide the last digits.
    pub(super) kernels: Option<String>,
    pub(super) study: String,
    /// The digest of all that decides what is measured.
    pub(super) plan: String,
    pub(super) number: usize,
    pub(super) of: usize,
    pub(super) modules: Vec<String>,
    /// The files that were read.
    pub(super) inputs: Vec<Input>,
}

/// The digest of what decides which numbers are measured, beside the bytes of files.
pub(super) fn plan_digest(plan: &Plan) -> String {
    files::sha256(plan.identity().as_bytes())
}

/// Where a part belongs in a folder.
pub fn place(folder: &Path, study: &str, shard: Shard) -> PathBuf {
    let name = format!("{}-of-{}.part", shard.number(), shard.of());
    self::folder(folder, study).join(name)
}

/// The folder of a study's parts.
pub(super) fn folder(folder: &Path, study: &str) -> PathBuf {
    folder.join("parts").join(study)
}

/// A part that is to be measured.
pub struct Part<'a> {
    plan: &'a Plan,
    shard: Shard,
    modules: Vec<String>,
}

impl<'a> Part<'a> {
    /// One part of a plan.
    pub fn new(plan: &'a Plan, shard: Shard) -> Self {
        Part {
            plan,
            shard,
            modules: shard.modules(plan),
        }
    }

    /// The modules that it has, in the plan's order.
    pub fn modules(&self) -> &[String] {
        &self.modules
    }

    /// Measures its modules, and gives its file's bytes. `progress` is called once per finished module.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::stream`], and of reading the inputs again for their digests.
    pub fn measure(&self, progress: &(dyn Fn() + Sync)) -> Result<Vec<u8>> {
        let &Part { plan, shard, .. } = self;
        let header = Header {
            version: env!("CARGO_PKG_VERSION").into(),
            kernels: blas_version(),
            study: plan.name.clone(),
            plan: plan_digest(plan),
            number: shard.number(),
            of: shard.of(),
            inputs: plan.inputs_of(&self.modules)?,
            modules: self.modules.clone(),
        };
        let mut bytes = START.to_vec();
        let text = serde_json::to_string(&header).map_err(|error| unwritable(shard, &error))?;
        bytes.extend(text.as_bytes());
        bytes.push(b'\n');
        plan.stream_of(&self.modules, progress, &mut |results| {
            let measured =
                postcard::to_stdvec(&results).map_err(|error| unwritable(shard, &error))?;
            bytes.extend((measured.len() as u64).to_le_bytes());
            bytes.extend(measured);
            Ok(())
        })?;
        let digest = files::sha256(&bytes);
        bytes.extend(digest.as_bytes());
        Ok(bytes)
    }
}

fn unwritable(shard: Shard, error: &dyn std::fmt::Display) -> Error {
    Error::request(
        format!("part {shard}"),
        format!("what was measured has no bytes: {error}"),
        "that is a bug in this program: report it",
    )
}

/// A file or folder of parts that cannot be used.
pub(super) fn refused(path: &Path, problem: impl Into<String>, remedy: impl Into<String>) -> Error {
    Error::request(path.display().to_string(), problem, remedy)
}

/// A part that was read.
pub(super) struct PartFile {
    pub(super) path: PathBuf,
    pub(super) header: Header,
    bytes: Vec<u8>,
    /// What was measured of each module, in `bytes`.
    measured: Vec<Range<usize>>,
}

impl PartFile {
    /// Reads a part, and checks that it is whole.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        files::open(path)?
            .read_to_end(&mut bytes)
            .map_err(|source| Error::io(path, "read", source, "check the disk it lies on"))?;
        let damaged = |problem: &str| {
            let remedy = format!("remove it, and make this part again with {}", Asked::Shard);
            refused(path, problem, remedy)
        };
        let Some(rest) = bytes.strip_prefix(START) else {
            return Err(damaged("it is no part of a run, or one of another version"));
        };
        let end = bytes.len().saturating_sub(DIGEST);
        if end < START.len() || files::sha256(&bytes[..end]).as_bytes() != &bytes[end..] {
            return Err(damaged("it is damaged or was cut short"));
        }
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let header: Header =
            serde_json::from_slice(line).map_err(|error| damaged(&error.to_string()))?;
        let (mut measured, mut place) = (Vec::new(), START.len() + line.len() + 1);
        for _ in &header.modules {
            let length = bytes[..end].get(place..place + LENGTH);
            let length = length.and_then(|length| length.try_into().ok());
            let length = length.map_or(usize::MAX, |length| u64::from_le_bytes(length) as usize);
            let start = place + LENGTH;
            place = start.saturating_add(length);
            if place > end {
                return Err(damaged("it has fewer modules than it says"));
            }
            measured.push(start..place);
        }
        if place != end {
            return Err(damaged("it has more modules than it says"));
        }
        Ok(PartFile {
            path: path.into(),
            header,
            bytes,
            measured,
        })
    }

    /// What was measured of the module at a place in the header's list.
    pub(super) fn results(&self, place: usize) -> Result<Results> {
        let bytes = &self.bytes[self.measured[place].clone()];
        postcard::from_bytes(bytes).map_err(|error| {
            let module = &self.header.modules[place];
            let problem = format!("module `{module}` cannot be read: {error}");
            let remedy = format!("make this part again with {}", Asked::Shard);
            refused(&self.path, problem, remedy)
        })
    }
}
