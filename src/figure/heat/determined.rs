//! Which leading directions of W are known well enough to be drawn without a mark.

use std::collections::HashSet;

use ndarray::Array2;

use crate::table::SpectrumRow;

use super::chart::Panel;
use super::select::Selected;

/// The largest bound on sin θ of W's leading i directions at which φ(i, ·) is drawn unmarked.
///
/// φ(i,j) = tr(V_jᵀ P V_j)/min(i,j), P the projector onto the i directions. Against the projector P'
/// onto i others, P − P' has at most i positive eigenvalues, none above the sine s of the largest
/// angle between the two. So no j orthonormal columns have a trace above min(i,j)·s on it (Ky Fan),
/// and
///
/// ```text
/// |φ(i,j) − φ'(i,j)| ≤ s        for every j
/// ```
///
/// Figure 8's bar spans 0.1 to 0.2 of φ in 256 colours: 0.001 is one to three of them, which nobody
/// can tell apart. A constant, rather than one colour of the bar at hand, so that what is marked does
/// not depend on how it is drawn.
pub const SURE: f64 = 1e-3;

/// Why cells are marked where W's directions are not sure.
const OPEN: &str = "ill-determined: W has near-equal singular values here";

/// The words under a figure that has marks.
pub(super) fn legends(panels: &[Vec<Panel>]) -> Vec<String> {
    let mut marks: Vec<&str> = panels
        .iter()
        .flatten()
        .map(|panel| panel.mark.as_str())
        .collect();
    marks.retain(|mark| !mark.is_empty());
    marks.sort_unstable();
    marks.dedup();
    let legend = |mark| match mark {
        OPEN => format!(
            "Hatched, with a line beside: W's leading i directions are ill-determined. Their bound on \
             sin θ is above {SURE}, or there is none."
        ),
        bound => format!("Hatched, with a line beside: {bound}."),
    };
    marks.into_iter().map(legend).collect()
}

/// Cells of a grid against W's directions that have a value, but no sure one.
///
/// A row i is sure where `spectrum.csv` bounds sin θ of W's leading i directions by [`SURE`], or has
/// neither gap nor bound: then the i directions are all there are. Rows without an entry there are
/// not sure, as nothing is known of them. Where there is no table at all, as of published rows,
/// nothing is told apart.
fn ill_determined(grid: &Selected, spectrum: &[SpectrumRow]) -> Array2<bool> {
    let of_base = |row: &&SpectrumRow| row.matrix == "base" && row.module == grid.module;
    let sure: HashSet<usize> = spectrum
        .iter()
        .filter(of_base)
        .filter(|row| is_sure(row))
        .map(|row| row.index)
        .collect();
    Array2::from_shape_fn(grid.cells.dim(), |(i, j)| {
        let is_open = !spectrum.is_empty() && !sure.contains(&(i + grid.first_i));
        grid.cells[(i, j)].is_some() && is_open
    })
}

/// A panel against W's directions, with its open cells marked.
pub(super) fn told_apart(panel: Panel, grid: &Selected, spectrum: &[SpectrumRow]) -> Panel {
    let open = ill_determined(grid, spectrum);
    match open.iter().any(|&open| open) {
        true => Panel {
            marked: open | panel.marked,
            mark: OPEN.into(),
            ..panel
        },
        false => panel,
    }
}

fn is_sure(row: &SpectrumRow) -> bool {
    match row.sin_theta_bound {
        Some(bound) => bound <= SURE,
        None => row.gap.is_none(),
    }
}
