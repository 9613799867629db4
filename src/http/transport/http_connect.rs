//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, 9.3.6).

use std::io::{Read, Write};

use crate::http::dns::without_zone;
use crate::http::proxy_fault::ProxyFault;
use crate::model::target::Secret;
use crate::model::text::excerpt;

/// The most bytes of the proxy's response head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The port of `http` URLs that state none.
const HTTP_PORT: u16 = 80;

/// The origin of an absolute form (RFC 9112, 3.2.2), without the default port: some servers compare it
/// with `Host`. A zone means nothing to a proxy.
pub(super) fn http_origin(host: &str, port: u16) -> String {
    let host = without_zone(host);
    match port {
        HTTP_PORT => format!("http://{host}"),
        port => format!("http://{host}:{port}"),
    }
}

/// Opens a tunnel to `host:port` over a stream to the proxy.
///
/// # Errors
///
/// The proxy's refusal.
pub(super) fn open(
    stream: &mut (impl Read + Write),
    host: &str,
    port: u16,
    authorization: Option<&Secret>,
) -> Result<(), ProxyFault> {
    // The authority form has a port always (RFC 9112, 3.2.3).
    let target = format!("{}:{port}", without_zone(host));
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n").into_bytes();
    if let Some(secret) = authorization {
        request.extend_from_slice(b"proxy-authorization: ");
        request.extend_from_slice(secret.reveal().as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request)?;
    stream.flush()?;
    // Byte by byte: the bytes behind the response head belong to the tunnel.
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Err(ProxyFault::NoTunnel);
        }
        answer.push(byte[0]);
        if answer.len() > MAX_HEAD_BYTES {
            return Err(ProxyFault::EndlessHead);
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let mut lines = answer.lines();
    let first = lines.next().unwrap_or_default();
    let mut words = first.splitn(3, ' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().filter(|status| is_http && status.len() == 3);
    match status.and_then(|status| status.parse::<u16>().ok()) {
        // Any 2xx opens the tunnel.
        Some(200..=299) => Ok(()),
        Some(status) => {
            let challenges = lines.filter_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("proxy-authenticate")
                    .then_some(value.as_bytes())
            });
            let has_credentials = authorization.is_some();
            Err(ProxyFault::of_status(status, challenges, has_credentials))
        }
        None => Err(ProxyFault::NotHttp(excerpt(first, 60))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_form_has_neither_the_default_port_nor_a_zone() {
        for (host, port, origin) in [
            ("example.com", 80, "http://example.com"),
            ("example.com", 8080, "http://example.com:8080"),
            ("example.com", 443, "http://example.com:443"),
            ("[fe80::1%25eth0]", 80, "http://[fe80::1]"),
            ("[fe80::1%25eth0]", 81, "http://[fe80::1]:81"),
        ] {
            assert_eq!(http_origin(host, port), origin);
        }
    }
}
