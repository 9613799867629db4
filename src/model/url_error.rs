//! The reasons for which text is not a URL that can be fetched.

/// The longest accepted URL, in bytes of its ASCII form: twice the usual limit of servers, and no more
/// than fits the connection's output buffer together with the headers.
pub const MAX_URL_BYTES: usize = 16_384;

/// A text that is not a URL that can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The text is empty.
    #[error("the URL is empty")]
    Empty,
    /// CR, LF, NUL, tab or another control character inside the URL.
    #[error("control character U+{code:04X} at column {column}; percent-encode it or take it out")]
    Control {
        /// The character's code point.
        code: u32,
        /// Its column, from 1, in characters.
        column: usize,
    },
    /// A scheme other than http and https.
    #[error("scheme \"{0}\" is not supported; use http or https")]
    Scheme(String),
    /// Not a valid URL, for this reason.
    #[error("not a valid URL: {0}")]
    Invalid(&'static str),
    /// An IPv6 address with something else than a zone behind its percent sign.
    #[error(
        "behind the % of an IPv6 address stands the name or the number of a network interface, as in \
         [fe80::1%25eth0]"
    )]
    Zone,
    /// A scheme whose colon was forgotten, as in `http//host`.
    #[error("a colon is missing after \"{0}\"")]
    NoColon(&'static str),
    /// A path, as links within a page have it.
    #[error("a path without a host; write the whole URL, as http://HOST/PATH")]
    Path,
    /// A character in the host name that neither a name of the DNS nor an address has, though the URL standard lets
    /// it pass.
    #[error("not a valid URL: the host name has {0:?} in it, which none may have")]
    HostCharacter(char),
    /// A blank where the host name should be: words, or several URLs that were quoted together.
    #[error(
        "these are words and no URL: a host name has no blanks; several URLs are arguments, or lines, of their own"
    )]
    Words,
    /// Longer than [`MAX_URL_BYTES`].
    #[error("the URL is {0} bytes long; at most {MAX_URL_BYTES} can be sent")]
    TooLong(usize),
}

/// The reason for which the URL parser refuses this text. To the parser a blank in a host name is one character of
/// many that none may contain; to the user it says that words were given, or too many quotes.
pub(super) fn reason_in(error: url::ParseError, text: &str) -> UrlError {
    let behind_scheme = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?', '#']).next();
    // A name or a password may have blanks.
    let host = authority.and_then(|authority| authority.rsplit('@').next());
    match host.is_some_and(|host| host.contains(char::is_whitespace)) {
        true => UrlError::Words,
        false => reason(error),
    }
}

/// The reason of the URL parser, in words.
pub(super) fn reason(error: url::ParseError) -> UrlError {
    use url::ParseError as E;
    UrlError::Invalid(match error {
        E::EmptyHost => "there is no host name",
        E::IdnaError => "the host name is not a valid international domain name",
        E::InvalidPort => "the port is not a number from 0 to 65535",
        E::InvalidIpv4Address => "the host is not a valid IPv4 address",
        E::InvalidIpv6Address => "the host is not a valid IPv6 address",
        E::InvalidDomainCharacter => "the host name contains a character that none may contain",
        E::Overflow => "it is too long",
        _ => "it cannot be parsed",
    })
}
