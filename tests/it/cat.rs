//! The program as a process: bodies one after another on standard output (`--cat`).

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{self, PipeReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{SHA256, digest};
use rustix::process::Signal;

use crate::pfetch::{Dir, LIMIT, Run, Running, pfetch};
use crate::server::{Reply, Request, Server, bytes, routes};

/// A run whose standard output is read as bytes, when the test likes.
struct Cat {
    running: Running,
    out: PipeReader,
}

impl Cat {
    fn start<S: AsRef<str>>(args: &[S]) -> Self {
        let (out, writer) = io::pipe().unwrap();
        let all = [vec!["--cat"], args.iter().map(AsRef::as_ref).collect()].concat();
        let running = pfetch(&all).stdout(writer.into()).start();
        Cat { running, out }
    }

    /// The next so many bytes.
    #[track_caller]
    fn read(mut self, count: usize) -> (Self, Vec<u8>) {
        let mut read = Vec::new();
        (&mut self.out)
            .take(count as u64)
            .read_to_end(&mut read)
            .unwrap();
        if read.len() < count {
            let (run, _) = self.finish();
            run.check(&format!("{count} bytes, not {}", read.len()), false);
            unreachable!("the check fails");
        }
        (self, read)
    }

    /// So many lines on standard error that tell of a result.
    #[track_caller]
    fn results(&mut self, count: usize) {
        for _ in 0..count {
            while !self.running.error_line().contains("\"type\":\"result\"") {}
        }
    }

    /// Reads the rest and waits for the end.
    #[track_caller]
    fn finish(self) -> (Run, Vec<u8>) {
        let Cat { running, mut out } = self;
        let reader = thread::spawn(move || {
            let mut rest = Vec::new();
            out.read_to_end(&mut rest).map(|_| rest)
        });
        let run = running.finish();
        (run, reader.join().unwrap().unwrap())
    }
}

#[track_caller]
fn cat<S: AsRef<str>>(args: &[S]) -> (Run, Vec<u8>) {
    Cat::start(args).finish()
}

/// Fails the test unless the output is this, and shows where it is not.
#[track_caller]
fn same(run: &Run, found: &[u8], expected: &[u8]) {
    if found == expected {
        return;
    }
    let at = found.iter().zip(expected).take_while(|(a, b)| a == b);
    let what = format!(
        "the output is as expected: {} bytes, not {}; the first {} are right",
        expected.len(),
        found.len(),
        at.count()
    );
    run.check(&what, false);
}

/// A gate that handlers wait at: it opens when the sender is dropped.
fn gate() -> (Sender<()>, Receiver<()>) {
    bounded(0)
}

fn pass(gate: &Receiver<()>) {
    // Should the test have failed, its server must not wait for ever.
    let _ = gate.recv_timeout(LIMIT);
}

/// A body that is like no other one's.
fn body(number: usize, length: usize) -> &'static [u8] {
    static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| bytes(9 << 20));
    &PATTERN[number..number + length]
}

/// The number at the end of `/name/12`.
fn number(request: &Request) -> usize {
    let (_, number) = request.target.rsplit_once('/').unwrap();
    number.parse().unwrap()
}

/// Sends a head that promises `length` bytes, and only these; the connection then ends.
fn begin(reply: &mut Reply<'_>, headers: &str, length: usize, part: &[u8]) -> io::Result<()> {
    let mut stream = reply.raw();
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    stream.write_all(part)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[test]
fn bodies_are_in_the_order_of_the_input_when_they_come_in_reverse() {
    const COUNT: usize = 8;
    let done: Vec<_> = (0..COUNT).map(|_| unbounded()).collect();
    let length = |number| 1 + number * 40_000;
    let server = Server::with(move |request, reply| {
        let number = number(request);
        if let Some((_, next)) = done.get(number + 1) {
            pass(next);
        }
        let sent = reply.send(200, "", body(number, length(number)));
        let _ = done[number].0.send(());
        sent
    });
    let mut args = vec!["-j8".to_owned()];
    args.extend((0..COUNT).map(|n| server.url(&format!("/n/{n}"))));
    let (run, out) = cat(&args);
    let run = run.exits(0);
    let all: Vec<u8> = (0..COUNT)
        .flat_map(|n| body(n, length(n)).to_vec())
        .collect();
    same(&run, &out, &all);
}

#[test]
fn the_first_body_is_passed_on_as_it_comes() {
    let (open, gate) = gate();
    let server = Server::with(move |_, reply| {
        begin(reply, "", 10, b"12345")?;
        pass(&gate);
        reply.raw().write_all(b"67890")
    });
    let (cat, part) = Cat::start(&[server.url("/")]).read(5);
    assert_eq!(part, b"12345");
    drop(open);
    let (run, rest) = cat.finish();
    same(&run.exits(0), &rest, b"67890");
}

#[test]
fn a_later_body_is_passed_on_as_it_comes_once_its_turn_has_come() {
    let (open, gate) = gate();
    let server = Server::with(move |request, reply| match number(request) {
        0 => reply.send(200, "", b"first"),
        _ => {
            begin(reply, "", 10, b"12345")?;
            pass(&gate);
            reply.raw().write_all(b"67890")
        }
    });
    let (cat, part) = Cat::start(&["-j2", &server.url("/0"), &server.url("/1")]).read(10);
    assert_eq!(part, b"first12345");
    drop(open);
    let (run, rest) = cat.finish();
    same(&run.exits(0), &rest, b"67890");
}

#[cfg(target_os = "linux")]
#[test]
fn early_bodies_are_not_held_in_memory() {
    const COUNT: usize = 40;
    const LENGTH: usize = 4 * 1024 * 1024;
    let (open, gate) = gate();
    let server = Server::with(move |request, reply| {
        let number = number(request);
        if number == 0 {
            pass(&gate);
        }
        reply.send(200, "", body(number, LENGTH))
    });
    let mut args = ["-j8", "-qq", "--export=jsonl=/dev/stderr"]
        .map(str::to_owned)
        .to_vec();
    args.extend((0..=COUNT).map(|n| server.url(&format!("/{n}"))));
    let mut cat = Cat::start(&args);
    cat.results(COUNT);
    let peak = crate::cli_input::peak_memory(&cat.running);
    drop(open);
    let (run, out) = cat.finish();
    let run = run.exits(0);
    // The early bodies together have 160 MiB.
    run.check(&format!("{peak} kB at most"), peak < 64 * 1024);
    run.check("all bodies", out.len() == (COUNT + 1) * LENGTH);
    for (number, found) in out.chunks(LENGTH).enumerate() {
        same(&run, found, body(number, LENGTH));
    }
}

#[test]
fn only_so_many_urls_are_read_ahead_of_the_output() {
    const WORKERS: usize = 4;
    const AHEAD: usize = 64;
    let (open, gate) = gate();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::with(move |request, reply| {
        if request.target.starts_with("/bytes") {
            return routes(request, reply);
        }
        let number = number(request);
        count.fetch_add(1, Ordering::SeqCst);
        if number == 0 {
            pass(&gate);
        }
        reply.send(200, "", body(number, 100))
    });
    let dir = Dir::new();
    let urls: Vec<_> = (0..400).map(|n| server.url(&format!("/{n}"))).collect();
    let list = dir.file("list", urls.join("\n"));
    let mut cat = Cat::start(&["-j4", "-qq", "--export=jsonl=/dev/stderr", "-i", &list]);
    cat.results(AHEAD - 1);
    // Time for it to go too far: another run over as many URLs, from its start to its end.
    let others = vec![server.url("/bytes/10"); 200];
    pfetch(&others).run().exits(0);
    let ahead = asked.load(Ordering::SeqCst);
    drop(open);
    let (run, out) = cat.finish();
    let run = run.exits(0);
    let what = format!("{ahead} requests while the first had no answer");
    run.check(&what, ahead <= AHEAD + WORKERS);
    let all: Vec<u8> = (0..400).flat_map(|n| body(n, 100).to_vec()).collect();
    same(&run, &out, &all);
}

#[test]
fn the_output_ends_before_a_body_that_is_not_to_be_had() {
    let server = Server::start();
    let (a, c) = (server.url("/bytes/1000"), server.url("/bytes/3000"));
    let missing = server.url("/status/404");
    let (run, out) = cat(&["-j4", &a, &missing, &c]);
    let run = run.exits(1).says(&format!(
        "pfetch: the output ends before {missing}, whose body is missing; with --max-failures it \
         would be left out\n"
    ));
    same(&run, &out, &bytes(1000));
}

#[test]
fn a_body_that_is_not_to_be_had_is_left_out_if_so_many_may_fail() {
    let server = Server::start();
    let (a, c) = (server.url("/bytes/1000"), server.url("/bytes/3000"));
    let missing = server.url("/status/404");
    for most in ["1", "50%"] {
        let (run, out) = cat(&["--max-failures", most, &a, &missing, &c]);
        let run = run.exits(0).says("/status/404");
        run.check("no complaint", !run.stderr.contains("the output ends"));
        same(&run, &out, &[bytes(1000), bytes(3000)].concat());
    }
}

#[test]
fn the_failure_that_ends_the_output_is_named_and_none_that_was_left_out() {
    // All failures are known before the first body is out.
    let (failed, failures) = unbounded();
    let server = Server::with(move |request, reply| match number(request) {
        0 => {
            for _ in 1..4 {
                pass(&failures);
            }
            reply.send(200, "", b"first")
        }
        number => {
            let sent = reply.send(404, "", b"");
            if number < 4 {
                let _ = failed.send(());
            }
            sent
        }
    });
    let urls = [0, 1, 2, 3].map(|n| server.url(&format!("/{n}")));
    for (most, ends) in [("0", 1), ("1", 2), ("2", 3)] {
        let args = [
            &["-j4", "--max-failures", most].map(str::to_owned)[..],
            &urls,
        ]
        .concat();
        let (run, out) = cat(&args);
        let run = run.exits(1);
        let named = format!("pfetch: the output ends before {}, ", urls[ends]);
        same(&run.says(&named), &out, b"first");
    }
}

#[test]
fn a_bad_line_is_a_body_that_is_not_to_be_had() {
    let server = Server::start();
    let dir = Dir::new();
    let good = server.url("/bytes/1000");
    let list = dir.file("list", format!("{good}\nftp://bad/\n{good}\n"));
    let (run, out) = cat(&["-i", &list]);
    let run = run
        .exits(1)
        .says("pfetch: the output ends before ftp://bad/");
    same(&run, &out, &bytes(1000));
    let (run, out) = cat(&["--max-failures=1", "-i", &list]);
    same(&run.exits(0), &out, &[bytes(1000), bytes(1000)].concat());
}

/// A server whose `/a` breaks off after 40 000 of 100 000 bytes, when the gate opens, and that can go
/// on if `ranges`; and the heads of the requests for `/a`.
fn breaking(headers: &'static str, ranges: bool) -> (Sender<()>, Server, Arc<Mutex<Vec<String>>>) {
    let (open, gate) = gate();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    let server = Server::with(move |request, reply| {
        if request.target != "/a" {
            return routes(request, reply);
        }
        let whole = bytes(100_000);
        let count = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.head.clone());
            seen.len()
        };
        if count == 1 {
            begin(reply, headers, whole.len(), &whole[..40_000])?;
            pass(&gate);
            return Ok(());
        }
        match request.header("range") {
            // The last 4 KiB of what is there come once more.
            Some("bytes=35904-") if ranges => {
                let headers = format!("{headers}Content-Range: bytes 35904-99999/100000\r\n");
                reply.send(206, &headers, &whole[35_904..])
            }
            _ => reply.send(200, headers, &whole),
        }
    });
    (open, server, heads)
}

#[test]
fn a_body_that_breaks_off_goes_on_where_it_was() {
    let (open, server, heads) = breaking("ETag: \"v1\"\r\n", true);
    let args = [
        "--retry-delay=1ms",
        &server.url("/a"),
        &server.url("/bytes/5"),
    ];
    let (cat, mut out) = Cat::start(&args).read(40_000);
    drop(open);
    let (run, rest) = cat.finish();
    let run = run.exits(0);
    out.extend(rest);
    same(&run, &out, &[bytes(100_000), bytes(5)].concat());
    let heads = heads.lock().unwrap();
    run.check("two requests", heads.len() == 2);
    let second = heads[1].to_ascii_lowercase();
    let asks = second.contains("\r\nrange: bytes=35904-\r\n")
        && second.contains("\r\nif-range: \"v1\"\r\n");
    run.check(&format!("the second asks for the rest: {second}"), asks);
}

#[test]
fn a_rest_that_does_not_fit_what_was_passed_on_is_not_passed_on() {
    let (open, gate) = gate();
    // It lies: another body, of the same length, under the same ETag.
    let server = Server::with(move |request, reply| {
        let mut whole = bytes(100_000);
        match request.header("range") {
            None => {
                begin(reply, "ETag: \"v1\"\r\n", whole.len(), &whole[..40_000])?;
                pass(&gate);
                Ok(())
            }
            Some(range) => {
                whole.iter_mut().for_each(|byte| *byte ^= 0x80);
                let from: usize = range["bytes=".len()..range.len() - 1].parse().unwrap();
                let headers =
                    format!("ETag: \"v1\"\r\nContent-Range: bytes {from}-99999/100000\r\n");
                reply.send(206, &headers, &whole[from..])
            }
        }
    });
    let args = ["--retry-delay=1ms", "--retry=1", &server.url("/a")];
    let (cat, mut out) = Cat::start(&args).read(40_000);
    drop(open);
    let (run, rest) = cat.finish();
    let run = run.exits(1).says("the output ends within ");
    out.extend(rest);
    same(&run, &out, &bytes(100_000)[..40_000]);
}

#[test]
fn a_body_that_breaks_off_and_cannot_go_on_ends_the_output_within_it() {
    let cases = [
        ("", true),
        ("ETag: W/\"v1\"\r\n", true),
        // It says that it is the same, and does not give the rest of it.
        ("ETag: \"v1\"\r\n", false),
    ];
    for (headers, ranges) in cases {
        for most in ["0", "5", "100%"] {
            let (open, server, _) = breaking(headers, ranges);
            let a = server.url("/a");
            let (more, retry) = (format!("--max-failures={most}"), "--retry-delay=1ms");
            let args = [&*more, retry, &a, &server.url("/bytes/5")];
            let (cat, mut out) = Cat::start(&args).read(40_000);
            drop(open);
            let (run, rest) = cat.finish();
            let run = run.exits(1).says(&format!(
                "pfetch: the output ends within {a}, after 40000 bytes of its body\n"
            ));
            out.extend(rest);
            same(&run, &out, &bytes(40_000));
        }
    }
}

#[test]
fn a_body_that_has_changed_when_it_is_asked_for_again_is_not_mixed_in() {
    let (open, gate) = gate();
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        match (
            count.fetch_add(1, Ordering::SeqCst),
            request.header("range"),
        ) {
            (0, _) => {
                begin(reply, "ETag: \"v1\"\r\n", 10, b"older")?;
                pass(&gate);
                Ok(())
            }
            // Wrong: it ignores If-Range.
            (1, Some(_)) => {
                let headers = "ETag: \"v2\"\r\nContent-Range: bytes 5-9/10\r\n";
                reply.send(206, headers, b"newer")
            }
            _ => reply.send(200, "ETag: \"v2\"\r\n", b"newernewer"),
        }
    });
    let (cat, mut out) = Cat::start(&["--retry-delay=1ms", &server.url("/")]).read(5);
    drop(open);
    let (run, rest) = cat.finish();
    let run = run.exits(1).says(", after 5 bytes of its body\n");
    out.extend(rest);
    same(&run, &out, b"older");
}

/// Whether the second body is exact, which breaks off before its turn and comes whole when its turn
/// has come. `list` makes the list of the two URLs and the second's SHA-256.
#[track_caller]
fn comes_whole(headers: &'static str, list: impl Fn(&str, &str, &str) -> String) {
    let (open, gate) = gate();
    let (again, asked_again) = unbounded();
    let count = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        if request.target == "/0" {
            pass(&asked_again);
            return reply.send(200, "", b"first");
        }
        let all = bytes(300_000);
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return begin(reply, headers, all.len(), &all[..200_000]);
        }
        let _ = again.send(());
        pass(&gate);
        match request.header("range") {
            Some("bytes=200000-") => {
                let headers = format!("{headers}Content-Range: bytes 200000-299999/300000\r\n");
                reply.send(206, &headers, &all[200_000..])
            }
            _ => reply.send(200, headers, &all),
        }
    });
    let dir = Dir::new();
    let sum = hex(digest(&SHA256, &bytes(300_000)).as_ref());
    let list = dir.file("list", list(&server.url("/0"), &server.url("/1"), &sum));
    let (cat, first) = Cat::start(&["-j2", "--retry-delay=1ms", "-i", &list]).read(5);
    assert_eq!(first, b"first");
    drop(open);
    let (run, out) = cat.finish();
    let run = run.exits(0).says("1 retry");
    same(&run, &out, &bytes(300_000));
}

#[test]
fn a_body_that_breaks_off_before_its_turn_waits_for_the_rest_or_begins_again() {
    for headers in ["", "ETag: W/\"v\"\r\n", "ETag: \"v\"\r\n"] {
        comes_whole(headers, |first, second, _| format!("{first}\n{second}\n"));
    }
}

#[test]
fn a_slice_under_the_status_of_a_whole_is_passed_on_as_what_it_is() {
    for (range, fits) in [
        ("Content-Range: bytes 195904-299999/300000\r\n", true),
        ("Content-Range: bytes 195903-299998/300000\r\n", false),
        ("", false),
    ] {
        let (again, asked_again) = unbounded();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let server = Server::with(move |request, reply| {
            if request.target == "/0" {
                pass(&asked_again);
                return reply.send(200, "", b"first");
            }
            let (all, tag) = (bytes(300_000), "ETag: \"v\"\r\n");
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push(request.header("range").map(str::to_owned));
                seen.len()
            };
            if count == 1 {
                return begin(reply, tag, all.len(), &all[..200_000]);
            }
            let _ = again.send(());
            match request.header("range") {
                Some(_) => reply.send(200, &format!("{tag}{range}"), &all[195_904..]),
                None => reply.send(200, tag, &all),
            }
        });
        let args = ["-j2", "--retry-delay=1ms", "--retry=1"];
        let urls = [server.url("/0"), server.url("/1")];
        let urls = urls.iter().map(String::as_str);
        let (run, out) = cat(&args.into_iter().chain(urls).collect::<Vec<_>>());
        let run = run.exits(0);
        same(&run, &out, &[b"first".to_vec(), bytes(300_000)].concat());
        let rest = Some("bytes=195904-".to_owned());
        let expected = match fits {
            true => vec![None, rest],
            false => vec![None, rest, None],
        };
        let asked = asked.lock().unwrap();
        run.check(&format!("{range:?}: {asked:?}"), *asked == expected);
    }
}

#[test]
fn a_body_with_a_checksum_that_breaks_off_is_judged_as_a_whole() {
    for headers in ["", "ETag: \"v\"\r\n"] {
        comes_whole(headers, |first, second, sum| {
            format!("{first}\n{{\"url\":\"{second}\",\"sha256\":\"{sum}\"}}\n")
        });
    }
}

#[test]
fn the_most_bytes_count_for_all_parts_of_a_body() {
    let (open, server, _) = breaking("ETag: \"v1\"\r\n", true);
    let args = ["--max-bytes=70000", "--retry-delay=1ms", &server.url("/a")];
    drop(open);
    let (run, out) = cat(&args);
    let run = run.exits(1);
    run.check("no more than may be", out.len() <= 70_000);
    same(&run, &out, &bytes(out.len()));
}

#[test]
fn nothing_of_a_body_with_a_wrong_checksum_is_passed_on() {
    let server = Server::start();
    let dir = Dir::new();
    let url = |n: usize| server.url(&format!("/bytes/{n}"));
    let list = |sum: &str| {
        let line = format!("{{\"url\":\"{}\",\"sha256\":\"{sum}\"}}", url(3_000_000));
        dir.file("list", format!("{}\n{line}\n{}\n", url(1000), url(2000)))
    };
    let wrong = list(&"0".repeat(64));
    let (run, out) = cat(&["-i", &wrong]);
    let named = format!("pfetch: the output ends before {}", url(3_000_000));
    same(
        &run.exits(1).says(&named).says("SHA-256"),
        &out,
        &bytes(1000),
    );
    let (run, out) = cat(&["--max-failures=1", "-i", &wrong]);
    same(&run.exits(0), &out, &[bytes(1000), bytes(2000)].concat());

    let right = list(&hex(digest(&SHA256, &bytes(3_000_000)).as_ref()));
    let (run, out) = cat(&["-i", &right]);
    let all = [bytes(1000), bytes(3_000_000), bytes(2000)].concat();
    same(&run.exits(0), &out, &all);
}

#[test]
fn a_reader_who_goes_away_ends_the_run_quietly() {
    let server = Server::with(|_, reply| {
        let mut stream = reply.raw();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 4096])?;
        }
    });
    let urls: Vec<_> = (0..20).map(|n| server.url(&format!("/{n}"))).collect();
    for option in ["-j1", "-j8"] {
        let args = [&[option.to_owned()][..], &urls].concat();
        let (cat, part) = Cat::start(&args).read(10);
        assert_eq!(part, b"xxxxxxxxxx");
        drop(cat.out);
        let run = cat.running.finish().exits(141);
        run.check("no complaint", !run.stderr.contains("the output ends"));
        run.check("no failure", run.stderr.contains(" 0 failed"));
    }
}

/// A run of 20 URLs with a mebibyte each, of which the first is long and none is read yet.
fn unread(server: &Server) -> Cat {
    let urls: Vec<_> = (0..20).map(|n| server.url(&format!("/{n}"))).collect();
    let options = [
        "-j4",
        "-qq",
        "--export=jsonl=/dev/stderr",
        "--stall-timeout=2s",
    ]
    .map(str::to_owned);
    let mut cat = Cat::start(&[&options[..], &urls].concat());
    // All but the first, which the output has no room for.
    cat.results(19);
    cat
}

fn unread_length(number: usize) -> usize {
    if number == 0 { 8 << 20 } else { 1 << 20 }
}

fn unread_server() -> Server {
    Server::with(|request, reply| {
        let number = number(request);
        reply.send(200, "", body(number, unread_length(number)))
    })
}

#[test]
fn a_reader_who_pauses_gets_everything_in_order() {
    let server = unread_server();
    let cat = unread(&server);
    // Longer than a server may pause: the reader may.
    thread::sleep(Duration::from_secs(5));
    let (run, out) = cat.finish();
    let run = run.exits(0);
    let all: Vec<u8> = (0..20)
        .flat_map(|n| body(n, unread_length(n)).to_vec())
        .collect();
    same(&run, &out, &all);
}

#[test]
fn a_signal_ends_a_run_whose_reader_does_not_read() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let server = unread_server();
        let cat = unread(&server);
        cat.running.signal(signal);
        let run = cat.running.end().exits(code);
        run.check("no complaint", !run.stderr.contains("the output ends"));
        let mut out = cat.out;
        let mut found = Vec::new();
        out.read_to_end(&mut found).unwrap();
        same(&run, &found, body(0, found.len()));
    }
}

#[test]
fn a_head_request_gives_nothing() {
    let server = Server::start();
    let dir = Dir::new();
    let (a, b) = (server.url("/bytes/1000"), server.url("/bytes/2000"));
    let head = format!("{{\"url\":\"{b}\",\"action\":\"head\"}}");
    let list = dir.file("list", format!("{a}\n{head}\n{a}\n"));
    let (run, out) = cat(&["-i", &list]);
    same(&run.exits(0), &out, &[bytes(1000), bytes(1000)].concat());
}

#[test]
fn empty_bodies_give_nothing() {
    let server = Server::start();
    let (a, none) = (server.url("/bytes/1000"), server.url("/bytes/0"));
    let no_content = server.url("/status/204");
    let (run, out) = cat(&[&none, &a, &no_content, &a, &none]);
    same(&run.exits(0), &out, &[bytes(1000), bytes(1000)].concat());
}

#[test]
fn the_body_of_a_redirect_is_not_passed_on() {
    let server = Server::with(|request, reply| match &*request.target {
        "/a" => reply.send(302, "Location: /b\r\n", b"elsewhere"),
        _ => reply.send(200, "", b"here"),
    });
    let (run, out) = cat(&[server.url("/a"), server.url("/b")]);
    same(&run.exits(0), &out, b"herehere");
}

#[test]
fn json_lines_may_go_to_standard_error() {
    let server = Server::start();
    let args = [
        "-qq",
        "--export=jsonl=/dev/stderr",
        &server.url("/bytes/9"),
        &server.url("/bytes/300"),
    ];
    let (run, out) = cat(&args);
    let run = run.exits(0);
    same(&run, &out, &[bytes(9), bytes(300)].concat());
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let lines: Vec<_> = run.stderr.lines().map(parse).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
    let expected = ["run", "result", "result", "summary"].map(Some);
    run.check("each line is there", kinds == expected);
    run.check("both are ok", lines[3]["ok"] == 2);
}

#[test]
fn the_report_goes_to_standard_error() {
    let server = Server::start();
    let url = server.url("/bytes/9");
    let (run, out) = cat(&[&url]);
    same(&run, &out, &bytes(9));
    run.exits(0)
        .says(&format!("{url}\n"))
        .says("1 URL: 1 ok, 0 failed");
    let (run, out) = cat(&["-qq", &url]);
    same(&run.exits(0).says_nothing(), &out, &bytes(9));
}

#[test]
fn compressed_bodies_come_out_decoded() {
    let whole = bytes(1_000_000);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&whole).unwrap();
    let encoded = encoder.finish().unwrap();
    let body = encoded.clone();
    let server = Server::with(
        move |request, reply| match request.header("accept-encoding") {
            Some(codings) if codings.contains("gzip") => {
                reply.send(200, "Content-Encoding: gzip\r\n", &body)
            }
            _ => reply.send(200, "", b"plain"),
        },
    );
    let (a, b) = (server.url("/a"), server.url("/b"));
    let (run, out) = cat(&["--compressed", &a, &b]);
    same(&run.exits(0), &out, &[&whole[..], &whole].concat());
    let (run, out) = cat(&[&a, &b]);
    same(&run.exits(0), &out, b"plainplain");
}

#[test]
fn an_archive_in_pieces_can_be_unpacked_as_it_comes() {
    if Command::new("tar").arg("--version").output().is_err() {
        return;
    }
    let dir = Dir::new();
    let (from, to) = (dir.path().join("from"), dir.path().join("to"));
    fs::create_dir(&from).unwrap();
    fs::create_dir(&to).unwrap();
    for number in 0..20 {
        fs::write(from.join(number.to_string()), body(number, number * 10_000)).unwrap();
    }
    let packed = Command::new("tar")
        .args(["-cf", "-", "-C"])
        .arg(&from)
        .arg(".")
        .output()
        .unwrap();
    assert!(packed.status.success(), "{packed:?}");
    let size = packed.stdout.len().div_ceil(7);
    let server = Server::with(move |request, reply| {
        let piece = packed.stdout.chunks(size).nth(number(request)).unwrap();
        reply.send(200, "", piece)
    });
    let (reader, writer) = io::pipe().unwrap();
    let mut args = vec!["--cat".to_owned()];
    args.extend((0..7).map(|n| server.url(&format!("/{n}"))));
    let running = pfetch(&args).stdout(writer.into()).start();
    let unpacked = Command::new("tar")
        .args(["-xf", "-", "-C"])
        .arg(&to)
        .stdin(Stdio::from(reader))
        .output()
        .unwrap();
    let run = running.finish().exits(0);
    run.check(&format!("{unpacked:?}"), unpacked.status.success());
    for number in 0..20 {
        let found = fs::read(to.join(number.to_string())).unwrap();
        same(&run, &found, body(number, number * 10_000));
    }
}

#[test]
fn it_goes_with_nothing_else_that_is_done_with_bodies() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    let name = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (folder, file, log) = (name("folder"), name("file"), name("log"));
    let others: [&[&str]; 10] = [
        &["-d", &folder],
        &["-o", &file],
        &["-I"],
        &["--log", &log, "--resume"],
        &["--exists=skip"],
        &["--names=tree"],
        &["--content-disposition"],
        &["--no-mtime"],
        &["--no-resume"],
        &["--fsync"],
    ];
    for other in others {
        let run = pfetch(&[&["--cat", &url], other].concat()).run();
        let run = run.exits(2);
        run.check("nothing on stdout", run.stdout.is_empty());
        run.check("a reason", run.stderr.starts_with("pfetch: "));
    }
    assert_eq!(server.requests(), 0);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn it_can_keep_a_run_log() {
    let server = Server::start();
    let dir = Dir::new();
    let log = dir.path().join("log");
    let url = server.url("/bytes/1000");
    let (run, out) = cat(&["--log", log.to_str().unwrap(), &url]);
    let run = run.exits(0);
    same(&run, &out, &bytes(1000));
    let text = fs::read_to_string(log).unwrap();
    run.check(&text, text.contains(&format!("\"url\":\"{url}\"")));
}

#[test]
fn a_report_in_the_file_of_the_bodies_begins_lines_of_its_own() {
    let (open, opened) = unbounded();
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/gone" => reply.send(404, "", b""),
        "/first" => {
            let sent = reply.send(404, "", b"");
            let _ = open.send(());
            sent
        }
        "/slow" => {
            pass(&opened);
            reply.send(200, "", b"xyz")
        }
        _ => reply.send(200, "", b"body"),
    });
    let [a, b, gone, first, slow] =
        ["/a", "/b", "/gone", "/first", "/slow"].map(|path| server.url(path));
    let program = env!("CARGO_BIN_EXE_pfetch");
    let dir = Dir::new();
    let merged = |redirection: &str, args: &[&str]| {
        let line = format!("\"$0\" --cat -j1 \"$@\" {redirection}");
        let status = Command::new("sh")
            .args(["-c", &line, program])
            .args(args)
            .current_dir(dir.path())
            .status()
            .expect("there is a shell");
        assert!(status.code().is_some(), "{line}");
        std::fs::read_to_string(dir.path().join("log")).expect("it is text")
    };
    for redirection in ["> log 2>&1", ">> log 2>> log", "2>&1 | cat > log"] {
        std::fs::write(dir.path().join("log"), "").expect("it can be");
        let log = merged(redirection, &[&a, &b]);
        let bodies = log.matches("body").count();
        let is_own = |line: &str| {
            !line.contains("body") || line.trim_matches(&['b', 'o', 'd', 'y'][..]).is_empty()
        };
        assert!(
            bodies == 2 && log.lines().all(is_own),
            "{redirection}: {log}"
        );
        assert!(log.contains("\n  2 URLs: 2 ok"), "{log}");
    }
    // The end that is told on standard error alone.
    let log = merged("> log 2>&1", &["-qq", &a, &gone]);
    assert!(log.lines().any(|line| line == "body"), "{log}");
    let log = merged("> log 2>&1", &["-qq", "-j2", &slow, &first]);
    let bodies = log.lines().filter(|line| line.contains("xyz"));
    assert!(bodies.eq(["xyz"]) && log.contains("\npfetch: "), "{log}");
    // Nothing is added to bodies that go elsewhere, or that end their line.
    assert_eq!(merged("> log 2> other", &[&a, &b]), "bodybody");
    assert_eq!(merged("> log 2> /dev/null", &[&a]), "body");
    assert_eq!(merged("> log 2>&1", &["-s", &a, &b]), "bodybody");
}
