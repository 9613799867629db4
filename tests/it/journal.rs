//! The run log: what is appended, what is read back, and which files are refused.

#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be made or read fails the test, as it should"
)]

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use pfetch::engine::resume::{DoneTargets, Journal, SoughtRequest};
use pfetch::model::event::{Event, Listener, RunInfo};
use pfetch::model::outcome::{Failure, FailureKind, Outcome, Saved, Verdict};
use pfetch::model::request_digest::RequestDigest;
use pfetch::model::run_id::RunId;
use pfetch::model::save_path::SavePath;
use pfetch::model::target::Verb;
use pfetch::report::{Baseline, JsonLines};
use tempfile::TempDir;

use crate::fifo::make_fifo;

const HEADER: &str = "{\"type\":\"pfetch-log\",\"schema\":2}\n";

/// A folder, and the name of a log in it that is not there yet.
fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.log");
    (folder, path)
}

/// A folder with a log of these bytes in it.
fn holding(bytes: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let (folder, path) = place();
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn started() -> Event {
    run_of(RunId::random())
}

fn run_of(id: RunId) -> Event {
    Event::Started(RunInfo {
        version: "0.0.0".to_owned(),
        workers: 2,
        started_at: SystemTime::UNIX_EPOCH,
        startup: Duration::ZERO,
        id,
        log: None,
        shard: None,
    })
}

fn outcome(url: &str, verdict: Verdict) -> Outcome {
    let failure = Failure {
        kind: FailureKind::Status,
        phase: None,
        message: "not found".to_owned(),
        is_transient: false,
        is_alone: false,
    };
    let mut outcome = Outcome::untried(0, Arc::from(url), Verb::Get, failure);
    outcome.verdict = verdict;
    if verdict != Verdict::Failed {
        outcome.last.error = None;
    }
    outcome
}

/// A success whose file is to have this name.
fn named(url: &str, name: &str) -> Outcome {
    let mut outcome = outcome(url, Verdict::Ok);
    outcome.details_mut().save_path = Some(SavePath::verbatim(name));
    outcome
}

fn ok(url: &str) -> Event {
    Event::Finished(outcome(url, Verdict::Ok))
}

fn failed(url: &str) -> Event {
    Event::Finished(outcome(url, Verdict::Failed))
}

/// A run of these events, its beginning included.
fn run(path: &Path, events: &[Event]) {
    let (mut journal, _) = Journal::open(path, false).unwrap();
    journal.event(&started()).unwrap();
    for event in events {
        journal.event(event).unwrap();
    }
}

fn done(path: &Path) -> DoneTargets {
    Journal::open(path, true).unwrap().1
}

/// Looks a target up without taking it.
fn find(
    done: &DoneTargets,
    verb: Verb,
    url: &str,
    name: Option<&str>,
    sha256: Option<&[u8; 32]>,
) -> Option<Outcome> {
    done.clone().take(&SoughtRequest {
        verb,
        url,
        name,
        digest: None,
        sha256,
    })
}

fn has(done: &DoneTargets, url: &str) -> bool {
    find(done, Verb::Get, url, None, None).is_some()
}

/// Opens a file that has to be refused and to stay as it is. The refusal, `FILE` for its name.
fn refusal(path: &Path, resume: bool) -> String {
    let before = fs::read(path).ok();
    let error = Journal::open(path, resume).unwrap_err();
    assert_eq!(fs::read(path).ok(), before, "{error}");
    let message = error.to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message.replace(path.to_str().unwrap(), "FILE")
}

/// The lines of a log.
fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_new_log_has_its_header_and_is_for_its_owner_alone() {
    let (_folder, path) = place();
    let (_journal, done) = Journal::open(&path, false).unwrap();
    assert!(done.is_empty());
    assert_eq!(fs::read_to_string(&path).unwrap(), HEADER);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o177, 0, "{mode:o}");
}

#[test]
fn a_first_run_may_resume() {
    let (_folder, path) = place();
    assert_eq!(done(&path).len(), 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), HEADER);
}

#[test]
fn lines_have_the_schema_that_is_written_down() {
    let (_folder, path) = place();
    let at = Instant::now();
    let mut full = named("http://h/a", "h/\"a\"");
    full.verb = Verb::Head;
    full.bytes = 12;
    full.last.status = Some(200);
    full.last.content_type = Some(Arc::new("text/html".to_owned()));
    full.details_mut().sha256 = Some([0xab; 32]);
    full.last.started_at = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(60));
    full.last.span = Some((at, at + Duration::from_millis(1500)));
    full.details_mut().saved = Some(Saved {
        path: PathBuf::from("out/h/\"a\""),
        bytes: 12,
        sha256: None,
        resumed_from: None,
    });
    let mut missing = outcome("http://h/b", Verdict::Failed);
    missing.last.status = Some(404);
    missing.last.started_at = full.last.started_at;
    missing.last.span = full.last.span;
    let (mut journal, _) = Journal::open(&path, false).unwrap();
    for event in [
        run_of(RunId::default()),
        Event::Finished(full),
        Event::Finished(missing),
    ] {
        journal.event(&event).unwrap();
    }
    drop(journal);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!(
            r#"{HEADER}{{"type":"run","started_at":"1970-01-01T00:00:00.000000Z","version":"{}","run":"0000000000000000","resume":false}}
{{"type":"result","at":"1970-01-01T00:01:01.500000Z","index":0,"url":"http://h/a","action":"head","name":"h/\"a\"","outcome":"ok","status":200,"bytes":12,"content_type":"text/html","saved":"out/h/\"a\"","saved_bytes":12,"sha256":"{sum}","error_kind":null,"error":null}}
{{"type":"result","at":"1970-01-01T00:01:01.500000Z","index":0,"url":"http://h/b","action":"get","name":null,"outcome":"failed","status":404,"bytes":0,"content_type":null,"saved":null,"saved_bytes":null,"sha256":null,"error_kind":"status","error":"not found"}}
"#,
            env!("CARGO_PKG_VERSION"),
            sum = "ab".repeat(32)
        )
    );
    let done = done(&path);
    assert_eq!(done.len(), 1);
    assert!(find(&done, Verb::Head, "http://h/a", Some("h/\"a\""), None).is_some());
}

#[test]
fn each_line_is_in_the_file_before_the_event_is_over() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path, false).unwrap();
    for (event, expected) in [
        (started(), 2),
        (ok("http://h/a"), 3),
        (failed("http://h/b"), 4),
        (Event::Counted(2), 4),
        (Event::Warning("slow".to_owned()), 4),
    ] {
        journal.event(&event).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), expected, "{text}");
        assert!(text.ends_with("}\n"), "{text}");
    }
}

#[test]
fn what_was_not_tried_is_not_logged() {
    let (_folder, path) = place();
    let with = |kind| {
        let failure = Failure {
            kind,
            phase: None,
            message: "why".to_owned(),
            is_transient: false,
            is_alone: false,
        };
        Event::Finished(Outcome::untried(
            0,
            Arc::from("http://h/"),
            Verb::Get,
            failure,
        ))
    };
    run(
        &path,
        &[with(FailureKind::Stopped), with(FailureKind::Input)],
    );
    assert_eq!(lines(&path).len(), 2);
}

#[test]
fn a_second_run_appends() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a")]);
    let first = fs::read_to_string(&path).unwrap();
    run(&path, &[ok("http://h/b")]);
    let both = fs::read_to_string(&path).unwrap();
    assert!(both.starts_with(&first));
    assert_eq!(both.lines().count(), 5);
    let done = done(&path);
    assert_eq!(done.len(), 2);
    assert!(has(&done, "http://h/a") && has(&done, "http://h/b"));
}

#[test]
fn without_resume_nothing_counts_as_done() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a")]);
    let (_journal, done) = Journal::open(&path, false).unwrap();
    assert!(done.is_empty() && !has(&done, "http://h/a"));
}

#[test]
fn the_last_line_for_a_target_wins() {
    let (_folder, path) = place();
    let unchanged = || Event::Finished(outcome("http://h/c", Verdict::Unchanged));
    run(
        &path,
        &[ok("http://h/a"), failed("http://h/b"), failed("http://h/c")],
    );
    run(
        &path,
        &[failed("http://h/a"), ok("http://h/b"), unchanged()],
    );
    let done = done(&path);
    assert_eq!(done.len(), 2);
    assert!(!has(&done, "http://h/a"));
    assert!(has(&done, "http://h/b") && has(&done, "http://h/c"));
}

/// The number of targets with this request that are done.
fn count(done: &DoneTargets, digest: Option<RequestDigest>) -> usize {
    let mut done = done.clone();
    let sought = SoughtRequest {
        verb: Verb::Get,
        url: "http://h/a",
        name: None,
        digest,
        sha256: None,
    };
    // Bounded, should lines be taken twice.
    std::iter::from_fn(|| done.take(&sought)).take(100).count()
}

#[test]
fn of_identical_requests_as_many_are_done_as_succeeded() {
    let (_folder, path) = place();
    let a = || ok("http://h/a");
    run(&path, &[a(), failed("http://h/a"), a(), ok("http://h/b")]);
    assert_eq!(count(&done(&path), None), 2);
    // A run that goes on has the rest.
    let (mut journal, _) = Journal::open(&path, true).unwrap();
    for event in [started(), failed("http://h/a"), a()] {
        journal.event(&event).unwrap();
    }
    drop(journal);
    let all = done(&path);
    assert_eq!((count(&all, None), all.len()), (3, 4));
    // One that begins anew, and is killed, has as many as it has come to; the others are as they were.
    run(&path, &[a()]);
    let all = done(&path);
    assert_eq!((count(&all, None), all.len()), (1, 2));
    assert!(has(&all, "http://h/b"));
    run(&path, &[failed("http://h/a")]);
    assert_eq!(count(&done(&path), None), 0);
}

#[test]
fn a_run_that_writes_its_line_again_does_not_begin_anew() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a")]);
    let mut text = fs::read_to_string(&path).unwrap();
    let again: Vec<_> = text.lines().skip(1).map(str::to_owned).collect();
    // As after a failed write.
    text += &format!("{{\"type\":\"resu\n{}\n{}\n", again[0], again[1]);
    fs::write(&path, text).unwrap();
    assert_eq!(count(&done(&path), None), 2);
}

#[test]
fn requests_with_headers_of_their_own_are_told_apart() {
    let (_folder, path) = place();
    let digests = ["00000001", "00000002"].map(|text| text.parse().ok());
    let with = |digest: Option<RequestDigest>, verdict| {
        let mut outcome = outcome("http://h/a", verdict);
        outcome.details_mut().request = digest;
        Event::Finished(outcome)
    };
    let events = [
        with(digests[0], Verdict::Ok),
        with(digests[0], Verdict::Ok),
        with(digests[1], Verdict::Failed),
        with(None, Verdict::Ok),
    ];
    run(&path, &events);
    let done = done(&path);
    let counts = [digests[0], digests[1], None].map(|digest| count(&done, digest));
    assert_eq!(counts, [2, 0, 1]);
}

#[test]
fn action_url_and_name_do_not_run_together() {
    let (_folder, path) = place();
    let named = named("http://h/a", "b");
    run(&path, &[Event::Finished(named)]);
    let done = done(&path);
    assert!(find(&done, Verb::Get, "http://h/a", Some("b"), None).is_some());
    for (verb, url, name) in [
        (Verb::Head, "http://h/a", Some("b")),
        (Verb::Get, "http://h/a", None),
        (Verb::Get, "http://h/a", Some("")),
        (Verb::Get, "http://h/ab", None),
        (Verb::Get, "http://h/ab", Some("")),
        (Verb::Get, "http://h/", Some("ab")),
        (Verb::Get, "http://h/a\0b", None),
    ] {
        assert!(
            find(&done, verb, url, name, None).is_none(),
            "{verb:?} {url:?} {name:?}"
        );
    }
}

#[test]
fn a_name_that_needs_escaping_is_found_again() {
    let (_folder, path) = place();
    let name = "\u{1}\"\\é\u{1f600}";
    let named = named("http://h/a?\\\"", name);
    run(&path, &[Event::Finished(named)]);
    assert!(find(&done(&path), Verb::Get, "http://h/a?\\\"", Some(name), None).is_some());
}

#[test]
fn the_longest_line_that_is_written_can_be_read() {
    let (_folder, path) = place();
    let url = format!("http://h/{}", "\"".repeat(16_384));
    let mut longest = outcome(&url, Verdict::Failed);
    let details = longest.details_mut();
    details.save_path = Some(SavePath::verbatim(&"\u{1}".repeat(4096)));
    details.saved = Some(Saved {
        path: PathBuf::from("\u{1}".repeat(4096)),
        bytes: 0,
        sha256: None,
        resumed_from: None,
    });
    longest.last.error.as_mut().unwrap().message = "\"\u{1f600}".repeat(1_000_000);
    run(&path, &[Event::Finished(longest), ok("http://h/a")]);
    assert_eq!(done(&path).len(), 1);
}

/// What is left when a run is killed within its last line, wherever that is.
#[test]
fn a_torn_last_line_is_tolerated_wherever_it_was_cut() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a"), ok("http://h/é")]);
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n')
        .unwrap()
        + 1;
    for cut in last..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (mut journal, before) = Journal::open(&path, true).unwrap();
        assert!(has(&before, "http://h/a"), "cut at {cut}");
        let is_whole = cut + 1 >= whole.len();
        assert_eq!(has(&before, "http://h/é"), is_whole, "cut at {cut}");
        journal.event(&started()).unwrap();
        journal.event(&ok("http://h/b")).unwrap();
        drop((journal, before));

        let bytes = fs::read(&path).unwrap();
        assert!(bytes.starts_with(&whole[..cut]), "cut at {cut}");
        let after = done(&path);
        assert!(has(&after, "http://h/b"), "cut at {cut}");
        assert!(has(&after, "http://h/a"), "cut at {cut}");
        assert_eq!(has(&after, "http://h/é"), is_whole, "cut at {cut}");
    }
}

/// The second run is killed as it begins, so two torn lines follow each other.
#[test]
fn a_torn_run_line_after_a_torn_line_is_tolerated_wherever_it_was_cut() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a"), ok("http://h/b")]);
    let whole = fs::read(&path).unwrap();
    let first = &whole[..whole.len() - 20];
    fs::write(&path, first).unwrap();
    run(&path, &[]);
    let second = fs::read(&path).unwrap();
    for cut in first.len()..=second.len() {
        fs::write(&path, &second[..cut]).unwrap();
        assert_eq!(done(&path).len(), 1, "cut at {cut}");
        run(&path, &[ok("http://h/c")]);
        let done = done(&path);
        assert_eq!(done.len(), 2, "cut at {cut}");
        assert!(has(&done, "http://h/c"), "cut at {cut}");
    }
}

#[test]
fn results_after_a_torn_line_are_kept_apart_even_if_no_run_begins() {
    let (_folder, path) = holding(format!("{HEADER}{{\"type\":\"resu"));
    let (mut journal, _) = Journal::open(&path, true).unwrap();
    journal.event(&ok("http://h/a")).unwrap();
    drop(journal);
    assert!(has(&done(&path), "http://h/a"));
}

#[test]
fn a_torn_header_is_finished() {
    for cut in 0..=HEADER.len() {
        for resume in [false, true] {
            let (_folder, path) = holding(&HEADER[..cut]);
            drop(Journal::open(&path, resume).unwrap());
            assert_eq!(fs::read_to_string(&path).unwrap(), HEADER, "cut at {cut}");
            run(&path, &[ok("http://h/a")]);
            assert_eq!(done(&path).len(), 1, "cut at {cut}");
        }
    }
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let (_folder, report) = place();
    let mut writer = JsonLines::new(File::create(&report).unwrap(), Baseline::None);
    writer.event(&started()).unwrap();
    writer.event(&ok("http://h/")).unwrap();
    let report = fs::read(&report).unwrap();
    let crlf = format!("{}\r\n", HEADER.trim_end());
    let indented = format!(" {HEADER}");
    let longer = format!("{}x", HEADER.trim_end());
    for foreign in [
        &report[..],
        b"\n",
        b"http://h/a\nhttp://h/b\n",
        b"{\"url\":\"http://h/a\"}\n",
        b"{\"type\":\"pfetch-log\"}\n",
        b"{\"type\":\"pfetch-log\",\"schema\":\"1\"}\n",
        b"\x7fELF\x02\x01\x01\0\0\0\xff\xfe",
        &[0; 100_000],
        crlf.as_bytes(),
        indented.as_bytes(),
        longer.as_bytes(),
    ] {
        for resume in [false, true] {
            let (_folder, path) = holding(foreign);
            assert_eq!(
                refusal(&path, resume),
                "FILE is not a pfetch run log (its first line is not \
                 {\"type\":\"pfetch-log\",\"schema\":2}); give another file",
                "{}",
                String::from_utf8_lossy(foreign)
            );
        }
    }
}

#[test]
fn another_schema_is_refused() {
    for resume in [false, true] {
        let (_folder, path) =
            holding("{\"type\":\"pfetch-log\",\"schema\":1,\"more\":true}\n{\"type\":\"new\"}\n");
        assert_eq!(
            refusal(&path, resume),
            "the run log FILE has schema 1, and this pfetch knows only schema 2; \
             use the pfetch that wrote it, or give another file"
        );
    }
}

#[test]
fn a_log_that_is_being_written_is_refused() {
    let (_folder, path) = place();
    let (mut journal, _) = Journal::open(&path, false).unwrap();
    for resume in [false, true] {
        assert_eq!(
            refusal(&path, resume),
            "another pfetch is writing the run log FILE; wait for it to end, or give another file"
        );
    }
    journal.event(&started()).unwrap();
    drop(journal);
    assert!(Journal::open(&path, true).is_ok());
}

#[test]
fn only_regular_files_are_taken() {
    let (folder, _) = place();
    let pipe = folder.path().join("pipe");
    make_fifo(&pipe);
    let socket = folder.path().join("socket");
    let _listening = UnixListener::bind(&socket).unwrap();
    for (path, what) in [
        (folder.path(), "a directory"),
        (&pipe, "a pipe"),
        (&socket, "a socket"),
        (Path::new("/dev/null"), "a device"),
    ] {
        let message = Journal::open(path, false).unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "cannot keep a run log in {}: it is {what}; give a regular file",
                path.display()
            )
        );
    }
}

#[test]
fn a_symlink_is_followed() {
    let (folder, path) = place();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    run(&link, &[ok("http://h/a")]);
    assert_eq!(done(&path).len(), 1);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn a_file_that_cannot_be_opened_is_named_with_its_controls_escaped() {
    let (folder, _) = place();
    let path = folder.path().join("no\u{1b}[2J/run.log");
    let message = Journal::open(&path, false).unwrap_err().to_string();
    assert_eq!(
        message.replace(folder.path().to_str().unwrap(), "FOLDER"),
        "cannot open the run log FOLDER/no\\u{1b}[2J/run.log: No such file or directory \
         (os error 2); give a file that can be written"
    );
}

const RUN: &str = r#"{"type":"run","started_at":"1970-01-01T00:00:00Z","version":"0.1.0"}"#;
const GOOD: &str = r#"{"type":"result","url":"http://h/a","action":"get","outcome":"ok"}"#;

/// A line that cannot be read, and what is wrong with it.
fn damages() -> Vec<(Vec<u8>, &'static str)> {
    let long = "it has more than 262144 bytes";
    vec![
        (
            b"{\"type\":\"resu".to_vec(),
            "it is damaged (EOF while parsing a string",
        ),
        (b"\0\0\0".to_vec(), "it is damaged (expected value"),
        (
            GOOD.replace("h/a", "h/\0").into_bytes(),
            "it is damaged (control character (\\u0000-\\u001F) found while parsing a string",
        ),
        (
            b"{\"type\":\"result\",\"url\":\"\xff\"}".to_vec(),
            "it is damaged (invalid unicode code point",
        ),
        (
            b"{\"type\":\"new\"}".to_vec(),
            "it is damaged (unknown type \"new\")",
        ),
        (
            b"null".to_vec(),
            "it is damaged (invalid type: null, expected an object",
        ),
        (
            b"[]".to_vec(),
            "it is damaged (invalid length 0, expected an object",
        ),
        (
            b"{\"type\":\"pfetch-log\",\"schema\":1}".to_vec(),
            "it is damaged (unknown type \"pfetch-log\")",
        ),
        (
            br#"{"type":"result","action":"\u001b[2J"}"#.to_vec(),
            "it is damaged (unknown variant `\\u{1b}[2J`, expected `get` or `head`",
        ),
        (
            br#"{"type":"result","url":"http://h/a","outcome":"ok"}"#.to_vec(),
            "it is damaged (a result without \"action\")",
        ),
        (
            br#"{"type":"result","action":"get","outcome":"ok"}"#.to_vec(),
            "it is damaged (a result without \"url\")",
        ),
        (
            br#"{"type":"result","url":"http://h/a","action":"get"}"#.to_vec(),
            "it is damaged (a result without \"outcome\")",
        ),
        (
            GOOD.replace("}", ",\"sha256\":\"abc\"}").into_bytes(),
            "it is damaged (\"sha256\" is not 64 hexadecimal digits)",
        ),
        (
            GOOD.replace("}", ",\"status\":70000}").into_bytes(),
            "it is damaged (invalid value: integer `70000`, expected u16",
        ),
        // Longer than any, by one byte and by many, and of NUL bytes as after a power cut.
        (vec![b'x'; 256 * 1024], long),
        (vec![0; 3_000_000], long),
    ]
}

#[test]
fn a_damaged_line_counts_for_nothing_and_the_others_count() {
    let after = GOOD.replace("h/a", "h/after");
    for (damage, reason) in damages() {
        let shown = String::from_utf8_lossy(&damage[..damage.len().min(80)]).into_owned();
        let log = [HEADER, RUN, "\n", GOOD, "\n"].concat().into_bytes();
        let log = [&log[..], &damage, b"\n", after.as_bytes(), b"\n"].concat();
        let (_folder, path) = holding(&log);
        let found = done(&path);
        assert_eq!(found.len(), 2, "{shown}");
        assert!(
            has(&found, "http://h/a") && has(&found, "http://h/after"),
            "{shown}"
        );
        let warnings = found.warnings();
        let expected = format!(
            "line 4 of the run log {} does not count as done: {reason}",
            path.display()
        );
        let is_told = matches!(&warnings[..], [warning] if warning.starts_with(&expected));
        assert!(is_told, "{shown}: {warnings:#?}\n{expected}");
        assert!(warnings[0].ends_with("; delete it if it is not needed"));
        assert_eq!(warnings[0].lines().count(), 1, "{warnings:?}");
        drop(found);
        // Who does not resume need not care.
        let (_journal, found) = Journal::open(&path, false).unwrap();
        assert!(found.is_empty() && found.warnings().is_empty(), "{shown}");
    }
}

#[test]
fn a_line_at_which_a_run_was_killed_is_no_damage_to_warn_of() {
    for (damage, _) in damages() {
        let shown = String::from_utf8_lossy(&damage[..damage.len().min(80)]).into_owned();
        let head = [HEADER, RUN, "\n", GOOD, "\n"].concat().into_bytes();
        let next = ["\n", RUN, "\n"].concat().into_bytes();
        for end in [&b""[..], b"\n", &next] {
            let (_folder, path) = holding([&head[..], &damage, end].concat());
            let done = done(&path);
            assert_eq!(done.len(), 1, "{shown}");
            assert!(has(&done, "http://h/a"), "{shown}");
            assert_eq!(done.warnings(), [""; 0], "{shown}");
        }
    }
}

#[test]
fn the_failure_of_a_target_after_a_damaged_line_counts() {
    let good = GOOD.replace('}', ",\"name\":\"a\"}");
    let failed = good.replace("ok", "failed");
    let (_folder, path) = holding(format!("{HEADER}{good}\nbad\n{failed}\n"));
    let done = done(&path);
    assert!(done.is_empty(), "{good} {done:?}");
}

#[test]
fn blank_lines_and_the_headers_of_joined_logs_are_no_damage() {
    let other = GOOD.replace("h/a", "h/b");
    let (_folder, path) = holding(format!("{HEADER}{GOOD}\n\n{HEADER}{other}\n"));
    let done = done(&path);
    assert!(has(&done, "http://h/a") && has(&done, "http://h/b"));
    assert_eq!(done.warnings(), [""; 0]);
}

#[test]
fn of_many_damaged_lines_the_first_are_named_and_the_others_counted() {
    let bad = "bad\n".repeat(25);
    let (_folder, path) = holding(format!("{HEADER}torn\n{RUN}\n{bad}{GOOD}\n"));
    let done = done(&path);
    assert!(has(&done, "http://h/a"));
    let warnings = done.warnings();
    assert_eq!(warnings.len(), 11, "{warnings:#?}");
    for (warning, number) in warnings.iter().zip(4..14) {
        assert!(
            warning.starts_with(&format!("line {number} of ")),
            "{warning}"
        );
    }
    assert!(warnings[10].starts_with("15 more "), "{}", warnings[10]);
}

fn summed(url: &str, sum: Option<u8>) -> Event {
    let mut outcome = outcome(url, Verdict::Ok);
    outcome.details_mut().sha256 = sum.map(|byte| [byte; 32]);
    Event::Finished(outcome)
}

#[test]
fn a_target_is_done_for_the_sha256_that_was_checked_and_for_no_other() {
    let (_folder, path) = place();
    run(
        &path,
        &[
            summed("http://h/one", Some(1)),
            summed("http://h/none", None),
            summed("http://h/both", Some(1)),
            summed("http://h/both", Some(2)),
        ],
    );
    let done = done(&path);
    for (url, sum, is_done) in [
        ("http://h/one", None, true),
        ("http://h/one", Some(1), true),
        ("http://h/one", Some(2), false),
        ("http://h/none", None, true),
        ("http://h/none", Some(1), false),
        // Two of one list.
        ("http://h/both", Some(1), true),
        ("http://h/both", Some(2), true),
        ("http://h/both", Some(3), false),
        ("http://h/other", Some(1), false),
    ] {
        let wanted = sum.map(|byte| [byte; 32]);
        let found = find(&done, Verb::Get, url, None, wanted.as_ref());
        assert_eq!(found.is_some(), is_done, "{url} {sum:?}: {found:?}");
    }
}

#[test]
fn a_done_target_has_the_figures_of_its_last_line() {
    let (_folder, path) = place();
    let mut full = named("http://h/a", "a");
    full.bytes = 5;
    full.last.status = Some(206);
    full.last.content_type = Some(Arc::new("image/png".to_owned()));
    let details = full.details_mut();
    details.sha256 = Some([3; 32]);
    details.saved = Some(Saved {
        path: PathBuf::from("out/a-1"),
        bytes: 12,
        sha256: Some([3; 32]),
        resumed_from: Some(7),
    });
    run(&path, &[ok("http://h/a"), Event::Finished(full)]);
    let found = find(
        &done(&path),
        Verb::Get,
        "http://h/a",
        Some("a"),
        Some(&[3; 32]),
    );
    let found = found.expect("it is done");
    assert_eq!(found.verdict, Verdict::Done);
    assert_eq!(&*found.url, "http://h/a");
    assert_eq!((found.status(), found.bytes), (Some(206), 5));
    assert_eq!(found.content_type(), Some("image/png"));
    let saved = found.saved().expect("it was saved");
    assert_eq!(saved.path, Path::new("out/a-1"));
    assert_eq!((saved.bytes, saved.sha256), (12, Some([3; 32])));
    assert_eq!(found.requests(), 0, "{found:?}");
    assert_eq!((found.elapsed(), found.wire_bytes()), (None, None));
}

#[test]
fn a_line_without_its_optional_fields_counts_too() {
    let line = r#"{"type":"result","at":"1970-01-01T00:01:01.500000Z","url":"http://h/a","action":"get","name":"a","outcome":"ok","status":200,"bytes":12,"saved":"out/a","error":null}"#;
    let (_folder, path) = holding(format!("{HEADER}{line}\n"));
    let done = done(&path);
    assert_eq!(done.warnings(), [""; 0]);
    let found = find(&done, Verb::Get, "http://h/a", Some("a"), None);
    let found = found.expect("it is done");
    assert_eq!(found.saved().map(|saved| saved.bytes), Some(12));
    assert_eq!(found.content_type(), None);
}

/// Lines have any length, and each is read again where it begins.
#[test]
fn a_line_of_any_length_is_found_again() {
    let urls: Vec<String> = [1, 100, 900, 1000, 1024, 1025, 4000, 4096, 5000, 16_000]
        .map(|length| format!("http://h/{}", "é".repeat(length)))
        .into();
    let (_folder, path) = place();
    let events: Vec<Event> = urls.iter().map(|url| ok(url)).collect();
    run(&path, &events);
    let done = done(&path);
    for url in &urls {
        assert!(has(&done, url), "{} characters", url.chars().count());
        assert!(!has(&done, &format!("{url}/")));
    }
}

#[test]
fn what_is_done_can_be_looked_up_while_another_run_writes_the_log() {
    let (_folder, path) = place();
    run(&path, &[ok("http://h/a")]);
    let found = done(&path);
    run(&path, &[failed("http://h/a"), ok("http://h/b")]);
    assert!(has(&found, "http://h/a") && !has(&found, "http://h/b"));
}

#[test]
fn what_an_earlier_run_has_done_is_not_logged_again() {
    let (_folder, path) = place();
    run(
        &path,
        &[Event::Finished(outcome("http://h/a", Verdict::Done))],
    );
    assert_eq!(lines(&path).len(), 2);
}
