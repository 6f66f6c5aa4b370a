//! The names and patterns of a definition's comparisons, as ids: resolved here and once.

use crate::error::{Error, Result};

use super::file::Definition;
use super::file::lines::suggestion;
use super::file::pattern::{is_pattern, matcher};
use super::named::AdapterId;

/// Whose names they are, for messages.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Known {
    /// The study's own adapters.
    Adapters,
    /// Those that rows name.
    Rows,
}

/// An entry of a list of runs.
#[derive(Clone)]
pub(super) enum Entry {
    /// A run by its name.
    Name(AdapterId),
    /// A pattern and the runs that it matches, one or more, in the order of the tables.
    Pattern(String, Vec<AdapterId>),
}

impl Entry {
    /// The runs that it stands for.
    pub(super) fn runs(&self) -> &[AdapterId] {
        match self {
            Entry::Name(id) => std::slice::from_ref(id),
            Entry::Pattern(_, ids) => ids,
        }
    }

    /// Whether it names this run.
    pub(super) fn names(&self, run: AdapterId) -> bool {
        matches!(self, Entry::Name(id) if *id == run)
    }
}

/// The adapters that `[compare]`, `[amplification]` and `[figures]` name.
pub(super) struct Resolved {
    pub(super) ranks: Option<[Entry; 2]>,
    pub(super) seeds: Option<Vec<Entry>>,
    pub(super) also: Vec<[AdapterId; 2]>,
    pub(super) base: Vec<AdapterId>,
    pub(super) amplified: Vec<Entry>,
    pub(super) pair: Option<[AdapterId; 2]>,
    /// Those of `[many]`, each once, in the order of the tables.
    pub(super) many: Option<Vec<AdapterId>>,
}

impl Resolved {
    /// Resolves every name among `names`, which are in the order of the tables.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for the first unknown name, and for the first
    /// pattern that matches none or that rows are given, with its line.
    pub(super) fn of(definition: &Definition, names: &[&str], known: Known) -> Result<Self> {
        let names = Names {
            definition,
            names,
            known,
        };
        let compare = &definition.compare;
        let ranks = compare.ranks.as_ref().map(|[one, other]| -> Result<_> {
            Ok([
                names.entry("compare.ranks[0]", one)?,
                names.entry("compare.ranks[1]", other)?,
            ])
        });
        let seeds = compare.seeds.as_ref();
        let seeds = seeds.map(|seeds| names.entries("compare.seeds", seeds));
        let many = definition.many.as_ref();
        let many = many.map(|many| match &many.adapters {
            Some(these) => names.runs("many.adapters", these).map(|mut runs| {
                runs.sort();
                runs.dedup();
                runs
            }),
            None => Ok((0..names.names.len()).map(AdapterId).collect()),
        });
        let pair = definition.figures.pair.as_ref();
        let pair = pair.map(|pair| names.pair("figures.pair", pair));
        Ok(Resolved {
            ranks: ranks.transpose()?,
            seeds: seeds.transpose()?,
            also: compare
                .also
                .iter()
                .enumerate()
                .map(|(number, pair)| names.pair(&format!("compare.also[{number}]"), pair))
                .collect::<Result<_>>()?,
            base: names.runs("compare.base", &compare.base)?,
            amplified: names
                .entries("amplification.adapters", &definition.amplification.adapters)?,
            pair: pair.transpose()?,
            many: many.transpose()?,
        })
    }

    /// The two runs that `ranks` names, where it has no pattern.
    pub(super) fn two_ranks(&self) -> Option<[AdapterId; 2]> {
        two(self.ranks.as_ref()?)
    }

    /// The two runs that `seeds` names, where these are all.
    pub(super) fn two_seeds(&self) -> Option<[AdapterId; 2]> {
        two(self.seeds.as_ref()?)
    }

    /// The adapters of table 7 that are named or matched, each once.
    pub(super) fn amplified(&self) -> Vec<AdapterId> {
        let mut runs = Vec::new();
        for &run in self.amplified.iter().flat_map(Entry::runs) {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        runs
    }
}

fn two(entries: &[Entry]) -> Option<[AdapterId; 2]> {
    match *entries {
        [Entry::Name(one), Entry::Name(other)] => Some([one, other]),
        _ => None,
    }
}

struct Names<'a> {
    definition: &'a Definition,
    names: &'a [&'a str],
    known: Known,
}

impl Names<'_> {
    fn find(&self, name: &str) -> Option<AdapterId> {
        let found = self.names.iter().position(|known| *known == name);
        found.map(AdapterId)
    }

    fn id(&self, place: &str, name: &str) -> Result<AdapterId> {
        self.find(name).ok_or_else(|| self.unknown(place, name))
    }

    /// A name, or a pattern and what it matches. Names on a command line come from folders, and may
    /// look like patterns: a name that there is comes first.
    fn entry(&self, place: &str, text: &str) -> Result<Entry> {
        if let Some(id) = self.find(text) {
            return Ok(Entry::Name(id));
        }
        if !is_pattern(text) {
            return Err(self.unknown(place, text));
        }
        let error = |problem: &str, these: &str| {
            let remedy = format!("{these} {}", self.names.join(", "));
            Err(self.definition.lines.error(place, problem, remedy))
        };
        if self.known == Known::Rows {
            let problem =
                format!("`{text}` is a pattern, and a study of rows compares them by name");
            return error(&problem, "give a name; they have");
        }
        let matcher = matcher(&self.definition.lines, place, text)?;
        let ids = self.names.iter().enumerate();
        let ids = ids.filter(|(_, name)| matcher.is_match(name));
        let ids: Vec<AdapterId> = ids.map(|(place, _)| AdapterId(place)).collect();
        if ids.is_empty() {
            let problem = format!("no adapter's name matches `{text}`");
            return error(&problem, "the adapters are");
        }
        Ok(Entry::Pattern(text.into(), ids))
    }

    fn entries(&self, place: &str, texts: &[String]) -> Result<Vec<Entry>> {
        let texts = texts.iter().enumerate();
        texts
            .map(|(number, text)| self.entry(&format!("{place}[{number}]"), text))
            .collect()
    }

    /// Runs in the order of the list; what a pattern matches is there once.
    fn runs(&self, place: &str, texts: &[String]) -> Result<Vec<AdapterId>> {
        let mut runs = Vec::new();
        for entry in self.entries(place, texts)? {
            match entry {
                Entry::Name(id) => runs.push(id),
                Entry::Pattern(_, ids) => {
                    let new = ids.into_iter().filter(|id| !runs.contains(id));
                    let new: Vec<AdapterId> = new.collect();
                    runs.extend(new);
                }
            }
        }
        Ok(runs)
    }

    fn pair(&self, place: &str, [one, other]: &[String; 2]) -> Result<[AdapterId; 2]> {
        Ok([
            self.id(&format!("{place}[0]"), one)?,
            self.id(&format!("{place}[1]"), other)?,
        ])
    }

    fn unknown(&self, place: &str, name: &str) -> Error {
        let (problem, these) = match self.known {
            Known::Adapters => {
                let table = place.split(['.', '[']).next().unwrap_or(place);
                let problem = format!("[{table}] names `{name}`, but there is no adapter `{name}`");
                (problem, "the adapters are")
            }
            Known::Rows => (format!("the rows have no adapter `{name}`"), "they have"),
        };
        let remedy = suggestion(name, self.names.iter().copied(), these);
        self.definition.lines.error(place, &problem, remedy)
    }
}
