//! A folder of entries on disk.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::files::{self, sha256};

use super::entry::Entry;

/// The end of an entry's name.
const ENDING: &str = "entry";
/// The beginning of the name of a file that is being written.
const UNFINISHED: &str = ".unfinished-";
/// What a killed run left is removed after this time: no entry takes as long to write.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// How often a cache was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Entries that were found.
    pub found: u64,
    /// Entries that were computed and kept.
    pub kept: u64,
}

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    limit: u64,
    found: AtomicU64,
    kept: AtomicU64,
    /// Set once something could not be written: nothing more is tried.
    is_closed: AtomicBool,
    words: Mutex<BTreeSet<String>>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, limit: u64) -> Self {
        Folder {
            path,
            limit,
            found: AtomicU64::new(0),
            kept: AtomicU64::new(0),
            is_closed: AtomicBool::new(false),
            words: Mutex::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            found: self.found.load(Ordering::Relaxed),
            kept: self.kept.load(Ordering::Relaxed),
        }
    }

    pub(super) fn words(&self) -> Vec<String> {
        let words = self.words.lock().expect("nobody panics while it is locked");
        words.iter().cloned().collect()
    }

    fn say(&self, word: String) {
        let mut words = self.words.lock().expect("nobody panics while it is locked");
        words.insert(word);
    }

    fn place(&self, key: &str) -> PathBuf {
        self.path
            .join(format!("{}.{ENDING}", sha256(key.as_bytes())))
    }

    pub(super) fn get(&self, key: &str) -> Option<Entry> {
        let place = self.place(key);
        if fs::metadata(&place).is_err_and(|error| is_absent(&error)) {
            return None;
        }
        let mut bytes = Vec::new();
        let read = files::open(&place).map(|mut file| file.read_to_end(&mut bytes));
        if let Err(problem) | Ok(Err(problem)) = read.map(|read| read.map_err(told)).map_err(told) {
            self.say_of(&place, &format!("it cannot be read ({problem})"));
            return None;
        }
        match Entry::read(key, &bytes) {
            Ok(entry) => {
                self.found.fetch_add(1, Ordering::Relaxed);
                // Only for the order in which entries are removed.
                let now = |file: File| file.set_modified(SystemTime::now());
                let _ = File::options().append(true).open(&place).and_then(now);
                Some(entry)
            }
            Err(problem) => {
                self.say_of(&place, problem);
                None
            }
        }
    }

    pub(super) fn refuse(&self, key: &str, problem: &str) {
        self.found.fetch_sub(1, Ordering::Relaxed);
        self.say_of(&self.place(key), problem);
    }

    fn say_of(&self, place: &Path, problem: &str) {
        let place = place.display();
        self.say(format!(
            "cache {place}: {problem}; what it was kept for is computed again"
        ));
    }

    pub(super) fn put(&self, key: &str, entry: &Entry) {
        if self.is_closed.load(Ordering::Relaxed) {
            return;
        }
        let size = entry.size(key);
        let written = if size <= self.limit {
            self.make_room(size).and_then(|()| self.write(key, entry))
        } else {
            return;
        };
        match written {
            Ok(()) => {
                self.kept.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.is_closed.store(true, Ordering::Relaxed);
                let folder = self.path.display();
                self.say(format!(
                    "cache {folder}: it cannot be written ({error}), so later runs compute the same \
                     again; name another folder, or use none"
                ));
            }
        }
    }

    /// Whole or not at all: another run may read at the same time.
    fn write(&self, key: &str, entry: &Entry) -> io::Result<()> {
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.path)?;
        entry.write(key, &mut file)?;
        file.persist(self.place(key))?;
        Ok(())
    }

    /// Removes what was not used for longest, until so many bytes fit.
    fn make_room(&self, size: u64) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.path)? {
            let file = file?;
            // Another run may have removed it meanwhile.
            let Ok(about) = file.metadata() else { continue };
            let used = about.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if is_left_behind(&file, used) {
                let _ = fs::remove_file(file.path());
            } else if file.path().extension().is_some_and(|end| end == ENDING) {
                entries.push((used, file.path(), about.len()));
            }
        }
        entries.sort();
        let mut all: u64 = entries.iter().map(|(.., size)| size).sum();
        for (_, path, own) in entries {
            if all + size <= self.limit {
                break;
            }
            if let Err(error) = fs::remove_file(path)
                && !is_absent(&error)
            {
                return Err(error);
            }
            all -= own;
        }
        Ok(())
    }
}

fn is_left_behind(file: &DirEntry, used: SystemTime) -> bool {
    let is_old = used.elapsed().is_ok_and(|age| age > LEFT_BEHIND);
    is_old && file.file_name().to_string_lossy().starts_with(UNFINISHED)
}

fn told(error: impl Display) -> String {
    error.to_string()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(length: usize) -> Entry {
        Entry {
            about: String::new(),
            numbers: vec![0.25; length],
        }
    }

    /// Sets when an entry was used last, in seconds after the epoch.
    fn used(folder: &Folder, key: &str, seconds: u64) {
        let file = File::options().append(true).open(folder.place(key));
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        file.unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let place = tempfile::tempdir().unwrap();
        let room = 3 * entry(100).size("a") + 10;
        let folder = Folder::new(place.path().join("deep/cache"), room);
        for (key, seconds) in [("a", 1), ("b", 2), ("c", 3)] {
            folder.put(key, &entry(100));
            used(&folder, key, seconds);
        }
        // Reading is using.
        assert_eq!(folder.get("a"), Some(entry(100)));
        folder.put("d", &entry(100));
        let there = ["a", "b", "c", "d"].map(|key| folder.get(key).is_some());
        assert_eq!(there, [true, false, true, true]);
        // What does not fit at all is not kept, and removes nothing.
        folder.put("e", &entry(1000));
        assert!(folder.get("e").is_none() && folder.get("a").is_some());
        assert!(folder.words().is_empty());
        assert_eq!((folder.counts().found, folder.counts().kept), (5, 4));
    }

    #[test]
    fn what_a_killed_run_left_is_removed_later_and_other_files_stay() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().into(), 1 << 20);
        let files = [".unfinished-old", ".unfinished-new", "notes.txt"];
        for name in files {
            fs::write(place.path().join(name), "x").unwrap();
        }
        let old = File::options()
            .append(true)
            .open(place.path().join(files[0]));
        old.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        folder.put("key", &entry(1));
        let there = files.map(|name| place.path().join(name).exists());
        assert_eq!(there, [false, true, true]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said_once() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "x").unwrap();
        let folder = Folder::new(file.join("cache"), 1 << 20);
        assert!(folder.get("a").is_none());
        folder.put("a", &entry(1));
        folder.put("b", &entry(1));
        let words = folder.words();
        assert!(
            matches!(words.as_slice(), [one] if one.contains("cannot be written")),
            "{words:?}"
        );
    }
}
