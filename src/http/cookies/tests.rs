//! Cookies: which are kept, where they are sent, and how many.

use super::*;
use crate::model::target::DefaultScheme;

fn location(url: &str) -> Location {
    Location::parse(url, DefaultScheme::Http).unwrap()
}

/// The jar after these answers: pairs of a URL and one of its `Set-Cookie` headers.
fn jar(answers: &[(&str, &str)]) -> CookieJar {
    let mut jar = CookieJar::default();
    for (url, value) in answers {
        jar.store(&location(url), std::iter::once(value.as_bytes()));
    }
    jar
}

fn sent(jar: &CookieJar, url: &str) -> String {
    let header = jar.header(&location(url), std::iter::empty(), 8_000);
    header.map_or_else(String::new, |header| {
        String::from_utf8_lossy(header.as_bytes()).into_owned()
    })
}

#[test]
fn a_cookie_is_sent_where_its_host_path_and_scheme_allow() {
    for (from, value, to, expected) in [
        ("http://h/", "a=1", "http://h/x/y?q", "a=1"),
        (
            "http://h/",
            " a = 1 ; HttpOnly; SameSite=Lax",
            "http://h/",
            "a=1",
        ),
        ("http://h/", "a=", "http://h/", "a="),
        ("http://h/", "a=b=c", "http://h/", "a=b=c"),
        ("http://h/", "a=\"q, r\"", "http://h/", "a=\"q, r\""),
        ("http://h/", "a=é", "http://h/", "a=é"),
        ("http://h/", "a=1\t2", "http://h/", "a=1\t2"),
        ("http://h:8080/", "a=1", "http://h/", "a=1"),
        ("http://h/", "a=1", "https://h/", "a=1"),
        ("http://h/", "a=1", "http://other/", ""),
        ("http://h/", "a=1", "http://x.h/", ""),
        ("https://h/", "a=1; secure", "https://h/", "a=1"),
        ("https://h/", "a=1; Secure", "http://h/", ""),
        ("http://h/", "a=1; Secure", "https://h/", ""),
        // Paths.
        ("http://h/d/e", "a=1", "http://h/d/f", "a=1"),
        ("http://h/d/e", "a=1", "http://h/d", "a=1"),
        ("http://h/d/e", "a=1", "http://h/dd", ""),
        ("http://h/d/e", "a=1", "http://h/", ""),
        ("http://h/d/e", "a=1; Path=/", "http://h/", "a=1"),
        ("http://h/", "a=1; path=/d", "http://h/d/e", "a=1"),
        ("http://h/", "a=1; path=/d", "http://h/de", ""),
        ("http://h/", "a=1; path=/d/", "http://h/d/e", "a=1"),
        ("http://h/", "a=1; path=d", "http://h/e", "a=1"),
        ("http://h/", "a=1; Path=/d; Path=/e", "http://h/e", "a=1"),
        ("http://h/d/e", "a=1; Path=/; Path=x", "http://h/d/f", "a=1"),
        ("http://h/d/e", "a=1; Path=/; Path=x", "http://h/f", ""),
        // Domains: never wider than the host.
        (
            "http://x.h.example/",
            "a=1; Domain=h.example",
            "http://x.h.example/",
            "a=1",
        ),
        (
            "http://x.h.example/",
            "a=1; Domain=.H.Example",
            "http://x.h.example/",
            "a=1",
        ),
        (
            "http://x.h.example/",
            "a=1; Domain=h.example",
            "http://y.h.example/",
            "",
        ),
        (
            "http://x.h.example/",
            "a=1; Domain=h.example",
            "http://h.example/",
            "",
        ),
        (
            "http://h.example/",
            "a=1; Domain=example",
            "http://evil.example/",
            "",
        ),
        (
            "http://h.example/",
            "a=1; Domain=other.example",
            "http://h.example/",
            "",
        ),
        (
            "http://h.example/",
            "a=1; Domain=x.h.example",
            "http://h.example/",
            "",
        ),
        (
            "http://bh.example/",
            "a=1; Domain=h.example",
            "http://bh.example/",
            "",
        ),
        ("http://h/", "a=1; Domain=", "http://h/", "a=1"),
        (
            "http://127.0.0.1/",
            "a=1; Domain=127.0.0.1",
            "http://127.0.0.1/",
            "a=1",
        ),
        (
            "http://127.0.0.1/",
            "a=1; Domain=0.0.1",
            "http://127.0.0.1/",
            "",
        ),
        ("http://[::1]/", "a=1; Domain=[::1]", "http://[::1]/", "a=1"),
        // Ends.
        ("http://h/", "a=1; Max-Age=5", "http://h/", "a=1"),
        ("http://h/", "a=1; Max-Age=0", "http://h/", ""),
        ("http://h/", "a=1; Max-Age=-1", "http://h/", ""),
        ("http://h/", "a=1; Max-Age=x", "http://h/", "a=1"),
        ("http://h/", "a=1; Max-Age=", "http://h/", "a=1"),
        (
            "http://h/",
            "a=1; Max-Age=x; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
            "http://h/",
            "",
        ),
        (
            "http://h/",
            "a=1; Max-Age=99999999999999999999999",
            "http://h/",
            "a=1",
        ),
        (
            "http://h/",
            "a=1; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
            "http://h/",
            "",
        ),
        (
            "http://h/",
            "a=1; expires=Thu, 01-Jan-1970 00:00:01 GMT",
            "http://h/",
            "",
        ),
        (
            "http://h/",
            "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
            "http://h/",
            "a=1",
        ),
        ("http://h/", "a=1; Expires=never", "http://h/", "a=1"),
        (
            "http://h/",
            "a=1; Max-Age=5; Expires=Sun, 06 Nov 1994 08:49:37 GMT",
            "http://h/",
            "a=1",
        ),
        // What is no cookie.
        ("http://h/", "", "http://h/", ""),
        ("http://h/", "a", "http://h/", ""),
        ("http://h/", "=1", "http://h/", ""),
        ("http://h/", "; Path=/", "http://h/", ""),
        ("http://h/", "a=1\u{1}", "http://h/", ""),
        ("http://h/", "a=1; Path=/\r\nEvil: 1", "http://h/", ""),
    ] {
        let jar = jar(&[(from, value)]);
        assert_eq!(sent(&jar, to), expected, "{value:?} of {from} at {to}");
        assert!(jar.has_seen(), "{value:?}");
    }
    assert!(!jar(&[]).has_seen());
}

#[test]
fn a_cookie_replaces_or_deletes_the_one_of_its_name_host_and_path() {
    let mut both = jar(&[
        ("http://h/", "a=1"),
        ("http://h/", "b=1"),
        ("http://h/", "a=2"),
    ]);
    assert_eq!(sent(&both, "http://h/"), "a=2; b=1");
    both.store(
        &location("http://h/"),
        std::iter::once(&b"a=; Max-Age=0"[..]),
    );
    assert_eq!(sent(&both, "http://h/"), "b=1");
    let paths = jar(&[
        ("http://h/d/", "a=1; Path=/"),
        ("http://h/d/", "a=2; Path=/d"),
        ("http://h/d/", "b=3; Path=/d"),
    ]);
    assert_eq!(sent(&paths, "http://h/d/"), "a=2; b=3; a=1");
}

#[test]
fn cookies_are_bounded_in_length_in_number_and_together() {
    let long = format!("a={}", "x".repeat(MAX_COOKIE - 1));
    assert_eq!(sent(&jar(&[("http://h/", &long)]), "http://h/"), long);
    let longer = format!("{long}x");
    assert_eq!(sent(&jar(&[("http://h/", &longer)]), "http://h/"), "");

    // An attribute that is too long is passed over.
    for (length, expected) in [(MAX_ATTRIBUTE, ""), (MAX_ATTRIBUTE + 1, "a=1")] {
        let value = format!("a=1; Path=/{}", "x".repeat(length - 1));
        let found = sent(&jar(&[("http://h/", &value)]), "http://h/");
        assert_eq!(found, expected, "an attribute of {length} bytes");
    }

    let mut many = CookieJar::default();
    for number in 0..=MAX_COOKIES {
        let value = format!("c{number}=1");
        many.store(&location("http://h/"), std::iter::once(value.as_bytes()));
    }
    let header = sent(&many, "http://h/");
    assert_eq!(header.split("; ").count(), MAX_COOKIES, "{header}");
    assert!(header.starts_with("c1=1; "), "the oldest went: {header}");
    let room = many.header(&location("http://h/"), std::iter::empty(), 15);
    assert_eq!(room.unwrap(), "c1=1; c2=1");
    assert!(
        many.header(&location("http://h/"), std::iter::empty(), 0)
            .is_none()
    );
}

#[test]
fn the_users_cookies_follow_and_all_of_them_are_secret() {
    let jar = jar(&[("http://h/", "a=1")]);
    let own = ["b=2", "", "c=3"].map(HeaderValue::from_static);
    let header = jar.header(&location("http://h/"), own.iter(), 8_000);
    let header = header.unwrap();
    assert_eq!(header, "a=1; b=2; c=3");
    assert!(header.is_sensitive());
    let elsewhere = jar.header(&location("http://other/"), own.iter(), 8_000);
    assert!(elsewhere.is_none(), "the user's stay as they are");
}
