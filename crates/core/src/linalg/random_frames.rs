//! Several random subspaces side by side, drawn without drawing their vectors.

use ndarray::{Array2, s};

use crate::error::{Error, Result};

use super::haar::Stream;
use super::mean_shares::frames;

/// `count` independent Haar-random frames of k directions in R^d, in coordinates of the space that they span:
/// min(d, count·k) rows, and a column a direction.
///
/// Products between columns, and all that depends on these alone, have the law of frames in R^d. The frames are
/// those of [`random_mean_shares`](super::random_mean_shares): column blocks of a Gaussian matrix by its Bartlett
/// factor, the first frame being the first k axes. A draw takes some (count·k)²/2 numbers of the stream of `key`
/// ([`Stream`]), whatever d is.
///
/// # Errors
///
/// [`Error::Numerical`] unless 1 ≤ k ≤ d and there is a frame.
///
/// # Example
///
/// ```
/// use lora_subspace_core::linalg::random_frames;
/// let frames = random_frames(4096, 2, 3, "0/example")?;
/// assert_eq!(frames.dim(), (6, 6));
/// let gram = frames.t().dot(&frames);
/// assert!(gram.diag().iter().all(|x| (x - 1.0).abs() < 1e-14) && gram[(0, 1)].abs() < 1e-14);
/// # Ok::<(), lora_subspace_core::Error>(())
/// ```
pub fn random_frames(d: usize, k: usize, count: usize, key: &str) -> Result<Array2<f64>> {
    if k == 0 || k > d || count == 0 {
        return Err(Error::Numerical {
            routine: "random directions".into(),
            problem: format!("{count} frames of {k} orthonormal directions asked of R^{d}"),
            remedy: "ask for frames of 1 to d directions",
        });
    }
    let drawn = frames(d, &vec![k; count], &mut Stream::new(key))?;
    let mut stacked = Array2::zeros((d.min(count * k), count * k));
    for (number, frame) in drawn.iter().enumerate() {
        let columns = number * k..(number + 1) * k;
        stacked
            .slice_mut(s![..frame.nrows(), columns])
            .assign(frame);
    }
    Ok(stacked)
}
