//! Retries: which failures are retried, how often, and how that is reported.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};
use serde_json::Value;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::{Raw, Wire};
use crate::server::Server;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwhole";

/// Runs one URL with short retry delays and the JSON Lines report.
fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", "--retry-delay=1ms", url]].concat()).run()
}

/// The kinds of the attempts that failed before the last.
fn earlier(result: &Value) -> Vec<&str> {
    let list = result["earlier"].as_array().expect("a list");
    list.iter()
        .map(|attempt| attempt["error"]["kind"].as_str().expect("each has failed"))
        .collect()
}

/// A server that fails its first connection by `fault`, and answers well from then on.
fn once(fault: fn(Wire<'_>) -> io::Result<()>) -> Raw {
    Raw::start(move |mut wire| {
        if wire.request().is_none() {
            return Ok(());
        }
        match wire.number {
            0 => fault(wire),
            _ => wire.send(OK),
        }
    })
}

#[test]
fn what_may_pass_is_tried_again() {
    type Fault = fn(Wire<'_>) -> io::Result<()>;
    let cases: [(&str, &[&str], Fault, &str, &str); 8] = [
        ("closed", &[], |_| Ok(()), "closed", "wait"),
        ("reset", &[], |wire| wire.reset(), "closed", "wait"),
        (
            "closed in the header",
            &[],
            |mut wire| wire.send("HTTP/1.1 200 OK\r\nX:"),
            "closed",
            "receive",
        ),
        (
            "truncated",
            &[],
            |mut wire| wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh"),
            "closed",
            "receive",
        ),
        (
            "truncated in a chunk",
            &[],
            |mut wire| wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwh"),
            "closed",
            "receive",
        ),
        (
            "silent",
            &["--stall-timeout=500ms"],
            |wire| wire.hang(),
            "stall",
            "wait",
        ),
        (
            "slow",
            &["--timeout=500ms"],
            |wire| wire.hang(),
            "timeout",
            "wait",
        ),
        (
            "silent in the body",
            &["--stall-timeout=500ms"],
            |mut wire| {
                wire.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh")?;
                wire.hang()
            },
            "stall",
            "receive",
        ),
    ];
    for (what, limits, fault, kind, phase) in cases {
        let server = once(fault);
        // On a busy machine a limit may pass more than once; then there are more attempts.
        let args = [limits, &["--retry=5"]].concat();
        let run = run(&args, &server.url("/")).exits(0);
        let result = run.result();
        run.check(what, result["outcome"] == "ok" && result["bytes"] == 5);
        let before = earlier(&result);
        run.check(
            what,
            !before.is_empty() && before.iter().all(|k| *k == kind),
        );
        let first = &result["earlier"][0];
        run.check(what, first["error"]["phase"] == phase);
        run.check(what, first["total"].as_f64() > Some(0.0));
        run.check(what, first["started_at"].is_string());
        run.check(what, result["attempts"] == before.len() + 1);
        run.check(what, result["error"].is_null());
        run.check(what, run.summary()["retries"] == before.len());
        run.check(what, run.summary()["ok"] == 1);
        run.check(what, server.connections() == before.len() + 1);
    }
}

#[test]
fn a_server_that_comes_up_later_is_reached() {
    // Bound and not listening: the port is this test's own, and connections to it are refused.
    let closed = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    bind(&closed, &SocketAddr::from(([127, 0, 0, 1], 0))).expect("the loopback has a free port");
    let name = getsockname(&closed).expect("a bound socket has a name");
    let addr = SocketAddr::try_from(name).expect("an internet address");
    // The one worker takes the second URL up when the first has failed; that opens the port.
    let late = Arc::new(Mutex::new((Some(closed), None)));
    let opener = {
        let late = Arc::clone(&late);
        Server::with(move |_, reply| {
            let mut late = late.lock().expect("nobody panics with it");
            if let Some(closed) = late.0.take() {
                listen(&closed, 16)?;
                let script = |mut wire: Wire<'_>| {
                    wire.request();
                    wire.send(OK)
                };
                late.1 = Some(Raw::on(TcpListener::from(closed), script));
            }
            reply.send(200, "", b"")
        })
    };
    let urls = [format!("http://{addr}/"), opener.url("/")];
    let options = ["-j1", "--retry=1000", "--retry-delay=1ms", "--format=jsonl"];
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let run = pfetch(&[&options[..], &urls].concat()).run().exits(0);
    let results = run.results();
    let result = results.iter().find(|result| result["index"] == 0);
    let result = result.expect("the first URL's result");
    let before = earlier(result);
    run.check("refused first", !before.is_empty());
    run.check("refused only", before.iter().all(|kind| *kind == "connect"));
    run.check("attempts", result["attempts"] == before.len() + 1);
    run.check("ok", result["outcome"] == "ok" && result["bytes"] == 5);
    drop(late);
}

#[test]
fn passing_statuses_are_tried_again_and_others_stand() {
    for (status, again) in [
        (408, true),
        (425, true),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
        (504, true),
        (400, false),
        (401, false),
        (404, false),
        (410, false),
        (501, false),
        (505, false),
    ] {
        let came = AtomicUsize::new(0);
        let server = Server::with(move |_, reply| {
            let first = came.fetch_add(1, Ordering::SeqCst) == 0;
            reply.send(if first { status } else { 200 }, "", b"body")
        });
        let what = format!("status {status}");
        // One worker, because its connections are its own, and another may be there for a second attempt.
        let run = run(&["-j1"], &server.url("/")).exits(i32::from(!again));
        let result = run.result();
        let requests = if again { 2 } else { 1 };
        run.check(&what, result["attempts"] == requests);
        run.check(&what, server.requests() == requests);
        if again {
            run.check(&what, earlier(&result) == ["status"]);
            run.check(&what, result["earlier"][0]["status"] == status);
            run.check(&what, result["status"] == 200);
        } else {
            run.check(&what, result["error"]["kind"] == "status");
            run.check(&what, earlier(&result).is_empty());
        }
        // An answer with its length leaves its connection good for the next attempt.
        run.check(&what, server.connections() == 1);
    }
}

#[test]
fn a_status_that_is_accepted_is_not_tried_again() {
    let server = Server::start();
    let run = run(&["--accept=503"], &server.url("/status/503")).exits(0);
    run.check("once", run.result()["attempts"] == 1);
    run.check("once at the server", server.requests() == 1);
}

#[test]
fn verdicts_are_not_tried_again() {
    type Script = fn(Wire<'_>) -> io::Result<()>;
    let answer = |answer: &'static str| answer;
    let plain: Script = |mut wire| {
        wire.read_once()?;
        wire.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
        wire.hang()
    };
    let cases: [(&str, &[&str], &'static str); 5] = [
        ("protocol", &[], answer("SSH-2.0-Server\r\n")),
        (
            "redirect",
            &[],
            answer("HTTP/1.1 302 -\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
        ),
        (
            "redirect",
            &["--max-redirects=1"],
            answer("HTTP/1.1 302 -\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        ),
        ("too-large", &["--max-bytes=4"], answer(OK)),
        (
            "encoding",
            &["--compressed"],
            answer("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"),
        ),
    ];
    for (kind, args, answer) in cases {
        let server = Raw::start(move |mut wire| {
            while wire.request().is_some() {
                wire.send(answer)?;
            }
            Ok(())
        });
        let run = run(args, &server.url("/")).exits(1);
        assert_final(&run, kind);
        let followed = usize::from(args == ["--max-redirects=1"]);
        run.check(kind, server.requests().len() == 1 + followed);
    }
    let server = Raw::start(plain);
    let run = run(&[], &server.url("/").replace("http:", "https:")).exits(1);
    assert_final(&run, "tls");
    run.check("tls", server.connections() == 1);
}

#[track_caller]
fn assert_final(run: &Run, kind: &str) {
    let result = run.result();
    run.check(kind, result["error"]["kind"] == kind);
    run.check(kind, result["attempts"] == 1 && earlier(&result).is_empty());
    run.check(kind, run.summary()["retries"] == 0);
}

#[test]
fn retry_says_how_often() {
    for retries in [0, 1, 3] {
        let server = Server::start();
        let option = format!("--retry={retries}");
        let url = server.url("/status/503");
        let run = run(&[&option], &url).exits(1);
        let result = run.result();
        run.check(&option, result["attempts"] == retries + 1);
        run.check(&option, earlier(&result) == vec!["status"; retries]);
        run.check(&option, result["error"]["kind"] == "status");
        run.check(&option, run.summary()["retries"] == retries);
        run.check(&option, run.summary()["failed"] == 1);
        run.check(&option, server.requests() == retries + 1);
        let attempts = match retries {
            0 => String::new(),
            _ => format!(" ({} attempts)", retries + 1),
        };
        let told = format!("/status/503  service unavailable{attempts}\n");
        let run = pfetch(&[&option[..], "--retry-delay=1ms", &url]).run();
        run.exits(1).prints(&told);
    }
}

#[test]
fn a_url_that_succeeded_when_it_was_tried_again_says_so_in_every_report() {
    let asked = AtomicUsize::new(0);
    let server = Server::with(move |request, reply| match request.target.as_str() {
        "/busy" if asked.fetch_add(1, Ordering::Relaxed) < 2 => reply.send(500, "", b""),
        _ => reply.send(200, "", b"x"),
    });
    let dir = Dir::new();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [json, md, xml, html] = ["run.json", "run.md", "run.xml", "run.html"].map(path);
    let mut args = vec!["-j1".to_owned(), "--retry-delay=1ms".to_owned()];
    for export in [&json, &md, &xml, &html] {
        args.extend(["--export".to_owned(), export.clone()]);
    }
    args.extend(["/busy", "/good"].map(|path| server.url(path)));
    let run = pfetch(&args).run().exits(0);
    let run = run.prints("/busy (3 attempts)\n").prints("/good\n");
    let read = |path: &str| fs::read_to_string(path).expect("it was written");
    let document: Value = serde_json::from_str(&read(&json)).expect("it is JSON");
    let results = document["results"].as_array().expect("a list");
    let attempts = results.iter().map(|result| result["attempts"].as_u64());
    run.check("of both", attempts.flatten().sum::<u64>() == 4);
    for (path, text) in [
        (&md, "### Succeeded when tried again (1)"),
        (&md, " | 3 attempts, after 500 internal server error |"),
        (
            &xml,
            "<system-out>3 attempts, after 500 internal server error</system-out>",
        ),
        (&html, ": 4 attempts on 1 worker in "),
    ] {
        let report = read(path);
        run.check(
            &format!("{text:?} in {path}:\n{report}"),
            report.contains(text),
        );
    }
}

#[test]
fn a_new_request_on_a_fresh_connection_is_no_retry_of_its_own() {
    // The kept connection ends as its second request comes: that costs none of `--retry 0`.
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        wire.request();
        Ok(())
    });
    let (a, b) = (server.url("/a"), server.url("/b"));
    let args = ["-j1", "--retry=0", "--format=jsonl", &a, &b];
    let run = pfetch(&args).run().exits(0);
    for result in run.results() {
        run.check("no earlier attempts", earlier(&result).is_empty());
    }
    run.check("three requests", server.requests() == ["/a", "/b", "/b"]);
}

/// Runs it where no name server can be reached: in a network namespace of its own, without an interface
/// that is up. `None`, said on standard error, where the system has none to give.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn without_network(args: &[&str]) -> Option<Run> {
    const UNSHARE: [&str; 3] = ["unshare", "--map-root-user", "--net"];
    let probe = Command::new(UNSHARE[0])
        .args(&UNSHARE[1..])
        .arg("true")
        .output();
    match probe {
        Ok(probe) if probe.status.success() => Some(pfetch(args).under(&UNSHARE).run()),
        refused => {
            eprintln!("skipped: no network namespace to be had: {refused:?}");
            None
        }
    }
}

#[test]
fn a_look_up_that_failed_temporarily_is_tried_again() {
    let args = ["--retry=1", "--retry-delay=1ms", "--format=jsonl"];
    let url = "http://temporary-dns.example/";
    let Some(run) = without_network(&[&args[..], &[url]].concat()) else {
        return;
    };
    let run = run.exits(1);
    let result = run.result();
    let message = result["error"]["message"].as_str().unwrap_or_default();
    // A resolver that answers otherwise without a network (a local cache, say) is no fault of ours.
    if !message.to_lowercase().contains("temporar") && !message.contains("Try again") {
        eprintln!("skipped: this system's resolver does not fail temporarily: {message}");
        return;
    }
    assert_eq!(result["attempts"], 2, "{result:#}");
    assert_eq!(earlier(&result), ["dns"], "{result:#}");
    // The second attempt asked again: the cache had forgotten the failure of the first.
    for attempt in [&result["earlier"][0], &result] {
        assert!(attempt["timing"]["dns"].is_number(), "{result:#}");
    }
}
