//! The program as a process: places that cannot be written or read, each told before anything is fetched. A place to
//! write is a failure on this side (exit code 4), one to read is a mistake on the command line (2).

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// Options with a place to write in a folder that is not there, or in a file that is taken for one.
const WRITTEN: [&[&str]; 9] = [
    &["--export=csv=nowhere/report"],
    &["--export=nowhere/report.html"],
    &["--export=file/report.xml"],
    &["--save-baseline=nowhere/baseline"],
    &["--save-baseline=file/baseline"],
    &["--log=nowhere/log"],
    &["-d", "file/below"],
    &["-o", "file/below"],
    &["--log=log", "--pack=tar=file/a-%d.tar"],
];

/// Options with a place to read that is not there.
const READ: [&[&str]; 6] = [
    &["-i", "nowhere/urls"],
    &["--against=nowhere/baseline"],
    &["-H@nowhere/headers"],
    &["--cacert=nowhere/ca.pem"],
    &["--netrc-file=nowhere/netrc"],
    &["-i", "nowhere/urls", "--export=nowhere/report.csv"],
];

#[test]
fn a_place_to_write_is_a_failure_here_and_a_place_to_read_a_mistake_in_every_mode() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let modes: [&[&str]; 4] = [&[], &["--compare"], &["--sweep=1,2"], &["--dry-run"]];
    for (code, all) in [(4, &WRITTEN[..]), (2, &READ)] {
        for options in all {
            for mode in modes {
                let keeps = ["--log", "-d", "-o", "--pack"];
                let is_kept = |option: &&str| keeps.iter().any(|kept| option.starts_with(kept));
                let is_measured = !mode.is_empty() && *mode != ["--dry-run"];
                if is_measured && options.iter().any(is_kept) {
                    continue;
                }
                let dir = Dir::new();
                dir.file("file", "mine");
                let args = [mode, options, &[url.as_str()]].concat();
                let run = pfetch(&args).current_dir(dir.path()).run();
                let run = run.exits(code).complains_in_a_line();
                run.check("nothing is reported", run.stdout.is_empty());
                run.check("nothing is fetched", server.targets().is_empty());
            }
        }
    }
}

#[test]
fn a_replay_has_the_same_rule() {
    let server = Server::start();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    let lines = pfetch(&["--format=jsonl", &url]).run().exits(0).stdout;
    dir.file("run.jsonl", lines);
    for (code, option) in [
        (4, "--export=nowhere/report.csv"),
        (4, "--save-baseline=nowhere/baseline"),
        (2, "--against=nowhere/baseline"),
        (2, "--replay=nowhere.jsonl"),
    ] {
        let args = [option, "--replay=run.jsonl"];
        let run = pfetch(&args).current_dir(dir.path()).run();
        let run = run.exits(code).complains_in_a_line();
        run.check("nothing is reported", run.stdout.is_empty());
    }
}
