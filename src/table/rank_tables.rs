//! Tables 5, 6 and 18: what runs of other weight types and ranks score, from `runs.csv`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::error::Result;
use crate::paper::Table;

use super::ahead::{Answers, judge};
use super::caption::caption;
use super::metric::higher_is_better;
use super::rows::RunsRow;
use super::scores::{OF_ITEMS, Score, by_rank, decimals, scores};
use super::sheet::{Block, Cell, Row, Sheet};
use super::text::{Words, grouped, rank_or_full};
use super::to_csv_without;
use super::together::together;
use super::weights::Names;
use super::widths::Widths;

/// One of the paper's tables of runs, in LaTeX, Markdown and CSV.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTable {
    /// `table5`
    name: &'static str,
    scores: Vec<Score>,
    sheet: Sheet,
}

/// Table 5's name, what it is about, and what one best is marked in.
const TABLE5: [&str; 3] = [
    "Table 5",
    "Which weights to adapt with one number of trainable parameters",
    "row",
];

/// Task and metric.
type Place = (String, String);

impl RunTable {
    /// The tables that runs give.
    pub const TABLES: [Table; 3] = [Table::Five, Table::Six, Table::Eighteen];

    /// A table of the paper; `None` where the rows do not give it, and for table 7, which is of no
    /// runs.
    pub fn new(table: Table, rows: &[RunsRow]) -> Option<Self> {
        Self::with_answers(table, rows, &Answers::default())
    }

    /// As [`RunTable::new`], with what the runs answered item by item: the best is then held against
    /// the others in pairs.
    pub fn with_answers(table: Table, rows: &[RunsRow], answers: &Answers) -> Option<Self> {
        match table {
            Table::Five => Self::table5(rows, answers),
            Table::Six => Self::table6(rows, answers),
            Table::Eighteen => Self::table18(rows, answers),
            Table::Seven => None,
        }
    }

    /// What a table needs, in words.
    pub fn needs(table: Table) -> &'static str {
        match table {
            Table::Five => "runs of two weight types with one number of trainable_parameters",
            Table::Six => "runs of two ranks with the same weight types",
            _ => "runs of two ranks with the same weight types, on one task by two metrics",
        }
    }

    /// Table 5: which weights to adapt with one budget of trainable parameters: that at which most
    /// weight types are; of several such the one with most runs, then the smallest. A column per
    /// weight types, a row per task and metric with its best in bold.
    fn table5(rows: &[RunsRow], answers: &Answers) -> Option<Self> {
        let all = scores(rows);
        let budget = budget(&all)?;
        let mut scores = all;
        scores.retain(|score| score.trainable_parameters == Some(budget));
        let columns = distinct(&scores, |score| (score.weight_types.clone(), score.rank));
        let named = Names::of(&scores);
        let mut lines = Vec::new();
        for (place, mut here) in together(&mut scores, |score| of(score)) {
            let decimals = finish(&mut here, answers);
            let key = |score: &Score| (score.weight_types.clone(), score.rank);
            let here = firsts(here, key);
            let cell = |column: &(String, Option<usize>)| {
                let score = here.get(column);
                score.map(|score| Cell::new(score, decimals))
            };
            lines.push(Row {
                label: scored(&place),
                cells: columns.iter().map(cell).collect(),
            });
        }
        let names = columns
            .iter()
            .map(|(types, _)| named.words(types))
            .collect();
        let ranks = columns.iter().map(|(_, rank)| rank_or_full(*rank));
        let budget = format!("{} trainable parameters", grouped(budget));
        let sheet = Sheet {
            label: "tab:weight-types",
            caption: caption(&scores, &named, TABLE5),
            corner: Words::plain("weight type"),
            above: Words::plain(&budget),
            columns: names,
            below: Some((Words::both("rank $r$", "rank r"), ranks.collect())),
            blocks: vec![Block {
                title: Words::default(),
                rows: lines,
            }],
        };
        Some(RunTable {
            name: "table5",
            scores,
            sheet,
        })
    }

    /// Table 6: weight types and ranks, full fine-tunes last; a block per task and metric with its
    /// best in bold.
    fn table6(rows: &[RunsRow], answers: &Answers) -> Option<Self> {
        let mut scores = scores(rows);
        if !has_two_ranks(&scores) {
            return None;
        }
        let mut ranks = distinct(&scores, |score| score.rank);
        ranks.sort_unstable_by_key(by_rank);
        let named = Names::of(&scores);
        let places = together(&mut scores, |score| of(score)).into_iter();
        let blocks = places
            .map(|(place, here)| ranks_block(here, answers, (&place, &named), &ranks))
            .collect();
        let sheet = Sheet {
            label: "tab:rank",
            caption: caption(
                &scores,
                &named,
                ["Table 6", "Weight types and rank", "task and metric"],
            ),
            corner: Words::plain("weight type"),
            above: Words::default(),
            columns: ranks.iter().map(|&rank| Words::rank(rank)).collect(),
            below: None,
            blocks,
        };
        Some(RunTable {
            name: "table6",
            scores,
            sheet,
        })
    }

    /// Table 18: rank and several metrics, of tasks that have them; a block per task and weight
    /// types, the best of each metric in bold.
    fn table18(rows: &[RunsRow], answers: &Answers) -> Option<Self> {
        let mut scores = scores(rows);
        let several = several_metrics(&scores);
        scores.retain(|score| several.contains(&task_and_types(score)));
        if scores.is_empty() {
            return None;
        }
        let metrics = distinct(&scores, |score| score.metric.clone());
        let named = Names::of(&scores);
        let blocks = together(&mut scores, |score| task_and_types(score)).into_iter();
        let blocks = blocks
            .map(|(of, here)| metrics_block(here, answers, (&of, &named), &metrics))
            .collect();
        let sheet = Sheet {
            label: "tab:rank-metrics",
            caption: caption(
                &scores,
                &named,
                ["Table 18", "Rank and several metrics", "column"],
            ),
            corner: Words::both("rank $r$", "rank r"),
            above: Words::default(),
            columns: metrics.iter().map(|metric| metric_words(metric)).collect(),
            below: None,
            blocks,
        };
        Some(RunTable {
            name: "table18",
            scores,
            sheet,
        })
    }

    /// `table5`: its files' name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// As CSV, a line per score.
    ///
    /// # Errors
    ///
    /// Those of [`to_csv_without`].
    pub fn csv(&self) -> Result<Vec<u8>> {
        to_csv_without(&format!("{}.csv", self.name), &self.scores, &OF_ITEMS)
    }

    /// As Markdown, a table per block.
    pub fn markdown(&self) -> String {
        self.sheet.markdown()
    }

    /// As HTML, a table per block.
    pub fn html(&self) -> String {
        self.sheet.html()
    }

    /// As a LaTeX table with booktabs and siunitx, for a page.
    pub fn latex(&self, page: Widths) -> String {
        self.sheet.latex(page)
    }
}

/// Table 6's rows of a task and metric, a column per rank.
fn ranks_block(
    mut here: Vec<&mut Score>,
    answers: &Answers,
    (place, named): (&Place, &Names),
    ranks: &[Option<usize>],
) -> Block {
    let decimals = finish(&mut here, answers);
    let types = distinct(here.iter().map(|score| &**score), |score| {
        score.weight_types.clone()
    });
    let here = firsts(here, |score| (score.weight_types.clone(), score.rank));
    let row = |types: &String| {
        let cell = |rank: &Option<usize>| {
            let score = here.get(&(types.clone(), *rank));
            score.map(|score| Cell::new(score, decimals))
        };
        Row {
            label: named.words(types),
            cells: ranks.iter().map(cell).collect(),
        }
    };
    Block {
        title: scored(place),
        rows: types.iter().map(row).collect(),
    }
}

/// Table 18's rows of a task and weight types, a column per metric.
fn metrics_block(
    here: Vec<&mut Score>,
    answers: &Answers,
    ((task, types), named): (&(String, String), &Names),
    metrics: &[String],
) -> Block {
    let mut ranks = distinct(here.iter().map(|score| &**score), |score| score.rank);
    ranks.sort_unstable_by_key(by_rank);
    let mut of_metrics: BTreeMap<String, (usize, BTreeMap<_, &mut Score>)> = BTreeMap::new();
    for (metric, mut here) in together(here, |score| score.metric.clone()) {
        let decimals = finish(&mut here, answers);
        of_metrics.insert(metric, (decimals, firsts(here, |score| score.rank)));
    }
    let row = |rank: &Option<usize>| {
        let cell = |metric: &String| {
            let (decimals, of_ranks) = of_metrics.get(metric)?;
            let score = of_ranks.get(rank)?;
            Some(Cell::new(score, *decimals))
        };
        Row {
            label: Words::plain(&rank_or_full(*rank)),
            cells: metrics.iter().map(cell).collect(),
        }
    };
    Block {
        title: Words::plain(&format!("{task}, ")).then(named.words(types)),
        rows: ranks.iter().map(row).collect(),
    }
}

/// Whether some weight types have runs of two ranks on one task by one metric: what table 6 and a
/// rank curve need. A full fine-tune is of no rank.
pub fn has_two_ranks(scores: &[Score]) -> bool {
    let mut ranks = HashMap::new();
    scores.iter().any(|score| {
        let Some(rank) = score.rank else { return false };
        let setting = (&score.task, &score.metric, &score.weight_types);
        *ranks.entry(setting).or_insert(rank) != rank
    })
}

/// The number of trainable parameters that table 5 is about.
fn budget(scores: &[Score]) -> Option<u64> {
    let mut budgets: Vec<u64> = scores
        .iter()
        .filter_map(|score| score.trainable_parameters)
        .collect();
    budgets.sort_unstable();
    budgets.dedup();
    let of_budgets = together(scores, |score| score.trainable_parameters);
    let of_budgets: BTreeMap<Option<u64>, Vec<&Score>> = of_budgets.into_iter().collect();
    let here = |budget: u64| of_budgets[&Some(budget)].iter();
    let types = |budget: u64| {
        let types: BTreeSet<&str> = here(budget)
            .map(|score| score.weight_types.as_str())
            .collect();
        types.len()
    };
    let runs = |budget: u64| here(budget).map(|score| score.runs).sum::<usize>();
    let most = budgets
        .into_iter()
        .rev()
        .max_by_key(|&budget| (types(budget), runs(budget)))?;
    (types(most) > 1).then_some(most)
}

/// Task and weight types that have two metrics and two ranks. A full fine-tune is of no rank.
fn several_metrics(scores: &[Score]) -> BTreeSet<(String, String)> {
    let groups = together(scores, |score| task_and_types(score)).into_iter();
    let several = groups.filter(|(_, here)| {
        let ranks: BTreeSet<usize> = here.iter().filter_map(|score| score.rank).collect();
        let metric = &here[0].metric;
        ranks.len() > 1 && here.iter().any(|score| score.metric != *metric)
    });
    several.map(|(of, _)| of).collect()
}

fn task_and_types(score: &Score) -> (String, String) {
    (score.task.clone(), score.weight_types.clone())
}

/// Marks the best of some scores, and gives the decimals that they are printed with.
fn finish(here: &mut [&mut Score], answers: &Answers) -> usize {
    let decimals = decimals(here.iter().map(|score| &**score));
    judge(here, decimals, answers);
    decimals
}

/// The first score of each key.
fn firsts<Key: Ord>(
    scores: Vec<&mut Score>,
    key: impl Fn(&Score) -> Key,
) -> BTreeMap<Key, &mut Score> {
    let mut firsts = BTreeMap::new();
    for score in scores {
        firsts.entry(key(score)).or_insert(score);
    }
    firsts
}

fn of(score: &Score) -> Place {
    (score.task.clone(), score.metric.clone())
}

/// Each key once, in the scores' order.
fn distinct<'a, Key: Ord + Clone>(
    scores: impl IntoIterator<Item = &'a Score>,
    key: impl Fn(&'a Score) -> Key,
) -> Vec<Key> {
    let mut met = BTreeSet::new();
    let keys = scores.into_iter().map(key);
    keys.filter(|key| met.insert(key.clone())).collect()
}

/// `sst2, accuracy ↑`
fn scored((task, metric): &Place) -> Words {
    Words::plain(&format!("{task}, ")).then(metric_words(metric))
}

fn metric_words(metric: &str) -> Words {
    let arrow = match higher_is_better(metric) {
        Some(true) => Words::both(" $\\uparrow$", " ↑"),
        Some(false) => Words::both(" $\\downarrow$", " ↓"),
        None => Words::default(),
    };
    Words::plain(metric).then(arrow)
}
