use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn parse(text: &str) -> Result<Location, UrlError> {
    Location::parse(text, DefaultScheme::Http)
}

/// URLs of which some have the same origin, and some only seem to.
const NEAR: &[&str] = &[
    "http://h",
    "http://h:8080",
    "http://h:80",
    "http://h:808/a?b",
    "https://h",
    "https://h:443",
    "http://u:p@h",
    "http://H",
    "http://hh",
    "http://[::1]:1",
    "http://[fe80::1%25eth0]:1",
    "http://[fe80::1%eth1]:1",
    "http://[fe80::1]:1",
    "http://1.2.3.4",
    "http://é.example",
    "h:8080",
];

fn shown(text: &str) -> String {
    parse(text).unwrap().text().to_string()
}

#[test]
fn schemeless_text_gets_the_default_scheme() {
    assert_eq!(shown("example.com"), "http://example.com/");
    assert_eq!(shown("localhost:8080/x"), "http://localhost:8080/x");
    assert_eq!(shown("//example.com/x"), "http://example.com/x");
    assert_eq!(
        shown("example.com/?next=https://b/"),
        "http://example.com/?next=https://b/"
    );
    let https = Location::parse("example.com", DefaultScheme::Https).unwrap();
    assert_eq!(&**https.text(), "https://example.com/");
    assert_eq!(shown("HTTP:/example.com"), "http://example.com/");
    assert_eq!(shown("http:\\\\u:p@example.com\\x"), "http://example.com/x");
}

#[test]
fn links_that_are_no_web_addresses_are_refused_by_their_scheme() {
    for (text, scheme) in [
        ("mailto:me@localhost:8171", "mailto"),
        ("MailTo:me@example.com?subject=x", "MailTo"),
        ("tel:+4312345678", "tel"),
        ("tel:0431234567", "tel"),
        ("sms:+1555?body=x", "sms"),
        ("javascript:void(0)", "javascript"),
        ("javascript:alert('a@b.example')", "javascript"),
        ("data:text/plain,hello", "data"),
        ("data:image/png;base64,AA@h", "data"),
        ("data:,me@h", "data"),
        ("about:blank", "about"),
        ("blob:http://h/1234", "blob"),
        ("view-source:http://h/", "view-source"),
        ("urn:isbn:0451450523", "urn"),
        ("magnet:?xt=urn:btih:00", "magnet"),
        ("news:id@h", "news"),
        ("news:comp.lang.rust", "news"),
        ("geo:48.2,16.3", "geo"),
        ("callto:me", "callto"),
        ("xmpp:me@h", "xmpp"),
        ("sip:me@h:5060", "sip"),
        ("file:/etc/passwd", "file"),
        ("ftp:/h/x", "ftp"),
        ("file:///etc/passwd", "file"),
        ("about:", "about"),
    ] {
        let expected = Err(UrlError::Scheme(scheme.to_owned()));
        assert_eq!(
            parse(text).map(|url| url.text().to_string()),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_host_or_a_user_may_have_the_name_of_a_scheme() {
    for (text, expected) in [
        ("news:8080/x", "http://news:8080/x"),
        ("data:80", "http://data/"),
        ("geo:65535?x", "http://geo:65535/?x"),
        ("data:hush@h/x", "http://h/x"),
        ("ftp:hush@h:81", "http://h:81/"),
        ("http://mailto:me@h/", "http://h/"),
        ("news/x", "http://news/x"),
        ("news.example:80", "http://news.example/"),
        ("localhost:8080", "http://localhost:8080/"),
        ("10:80", "http://0.0.0.10/"),
        ("user:hush@h", "http://h/"),
        ("user@h", "http://h/"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn a_path_without_a_host_is_no_url() {
    for text in [
        "/relative/path",
        "/",
        "/h",
        "\\h\\x",
        "./x",
        "../x",
        ".",
        "..",
        "..\\x",
        "///x",
    ] {
        let found = parse(text).map(|url| url.text().to_string());
        let is_refused = matches!(found, Err(UrlError::Path | UrlError::Invalid(_)));
        assert!(is_refused, "{text}: {found:?}");
    }
    for (text, expected) in [
        ("//h/x", "http://h/x"),
        ("\\\\h\\x", "http://h/x"),
        (".h", "http://.h/"),
        ("h/../x", "http://h/x"),
        ("h/./x", "http://h/x"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn international_names_spaces_and_unicode_are_encoded() {
    assert_eq!(
        shown("http://bücher.example/"),
        "http://xn--bcher-kva.example/"
    );
    assert_eq!(shown("http://h/a b?c d"), "http://h/a%20b?c%20d");
    assert_eq!(shown("http://h/é"), "http://h/%C3%A9");
    assert_eq!(shown("  http://h/x\t"), "http://h/x");
}

#[test]
fn words_in_place_of_a_host_are_refused_as_words() {
    for text in [
        "bad url here",
        "http://bad url/",
        "a, b",
        "localhost:80 example.com",
        "two\u{a0}words",
    ] {
        let found = parse(text).map(|url| url.text().to_string());
        assert_eq!(found, Err(UrlError::Words), "{text}");
    }
    // A blank elsewhere is encoded, and a host may be wrong without one.
    for text in ["h/a b", "h?a b", "h#a b"] {
        assert!(parse(text).is_ok(), "{text}");
    }
    for text in [
        "http://=/",
        "http://a,b/",
        "http://h{1..3}/",
        "http://$HOST/",
        "http://'h'/",
        "http://a=b.example:80/",
    ] {
        let found = parse(text).map(|url| url.text().to_string());
        assert!(
            matches!(found, Err(UrlError::HostCharacter(_))),
            "{text}: {found:?}"
        );
    }
    for text in [
        "a_b.example",
        "a-b.example",
        "bücher.example",
        "[::1]:80",
        "127.1",
        "h.",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
    let there = parse("http://h/").unwrap();
    assert_eq!(
        there.join("//=/a").map(|url| url.text().to_string()),
        Err(UrlError::HostCharacter('='))
    );
    for text in ["xn--a", "h<>/a b"] {
        let found = parse(text).map(|url| url.text().to_string());
        assert!(
            matches!(found, Err(UrlError::Invalid(_))),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn bad_text_is_refused_with_its_reason() {
    let message = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(message(" "), "the URL is empty");
    assert!(
        message("http://h:99999/").contains("port"),
        "{}",
        message("http://h:99999/")
    );
    assert!(message("http://h:x/").contains("port"));
    assert!(message("http://").contains("no host"));
    assert_eq!(
        message("HTTPS//u:p@h/"),
        "a colon is missing after \"https\""
    );
    assert!(message("http://[::1").contains("IPv6"));
    assert!(message("http://999.1.1.1/").contains("IPv4"));
    assert!(message("ftp://h/").contains("scheme \"ftp\" is not supported"));
    assert!(message("file:///etc/passwd").contains("\"file\""));
    assert!(message("http://h/a\u{0}b").contains("U+0000 at column 11"));
    assert!(message("http://h/a\rb").contains("U+000D"));
    assert!(message("http://h/a\nb").contains("U+000A"));
    assert!(message("http://h/\u{85}").contains("U+0085"));
    assert!(message(&format!("http://h/{}", "a".repeat(70_000))).contains("70009 bytes"));
}

#[test]
fn credentials_are_decoded_and_never_shown() {
    let location = parse("http://us%40er:p%3Ass@h/x").unwrap();
    assert_eq!(&**location.text(), "http://h/x");
    assert_eq!(
        location.authorization().unwrap().reveal(),
        &format!("Basic {}", BASE64.encode("us@er:p:ss"))
    );
    let debug = format!("{location:?}");
    for secret in ["us@er", "us%40er", "p:ss", "p%3Ass", "Basic"] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
}

#[test]
fn a_blank_within_a_url_as_it_was_written_is_remembered() {
    for (text, expected) in [
        ("http://h/a b", true),
        ("h/a\u{a0}b", true),
        ("http://h/a%20b", false),
        (" http://h/ab\t", false),
    ] {
        let url = parse(text).unwrap();
        assert_eq!(url.is_written_with_blank(), expected, "{text}");
    }
    let near = parse("http://h/a b").unwrap();
    for (text, expected) in [
        ("http://h/c", false),
        ("http://h/c d", true),
        ("http://h/é", false),
    ] {
        let url = Location::parse_near(text, DefaultScheme::Http, Some(&near)).unwrap();
        assert_eq!(url.is_written_with_blank(), expected, "{text}");
    }
}

#[test]
fn the_target_of_a_request_is_path_and_query() {
    for (text, target) in [
        ("http://h:81", "/"),
        ("http://h:81/b", "/b"),
        ("http://h:81/b?c=/d", "/b?c=/d"),
        ("http://h:81/b?c#d?e#f", "/b?c"),
        ("http://h:81/b#", "/b"),
        ("http://h:81/b#\u{e9}", "/b"),
        ("http://u:p@h:81/b c#d", "/b%20c"),
        ("http://[fe80::1%25eth0]/b#d", "/b"),
    ] {
        let location = parse(text).unwrap();
        assert_eq!(
            &location.text()[location.request_target()],
            target,
            "{text}"
        );
        let led = location.join("/e?f").unwrap();
        assert_eq!(&led.text()[led.request_target()], "/e?f", "from {text}");
    }
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let origin = |text: &str| parse(text).unwrap().origin().to_owned();
    assert_eq!(origin("http://u:p@H:80/x?y#z"), "http://h");
    assert_eq!(origin("https://h:8443"), "https://h:8443");
    assert_eq!(origin("http://[::1]:8080/x"), "http://[::1]:8080");
}

#[test]
fn redirects_keep_credentials_within_an_origin_only() {
    let base = parse("http://u:p@h/a").unwrap();
    let credentials = |reference: &str| base.join(reference).unwrap().authorization;
    for same in ["/b", "?q", "//h/b", "http://h:80/b"] {
        assert_eq!(credentials(same), base.authorization, "{same}");
    }
    for other in ["//x/b", "https://h/b", "http://h:81/b"] {
        assert_eq!(credentials(other), None, "{other}");
    }
    let own = parse("http://v:w@h/").unwrap().authorization;
    assert_eq!(credentials("http://v:w@h/b"), own);
}

#[test]
fn redirects_resolve_relative_to_the_url_and_keep_its_fragment() {
    let base = parse("http://h/a/b?q#part").unwrap();
    let to = |reference: &str| base.join(reference).map(|l| l.text().to_string());
    assert_eq!(to("c").unwrap(), "http://h/a/c#part");
    assert_eq!(to("?x").unwrap(), "http://h/a/b?x#part");
    assert_eq!(to("//other/y").unwrap(), "http://other/y#part");
    assert_eq!(to("/z#own").unwrap(), "http://h/z#own");
    assert_eq!(to("/a b/é").unwrap(), "http://h/a%20b/%C3%A9#part");
    assert_eq!(
        to("file:///etc/passwd"),
        Err(UrlError::Scheme("file".into()))
    );
}

#[test]
fn a_zone_is_of_the_text_and_the_origin_and_not_of_what_servers_are_told() {
    for (text, shown, origin) in [
        (
            "http://[fe80::1%25eth0]/x",
            "http://[fe80::1%25eth0]/x",
            "http://[fe80::1%25eth0]",
        ),
        (
            "http://[FE80::0:1%eth0]",
            "http://[fe80::1%25eth0]/",
            "http://[fe80::1%25eth0]",
        ),
        (
            "[fe80::1%en0.1]:8080/a%25b?q#[%25]",
            "http://[fe80::1%25en0.1]:8080/a%25b?q#[%25]",
            "http://[fe80::1%25en0.1]:8080",
        ),
        (
            "https:\\\\u:p@[fe80::1%2]:443",
            "https://[fe80::1%252]/",
            "https://[fe80::1%252]",
        ),
        // As curl reads it: there is nothing behind "25".
        (
            "http://[fe80::1%25]/",
            "http://[fe80::1%2525]/",
            "http://[fe80::1%2525]",
        ),
    ] {
        let location = parse(text).unwrap();
        assert_eq!(&**location.text(), shown, "{text}");
        assert_eq!(location.origin(), origin, "{text}");
        assert!(!location.authority().contains('%'), "{text}");
        assert!(
            !location.url().origin().ascii_serialization().contains('%'),
            "{text}"
        );
    }
    assert_eq!(
        parse("http://[fe80::1%25eth0]:81/").unwrap().authority(),
        "[fe80::1]:81"
    );
    let (one, other) = ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/");
    assert!(!parse(one).unwrap().same_origin(&parse(other).unwrap()));
    for bad in [
        "http://[fe80::1%]/",
        "http://[fe80::1%25eth0/x]/",
        "http://[fe80::1%eth 0]/",
        "http://[fe80::1%25a%20b]/",
        "http://[fe80::1%25é]/",
        "http://[fe80::1%25a@b]/",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
    let long = format!("http://[fe80::1%25{}]/", "a".repeat(MAX_ZONE_BYTES + 1));
    assert_eq!(parse(&long).unwrap_err(), UrlError::Zone);
    let error = parse("http://[fe80::x%25eth0]/").unwrap_err().to_string();
    assert!(error.contains("IPv6"), "{error}");
}

#[test]
fn a_zone_is_kept_across_redirects_to_its_address_and_taken_from_none() {
    let base = parse("http://[fe80::1%25eth0]:81/a?q#part").unwrap();
    let to = |reference: &str| base.join(reference).map(|l| l.text().to_string());
    assert_eq!(to("/b").unwrap(), "http://[fe80::1%25eth0]:81/b#part");
    // The server does not know that it has one.
    let own = to("https://[fe80::1]:444/b").unwrap();
    assert_eq!(own, "https://[fe80::1%25eth0]:444/b#part");
    assert_eq!(to("http://[fe80::2]/").unwrap(), "http://[fe80::2]/#part");
    assert_eq!(to("http://h/").unwrap(), "http://h/#part");
    assert!(to("http://[fe80::1%25eth1]/").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn parse_near_agrees_with_parse(
        near in select(NEAR),
        origin in select(NEAR),
        rest in "(/|//|\\\\|[?]|#|@|:80|[.]|)[a-z/\\\\.?#@:%&é \t\n\u{7f}]{0,12}",
    ) {
        let near = parse(near).unwrap();
        let text = format!("{origin}{rest}");
        let parts = |l: Location| (l.text, l.url, l.authorization, l.fragment_length);
        let alone = parse(&text).map(parts);
        let beside = Location::parse_near(&text, DefaultScheme::Http, Some(&near));
        prop_assert_eq!(beside.map(parts), alone, "{}", text);
    }
}
