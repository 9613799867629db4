//! The wording of failures: each names what failed, where, and what to do, in one line.

use std::io;

use crate::model::outcome::{Failure, FailureKind};
use crate::model::text::{byte_count, escape, excerpt};
use crate::model::timing::Phase;
use crate::save::{BodyError, KnownLength};

use super::decode::DecodeError;
use super::fault::{Fault, SocketError};
use super::media_type::MediaRanges;
use super::proxy::Proxy;
use super::proxy_config::ProxyUnusable;
use super::tls;
use super::transport::framing::FramingError;

/// The failure that a fault of pfetch's own transport amounts to.
pub(super) fn from_fault(fault: Fault, phase: Phase, body_bytes: Option<u64>) -> Failure {
    let is_transient = match &fault {
        Fault::LookupAgain(_) => true,
        Fault::Proxy(_, fault) => fault.is_transient(),
        _ => false,
    };
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
        Fault::Head(error) => (FailureKind::Protocol, invalid(&error.to_string())),
        // The transfer coding is a standard one, only not an asked one.
        Fault::Framing(error @ FramingError::TransferCoding(_)) => (
            FailureKind::Protocol,
            format!("the server's answer cannot be read: {error}"),
        ),
        Fault::Framing(error) => (FailureKind::Protocol, invalid(&error.to_string())),
        Fault::Stale => {
            return from_io(&io::ErrorKind::UnexpectedEof.into(), phase, body_bytes);
        }
        Fault::DrainOver => (
            FailureKind::Stall,
            "the rest of the body took too long".to_owned(),
        ),
        Fault::Private(reason) => (FailureKind::Private, reason),
        Fault::Proxy(name, fault) => (FailureKind::Proxy, format!("the proxy {name}: {fault}")),
        Fault::Tls(reason) => (FailureKind::Tls, reason),
        Fault::TooLarge(limit) => (
            FailureKind::TooLarge,
            format!("the body has more than {} (--max-bytes)", byte_count(limit)),
        ),
        Fault::TooLong(stated, limit) => (
            FailureKind::TooLarge,
            format!(
                "the body is to have {}, more than {} (--max-bytes)",
                byte_count(stated),
                byte_count(limit)
            ),
        ),
        Fault::Unreachable(reasons) => (FailureKind::Connect, reasons),
        Fault::NameNotFound(reason) | Fault::LookupAgain(reason) => (FailureKind::Dns, reason),
        Fault::CutOff => {
            return from_io(&io::ErrorKind::UnexpectedEof.into(), phase, body_bytes);
        }
        Fault::Socket(error) => return from_socket(error, phase),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
        is_transient,
        is_alone: false,
    }
}

/// The failure that an error of ureq amounts to.
pub(super) fn from_ureq(error: ureq::Error, phase: Phase, body_bytes: Option<u64>) -> Failure {
    let (kind, message) = match error {
        ureq::Error::Io(error) => return from_io(&error, phase, body_bytes),
        error => (FailureKind::Local, error.to_string()),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
        is_transient: false,
        is_alone: false,
    }
}

fn invalid(why: &str) -> String {
    format!("the server's answer is not valid HTTP: {why}")
}

fn from_io(error: &io::Error, phase: Phase, body_bytes: Option<u64>) -> Failure {
    if let Some(coding) = error
        .get_ref()
        .and_then(|e| e.downcast_ref::<DecodeError>())
    {
        return Failure {
            kind: coding.kind(),
            phase: Some(phase),
            message: escape(&coding.to_string()),
            is_transient: false,
            is_alone: false,
        };
    }
    // An error of TLS after the handshake.
    if let Some(reason) = tls::reason(error) {
        return Failure {
            kind: FailureKind::Tls,
            phase: Some(phase),
            message: escape(&reason),
            is_transient: false,
            is_alone: false,
        };
    }
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = match (phase, body_bytes) {
            (Phase::Receive, Some(bytes)) => {
                format!(
                    "the server closed the connection in the body, after {}",
                    byte_count(bytes)
                )
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
            // Nothing was said of the certificate or the versions: the server is starting, or overloaded.
            is_transient: true,
            is_alone: false,
        };
    }
    from_socket(SocketError::from(error), phase)
}

fn from_socket(error: SocketError, phase: Phase) -> Failure {
    let (kind, message) = match (error.shortage(), error.kind) {
        (Some(shortage), _) => (FailureKind::Local, shortage.to_string()),
        (
            None,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
        ) => (
            FailureKind::Closed,
            "the server reset the connection".to_owned(),
        ),
        _ if phase == Phase::Connect => (FailureKind::Connect, error.message.to_lowercase()),
        _ => (FailureKind::Closed, error.message.to_lowercase()),
    };
    Failure {
        kind,
        phase: Some(phase),
        message: escape(&message),
        is_transient: false,
        is_alone: false,
    }
}

/// Names the proxy in a failure to resolve or to connect: that was the proxy's name, not the target's.
/// (The target's is looked up once the proxy is connected to. A cached failure comes before any phase.)
pub(super) fn name_proxy(proxy: &str, mut failure: Failure) -> Failure {
    if matches!(
        (failure.kind, failure.phase),
        (FailureKind::Connect, _) | (FailureKind::Dns, Some(Phase::Dns | Phase::Blocked))
    ) {
        failure.message = format!("the proxy {proxy}: {}", failure.message);
    }
    failure
}

/// The failure that the refusal of a body's bytes amounts to.
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
            format!(
                "the server ended the body after {received} of {}",
                byte_count(stated)
            ),
        ),
        BodyError::FewerThanBefore { received, before } => {
            let known = KnownLength {
                length: before,
                is_exact: false,
                is_same_version: true,
            };
            (FailureKind::Protocol, None, two_lengths(known, received))
        }
        BodyError::AlreadyWritten(written) => (
            FailureKind::Broken,
            None,
            format!(
                "the body broke off after {}, which are passed on already, and the server cannot go on \
                 from there",
                byte_count(written)
            ),
        ),
        // A sink that can restart has done so before this is reached.
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
        is_transient: false,
        is_alone: false,
    }
}

/// The reason to refuse a body whose length contradicts an earlier response with the same ETag.
pub(super) fn two_lengths(known: KnownLength, now: u64) -> String {
    let least = if known.is_exact { "" } else { "at least " };
    format!(
        "the server gives one version of the body (the same ETag) {least}{} at one time and {now} \
         at another; to take what it sends now, fetch it with --no-resume",
        byte_count(known.length)
    )
}

/// The failure of a server that has sent the rest of a body in as many small ranges as this.
pub(super) fn small_ranges(most: u32) -> Failure {
    Failure {
        kind: FailureKind::Closed,
        phase: Some(Phase::Receive),
        message: format!(
            "the server sent {most} ranges that were far shorter than asked for; run again to go on, or \
             fetch it with --no-resume"
        ),
        is_transient: false,
        is_alone: false,
    }
}

/// The failure of a status that is not accepted, of a response that came through this proxy.
pub(super) fn from_status(status: http::StatusCode, proxy: Option<&Proxy>) -> Failure {
    let mut message = match status.canonical_reason() {
        Some(reason) => reason.to_lowercase(),
        None => format!("status {} is not accepted", status.as_u16()),
    };
    if let (http::StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(proxy)) = (status, proxy) {
        message.push_str(match &proxy.authorization {
            Some(_) => ": the proxy does not accept the name and password in its URL",
            None => "; give the proxy's name and password in its URL",
        });
    }
    Failure {
        kind: FailureKind::Status,
        phase: None,
        message,
        is_transient: false,
        is_alone: false,
    }
}

/// The failure of an answer with this `Content-Type`, which is not an expected one.
pub(super) fn from_wrong_type(expected: &MediaRanges, stated: Option<&[u8]>) -> Failure {
    let message = match stated {
        Some(stated) => format!(
            "the answer is {}, not {expected}; look at it without --expect-type, or add its type there",
            excerpt(&String::from_utf8_lossy(stated), 100)
        ),
        None => format!(
            "the answer does not state its type (Content-Type), so it may not be {expected}; --expect-type \
             '*/*' takes any"
        ),
    };
    Failure {
        kind: FailureKind::Type,
        phase: None,
        message,
        is_transient: false,
        is_alone: false,
    }
}

/// The failure of a URL whose proxy cannot be used.
pub(super) fn from_unusable_proxy(error: &ProxyUnusable) -> Failure {
    Failure {
        kind: FailureKind::Proxy,
        phase: None,
        message: error.to_string(),
        is_transient: false,
        is_alone: false,
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;
    use crate::http::proxy_fault::ProxyFault;

    #[test]
    fn shortages_of_this_machine_are_local_in_any_phase() {
        for (errno, hint) in [
            (Errno::MFILE, "ulimit -n"),
            (Errno::NFILE, "fs.file-max"),
            (Errno::NOBUFS, "tcp_mem"),
            (Errno::NOMEM, "tcp_mem"),
            (Errno::ADDRNOTAVAIL, "ip_local_port_range"),
        ] {
            for phase in [Phase::Connect, Phase::Send, Phase::Receive] {
                let failure = from_fault(Fault::Socket(errno.into()), phase, None);
                assert_eq!(failure.kind, FailureKind::Local, "{errno:?} {phase:?}");
                assert!(failure.message.contains(hint), "{failure}");
                assert!(failure.message.contains("-j"), "{failure}");
                // The same error by way of ureq.
                let error = ureq::Error::Io(errno.into());
                assert_eq!(from_ureq(error, phase, None), failure);
            }
        }
    }

    #[test]
    fn errors_of_the_other_side_are_not_local() {
        let failure = |errno: Errno, phase| from_fault(Fault::Socket(errno.into()), phase, None);
        let refused = failure(Errno::CONNREFUSED, Phase::Connect);
        assert_eq!(refused.to_string(), "connect: connection refused");
        let reset = failure(Errno::CONNRESET, Phase::Receive);
        assert_eq!(
            reset.to_string(),
            "receive: the server reset the connection"
        );
        // A text is no errno.
        let text = io::Error::new(io::ErrorKind::NotConnected, "Too many open files");
        let failure = from_io(&text, Phase::Connect, None);
        assert_eq!(failure.kind, FailureKind::Connect, "{failure}");
    }

    #[test]
    fn a_fault_is_transient_if_it_is_of_a_name_for_now_or_of_the_proxy_for_now() {
        let proxy = |fault| Fault::Proxy("p:1".to_owned(), fault);
        for (fault, is_transient) in [
            (Fault::LookupAgain("h".to_owned()), true),
            (Fault::NameNotFound("h".to_owned()), false),
            (proxy(ProxyFault::Closed), true),
            (proxy(ProxyFault::NotSocks), false),
            (Fault::EndlessHead, false),
        ] {
            let what = format!("{fault:?}");
            let failure = from_fault(fault, Phase::Connect, None);
            assert_eq!(failure.is_transient, is_transient, "{what}");
        }
    }

    #[test]
    fn a_socket_error_before_a_connection_is_one_of_connecting() {
        for (phase, kind) in [
            (Phase::Connect, FailureKind::Connect),
            (Phase::Send, FailureKind::Closed),
            (Phase::Receive, FailureKind::Closed),
        ] {
            let failure = from_fault(Fault::Socket(Errno::HOSTUNREACH.into()), phase, None);
            assert_eq!(failure.kind, kind, "{phase:?}: {failure}");
        }
    }
}
