//! Media types of answers: they are told, and others than the expected ones fail (`--expect-type`).

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::pfetch::{Dir, json_lines, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, asked_from, names, response, save};
use crate::server::{Server, bytes};

/// A server that answers each request with its path's media type, and none for `/none`.
fn typed() -> Server {
    Server::with(|request, reply| {
        let header = match request.target.trim_start_matches('/') {
            "none" => String::new(),
            "blank" => "Content-Type:\r\n".to_owned(),
            "two" => "Content-Type: application/zip\r\nContent-Type: text/html\r\n".to_owned(),
            "moved" => return reply.send(302, "Location: /text/html\r\n", b""),
            "folded" => "Content-Type: application/zip;\r\n name=x\r\n".to_owned(),
            "hostile" => "Content-Type: text/html\u{9b}2J;\"=cmd\"\r\n".to_owned(),
            "gone/text/html" => return reply.send(404, "Content-Type: text/html\r\n", b"no"),
            media_type => format!("Content-Type: {media_type}\r\n"),
        };
        reply.send(200, &header, b"a body")
    })
}

#[test]
fn every_result_tells_the_media_type_of_its_answer() {
    let server = typed();
    let dir = Dir::new();
    for (path, expected) in [
        ("/text/html;charset=UTF-8", Some("text/html;charset=UTF-8")),
        ("/moved", Some("text/html")),
        ("/gone/text/html", Some("text/html")),
        ("/none", None),
        ("/blank", None),
        ("/folded", Some("application/zip;   name=x")),
    ] {
        for verb in [&[][..], &["-I"]] {
            let url = server.url(path);
            let csv = dir.path().join("report.csv");
            let har = dir.path().join("report.har");
            let log = dir.path().join("run.log");
            let exports = [&csv, &har].map(|path| format!("--export={}", path.display()));
            let log_option = format!("--log={}", log.display());
            let args = [
                "--format=jsonl",
                &exports[0],
                &exports[1],
                &log_option,
                &url,
            ];
            let run = pfetch(&[&args[..], verb].concat()).run();
            let told = &run.result()["content_type"];
            run.check(path, told.as_str() == expected);
            let text = |path| fs::read_to_string(path).unwrap();
            let row = text(&csv);
            let mut columns = row.lines().next().unwrap().rsplit(',');
            let column = columns.position(|name| name == "content_type").unwrap();
            let cell = row.lines().last().unwrap().rsplit(',').nth(column);
            run.check(&row, cell == Some(expected.unwrap_or_default()));
            let line = text(&log);
            let line: serde_json::Value =
                serde_json::from_str(line.lines().last().unwrap()).unwrap();
            run.check("log", line["content_type"].as_str() == expected);
            let har: serde_json::Value = serde_json::from_str(&text(&har)).unwrap();
            let entries = har["log"]["entries"].as_array().unwrap();
            let mime_type = &entries.last().unwrap()["response"]["content"]["mimeType"];
            run.check("HAR", mime_type.as_str() == expected.or(Some("x-unknown")));
        }
    }
    let long = format!("/text/{}", "x".repeat(2000));
    let run = pfetch(&["--format=jsonl", &server.url(&long)])
        .run()
        .exits(0);
    let told = run.result()["content_type"].as_str().unwrap().to_owned();
    run.check(&told, told.chars().count() == 301 && told.ends_with('…'));
    let run = pfetch(&["--format=jsonl", &server.url("/hostile")]).run();
    run.exits(0).shows_plain_text();
}

#[test]
fn an_answer_of_another_type_fails_before_a_byte_of_it_is_kept() {
    let server = typed();
    for (path, is_expected) in [
        ("/application/zip", true),
        ("/Application/ZIP;x=y", true),
        ("/image/png", true),
        ("/folded", true),
        ("/text/html", false),
        ("/text/html;a=image/png", false),
        ("/moved", false),
        ("/none", false),
        ("/blank", false),
        ("/two", false),
        ("/image/png,text/html", false),
        ("/nonsense", false),
    ] {
        let url = server.url(path);
        let dir = Dir::new();
        let folder = dir.path().join("d");
        let file = dir.path().join("o");
        let (folder, file) = (folder.display().to_string(), file.display().to_string());
        for destination in [
            &["-d", &*folder][..],
            &["-o", &file],
            &["--cat"],
            &["-I"],
            &[],
        ] {
            let before = server.requests();
            let args = [
                "--expect-type=image/*,application/zip",
                json_lines(destination),
                &url,
            ];
            let run = pfetch(&[&args[..], destination].concat()).run();
            let run = run.exits(if is_expected { 0 } else { 1 });
            let what = format!("{path} {destination:?}");
            let is_cat = destination == ["--cat"];
            let report = if is_cat { &run.stderr } else { &run.stdout };
            run.check(&what, report.contains("\"kind\":\"type\"") != is_expected);
            if is_cat {
                run.check(&what, (run.stdout == "a body") == is_expected);
                run.check(&what, is_expected || run.stdout.is_empty());
            }
            // It is not tried again.
            let redirects = usize::from(path == "/moved");
            assert_eq!(server.requests(), before + 1 + redirects, "{what}");
        }
        let saved = names(dir.path());
        assert_eq!(
            saved.iter().any(|name| name == "o"),
            is_expected,
            "{path}: {saved:?}"
        );
        let below = saved
            .iter()
            .filter(|name| name.starts_with("d/") && name.len() > 2);
        assert_eq!(below.count(), usize::from(is_expected), "{path}: {saved:?}");
    }
}

#[test]
fn a_failure_says_what_came_and_what_to_do() {
    let server = typed();
    for (path, message) in [
        (
            "/text/html;charset=x",
            "type: the answer is text/html;charset=x, not image/*; look at it without --expect-type, or \
             add its type there",
        ),
        (
            "/none",
            "type: the answer does not state its type (Content-Type), so it may not be image/*; \
             --expect-type '*/*' takes any",
        ),
    ] {
        let run = pfetch(&["--expect-type", "image/*", &server.url(path)]).run();
        run.exits(1).prints(message);
    }
    let run = pfetch(&["--expect-type=image/*", &server.url("/hostile")]).run();
    run.exits(1).shows_plain_text().prints("type: ");
}

#[test]
fn all_types_and_none_are_taken_by_the_range_of_all() {
    let server = typed();
    let urls = ["/text/html", "/none", "/blank", "/nonsense", "/two"].map(|path| server.url(path));
    let mut args = vec!["--expect-type=image/png, */*"];
    args.extend(urls.iter().map(String::as_str));
    pfetch(&args).run().exits(0).prints("5 ok");
}

#[test]
fn a_status_that_is_not_accepted_fails_by_its_status() {
    let server = typed();
    let url = server.url("/gone/text/html");
    let args = ["--expect-type=image/*", "--format=jsonl", &url];
    let run = pfetch(&args).run().exits(1);
    run.check("status", run.result()["error"]["kind"] == "status");
    let run = pfetch(&[&args[..], &["--accept=404"]].concat())
        .run()
        .exits(1);
    run.check("type", run.result()["error"]["kind"] == "type");
}

#[test]
fn connections_outlive_answers_of_another_type() {
    let server = typed();
    let urls: Vec<String> = (0..20)
        .map(|n| server.url(&format!("/text/html;n={n}")))
        .collect();
    let mut args = vec!["-j1", "--expect-type=image/*"];
    args.extend(urls.iter().map(String::as_str));
    pfetch(&args).run().exits(1).prints("20 failed");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_bad_list_of_types_is_a_mistake_on_the_command_line() {
    let server = typed();
    for types in ["", "html", "image/*,", "*/png", "text/html;q=1", "image/"] {
        let run = pfetch(&[&format!("--expect-type={types}"), &server.url("/none")]).run();
        run.exits(2).says("--expect-type");
    }
    assert_eq!(server.requests(), 0);
}

/// A 206 need not repeat the type (RFC 9110, 15.3.7), and a 304 or a 416 is not of the body.
#[test]
fn what_is_there_of_a_body_keeps_the_type_with_which_it_came() {
    const SIZE: usize = 300_000;
    let zip = "ETag: \"v\"\r\nContent-Type: application/zip\r\n";
    for (later, is_taken) in [
        ("", true),
        (zip, true),
        ("Content-Type: text/html\r\n", false),
    ] {
        let dir = Dir::on_disk();
        let whole = Version {
            headers: zip.to_owned(),
            ..Version::tagged("\"v\"", &bytes(SIZE))
        };
        let server = Raw::start(move |mut wire| {
            let Some(head) = wire.head() else {
                return Ok(());
            };
            let later = format!("ETag: \"v\"\r\n{later}");
            match (wire.number, asked_from(&head)) {
                (0, _) => wire.send(whole.cut(SIZE / 2)),
                (_, Some(from)) => {
                    let part = Version {
                        headers: later,
                        ..whole.clone()
                    };
                    wire.send(part.part(from, SIZE))
                }
                (_, None) => wire.send(whole.answer(&head)),
            }
        });
        let url = server.url("/file");
        let args = ["--expect-type=application/zip"];
        let run = save(&dir, &args, &[&url]);
        if is_taken {
            let run = run.exits(0);
            run.check("resumed", run.result()["status"] == 206);
            run.check("a file", names(dir.path()) == ["file"]);
            let run = save(&dir, &args, &[&url]).exits(0);
            run.check("unchanged", run.result()["outcome"] == "unchanged");
        } else {
            let run = run.exits(1);
            run.check("type", run.result()["error"]["kind"] == "type");
            // What is there is still good, should the server come to its senses.
            run.check("a part", names(dir.path()) == ["file.part"]);
        }
    }
}

#[test]
fn a_page_in_place_of_an_update_leaves_the_file_as_it_is() {
    let is_page = Arc::new(AtomicBool::new(false));
    let page = Arc::clone(&is_page);
    let server = Raw::start(move |mut wire| {
        if wire.head().is_none() {
            return Ok(());
        }
        match page.load(Ordering::SeqCst) {
            true => wire.send(response(
                "200 OK",
                "Content-Type: text/html\r\n",
                6,
                b"log in",
            )),
            false => wire.send(response(
                "200 OK",
                "Content-Type: application/zip\r\n",
                3,
                b"zip",
            )),
        }
    });
    let url = server.url("/file");
    for exists in ["update", "overwrite"] {
        is_page.store(false, Ordering::SeqCst);
        let dir = Dir::on_disk();
        let args = ["--expect-type=application/*", "--exists", exists];
        save(&dir, &args, &[&url]).exits(0);
        is_page.store(true, Ordering::SeqCst);
        let run = save(&dir, &args, &[&url]).exits(1);
        run.check("type", run.result()["error"]["kind"] == "type");
        let found = fs::read(dir.path().join("file")).unwrap();
        run.check("the file stays", found == b"zip");
    }
}
