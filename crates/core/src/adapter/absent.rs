//! Why a folder is no adapter's, where one was expected: what lies in it instead, and the way out.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::files;
use crate::setting::Setting;

use super::checkpoints::counted;
use super::names::natural_order;

/// The config beside the weights, of PEFT and those who took its name.
pub(super) const CONFIG: &str = "adapter_config.json";
/// The most names that a sentence lists.
const MANY: usize = 6;

/// The adapter in the only sub-folder that has one. PEFT saves an adapter that is not called `default`
/// in a folder of its own name.
///
/// # Errors
///
/// [`Error::NotFound`] for several; it names them.
pub(super) fn only_inside(folder: &Path) -> Result<Option<PathBuf>> {
    let has_config = |path: &PathBuf| files::is_there(&path.join(CONFIG));
    let mut inner = files::list(folder)?;
    inner.retain(|path| path.is_dir());
    let below = |path: &PathBuf| -> Vec<PathBuf> {
        if has_config(path) {
            return vec![path.clone()];
        }
        // A callback saves checkpoint-N/adapter_model/.
        let deeper = is_checkpoint(path).then(|| files::list(path).unwrap_or_default());
        deeper.into_iter().flatten().filter(has_config).collect()
    };
    let mut found: Vec<PathBuf> = inner.iter().flat_map(below).collect();
    found.sort_by(|one, other| natural_order(&one.to_string_lossy(), &other.to_string_lossy()));
    match found.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.clone())),
        several => Err(several_inside(folder, several)),
    }
}

fn several_inside(folder: &Path, several: &[PathBuf]) -> Error {
    let name = |path: &PathBuf| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        inside.display().to_string()
    };
    let names: Vec<String> = several.iter().map(name).collect();
    let listed = match names.len() {
        0..=MANY => names.join(", "),
        count => format!("{}, …, {}", names[..MANY / 2].join(", "), names[count - 1]),
    };
    let top = |path: &PathBuf| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        folder.join(inside.iter().next().unwrap_or_default())
    };
    let are_checkpoints = several.iter().all(|path| is_checkpoint(&top(path)));
    let what = match are_checkpoints {
        true => "checkpoints of a run",
        false => "adapters in folders of their own",
    };
    let last = several.last().map_or(folder, |last| last);
    let is_last = if are_checkpoints { ", the last" } else { "" };
    Error::not_found(
        folder,
        format!("it holds {} {what}: {listed}", several.len()),
        format!(
            "give one of them, such as {}{is_last}, or {} {}",
            last.display(),
            Setting::Several,
            folder.display()
        ),
    )
}

/// `checkpoint-500`, `epoch_3`.
fn is_checkpoint(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    counted(&name, false).is_some()
}

/// A file of a format that is refused by its name, where there are no weights beside it.
pub(super) fn only_foreign(names: &[String]) -> Option<&String> {
    let is_gguf = |name: &&String| name.to_lowercase().ends_with(".gguf");
    names.iter().find(is_gguf)
}

/// The error with its true cause, where what lies in the folder tells one.
pub(super) fn explained(folder: &Path, error: Error) -> Error {
    let names = names_of(folder);
    let any = |is: &dyn Fn(&str) -> bool| names.iter().find(|name| is(name));
    let is_deepspeed = |name: &str| {
        name.contains("zero_pp_rank_")
            || name == "zero_to_fp32.py"
            || name.starts_with("global_step")
    };
    let is_fsdp = |name: &str| name.ends_with(".distcp") || name.starts_with("pytorch_model_fsdp");
    if let Some(name) = any(&is_deepspeed) {
        return Error::not_found(
            folder,
            format!(
                "no adapter there, and {name} is a part of what DeepSpeed saved without gathering (ZeRO)"
            ),
            "run `python zero_to_fp32.py . OUT` in the checkpoint's folder, or save again with stage3_gather_16bit_weights_on_model_save",
        );
    }
    if let Some(name) = any(&is_fsdp) {
        return Error::not_found(
            folder,
            format!("no adapter there, and {name} is a part of what FSDP saved without gathering"),
            "join it with `accelerate merge-weights`, or save again with the full state dict",
        );
    }
    error
}

/// The names of files and folders, and of what lies one level down.
fn names_of(folder: &Path) -> Vec<String> {
    let listed = |folder: &Path| files::list(folder).unwrap_or_default();
    let top = listed(folder);
    let below = top
        .iter()
        .filter(|path| path.is_dir())
        .flat_map(|path| listed(path));
    let all = top.iter().cloned().chain(below);
    let name = |path: PathBuf| Some(path.file_name()?.to_string_lossy().into_owned());
    all.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_checkpoints() {
        for (name, expected) in [
            ("run/checkpoint-500", true),
            ("run/ckpt-5", true),
            ("run/footstep-3", false),
            ("run/r8-seed0", false),
        ] {
            assert_eq!(is_checkpoint(Path::new(name)), expected, "{name}");
        }
    }
}
