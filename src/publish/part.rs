//! A part of a plan, measured and written for those who put parts together.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::parts::{Part, Shard, place};
use crate::study::{Plan, Source};

use super::claim::Claim;
use super::describe::{describe, describe_cache};
use super::listener::Listener;

/// Measures the modules of one part of a plan, and writes what was measured under `out`, whole or not at
/// all. [`super::write`] with [`Options::parts`](super::Options::parts) puts parts together. Returns the
/// file, and how many modules it has.
///
/// # Errors
///
/// Those of [`Plan::stream`], and where the file cannot be written.
pub fn write_part(
    plan: &Plan,
    shard: Shard,
    out: &Path,
    listener: &dyn Listener,
) -> Result<(PathBuf, usize)> {
    if let Source::Rows(_) = plan.source {
        return Err(Error::request(
            format!("study {}", plan.name),
            "it has rows and measures nothing, so it has no parts",
            "run it as it is",
        ));
    }
    describe(plan, listener);
    let (part, place) = (Part::new(plan, shard), place(out, &plan.name, shard));
    let folder = place.parent().unwrap_or(out);
    let failed = |source: io::Error| {
        Error::io(
            &place,
            "write",
            source,
            "choose a folder that you may write to, and look at its space",
        )
    };
    let (claim, scratch) = Claim::scratch_in(folder).map_err(failed)?;
    let modules = part.modules().len();
    let steps = listener.measuring(modules);
    let bytes = part.measure(&|| steps.step());
    steps.finish();
    let bytes = bytes?;
    describe_cache(plan, listener);
    let mut file = claim.create(&scratch).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let files = vec![(file, place.clone())];
    claim.put(files).map_err(|(_, source)| failed(source))?;
    Ok((place, modules))
}
