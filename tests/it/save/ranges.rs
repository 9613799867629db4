//! The rest of a body that broke off, in all the ways in which servers give it, for files and for the output:
//! what fits is continued, and of what does not the whole is asked for.

use std::fs;

use crate::pfetch::Dir;
use crate::save::resume::{HELD, OVERLAP, SIZE, breaking, dated, version};
use crate::save::support::{LONG_AGO_SECONDS, Version, asked_from, other_bytes, response, save};
use crate::save::ways::{FROM, WAYS, Way, chunked, fetch, partial};
use crate::server::bytes;

#[test]
fn a_range_that_fits_is_continued_whatever_it_leaves_out() {
    let rest = format!("Content-Range: bytes {FROM}-299999/300000\r\n");
    let tagged = |range: &str| format!("ETag: \"v1\"\r\n{range}");
    let of_200 = |headers: &str| {
        let body = &bytes(SIZE)[FROM..];
        response("200 OK", headers, body.len(), body)
    };
    let unknown = format!("Content-Range: bytes {FROM}-299999/*\r\n");
    let answers = [
        ("all of it", partial(&tagged(&rest), FROM, SIZE)),
        ("no validator", partial(&rest, FROM, SIZE)),
        ("an unknown total", partial(&tagged(&unknown), FROM, SIZE)),
        ("neither", partial(&unknown, FROM, SIZE)),
        ("a unit as in a request", {
            let range = format!("Content-Range: bytes={FROM}-299999/300000\r\n");
            partial(&range, FROM, SIZE)
        }),
        ("an earlier start", version().part(FROM - 1, SIZE)),
        ("a much earlier start", version().part(10, SIZE)),
        ("the beginning", version().part(0, SIZE)),
        (
            "no length",
            chunked("206 -", &tagged(&rest), &bytes(SIZE)[FROM..]),
        ),
        ("the status of a whole", of_200(&tagged(&rest))),
        ("that and an unknown total", of_200(&tagged(&unknown))),
        (
            "that and an earlier start",
            response(
                "200 OK",
                "ETag: \"v1\"\r\nContent-Range: bytes 10-299999/300000\r\n",
                SIZE - 10,
                &bytes(SIZE)[10..],
            ),
        ),
    ];
    for way in WAYS {
        for (what, answer) in answers.clone() {
            let fetched = fetch(way, &version().cut(HELD), move |_, _| answer.clone());
            let asked = [None, Some(FROM)];
            fetched.is(&format!("{what}, {way:?}"), &bytes(SIZE), &asked);
        }
        // RFC 9110, 15.3.7: an answer to If-Range leaves the date out.
        let answer = partial(&rest, FROM, SIZE);
        let fetched = fetch(way, &dated().cut(HELD), move |_, _| answer.clone());
        let asked = [None, Some(FROM)];
        fetched.is(&format!("no date, {way:?}"), &bytes(SIZE), &asked);
    }
}

#[test]
fn of_what_does_not_fit_the_whole_is_asked_for() {
    let rest = format!("ETag: \"v1\"\r\nContent-Range: bytes {FROM}-299999/300000\r\n");
    let tail = &bytes(SIZE)[FROM..];
    let boundary = format!("--x\r\n{rest}\r\n");
    let several = [boundary.as_bytes(), tail, b"\r\n--x--\r\n"].concat();
    let with = |range: &str| {
        let headers = format!("ETag: \"v1\"\r\nContent-Range: {range}\r\n");
        partial(&headers, FROM, SIZE)
    };
    let date = "Last-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n";
    let answers = [
        ("a later start", version().part(FROM + 1, SIZE)),
        ("bytes from elsewhere", {
            let from = FROM - 1;
            let body = &bytes(SIZE)[from..SIZE - 1];
            response("206 -", &rest, body.len(), body)
        }),
        ("nothing new", version().part(FROM, HELD)),
        ("no range", partial("ETag: \"v1\"\r\n", FROM, SIZE)),
        ("a unit of another kind", with("items 95904-299999/300000")),
        ("another total", with("bytes 95904-299999/300001")),
        ("another count", with("bytes 95904-299998/300000")),
        ("a range past the end", with("bytes 95904-300000/300000")),
        ("a range backwards", with("bytes 95904-95903/300000")),
        (
            "two ranges",
            with("bytes 95904-299999/300000\r\nContent-Range: bytes 95903-299998/300000"),
        ),
        (
            "several parts",
            response(
                "206 -",
                "ETag: \"v1\"\r\nContent-Type: multipart/byteranges; boundary=x\r\n",
                several.len(),
                &several,
            ),
        ),
        (
            "another ETag",
            partial(&rest.replace("v1", "v2"), FROM, SIZE),
        ),
        (
            "other bytes",
            Version::tagged("\"v1\"", &other_bytes(SIZE)).part(FROM, SIZE),
        ),
        (
            "a slice under 200",
            response("200 OK", "", tail.len(), tail),
        ),
        (
            "a slice under 200, with the ETag",
            response("200 OK", "ETag: \"v1\"\r\n", tail.len(), tail),
        ),
        (
            "a slice under 200, in chunks",
            chunked("200 OK", "ETag: \"v1\"\r\n", tail),
        ),
        (
            "416 of what is there",
            response("416 -", "Content-Range: bytes */100000\r\n", 0, b""),
        ),
        (
            "416 of all",
            response("416 -", "Content-Range: bytes */300000\r\n", 0, b""),
        ),
        ("416", response("416 -", "", 0, b"")),
        ("403", response("403 -", "", 0, b"")),
        ("501", response("501 -", "", 0, b"")),
    ];
    let dated_answers = [(
        "another date",
        partial(&rest.replace("ETag: \"v1\"\r\n", date), FROM, SIZE),
    )];
    let dated_answers = dated_answers.map(|(what, answer)| (what, answer, dated()));
    let answers = answers.map(|(what, answer)| (what, answer, version()));
    for way in WAYS {
        for (what, answer, first) in answers.iter().chain(&dated_answers) {
            let (answer, whole) = (answer.clone(), first.clone());
            let fetched = fetch(way, &first.cut(HELD), move |number, head| match number {
                1 => answer.clone(),
                _ => whole.answer(head),
            });
            let what = format!("{what}, {way:?}");
            match way {
                Way::WrittenCat => fetched.is_broken(&what, &bytes(SIZE)),
                _ => fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), None]),
            }
        }
    }
}

#[test]
fn more_bytes_than_the_range_has_are_no_part_of_the_body() {
    let range = "ETag: \"v1\"\r\nContent-Range: bytes 95904-199999/300000\r\n";
    let answer = chunked("206 -", range, &bytes(SIZE)[FROM..]);
    for way in WAYS {
        let answer = answer.clone();
        let fetched = fetch(
            way,
            &version().cut(HELD),
            move |number, head| match number {
                1 => answer.clone(),
                _ => version().answer(head),
            },
        );
        let what = format!("{way:?}");
        // Those of the range itself may be in the output by the time that the first one behind it comes.
        match way {
            Way::WaitingCat if fetched.run.status.code() == Some(0) => {}
            Way::WaitingCat | Way::WrittenCat => {
                fetched.is_broken(&what, &bytes(SIZE));
                continue;
            }
            _ => {}
        }
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), None]);
    }
}

/// Answers with at most this many bytes of a range, with or without the total.
fn capped(cap: usize, has_total: bool) -> impl Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static {
    move |_, head| match asked_from(head) {
        Some(from) => {
            let to = SIZE.min(from + cap);
            let total = if has_total { "300000" } else { "*" };
            let headers = format!("Content-Range: bytes {from}-{}/{total}\r\n", to - 1);
            partial(&headers, from, to)
        }
        None => version().whole(),
    }
}

#[test]
fn a_range_that_is_shorter_than_asked_for_is_progress_and_the_rest_is_asked_for() {
    for way in WAYS {
        for (cap, has_total) in [(150_000, true), (30_000, false), (8_000, true)] {
            let what = format!("{cap} bytes, {way:?}");
            let fetched = fetch(way, &version().cut(HELD), capped(cap, has_total));
            let mut asked = vec![None, Some(FROM)];
            let mut end = FROM + cap;
            while end < SIZE {
                asked.push(Some(end - OVERLAP));
                end += cap - OVERLAP;
            }
            fetched.is(&what, &bytes(SIZE), &asked);
            if way == Way::Retry {
                let result = fetched.run.result();
                let earlier = result["earlier"].as_array().map(Vec::len);
                fetched
                    .run
                    .check(&format!("{what}: one failure"), earlier == Some(1));
                let from = &result["saved"]["resumed_from"];
                fetched.run.check(&format!("{what}: {from}"), *from == HELD);
            }
        }
    }
}

#[test]
fn an_end_that_no_length_shows_is_asked_for() {
    // Neither the first answer nor the range states how long the body is.
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for way in WAYS {
        let next = Some(SIZE - OVERLAP);
        let fetched = fetch(way, &first, |number, head| {
            match (number, asked_from(head)) {
                (1, Some(from)) => {
                    let headers = format!("Content-Range: bytes {from}-299999/*\r\n");
                    partial(&headers, from, SIZE)
                }
                (2, Some(_)) => response("416 -", "Content-Range: bytes */300000\r\n", 0, b""),
                _ => Vec::new(),
            }
        });
        let what = format!("416, {way:?}");
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), next]);
        let fetched = fetch(way, &first, |_, head| {
            let from = asked_from(head).unwrap_or_default();
            let total = if from > FROM { "300000" } else { "*" };
            let headers = format!("Content-Range: bytes {from}-299999/{total}\r\n");
            partial(&headers, from, SIZE)
        });
        let what = format!("a total, {way:?}");
        fetched.is(&what, &bytes(SIZE), &[None, Some(FROM), next]);
    }
}

#[test]
fn a_server_that_gives_the_rest_byte_by_byte_is_given_up() {
    for way in [Way::LaterRun, Way::WaitingCat] {
        let fetched = fetch(way, &version().cut(HELD), capped(OVERLAP + 1, true));
        let what = format!("{way:?}");
        fetched
            .run
            .check(&what, fetched.run.status.code() == Some(1));
        let count = fetched.asked.len();
        fetched.run.check(&format!("{what}: {count}"), count < 200);
        let is_told = fetched.run.stdout.contains("shorter than asked for")
            || fetched.run.stderr.contains("shorter than asked for");
        fetched.run.check(&what, is_told);
    }
}

#[test]
fn a_range_that_ends_before_its_end_is_a_failure_and_goes_on() {
    let range = "ETag: \"v1\"\r\nContent-Range: bytes 95904-199999/300000\r\n";
    let broken = chunked("206 -", range, &bytes(SIZE)[FROM..150_000]);
    for way in [Way::Retry, Way::WaitingCat, Way::WrittenCat] {
        let broken = broken.clone();
        let fetched = fetch(
            way,
            &version().cut(HELD),
            move |number, head| match number {
                1 => broken.clone(),
                _ => version().answer(head),
            },
        );
        let asked = [None, Some(FROM), Some(150_000 - OVERLAP)];
        fetched.is(&format!("{way:?}"), &bytes(SIZE), &asked);
    }
}

#[test]
fn a_tail_after_a_body_of_no_stated_length_is_never_the_whole() {
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for length in [SIZE, HELD + 50_000] {
        // Longer than what is there, and shorter.
        let tail = bytes(length)[FROM..].to_vec();
        for etag in ["ETag: \"v1\"\r\n", ""] {
            let answers = [
                response("200 OK", etag, tail.len(), &tail),
                chunked("200 OK", etag, &tail),
            ];
            for (answer, way) in answers
                .iter()
                .flat_map(|answer| WAYS.map(|way| (answer, way)))
            {
                let answer = answer.clone();
                let whole = Version::tagged("\"v1\"", &bytes(length));
                let fetched = fetch(way, &first, move |number, _| match number {
                    1 => answer.clone(),
                    _ => whole.whole(),
                });
                let what = format!("{length}, {etag:?}, {way:?}");
                match way {
                    Way::WrittenCat => fetched.is_broken(&what, &bytes(length)),
                    _ => fetched.is(&what, &bytes(length), &[None, Some(FROM), None]),
                }
            }
        }
    }
    // A server that sends less than it has sent of this version, whatever it is asked for.
    let tail = bytes(HELD)[FROM..].to_vec();
    let answers = [
        response("200 OK", "ETag: \"v1\"\r\n", tail.len(), &tail),
        chunked("200 OK", "ETag: \"v1\"\r\n", &tail),
    ];
    for (answer, way) in answers
        .iter()
        .flat_map(|answer| WAYS.map(|way| (answer, way)))
    {
        let answer = answer.clone();
        let fetched = fetch(way, &first, move |_, _| answer.clone());
        let what = format!("{way:?}");
        fetched
            .run
            .check(&what, fetched.run.status.code() == Some(1));
        let is_none = match way {
            // What has been written cannot be taken back.
            Way::WaitingCat => true,
            Way::WrittenCat => fetched.body == Some(bytes(HELD)),
            _ => fetched.body.is_none(),
        };
        fetched.run.check(&what, is_none);
    }
}

#[test]
fn a_wrong_total_of_a_range_is_not_held_against_later_answers() {
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = |body: &[u8]| {
        let size = format!("{:x}\r\n", body.len());
        [head.as_bytes(), size.as_bytes(), body, b"\r\n"].concat()
    };
    let range = format!("ETag: \"v1\"\r\nContent-Range: bytes {FROM}-299999/300001\r\n");
    let wrong = partial(&range, FROM, SIZE);
    // The wrong total, one that contradicts it, a break, the truth.
    let broken = chunk(&bytes(HELD / 2));
    let fetched = fetch(
        Way::Retry,
        &chunk(&bytes(HELD)),
        move |number, head| match number {
            1 => wrong.clone(),
            2 => response(
                "206 -",
                "Content-Range: bytes 0-9/300002\r\n",
                10,
                b"elsewhere ",
            ),
            3 => broken.clone(),
            _ => version().answer(head),
        },
    );
    let asked = [
        None,
        Some(FROM),
        Some(SIZE - OVERLAP),
        None,
        Some(HELD / 2 - OVERLAP),
    ];
    fetched.is("in one run", &bytes(SIZE), &asked);
}

#[test]
fn a_416_of_another_version_completes_nothing() {
    // The connection ends before the last chunk: all bytes are there.
    let head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{HELD:x}\r\n");
    let first = [head.as_bytes(), chunk.as_bytes(), &bytes(HELD), b"\r\n"].concat();
    for (etag, is_same) in [("\"v1\"", true), ("\"v2\"", false)] {
        for way in WAYS {
            let headers = format!("ETag: {etag}\r\nContent-Range: bytes */100000\r\n");
            let new = Version::tagged(etag, &other_bytes(HELD));
            let fetched = fetch(way, &first, move |number, _| match number {
                1 => response("416 -", &headers, 0, b""),
                _ => new.whole(),
            });
            let what = format!("{etag}, {way:?}");
            match (is_same, way) {
                (true, _) => fetched.is(&what, &bytes(HELD), &[None, Some(FROM)]),
                (false, Way::WrittenCat) => fetched.is_broken(&what, &bytes(HELD)),
                (false, _) => {
                    fetched.is(&what, &other_bytes(HELD), &[None, Some(FROM), None]);
                }
            }
        }
    }
}

#[test]
fn the_checksum_is_of_all_ranges_together() {
    let sum = |body: &[u8]| -> String {
        let sum = ring::digest::digest(&ring::digest::SHA256, body);
        sum.as_ref().iter().map(|b| format!("{b:02x}")).collect()
    };
    for (wanted, is_right) in [(bytes(SIZE), true), (other_bytes(SIZE), false)] {
        let (dir, lists) = (Dir::on_disk(), Dir::new());
        let server = breaking(&version(), capped(30_000, true));
        let (url, sum) = (server.url("/file"), sum(&wanted));
        let line = format!("{{\"url\": \"{url}\", \"sha256\": \"{sum}\"}}\n");
        let list = lists.file("list", line);
        let run = save(&dir, &["--retry=1", "-i", &list], &[]);
        let run = run.exits(if is_right { 0 } else { 1 });
        let found = fs::read(dir.path().join("file")).ok();
        run.check(&sum, found == is_right.then(|| bytes(SIZE)));
        let plain = server
            .heads()
            .iter()
            .filter(|head| asked_from(head).is_none())
            .count();
        // A wrong sum may come of the part, so the whole is fetched once more.
        run.check(&format!("{plain}"), plain == if is_right { 1 } else { 2 });
    }
}

#[test]
fn a_file_keeps_its_date_though_the_range_does_not_repeat_it() {
    use std::os::unix::fs::MetadataExt;
    let dir = Dir::on_disk();
    let rest = format!("Content-Range: bytes {FROM}-299999/300000\r\n");
    let answer = partial(&rest, FROM, SIZE);
    let server = breaking(&dated(), move |_, _| answer.clone());
    let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
    let found = fs::metadata(dir.path().join("file"))
        .expect("it was saved")
        .mtime();
    run.check(&format!("{found}"), found == LONG_AGO_SECONDS);
}
