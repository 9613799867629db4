//! The host in a URL's text, for reports that name servers. [`Location`](super::location::Location) is what requests are
//! made by; these take whatever a report was told.

/// The host of a URL or an origin, with its port, if it has one: `h:8443`. A text without a scheme is taken to begin with
/// its host.
pub fn host_and_port(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// The host of a URL without its port, an IPv6 address without its brackets. `None` for a text that is no URL.
pub fn host_name(url: &str) -> Option<&str> {
    if !url.contains("://") {
        return None;
    }
    let authority = host_and_port(url);
    let address = authority.strip_prefix('[');
    let host = match address.and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_has_its_port_or_not_and_no_path() {
        for (url, with_port, without) in [
            ("http://h/", "h", Some("h")),
            ("https://h:8443/a/b?c", "h:8443", Some("h")),
            ("https://h:8443", "h:8443", Some("h")),
            ("http://[::1]:80?x", "[::1]:80", Some("::1")),
            ("http://h#a/b:c", "h", Some("h")),
            ("h", "h", None),
            ("http:///a", "", None),
            ("http://:80/", ":80", None),
            ("", "", None),
        ] {
            assert_eq!(host_and_port(url), with_port, "{url}");
            assert_eq!(host_name(url), without, "{url}");
        }
    }
}
