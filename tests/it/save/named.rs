//! Names and checksums that do not come from the URL: those of the list, and those of servers.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::pfetch::{Dir, Run, pfetch};
use crate::save::support::{holds, names, save};
use crate::server::Server;

fn mirror() -> Server {
    Server::with(|request, reply| reply.send(200, "", request.target.as_bytes()))
}

fn sha256(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&ring::digest::SHA256, bytes);
    sum.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Runs it over a list of these lines, which is no file in the folder.
#[track_caller]
fn save_list(dir: &Dir, args: &[&str], lines: &[serde_json::Value]) -> Run {
    let own = Dir::new();
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    let list = own.file("list.jsonl", lines.concat());
    save(dir, &[&["-i", &list], args].concat(), &[])
}

#[test]
fn a_list_may_name_files() {
    let server = mirror();
    let dir = Dir::on_disk();
    let lines = [
        json!({"url": server.url("/1"), "output": "one.txt"}),
        json!({"url": server.url("/2"), "output": "deep/er/two.txt"}),
        json!({"url": server.url("/one.txt")}),
        json!({"url": server.url("/4"), "output": "deep/er/two.txt"}),
        json!({"url": server.url("/5"), "output": "deep"}),
    ];
    let files: [(&str, &[u8]); 5] = [
        ("one.txt", b"/1"),
        ("deep/er/two.txt", b"/2"),
        ("one-1.txt", b"/one.txt"),
        ("deep/er/two-1.txt", b"/4"),
        ("deep-1", b"/5"),
    ];
    let run = save_list(&dir, &["-j8"], &lines).exits(0);
    holds(&run, dir.path(), &files);
    // A server does not change what the list says.
    let disposed = Server::with(|request, reply| {
        let header = "Content-Disposition: attachment; filename=other\r\n";
        reply.send(200, header, request.target.as_bytes())
    });
    let dir = Dir::on_disk();
    let lines = [
        json!({"url": disposed.url("/1"), "output": "sub/one.txt"}),
        json!({"url": disposed.url("/2")}),
    ];
    let run = save_list(&dir, &["--content-disposition"], &lines).exits(0);
    holds(
        &run,
        dir.path(),
        &[("sub/one.txt", b"/1"), ("other", b"/2")],
    );
}

#[test]
fn a_file_with_the_wrong_checksum_is_none() {
    let server = mirror();
    let dir = Dir::on_disk();
    let lines = [
        json!({"url": server.url("/good"), "sha256": sha256(b"/good")}),
        json!({"url": server.url("/bad"), "sha256": sha256(b"/other")}),
        json!({"url": server.url("/upper"), "sha256": sha256(b"/upper").to_uppercase()}),
    ];
    let run = save_list(&dir, &[], &lines).exits(1);
    holds(
        &run,
        dir.path(),
        &[("good", b"/good"), ("upper", b"/upper")],
    );
    for result in run.results() {
        if result["index"] == 1 {
            let error = &result["error"];
            run.check("kind", error["kind"] == "checksum");
            let message = error["message"].as_str().unwrap();
            run.check("found", message.contains(&sha256(b"/bad")));
            run.check("wanted", message.contains(&sha256(b"/other")));
            run.check("no file", result["saved"].is_null());
            // It is what the server has: asking once more gives the same, and that is enough.
            run.check("twice", result["attempts"] == 2);
        } else {
            let saved = &result["saved"];
            run.check("sum", saved["sha256"].as_str().map(str::len) == Some(64));
        }
    }
    // Nor do bodies that are large enough to be in a part by then, or that are not saved.
    let large = Server::start();
    let line = json!({"url": large.url("/bytes/600000"), "sha256": sha256(b"")});
    let dir = Dir::on_disk();
    let run = save_list(&dir, &[], std::slice::from_ref(&line)).exits(1);
    run.check("nothing", names(dir.path()).is_empty());
    let run = pfetch(&["-i", "-", "--format=jsonl"])
        .stdin(line.to_string())
        .run();
    let run = run.exits(1);
    run.check("kind", run.result()["error"]["kind"] == "checksum");
}

#[test]
fn a_file_with_the_right_checksum_is_not_fetched_again() {
    let server = mirror();
    for mode in ["--exists=skip", "--exists=update"] {
        let dir = Dir::on_disk();
        // From anywhere: its content is what counts.
        dir.file("file", "/file");
        let lines = [json!({"url": server.url("/file"), "sha256": sha256(b"/file")})];
        let run = save_list(&dir, &[mode], &lines).exits(0);
        holds(&run, dir.path(), &[("file", b"/file")]);
        run.check(mode, run.result()["outcome"] == "unchanged");
        run.check(mode, run.result()["saved"]["sha256"] == sha256(b"/file"));
    }
    assert_eq!(server.requests(), 0);
    let dir = Dir::on_disk();
    dir.file("file", "other");
    let lines = [json!({"url": server.url("/file"), "sha256": sha256(b"/file")})];
    let run = save_list(&dir, &["--exists=skip"], &lines).exits(4);
    holds(&run, dir.path(), &[("file", b"other")]);
    let run = save_list(&dir, &["--exists=overwrite"], &lines).exits(0);
    holds(&run, dir.path(), &[("file", b"/file")]);
}

#[test]
fn names_in_a_list_that_are_unsafe_are_bad_lines() {
    // CVE-2010-3842, CVE-2016-0754, CVE-2002-1344, CVE-2010-1512: names lead nowhere else.
    let server = mirror();
    let long = "x".repeat(2000);
    for output in [
        "../x",
        "a/../../x",
        "/etc/passwd",
        "",
        ".",
        "..",
        "a/",
        ".bashrc",
        "a/.ssh/x",
        "-rf",
        "a\\b",
        "c:x",
        "a\u{0}b",
        "a\nb",
        "a\u{202e}b",
        "con",
        "aux.txt",
        "x.part",
        "x.",
        &long,
    ] {
        let dir = Dir::on_disk();
        let lines = [
            json!({"url": server.url("/first")}),
            json!({"url": server.url("/never"), "output": output}),
            json!({"url": server.url("/last")}),
        ];
        let run = save_list(&dir, &[], &lines).exits(1);
        holds(
            &run,
            dir.path(),
            &[("first", b"/first"), ("last", b"/last")],
        );
        let results = run.results();
        let bad = results.iter().find(|result| result["index"] == 1).unwrap();
        let error = &bad["error"];
        run.check(output, error["kind"] == "input");
        let message = error["message"].as_str().unwrap();
        run.check(output, message.contains("list.jsonl:2"));
        run.check(output, message.contains("output"));
        let is_plain = !message.contains(|c: char| c.is_control() || c == '\u{202e}');
        run.check(output, is_plain);
    }
    assert!(!server.targets().contains(&"/never".to_owned()));
}

#[test]
fn names_in_a_list_need_a_folder() {
    let server = mirror();
    let line = json!({"url": server.url("/x"), "output": "x"}).to_string();
    let run = pfetch(&["-i", "-", "--format=jsonl"]).stdin(line).run();
    let run = run.exits(1);
    let result = run.result();
    let message = result["error"]["message"].as_str().unwrap();
    run.check("input", result["error"]["kind"] == "input");
    run.check("what to do", message.contains("(-d DIR)"));
    assert_eq!(server.requests(), 0);
}

/// Names each body as its target says, decoded by the server.
fn disposing(header: &'static str) -> Server {
    Server::with(move |_, reply| {
        reply.send(200, &format!("Content-Disposition: {header}\r\n"), b"text")
    })
}

#[test]
fn servers_name_files_only_when_they_are_asked_to() {
    let server = disposing("attachment; filename=\"real name.txt\"");
    for (args, name) in [
        (&[][..], "url"),
        (&["--content-disposition"], "real name.txt"),
    ] {
        let dir = Dir::on_disk();
        let run = save(&dir, args, &[&server.url("/url")]).exits(0);
        holds(&run, dir.path(), &[(name, b"text")]);
        let path = dir.path().join(name);
        run.check(
            "path",
            run.result()["saved"]["path"] == path.to_str().unwrap(),
        );
    }
}

#[test]
fn names_that_servers_give_stay_in_the_folder_and_are_harmless() {
    // CVE-2010-2251, CVE-2020-8177; and wget's CVE-2016-4971 with a .bashrc.
    for (header, name) in [
        ("attachment; filename=\"../../etc/passwd\"", "passwd"),
        ("attachment; filename=\"/etc/passwd\"", "passwd"),
        ("attachment; filename=\"..\\\\..\\\\boot.ini\"", "boot.ini"),
        ("attachment; filename=\".bashrc\"", "_bashrc"),
        ("attachment; filename=\"a/b\"", "b"),
        ("attachment; filename=\"-rf\"", "_rf"),
        ("attachment; filename=\"con\"", "_con"),
        ("attachment; filename=\"x.part\"", "x.part_"),
        ("attachment; filename*=UTF-8''%2e%2e%2fx%E2%80%AEy", "x_y"),
        ("attachment; filename*=UTF-8''a%00b%0a", "a_b_"),
        // What says nothing of use leaves the URL's name.
        ("attachment; filename=\"..\"", "url"),
        ("attachment; filename=\"\"", "url"),
        (
            "attachment; filename=\"%2e%2e%2F%2e%2e%2f.bashrc\"",
            "_bashrc",
        ),
        ("filename=\"=?utf-8?Q?..=2F=2E=2E=5Cx=00?=\"", "x_"),
        ("attachment; filename=\"../a\"; filename=\"../../b\"", "a"),
        ("attachment", "url"),
    ] {
        let outer = Dir::on_disk();
        let inner = outer.path().join("in/side");
        let server = disposing(header);
        let args = ["--content-disposition", "--format=jsonl", "-d"];
        let url = server.url("/url");
        let run = pfetch(&[&args[..], &[inner.to_str().unwrap(), &url]].concat()).run();
        let run = run.exits(0);
        let file = format!("in/side/{name}");
        holds(&run, outer.path(), &[(&file, b"text")]);
    }
}

#[test]
fn headers_that_the_grammar_does_not_allow_still_name_files() {
    for (header, name) in [
        ("filename=report.pdf", "report.pdf"),
        ("filename=report.pdf; attachment", "report.pdf"),
        (
            "attachment; size; filename=report (1).pdf;",
            "report (1).pdf",
        ),
        ("attachment; filename=a.txt; filename=b.txt", "a.txt"),
        (
            "attachment; filename*=utf8''r\u{e9}sum\u{e9} 1.txt",
            "r\u{e9}sum\u{e9} 1.txt",
        ),
        ("attachment; filename=\"50%25%20off.txt\"", "50% off.txt"),
        ("attachment; filename=\"cut off.txt", "cut off.txt"),
    ] {
        let dir = Dir::on_disk();
        let server = disposing(header);
        let run = save(&dir, &["--content-disposition"], &[&server.url("/url")]).exits(0);
        holds(&run, dir.path(), &[(name, b"text")]);
    }
}

#[test]
fn names_that_servers_give_twice_are_numbered_in_the_order_of_the_input() {
    for _ in 0..3 {
        let dir = Dir::on_disk();
        let server = Server::with(|request, reply| {
            let header = "Content-Disposition: attachment; filename=same.txt\r\n";
            if request.target == "/0" {
                while !reply.wait(Duration::from_millis(1)) && !reply.is_last_of(4) {}
            }
            reply.send(200, header, request.target.as_bytes())
        });
        let urls = ["/0", "/1", "/2", "/3"].map(|target| server.url(target));
        let urls = urls.each_ref().map(String::as_str);
        let run = save(&dir, &["--content-disposition", "-j4"], &urls).exits(0);
        let files: [(&str, &[u8]); 4] = [
            ("same.txt", b"/0"),
            ("same-1.txt", b"/1"),
            ("same-2.txt", b"/2"),
            ("same-3.txt", b"/3"),
        ];
        holds(&run, dir.path(), &files);
        // Once more: the server has what is there already.
        let run = save(&dir, &["--content-disposition", "-j4"], &urls).exits(0);
        holds(&run, dir.path(), &files);
    }
}

#[test]
fn what_exists_is_heeded_for_names_of_servers_too() {
    let server = disposing("attachment; filename=same.txt");
    for (mode, code, kept, files) in [
        ("skip", 0, true, 1),
        ("update", 4, true, 1),
        ("fail", 4, true, 1),
        ("overwrite", 0, false, 1),
        ("rename", 0, true, 2),
    ] {
        let dir = Dir::on_disk();
        dir.file("same.txt", "mine");
        let mode = format!("--exists={mode}");
        let args = ["--content-disposition", &mode];
        let run = save(&dir, &args, &[&server.url("/url")]).exits(code);
        let found = fs::read(dir.path().join("same.txt")).unwrap();
        run.check(&mode, (found == b"mine") == kept);
        run.check(&mode, names(dir.path()).len() == files);
        if files == 2 {
            run.check(&mode, names(dir.path())[0] == "same-1.txt");
        }
    }
}
