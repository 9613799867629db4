//! The program as a process: secrets in queries, in reports that are shown to others and in those for programs.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

const SHOWN: [&str; 6] = ["html", "svg", "md", "junit", "har", "trace"];
const DATA: [&str; 3] = ["json", "jsonl", "csv"];

/// An `--export` of each of these formats into this folder.
fn exports(formats: &[&str], dir: &Dir) -> Vec<String> {
    let dir = dir.path().display();
    let export = |format: &&str| format!("--export={format}={dir}/report.{format}");
    formats.iter().map(export).collect()
}

fn read(dir: &Dir, format: &str) -> String {
    fs::read_to_string(dir.path().join(format!("report.{format}"))).unwrap()
}

#[test]
fn reports_for_people_mask_secret_parameters_and_data_keeps_them() {
    let server = Server::with(|request, reply| match request.target.split('?').next() {
        Some("/moved") => reply.send(302, "Location: /there?X-Amz-Signature=hush&c=1\r\n", b""),
        Some("/loop") => reply.send(302, "Location: /loop?sig=hush\r\n", b""),
        Some("/missing") => reply.send(404, "", b""),
        _ => reply.send(200, "", b"ok"),
    });
    let urls = [
        "/a?token=hush&b=2",
        "/moved?key=hush",
        "/loop",
        "/missing?password=hush",
    ];
    let urls = urls.map(|target| server.url(target));
    let dir = Dir::new();
    let args = [
        exports(&SHOWN, &dir),
        exports(&DATA, &dir),
        urls.to_vec(),
        vec!["-v".to_owned()],
    ]
    .concat();
    let run = pfetch(&args).run().exits(1);
    for format in SHOWN {
        let report = read(&dir, format);
        run.check(&format!("{format}:\n{report}"), !report.contains("hush"));
        run.check(&format!("{format}:\n{report}"), report.contains("token=…"));
    }
    for format in DATA {
        let report = read(&dir, format);
        run.check(
            &format!("{format}:\n{report}"),
            report.contains("token=hush"),
        );
    }
    // So are the lines of URLs and of failures, which end in the logs of builds.
    let run = run.prints("/a?token=…&b=2").never_shows("hush");
    // It is what is sent, of course.
    let sent = server.targets();
    run.check(
        "sent",
        sent.iter().any(|target| target == "/a?token=hush&b=2"),
    );

    // Told again, it is masked as well.
    let again = Dir::new();
    let results = dir.path().join("report.jsonl").display().to_string();
    let args = [
        exports(&SHOWN, &again),
        vec!["-v".to_owned(), "--replay".to_owned(), results],
    ]
    .concat();
    let run = pfetch(&args).run().exits(0);
    let run = run.prints("/a?token=…&b=2").never_shows("hush");
    for format in SHOWN {
        let report = read(&again, format);
        let is_masked = !report.contains("hush") && report.contains("token=…");
        run.check(&format!("{format} again:\n{report}"), is_masked);
    }
}

#[test]
fn verbose_lines_mask_secret_parameters_in_urls_and_in_headers() {
    let server = Server::with(|request, reply| match request.target.split('?').next() {
        Some("/moved") => reply.send(302, "Location: /there?X-Amz-Signature=hush&c=1\r\n", b""),
        _ => reply.send(200, "", b"ok"),
    });
    let url = server.url("/moved?api_key=hush&b=2");
    let args = ["-v", "-H", "Referer: http://a.example/?token=hush", &url];
    let run = pfetch(&args).run().exits(0);
    run.check("masked", !run.stderr.contains("hush"));
    run.says("/moved?api_key=…&b=2 at ")
        .says("< Location: /there?X-Amz-Signature=…&c=1\n")
        .says("/there?X-Amz-Signature=…&c=1 at ")
        .says("> referer: …\n");
}

#[test]
fn reports_of_measurements_mask_secret_parameters_too() {
    let server = Server::start();
    let url = server.url("/bytes/5?token=hush");
    for options in [
        &["--compare", "--runs=2", "--warmup=0"][..],
        &["--sweep=1,2", "--runs=2", "--warmup=0"],
    ] {
        let dir = Dir::new();
        let options = options.iter().map(|option| (*option).to_owned());
        let urls = vec![url.clone(); 3];
        let args = [exports(&SHOWN, &dir), options.collect(), urls].concat();
        let run = pfetch(&args).run().exits(0).never_shows("hush");
        for format in SHOWN {
            let report = read(&dir, format);
            run.check(&format!("{format}:\n{report}"), !report.contains("hush"));
        }
    }
}

#[test]
fn urls_that_were_answered_differently_are_named_without_their_secrets() {
    let answered = AtomicU64::new(0);
    let server = Server::with(move |_, reply| {
        let body = "x".repeat(answered.fetch_add(1, Ordering::Relaxed) as usize % 100);
        reply.send(200, "", body.as_bytes())
    });
    let url = server.url("/a?token=hush");
    let args = [
        "--sweep=1",
        "--runs=2",
        "--warmup=0",
        "--summary-only",
        &url,
    ];
    let run = pfetch(&args).run().exits(0).never_shows("hush");
    run.prints("/a?token=…");
}

#[test]
fn warnings_and_what_a_dry_run_would_do_are_told_without_secrets() {
    let dir = Dir::new();
    // The second has no name, and the third no host.
    let urls = "http://h.invalid/a?token=hush\nhttp://u@h.invalid:x/?sig=hush\nhttp://?key=hush\n";
    let list = dir.file("urls", urls);
    let run = pfetch(&["--dry-run", "-i", &list]).run().exits(1);
    run.prints("/a?token=…\n").never_shows("hush");
    let run = pfetch(&["--strict", "-i", &list]).run().exits(2);
    run.never_shows("hush");
    let template = [
        "--dry-run",
        "--format={url}",
        "http://h.invalid/?token=hush",
    ];
    pfetch(&template).run().exits(0).prints("/?token=hush\n");
}
