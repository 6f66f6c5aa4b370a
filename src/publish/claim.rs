//! The folders that a run works in: its own while it works, and as they were when it fails.
//!
//! # Decisions
//!
//! - A lock on a file, and not a file that is there: the system frees it when its owner dies, however
//!   that happens.
//! - What a run leaves is found by its name and not from a list. So one function cleans up at the end
//!   of a run, after a failure, for a signal, and after a run that was killed.
//! - Files are made, and put in place, under one mutex. A signal waits for it, so that it finds all of
//!   the new files in their places or none.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::{Builder, NamedTempFile};

use crate::asked::Asked;
use crate::error::{Error, Result};

use super::artifact::{figures_folder, tables_folder};
use super::listener::Listener;
use super::made::Made;

/// What the names of temporary files and folders begin with.
const PREFIX: &str = ".lora-subspace-";
/// The name of the file that is locked.
const LOCK: &str = ".lora-subspace-lock";

/// The claims of this process.
static HELD: Mutex<Vec<Arc<Held>>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<Arc<Held>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files of all runs of this process, and stops them from making others or
/// putting any in place: for a program that is about to end. Files that a run is putting in place
/// are waited for.
pub fn abandon() {
    let held = held();
    held.iter().for_each(|one| one.clean());
    // Nobody gets past it any more.
    std::mem::forget(held);
}

/// Makes a folder that is not there, or is empty: whole, or not at all. A signal waits until `fill`, which
/// is given the folder under another name, is done.
///
/// # Errors
///
/// Those of `fill`, and where nothing can be made there.
pub fn make_folder(place: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let failed = |source| {
        let remedy = "name another folder, which you may write to";
        Error::io(place, "create it", source, remedy)
    };
    let around = match place.parent() {
        Some(around) if !around.as_os_str().is_empty() => around,
        _ => Path::new("."),
    };
    let (_claim, scratch) = Claim::scratch_in(around).map_err(failed)?;
    let made = scratch.join("made");
    let _held = held();
    fs::create_dir(&made).map_err(failed)?;
    fill(&made)?;
    fs::rename(&made, place).map_err(failed)
}

/// A claim on folders; dropped, it leaves nothing of its own behind but files that are in place.
pub(super) struct Claim(Arc<Held>);

struct Held {
    /// Open as long as the lock is held.
    lock: Option<File>,
    of: Of,
}

enum Of {
    /// The folders of a study's files, of which the first has the lock.
    Study { folders: [PathBuf; 2], made: Made },
    /// A temporary folder, with all that is in it, and the folders around it that were made for it.
    Scratch { folder: PathBuf, made: Made },
}

impl Claim {
    /// Claims the folders of a study's files under `out`, makes them where they are not there, and
    /// sweeps what runs that were killed left in them, and what checks left elsewhere.
    ///
    /// # Errors
    ///
    /// Where no file can be made there, and where another run is at work.
    pub(super) fn of_study(out: &Path, study: &str, listener: &dyn Listener) -> Result<Self> {
        let folders = [tables_folder(study), figures_folder(study)].map(|one| out.join(one));
        // A signal finds all that was made so far, or nothing yet.
        let mut held = held();
        let mut made = Made::default();
        for folder in &folders {
            made.make(folder)
                .map_err(|source| no_files(folder, source))?;
        }
        let tables = &folders[0];
        let found = lock(&tables.join(LOCK)).map_err(|source| no_files(tables, source))?;
        let lock = match found {
            Locked::Ours(file) => Some(file),
            Locked::ByAnother => return Err(busy(study, tables)),
            Locked::NoLocks(error) => {
                listener.warn(&format!(
                    "{}: this file system has no locks ({error}): do not start a second run \
                     of the study at the same time",
                    tables.display()
                ));
                None
            }
        };
        if lock.is_some() {
            folders.iter().for_each(sweep);
        }
        sweep_scratch(&std::env::temp_dir());
        let claim = Self::hold(
            &mut held,
            lock,
            Of::Study {
                folders: folders.clone(),
                made,
            },
        );
        drop(held);
        // Whether files can be made in both is known before the work.
        for folder in &folders {
            let probe = claim.create(folder);
            probe.map_err(|source| no_files(folder, source))?;
        }
        Ok(claim)
    }

    /// A temporary folder that goes with its claim; those that killed runs left are swept.
    ///
    /// # Errors
    ///
    /// Where no folder can be made for temporary files.
    pub(super) fn scratch() -> Result<(Self, PathBuf)> {
        let place = std::env::temp_dir();
        Self::scratch_in(&place).map_err(|source| {
            let remedy = "name a folder that you may write to in TMPDIR";
            Error::io(place, "create a folder there", source, remedy)
        })
    }

    /// As [`Claim::scratch`], in another folder, which is made where it is not there.
    pub(super) fn scratch_in(place: &Path) -> io::Result<(Self, PathBuf)> {
        let mut held = held();
        let mut made = Made::default();
        made.make(place)?;
        sweep_scratch(place);
        loop {
            let folder = Builder::new().prefix(PREFIX).tempdir_in(place)?;
            // Another run that sweeps may have it, or have removed it already.
            let lock = match lock(&folder.path().join(LOCK)) {
                Ok(Locked::Ours(file)) => Some(file),
                Ok(Locked::NoLocks(_)) => None,
                Ok(Locked::ByAnother) => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let folder = folder.keep();
            let of = Of::Scratch {
                folder: folder.clone(),
                made,
            };
            let claim = Self::hold(&mut held, lock, of);
            return Ok((claim, folder));
        }
    }

    fn hold(held: &mut Vec<Arc<Held>>, lock: Option<File>, of: Of) -> Self {
        let one = Arc::new(Held { lock, of });
        held.push(one.clone());
        Claim(one)
    }

    /// A temporary file in a folder, which is one of those claimed or inside of it.
    pub(super) fn create(&self, folder: &Path) -> io::Result<NamedTempFile> {
        let _held = held();
        fs::create_dir_all(folder)?;
        let mut builder = Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // Results are for sharing; the umask still applies.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder)
    }

    /// Puts files in their places, in their order: their bytes are on disk before the first name
    /// changes. Gives the place that failed with the failure.
    pub(super) fn put(
        &self,
        files: Vec<(NamedTempFile, PathBuf)>,
    ) -> std::result::Result<(), (PathBuf, io::Error)> {
        for (file, place) in &files {
            let at = |source| (place.clone(), source);
            if let Of::Study { .. } = self.0.of {
                file.as_file().sync_all().map_err(at)?;
            }
            // Before the first: a name that cannot be taken is no reason for half a set.
            if place.symlink_metadata().is_ok_and(|there| there.is_dir()) {
                return Err(at(io::ErrorKind::IsADirectory.into()));
            }
        }
        let _held = held();
        let mut folders: Vec<PathBuf> = Vec::new();
        for (file, place) in files {
            let folder = place.parent().unwrap_or(Path::new("")).to_path_buf();
            file.persist(&place).map_err(|error| (place, error.error))?;
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        #[cfg(unix)]
        for folder in folders {
            // Not every file system can; the names are there all the same.
            let _ = File::open(&folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = held();
        held.retain(|one| !Arc::ptr_eq(one, &self.0));
        self.0.clean();
    }
}

impl Held {
    /// Removes what is temporary, and folders that stayed empty.
    fn clean(&self) {
        match &self.of {
            Of::Study { folders, made } => {
                // Without a lock some may be another's.
                if self.lock.is_some() {
                    folders.iter().for_each(sweep);
                    // The last: from then on the folders may be another's.
                    let _ = fs::remove_file(folders[0].join(LOCK));
                }
                made.remove_empty();
            }
            Of::Scratch { folder, made } => {
                remove_scratch(folder);
                made.remove_empty();
            }
        }
    }
}

/// How a lock was found.
enum Locked {
    Ours(File),
    ByAnother,
    /// The file system has none.
    NoLocks(io::Error),
}

/// Locks a file, which is made where it is not there.
fn lock(path: &Path) -> io::Result<Locked> {
    loop {
        // Before it is opened: a pipe would be waited for, and a link leads elsewhere.
        if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
            let words = format!("{LOCK} there is no regular file: remove it");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)?;
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(Locked::Ours(file)),
            // Its owner removed it meanwhile.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Locked::ByAnother),
            Err(TryLockError::Error(error)) => {
                let _ = fs::remove_file(path);
                return Ok(Locked::NoLocks(error));
            }
        }
    }
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |there: fs::Metadata| (there.dev(), there.ino());
    let open = file.metadata().map(of);
    open.is_ok_and(|open| path.metadata().map(of).is_ok_and(|there| there == open))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Removes what is temporary in a folder, but for the lock's own file.
fn sweep(folder: &PathBuf) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_temporary = name.to_string_lossy().starts_with(PREFIX);
        if is_temporary && name != LOCK {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Removes the temporary folders whose owners have died.
fn sweep_scratch(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let is_named = name.to_string_lossy().starts_with(PREFIX)
            && entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_named {
            continue;
        }
        let inside = path.join(LOCK);
        if !inside.symlink_metadata().is_ok_and(|file| file.is_file()) {
            // Its owner died before the lock was there, or after it was removed. One that holds
            // files may be anybody's, and stays.
            let _ = fs::remove_dir(&path);
        } else if let Ok(Locked::Ours(_lock)) = lock(&inside) {
            remove_scratch(&path);
        }
    }
}

/// Removes a temporary folder, the lock after all else: killed on the way, it leaves a folder that
/// the next run knows by its lock, or an empty one.
fn remove_scratch(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name() == LOCK {
            continue;
        }
        let _ = match entry.file_type() {
            Ok(kind) if kind.is_dir() => fs::remove_dir_all(entry.path()),
            _ => fs::remove_file(entry.path()),
        };
    }
    let _ = fs::remove_file(folder.join(LOCK));
    let _ = fs::remove_dir(folder);
}

fn busy(study: &str, folder: &Path) -> Error {
    Error::request(
        format!("study {study}"),
        format!("another run is at work in {}", folder.display()),
        format!(
            "wait until it ends, or choose another folder with {}",
            Asked::Out
        ),
    )
}

fn no_files(folder: &Path, source: io::Error) -> Error {
    Error::io(
        folder,
        "create files there",
        source,
        format!("choose a folder that you may write to with {}", Asked::Out),
    )
}
