//! Files that are there already: `--exists`, and what pfetch remembers of the files that it has saved.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use rustix::fs::{XattrFlags, getxattr, setxattr};

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::support::{LONG_AGO, Version, header, holds, save, save_and_tell};
use crate::server::{Server, bytes};

/// What tells whether a file was touched: its number, its time of change and its content.
fn identity(path: &Path) -> (u64, i64, i64, Vec<u8>) {
    let stat = fs::metadata(path).unwrap();
    let content = fs::read(path).unwrap();
    (stat.ino(), stat.mtime(), stat.mtime_nsec(), content)
}

/// A server whose version can be changed.
fn changing(first: Version) -> (Raw, Arc<Mutex<Version>>) {
    let current = Arc::new(Mutex::new(first));
    let shared = Arc::clone(&current);
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(head) => wire.send(shared.lock().unwrap().answer(&head)),
        None => Ok(()),
    });
    (server, current)
}

fn first() -> Version {
    Version::tagged("\"v1\"", b"first version")
}

fn second() -> Version {
    Version::tagged("\"v2\"", b"second version")
}

/// The run fails for a file that is in the way, and says which and why.
#[track_caller]
fn fails_for(run: Run, file: &Path, why: &str) -> Run {
    let run = run.exits(4);
    let result = run.result();
    run.check("kind", result["error"]["kind"] == "file");
    run.check("saved", result["saved"].is_null());
    let message = result["error"]["message"].as_str().unwrap_or_default();
    run.check(
        "it names the file",
        message.contains(file.to_str().unwrap()),
    );
    run.check(&format!("it says {why:?}"), message.contains(why));
    run.check("one line", !message.contains('\n'));
    run
}

#[test]
fn what_the_server_has_not_changed_is_left_as_it_is() {
    let dated = Version {
        headers: format!("Last-Modified: {LONG_AGO}\r\n"),
        validator: Some(LONG_AGO.to_owned()),
        ..first()
    };
    let weak = Version::tagged("W/\"v1\"", b"first version");
    for version in [first(), weak, dated] {
        for args in [&[][..], &["--no-mtime"], &["--exists=update", "--fsync"]] {
            let server = version.clone().serve();
            let dir = Dir::on_disk();
            let url = server.url("/file");
            let file = dir.path().join("file");
            save(&dir, args, &[&url]).exits(0);
            let before = identity(&file);
            let run = save(&dir, args, &[&url]).exits(0);
            holds(&run, dir.path(), &[("file", b"first version")]);
            run.check("untouched", identity(&file) == before);
            let result = run.result();
            run.check("outcome", result["outcome"] == "unchanged");
            run.check("status", result["status"] == 304);
            run.check("path", result["saved"]["path"] == file.to_str().unwrap());
            run.check("bytes", result["saved"]["bytes"] == 13);
            run.check("nothing came", result["bytes"] == 0);
            run.check("summary", run.summary()["unchanged"] == 1);
            let heads = server.heads();
            run.check("asked", heads.len() == 2);
            let validator = version.validator.as_deref();
            let conditions = ["if-none-match", "if-modified-since"];
            let asked = conditions.map(|name| header(&heads[1], name));
            run.check("condition", asked.contains(&validator));
        }
    }
}

#[test]
fn an_unchanged_file_is_told_as_such() {
    let server = first().serve();
    let dir = Dir::on_disk();
    let url = server.url("/file");
    save(&dir, &[], &[&url]).exits(0);
    let told = format!("=> {}/file (unchanged)\n", dir.path().display());
    let run = save_and_tell(&dir, &[], &[&url]).exits(0).prints(&told);
    run.prints("1 URL: 1 ok (unchanged), 0 failed")
        .says_nothing();
    let run = save_and_tell(&dir, &["--exists=skip"], &[&url]).exits(0);
    let told = told.replace("unchanged", "not checked");
    run.prints(&told).prints(" kept ").says_nothing();
}

#[test]
fn a_rate_counts_what_was_asked_for_and_no_file_that_was_kept_without_a_request() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let urls: Vec<String> = (1..=12)
        .map(|n| server.url(&format!("/bytes/{n}")))
        .collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    save(&dir, &[], &urls[..11]).exits(0);
    for (args, kept, fetched) in [(&["-nc"][..], 11, 1.0), (&[], 0, 12.0)] {
        let export = format!("--export=md={}", dir.path().join("report.md").display());
        let args = [args, &[&export, "--order=input"]].concat();
        let run = save(&dir, &args, &urls).exits(0);
        let summary = run.summary();
        run.check("kept", summary["kept"] == kept);
        let number = |name: &str| summary[name].as_f64().unwrap();
        let rate = number("urls_per_second") * number("parallel");
        run.check("rate", (rate - fetched).abs() < 1e-6);
        let page = fs::read_to_string(dir.path().join("report.md")).unwrap();
        let is_told = page.contains(" fetched URLs/s |");
        run.check(&page, is_told == (kept > 0));
        fs::remove_file(dir.path().join("12")).unwrap();
    }
    // A gate on a rate of nothing has no figure.
    let args = ["-nc", "--assert=urls_per_second>=0", "--assert=p95<1h"];
    let run = save_and_tell(&dir, &args, &urls[..11]).exits(3);
    let why = "nothing was fetched in this run: files were kept without a request";
    run.check("why", run.stdout.matches(why).count() == 2);
}

#[test]
fn a_new_version_replaces_what_pfetch_saved_and_keeps_its_mode() {
    for mode in [0o600, 0o644, 0o755, 0o640] {
        let (server, current) = changing(first());
        let dir = Dir::on_disk();
        let url = server.url("/file");
        let file = dir.path().join("file");
        save(&dir, &[], &[&url]).exits(0);
        // CVE-2022-32207: a secret file does not become a public one.
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        *current.lock().unwrap() = second();
        let run = save(&dir, &[], &[&url]).exits(0);
        holds(&run, dir.path(), &[("file", b"second version")]);
        run.check("ok", run.result()["outcome"] == "ok");
        let found = fs::metadata(&file).unwrap().mode() & 0o7777;
        run.check(&format!("{found:o} is {mode:o}"), found == mode);
        // And so again, from the new version's record.
        let run = save(&dir, &[], &[&url]).exits(0);
        run.check("unchanged", run.result()["outcome"] == "unchanged");
    }
}

#[test]
fn a_file_that_was_edited_is_left_as_it_is() {
    type Edit = fn(&Path);
    let edits: [(&str, Edit); 3] = [
        ("written again", |file| fs::write(file, "mine").unwrap()),
        ("in place", |file| {
            // As long as it was: only its time tells.
            let content = fs::read(file).unwrap();
            fs::write(file, content.to_ascii_uppercase()).unwrap();
        }),
        ("replaced", |file| {
            fs::remove_file(file).unwrap();
            fs::write(file, "mine").unwrap();
        }),
    ];
    for (what, edit) in edits {
        for new in [first(), second()] {
            let (server, current) = changing(Version {
                headers: format!("ETag: \"v1\"\r\nLast-Modified: {LONG_AGO}\r\n"),
                ..first()
            });
            let dir = Dir::on_disk();
            let url = server.url("/file");
            let file = dir.path().join("file");
            save(&dir, &[], &[&url]).exits(0);
            edit(&file);
            let before = identity(&file);
            *current.lock().unwrap() = new;
            let urls = [server.url("/other"), url];
            let run = save(&dir, &[], &[&urls[1]]);
            let run = fails_for(run, &file, "exists, and is not as pfetch saved it");
            run.check(what, identity(&file) == before);
            holds(&run, dir.path(), &[("file", &before.3)]);
            // What is another file is not asked about as if it were the saved one.
            let head = server.heads().pop().unwrap();
            run.check(what, header(&head, "if-none-match").is_none());
            // Others of the run are not affected.
            let run = save(&dir, &[], &[&urls[1], &urls[0]]).exits(4);
            run.check(what, run.summary()["ok"] == 1);
            run.check(what, dir.path().join("other").exists());
        }
    }
}

#[test]
fn a_file_of_unknown_origin_is_unchanged_if_it_is_the_same_and_in_the_way_if_not() {
    let server = first().serve();
    let url = server.url("/file");
    let dir = Dir::on_disk();
    dir.file("file", "first version");
    let file = dir.path().join("file");
    let before = identity(&file);
    let run = save(&dir, &[], &[&url]).exits(0);
    holds(&run, dir.path(), &[("file", b"first version")]);
    run.check("untouched", identity(&file) == before);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    run.check("it was compared", run.result()["status"] == 200);
    // From now on its origin is known.
    let run = save(&dir, &[], &[&url]).exits(0);
    run.check("unchanged", run.result()["status"] == 304);
    run.check("untouched", identity(&file) == before);

    for content in ["first versio", "First version", "first version."] {
        let dir = Dir::on_disk();
        dir.file("file", content);
        let file = dir.path().join("file");
        let before = identity(&file);
        let run = save(&dir, &[], &[&url]);
        let run = fails_for(
            run,
            &file,
            ": --exists overwrite replaces it, --exists rename keeps both, ",
        );
        run.check("untouched", identity(&file) == before);
        holds(&run, dir.path(), &[("file", content.as_bytes())]);
    }
}

#[test]
fn an_empty_file_has_nothing_to_lose_and_is_replaced_with_its_mode() {
    let server = first().serve();
    let url = server.url("/file");
    for by_name in [true, false] {
        for args in [&[][..], &["--exists=update"], &["--exists=overwrite"]] {
            let dir = Dir::on_disk();
            let path = dir.file("file", "");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let run = match by_name {
                true => pfetch(&[args, &["--format=jsonl", "-o", &path, &url]].concat()).run(),
                false => save(&dir, args, &[&url]),
            };
            let run = run.exits(0);
            holds(&run, dir.path(), &[("file", b"first version")]);
            run.check("ok", run.result()["outcome"] == "ok");
            let mode = fs::metadata(&path).unwrap().mode() & 0o7777;
            run.check(&format!("{mode:o}"), mode == 0o600);
        }
    }
    // A length that the server does not state is known at the end only.
    let chunked = Server::with(|_, reply| reply.send_chunked(b"chunks"));
    let dir = Dir::on_disk();
    dir.file("file", "");
    let run = save(&dir, &[], &[&chunked.url("/file")]).exits(0);
    holds(&run, dir.path(), &[("file", b"chunks")]);
    // What a policy says of any file holds for an empty one.
    for (args, code) in [(&["--exists=fail"], 4), (&["--exists=skip"], 0)] {
        let dir = Dir::on_disk();
        dir.file("file", "");
        let run = save(&dir, args, &[&url]).exits(code);
        holds(&run, dir.path(), &[("file", b"")]);
    }
}

#[test]
fn a_file_in_the_way_is_told_as_a_failure_before_its_body_has_come() {
    const LENGTH: usize = 50_000_000;
    // Were its body read, it would be cut off, and asked for again.
    let server = Raw::start(|mut wire| match wire.head() {
        Some(_) => wire.send(crate::save::support::response(
            "200 OK",
            "",
            LENGTH,
            b"beginning",
        )),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let path = dir.file("file", "mine");
    let url = server.url("/file");
    let of_no_part = "only the .part files that pfetch leaves are continued";
    for (args, says) in [
        (&["--exists=update"][..], false),
        (&["-C", "-"], true),
        (&["-c"], true),
        (&["--continue"], true),
    ] {
        let run = pfetch(&[args, &["-o", &path, &url]].concat())
            .run()
            .exits(4);
        let run = run
            .prints(" fail ")
            .prints("exists, and is not as pfetch saved it");
        let line = run.stdout.lines().next().unwrap_or_default();
        run.check(
            "a failure in place of the status, and no bytes",
            line.starts_with(" fail ") && !line.contains("0 B"),
        );
        run.check("parts", run.stdout.contains(of_no_part) == says);
        holds(&run, dir.path(), &[("file", b"mine")]);
    }
}

#[test]
fn large_files_of_unknown_origin_are_compared_to_their_end() {
    let body = bytes(700_000);
    let server = Server::start();
    let url = server.url("/bytes/700000");
    let mut other = body.clone();
    *other.last_mut().unwrap() ^= 1;
    for (content, code) in [(body, 0), (other, 4)] {
        let dir = Dir::on_disk();
        dir.file("700000", &content);
        let run = save(&dir, &[], &[&url]).exits(code);
        holds(&run, dir.path(), &[("700000", &content)]);
    }
}

#[test]
fn a_copy_without_the_records_is_safe() {
    // `fs::copy` takes the mode along and no attributes, as `cp` does.
    for new in [first(), second()] {
        let (server, current) = changing(first());
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, &[], &[&url]).exits(0);
        let copy = Dir::on_disk();
        let file = copy.path().join("file");
        fs::copy(dir.path().join("file"), &file).unwrap();
        let before = identity(&file);
        let has_changed = new.body != first().body;
        *current.lock().unwrap() = new;
        let run = save(&copy, &[], &[&url]).exits(if has_changed { 4 } else { 0 });
        run.check("untouched", identity(&file) == before);
        let head = server.heads().pop().unwrap();
        run.check("no condition", header(&head, "if-none-match").is_none());
        if has_changed {
            let copy = "or is a copy that lost its mark (tar --xattrs keeps it): --exists overwrite replaces it";
            fails_for(run, &file, copy);
        }
    }
}

#[test]
fn a_record_of_another_url_is_not_used() {
    let server = first().serve();
    let dir = Dir::on_disk();
    save(&dir, &[], &[&server.url("/one/file")]).exits(0);
    let file = dir.path().join("file");
    let before = identity(&file);
    // The file stays that of the URL it is from, and the other gets a name of its own.
    let run = save(&dir, &[], &[&server.url("/two/file")]).exits(0);
    let head = server.heads().pop().unwrap();
    run.check("no condition", header(&head, "if-none-match").is_none());
    let (one, two) = (b"first version", b"first version");
    holds(&run, dir.path(), &[("file", one), ("file-1", two)]);
    run.check("untouched", identity(&file) == before);
    // By a name that the user chose it is this URL's, and what differs stays if that is asked for.
    let other = second().serve();
    let args = [
        "--format=jsonl",
        "--exists=update",
        "-o",
        file.to_str().unwrap(),
    ];
    let run = pfetch(&[&args[..], &[&other.url("/file")]].concat()).run();
    fails_for(run, &file, "exists, and was saved from another URL");
    assert_eq!(identity(&file), before);
    // So it is where the lengths tell, before a body comes; and what is the same is no failure.
    let longer = Version {
        body: b"a version that is longer".to_vec(),
        ..second()
    };
    let longer = longer.serve();
    let run = pfetch(&[&args[..], &[&longer.url("/file")]].concat()).run();
    fails_for(run, &file, "exists, and was saved from another URL");
    let run = pfetch(&[&args[..], &[&server.url("/three/file")]].concat()).run();
    run.check("the same", run.result()["outcome"] == "unchanged");
}

#[test]
fn a_record_that_makes_no_sense_is_none() {
    for record in [&b""[..], b"null", &[1], &[1; 18], &[0xff; 2000]] {
        let server = first().serve();
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, &[], &[&url]).exits(0);
        let file = dir.path().join("file");
        setxattr(&file, "user.pfetch", record, XattrFlags::empty()).unwrap();
        let run = save(&dir, &[], &[&url]).exits(0);
        let head = server.heads().pop().unwrap();
        run.check("no condition", header(&head, "if-none-match").is_none());
        run.check("unchanged", run.result()["outcome"] == "unchanged");
    }
}

#[test]
fn the_record_keeps_no_secret() {
    // CVE-2018-20483: wget kept URLs with passwords in attributes.
    let server = first().serve();
    let dir = Dir::on_disk();
    let url = server
        .url("/file?token=hush")
        .replace("http://", "http://me:hush@");
    save(&dir, &["-H", "Cookie: hush"], &[&url]).exits(0);
    let mut record = [0; 4096];
    let length = getxattr(dir.path().join("file"), "user.pfetch", &mut record[..]).unwrap();
    let record = String::from_utf8_lossy(&record[..length]).into_owned();
    assert!(record.contains("v1"), "{record}");
    assert!(
        !record.contains("hush") && !record.contains("127.0.0.1"),
        "{record}"
    );
}

#[test]
fn skip_asks_for_nothing() {
    let server = first().serve();
    let dir = Dir::on_disk();
    dir.file("file", "mine");
    let before = identity(&dir.path().join("file"));
    let url = server.url("/file");
    let run = save(&dir, &["--exists=skip"], &[&url]).exits(0);
    run.check("untouched", identity(&dir.path().join("file")) == before);
    let result = run.result();
    run.check("outcome", result["outcome"] == "unchanged");
    run.check(
        "no answer",
        result["status"].is_null() && result["attempts"] == 0,
    );
    run.check("saved", result["saved"]["bytes"] == 4);
    run.check("no connection", server.connections() == 0);
    let run = save(&dir, &["--exists=skip"], &[&server.url("/new")]).exits(0);
    holds(
        &run,
        dir.path(),
        &[("file", b"mine"), ("new", b"first version")],
    );
}

#[test]
fn overwrite_replaces_whatever_file_there_is() {
    let server = first().serve();
    let dir = Dir::on_disk();
    dir.file("file", "mine");
    let file = dir.path().join("file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let url = server.url("/file");
    for _ in 0..2 {
        let run = save(&dir, &["--exists=overwrite"], &[&url]).exits(0);
        holds(&run, dir.path(), &[("file", b"first version")]);
        run.check("ok", run.result()["outcome"] == "ok");
        run.check("mode", fs::metadata(&file).unwrap().mode() & 0o777 == 0o600);
        let head = server.heads().pop().unwrap();
        run.check("no condition", header(&head, "if-none-match").is_none());
    }
    // Not by a body that is none.
    let missing = Server::start();
    let run = save(&dir, &["--exists=overwrite"], &[&missing.url("/file")]).exits(1);
    holds(&run, dir.path(), &[("file", b"first version")]);
}

#[test]
fn rename_saves_beside_what_is_there() {
    let server = first().serve();
    let dir = Dir::on_disk();
    dir.file("file.txt", "mine");
    dir.file("file-2.txt", "mine too");
    let urls = [server.url("/file.txt"), server.url("/a/file.txt")];
    let run = save(
        &dir,
        &["--exists=rename"],
        &urls.each_ref().map(String::as_str),
    );
    let run = run.exits(0);
    let new: &[u8] = b"first version";
    let files: [(&str, &[u8]); 4] = [
        ("file.txt", b"mine"),
        ("file-1.txt", new),
        ("file-2.txt", b"mine too"),
        ("file-3.txt", new),
    ];
    holds(&run, dir.path(), &files);
}

#[test]
fn fail_fails_without_asking() {
    let server = first().serve();
    let dir = Dir::on_disk();
    dir.file("file", "mine");
    let file = dir.path().join("file");
    let before = identity(&file);
    let run = save(&dir, &["--exists=fail"], &[&server.url("/file")]);
    let run = fails_for(run, &file, "exists (--exists fail)");
    run.check("untouched", identity(&file) == before);
    run.check("no connection", server.connections() == 0);
    let run = save(&dir, &["--exists=fail"], &[&server.url("/new")]).exits(0);
    holds(
        &run,
        dir.path(),
        &[("file", b"mine"), ("new", b"first version")],
    );
}

#[test]
fn a_part_that_the_user_asks_for_is_not_taken_for_the_whole_later() {
    let server = Version::tagged("\"v\"", &bytes(1000)).serve();
    let dir = Dir::on_disk();
    let url = server.url("/file");
    let range = ["-H", "Range: bytes=900-", "-H", "If-Range: \"v\""];
    let run = save(&dir, &range, &[&url]).exits(0);
    holds(&run, dir.path(), &[("file", &bytes(1000)[900..])]);
    let run = save(&dir, &[], &[&url]).exits(0);
    holds(&run, dir.path(), &[("file", &bytes(1000))]);
}

#[test]
fn a_file_that_was_only_found_to_be_the_same_is_not_replaced_one_day() {
    let (server, current) = changing(first());
    let dir = Dir::on_disk();
    let url = server.url("/file");
    // Somebody else's, and what the server has.
    dir.file("file", first().body);
    let run = save(&dir, &[], &[&url]).exits(0);
    run.check("left alone", run.result()["outcome"] == "unchanged");
    let run = save(&dir, &[], &[&url]).exits(0);
    run.check("asked about", run.result()["status"] == 304);
    *current.lock().unwrap() = second();
    let run = save(&dir, &[], &[&url]);
    let run = fails_for(run, &dir.path().join("file"), "not as pfetch saved it");
    let is_left = fs::read(dir.path().join("file")).unwrap() == first().body;
    run.check("it is as it was", is_left);
}

#[test]
fn a_file_whose_server_tells_no_version_is_left_alone_while_it_is_the_same() {
    let server = Server::start();
    let dir = Dir::on_disk();
    let url = server.url("/bytes/1000");
    save(&dir, &[], &[&url]).exits(0);
    let before = identity(&dir.path().join("1000"));
    let run = save(&dir, &[], &[&url]).exits(0);
    run.check("unchanged", run.result()["outcome"] == "unchanged");
    run.check("untouched", identity(&dir.path().join("1000")) == before);
}

#[test]
fn a_link_that_leads_nowhere_is_no_file_to_skip() {
    let server = Server::start();
    let dir = Dir::on_disk();
    std::os::unix::fs::symlink("nowhere", dir.path().join("5")).unwrap();
    let run = save(&dir, &["--exists=skip"], &[&server.url("/bytes/5")]);
    fails_for(run, &dir.path().join("5"), "leads nowhere");
}

#[test]
fn a_body_of_another_length_than_the_file_in_the_way_is_not_fetched() {
    for options in [&[][..], &["--compressed"]] {
        for head in ["", "ETag: \"v1\"\r\n"] {
            // It states a body, and sends none of it.
            let server = Raw::start(move |mut wire| {
                wire.request();
                let length = "Content-Length: 3000000\r\n";
                wire.send(format!("HTTP/1.1 200 OK\r\n{head}{length}\r\n").as_bytes())?;
                wire.request();
                Ok(())
            });
            let dir = Dir::on_disk();
            let file = dir.path().join("file");
            dir.file("file", "mine");
            let run = save(&dir, options, &[&server.url("/file")]);
            let run = fails_for(run, &file, "exists, and is not as pfetch saved it");
            holds(&run, dir.path(), &[("file", b"mine")]);
            run.check("one request", server.connections() == 1);
            run.never_shows(".part");
        }
    }
}

#[test]
fn what_may_replace_a_file_is_fetched_whatever_its_length() {
    for (options, name) in [
        (&["--exists=overwrite"][..], "file"),
        (&["--exists=rename"], "file-1"),
    ] {
        let server = second().serve();
        let dir = Dir::on_disk();
        dir.file("file", "mine");
        let run = save(&dir, options, &[&server.url("/file")]).exits(0);
        let saved = fs::read(dir.path().join(name)).unwrap();
        run.check(name, saved == b"second version");
    }
}

#[test]
fn a_part_that_stays_after_a_refusal_is_named() {
    // Too much to be held back until it is whole, and as long as the file.
    let body = bytes(3_000_000);
    let server = Version::tagged("\"v1\"", &body).serve();
    let dir = Dir::on_disk();
    let file = dir.path().join("file");
    dir.file("file", vec![b'x'; body.len()]);
    let run = save(&dir, &[], &[&server.url("/file")]);
    let kept = format!("({}.part is kept)", file.display());
    let run = fails_for(run, &file, &kept);
    run.check("it is", dir.path().join("file.part").exists());
}
