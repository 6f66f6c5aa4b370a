//! Which modules of a plan a part has.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use crate::study::Plan;

/// Parts at most.
const MOST: usize = 10_000;

/// One of several parts of a plan, `K/N`.
///
/// ```
/// use lora_subspace::parts::Shard;
/// let shard: Shard = "2/4".parse().unwrap();
/// assert_eq!((shard.number(), shard.of(), shard.to_string()), (2, 4, "2/4".to_string()));
/// assert!("5/4".parse::<Shard>().is_err() && "0/4".parse::<Shard>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// Its number, from 1 on.
    pub fn number(self) -> usize {
        self.number
    }

    /// How many parts there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// Its modules, in the plan's order.
    pub fn modules(self, plan: &Plan) -> Vec<String> {
        modules_of(plan, self.of).swap_remove(self.number - 1)
    }
}

/// The modules of each of so many parts, in the plan's order. Parts have no module in common, have all
/// together, and take about the same work each.
pub(super) fn modules_of(plan: &Plan, parts: usize) -> Vec<Vec<String>> {
    let mut modules = vec![Vec::new(); parts];
    for (module, share) in plan.modules.iter().zip(shares(&plan.costs(), parts)) {
        modules[share].push(module.clone());
    }
    modules
}

/// Which of so many parts each piece of work belongs to: the largest first, each to the part that has least
/// so far.
fn shares(costs: &[u64], parts: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    // Stable: of equal ones the first comes first.
    order.sort_by_key(|&place| Reverse(costs[place]));
    let (mut sums, mut shares) = (vec![0u128; parts], vec![0; costs.len()]);
    for place in order {
        let lightest = (0..parts).min_by_key(|&part| sums[part]).unwrap_or(0);
        // A piece without work still goes round.
        sums[lightest] += u128::from(costs[place].max(1));
        shares[place] = lightest;
    }
    shares
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, of) = text.split_once('/').unwrap_or((text, ""));
        let numbers = number.trim().parse().ok().zip(of.trim().parse().ok());
        match numbers {
            Some((number, of)) if (1..=of).contains(&number) && of <= MOST => {
                Ok(Shard { number, of })
            }
            _ => Err(format!(
                "`{text}` is no part K/N, such as 1/4: K from 1 to N, N at most {MOST}"
            )),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_evenly_and_always_in_one_way() {
        assert_eq!(shares(&[5, 3, 3, 1], 2), [0, 1, 1, 0]);
        assert_eq!(shares(&[1; 5], 3), [0, 1, 2, 0, 1]);
        assert_eq!(shares(&[0; 3], 2), [0, 1, 0]);
        assert_eq!(shares(&[7], 3), [0]);
        assert!(shares(&[], 3).is_empty());
    }
}
