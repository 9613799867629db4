//! Small files by O_TMPFILE and through a part, which must have the same results.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::support::*;
use super::*;
use crate::model::outcome::{Failure, FailureKind, Saved};
use crate::model::save_path::SavePath;
use crate::save::close::faults;
use crate::save::dir::{Dir, RootDir};
use crate::save::{
    BodyError, Download, Exists, Published, SaveDecision, Store, StoreConfig, Validators, Version,
};

const URL: &str = "http://h/file";

/// A folder on the disk, where tests of files belong, not in memory.
fn scratch() -> TempDir {
    let program = std::env::current_exe().unwrap();
    TempDir::new_in(program.parent().unwrap()).unwrap()
}

fn store(folder: &TempDir, exists: Exists, method: u8) -> Store {
    let config = StoreConfig {
        exists,
        ..StoreConfig::default()
    };
    let store = Store::open(folder.path(), config).unwrap();
    store.root.tmpfile_support().set_method(method);
    store
}

fn place() -> SavePath {
    SavePath::parse("file").unwrap()
}

/// A version of this body, last modified at this second.
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

fn begin(store: &Store) -> Download {
    match store.prepare(&place(), None).unwrap() {
        SaveDecision::Fetch(download) => download,
        SaveDecision::Keep(saved) => panic!("{saved:?} is there"),
    }
}

/// A download of these bytes that waits for its name.
fn complete(store: &Store, body: &[u8], seconds: Option<u64>) -> Download {
    let mut download = begin(store);
    download.start(URL, version(body, seconds)).unwrap();
    download.complete(body).unwrap();
    download
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

/// Returns true if this system has O_TMPFILE in the folder.
fn has_tmpfiles(folder: &TempDir) -> bool {
    let root = RootDir::open(folder.path(), false).unwrap();
    os::open_tmpfile(Dir::Root(root)).is_ok()
}

#[test]
fn each_method_makes_the_same_file() {
    for method in [BY_DESCRIPTOR, BY_PROC, UNSUPPORTED] {
        for seconds in [Some(784_111_777), None] {
            for body in [&b""[..], b"text", &[7; 200_000]] {
                let dir = scratch();
                let store = store(&dir, Exists::Update, method);
                let before = SystemTime::now() - Duration::from_secs(5);
                let mut download = complete(&store, body, seconds);
                let is_hidden = method != UNSUPPORTED && has_tmpfiles(&dir);
                let expected: &[&str] = if is_hidden { &[] } else { &["file.part"] };
                assert_eq!(names(dir.path()), expected, "{method}, {seconds:?}");
                let published = download.publish_as(&place()).unwrap();
                assert!(is_new(&published, body.len()), "{method}: {published:?}");
                drop(download);
                assert_eq!(names(dir.path()), ["file"], "{method}, {seconds:?}");
                let path = dir.path().join("file");
                assert!(fs::read(&path).unwrap() == body, "{method}, {seconds:?}");
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
                let known = begin(&store);
                let etag = known.conditions(URL).unless.and_then(|v| v.etag.as_deref());
                assert_eq!(etag, Some("\"v1\""), "{method}, {seconds:?}");
            }
        }
    }
}

#[test]
fn a_download_dropped_before_it_is_published_leaves_nothing() {
    for method in [BY_DESCRIPTOR, UNSUPPORTED] {
        let dir = scratch();
        drop(complete(
            &store(&dir, Exists::Update, method),
            b"text",
            None,
        ));
        assert!(names(dir.path()).is_empty(), "{method}");
    }
}

#[test]
fn a_name_that_is_taken_meanwhile_has_the_same_result_by_each_method() {
    for exists in [
        Exists::Skip,
        Exists::Update,
        Exists::Overwrite,
        Exists::Rename,
        Exists::Fail,
    ] {
        for theirs in ["text", "theirs"] {
            let results = [BY_DESCRIPTOR, UNSUPPORTED].map(|method| {
                let dir = scratch();
                let mut download = complete(&store(&dir, exists, method), b"text", None);
                fs::write(dir.path().join("file"), theirs).unwrap();
                let result = download.publish_as(&place());
                drop(download);
                let content = fs::read_to_string(dir.path().join("file")).unwrap();
                let kind = match result {
                    Ok(Published::New(saved)) => format!("new, {}", saved.bytes),
                    Ok(Published::Same(saved)) => format!("same, {}", saved.bytes),
                    Ok(Published::Existing(saved)) => format!("other, {}", saved.bytes),
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
    for method in [BY_DESCRIPTOR, UNSUPPORTED] {
        let dir = scratch();
        let store = store(&dir, Exists::Update, method);
        let mut late = begin(&store);
        let mut early = complete(&store, b"first", Some(1));
        assert!(is_new(&early.publish_as(&place()).unwrap(), 5));
        late.start(URL, version(b"second", Some(2))).unwrap();
        late.complete(b"second").unwrap();
        assert!(is_new(&late.publish_as(&place()).unwrap(), 6), "{method}");
        drop(late);
        assert_eq!(names(dir.path()), ["file"], "{method}");
        assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"second");
    }
}

#[test]
fn a_body_in_pieces_or_resumed_has_a_part() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_DESCRIPTOR);
    let mut download = begin(&store);
    download.start(URL, version(b"in pieces", None)).unwrap();
    download.write(b"in ").unwrap();
    assert_eq!(names(dir.path()), ["file.part"]);
    // What is left of it is for the next one to go on with, or to begin again in.
    drop(download);
    let mut download = complete(&store, b"in one piece", None);
    assert_eq!(names(dir.path()), ["file.part"]);
    assert!(is_new(&download.publish_as(&place()).unwrap(), 12));
    assert_eq!(names(dir.path()), ["file"]);
}

#[test]
fn a_file_that_is_named_later_waits_in_a_part() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_DESCRIPTOR);
    let mut download = store.prepare_for_later_name(&place()).unwrap();
    download.start(URL, version(b"text", None)).unwrap();
    download.complete(b"text").unwrap();
    assert_eq!(names(dir.path()), ["file.part"]);
}

#[test]
fn a_removed_folder_is_an_error_and_changes_no_support() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, BY_DESCRIPTOR);
    let below = SavePath::parse("a/file").unwrap();
    for is_complete in [false, true] {
        fs::create_dir(dir.path().join("a")).unwrap();
        let Ok(SaveDecision::Fetch(mut download)) = store.prepare(&below, None) else {
            panic!("nothing is there");
        };
        download.start(URL, version(b"text", None)).unwrap();
        let error = if is_complete {
            download.complete(b"text").unwrap();
            fs::remove_dir(dir.path().join("a")).unwrap();
            download.publish_as(&below).unwrap_err().to_string()
        } else {
            fs::remove_dir(dir.path().join("a")).unwrap();
            format!("{:?}", download.complete(b"text").unwrap_err())
        };
        assert!(error.contains("its folder was removed"), "{error}");
        assert_ne!(store.root.tmpfile_support().method(), UNSUPPORTED);
        assert!(names(dir.path()).is_empty());
    }
}

#[test]
fn a_mode_that_permits_more_than_the_umask_is_too_open() {
    let with = |umask: u32| {
        let support = TmpFileSupport::default();
        support.umask.set(umask).unwrap();
        support
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
fn a_file_system_without_tmpfiles_is_asked_once() {
    // It has none, on any machine.
    let folder = Dir::Root(RootDir::open(Path::new("/proc/self"), false).unwrap());
    let support = TmpFileSupport::default();
    let record = FileRecord::new(URL, Version::default());
    assert!(TmpFile::create(&folder, &support, b"", &record, |_, _| {}).is_none());
    assert_eq!(support.method(), UNSUPPORTED);
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

/// The failure of a download that could not be written.
fn failure(result: Result<(), BodyError>) -> Failure {
    match result {
        Err(BodyError::File(error)) => error.into(),
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
        for (method, is_in_pieces) in [
            (BY_DESCRIPTOR, false),
            (UNSUPPORTED, false),
            (UNSUPPORTED, true),
        ] {
            let what = format!("{errno}, {method}, in pieces: {is_in_pieces}");
            let dir = scratch();
            let mut download = begin(&store(&dir, Exists::Update, method));
            download.start(URL, version(b"text", None)).unwrap();
            let last = if is_in_pieces {
                download.write(b"te").unwrap();
                &b"xt"[..]
            } else {
                b"text"
            };
            // That of the file without a name, if there is one, and that of the part.
            let is_hidden = method != UNSUPPORTED && has_tmpfiles(&dir);
            faults::inject(&[errno; 2][..1 + usize::from(is_hidden)]);
            let failure = failure(download.complete(last));
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
            drop(download);
            assert!(names(dir.path()).is_empty(), "{what}");
        }
    }
}

#[test]
fn a_tmpfile_whose_close_fails_goes_into_a_part() {
    let dir = scratch();
    if !has_tmpfiles(&dir) {
        return;
    }
    faults::inject(&[faults::Errno::EIO]);
    let mut download = complete(&store(&dir, Exists::Update, BY_DESCRIPTOR), b"text", None);
    assert_eq!(faults::left(), 0);
    assert_eq!(names(dir.path()), ["file.part"]);
    assert!(is_new(&download.publish_as(&place()).unwrap(), 4));
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"text");
}

#[test]
fn a_part_is_kept_only_if_its_close_says_that_it_is_written() {
    for (errnos, left) in [(&[][..], &["file.part"][..]), (&[faults::Errno::EIO], &[])] {
        // A part of this run, and one that an earlier run has left.
        for is_left_over in [false, true] {
            let what = format!("{errnos:?}, left over: {is_left_over}");
            let dir = scratch();
            let store = store(&dir, Exists::Update, UNSUPPORTED);
            let write = || {
                let mut download = begin(&store);
                download.start(URL, version(b"in pieces", None)).unwrap();
                download.write(b"in ").unwrap();
                download
            };
            let download = if is_left_over {
                drop(write());
                begin(&store)
            } else {
                write()
            };
            assert_eq!(download.part_length(), 3, "{what}");
            faults::inject(errnos);
            drop(download);
            assert_eq!(faults::left(), 0, "{what}");
            assert_eq!(names(dir.path()), left, "{what}");
        }
    }
}

#[test]
fn a_part_stays_locked_from_its_checked_close_to_its_name() {
    let dir = scratch();
    let store = store(&dir, Exists::Update, UNSUPPORTED);
    let mut download = complete(&store, b"text", None);
    let error = store.prepare(&place(), None).unwrap_err().to_string();
    assert!(error.contains("another process is writing"), "{error}");
    assert!(is_new(&download.publish_as(&place()).unwrap(), 4));
}
