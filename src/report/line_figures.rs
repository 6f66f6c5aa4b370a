//! Figures of lines in the notebook, and the calls that make them again.

use crate::measure::Basis;
use crate::table::RunGroup;

use super::cells::Cells;
use super::python::{and_groups, names, number, text};

/// A figure of lines, and what it shows.
#[derive(Debug, Clone)]
pub struct RebuiltLines<'a> {
    /// Name of its pictures without their ending.
    pub name: &'a str,
    /// What its heading calls it.
    pub title: &'a str,
    /// The rows that it shows.
    pub shows: Lines<'a>,
}

/// What a figure of lines shows.
#[derive(Debug, Clone)]
pub enum Lines<'a> {
    /// Shares of these adapters' ΔW in W's leading directions.
    Placement(Vec<String>),
    /// φ(k,k) of pairs of runs.
    Seeds {
        /// The directions that are compared.
        basis: Basis,
        /// The pairs.
        pairs: Vec<[String; 2]>,
        /// Layers of its panels.
        layers: &'a [Option<usize>],
        /// Projections of its panels.
        projections: &'a [String],
    },
    /// Factors of table 7.
    Amplification {
        /// Projections of its panels.
        projections: &'a [String],
        /// Groups whose runs have one line.
        groups: Vec<RunGroup>,
    },
    /// The courses of runs over their checkpoints.
    Trajectory,
    /// σ of W and of these adapters' ΔW.
    Spectrum {
        /// The adapters.
        adapters: Vec<String>,
        /// Layers of its panels.
        layers: &'a [Option<usize>],
        /// Projections of its panels.
        projections: &'a [String],
    },
    /// Maps of the sizes of these adapters' ΔW.
    Sizes(Vec<String>),
    /// Maps of what each two of many adapters share.
    Many {
        /// The part of the model and the projection of each map.
        shown: &'a [[String; 2]],
        /// The adapters in the order of the maps.
        adapters: &'a [String],
        /// The bases below and above the diagonal.
        bases: [Basis; 2],
    },
}

impl RebuiltLines<'_> {
    /// Adds the cells that it takes, its heading and its call.
    pub(super) fn add(&self, cells: &mut Cells) {
        cells.take("colours");
        cells.take("lines");
        let needs: &[&str] = match self.shows {
            Lines::Placement(_) => &["placement"],
            Lines::Seeds { .. } => &["grids", "seed-curves"],
            Lines::Amplification { .. } => &["amplification", "amplification-curve"],
            Lines::Trajectory => &["trajectory"],
            Lines::Spectrum { .. } => &["ranks-of", "spectra"],
            Lines::Sizes(_) => &["ranks-of", "sizes"],
            Lines::Many { .. } => &["many-maps"],
        };
        for cell in needs {
            cells.take(cell);
        }
        cells.markdown(
            &format!("{}-title", self.name),
            &format!("## {}", self.title),
        );
        cells.code(&format!("{}-figure", self.name), &self.call());
    }

    fn call(&self) -> String {
        match &self.shows {
            Lines::Placement(adapters) => format!("share_of({})", names(adapters)),
            Lines::Seeds {
                basis,
                pairs,
                layers,
                projections,
            } => {
                let pairs = pairs.iter().map(|pair| names(pair));
                let layers = layers.iter().map(|layer| number(*layer));
                format!(
                    "seed_curves({}, {}, [{}], layers=[{}], projections={})",
                    text(self.name),
                    text(basis.name()),
                    pairs.collect::<Vec<_>>().join(", "),
                    layers.collect::<Vec<_>>().join(", "),
                    names(projections)
                )
            }
            Lines::Amplification {
                projections,
                groups,
            } => format!(
                "amplification_curve({}{})",
                names(projections),
                and_groups(groups)
            ),
            Lines::Trajectory => "courses()".into(),
            Lines::Spectrum {
                adapters,
                layers,
                projections,
            } => {
                let layers = layers.iter().map(|layer| number(*layer));
                format!(
                    "spectra({}, layers=[{}], projections={})",
                    names(adapters),
                    layers.collect::<Vec<_>>().join(", "),
                    names(projections)
                )
            }
            Lines::Sizes(adapters) => format!("sizes({})", names(adapters)),
            Lines::Many {
                shown,
                adapters,
                bases,
            } => {
                let shown = shown.iter().map(|one| names(one));
                format!(
                    "many_maps({}, [{}], {}, {})",
                    text(self.name),
                    shown.collect::<Vec<_>>().join(", "),
                    names(adapters),
                    names(&bases.map(|basis| basis.name().to_string()))
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_names_what_the_figure_shows() {
        let shows = Lines::Seeds {
            basis: Basis::B,
            pairs: vec![["a\"".into(), "b".into()]],
            layers: &[None, Some(3)],
            projections: &["q".to_string()],
        };
        let figure = RebuiltLines {
            name: "seeds-b",
            title: "Seeds, basis b",
            shows,
        };
        assert_eq!(
            figure.call(),
            r#"seed_curves("seeds-b", "b", [["a\"", "b"]], layers=[None, 3], projections=["q"])"#
        );
        let spectra = RebuiltLines {
            shows: Lines::Spectrum {
                adapters: vec!["r8".into()],
                layers: &[Some(3)],
                projections: &["q".to_string()],
            },
            ..figure.clone()
        };
        assert_eq!(
            spectra.call(),
            r#"spectra(["r8"], layers=[3], projections=["q"])"#
        );
        let grouped = RebuiltLines {
            shows: Lines::Amplification {
                projections: &["q".to_string()],
                groups: vec![("r8".into(), vec!["r8-\"0".into(), "r8-1".into()])],
            },
            ..figure
        };
        assert_eq!(
            grouped.call(),
            r#"amplification_curve(["q"], [("r8", ["r8-\"0", "r8-1"])])"#
        );
    }
}
