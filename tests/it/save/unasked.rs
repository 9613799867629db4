//! Answers 206 to requests for the whole: taken if they cover it, and refused if not, whatever is done with the
//! body.

use std::fs::{self, File};

use crate::pfetch::{Dir, Run, json_lines, pfetch};
use crate::raw::Raw;
use crate::save::support::response;
use crate::save::ways::chunked;
use crate::server::bytes;

/// Everything that is done with bodies, the runs, and what each has made of the body.
fn unasked(answer: Vec<u8>) -> [(&'static str, Run, Option<Vec<u8>>); 4] {
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&answer),
        None => Ok(()),
    });
    let (dir, url) = (Dir::on_disk(), server.url("/file"));
    let (folder, saved) = (dir.path().join("folder"), dir.path().join("saved"));
    let printed = dir.path().join("printed");
    let with = |more: &[&str]| {
        let args = [json_lines(more), "--retry=0", &url];
        pfetch(&[&args[..], more].concat())
    };
    let to_folder = with(&["-d", folder.to_str().expect("a plain name")]).run();
    let to_file = with(&["-o", saved.to_str().expect("a plain name")]).run();
    let to_output = File::create(&printed).expect("the folder can be written");
    let to_output = with(&["--cat"]).stdout(to_output.into()).start().finish();
    let dropped = with(&[]).run();
    let printed = fs::read(printed).ok().filter(|body| !body.is_empty());
    [
        ("-d", to_folder, fs::read(folder.join("file")).ok()),
        ("-o", to_file, fs::read(saved).ok()),
        ("--cat", to_output, printed),
        ("dropped", dropped, None),
    ]
}

#[test]
fn a_206_that_nobody_asked_for_is_taken_if_it_is_the_whole() {
    let body = bytes(1500);
    let range = "Content-Range: bytes 0-1499/1500\r\n";
    let close = format!("HTTP/1.1 206 -\r\n{range}Connection: close\r\n\r\n");
    for answer in [
        response("206 -", range, 1500, &body),
        chunked("206 -", range, &body),
        [close.as_bytes(), &body].concat(),
    ] {
        for (what, run, found) in unasked(answer) {
            let run = run.exits(0);
            run.check(what, found.is_none_or(|found| found == body));
        }
    }
}

#[test]
fn a_206_that_nobody_asked_for_is_refused_if_it_is_less_wherever_it_goes() {
    for range in [
        "Content-Range: bytes 0-1499/3000\r\n",
        "Content-Range: bytes 1500-2999/3000\r\n",
        "Content-Range: bytes 0-1499/*\r\n",
        "Content-Range: items 0-1499/1500\r\n",
        "Content-Range: bytes 0-1499/1500\r\nContent-Range: bytes 0-1499/3000\r\n",
        "",
    ] {
        for answer in [
            response("206 -", range, 1500, &bytes(1500)),
            chunked("206 -", range, &bytes(1500)),
        ] {
            for (what, run, found) in unasked(answer) {
                let run = run.exits(1);
                run.check(&format!("{what}, {range}"), found.is_none());
                let said = [&*run.stdout, &*run.stderr].concat();
                run.check(range, said.contains("a part of the body (206"));
            }
        }
    }
    // It says that it is all, and is not: without a length only its end shows that.
    let range = "Content-Range: bytes 0-1499/1500\r\n";
    for length in [1499, 1501] {
        for (what, run, found) in unasked(chunked("206 -", range, &bytes(length))) {
            let run = run.exits(1);
            // What was written cannot be taken back.
            let is_none = found.is_none() || what == "--cat";
            run.check(&format!("{what}, {length} bytes"), is_none);
        }
    }
}
