//! The tests of `redirect`.

use super::*;
use crate::model::target::DefaultScheme;

/// The destination of a redirect of `http://h/a/b?q#part` with these `Location` headers.
fn led(locations: &[&[u8]]) -> Result<Option<String>, RedirectError> {
    let from = Location::parse("http://h/a/b?q#part", DefaultScheme::Http).unwrap();
    let way = (&[][..], &RedirectTrail::default());
    let config = FetchConfig::default();
    let values = locations.iter().copied();
    let to = destination(&from, StatusCode::FOUND, values, way, &config)?;
    Ok(to.map(|to| to.text().to_string()))
}

#[test]
fn every_location_that_browsers_take_is_taken() {
    for (location, expected) in [
        (&b"c"[..], "http://h/a/c#part"),
        (b" \t/c\t ", "http://h/c#part"),
        (b"?x", "http://h/a/b?x#part"),
        (b"#own", "http://h/a/b?q#own"),
        (b"//o/c", "http://o/c#part"),
        // Slashes before a host.
        (b"///o/c", "http://o/c#part"),
        (b"//////o/c", "http://o/c#part"),
        (b"\\\\o/c", "http://o/c#part"),
        (b"\\\\\\o/c", "http://o/c#part"),
        (b"/\\/o/c", "http://o/c#part"),
        (b"http:///o/c", "http://o/c#part"),
        (b"http:/c", "http://h/c#part"),
        (b"https:o/c", "https://o/c#part"),
        (b"HTTP://O", "http://o/#part"),
        (b"/c//d///e", "http://h/c//d///e#part"),
        // Bytes that are not ASCII, of UTF-8, Latin-1 and no encoding at all.
        (b"/\xc3\xa9", "http://h/%C3%A9#part"),
        (b"/caf\xe9", "http://h/caf%E9#part"),
        (
            b"/\xff\xfe\x80?\xe9=\xfc#\xe4",
            "http://h/%FF%FE%80?%E9=%FC#%E4",
        ),
        (b"/\xe2\x80\xae", "http://h/%E2%80%AE#part"),
        (
            b"http://b\xc3\xbccher.example/",
            "http://xn--bcher-kva.example/#part",
        ),
        // What is encoded already stays so, and what has to be is encoded.
        (b"/%e9%2F", "http://h/%e9%2F#part"),
        (b"/a b\"<>", "http://h/a%20b%22%3C%3E#part"),
        (b"/a\tb", "http://h/ab#part"),
        (b"/100%", "http://h/100%#part"),
    ] {
        let shown = String::from_utf8_lossy(location);
        assert_eq!(led(&[location]), Ok(Some(expected.to_owned())), "{shown:?}");
    }
    assert_eq!(led(&[]), Ok(None));
}

#[test]
fn a_location_without_one_meaning_is_refused_in_words() {
    for (locations, expected) in [
        (&[&b""[..]][..], "cannot follow: its Location is empty"),
        (&[b" \t "], "cannot follow: its Location is empty"),
        (&[b"", b""], "cannot follow: its Location is empty"),
        (
            &[b"/a\0b"],
            "cannot follow: its Location has a control character (0x00) in it",
        ),
        (
            &[b"/a\rb"],
            "cannot follow: its Location has a control character (0x0d) in it",
        ),
        (
            &[b"\x0b/a"],
            "cannot follow: its Location has a control character (0x0b) in it",
        ),
        (
            &[b"/a\x7f"],
            "cannot follow: its Location has a control character (0x7f) in it",
        ),
        (
            &[b"/a", b"/b"],
            "cannot follow: it has two different Locations, \"/a\" and \"/b\"",
        ),
        (
            &[b"/a", b"/a", b""],
            "cannot follow: it has two different Locations, \"/a\" and \"\"",
        ),
        (
            &[b"http://u:hush@h/", b"/\x1b\xe9"],
            "cannot follow: it has two different Locations, \"http://\u{2026}@h/\" and \
                 \"/\\u{1b}%E9\"",
        ),
        (
            &[b"http://b\xfccher.example/"],
            "cannot follow to \"http://b%FCcher.example/\": not a valid URL: the host name is not a valid \
                 international domain name",
        ),
        (
            &[b"///"],
            "cannot follow to \"///\": not a valid URL: there is no host name",
        ),
    ] {
        let error = led(locations).expect_err(expected).to_string();
        assert_eq!(error, expected, "{locations:?}");
    }
    // Equal ones are one.
    let same = led(&[b"/c", b" /c "]);
    assert_eq!(same, Ok(Some("http://h/c#part".to_owned())));
}

#[test]
fn a_trail_remembers_what_was_left_on_the_way_back_too() {
    // The way; then: it has crossed origins, has left TLS, is at an http URL.
    for (way, expected) in [
        (&["http://h/a", "http://h/b"][..], (false, false, true)),
        (&["https://h/a", "https://h/b"], (false, false, false)),
        (&["http://h/", "http://o/"], (true, false, true)),
        (&["http://h/", "http://h:81/"], (true, false, true)),
        (&["http://h/", "https://h/"], (true, false, false)),
        (&["https://h/", "http://h/"], (true, true, true)),
        (
            &["https://h/", "http://h/", "http://h/b"],
            (true, true, true),
        ),
        (
            &["https://h/", "http://h/", "https://h/"],
            (true, true, false),
        ),
        (
            &["http://h/", "http://o/", "http://h/"],
            (true, false, true),
        ),
    ] {
        let mut trail = RedirectTrail::default();
        assert!(trail.is_at_start());
        let parse = |url: &&str| Location::parse(url, DefaultScheme::Http).unwrap();
        let way: Vec<Location> = way.iter().map(parse).collect();
        for hop in way.windows(2) {
            trail.follow(&hop[0], &hop[1], std::iter::empty());
        }
        assert!(!trail.is_at_start());
        let found = (
            trail.has_crossed(),
            trail.has_left_tls(),
            trail.is_at_http(),
        );
        assert_eq!(found, expected, "{way:?}");
    }
}

#[test]
fn a_circle_of_redirects_wants_cookies_only_if_some_were_set_on_the_way() {
    let parse = |url: &str| Location::parse(url, DefaultScheme::Http).unwrap();
    let hop = |url: &str| Hop {
        url: parse(url).text().clone(),
        status: 302,
    };
    let config = FetchConfig {
        max_redirects: 2,
        ..FetchConfig::default()
    };
    let hops = [hop("http://h/a"), hop("http://h/b")];
    let too_many = RedirectError::TooMany(2);
    let wants = |url: &str| RedirectError::WantsCookies(2, url.to_owned());
    for (to, cookies, expected) in [
        // To itself, and to one before it.
        ("/c", &[&b"a=1"[..]][..], wants("http://h/c")),
        ("/b", &[b"a=1"], wants("http://h/b")),
        ("/d", &[b"a=1"], too_many.clone()),
        ("/c", &[], too_many.clone()),
        ("/b", &[], too_many),
    ] {
        let (from, mut trail) = (parse("http://h/c"), RedirectTrail::default());
        trail.follow(&parse("http://h/b"), &from, cookies.iter().copied());
        let values = std::iter::once(to.as_bytes());
        let led = destination(&from, StatusCode::FOUND, values, (&hops, &trail), &config);
        assert_eq!(led.map(|_| ()), Err(expected), "{to}, {cookies:?}");
    }
}
