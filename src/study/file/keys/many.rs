//! The keys of `[many]`, and the bases that these and others take.

use crate::measure::Basis;
use crate::paper::Label;

use super::super::bounds::{MOST_DRAWS, MOST_RANK};
use super::super::schema::{Field, Kind, field};

/// The bases of directions, by name.
pub(super) const BASES: [&str; Basis::ALL.len()] = {
    let mut names = [""; Basis::ALL.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = Basis::ALL[place].name();
        place += 1;
    }
    names
};

/// Many adapters side by side.
pub(super) const MANY: &[Field] = &[
    field(
        "adapters",
        Kind::List(&Kind::Text),
        "[\"r8*\"]",
        "Adapters that are compared, two or more, by their names or by patterns of them; all when left out.",
    ),
    field(
        "bases",
        Kind::List(&Kind::Choice(&BASES)),
        "[\"delta-left\"]",
        "Directions that are compared. When left out: `delta-left` and `delta-right`.",
    ),
    field(
        "k",
        Kind::Whole(1..=MOST_RANK as u64),
        "8",
        "Leading directions of each adapter; 8 when left out. A module with fewer in some adapter takes those that all have.",
    ),
    field(
        "draws",
        Kind::Whole(1..=MOST_DRAWS as u64),
        "999",
        "Random draws that the largest eigenvalues are held against; 999 when left out.",
    ),
    field(
        "labels",
        Kind::List(&Kind::Choice(&Label::NAMES)),
        "[\"task\"]",
        "Labels that groups.csv has: the task, seed or rank of each [[adapter]]. When left out: those in which some adapters agree and others differ.",
    ),
];
