//! Names of checkpoints and of weight files: which count how far a training was, and which say nothing.
//!
//! # Decisions
//!
//! - A word counts as a whole alone: `footstep-3` and `epochs3` are no checkpoints.
//! - Two tools count without a word, kohya's behind a name and MLX's before one. Both do so in names
//!   of files; a folder of the same form is a date or a seed.

use std::sync::LazyLock;

use regex::Regex;

/// `checkpoint-500`, `epoch=3`, `run-step00000100`: a word that counts, as a part of a name.
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    let words = "global[-_]?step|steps?|iteration|iter|checkpoint|ckpt|(?P<epoch>epoch)";
    let pattern = format!(
        r"(?i)(?:^|[-_. ])(?:(?:checkpoint|ckpt)[-_=. ])?(?:{words})[-_=. ]?(?P<number>[0-9]{{1,12}})"
    );
    Regex::new(&pattern).expect("a constant")
});
/// kohya's `NAME-000004`, beside `NAME` at the end. No run has 100 000 epochs.
static BEHIND: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(.+)-(0[0-9]{5})$").expect("a constant"));
/// MLX's `0000100_adapters`, beside `adapters` at the end.
static AHEAD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^([0-9]{5,12})[-_](.+)$").expect("a constant"));
/// A date or the word for a seed at the end of a name: what stands behind is a time, or the seed.
static DATE_OR_SEED: LazyLock<Regex> = LazyLock::new(|| {
    let date = r"(?:19|20)[0-9]{2}[-_.]?[0-9]{2}[-_.]?[0-9]{2}";
    let pattern = format!(r"(?i)(?:seed|(?:^|[^a-z0-9])(?:s|{date}))$");
    Regex::new(&pattern).expect("a constant")
});
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

/// How far a training was, as the name of a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// What is left of the name: the run's own name, or nothing.
    pub around: String,
    /// The number.
    pub number: u64,
    /// What it counts.
    pub unit: Unit,
}

/// What the number in a checkpoint's name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Steps of the optimiser.
    Steps,
    /// Passes over the data.
    Epochs,
    /// Its name does not say.
    Unsaid,
}

/// What a name counts: that of a folder, or of a file without its ending; `None` where it counts
/// nothing.
///
/// ```
/// use lora_subspace_core::adapter::{Unit, counted};
/// let found = counted("style-step00000500", true).unwrap();
/// assert_eq!((found.around.as_str(), found.number, found.unit), ("style", 500, Unit::Steps));
/// // kohya calls files so; a folder called so has a number of another kind.
/// assert_eq!(counted("style-000004", true).unwrap().number, 4);
/// assert_eq!(counted("style-000004", false), None);
/// ```
pub fn counted(name: &str, is_file: bool) -> Option<Counted> {
    said(name).or_else(|| is_file.then(|| by_convention(name)).flatten())
}

/// What words in a name say.
fn said(name: &str) -> Option<Counted> {
    let mut best: Option<(u64, Unit)> = None;
    let (mut around, mut end) = (String::new(), 0);
    for found in SAID.captures_iter(name) {
        let (whole, number) = (found.get(0)?, found.name("number")?);
        if !ends_a_word(&name[whole.end()..]) {
            continue;
        }
        around.push_str(&name[end..whole.start()]);
        end = whole.end();
        let unit = match found.name("epoch") {
            Some(_) => Unit::Epochs,
            None => Unit::Steps,
        };
        // `epoch=3-step=120` counts twice; steps are finer.
        if best.is_none_or(|(_, other)| other == Unit::Epochs || unit == Unit::Steps) {
            best = Some((number.as_str().parse().ok()?, unit));
        }
    }
    let (number, unit) = best?;
    around.push_str(&name[end..]);
    Some(Counted {
        around: around.trim_matches(['-', '_', '.', ' ']).into(),
        number,
        unit,
    })
}

/// Whether a number ends before this: `epoch-1.5` has none that counts.
fn ends_a_word(rest: &str) -> bool {
    let mut rest = rest.chars();
    match rest.next() {
        None | Some('-' | '_' | ' ') => true,
        Some('.') => !rest.next().is_some_and(|next| next.is_ascii_digit()),
        Some(_) => false,
    }
}

/// What the name of a file counts without a word.
fn by_convention(name: &str) -> Option<Counted> {
    let is_other = |text: &str| DATE_OR_SEED.is_match(text);
    let of = |around: &str, number: &str, unit| {
        let is_counted = !is_other(around) && !is_other(number);
        is_counted.then_some(())?;
        Some(Counted {
            around: around.into(),
            number: number.parse().ok()?,
            unit,
        })
    };
    if let Some(found) = BEHIND.captures(name) {
        return of(&found[1], &found[2], Unit::Unsaid);
    }
    let found = AHEAD.captures(name)?;
    match is_general(&found[2]) {
        true => of(&found[2], &found[1], Unit::Steps),
        // A number that is not filled up with zeros is a date, or that of a job.
        false if found[1].starts_with('0') => of(&found[2], &found[1], Unit::Unsaid),
        false => None,
    }
}

/// Whether a weight file is called as any other is, without its ending, so that its folder names it:
/// also a shard of one, and an index.
///
/// ```
/// use lora_subspace_core::adapter::is_general;
/// assert!(is_general("adapter_model") && is_general("adapter_model-00001-of-00003"));
/// assert!(!is_general("style-r4"));
/// ```
pub fn is_general(stem: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::Unit::{Epochs, Steps, Unsaid};
    use super::*;

    fn found(name: &str, is_file: bool) -> Option<(String, u64, Unit)> {
        counted(name, is_file).map(|found| (found.around, found.number, found.unit))
    }

    #[test]
    fn names_that_count() {
        for (name, around, number, unit) in [
            ("checkpoint-500", "", 500, Steps),
            ("step_500", "", 500, Steps),
            ("steps-500", "", 500, Steps),
            ("ckpt-500", "", 500, Steps),
            ("iteration 500", "", 500, Steps),
            ("epoch-3", "", 3, Epochs),
            ("Epoch 3", "", 3, Epochs),
            ("checkpoint-epoch-3", "", 3, Epochs),
            ("r8-checkpoint-20", "r8", 20, Steps),
            ("mylora-step00000100", "mylora", 100, Steps),
            ("lora_step00000500_r8", "lora_r8", 500, Steps),
            ("epoch=3-step=120", "", 120, Steps),
            ("step=120-epoch=3", "", 120, Steps),
            ("global_step1000", "", 1_000, Steps),
        ] {
            for is_file in [true, false] {
                let expected = Some((around.into(), number, unit));
                assert_eq!(found(name, is_file), expected, "{name}");
            }
        }
        for name in [
            "r8-seed0",
            "r8-epochs3",
            "footstep-3",
            "style-r4-e10",
            "run-2026",
            "epoch-1.5",
            "step-3of9",
            "20240115_r8",
            "20240115-143022",
            "20240115-093022",
            "r8-20240115-093022",
            "r8-2024-01-15-093022",
            "20240115_adapters",
            "r8-seed-123456",
            "r8-seed-023456",
            "r8_s-012345",
            "012345_seed",
            "1234567_r8",
            "checkpoint-99999999999999999999999",
        ] {
            for is_file in [true, false] {
                assert_eq!(found(name, is_file), None, "{name}");
            }
        }
    }

    #[test]
    fn names_of_files_that_count_without_a_word() {
        for (name, around, number, unit) in [
            ("mylora-000004", "mylora", 4, Unsaid),
            ("loras-000004", "loras", 4, Unsaid),
            ("0000100_adapters", "adapters", 100, Steps),
            ("1000000_adapters", "adapters", 1_000_000, Steps),
            ("0000100-style", "style", 100, Unsaid),
        ] {
            assert_eq!(found(name, true), Some((around.into(), number, unit)));
            assert_eq!(found(name, false), None, "{name} is a folder");
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
}
