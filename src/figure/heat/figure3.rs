//! Figure 3: a smaller rank against a larger one in one layer, whole and zoomed.

use crate::error::Result;
use crate::table::OverlapRow;

use super::chart::{Bar, Chart, PANELS_IN_A_ROW, Panel, in_rows};
use super::select::{
    Pair, Selected, Wanted, chance_span, layer_in_words, ranks, smaller_first, undefined,
};
use crate::figure::label::{directions, in_words, phi, update};
use crate::figure::{Options, Text};

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
    basis: &str,
    pair: &Pair,
    layer: Option<usize>,
    projections: &[String],
    options: &Options,
) -> Result<Chart> {
    let (rows, pair) = smaller_first(rows, pair);
    let (panels, grids) = rank_panels(&rows, basis, &pair, layer, projections)?;
    rank_chart(
        "figure3",
        basis,
        &pair,
        panels,
        &grids,
        options,
        &layer_in_words(layer),
    )
}

/// One layer's panels: whole ones, then zooms; in one row where there is room, as in the paper.
pub(super) fn rank_panels(
    rows: &[OverlapRow],
    basis: &str,
    pair: &Pair,
    layer: Option<usize>,
    projections: &[String],
) -> Result<(Vec<Vec<Panel>>, Vec<Selected>)> {
    let select = |projection: &String| {
        let (first, second) = (&pair.first, &pair.second);
        Wanted {
            basis,
            first,
            second,
            layer,
            projection,
        }
        .select(rows)
    };
    let grids = projections.iter().map(select).collect::<Result<Vec<_>>>()?;
    let titled = || grids.iter().zip(projections);
    let whole = titled().map(|(grid, name)| grid.panel(update(name), |i, j| j >= i));
    let zoomed = titled().map(|(grid, name)| {
        let zoom = grid.corner(ZOOM.min(grid.cells.nrows()));
        zoom.panel(update(name), |i, j| j <= i)
    });
    let panels = if 2 * grids.len() <= PANELS_IN_A_ROW {
        vec![whole.chain(zoomed).collect()]
    } else {
        let (whole, zoomed) = (in_rows(whole.collect()), in_rows(zoomed.collect()));
        [whole, zoomed].concat()
    };
    Ok((panels, grids))
}

/// A chart of such panels, for figures 3 and 6.
pub(super) fn rank_chart(
    name: &str,
    basis: &str,
    pair: &Pair,
    panels: Vec<Vec<Panel>>,
    grids: &[Selected],
    options: &Options,
    place: &str,
) -> Result<Chart> {
    let ranks = ranks(grids);
    let mut footer = footer(basis, pair, grids, place);
    let leading = match ranks.0.min(ZOOM) {
        1 => "first of each".to_string(),
        zoom => format!("leading {zoom} of each, j ≤ i"),
    };
    footer.push(format!(
        "First all directions, j ≥ i; then the {leading}.{}",
        undefined(grids)
    ));
    Ok(Chart {
        name: name.into(),
        heading: phi(
            directions(basis, Some(ranks.0)),
            directions(basis, Some(ranks.1)),
        ),
        bar: Bar::over(&panels, options.range, chance_span(grids.iter()), true)?,
        row_labels: vec![Text::default(); panels.len()],
        panels,
        aspect: 1.0,
        footer,
        palette: options.palette,
    })
}

/// Which directions of what, and what chance is.
pub(super) fn footer(basis: &str, pair: &Pair, grids: &[Selected], place: &str) -> Vec<String> {
    let mut dimensions: Vec<String> = grids
        .iter()
        .map(|grid| grid.dimension.to_string())
        .collect();
    dimensions.dedup();
    vec![format!(
        "{} (i) against {} (j){place}; {}. Mark on the bar: chance, max(i,\u{a0}j)/d, d = {}.",
        pair.first,
        pair.second,
        in_words(basis),
        dimensions.join(", ")
    )]
}

#[cfg(test)]
mod tests {
    use super::super::{figure6, figure7};
    use super::*;

    /// 3 × 5 grids of four projections in two layers.
    fn rows(projections: &[String]) -> Vec<OverlapRow> {
        let mut rows = Vec::new();
        for projection in projections {
            for (layer, cell) in (0..2).flat_map(|layer| (0..15).map(move |cell| (layer, cell))) {
                let (i, j) = (cell / 5 + 1, cell % 5 + 1);
                rows.push(OverlapRow {
                    module: format!("h.{layer}.{projection}"),
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
                });
            }
        }
        rows
    }

    #[test]
    fn more_than_two_projections_take_more_rows() {
        let names = ["q_proj", "k_proj", "v_proj", "o_proj"].map(String::from);
        let (rows, options) = (rows(&names), Options::default());
        let pair = Pair {
            first: "small".into(),
            second: "large".into(),
        };
        let layers = [Some(0), Some(1)];
        let lengths = |chart: &Chart| chart.panels.iter().map(Vec::len).collect::<Vec<_>>();
        let drawn = |names: &[String]| {
            let third = figure3(&rows, "delta-left", &pair, Some(1), names, &options).unwrap();
            let sixth = figure6(&rows, "delta-left", &pair, &layers, names, &options).unwrap();
            let seventh = figure7(&rows, "delta-left", &pair, &layers, names, &options).unwrap();
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
        let pair = Pair {
            first: "small".into(),
            second: "large".into(),
        };
        let options = Options::default();
        let draw = |rows: &[OverlapRow]| {
            figure3(rows, "delta-left", &pair, Some(0), &names, &options).unwrap()
        };
        let chart = draw(&rows(&names));
        assert_eq!(chart.panels[0][1].cells.dim(), (3, 3));
        assert!(chart.footer[0].contains("left-singular vectors of ΔW"));
        assert!(chart.footer[1].contains("the leading 3 of each, j ≤ i"));
        let mut deficient = rows(&names);
        deficient.retain(|row| row.i == 1);
        deficient[4].overlap = None;
        let chart = draw(&deficient);
        assert_eq!(chart.panels[0][1].cells.dim(), (1, 1));
        assert!(chart.footer[1].contains("first of each") && chart.footer[1].contains("pale"));
    }
}
