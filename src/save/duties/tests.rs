//! Refused duties, alone and as they befall a file: through an O_TMPFILE and through a part.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

use super::*;
use crate::model::outcome::Failure;
use crate::model::save_path::SavePath;
use crate::save::os::{Syscall, faults};
use crate::save::{Download, Exists, SaveDecision, Store, StoreConfig, Validators, Version, close};

const ALL: [LesserDuty; 4] = [
    LesserDuty::ModificationTime,
    LesserDuty::Mode,
    LesserDuty::Record,
    LesserDuty::FolderSync,
];

#[test]
fn each_kind_of_refused_duty_is_told_once_with_the_first_file() {
    let duties = RefusedDuties::default();
    for round in 0..3 {
        for duty in ALL {
            duties.note(duty, Ok(()), || unreachable!("nothing was refused"));
            duties.note(duty, Err(Errno::PERM), || format!("file-{round}"));
        }
        let told = duties.take();
        let kinds: Vec<_> = told.iter().map(|refused| refused.duty).collect();
        let expected = if round == 0 { &ALL[..] } else { &[] };
        assert_eq!(kinds, expected, "round {round}");
        for refused in told {
            let line = refused.to_string();
            assert!(line.contains("file-0"), "where: {line}");
            assert!(line.contains(": operation not permitted; "), "why: {line}");
            assert!(!line.contains('\n'), "one line: {line}");
        }
    }
}

#[test]
fn only_an_error_that_says_that_no_folder_is_synced_is_a_lesser_one() {
    for errno in [
        Errno::INVAL,
        Errno::NOTSUP,
        Errno::OPNOTSUPP,
        Errno::NOSYS,
        Errno::BADF,
    ] {
        assert!(means_no_folder_sync(errno), "{errno:?}");
    }
    for errno in [Errno::IO, Errno::NOSPC, Errno::DQUOT, Errno::ROFS] {
        assert!(!means_no_folder_sync(errno), "{errno:?}");
    }
}

const URL: &str = "http://h/file";

/// Long enough for a part; the other is short.
const BODIES: [&[u8]; 2] = [b"short", &[7; 200_000]];

fn scratch() -> TempDir {
    let program = std::env::current_exe().unwrap();
    TempDir::new_in(program.parent().unwrap()).unwrap()
}

fn config() -> StoreConfig {
    StoreConfig {
        exists: Exists::Overwrite,
        fsync: true,
        ..StoreConfig::default()
    }
}

/// A download of these bytes that waits for its name.
fn complete(store: &Store, place: &SavePath, body: &[u8]) -> Download {
    let (mut download, last) = receive(store, place, body);
    download.complete(last).unwrap();
    download
}

/// A download of these bytes, of which the last are still to come: half of a long body, all of a short one.
fn receive<'a>(store: &Store, place: &SavePath, body: &'a [u8]) -> (Download, &'a [u8]) {
    let version = Version {
        validators: Validators {
            etag: Some("\"v1\"".to_owned()),
            ..Validators::default()
        },
        modified: Some(UNIX_EPOCH + Duration::from_secs(784_111_777)),
        length: Some(body.len() as u64),
        is_plain: true,
        ..Version::default()
    };
    let SaveDecision::Fetch(mut download) = store.prepare(place, None).unwrap() else {
        panic!("it is not to be kept");
    };
    download.start(URL, version).unwrap();
    if body.len() < 1000 {
        return (download, body);
    }
    let (first, last) = body.split_at(body.len() / 2);
    download.write(first).unwrap();
    (download, last)
}

fn place(text: &str) -> SavePath {
    SavePath::parse(text).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_refused_duty_costs_no_file() {
    for (call, duty, errno) in [
        (Syscall::SetTime, LesserDuty::ModificationTime, Errno::PERM),
        (Syscall::SetMode, LesserDuty::Mode, Errno::PERM),
        (Syscall::SetRecord, LesserDuty::Record, Errno::NOTSUP),
        (Syscall::SetRecord, LesserDuty::Record, Errno::NOSPC),
        (Syscall::SyncFolder, LesserDuty::FolderSync, Errno::INVAL),
    ] {
        let dir = scratch();
        // This one is replaced, and has a mode that no new file has.
        fs::write(dir.path().join("old"), "before").unwrap();
        fs::set_permissions(dir.path().join("old"), fs::Permissions::from_mode(0o604)).unwrap();
        let store = Store::open(&dir.path().join("new"), config()).unwrap();
        let store_of_old = Store::open(dir.path(), config()).unwrap();
        for body in BODIES {
            for (store, name) in [
                (&store, "file"),
                (&store, "a/b/file"),
                (&store_of_old, "old"),
            ] {
                faults::inject(&[(call, errno)]);
                let mut download = complete(store, &place(name), body);
                let published = download.publish_as(&place(name));
                drop(download);
                faults::inject(&[]);
                assert!(published.is_ok(), "{duty:?}: {name}: {published:?}");
                let path = store.root.path_of(&place(name));
                assert!(fs::read(&path).unwrap() == body, "{duty:?}: {name}");
                let beside = names(path.parent().unwrap());
                assert!(
                    !beside.iter().any(|name| name.ends_with(".part")),
                    "{duty:?}: {beside:?}"
                );
            }
        }
        let old = fs::metadata(dir.path().join("old")).unwrap();
        let keeps_mode = old.mode() & 0o777 == 0o604;
        assert_eq!(keeps_mode, duty != LesserDuty::Mode, "{:o}", old.mode());
        let told = [store.take_refused(), store_of_old.take_refused()];
        let kinds = told.each_ref().map(|told| told.iter().map(|one| one.duty));
        let [new, old] = kinds.map(Vec::from_iter);
        let of_new = if duty == LesserDuty::Mode {
            vec![]
        } else {
            vec![duty]
        };
        assert_eq!((new, old), (of_new, vec![duty]));
    }
}

#[test]
fn a_file_that_has_the_mode_already_asks_for_none() {
    let dir = scratch();
    let store = Store::open(dir.path(), config()).unwrap();
    for body in BODIES {
        faults::inject(&[(Syscall::SetMode, Errno::PERM)]);
        complete(&store, &place("file"), body)
            .publish_as(&place("file"))
            .unwrap();
        faults::inject(&[]);
        assert_eq!(store.take_refused(), []);
    }
}

#[test]
fn an_entry_that_cannot_be_synced_is_a_failure_and_leaves_the_file() {
    for body in BODIES {
        let dir = scratch();
        let store = Store::open(dir.path(), config()).unwrap();
        let mut download = complete(&store, &place("file"), body);
        faults::inject(&[(Syscall::SyncFolder, Errno::IO)]);
        let error = download.publish_as(&place("file")).unwrap_err();
        faults::inject(&[]);
        let message = Failure::from(error).message;
        let told = format!(
            "cannot sync the folder of {}/file (--fsync): ",
            dir.path().display()
        );
        assert!(message.starts_with(&told), "{message}");
        // What ends with the download is no part any more: it must not be cut, whatever its close tells.
        close::faults::inject(&[close::faults::Errno::EIO]);
        drop(download);
        close::faults::inject(&[]);
        assert_eq!(names(dir.path()), ["file"]);
        assert!(fs::read(dir.path().join("file")).unwrap() == body);
        assert_eq!(store.take_refused(), []);
    }
}

#[test]
fn a_file_is_not_done_while_another_worker_syncs_the_entry_of_its_folder() {
    let dir = scratch();
    let store = Store::open(dir.path(), config()).unwrap();
    let making = store.root.hold_making();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        let store = &store;
        scope.spawn(move || {
            let published = complete(store, &place("file"), b"short").publish_as(&place("file"));
            sender.send(published).unwrap();
        });
        // It may be late, but never early.
        let early = receiver.recv_timeout(Duration::from_millis(100));
        assert!(early.is_err(), "{early:?}");
        drop(making);
        let published = receiver.recv().unwrap();
        assert!(published.is_ok(), "{published:?}");
    });
}

#[test]
fn the_entries_of_new_folders_are_synced_where_that_is_asked_for() {
    let dir = scratch();
    let new = dir.path().join("new/inner");
    faults::inject(&[(Syscall::SyncFolder, Errno::IO)]);
    let error = Store::open(&new, config()).unwrap_err();
    let told = format!("cannot sync the folder of {} (--fsync): ", new.display());
    assert!(error.to_string().starts_with(&told), "{error}");
    // They are there by now.
    let store = Store::open(&new, config()).unwrap();
    let SaveDecision::Fetch(mut download) = store.prepare(&place("a/file"), None).unwrap() else {
        panic!("there is no file");
    };
    download.start(URL, Version::default()).unwrap();
    let error = download.complete(b"short").unwrap_err();
    let is_named = matches!(&error, crate::save::BodyError::File(error) if error.to_string().contains("a/file"));
    assert!(is_named, "{error:?}");
    let unsynced = Store::open(&dir.path().join("other"), StoreConfig::default()).unwrap();
    let mut download = complete(&unsynced, &place("a/file"), b"short");
    download.publish_as(&place("a/file")).unwrap();
    faults::inject(&[]);
    assert_eq!(unsynced.take_refused(), []);
}

#[test]
fn a_part_whose_close_cannot_be_checked_is_kept_and_one_whose_close_fails_is_not() {
    let body = BODIES[1];
    for is_lost in [false, true] {
        let dir = scratch();
        let store = Store::open(dir.path(), config()).unwrap();
        let (mut download, last) = receive(&store, &place("file"), body);
        match is_lost {
            true => close::faults::inject(&[close::faults::Errno::EIO]),
            false => close::faults::take_descriptors(true),
        }
        let completed = download.complete(last);
        close::faults::take_descriptors(false);
        let message = match completed {
            Err(crate::save::BodyError::File(error)) => error.to_string(),
            completed => panic!("{is_lost}: {completed:?}"),
        };
        let what = match is_lost {
            true => "as its close tells",
            false => "cannot check the close",
        };
        assert!(message.contains(what), "{message}");
        drop(download);
        let expected: &[&str] = if is_lost { &[] } else { &["file.part"] };
        assert_eq!(names(dir.path()), expected, "{message}");
        if !is_lost {
            assert!(fs::read(dir.path().join("file.part")).unwrap() == body);
        }
    }
}

#[test]
fn a_part_whose_record_is_refused_ends_with_its_attempt() {
    let body = BODIES[1];
    for errno in [Errno::NOTSUP, Errno::PERM, Errno::NOSPC] {
        // Without a part of before, with an empty one, and with one of another version.
        for before in [None, Some(0), Some(1)] {
            let dir = scratch();
            let store = Store::open(dir.path(), config()).unwrap();
            match before {
                None => {}
                Some(0) => fs::write(dir.path().join("file.part"), "").unwrap(),
                Some(_) => drop(receive(&store, &place("file"), body)),
            }
            let is_left = names(dir.path()) == ["file.part"];
            assert_eq!(is_left, before.is_some(), "{before:?}");
            for attempt in 0..3 {
                faults::inject(&[(Syscall::SetRecord, errno)]);
                let (download, _) = receive(&store, &place("file"), body);
                faults::inject(&[]);
                let progress = download.progress();
                assert_eq!(progress, None, "{errno:?}, {before:?}, {attempt}");
                drop(download);
                let left = names(dir.path());
                assert!(
                    left.is_empty(),
                    "{errno:?}, {before:?}, {attempt}: {left:?}"
                );
            }
            // With a record it is kept.
            drop(receive(&store, &place("file"), body));
            assert_eq!(names(dir.path()), ["file.part"]);
        }
    }
}
