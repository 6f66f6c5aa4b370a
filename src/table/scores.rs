//! Runs to scores: one setting's runs together, and which score is the best.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::metric::higher_is_better;
use super::proportion::{standard_error, wilson};
use super::rounded::{nine_digits, nine_digits_or_empty};
use super::rows::{RunsRow, round9};
use crate::paper::{Projection, place_in_model};

/// The runs of one setting on one task by one metric (`table5.csv`, `table6.csv`, `table18.csv`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// What the runs were trained on.
    pub task: String,
    /// What the score is.
    pub metric: String,
    /// The weights that were adapted, in the model's order: `q+v`.
    pub weight_types: String,
    /// r; empty of full fine-tunes.
    pub rank: Option<usize>,
    /// Entries of the factors, or of the weights of a full fine-tune; empty where they are not known.
    pub trainable_parameters: Option<u64>,
    /// Mean over the runs.
    #[serde(serialize_with = "nine_digits")]
    pub mean: f64,
    /// Sample standard deviation over the runs; empty of one run.
    #[serde(serialize_with = "nine_digits_or_empty")]
    pub sd: Option<f64>,
    /// How many runs (seeds) there are.
    pub runs: usize,
    /// Whether it is the best of those that it is compared with, as printed; ties all are. Where the
    /// items of all of them are known, whether it is ahead of each by more than the error. Empty
    /// where it is not known whether more is better.
    pub best: Option<bool>,
    /// How many items the score is a share of: the fewest of its runs. The columns from here on are
    /// there only where a run has them.
    #[serde(default)]
    pub items: Option<u64>,
    /// Standard error of the mean by its items alone, √(p(1 − p)/items).
    #[serde(default, serialize_with = "nine_digits_or_empty")]
    pub standard_error: Option<f64>,
    /// Lower end of Wilson's 95 % interval.
    #[serde(default, serialize_with = "nine_digits_or_empty")]
    pub low: Option<f64>,
    /// Upper end of Wilson's 95 % interval.
    #[serde(default, serialize_with = "nine_digits_or_empty")]
    pub high: Option<f64>,
    /// How far it is behind the best of those that it is compared with; empty of the best.
    #[serde(default, serialize_with = "nine_digits_or_empty")]
    pub behind: Option<f64>,
    /// Lower end of the 95 % interval of that; the best is not shown to be better where it is 0 or
    /// less.
    #[serde(default, serialize_with = "nine_digits_or_empty")]
    pub behind_low: Option<f64>,
    /// The single runs' values, in the order of the file.
    #[serde(skip)]
    pub values: Vec<f64>,
    /// The single runs' names, in the same order.
    #[serde(skip)]
    pub adapters: Vec<String>,
    /// What stands for all items: 1, or 100 in percent.
    #[serde(skip)]
    pub whole: f64,
}

/// The columns of [`Score`] that are left out where they are empty.
pub(super) const OF_ITEMS: [&str; 6] = [
    "items",
    "standard_error",
    "low",
    "high",
    "behind",
    "behind_low",
];

impl Score {
    /// Of a single run; what comes of its values is still open.
    fn of_one(row: &RunsRow, weight_types: String, whole: f64) -> Self {
        Score {
            task: row.task.clone(),
            metric: row.metric.clone(),
            weight_types,
            rank: row.rank,
            trainable_parameters: row.trainable_parameters,
            mean: 0.0,
            sd: None,
            runs: 0,
            best: None,
            items: row.items,
            standard_error: None,
            low: None,
            high: None,
            behind: None,
            behind_low: None,
            values: vec![row.value],
            adapters: vec![row.adapter.clone()],
            whole,
        }
    }

    /// The weights that were adapted, one by one.
    pub fn types(&self) -> Vec<String> {
        self.weight_types.split('+').map(String::from).collect()
    }

    /// The mean with all of its digits.
    pub(super) fn exact(&self) -> f64 {
        self.values.iter().sum::<f64>() / self.values.len() as f64
    }

    /// The mean as a share of 1.
    pub(super) fn share(&self) -> f64 {
        (self.exact() / self.whole).clamp(0.0, 1.0)
    }
}

/// Weight types in one spelling and in the model's order, so that `v_proj+q_proj` is `q+v`.
///
/// ```
/// use lora_subspace::table::weight_types;
/// assert_eq!(weight_types("down_proj+up_proj+gate_proj"), "gate_proj+up_proj+down_proj");
/// assert_eq!(weight_types("v_proj+q_proj"), "q+v");
/// assert_eq!(weight_types("up_proj+o"), "o+up_proj");
/// ```
pub fn weight_types(written: &str) -> String {
    let short = |name: &str| {
        let letter = Projection::of(name).map(Projection::letter);
        letter.unwrap_or(name).to_string()
    };
    let mut types: Vec<String> = written.split('+').map(|name| short(name.trim())).collect();
    types.sort_by_key(|name| order(name));
    types.join("+")
}

/// In the model's order, then by name.
fn order(name: &str) -> (usize, String) {
    (place_in_model(name), name.into())
}

/// The scores of all settings: tasks and metrics in the order of the file, fewer weight types first
/// and q, k, v, o in this order, ranks rising and full fine-tunes last. `best` is still open.
pub fn scores(rows: &[RunsRow]) -> Vec<Score> {
    let wholes = wholes(rows);
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut scores: Vec<Score> = Vec::new();
    let mut numbers: HashMap<_, usize> = HashMap::new();
    for row in rows {
        let place = (row.task.as_str(), row.metric.as_str());
        let next = places.len();
        let number = *places.entry(place).or_insert(next);
        let types = weight_types(&row.weight_types);
        let next = scores.len();
        let setting = (number, types.clone(), row.rank);
        let known = *numbers.entry(setting).or_insert(next);
        match scores.get_mut(known) {
            Some(score) => {
                score.values.push(row.value);
                score.adapters.push(row.adapter.clone());
                score.items = score
                    .items
                    .zip(row.items)
                    .map(|(one, other)| one.min(other));
            }
            None => scores.push(Score::of_one(row, types, whole(&wholes, place))),
        }
    }
    scores.iter_mut().for_each(average);
    scores.sort_by_cached_key(|score| {
        let place = (score.task.as_str(), score.metric.as_str());
        let types = score.types();
        let order: Vec<_> = types.iter().map(|name| order(name)).collect();
        let place = places.get(&place).copied();
        (place, types.len(), order, by_rank(&score.rank))
    });
    scores
}

/// Ranks rise, and what has none, a full fine-tune, is last.
pub(super) fn by_rank(rank: &Option<usize>) -> (bool, Option<usize>) {
    (rank.is_none(), *rank)
}

/// Fills in mean and standard deviation of the values.
fn average(score: &mut Score) {
    let count = score.values.len();
    let mean = score.values.iter().sum::<f64>() / count as f64;
    let squares: f64 = score
        .values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum();
    score.runs = count;
    score.mean = round9(mean);
    score.sd = (count > 1).then(|| round9((squares / (count - 1) as f64).sqrt()));
    if let Some(items) = score.items {
        let of_whole = |share: f64| Some(round9(share * score.whole));
        let share = score.share();
        score.standard_error = of_whole(standard_error(share, items));
        [score.low, score.high] = wilson(share, items).map(of_whole);
    }
}

/// The tasks and metrics whose scores are percent.
pub(crate) type Wholes<'a> = BTreeSet<(&'a str, &'a str)>;

/// Those that have a score above 1.
pub(crate) fn wholes<'a>(rows: impl IntoIterator<Item = &'a RunsRow>) -> Wholes<'a> {
    let percent = rows.into_iter().filter(|row| row.value > 1.0);
    let place = |row: &'a RunsRow| (row.task.as_str(), row.metric.as_str());
    percent.map(place).collect()
}

/// What stands for all items in the scores of a task and metric: 100 where one is above 1, else 1.
pub(crate) fn whole(wholes: &Wholes, place: (&str, &str)) -> f64 {
    match wholes.contains(&place) {
        true => 100.0,
        false => 1.0,
    }
}

/// Decimals with which scores of one metric are printed: of the largest standard deviation two
/// digits count; without any they are as in the file. Never more than five digits in all.
pub(super) fn decimals<'a>(scores: impl Iterator<Item = &'a Score> + Clone) -> usize {
    /// Digits of the largest score.
    const DIGITS: usize = 5;
    let largest = scores
        .clone()
        .map(|score| score.mean.abs())
        .fold(0.0, f64::max);
    let whole = format!("{:.0}", largest.trunc()).len();
    let most = DIGITS.saturating_sub(whole);
    let sds = scores.clone().filter_map(|score| score.sd);
    let spread = sds.fold(0.0, f64::max);
    let wanted = if spread > 0.0 {
        (1.0 - spread.log10().floor()).clamp(0.0, DIGITS as f64) as usize
    } else {
        let written = |value: &f64| {
            let text = value.to_string();
            text.split_once('.').map_or(0, |(_, digits)| digits.len())
        };
        scores
            .flat_map(|score| &score.values)
            .map(written)
            .max()
            .unwrap_or(0)
    };
    wanted.min(most)
}

/// Whether a score rests on one run where others that it is compared with rest on several: it is
/// then never marked, as nothing says what another seed would give.
pub(super) fn is_alone(score: &Score, scores: &[&mut Score]) -> bool {
    score.runs == 1 && scores.iter().any(|other| other.runs > 1)
}

/// Marks the best of scores that are compared with each other, as they are printed. Where all are
/// alike none is, and a single run is not beside means of several.
pub(super) fn mark_best(scores: &mut [&mut Score], decimals: usize) {
    let Some(higher) = scores
        .first()
        .and_then(|score| higher_is_better(&score.metric))
    else {
        return;
    };
    let printed = |score: &Score| -> f64 {
        // Through the text, which is what ties are seen in.
        let text = format!("{:.decimals$}", score.mean);
        text.parse().unwrap_or(score.mean)
    };
    let sign = if higher { 1.0 } else { -1.0 };
    let all = scores.iter().map(|score| sign * printed(score));
    let (least, most) = all.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    let best: Vec<bool> = scores
        .iter()
        .map(|score| {
            let is_best = least < most && sign * printed(score) == most;
            is_best && !is_alone(score, scores)
        })
        .collect();
    for (score, is_best) in scores.iter_mut().zip(best) {
        score.best = Some(is_best);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::table) fn run(
        types: &str,
        rank: usize,
        seed: u64,
        (task, metric): (&str, &str),
        value: f64,
    ) -> RunsRow {
        let of = types.split('+').count();
        RunsRow {
            adapter: format!("{types}-r{rank}-seed{seed}"),
            weight_types: types.into(),
            rank: Some(rank),
            alpha: Some(16.0),
            seed: Some(seed),
            task: task.into(),
            metric: metric.into(),
            value,
            trainable_parameters: Some((1000 * rank * of) as u64),
            items: None,
        }
    }

    #[test]
    fn seeds_of_one_setting_are_one_score() {
        let sst = ("sst2", "accuracy");
        let rows = [
            run("v+q", 4, 0, sst, 0.5),
            run("q", 8, 0, sst, 0.7),
            run("q+v", 4, 1, sst, 0.8),
            run("q", 2, 0, sst, 0.6),
            RunsRow {
                rank: None,
                ..run("q", 8, 0, sst, 0.9)
            },
            run("k", 8, 0, sst, 0.1),
        ];
        let scores = scores(&rows);
        let named = scores.iter().map(|score| match score.rank {
            Some(rank) => format!("{} {rank}", score.weight_types),
            None => format!("{} full", score.weight_types),
        });
        let named: Vec<String> = named.collect();
        assert_eq!(named, ["q 2", "q 8", "q full", "k 8", "q+v 4"]);
        let both = &scores[4];
        // Mean 0.65, squares of 0.15 twice over n − 1 = 1.
        assert_eq!((both.mean, both.runs), (0.65, 2));
        assert_eq!(both.sd, Some(0.212132034));
        assert_eq!(scores[0].sd, None);
    }

    #[test]
    fn the_spread_decides_the_digits() {
        let of = |values: &[f64]| {
            let rows: Vec<RunsRow> = values
                .iter()
                .enumerate()
                .map(|(seed, &value)| run("q", 1, seed as u64, ("t", "loss"), value))
                .collect();
            decimals(scores(&rows).iter())
        };
        assert_eq!(of(&[70.4]), 1);
        assert_eq!(of(&[8.7215]), 4);
        assert_eq!(of(&[0.8302751]), 4);
        assert_eq!(of(&[90.0]), 0);
        assert_eq!(of(&[123456.5]), 0);
        // 0.0085: two digits are four decimals; 1.41: one decimal.
        assert_eq!(of(&[0.830, 0.842]), 4);
        assert_eq!(of(&[70.0, 72.0]), 1);
        assert_eq!(of(&[70.25, 70.25]), 2, "no spread");
    }

    #[test]
    fn the_best_is_that_of_the_printed_numbers() {
        let best = |metric: &str, values: &[f64]| {
            let rows: Vec<RunsRow> = values
                .iter()
                .enumerate()
                .map(|(rank, &value)| run("q", rank + 1, 0, ("t", metric), value))
                .collect();
            let mut scores = scores(&rows);
            mark_best(&mut scores.iter_mut().collect::<Vec<_>>(), 1);
            scores.iter().map(|score| score.best).collect::<Vec<_>>()
        };
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(best("accuracy", &[1.0, 2.04, 1.96]), [no, yes, yes]);
        assert_eq!(best("loss", &[1.0, 2.0]), [yes, no]);
        assert_eq!(best("accuracy", &[1.0, 1.0]), [no, no]);
        assert_eq!(best("wobble", &[1.0, 2.0]), [None, None]);
    }

    #[test]
    fn a_single_run_is_not_best_beside_means_of_several() {
        let best = |rows: &[RunsRow]| {
            let mut scores = scores(rows);
            mark_best(&mut scores.iter_mut().collect::<Vec<_>>(), 1);
            scores.iter().map(|score| score.best).collect::<Vec<_>>()
        };
        let run = |rank, seed, value| run("q", rank, seed, ("t", "accuracy"), value);
        let (yes, no) = (Some(true), Some(false));
        let several = [run(1, 0, 0.5), run(1, 1, 0.6)];
        assert_eq!(best(&[&several[..], &[run(2, 0, 0.9)]].concat()), [no, no]);
        assert_eq!(best(&[&several[..], &[run(2, 0, 0.4)]].concat()), [yes, no]);
        assert_eq!(best(&[several[0].clone(), run(2, 0, 0.9)]), [no, yes]);
    }
}
