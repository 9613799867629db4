//! URLs that redirect to another address each time: signed ones, mirrors. What is remembered is of the URL in
//! the list.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::pfetch::Dir;
use crate::raw::Raw;
use crate::save::resume::{HELD, OVERLAP, SIZE, dated, is_whole, resumed_from, version};
use crate::save::support::{
    Version, asked_from, header, holds, names, other_bytes, response, save,
};
use crate::server::bytes;

/// A redirect to this address.
fn found(to: &str) -> Vec<u8> {
    response("302 Found", &format!("Location: {to}\r\n"), 0, b"")
}

#[test]
fn a_redirect_that_is_not_followed_is_no_body_to_save() {
    for status in [300, 302, 305, 399] {
        let server = Raw::start(move |mut wire| match wire.head() {
            None => Ok(()),
            Some(_) => wire.send(response(
                &format!("{status} -"),
                "Location: /to\r\n",
                2,
                b"ok",
            )),
        });
        let dir = Dir::new();
        let run = save(&dir, &["--max-redirects=0"], &[&server.url("/file")]).exits(1);
        let error = &run.result()["error"];
        run.check(&status.to_string(), error["kind"] == "redirect");
        holds(&run, dir.path(), &[]);
    }
}

/// The target of a request.
fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// A server whose files are behind addresses with a signature, each of which is good for `uses` requests. The
/// first answer to such an address breaks off, if `breaks`; `answer` makes the others.
fn signing<A>(uses: usize, breaks: bool, answer: A) -> Raw
where
    A: Fn(&str) -> Vec<u8> + Send + Sync + 'static,
{
    let signed = AtomicUsize::new(0);
    let used = Mutex::new((0, 0));
    let came = AtomicUsize::new(0);
    Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        if !path(&head).starts_with("/store") {
            let number = signed.fetch_add(1, Ordering::SeqCst) + 1;
            *used.lock().expect("no script panics under it") = (number, 0);
            return wire.send(found(&format!("/store?signature={number}")));
        }
        let is_good = {
            let mut used = used.lock().expect("no script panics under it");
            used.1 += 1;
            path(&head) == format!("/store?signature={}", used.0) && used.1 <= uses
        };
        if !is_good {
            return wire.send(response("403 -", "", 0, b""));
        }
        match came.fetch_add(1, Ordering::SeqCst) {
            0 if breaks => wire.send(version().cut(HELD)),
            _ => wire.send(answer(&head)),
        }
    })
}

/// The positions that were asked for at signed addresses.
fn asked(server: &Raw) -> Vec<Option<usize>> {
    let heads = server.heads();
    let stored = heads.iter().filter(|head| path(head).starts_with("/store"));
    stored.map(|head| asked_from(head)).collect()
}

#[test]
fn a_part_is_continued_under_another_signature() {
    for later in [false, true] {
        let server = signing(1, true, |head| version().answer(head));
        let dir = Dir::on_disk();
        let url = server.url("/file");
        if later {
            let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
            run.check("a part is left", names(dir.path()) == ["file.part"]);
        }
        let run = save(&dir, &[], &[&url]).exits(0);
        is_whole(&run, &dir, &version().body);
        run.check("resumed", resumed_from(&run) == Some(HELD as u64));
        let asked = asked(&server);
        run.check(&format!("{asked:?}"), asked == [None, Some(HELD - OVERLAP)]);
    }
}

#[test]
fn a_file_is_revalidated_and_updated_under_another_signature() {
    for (old, new) in [
        (
            Version::tagged("\"v1\"", b"first version"),
            Version::tagged("\"v2\"", b"second version"),
        ),
        (dated(), Version::tagged("\"v2\"", b"second version")),
    ] {
        let current = Arc::new(Mutex::new(old.clone()));
        let answered = Arc::clone(&current);
        let server = signing(1, false, move |head| {
            answered
                .lock()
                .expect("no script panics under it")
                .answer(head)
        });
        let dir = Dir::on_disk();
        let url = server.url("/file");
        let run = save(&dir, &[], &[&url]).exits(0);
        is_whole(&run, &dir, &old.body);
        let run = save(&dir, &[], &[&url]).exits(0);
        run.check("unchanged", run.result()["outcome"] == "unchanged");
        run.check("304", run.result()["status"] == 304);
        let content = new.body.clone();
        *current.lock().expect("no script panics under it") = new;
        let run = save(&dir, &[], &[&url]).exits(0);
        run.check("ok", run.result()["outcome"] == "ok");
        is_whole(&run, &dir, &content);
    }
}

#[test]
fn a_part_is_continued_by_another_mirror_that_has_the_same_version() {
    let other = Version::tagged("\"v2\"", &other_bytes(SIZE));
    for (second, is_same) in [(version(), true), (other, false)] {
        let content = second.body.clone();
        let first = Raw::start(|mut wire| match wire.head() {
            Some(_) => wire.send(version().cut(HELD)),
            None => Ok(()),
        });
        let second = second.serve();
        let mirrors = [first.url("/a/file"), second.url("/b/file")];
        let turn = AtomicUsize::new(0);
        let list = Raw::start(move |mut wire| match wire.head() {
            Some(_) => wire.send(found(&mirrors[turn.fetch_add(1, Ordering::SeqCst) % 2])),
            None => Ok(()),
        });
        let dir = Dir::on_disk();
        let run = save(&dir, &["--retry=1"], &[&list.url("/file")]).exits(0);
        is_whole(&run, &dir, &content);
        run.check("resumed", resumed_from(&run).is_some() == is_same);
        let asked = second.heads().iter().map(|head| asked_from(head)).next();
        run.check("asked", asked == Some(Some(HELD - OVERLAP)));
    }
}

#[test]
fn ranges_that_are_shorter_than_asked_for_go_on_under_a_new_signature_where_the_old_one_has_expired()
 {
    // A signature is good for one request, for two, or for all.
    for uses in [1, 2, usize::MAX] {
        let server = signing(uses, true, |head| match asked_from(head) {
            Some(from) => version().part(from, SIZE.min(from + 40_000)),
            None => version().whole(),
        });
        let dir = Dir::on_disk();
        let run = save(&dir, &["--retry=1"], &[&server.url("/file")]).exits(0);
        is_whole(&run, &dir, &version().body);
        let result = run.result();
        run.check(
            "one retry",
            result["earlier"].as_array().map(Vec::len) == Some(1),
        );
        run.check("resumed", resumed_from(&run) == Some(HELD as u64));
        let asked = asked(&server);
        let plain = asked.iter().filter(|from| from.is_none()).count();
        run.check(&format!("{uses}: {asked:?}"), plain == 1);
    }
}

#[test]
fn a_304_that_speaks_of_another_version_is_not_believed() {
    // `/latest` leads to an older file than before, which has not changed since the date of the newer one.
    let newer = Version {
        body: b"second version".to_vec(),
        headers: "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n".to_owned(),
        validator: None,
    };
    let older = "Last-Modified: Sat, 05 Nov 1994 08:49:37 GMT\r\n";
    let turn = AtomicUsize::new(0);
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(head) if path(&head) == "/file" => {
            let number = turn.fetch_add(1, Ordering::SeqCst);
            wire.send(found(&format!("/{number}")))
        }
        Some(head) if path(&head) == "/0" => wire.send(newer.whole()),
        Some(head) if header(&head, "if-modified-since").is_some() => wire.send(format!(
            "HTTP/1.1 304 -\r\n{older}Connection: close\r\n\r\n"
        )),
        Some(_) => wire.send(response("200 OK", older, 13, b"first version")),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let url = server.url("/file");
    let run = save(&dir, &[], &[&url]).exits(0);
    is_whole(&run, &dir, b"second version");
    let run = save(&dir, &[], &[&url]).exits(0);
    is_whole(&run, &dir, b"first version");
}

#[test]
fn a_304_may_weaken_the_etag() {
    let server = Raw::start(|mut wire| match wire.head() {
        Some(head) if header(&head, "if-none-match") == Some("\"v1\"") => {
            wire.send("HTTP/1.1 304 -\r\nETag: W/\"v1\"\r\nConnection: close\r\n\r\n")
        }
        Some(_) => wire.send(version().whole()),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let url = server.url("/file");
    save(&dir, &[], &[&url]).exits(0);
    let run = save(&dir, &[], &[&url]).exits(0);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    run.check("two requests", server.heads().len() == 2);
}

#[test]
fn two_urls_that_lead_to_one_file_share_nothing() {
    let came = AtomicUsize::new(0);
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(head) if path(&head) != "/store" => wire.send(found("/store")),
        Some(head) => match came.fetch_add(1, Ordering::SeqCst) {
            0 => wire.send(version().cut(HELD)),
            _ => wire.send(version().answer(&head)),
        },
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    save(&dir, &["--retry=0"], &[&server.url("/one/file")]).exits(1);
    let run = save(&dir, &["--retry=0"], &[&server.url("/two/file")]).exits(0);
    holds(&run, dir.path(), &[("file", &bytes(SIZE))]);
    run.check("not resumed", resumed_from(&run).is_none());
}
