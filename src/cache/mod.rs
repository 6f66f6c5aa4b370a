//! Numbers that took long to compute, kept in a folder for later runs.
//!
//! # Decisions
//!
//! - Nothing depends on it. An entry has the very bytes that a run without it computes, so that results
//!   are the same with a cold cache, a warm one and none. What cannot be read is computed again, with a
//!   word; what cannot be written is not kept, with a word.
//! - An entry stands under the digest of its key, and holds the key and a digest of all that it holds. So
//!   an entry that was damaged, or lies under another's name, is seen.
//! - Entries that were not used for longest are removed when the folder is larger than its limit.

mod digest;
mod entry;
mod folder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::{BaseStrategy, choose_base_strategy};

pub use digest::matrix_digest;
pub use entry::Entry;
pub use folder::Counts;

use folder::Folder;

/// Bytes that a cache may have on disk, where nothing else is said: W's leading directions of some
/// 70B model fit into it.
pub const LIMIT: u64 = 16 << 30;

/// A cache, or none. Clones are of one folder, and count together.
#[derive(Debug, Clone, Default)]
pub struct Cache(Option<Arc<Folder>>);

impl Cache {
    /// No cache: everything is computed.
    pub fn none() -> Self {
        Cache(None)
    }

    /// A folder, which is made when there is something to keep, and its limit in bytes.
    ///
    /// ```
    /// use lora_subspace::cache::{Cache, Entry};
    /// # let folder = tempfile::tempdir().unwrap();
    /// let cache = Cache::new(folder.path().join("cache"), 1 << 20);
    /// assert_eq!(cache.get("σ of W"), None);
    /// cache.put("σ of W", &Entry { about: "two values".into(), numbers: vec![3.0, 1.0] });
    /// assert_eq!(cache.get("σ of W").unwrap().numbers, [3.0, 1.0]);
    /// assert!(cache.counts().found == 1 && cache.words().is_empty());
    /// ```
    pub fn new(folder: impl Into<PathBuf>, limit: u64) -> Self {
        Cache(Some(Arc::new(Folder::new(folder.into(), limit))))
    }

    /// `lora-subspace` in the user's folder for caches; none where there is no such folder.
    pub fn of_user() -> Self {
        let strategy = choose_base_strategy().ok();
        let folder = strategy.map(|strategy| strategy.cache_dir().join("lora-subspace"));
        folder.map_or(Cache::none(), |folder| Cache::new(folder, LIMIT))
    }

    /// Whether there is one.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Its folder.
    pub fn folder(&self) -> Option<&Path> {
        self.0.as_ref().map(|folder| folder.path())
    }

    /// What is kept under a key.
    pub fn get(&self, key: &str) -> Option<Entry> {
        self.0.as_ref().and_then(|folder| folder.get(key))
    }

    /// Keeps something under a key.
    pub fn put(&self, key: &str, entry: &Entry) {
        if let Some(folder) = &self.0 {
            folder.put(key, entry);
        }
    }

    /// Says that an entry is not what its key says: it is counted as not found.
    pub fn refuse(&self, key: &str, problem: &str) {
        if let Some(folder) = &self.0 {
            folder.refuse(key, problem);
        }
    }

    /// How often it was asked so far.
    pub fn counts(&self) -> Counts {
        self.0
            .as_ref()
            .map_or(Counts::default(), |folder| folder.counts())
    }

    /// What went wrong so far, each once, in an order that does not depend on threads.
    pub fn words(&self) -> Vec<String> {
        self.0.as_ref().map_or(Vec::new(), |folder| folder.words())
    }
}
