use super::*;

/// The fields of a head with these lines behind its status line, or the reason why it is refused.
fn fields(lines: &[u8]) -> Result<Vec<(String, String)>, HeadError> {
    let whole = [b"HTTP/1.1 200 OK\r\n", lines, b"\r\n"].concat();
    let mut head = ResponseHead::default();
    head.parse(&whole)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(head
        .fields()
        .map(|(name, value)| (text(name), text(value)))
        .collect())
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    expected.iter().map(owned).collect()
}

fn status(line: &str) -> Result<(HttpVersion, u16), HeadError> {
    let mut head = ResponseHead::default();
    head.parse(format!("{line}\r\n\r\n").as_bytes())?;
    Ok((head.version(), head.status().as_u16()))
}

#[test]
fn odd_but_clear_fields_are_read_and_bad_lines_dropped() {
    for (lines, expected) in [
        (&b"A: 1\r\nB:2\r\n"[..], &[("A", "1"), ("B", "2")][..]),
        (b"A: 1\nB: 2\n", &[("A", "1"), ("B", "2")]),
        (b"A : 1\r\nB\t:\t 2 \t\r\n", &[("A", "1"), ("B", "2")]),
        (b"A:\r\nB: \r\n", &[("A", ""), ("B", "")]),
        (
            b"A: one\r\n two\r\n\tthree\r\nB: 2\r\n",
            &[("A", "one   two  \tthree"), ("B", "2")],
        ),
        (b"A: one\n two\n", &[("A", "one  two")]),
        (b"A:\r\n one\r\n", &[("A", "one")]),
        (b" folded onto nothing\r\nB: 2\r\n", &[("B", "2")]),
        (b"no colon here\r\nB: 2\r\n", &[("B", "2")]),
        (
            b"no colon here\r\n and more: of it\r\nB: 2\r\n",
            &[("B", "2")],
        ),
        (b": no name\r\nB: 2\r\n", &[("B", "2")]),
        (b"two words: x\r\n folded: y\r\nB: 2\r\n", &[("B", "2")]),
        ("Größe: 5\r\nB: ü\r\n".as_bytes(), &[("B", "ü")]),
        (
            b"A: a\x01b\x7fc\rd\r\nB: 2\r\n",
            &[("A", "a b c d"), ("B", "2")],
        ),
        (b"A: x: y\r\nA: z\r\n", &[("A", "x: y"), ("A", "z")]),
        (b"\r\r\nA: 1\r\n", &[("A", "1")]),
    ] {
        let shown = String::from_utf8_lossy(lines);
        assert_eq!(fields(lines), Ok(pairs(expected)), "{shown:?}");
    }
    // Bytes that are not UTF-8 stay what they are.
    let mut head = ResponseHead::default();
    head.parse(b"HTTP/1.1 200\r\nA: \xe9\r\n\r\n").unwrap();
    assert_eq!(head.get("a"), Some(&b"\xe9"[..]));
    assert_eq!(head.text("a"), None);
}

#[test]
fn a_line_that_may_say_where_the_body_ends_is_read_or_refused_but_never_dropped() {
    for lines in [
        &b"Transfer-Encoding\x01: chunked\r\n"[..],
        b"Transfer-Encoding\x0b: chunked\r\n",
        b"\x01Transfer-Encoding: chunked\r\n",
        b"Transfer Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding chunked\r\n",
        b"Content-Length 5\r\n",
        b"Content-\x02Length: 5\r\n",
        b"Content-Length\r\n",
        b"CONTENT-LENGTH\x80: 5\r\n",
        b"bad line\r\n Transfer-Encoding: chunked\r\n",
        b" Content-Length: 5\r\n",
    ] {
        let shown = String::from_utf8_lossy(lines);
        let result = fields(lines);
        assert!(
            matches!(result, Err(HeadError::Framing(_))),
            "{shown:?}: {result:?}"
        );
    }
    for (lines, name) in [
        (
            &b"Transfer-Encoding: chun\x01ked\r\n"[..],
            "Transfer-Encoding",
        ),
        (b"Content-Length: 5\x0b\r\n", "Content-Length"),
        (b"Content-Length: 5\r6\r\n", "Content-Length"),
        (b"Location: /a\rb\r\n", "Location"),
        (b"location: /a\r\n \x02b\r\n", "Location"),
    ] {
        let shown = String::from_utf8_lossy(lines);
        assert_eq!(fields(lines), Err(HeadError::Control(name)), "{shown:?}");
    }
    assert_eq!(fields(b"A: a\0b\r\n"), Err(HeadError::Nul));
    // A value, or a longer name, is not a line of the framing.
    let lines = b"X-Content-Length: 5\r\nVary: Transfer-Encoding\r\n";
    assert_eq!(
        fields(lines),
        Ok(pairs(&[
            ("X-Content-Length", "5"),
            ("Vary", "Transfer-Encoding")
        ]))
    );
}

#[test]
fn a_status_line_is_read_with_any_reason_and_refused_without_a_status() {
    use HttpVersion::{Http10, Http11};
    for (line, expected) in [
        ("HTTP/1.1 200 OK", (Http11, 200)),
        ("HTTP/1.1 200", (Http11, 200)),
        ("HTTP/1.1 200 ", (Http11, 200)),
        ("HTTP/1.1   404\t  Not   Found", (Http11, 404)),
        ("HTTP/1.1 200OK", (Http11, 200)),
        ("HTTP/1.0 100 ü\u{1}", (Http10, 100)),
        ("HTTP/1.9 999 x", (Http11, 999)),
        ("http/1.1 200 ok", (Http11, 200)),
        ("\r\n\n\r\nHTTP/1.1 200 OK", (Http11, 200)),
    ] {
        assert_eq!(status(line), Ok(expected), "{line:?}");
    }
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000",
        "HTTP/1.1 099 x",
        "HTTP/1.1 OK",
        "HTTP/1.1",
    ] {
        let result = status(line);
        assert!(
            matches!(result, Err(HeadError::NoStatus(_))),
            "{line:?}: {result:?}"
        );
    }
    for line in [
        "HTTP/2 200",
        "HTTP/0.9 200",
        "HTTP/1.10 200",
        "HTTP/ 200",
        "HTTP/1.1200",
    ] {
        let result = status(line);
        assert!(
            matches!(result, Err(HeadError::Version(_))),
            "{line:?}: {result:?}"
        );
    }
    for line in ["HTTX/1.1 200", "ok", "H"] {
        let result = status(line);
        assert!(
            matches!(result, Err(HeadError::NotHttp(..))),
            "{line:?}: {result:?}"
        );
    }
}

#[test]
fn another_protocol_is_told_at_its_first_bytes() {
    for (came, guess) in [
        (&b"SSH-2.0-OpenSSH_9.2"[..], Some("an SSH server")),
        (b"\x15\x03\x01\x00\x02", Some("https")),
        (b"220 mail.example ESMTP", Some("a mail or FTP server")),
        (b"ICY 200 OK", Some("a SHOUTcast server")),
        (b"\0\0\x12\x04\0", Some("a server that speaks HTTP/2 only")),
        (b"<html>", None),
        (b"\r\nevil", None),
        (b"HTTX", None),
    ] {
        let found = HeadScan::default().find_end(came);
        let shown = String::from_utf8_lossy(came);
        assert!(
            matches!(&found, Err(HeadError::NotHttp(found, _)) if *found == guess),
            "{shown:?}: {found:?}"
        );
    }
    for came in [&b""[..], b"H", b"htt", b"HTTP/", b"\r\n", b"\n\r\nHT"] {
        assert_eq!(HeadScan::default().find_end(came), Ok(None), "{came:?}");
    }
}

#[test]
fn a_head_that_is_refused_is_told_in_words() {
    let of_line = |lines: &[u8]| fields(lines).unwrap_err();
    let of_beginning = |came: &[u8]| HeadScan::default().find_end(came).unwrap_err();
    for (error, expected) in [
        (
            of_beginning(b"\r\nevil\tone\r\nanother\r\n"),
            "it does not begin with HTTP/1 but with \"evil\\u{9}one\"; another service may be on this port",
        ),
        (
            of_beginning(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "it does not begin with HTTP/1; an SSH server is on this port",
        ),
        (
            status("HTTP/1.1 OK").unwrap_err(),
            "its status line is \"HTTP/1.1 OK\", without a status of three digits",
        ),
        (
            status("HTTP/2 200").unwrap_err(),
            "it is in HTTP/2, and pfetch reads HTTP/1.0 and HTTP/1.1",
        ),
        (of_line(b"A: \0\r\n"), "its header has a NUL byte in it"),
        (
            of_line(b"Content-Length 5\r\n"),
            "the line \"Content-Length 5\" of its header may say where the body ends, and cannot be read",
        ),
        (
            of_line(b"Location: /\x01\r\n"),
            "the value of Location has a control character in it",
        ),
        (HeadError::TooLong, "its header is longer than 256 KiB"),
        (
            HeadError::TooManyLines,
            "its header has more than 4096 lines",
        ),
    ] {
        assert_eq!(error.to_string(), expected, "{error:?}");
    }
}

#[test]
fn the_end_of_a_head_is_found_in_pieces_of_any_size() {
    for (whole, length) in [
        (&b"HTTP/1.1 200 OK\r\nA: 1\r\n\r\nbody\r\n\r\n"[..], 25),
        (b"HTTP/1.1 200 OK\nA: 1\n\nbody\n\n", 22),
        (b"\r\n\r\nHTTP/1.1 200\r\n\r\n\r\n", 20),
        (b"HTTP/1.1 200\r\n\n", 15),
        (b"HTTP/1.1 200\r\n \r\nA: 1\r\n\r\n", 25),
    ] {
        for piece in 1..=whole.len() {
            let mut scan = HeadScan::default();
            let mut found = None;
            let mut came = 0;
            while found.is_none() && came < whole.len() {
                came = (came + piece).min(whole.len());
                found = scan.find_end(&whole[..came]).unwrap();
            }
            let shown = String::from_utf8_lossy(whole);
            assert_eq!(found, Some(length), "{shown:?} in pieces of {piece}");
        }
    }
}

#[test]
fn a_head_without_end_is_refused() {
    let long = [b"HTTP/1.1 200 OK\r\nA: ".to_vec(), vec![b'x'; MAX_HEAD]].concat();
    assert_eq!(HeadScan::default().find_end(&long), Err(HeadError::TooLong));
    let many = "A: 1\r\n".repeat(MAX_LINES + 1);
    assert_eq!(fields(many.as_bytes()), Err(HeadError::TooManyLines));
    let most = "A: 1\r\n".repeat(MAX_LINES);
    assert_eq!(fields(most.as_bytes()).map(|all| all.len()), Ok(MAX_LINES));
}

#[test]
fn tokens_and_times_are_found_in_lists() {
    let head = ResponseHead::of(
        200,
        &[
            ("Connection", "x , Close"),
            ("connection", "keep-alive,"),
            ("Keep-Alive", "max=100, Timeout = 7"),
            ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ],
    );
    for (token, is_there) in [("close", true), ("Keep-Alive", true), ("clos", false)] {
        assert_eq!(head.has_token("connection", token), is_there, "{token:?}");
    }
    assert_eq!(head.keep_alive_timeout(), Some(Duration::from_secs(7)));
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!(head.date("date"), Some(date));
    for value in ["", "timeout", "timeout=", "timeout=x", "max=5"] {
        let head = ResponseHead::of(200, &[("keep-alive", value)]);
        assert_eq!(head.keep_alive_timeout(), None, "{value:?}");
    }
}

#[test]
fn a_name_is_found_whatever_its_length() {
    let names: Vec<String> = (1..200).map(|length| "n".repeat(length)).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "v")).collect();
    let head = ResponseHead::of(200, &fields);
    for (number, name) in names.iter().enumerate() {
        let alone = ResponseHead::of(200, &fields[number..=number]);
        for head in [&head, &alone] {
            assert_eq!(head.get(name), Some(&b"v"[..]), "{}", name.len());
        }
        assert_eq!(alone.get(&name[1..]), None, "{}", name.len());
        assert_eq!(alone.get(&format!("{name}n")), None, "{}", name.len());
    }
}

#[test]
fn a_name_is_found_in_any_case_and_no_other_for_it() {
    for name in ["etag", "content-length", "x-9"] {
        for place in 0..name.len() {
            for byte in (0..128).filter(|byte| is_token_byte(*byte)) {
                let mut other = name.as_bytes().to_vec();
                other[place] = byte;
                let line = [&other[..], b": 1"].concat();
                let text = [b"HTTP/1.1 200\r\n", &line[..], b"\r\n\r\n"].concat();
                let mut head = ResponseHead::default();
                head.parse(&text).expect("a field with a name");
                let is_it = other.eq_ignore_ascii_case(name.as_bytes());
                let shown = String::from_utf8_lossy(&line);
                assert_eq!(head.get(name).is_some(), is_it, "{name} in {shown}");
            }
        }
    }
}
