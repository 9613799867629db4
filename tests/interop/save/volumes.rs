//! Real file systems: ext4, FAT and btrfs, with room and without, read-only, and with a quota.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::pfetch::{Run, pfetch};
use crate::raw::Raw;
use crate::save::site::{Site, arg, names, noise};
use crate::save::volume::{Kind, Volume};

const MIB: usize = 1024 * 1024;

const ALL: [(Kind, u64); 3] = [(Kind::Ext4, 16), (Kind::Fat, 16), (Kind::Btrfs, 128)];

/// Saves this, with results as JSON lines.
fn save(folder: &Path, options: &[&str], urls: &[&str]) -> Run {
    let args = ["--format=jsonl", "--retry=0", "-d", arg(folder)];
    pfetch(&[&args[..], options, urls].concat()).run()
}

/// The file is as it is served.
fn check_same(site: &Site, folder: &Path, name: &str) {
    let [ours, theirs] = [folder, &site.root()].map(|at| fs::read(at.join(name)));
    let is_same = ours.ok() == theirs.ok();
    assert!(is_same, "{name} in {}", folder.display());
}

#[test]
fn each_file_system_saves_updates_and_continues() {
    for (kind, mib) in ALL {
        let Some(volume) = Volume::mount(kind, mib) else {
            continue;
        };
        let folder = volume.folder().join("new/inner");
        let site = Site::start("", "");
        let long = format!("{}.tar.gz", "n".repeat(240));
        for (name, size) in [("small", 1000), ("large", 3 * MIB), (&long, 100_000)] {
            site.write(name, &noise(size as u64, size));
        }
        let urls = ["small", "large", &long].map(|name| site.url(name));
        let urls = urls.each_ref().map(String::as_str);
        for round in 0..2 {
            let run = save(&folder, &["--fsync"], &urls).exits(0);
            let warning = "pfetch: warning: cannot keep the version of ";
            let run = match volume.has_attributes() {
                true => run.says_nothing(),
                false => run.says(warning),
            };
            let is_known = run
                .results()
                .iter()
                .all(|one| one["outcome"] == "unchanged");
            run.check(
                &format!("{kind:?}, round {round}"),
                is_known == (round == 1),
            );
            assert_eq!(names(&folder).len(), 3, "{kind:?}");
        }
        for name in ["small", "large"] {
            check_same(&site, &folder, name);
        }
        // A part that is left is continued where a record can be kept.
        let body = noise(9, 2 * MIB);
        let served = body.clone();
        let server = Raw::start(move |mut wire| {
            while let Some(head) = wire.head() {
                let etag = "ETag: \"v1\"\r\n";
                let range = head.lines().find_map(|line| {
                    let from = line
                        .to_ascii_lowercase()
                        .strip_prefix("range: bytes=")?
                        .to_owned();
                    from.strip_suffix('-')?.parse::<usize>().ok()
                });
                let (length, last) = (served.len(), served.len() - 1);
                match range {
                    None => {
                        wire.send(format!(
                            "HTTP/1.1 200 OK\r\n{etag}Content-Length: {length}\r\n\r\n"
                        ))?;
                        return wire.send(&served[..MIB]);
                    }
                    Some(from) => {
                        let rest = length - from;
                        wire.send(format!(
                            "HTTP/1.1 206 Partial Content\r\n{etag}Content-Length: {rest}\r\n\
                             Content-Range: bytes {from}-{last}/{length}\r\n\r\n"
                        ))?;
                        wire.send(&served[from..])?;
                    }
                }
            }
            Ok(())
        });
        let url = server.url("/part");
        save(&folder, &[], &[&url]).exits(1);
        if volume.has_attributes() {
            let run = save(&folder, &[], &[&url]).exits(0);
            run.check("continued", run.result()["saved"]["resumed_from"].is_u64());
            assert!(fs::read(folder.join("part")).is_ok_and(|saved| saved == body));
        }
    }
}

#[test]
fn a_file_system_that_fills_up_keeps_what_is_whole_and_ends_the_run() {
    for (kind, mib) in ALL {
        let Some(volume) = Volume::mount(kind, mib) else {
            continue;
        };
        let folder = volume.folder();
        let site = Site::start("", "");
        site.write("too-large", &noise(0, 300 * MIB));
        let run = save(&folder, &[], &[&site.url("too-large")]).exits(4);
        run.check("kind", run.result()["error"]["kind"] == "disk-full");
        // Without a length it is only known by writing.
        let length = mib as usize * MIB;
        let server = Raw::start(move |mut wire| {
            if wire.head().is_none() {
                return Ok(());
            }
            wire.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            let mut seeds = 0..(length / MIB) as u64;
            seeds.try_for_each(|seed| wire.send(noise(seed, MIB)))
        });
        site.write("small", &noise(1, 1000));
        let urls = [
            site.url("small"),
            server.url("/endless"),
            server.url("/later"),
        ];
        let urls = urls.each_ref().map(String::as_str);
        let run = save(&folder, &["-j1"], &urls).exits(4);
        let run = run.says("pfetch: the disk is full: ");
        let kinds: Vec<_> = run
            .results()
            .iter()
            .map(|result| (result["outcome"].clone(), result["error"]["kind"].clone()))
            .collect();
        let [small, endless, later] = &kinds[..] else {
            panic!("{kind:?}: {kinds:?}");
        };
        assert_eq!(small.0, "ok", "{kind:?}: {kinds:?}");
        assert_eq!(endless.1, "disk-full", "{kind:?}: {kinds:?}");
        assert_eq!(later.0, "skipped", "{kind:?}: {kinds:?}");
        check_same(&site, &folder, "small");
        let left = names(&folder);
        assert!(
            !left.contains("endless") && !left.contains("later"),
            "{kind:?}: {left:?}"
        );
    }
}

#[test]
fn a_read_only_file_system_fails_its_files() {
    for (kind, mib) in ALL {
        let Some(volume) = Volume::mount(kind, mib) else {
            continue;
        };
        let folder = volume.folder();
        let site = Site::start("", "");
        site.write("small", &noise(1, 1000));
        site.write("large", &noise(2, MIB));
        volume.remount("ro");
        let before = names(&folder);
        for name in ["small", "large"] {
            let run = save(&folder, &[], &[&site.url(name)]).exits(4);
            let message = run.result()["error"]["message"].clone();
            let expected = format!(
                "cannot create {}/{name}.part: read-only file system",
                arg(&folder)
            );
            run.check(&expected, message == *expected);
        }
        let log = folder.join("log");
        let run = pfetch(&["--log", arg(&log), &site.url("small")])
            .run()
            .exits(4);
        run.complains_in_a_line().says("Read-only file system");
        assert_eq!(names(&folder), before);
    }
}

#[test]
fn a_quota_that_is_used_up_is_a_full_disk() {
    let Some(volume) = Volume::mount(Kind::Btrfs, 128) else {
        return;
    };
    if !volume.limit(4) {
        return;
    }
    let folder = volume.folder();
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    site.write("large", &noise(2, 16 * MIB));
    let urls = ["small", "large"].map(|name| site.url(name));
    let urls = urls.each_ref().map(String::as_str);
    let run = save(&folder, &["-j1"], &urls).exits(4);
    let error = run.results()[1]["error"].clone();
    run.check("kind", error["kind"] == "disk-full");
    let told = error["message"]
        .as_str()
        .is_some_and(|text| text.contains("the disk quota is used up"));
    run.check("why", told);
    check_same(&site, &folder, "small");
    let left: BTreeSet<_> = names(&folder)
        .into_iter()
        .filter(|name| !name.ends_with(".part"))
        .collect();
    assert_eq!(left, BTreeSet::from(["small".to_owned()]));
}
