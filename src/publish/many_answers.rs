//! What many adapters share, in a few lines.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::measure::Basis;
use crate::measure::chance::overlap_chance;
use crate::measure::significance::median;
use crate::results::Results;
use crate::table::{InterferenceRow, SharedRow};

/// Level at which the largest eigenvalue counts as shared.
const LEVEL: f64 = 0.05;

/// Gathered while modules pass.
#[derive(Default)]
pub(super) struct ManyAnswers {
    bases: Vec<(Basis, Told)>,
    /// Interference over its chance value, a module each.
    interference: Vec<f64>,
}

/// What is told of one basis.
#[derive(Default)]
struct Told {
    /// φ(k,k) of each pair in each module, summed over modules.
    pairs: BTreeMap<[String; 2], (f64, usize)>,
    /// Chance in each module.
    chances: Vec<f64>,
    /// Modules in which a direction is shared beyond chance, by the edge and where there are draws by these.
    sharing: usize,
}

impl ManyAnswers {
    /// Notes the rows of the next module.
    pub(super) fn take(&mut self, results: &Results) {
        for module in &results.many {
            for (on, [a, b], overlap) in module.pairs() {
                let names = [a, b].map(|one| module.adapters[one].clone());
                let sum = self.of(on.basis).pairs.entry(names).or_default();
                *sum = (sum.0 + overlap, sum.1 + 1);
            }
            for on in &module.bases {
                let chance = overlap_chance(module.k, module.k, module.dimension(on.basis));
                self.of(on.basis).chances.push(chance);
            }
        }
        let is_shared = |row: &&SharedRow| {
            let beyond = row.eigenvalue.zip(row.edge);
            row.index == Some(1)
                && beyond.is_some_and(|(value, edge)| value > edge)
                && row.p.is_none_or(|p| p <= LEVEL)
        };
        for row in results.shared.iter().filter(is_shared) {
            if let Ok(basis) = row.basis.parse::<Basis>() {
                self.of(basis).sharing += 1;
            }
        }
        let ratio = |row: &InterferenceRow| {
            let chance = row.chance.filter(|chance| *chance > 0.0)?;
            Some(row.sti? / chance)
        };
        self.interference
            .extend(results.interference.iter().filter_map(ratio));
    }

    fn of(&mut self, basis: Basis) -> &mut Told {
        let place = self.bases.iter().position(|(known, _)| *known == basis);
        let place = place.unwrap_or_else(|| {
            self.bases.push((basis, Told::default()));
            self.bases.len() - 1
        });
        &mut self.bases[place].1
    }

    /// A line or two a basis, and one on interference.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (basis, told) in &self.bases {
            let (means, chance) = (told.means(), median(&told.chances));
            let values: Vec<f64> = means.iter().map(|(_, mean)| *mean).collect();
            let (Some(middle), Some(chance), Some(([one, other], most))) =
                (median(&values), chance, means.last())
            else {
                continue;
            };
            let (pairs, modules) = (means.len(), told.chances.len());
            lines.push(format!(
                "{pairs} pairs, basis {basis}: φ(k,k) {middle:.3} in the median, chance {chance:.3}, most {most:.3} \
                 ({one} and {other})"
            ));
            lines.push(format!(
                "  all share a direction beyond chance in {} of {modules} modules",
                told.sharing
            ));
        }
        if let Some(ratio) = median(&self.interference) {
            lines.push(format!(
                "interference when added up: {ratio:.2} times chance in the median module"
            ));
        }
        lines
    }

    /// The same numbers for scripts; nothing where there are no many adapters.
    pub(super) fn json(&self) -> Option<Value> {
        let of_basis = |(basis, told): &(Basis, Told)| {
            let means = told.means();
            let values: Vec<f64> = means.iter().map(|(_, mean)| *mean).collect();
            let most = means
                .last()
                .map(|(pair, mean)| json!({"pair": pair, "overlap": mean}));
            json!({
                "basis": basis.name(),
                "pairs": means.len(),
                "overlap_median": median(&values),
                "chance_median": median(&told.chances),
                "most": most,
                "modules": told.chances.len(),
                "modules_sharing": told.sharing,
            })
        };
        (!self.bases.is_empty()).then(|| {
            json!({
                "bases": self.bases.iter().map(of_basis).collect::<Vec<_>>(),
                "interference_over_chance_median": median(&self.interference),
            })
        })
    }
}

impl Told {
    /// Means over modules, the least first; of equal ones by the names.
    fn means(&self) -> Vec<(&[String; 2], f64)> {
        let means = self.pairs.iter();
        let mut means: Vec<(&[String; 2], f64)> = means
            .map(|(pair, (sum, count))| (pair, sum / *count as f64))
            .collect();
        means.sort_by(|one, other| one.1.total_cmp(&other.1));
        means
    }
}
