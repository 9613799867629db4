//! The handling of a response: its body is read to the end, and dropped, saved or written to the output.

use std::io::Read;
use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use ring::digest::{Context, SHA256};

use super::body_reader::{BodyLimit, LimitedBody};
use super::classify::{ResponseClass, classify_response};
use super::client::{BODY_BUFFER, Client};
use super::content_type::CONTENT_TYPE;
use super::decode::{Codings, DecodedLimit, Decoder, SourceState};
use super::error;
use super::fault::Fault;
use super::fetch_state::{FetchState, NextStep, RequestError};
use super::response_body::{ResponseBody, ResponseReader};
use super::sink::Sink;
use super::transport::ResponseStart;
use super::transport::framing::{BodyLength, Framing, has_body};
use super::transport::head::ResponseHead;
use crate::model::outcome::{BodyProgress, Failure, FailureKind};
use crate::model::target::Location;
use crate::model::text::hex;
use crate::save::BodyError;

/// The most bytes, and the longest time, that are spent on a body that nobody wants, in order to keep its
/// connection.
const MAX_DRAIN: u64 = 64 * 1024;
const MAX_DRAIN_TIME: Duration = Duration::from_millis(250);

/// The bytes that are buffered before a write to a file. A read returns 16 KiB with TLS, and from a
/// plain socket what has come so far: written as they are, small pieces cost a system call each.
const FILE_BUFFER: usize = 64 * 1024;

/// The bytes by which a range that is shorter than asked for is worth a request of its own. A retry that
/// brings as many uses up no try.
const LARGE_RANGE: u64 = 16 * 1024;

/// The most ranges of an attempt that bring less.
const MAX_SMALL_RANGES: u32 = 64;

/// The longest time that bytes stay in the buffer. They are lost if pfetch is killed.
const MAX_BUFFER_AGE: Duration = Duration::from_secs(1);

/// The state of a body that is dropped, after a piece of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drained {
    More,
    /// As much as is worth its connection.
    Enough,
}

impl Client {
    /// Handles a response. `redirect` is the URL that it redirects to.
    pub(super) fn handle_response(
        &mut self,
        state: &mut FetchState<'_>,
        body: ResponseBody,
        answer: &ResponseStart,
        redirect: Option<Location>,
        bytes: &mut u64,
    ) -> Result<NextStep, RequestError> {
        let status = answer.head.status();
        let config = &self.shared.config;
        let is_accepted = config.accept.contains(status.as_u16());
        // A failure only if the body is wanted.
        let framing = match &answer.framing {
            Ok(framing) => Some(*framing),
            Err(_) if redirect.is_some() || !is_accepted => None,
            Err(error) => {
                let fault = Fault::Framing(error.clone());
                return Err(RequestError::Ureq(self.clock.fail(fault)));
            }
        };
        let decoding = match &redirect {
            // A HEAD, a 204 and a 304 have no body, whatever their headers say.
            // Of those that are not accepted, a part that pfetch asked for is used all the same.
            None if (is_accepted || state.sent.range)
                && has_body(state.method == Method::HEAD, status) =>
            {
                let head = &answer.head;
                let encodings = head.get_all("content-encoding");
                self.plan_decoding(state, encodings, head.get("content-disposition"))?
            }
            _ => None,
        };
        let class = if redirect.is_some() {
            ResponseClass::Unwanted
        } else {
            let length = framing.and_then(|framing| framing.length.stated());
            self.classify(state, &answer.head, is_accepted, decoding, length)?
        };
        match (&class, framing) {
            (ResponseClass::Body, Some(framing)) => {
                return self.read_body(state, body, framing.length, decoding, bytes);
            }
            (ResponseClass::BodyError(failure), _) => {
                return Err(RequestError::Failed(failure.clone()));
            }
            (_, Some(_)) if redirect.is_some() && state.sink.is_archived() => {
                self.keep_redirect(state, body, bytes);
            }
            (_, Some(framing)) => self.drain_unwanted(body, framing, bytes),
            (_, None) => drop(body),
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
            ResponseClass::WrongType(failure) => Err(RequestError::Failed(failure)),
            ResponseClass::ConditionsRefused => Ok(NextStep::AskPlainly),
            _ => Ok(match redirect {
                Some(location) => NextStep::Follow(location),
                None => NextStep::NotAccepted,
            }),
        }
    }

    /// Reads a body that nobody wants, in order to keep its connection; only if the connection can be kept,
    /// and the body is short. The failure of that is nobody's.
    fn drain_unwanted(&mut self, mut body: ResponseBody, framing: Framing, bytes: &mut u64) {
        let is_long = framing
            .length
            .stated()
            .is_some_and(|length| length > MAX_DRAIN);
        if !framing.is_persistent || is_long {
            return;
        }
        self.clock.begin_drain(Instant::now() + MAX_DRAIN_TIME);
        self.handover.discard_body();
        // Unread, the connection is closed.
        let _ = self.drain_response(body.reader(), BodyLimit::Leave(MAX_DRAIN), bytes);
        drop(body);
        self.clock.end_drain();
    }

    /// Reads the body of a redirect for an archive, or as much of it as is read of a body that nobody wants.
    fn keep_redirect(
        &mut self,
        state: &mut FetchState<'_>,
        mut body: ResponseBody,
        bytes: &mut u64,
    ) {
        self.clock.begin_drain(Instant::now() + MAX_DRAIN_TIME);
        let mut reader = body.reader();
        self.make_buffer(BODY_BUFFER);
        state.is_truncated = true;
        while *bytes < MAX_DRAIN {
            match reader.read(&mut self.buffer) {
                Ok(0) => {
                    state.is_truncated = false;
                    break;
                }
                Ok(count) => {
                    *bytes += count as u64;
                    // What cannot be kept is missing, and said to be.
                    if state.sink.write(&self.buffer[..count]).is_err() {
                        break;
                    }
                }
                Err(_) => break,
            }
        }
        drop(body);
        self.clock.end_drain();
    }

    /// Classifies a response that is not a redirect, whose body has this length, if it is stated.
    fn classify(
        &self,
        state: &mut FetchState<'_>,
        head: &ResponseHead,
        is_accepted: bool,
        decoding: Option<Codings>,
        length: Option<u64>,
    ) -> Result<ResponseClass, RequestError> {
        let status = head.status();
        // Before the sink starts anew, so that the part of an earlier run stays. A 206 is added to that
        // part, whose length only the sink knows.
        if is_accepted && status != StatusCode::PARTIAL_CONTENT {
            self.check_stated_length(length, self.max_bytes(state))?;
        }
        if let Some(failure) = self.wrong_type(state, head, is_accepted) {
            return Ok(ResponseClass::WrongType(failure));
        }
        classify_response(state, status, is_accepted, head, decoding, length)
    }

    /// The failure of an answer that would be taken, but for its media type (`--expect-type`). One that
    /// speaks of a body which is there already (206, 304, 416) need not state its type: the answer that
    /// brought the body did.
    fn wrong_type(
        &self,
        state: &FetchState<'_>,
        head: &ResponseHead,
        is_accepted: bool,
    ) -> Option<Failure> {
        let expected = self.shared.config.expect_type.as_ref()?;
        let status = head.status();
        let is_part = state.sent.range && status == StatusCode::PARTIAL_CONTENT;
        let is_end = state.sent.range && status == StatusCode::RANGE_NOT_SATISFIABLE;
        let is_taken = (is_accepted || is_part)
            && !is_end
            && status != StatusCode::NOT_MODIFIED
            && !state.sent.are_refused_by(status);
        if !is_taken {
            return None;
        }
        let mut stated = head
            .get_all(CONTENT_TYPE)
            .filter(|value| !value.is_empty())
            .peekable();
        let wrong = match stated.peek() {
            None if is_part || expected.contains(None) => return None,
            None => None,
            // Of several that differ, each recipient takes another one.
            Some(_) => Some(stated.find(|value| !expected.contains(Some(value)))?),
        };
        Some(error::from_wrong_type(expected, wrong))
    }

    /// The most bytes that the target's body may have, encoded or decoded.
    fn max_bytes(&self, state: &FetchState<'_>) -> Option<u64> {
        let limits = [self.shared.config.max_bytes, state.sink.limit()];
        limits.into_iter().flatten().min()
    }

    /// Refuses a body whose stated length exceeds what it may have, before any of it is read.
    fn check_stated_length(
        &self,
        length: Option<u64>,
        most: Option<u64>,
    ) -> Result<(), RequestError> {
        match (length, most) {
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
        mut body: ResponseBody,
        length: BodyLength,
        decoding: Option<Codings>,
        bytes: &mut u64,
    ) -> Result<NextStep, RequestError> {
        let most = self.max_bytes(state);
        let limit = most.map_or(BodyLimit::None, BodyLimit::Fail);
        if let (Some(activity), None) = (&self.shared.activity, decoding) {
            activity.expect(self.worker, length.stated());
        }
        let before = state.sink.bytes_before();
        let length = length.stated();
        self.check_stated_length(length.map(|length| length.saturating_add(before)), most)?;
        let mut digest = state.digest()?;
        let is_wanted = decoding.is_some() || state.wants_body(digest.as_ref());
        if !is_wanted {
            // So that the socket need not copy its bytes.
            self.handover.discard_body();
        }
        let mut reader = body.reader();
        let source = SourceState::default();
        let buffered = match decoding {
            Some(codings) => {
                let tapped = state.sink.tap(&mut reader);
                let limited = LimitedBody::new(tapped, limit, &self.clock);
                // It reads to the end of the encoded body, in buffers of its own.
                let growth = most.map_or(DecodedLimit::Ratio, DecodedLimit::Bytes);
                let decoder = Decoder::new(codings, limited, &source, growth);
                self.copy_body(state, decoder, limit, bytes, &mut digest)?
            }
            None if is_wanted => self.copy_body(state, reader, limit, bytes, &mut digest)?,
            None => {
                self.drain_response(reader, limit, bytes)?;
                Some(0)
            }
        };
        match buffered {
            Some(buffered) => {
                let received = match decoding {
                    Some(_) => source.encoded(),
                    None => *bytes,
                };
                let is_partial = state.status == Some(StatusCode::PARTIAL_CONTENT);
                let differs =
                    |stated: &u64| received < *stated || (is_partial && received > *stated);
                if let Some(stated) = state.length_by_range.filter(differs) {
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
        self.make_buffer(room);
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
        if state.sink.is_range() {
            return self.end_range(state, filled, digest);
        }
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
                    is_alone: false,
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

    /// Ends a range that is shorter than asked for, its last `filled` bytes in the buffer. RFC 9110, 15.3.7
    /// allows that, so it is progress and no failure.
    fn end_range(
        &mut self,
        state: &mut FetchState<'_>,
        filled: usize,
        mut digest: Option<Context>,
    ) -> Result<NextStep, RequestError> {
        let ended = state
            .write(&self.buffer[..filled], &mut digest)
            .and_then(|()| state.sink.end_range());
        let brought = match ended {
            Ok(brought) => brought,
            Err(BodyError::Changed) => return Ok(NextStep::Restart),
            Err(refused) => return Err(RequestError::Failed(error::from_refused(refused))),
        };
        if brought < LARGE_RANGE {
            state.small_ranges += 1;
        }
        if state.small_ranges > MAX_SMALL_RANGES {
            return Err(RequestError::Failed(error::small_ranges(MAX_SMALL_RANGES)));
        }
        state.digest = digest;
        Ok(NextStep::Continue)
    }

    /// Drops a body as it comes: without reading it, if it is here already.
    fn drain_response(
        &mut self,
        mut body: ResponseReader<'_>,
        limit: BodyLimit,
        bytes: &mut u64,
    ) -> Result<(), RequestError> {
        match body.discard_whole() {
            Some(count) => self.note_dropped(count, limit, bytes).map(drop),
            None => self.drain_body(body, limit, bytes),
        }
    }

    /// Reads and counts a body without looking at it. Only at its end does the connection become idle.
    fn drain_body(
        &mut self,
        mut body: impl Read,
        limit: BodyLimit,
        bytes: &mut u64,
    ) -> Result<(), RequestError> {
        self.make_buffer(BODY_BUFFER);
        loop {
            let count = match body.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                // Never read on past an error: ureq would then say that the body is over.
                Err(error) => return Err(RequestError::Ureq(ureq::Error::from(error))),
            };
            if self.note_dropped(count, limit, bytes)? == Drained::Enough {
                return Ok(());
            }
        }
    }

    /// Counts bytes of a body that are dropped.
    fn note_dropped(
        &self,
        count: usize,
        limit: BodyLimit,
        bytes: &mut u64,
    ) -> Result<Drained, RequestError> {
        *bytes += count as u64;
        match limit {
            BodyLimit::Leave(most) if *bytes > most => return Ok(Drained::Enough),
            BodyLimit::Fail(most) if *bytes > most => {
                return Err(RequestError::Ureq(self.clock.fail(Fault::TooLarge(most))));
            }
            _ => {}
        }
        if let Some(activity) = &self.shared.activity {
            activity.received(self.worker, *bytes);
        }
        Ok(Drained::More)
    }

    /// Makes the buffer this large at least.
    fn make_buffer(&mut self, room: usize) {
        if self.buffer.len() < room {
            self.buffer.resize(room, 0);
        }
    }
}

impl FetchState<'_> {
    /// The running SHA-256 of the body, begun with the part that is there; `None` if the target has no
    /// checksum.
    fn digest(&mut self) -> Result<Option<Context>, RequestError> {
        if self.target.sha256.is_none() {
            return Ok(None);
        }
        if let Some(context) = self.digest.take().filter(|_| self.sink.is_resumed()) {
            return Ok(Some(context));
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
                    is_alone: false,
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
