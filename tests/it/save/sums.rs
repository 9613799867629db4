//! Bodies whose SHA-256 the list gives: it decides what is whole, continued, kept and tried again.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ring::digest::{SHA256, digest};

use crate::pfetch::{Dir, Run};
use crate::raw::Raw;
use crate::save::resume::{HELD, OVERLAP, SIZE, is_whole, resumed_from};
use crate::save::support::{Version, asked_from, header, holds, names, other_bytes, save};
use crate::server::bytes;

/// Saves the body of `url`, which is to have the SHA-256 of `wanted`.
#[track_caller]
fn save_summed(dir: &Dir, args: &[&str], url: &str, wanted: &[u8]) -> Run {
    let sum = digest(&SHA256, wanted);
    let sum: String = sum.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    let lists = Dir::new();
    let list = lists.file("list", format!(r#"{{"url":"{url}","sha256":"{sum}"}}"#));
    save(dir, &[args, &["-i", &list]].concat(), &[])
}

/// A version with these headers, of which none is a strong validator.
fn unnamed(headers: &str, body: &[u8]) -> Version {
    Version {
        body: body.to_vec(),
        headers: headers.to_owned(),
        validator: None,
    }
}

/// The answer of a server that gives ranges of this version whatever the conditions are.
fn ranged(version: &Version, head: &str) -> Vec<u8> {
    match asked_from(head) {
        Some(from) if from < version.body.len() => version.part(from, version.body.len()),
        _ => version.whole(),
    }
}

/// Headers of answers that name no version for certain.
const WEAK: [&str; 3] = ["", "Accept-Ranges: bytes\r\n", "ETag: W/\"v1\"\r\n"];

#[test]
fn a_part_of_no_known_version_is_continued_in_the_run_and_in_a_later_one() {
    for headers in WEAK {
        for retry in ["--retry=2", "--retry=0"] {
            let dir = Dir::on_disk();
            let version = unnamed(headers, &bytes(SIZE));
            let sent = version.clone();
            let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
                (None, _) => Ok(()),
                (Some(_), 0) => wire.send(sent.cut(HELD)),
                (Some(head), _) => wire.send(ranged(&sent, &head)),
            });
            let url = server.url("/file");
            let mut run = save_summed(&dir, &[retry], &url, &version.body);
            if retry == "--retry=0" {
                let run_before = run.exits(1);
                run_before.check("a part", names(dir.path()) == ["file.part"]);
                run = save_summed(&dir, &[retry], &url, &version.body);
            }
            let run = run.exits(0);
            is_whole(&run, &dir, &version.body);
            run.check("resumed", resumed_from(&run) == Some(HELD as u64));
            let heads = server.heads();
            run.check("two requests", heads.len() == 2);
            run.check("a range", asked_from(&heads[1]) == Some(HELD - OVERLAP));
            run.check("no condition", header(&heads[1], "if-range").is_none());
        }
    }
}

#[test]
fn without_a_sum_such_a_part_is_fetched_again() {
    for headers in WEAK {
        let dir = Dir::on_disk();
        let version = unnamed(headers, &bytes(SIZE));
        let sent = version.clone();
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            (Some(_), 0) => wire.send(sent.cut(HELD)),
            (Some(head), _) => wire.send(ranged(&sent, &head)),
        });
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &version.body);
        run.check("not resumed", resumed_from(&run).is_none());
    }
}

#[test]
fn a_strong_validator_goes_along_with_a_sum() {
    let dir = Dir::on_disk();
    let version = Version::tagged("\"v1\"", &bytes(SIZE));
    let sent = version.clone();
    let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(sent.cut(HELD)),
        (Some(head), _) => wire.send(sent.answer(&head)),
    });
    let run = save_summed(&dir, &[], &server.url("/file"), &version.body).exits(0);
    is_whole(&run, &dir, &version.body);
    run.check("resumed", resumed_from(&run) == Some(HELD as u64));
    let heads = server.heads();
    run.check("if", header(&heads[1], "if-range") == Some("\"v1\""));
}

/// The versions have the same bytes where they are compared, so that only the sum can tell.
#[test]
fn a_part_of_another_version_is_found_out_by_the_sum_and_fetched_again() {
    for is_length_same in [true, false] {
        let dir = Dir::on_disk();
        let old = bytes(SIZE);
        let mut new = other_bytes(if is_length_same { SIZE } else { SIZE + 1 });
        new[HELD - OVERLAP..HELD].copy_from_slice(&old[HELD - OVERLAP..HELD]);
        let (first, then) = (unnamed("", &old), unnamed("", &new));
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            (Some(_), 0) => wire.send(first.cut(HELD)),
            (Some(head), _) => wire.send(ranged(&then, &head)),
        });
        let run = save_summed(&dir, &[], &server.url("/file"), &new).exits(0);
        is_whole(&run, &dir, &new);
        run.check("not resumed", resumed_from(&run).is_none());
        run.check(
            "for all",
            asked_from(server.heads().last().expect("requests")).is_none(),
        );
    }
}

#[test]
fn a_part_that_is_complete_is_taken_if_it_has_the_sum() {
    for is_right in [true, false] {
        let dir = Dir::on_disk();
        let right = bytes(SIZE);
        let held = if is_right {
            right.clone()
        } else {
            other_bytes(SIZE)
        };
        let (first, then) = (unnamed("", &held), unnamed("", &right));
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            // All of it, of a body whose end never comes.
            (Some(_), 0) => {
                let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                let chunk = format!("{:x}\r\n", first.body.len());
                wire.send([head.as_bytes(), chunk.as_bytes(), &first.body, b"\r\n"].concat())
            }
            (Some(head), _) if asked_from(&head).is_some() => {
                let range = format!("Content-Range: bytes */{SIZE}\r\n");
                let status = "416 Range Not Satisfiable";
                wire.send(crate::save::support::response(status, &range, 0, b""))
            }
            (Some(_), _) => wire.send(then.whole()),
        });
        let url = server.url("/file");
        let run = save_summed(&dir, &["--retry=0"], &url, &right).exits(1);
        run.check("a part", names(dir.path()) == ["file.part"]);
        let run = save_summed(&dir, &[], &url, &right).exits(0);
        is_whole(&run, &dir, &right);
        run.check("kept", resumed_from(&run).is_some() == is_right);
        let asked_all = server
            .heads()
            .iter()
            .skip(1)
            .any(|head| asked_from(head).is_none());
        run.check("asked for all", asked_all != is_right);
    }
}

#[test]
fn with_no_resume_a_sum_continues_nothing() {
    let dir = Dir::on_disk();
    let version = unnamed("", &bytes(SIZE));
    let sent = version.clone();
    let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(sent.cut(HELD)),
        (Some(head), _) => wire.send(ranged(&sent, &head)),
    });
    let url = server.url("/file");
    save_summed(&dir, &["--retry=0"], &url, &version.body).exits(1);
    let run = save_summed(&dir, &["--no-resume"], &url, &version.body).exits(0);
    is_whole(&run, &dir, &version.body);
    let heads = server.heads();
    run.check(
        "for all",
        heads.iter().all(|head| asked_from(head).is_none()),
    );
}

#[test]
fn a_file_that_stays_has_the_sum_or_is_an_error() {
    let is_new = Arc::new(AtomicBool::new(false));
    let new = Arc::clone(&is_new);
    let server = Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        let body: &[u8] = if new.load(Ordering::SeqCst) {
            b"new"
        } else {
            b"old"
        };
        let version = Version {
            headers: "ETag: \"v\"\r\nContent-Disposition: attachment; filename=file\r\n".to_owned(),
            ..Version::tagged("\"v\"", body)
        };
        wire.send(version.answer(&head))
    });
    let url = server.url("/file");
    for naming in [&[][..], &["--content-disposition"]] {
        for exists in ["skip", "update", "overwrite"] {
            is_new.store(false, Ordering::SeqCst);
            let dir = Dir::on_disk();
            let args = [naming, &["--exists", exists]].concat();
            save_summed(&dir, &args, &url, b"old").exits(0);
            let run = save_summed(&dir, &args, &url, b"old").exits(0);
            holds(&run, dir.path(), &[("file", b"old")]);

            // The server's new version has the same ETag: nothing but the sum tells.
            is_new.store(true, Ordering::SeqCst);
            let run = save_summed(&dir, &args, &url, b"new");
            if exists == "skip" {
                let run = run.exits(4);
                let error = &run.result()["error"];
                run.check("file", error["kind"] == "file");
                let message = error["message"].as_str().unwrap_or_default();
                run.check("why", message.contains("its SHA-256 is not the one"));
                let is_old = fs::read(dir.path().join("file")).is_ok_and(|found| found == b"old");
                run.check("it stays", is_old);
            } else {
                let run = run.exits(0);
                holds(&run, dir.path(), &[("file", b"new")]);
            }
        }
    }
}

#[test]
fn a_file_with_the_sum_of_its_line_is_kept_whatever_it_is_from() {
    for exists in ["update", "skip", "overwrite"] {
        let server = unnamed("", b"a body").serve();
        let dir = Dir::on_disk();
        let exists = format!("--exists={exists}");
        save(&dir, &[], &[&server.url("/one/file")]).exits(0);
        let requests = server.heads().len();
        // From its own URL, from another one, and of no known origin.
        for url in ["/one/file", "/two/file"].map(|path| server.url(path)) {
            let run = save_summed(&dir, &[&exists], &url, b"a body").exits(0);
            run.check("kept", run.result()["outcome"] == "unchanged");
            run.check("not asked", server.heads().len() == requests);
            holds(&run, dir.path(), &[("file", b"a body")]);
        }
        dir.file("found", "a body");
        let run = save_summed(&dir, &[&exists], &server.url("/found"), b"a body").exits(0);
        run.check("kept", run.result()["outcome"] == "unchanged");
        run.check("not asked", server.heads().len() == requests);
    }
}

#[test]
fn a_file_with_another_sum_stays_with_its_url_or_is_overwritten() {
    let server = unnamed("", b"a body").serve();
    let dir = Dir::on_disk();
    save(&dir, &[], &[&server.url("/one/file")]).exits(0);
    fs::write(dir.path().join("file"), "b body").unwrap();
    let url = server.url("/two/file");
    let run = save_summed(&dir, &[], &url, b"a body").exits(0);
    let other: (&str, &[u8]) = ("file-1", b"a body");
    holds(&run, dir.path(), &[("file", b"b body"), other]);
    let run = save_summed(&dir, &["--exists=overwrite"], &url, b"a body").exits(0);
    run.check("fetched", run.result()["outcome"] == "ok");
    holds(&run, dir.path(), &[("file", b"a body"), other]);
}
