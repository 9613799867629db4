//! Redirects: where they may lead, and what may go along.

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
    for status in [301, 302, 303, 307, 308] {
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
    // Not a redirect: no Location, or a status that only looks like one.
    for (status, header) in [(302, ""), (300, "Location: /to\r\n")] {
        let server = Server::with(move |_, reply| reply.send(status, header, b"ok"));
        let outcome = get(&server.url("/"), FetchConfig::default());
        assert_eq!(told(&outcome), format!("ok {status} 2"), "{outcome:#?}");
        assert_eq!(outcome.final_url(), None, "{outcome:#?}");
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
        ("there and back", through(&back), 201),
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
