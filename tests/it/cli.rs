//! The program as a process: where URLs come from, in which order they are told, and its help.

use crossbeam_channel::bounded;

use crate::pfetch::{Dir, LIMIT, Run, pfetch};
use crate::server::{Server, routes};

/// The URLs of a run's results, in the order of the lines.
fn urls(run: &Run) -> Vec<String> {
    let text = |result: &serde_json::Value| result["url"].as_str().unwrap_or_default().to_owned();
    run.results().iter().map(text).collect()
}

#[test]
fn urls_are_named_on_the_command_line() {
    let server = Server::start();
    let run = pfetch(&[server.url("/bytes/10"), server.url("/bytes/20")]).run();
    run.exits(0)
        .says_nothing()
        .shows_plain_text()
        .prints(&server.url("/bytes/10\n"))
        .prints(&server.url("/bytes/20\n"))
        .prints("\n  2 URLs: 2 ok, 0 failed · 30 B · ")
        .prints("\n  parallel  ")
        .prints("  estimated: the sum of the requests' times\n")
        .prints("\n  speed-up ");
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_text_list_has_a_url_a_line_and_comments() {
    let server = Server::start();
    let dir = Dir::new();
    let text = format!(
        "# a comment\n\n  {}  \r\n\t\n{}\n",
        server.url("/bytes/1"),
        server.url("/bytes/2")
    );
    let run = pfetch(&["-i", &dir.file("list", text), "--format", "jsonl", "-j1"]).run();
    let run = run.exits(0);
    assert_eq!(urls(&run), [server.url("/bytes/1"), server.url("/bytes/2")]);
}

#[test]
fn a_json_line_has_its_own_action_and_headers() {
    let server = Server::with(|request, reply| {
        let mark = request.header("x-mark").unwrap_or("none");
        let echo = format!("X: {} {mark}\r\n", request.method);
        let status = if echo.contains("HEAD a") || echo.contains("GET none") {
            200
        } else {
            500
        };
        reply.send(status, &echo, b"body")
    });
    let list = format!(
        "{{\"url\": \"{0}/1\", \"action\": \"head\", \"headers\": {{\"X-Mark\": \"a\"}}}}\n{0}/2\n{{\"url\": \"{0}/3\"}}\n",
        server.url("")
    );
    let run = pfetch(&["--format", "jsonl", "--order", "input", "-"]);
    let run = run.stdin(list).run().exits(0);
    let results = run.results();
    let actions: Vec<_> = results.iter().map(|r| r["action"].as_str()).collect();
    assert_eq!(actions, [Some("head"), Some("get"), Some("get")]);
    assert_eq!(results[0]["bytes"], 0);
    assert_eq!(results[1]["bytes"], 4);
}

#[test]
fn an_unknown_json_key_is_named_and_the_rest_goes_on() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let list = format!("{{\"url\": \"{good}\", \"ulr\": 1}}\n{good}\n");
    let run = pfetch::<&str>(&[]).stdin(list).run();
    run.exits(1)
        .prints("<stdin>:1: there is no field \"ulr\"; there are url, action, headers")
        .prints("2 URLs: 1 ok, 1 failed");
}

#[test]
fn arguments_come_before_lists_and_lists_in_their_order() {
    let server = Server::start();
    let dir = Dir::new();
    let first = dir.file("first", server.url("/bytes/1"));
    let last = dir.file("last", server.url("/bytes/3"));
    let args = ["--format=jsonl", "--order=input", "-i", &first, "-i", "-"];
    let run = pfetch(&[&args[..], &["--input", &last, &server.url("/bytes/0")]].concat());
    let run = run.stdin(server.url("/bytes/2")).run().exits(0);
    assert_eq!(
        urls(&run),
        [0, 1, 2, 3].map(|n| server.url(&format!("/bytes/{n}")))
    );
}

#[test]
fn standard_input_is_read_when_asked_for_or_when_nothing_else_is_named() {
    let server = Server::start();
    let (one, two) = (server.url("/bytes/1"), server.url("/bytes/2"));
    for (args, expected) in [
        (vec![], vec![&two]),
        (vec!["-"], vec![&two]),
        (vec!["-i", "-"], vec![&two]),
        (vec![one.as_str(), "-"], vec![&one, &two]),
        // Not asked for: it may be a script's own, say.
        (vec![one.as_str()], vec![&one]),
    ] {
        let args = [&["--format=jsonl", "--order=input"], &args[..]].concat();
        let run = pfetch(&args).stdin(&two).run().exits(0);
        run.check("these URLs", urls(&run).iter().eq(expected));
    }
}

#[test]
fn schemeless_urls_get_the_default_scheme() {
    let server = Server::start();
    let bare = format!("{}/bytes/1", server.addr());
    pfetch(&[&bare])
        .run()
        .exits(0)
        .prints(&server.url("/bytes/1"));
    // The server does not speak TLS: that it was asked to shows in the failure.
    let run = pfetch(&["--proto-default", "https", "--format", "jsonl", &bare]).run();
    let result = run.exits(1).result();
    assert_eq!(result["url"], format!("https://{bare}"));
    assert_eq!(result["error"]["phase"], "ssl");
    // A stated scheme stays.
    pfetch(&["--proto-default", "https", &server.url("/bytes/1")])
        .run()
        .exits(0);
}

#[test]
fn workers_limit_the_requests_at_once_with_any_queue() {
    for queue in ["0", "1", "50"] {
        let server = Server::start();
        let urls: Vec<String> = (0..40)
            .map(|n| server.url(&format!("/bytes/{n}")))
            .collect();
        let run = pfetch(&["-j", "3", "--queue", queue, "-"]);
        run.stdin(urls.join("\n"))
            .run()
            .exits(0)
            .prints("40 URLs: 40 ok, 0 failed")
            .prints(" · 3 workers\n");
        assert!(server.max_concurrent() <= 3, "{}", server.max_concurrent());
        assert_eq!(server.requests(), 40);
        assert!(server.connections() <= 3, "connections are kept alive");
    }
}

#[test]
fn by_default_there_are_no_more_workers_than_urls_on_the_command_line() {
    let server = Server::start();
    for count in [1, 2, 5] {
        let urls = vec![server.url("/bytes/1"); count];
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        let workers = match count {
            1 => " · 1 worker\n".to_owned(),
            _ => format!(" · {count} workers\n"),
        };
        pfetch(&urls).run().exits(0).prints(&workers);
        // Of a list nobody knows how long it is.
        let all = format!(" · {} workers\n", ::pfetch::pool::default_workers());
        pfetch(&["-"])
            .stdin(urls.join("\n"))
            .run()
            .exits(0)
            .prints(&all);
    }
}

#[test]
fn workers_really_work_at_once() {
    // No answer before the fourth request: fewer at once would wait for ever.
    let together = std::sync::Barrier::new(4);
    let server = Server::with(move |request, reply| {
        together.wait();
        routes(request, reply)
    });
    let urls = vec![server.url("/bytes/1"); 8];
    let run = pfetch(&[&["-j4".to_owned()], &urls[..]].concat()).run();
    run.exits(0).prints("8 URLs: 8 ok");
    assert_eq!(server.max_concurrent(), 4);
}

#[test]
fn results_come_in_order_of_completion_or_of_input() {
    for order in ["completion", "input"] {
        let (release, held) = bounded::<()>(0);
        let (fast, was_fast) = bounded::<()>(1);
        let server = Server::with(move |request, reply| {
            if request.target == "/slow" {
                let _ = held.recv();
                return reply.send(200, "", b"");
            }
            let answered = routes(request, reply);
            let _ = fast.send(());
            answered
        });
        let args = ["--format=jsonl", "-j2", "--order", order];
        let list = [server.url("/slow"), server.url("/bytes/1")];
        let mut running = pfetch(&[&args[..], &[&list[0], &list[1]]].concat()).start();
        running.line();
        // Held back until the other one has been answered, and if it may be, told.
        was_fast.recv_timeout(LIMIT).unwrap();
        if order == "completion" {
            assert!(running.line().contains(&list[1]));
        }
        drop(release);
        let run = running.finish().exits(0);
        let index = usize::from(order == "completion");
        assert_eq!(urls(&run), [list[index].clone(), list[1 - index].clone()]);
    }
}

#[test]
fn input_order_holds_beyond_its_window() {
    let (release, held) = bounded::<()>(0);
    let (arrived, arrivals) = crossbeam_channel::unbounded();
    let server = Server::with(move |request, reply| {
        if request.target == "/0" {
            let _ = held.recv();
        }
        let _ = arrived.send(());
        reply.send(200, "", b"")
    });
    let release = release;
    let list: Vec<String> = (0..2500).map(|n| server.url(&format!("/{n}"))).collect();
    let run = pfetch(&[
        "--format=jsonl",
        "--order=input",
        "-j4",
        "--stall-timeout=5m",
        "--progress=always",
    ]);
    let mut running = run.start();
    let mut stdin = running.stdin.take().unwrap();
    let text = list.join("\n");
    let writer = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, text.as_bytes()));
    // As far ahead of the first as it goes: the window is 1024, the first one included.
    for _ in 1..1024 {
        arrivals.recv_timeout(LIMIT).unwrap();
    }
    // And no further, though the program has had the time for a few lines of progress meanwhile.
    running.error_line();
    running.error_line();
    assert_eq!(server.requests(), 1024);
    drop(release);
    let run = running.finish().exits(0);
    writer.join().unwrap().unwrap();
    assert_eq!(urls(&run), list);
}

#[test]
fn the_version_is_printed() {
    for option in ["--version", "-V"] {
        let run = pfetch(&[option]).run().exits(0).says_nothing();
        assert_eq!(
            run.stdout,
            concat!("pfetch ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
}

#[test]
fn short_help_fits_a_screen_and_long_help_has_everything() {
    let short = pfetch(&["-h"]).run().exits(0).says_nothing();
    // A terminal at its full height.
    short.check("44 lines", short.stdout.lines().count() <= 44);
    short.check(
        "100 columns",
        short.stdout.lines().all(|line| line.chars().count() <= 100),
    );
    let long = pfetch(&["--help"]).run().exits(0).says_nothing();
    let long = long.shows_plain_text().prints("Exit codes");
    for option in [
        "--input",
        "--proto-default",
        "--strict",
        "--workers",
        "--queue",
        "--order",
        "--head",
        "--header",
        "--user-agent",
        "--user",
        "--accept",
        "--max-redirects",
        "--allow-downgrade",
        "--connect-timeout",
        "--timeout",
        "--stall-timeout",
        "--max-failures",
        "--format",
        "--baseline",
        "--quiet",
        "--summary-only",
        "--dry-run",
        "--color",
        "--progress",
        "--help",
        "--version",
    ] {
        // At the head of its entry, not just mentioned somewhere.
        let heads = |line: &str| {
            let line = line.trim_start();
            let mut words = line
                .split([' ', ','])
                .map(|word| word.trim_end_matches("..."));
            line.starts_with('-') && words.any(|word| word == option)
        };
        long.check(option, long.stdout.lines().any(heads));
    }
    // What the short help has, the long one has too.
    for line in short.stdout.lines() {
        if let Some(option) = line
            .split([' ', ',', '.'])
            .find(|word| word.starts_with("--"))
        {
            long.check(option, long.stdout.contains(option));
        }
    }
}
