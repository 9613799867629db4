//! Servers with a known bottleneck, and a list of URLs of each.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::authority::Authority;
use crate::pfetch::{Dir, pfetch};
use crate::raw::Raw;
use crate::secure::{head, say, secure, server_config};
use crate::server::{Reply, Server, routes};

/// The bottleneck of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bottleneck {
    /// Enough of everything.
    None,
    /// So many requests are worked on at a time, and the others wait.
    AtOnce(usize),
    /// All bodies come over one line of so many bytes a second.
    Line(u64),
    /// Each connection takes so many milliseconds, and serves one request.
    Handshake(u64),
    /// More than so many at a time are answered 429.
    PushBack(usize),
    /// One URL takes so many milliseconds.
    SlowUrl(u64),
    /// So many requests a second, and a burst of so many more: they wait for their turn, or are answered at once. Others
    /// are answered 503.
    Rate {
        per_second: u64,
        burst: usize,
        waits: bool,
    },
}

impl Bottleneck {
    /// The name of the reason that it is.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Bottleneck::None => None,
            Bottleneck::AtOnce(_) => Some("at-once"),
            Bottleneck::Line(_) => Some("full-line"),
            Bottleneck::Handshake(_) => Some("connections"),
            Bottleneck::PushBack(_) => Some("push-back"),
            Bottleneck::SlowUrl(_) => Some("slowest-url"),
            Bottleneck::Rate { .. } => Some("rate-limit"),
        }
    }
}

/// A server, and what is asked of it.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) bottleneck: Bottleneck,
    pub(super) workers: usize,
    /// The delay of each URL in milliseconds.
    pub(super) delays: Vec<u64>,
    /// The length of the bodies.
    pub(super) length: usize,
    /// Set if every other URL is one of another server, which has no bottleneck.
    pub(super) has_other: bool,
}

impl Scenario {
    /// Equal URLs.
    pub(super) fn new(bottleneck: Bottleneck, workers: usize, urls: usize, delay: u64) -> Self {
        Scenario {
            bottleneck,
            workers,
            delays: vec![delay; urls],
            length: 100,
            has_other: false,
        }
    }

    /// Compares, and returns the result with the URL of the server that has the bottleneck. The report is written in all
    /// formats into a folder, if there is one.
    pub(super) fn compare(&self, pairs: usize, dir: Option<&Dir>) -> (Value, String) {
        let limited = Limited::start(self.bottleneck);
        let other = Server::start();
        let list: String = self
            .delays
            .iter()
            .enumerate()
            .map(|(n, delay)| {
                let is_slow = n == 1;
                let delay = match self.bottleneck {
                    Bottleneck::SlowUrl(slow) if is_slow => slow,
                    _ => *delay,
                };
                let path = format!("/delay/{delay}/{}?{n}", self.length);
                match self.has_other && n % 2 == 0 {
                    true => other.url(&path) + "\n",
                    false => limited.url(&path) + "\n",
                }
            })
            .collect();
        let (workers, runs) = (format!("-j{}", self.workers), format!("--runs={pairs}"));
        let mut args = vec![
            "--compare".to_owned(),
            "--warmup=0".to_owned(),
            "--format=jsonl".to_owned(),
            "--insecure".to_owned(),
            workers,
            runs,
            "-".to_owned(),
        ];
        if let Some(dir) = dir {
            for name in ["report.md", "report.html", "report.json"] {
                let path = dir.path().join(name).display().to_string();
                args.extend(["--export".to_owned(), path]);
            }
            args.extend([
                "--export".to_owned(),
                format!("jsonl={}", dir.path().join("report.jsonl").display()),
            ]);
        }
        let run = pfetch(&args).stdin(list).run();
        let lines = run.json();
        let result = lines.last().unwrap().clone();
        run.check("it is a comparison", result["type"] == "comparison");
        (result, limited.url(""))
    }
}

/// A server with a bottleneck.
pub(super) enum Limited {
    Plain(Server),
    Secure(Raw),
}

impl Limited {
    pub(super) fn start(bottleneck: Bottleneck) -> Self {
        match bottleneck {
            Bottleneck::None | Bottleneck::SlowUrl(_) => Limited::Plain(Server::start()),
            Bottleneck::AtOnce(at_once) => Limited::Plain(working_on(at_once)),
            Bottleneck::Line(rate) => Limited::Plain(behind_line(rate)),
            Bottleneck::Rate {
                per_second,
                burst,
                waits,
            } => Limited::Plain(limiting_rate(per_second as f64, burst as f64, waits)),
            Bottleneck::PushBack(at_once) => Limited::Plain(pushing_back(at_once)),
            Bottleneck::Handshake(millis) => Limited::Secure(slow_to_connect(millis)),
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        match self {
            Limited::Plain(server) => server.url(path),
            Limited::Secure(server) => format!("https://{}{path}", server.addr()),
        }
    }
}

/// A server with so many hands.
fn working_on(at_once: usize) -> Server {
    let (free, freed) = (Mutex::new(at_once), Condvar::new());
    Server::with(move |request, reply| {
        let mut hands = freed
            .wait_while(free.lock().unwrap(), |free| *free == 0)
            .unwrap();
        *hands -= 1;
        drop(hands);
        let answered = routes(request, reply);
        *free.lock().unwrap() += 1;
        freed.notify_one();
        answered
    })
}

/// A server all of whose bodies come over one line: a token bucket from which they take turns.
fn behind_line(rate: u64) -> Server {
    const PIECE: usize = 8 * 1024;
    let free_at = Mutex::new(Instant::now());
    Server::with(move |request, reply| {
        let mut words = request.target[1..].split(['/', '?']).skip(1);
        let [delay, length] =
            [words.next(), words.next()].map(|word| word.unwrap().parse().unwrap());
        reply.wait(Duration::from_millis(delay));
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        reply.raw().write_all(head.as_bytes())?;
        let mut left = usize::try_from(length).unwrap();
        while left > 0 {
            let piece = left.min(PIECE);
            left -= piece;
            let due = {
                let mut free_at = free_at.lock().unwrap();
                *free_at = (*free_at).max(Instant::now())
                    + Duration::from_secs_f64(piece as f64 / rate as f64);
                *free_at
            };
            wait_until(reply, due);
            reply.raw().write_all(&vec![b'x'; piece])?;
        }
        Ok(())
    })
}

fn wait_until(reply: &Reply<'_>, due: Instant) {
    reply.wait(due.saturating_duration_since(Instant::now()));
}

/// A server that answers 429 to those that come while it works on so many.
fn pushing_back(at_once: usize) -> Server {
    let busy = AtomicUsize::new(0);
    Server::with(move |request, reply| {
        let is_free = busy.fetch_add(1, Ordering::SeqCst) < at_once;
        if is_free {
            let _ = reply.wait(delay(&request.target));
        }
        // Before the answer, with which the next request comes.
        busy.fetch_sub(1, Ordering::SeqCst);
        match is_free {
            true => reply.send(200, "", b"here"),
            false => reply.send(429, "", b"too many"),
        }
    })
}

/// A server with a leaky bucket, as nginx has it (`limit_req`, with `nodelay` if requests do not wait).
fn limiting_rate(per_second: f64, burst: f64, waits: bool) -> Server {
    // The requests beyond the rate, and the moment of the last.
    let bucket = Mutex::new((0.0_f64, Instant::now()));
    Server::with(move |request, reply| {
        let excess = {
            let mut bucket = bucket.lock().unwrap();
            let now = Instant::now();
            let leaked = (now - bucket.1).as_secs_f64() * per_second;
            let excess = (bucket.0 - leaked).max(0.0);
            let is_taken = excess <= burst;
            if is_taken {
                *bucket = (excess + 1.0, now);
            }
            is_taken.then_some(excess)
        };
        match excess {
            Some(excess) => {
                if waits {
                    reply.wait(Duration::from_secs_f64(excess / per_second));
                }
                routes(request, reply)
            }
            None => reply.send(503, "", b"later"),
        }
    })
}

/// A server whose handshake takes so many milliseconds. It closes each connection after an answer.
fn slow_to_connect(millis: u64) -> Raw {
    let authority = Authority::new("the test's own authority");
    let config = server_config(&authority.loopback(), None);
    Raw::start(move |wire| {
        if wire.wait(Duration::from_millis(millis)) {
            return Ok(());
        }
        let mut line = secure(&config, wire)?;
        if let Some(head) = head(&mut line) {
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            std::thread::sleep(delay(&target));
            say(
                &mut line,
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere",
            )?;
        }
        line.close()
    })
}

/// The delay that a target asks for.
fn delay(target: &str) -> Duration {
    let millis = target.split('/').nth(2).and_then(|text| text.parse().ok());
    Duration::from_millis(millis.unwrap_or(0))
}
