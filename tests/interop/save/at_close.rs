//! File systems that tell of a failed write only at close(2), as NFS, FUSE and quotas do: strace has
//! every close of one file fail so.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use crate::pfetch::{Pfetch, Run, pfetch};
use crate::save::site::{Site, arg, names, noise, scratch};

/// A run in which every close of this file fails with this error.
fn failing(errno: &str, file: &Path, args: &[&str]) -> Pfetch {
    let inject = format!("inject=close:error={errno}");
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &inject,
        "-P",
        arg(file),
    ];
    pfetch(args).under(&strace)
}

#[test]
fn no_file_gets_its_name_whose_close_fails() {
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    site.write("large", &noise(2, 3_000_000));
    for (errno, kind, reason) in [
        ("EDQUOT", "disk-full", "the disk quota is used up"),
        ("ENOSPC", "disk-full", "there is no room left on the disk"),
        ("EIO", "file", "input/output error"),
    ] {
        // Small files have no part, but where another has the name.
        for (name, option) in [("small", ""), ("large", ""), ("large", "--fsync")] {
            let dir = scratch();
            if name == "small" {
                fs::write(dir.path().join(name), "before").expect("the folder is the test's");
            }
            let before = names(dir.path());
            let folder = arg(dir.path());
            let url = site.url(name);
            let mut args = vec!["--format=jsonl", "--exists=overwrite", "-d", folder, &url];
            args.extend(Some(option).filter(|option| !option.is_empty()));
            let part = dir.path().join(format!("{name}.part"));
            let run = failing(errno, &part, &args).run().exits(4);
            let error = &run.result()["error"];
            run.check(&format!("{errno}: {name} {option}"), error["kind"] == kind);
            let message = error["message"].as_str().unwrap_or_default();
            let told = format!("cannot write {folder}/{name}.part, as its close tells: {reason}; ");
            run.check(&told, message.starts_with(&told));
            assert_eq!(names(dir.path()), before, "{errno}: {name} {option}");
            let old = fs::read(dir.path().join("small")).unwrap_or_default();
            assert!(
                old.is_empty() || old == b"before",
                "{errno}: it is replaced"
            );
        }
    }
}

#[test]
fn a_part_whose_close_fails_is_no_basis_to_continue_from() {
    let site = Site::start("", "");
    site.write("file", &noise(1, 300_000));
    let dir = scratch();
    let args = ["--format=jsonl", "-d", arg(dir.path()), &site.url("file")];
    failing("EIO", &dir.path().join("file.part"), &args)
        .run()
        .exits(4);
    assert_eq!(names(dir.path()), BTreeSet::new());
    let run = pfetch(&args).run().exits(0);
    run.check("afresh", run.result()["saved"]["resumed_from"].is_null());
}

/// The run says in one line that this cannot be written.
fn says(run: Run, what: &str) {
    let told = format!("pfetch: cannot write {what}: ");
    let why = "(on close, so what was written may be lost); make room or write to another disk";
    run.complains_in_a_line().says(&told).says(why);
}

#[test]
fn a_run_log_whose_close_fails_is_named() {
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    let dir = scratch();
    let log = dir.path().join("log");
    let args = ["-qq", "--log", arg(&log), &site.url("small")];
    let run = failing("EDQUOT", &log, &args).run().exits(4);
    says(run, &format!("the run log {}", arg(&log)));
}

#[test]
fn output_in_a_file_whose_close_fails_is_named() {
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    let url = site.url("small");
    let dir = scratch();
    let path = dir.path().join("out");
    for args in [
        &[url.as_str()][..],
        &["--format=jsonl", &url],
        &["-qq", "--cat", &url],
        &["--help"],
        &["--version"],
    ] {
        let out = File::create(&path).expect("the folder is the test's");
        let run = failing("EDQUOT", &path, args).stdout(out.into()).run();
        says(run.exits(4), "to standard output");
    }
}
