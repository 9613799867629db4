//! The program as a process: what it sends, where it follows to, and when it gives up.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::pfetch::{LIMIT, pfetch};
use crate::raw::Raw;
use crate::server::{Reply, Request, Server, routes};

#[test]
fn what_the_user_gives_is_sent_byte_by_byte() {
    let (sender, heads) = mpsc::channel();
    let server = Raw::start(move |mut wire| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            wire.read_exact(&mut byte)?;
            head.extend(byte);
        }
        // The test may have failed by now, which it says itself.
        let _ = sender.send(head);
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    });
    // "café" in Latin-1, which is no UTF-8.
    let run = pfetch(&["--retry=0", &server.url("/")])
        .arg(b"-HX-Name: caf\xe9 \x80")
        .arg(b"-Aagent \xe9")
        .arg(b"-ujoe:\xe9")
        .run();
    run.exits(0).says_nothing();
    let head = heads.recv_timeout(LIMIT).expect("there was a request");
    for line in [
        &b"\r\nx-name: caf\xe9 \x80\r\n"[..],
        b"\r\nuser-agent: agent \xe9\r\n",
        // As `printf 'joe:\351' | base64` has it.
        b"\r\nauthorization: Basic am9lOuk=\r\n",
    ] {
        let is_there = head.windows(line.len()).any(|part| part == line);
        let (line, head) = (line.escape_ascii(), head.escape_ascii());
        assert!(is_there, "{line} is not in {head}");
    }
    // A control character is refused, and a secret is not repeated.
    let run = pfetch(&[&server.url("/")]).arg(b"-HX-Name: hush\xe9\x01");
    let run = run.run().exits(2).complains_in_a_line();
    run.says("x-name has a control character")
        .never_shows("hush");
}

/// A server that keeps the head of every request.
fn recording() -> (Server, Arc<Mutex<Vec<String>>>) {
    recording_with(routes)
}

fn recording_with(
    handler: impl Fn(&Request, &mut Reply<'_>) -> std::io::Result<()> + Send + Sync + 'static,
) -> (Server, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    let server = Server::with(move |request, reply| {
        kept.lock()
            .expect("no test panics with it")
            .push(request.head.to_lowercase());
        handler(request, reply)
    });
    (server, heads)
}

fn head(heads: &Mutex<Vec<String>>, position: usize) -> String {
    heads.lock().expect("no test panics with it")[position].clone()
}

#[test]
fn head_asks_for_no_body() {
    let (server, heads) = recording();
    let run = pfetch(&["-I", "--format=jsonl", &server.url("/bytes/50")]).run();
    let result = run.exits(0).result();
    assert_eq!(
        (&result["action"], &result["bytes"]),
        (&"head".into(), &0.into())
    );
    assert!(head(&heads, 0).starts_with("head /bytes/50 "));
}

#[test]
fn the_users_headers_are_sent_as_given() {
    let (server, heads) = recording();
    let args = [
        "-H",
        "X-One: 1",
        "--header",
        "x-two:  a: b ",
        "-H",
        "X-One: again",
    ];
    let run = pfetch(&[&args[..], &["-A", "me/1", &server.url("/echo")]].concat()).run();
    run.exits(0);
    let sent = head(&heads, 0);
    for line in [
        "x-one: 1\r\n",
        "x-one: again\r\n",
        "x-two: a: b\r\n",
        "user-agent: me/1\r\n",
    ] {
        assert_eq!(sent.matches(line).count(), 1, "{line} in {sent}");
    }
    pfetch(&[server.url("/echo")]).run().exits(0);
    let expected = concat!("user-agent: pfetch/", env!("CARGO_PKG_VERSION"), "\r\n");
    assert!(head(&heads, 1).contains(expected), "{}", head(&heads, 1));
}

#[test]
fn default_headers_are_removed_and_empty_ones_sent_as_curl_does() {
    let (server, heads) = recording();
    for (args, absent, present) in [
        (
            &["-H", "Accept:", "-H", "user-agent: "][..],
            &["accept:", "user-agent:"][..],
            &["accept-encoding: identity\r\n"][..],
        ),
        (
            &["-H", "Accept-Encoding:"],
            &["accept-encoding:"],
            &["accept: */*\r\n"],
        ),
        (
            &[
                "-H", "X-Empty;", "-H", "Accept;", "-H", "Expect:", "-H", "X-None:",
            ],
            &["expect:", "x-none:", "*/*"],
            &["x-empty:", "accept:"],
        ),
        (
            &["-H", "Accept:", "-H", "Accept: text/plain"],
            &["*/*"],
            &["accept: text/plain\r\n"],
        ),
    ] {
        heads.lock().unwrap().clear();
        pfetch(&[args, &[&server.url("/echo")]].concat())
            .run()
            .exits(0);
        let sent = head(&heads, 0);
        for name in absent {
            assert!(!sent.contains(name), "{args:?}: {name} in {sent}");
        }
        for line in present {
            let line = format!("\r\n{line}");
            assert!(sent.contains(&line), "{args:?}: no {line} in {sent}");
        }
    }
}

#[test]
fn a_removed_credential_is_not_sent_either() {
    let (server, heads) = recording();
    let url = server
        .url("/echo")
        .replacen("http://", "http://joe:hush@", 1);
    pfetch(&["-H", "Authorization:", &url]).run().exits(0);
    let sent = head(&heads, 0);
    assert!(!sent.contains("authorization"), "{sent}");
}

#[test]
fn credentials_are_sent_and_never_shown() {
    let (server, heads) = recording();
    let secret_url = format!("http://us%40er:p%3Ass@{}/status/401", server.addr());
    for format in ["human", "jsonl"] {
        for args in [
            vec!["-u", "us@er:p:ss", "--format", format],
            vec!["--progress=always", "--format", format],
        ] {
            let url = match args[0] {
                "-u" => server.url("/status/401"),
                _ => secret_url.clone(),
            };
            heads.lock().unwrap().clear();
            let run = pfetch(&[&args[..], &[&url]].concat()).run().exits(1);
            run.prints("/status/401")
                .never_shows("p:ss")
                .never_shows("p%3Ass")
                .never_shows("us%40er")
                .never_shows("us@er");
            // base64("us@er:p:ss"), in lower case as all of the recorded head.
            let expected = "authorization: basic dxnazxi6cdpzcw==\r\n";
            assert!(head(&heads, 0).contains(expected), "{}", head(&heads, 0));
        }
    }
}

#[test]
fn credentials_of_urls_that_fail_are_never_shown_either() {
    let server = Server::with(|request, reply| {
        let scheme = &request.target[1..];
        let location = format!("Location: {scheme}://joe:hush@127.0.0.1:1/\r\n");
        reply.send(302, &location, b"")
    });
    let closed = "127.0.0.1:1";
    let list = [
        format!("http://joe:hush@{closed}/"),
        "http://joe:hush@127.0.0.1:99999/".to_owned(),
        "http://joe:hush@".to_owned(),
        "ftp://joe:hush@127.0.0.1/".to_owned(),
        "joe:hush@127.0.0.1:x".to_owned(),
        "http://joe:hush@[::1".to_owned(),
        "http://joe:hush@127.0.0.1/\u{1b}".to_owned(),
        format!("{{\"url\": \"http://joe:hush@{closed}/\"}}"),
        "{\"url\": \"http://joe:hush@127.0.0.1:99999/\"}".to_owned(),
        "{\"url\": \"127.0.0.1:1\", \"headers\": \"Authorization: hush\"}".to_owned(),
        "{\"url\": \"127.0.0.1:1\", \"headers\": {\"A\": \"hush\\n\"}}".to_owned(),
        // Redirects that carry some.
        server.url("/http"),
        server.url("/ftp"),
    ];
    for format in ["human", "jsonl"] {
        let run = pfetch(&["--format", format, "-"])
            .stdin(list.join("\n"))
            .run();
        run.exits(1)
            .shows_plain_text()
            .never_shows("joe")
            .never_shows("hush");
    }
    // On the command line, too, and in a mistake there.
    pfetch(&["-H", "Authorization: hush\nX: y", "h"])
        .run()
        .exits(2)
        .complains_in_a_line()
        .never_shows("hush");
}

#[test]
fn headers_and_credentials_stay_with_the_origin_that_was_named() {
    let (other, at_other) = recording();
    let (server, at_server) = recording();
    let away = server.url(&format!("/redirect-to?url={}", other.url("/echo")));
    let stay = server.url("/redirect/1");
    let secret = ["-H", "X-Key: k", "-H", "Cookie: c=1", "-u", "joe:hush"];
    let list = format!(
        "{away}\n{stay}\nhttp://joe:hush@{}\n{{\"url\": \"{away}\", \"headers\": {{\"Authorization\": \"Bearer t\"}}}}\n",
        away.trim_start_matches("http://")
    );
    let run = pfetch(&[&secret[..], &["-j1", "-"]].concat())
        .stdin(list)
        .run();
    run.exits(0).never_shows("hush");
    for sent in at_other.lock().unwrap().iter() {
        for header in ["x-key", "cookie", "authorization", "referer"] {
            assert!(!sent.contains(header), "{header} in {sent}");
        }
        assert!(sent.contains("user-agent: pfetch/"), "{sent}");
    }
    assert_eq!(at_other.lock().unwrap().len(), 3);
    // The second hop of the redirect that stays is the third request there.
    let sent = head(&at_server, 2);
    assert!(sent.starts_with("get /redirect/0 "), "{sent}");
    for header in ["x-key: k", "cookie: c=1", "authorization: basic "] {
        assert!(sent.contains(header), "{header} in {sent}");
    }
}

#[test]
fn statuses_succeed_as_accept_says() {
    let server = Server::start();
    for (status, accept, code) in [
        (200, None, 0),
        (304, None, 0),
        (404, None, 1),
        (500, None, 1),
        (404, Some("200..=299,404"), 0),
        (200, Some("404"), 1),
        (503, Some("500-503"), 0),
    ] {
        let mut args = vec![
            "--format=jsonl".to_owned(),
            server.url(&format!("/status/{status}")),
        ];
        args.extend(accept.map(|accept| format!("--accept={accept}")));
        let run = pfetch(&args).run().exits(code);
        let result = run.result();
        assert_eq!(result["status"], status);
        assert_eq!(result["error"].is_null(), code == 0);
        if code == 1 {
            assert_eq!(result["error"]["kind"], "status");
            assert!(result["error"]["phase"].is_null());
        }
    }
    // The reason is said in words.
    pfetch(&[server.url("/status/404")])
        .run()
        .exits(1)
        .prints("/status/404  not found\n");
}

#[test]
fn redirects_are_followed_and_the_final_url_is_shown() {
    let server = Server::start();
    let (from, to) = (server.url("/redirect/3"), server.url("/redirect/0"));
    let run = pfetch(&[&from]).run();
    run.exits(0).prints(&format!("  {from} -> {to}\n"));
    let result = pfetch(&["--format=jsonl", &from]).run().exits(0).result();
    assert_eq!(result["final_url"], to);
    let hops = [3, 2, 1].map(|n| {
        let url = server.url(&format!("/redirect/{n}"));
        serde_json::json!({"url": url, "status": 302})
    });
    assert_eq!(result["redirects"], serde_json::json!(hops));
    assert_eq!(
        (&result["status"], &result["bytes"]),
        (&200.into(), &8.into())
    );
}

#[test]
fn redirects_are_limited() {
    let server = Server::start();
    let fetch = |limit: &str, path: &str| {
        let run = pfetch(&[
            "--format=jsonl",
            "--max-redirects",
            limit,
            &server.url(path),
        ]);
        run.run().result()
    };
    let result = fetch("0", "/redirect/3");
    assert_eq!(
        (&result["status"], &result["outcome"]),
        (&302.into(), &"ok".into())
    );
    assert_eq!(result["redirects"], serde_json::json!([]));
    assert_eq!(fetch("3", "/redirect/3")["outcome"], "ok");
    let result = fetch("2", "/redirect/3");
    assert_eq!(result["outcome"], "failed");
    assert_eq!(result["error"]["kind"], "redirect");
    assert_eq!(
        result["error"]["message"],
        "more than 2 redirects (--max-redirects)"
    );
    // The default ends a loop.
    let run = pfetch(&[server.url("/redirect-to?url=/redirect-to%3Furl=x")]).run();
    run.exits(1);
    let around = Server::with(|_, reply| reply.send(301, "Location: /\r\n", b""));
    let run = pfetch(&[around.url("/")]).run();
    run.exits(1).prints("redirect: more than 10 redirects");
    assert_eq!(around.requests(), 11);
}

#[test]
fn redirects_lead_to_no_other_scheme() {
    let server = Server::start();
    for to in ["file:///etc/passwd", "ftp://127.0.0.1/", "data:,x"] {
        let run = pfetch(&[server.url(&format!("/redirect-to?url={to}"))]).run();
        let scheme = to.split(':').next().unwrap();
        run.exits(1)
            .prints(&format!("redirect: cannot follow to \"{to}\": "))
            .prints(&format!(
                "scheme \"{scheme}\" is not supported; use http or https\n"
            ));
    }
}

#[test]
fn a_server_that_hangs_costs_a_time_limit() {
    let server = Server::start();
    for (option, kind, message) in [
        ("--timeout", "timeout", "timed out after 50ms"),
        (
            "--stall-timeout",
            "stall",
            "stalled: less than 1 KiB came in 50ms",
        ),
    ] {
        // Without retries, which have tests of their own.
        let hang = server.url("/hang");
        let run = pfetch(&["--format=jsonl", "--retry=0", option, "50ms", &hang]).run();
        let error = &run.exits(1).result()["error"];
        let expected = serde_json::json!({"kind": kind, "phase": "wait", "message": message});
        assert_eq!(*error, expected);
        let run = pfetch(&["--retry=1", option, "50ms", &hang]).run();
        run.exits(1)
            .prints(&format!("/hang  wait: {message} (2 attempts)\n"));
    }
}

#[test]
fn a_body_that_stops_coming_costs_the_stall_time() {
    let server = Server::with(|_, reply| {
        let mut stream = reply.raw();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")?;
        reply.wait(std::time::Duration::MAX);
        Ok(())
    });
    let run = pfetch(&["--format=jsonl", "--stall-timeout=200ms", &server.url("/")]).run();
    let result = run.exits(1).result();
    assert_eq!(result["error"]["kind"], "stall");
    assert_eq!(result["error"]["phase"], "receive");
    assert_eq!(result["status"], 200);
}

#[test]
fn a_handshake_that_hangs_costs_the_connect_time() {
    // The system accepts for it and nobody answers; TLS is part of making a connection.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let run = pfetch(&["--format=jsonl", "--connect-timeout=50ms", &url]).run();
    let error = &run.exits(1).result()["error"];
    let expected =
        serde_json::json!({"kind": "timeout", "phase": "ssl", "message": "timed out after 50ms"});
    assert_eq!(*error, expected);
}

#[test]
fn broken_answers_say_what_was_wrong() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/short" => reply
            .raw()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        "/nonsense" => reply.raw().write_all(b"SSH-2.0-OpenSSH\r\n\r\n"),
        _ => Err(std::io::ErrorKind::ConnectionAborted.into()),
    });
    for (path, expected) in [
        (
            "/short",
            "receive: the server closed the connection in the body, after 3 bytes\n",
        ),
        (
            "/nonsense",
            "protocol: the server's answer is not valid HTTP: ",
        ),
        (
            "/nothing",
            "wait: the server closed the connection without an answer\n",
        ),
    ] {
        pfetch(&["--retry=0", &server.url(path)])
            .run()
            .exits(1)
            .prints(expected);
    }
    pfetch(&["--retry=0", "127.0.0.1:1"])
        .run()
        .exits(1)
        .prints("connect: connection refused\n");
}

#[test]
fn hostile_redirects_are_escaped() {
    for to in [
        "/\u{1b}[2J\u{202e}x",
        "ftp://h/\u{1b}[31m\u{202e}",
        "http://[\u{202e}\u{85}",
        "/%1b%0a",
    ] {
        let location = format!("Location: {to}\r\n");
        let server = Server::with(move |request, reply| match request.target.as_str() {
            "/" => reply.send(302, &location, b""),
            _ => reply.send(404, "", b"\x1b[2J"),
        });
        for format in ["human", "jsonl"] {
            let run = pfetch(&["--format", format, &server.url("/")]).run();
            run.exits(1).shows_plain_text().prints(&server.url("/"));
        }
    }
}

#[test]
fn idle_connections_stay_within_the_limit_on_open_files() {
    const FILES: usize = 64;
    /// Descriptors that pfetch sets aside for other purposes.
    /// Half of the files, and those in use.
    const MOST_OPEN: usize = FILES / 2 + 4;
    let open = Arc::new(AtomicUsize::new(0));
    let server = Raw::start(move |mut wire| {
        open.fetch_add(1, Ordering::SeqCst);
        while let Some(target) = wire.request() {
            // The client has closed what it does not keep; this server's threads may notice a little later.
            let deadline = Instant::now() + Duration::from_secs(10);
            while target == "/last" && open.load(Ordering::SeqCst) > MOST_OPEN {
                if Instant::now() > deadline {
                    return Err(io::Error::other("too many idle connections"));
                }
                thread::yield_now();
            }
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        open.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    });
    // Many origins at one address, each with a connection of its own: more than there may be files.
    let port = server.addr().port();
    let mut args = vec!["-j4".to_owned(), "--retry=0".to_owned()];
    for number in 0..100 {
        let path = if number == 99 { "last" } else { "url" };
        args.push(format!("--resolve=host{number}:{port}:127.0.0.1"));
        args.push(format!("http://host{number}:{port}/{path}"));
    }
    let limited = format!("ulimit -n {FILES}; exec \"$0\" \"$@\"");
    let run = pfetch(&args).under(&["sh", "-c", &limited]).run();
    run.exits(0).prints("100 URLs: 100 ok");
    assert_eq!(server.connections(), 100);
}
