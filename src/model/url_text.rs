//! The text of a URL before it is parsed: the scheme and the zone that it states, and the slips that the
//! parser would pass over.

/// The scheme of URL text that states none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DefaultScheme {
    /// `http`, as curl does.
    #[default]
    Http,
    /// `https`.
    Https,
}

impl DefaultScheme {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            DefaultScheme::Http => "http",
            DefaultScheme::Https => "https",
        }
    }
}

/// True for a path with its query that the URL parser would leave as it is: no character that it encodes, no
/// fragment, and no segment that may be a dot.
pub(super) fn is_serialised(path: &str) -> bool {
    /// By byte: each line of a list is asked.
    const PLAIN: [bool; 256] = {
        let mut plain = [false; 256];
        let mut byte = 0;
        while byte < 128_u8 {
            plain[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'/' | b'?' | b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'&'
                )
                || matches!(
                    byte,
                    b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@'
                );
            byte += 1;
        }
        plain
    };
    let mut last = b' ';
    path.bytes().all(|byte| {
        let is_dot_segment = byte == b'.' && last == b'/';
        last = byte;
        PLAIN[usize::from(byte)] && !is_dot_segment
    })
}

/// True for text like `http//…`. Its rest may hold a password, so it is not taken for a path.
pub(super) fn lacks_colon(text: &str, scheme: &str) -> bool {
    let has = text
        .get(..scheme.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    has && text[scheme.len()..].starts_with("//")
}

pub(super) fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The scheme that the text states: none in `localhost:8080/x`, `ftp` in `ftp://x`.
pub(super) fn split_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let mut characters = scheme.chars();
    let is_scheme = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    // "http:/host" is a URL to a browser, and a common slip; "host:80" is not of scheme "host".
    // Browsers take a backslash for a slash in both, and so does the parser behind this.
    let slashes = rest.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    let stated = slashes >= 2 || (is_http(scheme) && slashes == 1);
    (is_scheme && stated).then_some(scheme)
}

/// Takes the zone of an IPv6 address out of the text of a URL. Its mark is `%25` (RFC 6874), or the `%` of
/// everywhere else.
pub(super) fn split_zone(text: &str) -> Option<(String, &str)> {
    let (_, rest) = text.split_once(':')?;
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (address, _) = host.strip_prefix('[')?.split_once(']')?;
    let (address, marked) = address.split_once('%')?;
    let zone = marked.strip_prefix("25").filter(|zone| !zone.is_empty());
    // The position of the host in the text: what stands before it, and the address's bracket.
    let start = text.len() - rest.len() + authority.len() - host.len() + 1 + address.len();
    let end = start + 1 + marked.len();
    let without = format!("{}{}", &text[..start], &text[end..]);
    Some((without, zone.unwrap_or(marked)))
}
