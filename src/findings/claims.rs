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
pub(crate) const LEADING: usize = 4;
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
    statement: "The top direction of the smaller rank lies in the leading directions of the larger one, more than chance allows.",
    takes: "two adapters of different rank (`ranks` in [compare])",
    words: [
        "The top direction of {one} lies in the leading directions of {other} more than chance allows",
        "The top direction of {one} lies in the leading directions of {other} hardly more than chance allows",
        "Whether the top direction of {one} lies in the leading directions of {other} more than chance allows",
    ],
};
pub(super) const SEEDS: Claim = Claim {
    name: "seeds",
    statement: "The leading directions of two seeds of one rank overlap beyond chance.",
    takes: "two adapters of one rank (`seeds` in [compare])",
    words: [
        "The leading directions of {one} and {other} overlap beyond chance",
        "The leading directions of {one} and {other} overlap hardly beyond chance",
        "Whether the leading directions of {one} and {other} overlap beyond chance",
    ],
};
pub(super) const QUERY_VALUE: Claim = Claim {
    name: "query-value",
    statement: "The leading directions of two seeds overlap more in the update of query than in that of value.",
    takes: "two adapters of one rank (`seeds` in [compare]) on query and value, each with an A of its own or on basis b",
    words: [
        "{one} and {other} overlap more in {query} than in {value}",
        "{one} and {other} overlap more in {value} than in {query}",
        "Whether {one} and {other} overlap more in {query} than in {value}",
    ],
};
pub(super) const CORRELATES: Claim = Claim {
    name: "correlates",
    statement: "ΔW correlates with W more than random directions do.",
    takes: "a base, and its weights",
    words: [
        "In most modules ΔW of {one} correlates with W more than random directions do",
        "In most modules ΔW of {one} correlates with W hardly more than random directions do",
        "Whether ΔW of {one} correlates with W more than random directions do in most modules",
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
    statement: "The amplification factor falls with the rank, beyond that of random updates of the same rank and norm.",
    takes: "a base and two adapters of different ranks above 1",
    words: [
        "The amplification factor falls from {one} to {other} beyond that of random updates",
        "Relative to random updates of the same rank and norm, the amplification factor rises from {one} to {other}",
        "Whether the amplification factor falls from {one} to {other} beyond that of random updates",
    ],
};
pub(super) const B_AS_A: Claim = Claim {
    name: "b-as-a",
    statement: "Between two runs, the B factors overlap as much as the A factors.",
    takes: "two adapters compared on the bases a and b",
    words: [
        "Between {one} and {other} the B factors overlap as much as the A factors",
        "Between {one} and {other} the B factors do not overlap as much as the A factors",
        "Whether between {one} and {other} the B factors overlap as much as the A factors",
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
