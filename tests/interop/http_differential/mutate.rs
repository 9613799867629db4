//! Responses, and what may become of them on the way: everything follows from a seed and a number.

use fastrand::Rng;

/// A response to the request with its number.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) bytes: Vec<u8>,
    /// The request is a HEAD.
    pub(super) is_head: bool,
    /// The sizes of the pieces in which it is sent.
    pub(super) pieces: Pieces,
    /// The server closes the connection behind it without having said so.
    pub(super) closes: bool,
}

/// The pieces in which a response is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pieces {
    Whole,
    Bytes,
    /// Of any size up to this.
    UpTo(usize),
}

/// An answer that nobody has asked for. No other has its status.
const EVIL: &[u8] = b"HTTP/1.1 299 Evil\r\nContent-Length: 4\r\n\r\nevil";

/// The most bytes that pfetch asks for in one read, before and after its buffers have grown.
const READS: [usize; 4] = [4_096, 4_096, 8_256, 16_576];

const NAMES: [&str; 16] = [
    "Content-Length",
    "content-length",
    "Content-Length ",
    "Content Length",
    "Content-Length\x0b",
    "Content-Encoding",
    "Transfer-Encoding",
    "TRANSFER-ENCODING",
    "Transfer-Encoding\t",
    "Transfer_Encoding",
    "TE",
    "Trailer",
    "Connection",
    "Keep-Alive",
    "Location",
    "X",
];

const VALUES: [&str; 30] = [
    "",
    "0",
    "5",
    "05",
    "5, 5",
    "5, 6",
    "5,",
    "+5",
    "-5",
    "0x5",
    "5 5",
    "18446744073709551616",
    "99999999999999999999999999",
    "chunked",
    "Chunked",
    "chunked, chunked",
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "identity",
    "identity, chunked",
    "chunked;q=1",
    "xchunked",
    "\"chunked\"",
    ", chunked ,",
    "chunked\x01",
    "close",
    "keep-alive",
    "keep-alive, close",
    "timeout=1, max=1",
];

/// Lines that names and values by chance would seldom make.
const LINES: [&str; 13] = [
    "location: /\x7f\r\n",
    "LOCATION:\x0c/a\r\n",
    "Location: http://a/\r\n \x02\r\n",
    "Location: /a\x01b\r\n",
    "Location: /a\r\n",
    "no colon\r\n Transfer-Encoding: chunked\r\n",
    " Content-Length: 3\r\n",
    "Content-Length 3\r\n",
    "\x01Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding: gzip,\r\n chunked\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n\r\n",
];

/// Pieces of text that mean something somewhere in a response.
const TOKENS: [&str; 24] = [
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    "\n\n",
    "\r\n ",
    "\n\t",
    ":",
    " ",
    "\t",
    ";",
    ",",
    "0\r\n\r\n",
    "0",
    "5\r\n",
    "\0",
    "\x01",
    "\x0b",
    "\x7f",
    "\u{85}",
    "HTTP/1.1 ",
    "HTTP/1.0 200 OK\r\n",
    "100",
    "\"",
];

/// The response of this number.
pub(super) fn case(seed: u64, number: usize, is_head: bool) -> Case {
    // Each has numbers of its own, so that it is the same however many there are.
    let stream = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut rng = Rng::with_seed(seed ^ stream);
    let mut bytes = response(&mut rng, number);
    let is_padded = rng.u8(..6) == 0;
    if is_padded {
        pad(&mut bytes, is_head, *pick(&mut rng, &READS));
    }
    let mutations = [0, 0, 1, 1, 1, 1, 2, 2, 3, 6];
    for _ in 0..*pick(&mut rng, &mutations) {
        mutate(&mut rng, &mut bytes);
    }
    if rng.u8(..4) == 0 || is_padded {
        // Also behind a byte, which may be all that is looked at.
        bytes.extend_from_slice(pick(&mut rng, &["", "", "x", "\r\n"]).as_bytes());
        bytes.extend_from_slice(EVIL);
    }
    let pieces = match rng.u8(..6) {
        0..=3 if is_padded => Pieces::Whole,
        0 | 1 => Pieces::Whole,
        2 => Pieces::Bytes,
        3 => Pieces::UpTo(7),
        4 => Pieces::UpTo(100),
        _ => Pieces::UpTo(4_000),
    };
    Case {
        bytes,
        is_head,
        pieces,
        closes: rng.u8(..10) == 0,
    }
}

fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> &'a T {
    &of[rng.usize(..of.len())]
}

/// Makes the response as long as one read of the client, which then does not see what is behind it.
fn pad(bytes: &mut Vec<u8>, is_head: bool, length: usize) {
    let find = |text: &[u8]| bytes.windows(text.len()).position(|window| window == text);
    if let Some(end) = find(b"\r\n\r\n").filter(|_| is_head) {
        bytes.truncate(end + 4);
    }
    let start = line_at(bytes, 0).end;
    if let Some(missing) = length.checked_sub(bytes.len() + "X: \r\n".len()) {
        let line = format!("X: {}\r\n", "x".repeat(missing));
        insert(bytes, start, line.as_bytes());
    }
}

/// A valid response, whose body has its number in it.
fn response(rng: &mut Rng, number: usize) -> Vec<u8> {
    let mut out = String::new();
    for _ in 0..*pick(rng, &[0, 0, 0, 0, 0, 1, 1, 2]) {
        out += *pick(
            rng,
            &[
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
                "HTTP/1.1 102 Processing\r\nDate: now\r\n\r\n",
            ],
        );
    }
    let version = *pick(rng, &["1.1", "1.1", "1.1", "1.1", "1.1", "1.0"]);
    let statuses = [200, 200, 200, 200, 200, 200, 201, 404, 500, 999, 204, 304];
    out += &format!("HTTP/{version} {} Reason\r\n", pick(rng, &statuses));
    let mut body = format!("body of {number}, ").into_bytes();
    let filler = *pick(rng, &[0, 0, 1, 50, 300, 2_000, 4_000, 9_000]);
    body.extend((0..rng.usize(..=filler)).map(|_| rng.alphanumeric() as u8));
    if rng.u8(..12) == 0 {
        body.clear();
    }
    let mut fields = vec![
        "Server: test".to_owned(),
        "Date: Thu, 26 Nov 2026 00:00:00 GMT".to_owned(),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Vary: Accept-Encoding, Transfer-Encoding".to_owned(),
    ];
    fields.truncate(rng.usize(..=4));
    let connection = *pick(rng, &["", "", "", "close", "keep-alive"]);
    if !connection.is_empty() {
        fields.push(format!("Connection: {connection}"));
    }
    match rng.u8(..9) {
        0..=3 => fields.push(format!("Content-Length: {}", body.len())),
        4..=7 => {
            fields.push("Transfer-Encoding: chunked".to_owned());
            body = chunked(rng, &body);
        }
        _ => {}
    }
    rng.shuffle(&mut fields);
    for field in fields {
        out += &field;
        out += "\r\n";
    }
    out += "\r\n";
    let mut out = out.into_bytes();
    out.extend_from_slice(&body);
    out
}

fn chunked(rng: &mut Rng, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    let most = *pick(rng, &[1, 3, 20, 1_000, 10_000]);
    // Not too many small ones.
    while !rest.is_empty() && out.len() < 6_000 {
        let count = rng.usize(1..=most).min(rest.len());
        let (chunk, left) = rest.split_at(count);
        let extension = *pick(rng, &["", "", "", "", ";a", ";name=\"value\"", " "]);
        out.extend_from_slice(format!("{count:x}{extension}\r\n").as_bytes());
        out.extend_from_slice(chunk);
        out.extend_from_slice(b"\r\n");
        rest = left;
    }
    let trailers = *pick(rng, &["", "", "", "Trailer: x\r\n", "A: b\r\nC: d\r\n"]);
    out.extend_from_slice(format!("0\r\n{trailers}\r\n").as_bytes());
    out
}

fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    // Most of what is interesting is in the head, or in the first chunks.
    let near = bytes.len().min(300);
    let most = if rng.u8(..4) > 0 { near } else { bytes.len() };
    let at = rng.usize(..most);
    match rng.u8(..21) {
        0 => bytes[at] ^= 1 << rng.u8(..8),
        1 => bytes[at] = rng.u8(..),
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, bytes[at]),
        4 | 5 => insert(bytes, at, pick(rng, &TOKENS).as_bytes()),
        6 => bytes.truncate(at),
        7 => {
            let line = line_at(bytes, at);
            let copy = bytes[line.clone()].to_vec();
            insert(bytes, line.start, &copy);
        }
        8 => drop(bytes.drain(line_at(bytes, at))),
        9 => {
            // The lines change places.
            let line = line_at(bytes, at);
            let moved: Vec<u8> = bytes.drain(line).collect();
            let to = line_at(bytes, rng.usize(..=bytes.len().min(near)));
            insert(bytes, to.start, &moved);
        }
        10 => replace_line_ends(rng, bytes),
        11 => {
            // One line end.
            let line = line_at(bytes, at);
            let end = *pick(
                rng,
                &[&b"\n"[..], b"\r", b"\n\r", b"\r\r\n", b"\r\n\r\n", b""],
            );
            let from = line.end.saturating_sub(2).max(line.start);
            bytes.splice(from..line.end, end.iter().copied());
        }
        12 => fold(rng, bytes, at),
        13 | 14 => {
            let line = match rng.u8(..3) {
                0 => (*pick(rng, &LINES)).to_owned(),
                _ => format!("{}: {}\r\n", pick(rng, &NAMES), pick(rng, &VALUES)),
            };
            let start = line_at(bytes, at).start;
            insert(bytes, start, line.as_bytes());
        }
        15 => replace_value(rng, bytes, at),
        16 => bytes.truncate(bytes.len() - rng.usize(..bytes.len().min(8))),
        17 => insert_zeros(bytes, at),
        18 => repeat_length(rng, bytes),
        19 => change_version(rng, bytes),
        _ => {
            let line = line_at(bytes, at);
            let name = *pick(rng, &NAMES);
            if let Some(colon) = bytes[line.clone()].iter().position(|&byte| byte == b':') {
                bytes.splice(line.start..line.start + colon, name.bytes());
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, new: &[u8]) {
    bytes.splice(at..at, new.iter().copied());
}

/// The line that this byte is in, with its end.
fn line_at(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = bytes[..at]
        .iter()
        .rposition(is_end)
        .map_or(0, |end| end + 1);
    let end = bytes[at..].iter().position(is_end);
    start..end.map_or(bytes.len(), |end| at + end + 1)
}

fn replace_line_ends(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let new = *pick(rng, &[&b"\n"[..], b"\n", b"\r", b"\r\r\n"]);
    let mut out = Vec::new();
    let mut rest = &bytes[..];
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        out.extend_from_slice(&rest[..end]);
        out.extend_from_slice(new);
        rest = &rest[end + 2..];
    }
    out.extend_from_slice(rest);
    *bytes = out;
}

/// Folds a line behind its colon, or at a place in it.
fn fold(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let line = line_at(bytes, at);
    let colon = bytes[line].iter().position(|&byte| byte == b':');
    let place = match colon.filter(|_| rng.bool()) {
        Some(colon) => line_at(bytes, at).start + colon + 1,
        None => at,
    };
    let fold = *pick(rng, &[&b"\r\n "[..], b"\r\n\t", b"\n  ", b"\r\n \r\n "]);
    insert(bytes, place, fold);
}

fn replace_value(rng: &mut Rng, bytes: &mut Vec<u8>, at: usize) {
    let line = line_at(bytes, at);
    let text = &bytes[line.clone()];
    let Some(colon) = text.iter().position(|&byte| byte == b':') else {
        return;
    };
    let length = text.trim_ascii_end().len().max(colon + 1);
    let value = *pick(rng, &VALUES);
    let range = line.start + colon + 1..line.start + length;
    bytes.splice(range, value.bytes());
}

/// Puts zeros before what stands in a line, as in the size of a chunk.
fn insert_zeros(bytes: &mut Vec<u8>, at: usize) {
    let start = line_at(bytes, at).start;
    insert(bytes, start, &[b'0'; 22]);
}

fn change_version(rng: &mut Rng, bytes: &mut [u8]) {
    if let Some(version) = bytes.get_mut("HTTP/".len().."HTTP/1.1".len()) {
        version.copy_from_slice(pick(rng, &["2.0", "0.9", "1.0", "1.2"]).as_bytes());
    }
}

/// Says the length again, in the same words or not.
fn repeat_length(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let name = b"Content-Length: ";
    let Some(start) = bytes.windows(name.len()).position(|window| window == name) else {
        return;
    };
    let line = line_at(bytes, start);
    let length = bytes[start + name.len()..line.end].trim_ascii().to_vec();
    let length = String::from_utf8_lossy(&length).into_owned();
    let (lines, at) = match rng.u8(..5) {
        0 => (format!("Content-Length: 0{length}\r\n"), line.end),
        1 => (format!("Content-Length: {length}\r\n"), line.end),
        2 => ("Transfer-Encoding: identity\r\n".to_owned(), line.start),
        3 => (format!("{length},"), start + name.len()),
        _ => (format!("00{length},"), start + name.len()),
    };
    insert(bytes, at, lines.as_bytes());
}
