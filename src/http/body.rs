//! The handling of a response: its body is read to the end, and dropped, saved or written to the output.

use std::io::Read;
use std::time::{Duration, Instant};

use http::{Response, StatusCode};
use ring::digest::{Context, SHA256};
use ureq::Body;

use super::body_reader::{BodyLimit, LimitedBody, ResponseBody};
use super::classify::{FAILURE_BODY, ResponseClass, classify_response};
use super::client::{BODY_BUFFER, Client};
use super::decode::{Coding, Decoder, SourceState, coding};
use super::error;
use super::fault::Fault;
use super::fetch_state::{FetchState, NextStep, RequestError};
use super::framing::has_body;
use super::sink::Sink;
use crate::model::outcome::{BodyProgress, Failure, FailureKind};
use crate::model::target::Location;
use crate::model::text::{excerpt, hex};
use crate::save::BodyError;

/// The most bytes that are read of a redirect's body, in order to keep the connection.
const REDIRECT_BODY: u64 = 64 * 1024;

/// The bytes that are buffered before a write to a file. A read returns 16 KiB with TLS, and from a
/// plain socket what has come so far: written as they are, small pieces cost a system call each.
const FILE_BUFFER: usize = 64 * 1024;

/// The longest time that bytes stay in the buffer. They are lost if pfetch is killed.
const MAX_BUFFER_AGE: Duration = Duration::from_secs(1);

impl Client {
    /// Handles a response. `redirect` is the URL that it redirects to. `unreadable` is the reason for
    /// which its body cannot be read, which is a failure only if the body is wanted.
    pub(super) fn handle_response(
        &mut self,
        state: &mut FetchState<'_>,
        mut response: Response<Body>,
        redirect: Option<Location>,
        unreadable: Option<Failure>,
        bytes: &mut u64,
    ) -> Result<NextStep, RequestError> {
        let status = response.status();
        let config = &self.shared.config;
        let is_accepted = config.accept.contains(status.as_u16());
        let is_readable = unreadable.is_none();
        if let Some(failure) = unreadable.filter(|_| redirect.is_none() && is_accepted) {
            return Err(RequestError::Failed(failure));
        }
        let decoding = match &redirect {
            // A HEAD, a 204 and a 304 have no body, whatever their headers say.
            None if config.compressed && has_body(&state.method, status) => {
                coding(response.headers()).map_err(undecodable)?
            }
            _ => None,
        };
        let class = if redirect.is_some() {
            ResponseClass::Unwanted(REDIRECT_BODY)
        } else {
            self.classify(state, &response, is_accepted, decoding)?
        };
        let most = match class {
            ResponseClass::Body => return self.read_body(state, response, decoding, bytes),
            ResponseClass::BodyError(failure) => return Err(RequestError::Failed(failure)),
            ResponseClass::Unwanted(most) => most,
            ResponseClass::Unchanged | ResponseClass::Complete => FAILURE_BODY,
            ResponseClass::Restart => REDIRECT_BODY,
        };
        // The whole body came where a range was asked for. It may be long: better close the connection.
        let is_misplaced = matches!(class, ResponseClass::Restart) && status.is_success();
        if is_readable && !is_misplaced {
            let body = ResponseBody::new(&mut response, &self.clock);
            self.drain_body(body, BodyLimit::Leave(most), bytes)?;
        }
        match class {
            ResponseClass::Unchanged => {
                state.is_unchanged = true;
                Ok(NextStep::Done)
            }
            ResponseClass::Complete => {
                let digest = state.digest()?;
                self.verify_and_complete(state, 0, digest)
            }
            ResponseClass::Restart => Ok(NextStep::Restart),
            _ => Ok(match redirect {
                Some(location) => NextStep::Follow(location),
                None => NextStep::NotAccepted,
            }),
        }
    }

    /// Classifies a response that is not a redirect.
    fn classify(
        &self,
        state: &mut FetchState<'_>,
        response: &Response<Body>,
        is_accepted: bool,
        decoding: Option<Coding>,
    ) -> Result<ResponseClass, RequestError> {
        let status = response.status();
        let length = response.body().content_length();
        // Before the sink starts anew, so that the part of an earlier run stays. A 206 is added to that
        // part, whose length only the sink knows.
        if is_accepted && status != StatusCode::PARTIAL_CONTENT && has_body(&state.method, status) {
            self.check_stated_length(length)?;
        }
        let headers = response.headers();
        classify_response(state, status, is_accepted, headers, decoding, length)
    }

    /// Refuses a body whose stated length exceeds `--max-bytes`, before any of it is read.
    fn check_stated_length(&self, length: Option<u64>) -> Result<(), RequestError> {
        match (length, self.shared.config.max_bytes) {
            (Some(length), Some(most)) if length > most => Err(RequestError::Ureq(
                self.clock.fail(Fault::TooLong(length, most)),
            )),
            _ => Ok(()),
        }
    }

    /// Reads the wanted body through its decoder.
    fn read_body(
        &mut self,
        state: &mut FetchState<'_>,
        mut response: Response<Body>,
        decoding: Option<Coding>,
        bytes: &mut u64,
    ) -> Result<NextStep, RequestError> {
        let limit = self
            .shared
            .config
            .max_bytes
            .map_or(BodyLimit::None, BodyLimit::Fail);
        if let (Some(activity), None) = (&self.shared.activity, decoding) {
            activity.expect(self.worker, response.body().content_length());
        }
        let before = state.sink.bytes_before();
        let length = response.body().content_length();
        self.check_stated_length(length.map(|length| length.saturating_add(before)))?;
        let mut digest = state.digest()?;
        let is_wanted = decoding.is_some() || state.wants_body(digest.as_ref());
        let mut body = if is_wanted {
            ResponseBody::new(&mut response, &self.clock)
        } else {
            ResponseBody::discarded(&mut response, &self.clock)
        };
        let source = SourceState::default();
        let buffered = match decoding {
            Some(coding) => {
                let limited = LimitedBody::new(&mut body, limit, &self.clock);
                // It reads to the end of the encoded body, in buffers of its own.
                let decoder = Decoder::new(coding, limited, &source);
                self.copy_body(state, decoder, limit, bytes, &mut digest)?
            }
            None => self.copy_body(state, body, limit, bytes, &mut digest)?,
        };
        match buffered {
            Some(buffered) => {
                let received = match decoding {
                    Some(_) => source.encoded(),
                    None => *bytes,
                };
                if let Some(stated) = state.length_by_range.filter(|stated| received < *stated) {
                    let short = BodyError::LengthMismatch { received, stated };
                    return Err(RequestError::Failed(error::from_refused(short)));
                }
                self.verify_and_complete(state, buffered, digest)
            }
            None => Ok(NextStep::Restart),
        }
    }

    /// Copies a body to the target's sink. Returns the number of bytes that are left in the buffer;
    /// `None` if the body does not continue the part that is there.
    fn copy_body(
        &mut self,
        state: &mut FetchState<'_>,
        mut body: impl Read,
        limit: BodyLimit,
        bytes: &mut u64,
        digest: &mut Option<Context>,
    ) -> Result<Option<usize>, RequestError> {
        if !state.wants_body(digest.as_ref()) {
            self.drain_body(body, limit, bytes)?;
            return Ok(Some(0));
        }
        let (room, at_once) = match &state.sink {
            Sink::File(_) => (FILE_BUFFER, false),
            _ => (BODY_BUFFER, true),
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
                    // A later attempt resumes from these bytes. A failure to write them matters less
                    // than the error that is reported.
                    let _ = state.write(&self.buffer[..filled], digest);
                    return Err(RequestError::Ureq(ureq::Error::from(error)));
                }
            };
            filled += count;
            *bytes += count as u64;
            let so_far = state.sink.bytes_before() + *bytes;
            if let BodyLimit::Fail(most) = limit
                && so_far > most
            {
                return Err(RequestError::Ureq(self.clock.fail(Fault::TooLarge(most))));
            }
            if let Some(activity) = &self.shared.activity {
                activity.received(self.worker, *bytes);
            }
            let is_over = count == 0;
            let began = Instant::now();
            let is_due = filled > 0 && (at_once || began - written_at > MAX_BUFFER_AGE);
            if filled == self.buffer.len() || is_due {
                written_at = began;
                match state.write(&self.buffer[..filled], digest) {
                    Ok(()) => filled = 0,
                    Err(BodyError::Changed) => return Ok(None),
                    Err(refused) => return Err(RequestError::Failed(error::from_refused(refused))),
                }
            }
            if is_over {
                return Ok(Some(filled));
            }
        }
    }

    /// Verifies the SHA-256 of a body that has ended, its last `filled` bytes in the buffer, and
    /// completes the sink.
    fn verify_and_complete(
        &mut self,
        state: &mut FetchState<'_>,
        filled: usize,
        mut digest: Option<Context>,
    ) -> Result<NextStep, RequestError> {
        let last = &self.buffer[..filled];
        if let (Some(digest), Some(wanted)) = (&mut digest, &state.target.sha256) {
            digest.update(&last[state.sink.overlap().min(filled)..]);
            let found = digest.clone().finish();
            if found.as_ref() != wanted.as_slice() {
                let was_resumed = state.sink.is_resumed();
                state.sink.reject();
                // The part of an earlier run may be the wrong one.
                if was_resumed {
                    return Ok(NextStep::Restart);
                }
                return Err(RequestError::Failed(Failure {
                    kind: FailureKind::Checksum,
                    phase: None,
                    message: format!(
                        "the body's SHA-256 is {}, not {}",
                        hex(found),
                        hex(wanted.as_slice())
                    ),
                    is_transient: false,
                }));
            }
        }
        let left = last.len().saturating_sub(state.sink.overlap()) as u64;
        state.progress = state
            .sink
            .progress()
            .filter(|progress| progress.from > 0)
            .map(|progress| BodyProgress {
                reached: progress.reached + left,
                ..progress
            });
        match state.sink.complete(last) {
            Ok(()) => Ok(NextStep::Done),
            Err(BodyError::Changed) => Ok(NextStep::Restart),
            Err(refused) => Err(RequestError::Failed(error::from_refused(refused))),
        }
    }

    /// Reads and counts a body without looking at it. Only at its end does the connection become idle.
    fn drain_body(
        &mut self,
        mut body: impl Read,
        limit: BodyLimit,
        bytes: &mut u64,
    ) -> Result<(), RequestError> {
        loop {
            match body.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => *bytes += count as u64,
                // Never read on past an error: ureq would then say that the body is over.
                Err(error) => return Err(RequestError::Ureq(ureq::Error::from(error))),
            }
            match limit {
                BodyLimit::Leave(most) if *bytes > most => return Ok(()),
                BodyLimit::Fail(most) if *bytes > most => {
                    return Err(RequestError::Ureq(self.clock.fail(Fault::TooLarge(most))));
                }
                _ => {}
            }
            if let Some(activity) = &self.shared.activity {
                activity.received(self.worker, *bytes);
            }
        }
    }
}

impl FetchState<'_> {
    /// The running SHA-256 of the body, begun with the part that is there; `None` if the target has no
    /// checksum.
    fn digest(&self) -> Result<Option<Context>, RequestError> {
        if self.target.sha256.is_none() {
            return Ok(None);
        }
        let mut context = Context::new(&SHA256);
        if self.sink.is_resumed() {
            let read = self.sink.read_back(|bytes| context.update(bytes));
            read.map_err(|error| {
                RequestError::Failed(Failure {
                    kind: FailureKind::File,
                    phase: None,
                    message: format!("cannot read what is there of the file: {error}"),
                    is_transient: false,
                })
            })?;
        }
        Ok(Some(context))
    }

    /// True if the bytes of the body are used, and not only counted.
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

fn undecodable(coding: String) -> RequestError {
    RequestError::Failed(Failure {
        kind: FailureKind::Encoding,
        phase: None,
        message: format!(
            "the body is encoded as \"{}\", which cannot be decoded; without --compressed it is \
             taken as it is",
            excerpt(&coding, 40)
        ),
        is_transient: false,
    })
}
