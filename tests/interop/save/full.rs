//! Disks that are full, or cannot be written.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::disk::Disk;
use crate::pfetch::{Pfetch, Run, pfetch};
use crate::raw::Raw;
use crate::save::site::{Site, arg, names, noise, scratch};

const KIB: usize = 1024;

const MIB: u64 = 1024 * 1024;

/// A disk mounted in a folder of the test's own.
struct Small {
    disk: Disk,
    scratch: TempDir,
}

impl Small {
    fn new(size: &str) -> Self {
        let scratch = scratch();
        let folder = scratch.path().join("disk");
        fs::create_dir(&folder).expect("the folder is new");
        let disk = Disk::mount(&folder, size);
        Small { disk, scratch }
    }

    /// On the disk.
    fn at(&self, name: &str) -> PathBuf {
        self.disk.path().join(name)
    }

    /// Beside it, where there is room.
    fn beside(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }
}

fn fetch(args: &[&str], list: String) -> Pfetch {
    pfetch(&[&["--format=jsonl"], args, &["-"]].concat()).stdin(list)
}

/// How many results there are with this outcome.
fn count(run: &Run, outcome: &str) -> usize {
    let results = run.results();
    let results = results.iter().filter(|result| result["outcome"] == outcome);
    results.count()
}

/// Serves so many files of 1 KiB, and gives the list of them.
fn serve_small(site: &Site, files: usize) -> String {
    let mut list = String::new();
    for number in 0..files {
        let name = number.to_string();
        site.write(&name, &noise(number as u64, KIB));
        list += &(site.url(&name) + "\n");
    }
    list
}

/// Every file that is no part is as it was served. Gives how many they are.
fn check_whole(site: &Site, folder: &Path) -> usize {
    let names = names(folder);
    let whole = names.iter().filter(|name| !name.ends_with(".part"));
    whole
        .map(|name| {
            let [ours, theirs] = [folder, &site.root()].map(|at| fs::read(at.join(name)));
            let same = ours.expect("it is there") == theirs.expect("it is ours");
            assert!(same, "{name} is not as served");
        })
        .count()
}

#[test]
fn a_file_for_which_there_is_no_room_is_not_begun_and_others_are_saved() {
    let small = Small::new("4m");
    let site = Site::start("", "");
    site.write("large", &noise(1, 64 * KIB * KIB));
    site.write("little", &noise(2, KIB));
    let folder = small.at("saved");
    let urls = ["large", "little"].map(|name| site.url(name));
    let urls = urls.each_ref().map(String::as_str);
    let args = ["-j1", "--format=jsonl", "-A", "first"];
    let run = pfetch(&[&["-d", arg(&folder)], &args[..], &urls].concat());
    let run = run.run().exits(4).says_nothing();
    let results = run.results();
    run.check("both are told", results.len() == 2);
    let [large, little] = &results[..] else {
        unreachable!("there are two");
    };
    run.check("it failed", large["outcome"] == "failed");
    run.check("why", large["error"]["kind"] == "disk-full");
    let message = large["error"]["message"].as_str().unwrap_or_default();
    let begin = format!("{}/large is to have 67108864 bytes", folder.display());
    run.check(
        "what and where",
        message.starts_with(&begin) && message.contains("there is room for"),
    );
    // That one does not fit is no reason to leave out what does.
    run.check("the rest goes on", little["outcome"] == "ok");
    assert_eq!(names(&folder), BTreeSet::from(["little".to_owned()]));
    // It was known before more had come than what lies between two programs.
    let served = site.served_to("first");
    assert!(
        served.iter().all(|served| served.bytes < 32 * MIB),
        "{served:?}"
    );
    // Where there is room, there are both.
    let elsewhere = small.beside("saved");
    pfetch(&[&["-d", arg(&elsewhere)], &urls[..]].concat())
        .run()
        .exits(0);
    assert_eq!(check_whole(&site, &elsewhere), 2);
}

#[test]
fn what_large_files_may_still_need_is_not_taken_from_others() {
    // Each of them would fit. Neither ends, and together they would take the disk.
    const SENT: usize = 20 * KIB * KIB;
    const FILES: usize = 40;
    let small = Small::new("64m");
    let folder = small.at("saved");
    let parts = ["large-0.part", "large-1.part"].map(|name| folder.join(name));
    let server = Raw::start(move |mut wire| {
        let large = b"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 41943040\r\n\r\n";
        while let Some(target) = wire.request() {
            if target.starts_with("/large") {
                wire.send([&large[..], &noise(1, SENT)].concat())?;
                return wire.hang();
            }
            // Others come when both have got what they get.
            let is_there = |part| fs::metadata(part).is_ok_and(|part| part.len() == SENT as u64);
            while !parts.iter().all(is_there) {
                if wire.wait(Duration::from_millis(1)) {
                    return Ok(());
                }
            }
            let body = noise(2, 400 * KIB);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            wire.send([head.as_bytes(), &body].concat())?;
        }
        Ok(())
    });
    let large = (0..2).map(|number| format!("/large-{number}"));
    let urls = large.chain((0..FILES).map(|number| format!("/{number}")));
    let list: String = urls.map(|path| server.url(&path) + "\n").collect();
    let args = ["-d", arg(&folder), "-j4", "--retry=0", "--stall-timeout=2s"];
    let run = fetch(&args, list).run().exits(1);
    run.check("all others are saved", count(&run, "ok") == FILES);
    for result in run.results() {
        let is_large = result["outcome"] == "failed";
        run.check("why", is_large == (result["error"]["kind"] == "stall"));
    }
    for name in ["large-0.part", "large-1.part"] {
        let part = fs::metadata(folder.join(name)).expect("it is kept");
        let taken = part.blocks() * 512;
        let what = format!("{name}: {} bytes take {taken}", part.len());
        run.check(&what, taken <= part.len() + MIB);
    }
}

#[test]
fn what_fits_of_a_file_is_kept_for_when_there_is_room() {
    const LENGTH: usize = 900 * KIB;
    const FIRST: usize = 200 * KIB;
    let mut small = Small::new("1m");
    let folder = small.at("saved");
    let (part, ballast) = (folder.join("file.part"), small.at("ballast"));
    let body = noise(1, LENGTH);
    let served = body.clone();
    let server = Raw::start(move |mut wire| {
        if wire.request().is_none() {
            return Ok(());
        }
        let head = format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {LENGTH}\r\n\r\n");
        wire.send([head.as_bytes(), &served[..FIRST]].concat())?;
        // It fits when it begins, and then another program takes the space.
        while !fs::metadata(&part).is_ok_and(|part| part.len() >= (FIRST / 2) as u64) {
            if wire.wait(Duration::from_millis(1)) {
                return Ok(());
            }
        }
        fs::write(&ballast, noise(2, 500 * KIB))?;
        wire.send(&served[FIRST..])
    });
    let args = ["-d", arg(&folder)];
    let list = server.url("/file");
    let run = fetch(&args, list.clone()).run().exits(4);
    let result = run.result();
    run.check("why", result["error"]["kind"] == "disk-full");
    let message = result["error"]["message"].as_str().unwrap_or_default();
    let end = "file.part: there is no room left on the disk";
    let told = message.starts_with("cannot write ") && message.ends_with(end);
    run.check("what and where", told);
    assert_eq!(names(&folder), BTreeSet::from(["file.part".to_owned()]));
    small.disk.remount("size=4m");
    let run = fetch(&args, list).run().exits(0);
    assert_eq!(names(&folder), BTreeSet::from(["file".to_owned()]));
    let saved = fs::read(folder.join("file")).expect("it is there");
    run.check("it is whole", saved == body);
}

#[test]
fn a_file_of_any_size_that_does_not_fit_fails_alone() {
    // Held back in memory as a whole, or written as it comes.
    for length in [20 * KIB, 60 * KIB, 70 * KIB, 300_000, 2 * KIB * KIB] {
        let small = Small::new("1m");
        let site = Site::start("", "");
        site.write("large", &noise(1, length));
        let little = ["little", "small"];
        for name in little {
            site.write(name, b"ok");
        }
        fs::write(small.at("ballast"), noise(2, 1012 * KIB)).expect("there is room");
        let folder = small.at("saved");
        let list: String = ["large", "little", "small"]
            .map(|name| site.url(name) + "\n")
            .concat();
        let run = fetch(&["-j1", "-d", arg(&folder)], list).run().exits(4);
        let results = run.results();
        let error = &results[0]["error"];
        run.check(&format!("{length}: why"), error["kind"] == "disk-full");
        let message = error["message"].as_str().unwrap_or_default();
        let what = format!("large is to have {length} bytes, and there is room for ");
        run.check("what", message.contains(&what));
        run.check("the rest goes on", count(&run, "ok") == 2);
        assert_eq!(names(&folder), BTreeSet::from(little.map(str::to_owned)));
    }
}

#[test]
fn a_disk_that_fills_up_ends_the_run_and_with_more_room_the_next_completes_it() {
    const FILES: usize = 1000;
    // With a queue, workers could begin what is in it before the run knows of the first failure.
    for (workers, queue) in [(4, 0), (8, 16)] {
        let mut small = Small::new("1m");
        let site = Site::start("", "");
        let list = serve_small(&site, FILES);
        let folder = small.at("saved");
        let log = small.beside("log");
        let args = |run| {
            let first = ["-d", arg(&folder), "--log", arg(&log), "--resume", "-A"];
            [&first[..], &[run]].concat()
        };
        let [j, q] = [workers, queue].map(|number: usize| number.to_string());
        let first = [&args("first")[..], &["-j", &j, "--queue", &q]].concat();
        let run = fetch(&first, list.clone()).run().exits(4);
        let run = run.complains_in_a_line().says("pfetch: the disk is full: ");

        let [saved, failed, skipped] = ["ok", "failed", "skipped"].map(|what| count(&run, what));
        run.check("some are saved", saved > 0);
        // Nothing that is queued begins after the first of them.
        run.check("not many fail", (1..=workers).contains(&failed));
        run.check("the rest is left", saved + failed + skipped <= FILES);
        run.check("and told", run.summary()["skipped"] == skipped);
        for result in run.results() {
            let is_failed = result["outcome"] == "failed";
            let is_full = result["error"]["kind"] == "disk-full";
            run.check("why", is_failed == is_full);
        }
        assert_eq!(check_whole(&site, &folder), saved);
        assert_eq!(names(&folder).len(), saved, "no parts are left");
        let served = site.served_to("first").len();
        let most = saved + workers;
        run.check(
            "it stopped asking",
            (saved + failed..=most).contains(&served),
        );

        small.disk.remount("size=16m");
        let run = fetch(&args("second"), list).run().exits(0).says_nothing();
        run.check("told before", run.summary()["done_before"] == saved);
        run.check("the rest", count(&run, "ok") == FILES - saved);
        assert_eq!(check_whole(&site, &folder), FILES);
        assert_eq!(site.served_to("second").len(), FILES - saved);
    }
}

#[test]
fn a_run_log_for_which_there_is_no_room_is_named() {
    let small = Small::new("1m");
    let site = Site::start("", "");
    let list = serve_small(&site, 200);
    let log = small.at("log");
    let args = ["--log", arg(&log)];
    // The log is begun, and then there is no room for more than it has.
    fetch(&args, site.url("0")).run().exits(0);
    small.disk.fill("filler");
    let told = format!("the run log {}: ", log.display());
    let run = fetch(&args, list).run().exits(4);
    run.says(&told).says("No space left on device");

    // And there is none for a new one.
    let log = small.at("new");
    let run = fetch(&["--log", arg(&log)], site.url("0")).run().exits(4);
    let told = format!("the run log {}: ", log.display());
    run.complains_in_a_line()
        .says(&told)
        .says("No space left on device");
}

#[test]
fn early_bodies_for_which_there_is_no_room_name_tmpdir() {
    let small = Small::new("1m");
    let site = Site::start(
        "map $uri $rate { default 0; /held 1; } limit_rate $rate;",
        "",
    );
    site.write("held", &noise(1, KIB));
    site.write("early", &noise(2, 4 * KIB * KIB));
    let list = site.url("held") + "\n" + &site.url("early") + "\n";
    let run = pfetch(&["--cat", "-j2", "-"]).stdin(list);
    let run = run.env("TMPDIR", arg(small.disk.path())).run().exits(4);
    let message = format!(
        "cannot keep a body in {} (TMPDIR): there is no room left on the disk",
        small.disk.path().display()
    );
    run.says(&message);
}

#[test]
fn a_folder_that_cannot_be_written_fails_its_files_and_no_others() {
    let scratch = scratch();
    let folder = scratch.path().join("saved");
    let inner = folder.join("inner");
    fs::create_dir_all(&inner).expect("the folders are new");
    let mut disk = Disk::mount(&inner, "1m");
    // As whoever sees the disk sees what is around it.
    let folder = disk.path().parent().expect("it is in a folder").to_owned();
    let site = Site::start("", "");
    for (number, name) in ["a", "b", "c", "d"].into_iter().enumerate() {
        site.write(name, &noise(number as u64, KIB));
    }
    let line = |name: &str, output: &str| {
        let url = site.url(name);
        format!("{{\"url\": \"{url}\", \"output\": \"{output}\"}}\n")
    };
    let args = ["-d", arg(&folder), "-j2"];
    fetch(&args, line("a", "inner/a")).run().exits(0);
    disk.remount("ro");
    let list =
        line("a", "inner/a") + &line("b", "inner/b") + &line("c", "inner/c") + &line("d", "d");
    let run = fetch(&[&args[..], &["--order=input"]].concat(), list);
    let run = run.run().exits(4);
    let results = run.results();
    let outcome = |index: usize| results[index]["outcome"].as_str().unwrap_or_default();
    let outcomes = [0, 1, 2, 3].map(outcome);
    let expected = ["unchanged", "failed", "failed", "ok"];
    run.check("what becomes of each", outcomes == expected);
    for (index, name) in [(1, "b"), (2, "c")] {
        let error = &results[index]["error"];
        run.check("kind", error["kind"] == "file");
        let message = format!(
            "cannot create {}/{name}.part: read-only file system",
            disk.path().display()
        );
        run.check("what and where", error["message"] == *message);
    }
    assert_eq!(fs::read(folder.join("d")).ok(), Some(noise(3, KIB)));
    assert_eq!(names(disk.path()).len(), 1, "nothing is left there");
}
