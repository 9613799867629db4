//! GNU parallel: `--pipe`, `--joblog` and `--resume-failed`.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::process::{Processes, Program, kill};
use super::site::{HELD, Site};
use super::{recipe, urls_of_a_shard};
use crate::peer::require;
use crate::pfetch::Dir;

fn parallel(list: &str, out: &Path, pfetch: &str, piece: usize) -> Command {
    require("parallel", "parallel");
    let mut command = Command::new(recipe("parallel.sh"));
    command
        .arg(list)
        .arg(out)
        .env("PFETCH", pfetch)
        .env("PIECE", piece.to_string())
        .env("JOBS", "2");
    command
}

/// The exit code of each start of a piece, in the order of their ends; that of a signal as a shell has it.
fn codes(out: &Path, piece: usize) -> Vec<u32> {
    let log = fs::read_to_string(out.join("joblog")).unwrap();
    let lines = log.lines().skip(1).map(|line| line.split('\t'));
    lines
        .map(|mut fields| {
            let mut number = |skip| fields.nth(skip).unwrap().trim().parse::<u32>().unwrap();
            let (of, code, signal) = (number(0), number(5), number(0));
            (of, if signal > 0 { 128 + signal } else { code })
        })
        .filter(|(of, _)| usize::try_from(*of) == Ok(piece))
        .map(|(_, code)| code)
        .collect()
}

#[test]
fn gnu_parallel_loses_nothing_when_a_process_is_killed() {
    let pfetch = env!("CARGO_BIN_EXE_pfetch");
    let site = Site::new(urls_of_a_shard());
    let (list, out) = (site.dir.file("list", site.lists()), site.out());
    let command = || parallel(&list, &out, pfetch, urls_of_a_shard());
    let output = || site.dir.path().join("said");

    let started = Instant::now();
    let mut running = Program::start(command(), output());
    // Pieces count from 1.
    let log = format!("logs/{}.log", HELD + 1);
    site.wait_for_the_middle(&mut running, &out.join(&log));
    let log = format!("--log {log} ");
    let processes = Processes::now();
    let found = processes.with(&[&format!("{pfetch} -j"), &log]);
    let below = |pid: &&u32| processes.is_below(**pid, running.pid());
    let [victim] = found.iter().filter(below).collect::<Vec<_>>()[..] else {
        panic!("not one process with {log}: {found:?}");
    };
    kill(*victim);
    site.go_on();
    let (status, said) = running.end();
    let wall = started.elapsed();
    assert!(status.success(), "{status}: {said}");
    // Of a piece that was not all read, it is parallel's own pipe that it tells of.
    let codes_of_victim = codes(&out, HELD + 1);
    assert!(
        matches!(codes_of_victim[..], [137 | 141, 0]),
        "{codes_of_victim:?}: {said}"
    );
    assert_eq!(codes(&out, HELD), [0], "{said}");
    let runs = |piece| site.runs_in(&format!("{piece}.jsonl"));
    assert_eq!([runs(HELD), runs(HELD + 1)], [1, 2], "{said}");
    site.check(&site.replay(&["--format=jsonl"]).results(), 1, wall);

    let before = site.requests();
    let (status, said) = Program::run(command(), output());
    assert!(status.success(), "{status}: {said}");
    assert_eq!(site.requests(), before, "{said}");
}

#[test]
fn an_empty_list_is_success_under_gnu_parallel() {
    let dir = Dir::on_disk();
    let (list, out) = (dir.file("list", ""), dir.path().join("out"));
    let command = parallel(&list, &out, env!("CARGO_BIN_EXE_pfetch"), 10);
    let (status, said) = Program::run(command, dir.path().join("said"));
    assert!(status.success(), "{status}: {said}");
}

#[test]
fn what_is_worth_it_is_started_again_by_gnu_parallel_and_nothing_else() {
    for (code, times) in [(1, 1), (2, 1), (3, 1), (4, 3), (137, 3), (143, 3)] {
        let dir = Dir::on_disk();
        let stub = format!(
            "#!/bin/sh\ncase $* in *--dry-run*|*--replay*) exit 0;; esac\ncat >/dev/null\nexit {code}\n"
        );
        let stub = dir.file("pfetch", stub);
        fs::set_permissions(&stub, PermissionsExt::from_mode(0o755)).unwrap();
        let (list, out) = (dir.file("list", "http://a/\n"), dir.path().join("out"));
        let command = parallel(&list, &out, &stub, 10);
        let (status, said) = Program::run(command, dir.path().join("said"));
        // The number of pieces that failed.
        assert_eq!(status.code(), Some(1), "{said}");
        assert_eq!(codes(&out, 1), vec![code; times], "{said}");
    }
}

#[test]
fn a_process_that_is_killed_before_it_has_read_its_piece_is_started_again_by_gnu_parallel() {
    let dir = Dir::on_disk();
    let killed = dir.path().join("killed").display().to_string();
    let stub = format!(
        "#!/bin/sh\ncase $* in *--dry-run*|*--replay*) exit 0;; esac\n[ -e '{killed}' ] && exec cat >/dev/null\n\
         read url; touch '{killed}'; kill -9 $$\n"
    );
    let stub = dir.file("pfetch", stub);
    fs::set_permissions(&stub, PermissionsExt::from_mode(0o755)).unwrap();
    // More than a pipe takes.
    let list = dir.file("list", "http://a/\n".repeat(1 << 17));
    let out = dir.path().join("out");
    let command = parallel(&list, &out, &stub, 1 << 17);
    let (status, said) = Program::run(command, dir.path().join("said"));
    assert!(status.success(), "{status}: {said}");
    assert_eq!(codes(&out, 1), [141, 0], "{said}");
}

#[test]
fn a_mistake_in_the_options_starts_nothing_under_gnu_parallel() {
    let dir = Dir::on_disk();
    let stub = dir.file("pfetch", "#!/bin/sh\nexit 2\n");
    fs::set_permissions(&stub, PermissionsExt::from_mode(0o755)).unwrap();
    let (list, out) = (dir.file("list", "http://a/\n"), dir.path().join("out"));
    let command = parallel(&list, &out, &stub, 10);
    let (status, said) = Program::run(command, dir.path().join("said"));
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(!out.join("joblog").exists(), "{said}");
}
