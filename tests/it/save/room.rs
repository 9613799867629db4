//! Stated lengths and the disk: a length is only what a server says, so no file takes much more of the
//! disk than has come of it, and none that cannot fit ends the run.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::pfetch::{Dir, pfetch};
use crate::raw::Raw;
use crate::save::support::{holds, names, response, save};
use crate::server::bytes;

const MIB: usize = 1024 * 1024;

/// More than any of these bodies has.
const STATED: usize = 200 * MIB;

/// What a file system may need beside the bytes of a file.
const SLACK: u64 = 256 * 1024;

/// The length of a file, and the bytes that it takes on the disk.
fn size(path: &Path) -> io::Result<(u64, u64)> {
    let stat = fs::metadata(path)?;
    Ok((stat.len(), stat.blocks() * 512))
}

/// Of a body of [`STATED`] bytes the first so many.
fn cut(at: usize) -> Vec<u8> {
    response("200 OK", "ETag: \"v1\"\r\n", STATED, &bytes(at))
}

#[test]
fn a_part_that_is_kept_takes_no_more_of_the_disk_than_its_length() {
    for sent in [300_000, 1_100_000, 3_000_000] {
        let dir = Dir::on_disk();
        let part = dir.path().join("file.part");
        let server = Raw::start(move |mut wire| match wire.head() {
            Some(_) => wire.send(cut(sent)),
            None => Ok(()),
        });
        let run = save(&dir, &["--retry=0"], &[&server.url("/file")]).exits(1);
        holds(&run, dir.path(), &[("file.part", &bytes(sent))]);
        let (length, taken) = size(&part).unwrap();
        let what = format!("{length} bytes take {taken}");
        run.check(&what, taken <= length + SLACK);
    }
}

#[test]
fn a_part_that_is_continued_takes_no_more_of_the_disk_either() {
    let dir = Dir::on_disk();
    let part = dir.path().join("file.part");
    let (first, all) = (2 * MIB, 5 * MIB);
    let server = Raw::start(move |mut wire| match (wire.head(), wire.number) {
        (None, _) => Ok(()),
        (Some(_), 0) => wire.send(cut(first)),
        (Some(_), _) => {
            let from = first - 4096;
            let range = format!("Content-Range: bytes {from}-{}/{STATED}\r\n", STATED - 1);
            let headers = format!("ETag: \"v1\"\r\n{range}");
            let body = &bytes(all)[from..];
            wire.send(response(
                "206 Partial Content",
                &headers,
                STATED - from,
                body,
            ))
        }
    });
    let url = server.url("/file");
    save(&dir, &["--retry=0"], &[&url]).exits(1);
    let run = save(&dir, &["--retry=0"], &[&url]).exits(1);
    holds(&run, dir.path(), &[("file.part", &bytes(all))]);
    let (length, taken) = size(&part).unwrap();
    run.check(
        &format!("{length} bytes take {taken}"),
        taken <= length + SLACK,
    );
}

#[test]
fn a_run_that_is_killed_holds_at_most_as_much_again_as_has_come() {
    // Whole writes, so that all that is sent is in the file.
    for sent in [MIB / 2, 2 * MIB, 3 * MIB] {
        let dir = Dir::on_disk();
        let part = dir.path().join("file.part");
        let (sender, receiver) = std::sync::mpsc::channel();
        let path = part.clone();
        let server = Raw::start(move |mut wire| {
            if wire.head().is_none() {
                return Ok(());
            }
            wire.send(cut(sent))?;
            let has_come = || size(&path).is_ok_and(|(length, _)| length == sent as u64);
            while !has_come() {
                if wire.wait(Duration::from_millis(1)) {
                    return Ok(());
                }
            }
            sender.send(()).unwrap();
            wire.hang()
        });
        let folder = dir.path().to_str().unwrap();
        let running = pfetch(&["-d", folder, &server.url("/file")]).start();
        receiver.recv_timeout(crate::pfetch::LIMIT).unwrap();
        running.signal(Signal::KILL);
        let run = running.finish();
        let (length, taken) = size(&part).unwrap();
        let what = format!("{length} bytes take {taken}");
        run.check(&what, length == sent as u64 && taken <= 2 * length + SLACK);
    }
}

#[test]
fn a_file_that_the_disk_has_no_room_for_fails_alone() {
    for stated in [
        1_u64 << 50,
        9_000_000_000_000_000_000,
        i64::MAX.cast_unsigned(),
        u64::MAX - 1,
    ] {
        let head = format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {stated}\r\n\r\n");
        let server = Raw::start(move |mut wire| match wire.request().as_deref() {
            Some("/large") => {
                wire.send(&head)?;
                wire.drip([b'x'; 50_000], Duration::ZERO)
            }
            Some(_) => wire.send(response("200 OK", "", 5, b"small")),
            None => Ok(()),
        });
        let dir = Dir::on_disk();
        let urls = [server.url("/large"), server.url("/small")];
        let urls = urls.each_ref().map(String::as_str);
        // No allowance for failures covers one of this machine.
        let run = save(&dir, &["-j1", "--max-failures=1"], &urls).exits(4);
        holds(&run, dir.path(), &[("small", b"small")]);
        let result = &run.results()[0];
        run.check("kind", result["error"]["kind"] == "disk-full");
        run.check("it is not tried again", result["attempts"] == 1);
        let message = result["error"]["message"].as_str().unwrap();
        let what = format!("large is to have {stated} bytes, and there is room for ");
        run.check("what", message.contains(&what));
        run.check("where", message.starts_with(dir.path().to_str().unwrap()));
        run.check("what to do", message.ends_with("save it to another"));
        save(&dir, &[], &urls[..1]).exits(4);
    }
}

#[test]
fn a_part_is_kept_when_the_whole_turns_out_to_be_too_large() {
    // The part is of the limit's size; what is still missing may not come.
    let length = 2 * MIB;
    let held = MIB;
    for by_range in [true, false] {
        let dir = Dir::on_disk();
        let server = Raw::start(move |mut wire| {
            let whole = bytes(length);
            match (wire.head(), wire.number) {
                (None, _) => Ok(()),
                (Some(_), 1) if by_range => {
                    let from = held - 4096;
                    let range = format!("Content-Range: bytes {from}-{}/{length}\r\n", length - 1);
                    let headers = format!("ETag: \"v1\"\r\n{range}");
                    let rest = &whole[from..];
                    wire.send(response("206 Partial Content", &headers, rest.len(), rest))
                }
                (Some(_), _) => wire.send(response(
                    "200 OK",
                    "ETag: \"v1\"\r\n",
                    length,
                    &whole[..held],
                )),
            }
        });
        let url = server.url("/file");
        save(&dir, &["--retry=0"], &[&url]).exits(1);
        assert_eq!(names(dir.path()), ["file.part"]);
        let run = save(&dir, &["--max-bytes=1Mi"], &[&url]).exits(1);
        let result = run.result();
        run.check("kind", result["error"]["kind"] == "too-large");
        run.check("nothing of it is read", result["bytes"] == 0);
        holds(&run, dir.path(), &[("file.part", &bytes(held))]);
    }
}
