//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, 9.3.6).

use std::io::{self, Read, Write};

use crate::http::dns::without_zone;
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
/// The proxy's refusal. Reads well after the proxy's name.
pub(super) fn open(
    stream: &mut (impl Read + Write),
    host: &str,
    port: u16,
    authorization: Option<&Secret>,
) -> io::Result<()> {
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
            return Err(io::Error::other(
                "closed the connection instead of opening a tunnel",
            ));
        }
        answer.push(byte[0]);
        if answer.len() > MAX_HEAD_BYTES {
            return Err(io::Error::other("answers with an endless header"));
        }
    }
    let first = String::from_utf8_lossy(&answer);
    let first = first.lines().next().unwrap_or_default();
    let mut words = first.splitn(3, ' ');
    let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    match words.next() {
        // Any 2xx opens the tunnel.
        Some(status) if is_http && status.len() == 3 && status.starts_with('2') => Ok(()),
        Some(status) if is_http => Err(io::Error::other(format!(
            "refused a tunnel with status {}{}",
            excerpt(status, 10),
            if status == "407" {
                "; give its name and password in the proxy's URL"
            } else {
                ""
            }
        ))),
        _ => Err(io::Error::other(format!(
            "does not speak HTTP: \"{}\"",
            excerpt(first, 60)
        ))),
    }
}
