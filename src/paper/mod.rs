//! What the LoRA paper numbers and names: its figures, its tables and the projections of attention;
//! the venues where figures are printed, and how they look.
//!
//! Each is an enum with its name in study files. A name is parsed once, where a file or a flag has
//! it, and no other room compares names.

mod looks;
mod projection;
mod venue;

pub use looks::{Cells, Label, Notes, RowOf, Show};
pub use projection::{Projection, is_all_linear, place_in_model};
pub(crate) use venue::Page;
pub use venue::Venue;

/// Figure 8 shows one in so many of W's directions.
pub(crate) const TENTH: usize = 10;
/// Shares of ΔW are given in one in so many of W's directions, beside powers of two: the fractions
/// that papers take.
pub(crate) const PARTS: [usize; 3] = [100, 20, TENTH];
/// Figure 8 holds this many directions of ΔW against W's.
pub(crate) const DIRECTIONS_AGAINST_BASE: usize = 4;

/// An enum whose variants have names: `ALL`, `NAMES`, `name()`, and the same names for serde.
macro_rules! named {
    ($(#[$about:meta])* $enum:ident { $($(#[$note:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $enum {
            $($(#[$note])* #[serde(rename = $name)] $variant,)+
        }

        impl $enum {
            /// All of them, in order.
            pub const ALL: [$enum; [$($name),+].len()] = [$($enum::$variant),+];
            /// Their names, in the same order.
            pub const NAMES: [&'static str; $enum::ALL.len()] = [$($name),+];

            /// The name in study files.
            pub const fn name(self) -> &'static str {
                match self {
                    $($enum::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// A figure of the paper, the rank curve beside its tables, or a figure beside both.
    ///
    /// ```
    /// use lora_subspace::paper::Figure;
    /// assert_eq!(Figure::Three.name(), "3");
    /// assert_eq!(Figure::Three.stem(), "figure3");
    /// assert_eq!(Figure::RankCurve.stem(), "rank-curve");
    /// assert_eq!(Figure::RankCurve.title(), "Rank curve");
    /// ```
    Figure {
        /// φ between two ranks, one layer.
        Three = "3",
        /// φ between two seeds and between random directions, one layer.
        Four = "4",
        /// φ between two ranks, several layers.
        Six = "6",
        /// φ between two seeds, several layers.
        Seven = "7",
        /// φ between W and ΔW.
        Eight = "8",
        /// Scores over the rank, which the paper gives as tables 6 and 18.
        RankCurve = "rank-curve",
        /// Shares of ΔW in W's leading directions, over how many they are.
        Placement = "placement",
        /// φ(k,k) between runs of different seeds, over k.
        Seeds = "seeds",
        /// The factor of table 7 over that of random updates, by layer and rank.
        Amplification = "amplification",
        /// How near a run's checkpoints are to the last one, over the steps.
        Trajectory = "trajectory",
        /// σ of ΔW and of W, with their ranks.
        Spectrum = "spectrum",
        /// Norms and ranks of ΔW over layers and modules.
        Sizes = "sizes",
        /// What each two of many adapters share.
        Many = "many",
    }
}

named! {
    /// A table of the paper.
    ///
    /// ```
    /// use lora_subspace::paper::Table;
    /// assert_eq!(Table::Eighteen.stem(), "table18");
    /// ```
    Table {
        /// Scores of runs by the weights that they adapt.
        Five = "5",
        /// Scores of runs by rank.
        Six = "6",
        /// ‖UᵀWV‖ between directions of ΔW, of W and random ones.
        Seven = "7",
        /// Scores of runs by rank, with several metrics.
        Eighteen = "18",
    }
}

impl Figure {
    /// The name of its files, without a basis or an ending.
    pub fn stem(self) -> String {
        match self.words() {
            Some(_) => self.name().into(),
            None => format!("figure{self}"),
        }
    }

    /// What a heading calls it.
    pub fn title(self) -> String {
        match self.words() {
            Some(words) => words.into(),
            None => format!("Figure {self}"),
        }
    }

    /// The title of a figure that the paper has not.
    fn words(self) -> Option<&'static str> {
        match self {
            Figure::Three | Figure::Four | Figure::Six | Figure::Seven | Figure::Eight => None,
            Figure::RankCurve => Some("Rank curve"),
            Figure::Placement => Some("Placement"),
            Figure::Seeds => Some("Seeds"),
            Figure::Amplification => Some("Amplification"),
            Figure::Trajectory => Some("Trajectory"),
            Figure::Spectrum => Some("Spectrum"),
            Figure::Sizes => Some("Sizes"),
            Figure::Many => Some("Many adapters"),
        }
    }
}

impl Table {
    /// The name of its files, without an ending.
    pub fn stem(self) -> String {
        format!("table{self}")
    }
}
