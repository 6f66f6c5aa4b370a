//! Many adapters side by side: which, on which bases, and the labels that they are told apart by.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::measure::Basis;
use crate::paper::{Cells, Label};

use super::file::Definition;
use super::named::{AdapterId, NamedAdapter};
use super::request::Request;
use super::resolved::Resolved;

/// Leading directions of each adapter.
const K: usize = 8;
/// Draws that eigenvalues are held against.
const DRAWS: usize = 999;
/// So many rows of pairs pairs.csv has of modules; where there would be more, it has their means alone.
const MOST_ROWS: usize = 200_000;
/// From so many adapters on a command line compares many, and not each pair by itself.
pub(crate) const MANY: usize = 5;

/// Adapters that are compared with each other.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Many {
    /// The adapters, in the order of the tables.
    pub adapters: Vec<AdapterId>,
    /// Bases that are compared.
    pub bases: Vec<Basis>,
    /// Leading directions of each adapter, at most.
    pub k: usize,
    /// Draws that eigenvalues are held against.
    pub draws: usize,
    /// Labels that groups.csv has.
    pub labels: Vec<Label>,
    /// Whether pairs.csv has rows of each module beside their means.
    pub has_rows_of_modules: bool,
}

/// The value that an adapter has of a label, in words; `None` where it has none.
pub(crate) fn label_of(named: &NamedAdapter, label: Label) -> Option<String> {
    match label {
        Label::Task => named.task.clone(),
        Label::Seed => named.seed.map(|seed| seed.to_string()),
        Label::Rank => Some(named.adapter.rank_in_words()),
    }
}

impl Many {
    /// What a study or a command line asks of many adapters, and sentences about it.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) with the line for fewer than two adapters, for one without a
    /// module that another has, and for a label in which no adapters differ, or none agree.
    pub(super) fn of(
        definition: &Definition,
        request: &Request,
        resolved: &Resolved,
        (adapters, modules): (&[NamedAdapter], &[String]),
    ) -> Result<(Option<Self>, Vec<String>)> {
        let (Some(entry), Some(chosen)) = (&definition.many, &resolved.many) else {
            return Ok((None, Vec::new()));
        };
        if !request.makes.overlap {
            return Ok((None, Vec::new()));
        }
        let study = Study {
            definition,
            adapters,
            chosen,
        };
        study.check_adapters(modules)?;
        let (labels, said) = study.labels(entry.labels.as_deref())?;
        let mut bases = match (request.bases.as_slice(), entry.bases.as_slice()) {
            ([], []) => vec![Basis::DeltaRight, Basis::DeltaLeft],
            ([], own) => own.to_vec(),
            (asked, _) => asked.to_vec(),
        };
        bases.sort_by_key(|basis| Basis::ALL.iter().position(|one| one == basis));
        let rows = chosen.len() * (chosen.len() - 1) / 2 * bases.len() * modules.len();
        let many = Many {
            has_rows_of_modules: rows <= MOST_ROWS || definition.compare.cells == Some(Cells::All),
            adapters: chosen.clone(),
            bases,
            k: request.rank.or(entry.k).unwrap_or(K),
            draws: entry.draws.unwrap_or(DRAWS),
            labels,
        };
        Ok((Some(many), said))
    }
}

/// A study whose adapters are put side by side.
struct Study<'a> {
    definition: &'a Definition,
    adapters: &'a [NamedAdapter],
    chosen: &'a [AdapterId],
}

impl Study<'_> {
    fn error(&self, place: &str, problem: &str, remedy: &str) -> Error {
        self.definition.lines.error(place, problem, remedy)
    }

    fn named(&self) -> impl Iterator<Item = &NamedAdapter> {
        self.chosen.iter().map(|id| &self.adapters[id.0])
    }

    /// There are two or more, and each has a module that another has.
    fn check_adapters(&self, modules: &[String]) -> Result<()> {
        if let [] | [_] = self.chosen {
            let these: Vec<&str> = self.named().map(|named| named.name.as_str()).collect();
            let these = if these.is_empty() {
                "none".into()
            } else {
                these.join(", ")
            };
            let problem = format!("[many] takes two adapters or more, and has {these}");
            let remedy = "name more of them, or leave [many] out";
            return Err(self.error("many.adapters", &problem, remedy));
        }
        let mut alone: Vec<&NamedAdapter> = self.named().collect();
        for path in modules {
            let has = |named: &&NamedAdapter| named.adapter.module(path).is_some();
            if self.named().filter(has).count() > 1 {
                alone.retain(|named| !has(named));
            }
        }
        let Some(first) = alone.first() else {
            return Ok(());
        };
        let adapts = |named: &NamedAdapter| {
            let mut paths = modules.iter();
            let path = paths.find(|path| named.adapter.module(path).is_some());
            format!(
                "{} adapts `{}`",
                named.name,
                path.map_or("", String::as_str)
            )
        };
        let (problem, remedy) = if alone.len() == self.chosen.len() {
            let last = alone.last().unwrap_or(first);
            (
                format!(
                    "no two of the {} adapters have a module in common: {}, {}",
                    alone.len(),
                    adapts(first),
                    adapts(last)
                ),
                "give adapters of one model on the same modules",
            )
        } else {
            (
                format!(
                    "{} has no module that another adapter has: {}",
                    first.name,
                    adapts(first)
                ),
                "leave it out, or give another that adapts the same modules",
            )
        };
        Err(self.error("many.adapters", &problem, remedy))
    }

    /// The labels that are asked for, else those that tell some adapters apart and others not.
    fn labels(&self, asked: Option<&[Label]>) -> Result<(Vec<Label>, Vec<String>)> {
        let Some(asked) = asked else {
            let told = Label::ALL
                .into_iter()
                .filter(|&label| self.is_told(label).is_ok());
            let told: Vec<Label> = told.collect();
            let said = match told.as_slice() {
                [] => vec![
                    "there is no groups.csv: by `task`, `seed` and `rank` no adapters agree while others differ"
                        .into(),
                ],
                _ => Vec::new(),
            };
            return Ok((told, said));
        };
        for (number, &label) in asked.iter().enumerate() {
            if let Err(problem) = self.is_told(label) {
                let remedy = match label {
                    Label::Rank => "leave the label out".into(),
                    other => format!("give each [[adapter]] its `{other}`, or leave the label out"),
                };
                return Err(self.error(&format!("many.labels[{number}]"), &problem, &remedy));
            }
        }
        Ok((asked.to_vec(), Vec::new()))
    }

    /// That some adapters have one value of a label, and others another; else what is wrong.
    fn is_told(&self, label: Label) -> std::result::Result<(), String> {
        let values: Vec<String> = self
            .named()
            .filter_map(|named| label_of(named, label))
            .collect();
        let groups: BTreeSet<&String> = values.iter().collect();
        if groups.len() == 1 {
            let only = &values[0];
            return Err(format!(
                "label `{label}` has one group: all of the {} adapters that have it have {only:?}",
                values.len()
            ));
        }
        if groups.is_empty() {
            return Err(format!("no adapter has a `{label}`"));
        }
        match groups.len() == values.len() {
            true => Err(format!("no two adapters agree in `{label}`")),
            false => Ok(()),
        }
    }
}
