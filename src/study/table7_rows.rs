//! Which directions table 7 has rows of.

use crate::asked::Asked;
use crate::error::{Error, Result};
use crate::paper::RowOf;

use super::file::Definition;
use super::request::Request;

/// Whether table 7 has a row of W's own directions, as the request or else the study says.
///
/// # Errors
///
/// [`CoreError::Request`](crate::CoreError::Request) for rows without ΔW's directions or without random
/// ones.
pub(super) fn with_own(definition: &Definition, request: &Request) -> Result<bool> {
    let rows = match request.directions.as_slice() {
        [] => definition.amplification.directions.as_deref(),
        asked => Some(asked),
    };
    let Some(rows) = rows else {
        return Ok(true);
    };
    if rows.contains(&RowOf::Delta) && rows.contains(&RowOf::Random) {
        return Ok(rows.contains(&RowOf::Base));
    }
    let problem = "table 7 always has directions of ΔW and random ones: a factor needs its chance";
    let remedy = "name delta and random; base, W's own directions, may be left out";
    Err(match request.directions.is_empty() {
        true => {
            let lines = &definition.lines;
            lines.error("amplification.directions", problem, remedy)
        }
        false => Error::request(Asked::Directions.to_string(), problem, remedy),
    })
}
