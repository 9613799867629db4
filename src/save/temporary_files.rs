//! The register of temporary files with names, so that an exit without drops can remove them: a second signal
//! ends the process at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// The longest time for which a removal waits for a file that is being made or renamed, on a file system that
/// may hang.
const PATIENCE: Duration = Duration::from_millis(100);

/// The interval at which it looks again.
const LOCK_INTERVAL: Duration = Duration::from_millis(1);

/// The temporary files of the process that have a name and will be renamed or deleted. Clones share the register.
#[derive(Debug, Clone, Default)]
pub struct TemporaryFiles(Arc<Mutex<Vec<PathBuf>>>);

/// The entry of one file, for as long as it has its temporary name.
#[derive(Debug)]
pub(super) struct TemporaryName {
    files: TemporaryFiles,
    path: PathBuf,
}

impl TemporaryFiles {
    /// Makes a file and registers it, in one step for a [removal](TemporaryFiles::remove_all).
    pub(super) fn register<T, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
        path: impl FnOnce(&T) -> &Path,
    ) -> Result<(T, TemporaryName), E> {
        let mut paths = self.lock();
        let made = make()?;
        let path = path(&made).to_path_buf();
        paths.push(path.clone());
        drop(paths);
        let files = self.clone();
        Ok((made, TemporaryName { files, path }))
    }

    /// Removes all that are registered. None is made or renamed after that: the process is about to exit.
    pub fn remove_all(&self) {
        let began = Instant::now();
        let paths = loop {
            match self.0.try_lock() {
                Ok(paths) => break paths,
                Err(TryLockError::Poisoned(poisoned)) => break poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if began.elapsed() >= PATIENCE => return,
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_INTERVAL),
            }
        };
        for path in &*paths {
            // The process exits either way.
            let _ = fs::remove_file(path);
        }
        // Held until the exit.
        std::mem::forget(paths);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PathBuf>> {
        // Each change is a single push or removal, so a poisoned register is still consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TemporaryName {
    /// Runs what takes the name away, in one step for a removal.
    pub(super) fn end<T>(self, rename: impl FnOnce() -> T) -> T {
        let files = self.files.clone();
        let mut paths = files.lock();
        let renamed = rename();
        paths.retain(|path| *path != self.path);
        drop(paths);
        renamed
    }
}

impl Drop for TemporaryName {
    fn drop(&mut self) {
        self.files.lock().retain(|path| *path != self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;

    use super::*;

    fn register(files: &TemporaryFiles, path: &Path) -> TemporaryName {
        let made = files.register(|| File::create_new(path).map(|_| path), |path| path);
        made.expect("it can be made").1
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("it is there");
        let name = |entry: io::Result<fs::DirEntry>| entry.expect("it can be read").file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().expect("ASCII"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_files_that_still_have_their_temporary_names_are_removed() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let at = |name: &str| folder.path().join(name);
        let files = TemporaryFiles::default();
        let kept = register(&files, &at("a.tmp"));
        let renamed = register(&files, &at("b.tmp"));
        let ended = renamed.end(|| fs::rename(at("b.tmp"), at("b")));
        ended.expect("it can be renamed");
        // What gets the name next is another's.
        fs::write(at("b.tmp"), "another's").expect("it can be written");
        drop(register(&files, &at("c.tmp")));
        let failed = files.register(|| File::create_new(at("b")).map(|_| at("b")), |path| path);
        failed.expect_err("it is there already");
        files.remove_all();
        assert_eq!(names(folder.path()), ["b", "b.tmp", "c.tmp"]);
        std::mem::forget(kept);
    }

    #[test]
    fn a_removal_does_not_wait_for_a_file_system_that_hangs() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("a.tmp");
        let files = TemporaryFiles::default();
        let name = register(&files, &path);
        let held = files.lock();
        // From another thread, as the one that handles signals.
        let removal = thread::spawn({
            let files = files.clone();
            move || files.remove_all()
        });
        removal.join().expect("it ends while the register is held");
        drop(held);
        drop(name);
        assert_eq!(names(folder.path()), ["a.tmp"]);
    }
}
