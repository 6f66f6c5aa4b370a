//! The names that a definition gives its adapters' comparisons, as ids: resolved here and once.

use crate::error::{Error, Result};

use super::file::Definition;
use super::file::lines::suggestion;
use super::named::AdapterId;

/// Whose names they are, for messages.
#[derive(Clone, Copy)]
pub(super) enum Known {
    /// The study's own adapters.
    Adapters,
    /// Those that rows name.
    Rows,
}

/// The adapters that `[compare]` and `[amplification]` name.
pub(super) struct Resolved {
    pub(super) ranks: Option<[AdapterId; 2]>,
    pub(super) seeds: Option<[AdapterId; 2]>,
    pub(super) also: Vec<[AdapterId; 2]>,
    pub(super) base: Vec<AdapterId>,
    pub(super) amplified: Vec<AdapterId>,
}

impl Resolved {
    /// Resolves every name among `names`, which are in the order of the tables.
    ///
    /// # Errors
    ///
    /// [`CoreError::Config`](crate::CoreError::Config) for the first unknown one, with its line.
    pub(super) fn of(definition: &Definition, names: &[&str], known: Known) -> Result<Self> {
        let names = Names {
            definition,
            names,
            known,
        };
        let compare = &definition.compare;
        let pair = |place: &str, pair: &Option<[String; 2]>| {
            let pair = pair.as_ref().map(|pair| names.pair(place, pair));
            pair.transpose()
        };
        Ok(Resolved {
            ranks: pair("compare.ranks", &compare.ranks)?,
            seeds: pair("compare.seeds", &compare.seeds)?,
            also: compare
                .also
                .iter()
                .enumerate()
                .map(|(number, pair)| names.pair(&format!("compare.also[{number}]"), pair))
                .collect::<Result<_>>()?,
            base: names.all("compare.base", &compare.base)?,
            amplified: names.all("amplification.adapters", &definition.amplification.adapters)?,
        })
    }

    /// The pairs of adapters to measure, each once.
    pub(super) fn pairs(&self) -> Vec<[AdapterId; 2]> {
        let mut pairs = Vec::new();
        for pair in self.ranks.iter().chain(&self.seeds).chain(&self.also) {
            if !pairs.contains(pair) {
                pairs.push(*pair);
            }
        }
        pairs
    }
}

struct Names<'a> {
    definition: &'a Definition,
    names: &'a [&'a str],
    known: Known,
}

impl Names<'_> {
    fn id(&self, place: &str, name: &str) -> Result<AdapterId> {
        let found = self.names.iter().position(|known| *known == name);
        found
            .map(AdapterId)
            .ok_or_else(|| self.unknown(place, name))
    }

    fn pair(&self, place: &str, [one, other]: &[String; 2]) -> Result<[AdapterId; 2]> {
        Ok([
            self.id(&format!("{place}[0]"), one)?,
            self.id(&format!("{place}[1]"), other)?,
        ])
    }

    fn all(&self, place: &str, names: &[String]) -> Result<Vec<AdapterId>> {
        let names = names.iter().enumerate();
        names
            .map(|(number, name)| self.id(&format!("{place}[{number}]"), name))
            .collect()
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
