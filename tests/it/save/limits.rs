//! Limits of the system that a run of files keeps within: open files, and the length of names.

use std::fs::{self, File};

use crate::pfetch::{Dir, pfetch};
use crate::save::support::{Version, asked_from, holds, names};
use crate::server::{Server, bytes};

/// Starts the program with so many descriptors at most.
fn limit(files: usize) -> [String; 3] {
    let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    ["sh".to_owned(), "-c".to_owned(), script]
}

#[test]
fn with_few_descriptors_fewer_workers_save_and_no_file_is_lost() {
    const FILES: usize = 60;
    let server = Server::start();
    let port = server.addr().port();
    for (files, layout) in [(20, "flat"), (40, "flat"), (40, "tree")] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().unwrap();
        let mut args: Vec<String> = ["-j32", "--retry=0", "-d", folder, "--names", layout]
            .map(str::to_owned)
            .to_vec();
        // Hosts enough that more connections are kept than there may be files.
        for host in 0..20 {
            args.push(format!("--resolve=host{host}:{port}:127.0.0.1"));
        }
        for number in 0..FILES {
            // Some have a part, others none.
            let length = if number % 2 == 0 { 200_000 } else { 10 };
            let host = number % 20;
            args.push(format!("http://host{host}:{port}/bytes/{length}"));
        }
        let limit = limit(files);
        let run = pfetch(&args).under(&limit.each_ref().map(String::as_str));
        let run = run.run().exits(0);
        let told = "of 32 worker threads could be started (the limit on open files, ulimit -n,";
        let run = run.complains_in_a_line().says(told);
        let found = names(dir.path());
        let saved = found.iter().filter(|name| !name.ends_with('/')).count();
        run.check(&format!("{files} {layout}: {found:?}"), saved == FILES);
    }
}

#[test]
fn figures_are_of_the_workers_that_could_be_started() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let folder = dir.path().to_str().unwrap();
    let urls: Vec<String> = (0..20)
        .map(|n| server.url(&format!("/delay/10/{n}")))
        .collect();
    let limit = limit(24);
    let under = limit.each_ref().map(String::as_str);
    let page = dir.path().join("page.md");
    let export = format!("--export=md={}", page.display());
    let options = ["-j16", "-d", folder, "--exists=overwrite"].map(str::to_owned);
    let human = pfetch(&[&options[..], &[export], &urls].concat());
    // The export has descriptors of its own.
    let roomy = self::limit(26);
    let run = human.under(&roomy.each_ref().map(String::as_str));
    let run = run.run().exits(0);
    let told = "only 2 of 16 worker threads could be started";
    let run = run.says(told).prints(" · 2 workers\n");
    run.check("no bound by 16", !run.stdout.contains("16 workers"));
    let page = fs::read_to_string(page).unwrap();
    run.check(&page, page.contains(" · 2 workers\n"));
    let lines = ["--format=jsonl".to_owned()];
    let run = pfetch(&[&options[..], &lines, &urls].concat())
        .under(&under)
        .run();
    let run = run.exits(0).says(told);
    run.check("of 2 workers", run.summary()["workers"] == 2);
}

#[test]
fn with_few_descriptors_fewer_bodies_wait_for_their_turn_or_their_name() {
    const FILES: usize = 60;
    let server = Server::start();
    let port = server.addr().port();
    let dir = Dir::on_disk();
    let saved = Dir::on_disk();
    let folder = saved.path().to_str().unwrap();
    let path = dir.path().join("out");
    for (files, options) in [
        (20, &["-qq", "--cat"][..]),
        (40, &["-qq", "--cat"]),
        (40, &["-d", folder, "--content-disposition"]),
    ] {
        let mut args: Vec<String> = options.iter().map(|&arg| arg.to_owned()).collect();
        args.extend(["-j32", "--retry=0"].map(str::to_owned));
        for host in 0..20 {
            args.push(format!("--resolve=host{host}:{port}:127.0.0.1"));
        }
        // The first is slow, and the others are too long to be kept in memory together.
        args.push(format!("http://host0:{port}/delay/300/300000"));
        for number in 0..FILES {
            let host = number % 20;
            args.push(format!("http://host{host}:{port}/bytes/300000"));
        }
        let limit = limit(files);
        let run = pfetch(&args).under(&limit.each_ref().map(String::as_str));
        let out = File::create(&path).unwrap();
        let run = run.stdout(out.into()).run().exits(0);
        let written = fs::metadata(&path).unwrap().len();
        let expected = if options.contains(&"--cat") {
            300_000 * 61
        } else {
            0
        };
        run.check(&format!("{written} bytes"), written >= expected);
    }
}

#[test]
fn the_close_of_standard_output_is_checked_when_no_descriptor_is_left() {
    let server = Server::start();
    let port = server.addr().port();
    let dir = Dir::on_disk();
    let path = dir.path().join("out");
    for options in [&[][..], &["--format=jsonl"], &["-qq", "--cat"]] {
        // As many connections stay open as there may be files.
        for files in 12..24 {
            let mut args: Vec<String> = options.iter().map(|&arg| arg.to_owned()).collect();
            args.push("-j4".to_owned());
            for host in 0..30 {
                args.push(format!("--resolve=host{host}:{port}:127.0.0.1"));
                args.push(format!("http://host{host}:{port}/bytes/10"));
            }
            let limit = limit(files);
            let run = pfetch(&args).under(&limit.each_ref().map(String::as_str));
            let out = File::create(&path).unwrap();
            let run = run.stdout(out.into()).run();
            let run = run.exits(0);
            run.check("the close is checked", !run.stderr.contains("cannot"));
        }
    }
}

#[test]
fn a_name_as_long_as_the_file_system_takes_is_saved_and_continued() {
    let dir = Dir::on_disk();
    let version = Version::tagged("\"v1\"", &bytes(300_000));
    for length in [100, 246, 250, 251, 255] {
        let version = version.clone();
        let whole = version.body.clone();
        let server = crate::raw::Raw::start(move |mut wire| match wire.head() {
            Some(head) if asked_from(&head).is_none() => wire.send(version.cut(200_000)),
            Some(head) => wire.send(version.answer(&head)),
            None => Ok(()),
        });
        let name = "n".repeat(length);
        let path = dir.path().join(&name);
        let args = ["--retry=0", "-o", path.to_str().unwrap(), &server.url("/")];
        pfetch(&args).run().exits(1);
        let left = names(dir.path());
        let is_part = |name: &String| name.ends_with(".part") && name.starts_with("nnn");
        assert!(left.len() == 1 && is_part(&left[0]), "{length}: {left:?}");
        // Nothing is cut that fits.
        let is_plain = left[0] == format!("{name}.part");
        assert_eq!(is_plain, length + 5 <= 255, "{length}: {left:?}");
        let run = pfetch(&[&["--format=jsonl"], &args[..]].concat()).run();
        let run = run.exits(0);
        run.check(
            "continued",
            run.result()["saved"]["resumed_from"] == 200_000,
        );
        holds(&run, dir.path(), &[(&name, &whole)]);
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_name_that_the_file_system_does_not_take_is_refused_with_what_to_do() {
    let dir = Dir::on_disk();
    let server = Server::start();
    let path = dir.path().join("n".repeat(256));
    let url = server.url("/bytes/10");
    let run = pfetch(&["--format=jsonl", "-o", path.to_str().unwrap(), &url]);
    let run = run.run().exits(4);
    let error = run.result()["error"].clone();
    run.check("kind", error["kind"] == "file");
    let message = error["message"].as_str().unwrap();
    let why = "the name is longer than the file system takes; give a shorter one";
    run.check("what to do", message.ends_with(why));
}
