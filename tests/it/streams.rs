//! Files that `-o` names and that are no regular ones: standard streams, named pipes, devices.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::Path;
use std::thread;

use crate::fifo::make_fifo;
use crate::pfetch::{Dir, Run, pfetch};
use crate::server::Server;

/// A text for each target, longer than a pipe holds.
fn text(target: &str) -> String {
    format!("the body of {target}\n").repeat(10_000)
}

fn mirror() -> Server {
    Server::with(|request, reply| reply.send(200, "", text(&request.target).as_bytes()))
}

fn fifo(dir: &Dir) -> String {
    let path = dir.path().join("pipe");
    make_fifo(&path);
    path.to_str().unwrap().to_owned()
}

/// The text is all that was written, and the report is in the other.
#[track_caller]
fn is_apart(run: &Run, found: &str, expected: &str, report: &str) {
    run.check(&format!("{} bytes came", found.len()), found == expected);
    run.check("the report is elsewhere", report.contains("1 URL: 1 ok"));
}

#[test]
fn the_null_device_drops_the_body() {
    let server = mirror();
    let dir = Dir::new();
    let url = server.url("/x");
    for args in [&[][..], &["--exists=overwrite", "--no-mtime", "--fsync"]] {
        let args = [&["-o", "/dev/null"], args, &[&url]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
        let run = run.prints("1 URL: 1 ok").says_nothing();
        run.check("counted", run.stdout.contains("150.0 kB"));
        let null = fs::metadata("/dev/null").unwrap().file_type();
        run.check("it is what it was", null.is_char_device());
        run.check("no file", names(dir.path()).is_empty());
    }
    assert_eq!(server.requests(), 2);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn standard_output_by_any_name_gets_the_body_and_standard_error_the_report() {
    let server = mirror();
    let url = server.url("/x");
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let run = pfetch(&["-o", name, &url]).run().exits(0);
        is_apart(&run, &run.stdout, &text("/x"), &run.stderr);
    }
}

#[test]
fn a_dash_takes_all_bodies_as_cat_does() {
    let server = mirror();
    let urls = ["/x", "/y"].map(|target| server.url(target));
    let expected = text("/x") + &text("/y");
    let run = pfetch(&["-o", "-", &urls[0], &urls[1]]).run().exits(0);
    run.check("in order", run.stdout == expected);
    let run = pfetch(&["-o-", "-i", "-"]).stdin(urls.join("\n")).run();
    let run = run.exits(0);
    run.check("of a list", run.stdout == expected);
}

#[test]
fn standard_error_gets_the_body_and_standard_output_the_report() {
    let server = mirror();
    let url = server.url("/x");
    for name in ["/dev/stderr", "/dev/fd/2"] {
        let args = ["-o", name, "--progress=always", &url];
        let run = pfetch(&args).run().exits(0);
        is_apart(&run, &run.stderr, &text("/x"), &run.stdout);
    }
}

#[test]
fn a_stream_that_is_redirected_to_a_file_is_added_to() {
    let server = mirror();
    let url = server.url("/x");
    for (name, number) in [("/dev/stdout", 1), ("/dev/fd/3", 3)] {
        let dir = Dir::new();
        let file = dir.path().join("file");
        let redirect = format!(
            "{{ echo before >&{number}; \"$@\"; }} {number}>'{}'",
            file.display()
        );
        let run = pfetch(&["-o", name, &url]).under(&["sh", "-c", &redirect, "sh"]);
        let run = run.run().exits(0);
        let found = fs::read_to_string(file).unwrap();
        run.check(name, found == format!("before\n{}", text("/x")));
    }
}

#[test]
fn a_named_pipe_gets_the_body_and_stays() {
    let server = mirror();
    let dir = Dir::new();
    let pipe = fifo(&dir);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    let run = pfetch(&["-o", &pipe, &server.url("/x")]).run().exits(0);
    is_apart(&run, &reader.join().unwrap(), &text("/x"), &run.stdout);
    run.check("only the pipe", names(dir.path()) == ["pipe"]);
    let kind = fs::symlink_metadata(&pipe).unwrap().file_type();
    run.check("it is what it was", kind.is_fifo());
}

#[test]
fn a_named_pipe_without_a_reader_is_an_error_after_a_time() {
    let server = mirror();
    let dir = Dir::new();
    let pipe = fifo(&dir);
    let url = server.url("/x");
    for limits in [&["--stall-timeout=50ms"][..], &["--deadline=50ms"]] {
        let run = pfetch(&[&["-o", &pipe], limits, &[&url]].concat()).run();
        let run = run.exits(4).complains_in_a_line();
        let run = run.says(&pipe);
        let run = run.says("nobody has opened this pipe to read for 50ms");
        run.says("start its reader first");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_reader_of_a_named_pipe_who_goes_away_ends_the_run_quietly() {
    let server = mirror();
    let dir = Dir::new();
    let pipe = fifo(&dir);
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut part = [0; 10];
            File::open(pipe).unwrap().read_exact(&mut part).unwrap();
        }
    });
    let run = pfetch(&["-o", &pipe, &server.url("/x")]).run().exits(141);
    reader.join().unwrap();
    run.check("no complaint", !run.stderr.contains("pfetch: "));
}

#[test]
fn a_device_that_is_full_is_named() {
    let server = mirror();
    let run = pfetch(&["-o", "/dev/full", &server.url("/x")])
        .run()
        .exits(4);
    run.says("pfetch: cannot write to /dev/full: No space left on device");
    let closed = pfetch(&["-o", "/dev/fd/99", &server.url("/x")])
        .run()
        .exits(4);
    closed
        .complains_in_a_line()
        .says("cannot write to /dev/fd/99: No such file");
}

#[test]
fn a_body_that_cannot_be_fetched_leaves_a_stream_that_ends_before_it() {
    let server = Server::with(|_, reply| reply.send(404, "", b"none"));
    let run = pfetch(&["-o", "-", &server.url("/x")]).run().exits(1);
    run.check("nothing", run.stdout.is_empty());
    run.says("the output ends before");
}

#[test]
fn streams_are_for_one_url_and_the_reason_says_what_to_do() {
    let server = mirror();
    let dir = Dir::new();
    let pipe = fifo(&dir);
    let log = dir.path().join("log");
    let log = log.to_str().unwrap();
    let (x, y) = (server.url("/x"), server.url("/y"));
    for (args, why) in [
        (&["-o", "/dev/stdout", &x, &y][..], "use --cat"),
        (&["-o", "/dev/stderr", "-i", "-"], "use --cat"),
        (&["-o", &pipe, &x, "-i", "-"], "use --cat"),
        (
            &["-o", &pipe, "--log", log, "--resume", &x],
            "--resume needs files",
        ),
        (
            &["-o", "-", "--log", log, "--resume", &x],
            "--resume needs files",
        ),
        (&["-o", "-", "-I", &x], "cannot be used with"),
        (&["-o", "-", "--compare", &x], "cannot be used with"),
    ] {
        let run = pfetch(args).run().exits(2).complains_in_a_line();
        run.says(why);
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_link_is_no_stream() {
    let server = mirror();
    let dir = Dir::on_disk();
    let link = dir.path().join("link");
    let pipe = fifo(&dir);
    for target in ["/dev/null", &pipe] {
        symlink(target, &link).unwrap();
        let run = pfetch(&["-o", link.to_str().unwrap(), &server.url("/x")]).run();
        run.exits(4).prints("a symbolic link");
        fs::remove_file(&link).unwrap();
    }
}
