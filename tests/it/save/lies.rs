//! Servers that lie about parts: they never make a wrong file.

use std::{fs, io};

use crate::pfetch::Dir;
use crate::raw::{Raw, Wire};
use crate::save::resume::{HELD, OVERLAP, SIZE, breaking, dated, is_whole, resumed_from, version};
use crate::save::support::{Version, asked_from, holds, names, other_bytes, response, save};
use crate::server::bytes;

#[test]
fn a_version_that_has_changed_is_fetched_whole() {
    let shorter = Version::tagged("\"v2\"", &other_bytes(1000));
    let longer = Version::tagged("\"v2\"", &other_bytes(SIZE + 1));
    let as_long = Version::tagged("\"v2\"", &other_bytes(SIZE));
    for new in [shorter, longer, as_long] {
        for args in [&["--retry=1"][..], &["--retry=0"]] {
            let dir = Dir::on_disk();
            let answered = new.clone();
            let server = breaking(&version(), move |_, head| answered.answer(head));
            let url = server.url("/file");
            let mut run = save(&dir, args, &[&url]);
            if args == ["--retry=0"] {
                run = save(&dir, args, &[&url]);
            }
            let run = run.exits(0);
            is_whole(&run, &dir, &new.body);
            run.check("not resumed", resumed_from(&run).is_none());
            run.check("asked", asked_from(&server.heads()[1]).is_some());
            run.check("two requests", server.heads().len() == 2);
        }
    }
}

#[test]
fn a_wrong_part_is_never_used() {
    let from = HELD - OVERLAP;
    let rest = SIZE - from;
    let partial = |range: &str, tag: &str| {
        let headers = format!("ETag: {tag}\r\n{range}");
        response("206 Partial Content", &headers, rest, &bytes(SIZE)[from..])
    };
    let ranged = |range: &str| partial(&format!("Content-Range: {range}\r\n"), "\"v1\"");
    let right = format!("bytes {from}-299999/300000");
    let shifted = version().part(from + 1, SIZE);
    let boundary = format!("--x\r\nContent-Range: {right}\r\n\r\n");
    let several = [boundary.as_bytes(), &bytes(SIZE)[from..], b"\r\n--x--\r\n"].concat();
    let lies = [
        ("another start", shifted),
        (
            "the end of the part as its start",
            version().part(HELD, SIZE),
        ),
        (
            "another start, as it says",
            ranged("bytes 95903-299998/300000"),
        ),
        (
            "another length",
            ranged(&format!("bytes {from}-299999/300001")),
        ),
        ("no range", ranged(&format!("bytes {from}-/300000"))),
        (
            "a range past the end",
            ranged(&format!("bytes {from}-300000/300000")),
        ),
        ("a range backwards", ranged("bytes 95904-95903/300000")),
        (
            "another length of the range",
            ranged(&format!("bytes {from}-299998/300000")),
        ),
        (
            "another unit",
            ranged(&format!("items {from}-299999/300000")),
        ),
        (
            "a huge number",
            ranged(&format!("bytes {from}-99999999999999999999/300000")),
        ),
        ("no Content-Range", partial("", "\"v1\"")),
        (
            "several ranges",
            response(
                "206 Partial Content",
                "ETag: \"v1\"\r\nContent-Type: multipart/byteranges; boundary=x\r\n",
                several.len(),
                &several,
            ),
        ),
        (
            "another ETag",
            partial(&format!("Content-Range: {right}\r\n"), "\"v2\""),
        ),
        (
            "a weak ETag",
            partial(&format!("Content-Range: {right}\r\n"), "W/\"v1\""),
        ),
        (
            "other bytes",
            Version::tagged("\"v1\"", &other_bytes(SIZE)).part(from, SIZE),
        ),
        ("416 without a length", response("416 -", "", 0, b"")),
        (
            "416 of another length",
            response("416 -", "Content-Range: bytes */100001\r\n", 0, b""),
        ),
        (
            "416 of less",
            response("416 -", "Content-Range: bytes */0\r\n", 0, b""),
        ),
        // The body says how long it is: what is there is not all.
        (
            "416 of what is there",
            response("416 -", "Content-Range: bytes */100000\r\n", 0, b""),
        ),
    ];
    for (what, lie) in lies {
        let dir = Dir::on_disk();
        let server = breaking(&version(), move |number, head| match number {
            1 => lie.clone(),
            _ => version().answer(head),
        });
        let run = save(&dir, &["--retry=1"], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &version().body);
        run.check(what, resumed_from(&run).is_none());
        let heads = server.heads();
        run.check(what, heads.len() == 3);
        run.check(what, asked_from(&heads[1]) == Some(from));
        run.check(what, asked_from(&heads[2]).is_none());
    }
}

#[test]
fn a_range_under_the_status_of_the_whole_and_without_a_length_is_no_file() {
    let rest = &bytes(SIZE)[HELD - OVERLAP..];
    let size = format!("{:x}\r\n", rest.len());
    let chunked = [size.as_bytes(), rest, b"\r\n0\r\n\r\n"].concat();
    let ends: [(&str, &[u8]); 2] = [
        ("Transfer-Encoding: chunked\r\n", &chunked),
        // To the end of the connection.
        ("", rest),
    ];
    // With the validator of the part, and without any.
    let first = [
        (version(), String::new()),
        (dated(), dated().headers),
        (dated(), String::new()),
    ];
    for (part, headers) in first {
        for (framing, body) in ends {
            let head = format!("HTTP/1.1 200 OK\r\n{headers}{framing}Connection: close\r\n\r\n");
            let lie = [head.as_bytes(), body].concat();
            let dir = Dir::on_disk();
            let whole = part.clone();
            let server = breaking(&part, move |number, head| match number {
                1 => lie.clone(),
                _ => whole.answer(head),
            });
            let run = save(&dir, &["--retry=1"], &[&server.url("/file")]).exits(0);
            is_whole(&run, &dir, &part.body);
            run.check(&head, resumed_from(&run).is_none());
            let asked: Vec<_> = server.heads().iter().map(|head| asked_from(head)).collect();
            run.check(
                &format!("{head}: {asked:?}"),
                asked == [None, Some(HELD - OVERLAP), None],
            );
        }
    }
}

#[test]
fn one_byte_that_differs_near_the_end_of_the_part_is_noticed() {
    for at in [HELD - OVERLAP, HELD - OVERLAP / 2, HELD - 1] {
        let dir = Dir::on_disk();
        let mut new = version();
        new.body[at] ^= 1;
        let content = new.body.clone();
        let server = breaking(&version(), move |_, head| new.answer(head));
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &content);
        run.check("not resumed", resumed_from(&run).is_none());
    }
}

#[test]
fn a_part_that_is_damaged_is_fetched_again_if_the_checksum_shows_it() {
    let sum = ring::digest::digest(&ring::digest::SHA256, &version().body);
    let sum: String = sum.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    for is_damaged in [false, true] {
        let dir = Dir::on_disk();
        let server = breaking(&version(), |_, head| version().answer(head));
        let url = server.url("/file");
        let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
        run.check("a part is left", names(dir.path()) == ["file.part"]);
        if is_damaged {
            use std::os::unix::fs::FileExt;
            let part = fs::OpenOptions::new()
                .write(true)
                .open(dir.path().join("file.part"));
            part.unwrap().write_all_at(b"rot", 10).unwrap();
        }
        let list = dir.file(
            "list",
            format!("{{\"url\": \"{url}\", \"sha256\": \"{sum}\"}}\n"),
        );
        let run = save(&dir, &["-i", &list], &[]).exits(0);
        fs::remove_file(&list).unwrap();
        is_whole(&run, &dir, &version().body);
        run.check("sum", run.result()["saved"]["sha256"] == sum);
        run.check("resumed", resumed_from(&run).is_none() == is_damaged);
        run.check(
            "requests",
            server.heads().len() == if is_damaged { 3 } else { 2 },
        );
    }
}

#[test]
fn a_part_that_turns_out_to_be_all_is_complete() {
    // The connection ends before the last chunk: all bytes are there, and nobody knows.
    let body = bytes(HELD);
    let size = body.len();
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cut = [
        head.as_bytes(),
        format!("{size:x}\r\n").as_bytes(),
        &body,
        b"\r\n",
    ]
    .concat();
    for told in [HELD, HELD - 1] {
        let dir = Dir::on_disk();
        let cut = cut.clone();
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            (Some(_), 0) => wire.send(&cut),
            (Some(_), 1) => {
                let range = format!("Content-Range: bytes */{told}\r\n");
                wire.send(response("416 -", &range, 0, b""))
            }
            (Some(_), _) => wire.send(Version::tagged("\"v1\"", &bytes(HELD)).whole()),
        });
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &body);
        let is_all = told == HELD;
        run.check("resumed", resumed_from(&run).is_some() == is_all);
        run.check(
            "requests",
            server.heads().len() == if is_all { 2 } else { 3 },
        );
    }
}

#[test]
fn a_part_that_nobody_asked_for_is_no_file() {
    for (from, to) in [(0, SIZE - 1), (1000, SIZE)] {
        let dir = Dir::on_disk();
        let server = Raw::start(move |mut wire| match wire.head() {
            Some(_) => wire.send(version().part(from, to)),
            None => Ok(()),
        });
        let run = save(&dir, &[], &[&server.url("/file")]).exits(1);
        holds(&run, dir.path(), &[]);
        let result = run.result();
        run.check("kind", result["error"]["kind"] == "protocol");
        run.check("saved", result["saved"].is_null());
        run.check("once", server.heads().len() == 1);
    }
}

#[test]
fn truncated_and_reset_bodies_never_get_the_name() {
    // The rule that a name is given by a rename, and to what is whole only.
    type Fault = fn(Wire<'_>) -> io::Result<()>;
    let ends: [(&str, Fault); 4] = [
        ("closed", |mut wire| wire.send(version().cut(HELD))),
        ("reset", |mut wire| {
            wire.send(version().cut(HELD))?;
            wire.reset()
        }),
        ("reset without a length", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\r\nsome")?;
            wire.reset()
        }),
        ("cut in a chunk", |mut wire| {
            wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nsome")
        }),
    ];
    for (what, fault) in ends {
        let dir = Dir::on_disk();
        let server = Raw::start(move |mut wire| match wire.head() {
            Some(_) => fault(wire),
            None => Ok(()),
        });
        let run = save(&dir, &["--retry=1"], &[&server.url("/file")]).exits(1);
        run.check(what, !dir.path().join("file").exists());
        run.check(what, run.result()["error"]["kind"] == "closed");
        run.check(what, run.result()["saved"].is_null());
    }
}

#[test]
fn what_is_refused_after_a_retry_leaves_nothing() {
    let wrong = "0".repeat(64);
    for (server, is_large) in [
        (breaking(&version(), |_, head| version().answer(head)), true),
        (
            breaking(&version(), |_, _| {
                Version::tagged("\"v2\"", b"small").whole()
            }),
            false,
        ),
    ] {
        let what = format!("large: {is_large}");
        let dir = Dir::on_disk();
        let lists = Dir::new();
        let line = format!(
            "{{\"url\": \"{}\", \"sha256\": \"{wrong}\"}}\n",
            server.url("/file")
        );
        let list = lists.file("list", line);
        let run = save(&dir, &["-i", &list], &[]).exits(1);
        let result = run.result();
        run.check(&what, result["error"]["kind"] == "checksum");
        run.check(&what, result["earlier"][0]["error"]["kind"] == "closed");
        holds(&run, dir.path(), &[]);
    }
    // Nor does what turns out to be there already.
    let dir = Dir::on_disk();
    dir.file("file", bytes(SIZE));
    let server = breaking(&version(), |_, head| version().answer(head));
    let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    is_whole(&run, &dir, &bytes(SIZE));
}

#[test]
fn a_part_that_an_earlier_run_has_left_stays_when_the_server_has_only_errors() {
    let dir = Dir::on_disk();
    let server = breaking(&version(), |_, _| response("404 -", "", 0, b""));
    let url = server.url("/file");
    save(&dir, &["--retry=0"], &[&url]).exits(1);
    let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
    run.check("kind", run.result()["error"]["kind"] == "status");
    holds(&run, dir.path(), &[("file.part", &bytes(SIZE)[..HELD])]);
}
