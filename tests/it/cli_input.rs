//! The program as a process: lists that are long, slow, damaged or hostile.

use std::fs;
#[cfg(target_os = "linux")]
use std::io::Write;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn a_list_is_fetched_while_it_is_being_written() {
    let server = Server::start();
    for options in [
        vec![],
        vec!["--format=jsonl"],
        vec!["--order=input", "--queue=0"],
    ] {
        let mut running = pfetch(&options).start();
        if options == ["--format=jsonl"] {
            assert!(running.line().contains("\"run\""));
        }
        for n in 0..5 {
            let url = server.url(&format!("/bytes/{n}"));
            running.feed(&url);
            // The next line is only written when this one's result is there.
            let line = running.line();
            assert!(line.contains(&url), "{line}");
        }
        running.finish().exits(0);
    }
}

#[test]
fn a_long_stretch_of_bad_lines_is_passed() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let bad = "ftp://h/\n".repeat(3000);
    let run = pfetch::<&str>(&[])
        .stdin(format!("{bad}{good}\n{bad}"))
        .run();
    run.exits(1)
        .prints(&good)
        .prints("6,001 URLs: 1 ok, 6,000 failed");
    // With work on its hands, too, and while the list goes on.
    let (release, held) = crossbeam_channel::bounded::<()>(0);
    let server = Server::with(move |request, reply| {
        if request.target == "/slow" {
            let _ = held.recv();
        }
        reply.send(200, "", b"")
    });
    let release = release;
    let mut running = pfetch(&["-j2"]).start();
    let bad = "ftp://h/\n".repeat(1000);
    running.feed(&format!(
        "{}\n{bad}{}",
        server.url("/slow"),
        server.url("/fast")
    ));
    while !running.line().contains("/fast") {}
    drop(release);
    running
        .finish()
        .exits(1)
        .prints("1,002 URLs: 2 ok, 1,000 failed");
}

/// The most memory that a running program has had at once, in kB.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory(running: &crate::pfetch::Running) -> usize {
    let status = running.proc_status();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = peak.map(|peak| peak.trim().trim_end_matches(" kB").parse());
    number.expect("Linux has it").expect("it is a number")
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_list() {
    const FEW: usize = 2_000;
    const MANY: usize = 60_000;
    let server = Server::start();
    let mut running = pfetch(&["-j4", "--format=jsonl"])
        .within(std::time::Duration::from_secs(300))
        .start();
    let mut stdin = running.stdin.take().unwrap();
    // As fast as it is read; every line is longer than what a result should leave behind.
    let line = format!("{}?{}\n", server.url("/bytes/1"), "x".repeat(200));
    let writer = std::thread::spawn(move || {
        for _ in 0..MANY {
            stdin.write_all(line.as_bytes()).unwrap();
        }
        // Given back open: the process is to be there when it is measured.
        stdin
    });
    running.line();
    for _ in 0..FEW {
        running.line();
    }
    let after_few = peak_memory(&running);
    for _ in FEW..MANY {
        running.line();
    }
    let after_many = peak_memory(&running);
    drop(writer.join().unwrap());
    running.finish().exits(0);
    // 200 bytes kept of each would be more than 11,000 kB.
    assert!(
        after_many < after_few + 4_000,
        "{after_few} kB, then {after_many} kB"
    );
}

#[test]
fn what_is_not_a_text_file_is_refused_as_a_whole_and_other_lists_go_on() {
    let server = Server::start();
    let dir = Dir::new();
    let good = server.url("/bytes/1");
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&b"\xff\xfe"[..], &utf16].concat();
    for (content, reason) in [
        (
            &b"\x7fELF\x02\0\n\n\n\n"[..],
            "binary file (NUL byte at offset 5); give a text file",
        ),
        (&marked, "this is UTF-16 text; convert it to UTF-8"),
        (&utf16, "binary file (NUL byte at offset 1)"),
    ] {
        let bad = dir.file("bad", content);
        let more = dir.file("more", &good);
        let run = pfetch(&["-i", &bad, "-i", &more]).run();
        run.exits(2)
            .complains_in_a_line()
            .says(&format!("pfetch: warning: {bad}: "))
            .says(reason)
            .prints("1 URL: 1 ok");
        let run = pfetch::<&str>(&[]).stdin(content).run();
        run.exits(2)
            .complains_in_a_line()
            .says("<stdin>: ")
            .says(reason);
    }
}

#[test]
fn an_argument_that_is_not_utf8_is_a_failed_url_and_the_rest_goes_on() {
    let server = Server::start();
    let bad = [server.url("/caf").as_bytes(), b"\xe9"].concat();
    let run = pfetch(&["--retry=0", "-j1", &server.url("/bytes/1")]).arg(&bad);
    let run = run.arg(server.url("/bytes/2").as_bytes()).run().exits(1);
    let column = bad.len();
    run.says_nothing()
        .prints(&format!(
            "argument 2: not UTF-8: byte 0xe9 at column {column}"
        ))
        .prints("percent-encode it")
        .prints("3 URLs: 2 ok, 1 failed");
    assert_eq!(server.targets(), ["/bytes/1", "/bytes/2"]);
    let secret = [&b"http://joe:hush\xff@h/"[..]];
    let run = pfetch::<&str>(&[]).arg(secret[0]).run().exits(1);
    run.never_shows("hush");
}

#[test]
fn damaged_lines_are_named_and_the_good_ones_around_them_fetched() {
    let server = Server::start();
    let (first, last) = (server.url("/bytes/1"), server.url("/bytes/2"));
    let long = [b"http://h/".to_vec(), vec![b'a'; 1_000_000]].concat();
    let cases: [(&[u8], &str); 12] = [
        (
            &long,
            "list:2: the line has 1000009 bytes; at most 131072 are read as a URL",
        ),
        (
            &long[..20_000],
            "list:2: the URL is 20000 bytes long; at most 16384 can be sent",
        ),
        (
            b"http://h/\xff",
            "list:2: not UTF-8: byte 0xff at column 10; percent-encode it",
        ),
        (
            b"http://h/a\x1b[2Jb",
            "list:2: control character U+001B at column 11; percent-encode",
        ),
        (
            b"http://h/a\rb",
            "list:2: control character U+000D at column 11",
        ),
        (
            b"http://h/a\x00b",
            "list:2: control character U+0000 at column 11",
        ),
        (
            b"http://h:99999/",
            "list:2: not a valid URL: the port is not a number from 0 to 65535",
        ),
        (b"http://", "list:2: not a valid URL: there is no host name"),
        (
            b"gopher://h/",
            "list:2: scheme \"gopher\" is not supported; use http or https",
        ),
        (
            b"{",
            "list:2: the object has no end on its line: a brace or a quote is missing at column 1; an object is one line",
        ),
        (
            b"{\"url\": 7}",
            "list:2: \"url\" is a number, and takes text",
        ),
        (b"{\"url\": \"\"}", "list:2: the URL is empty"),
    ];
    let dir = Dir::new();
    for (line, reason) in cases {
        // The beginning of a list is what decides whether it is text.
        let first = format!(
            "{first}{}",
            " ".repeat(70_000 * usize::from(line.contains(&0)))
        );
        let content = [first.as_bytes(), b"\n", line, b"\n", last.as_bytes(), b"\n"].concat();
        let list = dir.file("list", content);
        let run = pfetch(&["-i", &list])
            .run()
            .says_nothing()
            .shows_plain_text();
        let failed = 1 + usize::from(first.len() > 131_072);
        run.exits(1)
            .prints(reason)
            .prints(&last)
            .prints(&format!("3 URLs: {} ok, {failed} failed", 3 - failed));
    }
}

#[test]
fn line_ends_and_marks_of_other_systems_are_taken() {
    let server = Server::start();
    let (one, two) = (server.url("/bytes/1"), server.url("/bytes/2"));
    for content in [
        format!("{one}\n{two}"),
        format!("{one}\r\n{two}\r\n"),
        format!("\u{feff}{one}\n{two}\n"),
        format!("\u{feff}{one}\r\n\r\n  {two}"),
    ] {
        let run = pfetch(&["--order=input", "-"]).stdin(content).run();
        let run = run.exits(0).says_nothing();
        run.prints(&format!("{one}\n")).prints(&format!("{two}\n"));
    }
    assert_eq!(server.targets().len(), 8);
}

#[test]
fn hostile_lines_reach_no_terminal() {
    let server = Server::start();
    let list = [
        "http://h/\u{1b}]0;owned\u{7}",
        "http://[\u{202e}\u{2066}]/",
        "\u{1b}[31mred\u{202e}",
        "http://h:x/\u{9b}31m\u{2028}",
        "{\"url\": \"http://h/\\u001b[2J\"}",
        "{\"\u{202e}\\u001b\": 1}",
        "{\"url\": \"h\", \"headers\": {\"\\u001b\u{202e}\": \"x\"}}",
        "{\"url\": \"h\", \"action\": \"\\u001b[2J\u{202e}\"}",
        "\u{202e}://h/",
    ]
    .join("\n");
    let fine = server.url("/\u{202e}\u{2066}x");
    for format in ["human", "jsonl"] {
        let run = pfetch(&["--progress=always", "--format", format, "-"]);
        let run = run.stdin(format!("{list}\n{fine}\n")).run();
        // That last one is a URL, and is sent and shown percent-encoded.
        run.exits(1)
            .shows_plain_text()
            .prints("/%E2%80%AE%E2%81%A6x");
        let run = pfetch(&["--strict", "--format", format, "-"])
            .stdin(&list)
            .run();
        run.exits(2).shows_plain_text().complains_in_a_line();
        pfetch(&["--format", format, "h:x/\u{1b}\u{202e}"])
            .run()
            .exits(1)
            .shows_plain_text();
    }
}

/// Taught by a token that stood in four reports, for a byte that was not UTF-8 or a line of over 64 KiB.
#[test]
fn no_report_shows_a_secret_of_a_line_that_cannot_be_read() {
    let long = "a".repeat(70_000);
    let headers = r#""headers":{"Authorization":"Bearer hush"}"#;
    let lines: Vec<Vec<u8>> = vec![
        [
            format!("{{{headers},\"url\":\"http://h/").as_bytes(),
            b"\xff\"}",
        ]
        .concat(),
        format!("{{{headers},\"url\":\"http://h/{long}\"}}").into_bytes(),
        format!("{{{headers},\"url\":\"http://h/\"").into_bytes(),
        format!("{{{headers},\"url\":\"http://h:99999/\"}}").into_bytes(),
        format!("{{{headers},\"url\":5}}").into_bytes(),
        format!("{{{headers},\"url\":\"h\",\"Cookie: hush\":1}}").into_bytes(),
        format!("\u{feff}{{{headers}}}").into_bytes(),
        format!("data: {{{headers}}}").into_bytes(),
        headers.as_bytes().to_vec(),
        format!("http://joe:hush{long}@h/").into_bytes(),
        [&b"http://joe:hush@h/"[..], b"\xff"].concat(),
    ];
    let formats = [
        "csv", "har", "html", "json", "jsonl", "md", "svg", "trace", "xml",
    ];
    for line in &lines {
        let shown = String::from_utf8_lossy(&line[..line.len().min(90)]).into_owned();
        for options in [&[][..], &["--format=jsonl", "-v"], &["-qq", "--strict"]] {
            let dir = Dir::new();
            let path = |name: &str| dir.path().join(name).display().to_string();
            let exports =
                formats.map(|format| format!("--export={}", path(&format!("r.{format}"))));
            let log = format!("--log={}", path("run.log"));
            let mut args: Vec<&str> = exports.iter().map(String::as_str).collect();
            args.extend([&*log, "-i", "-"]);
            args.extend(options);
            let run = pfetch(&args).stdin(line).run().never_shows("hush");
            run.check(&shown, matches!(run.status.code(), Some(1 | 2)));
            for name in formats
                .map(|format| format!("r.{format}"))
                .iter()
                .chain([&"run.log".to_owned()])
            {
                let bytes = fs::read(path(name)).unwrap_or_default();
                run.check(name, !bytes.is_empty());
                let text = String::from_utf8_lossy(&bytes);
                run.check(
                    &format!("{shown} in {name}: {text}"),
                    !text.contains("hush"),
                );
            }
        }
    }
}

#[test]
fn a_nul_ends_each_url_and_json_object_of_a_list() {
    let server = Server::start();
    let dir = Dir::new();
    let urls: Vec<String> = (1..4)
        .map(|number| server.url(&format!("/bytes/{number}")))
        .collect();
    let json = format!(
        "{{\n  \"url\": \"{}\",\n  \"action\": \"head\"\n}}",
        urls[2]
    );
    let long: String = (0..2_000).map(|_| format!("{}\0", urls[0])).collect();
    for (list, ok) in [
        (format!("{}\0{}\0", urls[0], urls[1]), 2),
        // The last one need not end.
        (format!("{}\0{}", urls[0], urls[1]), 2),
        (format!("\0\0{}\0 \n\0# comment\0", urls[0]), 1),
        (format!("{}\n\0{json}\0\n", urls[0]), 2),
        (format!("\u{feff}{}\0", urls[0]), 1),
        (long, 2_000),
    ] {
        let file = dir.file("list", &list);
        for args in [&["-0", "-i", &file][..], &["--null", "-"], &["-0"]] {
            let run = pfetch(&[args, &["--format=jsonl"]].concat());
            let run = run.stdin(&list).run().exits(0).says_nothing();
            run.check(&format!("{ok} of {list:.200?}"), run.summary()["ok"] == ok);
        }
    }
}

#[test]
fn a_bad_record_is_named_by_its_number_and_a_list_of_lines_says_what_it_is() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    for (list, reasons) in [
        (
            format!("{url}\0ftp://h/\0{url}\0{{\"x\": 1}}\0"),
            &["<stdin>, record 2: ", "<stdin>, record 4: "][..],
        ),
        (
            format!("{url}\n{url}\n"),
            &[
                "<stdin>, record 1: ",
                "(there are line ends in it: without -0, each ends a URL)",
            ],
        ),
        // Not a comment, not a list in lines, and no NUL that a list in lines would have.
        (format!("a\u{1}b\0{url}"), &["<stdin>, record 1: "]),
    ] {
        let run = pfetch(&["-0"]).stdin(&list).run().exits(1);
        let run = run.shows_plain_text();
        for reason in reasons {
            run.check(reason, run.stdout.contains(reason));
        }
    }
    let lines = pfetch(&["-"])
        .stdin(format!("{url}\0{url}\0"))
        .run()
        .exits(2);
    lines.says("or -0 if a NUL ends each");
}

/// A `while read` loop has its own list on standard input.
#[test]
fn standard_input_is_left_alone_beside_a_url_or_a_list() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    let list = dir.file("list", format!("{url}\n"));
    for args in [[&url, ""], ["-i", &list]] {
        let args: Vec<&str> = args.into_iter().filter(|arg| !arg.is_empty()).collect();
        let read_on = "\"$@\" && cat";
        let run = pfetch(&args).under(&["sh", "-c", read_on, "sh"]);
        let run = run.stdin("ftp://not-read/\n").run().exits(0);
        run.prints("1 URL: 1 ok").prints("\nftp://not-read/\n");
    }
}
