//! A server that gives at most so many bytes of a range, as some object stores and caches do (RFC 9110, 15.3.7
//! allows it).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::raw::Raw;
use crate::save::site::Served;

/// The most bytes of a range.
const CAP: usize = 300_000;

/// The server, and what it has served.
pub(crate) struct Capped {
    server: Raw,
    served: Arc<Mutex<Vec<Served>>>,
}

impl Capped {
    /// Serves these bodies, by name.
    pub(crate) fn start(sources: HashMap<String, Vec<u8>>) -> Self {
        let served = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&served);
        let server = Raw::start(move |mut wire| {
            let Some(head) = wire.head() else {
                return Ok(());
            };
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let Some(body) = sources.get(&path[1..]) else {
                return wire.send("HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n");
            };
            let (status, answer) = answer(&head, body);
            log.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Served {
                    status,
                    bytes: body.len() as u64,
                    path,
                    range: header(&head, "range").unwrap_or("-").to_owned(),
                    run: header(&head, "user-agent").unwrap_or("-").to_owned(),
                });
            wire.send(answer)
        });
        Capped { server, served }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        self.server.url(&format!("/{name}"))
    }

    /// All that it has served by now.
    pub(crate) fn served(&self) -> Vec<Served> {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *served)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The answer to a request for this body, and its status.
fn answer(head: &str, body: &[u8]) -> (u16, Vec<u8>) {
    const ETAG: &str = "\"capped\"";
    let range = header(head, "range").filter(|_| header(head, "if-range") == Some(ETAG));
    let from = range.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    let (status, range, part) = match from {
        _ if header(head, "if-none-match") == Some(ETAG) => (304, String::new(), &[][..]),
        Some(from) if from < body.len() => {
            let to = body.len().min(from + CAP);
            let range = format!("Content-Range: bytes {from}-{}/{}\r\n", to - 1, body.len());
            (206, range, &body[from..to])
        }
        _ => (200, String::new(), body),
    };
    let length = part.len();
    let head = format!(
        "HTTP/1.1 {status} -\r\nETag: {ETAG}\r\n{range}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    );
    (status, [head.as_bytes(), part].concat())
}
