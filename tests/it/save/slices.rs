//! Parts of a body under the status of a whole: never taken for the whole.

use std::fs;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::resume::{HELD, OVERLAP, SIZE, breaking, is_whole, resumed_from, version};
use crate::save::support::{Version, asked_from, holds, other_bytes, response, save};
use crate::server::bytes;

/// The first position that is asked for.
const FROM: usize = HELD - OVERLAP;

/// A 200 with these headers and this body.
fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    response("200 OK", headers, body.len(), body)
}

/// The rest of the body, under the status of a whole, with these headers.
fn rest(headers: &str) -> Vec<u8> {
    ok(headers, &bytes(SIZE)[FROM..])
}

/// A body without a stated length, whose end is that of its connection.
fn unmeasured(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Saves from a server whose first body breaks off and whose second answer is `second`; all others are
/// as they should be. The second request is a retry, or a later run's.
fn saved(dir: &Dir, second: &[u8], is_later_run: bool) -> (Run, Vec<String>) {
    let second = second.to_vec();
    let server = breaking(&version(), move |number, head| match number {
        1 => second.clone(),
        _ => version().answer(head),
    });
    let url = server.url("/file");
    let run = if is_later_run {
        save(dir, &["--retry=0"], &[&url]).exits(1);
        save(dir, &["--retry=0"], &[&url])
    } else {
        save(dir, &["--retry=1"], &[&url])
    };
    (run, server.heads())
}

#[test]
fn a_rest_under_the_status_of_a_whole_is_continued_if_all_of_it_fits() {
    let range = format!("Content-Range: bytes {FROM}-299999/300000\r\n");
    let second = rest(&format!("ETag: \"v1\"\r\n{range}"));
    for is_later_run in [false, true] {
        let dir = Dir::on_disk();
        let (run, heads) = saved(&dir, &second, is_later_run);
        let run = run.exits(0);
        is_whole(&run, &dir, &version().body);
        run.check("resumed", resumed_from(&run) == Some(HELD as u64));
        run.check("two requests", heads.len() == 2);
    }
}

#[test]
fn a_slice_that_does_not_fit_is_asked_for_again_as_a_whole() {
    let tagged = |headers: &str| format!("ETag: \"v1\"\r\n{headers}");
    let ranged = |range: &str| rest(&tagged(&format!("Content-Range: {range}\r\n")));
    let right = format!("Content-Range: bytes {FROM}-299999/300000\r\n");
    let slices = [
        ("another start", ranged("bytes 95903-299998/300000")),
        (
            "another total",
            ranged(&format!("bytes {FROM}-299999/300001")),
        ),
        (
            "another count",
            ranged(&format!("bytes {FROM}-299998/300000")),
        ),
        (
            "another unit",
            ranged(&format!("items {FROM}-299999/300000")),
        ),
        ("no positions", ranged("bytes */300000")),
        ("all, and only some comes", ranged("bytes 0-299999/300000")),
        ("another version", rest(&format!("ETag: \"v2\"\r\n{right}"))),
        (
            "other bytes",
            ok(&tagged(&right), &other_bytes(SIZE)[FROM..]),
        ),
        // Only the length shows it.
        ("no range", rest(&tagged(""))),
        (
            "no range, an earlier start",
            ok(&tagged(""), &bytes(SIZE)[1..]),
        ),
        ("too much", ok(&tagged(""), &bytes(SIZE + 1))),
        ("no range, no ETag", rest("")),
    ];
    for (what, slice) in slices {
        for is_later_run in [false, true] {
            let dir = Dir::on_disk();
            let (run, heads) = saved(&dir, &slice, is_later_run);
            let run = run.exits(0);
            is_whole(&run, &dir, &version().body);
            run.check(what, resumed_from(&run).is_none());
            run.check(what, heads.len() == 3);
            run.check(what, asked_from(&heads[1]) == Some(FROM));
            run.check(what, asked_from(&heads[2]).is_none());
        }
    }
}

#[test]
fn a_whole_that_says_so_is_taken_in_the_place_of_a_part() {
    let new = other_bytes(1000);
    for headers in [
        "ETag: \"v2\"\r\nContent-Range: bytes 0-999/1000\r\n",
        "ETag: \"v2\"\r\n",
        "ETag: W/\"v1\"\r\n",
    ] {
        for is_later_run in [false, true] {
            let dir = Dir::on_disk();
            let (run, heads) = saved(&dir, &ok(headers, &new), is_later_run);
            let run = run.exits(0);
            is_whole(&run, &dir, &new);
            run.check(headers, resumed_from(&run).is_none());
            run.check(headers, heads.len() == 2);
        }
    }
}

#[test]
fn a_server_that_keeps_contradicting_the_length_of_a_version_is_a_failure() {
    let short = Version::tagged("\"v1\"", &bytes(200_000));
    for option in ["-d", "-o"] {
        let dir = Dir::on_disk();
        let path = dir.path().join("file");
        let place = match option {
            "-d" => dir.path().to_str().unwrap(),
            _ => path.to_str().unwrap(),
        };
        let answered = short.clone();
        let server = breaking(&version(), move |_, _| answered.whole());
        let options = ["--format=jsonl", "--retry-delay=1ms", "--retry=1"];
        let url = server.url("/file");
        let run = pfetch(&[&options[..], &[option, place, &url]].concat()).run();
        let run = run.exits(1);
        let error = &run.result()["error"];
        run.check(option, error["kind"] == "protocol");
        let message = error["message"].as_str().unwrap_or_default();
        let is_told = message.contains("300000 bytes") && message.contains("200000 at another");
        run.check(option, is_told);
        // What came before stays, for a server that is right one day.
        holds(&run, dir.path(), &[("file.part", &bytes(HELD))]);
        run.check(option, server.heads().len() == 3);
    }
}

#[test]
fn a_body_of_no_stated_length_is_held_against_that_of_its_version() {
    for (body, is_right) in [
        (bytes(SIZE), true),
        (bytes(SIZE)[FROM..].to_vec(), false),
        (bytes(SIZE + 1), false),
    ] {
        let what = format!("{} bytes", body.len());
        let dir = Dir::on_disk();
        // In answer to the range it may be that.
        let (run, heads) = saved(&dir, &unmeasured("ETag: \"v1\"\r\n", &body), true);
        is_whole(&run.exits(0), &dir, &version().body);
        assert_eq!(heads.len(), 3, "{what}: {heads:?}");
        // In answer to the request for the whole it has to be that.
        let dir = Dir::on_disk();
        let answer = unmeasured("ETag: \"v1\"\r\n", &body);
        let server = breaking(&version(), move |_, _| answer.clone());
        let url = server.url("/file");
        save(&dir, &["--retry=0"], &[&url]).exits(1);
        let run = save(&dir, &["--retry=0"], &[&url]);
        if is_right {
            is_whole(&run.exits(0), &dir, &body);
        } else {
            let run = run.exits(1);
            run.check(&what, run.result()["error"]["kind"] == "closed");
            run.check(&what, !dir.path().join("file").exists());
        }
    }
    // Another version may have any.
    let dir = Dir::on_disk();
    let body = other_bytes(1000);
    let (run, _) = saved(&dir, &unmeasured("ETag: \"v2\"\r\n", &body), true);
    is_whole(&run.exits(0), &dir, &body);
}

#[test]
fn no_resume_takes_what_comes_whatever_came_before() {
    let dir = Dir::on_disk();
    let short = Version::tagged("\"v1\"", &bytes(200_000));
    let content = short.body.clone();
    let server = breaking(&version(), move |_, _| short.whole());
    let url = server.url("/file");
    save(&dir, &["--retry=0"], &[&url]).exits(1);
    let run = save(&dir, &["--retry=0", "--no-resume"], &[&url]).exits(0);
    is_whole(&run, &dir, &content);
    run.check("two requests", server.heads().len() == 2);
}

/// A server that answers every request with this.
fn always(answer: Vec<u8>) -> Raw {
    Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&answer),
        None => Ok(()),
    })
}

#[test]
fn a_slice_of_what_was_asked_for_as_a_whole_is_refused_wherever_it_goes() {
    for range in [
        "bytes 0-99/1000",
        "bytes 900-999/1000",
        "bytes 900-999/*",
        "bytes 0-99/*",
        "bytes=900-999/1000",
    ] {
        let headers = format!("ETag: \"v1\"\r\nContent-Range: {range}\r\n");
        let server = always(ok(&headers, &bytes(100)));
        let url = server.url("/file");
        let dir = Dir::on_disk();
        let run = save(&dir, &["--retry=1"], &[&url]).exits(1);
        let error = &run.result()["error"];
        run.check(range, error["kind"] == "protocol");
        let message = error["message"].as_str().unwrap_or_default();
        run.check(range, message.contains(range));
        holds(&run, dir.path(), &[]);
        let run = pfetch(&["--format=jsonl", &url]).run().exits(1);
        run.check(range, run.result()["error"]["kind"] == "protocol");
        run.check("once each", server.heads().len() == 2);
        let run = pfetch(&["--cat", &url]).run().exits(1);
        run.check(range, run.stdout.is_empty());
        // A HEAD has no body that could be a part.
        pfetch(&["-I", &url]).run().exits(0);
    }
}

#[test]
fn a_range_that_is_all_is_held_against_what_comes_where_no_length_is_stated() {
    let whole = bytes(1500);
    let range = "Content-Range: bytes 0-1499/1500\r\n";
    let chunked = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\n{range}Transfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("{:x}\r\n", body.len());
        [head.as_bytes(), chunk.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
    };
    let cases = [
        (unmeasured(range, &whole), true),
        (unmeasured(range, &whole[..5]), false),
        (chunked(&whole), true),
        (chunked(&whole[..100]), false),
        // Two ranges, of which one is a part's.
        (
            unmeasured(
                "Content-Range: bytes 0-99/100\r\nContent-Range: bytes 0-99/1500\r\n",
                &whole[..100],
            ),
            false,
        ),
    ];
    for (answer, is_good) in cases {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
        let server = Raw::start(move |mut wire| {
            wire.request();
            wire.send(&answer)
        });
        let url = server.url("/file");
        let code = if is_good { 0 } else { 1 };
        let dir = Dir::on_disk();
        let run = save(&dir, &["--retry=0"], &[&url]).exits(code);
        let saved = fs::read(dir.path().join("file")).ok();
        run.check(&shown, saved.is_some() == is_good);
        run.check(&shown, saved.is_none_or(|saved| saved == whole));
        // Nor does it count as fetched.
        pfetch(&["--retry=0", &url]).run().exits(code);
    }
}

#[test]
fn a_range_that_is_all_or_means_nothing_does_no_harm() {
    for range in [
        "bytes 0-99/100",
        // Counted wrong by one.
        "bytes 0-100/100",
        "bytes */100",
        "items 5-9/10",
        "none",
    ] {
        let headers = format!("Content-Range: {range}\r\n");
        let server = always(ok(&headers, &bytes(100)));
        let dir = Dir::on_disk();
        let run = save(&dir, &["--retry=0"], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &bytes(100));
    }
}

#[test]
fn a_user_who_asks_for_a_part_gets_it_under_any_status() {
    let server = always(ok("Content-Range: bytes 10-19/100\r\n", &bytes(10)));
    let dir = Dir::on_disk();
    let args = ["-H", "Range: bytes=10-19"];
    let run = save(&dir, &args, &[&server.url("/file")]).exits(0);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), bytes(10));
    run.check("once", server.heads().len() == 1);
}
