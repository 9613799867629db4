//! A proxy that cannot be used is a failure of each URL, and never passed by.

use std::io;

use crate::proxy::support::{error, origin, through};
use crate::raw::{Raw, Wire};

/// What a proxy does with its connection.
type Script = fn(Wire<'_>) -> io::Result<()>;

/// A name for it, what it does, and what is made of it for an https URL.
type Case = (&'static str, Script, &'static str);

fn say(mut wire: Wire<'_>, text: &str) -> io::Result<()> {
    wire.request();
    wire.send(text)?;
    // Not before the client has had enough.
    while wire.read_once()? > 0 {}
    Ok(())
}

const TUNNEL: [Case; 8] = [
    (
        "a scheme that is not Basic",
        |wire| {
            say(
                wire,
                "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: \
                 NTLM\r\n\r\n",
            )
        },
        "refused a tunnel with status 407: it wants to be authenticated with by Negotiate or NTLM, \
         and pfetch can do that by Basic only",
    ),
    (
        "a status that is none",
        |wire| say(wire, "HTTP/1.1 2\x1b0 OK\r\n\r\n"),
        "does not answer with valid HTTP: its status line is \"HTTP/1.1 2\\u{1b}0 OK\", without a status of \
         three digits",
    ),
    (
        "403",
        |wire| say(wire, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
        "refused a tunnel with status 403",
    ),
    (
        "a redirect",
        |wire| {
            say(
                wire,
                "HTTP/1.1 302 No\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
            )
        },
        "refused a tunnel with status 302",
    ),
    (
        "closed",
        |mut wire| {
            wire.request();
            Ok(())
        },
        "closed the connection instead of opening a tunnel",
    ),
    (
        "reset",
        |mut wire| {
            wire.request();
            wire.reset()
        },
        "reset the connection",
    ),
    (
        "garbage",
        |wire| say(wire, "SSH-2.0-\x1b[31mx\r\n\r\n"),
        "does not speak HTTP: \"SSH-2.0-\\u{1b}[31mx\"",
    ),
    (
        "an endless header",
        |mut wire| {
            wire.request();
            wire.send("HTTP/1.1 200 OK\r\n")?;
            wire.drip(
                "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".repeat(100),
                std::time::Duration::ZERO,
            )
        },
        "answers with an endless header",
    ),
];

#[test]
fn a_tunnel_that_does_not_come_about_is_told_in_words() {
    let (origin, _) = origin();
    for (what, script, why) in TUNNEL {
        let proxy = Raw::start(script);
        let url = format!("https://{}/", origin.addr());
        let run = through(&proxy.url(""), &[&url]).run().exits(1);
        let run = run.shows_plain_text();
        let expected = format!("the proxy {}: {why}", proxy.addr());
        let result = run.result();
        run.check(what, error(&result) == ["proxy", "connect", &expected]);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn what_may_pass_at_a_proxy_is_tried_again_and_nothing_else() {
    let (origin, _) = origin();
    let url = format!("https://{}/", origin.addr());
    let cases: [(Script, &str, u64); 8] = [
        (|wire| refuse(wire, 502), "502", 3),
        (|wire| refuse(wire, 503), "503", 3),
        (|wire| refuse(wire, 504), "504", 3),
        (
            |mut wire| wire.request().map_or(Ok(()), |_| Ok(())),
            "closed",
            3,
        ),
        (|wire| refuse(wire, 500), "500", 1),
        (|wire| refuse(wire, 403), "403", 1),
        (|wire| refuse(wire, 407), "407", 1),
        (|wire| say(wire, "garbage\r\n\r\n"), "garbage", 1),
    ];
    for (script, what, attempts) in cases {
        let proxy = Raw::start(script);
        let args = ["--format=jsonl", "--retry=2", "--retry-delay=1ms", &url];
        let named = proxy.url("");
        let args = [&args[..], &["--proxy", &named]].concat();
        let run = crate::pfetch::pfetch(&args).run().exits(1);
        run.check(what, run.result()["attempts"] == attempts);
        run.check(what, error(&run.result())[0] == "proxy");
    }
    assert_eq!(origin.connections(), 0);
}

fn refuse(wire: Wire<'_>, status: u16) -> io::Result<()> {
    say(
        wire,
        &format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"),
    )
}

#[test]
fn a_proxy_that_forwards_badly_is_a_failure_like_a_servers() {
    let (origin, _) = origin();
    let cases: [(Script, &str); 3] = [
        (
            |wire| say(wire, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"),
            "status",
        ),
        (
            |mut wire| {
                wire.request();
                Ok(())
            },
            "closed",
        ),
        (|wire| say(wire, "garbage\r\n\r\n"), "protocol"),
    ];
    for (script, kind) in cases {
        let proxy = Raw::start(script);
        let run = through(&proxy.url(""), &[&origin.url("/")]).run().exits(1);
        run.check(kind, error(&run.result())[0] == kind);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_socks_proxy_that_talks_nonsense_is_told_in_words() {
    let (origin, _) = origin();
    let cases: [(Script, &str); 4] = [
        (
            |mut wire| {
                wire.read_once()?;
                wire.send("HTTP/1.1 400 Bad Request\r\n\r\n")?;
                while wire.read_once()? > 0 {}
                Ok(())
            },
            "does not speak SOCKS 5",
        ),
        (
            |mut wire| wire.read_once().map(drop),
            "closed the connection in the handshake",
        ),
        (
            |mut wire| {
                wire.read_once()?;
                wire.reset()
            },
            "reset the connection",
        ),
        (
            |mut wire| {
                wire.read_once()?;
                wire.send([5, 0])?;
                wire.read_once()?;
                wire.send([5, 0, 0, 9])?;
                while wire.read_once()? > 0 {}
                Ok(())
            },
            "answers with an unknown kind of address",
        ),
    ];
    for (script, why) in cases {
        let proxy = Raw::start(script);
        let named = format!("socks5://{}", proxy.addr());
        let run = through(&named, &[&origin.url("/")]).run().exits(1);
        let expected = format!("the proxy {}: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_proxy_that_never_answers_costs_the_time_for_connecting() {
    let (origin, _) = origin();
    for (scheme, url) in [
        ("http", format!("https://{}/", origin.addr())),
        ("https", origin.url("/")),
        ("socks5", origin.url("/")),
        ("socks5h", origin.url("/")),
    ] {
        let proxy = Raw::start(|mut wire| {
            wire.read_once()?;
            wire.hang()
        });
        let named = format!("{scheme}://{}", proxy.addr());
        let run = through(&named, &["--connect-timeout=500ms", &url]).run();
        let run = run.exits(1);
        let expected = ["timeout", "connect", "timed out after 500ms"];
        assert_eq!(error(&run.result()), expected, "{scheme}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_proxy_that_is_not_there_is_named_and_tried_again_but_never_passed_by() {
    let (origin, _) = origin();
    for scheme in ["http", "https", "socks5", "socks5h"] {
        // Nobody may listen on this port, so nobody does.
        let named = format!("{scheme}://joe:hush@127.0.0.1:1");
        let urls = [origin.url("/"), format!("https://{}/", origin.addr())];
        let args = ["--retry=1", "--retry-delay=1ms", &urls[0], &urls[1]];
        let first = ["--format=jsonl", "-j1", "--proxy", &named];
        let run = crate::pfetch::pfetch(&[&first[..], &args].concat()).run();
        let run = run.exits(1).never_shows("hush");
        let results = run.results();
        run.check("an error for each", results.len() == 2);
        for result in results {
            let expected = "the proxy 127.0.0.1:1: connection refused";
            run.check(scheme, error(&result) == ["connect", "connect", expected]);
            run.check("two attempts", result["attempts"] == 2);
        }
    }
    assert_eq!(origin.connections(), 0);
}
