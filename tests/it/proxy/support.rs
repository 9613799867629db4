//! Proxies to test against, and origins that know what reached them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use crate::pfetch::{Pfetch, pfetch};
use crate::raw::Raw;
use crate::secure::{head, say};
use crate::server::{Server, routes};

/// What a proxy or an origin was sent, in its order.
pub(crate) type Log = Arc<Mutex<Vec<String>>>;

pub(crate) fn note(log: &Log, entry: String) {
    log.lock().expect("nobody panics with it").push(entry);
}

pub(crate) fn read(log: &Log) -> Vec<String> {
    log.lock().expect("nobody panics with it").clone()
}

/// An origin that keeps the head of every request.
pub(crate) fn origin() -> (Server, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let server = Server::with(move |request, reply| {
        note(&kept, request.head.to_lowercase());
        routes(request, reply)
    });
    (server, log)
}

/// An HTTP proxy that keeps the head of every request, and asks for these credentials, if any.
pub(crate) fn http_proxy(wanted: Option<&'static str>) -> (Raw, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let proxy = Raw::start(move |mut wire| serve_http(&mut wire, &kept, wanted));
    (proxy, log)
}

/// An HTTP proxy's side of one connection: forwards what has the absolute form, opens tunnels for
/// CONNECT.
pub(crate) fn serve_http(
    line: &mut (impl Read + Write + AsFd),
    log: &Log,
    wanted: Option<&str>,
) -> io::Result<()> {
    let mut upstream: Option<TcpStream> = None;
    while let Some(request) = head(line) {
        note(log, request.clone());
        let given = request
            .lines()
            .find_map(|line| line.strip_prefix("proxy-authorization: "));
        if wanted.is_some() && given != wanted {
            let answer = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\
                          Content-Length: 4\r\n\r\nWho?";
            say(line, answer)?;
            continue;
        }
        let (first, rest) = request.split_once("\r\n").expect("a head has lines");
        let words: Vec<&str> = first.split(' ').collect();
        if words[0] == "CONNECT" {
            let server = TcpStream::connect(words[1])?;
            say(line, "HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n")?;
            return relay(line, server);
        }
        let Some(url) = words[1].strip_prefix("http://") else {
            return say(line, "HTTP/1.1 400 No URL\r\nContent-Length: 0\r\n\r\n");
        };
        let (authority, path) = url.split_once('/').expect("a URL has a path");
        let rest: String = rest
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with("proxy-"))
            .collect();
        let server = match &mut upstream {
            Some(server) => server,
            none => none.insert(TcpStream::connect(authority)?),
        };
        say(
            server,
            &format!("{} /{path} {}\r\n{rest}", words[0], words[2]),
        )?;
        // The tests' origins state lengths.
        let answer = head(server).ok_or(io::ErrorKind::UnexpectedEof)?;
        let length = answer.to_lowercase();
        let length = length.split("content-length: ").nth(1).unwrap_or("0");
        let length = length.split("\r\n").next().unwrap_or("0").parse();
        let mut body = vec![0; length.expect("a length is a number")];
        server.read_exact(&mut body)?;
        line.write_all(answer.as_bytes())?;
        line.write_all(&body)?;
        line.flush()?;
    }
    Ok(())
}

/// Passes bytes both ways until one side ends.
pub(crate) fn relay(
    line: &mut (impl Read + Write + AsFd),
    mut server: TcpStream,
) -> io::Result<()> {
    // More than one TLS record, so that nothing read stays behind where no poll sees it.
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let (from_line, from_server) = {
            let mut fds = [
                PollFd::new(line, PollFlags::IN),
                PollFd::new(&server, PollFlags::IN),
            ];
            // Either the client or the origin ends it, and both of them end with the test.
            poll(
                &mut fds,
                Some(&Timespec {
                    tv_sec: 60,
                    tv_nsec: 0,
                }),
            )?;
            (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
        };
        if !from_line && !from_server {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if from_line {
            let count = line.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            server.write_all(&buffer[..count])?;
        }
        if from_server {
            let count = server.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            line.write_all(&buffer[..count])?;
            line.flush()?;
        }
    }
}

/// pfetch through this proxy, with a JSON line for each result and no second attempts.
pub(crate) fn through(proxy: &str, args: &[&str]) -> Pfetch {
    let first = ["--format=jsonl", "--retry=0", "-j1", "--proxy", proxy];
    pfetch(&[&first[..], args].concat())
}

/// The error of a result, as kind, phase and message.
pub(crate) fn error(result: &Value) -> [&str; 3] {
    ["kind", "phase", "message"].map(|name| result["error"][name].as_str().unwrap_or("null"))
}
