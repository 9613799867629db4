//! The program as a process: the files that it reads and writes, and what keeps them apart.

#[path = "support/pfetch.rs"]
mod pfetch;
#[path = "support/server.rs"]
mod server;

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use pfetch::{Dir, pfetch};
use server::Server;

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
