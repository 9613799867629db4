//! `-v`: requests and responses as they were, without secrets, on standard error only.

use crate::pfetch::pfetch;
use crate::raw::Raw;
use crate::server::{Server, routes};

#[test]
fn requests_and_responses_are_shown_with_their_connections() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/plain" => reply.send(200, "X-Answer: yes\r\n", b"abc"),
        _ => routes(request, reply),
    });
    let (a, b) = (server.url("/plain"), server.url("/status/404"));
    let run = pfetch(&["-v", "-j1", &a, &b]).run().exits(1);
    let expected = format!(
        "* GET {a} at {addr}, new connection\n\
         > host: {addr}\n\
         > user-agent: pfetch/{version}\n\
         > accept: */*\n\
         > accept-encoding: identity\n\
         < HTTP/1.1 200\n\
         < X-Answer: yes\n\
         < Content-Length: 3\n\
         < Connection: keep-alive\n\
         * GET {b} at {addr}, kept connection\n\
         > host: {addr}\n\
         > user-agent: pfetch/{version}\n\
         > accept: */*\n\
         > accept-encoding: identity\n\
         < HTTP/1.1 404\n\
         < Content-Length: 11\n\
         < Connection: keep-alive\n",
        addr = server.addr(),
        version = env!("CARGO_PKG_VERSION"),
    );
    run.check("this and nothing else", run.stderr == expected);
    run.check(
        "nothing of it on standard output",
        !run.stdout.contains("user-agent"),
    );
}

#[test]
fn every_hop_and_every_attempt_is_shown() {
    let server = Server::start();
    let run = pfetch(&["-v", &server.url("/redirect/2")]).run().exits(0);
    for hop in ["/redirect/2", "/redirect/1", "/redirect/0"] {
        let line = format!("* GET {} at {}, ", server.url(hop), server.addr());
        run.check(hop, run.stderr.matches(&line).count() == 1);
    }
    run.check(
        "locations",
        run.stderr.contains("< Location: /redirect/1\n"),
    );

    let url = server.url("/status/503");
    let run = pfetch(&["-v", "--retry=2", "--retry-delay=1ms", &url])
        .run()
        .exits(1);
    let requests = run.stderr.matches(&format!("* GET {url} at ")).count();
    run.check("three requests", requests == 3);
    let again = format!("* {url}: service unavailable (after ");
    run.check("said twice", run.stderr.matches(&again).count() == 2);
    run.check(
        "said twice",
        run.stderr.matches("; tried again\n").count() == 2,
    );
}

#[test]
fn what_was_not_sent_or_not_answered_is_said() {
    let server = Raw::start(|mut wire| {
        wire.request();
        Ok(())
    });
    let url = server.url("/");
    let run = pfetch(&["-v", "--retry=0", "-I", &url]).run().exits(1);
    let expected = format!(
        "* HEAD {url} at {addr}, new connection\n\
         > host: {addr}\n\
         > user-agent: pfetch/{version}\n\
         > accept: */*\n\
         > accept-encoding: identity\n",
        addr = server.addr(),
        version = env!("CARGO_PKG_VERSION"),
    );
    run.check("no answer", run.stderr == expected);
    let private = server.url("/");
    let run = pfetch(&["-v", "--block-private", &private]).run().exits(1);
    run.check(
        "not sent",
        run.stderr.contains(&format!("* GET {private}, not sent\n")),
    );
}

#[test]
fn the_report_is_the_same_with_it_and_it_is_on_standard_error_alone() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let run = pfetch(&["-v", "--format=jsonl", &url]).run().exits(0);
    run.check("one result", run.result()["bytes"] == 5);
    run.check("three lines of JSON", run.json().len() == 3);
    run.check("shown", run.stderr.starts_with(&format!("* GET {url} at ")));
    pfetch(&["--format=jsonl", &url])
        .run()
        .exits(0)
        .says_nothing();
}

#[test]
fn no_secret_of_any_sort_is_shown() {
    // Each secret has "hush" in it, and so has its base64 form: in Authorization.
    let there = Server::with(|_, reply| reply.send(200, "Set-Cookie: hush=3\r\n", b""));
    let location = there.url("/to").replacen("http://", "http://hush:hush@", 1);
    let here = Server::with(move |request, reply| match request.target.as_str() {
        "/" => reply.send(
            302,
            &format!(
                "Location: {location}\r\n\
                 Content-Location: {location}\r\n\
                 Refresh: 5; url={location}\r\n\
                 Link: <{location}>; rel=next\r\n\
                 Set-Cookie: id=hush; Secure\r\n\
                 Set-Cookie: id2=hush\r\n\
                 Authorization: hush\r\n\
                 Proxy-Authorization: hush\r\n\
                 Cookie: hush\r\n\
                 Authentication-Info: nextnonce=\"hush\"\r\n\
                 Proxy-Authentication-Info: nextnonce=\"hush\"\r\n\
                 Set-Cookie2: hush\r\n\
                 X-Auth-Token: hush\r\n\
                 X-Api-Key: hush\r\n\
                 X-Session-Id: hush\r\n"
            ),
            b"",
        ),
        _ => reply.send(503, "Set-Cookie: hush=2\r\n", b""),
    });
    let with_userinfo = here.url("/").replacen("http://", "http://hush:hush@", 1);
    let list = format!(
        "{}\n{with_userinfo}\n{{\"url\": \"{}\", \"headers\": {{\"X-Own\": \"hush\"}}}}\n",
        here.url("/"),
        here.url("/again")
    );
    let base64 = ["aHVzaDpodXNo", "dXNlcjpodXNo"];
    let own = ["-H", "Authorization: hush"];
    for (format, who) in [("human", ["-u", "user:hush"]), ("jsonl", own)] {
        let run = pfetch(&[
            "-v",
            "--format",
            format,
            "--retry=1",
            "--retry-delay=1ms",
            who[0],
            who[1],
            "-H",
            "X-Key: hush",
            "-H",
            "Cookie: hush",
            "-H",
            "Proxy-Authorization: hush",
            "-",
        ])
        .stdin(&list)
        .run()
        .exits(1);
        // What is left out is seen to be.
        run.says("> x-key: …\n")
            .says("> cookie: …\n")
            .says("> authorization: …\n")
            .says("< Set-Cookie: …\n")
            .says("< X-Auth-Token: …\n")
            .says("< Location: http://…@")
            .says("> x-own: …\n")
            .never_shows("hush")
            .never_shows(base64[0])
            .never_shows(base64[1]);
    }
}

#[test]
fn what_could_move_a_cursor_is_escaped() {
    // Header values may have bytes beyond ASCII: C1 controls and marks of direction among them.
    let server = Raw::start(|mut wire| {
        wire.request();
        wire.send(
            "HTTP/1.1 200 OK\r\nX-A: a\u{9b}31mb\r\nX-B: \u{202e}gpj\r\nX-C: a\tb\r\n\
             Content-Length: 0\r\n\r\n",
        )
    });
    let run = pfetch(&["-v", &server.url("/")]).run().exits(0);
    run.shows_plain_text()
        .says("< X-A: a\\u{9b}31mb\n")
        .says("< X-B: \\u{202e}gpj\n")
        .says("< X-C: a\\u{9}b\n");
}
