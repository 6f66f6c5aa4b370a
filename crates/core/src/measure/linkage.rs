//! An order of many members in which near ones stand together: average linkage.

use ndarray::Array2;

/// Two clusters that became one.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The clusters: members by their numbers, then N for the first merge, N + 1 for the second, and so on. The one
    /// with the first member of both stands first.
    pub clusters: [usize; 2],
    /// The mean distance between their members.
    pub height: f64,
}

/// Members from left to right, and how they were put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Linkage {
    /// The members by their numbers.
    pub order: Vec<usize>,
    /// N − 1 merges, the nearest first.
    pub merges: Vec<Merge>,
}

/// Average linkage (UPGMA) of N members by their distances, N × N and symmetric.
///
/// The two clusters with the smallest mean distance between members become one, until one is left. Of equal distances
/// the pair with the first members counts, and the cluster with the first member stands left: members in the order
/// of their names give one order, whatever order their files had.
///
/// # Reference
///
/// Sokal & Michener 1958.
///
/// # Example
///
/// ```
/// use lora_subspace_core::measure::linkage::linkage;
/// use ndarray::array;
/// let far = array![[0.0, 0.9, 0.2], [0.9, 0.0, 0.7], [0.2, 0.7, 0.0]];
/// let found = linkage(&far);
/// assert_eq!(found.order, [0, 2, 1]);
/// assert_eq!(found.merges[0].clusters, [0, 2]);
/// assert!((found.merges[1].height - 0.8).abs() < 1e-15);
/// ```
pub fn linkage(distances: &Array2<f64>) -> Linkage {
    let count = distances.nrows();
    let mut far = distances.clone();
    // Of each place a cluster stands at, that of its first member: its number and its members.
    let mut clusters: Vec<Option<(usize, Vec<usize>)>> =
        (0..count).map(|one| Some((one, vec![one]))).collect();
    let mut merges = Vec::new();
    while let Some((a, b, height)) = nearest(&far, &clusters) {
        let (Some((one, mut members)), Some((other, others))) =
            (clusters[a].take(), clusters[b].take())
        else {
            break;
        };
        let (few, many) = (members.len() as f64, others.len() as f64);
        for place in 0..count {
            let mean = (few * far[(a, place)] + many * far[(b, place)]) / (few + many);
            far[(a, place)] = mean;
            far[(place, a)] = mean;
        }
        members.extend(others);
        clusters[a] = Some((count + merges.len(), members));
        merges.push(Merge {
            clusters: [one, other],
            height,
        });
    }
    let order = clusters
        .into_iter()
        .flatten()
        .flat_map(|(_, members)| members);
    Linkage {
        order: order.collect(),
        merges,
    }
}

/// The first two clusters with the smallest distance; `None` of one cluster.
fn nearest(
    far: &Array2<f64>,
    clusters: &[Option<(usize, Vec<usize>)>],
) -> Option<(usize, usize, f64)> {
    let there: Vec<usize> = (0..clusters.len())
        .filter(|&one| clusters[one].is_some())
        .collect();
    let mut found: Option<(usize, usize, f64)> = None;
    for (number, &a) in there.iter().enumerate() {
        for &b in &there[number + 1..] {
            if found.is_none_or(|(_, _, least)| far[(a, b)] < least) {
                found = Some((a, b, far[(a, b)]));
            }
        }
    }
    found
}
