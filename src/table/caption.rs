//! What a table of scores says above itself: what its numbers are, how far they may be off, and what
//! is bold.

use super::scores::Score;
use super::text::Words;
use super::weights::Names;

/// A caption that says what the numbers are. `of` is what one best is marked in: `row`.
pub(super) fn caption(scores: &[Score], names: &Names, [number, what, of]: [&str; 3]) -> Words {
    let spread = if scores.iter().any(|score| score.sd.is_some()) {
        ". Each number is a mean over seeds, with the sample standard deviation where there are two or more"
    } else {
        ""
    };
    let count = Words::both(
        if spread.is_empty() { "" } else { " ($n$)" },
        if spread.is_empty() {
            ""
        } else {
            " (in brackets: how many)"
        },
    );
    let error = error(scores).map_or(String::new(), |error| format!(". Scores are of {error}"));
    let start = Words::both("", &format!("{number}: "));
    let words = start
        .then(Words::plain(&format!("{what}{spread}")))
        .then(count);
    let words = words.then(Words::plain(&format!("{error}{}.", bold(scores, of))));
    words.then(full(scores)).then(names.explained())
}

/// What `full` stands for, as a sentence with a space before it; empty where no score is of it.
fn full(scores: &[Score]) -> Words {
    match scores.iter().any(|score| score.rank.is_none()) {
        true => Words::plain(" Full: the weights themselves were trained."),
        false => Words::default(),
    }
}

/// What is bold.
fn bold(scores: &[Score], of: &str) -> String {
    let beyond = "beyond the 95 % interval of the difference";
    let is_judged = scores.iter().any(|score| score.behind.is_some());
    let has_best = scores.iter().any(|score| score.best == Some(true));
    let has_several = scores.iter().any(|score| score.runs > 1);
    let is_open = scores
        .iter()
        .any(|score| score.best.is_some() && score.runs == 1);
    match (has_best, is_judged) {
        (true, false) => format!(". Bold marks the best of each {of}"),
        (true, true) => {
            format!(". Bold marks the best of each {of}, where it is ahead of all others {beyond}")
        }
        (false, true) => {
            format!(
                ". Bold would mark the best of each {of} if it were ahead of all others {beyond}: none is"
            )
        }
        // Single runs are not marked beside means of several.
        (false, false) if is_open && has_several => {
            format!(". Bold would mark the best of each {of} if several runs showed it: none is")
        }
        (false, false) => String::new(),
    }
}

/// How many items scores are shares of, and their standard errors, in points: hundredths of all
/// items. `None` where no score has items.
///
/// `872 items each, with a standard error of 1.1 to 1.3 points`
pub(crate) fn error(scores: &[Score]) -> Option<String> {
    let items = range(scores.iter().filter_map(|score| score.items), |items| {
        items.to_string()
    })?;
    let points = |score: &Score| Some(100.0 * score.standard_error? / score.whole);
    let errors = scores.iter().filter_map(points);
    let errors = errors.map(|error| (error * 10.0).round() as u64);
    let errors = range(errors, |tenths| format!("{}.{}", tenths / 10, tenths % 10))?;
    Some(format!(
        "{items} items each, with a standard error of {errors} points"
    ))
}

/// `1.1 to 1.3`, or one number where all are alike; `None` of none.
fn range(
    numbers: impl Iterator<Item = u64> + Clone,
    printed: impl Fn(u64) -> String,
) -> Option<String> {
    let (least, most) = (numbers.clone().min()?, numbers.max()?);
    Some(if least == most {
        printed(least)
    } else {
        format!("{} to {}", printed(least), printed(most))
    })
}
