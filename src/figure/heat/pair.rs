//! Two runs, or the runs of a group, that a figure compares.

/// Two names as the rows have them: of two runs, or the labels of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pair {
    /// Whose directions i counts.
    pub first: String,
    /// Whose directions j counts.
    pub second: String,
    /// How many pairs of runs the rows are the mean of; `None` for two runs.
    pub mean_of: Option<usize>,
    /// The run that random directions stand beside in figure 4.
    pub beside: String,
}

impl Pair {
    /// Two runs.
    ///
    /// ```
    /// use lora_subspace::figure::Pair;
    /// let pair = Pair::of("r64-seed0", "r64-seed1");
    /// assert_eq!((pair.mean_of, pair.beside.as_str()), (None, "r64-seed1"));
    /// ```
    pub fn of(first: &str, second: &str) -> Self {
        Pair {
            first: first.into(),
            second: second.into(),
            mean_of: None,
            beside: second.into(),
        }
    }

    /// The mean over so many pairs of a group, under its labels; `beside` is the run that random
    /// directions stand beside.
    pub fn mean(labels: [&str; 2], pairs: usize, beside: &str) -> Self {
        Pair {
            mean_of: Some(pairs),
            beside: beside.into(),
            ..Pair::of(labels[0], labels[1])
        }
    }

    /// `mean of 6 pairs`, or `1 pair`, of a group.
    pub(super) fn mean_in_words(&self) -> Option<String> {
        self.mean_of.map(|pairs| match pairs {
            1 => "1\u{a0}pair".into(),
            pairs => format!("mean of {pairs}\u{a0}pairs"),
        })
    }
}
