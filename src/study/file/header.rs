//! The header of a table that people wrote: every column once, and what to do where one is missing.

use super::lines::suggestion;

/// What is wrong, and the remedy.
pub(in crate::study) type Complaint = (String, String);

/// Where each column stands; further ones are no matter.
///
/// # Errors
///
/// For a column that is missing or there twice.
pub(in crate::study) fn places(
    header: &csv::StringRecord,
    columns: &[&str],
) -> Result<Vec<usize>, Complaint> {
    let known = || format!("the columns are {}", columns.join(", "));
    if header.iter().all(|name| name.trim().is_empty()) {
        return Err(("the file is empty".into(), known()));
    }
    let apart = |sign: char| header.len() == 1 && header[0].contains(sign);
    if let Some((_, name)) = [(';', "semicolons"), ('\t', "tabs")]
        .into_iter()
        .find(|(sign, _)| apart(*sign))
    {
        let problem = format!("the columns are separated by {name}");
        return Err((problem, "separate them by commas".into()));
    }
    let place = |column: &&str| {
        let named = header.iter().enumerate();
        let mut found = named.filter(|(_, name)| name == column);
        let Some((place, _)) = found.next() else {
            return Err(missing(header, column, columns));
        };
        match found.next() {
            None => Ok(place),
            Some(_) => {
                let problem = format!("two columns are named `{column}`");
                Err((problem, "leave one out".into()))
            }
        }
    };
    columns.iter().map(place).collect()
}

/// Where a column stands that may be missing.
///
/// # Errors
///
/// For a column that is there twice, or that seems to be meant and is misspelt.
pub(in crate::study) fn optional(
    header: &csv::StringRecord,
    column: &str,
) -> Result<Option<usize>, Complaint> {
    if header.iter().any(|name| name == column) {
        return places(header, &[column]).map(|found| found.first().copied());
    }
    let is_near = |name: &&str| strsim::damerau_levenshtein(&name.to_lowercase(), column) <= 1;
    match header.iter().find(is_near) {
        None => Ok(None),
        Some(name) => Err((
            format!("`{name}` is none of the columns"),
            format!("did you mean `{column}`?"),
        )),
    }
}

/// A column that is not there, and the one that may be meant for it.
fn missing(header: &csv::StringRecord, column: &str, columns: &[&str]) -> Complaint {
    let unknown: Vec<&str> = header
        .iter()
        .filter(|name| !columns.contains(name))
        .collect();
    let absent = columns
        .iter()
        .copied()
        .filter(|column| !header.iter().any(|name| name == *column));
    let near = |name: &&&str| strsim::normalized_damerau_levenshtein(name, column);
    let nearest = unknown
        .iter()
        .max_by(|one, other| near(one).total_cmp(&near(other)));
    match nearest {
        None => (
            format!("there is no column `{column}`"),
            format!("the columns are {}", columns.join(", ")),
        ),
        Some(name) => (
            format!("there is no column `{column}`, and `{name}` is none of the columns"),
            suggestion(name, absent, "what is missing is"),
        ),
    }
}
