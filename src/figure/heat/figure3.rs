//! Figure 3: a smaller rank against a larger one in one layer, whole and zoomed.

use crate::error::Result;
use crate::figure::label::update;
use crate::paper::Figure;
use crate::table::OverlapRow;

use super::chart::{Chart, PANELS_IN_A_ROW, Panel, in_rows};
use super::grids::Grids;
use super::pair::Pair;
use super::phi::Words;
use super::shown::Shown;
use super::turned::smaller_first;

/// The zoom shows this many directions of each.
const ZOOM: usize = 8;

/// φ between a smaller rank (i) and a larger one (j): a panel per projection with the cells j < i
/// masked, then the same zoomed to the leading 8 × 8 (r × r where the first has a smaller rank) with
/// only j ≤ i. More than two projections take more than one row.
///
/// A pair with the larger rank first is turned, so that i always counts the smaller one's.
///
/// The zoom's lower-left triangle holds other values than the whole panel's upper right: it is not
/// its mirror image.
///
/// # Errors
///
/// [`crate::Error::Table`] when the rows lack a grid.
pub fn figure3(
    rows: &[OverlapRow],
    pair: &Pair,
    layer: Option<usize>,
    shown: &Shown,
) -> Result<Chart> {
    let (rows, pair) = smaller_first(rows, pair);
    let (panels, grids) = rank_panels(&rows, &pair, layer, shown)?;
    let words = rank_words(&grids, &pair, shown, &shown.place(layer));
    Chart::of_phi(Figure::Three, panels, &grids, words, &shown.options)
}

/// One layer's panels: whole ones, then zooms; in one row where there is room, as in the paper.
pub(super) fn rank_panels(
    rows: &[OverlapRow],
    pair: &Pair,
    layer: Option<usize>,
    shown: &Shown,
) -> Result<(Vec<Vec<Panel>>, Grids)> {
    let grids = Grids::select(rows, pair, layer, shown)?;
    let titled = || grids.0.iter().zip(shown.projections);
    let whole = titled().map(|(grid, name)| Panel {
        note: "all, j ≥ i".into(),
        ..grid.panel(update(name), |i, j| j >= i)
    });
    let zoomed = titled().map(|(grid, name)| {
        let zoom = grid.corner(ZOOM.min(grid.cells.nrows()));
        let note = match zoom.cells.nrows() {
            1 => "first of each".to_string(),
            n => format!("leading {n}, j ≤ i"),
        };
        Panel {
            note,
            ..zoom.panel(update(name), |i, j| j <= i)
        }
    });
    let panels = if 2 * grids.0.len() <= PANELS_IN_A_ROW {
        vec![whole.chain(zoomed).collect()]
    } else {
        let (whole, zoomed) = (in_rows(whole.collect()), in_rows(zoomed.collect()));
        [whole, zoomed].concat()
    };
    Ok((panels, grids))
}

/// The words around such panels, for figures 3 and 6.
pub(super) fn rank_words(grids: &Grids, pair: &Pair, shown: &Shown, place: &str) -> Words {
    let mut words = Words::of_ranks(grids, pair, shown, place);
    words.footer.extend(grids.undefined());
    words
}

#[cfg(test)]
mod tests {
    use super::super::{figure6, figure7};
    use super::*;
    use crate::figure::Options;
    use crate::measure::Basis;

    /// 3 × 5 grids of four projections in two layers.
    fn rows(projections: &[String]) -> Vec<OverlapRow> {
        let mut rows = Vec::new();
        for projection in projections {
            for (layer, cell) in (0..2).flat_map(|layer| (0..15).map(move |cell| (layer, cell))) {
                let (i, j) = (cell / 5 + 1, cell % 5 + 1);
                rows.push(OverlapRow {
                    module: format!("h.{layer}.{projection}"),
                    component: String::new(),
                    layer: Some(layer),
                    projection: projection.clone(),
                    basis: "delta-left".into(),
                    first: "small".into(),
                    second: "large".into(),
                    i,
                    j,
                    overlap: Some(0.3),
                    chance: i.max(j) as f64 / 50.0,
                    z: None,
                    limit: String::new(),
                });
            }
        }
        rows
    }

    fn shown(projections: &[String]) -> Shown<'_> {
        Shown {
            basis: Basis::DeltaLeft,
            projections,
            within: "",
            options: Options::default(),
        }
    }

    #[test]
    fn more_than_two_projections_take_more_rows() {
        let names = ["q_proj", "k_proj", "v_proj", "o_proj"].map(String::from);
        let rows = rows(&names);
        let pair = Pair::of("small", "large");
        let layers = [Some(0), Some(1)];
        let lengths = |chart: &Chart| chart.panels.iter().map(Vec::len).collect::<Vec<_>>();
        let drawn = |names: &[String]| {
            let shown = shown(names);
            let third = figure3(&rows, &pair, Some(1), &shown).unwrap();
            let sixth = figure6(&rows, &pair, &layers, &shown).unwrap();
            let seventh = figure7(&rows, &pair, &layers, &shown).unwrap();
            assert_eq!(sixth.row_labels.len(), sixth.panels.len());
            assert!(
                third
                    .heading
                    .bare()
                    .starts_with("φ(U_ΔW, r = 3, U_ΔW, r = 5")
            );
            [lengths(&third), lengths(&sixth), lengths(&seventh)]
        };
        assert_eq!(drawn(&names[..1]), [vec![2], vec![2, 2], vec![2]]);
        assert_eq!(drawn(&names[..2]), [vec![4], vec![4, 4], vec![4]]);
        assert_eq!(
            drawn(&names[..3]),
            [vec![3, 3], vec![3, 3, 3, 3], vec![3, 3]]
        );
        assert_eq!(drawn(&names), [vec![4, 4], vec![4, 4, 4, 4], vec![4, 4]]);
    }

    #[test]
    fn the_zoom_is_square_and_the_footer_says_what_is_shown() {
        let names = ["q_proj".to_string()];
        let pair = Pair::of("small", "large");
        let draw = |rows: &[OverlapRow]| figure3(rows, &pair, Some(0), &shown(&names)).unwrap();
        let chart = draw(&rows(&names));
        assert_eq!(chart.panels[0][1].cells.dim(), (3, 3));
        assert!(chart.footer[0].contains("left-singular vectors of ΔW"));
        assert_eq!(chart.panels[0][1].note, "leading 3, j ≤ i");
        let mut deficient = rows(&names);
        deficient.retain(|row| row.i == 1);
        deficient[4].overlap = None;
        let chart = draw(&deficient);
        assert_eq!(chart.panels[0][1].cells.dim(), (1, 1));
        assert_eq!(chart.panels[0][1].note, "first of each");
        assert!(chart.footer[1].contains("pale"));
    }
}
