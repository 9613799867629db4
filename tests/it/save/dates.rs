//! `Last-Modified`, as servers write it: the time of the file, and the version that is asked for.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pfetch::Dir;
use crate::raw::Raw;
use crate::save::support::{LONG_AGO, LONG_AGO_SECONDS, Version, header, holds, save};
use crate::server::{Server, bytes};

/// The same date in forms that RFC 9110 has, and in others that servers send.
const FORMS: [&str; 9] = [
    "Mon, 06 Nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 UTC",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 09:49:37 +0100",
    "1994-11-06T08:49:37Z",
];

/// A version that has this date only, which is long before the response.
fn dated(date: &str, body: &[u8]) -> Version {
    Version {
        body: body.to_vec(),
        headers: format!("Last-Modified: {date}\r\nDate: Mon, 07 Nov 1994 08:49:37 GMT\r\n"),
        validator: Some(date.to_owned()),
    }
}

#[test]
fn a_file_has_the_time_of_its_last_change_at_the_server() {
    let server =
        Server::with(|_, reply| reply.send(200, &format!("Last-Modified: {LONG_AGO}\r\n"), b"old"));
    for (args, is_old) in [(&[][..], true), (&["--no-mtime"], false)] {
        let dir = Dir::on_disk();
        let run = save(&dir, args, &[&server.url("/file")]).exits(0);
        holds(&run, dir.path(), &[("file", b"old")]);
        let found = fs::metadata(dir.path().join("file")).unwrap().mtime();
        run.check("mtime", (found == LONG_AGO_SECONDS) == is_old);
    }
    for date in [
        "tomorrow",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let header = format!("Last-Modified: {date}\r\n");
        let server = Server::with(move |_, reply| reply.send(200, &header, b"odd"));
        let dir = Dir::on_disk();
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        holds(&run, dir.path(), &[("file", b"odd")]);
    }
}

#[test]
fn a_date_of_any_form_is_the_files_time_and_a_validator() {
    for date in FORMS {
        let server = dated(date, b"old").serve();
        let dir = Dir::on_disk();
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        let found = fs::metadata(dir.path().join("file")).unwrap().mtime();
        run.check(date, found == LONG_AGO_SECONDS);
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        run.check(date, run.result()["outcome"] == "unchanged");
        // As the server wrote it: some compare the text.
        let head = server.heads().pop().unwrap();
        run.check(date, header(&head, "if-modified-since") == Some(date));
    }
}

#[test]
fn a_date_of_any_form_continues_a_part() {
    for date in FORMS {
        let content = bytes(300_000);
        let version = dated(date, &content);
        let requests = AtomicUsize::new(0);
        let server = Raw::start(move |mut wire| match wire.head() {
            Some(head) => match requests.fetch_add(1, Ordering::SeqCst) {
                0 => wire.send(version.cut(100_000)),
                _ => wire.send(version.answer(&head)),
            },
            None => Ok(()),
        });
        let dir = Dir::on_disk();
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        holds(&run, dir.path(), &[("file", &content)]);
        run.check(date, run.result()["saved"]["resumed_from"] == 100_000);
        run.check(date, header(&server.heads()[1], "if-range") == Some(date));
    }
}

#[test]
fn what_is_no_date_is_neither_a_time_nor_a_validator() {
    for date in ["tomorrow", "0", "Sun, 31 Nov 1994 08:49:37 GMT"] {
        let server = dated(date, b"odd").serve();
        let dir = Dir::on_disk();
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        let found = fs::metadata(dir.path().join("file")).unwrap().mtime();
        run.check(date, found > LONG_AGO_SECONDS);
        let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
        run.check(date, run.result()["outcome"] == "unchanged");
        let head = server.heads().pop().unwrap();
        run.check(date, header(&head, "if-modified-since").is_none());
    }
}
