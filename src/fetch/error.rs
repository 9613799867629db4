//! From what went wrong below to a [`Failure`]: what, where, and what to do, in one line.

use std::io;

use crate::outcome::{Failure, FailureKind};
use crate::text::escape;
use crate::timing::Phase;

use super::meter::Fault;

/// Words a fault that pfetch's own transport found.
pub(super) fn from_fault(fault: Fault, phase: Phase) -> Failure {
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
        Fault::Unreachable(reasons) => (FailureKind::Connect, reasons),
        Fault::NameNotFound(reason) => (FailureKind::Dns, reason),
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
            format!("the server's answer is not valid HTTP: {error}"),
        ),
        ureq::Error::LargeResponseHeader(size, limit) => (
            FailureKind::Protocol,
            format!("the response header has {size} bytes; the limit is {limit}"),
        ),
        ureq::Error::Rustls(error) => (FailureKind::Tls, error.to_string()),
        ureq::Error::Tls(reason) => (FailureKind::Tls, reason.to_owned()),
        error => (FailureKind::Local, error.to_string()),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
    }
}

fn from_io(error: &io::Error, phase: Phase, body_bytes: Option<u64>) -> Failure {
    // rustls reports a bad certificate through the socket's error type.
    if phase == Phase::Ssl && error.kind() == io::ErrorKind::InvalidData {
        return Failure {
            kind: FailureKind::Tls,
            phase: Some(phase),
            message: escape(&error.to_string()),
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
