//! Folders that somebody else has a hand in: links, pipes and foreign files in the way. What is in the
//! way stays as it is, the message names it and says what to do, and the rest of the run is done.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;

use crate::fifo::make_fifo;
use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, holds, names, save, save_and_tell};
use crate::server::{Server, bytes};

/// The modes that may give a name that something has already.
pub(crate) const MODES: [&str; 4] = [
    "--exists=update",
    "--exists=overwrite",
    "--exists=fail",
    "--exists=rename",
];

/// Every target's text, in versions.
fn mirror() -> Server {
    Server::with(|request, reply| reply.send(200, "ETag: \"v1\"\r\n", request.target.as_bytes()))
}

/// The run over `/file` and `/other` fails for the first, in a line that has all these words, and
/// saves the second.
#[track_caller]
fn fails_alone(dir: &Dir, args: &[&str], server: &Server, words: &[&str]) -> Run {
    let urls = [server.url("/file"), server.url("/other")];
    let urls = urls.each_ref().map(String::as_str);
    let run = save(dir, args, &urls).exits(4);
    let results = run.results();
    let by = |index| {
        results
            .iter()
            .find(|result| result["index"] == index)
            .unwrap()
    };
    run.check("the other is saved", by(1)["outcome"] == "ok");
    let other = fs::read(by(1)["saved"]["path"].as_str().unwrap()).unwrap();
    run.check("and whole", other == b"/other");
    let error = &by(0)["error"];
    run.check("kind", error["kind"] == "file");
    run.check("not saved", by(0)["saved"].is_null());
    let message = error["message"].as_str().unwrap();
    run.check("one line", !message.contains(char::is_control));
    run.check(
        "it names the folder",
        message.contains(dir.path().to_str().unwrap()),
    );
    for word in words {
        run.check(&format!("it says {word:?}"), message.contains(word));
    }
    run
}

/// The run over `/file` and `/other` saves both, whatever has the name of the first one's part.
#[track_caller]
fn saves_beside(dir: &Dir, args: &[&str], server: &Server) -> Run {
    let urls = [server.url("/file"), server.url("/other")];
    let urls = urls.each_ref().map(String::as_str);
    let run = save(dir, args, &urls).exits(0);
    for result in run.results() {
        run.check("saved", result["outcome"] == "ok");
    }
    run
}

#[test]
fn nothing_is_written_through_a_symbolic_link_at_the_name() {
    // CVE-2004-2014: the last moment counts, so the name is given by a rename that replaces nothing.
    let server = mirror();
    for mode in MODES {
        for is_dangling in [false, true] {
            let dir = Dir::on_disk();
            let outside = Dir::on_disk();
            let victim = outside.path().join("victim");
            if !is_dangling {
                fs::write(&victim, "precious").unwrap();
            }
            let link = dir.path().join("file");
            symlink(&victim, &link).unwrap();
            if mode == "--exists=rename" {
                let run = save(&dir, &[mode], &[&server.url("/file")]).exits(0);
                run.check(
                    "beside",
                    fs::read(dir.path().join("file-1")).unwrap() == b"/file",
                );
            } else {
                let words = ["/file is a symbolic link", "move it away"];
                fails_alone(&dir, &[mode], &server, &words);
            }
            assert_eq!(fs::read_link(&link).unwrap(), victim, "{mode}");
            assert_eq!(victim.exists(), !is_dangling, "{mode}");
            if !is_dangling {
                assert_eq!(fs::read(&victim).unwrap(), b"precious", "{mode}");
            }
        }
    }
}

#[test]
fn nothing_is_written_through_a_symbolic_link_at_the_name_of_the_part() {
    // CVE-2004-2014 again: the name of the temporary file can be guessed.
    let server = mirror();
    for args in [&[][..], &["--no-resume"], &["--exists=overwrite"]] {
        for is_dangling in [false, true] {
            let dir = Dir::on_disk();
            let outside = Dir::on_disk();
            let victim = outside.path().join("victim");
            if !is_dangling {
                fs::write(&victim, "precious").unwrap();
            }
            let link = dir.path().join("file.part");
            symlink(&victim, &link).unwrap();
            let run = saves_beside(&dir, args, &server);
            run.check(
                "no part",
                names(dir.path()) == ["file", "file.part", "other"],
            );
            run.check("the link", fs::read_link(&link).unwrap() == victim);
            run.check("nothing was made", victim.exists() != is_dangling);
            if !is_dangling {
                run.check("untouched", fs::read(&victim).unwrap() == b"precious");
            }
        }
    }
}

#[test]
fn no_folder_of_the_tree_is_entered_through_a_symbolic_link() {
    // CVE-2002-1344, CVE-2014-4877: a link that leads out of the folder.
    let server = mirror();
    let host = server.addr().to_string().replace(':', "+");
    let dir = Dir::on_disk();
    let outside = Dir::on_disk();
    fs::create_dir(dir.path().join(&host)).unwrap();
    symlink(outside.path(), dir.path().join(&host).join("sub")).unwrap();
    let urls = [
        server.url("/sub/file"),
        server.url("/sub/deep/file"),
        server.url("/own/file"),
    ];
    let urls = urls.each_ref().map(String::as_str);
    let run = save(&dir, &["--names=tree", "-j1"], &urls).exits(4);
    run.check("nothing outside", names(outside.path()).is_empty());
    let results = run.results();
    run.check("the other", results[2]["outcome"] == "ok");
    for (index, file) in [(0, "sub/file"), (1, "sub/deep/file")] {
        let message = results[index]["error"]["message"].as_str().unwrap();
        run.check("the folder", message.contains("folder sub of "));
        run.check("the file", message.contains(file));
        run.check("why", message.contains("symbolic link"));
    }
    // A file where a folder should be.
    let dir = Dir::on_disk();
    fs::create_dir(dir.path().join(&host)).unwrap();
    fs::write(dir.path().join(&host).join("sub"), "mine").unwrap();
    let run = save(&dir, &["--names=tree", "-j1"], &urls).exits(4);
    let results = run.results();
    let message = results[0]["error"]["message"].as_str().unwrap();
    run.check(
        "why",
        message.contains("a file is where its folder should be"),
    );
    run.check("the other", results[2]["outcome"] == "ok");
    let mine = fs::read(dir.path().join(&host).join("sub")).unwrap();
    run.check("untouched", mine == b"mine");
}

#[test]
fn the_folder_itself_may_be_a_link_since_the_user_named_it() {
    let server = mirror();
    let real = Dir::on_disk();
    let dir = Dir::on_disk();
    let link = dir.path().join("link");
    symlink(real.path(), &link).unwrap();
    let url = server.url("/file");
    let run = pfetch(&["-d", link.to_str().unwrap(), &url]).run().exits(0);
    holds(&run, real.path(), &[("file", b"/file")]);
}

#[test]
fn what_is_no_file_is_left_where_it_is() {
    let server = mirror();
    for (plant, sort) in [
        (
            (|path| fs::create_dir(path).unwrap()) as fn(&Path),
            "a directory",
        ),
        (make_fifo, "no regular file"),
    ] {
        for args in [&[][..], &["--exists=overwrite"], &["--no-resume"]] {
            let dir = Dir::on_disk();
            let file = dir.path().join("file");
            plant(&file);
            let words = ["/file is ", "move it away", sort];
            let run = fails_alone(&dir, args, &server, &words);
            let kind = fs::symlink_metadata(&file).unwrap();
            run.check("it is still there", !kind.is_file());
        }
    }
}

#[test]
fn a_part_without_a_mark_is_somebody_elses() {
    // CVE-2022-27778: only what pfetch made is ever removed.
    let server = mirror();
    for args in [&[][..], &["--no-resume"], &["--exists=overwrite"]] {
        let dir = Dir::on_disk();
        dir.file("file.part", "half a thesis");
        let run = saves_beside(&dir, args, &server);
        let all: [(&str, &[u8]); 3] = [
            ("file", b"/file"),
            ("file.part", b"half a thesis"),
            ("other", b"/other"),
        ];
        holds(&run, dir.path(), &all);
    }
}

#[test]
fn parts_that_are_somebody_elses_are_told_once_a_run() {
    let server = mirror();
    let failing = Server::start();
    let dir = Dir::on_disk();
    let told = "left alone, and not continued";
    dir.file("file.part", "half a thesis");
    let run = save_and_tell(&dir, &[], &[&server.url("/file")]).exits(0);
    let path = dir.path().join("file.part");
    let line = format!(
        "pfetch: note: {} was {told}: it is not pfetch's",
        path.display()
    );
    run.says(&line);
    // Each counts once, whether its file is saved and however often that is tried.
    dir.file("503.part", "half a page");
    let urls = [
        server.url("/file"),
        failing.url("/status/503"),
        server.url("/other"),
    ];
    let urls = urls.each_ref().map(String::as_str);
    let run = save_and_tell(&dir, &[], &urls).exits(1);
    let line = format!(
        "2 files such as {}/503.part were {told}",
        dir.path().display()
    );
    let run = run.says(&line);
    run.check("once", run.stderr.matches(told).count() == 1);
    save_and_tell(&dir, &["-qq"], &urls)
        .exits(1)
        .never_shows(told);
    // One of pfetch's own is none.
    let clean = Dir::on_disk();
    save_and_tell(&clean, &[], &urls).exits(1).never_shows(told);
}

#[test]
fn a_part_of_a_second_name_is_continued_too() {
    let version = Version::tagged("\"v1\"", &bytes(300_000));
    let cut = version.cut(100_000);
    let broken = Mutex::new(true);
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(_) if std::mem::take(&mut *broken.lock().unwrap()) => wire.send(&cut),
        Some(head) => wire.send(version.answer(&head)),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    // Such as a copy that has lost its mark.
    let copy = &bytes(300_000)[..50_000];
    fs::write(dir.path().join("file.part"), copy).unwrap();
    save(&dir, &["--retry=0"], &[&server.url("/file")]).exits(1);
    let left = names(dir.path());
    assert_eq!(left.len(), 2, "{left:?}");
    let run = save(&dir, &["--retry=0"], &[&server.url("/file")]).exits(0);
    let all: [(&str, &[u8]); 2] = [("file", &bytes(300_000)), ("file.part", copy)];
    holds(&run, dir.path(), &all);
    run.check("resumed", run.result()["saved"]["resumed_from"] == 100_000);
}

#[test]
fn a_second_name_that_is_taken_too_is_an_error() {
    let cut = Version::tagged("\"v1\"", &bytes(300_000)).cut(100_000);
    let broken = Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&cut),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    dir.file("file.part", "half a thesis");
    save(&dir, &["--retry=0"], &[&broken.url("/file")]).exits(1);
    let second = names(dir.path())
        .into_iter()
        .find(|name| name != "file.part")
        .unwrap();
    fs::remove_file(dir.path().join(&second)).unwrap();
    dir.file(&second, "the other half");
    let run = save(&dir, &["--retry=0"], &[&broken.url("/file")]).exits(4);
    let error = &run.result()["error"];
    run.check("kind", error["kind"] == "file");
    let message = error["message"].as_str().unwrap();
    let way = format!("/{second} is in the way: it bears no mark of pfetch's; move it away or");
    run.check(&way, message.contains(&way));
    let all: [(&str, &[u8]); 2] = [
        ("file.part", b"half a thesis"),
        (&second, b"the other half"),
    ];
    holds(&run, dir.path(), &all);
}

#[test]
fn a_part_that_has_another_name_too_is_not_written_to() {
    // A hard link is how a file is written through where links are refused.
    let cut = Version::tagged("\"v1\"", &bytes(300_000)).cut(100_000);
    let broken = Raw::start(move |mut wire| match wire.head() {
        Some(_) => wire.send(&cut),
        None => Ok(()),
    });
    let server = mirror();
    for is_marked in [false, true] {
        for args in [&[][..], &["--no-resume"]] {
            let dir = Dir::on_disk();
            let outside = Dir::on_disk();
            let victim = outside.path().join("victim");
            let part = dir.path().join("file.part");
            if is_marked {
                save(&dir, &["--retry=0"], &[&broken.url("/file")]).exits(1);
            } else {
                dir.file("file.part", "");
            }
            fs::hard_link(&part, &victim).unwrap();
            let before = fs::read(&victim).unwrap();
            let args = [args, &["--exists=overwrite"]].concat();
            let run = saves_beside(&dir, &args, &server);
            run.check("untouched", fs::read(&victim).unwrap() == before);
            run.check("still there", part.exists());
        }
    }
}

#[test]
fn anything_at_the_name_of_the_part_is_left_where_it_is() {
    let server = mirror();
    let make: [fn(&Path); 2] = [|path| fs::create_dir(path).unwrap(), make_fifo];
    for make in make {
        let dir = Dir::on_disk();
        make(&dir.path().join("file.part"));
        let run = saves_beside(&dir, &[], &server);
        let kind = fs::symlink_metadata(dir.path().join("file.part")).unwrap();
        run.check("still there", !kind.is_file());
        let file = fs::read(dir.path().join("file")).unwrap();
        run.check("saved", file == b"/file");
    }
}

#[test]
fn messages_are_one_line_each_whatever_the_names_are() {
    // CVE-2004-1488: names come from URLs, and messages go to terminals.
    let server = mirror();
    let dir = Dir::on_disk();
    let odd = dir.path().join("a\u{1b}[2J\nb\u{202e}");
    fs::create_dir_all(odd.join("file")).unwrap();
    let url = server.url("/file");
    let run = pfetch(&["-d", odd.to_str().unwrap(), &url]).run().exits(4);
    let run = run
        .shows_plain_text()
        .prints("a\\u{1b}[2J\\u{a}b\\u{202e}/file is a directory");
    let told: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains(&url))
        .collect();
    run.check(
        "one line",
        told.len() == 1 && told[0].contains("is a directory"),
    );
}

#[test]
fn a_folder_that_is_none_is_said_before_anything_is_fetched() {
    let server = mirror();
    let dir = Dir::on_disk();
    let file = dir.file("taken", "mine");
    let below = format!("{file}/below");
    for folder in [&file, &below] {
        let run = pfetch(&["-d", folder, &server.url("/x")]).run().exits(4);
        run.says("cannot make the folder ")
            .says(folder)
            .complains_in_a_line();
    }
    let run = pfetch(&["-o", &below, &server.url("/x")]).run().exits(4);
    run.says(&file).complains_in_a_line();
    assert_eq!(server.requests(), 0);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_file_larger_than_files_may_be_here_fails_alone() {
    let server = Server::start();
    let dir = Dir::on_disk();
    // In blocks of 512 bytes or of 1024, as the shell counts them.
    let script = "ulimit -f 50; exec \"$0\" --format=jsonl --retry=0 -d \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_pfetch")])
        .arg(dir.path())
        .args([server.url("/bytes/200000"), server.url("/bytes/5")])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(4), "{output:#?}");
    assert!(
        told.contains("larger than a file may be here (ulimit -f)"),
        "{told}"
    );
    assert_eq!(names(dir.path()), ["5"], "{told}");
}
