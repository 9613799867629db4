//! Content codings that are not undone, and what the result says of them.

use std::fs;
use std::path::Path;

use super::encoders::{BROTLI_HELLO, answering, gzip, zstd};
use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, bytes};

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", url]].concat()).run()
}

/// The notices of the only result.
fn notices(run: &Run) -> Vec<String> {
    let result = run.result();
    let notices = result["notices"].as_array().cloned().unwrap_or_default();
    let texts = notices.iter().map(|text| text.as_str().unwrap_or_default());
    texts.map(str::to_owned).collect()
}

#[test]
fn names_that_are_no_coding_are_none_and_the_result_says_so() {
    for (name, told) in [
        ("none", Some("none")),
        ("UTF-8", Some("UTF-8")),
        ("aws-chunked", Some("aws-chunked")),
        ("binary, text/html", Some("binary, text/html")),
        ("none\r\nContent-Encoding: \"gzip\"", Some("none, \"gzip\"")),
        ("identity", None),
        ("", None),
        (", ,", None),
    ] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {name}\r\nContent-Length: 4\r\n");
        let server = answering(&head, b"body");
        let run = run(&["--compressed"], &server.url("/")).exits(0);
        run.check(name, run.result()["bytes"] == 4);
        let expected =
            told.map(|name| format!("Content-Encoding: {name} is no coding, and counts as none"));
        run.check(name, notices(&run) == Vec::from_iter(expected.clone()));
        let plain = pfetch(&["--compressed", "-v", &server.url("/")])
            .run()
            .exits(0);
        for output in [&plain.stdout, &plain.stderr] {
            let is_said = output.contains("is no coding");
            plain.check("for people, and with -v", is_said == expected.is_some());
        }
        plain.shows_plain_text();
    }
}

#[test]
fn a_status_that_is_not_accepted_is_the_failure_whatever_its_body_is_encoded_as() {
    let server = Server::with(|_, reply| reply.send(404, "Content-Encoding: compress\r\n", b"no"));
    let run = run(&["--compressed"], &server.url("/")).exits(1);
    run.check("status", run.result()["error"]["kind"] == "status");
}

/// The one file in this directory, and its content.
fn only_file(dir: &Path) -> (String, Vec<u8>) {
    let mut entries = fs::read_dir(dir).expect("it is there");
    let entry = entries
        .next()
        .expect("there is a file")
        .expect("it can be read");
    assert!(entries.next().is_none(), "there is only one file");
    let name = entry.file_name().into_string().expect("its name is plain");
    (name, fs::read(entry.path()).expect("it can be read"))
}

#[test]
fn a_file_whose_name_says_that_it_is_packed_stays_packed() {
    let plain = bytes(100_000);
    let gz = gzip(&plain);
    for (path, coding, sent, kept, told) in [
        ("/a.tar.gz", "gzip", &gz, &gz, true),
        ("/a.TGZ", "x-gzip", &gz, &gz, true),
        ("/a.svgz", "gzip", &gz, &gz, true),
        ("/a.zst", "zstd", &zstd(&plain), &zstd(&plain), true),
        (
            "/a.br",
            "br",
            &BROTLI_HELLO.to_vec(),
            &BROTLI_HELLO.to_vec(),
            true,
        ),
        ("/a.gz?v=1.txt", "gzip", &gz, &gz, true),
        // Apache's example configuration; nothing decodes it.
        ("/a.tar.Z", "x-compress", &gz, &gz, true),
        // The coding on top was added on the way.
        ("/a.gz", "gzip, zstd", &zstd(&gz), &gz, true),
        ("/a.gz", "zstd", &zstd(&gz), &gz, false),
        ("/a.txt", "gzip", &gz, &plain, false),
        ("/a.zip", "gzip", &gz, &plain, false),
        ("/gz", "gzip", &gz, &plain, false),
    ] {
        let what = format!("{path} {coding}");
        let (sent, kept) = (sent.clone(), kept.clone());
        let server = Server::with(move |_, reply| {
            reply.send(200, &format!("Content-Encoding: {coding}\r\n"), &sent)
        });
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let run = run(&["--compressed", "-d", folder], &server.url(path)).exits(0);
        run.check(&what, only_file(dir.path()).1 == kept);
        run.check(&what, run.result()["bytes"] == kept.len());
        let is_told = notices(&run)
            .iter()
            .any(|notice| notice.contains("kept packed"));
        run.check(&what, is_told == told);
    }
}

#[test]
fn it_is_the_name_of_the_file_that_says_it_and_not_that_of_the_url() {
    let plain = bytes(100_000);
    let gz = gzip(&plain);
    let headers =
        "Content-Encoding: gzip\r\nContent-Disposition: attachment; filename=\"b.tar.gz\"\r\n";
    let sent = gz.clone();
    let server = Server::with(move |_, reply| reply.send(200, headers, &sent));
    for (path, options, name, content) in [
        ("/a.txt", &["--content-disposition"][..], "b.tar.gz", &gz),
        ("/a.txt", &[], "a.txt", &plain),
        ("/a.gz", &[], "a.gz", &gz),
    ] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let args = [&["--compressed", "-d", folder], options].concat();
        let run = run(&args, &server.url(path)).exits(0);
        let file = only_file(dir.path());
        run.check(path, file.0 == name && file.1 == *content);
    }
    for (name, content) in [("c.gz", &gz), ("c", &plain)] {
        let dir = Dir::on_disk();
        let file = dir.path().join(name);
        let file = file.to_str().expect("its name is plain");
        let run = run(&["--compressed", "-o", file], &server.url("/a.gz")).exits(0);
        run.check(name, only_file(dir.path()).1 == *content);
    }
    // Bytes that become no file have no name.
    let run = run(&["--compressed"], &server.url("/a.gz")).exits(0);
    run.check("counted", run.result()["bytes"] == plain.len());
}

#[test]
fn a_body_that_is_encoded_though_nobody_asked_is_kept_and_told() {
    let gz = gzip(&bytes(100_000));
    let sent = gz.clone();
    let server = Server::with(move |_, reply| reply.send(200, "Content-Encoding: gzip\r\n", &sent));
    for (path, options, told) in [
        ("/page.html", &[][..], true),
        ("/page.html.gz", &[], false),
        ("/page.html", &["-HAccept-Encoding: gzip"], false),
    ] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().expect("its name is plain");
        let args = [&["-d", folder], options].concat();
        let run = run(&args, &server.url(path)).exits(0);
        run.check(path, only_file(dir.path()).1 == gz);
        let expected =
            "kept as sent, in a coding that was not asked for (gzip); --compressed decodes";
        let expected = told.then(|| expected.to_owned());
        run.check(path, notices(&run) == Vec::from_iter(expected));
    }
    let cat = pfetch(&["--cat", &server.url("/page.html")]);
    // Its bytes are no text.
    let cat = cat.stdout(std::process::Stdio::null()).run().exits(0);
    cat.says("a coding that was not asked for (gzip)");
    // Nothing is kept of bytes that are only counted.
    let counted = run(&[], &server.url("/page.html")).exits(0);
    counted.check("nothing to say", notices(&counted).is_empty());
}
