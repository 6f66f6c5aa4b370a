//! Which steps of training checkpoints are.
//!
//! # Decisions
//!
//! - Numbers are known where all count one thing: steps, epochs, or what names of one form count.
//!   Epochs and steps have no common axis.
//! - The last one is held against all others by its bytes. A trainer that keeps the best saves an
//!   earlier one at its end, beside the state of the whole training.

use std::path::Path;

use crate::adapter::{Adapter, Counted, Unit, counted, is_general};
use crate::error::Result;
use crate::study::duplicates::is_same;
use crate::study::run_names::{counted_around, name_of, stem};
use crate::study::trainer_state::TrainerState;

use super::course::{Step, Steps};
use super::entry::Entry;
use crate::study::run_names::real;

/// How far a checkpoint is.
#[derive(Debug, Clone, PartialEq)]
struct Number {
    value: u64,
    unit: Unit,
    /// What stands around it in a name.
    around: String,
}

impl Number {
    /// Whether both count one thing. A number without a word counts what those of its form do: a name
    /// such as `r8` has a number too.
    fn is_like(&self, other: &Number) -> bool {
        self.unit == other.unit && (self.unit != Unit::Unsaid || self.around == other.around)
    }
}

/// The checkpoints of a run in their order, with the last one's number; and sentences where a number
/// is not known, or the last is not the end.
///
/// # Errors
///
/// With the line: a checkpoint that comes after the last, or whose file cannot be read.
pub(super) fn of_run(
    entry: &Entry,
    found: Vec<Adapter>,
    last: &Adapter,
) -> Result<(Steps, Option<String>)> {
    let name = &entry.entry.name;
    let mut notes = Vec::new();
    let own = of_last(last, &found);
    let numbers: Option<Vec<Number>> = found.iter().map(of_checkpoint).collect();
    let numbers = numbers.filter(|numbers| are_known(numbers));
    let own = own.filter(|own| numbers.as_deref().is_some_and(|all| speaks(own, all)));
    let are_known = numbers.is_some();
    let mut earlier = match numbers {
        Some(numbers) => sorted(numbers.iter().map(|one| one.value).zip(found)),
        None => {
            notes.push(format!(
                "{name}: the step numbers of its {} checkpoints are not known: they count as 1, 2 and so on",
                found.len()
            ));
            in_order(found)
        }
    };
    let own = own.map(|own| own.value);
    let (number, is_own) = match twin(&earlier, last)? {
        Some(place) => {
            let (number, note) = once_more(name, earlier.split_off(place), own);
            notes.extend(note);
            (number, are_known)
        }
        None => after(entry, &earlier, own)?,
    };
    if are_known && !is_own {
        notes.push(format!(
            "{name}: the step number of `path` is not known: it counts as {number}, after the last of `steps`"
        ));
    }
    let steps = Steps {
        earlier,
        last: number,
        are_known: are_known && is_own,
        begins_at_start: false,
    };
    Ok((steps, (!notes.is_empty()).then(|| notes.join("; "))))
}

/// Whether numbers count one thing, each another step.
fn are_known(numbers: &[Number]) -> bool {
    let mut values: Vec<u64> = numbers.iter().map(|one| one.value).collect();
    values.sort_unstable();
    values.dedup();
    values.len() == numbers.len() && numbers.iter().all(|one| one.is_like(&numbers[0]))
}

/// Whether the last one's number counts what those of the others count.
fn speaks(own: &Number, others: &[Number]) -> bool {
    others.iter().all(|other| own.is_like(other))
}

/// Checkpoints without numbers in the order in which they are named, the untrained one as step 0.
fn in_order(found: Vec<Adapter>) -> Vec<Step> {
    let (start, others): (Vec<Adapter>, Vec<Adapter>) = found
        .into_iter()
        .partition(|one| one.check_trained().is_err());
    let start = start.into_iter().map(|adapter| (0, adapter));
    sorted(start.chain((1..).zip(others)))
}

fn sorted(found: impl Iterator<Item = (u64, Adapter)>) -> Vec<Step> {
    let mut steps: Vec<Step> = found
        .map(|(number, adapter)| Step { number, adapter })
        .collect();
    steps.sort_by_key(|step| step.number);
    steps
}

/// Which of the others the last one is once more.
fn twin(earlier: &[Step], last: &Adapter) -> Result<Option<usize>> {
    for (place, step) in earlier.iter().enumerate().rev() {
        if is_same(&step.adapter, last)?.is_some() {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// The number of a last one that is the first of these once more, and a sentence where others were
/// made after it.
fn once_more(name: &str, later: Vec<Step>, own: Option<u64>) -> (u64, Option<String>) {
    let number = later[0].number;
    // What a trainer saves at its end is its last checkpoint once more.
    let left_out = match later.len() - 1 {
        0 => return (own.unwrap_or(number).max(number), None),
        1 => "the checkpoint after it is left out".to_string(),
        count => format!("the {count} checkpoints after it are left out"),
    };
    let note = format!(
        "{name}: `path` is step {number} again, because the trainer keeps the best checkpoint: {left_out}"
    );
    (number, Some(note))
}

/// The number of a last one that is none of the others, and whether it is its own.
fn after(entry: &Entry, earlier: &[Step], own: Option<u64>) -> Result<(u64, bool)> {
    let end = earlier.last().map_or(0, |step| step.number);
    match own {
        Some(own) if own > end => Ok((own, true)),
        Some(own) => {
            let problem =
                format!("step {end} is not before `path`, the last one, which is step {own}");
            let remedy = "name the last checkpoint as `path`, or the earlier ones as `steps`";
            Err(entry.error(&problem, remedy))
        }
        None => {
            let next = end.checked_add(1).map(|next| (next, false));
            next.ok_or_else(|| {
                let problem = format!("no step is left for `path` after step {end}");
                entry.error(&problem, "call checkpoints by the steps of their run")
            })
        }
    }
}

/// The number of the last one. The name of a folder that the others lie in is the run's: `run-step5`.
fn of_last(last: &Adapter, others: &[Adapter]) -> Option<Number> {
    let folder = real(last.path());
    let holds = |other: &Adapter| real(other.path()).starts_with(&folder);
    match others.iter().any(holds) {
        true => in_state(&folder),
        false => of_checkpoint(last),
    }
}

/// A checkpoint's number: `global_step` of trainer_state.json in its folder, else what its name
/// counts, else what the folder around it does, else the last number in its name.
fn of_checkpoint(adapter: &Adapter) -> Option<Number> {
    let mut path = adapter.path().to_path_buf();
    // `.` and `..` have no name.
    if path.file_name().is_none() {
        path = path.canonicalize().ok()?;
    }
    match path.is_dir() {
        true => of_folder(&path),
        false => of_file(&path),
    }
}

fn of_folder(path: &Path) -> Option<Number> {
    let name = name_of(path)?;
    let around = || {
        let folder = path.parent()?;
        let found = counted_around(&name, folder)?;
        in_state(folder).or(Some(said(found)))
    };
    in_state(path)
        .or_else(|| counted(&name, false).map(said))
        .or_else(around)
        .or_else(|| last_number(&name))
}

fn of_file(path: &Path) -> Option<Number> {
    let name = stem(path)?;
    match path.parent() {
        // `adapter_model.safetensors` is called after its folder.
        Some(folder) if is_general(&name) => of_folder(&real(folder)),
        _ => counted(&name, true)
            .map(said)
            .or_else(|| last_number(&name)),
    }
}

fn said(found: Counted) -> Number {
    Number {
        value: found.number,
        unit: found.unit,
        around: found.around,
    }
}

fn in_state(folder: &Path) -> Option<Number> {
    Some(Number {
        value: TrainerState::of(folder)?.global_step?,
        unit: Unit::Steps,
        around: String::new(),
    })
}

/// The last number in a name that does not say what it counts: `r4-e10`.
fn last_number(name: &str) -> Option<Number> {
    let is_digit = |c: char| c.is_ascii_digit();
    let end = name.rfind(is_digit)? + 1;
    let start = name[..end].trim_end_matches(is_digit).len();
    Some(Number {
        value: name[start..end].parse().ok()?,
        unit: Unit::Unsaid,
        around: format!("{}\0{}", &name[..start], &name[end..]),
    })
}

#[cfg(test)]
mod tests {
    use super::Unit::{Epochs, Steps, Unsaid};
    use super::*;

    /// What a name without a folder counts; a file's has its ending.
    fn of(name: &str) -> Option<Number> {
        match name.ends_with(".safetensors") {
            true => of_file(Path::new(name)),
            false => of_folder(Path::new(name)),
        }
    }

    #[test]
    fn numbers_of_names() {
        for (name, expected) in [
            ("checkpoint-500", Some((500, Steps))),
            ("0000100_adapters.safetensors", Some((100, Steps))),
            ("r8-checkpoint-20", Some((20, Steps))),
            ("epoch-3-r16", Some((3, Epochs))),
            ("mylora-000002.safetensors", Some((2, Unsaid))),
            ("r4-e10.safetensors", Some((10, Unsaid))),
            ("r8", Some((8, Unsaid))),
            ("step-5/adapter_model", Some((5, Steps))),
            ("checkpoint-5/style", Some((5, Steps))),
            ("checkpoint-5/r8", Some((5, Steps))),
            ("checkpoint-5/adapter_model.safetensors", Some((5, Steps))),
            ("checkpoint-5/final.safetensors", None),
            ("llama-epoch3/final", None),
            ("final", None),
            ("checkpoint-99999999999999999999999", None),
        ] {
            let found = of(name).map(|one| (one.value, one.unit));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn numbers_of_one_unit_are_known() {
        let are_known = |names: &[&str]| {
            let numbers: Vec<Number> = names.iter().filter_map(|name| of(name)).collect();
            assert_eq!(numbers.len(), names.len());
            are_known(&numbers)
        };
        assert!(are_known(&["checkpoint-5", "step-10", "r8-iter20"]));
        assert!(are_known(&["s-000002.safetensors", "s-000004.safetensors"]));
        assert!(!are_known(&["checkpoint-5", "step-5"]));
        assert!(!are_known(&["epoch-1", "checkpoint-10"]));
        assert!(!are_known(&[
            "style-000002.safetensors",
            "style-step00000010.safetensors"
        ]));
        assert!(!are_known(&["r8", "late-9"]));
    }

    #[test]
    fn a_last_one_speaks_as_the_others_do() {
        let others = |names: &[&str]| names.iter().filter_map(|name| of(name)).collect::<Vec<_>>();
        let mlx = others(&[
            "0000100_adapters.safetensors",
            "0000200_adapters.safetensors",
        ]);
        let says = |name: &str| speaks(&of(name).unwrap(), &mlx);
        assert!(says("0000300_adapters.safetensors") && says("checkpoint-300"));
        assert!(!says("r8") && !says("300_adapter.safetensors") && !says("epoch-3"));
        let unsaid = others(&["style-e1", "style-e2"]);
        assert!(speaks(&of("style-e3").unwrap(), &unsaid));
        assert!(!speaks(&of("style-r4").unwrap(), &unsaid));
    }
}
