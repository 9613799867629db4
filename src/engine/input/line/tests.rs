//! Lines of lists and arguments, and what is shown of those that are no targets.

use super::*;
use crate::model::target::Verb;

/// URL, verb and number of headers; or excerpt and reason.
type Found = Result<(String, Verb, usize), (String, String)>;

fn line(text: &[u8]) -> Option<Found> {
    (!is_blank(text)).then(|| {
        parse(text, InputConfig::default(), None)
            .map(|m| {
                let headers = m.headers.map_or(0, |h| h.len());
                (m.location.text().to_string(), m.verb, headers)
            })
            .map_err(|bad| (bad.excerpt.to_string(), bad.reason))
    })
}

#[test]
fn blank_lines_and_comments_are_nothing() {
    assert_eq!(line(b""), None);
    assert_eq!(line(b"  \t"), None);
    assert_eq!(line(b"# http://h/"), None);
    assert_eq!(line(b"  # x"), None);
}

#[test]
fn a_json_line_may_say_more() {
    let text = br#"{"url": "h/x", "action": "head", "headers": {"X-A": "1", "X-B": "2"}}"#;
    let expected = ("http://h/x".to_owned(), Verb::Head, 2);
    assert_eq!(line(text), Some(Ok(expected)));
}

#[test]
fn unknown_keys_are_named_with_the_known_ones_and_secrets_are_kept() {
    let text = br#"{"url": "h", "outptu": "x", "headers": {"Authorization": "hush"}}"#;
    let (excerpt, reason) = line(text).unwrap().unwrap_err();
    assert_eq!(excerpt, "{…}");
    assert!(reason.contains("there is no field \"outptu\""), "{reason}");
    assert!(
        reason.contains("url, action, headers, output, sha256"),
        "{reason}"
    );
    assert!(!reason.contains("hush"), "{reason}");
    for secret in [r#""hush at line 5""#, r#"{"A": 4711}"#] {
        let text = format!(r#"{{"url": "h", "headers": {secret}}}"#);
        let (_, reason) = line(text.as_bytes()).unwrap().unwrap_err();
        assert!(reason.starts_with("\"headers\""), "{reason}");
        assert!(reason.contains(", and takes "), "{reason}");
        assert!(
            !reason.contains("hush") && !reason.contains("4711"),
            "{reason}"
        );
    }
    let (_, reason) = line(br#"{"url": "h""#).unwrap().unwrap_err();
    assert!(reason.contains("column"), "{reason}");
    let (_, reason) = line(br#"{"action": "get"}"#).unwrap().unwrap_err();
    assert!(reason.contains("\"url\" is missing"), "{reason}");
    let (_, reason) = line(br#"{"url": "h", "action": "post"}"#)
        .unwrap()
        .unwrap_err();
    assert!(
        reason.contains("\"post\"") && reason.contains("\"get\""),
        "{reason}"
    );
    let (_, reason) = line(br#"{"url": "h", "headers": {"A": "x\ny"}}"#)
        .unwrap()
        .unwrap_err();
    assert!(reason.contains("control character"), "{reason}");
}

#[test]
fn bad_lines_are_quoted_safely() {
    let (excerpt, reason) = line(b"http://u:hush@h:99999/\x1b[2J").unwrap().unwrap_err();
    assert_eq!(excerpt, "http://…@h:99999/\\u{1b}[2J");
    assert!(reason.contains("U+001B"), "{reason}");
    let (excerpt, reason) = line(b"http://h/\xff").unwrap().unwrap_err();
    assert_eq!(excerpt, "http://h/\u{fffd}");
    assert!(reason.contains("0xff at column 10"), "{reason}");
}

#[test]
fn nothing_of_a_json_line_that_cannot_be_read_is_shown() {
    let secrets: [&[u8]; 24] = [
        b"{\"headers\":{\"Authorization\":\"hush\"},\"url\":\"http://h/\xff\"}",
        b"  {\"url\":\"h\",\"headers\":{\"A\":\"hush\xff\"}}",
        b"\xef\xbb\xbf{\"headers\":{\"A\":\"hush\"},\"url\":\"\xff\"}",
        b"\xff{\"headers\":{\"A\":\"hush\"}}",
        b"\xe2\x80\x8b{\"headers\":{\"A\":\"hush\"}}",
        b"[{\"url\":\"h\",\"headers\":{\"A\":\"hush\"}}]",
        b"[\"hush](x)\"]",
        b"['hush](x)']",
        b"[ [\"hush\"] ]",
        b"[a, {k: hush}]",
        b"  \"Authorization\": \"hush\",",
        b"'Authorization' : 'hush'",
        b"\"Bearer hush\"",
        b", {\"url\":\"h\",\"headers\":{\"A\":\"hush\"}}",
        b"data: {\"headers\":{\"A\":\"hush\"}}",
        b"http://h:x/ {\"headers\" : {\"A\":\"hush\"}}",
        b"}{\"headers\":{\"A\":\"hush\xff\"}}",
        b"{'headers': {'A': 'hush'}}",
        b"{headers: {Authorization: hush}}",
        b"{\"url\":\"h\",\"Authorization: hush\":1}",
        b"{\"url\":\"h\",\"headers\":{\"Authorization: hush\":\"\"}}",
        b"{\"url\":\"h\",\"headers\":{\"A\":\"hush\n\"}}",
        b"{\"url\":\"h\",\"headers\":\"hush, expected `x` at line 5\"}",
        b"{\"url\":\"h\",\"action\":\"get hush`, expected `x\"}",
    ];
    for text in secrets {
        let (excerpt, reason) = line(text).unwrap().unwrap_err();
        let shown = String::from_utf8_lossy(text);
        assert_eq!(excerpt, "{…}", "{shown}");
        assert!(!reason.contains("hush"), "{shown}: {reason}");
    }
    for text in ["\"h:x\"", "'h:x'", "h\"x:y", "http://it's:here/"] {
        let (excerpt, _) = line(text.as_bytes()).unwrap().unwrap_err();
        assert_eq!(excerpt, text);
    }
}

#[test]
fn secret_headers_in_the_lists_of_other_programs_are_not_shown() {
    for text in [
        " header=Authorization: Bearer hush",
        "header = \"Cookie: id=hush\"",
        "Authorization: hush",
        "  -H 'cookie: hush' http://h/",
        "proxy-authorization: Basic hush",
    ] {
        let (excerpt, reason) = line(text.as_bytes()).unwrap().unwrap_err();
        assert!(!excerpt.contains("hush"), "{text}: {excerpt}");
        assert!(!reason.contains("hush"), "{text}: {reason}");
    }
}

#[test]
fn of_a_line_too_long_to_be_read_no_secret_is_shown() {
    let long = "p".repeat(MAX_LINE_BYTES);
    let shown = |beginning: &str| {
        let text = format!("{beginning}{long}");
        let bad = too_long(&text.as_bytes()[..MAX_LINE_BYTES], text.len() as u64);
        assert!(!bad.excerpt.contains("hush"), "{beginning}: {bad:?}");
        bad.excerpt.to_string()
    };
    assert_eq!(shown("{\"headers\":{\"A\":\"hush\"},\"url\":\"h/"), "{…}");
    // Its "@" may come behind what was kept: "http://u:hushppp…@host/".
    for beginning in [
        "http://u:hush",
        "u:hush",
        "https://hush",
        "u:hush/",
        "http://u:x@hush",
    ] {
        assert_eq!(shown(beginning), "…");
    }
    let many = "hush".repeat(1000);
    assert_eq!(shown(&format!("http://u:{many}@h/"))[..14], *"http://…@h/p");
    for beginning in ["http://h:8080/", "http://[::1]:80/", "h/", "h:80?"] {
        let excerpt = shown(beginning);
        assert!(excerpt.starts_with(beginning), "{excerpt}");
    }
}

#[test]
fn invisible_characters_around_a_url_are_dropped() {
    let expected = Some(Ok(("http://h/x".to_owned(), Verb::Get, 0)));
    for text in [
        "\u{feff}http://h/x",
        "\u{feff}\u{feff} http://h/x\u{feff}",
        "\u{200b}http://h/x\u{200b}",
        " \u{200d}\u{2060}h/x \u{2060}\r",
        "\u{feff}{\"url\": \"h/x\"}",
    ] {
        assert_eq!(line(text.as_bytes()), expected, "{text:?}");
    }
    assert_eq!(line("\u{feff}".as_bytes()), None);
    assert_eq!(line("\u{feff}# x".as_bytes()), None);
}

#[test]
fn a_comment_behind_a_url_is_dropped_from_lines_and_arguments() {
    let expected = Some(Ok(("http://h/x".to_owned(), Verb::Get, 0)));
    assert_eq!(line(b"http://h/x # http://h/y"), expected);
    let argument = parse_argument(b" h/x\t# y ", InputConfig::default());
    let argument = argument.map(|parsed| parsed.location.text().to_string());
    assert_eq!(
        argument.map_err(|bad| bad.reason),
        Ok("http://h/x".to_owned())
    );
}

#[test]
fn slips_are_mistakes_that_show_the_text_without_credentials() {
    for (text, shown, reason) in [
        ("10", "10", "a number is no URL"),
        (
            "1,http://u:hush@h/",
            "1,http://…@h/",
            "stands before http://",
        ),
        (
            "\"http://u:hush@h/\"",
            "\"http://…@h/\"",
            "take the quotes out",
        ),
        (
            "http://h/a http://h/b",
            "http://h/a http://h/b",
            "two URLs on a line",
        ),
        (
            "http://h/a\thttp://h/b",
            "http://h/a\\u{9}http://h/b",
            "two URLs",
        ),
        ("  out=a.bin", "out=a.bin", "\"output\": \"name\""),
        ("\tchecksum=sha-1=00", "checksum=sha-1=00", "\"sha256\""),
        (" header=Cookie: hush", "…", "\"headers\""),
        (" dir=/tmp", "dir=/tmp", "-d DIR"),
        (" split=4", "split=4", "take this one out"),
        ("{\"url\": \"10\"}", "10", "a number is no URL"),
        (
            "- [x](http://u:hush@h/)",
            "- [x](http://…@h/)",
            "this is Markdown, not a URL",
        ),
        ("[x](http://h/)", "[x](http://h/)", "this is Markdown"),
        (
            "<a href=\"http://u:hush@h/\">x</a>",
            "<a href=\"http://…@h/\">x</a>",
            "this is HTML or XML",
        ),
        ("[a]", "[a]", "not a valid IPv6 address"),
        (
            "http://h/a\tname",
            "http://h/a\\u{9}name",
            "\"output\": \"name\"",
        ),
        (
            "mailto:hush@h:80",
            "…@h:80",
            "scheme \"mailto\" is not supported",
        ),
        (
            "tel:+4312345",
            "tel:+4312345",
            "scheme \"tel\" is not supported",
        ),
        ("/relative/path", "/relative/path", "a path without a host"),
        // As a file of curl's options has it.
        (
            "output = \"a\"",
            "output = \"a\"",
            "a host name has no blanks",
        ),
        ("=", "=", "the host name has '=' in it"),
        ("out=a.bin", "out=a.bin", "the host name has '=' in it"),
    ] {
        match line(text.as_bytes()) {
            Some(Err((excerpt, said))) => {
                assert_eq!(excerpt, shown, "{text}");
                assert!(
                    said.contains(reason) && !said.contains("hush"),
                    "{text}: {said}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    // Without the blank before it, it is as any text.
    assert!(matches!(line(b"name"), Some(Ok(_))));
}

#[test]
fn a_blank_within_a_line_is_refused_where_lines_end_at_a_line_end() {
    for text in [
        "http://h/a name",
        "http://h/a  name.bin",
        "h/a name",
        "http://h/?q=a b",
        "  http://h/a name # comment",
    ] {
        let (_, reason) = line(text.as_bytes()).unwrap().unwrap_err();
        assert!(reason.starts_with("a blank stands in it;"), "{reason}");
        assert!(
            reason.contains("\"output\"") && reason.ends_with("is written %20)"),
            "{reason}"
        );
        let config = InputConfig {
            separator: Separator::Nul,
            ..InputConfig::default()
        };
        assert!(parse(text.as_bytes(), config, None).is_ok(), "{text}");
        assert!(parse_argument(text.as_bytes(), InputConfig::default()).is_ok());
    }
    for text in [
        " http://h/a ",
        "http://h/a # b",
        "{\"url\": \"http://h/a b\"}",
        "http://h/a%20b",
    ] {
        assert!(line(text.as_bytes()).unwrap().is_ok(), "{text}");
    }
    // What is no URL anyway is told as that.
    let (_, reason) = line(b"these are words").unwrap().unwrap_err();
    assert!(!reason.contains("%20"), "{reason}");
}
