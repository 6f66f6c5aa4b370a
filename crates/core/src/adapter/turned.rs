//! Files of classes that compute x·A·B: A is (in, r) and B is (r, out), under loralib's names.

use std::collections::BTreeMap;

use crate::error::Result;

use super::factors::{RIGHT_WAY_ROUND, give_base};
use super::formula::Formula;
use super::found::Content;

/// How the factors of one module can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A is (r, in), B is (out, r); or a merged layer's.
    Usual,
    /// A is (in, r), B is (r, out).
    Turned,
    /// Either.
    Both,
}

/// Which way round the factors of a file's modules are.
#[derive(Default)]
pub(super) struct Turns {
    ways: BTreeMap<String, Way>,
}

impl Turns {
    /// Adds a module with the shape of its W, where a base has it.
    pub(super) fn add(&mut self, path: &str, b: &Formula, a: &Formula, weight: Option<&[usize]>) {
        self.ways.insert(path.into(), way(b, a, weight));
    }

    /// Whether a module's factors are to be turned. What its own shapes leave open, the others of
    /// the file decide.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Tensor`] where nothing tells.
    pub(super) fn is_turned(&self, path: &str, b: &Formula, a: &Formula) -> Result<bool> {
        let any = |way: Way| self.ways.values().any(|&other| other == way);
        match self.ways.get(path) {
            None | Some(Way::Usual) => Ok(false),
            Some(Way::Turned) => Ok(true),
            Some(Way::Both) => match (any(Way::Usual), any(Way::Turned)) {
                (usual, turned) if usual != turned => Ok(turned),
                // Square factors: as the library that gave them their names multiplies them.
                _ if a.dim() == b.dim() => Ok(false),
                _ => {
                    let problem = format!(
                        "{} × {}, and {}: it may be (r, in) of a merged layer or (in, r)",
                        a.dim().0,
                        a.dim().1,
                        b.describe()
                    );
                    let remedy = format!("{}; or {RIGHT_WAY_ROUND}", give_base());
                    Err(a.error(problem, &remedy))
                }
            },
        }
    }

    /// Says which factors were turned.
    pub(super) fn describe(&self, content: &mut Content) {
        let turned = self
            .ways
            .values()
            .filter(|way| **way == Way::Turned)
            .count();
        if turned == 0 {
            return;
        }
        if turned == self.ways.len() {
            content.layout = "factors of x·A·B";
            content.evidence = "MODULE.lora_A of (in, r) and MODULE.lora_B of (r, out)".into();
        }
        content.notes.push(format!(
            "A is in × r and B is r × out in {turned} of {} modules, as classes that compute x·A·B \
             store them",
            self.ways.len()
        ));
    }
}

/// By shapes alone, else by the weight's.
fn way(b: &Formula, a: &Formula, weight: Option<&[usize]>) -> Way {
    let ((height, columns), (rows, width)) = (b.dim(), a.dim());
    // Of a merged layer A has r rows for each slot, and B has a block of rows for each.
    let slots = rows / columns;
    let is_whole = rows == slots * columns && height.is_multiple_of(slots.max(1));
    let is_usual = is_whole && columns <= height.max(width);
    let is_turned = width == height && width <= rows.max(columns);
    match (is_usual, is_turned) {
        (true, true) => match weight {
            Some(&[one, other]) if rows != columns => {
                let sides = [(one, other), (other, one)];
                match sides.contains(&(columns, rows)) {
                    true => Way::Turned,
                    false => Way::Usual,
                }
            }
            _ => Way::Both,
        },
        (false, true) => Way::Turned,
        _ => Way::Usual,
    }
}
