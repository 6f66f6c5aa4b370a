//! A study file line by line: every key held against the schema, and where each value stands, so
//! that an error found later can point there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::error::{Error, Result};

use super::bounds::{MOST_ENTRIES, repeated};
use super::keys::STUDY;
use super::schema::{Field, Kind, is_plain};

/// Where the values of a study file stand. Of a study that no file holds it knows nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::study) struct Lines {
    file: PathBuf,
    /// Line by place: `compare.ranks[1]`.
    lines: BTreeMap<String, usize>,
}

impl Lines {
    /// Reads a study's text, and holds every key and value against the schema.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for what is first wrong in the file.
    pub(in crate::study) fn read(file: &Path, text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            Error::config(
                file,
                format!(
                    "line {}: {}",
                    line_at(text, start),
                    error.message().replace('\n', " ")
                ),
                "texts are written in quotes, lists in brackets; compare with \
                         experiments/minilm-sst2/study.toml",
            )
        })?;
        let mut walk = Walk {
            breaks: text.match_indices('\n').map(|(at, _)| at).collect(),
            lines: BTreeMap::new(),
            wrong: Vec::new(),
            missing: Vec::new(),
        };
        walk.table("", 0, table.get_ref(), STUDY);
        let lines = Lines {
            file: file.into(),
            lines: walk.lines,
        };
        // A misspelt key is missing too: what is unknown says more.
        let wrong = |wrong: Vec<Wrong>| wrong.into_iter().min_by_key(|wrong| wrong.start);
        let first = wrong(walk.wrong).or_else(|| wrong(walk.missing));
        match first {
            None => Ok(lines),
            Some(wrong) => Err(Error::config(
                file,
                format!("line {}: {}", line_at(text, wrong.start), wrong.problem),
                wrong.remedy,
            )),
        }
    }

    /// The line of a place, or of what it stands in.
    fn line(&self, place: &str) -> Option<usize> {
        let mut place = place;
        loop {
            if let Some(line) = self.lines.get(place) {
                return Some(*line);
            }
            place = &place[..place.rfind(['.', '['])?];
        }
    }

    /// An error about what the study says at a place.
    pub(in crate::study) fn error(
        &self,
        place: &str,
        problem: &str,
        remedy: impl Into<String>,
    ) -> Error {
        Error::config(
            self.file.clone(),
            match self.line(place) {
                Some(line) => format!("line {line}: {problem}"),
                None => problem.into(),
            },
            remedy,
        )
    }

    /// An error that was met at what the study names at a place: with its line, if there is one.
    pub(in crate::study) fn locate(
        &self,
        place: &str,
        what: &str,
        error: impl Into<Error>,
    ) -> Error {
        let error = error.into();
        match self.line(place) {
            None => error,
            Some(line) => Error::Study {
                path: self.file.clone(),
                line,
                what: what.into(),
                source: Box::new(error),
            },
        }
    }
}

/// `did you mean …?`, else all that there are.
pub(in crate::study) fn suggestion<'a>(
    wrong: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    these: &str,
) -> String {
    /// More than half of the letters are right.
    const NEAR: f64 = 0.5;
    let near = |word: &&str| strsim::normalized_damerau_levenshtein(wrong, word);
    let nearest = known
        .clone()
        .filter(|word| near(word) > NEAR)
        .max_by(|one, other| near(one).total_cmp(&near(other)));
    match nearest {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("{these} {}", known.collect::<Vec<_>>().join(", ")),
    }
}

fn line_at(text: &str, start: usize) -> usize {
    1 + text.as_bytes()[..start.min(text.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
}

struct Wrong {
    start: usize,
    problem: String,
    remedy: String,
}

struct Walk {
    /// Where lines end.
    breaks: Vec<usize>,
    lines: BTreeMap<String, usize>,
    wrong: Vec<Wrong>,
    missing: Vec<Wrong>,
}

impl Walk {
    fn refuse(&mut self, start: usize, problem: String, remedy: String) {
        self.wrong.push(Wrong {
            start,
            problem,
            remedy,
        });
    }

    fn table(&mut self, at: &str, start: usize, table: &DeTable, fields: &[Field]) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let Some(field) = fields.iter().find(|field| field.key == name) else {
                let keys = fields.iter().map(|field| field.key);
                let remedy = suggestion(name, keys, "the keys there are");
                let problem = format!("unknown key `{name}`{}", inside(at));
                self.refuse(key.span().start, problem, remedy);
                continue;
            };
            let place = if at.is_empty() {
                name.to_string()
            } else {
                format!("{at}.{name}")
            };
            self.value(&place, field, &field.kind, (value.span(), value.get_ref()));
        }
        for field in fields.iter().filter(|field| field.required) {
            if !table.keys().any(|key| key.get_ref() == field.key) {
                let problem = format!("`{}` is missing{}", field.key, inside(at));
                let remedy = match field.kind {
                    Kind::Tables(_) => format!("add [[{}]]", field.key),
                    _ => format!("add {} = {}", field.key, field.example),
                };
                self.missing.push(Wrong {
                    start,
                    problem,
                    remedy,
                });
            }
        }
    }

    fn value(
        &mut self,
        place: &str,
        field: &Field,
        kind: &Kind,
        (span, value): (Range<usize>, &DeValue),
    ) {
        let start = span.start;
        let line = 1 + self.breaks.partition_point(|&at| at < start);
        self.lines.insert(place.into(), line);
        let items: &[_] = match (kind, value) {
            (Kind::Table(fields), DeValue::Table(table)) => {
                return self.table(place, start, table, fields);
            }
            (Kind::Text | Kind::Name | Kind::Choice(_), DeValue::String(text)) => {
                return self.text(start, field, kind, text);
            }
            (Kind::Texts, DeValue::String(_)) | (Kind::Truth, DeValue::Boolean(_)) => return,
            (Kind::Whole(range), DeValue::Integer(number))
                if whole(number).is_some_and(|number| range.contains(&number)) =>
            {
                return;
            }
            (Kind::Two(_), DeValue::Array(items)) if items.len() == 2 => items,
            (Kind::Tables(_), DeValue::Array(items)) if !items.is_empty() => items,
            (Kind::List(_) | Kind::Texts, DeValue::Array(items)) => items,
            _ => return self.another_kind(place, field, kind, (start, value)),
        };
        self.items(place, field, kind, (start, items));
    }

    fn another_kind(
        &mut self,
        place: &str,
        field: &Field,
        kind: &Kind,
        (start, value): (usize, &DeValue),
    ) {
        let (found, wanted) = (described(value), kind.in_words());
        let problem = format!("`{place}` is {found}, where {wanted} is expected");
        let remedy = match kind {
            Kind::Tables(_) => format!("write [[{}]] above each", field.key),
            Kind::Table(_) => format!("write [{}] above its keys", field.key),
            _ => format!("write {} = {}", field.key, field.example),
        };
        self.refuse(start, problem, remedy);
    }

    fn items(
        &mut self,
        place: &str,
        field: &Field,
        kind: &Kind,
        (start, items): (usize, &[Spanned<DeValue>]),
    ) {
        if items.len() > MOST_ENTRIES {
            let problem = format!(
                "`{place}` is a list of {}, where at most {MOST_ENTRIES} are read",
                items.len()
            );
            return self.refuse(start, problem, "leave some out".into());
        }
        if matches!(kind, Kind::List(_) | Kind::Texts) {
            self.refuse_repeated(place, items);
        }
        for (number, item) in items.iter().enumerate() {
            let (place, item) = (format!("{place}[{number}]"), (item.span(), item.get_ref()));
            match kind {
                Kind::List(of) | Kind::Two(of) => self.value(&place, field, of, item),
                Kind::Texts => self.value(&place, field, &Kind::Text, item),
                Kind::Tables(fields) => self.value(&place, field, &Kind::Table(fields), item),
                _ => {}
            }
        }
    }

    /// A list has each entry once: what is there twice was meant to be another.
    fn refuse_repeated(&mut self, place: &str, items: &[Spanned<DeValue>]) {
        let written = items.iter().map(|item| written(item.get_ref()));
        if let Some((number, twice)) = repeated(written) {
            let problem = format!("`{place}` has {twice} twice");
            self.refuse(items[number].span().start, problem, "leave one out".into());
        }
    }

    fn text(&mut self, start: usize, field: &Field, kind: &Kind, text: &str) {
        match kind {
            Kind::Name if !is_plain(text) => {
                let remedy = "it names files: use letters, digits, '-', '_' and '.', the first a \
                              letter, digit or '_'";
                self.refuse(start, format!("{} = {text:?}", field.key), remedy.into());
            }
            Kind::Choice(words) if !words.contains(&text) => {
                let problem = format!("`{}` has no {text:?}", field.key);
                let remedy = suggestion(text, words.iter().copied(), "use one of");
                self.refuse(start, problem, remedy);
            }
            _ => {}
        }
    }
}

fn inside(at: &str) -> String {
    match at.split('[').next() {
        None | Some("") => String::new(),
        Some(table) if at.contains('[') => format!(" in [[{table}]]"),
        Some(table) => format!(" in [{table}]"),
    }
}

fn whole(number: &DeInteger) -> Option<u64> {
    u64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// A value in one spelling, whichever was used.
fn written(value: &DeValue) -> String {
    match value {
        DeValue::Integer(number) => match whole(number) {
            Some(number) => number.to_string(),
            None => described(value),
        },
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| written(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        other => described(other),
    }
}

fn described(value: &DeValue) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.as_str().into(),
        DeValue::Float(number) => number.as_str().into(),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(items) => format!("a list of {}", items.len()),
        DeValue::Table(_) => "a table".into(),
    }
}
