//! What the test server answers.
//!
//! | target | answer |
//! |---|---|
//! | `/bytes/N` | N bytes, those of [`bytes`] |
//! | `/delay/MS`, `/delay/MS/N` | the same after MS milliseconds; without N a short text |
//! | `/status/CODE` | that status, 200 to 599 |
//! | `/redirect/N` | N relative redirects (302), then 200 |
//! | `/redirect-to?url=X` | 302 with `Location: X`, percent-decoded |
//! | `/echo` | the head of the request, exactly as it came |
//! | `/chunked/N` | N bytes in chunks |
//! | `/close/N` | N bytes that end where the connection ends |
//! | `/hang` | nothing, until the server is dropped |
//! | any other | 404 |

use std::io;
use std::time::Duration;

use super::{Reply, Request};

/// The answers of the [module's documentation](self).
pub(crate) fn routes(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.target.as_str(), ""),
    };
    let (name, argument) = match path.trim_start_matches('/').split_once('/') {
        Some((name, argument)) => (name, argument),
        None => (path.trim_start_matches('/'), ""),
    };
    let number = argument.parse::<usize>().ok();
    match (name, number) {
        ("bytes", Some(n)) => reply.send(200, "", &bytes(n)),
        ("chunked", Some(n)) => reply.send_chunked(&bytes(n)),
        ("close", Some(n)) => reply.send_until_close(&bytes(n)),
        ("redirect", Some(0)) => reply.send(200, "", b"arrived\n"),
        ("redirect", Some(n)) => {
            reply.send(302, &format!("Location: /redirect/{}\r\n", n - 1), b"")
        }
        ("redirect-to", _) if query.starts_with("url=") => {
            let url = percent_decoded(&query["url=".len()..]);
            reply.send(302, &format!("Location: {url}\r\n"), b"")
        }
        ("status", Some(code @ 200..=599)) => {
            let code = u16::try_from(code).expect("at most 599");
            reply.send(code, "", format!("status {code}\n").as_bytes())
        }
        ("echo", _) => reply.send(200, "Content-Type: text/plain\r\n", request.head.as_bytes()),
        ("delay", _) => delay(argument, reply),
        ("hang", _) => {
            reply.wait(Duration::MAX);
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        _ => not_found(reply),
    }
}

fn delay(argument: &str, reply: &mut Reply<'_>) -> io::Result<()> {
    let (millis, length) = match argument.split_once('/') {
        Some((millis, length)) => (millis, Some(length)),
        None => (argument, None),
    };
    let body = match length.map(str::parse) {
        None => Ok(format!("waited {millis} ms\n").into_bytes()),
        Some(length) => length.map(bytes),
    };
    let (Ok(millis), Ok(body)) = (millis.parse(), body) else {
        return not_found(reply);
    };
    if reply.wait(Duration::from_millis(millis)) {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    reply.send(200, "", &body)
}

fn not_found(reply: &mut Reply<'_>) -> io::Result<()> {
    reply.send(404, "", b"not found\n")
}

/// The body of `/bytes/N`: the same N bytes each time, in a pattern that shows a shifted piece (251
/// is prime, so no power of two is a multiple of it).
pub(crate) fn bytes(n: usize) -> Vec<u8> {
    (0..=250).cycle().take(n).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                decoded.push(byte);
                rest = &after[2..];
            }
            _ => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
