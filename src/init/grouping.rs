//! The runs that a first study compares as groups, as patterns or names, and those that it does not.

use crate::study::{common_beginning, label, other_scale};

use super::candidate::Candidate;
use super::pairing;

/// What stands under one key of `[compare]`.
pub(super) struct Choice {
    /// Names or patterns, as they are written.
    pub(super) entries: Vec<String>,
    /// The runs that are in a pair.
    pub(super) runs: Vec<usize>,
    /// Why these.
    pub(super) remark: String,
}

/// What a first study compares.
pub(super) struct Compared {
    pub(super) ranks: Option<Choice>,
    pub(super) seeds: Option<Choice>,
    /// Pairs that began as one: a sentence each.
    pub(super) said: Vec<String>,
}

/// Labels of groups, and the runs that they stand for.
type Labels = Vec<(String, Vec<usize>)>;

impl Compared {
    /// Groups where several runs differ in the seed, else two runs each.
    pub(super) fn of(found: &[Candidate]) -> Self {
        let mut labels = Labels::new();
        let seeds = seeds(found, &mut labels);
        let mut said = Vec::new();
        let two = || two(found, pairing::seeds(found, &mut said)?);
        let seeds = seeds.or_else(two);
        let ranks = ranks(found, &labels, &mut said);
        Compared { ranks, seeds, said }
    }

    /// A sentence, where there is nothing to compare.
    pub(super) fn nothing(&self, found: &[Candidate], has_base: bool) -> Option<String> {
        let has_steps = found.iter().any(|run| !run.steps.is_empty());
        if self.ranks.is_some() || self.seeds.is_some() || has_base || has_steps {
            return None;
        }
        let mut pairs = found.iter().enumerate().flat_map(|(place, one)| {
            let others = found[place + 1..].iter();
            others.map(move |other| (one, other))
        });
        let paths = |run: &Candidate| {
            let first = run.adapter.modules.first();
            first.map_or(String::new(), |module| format!("`{}`", module.path))
        };
        let why = match (found, pairs.any(|(one, other)| one.shares_with(other))) {
            ([_], _) => "there is one run, and no base".to_string(),
            ([one, .., other], false) => format!(
                "no two runs have a module in common: {} adapts {}, {} adapts {}",
                one.name,
                paths(one),
                other.name,
                paths(other)
            ),
            _ => {
                "no two runs differ in rank, or in the seed alone, and there is no base".to_string()
            }
        };
        Some(format!("what this study compares: nothing, as {why}"))
    }

    /// A sentence for each run that is in no pair, and why.
    pub(super) fn left_out(&self, found: &[Candidate]) -> Vec<String> {
        let choices = || self.ranks.iter().chain(&self.seeds);
        let is_there = |place: &usize| choices().any(|choice| choice.runs.contains(place));
        let left = (0..found.len()).filter(|place| !is_there(place));
        let sentence = |place: usize| {
            let (name, reason) = (&found[place].name, reason(found, place));
            format!("{name} is compared with no other run: {reason}")
        };
        left.map(sentence).collect()
    }
}

/// Why no group has a run.
fn reason(found: &[Candidate], place: usize) -> String {
    let run = &found[place];
    let rank = run.adapter.rank();
    let alike = |other: &&Candidate| other.adapter.rank() == rank;
    let others = found.iter().filter(alike).count() - 1;
    if found.len() == 1 {
        return "it is the only run".into();
    }
    if run.seed.is_none() {
        return "its seed is not known".into();
    }
    if others > 0 {
        return format!("no other run of rank {rank} differs from it in the seed alone");
    }
    format!(
        "it is the only run of rank {rank}, and `ranks` has others: the smallest and the largest of \
         different seeds"
    )
}

/// Two runs by their names.
fn two(found: &[Candidate], (pair, remark): ([usize; 2], String)) -> Option<Choice> {
    Some(Choice {
        entries: pair.map(|place| found[place].name.clone()).into(),
        runs: pair.into(),
        remark,
    })
}

/// Runs of each rank that differ in the seed alone. `None` where no seeds are known, or where the
/// names leave no label.
fn seeds(found: &[Candidate], labels: &mut Labels) -> Option<Choice> {
    let mut ranks: Vec<usize> = found.iter().map(|run| run.adapter.rank()).collect();
    ranks.dedup();
    let (mut entries, mut runs) = (Vec::new(), Vec::new());
    for rank in ranks {
        let Some(group) = of_one_setting(found, rank) else {
            continue;
        };
        let (of_rank, label) = match pattern(found, &group, labels) {
            Some((pattern, label)) => (vec![pattern], label),
            None => {
                let names: Vec<String> = group.iter().map(|&one| found[one].name.clone()).collect();
                let label = beginning(&names).unwrap_or_else(|| format!("r{rank}"));
                if !is_free(found, &label, &group, labels) {
                    return None;
                }
                (names, label)
            }
        };
        labels.push((label, group.clone()));
        entries.extend(of_rank);
        runs.extend(group);
    }
    if let [one, other] = *runs.as_slice() {
        // A pair needs no label.
        labels.clear();
        let remark = "two seeds of the largest rank that has two".to_string();
        return two(found, ([one, other], remark));
    }
    (!runs.is_empty()).then(|| Choice {
        entries,
        runs,
        remark:
            "of each the mean over all pairs that differ in the seed alone; the largest rank is drawn"
                .into(),
    })
}

fn beginning(names: &[String]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    common_beginning(&names)
}

/// The runs of a rank with known seeds, of the setting that most of them have; `None` where those are
/// of one seed.
fn of_one_setting(found: &[Candidate], rank: usize) -> Option<Vec<usize>> {
    let of_rank = |place: &usize| found[*place].adapter.rank() == rank;
    let known = |place: &usize| found[*place].seed.is_some();
    let runs = (0..found.len()).filter(|place| of_rank(place) && known(place));
    let mut settings: Vec<Vec<usize>> = Vec::new();
    for run in runs {
        let mut known = settings.iter_mut();
        match known.find(|setting| is_alike(&found[setting[0]], &found[run])) {
            Some(setting) => setting.push(run),
            None => settings.push(vec![run]),
        }
    }
    let seed = |place: &usize| found[*place].seed.as_ref().map(|seed| seed.value);
    let has_two = |runs: &Vec<usize>| runs.iter().any(|run| seed(run) != seed(&runs[0]));
    // The first of the largest.
    let settings = settings.into_iter().rev().filter(has_two);
    settings.max_by_key(Vec::len)
}

/// Whether two runs have the same modules, ranks and scales.
fn is_alike(one: &Candidate, other: &Candidate) -> bool {
    let (first, second) = (&one.adapter.modules, &other.adapter.modules);
    let mut both = first.iter().zip(second);
    first.len() == second.len()
        && both.all(|(one, other)| {
            (&one.path, one.rank, one.scale) == (&other.path, other.rank, other.scale)
        })
        && other_scale(&one.adapter, &other.adapter, true).is_none()
}

/// The smallest and the largest rank: all runs of each where a pattern matches them, else one.
fn ranks(found: &[Candidate], labels: &Labels, said: &mut Vec<String>) -> Option<Choice> {
    let (best, remark) = pairing::ranks(found, said)?;
    let seed = |place: usize| found[place].seed.as_ref().map(|seed| seed.value);
    let is_pair = |[one, other]: [usize; 2]| {
        let different = seed(one) != seed(other) && seed(one).is_some() && seed(other).is_some();
        different && found[one].shares_with(&found[other])
    };
    if !is_pair(best) {
        return two(found, (best, remark));
    }
    let mut labels = labels.clone();
    let sides = best.map(|place| side(found, place, &mut labels));
    let [one, other] = sides.each_ref().map(|(_, runs)| runs);
    let pairs = one
        .iter()
        .flat_map(|&one| other.iter().map(move |&other| [one, other]));
    let pairs: Vec<[usize; 2]> = pairs.filter(|&pair| is_pair(pair)).collect();
    if pairs.len() < 2 {
        return two(found, (best, remark));
    }
    let runs = pairs.iter().flatten().copied().collect();
    Some(Choice {
        entries: sides.map(|(entry, _)| entry).into(),
        runs,
        remark: format!("the mean over all pairs; {remark}"),
    })
}

/// A side of `ranks`: a pattern of the runs with known seeds that are set up as one of them, else that
/// one.
fn side(found: &[Candidate], place: usize, labels: &mut Labels) -> (String, Vec<usize>) {
    let run = &found[place];
    let is_of_it = |other: &usize| {
        let other = &found[*other];
        let same_rank = other.adapter.rank() == run.adapter.rank();
        same_rank && other.seed.is_some() && is_alike(run, other)
    };
    let runs: Vec<usize> = (0..found.len()).filter(is_of_it).collect();
    if runs.len() > 1
        && let Some((pattern, label)) = pattern(found, &runs, labels)
    {
        labels.push((label, runs.clone()));
        return (pattern, runs);
    }
    (run.name.clone(), vec![place])
}

/// A pattern that matches these runs and no other, and its label, which no run and no other group has.
fn pattern(found: &[Candidate], runs: &[usize], labels: &Labels) -> Option<(String, String)> {
    let names: Vec<&str> = runs.iter().map(|&run| found[run].name.as_str()).collect();
    let start = shared(&names, |name, length| name.get(..length))?;
    let end = shared(&names, |name, length| {
        name.get(name.len().checked_sub(length)?..)
    })?;
    // Up to a dash first, so that `r8-seed0` and `r8-seed1` are `r8-*`.
    let dash = |c: char| "-_.".contains(c);
    let short_start = &start[..start.rfind(dash).map_or(0, |at| at + 1)];
    let short_end = &end[end.find(dash).unwrap_or(end.len())..];
    let parts = [
        (short_start, ""),
        (start, ""),
        ("", short_end),
        ("", end),
        (short_start, short_end),
    ];
    parts.into_iter().find_map(|(start, end)| {
        let is_match = |name: &str| {
            let is_long = name.len() >= start.len() + end.len();
            is_long && name.starts_with(start) && name.ends_with(end)
        };
        let matched = (0..found.len()).filter(|&place| is_match(&found[place].name));
        let pattern = format!("{start}*{end}");
        let label = label(&pattern)?;
        let fits = matched.eq(runs.iter().copied()) && is_free(found, &label, runs, labels);
        fits.then_some((pattern, label))
    })
}

/// The longest part that all names share, where `part` gives so many bytes of one.
fn shared<'a>(
    names: &[&'a str],
    part: impl Fn(&'a str, usize) -> Option<&'a str>,
) -> Option<&'a str> {
    let (first, others) = names.split_first()?;
    let lengths = (0..=first.len()).rev();
    let mut parts = lengths.filter_map(|length| part(first, length));
    parts.find(|shared| {
        let mut others = others.iter();
        others.all(|name| part(name, shared.len()) == Some(*shared))
    })
}

/// Whether a label is no run's name and no other group's label.
fn is_free(found: &[Candidate], label: &str, runs: &[usize], labels: &Labels) -> bool {
    let is_name = found.iter().any(|run| run.name == label);
    let others = labels.iter().filter(|(other, _)| other == label);
    !is_name && label != "base" && label != "random" && others.into_iter().all(|(_, of)| of == runs)
}
