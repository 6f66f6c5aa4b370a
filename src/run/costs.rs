//! About how much work a module takes, so that parts of a plan take about the same time.

use crate::linalg::SMALL_SIDE;
use crate::study::{Comparison, Measured, NamedAdapter, Operand, Plan};

use super::many_chances::size;
use super::placed::searches;

impl Plan {
    /// About how many operations measuring each module takes, in the plan's order; 0 where nothing is
    /// measured.
    pub(crate) fn costs(&self) -> Vec<u64> {
        let of = |path: &String| match self.measured() {
            Some(measured) => cost(self, measured, path) as u64,
            None => 0,
        };
        self.modules.iter().map(of).collect()
    }
}

fn cost(plan: &Plan, measured: &Measured, path: &str) -> f64 {
    let (mut cost, mut columns, mut sides) = (0.0, 0, (0.0, 0.0));
    let rank_of = |named: &NamedAdapter| {
        let module = named.adapter.module(path);
        module.map_or(0, |module| measured.directions(named, module))
    };
    for named in &measured.adapters {
        let Some(module) = named.adapter.module(path) else {
            continue;
        };
        sides = (module.d_out as f64, module.d_in as f64);
        columns = columns.max(rank_of(named));
        cost += match module.rank {
            Some(rank) => 10.0 * (sides.0 + sides.1) * (rank * rank) as f64,
            None => decomposing(sides),
        };
    }
    let rank = |operand: Operand| match operand {
        Operand::Adapter(id) => rank_of(measured.adapter(id)) as f64,
        _ => columns as f64,
    };
    if plan.makes.overlap {
        let of_pair = |pair: &Comparison| 2.0 * sides.1 * rank(pair.first) * rank(pair.second);
        let pairs: f64 = measured.comparisons.iter().map(of_pair).sum();
        cost += pairs * plan.bases.len() as f64;
    }
    let many = measured.many.as_ref().filter(|_| plan.makes.overlap);
    if let Some(((d_out, d_in), k, count)) = many.and_then(|many| size(measured, many, path)) {
        let columns = (k * count) as f64;
        // Gram matrices, their eigenvalues, and a product between them.
        cost += (d_out + d_in) as f64 * columns * columns + 6.0 * columns.powi(3);
    }
    if measured.base.is_some() {
        cost += 10.0 * sides.0 * sides.1;
        if searches(plan, measured) {
            cost += decomposing(sides);
        }
        if plan.makes.amplification {
            cost += 2.0 * sides.0 * sides.1 * (columns * measured.draws) as f64;
        }
    }
    cost
}

/// Of a small matrix in full; of a large one its Gram, the factorisation and the search.
fn decomposing((d_out, d_in): (f64, f64)) -> f64 {
    let smaller = d_out.min(d_in);
    match smaller <= SMALL_SIDE as f64 {
        true => 20.0 * d_out * d_in * smaller,
        false => 2.0 * d_out * d_in * smaller,
    }
}
