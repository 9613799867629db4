//! The program as a process: secrets in queries, in reports that are shown to others and in those for programs.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

const SHOWN: [&str; 4] = ["html", "svg", "md", "junit"];
const FOR_PROGRAMS: [&str; 5] = ["json", "jsonl", "csv", "har", "trace"];

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
fn reports_for_others_mask_secret_parameters_and_those_for_programs_keep_them() {
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
        exports(&FOR_PROGRAMS, &dir),
        urls.to_vec(),
    ]
    .concat();
    let run = pfetch(&args).run().exits(1);
    for format in SHOWN {
        let report = read(&dir, format);
        run.check(&format!("{format}:\n{report}"), !report.contains("hush"));
        run.check(&format!("{format}:\n{report}"), report.contains("token=…"));
    }
    for format in FOR_PROGRAMS {
        let report = read(&dir, format);
        run.check(
            &format!("{format}:\n{report}"),
            report.contains("token=hush"),
        );
    }
    // It is what is sent, of course, and what the terminal shows to who typed it.
    let run = run.prints("/a?token=hush&b=2");
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
        vec!["--replay".to_owned(), results],
    ]
    .concat();
    let run = pfetch(&args).run().exits(0);
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
        let run = pfetch(&args).run().exits(0);
        for format in SHOWN {
            let report = read(&dir, format);
            run.check(&format!("{format}:\n{report}"), !report.contains("hush"));
        }
    }
}
