//! Which way round a stored matrix is W: by the shapes that it fits, and by what its kind allows.

/// How a stored matrix is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orientation {
    /// As it is stored, (out, in).
    Upright,
    /// Transposed: it is stored (in, out).
    Turned,
}

/// Which ways round a stored shape is that of W.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    Neither,
    Upright,
    Turned,
    /// A square shape cannot tell.
    Both,
}

/// Which ways round a kind of weight is stored. Where it may be both, the first is taken of a
/// square shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Upright,
    UprightOrTurned,
    TurnedOrUpright,
    Turned,
}

impl Fit {
    /// Holds a stored shape against d_out × d_in; a convolution's kernel is upright.
    pub(super) fn new(stored: &[usize], (d_out, d_in): (usize, usize)) -> Self {
        let is_upright = match stored {
            [rows, rest @ ..] => *rows == d_out && rest.iter().product::<usize>() == d_in,
            [] => false,
        };
        let is_turned = *stored == [d_in, d_out];
        match (is_upright, is_turned) {
            (true, true) => Fit::Both,
            (true, false) => Fit::Upright,
            (false, true) => Fit::Turned,
            (false, false) => Fit::Neither,
        }
    }

    /// Whether the shape is W's when it is turned.
    pub(super) fn may_be_turned(self) -> bool {
        matches!(self, Fit::Turned | Fit::Both)
    }

    /// The way round that both the shape and the kind of weight allow.
    pub(super) fn orientation(self, kept: Kept) -> Option<Orientation> {
        match (self, kept) {
            (Fit::Neither, _) | (Fit::Upright, Kept::Turned) | (Fit::Turned, Kept::Upright) => None,
            (Fit::Upright, _) | (Fit::Both, Kept::Upright | Kept::UprightOrTurned) => {
                Some(Orientation::Upright)
            }
            (Fit::Turned, _) | (Fit::Both, Kept::Turned | Kept::TurnedOrUpright) => {
                Some(Orientation::Turned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_and_a_kind_decide_together() {
        use Orientation::{Turned, Upright};
        let kinds = [
            Kept::Upright,
            Kept::UprightOrTurned,
            Kept::TurnedOrUpright,
            Kept::Turned,
        ];
        let (up, turned) = (Some(Upright), Some(Turned));
        for (stored, widths, expected) in [
            (&[3, 2][..], (3, 2), [up, up, up, None]),
            (&[2, 3], (3, 2), [None, turned, turned, turned]),
            (&[2, 2], (2, 2), [up, up, turned, turned]),
            (&[4, 2], (3, 2), [None; 4]),
            (&[], (3, 2), [None; 4]),
            (&[3, 2, 5, 5], (3, 50), [up, up, up, None]),
        ] {
            let fit = Fit::new(stored, widths);
            let found = kinds.map(|kept| fit.orientation(kept));
            assert_eq!(found, expected, "{stored:?} for {widths:?}");
        }
    }
}
