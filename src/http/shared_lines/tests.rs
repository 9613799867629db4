//! The tests of `shared_lines`.

use http::{HeaderName, HeaderValue};

use super::*;
use crate::http::request::build;
use crate::model::target::{DefaultScheme, Verb};

fn target(url: &str) -> Target {
    let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
    Target {
        index: 0,
        location,
        verb: Verb::Get,
        headers: None,
        output: None,
        sha256: None,
        meta: None,
    }
}

/// The headers of a request as lines in a fixed order.
fn lines(headers: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut lines: Vec<String> = headers.iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn the_shared_lines_are_those_of_a_request_that_is_built() {
    let mut given = HeaderMap::new();
    given.append("x-a", HeaderValue::from_static("1"));
    given.append("x-a", HeaderValue::from_static("2"));
    given.append(header::ACCEPT, HeaderValue::from_static("text/html"));
    let plain = FetchConfig::default();
    for config in [
        plain.clone(),
        FetchConfig {
            compressed: true,
            ..plain.clone()
        },
        FetchConfig {
            headers: given.clone(),
            ..plain.clone()
        },
        FetchConfig {
            headers: given,
            removed_headers: vec![header::USER_AGENT, header::ACCEPT],
            ..plain.clone()
        },
    ] {
        let target = target("http://h:8080/path?query#fragment");
        let trail = RedirectTrail::default();
        let origin = RequestOrigin::of(&target.location).unwrap();
        let (who, to) = ((&target, &trail), (&target.location, &origin));
        let ask = Conditions::default();
        let built = build(&config, who, to, &Method::GET, &ask, None).unwrap();
        let shared = SharedLines::of(&config).expect("nothing of its own");
        for method in [Method::GET, Method::HEAD] {
            let request = shared.request(who, to, &method, &ask, None);
            let BuiltRequest {
                request,
                completion,
                head_length,
            } = request.expect("nothing of its own");
            let rest = completion.expect("a target and lines");
            let text = String::from_utf8(rest.lines.to_vec()).unwrap();
            let mut found = lines(request.headers());
            found.extend(text.lines().map(str::to_owned));
            found.sort();
            assert_eq!(found, lines(built.request.headers()), "{config:#?}");
            assert!(text.ends_with("\r\n"), "{text:?}");
            let uri = request.uri().to_string();
            let (origin, slash) = uri.split_at(uri.len() - 1);
            assert_eq!(slash, "/", "{uri}");
            let whole = format!("{origin}{}", rest.target());
            assert_eq!(whole, built.request.uri().to_string());
            assert_eq!(request.method(), method);
            // That of the built one is for a GET.
            assert!(head_length >= built.head_length, "{head_length}");
        }
    }
}

#[test]
fn a_request_with_something_of_its_own_is_built() {
    let config = FetchConfig::default();
    let shared = SharedLines::of(&config).expect("nothing of its own");
    let asks = |target: &Target, trail: &RedirectTrail, ask: &Conditions<'_>| {
        let origin = RequestOrigin::of(&target.location).unwrap();
        let to = (&target.location, &origin);
        let request = shared.request((target, trail), to, &Method::GET, ask, None);
        request.is_some()
    };
    let (plain, start) = (target("http://h/"), RedirectTrail::default());
    let mut led = RedirectTrail::default();
    led.follow(&plain.location, &plain.location, std::iter::empty());
    let mut own = plain.clone();
    own.headers = Some(Box::default());
    let range = Conditions {
        range: Some((5, Some("\"e\""))),
        ..Conditions::default()
    };
    let none = Conditions::default();
    assert!(asks(&plain, &start, &none));
    assert!(!asks(&plain, &led, &none));
    assert!(!asks(&own, &start, &none));
    assert!(!asks(&plain, &start, &range));
    assert!(!asks(&target("http://u:p@h/"), &start, &none));
    let long = format!("http://h/{}", "x".repeat(MAX_HEAD / 2));
    assert!(!asks(&target(&long), &start, &none));
    let mut long = FetchConfig::default();
    let value = "x".repeat(MAX_HEAD / 2);
    let value = HeaderValue::from_str(&value).expect("letters");
    long.headers.insert("x-long", value);
    assert!(SharedLines::of(&long).is_none());
    let mut host = FetchConfig::default();
    host.headers
        .insert(header::HOST, HeaderValue::from_static("other"));
    assert!(SharedLines::of(&host).is_none());
    let netrc = FetchConfig {
        netrc: Some(Arc::default()),
        ..FetchConfig::default()
    };
    assert!(SharedLines::of(&netrc).is_none());
}
