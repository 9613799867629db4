//! From what went wrong below to a [`Failure`]: what, where, and what to do, in one line.

use std::io;

use crate::model::outcome::{Failure, FailureKind};
use crate::model::text::escape;
use crate::model::timing::Phase;
use crate::save::BodyError;

use super::decode::DecodeError;
use super::request_clock::Fault;
use super::tls;

/// Words a fault that pfetch's own transport found.
pub(super) fn from_fault(fault: Fault, phase: Phase, body_bytes: Option<u64>) -> Failure {
    let (kind, message) = match fault {
        Fault::Stopped => (
            FailureKind::Stopped,
            "stopped before it was complete".to_owned(),
        ),
        Fault::Timeout(limit) | Fault::ConnectTimeout(limit) => (
            FailureKind::Timeout,
            format!("timed out after {}", humantime::format_duration(limit)),
        ),
        Fault::Stalled(limit) => (
            FailureKind::Stall,
            format!(
                "stalled: less than 1 KiB came in {}",
                humantime::format_duration(limit)
            ),
        ),
        Fault::SlowHead(limit) => (
            FailureKind::Stall,
            format!(
                "stalled: the response header was not complete after {}",
                humantime::format_duration(limit)
            ),
        ),
        Fault::EndlessHead => (FailureKind::Protocol, invalid("its header does not end")),
        Fault::EndlessFraming => (
            FailureKind::Protocol,
            invalid("what comes beside its body does not end"),
        ),
        Fault::EndlessLine => (
            FailureKind::Protocol,
            invalid("its header, or a line of it, is longer than 64 KiB"),
        ),
        Fault::Private(reason) => (FailureKind::Private, reason),
        Fault::Proxy(reason) => (FailureKind::Proxy, reason),
        Fault::Tls(reason) => (FailureKind::Tls, reason),
        Fault::TooLarge(limit) => (
            FailureKind::TooLarge,
            format!("the body has more than {limit} bytes (--max-bytes)"),
        ),
        Fault::TooLong(stated, limit) => (
            FailureKind::TooLarge,
            format!("the body is to have {stated} bytes, more than {limit} bytes (--max-bytes)"),
        ),
        Fault::Unreachable(reasons) => (FailureKind::Connect, reasons),
        Fault::NameNotFound(reason) => (FailureKind::Dns, reason),
        Fault::CutOff => {
            return from_io(&io::ErrorKind::UnexpectedEof.into(), phase, body_bytes);
        }
        Fault::Socket(kind, message) => return from_socket(kind, &message, phase),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
    }
}

/// Words an error of ureq's.
pub(super) fn from_ureq(error: ureq::Error, phase: Phase, body_bytes: Option<u64>) -> Failure {
    let (kind, message) = match error {
        ureq::Error::Io(error) => return from_io(&error, phase, body_bytes),
        ureq::Error::Protocol(error) => (
            FailureKind::Protocol,
            invalid(&in_plain_words(&error.to_string())),
        ),
        ureq::Error::LargeResponseHeader(_, limit) => (
            FailureKind::Protocol,
            format!("the response header is longer than {limit} bytes"),
        ),
        // The connection's end in the line that states a chunk's length.
        ureq::Error::BodyStalled => {
            return from_io(&io::ErrorKind::UnexpectedEof.into(), phase, body_bytes);
        }
        error => (FailureKind::Local, error.to_string()),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
    }
}

fn invalid(why: &str) -> String {
    format!("the server's answer is not valid HTTP: {why}")
}

/// What ureq's protocol errors mean to somebody who does not know its source. They are told apart by
/// their text, because their type is not ureq's to give.
fn in_plain_words(error: &str) -> String {
    let parse = error.strip_prefix("http parse fail: ").unwrap_or(error);
    let words = match parse {
        "invalid HTTP version" | "unsupported http version" => {
            "it does not begin with HTTP/1; another service, or https, may be on this port"
        }
        "invalid response status" => {
            "its status line is not a status of three digits and plain text"
        }
        "invalid header name" => {
            "a header's name is empty or has a character that no name may have"
        }
        "invalid header value" => "a header's value has a control character in it",
        "invalid new line" => "a line of its header does not end as it must",
        "http parse resulted in too many headers" => "it has more than 128 headers",
        "conflicting content-length headers" => "it states two different lengths (Content-Length)",
        "content-length header not a number" => "its Content-Length is not a number",
        "chunk length is not ascii" | "chunk length cannot be read as a number" => {
            "a chunk of its body does not state its length"
        }
        "chunk expected crlf as next character" => {
            "a chunk of its body does not end where its length says"
        }
        other => other,
    };
    words.to_owned()
}

fn from_io(error: &io::Error, phase: Phase, body_bytes: Option<u64>) -> Failure {
    if let Some(coding) = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<DecodeError>())
    {
        return Failure {
            kind: FailureKind::Encoding,
            phase: Some(phase),
            message: escape(&coding.to_string()),
        };
    }
    // What goes wrong within TLS once the connection stands.
    if let Some(reason) = tls::reason(error) {
        return Failure {
            kind: FailureKind::Tls,
            phase: Some(phase),
            message: escape(&reason),
        };
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = match (phase, body_bytes) {
            (Phase::Receive, Some(bytes)) => {
                format!("the server closed the connection in the body, after {bytes} bytes")
            }
            (Phase::Receive, None) => {
                "the server closed the connection in the response header".to_owned()
            }
            (Phase::Ssl, _) => "the server closed the connection in the TLS handshake".to_owned(),
            _ => "the server closed the connection without an answer".to_owned(),
        };
        return Failure {
            kind: match phase {
                Phase::Ssl => FailureKind::Tls,
                _ => FailureKind::Closed,
            },
            phase: Some(phase),
            message,
        };
    }
    from_socket(error.kind(), &error.to_string(), phase)
}

fn from_socket(kind: io::ErrorKind, message: &str, phase: Phase) -> Failure {
    let plain = message.split(" (os error").next().unwrap_or(message);
    // No stable error kind exists for the two limits on open files.
    let no_descriptor = plain.starts_with("Too many open files");
    let (kind, message) = match kind {
        _ if no_descriptor => (
            FailureKind::Local,
            format!("{plain}: use fewer workers (-j) or raise the limit (ulimit -n)"),
        ),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => (
            FailureKind::Closed,
            "the server reset the connection".to_owned(),
        ),
        _ if phase == Phase::Connect => (FailureKind::Connect, plain.to_lowercase()),
        _ => (FailureKind::Closed, plain.to_lowercase()),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
    }
}

/// What is looked up and connected to for a request through a proxy is the proxy.
pub(super) fn on_the_way_to(proxy: &str, mut failure: Failure) -> Failure {
    if matches!(
        (failure.kind, failure.phase),
        (FailureKind::Connect, _) | (FailureKind::Dns, Some(Phase::Dns))
    ) {
        failure.message = format!("the proxy {proxy}: {}", failure.message);
    }
    failure
}

/// Words why bytes of a body were not taken.
pub(super) fn from_refused(refused: BodyError) -> Failure {
    let (kind, phase, message) = match refused {
        BodyError::File(error) => return error.into(),
        BodyError::Stopped => (
            FailureKind::Stopped,
            None,
            "stopped before it was complete".to_owned(),
        ),
        BodyError::LengthMismatch { received, stated } => (
            FailureKind::Closed,
            Some(Phase::Receive),
            format!("the server ended the body after {received} of {stated} bytes"),
        ),
        BodyError::AlreadyWritten(written) => (
            FailureKind::Broken,
            None,
            format!(
                "the body broke off after {written} bytes, which are passed on already, and the server \
                 cannot go on from there"
            ),
        ),
        // Whoever can ask again does so before it comes to this.
        BodyError::Changed => (
            FailureKind::Protocol,
            None,
            "the body is another than before".to_owned(),
        ),
    };
    Failure {
        kind,
        phase,
        message,
    }
}

/// A status that is not accepted.
pub(super) fn from_status(status: http::StatusCode) -> Failure {
    Failure {
        kind: FailureKind::Status,
        phase: None,
        message: match status.canonical_reason() {
            Some(reason) => reason.to_lowercase(),
            None => format!("status {} is not accepted", status.as_u16()),
        },
    }
}
