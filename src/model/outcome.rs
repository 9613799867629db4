//! What became of one target: the figures and the failure, as plain data.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::model::save_path::Place;
use crate::model::target::Verb;
use crate::model::timing::{Phase, Timing};

/// How a target ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Answered with an accepted status, and complete.
    Ok,
    /// Its file is there already, and is left as it is.
    Unchanged,
    /// Anything else that was tried.
    Failed,
    /// Not tried, or not to its end, because the run was stopped.
    Skipped,
}

impl Verdict {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Unchanged => "unchanged",
            Verdict::Failed => "failed",
            Verdict::Skipped => "skipped",
        }
    }
}

/// The end of one target: what was asked, and what came of it.
///
/// An outcome crosses cores for each URL, so its size is a cost: what most targets do not have lies
/// behind one pointer, [`Details`].
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Position in the whole input, from 0.
    pub index: u64,
    /// The URL as given, in its ASCII form and without credentials. For input that is no URL: an
    /// excerpt of it, with control characters escaped.
    pub url: Arc<str>,
    /// What was done.
    pub verb: Verb,
    /// How it ended.
    pub verdict: Verdict,
    /// Body bytes of the final response, decoded.
    pub bytes: u64,
    /// The attempt that decided, the only one of most targets.
    pub last: Attempt,
    /// What most targets do not have.
    pub details: Option<Box<Details>>,
}

/// What only some targets have: files, redirects, retries.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// The URL that answered, if redirects led elsewhere.
    pub final_url: Option<Arc<str>>,
    /// The responses that led there.
    pub redirects: Vec<Hop>,
    /// Where its file goes below the folder, if it is to have one.
    pub place: Option<Place>,
    /// The file that it has.
    pub saved: Option<Saved>,
    /// How long the server asks not to be asked again, if it does.
    pub retry_after: Option<Duration>,
    /// The attempts that failed before the last one.
    pub earlier: Vec<Attempt>,
}

/// The file that a target has under its final name: whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Its name, the folder as it was given included.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, if it was asked for.
    pub sha256: Option<[u8; 32]>,
    /// How many of its bytes an earlier attempt or run had left, and were not fetched again.
    pub resumed_from: Option<u64>,
}

/// One request and its response, as far as they came. Secrets are left out, control characters
/// escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// `GET` or `HEAD`.
    pub method: String,
    /// The URL asked for.
    pub url: Arc<str>,
    /// The request's headers, but for those that every HTTP/1.1 request has of itself.
    pub request: Vec<(String, String)>,
    /// The address connected to: the proxy's, if there is one.
    pub remote: Option<SocketAddr>,
    /// The proxy, as `host:port`.
    pub proxy: Option<String>,
    /// Whether the connection had been used before.
    pub reused: Option<bool>,
    /// The response's version and status.
    pub status: Option<(&'static str, u16)>,
    /// The response's headers.
    pub response: Vec<(String, String)>,
}

/// One attempt at a target: a request and, where redirects led on, the requests that followed it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    /// When a worker took it up, by the wall clock.
    pub started_at: Option<SystemTime>,
    /// The same moment, and its end, by the monotonic clock that all figures come from.
    pub span: Option<(Instant, Instant)>,
    /// The worker (lane) that did it: another attempt may be another worker's. `None` if none did.
    pub worker: Option<u32>,
    /// Where the time went.
    pub timing: Timing,
    /// The requests that it was: two, if the first met a stale connection; 0 if none was made.
    pub requests: u32,
    /// Bytes that the sockets gave: headers, framing, TLS records and redirects included. `None` if
    /// none was asked.
    pub wire_bytes: Option<u64>,
    /// The address that was asked last.
    pub remote: Option<SocketAddr>,
    /// Whether the last request went over a connection that had served an earlier one.
    pub reused: Option<bool>,
    /// The status code of the final response.
    pub status: Option<u16>,
    /// The protocol version of the final response.
    pub version: Option<HttpVersion>,
    /// Why it failed, or was skipped.
    pub error: Option<Box<Failure>>,
    /// Every request and its response, headers included, if the run was to keep them: behind one
    /// word, as hardly any run is.
    pub exchanges: Option<Box<Vec<Exchange>>>,
}

impl Attempt {
    /// How long a worker was busy with it.
    pub fn total(&self) -> Duration {
        self.timing.total().unwrap_or_default()
    }

    /// Every request and its response, if the run was to keep them.
    pub fn exchanges(&self) -> &[Exchange] {
        self.exchanges.as_deref().map_or(&[], Vec::as_slice)
    }
}

/// A version of HTTP that servers answer with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

impl HttpVersion {
    /// The name in reports, as it stands in a status line.
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
    /// The URL that answered with the redirect.
    pub url: Arc<str>,
    /// With this status.
    pub status: u16,
}

/// Why a target failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What sort of failure.
    pub kind: FailureKind,
    /// During which phase, where there was one.
    pub phase: Option<Phase>,
    /// One line for a person: what, and what to do. Free of control characters and secrets.
    pub message: String,
}

/// The sorts of failure, each with a stable name for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum FailureKind {
    /// The line of input is not a target.
    Input,
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// TLS could not be agreed on, or the certificate is not good.
    Tls,
    /// A time limit passed.
    Timeout,
    /// Too little came for too long.
    Stall,
    /// The server closed or reset the connection before its response was whole.
    Closed,
    /// The server did not speak HTTP as it is written.
    Protocol,
    /// The proxy would not, or could not.
    Proxy,
    /// The address is not a public one (`--block-private`).
    Private,
    /// The body is not what its Content-Encoding says, or grows out of all proportion.
    Encoding,
    /// The body has more bytes than are wanted (`--max-bytes`), or than the disk has room for.
    #[serde(rename = "too-large")]
    TooLarge,
    /// A redirect that cannot or may not be followed.
    Redirect,
    /// The status is not among the accepted ones.
    Status,
    /// The body broke off with a part of it passed on, and nobody can go on from there.
    Broken,
    /// The body is not the one that was asked for: its SHA-256 is another.
    Checksum,
    /// The file cannot be written, or another is in its place.
    File,
    /// There is no room left for the file.
    #[serde(rename = "disk-full")]
    DiskFull,
    /// The run was stopped.
    Stopped,
    /// A fault on this side: no thread, no file descriptor, or a bug.
    Local,
}

impl FailureKind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureKind::Input => "input",
            FailureKind::Dns => "dns",
            FailureKind::Connect => "connect",
            FailureKind::Tls => "tls",
            FailureKind::Timeout => "timeout",
            FailureKind::Stall => "stall",
            FailureKind::Closed => "closed",
            FailureKind::Protocol => "protocol",
            FailureKind::Proxy => "proxy",
            FailureKind::Private => "private",
            FailureKind::Encoding => "encoding",
            FailureKind::TooLarge => "too-large",
            FailureKind::Redirect => "redirect",
            FailureKind::Status => "status",
            FailureKind::Broken => "broken",
            FailureKind::Checksum => "checksum",
            FailureKind::File => "file",
            FailureKind::DiskFull => "disk-full",
            FailureKind::Stopped => "stopped",
            FailureKind::Local => "local",
        }
    }

    /// Whether the fault is on this side, whatever the servers do.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            FailureKind::File | FailureKind::DiskFull | FailureKind::Local
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A status speaks for itself; everything else says where it happened.
        match (self.kind, self.phase) {
            (FailureKind::Status | FailureKind::Input | FailureKind::Stopped, _) => {
                f.write_str(&self.message)
            }
            (FailureKind::Timeout | FailureKind::Stall | FailureKind::Closed, Some(phase)) => {
                write!(f, "{}: {}", phase.as_str(), self.message)
            }
            (kind, _) => write!(f, "{}: {}", kind.as_str(), self.message),
        }
    }
}

impl Outcome {
    /// Why it failed or was skipped.
    pub fn error(&self) -> Option<&Failure> {
        self.last.error.as_deref()
    }

    /// The status code of the final response.
    pub fn status(&self) -> Option<u16> {
        self.last.status
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

    /// Where its file goes below the folder, if it is to have one.
    pub fn place(&self) -> Option<&Place> {
        self.details.as_ref()?.place.as_ref()
    }

    /// The file that it has.
    pub fn saved(&self) -> Option<&Saved> {
        self.details.as_ref()?.saved.as_ref()
    }

    /// How long the server asks not to be asked again, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        self.details.as_ref()?.retry_after
    }

    /// The attempts that failed before the last one.
    pub fn earlier(&self) -> &[Attempt] {
        self.details
            .as_ref()
            .map_or(&[], |details| &details.earlier)
    }

    /// All attempts, the last one at the end.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> + Clone {
        self.earlier().iter().chain([&self.last])
    }

    /// How many times the target was asked for, a retry on a fresh connection included.
    pub fn requests(&self) -> u32 {
        self.attempts()
            .fold(0, |sum, attempt| sum.saturating_add(attempt.requests))
    }

    /// What only some targets have, made if this one had nothing of it.
    pub fn details_mut(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }

    /// How long the target took: from the start of the first attempt to the end of the last, the
    /// waiting between them included. `None` if it was not tried.
    pub fn elapsed(&self) -> Option<Duration> {
        if self.earlier().is_empty() {
            return self.last.timing.total();
        }
        let mut spans = self.attempts().filter_map(|attempt| attempt.span);
        let (first, end) = spans.next()?;
        let (_, last) = spans.next_back().unwrap_or((first, end));
        Some(last - first)
    }

    /// How long a worker was busy with the target, all attempts together; waiting between them is
    /// no work. `None` if no worker was.
    pub fn busy(&self) -> Option<Duration> {
        let earlier: Duration = self.earlier().iter().map(Attempt::total).sum();
        match self.last.timing.total() {
            Some(total) => Some(total + earlier),
            None if self.earlier().is_empty() => None,
            None => Some(earlier),
        }
    }

    /// Makes it the last of several attempts, after these.
    pub fn follow(&mut self, earlier: Vec<Attempt>) {
        if !earlier.is_empty() {
            self.details_mut().earlier = earlier;
        }
    }

    /// An outcome of something that never reached a worker.
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

    /// An outcome with nothing in it: a success for which no server was asked.
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
    fn an_outcome_is_small_enough_to_be_handed_from_core_to_core() {
        assert!(size_of::<Outcome>() <= 256, "{}", size_of::<Outcome>());
    }
}
