//! What a study may choose of its figures and of the rows behind them.

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
