//! Web pages in the place of files: links that have expired lead to them, under the status of a success.

use crate::pfetch::{Dir, Run};
use crate::raw::Raw;
use crate::save::resume::{HELD, is_whole, version};
use crate::save::support::{response, save, save_and_tell};
use crate::save::ways::{FROM, Way, fetch};
use crate::server::bytes;

const PAGE: &[u8] = b"<html>your link has expired, please log in</html>";
const TOLD: &str = "changed: now an HTML page of 49 B";

/// A whole answer of this type.
fn answer(media_type: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let headers = format!("Content-Type: {media_type}\r\n{headers}");
    response("200 OK", &headers, body.len(), body)
}

/// Answers one request after the other, the last answer also for those that follow.
fn serve(answers: Vec<Vec<u8>>) -> Raw {
    Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&answers[wire.number.min(answers.len() - 1)]),
        None => Ok(()),
    })
}

/// The remarks on the result.
fn notices(run: &Run) -> Vec<String> {
    let result = run.result();
    let all = result["notices"].as_array().cloned().unwrap_or_default();
    let texts = all.iter().filter_map(|notice| notice.as_str());
    texts.map(str::to_owned).collect()
}

#[test]
fn a_page_in_the_place_of_a_part_is_told() {
    for media_type in [
        "text/html",
        "Text/HTML; charset=utf-8",
        "application/xhtml+xml",
    ] {
        for later in [false, true] {
            let dir = Dir::on_disk();
            let server = serve(vec![version().cut(HELD), answer(media_type, "", PAGE)]);
            let url = server.url("/file");
            if later {
                save(&dir, &["--retry=0"], &[&url]).exits(1);
            }
            // Without an ETag it may be the range, so it is asked for once more.
            let run = save(&dir, &[], &[&url]).exits(0);
            is_whole(&run, &dir, PAGE);
            let told = notices(&run);
            run.check(&format!("{media_type}: {told:?}"), told == [TOLD]);
        }
    }
}

#[test]
fn a_page_in_the_place_of_a_file_is_told() {
    for headers in ["ETag: \"v2\"\r\n", ""] {
        let dir = Dir::on_disk();
        let page = answer("text/html", headers, PAGE);
        let server = serve(vec![version().whole(), page]);
        let url = server.url("/file");
        save(&dir, &[], &[&url]).exits(0);
        let run = save_and_tell(&dir, &[], &[&url]).exits(0).prints(TOLD);
        is_whole(&run, &dir, PAGE);
    }
}

#[test]
fn a_page_without_a_length_is_told_by_what_came() {
    let dir = Dir::on_disk();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n";
    let page = [head.as_bytes(), PAGE].concat();
    let server = serve(vec![version().whole(), page]);
    let url = server.url("/file");
    save(&dir, &[], &[&url]).exits(0);
    let run = save(&dir, &[], &[&url]).exits(0);
    let told = notices(&run);
    run.check(&format!("{told:?}"), told == [TOLD]);
}

#[test]
fn a_page_in_the_place_of_a_body_that_waits_for_its_turn_is_told() {
    let page = answer("text/html", "ETag: \"v2\"\r\n", PAGE);
    let fetched = fetch(Way::WaitingCat, &version().cut(HELD), move |_, _| {
        page.clone()
    });
    fetched.is("the page", PAGE, &[None, Some(FROM)]);
    fetched.run.says(TOLD);
}

#[test]
fn what_is_no_page_or_was_one_is_not_told() {
    let page = |etag: &str, body: &[u8]| answer("text/html", &format!("ETag: {etag}\r\n"), body);
    let file =
        |etag: &str, body: &[u8]| answer("application/zip", &format!("ETag: {etag}\r\n"), body);
    let old_page: &[u8] = b"\n<!DOCTYPE html><p>another page";
    for (what, old, new) in [
        (
            "a page before",
            page("\"1\"", old_page),
            page("\"2\"", PAGE),
        ),
        (
            "a new file",
            file("\"1\"", &bytes(100)),
            file("\"2\"", &bytes(50)),
        ),
        // A server that calls everything HTML.
        ("as long", page("\"1\"", &bytes(49)), page("\"2\"", PAGE)),
    ] {
        let dir = Dir::on_disk();
        let server = serve(vec![old, new]);
        let url = server.url("/file");
        let run = save(&dir, &[], &[&url]).exits(0);
        run.check(what, notices(&run).is_empty());
        let run = save(&dir, &[], &[&url]).exits(0);
        run.check(what, notices(&run).is_empty());
        run.check(what, run.result()["outcome"] == "ok");
    }
    // Nor is what was never anything else.
    let dir = Dir::on_disk();
    let server = serve(vec![page("\"1\"", PAGE)]);
    let run = save(&dir, &[], &[&server.url("/file")]).exits(0);
    run.check("the first", notices(&run).is_empty());
}
