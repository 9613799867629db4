//! The host and port of a request's URI.

use ureq::http::Uri;

/// The host and port that a request's URI names, the host with the brackets of an IPv6 address.
pub(in crate::http) fn authority(uri: &Uri) -> Result<(&str, u16), ureq::Error> {
    let host = uri
        .host()
        .ok_or_else(|| ureq::Error::BadUri("the URL has no host".to_owned()))?;
    let default = if uri.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    Ok((host, uri.port_u16().unwrap_or(default)))
}
