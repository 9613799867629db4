//! A file that `-o` names, and that is there already: it is replaced, as by every program that takes a file's name.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, header, holds, response};
use crate::server::bytes;

fn first() -> Version {
    Version::tagged("\"v1\"", b"first version")
}

fn second() -> Version {
    Version::tagged("\"v2\"", b"second version, longer")
}

/// Saves the URL as this file, the results as JSON Lines.
#[track_caller]
fn save_as(file: &str, options: &[&str], url: &str) -> Run {
    let args = [
        &["--format=jsonl", "--retry=0"],
        options,
        &["-o", file, url],
    ]
    .concat();
    pfetch(&args).run()
}

/// The path of `page` in the folder.
fn page(dir: &Dir) -> String {
    format!("{}/page", dir.path().display())
}

fn number_and_time(file: &str) -> (u64, i64, i64) {
    let stat = fs::metadata(file).unwrap();
    (stat.ino(), stat.mtime(), stat.mtime_nsec())
}

#[test]
fn one_file_takes_the_bodies_of_several_urls_one_after_the_other() {
    let (one, other) = (first().serve(), second().serve());
    let dir = Dir::on_disk();
    let file = page(&dir);
    let urls = [one.url("/a"), other.url("/b"), one.url("/a"), one.url("/c")];
    let bodies = [first().body, second().body, first().body, first().body];
    for (url, body) in urls.iter().zip(&bodies) {
        let run = save_as(&file, &[], url).exits(0).says_nothing();
        holds(&run, dir.path(), &[("page", body)]);
        // The file of another URL is not asked about as if it were this one's.
        let head = [&one, &other].map(|server| server.heads().pop());
        let asked = head
            .iter()
            .flatten()
            .any(|head| header(head, "if-none-match").is_some());
        run.check("no condition", !asked);
    }
}

#[test]
fn a_file_of_the_users_own_is_replaced_and_keeps_its_mode() {
    let server = second().serve();
    // One that cannot be read is no reason to keep it.
    for mode in [0o644, 0o600, 0o200] {
        let dir = Dir::on_disk();
        let file = dir.file("page", "mine");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let run = save_as(&file, &[], &server.url("/a")).exits(0);
        run.check("it is new", run.result()["outcome"] == "ok");
        let found = fs::metadata(&file).unwrap().mode() & 0o7777;
        run.check(&format!("{found:o} is {mode:o}"), found == mode);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        holds(&run, dir.path(), &[("page", &second().body)]);
    }
    // As one that was saved from the URL, and edited since.
    let dir = Dir::on_disk();
    let file = page(&dir);
    save_as(&file, &[], &server.url("/a")).exits(0);
    fs::write(&file, "edited").unwrap();
    let run = save_as(&file, &[], &server.url("/a")).exits(0);
    holds(&run, dir.path(), &[("page", &second().body)]);
}

#[test]
fn a_file_of_the_same_url_is_asked_about_and_left_alone_if_it_is_the_servers() {
    let server = first().serve();
    let dir = Dir::on_disk();
    let file = page(&dir);
    save_as(&file, &[], &server.url("/a")).exits(0);
    let before = number_and_time(&file);
    let run = save_as(&file, &[], &server.url("/a")).exits(0);
    run.check("304", run.result()["status"] == 304);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    run.check("untouched", number_and_time(&file) == before);
}

#[test]
fn a_file_with_the_content_of_the_answer_is_left_alone() {
    let server = first().serve();
    let dir = Dir::on_disk();
    let file = dir.file("page", first().body);
    let before = number_and_time(&file);
    let run = save_as(&file, &[], &server.url("/a")).exits(0);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    run.check("untouched", number_and_time(&file) == before);
}

#[test]
fn a_fetch_that_fails_leaves_the_file_as_it_was() {
    let body = bytes(1_000_000);
    let version = Version::tagged("\"v\"", &body);
    let cut = Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(version.cut(500_000)),
        None => Ok(()),
    });
    let missing = Raw::start(|mut wire| match wire.head() {
        Some(_) => wire.send(response("404 Not Found", "", 5, b"error")),
        None => Ok(()),
    });
    for server in [&cut, &missing] {
        let dir = Dir::on_disk();
        let file = dir.file("page", "mine");
        let before = number_and_time(&file);
        let run = save_as(&file, &[], &server.url("/a")).exits(1);
        run.check("its content", fs::read(&file).unwrap() == b"mine");
        run.check("untouched", number_and_time(&file) == before);
    }
    // The part of what broke off is continued, and then takes the file's place.
    let body = bytes(1_000_000);
    let version = Version::tagged("\"v\"", &body);
    let answers = version.clone();
    let breaking = Raw::start(move |mut wire| match wire.head() {
        Some(head) if header(&head, "range").is_none() => wire.send(answers.cut(500_000)),
        Some(head) => wire.send(answers.answer(&head)),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let file = dir.file("page", "mine");
    let url = breaking.url("/a");
    let run = save_as(&file, &[], &url).exits(1);
    run.check("its content", fs::read(&file).unwrap() == b"mine");
    run.check("a part", Path::new(&format!("{file}.part")).exists());
    let run = save_as(&file, &[], &url).exits(0);
    run.check("resumed", run.result()["saved"]["resumed_from"].is_u64());
    holds(&run, dir.path(), &[("page", &body)]);
}

#[test]
fn what_is_asked_for_with_exists_or_a_folder_stays_as_careful_as_it_is() {
    let server = second().serve();
    let url = server.url("/page");
    for (options, code) in [
        (&["--exists=update"][..], 4),
        (&["--exists=fail"], 4),
        (&["--exists=skip"], 0),
        // Somebody who continues a file expects no other in its place.
        (&["-C", "-"], 4),
        (&["-c"], 4),
    ] {
        let dir = Dir::on_disk();
        let file = dir.file("page", "mine");
        let run = save_as(&file, options, &url).exits(code);
        holds(&run, dir.path(), &[("page", b"mine")]);
    }
    let dir = Dir::on_disk();
    dir.file("page", "mine");
    let folder = dir.path().display().to_string();
    let run = pfetch(&["-d", &folder, &url]).run().exits(4);
    holds(&run, dir.path(), &[("page", b"mine")]);
    // A name in a folder is a file that was named, too.
    let run = pfetch(&["-d", &folder, "-o", "page", &url]).run().exits(0);
    holds(&run, dir.path(), &[("page", &second().body)]);
}
