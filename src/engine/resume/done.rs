//! The targets that a run log says are done.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use ring::digest::{Context, SHA256};

use super::JournalError;
use super::line::{self, HEADER, LogEntry, MAX_LINE_BYTES, in_folder, without_folder};
use crate::model::outcome::Verdict;
use crate::model::target::Verb;

/// The bytes that are read from the log at once.
const BUFFER: usize = 64 * 1024;

/// The targets that are done: those whose last line in the log has the outcome `ok` or `unchanged`.
///
/// Each is kept as 16 bytes of a digest, so a log of a million lines takes some tens of megabytes.
#[derive(Debug, Clone, Default)]
pub struct DoneTargets {
    keys: HashSet<u128, BuildHasherDefault<DigestHasher>>,
    /// The folder that this run saves in.
    folder: Option<String>,
}

impl DoneTargets {
    /// No targets, for a run that saves in this folder.
    pub(super) fn new(folder: Option<&str>) -> Self {
        DoneTargets {
            keys: HashSet::default(),
            folder: folder.map(str::to_owned),
        }
    }

    /// Returns true if this target is done; `name` is that of its file below the run's folder.
    pub fn contains(&self, verb: Verb, url: &str, name: Option<&str>) -> bool {
        let name = name.map(|name| in_folder(self.folder.as_deref(), name));
        self.keys.contains(&key(verb, url, name.as_deref()))
    }

    /// The number of targets that are done.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns true if none is done.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Reads the lines after the header. For each target that has a file, calls `each` with the name that
    /// the file was to have and the path that it has.
    pub(super) fn read(
        file: &mut File,
        name: &str,
        folder: Option<&str>,
        mut each: impl FnMut(&str, &str),
    ) -> Result<Self, JournalError> {
        let unreadable = |source| JournalError::Read {
            file: name.to_owned(),
            source,
        };
        file.seek(SeekFrom::Start(HEADER.len() as u64))
            .map_err(unreadable)?;
        let mut reader = BufReader::with_capacity(BUFFER, file);
        let mut bytes = Vec::new();
        let mut done = DoneTargets::new(folder);
        // The line before, if it could not be parsed: its number, and the reason.
        let mut torn: Option<(u64, String)> = None;
        for number in 2.. {
            bytes.clear();
            reader
                .by_ref()
                .take(MAX_LINE_BYTES as u64 + 1)
                .read_until(b'\n', &mut bytes)
                .map_err(unreadable)?;
            if bytes.is_empty() {
                break;
            }
            if bytes.len() > MAX_LINE_BYTES {
                return Err(JournalError::TooLong {
                    file: name.to_owned(),
                    line: number,
                });
            }
            // A run that is killed leaves a torn last line, and the next run begins a new one: with a `run`
            // line, which may be torn too.
            if let Some((line, reason)) = torn.take()
                && !line::is_run(&bytes)
            {
                return Err(JournalError::Damaged {
                    file: name.to_owned(),
                    line,
                    reason,
                });
            }
            // A last line without its line feed is whole and counts: the next run adds the line feed.
            match line::read(&bytes) {
                Ok(entry) => done.note(&entry, &mut each),
                Err(reason) => torn = Some((number, reason)),
            }
        }
        Ok(done)
    }

    fn note(&mut self, entry: &LogEntry<'_>, mut each: impl FnMut(&str, &str)) {
        let LogEntry::Result {
            verb,
            url,
            name,
            saved,
            verdict,
        } = entry
        else {
            return;
        };
        let key = key(*verb, url, name.as_deref());
        match verdict {
            Verdict::Ok | Verdict::Unchanged => {
                if let (Some(name), Some(saved)) = (name, saved)
                    && let Some(name) = without_folder(self.folder.as_deref(), name)
                {
                    each(name, saved);
                }
                self.keys.insert(key);
            }
            Verdict::Failed => {
                self.keys.remove(&key);
            }
            // Never written, and no reason to change what an earlier line says.
            Verdict::Skipped => {}
        }
    }
}

/// The key of a target: a digest long enough that no two targets have the same, even if the URLs were
/// chosen for that.
fn key(verb: Verb, url: &str, name: Option<&str>) -> u128 {
    let verb = match verb {
        Verb::Get => 0,
        Verb::Head => 1,
    };
    let mut context = Context::new(&SHA256);
    // The URL's length before it, so that no two pairs of URL and name are the same bytes.
    context.update(&[verb, u8::from(name.is_some())]);
    context.update(&(url.len() as u64).to_le_bytes());
    context.update(url.as_bytes());
    context.update(name.unwrap_or("").as_bytes());
    let digest = context.finish();
    let (half, _) = digest
        .as_ref()
        .split_first_chunk()
        .expect("SHA-256 has 32 bytes");
    u128::from_le_bytes(*half)
}

/// The hasher of keys that are digests: their own bits are as good as any hash of them.
#[derive(Debug, Clone, Copy, Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        // Half of the digest is enough for a hash table.
        self.0 = key as u64;
    }
}
