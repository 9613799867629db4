//! The connection of the request under way as ureq's transport: it sends the request, reads the response's
//! head, and hands ureq a body whose end is known.
//!
//! ureq reads a head of two lines in place of the server's ([`buffers`](super::buffers)): it cannot be
//! configured in leniency, and decides itself where a body ends. The client finds the server's head in the
//! [`Handover`]. When the transport is dropped, the connection goes back to the run's store, if it can carry
//! another request.
//!
//! A request over a kept connection takes two system calls, one to send and one to receive.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::ConnectionBuffers;
use super::connections::{Connections, IdleConnection};
use super::framing::{BodyFraming, Framing, FramingError, Taken};
use super::handover::{Handover, HeadCompletion, NextRequest, ResponseStart};
use super::head::{HeadError, may_begin_response};
use super::stream::{ByteStream as _, Forward, ServerStream};
use crate::http::fault::Fault;
use crate::http::rate_limit::RateLimit;
use crate::http::request_clock::RequestClock;

/// The most interim responses (1xx) before the final one.
const MAX_INTERIM: usize = 100;

/// The status of a server that has closed the connection because no request came (RFC 9110, 15.5.9).
const REQUEST_TIMEOUT: u16 = 408;

/// The connection of one request, with or without TLS, direct or through a proxy.
#[derive(Debug)]
pub(super) struct Connection {
    /// `None` only in the midst of its drop.
    stream: Option<ServerStream>,
    buffers: Option<Box<ConnectionBuffers>>,
    clock: Arc<RequestClock>,
    handover: Arc<Handover>,
    connections: Arc<Connections>,
    key: Arc<str>,
    is_head: bool,
    keeps_raw_head: bool,
    /// What ureq does not write of the request's head.
    completion: Option<HeadCompletion>,
    /// The form of the request's first bytes, until they are out.
    forward: Option<Forward>,
    /// The connection has carried another request before, and this one may be sent again.
    is_reused: bool,
    may_resend: bool,
    state: ResponseState,
    /// Bytes have come that are not this response's.
    has_surplus: bool,
    last_read: Instant,
    /// The last read had room for more than came.
    has_seen_all: bool,
    /// The moment from which more may be read, if the run's rate is limited.
    due: Option<Instant>,
}

/// The part of the response that comes next.
#[derive(Debug)]
enum ResponseState {
    /// The request is going out.
    Request,
    Head,
    Body {
        framing: Framing,
        keep_alive: Option<Duration>,
        progress: BodyFraming,
    },
    /// The end of the body cannot be told, or what came of it with the head cannot be right.
    Unreadable(FramingError),
    /// Nothing more can be read.
    Broken,
}

/// The parts of a [`Connection`] beside its stream.
pub(super) struct ConnectionParts {
    pub(super) clock: Arc<RequestClock>,
    pub(super) handover: Arc<Handover>,
    pub(super) connections: Arc<Connections>,
    pub(super) now: Instant,
}

impl Connection {
    pub(super) fn new(
        stream: ServerStream,
        forward: Option<Forward>,
        parts: ConnectionParts,
        next: NextRequest,
        is_reused: bool,
    ) -> Self {
        let mut buffers = parts.handover.lend_buffers();
        buffers.expect_head(next.head_length);
        Connection {
            stream: Some(stream),
            buffers: Some(buffers),
            clock: parts.clock,
            handover: parts.handover,
            connections: parts.connections,
            key: next.key,
            is_head: next.is_head,
            keeps_raw_head: next.keeps_raw_head,
            completion: next.completion,
            forward,
            is_reused,
            may_resend: next.may_resend,
            state: ResponseState::Request,
            has_surplus: false,
            last_read: parts.now,
            has_seen_all: false,
            due: None,
        }
    }

    fn parts(&mut self) -> (&mut ServerStream, &mut ConnectionBuffers) {
        let stream = self.stream.as_mut();
        let buffers = self.buffers.as_mut();
        let both = stream.zip(buffers.map(|buffers| &mut **buffers));
        both.expect("stream and buffers are taken in the drop only")
    }

    /// Fails the request, for ureq to unwind with. Nothing of the connection is used any more: ureq takes
    /// the end of the input for the end of the body.
    fn fail(&mut self, fault: Fault) -> ureq::Error {
        self.state = ResponseState::Broken;
        self.clock.fail(fault)
    }

    /// Fails the request after an error of a socket call, or of TLS.
    fn fail_io(&mut self, error: io::Error) -> ureq::Error {
        self.state = ResponseState::Broken;
        // ureq takes this for an orderly end, and a truncated body for a complete one.
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return self.clock.fail(Fault::CutOff);
        }
        match crate::http::tls::reason(&error) {
            Some(reason) => self.clock.fail(Fault::Tls(reason)),
            // The cause is on the clock, if it was a socket's.
            None => ureq::Error::Io(io::Error::other(error)),
        }
    }

    /// True if the request may be sent again, because nothing of an answer to it has come over this
    /// connection, which an earlier request had left open.
    fn may_be_stale(&self) -> bool {
        self.is_reused && self.may_resend
    }

    /// Fails the request in a way that has it sent again.
    fn fail_stale(&mut self) -> ureq::Error {
        self.state = ResponseState::Broken;
        self.connections.forget(&self.key);
        self.clock.fail_over_socket_error(Fault::Stale)
    }

    /// Reads until the final response's head is whole, and puts the one for ureq in its place.
    fn read_head(&mut self) -> Result<(), ureq::Error> {
        let mut answer = self.handover.spare_answer();
        answer.scan.clear();
        let mut interim = 0;
        let mut has_answered = false;
        loop {
            let (_, buffers) = self.parts();
            let end = match answer.scan.find_end(buffers.input()) {
                Ok(end) => end,
                Err(error) => return Err(self.fail_head(error, has_answered)),
            };
            let Some(length) = end else {
                self.receive_head(has_answered)?;
                continue;
            };
            let (_, buffers) = self.parts();
            let came = &buffers.input()[..length];
            if let Err(error) = answer.head.read(came, &answer.scan) {
                return Err(self.fail_head(error, has_answered));
            }
            answer.raw_head.clear();
            if self.keeps_raw_head {
                let (_, buffers) = self.parts();
                answer
                    .raw_head
                    .extend_from_slice(&buffers.input()[..length]);
            }
            let status = answer.head.status();
            if status.as_u16() == REQUEST_TIMEOUT && self.may_be_stale() && !has_answered {
                return Err(self.fail_stale());
            }
            has_answered = true;
            if status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(self.fail(Fault::Framing(FramingError::Switched)));
            }
            if !status.is_informational() {
                answer.framing = Framing::of(&answer.head, self.is_head);
                return self.begin_body(length, answer);
            }
            interim += 1;
            if interim > MAX_INTERIM {
                return Err(self.fail(Fault::EndlessHead));
            }
            self.parts().1.drop_front(length);
            answer.scan.clear();
        }
    }

    /// Reads more of a head.
    fn receive_head(&mut self, has_answered: bool) -> Result<(), ureq::Error> {
        let may_be_stale = self.may_be_stale() && !has_answered;
        let most_at_once = self.most_at_once();
        let (stream, buffers) = self.parts();
        let is_first = buffers.input().is_empty();
        let buffer = buffers.head_append_buf();
        let most = buffer.len().min(most_at_once);
        let buffer = &mut buffer[..most];
        if most == 0 {
            return Err(self.fail(Fault::Head(HeadError::TooLong)));
        }
        let may_be_stale = may_be_stale && is_first;
        let count = match stream.stream.read(buffer) {
            Ok(0) if may_be_stale => return Err(self.fail_stale()),
            Ok(0) => return Err(self.fail(Fault::CutOff)),
            Ok(count) => count,
            Err(error) if may_be_stale && is_closed(&error) => return Err(self.fail_stale()),
            Err(error) => return Err(self.fail_io(error)),
        };
        buffers.input_appended(count);
        self.note_read(count, most);
        self.hold_back()
    }

    fn note_read(&mut self, count: usize, most: usize) {
        self.last_read = self.clock.response_received();
        self.has_seen_all = count < most;
        if let Some(limit) = self.clock.rate_limit() {
            self.due = Some(limit.take(count, Instant::now()));
        }
    }

    /// Waits until more may be read, if the run's rate is limited. Bytes that were read have gone to the client
    /// by then, but for those of a head.
    fn hold_back(&mut self) -> Result<(), ureq::Error> {
        let Some(due) = self.due.take() else {
            return Ok(());
        };
        let held = self.clock.hold_back(due);
        held.inspect_err(|_| self.state = ResponseState::Broken)
    }

    /// The most bytes to read at once.
    fn most_at_once(&self) -> usize {
        let limit = self.clock.rate_limit();
        limit.map_or(usize::MAX, RateLimit::piece)
    }

    /// Fails the request for a head that cannot be read. Over a kept connection, bytes that are no
    /// response are a leftover of the one before.
    fn fail_head(&mut self, error: HeadError, has_answered: bool) -> ureq::Error {
        let (_, buffers) = self.parts();
        let is_leftover = !may_begin_response(buffers.input());
        if is_leftover {
            self.connections.distrust(&self.key);
        }
        if is_leftover && self.may_be_stale() && !has_answered {
            return self.fail_stale();
        }
        self.fail(Fault::Head(error))
    }

    /// Goes on from the head, of this length, to the body, of which bytes may have come with it.
    fn begin_body(
        &mut self,
        head_length: usize,
        mut answer: Box<ResponseStart>,
    ) -> Result<(), ureq::Error> {
        let status = answer.head.status();
        let keep_alive = answer.head.keep_alive_timeout();
        let framing = answer.framing.clone();
        self.clock.head_ended();
        let (_, buffers) = self.parts();
        let came = &mut buffers.input_mut()[head_length..];
        let total = came.len();
        let begun = framing.and_then(|framing| {
            let mut progress = BodyFraming::new(framing.length);
            let taken = progress.take(came)?;
            let body = ResponseState::Body {
                framing,
                keep_alive,
                progress,
            };
            Ok((body, taken))
        });
        // A failure only if the body is read: the client may want nothing but the head.
        let (state, taken) =
            begun.unwrap_or_else(|error| (ResponseState::Unreadable(error), Taken::default()));
        buffers.truncate(head_length + taken.body);
        answer.is_whole =
            matches!(&state, ResponseState::Body { progress, .. } if progress.is_complete());
        let status = match answer.is_whole {
            true => StatusCode::NO_CONTENT,
            false => status,
        };
        buffers.replace_head(head_length, status);
        self.has_surplus = taken.used < total;
        self.state = state;
        self.handover.leave(answer);
        Ok(())
    }

    /// Reads more of the body. False at its end.
    fn read_body(&mut self) -> Result<bool, ureq::Error> {
        loop {
            // Also after the last bytes: the next request's may not come sooner.
            self.hold_back()?;
            let ResponseState::Body { progress, .. } = &mut self.state else {
                return Ok(false);
            };
            if progress.is_complete() {
                return Ok(false);
            }
            let left = progress.left();
            let discards = left.is_some() && self.handover.discards();
            let most_at_once = self.most_at_once();
            let (stream, buffers) = self.parts();
            let buffer = buffers.input_append_buf();
            let most = buffer.len().min(most_at_once);
            let mut buffer = &mut buffer[..most];
            if discards && let Some(left) = left.and_then(|left| usize::try_from(left).ok()) {
                // One byte more than there should be shows whether the connection is silent then.
                let most = buffer.len().min(left.saturating_add(1));
                buffer = &mut buffer[..most];
            }
            let most = buffer.len();
            let read = if discards {
                stream.stream.discard(buffer)
            } else {
                stream.stream.read(buffer)
            };
            let count = match read {
                Ok(count) => count,
                Err(error) => return Err(self.fail_io(error)),
            };
            self.note_read(count, most);
            if self.take_body(count, discards)? {
                return Ok(count > 0);
            }
        }
    }

    /// Takes the bytes that have been read behind the input. False if none of them was the body's.
    fn take_body(&mut self, count: usize, discards: bool) -> Result<bool, ureq::Error> {
        let ResponseState::Body { progress, .. } = &mut self.state else {
            return Ok(true);
        };
        if count == 0 {
            if progress.ends_with_connection() {
                return Ok(true);
            }
            return Err(self.fail(Fault::CutOff));
        }
        let buffers = self
            .buffers
            .as_mut()
            .expect("they are taken in the drop only");
        let (body, used) = if discards {
            let left = progress.left().unwrap_or_default();
            let body = usize::try_from(left).map_or(count, |left| left.min(count));
            progress.skip(body);
            (body, body)
        } else {
            let came = &mut buffers.input_append_buf()[..count];
            match progress.take(came) {
                Ok(taken) => (taken.body, taken.used),
                Err(error) => return Err(self.fail(Fault::Framing(error))),
            }
        };
        buffers.input_appended(body);
        self.has_surplus |= used < count;
        Ok(body > 0 || self.is_complete())
    }

    fn is_complete(&self) -> bool {
        matches!(&self.state, ResponseState::Body { progress, .. } if progress.is_complete())
    }
}

/// True for the errors of a connection that the other side has closed.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
    )
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.parts().1
    }

    // ureq's own time-outs are off: the request clock's limits replace them.
    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let clock = Arc::clone(&self.clock);
        let completion = self.completion.take();
        let forward = self.forward.take();
        let (stream, buffers) = self.parts();
        clock.sending(stream.remote);
        let amount = match completion {
            Some(rest) => buffers.complete_head(amount, rest.target(), &rest.lines),
            None => amount,
        };
        let sent = stream.send(&buffers.output()[..amount], forward.as_ref());
        if let Err(error) = sent {
            if self.may_be_stale() && is_closed(&error) {
                return Err(self.fail_stale());
            }
            return Err(self.fail_io(error));
        }
        self.clock.sent();
        self.state = ResponseState::Head;
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        match self.state {
            ResponseState::Request | ResponseState::Head => {
                self.read_head()?;
                Ok(true)
            }
            ResponseState::Body { .. } => self.read_body(),
            ResponseState::Unreadable(ref error) => {
                let error = error.clone();
                Err(self.fail(Fault::Framing(error)))
            }
            ResponseState::Broken => Err(self.clock.fail(Fault::CutOff)),
        }
    }

    /// Never asked: every canonical head says that the connection closes.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.is_tls)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(buffers) = self.buffers.take() {
            self.handover.return_buffers(buffers);
        }
        let Some(mut stream) = self.stream.take() else {
            return;
        };
        let kept = match &self.state {
            ResponseState::Body {
                framing,
                keep_alive,
                progress,
            } if framing.is_persistent && progress.is_over() && !self.has_surplus => {
                // The TLS below a read may have received more, or less than there was.
                let has_seen_all = (self.has_seen_all || stream.is_tls)
                    && stream.stream.is_drained()
                    && !framing.needs_check;
                Some((has_seen_all, *keep_alive))
            }
            _ => None,
        };
        match kept {
            Some((has_seen_all, keep_alive)) => {
                stream.stream.release_buffers();
                let idle = IdleConnection {
                    stream,
                    last_read: self.last_read,
                    has_seen_all,
                    keep_alive,
                };
                self.connections.give(&self.key, idle);
            }
            None => {
                // Closed before those are told that wait for its descriptor.
                drop(stream);
                if self.has_surplus {
                    self.connections.distrust(&self.key);
                }
                self.connections.note_closed();
            }
        }
    }
}

#[cfg(test)]
mod tests;
