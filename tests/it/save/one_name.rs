//! `-d DIR -o NAME`: one file under a name in a folder; and files that are kept without a question.

use std::fs;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn a_name_and_a_folder_make_one_path() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    for (options, path) in [
        (&["-d", "out", "-o", "name"][..], "out/name"),
        (&["-o", "name", "-d", "out"], "out/name"),
        (&["--output-dir", "out", "-o", "name"], "out/name"),
        (&["--dir", "out", "--out", "a/name"], "out/a/name"),
        (&["-P", ".", "-o", "name"], "name"),
    ] {
        let dir = Dir::new();
        let args = [options, &[&*url]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
        let bytes = fs::read(dir.path().join(path)).ok();
        run.check(path, bytes.is_some_and(|bytes| bytes.len() == 5));
    }
}

#[test]
fn a_name_in_a_folder_is_one_relative_name_of_one_url() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let dir = Dir::new();
    for (args, reason) in [
        (&["-d", "out", "-o", "name", &*url, &*url][..], "one URL"),
        (&["-d", "out", "-o", "/tmp/name", &url], "-o NAME"),
        (&["-d", "out", "-o", "-", &url], "-o NAME"),
        (&["-d", "out", "-o", &url], "-o takes a file first"),
        (&["-d", &url, "-o", "name"], "-d takes a folder first"),
        (
            &["-d", "out", "-o", "name", "--log=out/name", &url],
            "have the same file",
        ),
    ] {
        let run = pfetch(args).current_dir(dir.path()).run().exits(2);
        run.complains_in_a_line().says(reason);
    }
    assert_eq!(server.requests(), 0);
    assert!(!dir.path().join("out").exists());
}

#[test]
fn a_file_that_was_not_asked_about_is_not_called_unchanged() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let dir = Dir::new();
    let file = dir.file("name", "mine");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let [csv, json, md, html] = ["a.csv", "a.json", "a.md", "a.html"].map(path);
    let run = pfetch(&["-nc", "-o", &file, "--export", &csv, "--export", &json])
        .arg(b"--export")
        .arg(md.as_bytes())
        .arg(b"--export")
        .arg(html.as_bytes())
        .arg(url.as_bytes())
        .run()
        .exits(0)
        .prints("name (not checked)\n")
        .prints("  1 URL: 1 ok (kept, not checked), 0 failed")
        .never_shows("unchanged");
    for report in [&csv, &md, &html] {
        let text = fs::read_to_string(report).unwrap_or_default();
        run.check(report, text.contains("kept, not checked"));
    }
    let text = fs::read_to_string(&json).unwrap_or_default();
    let text = text.replace(' ', "");
    run.check(
        &text,
        text.contains("\"outcome\":\"unchanged\"") && text.contains("\"attempts\":0"),
    );
    assert_eq!(server.requests(), 0);
}
