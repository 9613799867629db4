//! The mix: two thousand URLs on sixty-four workers, of which a good part are faults of every kind.
//! Every good one succeeds with its bytes, every bad one fails as it should, and the run ends.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};

use crate::pfetch::pfetch;
use crate::raw::{Raw, Wire};
use crate::server::Server;

/// All URLs.
const ALL: usize = 2000;

/// Between two faults of servers that keep a worker busy until a time limit. With a limit of a second,
/// which good servers keep to on a busy machine too, and two retries, a hundred of them take 64
/// workers some five seconds.
const SLOW_EVERY: usize = 20;

/// Between two other faults.
const FAULT_EVERY: usize = 5;

const PAUSE: Duration = Duration::from_millis(20);

/// A fault: its path, how a server commits it, and what it may be called.
struct Fault {
    path: &'static str,
    commit: fn(Wire<'_>) -> io::Result<()>,
    kinds: &'static [&'static str],
}

/// A busy machine may bring the stall limit about before the fault itself is seen.
macro_rules! faults {
    ($(($path:literal, $kind:literal, $commit:expr)),* $(,)?) => {
        [$(Fault { path: $path, commit: $commit, kinds: &[$kind, "stall"] }),*]
    };
}

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// Faults that are over at once.
fn quick() -> Vec<Fault> {
    Vec::from(faults![
        ("/closed", "closed", |_| Ok(())),
        ("/reset", "closed", |wire| wire.reset()),
        ("/reset-in-header", "closed", |mut wire| {
            wire.send(OK)?;
            wire.reset()
        }),
        ("/reset-after-header", "closed", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")?;
            wire.reset()
        }),
        ("/cut", "closed", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")
        }),
        ("/cut-chunk", "closed", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
        }),
        ("/reset-until-close", "closed", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\n\r\nabc")?;
            wire.reset()
        }),
        ("/http-0.9", "protocol", |mut wire| wire
            .send("<html>hello</html>")),
        ("/ssh", "protocol", |mut wire| wire
            .send("SSH-2.0-Server\r\n")),
        ("/no-status", "protocol", |mut wire| wire
            .send("HTTP/1.1 abc\r\n\r\n")),
        ("/lengths", "protocol", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
        }),
        ("/chunk-size", "protocol", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n")
        }),
        ("/many-lines", "protocol", |mut wire| {
            wire.send(format!("{OK}{}\r\n", "X: a\r\n".repeat(5000)))
        }),
        ("/huge-header", "protocol", |mut wire| {
            wire.send(format!("{OK}X: {}\r\n\r\n", "a".repeat(200_000)))?;
            wire.hang()
        }),
        ("/endless-interim", "protocol", |wire| {
            wire.drip("HTTP/1.1 102 -\r\n\r\n".repeat(500), Duration::ZERO)
        }),
        ("/file", "redirect", |mut wire| {
            wire.send("HTTP/1.1 302 -\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")
        }),
        ("/day", "status", |mut wire| {
            wire.send("HTTP/1.1 503 -\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n")
        }),
        ("/gone", "status", |mut wire| {
            wire.send("HTTP/1.1 410 -\r\nContent-Length: 2\r\n\r\nno")
        }),
        ("/not-gzip", "encoding", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno")
        }),
        ("/large", "too-large", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\n\r\n")?;
            wire.drip([b'x'; 50_000], Duration::ZERO)
        }),
    ])
}

/// Faults that only a time limit ends.
fn slow() -> Vec<Fault> {
    Vec::from(faults![
        ("/silent", "stall", |wire| wire.hang()),
        ("/dripped-header", "stall", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nX: ")?;
            wire.drip("x", PAUSE)
        }),
        ("/dripped-body", "stall", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\n\r\n")?;
            wire.drip("x", PAUSE)
        }),
        ("/silent-body", "stall", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")?;
            wire.hang()
        }),
    ])
}

/// A listener with no room for one more connection: connecting takes for ever.
fn full() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).expect("the loopback has a free port");
    listen(&socket, 0).expect("a bound socket listens");
    let listener = TcpListener::from(socket);
    let addr = listener.local_addr().expect("a bound socket has a name");
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&addr, Duration::from_millis(500)) {
        waiting.push(stream);
        assert!(waiting.len() < 16, "the backlog of 0 takes any number");
    }
    (addr, listener, waiting)
}

/// A port that is taken, and on which nobody listens.
fn refusing() -> (SocketAddr, OwnedFd) {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).expect("the loopback has a free port");
    let name = getsockname(&socket).expect("a bound socket has a name");
    let addr = SocketAddr::try_from(name).expect("an internet address");
    (addr, socket)
}

/// What must become of a URL.
enum Expected {
    Bytes(usize),
    Kinds(&'static [&'static str]),
}

#[test]
fn good_urls_succeed_and_bad_ones_fail_as_they_should_all_at_once() {
    let (quick, slow) = (quick(), slow());
    let commits: BTreeMap<&str, fn(Wire<'_>) -> io::Result<()>> = quick
        .iter()
        .chain(&slow)
        .map(|fault| (fault.path, fault.commit))
        .collect();
    let bad = Raw::start(move |mut wire| match wire.request() {
        Some(path) => commits[path.as_str()](wire),
        None => Ok(()),
    });
    let good = [Server::start(), Server::start(), Server::start()];
    let (black_hole, _listener, _waiting) = full();
    let (refusing, _closed) = refusing();

    let mut list = Vec::with_capacity(ALL);
    for n in 0..ALL {
        let number = n / FAULT_EVERY;
        list.push(if n % 500 == 250 {
            let url = format!("http://{black_hole}/{n}");
            (url, Expected::Kinds(&["timeout"]))
        } else if n % 100 == 51 {
            // On a machine that is short of time, refusing may take longer than connecting may.
            let url = format!("http://{refusing}/{n}");
            (url, Expected::Kinds(&["connect", "timeout", "given-up"]))
        } else if n % SLOW_EVERY == 3 {
            let fault = &slow[n / SLOW_EVERY % slow.len()];
            (bad.url(fault.path), Expected::Kinds(fault.kinds))
        } else if n % FAULT_EVERY == 0 {
            let fault = &quick[number % quick.len()];
            (bad.url(fault.path), Expected::Kinds(fault.kinds))
        } else if n % 200 == 101 {
            ("ftp://127.0.0.1/".to_owned(), Expected::Kinds(&["input"]))
        } else {
            let form = ["bytes", "chunked", "close", "bytes", "bytes"][n % 5];
            let url = good[n % 3].url(&format!("/{form}/{}", n * 7));
            (url, Expected::Bytes(n * 7))
        });
    }
    let lines: Vec<&str> = list.iter().map(|(url, _)| url.as_str()).collect();
    let run = pfetch(&[
        "-j64",
        "--connect-timeout=1s",
        "--stall-timeout=1s",
        "--retry=2",
        // One server has all the faults; by default it would be asked for less and less at once.
        "--no-adapt",
        "--retry-delay=1ms",
        "--compressed",
        "--max-bytes=1M",
        "--format=jsonl",
        "-",
    ])
    .stdin(lines.join("\n"))
    .run()
    .exits(1);

    let results = run.results();
    let mut told: Vec<usize> = Vec::with_capacity(ALL);
    let mut wrong = Vec::new();
    let mut failed = 0;
    for result in &results {
        let index = result["index"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok());
        let index = index
            .filter(|index| *index < ALL)
            .expect("an index of the list");
        told.push(index);
        let (url, expected) = &list[index];
        let is_right = match expected {
            Expected::Bytes(bytes) => result["outcome"] == "ok" && result["bytes"] == *bytes,
            Expected::Kinds(kinds) => {
                failed += 1;
                let kind = result["error"]["kind"].as_str().unwrap_or("none");
                result["outcome"] == "failed" && kinds.contains(&kind)
            }
        };
        let attempts = result["earlier"].as_array().map_or(0, Vec::len);
        // Tries of a server that never answers are made by whichever URL is first.
        let is_given_up = result["error"]["kind"] == "given-up";
        if !is_right || (attempts > 2 && !is_given_up) {
            wrong.push(format!("{url}: {result}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are not what they should be:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    told.sort_unstable();
    assert!(told.iter().copied().eq(0..ALL), "each index once: {told:?}");
    let summary = run.summary();
    assert_eq!(summary["failed"], failed, "{summary}");
    assert_eq!(summary["ok"], ALL - failed, "{summary}");
    assert_eq!(summary["skipped"], 0, "{summary}");
}
