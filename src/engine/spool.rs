//! The spool: targets that wait beyond the look-ahead, in an unnamed temporary file.
//!
//! A target that may not start yet must not keep those behind it from starting, and a list of any length
//! must not cost memory. So what is read past the look-ahead, and waits, lies on disk, each origin's
//! targets in their order. The records of an origin are chained: each begins with the place of the next,
//! so that an origin costs two numbers of memory, whatever the number of its targets.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::job::Job;
use super::spooled_target::SpooledTarget;

/// The maximum size of the file: a million targets or so. Beyond it no more of the list is read until some
/// of them have started.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The maximum number of origins with targets on disk, which cost memory each.
const MAX_ORIGINS: usize = 16 * 1024;

/// The maximum number of targets that wait in memory beside the spool: those of origins that have no more of them.
/// A list of hosts that all ask for a wait (`Retry-After`) would be read to its end otherwise, at a kilobyte each.
const MAX_IN_MEMORY: usize = 8 * 1024;

/// The bytes before a record: the place of the origin's next record (0: none), and the record's length.
const PREFIX: usize = 12;

/// The bytes read at once: most records, with their prefix.
const READ: usize = 512;

/// Targets on disk.
#[derive(Debug, Default)]
pub(super) struct Spool {
    file: Option<File>,
    /// The end of the last record.
    end: u64,
    chains: HashMap<Arc<str>, Chain, RandomState>,
    count: u64,
    buffer: Vec<u8>,
    /// Set once the file could not be made, written or read.
    has_failed: bool,
}

/// The records of one origin.
#[derive(Debug, Clone, Copy)]
struct Chain {
    first: u64,
    last: u64,
}

impl Spool {
    /// True if a target more may wait, beside `in_memory` others that wait there.
    pub(super) fn has_room(&self, in_memory: usize) -> bool {
        !self.has_failed
            && self.end < MAX_BYTES
            && self.chains.len() < MAX_ORIGINS
            && in_memory < MAX_IN_MEMORY
    }

    /// The number of targets on disk.
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// True if targets of this origin lie on disk.
    pub(super) fn has(&self, origin: &str) -> bool {
        self.count > 0 && self.chains.contains_key(origin)
    }

    /// Appends a job that has not been tried.
    ///
    /// # Errors
    ///
    /// If it cannot be written. The job is not on disk then.
    pub(super) fn push(&mut self, job: &Job) -> io::Result<()> {
        self.append(job).inspect_err(|_| self.has_failed = true)
    }

    /// Takes the origin's first job from the disk.
    ///
    /// # Errors
    ///
    /// If it cannot be read back. The rest of the origin's jobs are lost with it.
    pub(super) fn pop(&mut self, origin: &str) -> io::Result<Option<Job>> {
        let Some((name, chain)) = self.chains.get_key_value(origin) else {
            return Ok(None);
        };
        let (name, chain) = (Arc::clone(name), *chain);
        let read = self.read(chain.first);
        match &read {
            Ok((_, next)) if *next != 0 => {
                let rest = Chain {
                    first: *next,
                    ..chain
                };
                self.chains.insert(name, rest);
                self.count -= 1;
            }
            _ => {
                self.chains.remove(origin);
                self.count = self.count.saturating_sub(1);
            }
        }
        if self.chains.is_empty() {
            self.clear();
        }
        read.map(|(job, _)| Some(job))
            .inspect_err(|_| self.has_failed = true)
    }

    /// Takes all jobs from the disk, one by one.
    ///
    /// # Errors
    ///
    /// As for [`pop`](Spool::pop).
    pub(super) fn pop_any(&mut self) -> io::Result<Option<Job>> {
        match self.chains.keys().next().cloned() {
            Some(origin) => self.pop(&origin),
            None => Ok(None),
        }
    }

    fn clear(&mut self) {
        self.count = 0;
        self.end = 0;
        if let Some(file) = &self.file {
            // The space is only given back early: the file ends with the run.
            let _ = file.set_len(0);
        }
    }

    fn append(&mut self, job: &Job) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile()?,
        };
        let file = self.file.insert(file);
        self.buffer.clear();
        self.buffer.resize(PREFIX, 0);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer = postcard::to_extend(&SpooledTarget::of(job), buffer).map_err(io::Error::other)?;
        let length = u32::try_from(buffer.len() - PREFIX).map_err(io::Error::other)?;
        buffer[8..PREFIX].copy_from_slice(&length.to_le_bytes());
        // No record lies at 0, which stands for none.
        let at = self.end.max(1);
        file.write_all_at(&buffer, at)?;
        let origin = job.origin();
        match self.chains.get_mut(origin) {
            Some(chain) => {
                file.write_all_at(&at.to_le_bytes(), chain.last)?;
                chain.last = at;
            }
            None => {
                let chain = Chain {
                    first: at,
                    last: at,
                };
                self.chains.insert(Arc::from(origin), chain);
            }
        }
        self.end = at + buffer.len() as u64;
        self.count += 1;
        self.buffer = buffer;
        Ok(())
    }

    /// Reads a record, and the place of the next one of its origin.
    fn read(&mut self, at: u64) -> io::Result<(Job, u64)> {
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        self.buffer.resize(READ, 0);
        let first = usize::try_from(self.end - at).map_or(READ, |left| left.min(READ));
        file.read_exact_at(&mut self.buffer[..first], at)?;
        let (next, length) = self.buffer[..PREFIX].split_at(8);
        let next = u64::from_le_bytes(next.try_into().map_err(io::Error::other)?);
        let length = u32::from_le_bytes(length.try_into().map_err(io::Error::other)?);
        let end = PREFIX + usize::try_from(length).map_err(io::Error::other)?;
        if end > first {
            self.buffer.resize(end, 0);
            file.read_exact_at(&mut self.buffer[first..], at + first as u64)?;
        }
        let record: SpooledTarget<'_> =
            postcard::from_bytes(&self.buffer[PREFIX..end]).map_err(io::Error::other)?;
        Ok((record.into_job()?, next))
    }
}

#[cfg(test)]
mod tests;
