//! Folders that change while a run is at them, and runs that are at one file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use crate::pfetch::{Dir, LIMIT, pfetch};
use crate::raw::Raw;
use crate::save::hostile::MODES;
use crate::save::support::{Version, holds, race, save, save_and_tell};
use crate::server::{Server, bytes};

/// Whether there is something in a part: whoever made it has done with that.
fn has_begun(part: &Path) -> bool {
    fs::metadata(part).is_ok_and(|part| part.len() > 0)
}

#[test]
fn a_folder_that_was_removed_is_an_error_and_no_hang() {
    // Removed before the first byte is written, and while bytes are coming.
    for held in [10, 1_000_000] {
        let dir = Dir::on_disk();
        let folder = dir.path().join("folder");
        let (at, removed) = (folder.clone(), Version::tagged("\"v1\"", &bytes(2_000_000)));
        let server = Raw::start(move |mut wire| {
            if wire.head().is_none() {
                return Ok(());
            }
            let whole = removed.whole();
            wire.send(&whole[..held])?;
            let part = at.join("file.part");
            while held > 1000 && !has_begun(&part) {
                if wire.wait(Duration::from_millis(1)) {
                    return Ok(());
                }
            }
            fs::remove_dir_all(&at)?;
            wire.send(&whole[held..])
        });
        let (path, url) = (folder.to_str().unwrap(), server.url("/file"));
        let run = pfetch(&["--format=jsonl", "-d", path, &url]).run().exits(4);
        run.check("nothing is made again", !folder.exists());
        let result = run.result();
        run.check("kind", result["error"]["kind"] == "file");
        let message = result["error"]["message"].as_str().unwrap();
        run.check("named", message.contains(&format!("{path}/file")));
        run.check("why", message.contains("removed"));
        run.check("once", server.heads().len() == 1);
    }
}

#[test]
fn something_that_takes_the_name_in_the_meantime_keeps_it() {
    // CVE-2004-2014: between looking and naming.
    for mode in MODES {
        for is_link in [false, true] {
            let dir = Dir::on_disk();
            let outside = Dir::on_disk();
            let victim = outside.path().join("victim");
            fs::write(&victim, "precious").unwrap();
            let (name, target) = (dir.path().join("file"), victim.clone());
            let server = Server::with(move |_, reply| {
                if is_link {
                    symlink(&target, &name)?;
                } else {
                    fs::write(&name, "mine")?;
                }
                reply.send(200, "", b"theirs")
            });
            let run = save_and_tell(&dir, &[mode], &[&server.url("/file")]);
            let is_replaced = mode == "--exists=overwrite" && !is_link;
            let run = run.exits(if is_replaced { 0 } else { 4 });
            let expected: &[u8] = match (is_link, is_replaced) {
                (true, _) => b"precious",
                (false, true) => b"theirs",
                (false, false) => b"mine",
            };
            holds(&run, dir.path(), &[("file", expected)]);
            run.check("the victim", fs::read(&victim).unwrap() == b"precious");
        }
    }
}

#[test]
fn of_two_runs_at_one_file_one_waits_for_nobody_and_the_file_is_whole() {
    let content = bytes(2_000_000);
    let version = Version::tagged("\"v1\"", &content);
    let dir = Dir::on_disk();
    let part = dir.path().join("file.part");
    let (begun, is_begun) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = std::sync::Mutex::new(may_go_on);
    let server = Raw::start(move |mut wire| {
        let Some(head) = wire.head() else {
            return Ok(());
        };
        if wire.number > 0 {
            return wire.send(version.answer(&head));
        }
        let whole = version.whole();
        wire.send(&whole[..1_000_000])?;
        while !has_begun(&part) {
            if wire.wait(Duration::from_millis(1)) {
                return Ok(());
            }
        }
        let _ = begun.send(());
        let _ = may_go_on.lock().unwrap().recv_timeout(LIMIT);
        wire.send(&whole[1_000_000..])
    });
    let (url, other) = (server.url("/file"), server.url("/other"));
    let folder = dir.path().to_str().unwrap();
    let one = pfetch(&["--format=jsonl", "-d", folder, &url]).start();
    is_begun.recv_timeout(LIMIT).unwrap();
    for args in [&[][..], &["--no-resume"], &["--exists=overwrite"]] {
        let two = save(&dir, args, &[&url, &other]).exits(4);
        let results = two.results();
        let failed = results.iter().find(|result| result["index"] == 0).unwrap();
        two.check("kind", failed["error"]["kind"] == "file");
        let message = failed["error"]["message"].as_str().unwrap();
        two.check("why", message.contains("another process is writing "));
        two.check("which", message.contains(&format!("{folder}/file.part")));
        two.check(
            "what to do",
            message.contains("wait for it, or save to another folder"),
        );
        two.check("the other", two.summary()["failed"] == 1);
    }
    go_on.send(()).unwrap();
    let one = one.finish().exits(0);
    let files = [("file", &*content), ("other", &*content)];
    holds(&one, dir.path(), &files);
    let three = save(&dir, &[], &[&url]).exits(0);
    three.check("unchanged", three.result()["outcome"] == "unchanged");
}

#[test]
fn runs_that_race_for_one_file_never_spoil_it() {
    let content = bytes(600_000);
    let server = Version::tagged("\"v1\"", &content).serve();
    let url = server.url("/file");
    for _ in 0..5 {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().unwrap();
        let args = ["--format=jsonl", "-d", folder, &url];
        let (runs, saved) = race(4, &args, &["another process is writing "]);
        runs[0].check("one has saved it", saved >= 1);
        holds(&runs[0], dir.path(), &[("file", &content)]);
    }
}

#[test]
fn what_is_put_in_the_place_of_a_part_does_not_get_the_name() {
    // CVE-2004-2014: bytes go to the open part, so another thing under its name is not they.
    type Plant = fn(&Path, &Path);
    let plants: [(&str, Plant); 3] = [
        ("a link", |part, victim| symlink(victim, part).unwrap()),
        ("a file", |part, _| fs::write(part, "theirs").unwrap()),
        ("nothing", |_, _| ()),
    ];
    for (what, plant) in plants {
        let dir = Dir::on_disk();
        let outside = Dir::on_disk();
        let victim = outside.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let (part, target) = (dir.path().join("file.part"), victim.clone());
        let version = Version::tagged("\"v1\"", &bytes(2_000_000));
        let server = Raw::start(move |mut wire| {
            if wire.head().is_none() {
                return Ok(());
            }
            let whole = version.whole();
            wire.send(&whole[..1_000_000])?;
            while !has_begun(&part) {
                if wire.wait(Duration::from_millis(1)) {
                    return Ok(());
                }
            }
            fs::remove_file(&part)?;
            plant(&part, &target);
            wire.send(&whole[1_000_000..])
        });
        let run = save(&dir, &[], &[&server.url("/file")]).exits(4);
        let file = dir.path().join("file");
        run.check(what, fs::symlink_metadata(&file).is_err());
        run.check(what, fs::read(&victim).unwrap() == b"precious");
        let result = run.result();
        let message = result["error"]["message"].as_str().unwrap();
        let part = dir.path().join("file.part");
        run.check(what, message.contains(part.to_str().unwrap()));
        run.check(what, message.contains("removed or replaced"));
        // What was put there is somebody else's.
        run.check(
            what,
            (what == "nothing") == fs::symlink_metadata(&part).is_err(),
        );
    }
}
