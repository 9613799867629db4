//! Faults of proxies: the reasons for which one opens no connection to a server.

use std::io;

use super::tls;
use super::transport::head::HeadError;
use crate::model::text::excerpt;

/// A fault of a proxy. Reads well after its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ProxyFault {
    /// It closed the connection before it had answered.
    #[error("closed the connection in the handshake")]
    Closed,
    /// The same, where its answer to CONNECT was awaited.
    #[error("closed the connection instead of opening a tunnel")]
    NoTunnel,
    #[error("reset the connection")]
    Reset,
    /// TLS with an https proxy failed, for this reason.
    #[error("{0}")]
    Tls(String),
    /// The header of its answer to CONNECT is too long.
    #[error("answers with an endless header")]
    EndlessHead,
    /// Its answer to CONNECT begins with this.
    #[error("does not speak HTTP: \"{0}\"")]
    NotHttp(String),
    /// Its answer to CONNECT cannot be read.
    #[error("does not answer with valid HTTP: {0}")]
    Head(HeadError),
    /// CONNECT was answered with this status.
    #[error("refused a tunnel with status {0}")]
    TunnelRefused(u16),
    /// CONNECT was answered with 407, though there were credentials.
    #[error(
        "refused a tunnel with status 407: it does not accept the name and password in its URL"
    )]
    WrongCredentials,
    /// CONNECT was answered with 407, as there were none.
    #[error("refused a tunnel with status 407; give its name and password in the proxy's URL")]
    NoCredentials,
    /// CONNECT was answered with 407, and Basic is none of these schemes.
    #[error(
        "refused a tunnel with status 407: it wants to be authenticated with by {0}, and pfetch can \
         do that by Basic only"
    )]
    OtherScheme(String),
    #[error("does not speak SOCKS 5")]
    NotSocks,
    /// There are no credentials, and it takes nobody without.
    #[error("asks for a name and password; give them in the proxy's URL")]
    SocksNoCredentials,
    /// It wants another way to log in, though there are credentials (or chose one that was not offered).
    #[error(
        "accepts none of the ways to log in that pfetch has: without a name, or by name and password"
    )]
    SocksNoMethod,
    #[error("does not accept this name and password")]
    SocksWrongCredentials,
    /// A part of the request is longer than its length can say.
    #[error("takes at most 255 bytes for {0}")]
    SocksTooLong(&'static str),
    /// The reply code of RFC 1928, 6.
    #[error("could not connect: {}", reply_in_words(*.0))]
    SocksReply(u8),
    #[error("answers with an unknown kind of address")]
    SocksAddressKind,
    /// A call failed, for another reason of the system's.
    #[error("{0}")]
    Io(String),
}

impl ProxyFault {
    /// True if it may pass by itself: the proxy broke off, or could not reach the server this time.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            ProxyFault::Closed | ProxyFault::NoTunnel | ProxyFault::Reset => true,
            ProxyFault::TunnelRefused(status) => matches!(status, 502..=504),
            // A general failure, an unreachable network or host, a refusal, an expired TTL.
            ProxyFault::SocksReply(reply) => matches!(reply, 1 | 3..=6),
            _ => false,
        }
    }

    /// True if it is of the address that was asked for, so that another address of the name may do: its
    /// network or host cannot be reached, it refuses, or it is of a family that the proxy does not know.
    pub(super) fn is_of_address(&self) -> bool {
        matches!(self, ProxyFault::SocksReply(3..=5 | 8))
    }

    /// The fault of a proxy that answers CONNECT with this status, and with these challenges
    /// (`Proxy-Authenticate`).
    pub(super) fn of_status<'a>(
        status: u16,
        challenges: impl Iterator<Item = &'a [u8]>,
        has_credentials: bool,
    ) -> Self {
        if status != 407 {
            return ProxyFault::TunnelRefused(status);
        }
        let schemes: Vec<String> = challenges.flat_map(schemes).collect();
        let is_basic = |scheme: &String| scheme.eq_ignore_ascii_case("basic");
        match has_credentials {
            _ if !schemes.is_empty() && !schemes.iter().any(is_basic) => {
                ProxyFault::OtherScheme(excerpt(&schemes.join(" or "), 60))
            }
            true => ProxyFault::WrongCredentials,
            false => ProxyFault::NoCredentials,
        }
    }
}

impl From<HeadError> for ProxyFault {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::NotHttp(_, came) => ProxyFault::NotHttp(came),
            error => ProxyFault::Head(error),
        }
    }
}

impl From<io::Error> for ProxyFault {
    fn from(error: io::Error) -> Self {
        if let Some(reason) = tls::reason(&error) {
            return ProxyFault::Tls(reason);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof => ProxyFault::Closed,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => ProxyFault::Reset,
            _ => ProxyFault::Io(error.to_string()),
        }
    }
}

/// The schemes of the challenges in one header (RFC 9110, 11.6.1): the elements of the list that begin
/// with a word of their own. The others are parameters of the one before.
fn schemes(header: &[u8]) -> Vec<String> {
    let mut is_quoted = false;
    header
        .split(|byte| {
            is_quoted ^= *byte == b'"';
            *byte == b',' && !is_quoted
        })
        .filter_map(|element| {
            let text = String::from_utf8_lossy(element);
            let word = text.split_whitespace().next()?;
            (!word.contains('=')).then(|| word.to_owned())
        })
        .collect()
}

fn reply_in_words(reply: u8) -> &'static str {
    match reply {
        1 => "it failed",
        2 => "its rules do not allow it",
        3 => "the network cannot be reached",
        4 => "the host cannot be reached",
        5 => "the connection was refused",
        6 => "it took too long",
        _ => "it cannot do that",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_transient_if_the_proxy_broke_off_or_could_not_connect() {
        for (fault, is_transient) in [
            (ProxyFault::Closed, true),
            (ProxyFault::NoTunnel, true),
            (ProxyFault::Reset, true),
            (ProxyFault::EndlessHead, false),
            (ProxyFault::NotSocks, false),
            (ProxyFault::WrongCredentials, false),
            (ProxyFault::NoCredentials, false),
            (ProxyFault::Tls(String::new()), false),
        ] {
            assert_eq!(fault.is_transient(), is_transient, "{fault:?}");
        }
        let replies: Vec<u8> = (1..=9)
            .filter(|reply| ProxyFault::SocksReply(*reply).is_transient())
            .collect();
        assert_eq!(replies, [1, 3, 4, 5, 6]);
        let statuses: Vec<u16> = (100..=999)
            .filter(|status| ProxyFault::of_status(*status, [].into_iter(), true).is_transient())
            .collect();
        assert_eq!(statuses, [502, 503, 504]);
    }

    #[test]
    fn a_407_says_what_is_wrong_with_the_credentials() {
        let fault = |challenges: &[&str], has_credentials| {
            let challenges = challenges.iter().map(|text| text.as_bytes());
            ProxyFault::of_status(407, challenges, has_credentials)
        };
        let basic: [&[&str]; 6] = [
            &[],
            &["Basic"],
            &["basic realm=\"x\""],
            &["NTLM", "Basic realm=\"a, b\""],
            &["Negotiate, Basic realm=x"],
            &["Digest realm=\"Basic\", nonce=n, BASIC realm=\"x\""],
        ];
        for challenges in basic {
            let given = fault(challenges, true);
            assert_eq!(given, ProxyFault::WrongCredentials, "{challenges:?}");
            let none = fault(challenges, false);
            assert_eq!(none, ProxyFault::NoCredentials, "{challenges:?}");
        }
        let others: [(&[&str], &str); 5] = [
            (&["NTLM"], "NTLM"),
            (&["Negotiate", "NTLM TlRMTVNTUAA="], "Negotiate or NTLM"),
            (&["Digest realm=\"a, Basic\", nonce=n"], "Digest"),
            (&["Digest realm=\"ab, Basic\", nonce=n"], "Digest"),
            (&["\u{1b}[31m"], "\\u{1b}[31m"),
        ];
        for (challenges, shown) in others {
            for has_credentials in [false, true] {
                let expected = ProxyFault::OtherScheme(shown.to_owned());
                assert_eq!(fault(challenges, has_credentials), expected);
            }
        }
    }
}
