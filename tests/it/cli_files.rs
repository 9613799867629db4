//! The program as a process: the files that it reads and writes, and what keeps them apart.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use serde_json::Value;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// Rule: no file that is written is another's too, by whatever name it is called.
#[test]
fn files_that_would_overwrite_each_other_are_refused_before_anything_is_fetched() {
    let (dir, server) = (Dir::new(), Server::start());
    let url = server.url("/bytes/1");
    dir.file("u", format!("{url}\n"));
    fs::hard_link(dir.path().join("u"), dir.path().join("hard")).unwrap();
    symlink("u", dir.path().join("soft")).unwrap();
    symlink("new", dir.path().join("dangling")).unwrap();
    for (args, expected) in [
        (vec!["-iu", "--export=json=u"], "--export and --input"),
        (vec!["-iu", "--export=json=./u"], "--export and --input"),
        (vec!["-ihard", "--export=json=u"], "--export and --input"),
        (vec!["-isoft", "--export=json=u"], "--export and --input"),
        (vec!["-iu", "--export=json=soft"], "--export and --input"),
        (vec!["-iu", "--log=hard"], "--log and --input"),
        (
            vec!["-iu", "--save-baseline=u"],
            "--save-baseline and --input",
        ),
        (vec!["-o", "a", "--log=./a"], "--output and --log"),
        (vec!["--log=u", "--against=u"], "--log and --against"),
        (
            vec!["--export=json=u", "--against=u"],
            "--export and --against",
        ),
        (vec!["--export=json=a", "--log=a"], "--export and --log"),
        (
            vec!["--export=json=new", "--log=dangling"],
            "--export and --log",
        ),
        (
            vec!["--export=json=a", "--save-baseline=a"],
            "--export and --save-baseline",
        ),
        (
            vec!["--log=a", "--save-baseline=a"],
            "--save-baseline and --log",
        ),
        (
            vec!["--replay=u", "--save-baseline=u"],
            "--save-baseline and --replay",
        ),
        (vec!["--export=json=hard", "--export=csv=u"], "two --export"),
    ] {
        let replays = args[0].starts_with("--replay");
        let url = [url.as_str()];
        let args = [&args[..], if replays { &[] } else { &url }].concat();
        let run = pfetch(&args).current_dir(dir.path()).run();
        let run = run.exits(2).complains_in_a_line();
        run.says(&format!("pfetch: {expected} have the same file"));
    }
    let list = File::open(dir.path().join("u")).unwrap();
    let run = pfetch(&["--export=json=u", "-"]).current_dir(dir.path());
    let run = run.stdin_from(list).end().exits(2);
    run.complains_in_a_line()
        .says("--export and standard input have the same file");
    let out = File::create(dir.path().join("out")).unwrap();
    let run = pfetch(&["--export=json=out", &url]).current_dir(dir.path());
    let run = run.stdout(out.into()).run().exits(2);
    run.complains_in_a_line()
        .says("--export and standard output have the same file");
    assert_eq!(server.requests(), 0);
    assert_eq!(
        fs::read_to_string(dir.path().join("u")).unwrap(),
        format!("{url}\n")
    );
    // What is only read may be read twice.
    let run = pfetch(&["-iu", "-isoft"]).current_dir(dir.path()).run();
    run.exits(0).prints("2 URLs: 2 ok");
}

/// Certificates and keys are only read, but they are lost all the same if something is written there.
#[test]
fn reports_do_not_replace_certificates() {
    let (dir, server) = (Dir::new(), Server::start());
    let roots = dir.file("roots.pem", "");
    let url = server.url("/bytes/1");
    let run = pfetch(&["--export=json=roots.pem", "--cacert", &roots, &url]);
    let run = run.current_dir(dir.path()).run().exits(2);
    run.complains_in_a_line()
        .says("--export and --cacert have the same file");
}

/// The lines of a report that was written though the run was stopped: it has an end, and says so.
#[track_caller]
fn stopped(dir: &Dir, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(dir.path().join(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let summary = lines.iter().find(|line| line["type"] == "summary");
    assert_eq!(summary.expect(&text)["stopped"], true, "{text}");
    // Nothing else is left.
    let left = fs::read_dir(dir.path()).unwrap();
    let hidden = left.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".pfetch-")
    });
    assert_eq!(hidden.count(), 0, "a temporary file is left");
    lines
}

#[test]
fn reports_in_files_are_there_when_the_reader_of_standard_output_goes_away() {
    let (dir, server) = (Dir::new(), Server::start());
    let url = server.url("/bytes/1");
    for options in [
        &["--assert=failed==0"][..],
        &["--compare"],
        &["--sweep=1,2"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        let args = ["--format=jsonl", "--export=x.jsonl", "--export=x.html", "-"];
        let args = [&args[..], options].concat();
        let run = pfetch(&args).current_dir(dir.path()).stdout(writer.into());
        let mut running = run.start();
        running.feed(&url);
        running.feed(&url);
        if options[0].starts_with("--assert") {
            let mut reader = BufReader::new(reader);
            for expected in ["\"run\"", "\"result\""] {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                assert!(line.contains(expected), "{line}");
            }
            drop(reader);
            running.feed(&url);
        } else {
            // The list is read to its end before anything is fetched.
            drop(reader);
        }
        // A list without an end, or there would be nothing left to stop.
        let run = match options[0].starts_with("--assert") {
            true => running.end(),
            false => running.finish(),
        };
        run.exits(141).says_nothing();
        if options[0].starts_with("--assert") {
            let lines = stopped(&dir, "x.jsonl");
            assert_eq!(lines[1]["type"], "result");
            assert_eq!(lines.last().unwrap()["verdict"], "unknown");
        }
        let page = fs::read_to_string(dir.path().join("x.html")).unwrap();
        assert!(page.contains("stopped"), "{page}");
        // All of it adds up.
        pfetch(&["--replay=x.jsonl"])
            .current_dir(dir.path())
            .run()
            .exits(0)
            .says_nothing();
        fs::remove_file(dir.path().join("x.jsonl")).unwrap();
        fs::remove_file(dir.path().join("x.html")).unwrap();
    }
}

#[test]
fn reports_in_files_are_there_when_standard_output_has_no_room() {
    let (dir, server) = (Dir::new(), Server::start());
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let urls = vec![server.url(&format!("/bytes/1?{}", "x".repeat(2000))); 100];
    let options = ["--format=jsonl", "--export=x.jsonl"].map(str::to_owned);
    let run = pfetch(&[&options[..], &urls].concat()).current_dir(dir.path());
    let run = run.stdout(full().into()).run().exits(4);
    run.complains_in_a_line().says("cannot write the report: ");
    let lines = stopped(&dir, "x.jsonl");
    assert!(lines.len() < 100, "it went on");
    // A replay goes on: that costs nothing, and the report is whole.
    let args = ["--format=jsonl", "--export=y.jsonl", "--replay=x.jsonl"];
    let run = pfetch(&args).current_dir(dir.path());
    let run = run.stdout(full().into()).run().exits(4);
    run.complains_in_a_line().says("cannot write the report: ");
    assert_eq!(stopped(&dir, "y.jsonl"), lines);
}

#[test]
fn reports_in_files_are_there_after_a_signal_though_nobody_reads_standard_output() {
    let (dir, server) = (Dir::new(), Server::start());
    let (reader, writer) = std::io::pipe().unwrap();
    let urls = vec![server.url(&format!("/bytes/1?{}", "x".repeat(5000))); 60];
    let options = ["--format=jsonl", "--export=x.jsonl", "-j1"].map(str::to_owned);
    let run = pfetch(&[&options[..], &urls].concat()).current_dir(dir.path());
    let running = run.stdout(writer.into()).start();
    let mut reader = BufReader::new(reader);
    for expected in ["\"run\"", "\"result\""] {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(line.contains(expected), "{line}");
    }
    running.signal(Signal::INT);
    running.end().exits(130).says_nothing();
    assert_eq!(stopped(&dir, "x.jsonl")[1]["type"], "result");
    drop(reader);
}
