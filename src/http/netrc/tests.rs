//! The tests of `netrc`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;

use super::*;
use crate::model::target::DefaultScheme;

/// The login and password for a URL, with a colon between them.
fn found(text: &[u8], url: &str) -> Option<String> {
    let netrc = Netrc::parse(text).expect("it can be read");
    let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
    let secret = netrc.authorization(&location)?;
    let value = secret.reveal().to_str().expect("ASCII");
    let pair = value.strip_prefix("Basic ").expect("Basic");
    let pair = BASE64.decode(pair).expect("it is base64");
    Some(String::from_utf8_lossy(&pair).into_owned())
}

#[test]
fn files_are_read_as_curl_reads_them() {
    for (text, expected) in [
        ("machine h login a password b", Some("a:b")),
        ("machine h\n\tlogin a\n\tpassword b\n", Some("a:b")),
        ("machine h\r\nlogin a\r\npassword b\r\n", Some("a:b")),
        ("MACHINE H LOGIN a PASSWORD b", Some("a:b")),
        ("machine h password b login a", Some("a:b")),
        ("machine h login a account c password b", Some("a:b")),
        ("machine h account login login a password b", Some("a:b")),
        ("machine h login a", Some("a:")),
        ("machine h password b", Some(":b")),
        ("machine h", None),
        ("machine h login", None),
        ("machine", None),
        ("", None),
        ("login a password b", None),
        ("machine other login a password b", None),
        ("machine hh login a password b", None),
        ("machine x.h login a password b", None),
        // The first entry counts, and `default` is for the rest.
        (
            "machine h login a password b machine h login c password d",
            Some("a:b"),
        ),
        ("machine h machine h login c password d", Some("c:d")),
        (
            "machine x login a password b default login c password d",
            Some("c:d"),
        ),
        (
            "default login c password d machine h login a password b",
            Some("c:d"),
        ),
        ("default machine h login a password b", None),
        // Quotes and escapes.
        (
            r#"machine h login "a b" password "c \"d\" \\ \x""#,
            Some(r#"a b:c "d" \ x"#),
        ),
        (
            r#"machine h login "a\tb" password "\r\n""#,
            Some("a\tb:\r\n"),
        ),
        (r#"machine h login "" password "b""#, Some(":b")),
        (r#"machine "h" login "a"password "b""#, Some("a:b")),
        (r#"machine h login a"b password c\nd"#, Some(r#"a"b:c\nd"#)),
        // Comments, and what looks like one.
        (
            "# machine h login x\nmachine h login a password b",
            Some("a:b"),
        ),
        (
            "machine h # password x\nlogin a password b # password x",
            Some("a:b"),
        ),
        ("machine h login a password #b", Some("a:#b")),
        ("machine h login\n# x\na password b", Some("a:b")),
        // Macros end with an empty line.
        (
            "macdef m\nmachine h login x\n\nmachine h login a password b",
            Some("a:b"),
        ),
        (
            "machine h login a password b\nmacdef init\nput \"x\nbye\n\n",
            Some("a:b"),
        ),
        ("macdef m\nmachine h login x password y", None),
        ("macdef", None),
        ("\u{feff}machine h login a password b", Some("a:b")),
        ("machine h unknown login a password b", Some("a:b")),
    ] {
        let found = found(text.as_bytes(), "http://h/");
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
}

#[test]
fn a_host_is_found_whatever_its_case_its_port_and_its_scheme_and_by_nothing_less() {
    let text = b"machine Ex.org login a password b machine ::1 login c password d \
            machine [::2] login e password f machine xn--bcher-kva.de login g password h";
    for (url, expected) in [
        ("http://ex.ORG/", Some("a:b")),
        ("https://ex.org:8443/x?y", Some("a:b")),
        ("http://www.ex.org/", None),
        ("http://ex.org.evil/", None),
        ("http://org/", None),
        ("http://[::1]:81/", Some("c:d")),
        ("http://[0:0::2]/", Some("e:f")),
        ("http://b\u{fc}cher.de/", Some("g:h")),
    ] {
        assert_eq!(found(text, url).as_deref(), expected, "{url}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_sent_as_they_are() {
    let netrc = Netrc::parse(b"machine h login a password \xff\xfe").expect("it can be read");
    let location = Location::parse("http://h/", DefaultScheme::Http).expect("a URL");
    let secret = netrc.authorization(&location);
    assert_eq!(secret, Some(&Secret::basic(b"a", b"\xff\xfe")));
}

#[test]
fn a_quote_that_is_not_closed_is_an_error_that_names_the_line_and_nothing_else() {
    for text in [
        "\nmachine h login \"hush",
        "\nmachine h login \"hush\nx\"",
        "\nmachine h password \"hush\\",
        "\nmachine h password \"hush\\\n\"",
        "macdef x\nmachine h login \"hush",
    ] {
        match Netrc::parse(text.as_bytes()) {
            Ok(netrc) => assert!(text.starts_with("macdef"), "{text:?}: {netrc:?}"),
            Err(error) => {
                assert_eq!(error.to_string(), "line 2: a double quote is not closed");
            }
        }
    }
}

#[test]
fn a_file_that_is_shown_shows_no_login_and_no_password() {
    let text = b"machine h login hush password hush default login hush password hush";
    let netrc = Netrc::parse(text).expect("it can be read");
    let shown = format!("{netrc:?}");
    assert!(
        shown.contains("\"h\"") && !shown.contains("hush"),
        "{shown}"
    );
}

/// A word as it may stand in a file.
fn quoted(word: &[u8]) -> Vec<u8> {
    let mut quoted = b"\"".to_vec();
    for byte in word {
        match byte {
            b'\n' => quoted.extend_from_slice(b"\\n"),
            b'"' | b'\\' => quoted.extend_from_slice(&[b'\\', *byte]),
            other => quoted.push(*other),
        }
    }
    quoted.push(b'"');
    quoted
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(text in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Netrc::parse(&text);
    }

    #[test]
    fn any_sequence_of_tokens_is_read_or_refused(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "machine", "default", "login", "password", "account", "macdef", "h", "\"", "\"x\"",
                "\\", "#", "\n", "\n\n", " ", "\t", "\r\n",
            ]),
            0..60,
        ),
        has_blanks in any::<bool>(),
    ) {
        let text = words.join(if has_blanks { " " } else { "" });
        let _ = Netrc::parse(text.as_bytes());
    }

    #[test]
    fn whatever_is_quoted_is_read_back(
        login in prop::collection::vec(any::<u8>(), 0..40),
        password in prop::collection::vec(any::<u8>(), 0..40),
        before in "[a-z ]{0,20}",
    ) {
        let text = [
            b"machine other login x password y\n#" as &[u8],
            before.as_bytes(),
            b"\nmachine h login ",
            &quoted(&login),
            b" password ",
            &quoted(&password),
        ]
        .concat();
        let netrc = Netrc::parse(&text).expect("it can be read");
        let location = Location::parse("http://h/", DefaultScheme::Http).expect("a URL");
        let credentials = Secret::basic(&login, &password);
        prop_assert_eq!(netrc.authorization(&location), Some(&credentials));
    }
}
