//! The claims, and the numbers that decide them, which METHODS.md fixes for every study.

/// Level of every test.
pub(super) const LEVEL: f64 = 0.05;
/// An excess over chance below a tenth says nothing worth a claim.
pub(super) const EXCESS: f64 = 0.1;
/// Half of ΔW's energy makes it "mostly" contained in W's top directions.
pub(super) const MOSTLY: f64 = 0.5;
/// Leading directions that are a quarter of all or more are no top ones.
pub(super) const TOO_MANY: f64 = 0.25;
/// B tells A's story where their excess over chance differs by less.
pub(super) const SAME: f64 = 0.1;
/// The interval that two one-sided tests at [`LEVEL`] amount to.
pub(super) const CONFIDENCE: f64 = 0.9;
/// Directions of a subspace that is taken as a whole.
pub(crate) const LEADING: usize = 4;
/// Holm's correction over m modules can reach [`LEVEL`] from 20·m draws on; twice as many leave room.
const DRAWS_A_MODULE: usize = 40;
/// Fewest random overlaps that a measured one is held against.
const DRAWS: usize = 9_999;

/// How many random overlaps the ones of so many modules are held against.
pub(super) fn draws_for(modules: usize) -> usize {
    (DRAWS_A_MODULE * modules).max(DRAWS + 1) - 1
}

/// A verdict stands only where so many standard errors of the random draws do not turn it.
pub(super) const ERRORS: f64 = 3.0;
/// A run is early in the first fifth of its steps.
pub(super) const EARLY: f64 = 0.2;
/// Version of the rules that METHODS.md gives.
pub(super) const RULES: usize = 2;

/// A claim.
pub(crate) struct Claim {
    /// Its short name.
    pub(crate) name: &'static str,
    /// As a sentence.
    pub(super) statement: &'static str,
    /// What a study must have for it.
    pub(super) takes: &'static str,
    /// That it holds, that it does not, and whether; `{one}` and `{other}` are adapters, `{runs}` both or a group.
    pub(super) words: [&'static str; 3],
}

pub(super) const RANKS: Claim = Claim {
    name: "ranks",
    statement: "The top direction of the smaller rank lies in the leading directions of the larger one, more than chance allows.",
    takes: "runs of two ranks (`ranks` in [compare])",
    words: [
        "The top direction of {one} lies in the leading directions of {other} more than chance allows",
        "The top direction of {one} lies in the leading directions of {other} hardly more than chance allows",
        "Whether the top direction of {one} lies in the leading directions of {other} more than chance allows",
    ],
};
pub(super) const RANKS_OTHERS: Claim = Claim {
    name: "ranks-others",
    statement: "The directions of the smaller rank after the first are shared with the larger one by less than a tenth of what chance leaves.",
    takes: "runs of two ranks above 1 (`ranks` in [compare])",
    words: [
        "The directions of {one} after the first are hardly shared with {other}",
        "The directions of {one} after the first are shared with {other} too",
        "Whether the directions of {one} after the first are shared with {other}",
    ],
};
pub(super) const SEEDS: Claim = Claim {
    name: "seeds",
    statement: "The leading directions of two seeds of one rank overlap beyond chance.",
    takes: "two runs or more of one rank (`seeds` in [compare])",
    words: [
        "The leading directions of {runs} overlap beyond chance",
        "The leading directions of {runs} overlap hardly beyond chance",
        "Whether the leading directions of {runs} overlap beyond chance",
    ],
};
pub(super) const SEEDS_LAYERS: Claim = Claim {
    name: "seeds-layers",
    statement: "Two seeds share more in the same layer than between layers.",
    takes: "two runs or more of one rank (`seeds` in [compare]), measured from their weights, with four layers or more",
    words: [
        "In the same layer {runs} share more than between layers",
        "In the same layer {runs} share hardly more than between layers",
        "Whether {runs} share more in the same layer than between layers",
    ],
};
pub(super) const QUERY_VALUE: Claim = Claim {
    name: "query-value",
    statement: "Two seeds share more directions in the update of query than in that of value.",
    takes: "two runs or more of one rank (`seeds` in [compare]) on query and value, each with an A of its own or on basis b",
    words: [
        "{runs} share more directions in {query} than in {value}",
        "{runs} share more directions in {value} than in {query}",
        "Whether {runs} share more directions in {query} than in {value}",
    ],
};
pub(super) const CORRELATES: Claim = Claim {
    name: "correlates",
    statement: "ΔW correlates with W more than random directions do.",
    takes: "a base, and its weights",
    words: [
        "ΔW of {one} correlates with W more than random directions do",
        "ΔW of {one} correlates with W hardly more than random directions do",
        "Whether ΔW of {one} correlates with W more than random directions do",
    ],
};
pub(crate) const NEW_DIRECTIONS: Claim = Claim {
    name: "new-directions",
    statement: "ΔW is not mostly contained in W's top singular directions.",
    takes: "a base, its weights, and adapters that are held against it (`base` in [compare])",
    words: [
        "ΔW of {one} is not mostly contained in W's top directions",
        "ΔW of {one} is mostly contained in W's top directions",
        "Whether ΔW of {one} is mostly contained in W's top directions",
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
    statement: "Between runs, the B factors overlap as much as the A factors, to within a tenth.",
    takes: "runs that are compared on the bases a and b",
    words: [
        "Between {runs} the B factors overlap as much as the A factors, to within a tenth",
        "Between {runs} the B factors do not overlap as much as the A factors",
        "Whether between {runs} the B factors overlap as much as the A factors",
    ],
};

pub(super) const LOCKS_EARLY: Claim = Claim {
    name: "locks-early",
    statement: "ΔW has its last directions, on both sides, by a fifth of the run's steps.",
    takes: "the checkpoints of a run (`steps` in [[adapter]])",
    words: [
        "ΔW of {of} has its last directions by a fifth of the steps",
        "ΔW of {of} has its last directions only after a fifth of the steps",
        "Whether ΔW of {of} has its last directions by a fifth of the steps",
    ],
};

pub(super) const LOW_RANK: Claim = Claim {
    name: "low-rank",
    statement: "A few directions hold most of ΔW: at most half of its rank holds 90 % of its energy, fewer than in a product of random factors.",
    takes: "an adapter with factors of a rank above 1, and what `ranks.csv` has of it",
    words: [
        "A few directions hold most of ΔW of {one}",
        "ΔW of {one} takes more than half of its directions",
        "Whether a few directions hold most of ΔW of {one}",
    ],
};

pub(crate) const B_FOLLOWS_TASK: Claim = Claim {
    name: "b-follows-task",
    statement: "What runs write is alike where they have one task, more than where they have one seed.",
    takes: "many runs (`[many]`) of two tasks and two seeds or more",
    words: [
        "What runs write follows their task rather than their seed",
        "What runs write does not follow their task more than their seed",
        "Whether what runs write follows their task rather than their seed",
    ],
};

/// The claims of the paper's section 7 and about it, in the order of the tables. Others are judged
/// where a study asks for them, and are not missed elsewhere.
pub(super) const CLAIMS: [&Claim; 9] = [
    &RANKS,
    &RANKS_OTHERS,
    &SEEDS,
    &SEEDS_LAYERS,
    &QUERY_VALUE,
    &CORRELATES,
    &NEW_DIRECTIONS,
    &FACTOR,
    &B_AS_A,
];
