//! What a study may choose of its figures and of the rows behind them.

use std::str::FromStr;

use super::named;

named! {
    /// What the heat maps of overlaps show.
    ///
    /// ```
    /// use lora_subspace::paper::Show;
    /// assert_eq!(Show::Excess.name(), "excess");
    /// ```
    #[derive(Default)]
    Show {
        /// φ itself.
        #[default]
        Overlap = "overlap",
        /// (φ − chance)/(1 − chance): 0 by chance, 1 where one subspace contains the other.
        Excess = "excess",
    }
}

named! {
    /// Which grids `overlap.csv` has; `overlap.npz` has all in any case.
    ///
    /// ```
    /// use lora_subspace::paper::Cells;
    /// assert_eq!(Cells::default(), Cells::Drawn);
    /// ```
    #[derive(Default)]
    Cells {
        /// Those that figures show, and φ(k,k) of the pairs of groups.
        #[default]
        Drawn = "drawn",
        /// Every one that is measured.
        All = "all",
    }
}

named! {
    /// Directions that ‖UᵀWV‖ is measured between: a row of table 7.
    ///
    /// ```
    /// use lora_subspace::paper::RowOf;
    /// assert_eq!(RowOf::NAMES, ["delta", "base", "random"]);
    /// assert_eq!("base".parse(), Ok(RowOf::Base));
    /// ```
    RowOf {
        /// Those of ΔW.
        Delta = "delta",
        /// Those of W itself, which are searched for.
        Base = "base",
        /// Random ones.
        Random = "random",
    }
}

impl FromStr for RowOf {
    type Err = String;

    /// A row by its name.
    fn from_str(text: &str) -> Result<Self, String> {
        let named = |row: &RowOf| row.name() == text;
        RowOf::ALL.into_iter().find(named).ok_or_else(|| {
            let names = RowOf::NAMES.join(", ");
            format!("table 7 has no row `{text}`: use {names}")
        })
    }
}

named! {
    /// What adapters are told apart by, as a study says it of them.
    ///
    /// ```
    /// use lora_subspace::paper::Label;
    /// assert_eq!(Label::NAMES, ["task", "seed", "rank"]);
    /// ```
    Label {
        /// What it was trained on.
        Task = "task",
        /// The seed that it was trained with.
        Seed = "seed",
        /// Its rank.
        Rank = "rank",
    }
}

named! {
    /// Where the notes of a figure stand.
    ///
    /// ```
    /// use lora_subspace::paper::Notes;
    /// assert!(Notes::Both.in_picture() && Notes::Both.in_files());
    /// assert!(!Notes::Files.in_picture());
    /// ```
    #[derive(Default)]
    Notes {
        /// Below the panels, in the picture.
        Picture = "picture",
        /// Beside it, in `figureN.caption.tex` and `.md`.
        Files = "files",
        /// In both.
        #[default]
        Both = "both",
        /// Nowhere.
        None = "none",
    }
}

impl Notes {
    /// Whether they stand in the picture.
    pub fn in_picture(self) -> bool {
        matches!(self, Notes::Picture | Notes::Both)
    }

    /// Whether they stand in files beside it.
    pub fn in_files(self) -> bool {
        matches!(self, Notes::Files | Notes::Both)
    }
}
