//! Which steps of training checkpoints are.

use std::path::Path;

use serde_json::Value;

use crate::adapter::Adapter;
use crate::error::Result;
use crate::files::{self, json};
use crate::study::duplicates::is_same;

use super::course::{Step, Steps};
use super::entry::Entry;

/// Words before a number that say what it counts, those that count steps first.
const WORDS: [&[&str]; 2] = [&["step", "steps", "iter", "checkpoint", "ckpt"], &["epoch"]];

/// A checkpoint's number, and where it was found.
#[derive(Debug, Clone, PartialEq)]
struct Number {
    value: u64,
    from: From,
}

#[derive(Debug, Clone, PartialEq)]
enum From {
    /// `global_step` of its trainer_state.json.
    State,
    /// A name; what stands around the number there, and whether a word says what it counts.
    Name { around: [String; 2], is_said: bool },
}

/// The checkpoints of a run in their order, with the last one's number; and a sentence where a number
/// is not known.
///
/// # Errors
///
/// With the line: a checkpoint that comes after the last, or whose file cannot be read.
pub(super) fn of_run(
    entry: &Entry,
    found: Vec<Adapter>,
    last: &Adapter,
) -> Result<(Steps, Option<String>)> {
    let numbers: Vec<Option<Number>> = found.iter().map(of_checkpoint).collect();
    let mut values: Vec<u64> = numbers.iter().flatten().map(|one| one.value).collect();
    values.sort_unstable();
    values.dedup();
    let are_known = values.len() == found.len();
    let name = &entry.entry.name;
    let mut note = None;
    let mut earlier = if are_known {
        let values = numbers.iter().flatten().map(|one| one.value);
        numbered(values.zip(found))
    } else {
        note = Some(format!(
            "{name}: the step numbers of its {} checkpoints are not known: they count as 1, 2 and so on",
            found.len()
        ));
        let after_the_start = |number: usize, adapter| (1 + number as u64, adapter);
        let (start, others): (Vec<Adapter>, Vec<Adapter>) = found
            .into_iter()
            .partition(|one| one.check_trained().is_err());
        let others = others.into_iter().enumerate();
        let others = others.map(|(number, adapter)| after_the_start(number, adapter));
        numbered(start.into_iter().map(|adapter| (0, adapter)).chain(others))
    };
    // What a trainer saves at its end is its last checkpoint once more.
    let is_twice = match earlier.last() {
        Some(step) => is_same(&step.adapter, last)?.is_some(),
        None => false,
    };
    let end = earlier.last().map_or(0, |step| step.number);
    let own = of_checkpoint(last).filter(|own| are_known && speaks(own, &numbers));
    let (number, is_own) = match own {
        Some(own) if is_twice || own.value > end => (own.value.max(end), true),
        Some(own) => {
            let problem = format!(
                "step {end} is not before `path`, the last one, which is step {}",
                own.value
            );
            let remedy = "name the last checkpoint as `path`, or the earlier ones as `steps`";
            return Err(entry.error(&problem, remedy));
        }
        None if is_twice => (end, are_known),
        None => (end + 1, false),
    };
    if is_twice {
        earlier.pop();
    }
    if are_known && !is_own {
        note = Some(format!(
            "{name}: the step number of `path` is not known: it counts as {number}, after the last of `steps`"
        ));
    }
    let steps = Steps {
        earlier,
        last: number,
        are_known: are_known && is_own,
        begins_at_start: false,
    };
    Ok((steps, note))
}

fn numbered(found: impl Iterator<Item = (u64, Adapter)>) -> Vec<Step> {
    let mut steps: Vec<Step> = found
        .map(|(number, adapter)| Step { number, adapter })
        .collect();
    steps.sort_by_key(|step| step.number);
    steps
}

/// Whether the last one's number counts what those of the others count: a name such as `r8` has a
/// number too.
fn speaks(own: &Number, others: &[Option<Number>]) -> bool {
    match &own.from {
        From::State | From::Name { is_said: true, .. } => true,
        name => others.iter().flatten().any(|other| other.from == *name),
    }
}

/// A checkpoint's number: `global_step` of trainer_state.json in its folder, else in its name, else
/// those of the folder around it.
fn of_checkpoint(adapter: &Adapter) -> Option<Number> {
    let mut path = adapter.path().to_path_buf();
    // `.` and `..` have no name.
    if path.file_name().is_none() {
        path = path.canonicalize().ok()?;
    }
    let around = || {
        let folder = path.parent()?;
        in_state(folder).or_else(|| of_name(&folder.file_name()?.to_string_lossy()))
    };
    let own = match path.is_dir() {
        true => in_state(&path).or_else(|| of_name(&path.file_name()?.to_string_lossy())),
        false => of_name(&path.file_stem()?.to_string_lossy()),
    };
    own.or_else(around)
}

/// `global_step` of trainer_state.json, as transformers writes it.
fn in_state(folder: &Path) -> Option<Number> {
    let text = files::read_text(&folder.join("trainer_state.json")).ok()?;
    let state: Value = json::parse(&text).ok()?;
    Some(Number {
        value: state.get("global_step")?.as_u64()?,
        from: From::State,
    })
}

/// The number in a name: after a word that counts steps, else epochs, else the last one.
fn of_name(name: &str) -> Option<Number> {
    let runs = digits(name);
    let after = |words: &[&str]| {
        let mut runs = runs.iter().rev();
        runs.find(|(start, _)| {
            let before = name[..*start].trim_end_matches(['-', '_', '=', '.', ' ']);
            let before = before.to_lowercase();
            words.iter().any(|word| before.ends_with(word))
        })
    };
    let said = WORDS.iter().find_map(|words| after(words));
    let &(start, end) = said.or(runs.last())?;
    Some(Number {
        value: name[start..end].parse().ok()?,
        from: From::Name {
            around: [name[..start].into(), name[end..].into()],
            is_said: said.is_some(),
        },
    })
}

/// Where runs of digits stand.
fn digits(name: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in name.char_indices().filter(|(_, c)| c.is_ascii_digit()) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_names() {
        for (name, expected) in [
            ("checkpoint-500", Some((500, true))),
            ("0000100_adapters", Some((100, false))),
            ("step_500", Some((500, true))),
            ("r8-checkpoint-20", Some((20, true))),
            ("lora_step00000500_r8", Some((500, true))),
            ("epoch=3-step=120", Some((120, true))),
            ("epoch-3-r16", Some((3, true))),
            ("mylora-000002", Some((2, false))),
            ("r8", Some((8, false))),
            ("final", None),
            ("checkpoint-99999999999999999999999", None),
        ] {
            let found = of_name(name);
            let found = found.map(|one| match one.from {
                From::Name { is_said, .. } => (one.value, is_said),
                From::State => unreachable!(),
            });
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_last_one_speaks_as_the_others_do() {
        let others: Vec<_> = ["0000100_adapters", "0000200_adapters"].map(of_name).into();
        let speaks = |name: &str| speaks(&of_name(name).unwrap(), &others);
        assert!(speaks("0000300_adapters") && speaks("checkpoint-300"));
        assert!(!speaks("r8") && !speaks("300_adapter"));
    }
}
