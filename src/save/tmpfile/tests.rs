//! Small files by both ways: the one that needs a system with files without a name, and the usual one,
//! which has to come to the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::*;
use crate::model::outcome::{Failure, FailureKind, Saved};
use crate::model::save_path::SavePath;
use crate::save::dir::Root;
use crate::save::whole_file::faults;
use crate::save::{
    Draft, Exists, Prior, Published, Refused, Store, StoreConfig, Validators, Version,
};

const URL: &str = "http://h/file";

/// A folder on the disk, where tests of files belong, not in memory.
fn scratch() -> TempDir {
    let program = std::env::current_exe().unwrap();
    TempDir::new_in(program.parent().unwrap()).unwrap()
}

fn store(folder: &TempDir, exists: Exists, way: u8) -> Store {
    let config = StoreConfig {
        exists,
        ..StoreConfig::default()
    };
    let store = Store::open(folder.path(), config).unwrap();
    store.root.nameless().found(way);
    store
}

fn place() -> SavePath {
    SavePath::parse("file").unwrap()
}

/// A version of this many seconds.
fn version(body: &[u8], seconds: Option<u64>) -> Version {
    Version {
        validators: Validators {
            etag: Some("\"v1\"".to_owned()),
            ..Validators::default()
        },
        modified: seconds.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds)),
        length: Some(body.len() as u64),
        is_plain: true,
        ..Version::default()
    }
}

fn wanted(store: &Store) -> Draft {
    match store.draft(&place(), None).unwrap() {
        Prior::Wanted(draft) => draft,
        Prior::Kept(saved) => panic!("{saved:?} is there"),
    }
}

/// A draft of these bytes that waits for its name.
fn complete(store: &Store, body: &[u8], seconds: Option<u64>) -> Draft {
    let mut draft = wanted(store);
    draft.start(URL, version(body, seconds)).unwrap();
    draft.complete(body).unwrap();
    draft
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn is_new(published: &Published, bytes: usize) -> bool {
    matches!(published, Published::New(Saved { bytes: saved, .. }) if *saved == bytes as u64)
}

/// Whether the system of the one who runs this has such files.
fn has_them(folder: &TempDir) -> bool {
    let root = Root::open(folder.path()).unwrap();
    os::open_nameless(Folder::Root(root)).is_ok()
}

#[test]
fn each_way_leads_to_the_same_file() {
    for way in [BY_HANDLE, BY_PROC, NOT] {
        for seconds in [Some(784_111_777), None] {
            for body in [&b""[..], b"text", &[7; 200_000]] {
                let dir = scratch();
                let store = store(&dir, Exists::Update, way);
                let before = SystemTime::now() - Duration::from_secs(5);
                let mut draft = complete(&store, body, seconds);
                let is_hidden = way != NOT && has_them(&dir);
                let expected: &[&str] = if is_hidden { &[] } else { &["file.part"] };
                assert_eq!(names(dir.path()), expected, "{way}, {seconds:?}");
                let published = draft.publish_as(&place()).unwrap();
                assert!(is_new(&published, body.len()), "{way}: {published:?}");
                drop(draft);
                assert_eq!(names(dir.path()), ["file"], "{way}, {seconds:?}");
                let path = dir.path().join("file");
                assert!(fs::read(&path).unwrap() == body, "{way}, {seconds:?}");
                let stat = fs::metadata(&path).unwrap();
                match seconds {
                    Some(seconds) => assert_eq!(stat.mtime().cast_unsigned(), seconds),
                    None => assert!(stat.modified().unwrap() > before),
                }
                assert_eq!(stat.nlink(), 1);
                // The mode is that of a file made by name.
                let by_name = dir.path().join("by name");
                fs::write(&by_name, "").unwrap();
                assert_eq!(stat.mode(), fs::metadata(&by_name).unwrap().mode());
                // The record is there, and knows the file again.
                let known = wanted(&store);
                let etag = known.ask(URL).unless.and_then(|v| v.etag.as_deref());
                assert_eq!(etag, Some("\"v1\""), "{way}, {seconds:?}");
            }
        }
    }
}

#[test]
fn what_is_dropped_before_it_has_its_name_leaves_nothing() {
    for way in [BY_HANDLE, NOT] {
        let dir = scratch();
        drop(complete(&store(&dir, Exists::Update, way), b"text", None));
        assert!(names(dir.path()).is_empty(), "{way}");
    }
}

#[test]
fn a_name_that_is_taken_in_the_meantime_is_dealt_with_alike() {
    for exists in [
        Exists::Skip,
        Exists::Update,
        Exists::Overwrite,
        Exists::Rename,
        Exists::Fail,
    ] {
        for theirs in ["text", "theirs"] {
            let results = [BY_HANDLE, NOT].map(|way| {
                let dir = scratch();
                let mut draft = complete(&store(&dir, exists, way), b"text", None);
                fs::write(dir.path().join("file"), theirs).unwrap();
                let result = draft.publish_as(&place());
                drop(draft);
                let content = fs::read_to_string(dir.path().join("file")).unwrap();
                let kind = match result {
                    Ok(Published::New(saved)) => format!("new, {}", saved.bytes),
                    Ok(Published::Same(saved)) => format!("same, {}", saved.bytes),
                    Ok(Published::Other(saved)) => format!("other, {}", saved.bytes),
                    Err(error) => error.to_string().replace(dir.path().to_str().unwrap(), ""),
                };
                (kind, content, names(dir.path()))
            });
            assert_eq!(results[0], results[1], "{exists:?}, {theirs}");
            assert_eq!(results[0].2, ["file"], "{exists:?}, {theirs}");
            let is_kept = exists != Exists::Overwrite;
            assert_eq!(results[0].1 == theirs, is_kept || theirs == "text");
        }
    }
}

#[test]
fn a_version_that_another_run_saves_in_the_meantime_is_replaced() {
    for way in [BY_HANDLE, NOT] {
        let dir = scratch();
        let store = store(&dir, Exists::Update, way);
        let mut late = wanted(&store);
        let mut early = complete(&store, b"first", Some(1));
        assert!(is_new(&early.publish_as(&place()).unwrap(), 5));
        late.start(URL, version(b"second", Some(2))).unwrap();
        late.complete(b"second").unwrap();
        assert!(is_new(&late.publish_as(&place()).unwrap(), 6), "{way}");
        drop(late);
        assert_eq!(names(dir.path()), ["file"], "{way}");
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"second");
    }
}

#[test]
fn a_body_that_comes_in_pieces_or_goes_on_has_a_part() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_HANDLE);
    let mut draft = wanted(&store);
    draft.start(URL, version(b"in pieces", None)).unwrap();
    draft.write(b"in ").unwrap();
    assert_eq!(names(dir.path()), ["file.part"]);
    // What is left of it is for the next one to go on with, or to begin again in.
    drop(draft);
    let mut draft = complete(&store, b"in one piece", None);
    assert_eq!(names(dir.path()), ["file.part"]);
    assert!(is_new(&draft.publish_as(&place()).unwrap(), 12));
    assert_eq!(names(dir.path()), ["file"]);
}

#[test]
fn a_file_that_is_named_later_waits_in_a_part() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_HANDLE);
    let mut draft = store.unnamed(&place()).unwrap();
    draft.start(URL, version(b"text", None)).unwrap();
    draft.complete(b"text").unwrap();
    assert_eq!(names(dir.path()), ["file.part"]);
}

#[test]
fn a_folder_that_is_removed_is_an_error_and_says_nothing_of_the_next() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_HANDLE);
    let below = SavePath::parse("a/file").unwrap();
    for is_complete in [false, true] {
        fs::create_dir(dir.path().join("a")).unwrap();
        let Ok(Prior::Wanted(mut draft)) = store.draft(&below, None) else {
            panic!("nothing is there");
        };
        draft.start(URL, version(b"text", None)).unwrap();
        let error = if is_complete {
            draft.complete(b"text").unwrap();
            fs::remove_dir(dir.path().join("a")).unwrap();
            draft.publish_as(&below).unwrap_err().to_string()
        } else {
            fs::remove_dir(dir.path().join("a")).unwrap();
            format!("{:?}", draft.complete(b"text").unwrap_err())
        };
        assert!(error.contains("its folder was removed"), "{error}");
        assert_ne!(store.root.nameless().way(), NOT);
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn files_that_could_be_read_or_written_by_too_many_are_not_made_so() {
    let with = |umask: u32| {
        let knowledge = Knowledge::default();
        knowledge.umask.set(umask).unwrap();
        knowledge
    };
    for (umask, mode, is_too_open) in [
        (0o022, 0o100_644, false),
        (0o022, 0o100_666, true),
        (0o002, 0o100_664, false),
        (0o002, 0o100_666, true),
        (0o077, 0o100_600, false),
        (0o077, 0o100_666, true),
        (0o000, 0o100_666, false),
    ] {
        let found = with(umask).is_too_open(mode);
        assert_eq!(found, is_too_open, "{umask:o} {mode:o}");
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_file_system_without_such_files_is_asked_once() {
    // It has none, on any machine.
    let folder = Folder::Root(Root::open(Path::new("/proc/self")).unwrap());
    let knowledge = Knowledge::default();
    let record = Record::new(URL, Version::default());
    assert!(Nameless::create(&folder, &knowledge, b"", &record, None).is_none());
    assert_eq!(knowledge.way(), NOT);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn the_umask_is_what_the_system_says() {
    // Whichever it is: a file of all permissions has those that it leaves.
    use std::os::unix::fs::OpenOptionsExt;

    let dir = scratch();
    let path = dir.path().join("file");
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o777);
    options.open(&path).unwrap();
    let mode = fs::metadata(&path).unwrap().mode() & 0o777;
    assert_eq!(os::umask(), Some(0o777 & !mode));
}

/// What a draft was refused for.
fn failure(result: Result<(), Refused>) -> Failure {
    match result {
        Err(Refused::File(error)) => error.into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_whose_close_fails_is_not_saved_and_leaves_no_part_to_continue() {
    use faults::Errno::{EDQUOT, EIO, ENOSPC};

    for (errno, kind) in [
        (EDQUOT, FailureKind::DiskFull),
        (ENOSPC, FailureKind::DiskFull),
        (EIO, FailureKind::File),
    ] {
        for (way, is_in_pieces) in [(BY_HANDLE, false), (NOT, false), (NOT, true)] {
            let what = format!("{errno}, {way}, in pieces: {is_in_pieces}");
            let dir = scratch();
            let mut draft = wanted(&store(&dir, Exists::Update, way));
            draft.start(URL, version(b"text", None)).unwrap();
            let last = if is_in_pieces {
                draft.write(b"te").unwrap();
                &b"xt"[..]
            } else {
                b"text"
            };
            // That of the file without a name, if there is one, and that of the part.
            let is_hidden = way != NOT && has_them(&dir);
            faults::inject(&[errno; 2][..1 + usize::from(is_hidden)]);
            let failure = failure(draft.complete(last));
            assert_eq!(faults::left(), 0, "{what}");
            assert_eq!(failure.kind, kind, "{what}: {failure:?}");
            let message = &failure.message;
            assert!(
                message.contains("file.part, as its close tells: "),
                "{what}: {message}"
            );
            assert!(
                message.ends_with("make room and run again"),
                "{what}: {message}"
            );
            drop(draft);
            assert!(names(dir.path()).is_empty(), "{what}");
        }
    }
}

#[test]
fn a_file_without_a_name_whose_close_fails_goes_into_a_part() {
    let dir = scratch();
    if !has_them(&dir) {
        return;
    }
    faults::inject(&[faults::Errno::EIO]);
    let mut draft = complete(&store(&dir, Exists::Update, BY_HANDLE), b"text", None);
    assert_eq!(faults::left(), 0);
    assert_eq!(names(dir.path()), ["file.part"]);
    assert!(is_new(&draft.publish_as(&place()).unwrap(), 4));
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
}

#[test]
fn a_part_is_kept_only_if_its_close_says_that_it_is_written() {
    for (errnos, left) in [(&[][..], &["file.part"][..]), (&[faults::Errno::EIO], &[])] {
        // A part of this run, and one that an earlier run has left.
        for is_left_over in [false, true] {
            let what = format!("{errnos:?}, left over: {is_left_over}");
            let dir = scratch();
            let store = store(&dir, Exists::Update, NOT);
            let begin = || {
                let mut draft = wanted(&store);
                draft.start(URL, version(b"in pieces", None)).unwrap();
                draft.write(b"in ").unwrap();
                draft
            };
            let draft = if is_left_over {
                drop(begin());
                wanted(&store)
            } else {
                begin()
            };
            assert_eq!(draft.held(), 3, "{what}");
            faults::inject(errnos);
            drop(draft);
            assert_eq!(faults::left(), 0, "{what}");
            assert_eq!(names(dir.path()), left, "{what}");
        }
    }
}

#[test]
fn a_part_stays_locked_from_its_checked_close_to_its_name() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, NOT);
    let mut draft = complete(&store, b"text", None);
    let error = store.draft(&place(), None).unwrap_err().to_string();
    assert!(error.contains("another process is writing"), "{error}");
    assert!(is_new(&draft.publish_as(&place()).unwrap(), 4));
}
