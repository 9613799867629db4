//! Files that are whole before anything of them is written: most of them never have a part.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::pfetch::Dir;
use crate::save::support::{Version, header, holds, names, race, save};
use crate::server::{Server, bytes};

#[test]
fn runs_that_race_for_one_small_file_never_spoil_it() {
    for mode in ["update", "overwrite", "skip", "rename", "fail"] {
        // All of them are answered at once, when the last one has looked for the file and asked.
        let runs = 4;
        let asked = AtomicUsize::new(0);
        let server = Server::with(move |_, reply| {
            asked.fetch_add(1, Ordering::SeqCst);
            let are_all = || asked.load(Ordering::SeqCst) >= runs;
            while !are_all() && !reply.wait(Duration::from_millis(1)) {}
            reply.send(200, "ETag: \"v1\"\r\n", b"small")
        });
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().unwrap();
        let exists = format!("--exists={mode}");
        let url = server.url("/file");
        let args = ["--format=jsonl", &exists, "-d", folder, &url];
        // Whoever comes second takes the long way, where others may be, too.
        let plain = [
            "another process is writing ",
            "other programs keep taking the name",
            "was removed or replaced in the meantime",
            "exists (--exists fail)",
            "was made by another program in the meantime",
        ];
        let (ended, saved) = race(runs, &args, &plain);
        ended[0].check(&format!("{mode}: one has saved it"), saved >= 1);
        let is_once = saved == 1 || mode == "overwrite";
        ended[0].check(&format!("{mode}: {saved} have saved it"), is_once);
        holds(&ended[0], dir.path(), &[("file", b"small")]);
    }
}

#[test]
fn files_of_any_size_have_the_permissions_that_the_user_wants() {
    let server = Server::start();
    for umask in ["000", "002", "022", "027", "077"] {
        let dir = Dir::on_disk();
        let script = format!("umask {umask}; exec \"$0\" -qq -d \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_pfetch")])
            .arg(dir.path())
            .args([server.url("/bytes/5"), server.url("/bytes/2000000")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:#?}");
        let wanted = 0o666 & !u32::from_str_radix(umask, 8).unwrap();
        for name in ["5", "2000000"] {
            let mode = fs::metadata(dir.path().join(name)).unwrap().mode() & 0o7777;
            assert_eq!(mode, wanted, "{name}: {mode:o}, with umask {umask}");
        }
    }
}

#[test]
fn a_small_file_that_was_saved_in_one_step_is_known_again() {
    let version = Version {
        headers: "ETag: \"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n".to_owned(),
        ..Version::tagged("\"v1\"", b"small")
    };
    for args in [&[][..], &["--no-mtime"], &["--fsync"], &["--names=tree"]] {
        let server = version.clone().serve();
        let dir = Dir::on_disk();
        let url = server.url("/file");
        save(&dir, args, &[&url]).exits(0);
        let before = names(dir.path());
        let run = save(&dir, args, &[&url]).exits(0);
        run.check("unchanged", run.result()["outcome"] == "unchanged");
        run.check("not modified", run.result()["status"] == 304);
        let head = server.heads().pop().unwrap();
        let etag = header(&head, "if-none-match");
        run.check("its version", etag == Some("\"v1\""));
        let date = header(&head, "if-modified-since");
        let is_same = date == Some("Sun, 06 Nov 1994 08:49:37 GMT");
        run.check("its date", is_same);
        run.check("as before", names(dir.path()) == before);
    }
}

#[test]
fn a_whole_body_that_waits_for_its_name_is_kept_in_a_part() {
    // It may wait for long, and is not to be lost if pfetch is killed.
    let dir = Dir::on_disk();
    let part = dir.path().join("quick.part");
    let server = Server::with(move |request, reply| {
        if request.target == "/slow" {
            let is_there = || fs::read(&part).is_ok_and(|part| part == bytes(5));
            while !is_there() && !reply.wait(Duration::from_millis(1)) {}
            return reply.send(200, "", b"slow");
        }
        let name = "Content-Disposition: attachment; filename=named\r\n";
        reply.send(200, name, &bytes(5))
    });
    let urls = ["/slow", "/quick"].map(|target| server.url(target));
    let urls = urls.each_ref().map(String::as_str);
    let run = save(&dir, &["--content-disposition", "-j2"], &urls).exits(0);
    holds(&run, dir.path(), &[("slow", b"slow"), ("named", &bytes(5))]);
}
