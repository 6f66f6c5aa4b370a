//! The claims, and the numbers that decide them, which METHODS.md fixes for every study.

/// Level of every test.
pub(super) const LEVEL: f64 = 0.05;
/// An excess over chance below a tenth says nothing worth a claim.
pub(super) const EXCESS: f64 = 0.1;
/// ΔW repeats W's top directions from a quarter of what these reach on.
pub(super) const REPEATS: f64 = 0.25;
/// B tells A's story where their excess over chance differs by less.
pub(super) const SAME: f64 = 0.1;
/// The interval that two one-sided tests at [`LEVEL`] amount to.
pub(super) const CONFIDENCE: f64 = 0.9;
/// Directions of a subspace that is taken as a whole.
pub(in crate::study) const LEADING: usize = 4;
/// Holm's correction over m modules can reach [`LEVEL`] from 20·m draws on; twice as many leave room.
pub(super) const DRAWS_A_MODULE: usize = 40;

/// A claim.
pub(super) struct Claim {
    /// Its short name.
    pub(super) name: &'static str,
    /// As a sentence.
    pub(super) statement: &'static str,
    /// What a study must have for it.
    pub(super) takes: &'static str,
    /// That it holds, that it does not, and whether; `{one}` and `{other}` are adapters.
    pub(super) words: [&'static str; 3],
}

pub(super) const RANKS: Claim = Claim {
    name: "ranks",
    statement: "The top direction of the smaller rank lies in the leading ones of the larger rank.",
    takes: "two adapters of different rank (`ranks` in [compare])",
    words: [
        "The top direction of {one} lies in the leading ones of {other}",
        "The top direction of {one} does not lie in the leading ones of {other}",
        "Whether the top direction of {one} lies in the leading ones of {other}",
    ],
};
pub(super) const SEEDS: Claim = Claim {
    name: "seeds",
    statement: "Two seeds of one rank share leading directions.",
    takes: "two adapters of one rank (`seeds` in [compare])",
    words: [
        "{one} and {other} share leading directions",
        "{one} and {other} share next to none of their leading directions",
        "Whether {one} and {other} share leading directions",
    ],
};
pub(super) const QUERY_VALUE: Claim = Claim {
    name: "query-value",
    statement: "Two seeds share more leading directions in the update of query than in that of value.",
    takes: "two adapters of one rank (`seeds` in [compare]) on query and value",
    words: [
        "{one} and {other} share more in {query} than in {value}",
        "{one} and {other} share more in {value} than in {query}",
        "Whether {one} and {other} share more in {query} than in {value}",
    ],
};
pub(super) const CORRELATES: Claim = Claim {
    name: "correlates",
    statement: "ΔW correlates with W more than random directions do.",
    takes: "a base, and its weights",
    words: [
        "ΔW of {one} correlates with W more than random directions do",
        "ΔW of {one} does not correlate with W more than random directions do",
        "Whether ΔW of {one} correlates with W more than random directions do",
    ],
};
pub(super) const NEW_DIRECTIONS: Claim = Claim {
    name: "new-directions",
    statement: "ΔW does not repeat W's top directions.",
    takes: "a base",
    words: [
        "ΔW of {one} does not repeat W's top directions",
        "ΔW of {one} repeats W's top directions",
        "Whether ΔW of {one} repeats W's top directions",
    ],
};
pub(super) const FACTOR: Claim = Claim {
    name: "factor",
    statement: "The amplification factor falls with the rank, beyond what the rank alone does.",
    takes: "a base and two adapters of different rank",
    words: [
        "The amplification factor falls from {one} to {other} beyond what the rank alone does",
        "The amplification factor of {other} is not below that of {one} once the rank alone is allowed for",
        "Whether the amplification factor falls from {one} to {other} beyond what the rank alone does",
    ],
};
pub(super) const B_AS_A: Claim = Claim {
    name: "b-as-a",
    statement: "B shares as much as A does.",
    takes: "two adapters compared on the bases a and b",
    words: [
        "B of {one} and {other} shares as much as A does",
        "B of {one} and {other} does not share as much as A does",
        "Whether B of {one} and {other} shares as much as A does",
    ],
};

/// In the order of the tables.
pub(super) const CLAIMS: [&Claim; 7] = [
    &RANKS,
    &SEEDS,
    &QUERY_VALUE,
    &CORRELATES,
    &NEW_DIRECTIONS,
    &FACTOR,
    &B_AS_A,
];
