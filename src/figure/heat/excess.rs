//! Panels of φ to panels of its excess over chance.

use super::chart::{Edges, Panel};

/// (φ − chance)/(1 − chance) of each cell, chance max(i,j)/d: 0 by chance, 1 where one subspace
/// contains the other. A cell where chance contains all has no value.
pub(super) fn excess(panel: Panel) -> Panel {
    let Some(d) = panel.dimension else {
        return panel;
    };
    let mut cells = panel.cells;
    for ((row, column), cell) in cells.indexed_iter_mut() {
        let direction = (row + panel.y.first).max(column + panel.x.first);
        let chance = direction as f64 / d as f64;
        *cell = cell
            .filter(|_| chance < 1.0)
            .map(|phi| (phi - chance) / (1.0 - chance));
    }
    Panel {
        cells,
        // 0 is chance in every cell.
        edges: Edges::default(),
        ..panel
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;
    use crate::figure::{Axis, Text};

    #[test]
    fn chance_is_nothing_and_all_is_all() {
        let panel = Panel {
            title: Text::default(),
            note: String::new(),
            // φ of the directions 2 and 3 (i) and 1 to 4 (j) in four dimensions.
            cells: arr2(&[
                [Some(0.5), Some(1.0), Some(0.5), Some(1.0)],
                [Some(0.75), None, Some(0.85), Some(1.0)],
            ]),
            marked: arr2(&[[false; 4]; 2]),
            mark: String::new(),
            x: Axis::over(4, "j"),
            y: Axis::from(2, 2, "i"),
            narrow: false,
            module: "m".into(),
            dimension: Some(4),
            edges: Edges {
                below: vec![0.25, 0.5, 0.75, 1.0],
                beside: Vec::new(),
            },
        };
        let found = excess(panel);
        let cell = |i: usize, j: usize| found.cells[(i, j)];
        assert_eq!(
            [cell(0, 0), cell(0, 1), cell(0, 2)],
            [Some(0.0), Some(1.0), Some(-1.0)]
        );
        assert_eq!(
            [cell(0, 3), cell(1, 0), cell(1, 1)],
            [None, Some(0.0), None]
        );
        assert!((cell(1, 2).unwrap() - 0.4).abs() < 1e-12);
        assert_eq!(found.edges, Edges::default());
    }
}
