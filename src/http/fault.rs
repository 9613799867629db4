//! Faults: the reasons for which pfetch's own transport ends a request, with their types.
//!
//! ureq hands an error of the transport on as an `io::Error`, which keeps nothing but a kind and a
//! text. The transport therefore leaves the fault with the request clock, where the client finds it.

use std::fmt;
use std::io;
use std::time::Duration;

use rustix::io::Errno;

use super::proxy_fault::ProxyFault;
use super::transport::framing::FramingError;
use super::transport::head::HeadError;

/// A reason for which a request may not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The run was stopped.
    Stopped,
    /// The whole attempt took longer than this (`--timeout`).
    Timeout(Duration),
    /// Look-up, connect and TLS handshake took longer than this (`--connect-timeout`).
    ConnectTimeout(Duration),
    /// Less than [`STALL_BYTES`](super::request_state::STALL_BYTES) came in this time.
    Stalled(Duration),
    /// The response head was not complete after this time.
    SlowHead(Duration),
    /// Interim responses without an end.
    EndlessHead,
    /// The response's head cannot be read.
    Head(HeadError),
    /// The end of the response's body cannot be told.
    Framing(FramingError),
    /// A kept connection was closed, or brought something else than an answer: the request is sent again.
    Stale,
    /// A body that nobody wants was not over in time. Never an outcome's failure.
    DrainOver,
    /// No address of the name accepted a connection, for these reasons.
    Unreachable(String),
    /// The name could not be resolved, for this reason.
    NameNotFound(String),
    /// The name server could not answer in time (`EAI_AGAIN`); it may the next time.
    LookupAgain(String),
    /// The address is not public (`--block-private`).
    Private(String),
    /// The proxy of this name refused, or failed.
    Proxy(String, ProxyFault),
    /// The TLS handshake failed, for this reason.
    Tls(String),
    /// The body has more bytes than this limit (`--max-bytes`).
    TooLarge(u64),
    /// The stated length of the body, and the limit that it exceeds (`--max-bytes`).
    TooLong(u64, u64),
    /// A TLS connection ended without `close_notify`, so its end may be a truncation.
    CutOff,
    /// A socket call failed.
    Socket(SocketError),
}

/// The error of a socket call, as far as it matters for a report: kind, errno, and a text to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SocketError {
    pub(super) kind: io::ErrorKind,
    errno: Option<i32>,
    /// The system's text, without the number that the standard library adds.
    pub(super) message: String,
}

impl SocketError {
    /// The error of a machine without an address of the other side's family.
    pub(super) fn no_local_address() -> Self {
        SocketError {
            kind: io::ErrorKind::AddrNotAvailable,
            errno: None,
            message: "this machine has no address to reach it from; for an IPv6 address, see that \
                      IPv6 is on"
                .to_owned(),
        }
    }

    /// The resource of this machine that is exhausted, if that is the error.
    pub(super) fn shortage(&self) -> Option<Shortage> {
        Shortage::from_errno(Errno::from_raw_os_error(self.errno?))
    }
}

impl From<&io::Error> for SocketError {
    fn from(error: &io::Error) -> Self {
        let text = error.to_string();
        let errno = error.raw_os_error();
        let suffix = errno.map(|number| format!(" (os error {number})"));
        let plain = suffix.and_then(|suffix| text.strip_suffix(suffix.as_str()));
        SocketError {
            kind: error.kind(),
            errno,
            message: plain.unwrap_or(&text).to_owned(),
        }
    }
}

impl From<Errno> for SocketError {
    fn from(errno: Errno) -> Self {
        SocketError::from(&io::Error::from(errno))
    }
}

/// A resource of this machine that is exhausted. No server is to blame, and no other address helps.
///
/// Told apart by errno, because the texts differ: musl words EMFILE as "No file descriptors
/// available".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    /// EMFILE: the file descriptors of this process.
    ProcessFiles,
    /// ENFILE: the open files of the system.
    SystemFiles,
    /// ENOBUFS, ENOMEM: the kernel's memory for sockets.
    Memory,
    /// EADDRNOTAVAIL from connect(2): ephemeral ports.
    Ports,
}

impl Shortage {
    fn from_errno(errno: Errno) -> Option<Self> {
        match errno {
            Errno::MFILE => Some(Shortage::ProcessFiles),
            Errno::NFILE => Some(Shortage::SystemFiles),
            Errno::NOBUFS | Errno::NOMEM => Some(Shortage::Memory),
            Errno::ADDRNOTAVAIL => Some(Shortage::Ports),
            _ => None,
        }
    }

    /// True if a connection to another address would fail as well. A shortage of ports is one of a
    /// pair of addresses: where IPv6 is off, `::1` has none, and 127.0.0.1 has.
    pub(super) fn is_of_all_addresses(self) -> bool {
        self != Shortage::Ports
    }
}

impl fmt::Display for Shortage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shortage::ProcessFiles => {
                "Too many open files: use fewer workers (-j) or raise the limit (ulimit -n)"
            }
            Shortage::SystemFiles => {
                "Too many open files in system: use fewer workers (-j) or raise the limit \
                 (sysctl fs.file-max)"
            }
            Shortage::Memory => {
                "No memory left for sockets: use fewer workers (-j) or raise the limits \
                 (sysctl net.ipv4.tcp_mem, and the memory of the container)"
            }
            Shortage::Ports => {
                "No local port left to connect from: use fewer workers (-j) or widen the range \
                  (sysctl net.ipv4.ip_local_port_range)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortages_of_this_machine_are_told_by_errno() {
        for (errno, shortage) in [
            (Errno::MFILE, Some(Shortage::ProcessFiles)),
            (Errno::NFILE, Some(Shortage::SystemFiles)),
            (Errno::NOBUFS, Some(Shortage::Memory)),
            (Errno::NOMEM, Some(Shortage::Memory)),
            (Errno::ADDRNOTAVAIL, Some(Shortage::Ports)),
            (Errno::CONNREFUSED, None),
            (Errno::CONNRESET, None),
            (Errno::NETUNREACH, None),
        ] {
            assert_eq!(SocketError::from(errno).shortage(), shortage, "{errno:?}");
        }
        // A text alone decides nothing.
        let text = io::Error::other("Too many open files");
        assert_eq!(SocketError::from(&text).shortage(), None);
    }

    #[test]
    fn the_text_of_a_socket_error_has_no_number() {
        let refused = SocketError::from(Errno::CONNREFUSED);
        assert_eq!(refused.kind, io::ErrorKind::ConnectionRefused);
        assert!(!refused.message.contains("os error"), "{refused:?}");
        let own = SocketError::from(&io::Error::other("made here"));
        assert_eq!((own.message.as_str(), own.errno), ("made here", None));
    }
}
