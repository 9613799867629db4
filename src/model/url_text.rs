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

/// Schemes that are written without `//` behind them, of links that are no web addresses, in lower case. Taken for
/// hosts, they would be asked for what stands behind the colon.
const OPAQUE_SCHEMES: [&str; 52] = [
    "about",
    "acct",
    "bitcoin",
    "blob",
    "callto",
    "cid",
    "content",
    "data",
    "doi",
    "ed2k",
    "facetime",
    "fax",
    "feed",
    "file",
    "ftp",
    "ftps",
    "geo",
    "im",
    "info",
    "intent",
    "isbn",
    "jar",
    "javascript",
    "jid",
    "ldap",
    "livescript",
    "magnet",
    "mailto",
    "maps",
    "market",
    "message",
    "mid",
    "mms",
    "news",
    "nntp",
    "sftp",
    "sip",
    "sips",
    "skype",
    "sms",
    "smsto",
    "spotify",
    "tel",
    "tg",
    "urn",
    "vbscript",
    "viber",
    "view-source",
    "webcal",
    "whatsapp",
    "ws",
    "xmpp",
];

/// Those behind which an address with an `@` stands by their own rules. Behind the others it is a host's userinfo.
const ADDRESS_SCHEMES: [&str; 16] = [
    "acct", "callto", "cid", "facetime", "im", "jid", "mailto", "message", "mid", "news", "nntp",
    "sip", "sips", "skype", "sms", "xmpp",
];

/// The scheme of a link that is no web address, as in `mailto:me@host` and `tel:+4312345`. A host of such a name is
/// told by what stands behind it: a port (`news:8080/x`), or a password and its host (`data:secret@host`).
fn opaque_scheme<'a>(scheme: &'a str, rest: &str) -> Option<&'a str> {
    let is_one_of = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if !is_one_of(&OPAQUE_SCHEMES) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    // Five digits at most, for a telephone number is longer.
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let is_port = !authority.is_empty()
        && authority.bytes().all(is_digit)
        && authority.parse::<u16>().is_ok();
    // Data has a comma or a semicolon in it, and a script its brackets.
    let has_userinfo = authority.contains('@')
        && !authority.contains([',', ';', '(', ')', '\'', '"', '<', '>', ' '])
        && !is_one_of(&ADDRESS_SCHEMES);
    (!is_port && !has_userinfo).then_some(scheme)
}

/// True for a path without a host, as pages have it in their links. Behind two slashes there is a host.
pub(super) fn is_path(text: &str) -> bool {
    let is_slash = |c: char| matches!(c, '/' | '\\');
    let behind_slashes = text.trim_start_matches(is_slash);
    let is_dots = |text: &str| {
        let behind = text.trim_start_matches('.');
        (1..=2).contains(&(text.len() - behind.len()))
            && (behind.is_empty() || behind.starts_with(is_slash))
    };
    let slashes = text.len() - behind_slashes.len();
    !matches!(slashes, 0 | 2) || is_dots(text)
}

/// The scheme that the text states: none in `localhost:8080/x`, `ftp` in `ftp://x`, `tel` in `tel:+4312345`.
pub(crate) fn split_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once(':')?;
    let mut characters = scheme.chars();
    let is_scheme = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    // "http:/host" is a URL to a browser, and a common slip; "host:80" is not of scheme "host".
    // Browsers take a backslash for a slash in both, and so does the parser behind this.
    let slashes = rest.chars().take_while(|c| matches!(c, '/' | '\\')).count();
    let stated = slashes >= 2 || (is_http(scheme) && slashes == 1);
    match is_scheme && stated {
        true => Some(scheme),
        false => opaque_scheme(scheme, rest),
    }
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
