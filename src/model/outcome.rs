//! The outcome of one target: its figures and its failure, as plain data.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use strum::VariantArray;

pub use super::failure_kind::FailureKind;
pub use super::verdict::Verdict;
use crate::model::json::schema_by_name;
use crate::model::meta::Meta;
use crate::model::notice::ResponseNotice;
use crate::model::request_digest::RequestDigest;
use crate::model::save_path::SavePath;
use crate::model::target::Verb;
use crate::model::timing::{Phase, Timing};

/// The outcome of one target: the request, and its result.
///
/// An outcome crosses cores for each URL, so its size is a cost. Rare fields are behind one pointer,
/// [`Details`].
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Position in the whole input, from 0.
    pub index: u64,
    /// The URL as given, in its ASCII form and without credentials. For input that is no URL: an
    /// excerpt of it, with control characters escaped.
    pub url: Arc<str>,
    /// The method of the request.
    pub verb: Verb,
    /// The verdict.
    pub verdict: Verdict,
    /// Body bytes of the final response, decoded.
    pub bytes: u64,
    /// The last attempt, which decided. Most targets have no other.
    pub last: Attempt,
    /// The rare fields.
    pub details: Option<Box<Details>>,
}

/// The rare fields of an outcome: files, redirects, retries.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The URL that answered, if redirects led elsewhere.
    pub final_url: Option<Arc<str>>,
    /// The redirects that led there.
    pub redirects: Vec<Hop>,
    /// The path of its file below the folder, if it is saved.
    pub save_path: Option<SavePath>,
    /// The saved file.
    pub saved: Option<Saved>,
    /// The name of the part that stays of a file that was not saved, from which a later run can go on.
    pub part: Option<String>,
    /// The place of the body in a pack.
    pub packed: Option<Packed>,
    /// The SHA-256 that its body was to have.
    pub sha256: Option<[u8; 32]>,
    /// The digest of what its request has of its own.
    pub request: Option<RequestDigest>,
    /// JSON of the input's, for the readers of the result.
    pub meta: Option<Meta>,
    /// The body, decoded, if results have it.
    pub body: Option<Vec<u8>>,
    /// True for a failure of a URL within which a blank was written.
    pub is_written_with_blank: bool,
    /// The wait that the server asks for (Retry-After).
    pub retry_after: Option<Duration>,
    /// The failed attempts before the last one.
    pub earlier: Vec<Attempt>,
    /// The number of attempts that the server pushed back (429, 503, refused connections). They use up no retry.
    pub pushed_back: u32,
    /// The time between its attempts in which it waited for its retry: for a delay, a wait that the server asked for, or
    /// a server that it could not be sent to. `None` if it was not tried again, and of older reports.
    pub retry_wait: Option<Duration>,
    /// The time by which its attempts were started later than the rate of the run intended, because no worker was
    /// free or pfetch itself was held up. `None` without a rate.
    pub start_delay: Option<Duration>,
    /// The time for which bytes of its attempts were held back, as the rate of bytes is limited (`--limit-rate`).
    pub held_back: Duration,
    /// Remarks on the final response.
    pub notices: Vec<ResponseNotice>,
    /// The part of the body that this attempt brought, if it continues or can be continued.
    pub progress: Option<BodyProgress>,
}

/// The part of a body that an attempt brought, as positions in the whole body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyProgress {
    /// The first byte that no earlier attempt or run had brought.
    pub from: u64,
    /// The end of the bytes that are there.
    pub reached: u64,
}

/// The complete file of a target, under its final name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its path, beginning with the folder as it was given.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its SHA-256, if one was given.
    pub sha256: Option<[u8; 32]>,
    /// The bytes that an earlier attempt or run had left, and that were not fetched again.
    pub resumed_from: Option<u64>,
}

/// The place of a target's member in a pack. The member holds the body and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The path of the pack, beginning with the folder as it was given.
    pub pack: Arc<str>,
    /// The position of the member's first byte.
    pub offset: u64,
    /// The length of the member in bytes.
    pub length: u64,
}

impl Packed {
    /// The position after the member's last byte.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// One request and its response, as far as they came, with secrets redacted and control characters
/// escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `GET` or `HEAD`, or `CONNECT` to a proxy.
    pub method: String,
    /// The URL asked for.
    pub url: Arc<str>,
    /// The request's headers, without those that every HTTP/1.1 request has.
    pub request: Vec<(String, String)>,
    /// The address connected to: the proxy's, if there is one.
    pub remote: Option<SocketAddr>,
    /// The proxy, as `scheme://host:port`.
    pub proxy: Option<String>,
    /// True if the connection had been used before.
    pub reused: Option<bool>,
    /// The response's version and status.
    pub status: Option<(&'static str, u16)>,
    /// The response's headers.
    pub response: Vec<(String, String)>,
}

/// One attempt at a target: a request, and those to which redirects led.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    /// The start on a worker, by the wall clock.
    pub started_at: Option<SystemTime>,
    /// The start and the end, by the monotonic clock from which all figures come. Of an attempt that reached
    /// no worker: the moment at which the target was given up, twice, if it had been tried before.
    pub span: Option<(Instant, Instant)>,
    /// The worker that made it; other attempts may be other workers'. `None` if it was not started.
    pub worker: Option<u16>,
    /// The time of each phase.
    pub timing: Timing,
    /// The number of requests: 2 if the first met a stale connection, 0 if none was sent.
    pub requests: u32,
    /// Bytes received from sockets: headers, framing, TLS records and redirects included. `None` if no
    /// request was sent.
    pub wire_bytes: Option<u64>,
    /// The address of the last request.
    pub remote: Option<SocketAddr>,
    /// True if the last request went over a reused connection.
    pub reused: Option<bool>,
    /// The status code of the final response.
    pub status: Option<u16>,
    /// The protocol version of the final response.
    pub version: Option<HttpVersion>,
    /// The media type of the final response (`Content-Type`, with its parameters), if it states one. Shared,
    /// and a thin pointer: of half the size.
    pub content_type: Option<Arc<String>>,
    /// The failure, if it failed or was skipped.
    pub error: Option<Box<Failure>>,
    /// Every request and response with headers, if the run keeps them. Boxed, since few runs do: one word
    /// in place of three.
    pub exchanges: Option<Box<Vec<Exchange>>>,
}

impl Attempt {
    /// The time that a worker was busy with it.
    pub fn total(&self) -> Duration {
        self.timing.total().unwrap_or_default()
    }

    /// The start and the end on a worker. `None` if it reached none.
    pub fn worker_span(&self) -> Option<(Instant, Instant)> {
        self.span.filter(|_| self.timing.total().is_some())
    }

    /// Every request and response, if the run keeps them.
    pub fn exchanges(&self) -> &[Exchange] {
        self.exchanges.as_deref().map_or(&[], Vec::as_slice)
    }
}

/// The version of HTTP in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, VariantArray)]
pub enum HttpVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

schema_by_name!(HttpVersion);

impl HttpVersion {
    /// The name in reports, as in a status line.
    pub fn as_str(self) -> &'static str {
        match self {
            HttpVersion::Http10 => "HTTP/1.0",
            HttpVersion::Http11 => "HTTP/1.1",
        }
    }
}

/// One redirect that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The URL that redirected.
    pub url: Arc<str>,
    /// The status of the redirect.
    pub status: u16,
}

/// The failure of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The phase in which it happened, if there was one.
    pub phase: Option<Phase>,
    /// One line: what failed, where, and what to do. Free of control characters and secrets.
    pub message: String,
    /// Set where the fault is known to be temporary although others of its kind are not: a look-up for
    /// which the name server could not answer in time (`EAI_AGAIN`), a TLS handshake that the connection's
    /// end cut off, a proxy that could not connect for the moment.
    pub is_transient: bool,
    /// Set where the disk has no room for this body, by its stated length, and may have for others. That length is the
    /// server's word, so it ends no run.
    pub is_alone: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A status speaks for itself; other failures name their phase or kind.
        match (self.kind, self.phase) {
            (
                FailureKind::Status
                | FailureKind::Input
                | FailureKind::Deadline
                | FailureKind::Stopped,
                _,
            ) => f.write_str(&self.message),
            (FailureKind::Timeout | FailureKind::Stall | FailureKind::Closed, Some(phase)) => {
                write!(f, "{}: {}", phase.as_str(), self.message)
            }
            (kind, _) => write!(f, "{}: {}", kind.as_str(), self.message),
        }
    }
}

impl Outcome {
    /// The failure, if it failed or was skipped.
    pub fn error(&self) -> Option<&Failure> {
        self.last.error.as_deref()
    }

    /// Returns true if it is skipped because the run's deadline came first: nothing was found out about it.
    pub fn is_past_deadline(&self) -> bool {
        self.error()
            .is_some_and(|failure| failure.kind == FailureKind::Deadline)
    }

    /// Returns true if it was left undone: given up, or not done when the run ended. A status that it has is then
    /// that of the last answer, to which another attempt was to follow.
    pub fn is_left_undone(&self) -> bool {
        let kind = self.error().map(|failure| failure.kind);
        matches!(
            kind,
            Some(FailureKind::GivenUp | FailureKind::Deadline | FailureKind::Stopped)
        )
    }

    /// Returns true if it failed because the disk or the quota is full, for other bodies too.
    pub fn is_disk_full(&self) -> bool {
        self.error()
            .is_some_and(|failure| failure.kind == FailureKind::DiskFull && !failure.is_alone)
    }

    /// The status code of the final response.
    pub fn status(&self) -> Option<u16> {
        self.last.status
    }

    /// The media type of the final response.
    pub fn content_type(&self) -> Option<&str> {
        self.last.content_type.as_deref().map(String::as_str)
    }

    /// The URL that answered, if redirects led elsewhere.
    pub fn final_url(&self) -> Option<&str> {
        self.details.as_ref()?.final_url.as_deref()
    }

    /// The redirects that were followed.
    pub fn redirects(&self) -> &[Hop] {
        self.details
            .as_ref()
            .map_or(&[], |details| &details.redirects)
    }

    /// The path of its file below the folder, if it is saved.
    pub fn save_path(&self) -> Option<&SavePath> {
        self.details.as_ref()?.save_path.as_ref()
    }

    /// The saved file.
    pub fn saved(&self) -> Option<&Saved> {
        self.details.as_ref()?.saved.as_ref()
    }

    /// The place of the body in a pack.
    pub fn packed(&self) -> Option<&Packed> {
        self.details.as_ref()?.packed.as_ref()
    }

    /// The SHA-256 that its body was to have.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        self.details.as_ref()?.sha256
    }

    /// The digest of what its request has of its own.
    pub fn request(&self) -> Option<RequestDigest> {
        self.details.as_ref()?.request
    }

    /// JSON of the input's, for the readers of the result.
    pub fn meta(&self) -> Option<&Meta> {
        self.details.as_ref()?.meta.as_ref()
    }

    /// The body, decoded, if results have it.
    pub fn body(&self) -> Option<&[u8]> {
        self.details.as_ref()?.body.as_deref()
    }

    /// True for a failure of a URL within which a blank was written.
    pub fn is_written_with_blank(&self) -> bool {
        let details = self.details.as_ref();
        details.is_some_and(|details| details.is_written_with_blank)
    }

    /// The wait that the server asks for (Retry-After).
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.as_ref()?.retry_after
    }

    /// The failed attempts before the last one.
    pub fn earlier(&self) -> &[Attempt] {
        self.details
            .as_ref()
            .map_or(&[], |details| &details.earlier)
    }

    /// Remarks on the final response.
    pub fn notices(&self) -> &[ResponseNotice] {
        self.details
            .as_ref()
            .map_or(&[], |details| &details.notices)
    }

    /// The part of the body that the last attempt brought, if it continues or can be continued.
    pub fn progress(&self) -> Option<BodyProgress> {
        self.details.as_ref()?.progress
    }

    /// The bytes received from sockets in all attempts. `None` if no request was sent.
    pub fn wire_bytes(&self) -> Option<u64> {
        let each = self.attempts().filter_map(|attempt| attempt.wire_bytes);
        each.reduce(u64::saturating_add)
    }

    /// All attempts, the last one at the end.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> + Clone {
        self.earlier().iter().chain([&self.last])
    }

    /// The number of requests of all attempts, repeats on a fresh connection included.
    pub fn requests(&self) -> u32 {
        self.attempts()
            .fold(0, |sum, attempt| sum.saturating_add(attempt.requests))
    }

    /// The number of attempts that the server pushed back.
    pub fn pushed_back(&self) -> u32 {
        self.details
            .as_ref()
            .map_or(0, |details| details.pushed_back)
    }

    /// The time by which it was started later than the rate of the run intended. `None` without a rate.
    pub fn start_delay(&self) -> Option<Duration> {
        self.details.as_ref()?.start_delay
    }

    /// The time for which its bytes were held back, as the rate of bytes is limited. Replayed outcomes have none.
    pub fn held_back(&self) -> Duration {
        let details = self.details.as_ref();
        details.map_or(Duration::ZERO, |details| details.held_back)
    }

    /// The latency from the intended start: of all attempts, and what they were started later than the rate of the run
    /// intended. `None` without a rate, and if it was not started.
    pub fn intended_latency(&self) -> Option<Duration> {
        let delay = self.start_delay()?;
        Some(self.busy()?.saturating_add(delay))
    }

    /// Tells whether the file was kept without a request (`--exists skip`): nothing was fetched then.
    pub fn is_kept(&self) -> bool {
        // A run log does not say how many requests there were, but of what was asked for it has the status.
        let is_asked = self.requests() > 0 || self.status().is_some();
        self.verdict == Verdict::Unchanged && !is_asked
    }

    /// Tells whether the file was [kept](Outcome::is_kept) without a look at it: no checksum was known.
    pub fn is_unchecked(&self) -> bool {
        let has_sum = self.saved().is_some_and(|saved| saved.sha256.is_some());
        self.is_kept() && !has_sum
    }

    /// The rare fields, added if there are none yet.
    pub fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// The time from the start of the first attempt to the end of the last, waits between them included, and
    /// the wait for an attempt that was not made any more. `None` if it was not started.
    pub fn elapsed(&self) -> Option<Duration> {
        if self.earlier().is_empty() {
            return self.last.timing.total();
        }
        let mut spans = self.attempts().filter_map(|attempt| attempt.span);
        let (first, end) = spans.next()?;
        let (_, last) = spans.next_back().unwrap_or((first, end));
        Some(last - first)
    }

    /// The time that workers were busy with the target, all attempts together, without the waits between
    /// them. `None` if it was not started.
    pub fn busy(&self) -> Option<Duration> {
        if self.details.is_none() {
            return self.last.timing.total();
        }
        let earlier: Duration = self.earlier().iter().map(Attempt::total).sum();
        match self.last.timing.total() {
            Some(total) => Some(total + earlier),
            None if self.earlier().is_empty() => None,
            None => Some(earlier),
        }
    }

    /// The time between its attempts in which it waited for its retry. In the rest of the time between them it waited for
    /// its turn; of older reports, which do not tell it apart, it is all of that time.
    pub fn retry_wait(&self) -> Duration {
        let waits = self.elapsed().unwrap_or_default();
        let waits = waits.saturating_sub(self.busy().unwrap_or_default());
        let details = self.details.as_ref();
        let own = details.and_then(|details| details.retry_wait);
        own.map_or(waits, |own| own.min(waits))
    }

    /// The time that it takes however many workers there are: of its attempts and its waits for retries, without those
    /// for its turn. `None` if it was not started.
    pub fn unqueued(&self) -> Option<Duration> {
        Some(self.busy()? + self.retry_wait())
    }

    /// Adds the failed attempts that came before.
    pub fn follow(&mut self, earlier: Vec<Attempt>) {
        if !earlier.is_empty() {
            self.details_mut().earlier = earlier;
        }
    }

    /// The outcome of a target that never reached a worker.
    pub fn untried(index: u64, url: Arc<str>, verb: Verb, failure: Failure) -> Self {
        Outcome {
            verdict: match failure.kind {
                FailureKind::Stopped => Verdict::Skipped,
                _ => Verdict::Failed,
            },
            last: Attempt {
                error: Some(Box::new(failure)),
                ..Attempt::default()
            },
            ..Outcome::new(index, url, verb)
        }
    }

    /// An empty outcome: a success without a request.
    pub fn new(index: u64, url: Arc<str>, verb: Verb) -> Self {
        Outcome {
            index,
            url,
            verb,
            verdict: Verdict::Ok,
            bytes: 0,
            last: Attempt::default(),
            details: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_at_most_256_bytes() {
        assert!(size_of::<Outcome>() <= 256, "{}", size_of::<Outcome>());
    }
}
