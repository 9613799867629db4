//! What is done with a response: its body read to the end, dropped, saved or passed on.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use ring::digest::{Context, SHA256};
use ureq::{Body, BodyReader};

use super::classify::{FAILURE_BODY, Meaning, judge};
use super::client::{Broken, Client, Step, Visit};
use super::decode::{Coding, Counts, Decoder, coding};
use super::error;
use super::framing::has_body;
use super::request_clock::{Fault, Meter};
use super::sink::Sink;
use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::Location;
use crate::model::text::{excerpt, hex};
use crate::save::BodyError;

/// A redirect's body is read to keep the connection, but not past this many bytes.
const REDIRECT_BODY: u64 = 64 * 1024;

/// How much is collected before it is written to a file: TLS gives 16 KiB at a time, and a plain
/// socket what has come so far.
const COLLECTED: usize = 64 * 1024;

/// But not for longer than this: what is not written is lost if pfetch is killed.
const HELD_BACK: Duration = Duration::from_secs(1);

/// How much of a body is read.
#[derive(Clone, Copy)]
enum Limit {
    None,
    /// The rest is left, and its connection with it.
    Leave(u64),
    /// More is a failure.
    Fail(u64),
}

impl Client {
    /// Deals with a response that leads to `next`, if it is a redirect. `unread` says why its body
    /// cannot be read, if that is so: a failure where the body is wanted.
    pub(super) fn receive(
        &mut self,
        visit: &mut Visit<'_>,
        mut response: Response<Body>,
        next: Option<Location>,
        unread: Option<Failure>,
        bytes: &mut u64,
    ) -> Result<Step, Broken> {
        let status = response.status();
        let config = &self.shared.config;
        let is_accepted = config.accept.contains(status.as_u16());
        let is_readable = unread.is_none();
        if let Some(failure) = unread.filter(|_| next.is_none() && is_accepted) {
            return Err(Broken::Own(failure));
        }
        let decoding = match &next {
            // A HEAD, a 204 and a 304 have no body, whatever their headers say of it.
            None if config.compressed && has_body(&visit.method, status) => {
                coding(response.headers()).map_err(undecodable)?
            }
            _ => None,
        };
        let meaning = if next.is_some() {
            Meaning::NoBody(REDIRECT_BODY)
        } else {
            let length = response.body().content_length();
            // Before the sink hears of it, so that what an earlier run has left of the file stays. A
            // part (206) is added to what is there, which the sink has to look at first.
            if is_accepted
                && status != StatusCode::PARTIAL_CONTENT
                && has_body(&visit.method, status)
            {
                self.check_stated(length)?;
            }
            judge(
                visit,
                status,
                is_accepted,
                response.headers(),
                decoding,
                length,
            )?
        };
        let most = match meaning {
            Meaning::Body => return self.take(visit, response, decoding, bytes),
            Meaning::Refused(failure) => return Err(Broken::Own(failure)),
            Meaning::NoBody(most) => most,
            Meaning::Unchanged | Meaning::Complete => FAILURE_BODY,
            Meaning::Afresh => REDIRECT_BODY,
        };
        // Nobody waits for a body that came in the wrong place: its connection is given up.
        let is_misplaced = matches!(meaning, Meaning::Afresh) && status.is_success();
        if is_readable && !is_misplaced {
            let body = Watched::new(&mut response, &self.meter);
            self.drain(body, Limit::Leave(most), bytes)?;
        }
        match meaning {
            Meaning::Unchanged => {
                visit.is_unchanged = true;
                Ok(Step::Taken)
            }
            Meaning::Complete => {
                let digest = visit.digest()?;
                self.finish(visit, 0, digest)
            }
            Meaning::Afresh => Ok(Step::Afresh),
            _ => Ok(match next {
                Some(location) => Step::Redirect(location),
                None => Step::Unaccepted,
            }),
        }
    }

    /// Refuses a body whose stated length is more than may be taken (`--max-bytes`): nothing of it
    /// need be read to know that.
    fn check_stated(&self, length: Option<u64>) -> Result<(), Broken> {
        match (length, self.shared.config.max_bytes) {
            (Some(length), Some(most)) if length > most => {
                Err(Broken::Ureq(self.meter.fail(Fault::TooLong(length, most))))
            }
            _ => Ok(()),
        }
    }

    /// Takes the body in.
    fn take(
        &mut self,
        visit: &mut Visit<'_>,
        mut response: Response<Body>,
        decoding: Option<Coding>,
        bytes: &mut u64,
    ) -> Result<Step, Broken> {
        let limit = self
            .shared
            .config
            .max_bytes
            .map_or(Limit::None, Limit::Fail);
        if let (Some(lanes), None) = (&self.shared.lanes, decoding) {
            lanes.expect(self.worker, response.body().content_length());
        }
        let before = visit.sink.held_before();
        let length = response.body().content_length();
        self.check_stated(length.map(|length| length.saturating_add(before)))?;
        let mut digest = visit.digest()?;
        let is_wanted = decoding.is_some() || visit.wants_body(digest.as_ref());
        let mut body = if is_wanted {
            Watched::new(&mut response, &self.meter)
        } else {
            Watched::unwanted(&mut response, &self.meter)
        };
        let collected = match decoding {
            Some(coding) => {
                let counts = Counts::default();
                let capped = Capped {
                    body: &mut body,
                    limit,
                    count: 0,
                    meter: Arc::clone(&self.meter),
                };
                // It reads on to the end of what it decodes, in buffers of its own.
                let decoder = Decoder::new(coding, capped, &counts);
                self.pour(visit, decoder, limit, bytes, &mut digest)?
            }
            None => self.pour(visit, body, limit, bytes, &mut digest)?,
        };
        match collected {
            Some(collected) => self.finish(visit, collected, digest),
            None => Ok(Step::Afresh),
        }
    }

    /// Reads a body to its end into the target's sink. Returns how many bytes are still in the
    /// buffer; `None` if what came is not what was there before.
    fn pour(
        &mut self,
        visit: &mut Visit<'_>,
        mut body: impl Read,
        limit: Limit,
        bytes: &mut u64,
        digest: &mut Option<Context>,
    ) -> Result<Option<usize>, Broken> {
        if !visit.wants_body(digest.as_ref()) {
            self.drain(body, limit, bytes)?;
            return Ok(Some(0));
        }
        let (room, at_once) = match &visit.sink {
            Sink::File(_) => (COLLECTED, false),
            _ => (super::client::BODY_BUFFER, true),
        };
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
        let mut filled = 0;
        let mut written_at = Instant::now();
        loop {
            let read = body.read(&mut self.buffer[filled..]);
            let count = match read {
                Ok(count) => count,
                // Never read on past an error: ureq would then say that the body is over.
                Err(error) => {
                    // What has come can be continued from; that it cannot be written is the lesser
                    // evil now.
                    let _ = visit.write(&self.buffer[..filled], digest);
                    return Err(Broken::Ureq(ureq::Error::from(error)));
                }
            };
            filled += count;
            *bytes += count as u64;
            let so_far = visit.sink.held_before() + *bytes;
            if let Limit::Fail(most) = limit
                && so_far > most
            {
                return Err(Broken::Ureq(self.meter.fail(Fault::TooLarge(most))));
            }
            if let Some(lanes) = &self.shared.lanes {
                lanes.received(self.worker, *bytes);
            }
            let is_over = count == 0;
            let began = Instant::now();
            let is_due = filled > 0 && (at_once || began - written_at > HELD_BACK);
            if filled == self.buffer.len() || is_due {
                written_at = began;
                match visit.write(&self.buffer[..filled], digest) {
                    Ok(()) => filled = 0,
                    Err(BodyError::Changed) => return Ok(None),
                    Err(refused) => return Err(Broken::Own(error::from_refused(refused))),
                }
            }
            if is_over {
                return Ok(Some(filled));
            }
        }
    }

    /// The body is over, its last `filled` bytes in the buffer.
    fn finish(
        &mut self,
        visit: &mut Visit<'_>,
        filled: usize,
        mut digest: Option<Context>,
    ) -> Result<Step, Broken> {
        let last = &self.buffer[..filled];
        if let (Some(digest), Some(wanted)) = (&mut digest, &visit.target.sha256) {
            digest.update(&last[visit.sink.overlap().min(filled)..]);
            let found = digest.clone().finish();
            if found.as_ref() != wanted.as_slice() {
                let was_resumed = visit.sink.is_resumed();
                visit.sink.reject();
                // What was there before may have been to blame.
                if was_resumed {
                    return Ok(Step::Afresh);
                }
                return Err(Broken::Own(Failure {
                    kind: FailureKind::Checksum,
                    phase: None,
                    message: format!(
                        "the body's SHA-256 is {}, not {}",
                        hex(found),
                        hex(wanted.as_slice())
                    ),
                }));
            }
        }
        match visit.sink.complete(last) {
            Ok(()) => Ok(Step::Taken),
            Err(BodyError::Changed) => Ok(Step::Afresh),
            Err(refused) => Err(Broken::Own(error::from_refused(refused))),
        }
    }

    /// Reads a body to its end (only then does its connection go back to the pool), counting.
    fn drain(&mut self, mut body: impl Read, limit: Limit, bytes: &mut u64) -> Result<(), Broken> {
        loop {
            match body.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => *bytes += count as u64,
                // Never read on past an error: ureq would then say that the body is over.
                Err(error) => return Err(Broken::Ureq(ureq::Error::from(error))),
            }
            match limit {
                Limit::Leave(most) if *bytes > most => return Ok(()),
                Limit::Fail(most) if *bytes > most => {
                    return Err(Broken::Ureq(self.meter.fail(Fault::TooLarge(most))));
                }
                _ => {}
            }
            if let Some(lanes) = &self.shared.lanes {
                lanes.received(self.worker, *bytes);
            }
        }
    }
}

/// A response's body, which tells the meter that it is coming.
struct Watched<'a> {
    body: BodyReader<'a>,
    meter: Arc<Meter>,
    /// How much of it is still to come, if its length is known and nobody looks at it.
    unwanted: u64,
}

impl<'a> Watched<'a> {
    fn new(response: &'a mut Response<Body>, meter: &Arc<Meter>) -> Self {
        Watched {
            body: response.body_mut().as_reader(),
            meter: Arc::clone(meter),
            unwanted: 0,
        }
    }

    /// The same, of a body that is only counted.
    fn unwanted(response: &'a mut Response<Body>, meter: &Arc<Meter>) -> Self {
        let length = response.body().content_length();
        Watched {
            unwanted: length.unwrap_or_default(),
            ..Watched::new(response, meter)
        }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.meter.announce_unwanted(self.unwanted);
        let count = self.body.read(buffer)?;
        self.unwanted = self.unwanted.saturating_sub(count as u64);
        self.meter.progressed();
        Ok(count)
    }
}

/// An encoded body under the limit that its decoded bytes are under too: one that decodes to nothing
/// would go on for ever otherwise.
struct Capped<R> {
    body: R,
    limit: Limit,
    count: u64,
    meter: Arc<Meter>,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(buffer)?;
        self.count += count as u64;
        match self.limit {
            Limit::Fail(most) if self.count > most => {
                Err(self.meter.fail(Fault::TooLarge(most)).into_io())
            }
            _ => Ok(count),
        }
    }
}

impl Visit<'_> {
    /// The running SHA-256 of the body, if one is wanted, begun with what is there already.
    fn digest(&self) -> Result<Option<Context>, Broken> {
        if self.target.sha256.is_none() {
            return Ok(None);
        }
        let mut context = Context::new(&SHA256);
        if self.sink.is_resumed() {
            let read = self.sink.read_back(|bytes| context.update(bytes));
            read.map_err(|error| {
                Broken::Own(Failure {
                    kind: FailureKind::File,
                    phase: None,
                    message: format!("cannot read what is there of the file: {error}"),
                })
            })?;
        }
        Ok(Some(context))
    }

    /// Whether anybody looks at the bytes of the body as they come.
    fn wants_body(&self, digest: Option<&Context>) -> bool {
        digest.is_some() || !matches!(self.sink, Sink::None)
    }

    fn write(&mut self, bytes: &[u8], digest: &mut Option<Context>) -> Result<(), BodyError> {
        if let Some(digest) = digest {
            digest.update(&bytes[self.sink.overlap().min(bytes.len())..]);
        }
        self.sink.write(bytes)
    }
}

fn undecodable(coding: String) -> Broken {
    Broken::Own(Failure {
        kind: FailureKind::Encoding,
        phase: None,
        message: format!(
            "the body is encoded as \"{}\", which cannot be decoded; without --compressed it is \
             taken as it is",
            excerpt(&coding, 40)
        ),
    })
}
