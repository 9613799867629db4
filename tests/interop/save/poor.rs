//! Poor file systems: those that refuse a time, a mode, a record or a sync, take short names only, or tell of
//! a failed write only at close(2), as NFS, CIFS, Android's, eCryptfs and quotas do.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::io::Errno;

use crate::pfetch::{Pfetch, Run, pfetch};
use crate::save::poor_fs::{PoorFs, Refusal};
use crate::save::site::{Site, arg, names, noise};

/// One that has no part, and one that has.
const SIZES: [(&str, usize); 2] = [("small", 1000), ("large", 3_000_000)];

fn serve() -> Site {
    let site = Site::start("", "");
    for (seed, (name, size)) in SIZES.into_iter().enumerate() {
        site.write(name, &noise(seed as u64, size));
    }
    site
}

/// Saves both files in a folder, one after the other.
fn save(site: &Site, folder: &Path, options: &[&str]) -> Pfetch {
    let urls = SIZES.map(|(name, _)| site.url(name));
    let urls = urls.each_ref().map(String::as_str);
    let args = ["-j1", "--retry=0", "-qq", "-d", arg(folder)];
    pfetch(&[&args[..], options, &urls].concat())
}

/// Both files are there, and nothing else.
fn check_saved(site: &Site, folder: &Path, what: &str) {
    let expected = SIZES.map(|(name, _)| name.to_owned());
    assert_eq!(names(folder), BTreeSet::from(expected), "{what}");
    for (name, _) in SIZES {
        let [ours, theirs] = [folder, &site.root()].map(|at| fs::read(at.join(name)));
        let is_same = ours.expect("it is there") == theirs.expect("it is ours");
        assert!(is_same, "{what}: {name}");
    }
}

/// The run has warned of this, once, and of nothing else.
fn warns(run: Run, warning: &str) {
    let run = run.complains_in_a_line();
    run.says(&format!("pfetch: warning: {warning}"));
}

#[test]
fn a_lesser_duty_that_is_refused_is_a_warning_and_costs_no_file() {
    const REFUSED: [(&[Refusal], &[&str], &str); 9] = [
        (&[("utimens", Errno::PERM)], &[], "cannot set the time of "),
        (&[("utimens", Errno::NOSYS)], &[], "cannot set the time of "),
        (
            &[("utimens", Errno::OPNOTSUPP)],
            &["--fsync"],
            "cannot set the time of ",
        ),
        (
            &[("setxattr", Errno::OPNOTSUPP)],
            &[],
            "cannot keep the version of ",
        ),
        (
            &[("setxattr", Errno::NOSPC)],
            &[],
            "cannot keep the version of ",
        ),
        (
            &[("setxattr", Errno::NOSYS), ("getxattr", Errno::NOSYS)],
            &[],
            "cannot keep the version of ",
        ),
        (
            &[("fsyncdir", Errno::INVAL)],
            &["--fsync"],
            "cannot sync the folder of ",
        ),
        (
            &[("fsyncdir", Errno::OPNOTSUPP)],
            &["--fsync"],
            "cannot sync the folder of ",
        ),
        (
            &[("chmod", Errno::PERM)],
            &["--exists=overwrite"],
            "cannot give ",
        ),
    ];
    let site = serve();
    for (refused, options, warning) in REFUSED {
        let Some(poor) = PoorFs::mount(255, refused) else {
            return;
        };
        let folder = poor.folder();
        if warning == "cannot give " {
            // Made with the mode, which cannot be set.
            for (name, _) in SIZES {
                let mut options = File::options();
                let made = options.write(true).create_new(true).mode(0o640);
                made.open(folder.join(name)).expect("it can be made");
            }
        }
        let run = save(&site, &folder, options).run().exits(0);
        check_saved(&site, &folder, &format!("{refused:?}"));
        let shown = format!("{warning}{}/", arg(&folder));
        warns(run, &shown);
        // And again, whatever is remembered.
        save(&site, &folder, options).run().exits(0);
        check_saved(&site, &folder, &format!("{refused:?}, again"));
    }
}

#[test]
fn a_file_system_that_refuses_all_lesser_duties_saves_every_file() {
    let refused = [
        ("utimens", Errno::PERM),
        ("chmod", Errno::PERM),
        ("setxattr", Errno::OPNOTSUPP),
        ("getxattr", Errno::OPNOTSUPP),
        ("fsyncdir", Errno::INVAL),
        ("link", Errno::PERM),
        ("statfs", Errno::NOSYS),
    ];
    let Some(poor) = PoorFs::mount(143, &refused) else {
        return;
    };
    let site = serve();
    for below in ["", "new/folder"] {
        let folder = poor.folder().join(below);
        let run = save(&site, &folder, &["--fsync"]).run().exits(0);
        for warning in ["set the time", "keep the version", "sync the folder"] {
            let count = run.stderr.matches(warning).count();
            run.check(&format!("once: {warning}"), count == 1);
        }
        let only = SIZES.map(|(name, _)| folder.join(name));
        for path in &only {
            assert!(path.is_file(), "{}", path.display());
        }
    }
}

#[test]
fn a_folder_whose_sync_fails_is_a_failure_and_leaves_the_file() {
    let site = serve();
    for errno in [Errno::IO, Errno::NOSPC] {
        let Some(poor) = PoorFs::mount(255, &[("fsyncdir", errno)]) else {
            return;
        };
        for (name, _) in SIZES {
            let folder = poor.folder();
            let url = site.url(name);
            let args = [
                "--format=jsonl",
                "--retry=0",
                "--fsync",
                "-d",
                arg(&folder),
                &url,
            ];
            let run = pfetch(&args).run().exits(4);
            let message = run.result()["error"]["message"].clone();
            let told = format!(
                "cannot sync the folder of {}/{name} (--fsync): ",
                arg(&folder)
            );
            let is_told = message.as_str().is_some_and(|text| text.starts_with(&told));
            run.check(&told, is_told);
        }
        check_saved(&site, &poor.folder(), &format!("{errno:?}"));
    }
}

#[test]
fn names_fit_in_what_the_file_system_takes_with_their_parts() {
    let Some(poor) = PoorFs::mount(143, &[]) else {
        return;
    };
    let name = format!("{}.zip", "s".repeat(170));
    let site = Site::start(
        "",
        &format!(
            "location = /named {{ return 200 named; \
             add_header Content-Disposition 'attachment; filename=\"{name}\"'; }}"
        ),
    );
    let lengths = [100, 118, 119, 138, 139, 143, 144, 180, 250];
    let mut urls = Vec::new();
    for (seed, length) in lengths.into_iter().enumerate() {
        for (extension, size) in [("", 1000), (".tar.gz", 300_000)] {
            let name = format!("{}{extension}", "n".repeat(length - extension.len()));
            site.write(&name, &noise(seed as u64, size));
            urls.push(site.url(&name));
        }
    }
    // Those are numbered.
    urls.extend(urls.clone());
    let count = urls.len();
    let folder = poor.folder();
    let list = urls.join("\n");
    let args = [
        "--format=jsonl",
        "--retry=0",
        "--names=flat",
        "-d",
        arg(&folder),
        "-",
    ];
    for _ in 0..2 {
        pfetch(&args).stdin(&list).run().exits(0).says_nothing();
        let saved = names(&folder);
        assert_eq!(saved.len(), count, "{saved:?}");
        for name in saved {
            assert!(name.len() <= 138, "{} bytes: {name}", name.len());
        }
    }
    // Folders, and names that servers give.
    let tree = folder.join("tree");
    let args = ["-qq", "--names=tree", "-d", arg(&tree)];
    let below = format!("{}/file", "f".repeat(200));
    fs::create_dir(site.root().join("f".repeat(200))).expect("the folder is new");
    site.write(&below, b"deep");
    pfetch(&[&args[..], &[&site.url(&below)]].concat())
        .run()
        .exits(0)
        .says_nothing();
    let late = folder.join("late");
    let args = ["-qq", "--content-disposition", "-d", arg(&late)];
    pfetch(&[&args[..], &[&site.url("named")]].concat())
        .run()
        .exits(0)
        .says_nothing();
    let saved = names(&late).pop_first().unwrap_or_default();
    assert!(
        saved.starts_with("sss") && saved.ends_with(".zip"),
        "{saved}"
    );
    assert_eq!(saved.len(), 118, "{saved}");
    // A name of the user's is not cut; its part is.
    let path = folder.join("u".repeat(143));
    pfetch(&["-qq", "-o", arg(&path), &urls[1]]).run().exits(0);
    assert!(path.is_file());
    let path = folder.join("u".repeat(144));
    let run = pfetch(&["-o", arg(&path), &urls[1]]).run().exits(4);
    run.prints("the name is longer than the file system takes; give a shorter one");
}

#[test]
fn nothing_is_taken_for_written_whose_close_fails() {
    let site = serve();
    let url = site.url("small");
    for (errno, kind) in [
        (Errno::DQUOT, "disk-full"),
        (Errno::NOSPC, "disk-full"),
        (Errno::IO, "file"),
    ] {
        let Some(poor) = PoorFs::mount(255, &[("flush", errno)]) else {
            return;
        };
        let folder = poor.folder();
        for (name, _) in SIZES {
            for option in ["--no-mtime", "--fsync"] {
                let url = site.url(name);
                let args = [
                    "--format=jsonl",
                    "--retry=0",
                    option,
                    "-d",
                    arg(&folder),
                    &url,
                ];
                let run = pfetch(&args).run().exits(4);
                let what = format!("{errno:?}: {name} {option}");
                run.check(&what, run.result()["error"]["kind"] == kind);
                assert_eq!(names(&folder), BTreeSet::new(), "{what}");
            }
        }
        let on = |name: &str| arg(&folder.join(name)).to_owned();
        let (log, baseline) = (on("log"), on("baseline"));
        let exports: Vec<String> = ["csv", "json", "md", "html", "junit.xml", "har", "svg"]
            .map(|extension| on(&format!("report.{extension}")))
            .to_vec();
        let mut uses = vec![vec!["--log", &log], vec!["--save-baseline", &baseline]];
        uses.extend(exports.iter().map(|path| vec!["--export", path.as_str()]));
        for options in uses {
            let args = [&["-qq"], &options[..], &[url.as_str()]].concat();
            let run = pfetch(&args).run().exits(4).complains_in_a_line();
            let run = run
                .says(options[1])
                .says("on close, so what was written may be lost");
            run.check(
                "the system's reason",
                run.stderr
                    .contains(&std::io::Error::from(errno).to_string()),
            );
        }
        let made = names(&folder);
        assert_eq!(
            made,
            BTreeSet::from(["log".to_owned()]),
            "no report is there"
        );
        for options in [&["--cat", "-qq"][..], &["--format=jsonl"], &[]] {
            let out = File::create(poor.folder().join("out")).expect("it can be made");
            let args = [options, &[url.as_str()]].concat();
            let run = pfetch(&args).stdout(out.into()).run().exits(4);
            run.complains_in_a_line()
                .says("cannot write to standard output: ")
                .says("on close");
        }
    }
}

#[test]
fn a_report_that_is_replaced_needs_no_mode_set() {
    let Some(poor) = PoorFs::mount(255, &[("chmod", Errno::PERM)]) else {
        return;
    };
    let site = serve();
    let path = poor.folder().join("report.csv");
    let url = site.url("small");
    let args = ["-qq", "--export", arg(&path), &url];
    pfetch(&args).run().exits(0).says_nothing();
    pfetch(&args).run().exits(0).says_nothing();
    assert!(fs::read(&path).is_ok_and(|bytes| !bytes.is_empty()));
    let mode = fs::metadata(&path)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o111, 0);
}

#[test]
fn a_disk_that_is_full_as_a_file_gets_its_name_late_ends_the_run() {
    let Some(poor) = PoorFs::mount(255, &[("rename", Errno::NOSPC), ("link", Errno::PERM)]) else {
        return;
    };
    let site = serve();
    let folder = poor.folder();
    let run = save(&site, &folder, &["--content-disposition"])
        .run()
        .exits(4);
    run.complains_in_a_line().says("pfetch: the disk is full: ");
    for (name, _) in SIZES {
        assert!(!folder.join(name).exists(), "{name}");
    }
}
