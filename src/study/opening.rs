//! How the adapters of one entry of a study are opened: the last of a run and its checkpoints alike.

use std::path::Path;

use crate::adapter::{Adapter, BaseIndex, Factors, ReadOptions, Rename};
use crate::base::{Base, fused};
use crate::error::Result;
use crate::tensors::find_adapter_near;

use super::file::definition::AdapterEntry;
use super::request::Request;

/// What all adapters of an entry have in common.
pub(super) struct Opening<'a> {
    read: ReadOptions,
    base: Option<&'a Base>,
    /// Whether fused projections are left whole.
    whole: bool,
}

impl<'a> Opening<'a> {
    /// Of an entry: its own start comes before the request's.
    pub(super) fn of(
        (entry, folder): (&AdapterEntry, &Path),
        request: &Request,
        base: Option<&'a Base>,
        (renames, whole): (&[Rename], bool),
    ) -> Self {
        let mut read = request.read.clone();
        read.renames = renames.to_vec();
        if let Some(initial) = &entry.initial {
            // One that is nowhere is an error where it is read.
            let found = find_adapter_near(initial, folder);
            read.initial = Some(found.unwrap_or_else(|_| folder.join(initial)));
        }
        Opening { read, base, whole }
    }

    /// The adapter as it was before training, where somebody gives it.
    pub(super) fn initial(&self) -> Option<&Path> {
        self.read.initial.as_deref()
    }

    /// The adapter at a path, and the entries of its factors (see [`Adapter::factor_entries`]).
    pub(super) fn open(&self, path: &Path) -> Result<(Adapter, Option<u64>)> {
        let adapter = Adapter::open_on(path, &self.read, self.index())?;
        Ok(self.cut(adapter))
    }

    /// As [`Opening::open`], of factors that a program holds.
    pub(super) fn held(&self, name: &str, factors: &[Factors]) -> Result<(Adapter, Option<u64>)> {
        let mut factors = factors.to_vec();
        if !self.read.scaled {
            factors.iter_mut().for_each(|one| one.scale = 1.0);
        }
        let adapter = Adapter::of_factors(name, &factors, self.index())?;
        Ok(self.cut(adapter))
    }

    fn index(&self) -> Option<&dyn BaseIndex> {
        self.base.map(|base| base as &dyn BaseIndex)
    }

    fn cut(&self, mut adapter: Adapter) -> (Adapter, Option<u64>) {
        let factor_entries = adapter.factor_entries();
        if !self.whole {
            adapter.split(&|module| fused::slices(module, self.base));
        }
        (adapter, factor_entries)
    }
}
