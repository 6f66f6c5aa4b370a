//! `groups.csv`: whether adapters that agree in a label share more, from the means of `pairs.csv`.

use std::collections::BTreeMap;

use ndarray::Array2;

use crate::error::Result;
use crate::measure::labels::{Agreement, Taken, agreement};
use crate::paper::Label;
use crate::report::TableFile;
use crate::study::{Many, Plan, label_of};
use crate::table::html::{boxed, escape};
use crate::table::{GroupRow, MEAN, PairRow, minus, rows_where};

use super::written::Tables;

/// The rows of means over modules.
pub(super) fn means(tables: Tables) -> Result<Vec<PairRow>> {
    match tables("pairs.csv")? {
        Some(file) => rows_where("pairs.csv", file, |row: &PairRow| row.module == MEAN),
        None => Ok(Vec::new()),
    }
}

/// A row a label and basis.
pub(super) fn groups(plan: &Plan, means: &[PairRow]) -> Vec<GroupRow> {
    let Some(many) = plan.many() else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    for basis in &many.bases {
        let whole = means.iter().filter(|row| row.projection.is_empty());
        let of_basis: Vec<&PairRow> = whole.filter(|row| row.basis == basis.name()).collect();
        let groups = Groups {
            plan,
            many,
            basis: basis.name(),
            means: &of_basis,
        };
        for &label in &many.labels {
            rows.extend(groups.plain(label));
        }
        let has = |label| many.labels.contains(&label);
        if has(Label::Task) && has(Label::Seed) {
            rows.extend(groups.across(Label::Task, Label::Seed));
            rows.extend(groups.across(Label::Seed, Label::Task));
        }
    }
    // By label, then by basis, in the order in which they were met.
    let order: Vec<String> = rows.iter().map(|row| row.label.clone()).collect();
    rows.sort_by_key(|row| order.iter().position(|label| *label == row.label));
    rows
}

/// The pairs of one basis.
struct Groups<'a> {
    plan: &'a Plan,
    many: &'a Many,
    basis: &'static str,
    means: &'a [&'a PairRow],
}

impl Groups<'_> {
    /// Pairs that agree in a label against those that do not.
    fn plain(&self, label: Label) -> Option<GroupRow> {
        let (members, labels) = self.numbered(&[label]);
        let found = agreement(
            &self.excess(&members),
            &labels[0],
            &vec![0; members.len()],
            Taken::All,
            &self.key(label.name()),
        );
        found.map(|found| self.row(label.name().into(), &found))
    }

    /// Of pairs that differ in `other`, those that agree in a label against those that do not.
    fn across(&self, label: Label, other: Label) -> Option<GroupRow> {
        let (members, labels) = self.numbered(&[label, other]);
        let name = format!("{label}, other {other}");
        let found = agreement(
            &self.excess(&members),
            &labels[0],
            &labels[1],
            Taken::AcrossStrata,
            &self.key(&name),
        );
        found.map(|found| self.row(name, &found))
    }

    fn key(&self, label: &str) -> String {
        let seed = self.plan.measured().map_or(0, |measured| measured.seed);
        format!("{seed}/many/groups/{label}/{}", self.basis)
    }

    fn row(&self, label: String, found: &Agreement) -> GroupRow {
        GroupRow {
            label,
            basis: self.basis.into(),
            within: found.within,
            between: found.between,
            difference: found.difference,
            permutations: found.permutations,
            p: found.p,
        }
    }

    /// Names of the adapters that have all of some labels, and the number of each one's value.
    fn numbered(&self, wanted: &[Label]) -> (Vec<&str>, Vec<Vec<usize>>) {
        let (mut members, mut values) = (Vec::new(), vec![Vec::new(); wanted.len()]);
        for id in &self.many.adapters {
            let named = &self.plan.adapters()[id.place()];
            let own = wanted.iter().map(|&label| label_of(named, label));
            let Some(own) = own.collect::<Option<Vec<String>>>() else {
                continue;
            };
            members.push(named.name.as_str());
            for (all, value) in values.iter_mut().zip(own) {
                all.push(value);
            }
        }
        let numbered = values.into_iter().map(|all| numbers(&all));
        (members, numbered.collect())
    }

    /// Mean excess of each two adapters.
    fn excess(&self, members: &[&str]) -> Array2<Option<f64>> {
        let places: BTreeMap<&str, usize> = members
            .iter()
            .enumerate()
            .map(|(place, name)| (*name, place))
            .collect();
        let mut excess = Array2::from_elem((members.len(), members.len()), None);
        for row in self.means {
            let place = |name: &String| places.get(name.as_str()).copied();
            if let (Some(a), Some(b)) = (place(&row.first), place(&row.second)) {
                excess[(a, b)] = row.excess;
                excess[(b, a)] = row.excess;
            }
        }
        excess
    }
}

/// Values by the place of the first that is equal to them, counted without gaps.
fn numbers(values: &[String]) -> Vec<usize> {
    let mut met: Vec<&String> = Vec::new();
    let mut number = |value| match met.iter().position(|known| *known == value) {
        Some(number) => number,
        None => {
            met.push(value);
            met.len() - 1
        }
    };
    values.iter().map(&mut number).collect()
}

/// The rows for the report.
pub(super) fn shown(rows: &[GroupRow]) -> TableFile {
    const HEAD: [&str; 7] = [
        "pairs that agree in",
        "basis",
        "mean excess",
        "of other pairs",
        "difference",
        "arrangements",
        "p",
    ];
    let number = |value: f64| minus(&format!("{value:.4}"));
    let head: String = HEAD
        .iter()
        .map(|name| format!("<th scope=\"col\">{name}</th>"))
        .collect();
    let body: String = rows
        .iter()
        .map(|row| {
            let cells = [
                row.basis.clone(),
                number(row.within),
                number(row.between),
                number(row.difference),
                row.permutations.to_string(),
                number(row.p),
            ];
            let cells = cells.map(|cell| format!("<td class=\"number\">{}</td>", escape(&cell)));
            let label = escape(&row.label);
            format!(
                "<tr><th scope=\"row\">{label}</th>{}</tr>\n",
                cells.concat()
            )
        })
        .collect();
    let table = format!("<table>\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody>\n</table>");
    TableFile {
        name: "groups".into(),
        html: format!(
            "<p>Whether adapters that agree in a label share more directions. The excess over chance is the mean over \
             modules. p is the share of arrangements of the labels with a difference as large or larger.</p>\n{}",
            boxed(&table, "table")
        ),
    }
}
