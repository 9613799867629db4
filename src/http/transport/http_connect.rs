//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, 9.3.6).

use std::io::{Read, Write};

use http::StatusCode;

use super::head::{HeadScan, ResponseHead};
use crate::http::dns::without_zone;
use crate::http::proxy_fault::ProxyFault;
use crate::model::target::Secret;

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

/// Opens a tunnel to `host:port` over a stream to the proxy. The head of its answer is left in
/// `seen`.
///
/// # Errors
///
/// The proxy's refusal.
pub(super) fn open(
    stream: &mut (impl Read + Write),
    (host, port): (&str, u16),
    authorization: Option<&Secret>,
    seen: &mut Option<ResponseHead>,
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
    loop {
        let head = seen.insert(read_head(stream)?);
        let status = head.status();
        // Any 2xx opens the tunnel, and its framing headers mean nothing (RFC 9110, 9.3.6).
        if status.is_success() {
            return Ok(());
        }
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            let challenges = head.get_all("proxy-authenticate");
            let has_credentials = authorization.is_some();
            let status = status.as_u16();
            return Err(ProxyFault::of_status(status, challenges, has_credentials));
        }
    }
}

/// Reads one head byte by byte: the bytes behind it belong to the tunnel.
fn read_head(stream: &mut impl Read) -> Result<ResponseHead, ProxyFault> {
    let mut scan = HeadScan::default();
    let mut answer = Vec::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte)? == 0 {
            return Err(ProxyFault::NoTunnel);
        }
        answer.push(byte[0]);
        // A whole line says more about another protocol than its first byte.
        if byte == *b"\n" && scan.find_end(&answer)?.is_some() {
            let mut head = ResponseHead::default();
            head.read(&answer, &scan)?;
            return Ok(head);
        }
        if answer.len() > MAX_HEAD_BYTES {
            return Err(ProxyFault::EndlessHead);
        }
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
