//! The floor: raw blocking sockets on threads, a fixed request, and nothing read that need not be.
//!
//! As a process of its own: `floor ADDRESS PATH THREADS COUNT keep|close`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub(crate) fn main(args: &[String]) -> ExitCode {
    let [address, path, threads, count, how] = args else {
        eprintln!("floor ADDRESS PATH THREADS COUNT keep|close");
        return ExitCode::from(2);
    };
    let (Ok(threads), Ok(count)) = (threads.parse::<usize>(), count.parse::<usize>()) else {
        eprintln!("THREADS and COUNT are numbers");
        return ExitCode::from(2);
    };
    let is_kept = how == "keep";
    let connection = if is_kept { "" } else { "Connection: close\r\n" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{connection}\r\n");
    let begun = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut fetcher = Fetcher::new(address, request.as_bytes(), is_kept);
                while begun.fetch_add(1, Ordering::Relaxed) < count {
                    if fetcher.fetch().is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        0 => ExitCode::SUCCESS,
        failed => {
            eprintln!("{failed} requests failed");
            ExitCode::FAILURE
        }
    }
}

struct Fetcher<'a> {
    address: &'a str,
    request: &'a [u8],
    is_kept: bool,
    stream: Option<TcpStream>,
    /// How long a response is, head and body: all are alike.
    length: Option<usize>,
    buffer: Vec<u8>,
}

impl<'a> Fetcher<'a> {
    fn new(address: &'a str, request: &'a [u8], is_kept: bool) -> Self {
        Fetcher {
            address,
            request,
            is_kept,
            stream: None,
            length: None,
            buffer: vec![0; 16 * 1024],
        }
    }

    fn fetch(&mut self) -> std::io::Result<()> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(TcpStream::connect(self.address)?),
        };
        stream.write_all(self.request)?;
        let mut read = 0;
        while self.length.is_none_or(|length| read < length) {
            let more = stream.read(&mut self.buffer[read..])?;
            if more == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            read += more;
            if self.length.is_none() {
                self.length = length(&self.buffer[..read]);
            }
        }
        if !self.is_kept {
            self.stream = None;
        }
        Ok(())
    }
}

/// How long the response is that begins with this, if its head is there already.
fn length(begun: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(begun).ok()?;
    let head = text.find("\r\n\r\n")? + 4;
    let field = text[..head]
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))?;
    Some(head + field.parse::<usize>().ok()?)
}
