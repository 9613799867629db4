//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, 9.3.6).

use std::io::{self, Read, Write};

use http::StatusCode;

use super::head::{HeadError, HeadScan, ResponseHead};
use crate::model::target::Secret;

/// The most bytes of the proxy's response head.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// `host:port`. The host stands as in a URL, with the brackets of an IPv6 address.
pub(super) fn host_and_port(host: &str, port: u16) -> String {
    format!("{host}:{port}")
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
    let target = host_and_port(host, port);
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
        let head = read_head(stream)?;
        let status = head.status();
        // Any 2xx opens the tunnel, and its framing headers mean nothing (RFC 9110, 9.3.6).
        if status.is_success() {
            return Ok(());
        }
        if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(io::Error::other(format!(
                "refused a tunnel with status {}{}",
                status.as_u16(),
                if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
                    "; give its name and password in the proxy's URL"
                } else {
                    ""
                }
            )));
        }
    }
}

/// Reads one head byte by byte: the bytes behind it belong to the tunnel.
fn read_head(stream: &mut impl Read) -> io::Result<ResponseHead> {
    let mut scan = HeadScan::default();
    let mut answer = Vec::new();
    let mut byte = [0];
    loop {
        if stream.read(&mut byte)? == 0 {
            return Err(io::Error::other(
                "closed the connection instead of opening a tunnel",
            ));
        }
        answer.push(byte[0]);
        // A whole line says more about another protocol than its first byte.
        if byte == *b"\n" && scan.find_end(&answer).map_err(unreadable)?.is_some() {
            break;
        }
        if answer.len() > MAX_HEAD_BYTES {
            return Err(io::Error::other("answers with an endless header"));
        }
    }
    let mut head = ResponseHead::default();
    head.parse(&answer).map_err(unreadable)?;
    Ok(head)
}

fn unreadable(error: HeadError) -> io::Error {
    io::Error::other(match error {
        HeadError::NotHttp(_, came) => format!("does not speak HTTP: \"{came}\""),
        error => format!("does not answer with valid HTTP: {error}"),
    })
}
