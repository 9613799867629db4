//! Exports on streams: standard output and standard error, pipes, open descriptors.

use std::fs;
use std::io::Read;
use std::thread;

use crate::fifo::make_fifo;
use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn an_export_on_standard_output_is_there_alone() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/404"));
    for stdout in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let export = format!("--export=json={stdout}");
        let run = pfetch(&[&export, &good, &bad]).run().exits(1);
        let document: serde_json::Value = match serde_json::from_str(&run.stdout) {
            Ok(document) => document,
            Err(error) => panic!("{stdout}: {error}: {run:?}"),
        };
        run.check("the figures", document["summary"]["failed"] == 1);
        let run = run.says(&format!("{bad}  not found\n"));
        run.says("\n  2 URLs: 1 ok, 1 failed").never_shows("wrote");
    }
}

/// As the summary of a step in CI is added to.
#[test]
fn an_export_is_appended_to_the_file_of_standard_output() {
    let (server, dir) = (Server::start(), Dir::new());
    let path = dir.file("summary.md", "# before\n");
    let summary = fs::OpenOptions::new().append(true).open(&path);
    let summary = summary.expect("it was just written");
    let run = pfetch(&["--export=markdown=-", &server.url("/bytes/1")]);
    let run = run.stdout(summary.into()).run().exits(0);
    let text = fs::read_to_string(&path).expect("it is there");
    run.check(
        &text,
        text.starts_with("# before\n## pfetch\n\n**1 ok, 0 failed**"),
    );
}

#[test]
fn an_export_on_standard_error_leaves_the_report_where_it_is() {
    let server = Server::start();
    let run = pfetch(&["--export=csv=/dev/stderr", &server.url("/bytes/1")]).run();
    let run = run.exits(0).prints("\n  1 URL: 1 ok, 0 failed");
    run.check("a table", run.stderr.starts_with("index,url,"));
    run.check("of two lines", run.stderr.lines().count() == 2);
}

#[test]
fn an_open_descriptor_and_a_named_pipe_are_written_to_as_they_are() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/1");
    let shell = ["sh", "-c", "exec \"$0\" \"$@\" 3>by-descriptor"];
    let run = pfetch(&["--export=csv=/dev/fd/3", &url]).under(&shell);
    let run = run.current_dir(dir.path()).run().exits(0);
    let table = fs::read_to_string(dir.path().join("by-descriptor")).expect("the shell made it");
    run.check(&table, table.lines().count() == 2);

    let pipe = dir.path().join("pipe");
    make_fifo(&pipe);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut text = String::new();
            let mut pipe = fs::File::open(pipe)?;
            pipe.read_to_string(&mut text)?;
            std::io::Result::Ok(text)
        }
    });
    let export = format!("--export=csv={}", pipe.display());
    let run = pfetch(&[&export, &url]).run().exits(0).says_nothing();
    let table = reader.join().expect("it reads").expect("it can be read");
    run.check(&table, table.lines().count() == 2);
    let run = run.prints("\n  1 URL: 1 ok");
    run.check("it is a pipe still", !pipe.is_file());
}

#[test]
fn an_output_that_fails_is_no_reason_to_go_on_with_a_log() {
    let (server, dir) = (Server::start(), Dir::new());
    let urls = [1, 2].map(|n| server.url(&format!("/bytes/{n}")));
    let log = dir.path().join("run.log").display().to_string();
    for options in [&[][..], &["--log", &log]] {
        // An export in a stream is written while URLs come.
        let args = ["--export=json=/dev/full", &urls[0], &urls[1]];
        let run = pfetch(&[&args[..], options].concat()).run().exits(4);
        run.complains_in_a_line()
            .says("cannot write /dev/full: No space left on device")
            .never_shows("--resume");
    }
}

#[test]
fn a_reader_of_an_export_who_goes_away_ends_the_run_quietly() {
    let server = Server::start();
    let (reader, writer) = std::io::pipe().expect("there are descriptors");
    drop(reader);
    let run = pfetch(&["--export=json=-", "-qq", &server.url("/bytes/1")]);
    run.stdout(writer.into()).run().exits(141).says_nothing();
}

#[test]
fn each_file_is_said_to_be_written_unless_nothing_but_failures_is_wanted() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/1");
    let said = "pfetch: wrote a.csv\npfetch: wrote b.md\n";
    for (options, expected) in [
        (&[][..], said),
        (&["-q"], said),
        (&["--summary-only"], said),
        (&["--format=jsonl"], said),
        (&["-qq"], ""),
    ] {
        let args = [&["--export=a.csv", "--export=b.md"], options, &[&url]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
        run.check(&format!("stderr is {expected:?}"), run.stderr == expected);
    }
}
