//! Bodies that break off: what is there is continued where that is safe, and fetched again where it
//! is not.

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::Signal;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::{Raw, Wire};
use crate::save::support::{
    LONG_AGO, Version, asked_from, header, holds, names, other_bytes, save,
};
use crate::server::bytes;

pub(crate) const SIZE: usize = 300_000;

/// What has come of the body when it first breaks off.
pub(crate) const HELD: usize = 100_000;

/// So many of the last bytes are asked for again, to be compared.
pub(crate) const OVERLAP: usize = 4096;

pub(crate) fn version() -> Version {
    Version::tagged("\"v1\"", &bytes(SIZE))
}

/// Breaks off after [`HELD`] bytes of `first` on its first connection; then it is `then`'s turn.
pub(crate) fn breaking<S>(first: &Version, then: S) -> Raw
where
    S: Fn(usize, &str) -> Vec<u8> + Send + Sync + 'static,
{
    let broken = first.cut(HELD);
    Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(&broken),
        (Some(head), number) => wire.send(then(number, &head)),
    })
}

/// The run has made the file, with this content, and left nothing else.
#[track_caller]
pub(crate) fn is_whole(run: &Run, dir: &Dir, content: &[u8]) {
    holds(run, dir.path(), &[("file", content)]);
}

/// How much was there before what the last request brought.
#[track_caller]
pub(crate) fn resumed_from(run: &Run) -> Option<u64> {
    run.result()["saved"]["resumed_from"].as_u64()
}

/// Sends a part of the body, and waits until some of it is in the file.
fn send_some(wire: &mut Wire<'_>, part: &std::path::Path) -> io::Result<bool> {
    wire.send(Version::tagged("\"v1\"", &bytes(2_000_000)).cut(1_000_000))?;
    while !fs::metadata(part).is_ok_and(|file| file.len() > 0) {
        if wire.wait(Duration::from_millis(1)) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[test]
fn a_body_that_a_reset_breaks_off_is_continued_by_the_next_attempt() {
    let dir = Dir::on_disk();
    let part = dir.path().join("file.part");
    let whole = Version::tagged("\"v1\"", &bytes(2_000_000));
    let content = whole.body.clone();
    let server = Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        if wire.number > 0 {
            return wire.send(whole.answer(&head));
        }
        send_some(&mut wire, &part)?;
        wire.reset()
    });
    let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
    is_whole(&run, &dir, &content);
    let result = run.result();
    run.check("closed", result["earlier"][0]["error"]["kind"] == "closed");
    run.check("status", result["status"] == 206);
    let heads = server.heads();
    run.check("two requests", heads.len() == 2);
    run.check("the first is for all", header(&heads[0], "range").is_none());
    run.check("if", header(&heads[1], "if-range") == Some("\"v1\""));
    let from = asked_from(&heads[1]).unwrap();
    run.check("some of it was kept", from + OVERLAP > 100_000);
    run.check(
        "resumed",
        resumed_from(&run) == Some((from + OVERLAP) as u64),
    );
    run.check(
        "length",
        result["saved"]["bytes"] == content.len() && result["bytes"] == content.len(),
    );
}

#[test]
fn what_a_run_has_left_is_continued_by_the_next_run() {
    for held in [1, OVERLAP, OVERLAP + 1, HELD, SIZE - 1] {
        let what = format!("{held} bytes");
        let dir = Dir::on_disk();
        let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
            (None, _) => Ok(()),
            (Some(_), 0) => wire.send(version().cut(held)),
            (Some(head), _) => wire.send(version().answer(&head)),
        });
        let url = server.url("/file");
        let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
        run.check(&what, run.result()["saved"].is_null());
        holds(&run, dir.path(), &[("file.part", &version().body[..held])]);
        let run = save(&dir, &["--retry=0"], &[&url]).exits(0);
        is_whole(&run, &dir, &version().body);
        run.check(&what, resumed_from(&run) == Some(held as u64));
        let head = &server.heads()[1];
        let from = held.saturating_sub(OVERLAP);
        run.check(&what, asked_from(head) == Some(from));
        run.check(&what, header(head, "if-range") == Some("\"v1\""));
        run.check(&what, header(head, "accept-encoding") == Some("identity"));
    }
}

#[test]
fn what_a_run_that_was_stopped_or_killed_has_left_is_continued() {
    for (signal, code) in [
        (Signal::KILL, None),
        (Signal::INT, Some(130)),
        (Signal::TERM, Some(143)),
    ] {
        let dir = Dir::on_disk();
        let part = dir.path().join("file.part");
        let whole = Version::tagged("\"v1\"", &bytes(2_000_000));
        let content = whole.body.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        let server = Raw::start(move |mut wire| {
            let Some(head) = wire.head() else {
                return Ok(());
            };
            if wire.number > 0 {
                return wire.send(whole.answer(&head));
            }
            if send_some(&mut wire, &part)? {
                let _ = sender.send(());
            }
            wire.hang()
        });
        let folder = dir.path().to_str().unwrap();
        let url = server.url("/file");
        let running = pfetch(&["-d", folder, &url]).start();
        receiver.recv_timeout(crate::pfetch::LIMIT).unwrap();
        running.signal(signal);
        let run = running.end();
        run.check("its end", run.status.code() == code);
        run.check("only a part", names(dir.path()) == ["file.part"]);
        let advice = "the same command again goes on from file.part, where the server can";
        run.check("said", run.stdout.contains(advice) == code.is_some());
        let run = save(&dir, &[], &[&url]).exits(0);
        is_whole(&run, &dir, &content);
        run.check("resumed", resumed_from(&run) > Some(0));
    }
}

#[test]
fn a_run_that_was_stopped_names_no_part_where_none_stays() {
    let dir = Dir::on_disk();
    let server = Raw::start(|mut wire| {
        if wire.head().is_some() {
            wire.send(
                Version {
                    headers: String::new(),
                    ..Version::tagged("\"v1\"", &bytes(2_000_000))
                }
                .cut(1_000_000),
            )?;
        }
        wire.hang()
    });
    let folder = dir.path().to_str().unwrap();
    let mut running = pfetch(&["--progress=always", "-d", folder, &server.url("/file")]).start();
    while !running.error_line().contains("1.0 MB") {}
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    let run =
        run.prints("what had come is not kept, as the server names no version of it (no ETag):");
    run.check("nothing stays", names(dir.path()).is_empty());
}

#[test]
fn without_a_validator_that_is_strong_it_starts_again() {
    let young = format!("Last-Modified: {LONG_AGO}\r\nDate: Sun, 06 Nov 1994 08:50:36 GMT\r\n");
    for headers in [
        String::new(),
        "ETag: W/\"v1\"\r\n".to_owned(),
        format!("Last-Modified: {LONG_AGO}\r\n"),
        // RFC 9110, 8.8.2.2: a minute has to have passed.
        young.clone(),
        format!(
            "ETag: W/\"v1\"\r\nLast-Modified: {LONG_AGO}\r\nDate: Sun, 06 Nov 2094 08:49:37 GMT\r\n"
        ),
    ] {
        let mut version = version();
        version.headers.clone_from(&headers);
        for args in [&["--retry=1"][..], &["--retry=0"]] {
            let dir = Dir::on_disk();
            let answered = version.clone();
            let server = breaking(&version, move |_, head| answered.answer(head));
            let url = server.url("/file");
            let mut run = save(&dir, args, &[&url]);
            if args == ["--retry=0"] {
                run.check(&headers, names(dir.path()).is_empty());
                run = save(&dir, args, &[&url]);
            }
            let run = run.exits(0);
            is_whole(&run, &dir, &version.body);
            run.check(&headers, resumed_from(&run).is_none());
            let heads = server.heads();
            run.check(&headers, heads.len() == 2);
            for name in ["range", "if-range", "if-none-match"] {
                run.check(&headers, header(&heads[1], name).is_none());
            }
        }
    }
}

/// The same body, with a strong `Last-Modified` in place of the ETag.
pub(crate) fn dated() -> Version {
    Version {
        headers: format!("Last-Modified: {LONG_AGO}\r\nDate: Sun, 06 Nov 1994 08:50:37 GMT\r\n"),
        validator: Some(LONG_AGO.to_owned()),
        ..version()
    }
}

#[test]
fn last_modified_will_do_if_it_is_old_enough() {
    let version = dated();
    let dir = Dir::on_disk();
    let answered = version.clone();
    let server = breaking(&version, move |_, head| answered.answer(head));
    let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
    is_whole(&run, &dir, &version.body);
    run.check("resumed", resumed_from(&run) == Some(HELD as u64));
    let heads = server.heads();
    run.check("if", header(&heads[1], "if-range") == Some(LONG_AGO));
}

#[test]
fn no_resume_starts_again() {
    let dir = Dir::on_disk();
    let server = breaking(&version(), |_, head| version().answer(head));
    let url = server.url("/file");
    let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
    run.check("a part is left", names(dir.path()) == ["file.part"]);
    let run = save(&dir, &["--no-resume"], &[&url]).exits(0);
    is_whole(&run, &dir, &version().body);
    run.check("not resumed", resumed_from(&run).is_none());
    run.check("no range", asked_from(&server.heads()[1]).is_none());
    // Nor does the next attempt of the same run.
    let dir = Dir::on_disk();
    let server = breaking(&version(), |_, head| version().answer(head));
    let run = save(&dir, &["--no-resume"], &[&server.url("/file")]).exits(0);
    is_whole(&run, &dir, &version().body);
    run.check("no range", asked_from(&server.heads()[1]).is_none());
}

#[test]
fn a_part_of_another_url_is_not_continued() {
    let dir = Dir::on_disk();
    let other = Version::tagged("\"v1\"", &other_bytes(SIZE));
    let content = other.body.clone();
    let server = breaking(&version(), move |_, head| other.answer(head));
    let run = save(&dir, &["--retry=0"], &[&server.url("/one/file")]).exits(1);
    run.check("a part is left", names(dir.path()) == ["file.part"]);
    let run = save(&dir, &["--retry=0"], &[&server.url("/two/file")]).exits(0);
    is_whole(&run, &dir, &content);
    run.check("no range", asked_from(&server.heads()[1]).is_none());
}

#[test]
fn a_user_who_asks_for_a_part_gets_it_and_nothing_is_added() {
    let dir = Dir::on_disk();
    let server = Raw::start(|mut wire| match wire.head() {
        Some(_) => wire.send(version().part(10, 20)),
        None => Ok(()),
    });
    let args = ["-H", "Range: bytes=10-19"];
    for _ in 0..2 {
        let args = [&args[..], &["--exists=overwrite"]].concat();
        let run = save(&dir, &args, &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &version().body[10..20]);
    }
    for head in server.heads() {
        assert_eq!(header(&head, "range"), Some("bytes=10-19"), "{head}");
        assert_eq!(header(&head, "if-range"), None, "{head}");
    }
}

#[test]
fn a_range_of_the_users_leaves_the_part_of_the_whole_alone() {
    let (all, version) = (bytes(SIZE), version());
    let served = bytes(SIZE);
    let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(version.cut(HELD)),
        (Some(head), 1) if header(&head, "range") == Some("bytes=0-199999") => {
            let length = 200_000;
            let range = format!(
                "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: {length}\r\n\
                 Content-Range: bytes 0-{}/{SIZE}\r\n\r\n",
                length - 1
            );
            wire.send([range.as_bytes(), &served[..length]].concat())
        }
        (Some(_), _) => wire.send(version.cut(SIZE)),
    });
    let dir = Dir::new();
    let url = server.url("/file");
    save(&dir, &["--retry=0"], &[&url]).exits(1);
    let part = [("file.part", &all[..HELD])];
    let run = save(&dir, &["--retry=0", "-H", "Range: bytes=0-199999"], &[&url]).exits(0);
    holds(&run, dir.path(), &[("file", &all[..200_000]), part[0]]);
}
