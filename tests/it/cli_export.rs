//! The program as a process: reports in files, and runs told again.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::process::Signal;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

const FORMATS: [&str; 5] = ["csv", "json", "jsonl", "junit", "md"];

/// An `--export` of each format into this folder.
fn exports(dir: &Path) -> Vec<String> {
    let dir = dir.display();
    let export = |format| format!("--export={format}={dir}/report.{format}");
    FORMATS.map(export).to_vec()
}

fn read(dir: &Dir, name: &str) -> String {
    fs::read_to_string(dir.path().join(name)).unwrap()
}

/// The names in a folder, sorted.
fn names(dir: &Dir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).unwrap();
    let name = |entry: Result<fs::DirEntry, _>| entry.unwrap().file_name().into_string().unwrap();
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

#[test]
fn the_summary_of_a_step_is_added_to_and_any_other_file_is_replaced() {
    let server = Server::start();
    let dir = Dir::new();
    let summary = dir.file("summary", "of another command\n");
    let link = dir.path().join("link").display().to_string();
    symlink(&summary, &link).unwrap();
    let other = dir.file("other", "of another command\n");
    let url = server.url("/bytes/5");
    let added = "of another command\n\n## pfetch\n\n**1 ok, 0 failed**";
    for (named, file, text) in [
        (&summary, &summary, added),
        (&link, &summary, added),
        (&summary, &other, "## pfetch\n\n**1 ok, 0 failed**"),
        (&"".to_owned(), &other, "## pfetch\n\n**1 ok, 0 failed**"),
    ] {
        fs::write(&summary, "of another command\n").unwrap();
        let export = format!("--export=md={file}");
        let run = pfetch(&[&export, &url]).env("GITHUB_STEP_SUMMARY", named);
        let run = run.run().exits(0);
        let there = fs::read_to_string(file).unwrap();
        run.check(&there, there.starts_with(text));
        let run = match text == added {
            true => run.says(&format!("added the report to {file}\n")),
            false => run.says(&format!("wrote {file}\n")),
        };
        // It has no end, and is replaced by nothing, where the run had none.
        let again =
            pfetch(&[export.as_str(), "-i", "/nonexistent"]).env("GITHUB_STEP_SUMMARY", named);
        again.run().exits(2);
        run.check("as it was", fs::read_to_string(file).unwrap() == there);
    }
    // A second run of the step is below the first.
    let run = pfetch(&[format!("--export=md={summary}"), url]).env("GITHUB_STEP_SUMMARY", &summary);
    let run = run.run().exits(0);
    let there = fs::read_to_string(&summary).unwrap();
    run.check(&there, there.starts_with("of another command\n\n## pfetch"));
    // A summary that cannot be written is a failure on this side, before anything is fetched.
    let missing = dir.path().join("none/summary").display().to_string();
    let args = ["--export", &format!("md={missing}"), "http://127.0.0.1:1/"];
    pfetch(&args)
        .env("GITHUB_STEP_SUMMARY", &missing)
        .run()
        .exits(4)
        .says("there is no folder");
}

#[test]
fn every_export_of_a_replay_is_that_of_the_run() {
    let server = Server::start();
    let (live, again) = (Dir::new(), Dir::new());
    let urls = [
        server.url("/bytes/1000"),
        server.url("/redirect/2"),
        server.url("/status/404"),
        server.url("/status/503"),
        "http://127.0.0.1:1/?=cmd|`x`".to_owned(),
        "ftp://h/<script>".to_owned(),
    ];
    let options = [
        "--format=jsonl",
        "--retry=1",
        "--retry-delay=1ms",
        "-d",
        "bodies",
    ];
    let args = [
        exports(live.path()),
        options.map(str::to_owned).to_vec(),
        urls.to_vec(),
    ]
    .concat();
    let run = pfetch(&args)
        .current_dir(live.path())
        .run()
        .exits(1)
        .says_nothing();
    assert_eq!(run.stdout, read(&live, "report.jsonl"));
    let lines = live.path().join("report.jsonl").display().to_string();
    let args = [exports(again.path()), vec!["--replay".to_owned(), lines]].concat();
    pfetch(&args)
        .run()
        .exits(0)
        .says("note: 4 of 6 URLs failed in these runs; ")
        .prints("6 URLs: 2 ok, 4 failed");
    for format in FORMATS {
        let name = format!("report.{format}");
        assert_eq!(read(&again, &name), read(&live, &name), "{format}");
    }
    // Nothing else is left behind.
    assert_eq!(names(&again).len(), FORMATS.len());
}

#[test]
fn the_extension_names_the_format_and_a_file_that_is_there_is_replaced() {
    let server = Server::start();
    let dir = Dir::new();
    let file = dir.file("results.xml", "before");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    pfetch(&["--export", "results.xml", &server.url("/bytes/1")])
        .current_dir(dir.path())
        .run()
        .exits(0);
    assert!(read(&dir, "results.xml").starts_with("<?xml"));
    // Rule: existing files' modes are kept.
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(names(&dir), ["results.xml"]);
}

#[test]
fn mistakes_are_said_before_anything_is_fetched() {
    let (dir, server) = (Dir::new(), Server::start());
    dir.file("run.jsonl", "");
    let url = server.url("/bytes/1");
    for (args, expected) in [
        (
            vec!["--export=cvs=a"],
            "'cvs=a' for '--export <FORMAT=FILE>': there is no such format; there are json, jsonl, csv, md, junit",
        ),
        (
            vec!["--export=a.txt"],
            "the extension names no format; give FORMAT=FILE, with one of json,",
        ),
        (vec!["--export=report"], "the extension names no format"),
        (
            vec!["--export=csv=-", "--format=jsonl"],
            "--export csv and --format jsonl both go to standard output; give one of them a file",
        ),
        (
            vec!["--export=csv=/dev/fd/1", "--format={url}"],
            "--export csv and --format TEMPLATE both go to standard output",
        ),
        (
            vec!["--export=csv=-", "--export=md=/dev/stdout"],
            "--export csv and --export md both go to standard output",
        ),
        (
            vec!["--export=csv=-", "--cat"],
            "the bodies and --export csv both go to standard output",
        ),
        (
            vec!["--export=csv=-", "-o-"],
            "the bodies and --export csv both go to standard output",
        ),
        (
            vec!["--cat", "--format=jsonl"],
            "the bodies and --format jsonl both go to standard output",
        ),
        (
            vec!["--export=csv=/dev/stderr", "--export=md=/dev/fd/2"],
            "--export csv and --export md both go to standard error",
        ),
        (
            vec!["--export=-"],
            "say which format, as md=-; there are json, jsonl, csv, md",
        ),
        (vec!["--export=csv=d/"], "name a file, not a folder"),
        (vec!["--export=csv="], "no FILE stands behind the '='"),
        (
            vec!["--export=a.csv", "--export=json=./a.csv"],
            "two --export have the same file; give each its own",
        ),
        (
            vec!["--export=a.csv", "--log=./a.csv"],
            "--export and --log have the same file",
        ),
        (
            vec!["--export=a.csv", "-o", "a.csv"],
            "--export and --output have the same file",
        ),
    ] {
        let run = pfetch(&[&args[..], &[&url]].concat())
            .current_dir(dir.path())
            .run();
        run.exits(2).complains_in_a_line().says(expected);
    }
    for (args, expected) in [
        (
            vec!["--export=run.jsonl", "--replay=run.jsonl"],
            "--export and --replay have the same file",
        ),
        (
            vec!["--replay=run.jsonl", "--replay=run.jsonl"],
            "--replay has the same file twice",
        ),
        (vec!["-i", "x", "--replay=run.jsonl"], "cannot be used with"),
        (vec!["-d", "x", "--replay=run.jsonl"], "cannot be used with"),
        (vec![&url, "--replay=run.jsonl"], "cannot be used with"),
        (
            vec!["--retry=1", "--replay=run.jsonl"],
            "cannot be used with",
        ),
        (
            vec!["--replay=nothing.jsonl"],
            "cannot read nothing.jsonl: ",
        ),
        (
            vec!["--replay=run.jsonl"],
            "run.jsonl:1: it is empty, or its first line breaks off",
        ),
    ] {
        let run = pfetch(&args).current_dir(dir.path()).run();
        run.exits(2).complains_in_a_line().says(expected);
    }
    assert_eq!(names(&dir), ["run.jsonl"]);
}

/// Rule: nothing is written through a symbolic link.
#[test]
fn a_place_where_no_file_can_be_is_a_failure_on_this_side() {
    let (dir, server) = (Dir::new(), Server::start());
    fs::create_dir(dir.path().join("folder.csv")).unwrap();
    let target = dir.file("target", "untouched");
    symlink(&target, dir.path().join("link.csv")).unwrap();
    for (file, expected) in [
        (
            "nowhere/a.csv",
            "cannot write nowhere/a.csv: there is no folder nowhere; make it first (mkdir -p)\n",
        ),
        ("folder.csv", "cannot write folder.csv: it is a folder\n"),
        (
            "link.csv",
            "cannot write link.csv: it is a symbolic link; name the file that it leads to\n",
        ),
    ] {
        let run = pfetch(&["--export", file, &server.url("/bytes/1")]);
        let run = run.current_dir(dir.path()).run();
        let run = run.exits(4).complains_in_a_line().says(expected);
        assert_eq!(run.stdout, "", "nothing is fetched");
    }
    assert_eq!(read(&dir, "target"), "untouched");
    assert_eq!(names(&dir), ["folder.csv", "link.csv", "target"]);
}

#[test]
fn the_number_of_the_shard_is_filled_into_the_names_of_logs_and_files() {
    let (dir, server) = (Dir::new(), Server::start());
    let url = server.url("/bytes/1");
    let shard = ["--shard=2/3", "--shard-by=line"];
    let urls = [url.as_str(); 3];
    let files = ["--log=sh{shard}.log", "-d=s{shard}"];
    let all = [&files[..], &shard, &urls].concat();
    pfetch(&all).current_dir(dir.path()).run().exits(0);
    assert_eq!(names(&dir), ["s2", "sh2.log"]);
    let resumed = [&["--resume"], &all[..]].concat();
    let run = pfetch(&resumed).current_dir(dir.path()).run().exits(0);
    run.prints("1 done before");
    let file = ["-o=f{shard}", "--shard=0/1", &url];
    pfetch(&file).current_dir(dir.path()).run().exits(0);
    assert_eq!(names(&dir), ["f0", "s2", "sh2.log"]);
    // Without a shard there is no number, and nothing is made.
    for (option, given) in [
        ("--log", "--log=a{shard}"),
        ("-d", "-d=a{shard}"),
        ("-o", "-o={shard}"),
    ] {
        let run = pfetch(&[given, &url]).current_dir(dir.path()).run();
        run.exits(2).complains_in_a_line().says(&format!(
            "{option}: {{shard}} stands for the number of a shard; give --shard, or take it out"
        ));
    }
    assert_eq!(names(&dir), ["f0", "s2", "sh2.log"]);
}

#[test]
fn the_number_of_the_shard_is_filled_into_the_name_of_an_export() {
    let (dir, server) = (Dir::new(), Server::start());
    let url = server.url("/bytes/1");
    let export = ["--export=junit=rep-{shard}.of", "--export=a{shard}.md"];
    let shard = [&export[..], &["--shard=1/4", "--shard-by=line", &url]].concat();
    pfetch(&shard).current_dir(dir.path()).run().exits(0);
    assert_eq!(names(&dir), ["a1.md", "rep-1.of"]);
    let whole = [&export[..], &[url.as_str()]].concat();
    let run = pfetch(&whole).current_dir(dir.path()).run();
    run.exits(2)
        .complains_in_a_line()
        .says("{shard} stands for the number of a shard; give --shard");
    assert_eq!(names(&dir), ["a1.md", "rep-1.of"]);
    // Two names that become one.
    let twice = ["--export=a{shard}.md", "--export=md=a1.md", "--shard=1/4"];
    let twice = [&twice[..], &[url.as_str()]].concat();
    let run = pfetch(&twice).current_dir(dir.path()).run();
    run.exits(2)
        .complains_in_a_line()
        .says("two --export have the same file");
}

#[test]
fn an_input_without_urls_is_an_error_in_junit_exactly_if_it_is_one_to_the_program() {
    let dir = Dir::new();
    let list = dir.file("list", "# nothing\n");
    for (options, code, errors) in [
        (&[][..], 2, 1),
        (&["--compare"], 2, 1),
        (&["--sweep=1,2"], 2, 1),
        (&["--allow-empty"], 0, 0),
        (&["--shard=0/2"], 0, 0),
    ] {
        let args = [&["-i", &list, "--export=run.xml"][..], options].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(code);
        let report = read(&dir, "run.xml");
        run.check(&report, report.matches("<error ").count() == errors);
        run.check(&report, report.matches("errors=\"1\"").count() == errors);
    }
}

/// A file that cannot take its place in the end, because a folder has it by then.
#[test]
fn a_report_that_cannot_be_written_in_the_end_is_named_and_the_others_are_there() {
    let (dir, server) = (Dir::new(), Server::start());
    let first = server.url("/bytes/1");
    let args = [
        "--export=bad.csv",
        "--export=good.csv",
        "-i",
        "-",
        "--format=jsonl",
    ];
    let mut run = pfetch(&args).current_dir(dir.path()).start();
    run.feed(&first);
    run.line();
    run.line();
    fs::create_dir(dir.path().join("bad.csv")).unwrap();
    let run = run.finish().exits(4).complains_in_a_line();
    run.check("it is named", run.stderr.contains("cannot write bad.csv: "));
    assert_eq!(run.summary()["ok"], 1);
    assert_eq!(names(&dir), ["bad.csv", "good.csv"]);
    assert_eq!(read(&dir, "good.csv").lines().count(), 2);
}

#[test]
fn a_run_that_is_stopped_still_writes_its_reports() {
    let (dir, server) = (Dir::new(), Server::start());
    let args = [
        "--export=a.csv",
        "--export=a.md",
        "-i",
        "-",
        "--format=jsonl",
    ];
    let mut run = pfetch(&args).current_dir(dir.path()).start();
    run.feed(&server.url("/bytes/1"));
    run.line();
    run.line();
    assert!(
        names(&dir).iter().all(|name| name.starts_with(".pfetch-")),
        "none is there yet"
    );
    run.signal(Signal::INT);
    run.end().exits(130);
    assert_eq!(names(&dir), ["a.csv", "a.md"]);
    assert_eq!(read(&dir, "a.csv").lines().count(), 2);
    assert!(read(&dir, "a.md").contains("stopped before its end"));
}

#[test]
fn reports_in_files_do_not_need_a_reader_of_standard_output() {
    let (dir, server) = (Dir::new(), Server::start());
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let args = ["--export=a.csv", &server.url("/bytes/1")];
    let run = pfetch(&args)
        .current_dir(dir.path())
        .stdout(full.into())
        .run();
    run.exits(4).says("cannot write the report: ");
    assert_eq!(read(&dir, "a.csv").lines().count(), 2);
}

#[test]
fn several_runs_are_one_report_and_standard_input_is_one_of_them() {
    let (dir, server) = (Dir::new(), Server::start());
    let mut lines = Vec::new();
    for (count, name) in [(1, "a.jsonl"), (2, "b.jsonl")] {
        let urls = vec![server.url("/bytes/10"); count];
        let options = ["--format=jsonl", "--order=input"]
            .map(str::to_owned)
            .to_vec();
        let args = [options, urls].concat();
        lines.push(pfetch(&args).run().exits(0).stdout);
        dir.file(name, lines.last().unwrap());
    }
    let args = ["--export=all.csv", "--replay", "a.jsonl", "-"];
    let run = pfetch(&args).current_dir(dir.path()).stdin(&lines[1]).run();
    run.exits(0)
        .says_nothing()
        .says("pfetch: wrote all.csv\n")
        .prints("3 URLs: 3 ok, 0 failed · 30 B");
    let all = read(&dir, "all.csv");
    let indices: Vec<&str> = all
        .lines()
        .skip(1)
        .map(|row| row.split(',').next().unwrap())
        .collect();
    assert_eq!(indices, ["0", "1", "2"]);
    let args = ["-qq", "--replay", "a.jsonl", "b.jsonl"];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    assert_eq!(run.stdout, "");
}

#[test]
fn a_bad_line_leaves_no_file() {
    let (dir, server) = (Dir::new(), Server::start());
    let lines = pfetch(&["--format=jsonl", &server.url("/bytes/10")])
        .run()
        .stdout;
    dir.file("bad.jsonl", lines.replace("\"ok\"", "\"fine\""));
    let args = ["--export=a.csv", "--replay", "bad.jsonl"];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(2);
    run.complains_in_a_line()
        .says("pfetch: bad.jsonl:2: unknown variant `fine`");
    assert_eq!(names(&dir), ["bad.jsonl"]);
}

/// Rule: text is escaped before a person sees it, whoever wrote the file.
#[test]
fn a_hostile_file_cannot_move_the_cursor() {
    let (dir, server) = (Dir::new(), Server::start());
    let lines = pfetch(&["--format=jsonl", &server.url("/status/404")])
        .run()
        .stdout;
    let hostile = lines
        .replace("http://", "http://\\u001b[2J\u{202e}")
        .replace("not found", "not\\u0007found");
    assert_ne!(hostile, lines);
    dir.file("run.jsonl", hostile);
    let args = ["--replay", "run.jsonl"];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    run.shows_plain_text()
        .prints("http://\\u{1b}[2J\\u{202e}127");
}

/// Rule: user names and passwords appear in no file.
#[test]
fn secrets_are_in_no_export() {
    let (dir, server) = (Dir::new(), Server::start());
    let url = server
        .url("/bytes/1")
        .replace("http://", "http://name:hunter2@");
    let args = [
        exports(dir.path()),
        vec!["-H".into(), "Cookie: hunter2".into(), url],
    ]
    .concat();
    pfetch(&args).run().exits(0).never_shows("hunter2");
    for format in FORMATS {
        assert!(
            !read(&dir, &format!("report.{format}")).contains("hunter2"),
            "{format}"
        );
    }
}
