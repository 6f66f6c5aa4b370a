//! What there is to be drawn.

/// What W's numbers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weights {
    /// There is no W.
    None,
    /// From the model.
    Measured,
    /// From tables, which may have rows of table 7.
    Rows { amplified: bool },
}

/// What a study compares, and what with.
pub(super) struct Has {
    /// Runs of two ranks.
    pub(super) ranks: bool,
    /// Runs of two seeds.
    pub(super) seeds: bool,
    /// Adapters that are to be held against W.
    pub(super) base: bool,
    pub(super) weights: Weights,
    /// Checkpoints of a run.
    pub(super) steps: bool,
    /// Many adapters side by side.
    pub(super) many: bool,
}

impl Has {
    /// Whether adapters are held against W.
    pub(super) fn against_base(&self) -> bool {
        self.base && self.weights != Weights::None
    }

    /// Whether adapters are placed among W's directions, which rows are not.
    pub(super) fn placement(&self) -> bool {
        self.base && self.weights == Weights::Measured
    }

    /// Whether ΔW is decomposed, as rows are not.
    pub(super) fn spectra(&self) -> bool {
        !matches!(self.weights, Weights::Rows { .. })
    }

    /// Whether there are rows of table 7.
    pub(super) fn amplification(&self) -> bool {
        match self.weights {
            Weights::None => false,
            Weights::Measured => true,
            Weights::Rows { amplified } => amplified,
        }
    }
}
