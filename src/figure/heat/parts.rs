//! A figure of many projections in parts.

use crate::paper::Figure;

use super::chart::PANELS_IN_A_ROW;

/// Rows of panels on a page: so many are large enough to be read in every venue.
const ROWS_ON_A_PAGE: usize = 5;

/// The projections of a figure of several layers, in parts of about as many each that fit a page, and
/// at least two where there are two: the paper's layout. Other figures have one part.
///
/// Figure 6 has a row of whole panels and one of zooms a layer, both in one up to two projections;
/// figure 7 has two layers a row up to two projections, and else a row a layer.
pub fn parts(figure: Figure, projections: &[String], layers: usize) -> Vec<&[String]> {
    if projections.is_empty() {
        return vec![projections];
    }
    let rows = |count: usize| match (figure, 2 * count <= PANELS_IN_A_ROW) {
        (Figure::Six, true) => layers,
        (Figure::Six, false) => 2 * layers * count.div_ceil(PANELS_IN_A_ROW),
        (Figure::Seven, true) => layers.div_ceil(2),
        (Figure::Seven, false) => layers * count.div_ceil(PANELS_IN_A_ROW),
        _ => 0,
    };
    let mut counts = (1..=projections.len()).rev();
    let most = counts
        .find(|&count| rows(count) <= ROWS_ON_A_PAGE)
        .unwrap_or(1)
        .max(projections.len().min(PANELS_IN_A_ROW / 2));
    let count = projections.len().div_ceil(most);
    projections
        .chunks(projections.len().div_ceil(count))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_projections_of_four_layers_take_several_pages() {
        let names: Vec<String> = (0..7).map(|n| format!("p{n}")).collect();
        let lengths = |figure, count: usize, layers| -> Vec<usize> {
            let parts = parts(figure, &names[..count], layers);
            assert_eq!(parts.concat(), names[..count]);
            parts.iter().map(|part| part.len()).collect()
        };
        assert_eq!(lengths(Figure::Six, 2, 4), [2], "the paper's");
        assert_eq!(lengths(Figure::Six, 7, 4), [2, 2, 2, 1]);
        assert_eq!(lengths(Figure::Six, 7, 1), [7]);
        assert_eq!(lengths(Figure::Six, 2, 32), [2], "layers stay together");
        assert_eq!(lengths(Figure::Seven, 7, 4), [4, 3]);
        assert_eq!(lengths(Figure::Seven, 2, 4), [2]);
        assert_eq!(lengths(Figure::Three, 7, 4), [7]);
        assert_eq!(lengths(Figure::Six, 0, 4), [0]);
    }
}
