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
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::http::Naming;
    use crate::model::meta::Meta;
    use crate::model::save_path::SavePath;
    use crate::model::target::{DefaultScheme, Location, Target, Verb};

    fn job(index: u64, url: &str) -> Job {
        let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
        Job::new(
            Arc::new(Target {
                index,
                location,
                verb: Verb::Get,
                headers: None,
                output: None,
                sha256: None,
                meta: None,
            }),
            None,
        )
    }

    fn push(spool: &mut Spool, job: &Job) {
        spool.push(job).expect("there is room on the disk");
    }

    fn pop(spool: &mut Spool, origin: &str) -> Option<Job> {
        spool.pop(origin).expect("it was written here")
    }

    #[test]
    fn each_origin_gets_its_targets_back_in_their_order() {
        let mut spool = Spool::default();
        for index in 0..1000 {
            let long = "x".repeat(usize::try_from(index % 700).expect("small"));
            push(
                &mut spool,
                &job(index, &format!("http://h{}/{index}{long}", index % 3)),
            );
        }
        assert!(!spool.is_empty());
        for (host, others) in [(1, [0, 2]), (0, [2, 2]), (2, [2, 2])] {
            let origin = format!("http://h{host}");
            for place in 0.. {
                let Some(job) = pop(&mut spool, &origin) else {
                    assert_eq!(place, if host == 0 { 334 } else { 333 });
                    break;
                };
                assert_eq!(job.target.index, place * 3 + host);
                assert!(
                    job.target
                        .location
                        .text()
                        .starts_with(&format!("{origin}/"))
                );
            }
            assert!(!spool.has(&origin));
            for other in others.iter().filter(|other| **other != host) {
                assert!(spool.has(&format!("http://h{other}")));
            }
        }
        assert!(spool.is_empty());
        let length = spool
            .file
            .as_ref()
            .expect("a file")
            .metadata()
            .expect("metadata")
            .len();
        assert_eq!(length, 0, "the space of an empty spool is given back");
        push(&mut spool, &job(7, "http://h/"));
        assert_eq!(
            pop(&mut spool, "http://h").map(|job| job.target.index),
            Some(7)
        );
    }

    #[test]
    fn there_is_room_up_to_the_bytes_and_the_targets_and_none_after_a_failure() {
        for (end, has_room) in [(0, true), (MAX_BYTES - 1, true), (MAX_BYTES, false)] {
            let spool = Spool {
                end,
                ..Spool::default()
            };
            assert_eq!(spool.has_room(0), has_room, "{end} bytes");
        }
        let mut spool = Spool::default();
        let chain = Chain { first: 1, last: 1 };
        for number in 1..=MAX_ORIGINS {
            spool
                .chains
                .insert(format!("http://h{number}").into(), chain);
            let has_room = number < MAX_ORIGINS;
            assert_eq!(spool.has_room(0), has_room, "{number} origins");
        }
        let failed = Spool {
            has_failed: true,
            ..Spool::default()
        };
        assert!(!failed.has_room(0));
        let spool = Spool::default();
        assert!(spool.has_room(MAX_IN_MEMORY - 1));
        assert!(!spool.has_room(MAX_IN_MEMORY));
    }

    #[test]
    fn a_target_comes_back_with_all_that_its_line_says() {
        let mut secret = HeaderValue::from_static("Bearer S");
        secret.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.append("x-one", HeaderValue::from_static("1"));
        headers.append("x-one", HeaderValue::from_bytes(b"\xe4").expect("a value"));
        headers.append("authorization", secret);
        let location = Location::parse("http://user:pass@h:8080/a?b#c", DefaultScheme::Http);
        let target = Target {
            index: u64::MAX,
            location: location.expect("a URL"),
            verb: Verb::Head,
            headers: Some(Box::new(headers)),
            output: Some(SavePath::parse("a/b.txt").expect("a path")),
            sha256: Some(Box::new([7; 32])),
            meta: Meta::parse(r#"{"id": 12345678901234567890123}"#),
        };
        let place = SavePath::parse("c/d").expect("a path");
        for naming in [
            Naming::Requested,
            Naming::Late,
            Naming::Other(SavePath::parse("e").expect("a path")),
        ] {
            let mut spool = Spool::default();
            let file = Some((place.clone(), naming));
            let before = Job::new(Arc::new(target.clone()), file);
            let expected = format!("{before:?}");
            push(&mut spool, &before);
            let after = pop(&mut spool, "http://h:8080").expect("it is there");
            assert_eq!(format!("{after:?}"), expected);
            let secret = after.target.location.authorization();
            assert_eq!(secret, target.location.authorization());
            assert_eq!(after.target.headers, target.headers);
        }
    }

    #[test]
    fn all_targets_are_taken_whatever_their_origins() {
        let mut spool = Spool::default();
        for index in 0..50 {
            push(&mut spool, &job(index, &format!("http://h{}/", index % 7)));
        }
        let mut taken = Vec::new();
        while let Some(job) = spool.pop_any().expect("it was written here") {
            taken.push(job.target.index);
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..50).collect::<Vec<_>>());
    }
}
