//! Bodies on their way into a pack.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::PackFormat;
use super::frame::MemberFrame;
use super::warc::cdxj::IndexEntry;
use super::warc::{Archive, ArchivedHead};
use crate::save::error::BodyError;
use crate::save::spill::{MemoryBudget, SpillBuffer, spill_error};
use crate::save::version::Version;

/// The body of one attempt. It continues none: a later attempt begins another.
#[derive(Debug)]
pub struct PackBody {
    received: Arc<Mutex<Received>>,
    /// The length that the response states.
    stated: Option<u64>,
    is_complete: bool,
    /// True if the bytes come by a [`Tap`]: those that are written are decoded, and only checked by others.
    is_tapped: bool,
    /// The records, of a format that has the whole exchange. Boxed, because it is large.
    archive: Option<Box<Archive>>,
}

/// The bytes of a body, which a tap may share with it.
#[derive(Debug)]
struct Received {
    bytes: SpillBuffer,
    /// The error of a tap, which has nobody to tell.
    error: Option<io::Error>,
}

/// A complete body, ready to be appended to a pack.
#[derive(Debug)]
pub struct PackMember {
    pub(super) bytes: MemberBytes,
    /// The frame, if it was built for the outcome as the worker had it.
    pub(super) frame: Option<MemberFrame>,
}

/// The bytes of a member.
#[derive(Debug)]
pub(super) enum MemberBytes {
    /// The body.
    Body(SpillBuffer),
    /// The records, and the responses among them.
    Records(SpillBuffer, Vec<IndexEntry>),
}

impl PackMember {
    /// The length of the body, in a format whose members are bodies.
    pub(super) fn body_length(&self) -> u64 {
        match &self.bytes {
            MemberBytes::Body(body) => body.len(),
            MemberBytes::Records(..) => 0,
        }
    }
}

impl PackBody {
    pub(super) fn new(budget: &MemoryBudget, format: PackFormat) -> Self {
        PackBody {
            received: Arc::new(Mutex::new(Received {
                bytes: SpillBuffer::new(budget),
                error: None,
            })),
            stated: None,
            is_complete: false,
            is_tapped: false,
            archive: match format {
                PackFormat::Tar => None,
                PackFormat::Warc => Some(Box::new(Archive::new(budget))),
            },
        }
    }

    /// Tells that the pack has the whole exchange, and bodies as they were sent.
    pub fn is_archived(&self) -> bool {
        self.archive.is_some()
    }

    /// Begins an exchange, in place of one that has not [ended](PackBody::end_exchange).
    pub fn begin_exchange(&mut self, head: ArchivedHead) {
        self.discard();
        if let Some(archive) = &mut self.archive {
            archive.begin(head);
        }
    }

    /// Ends the exchange with this server, after its body or as much as there is of it.
    ///
    /// # Errors
    ///
    /// If its records cannot be kept.
    pub fn end_exchange(
        &mut self,
        ip: Option<IpAddr>,
        is_truncated: bool,
    ) -> Result<(), BodyError> {
        let Some(archive) = &mut self.archive else {
            return Ok(());
        };
        let mut received = lock(&self.received);
        let ended = archive.end(&received.bytes, ip, is_truncated);
        received.bytes.clear();
        ended.map_err(|error| spill_error(&error))
    }

    /// Begins to receive a whole body of this version.
    pub fn start(&mut self, version: &Version) {
        self.discard();
        self.stated = version.length;
        if let Some(length) = version.length {
            lock(&self.received).bytes.expect(length);
        }
    }

    /// Drops what has been received of the body.
    pub fn discard(&mut self) {
        let mut received = lock(&self.received);
        received.bytes.clear();
        received.error = None;
        drop(received);
        self.stated = None;
        self.is_complete = false;
        self.is_tapped = false;
    }

    /// Takes the bytes from here on as they are read from `body`, before they are decoded.
    pub fn tap<R: Read>(&mut self, body: R) -> Tap<R> {
        self.is_tapped = self.is_archived();
        Tap {
            body,
            received: self.is_tapped.then(|| Arc::clone(&self.received)),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// If they cannot be kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        if self.is_tapped {
            return Ok(());
        }
        let written = lock(&self.received).bytes.write(bytes);
        written.map_err(|error| spill_error(&error))
    }

    /// Takes the last bytes, and checks the length.
    ///
    /// # Errors
    ///
    /// If they cannot be kept, or the body has another length than stated.
    pub fn complete(&mut self, last: &[u8]) -> Result<(), BodyError> {
        self.write(last)?;
        let mut received = lock(&self.received);
        if let Some(error) = received.error.take() {
            return Err(spill_error(&error));
        }
        let count = received.bytes.len();
        drop(received);
        if let Some(stated) = self.stated.filter(|stated| *stated != count) {
            return Err(BodyError::LengthMismatch {
                received: count,
                stated,
            });
        }
        self.is_complete = true;
        Ok(())
    }

    /// The member that the body becomes; `None` if it is not complete.
    pub fn into_member(self) -> Option<PackMember> {
        if !self.is_complete {
            return None;
        }
        let bytes = match self.archive {
            Some(archive) => MemberBytes::Records(archive.records, archive.entries),
            // A tap ends with its response, before the body is complete.
            None => {
                let received = Arc::into_inner(self.received)?;
                let received = received
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner);
                MemberBytes::Body(received.bytes)
            }
        };
        Some(PackMember { bytes, frame: None })
    }
}

fn lock(received: &Mutex<Received>) -> MutexGuard<'_, Received> {
    // Bytes that were half taken when a thread panicked belong to an attempt that failed.
    received.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader that hands on what it reads, and keeps it for the pack.
#[derive(Debug)]
pub struct Tap<R> {
    body: R,
    received: Option<Arc<Mutex<Received>>>,
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        if let Some(received) = &self.received {
            let mut received = lock(received);
            if received.error.is_none() {
                received.error = received.bytes.write(&buffer[..count]).err();
            }
        }
        Ok(count)
    }
}
