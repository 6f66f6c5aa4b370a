//! Names of checkpoints and of weight files: which count steps, and which say nothing.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

/// `checkpoint-500`, `epoch=3`, `run-step00000100`: a word that counts, as a part of a name.
static COUNTED: LazyLock<Regex> = LazyLock::new(|| {
    let words = "checkpoint|ckpt|global[-_]?step|step|iter|iteration|epoch";
    let pattern = format!(r"(?i)(^|[-_. ])(?:{words})[-_=]?(\d{{1,12}})($|[-_. ])");
    Regex::new(&pattern).expect("a constant")
});
/// kohya's `NAME-000004`, beside `NAME` at the end.
static NUMBERED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(.+)-(\d{6})$").expect("a constant"));
/// MLX's `0000100_adapters`, beside `adapters` at the end.
static AHEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\d{5,12})[-_](.+)$").expect("a constant"));
/// What the end of a run is called beside its checkpoints.
const ENDS: [&str; 5] = ["final", "last", "latest", "final_model", "final_adapter"];
/// What trainers and libraries call any adapter's weights, without the ending.
const GENERAL: [&str; 12] = [
    "adapter_model",
    "adapter",
    "adapters",
    "pytorch_lora_weights",
    "lora",
    "lora_weights",
    "model",
    "pytorch_model",
    "diffusion_pytorch_model",
    "lit_model.pth",
    "weights",
    "consolidated",
];
/// Whether a weight file is called as any other is, so that its folder names it: also a shard of one,
/// and an index.
pub(crate) fn is_general(stem: &str) -> bool {
    let name = stem.strip_suffix(".index").unwrap_or(stem);
    let name = name.strip_suffix(".safetensors").unwrap_or(name);
    let name = name.strip_suffix(".bin").unwrap_or(name);
    GENERAL
        .iter()
        .any(|known| name == *known || is_shard_of(name, known))
}

/// `adapter_model-00001-of-00003`
fn is_shard_of(name: &str, known: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = name
        .strip_prefix(known)
        .and_then(|rest| rest.strip_prefix('-'));
    let numbers = rest.and_then(|rest| rest.split_once("-of-"));
    numbers.is_some_and(|(one, of)| digits(one) && digits(of))
}

/// Whether a name counts steps.
pub(crate) fn counts_steps(name: &str) -> bool {
    counted(name).is_some()
}

/// The path that names the run of a checkpoint: the folder around `checkpoint-500`, `NAME` for
/// `NAME-000004.safetensors`; any other path itself.
pub(crate) fn run_of(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let is_inner = full.file_name().is_some_and(|name| name == "adapter_model")
        || full.is_file() && stem(&full).is_some_and(|stem| is_general(&stem));
    let place = match full.parent() {
        Some(folder) if is_inner => folder,
        _ => full.as_path(),
    };
    let name = match place.is_dir() {
        true => place
            .file_name()
            .map(|name| name.to_string_lossy().into_owned()),
        false => stem(place),
    };
    let counted = name.as_deref().and_then(counted);
    match (counted, place.parent()) {
        (Some((rest, _)), Some(folder)) if rest.is_empty() => folder.into(),
        (Some((rest, _)), Some(folder)) => folder.join(rest),
        _ => path.into(),
    }
}

/// Whether a name only counts: `checkpoint-500`.
pub(super) fn is_counter(name: &str) -> bool {
    counted(name).is_some_and(|(rest, _)| rest.is_empty())
}

/// What stands around the number in a name that counts, and the number.
pub(super) fn counted(name: &str) -> Option<(String, u64)> {
    let mut rest = name.to_string();
    let mut step = None;
    // `epoch=3-step=120` counts twice; the last number is the finer one.
    while let Some(found) = COUNTED.captures(&rest) {
        step = found[2].parse().ok();
        let dash = if found[1].is_empty() { "" } else { &found[3] };
        let whole = found.get(0)?;
        rest = format!("{}{dash}{}", &rest[..whole.start()], &rest[whole.end()..]);
    }
    if let Some(step) = step {
        let rest = rest.trim_matches(['-', '_', '.', ' ']);
        return Some((rest.into(), step));
    }
    if let Some(found) = NUMBERED.captures(name) {
        return Some((found[1].into(), found[2].parse().ok()?));
    }
    let found = AHEAD.captures(name)?;
    Some((found[2].into(), found[1].parse().ok()?))
}

pub(super) fn is_end(name: &str) -> bool {
    ENDS.contains(&name.to_lowercase().replace('-', "_").as_str())
}

pub(super) fn stem(path: &Path) -> Option<String> {
    Some(path.file_stem()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_count() {
        for (name, expected) in [
            ("checkpoint-500", Some(("", 500))),
            ("step_500", Some(("", 500))),
            ("epoch-3", Some(("", 3))),
            ("r8-checkpoint-20", Some(("r8", 20))),
            ("mylora-step00000100", Some(("mylora", 100))),
            ("lora_step00000500_r8", Some(("lora_r8", 500))),
            ("mylora-000004", Some(("mylora", 4))),
            ("0000100_adapters", Some(("adapters", 100))),
            ("epoch=3-step=120", Some(("", 120))),
            ("global_step1000", Some(("", 1000))),
            ("r8-seed0", None),
            ("r8-epochs3", None),
            ("footstep-3", None),
            ("style-r4-e10", None),
            ("run-2026", None),
        ] {
            let found = counted(name);
            let found = found.as_ref().map(|(rest, step)| (rest.as_str(), *step));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn names_that_say_nothing() {
        for name in [
            "adapter_model",
            "pytorch_lora_weights",
            "model.safetensors.index",
            "adapter_model-00001-of-00003",
        ] {
            assert!(is_general(name), "{name}");
        }
        for name in [
            "style-r4-e10",
            "adapter_model-00001-of-x",
            "0000100_adapters",
        ] {
            assert!(!is_general(name), "{name}");
        }
    }

    #[test]
    fn a_checkpoint_is_called_after_its_run() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["r8/checkpoint-5/adapter_model", "loras"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        std::fs::write(at("loras/style-000004.safetensors"), "").unwrap();
        for (path, run) in [
            ("r8/checkpoint-5", "r8"),
            ("r8/checkpoint-5/adapter_model", "r8"),
            ("loras/style-000004.safetensors", "loras/style"),
            ("r8", "r8"),
        ] {
            assert_eq!(run_of(&at(path)), at(run), "{path}");
        }
    }
}
