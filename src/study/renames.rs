//! Prefixes of adapters' paths that a study or a command line replaces.

use crate::adapter::Rename;
use crate::asked::Asked;
use crate::error::{Error, Result};

use super::file::Definition;
use super::named::NamedAdapter;
use super::request::Request;

/// Renames in the order in which they are tried.
pub(super) struct Renames<'a> {
    definition: &'a Definition,
    asked: &'a [Rename],
    study: Vec<Rename>,
    /// Of each adapter.
    own: Vec<Vec<Rename>>,
}

impl<'a> Renames<'a> {
    /// Reads those of a study, of its adapters and of a request.
    ///
    /// # Errors
    ///
    /// An error with the line of the first that is no `OLD=NEW`.
    pub(super) fn read(definition: &'a Definition, request: &'a Request) -> Result<Self> {
        let read = |place: &str, texts: &[String]| -> Result<Vec<Rename>> {
            let lines = &definition.lines;
            let one = |(number, text): (usize, &String)| {
                let place = format!("{place}[{number}]");
                text.parse()
                    .map_err(|error: crate::CoreError| lines.locate(&place, "rename", error))
            };
            texts.iter().enumerate().map(one).collect()
        };
        let adapters = definition.adapters.iter().enumerate();
        let own = adapters
            .map(|(number, entry)| read(&format!("adapter[{number}].rename"), &entry.rename))
            .collect::<Result<_>>()?;
        Ok(Renames {
            definition,
            asked: &request.read.renames,
            study: read("rename", &definition.rename)?,
            own,
        })
    }

    /// Those of an adapter: what is asked, then its own, then the study's.
    pub(super) fn of(&self, adapter: usize) -> Vec<Rename> {
        [self.asked, &self.own[adapter], &self.study].concat()
    }

    /// That each of them changed something: a misspelt one would say nothing.
    ///
    /// # Errors
    ///
    /// An error about the first that no module's path begins with.
    pub(super) fn check_used(&self, adapters: &[NamedAdapter]) -> Result<()> {
        let is_used = |rename: &Rename, adapters: &[NamedAdapter]| {
            let mut adapters = adapters.iter();
            adapters.any(|named| named.adapter.renames.contains(rename))
        };
        let own = self.own.iter().enumerate().flat_map(|(adapter, renames)| {
            let of = adapters.get(adapter..=adapter).unwrap_or_default();
            let place = format!("adapter[{adapter}].rename");
            renames
                .iter()
                .map(move |one| (one, of, Some(place.clone())))
        });
        let study = self
            .study
            .iter()
            .map(|one| (one, adapters, Some("rename".to_string())));
        let asked = self.asked.iter().map(|one| (one, adapters, None));
        for (rename, of, place) in own.chain(study).chain(asked) {
            if is_used(rename, of) {
                continue;
            }
            let first = of.iter().find_map(|named| named.adapter.modules.first());
            let path = first.map_or("", |module| module.path.as_str());
            let error = Error::request(
                format!("{} {rename}", Asked::Rename),
                "no module's path begins with the part before the =",
                format!("paths are such as `{path}`; {} lists them", Asked::Listing),
            );
            return Err(match place {
                Some(place) => self.definition.lines.locate(&place, "rename", error),
                None => error,
            });
        }
        Ok(())
    }
}
