//! Redirects: where they may lead, and what may go along.

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue};
use pfetch::http::FetchConfig;
use pfetch::model::outcome::{FailureKind, Hop, Outcome, Verdict};
use pfetch::model::target::{Secret, Verb};
use pfetch::model::timing::Phase;

use crate::http::support::{assert_failed, client, fetch, get, get_with, target, told};
use crate::raw::Raw;
use crate::server::{Reply, Request, Server, routes};

/// Answers `/` with a redirect to `location`, anything else with its own path.
fn leading_to(location: String) -> Server {
    Server::with(move |request, reply| match request.target.as_str() {
        "/a/b?q" => reply.send(302, &format!("Location: {location}\r\n"), b"elsewhere"),
        path => reply.send(200, "", path.as_bytes()),
    })
}

fn final_path(server: &Server, outcome: &Outcome) -> String {
    let url = outcome.final_url().unwrap_or("none");
    url.replace(&server.url(""), "")
}

#[test]
fn every_form_of_reference_is_resolved_as_browsers_do() {
    for (location, asked, shown) in [
        ("c", "/a/c", "/a/c#part"),
        ("/c", "/c", "/c#part"),
        ("../c", "/c", "/c#part"),
        ("?x", "/a/b?x", "/a/b?x#part"),
        ("/c#own", "/c", "/c#own"),
        ("/a b", "/a%20b", "/a%20b#part"),
        ("/é", "/%C3%A9", "/%C3%A9#part"),
        ("//{addr}/c", "/c", "/c#part"),
        ("http://{addr}/c", "/c", "/c#part"),
        ("HTTP://{addr}", "/", "/#part"),
    ] {
        let server = Server::with(move |request, reply| {
            let host = request.header("host").unwrap_or_default();
            let location = location.replace("{addr}", host);
            match request.target.as_str() {
                "/a/b?q" => reply.send(302, &format!("Location: {location}\r\n"), b"gone"),
                path => reply.send(200, "", path.as_bytes()),
            }
        });
        let first = server.url("/a/b?q#part");
        let outcome = get(&first, FetchConfig::default());
        assert_eq!(outcome.verdict, Verdict::Ok, "{location}: {outcome:#?}");
        assert_eq!(server.targets(), ["/a/b?q", asked], "{location}");
        assert_eq!(final_path(&server, &outcome), shown, "{location}");
        let hop = Hop {
            url: first.into(),
            status: 302,
        };
        assert_eq!(outcome.redirects(), [hop], "{location}");
        assert_eq!(outcome.bytes, asked.len() as u64, "{location}");
        assert_eq!((server.connections(), outcome.requests()), (1, 1));
    }
}

#[test]
fn every_redirecting_status_is_followed_with_the_same_method() {
    // Also the preferred one of several choices, and statuses that nobody has defined yet.
    for status in [300, 301, 302, 303, 307, 308, 309, 399] {
        for verb in [Verb::Get, Verb::Head] {
            let server = Server::with(move |request, reply| match request.target.as_str() {
                "/" => reply.send(status, "Location: /to\r\n", b""),
                _ if (request.method == "HEAD") == (verb == Verb::Head) => {
                    reply.send(200, "", b"ok")
                }
                _ => reply.send(400, "", b""),
            });
            let mut client = client(FetchConfig::default());
            let outcome = fetch(&mut client, &target(&server.url("/")), verb);
            assert_eq!(outcome.verdict, Verdict::Ok, "{status}: {outcome:#?}");
            assert_eq!(outcome.redirects()[0].status, status, "{outcome:#?}");
        }
    }
}

#[test]
fn a_status_that_redirects_nowhere_is_the_result() {
    // No Location, or a status that only looks like a redirect.
    for (status, header, bytes) in [
        (300, "", 2),
        (302, "", 2),
        (305, "", 2),
        (304, "Location: /to\r\n", 0),
    ] {
        let body = if bytes == 0 { &b""[..] } else { b"ok" };
        let server = Server::with(move |_, reply| reply.send(status, header, body));
        let outcome = get(&server.url("/"), FetchConfig::default());
        let expected = format!("ok {status} {bytes}");
        assert_eq!(told(&outcome), expected, "{outcome:#?}");
        assert_eq!(outcome.final_url(), None, "{outcome:#?}");
        assert_eq!(server.requests(), 1, "{status}");
    }
}

#[test]
fn a_server_that_asks_for_a_proxy_is_refused_and_its_proxy_not_asked() {
    let proxy = Server::start();
    for status in [305, 306] {
        let location = format!("Location: http://u:hush@{}/\r\n", proxy.addr());
        let server = Server::with(move |_, reply| reply.send(status, &location, b"ok"));
        let outcome = get(&server.url("/"), FetchConfig::default());
        let expected = format!(
            "cannot follow: status {status} asks for a proxy, \"http://\u{2026}@{}/\" (--proxy to use one)",
            proxy.addr()
        );
        assert_failed("proxy", &outcome, FailureKind::Redirect, None, &expected);
        assert_eq!((server.requests(), proxy.requests()), (1, 0), "{status}");
    }
}

#[test]
fn a_chain_is_followed_up_to_the_limit() {
    let server = Server::start();
    let mut client = client(FetchConfig::default());
    let outcome = get_with(&mut client, &server.url("/redirect/10"));
    assert_eq!(told(&outcome), "ok 200 8", "{outcome:#?}");
    assert_eq!(outcome.redirects().len(), 10, "{outcome:#?}");
    assert_eq!(server.connections(), 1);
    let outcome = get_with(&mut client, &server.url("/redirect/11"));
    let limit = "more than 10 redirects (--max-redirects)";
    assert_failed("eleven", &outcome, FailureKind::Redirect, None, limit);
    assert_eq!(outcome.redirects().len(), 10, "{outcome:#?}");
    assert_eq!(outcome.status(), Some(302), "{outcome:#?}");
}

#[test]
fn a_loop_ends() {
    let server = Server::with(|_, reply| reply.send(301, "Location: /\r\n", b""));
    let outcome = get(&server.url("/"), FetchConfig::default());
    let limit = "more than 10 redirects (--max-redirects)";
    assert_failed("loop", &outcome, FailureKind::Redirect, None, limit);
    assert_eq!(server.requests(), 11);
}

#[test]
fn with_a_limit_of_none_the_redirect_is_the_result() {
    let server = leading_to("/c".to_owned());
    let config = FetchConfig {
        max_redirects: 0,
        ..FetchConfig::default()
    };
    let outcome = get(&server.url("/a/b?q"), config);
    assert_eq!(told(&outcome), "ok 302 9", "{outcome:#?}");
    assert_eq!((server.requests(), outcome.redirects().len()), (1, 0));
}

#[test]
fn only_http_is_followed() {
    // Taught by CVE-2016-4971.
    for (location, reason) in [
        (
            "file:///etc/passwd",
            "scheme \"file\" is not supported; use http or https",
        ),
        (
            "ftp://h/x",
            "scheme \"ftp\" is not supported; use http or https",
        ),
        (
            "javascript:alert(1)",
            "scheme \"javascript\" is not supported; use http or https",
        ),
        (
            "http://u:p@h:99999/",
            "not a valid URL: the port is not a number from 0 to 65535",
        ),
        ("http://", "not a valid URL: there is no host name"),
    ] {
        let server = leading_to(location.to_owned());
        let outcome = get(&server.url("/a/b?q"), FetchConfig::default());
        let shown = location.replace("u:p@", "…@");
        let message = format!("cannot follow to \"{shown}\": {reason}");
        assert_failed(location, &outcome, FailureKind::Redirect, None, &message);
        assert_eq!(outcome.status(), Some(302), "{outcome:#?}");
        assert_eq!(server.requests(), 1, "{location}");
    }
}

/// A configuration, and a URL's credentials, full of secrets.
fn secretive() -> FetchConfig {
    let mut headers = HeaderMap::new();
    for name in ["x-key", "cookie", "proxy-authorization", "referer"] {
        headers.insert(name, HeaderValue::from_static("hush"));
    }
    FetchConfig {
        headers,
        authorization: Some(Secret::basic(b"user", b"hush")),
        ..FetchConfig::default()
    }
}

const SECRETS: [&str; 6] = [
    "authorization",
    "x-key",
    "cookie",
    "proxy-authorization",
    "referer",
    "x-own",
];

/// Says in the body which of the secrets came, and passes redirects on.
fn tell_secrets(request: &Request, reply: &mut Reply<'_>) -> std::io::Result<()> {
    if request.target == "/secrets" {
        let came: Vec<&str> = SECRETS
            .into_iter()
            .filter(|name| request.header(name).is_some())
            .collect();
        let status = match came.len() {
            0 => 200,
            6 => 201,
            _ => 202,
        };
        return reply.send(status, "", came.join(" ").as_bytes());
    }
    routes(request, reply)
}

#[test]
fn secrets_stay_with_the_origin_they_were_meant_for() {
    // Taught by CVE-2018-1000007, CVE-2022-27774 and CVE-2022-27776: another port is another origin.
    let here = Server::with(tell_secrets);
    let there = Server::with(tell_secrets);
    let through = |url: &str| here.url(&format!("/redirect-to?url={}", url.replace('&', "%26")));
    let by_name = format!("http://localhost:{}/secrets", here.addr().port());
    let back = format!(
        "http://{}/redirect-to?url={}",
        there.addr(),
        here.url("/secrets")
    );
    for (what, url, status) in [
        ("no redirect", here.url("/secrets"), 201),
        ("the same origin", through("/secrets"), 201),
        ("another port", through(&there.url("/secrets")), 200),
        ("another name", through(&by_name), 200),
        // The other origin decides what is asked for on the way back.
        ("there and back", through(&back), 200),
    ] {
        for with_userinfo in [false, true] {
            let mut target = target(&if with_userinfo {
                url.replacen("http://", "http://u:hush@", 1)
            } else {
                url.clone()
            });
            let mut own = HeaderMap::new();
            own.insert("x-own", HeaderValue::from_static("hush"));
            target.headers = Some(Box::new(own));
            let outcome = fetch(&mut client(secretive()), &target, Verb::Get);
            assert_eq!(outcome.status(), Some(status), "{what}: {outcome:#?}");
            let everything = format!("{outcome:?}");
            assert!(!everything.contains("hush"), "{what}: {everything}");
        }
    }
}

#[test]
fn headers_that_say_what_is_wanted_go_along_to_any_origin() {
    let there = Server::start();
    let config = || {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", "application/x-bibtex"),
            ("accept-language", "de"),
            ("user-agent", "probe/1"),
            ("range", "bytes=0-9"),
            ("if-none-match", "\"v1\""),
            ("cache-control", "no-cache"),
            ("sec-fetch-mode", "navigate"),
            ("referer", "http://page.example/secret?hush"),
            ("x-key", "hush"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        FetchConfig {
            headers,
            ..FetchConfig::default()
        }
    };
    let heads: Arc<Mutex<Vec<Request>>> = Arc::default();
    let kept = Arc::clone(&heads);
    let recorder = Server::with(move |request, reply| {
        kept.lock().unwrap().push(request.clone());
        reply.send(200, "", b"ok")
    });
    let back = format!("{}?url={}", there.url("/redirect-to"), recorder.url("/c"));
    let here = leading_to(back);
    for (first, hops) in [(there.url("/redirect-to?url="), 1), (here.url("/a/b?q"), 2)] {
        let url = match hops {
            1 => first + &recorder.url("/c"),
            _ => first,
        };
        let outcome = get(&url, config());
        assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
        assert_eq!(outcome.redirects().len(), hops, "{outcome:#?}");
        let sent = heads.lock().unwrap().pop().expect("it has arrived");
        for (name, value) in [
            ("accept", Some("application/x-bibtex")),
            ("accept-language", Some("de")),
            ("user-agent", Some("probe/1")),
            ("range", Some("bytes=0-9")),
            ("if-none-match", Some("\"v1\"")),
            ("cache-control", Some("no-cache")),
            ("sec-fetch-mode", Some("navigate")),
            ("referer", Some("http://page.example/")),
            ("x-key", None),
        ] {
            assert_eq!(sent.header(name), value, "{name}: {sent:?}");
        }
    }
}

#[test]
fn a_refusal_behind_another_origin_says_that_credentials_were_left_behind() {
    for status in [401, 403, 404] {
        let there = Server::with(move |_, reply| reply.send(status, "", b""));
        let here = leading_to(there.url("/x"));
        let outcome = get(&here.url("/a/b?q"), secretive());
        let reason = match status {
            401 => "unauthorized",
            403 => "forbidden",
            _ => "not found",
        };
        let left = format!(
            "; the redirect to another origin left credentials behind (authorization, cookie, \
             proxy-authorization, x-key): give them for {}#part itself",
            there.url("/x")
        );
        let hint = if status == 404 { "" } else { left.as_str() };
        let url = here.url("/a/b?q#part");
        let outcome_with_part = get(&url, secretive());
        let expected = format!("{reason}{hint}");
        assert_failed(
            &status.to_string(),
            &outcome_with_part,
            FailureKind::Status,
            None,
            &expected,
        );
        assert_eq!(outcome.status(), Some(status), "{outcome:#?}");
        // Without credentials, and without another origin, there is nothing to say.
        for (url, config) in [
            (here.url("/a/b?q"), FetchConfig::default()),
            (there.url("/"), secretive()),
        ] {
            let outcome = get(&url, config);
            assert_failed(&url, &outcome, FailureKind::Status, None, reason);
        }
    }
}

/// A server that sets a cookie and sends the client on, as `page` says, until the cookie comes back.
fn wanting_a_cookie(set: &'static str, page: &'static str) -> Server {
    Server::with(move |request, reply| match request.header("cookie") {
        Some(cookie) if cookie.split("; ").any(|pair| pair == "seen=1") => {
            reply.send(200, "", cookie.as_bytes())
        }
        _ => reply.send(
            302,
            &format!("Location: {page}\r\nSet-Cookie: {set}\r\n"),
            b"",
        ),
    })
}

#[test]
fn a_cookie_that_a_redirect_sets_comes_back_to_its_origin_and_to_no_other_target() {
    let server = wanting_a_cookie("seen=1; Path=/", "/page");
    let mut client = client(FetchConfig::default());
    for requests in [2, 4] {
        let outcome = get_with(&mut client, &server.url("/page"));
        assert_eq!(told(&outcome), "ok 200 6", "{outcome:#?}");
        assert_eq!(outcome.redirects().len(), 1, "{outcome:#?}");
        assert_eq!(server.requests(), requests, "each target begins without");
    }
}

#[test]
fn the_users_cookies_go_along_on_their_origin_only() {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", HeaderValue::from_static("own=2"));
    let config = || FetchConfig {
        headers: headers.clone(),
        keep_exchanges: true,
        ..FetchConfig::default()
    };
    let server = wanting_a_cookie("seen=1", "/page");
    let outcome = get(&server.url("/page"), config());
    // "seen=1; own=2"
    assert_eq!(told(&outcome), "ok 200 13", "{outcome:#?}");
    let shown = format!("{outcome:?}");
    assert!(!shown.contains("seen=1"), "a cookie is a secret: {shown}");

    // To another host, neither goes along; another port of a host has its cookies (RFC 6265, 8.5).
    let heads: Arc<Mutex<Vec<Request>>> = Arc::default();
    let kept = Arc::clone(&heads);
    let there = Server::with(move |request, reply| {
        kept.lock().unwrap().push(request.clone());
        reply.send(200, "", b"ok")
    });
    let by_name = format!("http://localhost:{}/", there.addr().port());
    for (to, expected) in [(by_name, None), (there.url("/"), Some("seen=1"))] {
        let here = Server::with(move |_, reply| {
            reply.send(
                302,
                &format!("Location: {to}\r\nSet-Cookie: seen=1\r\n"),
                b"",
            )
        });
        let outcome = get(&here.url("/"), config());
        assert_eq!(told(&outcome), "ok 200 2", "{outcome:#?}");
        let sent = heads.lock().unwrap().pop().expect("it has arrived");
        assert_eq!(sent.header("cookie"), expected, "{sent:?}");
    }
}

#[test]
fn a_loop_that_cookies_do_not_end_says_that_it_may_want_them() {
    // One that may not be kept, and one that is kept to no avail.
    for set in ["seen=1; Domain=elsewhere.example", "other=1"] {
        let server = wanting_a_cookie(set, "/page");
        let outcome = get(&server.url("/page"), FetchConfig::default());
        let message = format!(
            "more than 10 redirects (--max-redirects), again to {}: it may want cookies, and those that \
             were set on the way did not help (-H 'Cookie: NAME=VALUE')",
            server.url("/page")
        );
        assert_failed(set, &outcome, FailureKind::Redirect, None, &message);
        assert_eq!(server.requests(), 11, "{set}");
    }
    // A chain that goes on and on is no loop.
    let server = Server::with(|request, reply| {
        let headers = format!("Location: {}x\r\nSet-Cookie: a=1\r\n", request.target);
        reply.send(302, &headers, b"")
    });
    let outcome = get(&server.url("/"), FetchConfig::default());
    let limit = "more than 10 redirects (--max-redirects)";
    assert_failed("chain", &outcome, FailureKind::Redirect, None, limit);
}

#[test]
fn a_location_is_taken_by_its_bytes_or_refused_at_once() {
    for (location, asked) in [
        (&b"Location: /caf\xe9?\xfc"[..], "/caf%E9?%FC"),
        (b"Location: /\xc3\xa9", "/%C3%A9"),
        (b"Location: \t /c \t", "/c"),
        (b"Location: /c\r\nLocation: /c", "/c"),
    ] {
        let server = leading_raw(location);
        let outcome = get(&server.url("/"), FetchConfig::default());
        assert_eq!(told(&outcome), "ok 200 2", "{location:?}: {outcome:#?}");
        assert_eq!(server.requests(), ["/", asked], "{location:?}");
    }
    let server = Server::start();
    let outside = format!("Location: ///{}/bytes/2", server.addr());
    let leading = leading_raw(outside.as_bytes());
    let outcome = get(&leading.url("/"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 2", "{outcome:#?}");
    for (location, message) in [
        (&b"Location:"[..], "cannot follow: its Location is empty"),
        (
            b"Location: /a\r\nLocation: /b",
            "cannot follow: it has two different Locations, \"/a\" and \"/b\"",
        ),
    ] {
        let server = leading_raw(location);
        let outcome = get(&server.url("/"), FetchConfig::default());
        let what = format!("{location:?}");
        assert_failed(&what, &outcome, FailureKind::Redirect, None, message);
        assert_eq!(server.requests(), ["/"], "{what}");
    }
}

/// A server that answers `/` with a redirect with this header, byte for byte.
fn leading_raw(location: &[u8]) -> Raw {
    let location = location.to_vec();
    Raw::start(move |mut wire| {
        while let Some(path) = wire.request() {
            if path == "/" {
                let parts = [
                    b"HTTP/1.1 302 -\r\nContent-Length: 0\r\n",
                    &location[..],
                    b"\r\n\r\n",
                ];
                wire.send(parts.concat())?;
            } else {
                wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
            }
        }
        Ok(())
    })
}

#[test]
fn credentials_in_a_redirect_are_for_its_target_alone_and_not_shown() {
    let there = Server::start();
    let url = there
        .url("/echo")
        .replacen("http://", "http://new:hush@", 1);
    let here = leading_to(url);
    let outcome = get(&here.url("/a/b?q"), secretive());
    assert_eq!(outcome.verdict, Verdict::Ok, "{outcome:#?}");
    let shown = outcome.final_url();
    assert_eq!(shown, Some(there.url("/echo").as_str()), "{outcome:#?}");
}

#[test]
fn a_redirects_body_is_neither_waited_for_nor_downloaded_whole() {
    let server = Raw::start(|mut wire| match wire.request().as_deref() {
        Some("/") => {
            wire.send("HTTP/1.1 302 -\r\nLocation: /to\r\nContent-Length: 9999999999\r\n\r\n")?;
            wire.drip([b'x'; 100_000], std::time::Duration::ZERO)
        }
        _ => wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    });
    let outcome = get(&server.url("/"), FetchConfig::default());
    assert_eq!(told(&outcome), "ok 200 2", "{outcome:#?}");
    assert!(outcome.last.wire_bytes < Some(1_000_000), "{outcome:#?}");
    assert_eq!(server.connections(), 2);
}

#[test]
fn the_phases_of_all_hops_are_added_up() {
    let server = Server::start();
    let outcome = get(&server.url("/redirect/3"), FetchConfig::default());
    assert_eq!(outcome.last.reused, Some(true), "{outcome:#?}");
    assert!(
        outcome.last.timing.phase(Phase::Connect).is_some(),
        "by the first: {outcome:#?}"
    );
    let network = outcome.last.timing.phase(Phase::Send).unwrap()
        + outcome.last.timing.phase(Phase::Wait).unwrap();
    assert!(
        outcome.last.timing.ttfb().unwrap() >= network,
        "{outcome:#?}"
    );
}
