//! What a command measured, in a few lines: of each projection the median over layers, the range,
//! and chance beside it.

use serde_json::{Value, json};

use crate::findings::LEADING;
use crate::measure::chance::overlap_chance;
use crate::results::{Grid, Results};
use crate::table::{AmplificationRow, FindingRow};

/// What the rows of a run say in short, gathered while they pass.
#[derive(Default)]
pub(super) struct Answers {
    overlaps: Vec<Shared>,
    factors: Vec<Amplified>,
}

/// Overlaps of one comparison, basis and projection.
struct Shared {
    first: String,
    second: String,
    basis: &'static str,
    projection: String,
    /// A layer's φ(1,1) to φ(4,4) with chance, as far as its grid goes.
    layers: Vec<Vec<(Option<f64>, f64)>>,
}

/// Amplification factors of one adapter and projection.
struct Amplified {
    adapter: String,
    projection: String,
    factors: Vec<f64>,
    /// Those of random updates of the same rank and norm.
    chances: Vec<f64>,
}

impl Answers {
    /// Notes the rows of the next module.
    pub(super) fn take(&mut self, results: &Results) {
        for grid in results.grids.iter().filter(|grid| grid.first_i == 1) {
            self.overlap(grid);
        }
        for row in &results.amplification {
            self.factor(row);
        }
    }

    fn overlap(&mut self, grid: &Grid) {
        let is_of = |one: &&mut Shared| {
            one.first == grid.first
                && one.second == grid.second
                && one.basis == grid.basis.name()
                && one.projection == grid.module.projection
        };
        let (rows, columns) = grid.cells.dim();
        let cell = |k: usize| {
            let chance = overlap_chance(k + 1, k + 1, grid.dimension);
            (grid.value([k, k]), chance)
        };
        let layer: Vec<_> = (0..LEADING.min(rows).min(columns)).map(cell).collect();
        match self.overlaps.iter_mut().find(is_of) {
            Some(shared) => shared.layers.push(layer),
            None => self.overlaps.push(Shared {
                first: grid.first.clone(),
                second: grid.second.clone(),
                basis: grid.basis.name(),
                projection: grid.module.projection.clone(),
                layers: vec![layer],
            }),
        }
    }

    fn factor(&mut self, row: &AmplificationRow) {
        let Some(factor) = row.amplification else {
            return;
        };
        let is_of =
            |one: &Amplified| one.adapter == row.adapter && one.projection == row.projection;
        let place = self.factors.iter().position(is_of).unwrap_or_else(|| {
            self.factors.push(Amplified {
                adapter: row.adapter.clone(),
                projection: row.projection.clone(),
                factors: Vec::new(),
                chances: Vec::new(),
            });
            self.factors.len() - 1
        });
        let one = &mut self.factors[place];
        match row.directions.as_str() {
            "delta" => one.factors.push(factor),
            "random" => one.chances.push(factor),
            _ => {}
        }
    }

    /// The answers as lines: comparisons, factors, then what the findings say.
    pub(super) fn lines(&self, findings: &[FindingRow]) -> Vec<String> {
        let mut lines = self.overlap_lines();
        lines.extend(self.factor_lines());
        lines.extend(verdicts(findings));
        lines
    }

    /// Two lines or more a comparison and basis. Random directions are chance, which stands there
    /// anyway: they are shown where nothing else was compared.
    fn overlap_lines(&self) -> Vec<String> {
        let is_random = |one: &&Shared| one.first == "random" || one.second == "random";
        let mut shown: Vec<&Shared> = self.overlaps.iter().filter(|one| !is_random(one)).collect();
        if shown.is_empty() {
            shown = self.overlaps.iter().collect();
        }
        shown.sort_by_key(|one| self.overlaps.iter().position(|other| one.is_with(other)));
        let mut lines = Vec::new();
        for group in shown.chunk_by(|one, other| one.is_with(other)) {
            let Shared {
                first,
                second,
                basis,
                ..
            } = group[0];
            lines.push(format!(
                "{first} against {second}, basis {basis}: median over modules (least to most), chance"
            ));
            lines.extend(aligned(group.iter().map(|one| one.cells()).collect()));
        }
        lines
    }

    fn factor_lines(&self) -> Vec<String> {
        let told = |one: &Amplified| {
            let of =
                |values: &[f64]| Spread::of(values.iter().copied()).map(|one| one.text(3, true));
            let [own, chance] = [&one.factors, &one.chances].map(|values| of(values));
            let missing = || "–".to_string();
            vec![
                one.adapter.clone(),
                one.projection.clone(),
                own.unwrap_or_else(missing),
                format!("chance {}", chance.unwrap_or_else(missing)),
            ]
        };
        if self.factors.is_empty() {
            return Vec::new();
        }
        let head =
            "amplification ‖ΔW‖/‖UᵀWV‖: median over modules (least to most), and of random updates";
        let mut lines = vec![head.to_string()];
        lines.extend(aligned(self.factors.iter().map(told).collect()));
        lines
    }

    /// The same numbers for scripts.
    pub(super) fn json(&self, findings: &[FindingRow]) -> Value {
        let verdict = |one: &FindingRow| json!({"claim": one.claim, "verdict": one.verdict, "sentence": one.sentence});
        json!({
            "overlap": self.overlaps.iter().map(Shared::json).collect::<Vec<_>>(),
            "amplification": self.factors.iter().map(Amplified::json).collect::<Vec<_>>(),
            "findings": findings.iter().map(verdict).collect::<Vec<_>>(),
        })
    }
}

/// `claim: verdict — sentence`, a line a finding.
fn verdicts(findings: &[FindingRow]) -> impl Iterator<Item = String> {
    findings
        .iter()
        .map(|one| format!("{}: {} — {}", one.claim, one.verdict, one.sentence))
}

impl Shared {
    /// Whether it is of the same comparison and basis.
    fn is_with(&self, other: &Shared) -> bool {
        self.first == other.first && self.second == other.second && self.basis == other.basis
    }

    /// How many leading directions every layer has, up to four.
    fn leading(&self) -> usize {
        let most = self.layers.iter().map(Vec::len).min();
        most.unwrap_or(0)
    }

    /// φ(k,k) over the layers where there is one, with chance; k counts from 1.
    fn at(&self, k: usize) -> Option<(Spread, f64)> {
        let cells = || self.layers.iter().map(|layer| layer[k - 1]);
        let spread = Spread::of(cells().filter_map(|(phi, _)| phi))?;
        let chance = Spread::of(cells().map(|(_, chance)| chance))?;
        Some((spread, chance.median))
    }

    /// The projection, then φ(1,1) and φ(k,k).
    fn cells(&self) -> Vec<String> {
        let mut cells = vec![self.projection.clone()];
        for k in self.shown() {
            cells.push(format!("φ({k},{k})"));
            match self.at(k) {
                Some((spread, chance)) => {
                    cells.extend([spread.text(3, false), format!("chance {chance:.3}")]);
                }
                None => cells.extend(["–".to_string(), String::new()]),
            }
        }
        cells
    }

    /// 1 and k, once each.
    fn shown(&self) -> Vec<usize> {
        let mut shown = vec![1, self.leading()];
        shown.dedup();
        shown.retain(|k| (1..=self.leading()).contains(k));
        shown
    }

    fn json(&self) -> Value {
        let at = |k: usize| {
            let (spread, chance) = self.at(k).unzip();
            let spread = spread.map(|one: Spread| one.json());
            json!({"k": k, "overlap": spread, "chance": chance})
        };
        json!({
            "first": self.first,
            "second": self.second,
            "basis": self.basis,
            "projection": self.projection,
            "modules": self.layers.len(),
            "leading": self.shown().into_iter().map(at).collect::<Vec<_>>(),
        })
    }
}

impl Amplified {
    fn json(&self) -> Value {
        let [own, chance] = [&self.factors, &self.chances]
            .map(|values| Spread::of(values.iter().copied()).map(|one| one.json()));
        json!({
            "adapter": self.adapter,
            "projection": self.projection,
            "modules": self.factors.len(),
            "amplification": own,
            "chance": chance,
        })
    }
}

/// Values over modules.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    /// `None` of no value.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let (below, above) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Some(Spread {
            median: (below + above) / 2.0,
            least,
            most,
        })
    }

    /// `0.152 (0.001 to 0.487)`, with so many decimals or else significant digits.
    fn text(&self, digits: usize, significant: bool) -> String {
        let number = |value: f64| {
            let whole = value.abs().log10().floor().max(0.0) as usize + 1;
            let decimals = if significant && value != 0.0 {
                digits.saturating_sub(whole)
            } else {
                digits
            };
            format!("{value:.decimals$}")
        };
        let [median, least, most] = [self.median, self.least, self.most].map(number);
        format!("{median} ({least} to {most})")
    }

    fn json(&self) -> Value {
        json!({"median": self.median, "least": self.least, "most": self.most})
    }
}

/// Rows of cells as lines, each column as wide as its widest cell.
fn aligned(rows: Vec<Vec<String>>) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let line = |row: &Vec<String>| {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let missing = width(column) - cell.chars().count();
            format!("{cell}{}", " ".repeat(missing))
        });
        let line = format!("  {}", padded.collect::<Vec<_>>().join("  "));
        line.trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::measure::Basis;
    use crate::results::ModuleName;

    fn grid(layer: usize, projection: &str, second: &str, cells: [f64; 4]) -> Grid {
        let [a, b, c, d] = cells.map(Some);
        Grid {
            module: ModuleName::new(&format!("m.layers.{layer}.{projection}"), ""),
            basis: Basis::A,
            first: "one".into(),
            second: second.into(),
            dimension: 10,
            first_i: 1,
            is_measured: true,
            pairs: 1,
            is_of_group: false,
            cells: Array2::from_shape_vec((2, 2), vec![a, b, c, d]).unwrap(),
            limits: Default::default(),
        }
    }

    #[test]
    fn a_comparison_is_a_line_a_projection() {
        let mut answers = Answers::default();
        answers.take(&Results {
            grids: vec![
                grid(0, "q_proj", "two", [0.5, 0.0, 0.0, 0.3]),
                grid(0, "q_proj", "random", [0.1, 0.0, 0.0, 0.1]),
                grid(1, "q_proj", "two", [0.25, 0.0, 0.0, 0.1]),
                grid(1, "up_proj", "two", [0.125, 0.0, 0.0, 0.2]),
            ],
            ..Results::default()
        });
        assert_eq!(
            answers.lines(&[]),
            [
                "one against two, basis a: median over modules (least to most), chance",
                "  q_proj   φ(1,1)  0.375 (0.250 to 0.500)  chance 0.100  \
                 φ(2,2)  0.200 (0.100 to 0.300)  chance 0.200",
                "  up_proj  φ(1,1)  0.125 (0.125 to 0.125)  chance 0.100  \
                 φ(2,2)  0.200 (0.200 to 0.200)  chance 0.200",
            ]
        );
        let json = answers.json(&[]);
        assert_eq!(json["overlap"][0]["leading"][0]["overlap"]["median"], 0.375);
        assert_eq!(json["overlap"][0]["leading"][1]["chance"], 0.2);
        assert_eq!(json["overlap"].as_array().unwrap().len(), 3);
    }

    #[test]
    fn factors_have_three_digits() {
        let of = |values: &[f64]| Spread::of(values.iter().copied()).unwrap().text(3, true);
        assert_eq!(of(&[15.84, 11.04, 27.36, 16.0]), "15.9 (11.0 to 27.4)");
        assert_eq!(of(&[0.8649]), "0.86 (0.86 to 0.86)");
        assert_eq!(of(&[343.2]), "343 (343 to 343)");
    }
}
