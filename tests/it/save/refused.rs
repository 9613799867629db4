//! Requests that a server refuses for the headers that pfetch adds by itself (a range, a condition),
//! although it would answer the plain one, which is what the user asked for.

use std::fs;

use crate::pfetch::Dir;
use crate::raw::Raw;
use crate::save::resume::{HELD, is_whole, version};
use crate::save::support::{Version, asked_from, header, response, save};

/// An answer without a body.
fn refusal(status: u16) -> Vec<u8> {
    match status {
        204 => b"HTTP/1.1 204 -\r\nConnection: close\r\n\r\n".to_vec(),
        304 => b"HTTP/1.1 304 -\r\nETag: \"v1\"\r\nConnection: close\r\n\r\n".to_vec(),
        _ => response(&format!("{status} -"), "", 0, b""),
    }
}

/// Breaks off at first, and refuses every range with this status. Plain requests get `then`.
fn refusing(status: u16, then: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Raw {
    let broken = version().cut(HELD);
    Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(&broken),
        (Some(head), _) if asked_from(&head).is_some() => wire.send(refusal(status)),
        (Some(_), number) => wire.send(then(number)),
    })
}

#[test]
fn a_range_that_is_refused_is_asked_for_plainly() {
    for status in [
        201, 202, 204, 205, 207, 226, 300, 302, 304, 306, 400, 402, 403, 405, 406, 409, 411, 412,
        414, 421, 422, 431, 451, 499, 501,
    ] {
        // In a later run, and in the same one.
        for retries in ["--retry=0", "--retry=1"] {
            let server = refusing(status, |_| version().whole());
            let dir = Dir::on_disk();
            let url = server.url("/file");
            let mut run = save(&dir, &[retries], &[&url]);
            if retries == "--retry=0" {
                run = run.exits(1);
                run.check("some of it is there", run.result()["bytes"] == HELD);
                run = save(&dir, &[retries], &[&url]);
            }
            run = run.exits(0);
            is_whole(&run, &dir, &version().body);
            let heads = server.heads();
            let ranges: Vec<bool> = heads
                .iter()
                .map(|head| header(head, "range").is_some())
                .collect();
            run.check(
                &format!("{status}, {retries}: {ranges:?}"),
                ranges == [false, true, false],
            );
            let saved = &run.result()["saved"];
            run.check("not continued", saved["resumed_from"].is_null());
        }
    }
}

#[test]
fn a_status_that_speaks_of_the_url_itself_is_no_refusal_of_the_range() {
    for status in [401, 404, 407, 408, 410, 425, 429, 500, 502, 503] {
        let server = refusing(status, |_| version().whole());
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, &["--retry=0"], &[&url]).exits(1);
        let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
        run.check("status", run.result()["status"] == status);
        let requests = server.requests().len();
        run.check(&format!("{status}: {requests} requests"), requests == 2);
    }
}

#[test]
fn a_server_that_fails_at_each_range_is_asked_plainly_at_the_second_time() {
    for (status, is_suspicious) in [(500, true), (502, true), (504, true), (503, false)] {
        let server = refusing(status, |_| version().whole());
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, &["--retry=0"], &[&url]).exits(1);
        let run = save(&dir, &["--retry=1", "--no-adapt"], &[&url]);
        let heads = server.heads();
        let ranges: Vec<bool> = heads
            .iter()
            .map(|head| header(head, "range").is_some())
            .collect();
        let what = format!("{status}: {ranges:?}");
        if is_suspicious {
            let run = run.exits(0);
            is_whole(&run, &dir, &version().body);
            run.check(&what, ranges == [false, true, true, false]);
        } else {
            run.exits(1).check(&what, ranges == [false, true, true]);
        }
    }
}

#[test]
fn what_is_there_is_continued_after_a_failure_that_passes() {
    let broken = version().cut(HELD);
    let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(&broken),
        (Some(_), 1) => wire.send(refusal(500)),
        (Some(head), _) => wire.send(version().answer(&head)),
    });
    let dir = Dir::on_disk();
    let run = save(&dir, &["--retry=2"], &[&server.url("/file")]).exits(0);
    is_whole(&run, &dir, &version().body);
    let resumed = &run.result()["saved"]["resumed_from"];
    run.check("resumed", *resumed == HELD);
}

#[test]
fn what_is_there_stays_when_the_plain_request_is_refused_too() {
    let server = refusing(403, |number| match number {
        2 => refusal(403),
        _ => version().whole(),
    });
    let dir = Dir::on_disk();
    let url = server.url("/file");
    save(&dir, &["--retry=0"], &[&url]).exits(1);
    let part = || fs::metadata(dir.path().join("file.part")).unwrap().len();
    let held = part();
    let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
    run.check("status", run.result()["status"] == 403);
    run.check("asked twice", server.requests().len() == 3);
    run.check(&format!("{held} bytes, now {}", part()), part() == held);
}

#[test]
fn a_refusal_is_remembered_for_the_rest_of_the_run() {
    let server = refusing(403, |number| match number {
        2 => version().cut(2 * HELD),
        _ => version().whole(),
    });
    let dir = Dir::on_disk();
    let run = save(&dir, &["--retry=2"], &[&server.url("/file")]).exits(0);
    is_whole(&run, &dir, &version().body);
    let heads = server.heads();
    let ranges: Vec<bool> = heads
        .iter()
        .map(|head| header(head, "range").is_some())
        .collect();
    run.check(
        &format!("the range is tried once: {ranges:?}"),
        ranges == [false, true, false, false],
    );
}

#[test]
fn a_condition_that_is_refused_is_left_out() {
    for status in [400, 403, 412, 416, 501] {
        let second = Version::tagged("\"v2\"", b"second version");
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            (Some(_), 0) => wire.send(version().whole()),
            (Some(head), _) if header(&head, "if-none-match").is_some() => {
                wire.send(refusal(status))
            }
            (Some(_), _) => wire.send(second.whole()),
        });
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, &[], &[&url]).exits(0);
        let run = save(&dir, &[], &[&url]).exits(0);
        is_whole(&run, &dir, b"second version");
        let requests = server.requests().len();
        run.check(&format!("{status}: {requests} requests"), requests == 3);
    }
}

#[test]
fn what_the_user_asks_for_is_not_left_out() {
    // A range and a condition of the user's own are part of the question.
    for own in ["Range: bytes=0-9", "If-Match: \"other\""] {
        let server = Raw::start(|mut wire| match wire.head() {
            None => Ok(()),
            Some(_) => wire.send(refusal(412)),
        });
        let dir = Dir::on_disk();
        let run = save(&dir, &["-H", own], &[&server.url("/file")]).exits(1);
        run.check("status", run.result()["status"] == 412);
        run.check("asked once", server.requests().len() == 1);
    }
}
