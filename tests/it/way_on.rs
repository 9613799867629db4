//! The program as a process: what it says about bodies that were dropped, and about runs that ended early.

use std::fs::File;
use std::process::Stdio;

use crossbeam_channel::unbounded;
use rustix::process::Signal;

use crate::cli_signals::holding;
use crate::pfetch::{Dir, LIMIT, pfetch};
use crate::server::Server;

const DROPPED: &str = "pfetch: note: the body was not kept: --cat prints it in place of the report, -o FILE saves \
                       it, and --format jsonl is the report for programs\n";

const BODIES: &str = "pfetch: note: the bodies were not kept, which curl would print: -o FILE or -d DIR saves them, and \
                      -o /dev/null says that none is wanted\n";

#[test]
fn a_body_that_a_pipe_or_a_file_was_to_get_is_said_to_be_dropped() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    for options in [&[][..], &["-v"], &["-j4"]] {
        let run = pfetch(&[options, &[&url]].concat()).run();
        run.exits(0).says(DROPPED).prints("/bytes/3\n");
    }
    let dir = Dir::new();
    let file = File::create(dir.path().join("page.json")).expect("the folder is there");
    let run = pfetch(&[&url]).stdout(Stdio::from(file)).run();
    run.exits(0).says(DROPPED);
}

#[test]
fn bodies_are_printed_where_curls_s_asks_for_them() {
    let server = Server::start();
    let (url, body) = (server.url("/bytes/3"), "\0\u{1}\u{2}");
    let dir = Dir::new();
    for options in [&["-s"][..], &["-sSL"], &["-fsSL"], &["-s", "-q"], &["-sSv"]] {
        let args = [options, &[&url]].concat();
        let run = pfetch(&args).run().exits(0);
        run.check("the body alone", run.stdout == body);
        let path = dir.path().join("page");
        let file = File::create(&path).expect("the folder is there");
        let run = pfetch(&args).stdout(Stdio::from(file)).run().exits(0);
        run.check(
            "in the file",
            std::fs::read(&path).is_ok_and(|read| read == body.as_bytes()),
        );
    }
    // What failed is said beside it, as with -S.
    let run = pfetch(&["-s", &server.url("/status/404")]).run().exits(1);
    run.check("no body", run.stdout.is_empty());
    run.says("404");
    // However many there are.
    let list = dir.file("list", format!("{url}\n{url}\n"));
    for options in [&["-s", &*url, &url][..], &["-s", "-i", &list]] {
        let run = pfetch(options).run().exits(0);
        run.check("both", run.stdout == body.repeat(2));
    }
    // Whatever is asked for otherwise has the report.
    let log = format!("{}/log", dir.path().display());
    for options in [
        &["-s", "--log", &*log, &*url][..],
        &["-s", "--repeat=2", &url],
        &["-s", "--summary-only", &url],
        &["-s", "--assert=failed<=0", &url],
        &["-s", "--dry-run", &url],
        &["--progress=never", &url],
    ] {
        let run = pfetch(options).run().exits(0);
        run.check(
            "a report",
            run.stdout.contains("bytes/3") || run.stdout.contains("1 URL"),
        );
    }
}

#[test]
fn bodies_that_curl_prints_before_a_template_are_said_once_to_be_dropped() {
    let server = Server::start();
    let (url, missing) = (server.url("/bytes/3"), server.url("/status/404"));
    let dir = Dir::new();
    let list = dir.file("list", format!("{url}\n{url}\n"));
    let template = "\n%{http_code}";
    for options in [
        &["-s", "-w", template, &*url][..],
        &["-w", template, &url],
        &["-sS", "-w", template, &url, &url],
        &["-q", "-w", template, &url],
        &["-q", "-w", template, "-i", &list],
        &["--format", template, &url, &missing],
        &["-w", template, "--assert=failed<=0", &url],
    ] {
        let run = pfetch(options).run().says(BODIES).prints("\n200\n");
        run.check("once", run.stderr.matches("not kept").count() == 1);
    }
    // Without the end of a line first, a template may be the report of a link check: of one URL it hardly is. With -s it
    // is the answer that a script reads, and prints what it does with curl.
    let line = r"%{http_code} %{url}\n";
    for (options, is_noted) in [
        (&["-w", line, &*url][..], true),
        (&["-s", "-w", line, &*url], false),
        (&["-sS", "-w", r"%{http_code}\n", &url], false),
        (&["-s", "-w", line, &url, &url], false),
        (&["-s", "-w", line, "-i", &list], false),
        (&["-s", "--spider", "-w", line, &url], false),
        (&["-s", "--spider", "-w", template, &url], false),
        (&["-s", "-I", "-w", line, &url], false),
    ] {
        let run = pfetch(options).run().exits(0);
        let notes = run.stderr.matches("pfetch: note: ").count();
        run.check("noted", notes == usize::from(is_noted));
    }
    let file = format!("{}/file", dir.path().display());
    for options in [
        &["-o", "/dev/null", "-w", template, &*url][..],
        &["-o", &file, "-w", template, &url],
        &["-w", "{status}", &url],
        &["-w", template, &missing],
        &["-qq", "-w", template, &url],
        &["--dry-run", "-w", template, &url],
    ] {
        pfetch(options).run().never_shows("not kept");
    }
}

#[test]
fn a_new_file_that_gets_hardly_a_report_is_not_what_was_meant() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    let dir = Dir::new();
    let list = dir.file("list", &url);
    let path = dir.path().join("page");
    for options in [&["-q"][..], &["-qv"]] {
        let file = File::create(&path).expect("the folder is there");
        let run = pfetch(&[options, &[&url]].concat()).stdout(Stdio::from(file));
        run.run().exits(0).says(DROPPED);
        // A log that is added to is no page.
        let log = File::options()
            .append(true)
            .open(&path)
            .expect("it is there");
        let run = pfetch(&[options, &[&url]].concat()).stdout(Stdio::from(log));
        run.run().exits(0).never_shows("not kept");
        // Nor has a pipe to a mailer a word to say of what succeeds.
        let run = pfetch(&[options, &[&url]].concat()).run();
        run.exits(0).never_shows("not kept");
    }
    // Nor has a list, and -qq asks for failures alone.
    for options in [&["-q", "-i", &*list][..], &["-qq", &url], &["-qqv", &url]] {
        let file = File::create(&path).expect("the folder is there");
        let run = pfetch(options).stdout(Stdio::from(file));
        run.run().exits(0).never_shows("not kept");
    }
}

#[test]
fn who_did_not_expect_the_body_is_not_told_of_it() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    let dir = Dir::new();
    let list = dir.file("list", &url);
    let folder = dir.path().display().to_string();
    let file = format!("{folder}/file");
    for args in [
        &["-d", &folder, &url][..],
        &["-o", &file, &url],
        &["-o", "/dev/null", &url],
        &["--cat", &url],
        &["--format=jsonl", &url],
        &["--format={status}", &url],
        &["--export=json=-", &url],
        &["--summary-only", &url],
        &["-q", &url],
        &["-I", &url],
        &["--compare", "--runs=1", &url],
        &["--sweep=1", "--runs=1", &url],
        &["--assert=failed<=0", &url],
        &["--dry-run", &url],
        &["-i", &list],
        &[&url, &url],
    ] {
        let run = pfetch(args).run().exits(0);
        run.never_shows("was not kept");
    }
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .expect("it is there");
    let run = pfetch(&[&url]).stdout(Stdio::from(null)).run();
    run.exits(0).never_shows("was not kept");
    let run = pfetch(&[&server.url("/status/404")]).run();
    run.exits(1).never_shows("was not kept");
}

#[test]
fn the_headers_of_a_head_are_printed_of_one_url_as_curl_prints_them() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/to" => reply.send(302, "Location: /there\r\nSet-Cookie: a=hush\r\n", b""),
        "/gone" => reply.send(404, "", b""),
        _ => reply.send(200, "X-Answer: yes\r\n", b""),
    });
    let url = server.url("/there");
    let head = "HTTP/1.1 200\nX-Answer: yes\nContent-Length: 0\nConnection: keep-alive\n\n";
    let run = pfetch(&["-sI", &url]).run().exits(0).says_nothing();
    run.check("the headers alone", run.stdout == head);
    for options in [&["-I"][..], &["-IL", "-j4"], &["-X", "HEAD"], &["--head"]] {
        let run = pfetch(&[options, &[&url]].concat()).run().exits(0);
        let run = run.says_nothing();
        let rest = run.stdout.strip_prefix(head).unwrap_or_default();
        run.check("then its line", rest.starts_with("  200 "));
        run.check("then the summary", rest.contains("\n\n  1 URL: 1 ok"));
    }
    let run = pfetch(&["-I", &server.url("/to")]).run().exits(0);
    let redirect = "HTTP/1.1 302\nLocation: /there\nSet-Cookie: …\nContent-Length: 0\n";
    run.check("each answer", run.stdout.starts_with(redirect));
    run.prints(&format!("\n\n{head}  200 ")).never_shows("hush");
    let run = pfetch(&["-I", &server.url("/gone")]).run().exits(1);
    run.check(
        "a failure has one too",
        run.stdout.starts_with("HTTP/1.1 404\n"),
    );
    let dir = Dir::new();
    let list = dir.file("list", &url);
    for args in [
        &["-Iq", &*url][..],
        &["-Iqq", &url],
        &["--spider", &url],
        &["-sI", "-w", "%{http_code}", &url],
        &["-I", "--format=jsonl", &url],
        &["-sI", "-o", "/dev/null", &url],
        &["-I", "--summary-only", &url],
        &["-I", "--export=csv=-", &url],
        &["-I", &url, &url],
        &["-sI", &url, &url],
        &["-I", "--repeat=2", &url],
        &["-I", "-i", &list],
        &["-I", "--assert=failed<=0", &url],
        &["-I", "--compare", "--runs=1", &url],
        &["-I", "--dry-run", &url],
        &["-Iv", &url],
        &[&url],
    ] {
        let run = pfetch(args).run().exits(0);
        run.check("no head in the report", !run.stdout.contains("X-Answer"));
    }
}

#[test]
fn the_headers_of_several_heads_are_noted_to_be_elsewhere_where_nothing_shows_them() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    let note = "pfetch: note: the headers are shown of one URL alone: -v shows them on standard error (behind it, 2>&1 \
                brings them into a pipe), --format jsonl -v has them as data\n";
    for args in [&["-I", &*url, &url][..], &["-sI", &url, &url]] {
        let run = pfetch(args).run().exits(0);
        run.check("once", run.stderr == note);
    }
    let dir = Dir::new();
    let list = dir.file("list", format!("{url}\n{url}\n"));
    for args in [
        &["-Iv", &*url, &url][..],
        &["-Iq", &url, &url],
        &["--spider", &url, &url],
        &["-s", "--spider", &url, &url],
        &["-sI", "-w", "%{http_code}", &url, &url],
        &["-I", "--format={status}", &url, &url],
        &["-sI", "-o", "/dev/null", "-w", "%{http_code}", &url, &url],
        &["-I", "--format=jsonl", &url, &url],
        &["-I", "--export=json=-", &url, &url],
        &["-I", "--repeat=2", &url],
        &["-I", "-i", &list],
        &["-I", "--assert=failed<=0", &url, &url],
        &["-I", "--dry-run", &url, &url],
    ] {
        let run = pfetch(args).run().exits(0);
        run.never_shows("headers are shown of one");
    }
}

#[test]
fn a_stream_whose_last_body_failed_was_not_stopped() {
    let server = Server::start();
    let [bad, good] = ["/status/404", "/bytes/3"].map(|path| server.url(path));
    for args in [
        &["-o-", &bad][..],
        &["--cat", &bad],
        &["-o", "/dev/stdout", &bad],
        &["--cat", "-j1", &good, &bad],
        &["--cat", "--fail-fast", &bad],
    ] {
        let run = pfetch(args).run().exits(1).says(", 1 failed · ");
        let run = run.says("/status/404  not found\n");
        run.never_shows("stopped").never_shows("--log");
    }
}

#[test]
fn a_stream_that_leaves_something_undone_was_stopped_and_is_not_resumed() {
    let (server, _) = holding();
    let [bad, hang] = ["/status/404", "/hang"].map(|path| server.url(path));
    let run = pfetch(&["--cat", "-j2", &bad, &hang]).run().exits(1);
    run.says("  1 of 2 URLs done: 0 ok, 1 failed · ")
        .says("stopped before its end")
        .never_shows("--log");
}

#[test]
fn a_stopped_run_that_saves_says_that_the_same_command_goes_on() {
    const FILES: &str = "\n  the same command again with -nc fetches only what is missing\n  (so does --resume of a run \
                         that has a --log FILE)\n";
    const LOG: &str = "\n  with --log FILE, a later run with --resume could go on\n";
    let dir = Dir::new();
    let folder = dir.path().display().to_string();
    let [file, log] = ["file", "log"].map(|name| format!("{folder}/{name}"));
    for (options, urls, advice) in [
        // Nothing of the file has come.
        (&["-o", &file][..], 1, "0 of 1 URL done"),
        (&["-d", &folder], 1, "0 of 1 URL done"),
        (&["-d", &folder], 2, FILES),
        (&["-d", &folder, "--exists=skip"], 2, FILES),
        (&["-d", &folder, "--exists=rename"], 2, LOG),
        (&["-d", &folder, "--exists=overwrite"], 2, LOG),
        (
            &["-d", &folder, "--log", &log],
            2,
            "\n  again with --resume fetches the rest\n",
        ),
        (
            &["-d", &folder, "--log", &log, "--resume"],
            2,
            "\n  the same command again fetches the rest\n",
        ),
        (&[], 2, LOG),
        (
            &["--log", &log],
            1,
            "\n  again with --resume fetches the rest\n",
        ),
    ] {
        let (server, arrivals) = holding();
        let url = server.url("/hang");
        let args = [options, &vec![&*url; urls]].concat();
        let running = pfetch(&args).start();
        arrivals.recv_timeout(LIMIT).expect("it is asked for");
        running.signal(Signal::INT);
        let run = running.end().exits(130).prints(advice);
        run.never_shows(".part");
    }
}

/// The server states no validators, so that whatever is asked about comes again.
#[test]
fn the_way_on_that_is_named_fetches_only_what_is_missing_of_any_server() {
    let (asked, arrivals) = unbounded();
    let server = Server::with(move |request, reply| {
        let is_first = request.target == "/hang" && asked.send(()).is_ok();
        match is_first && reply.wait(LIMIT) {
            true => Ok(()),
            false => reply.send(200, "", b"page"),
        }
    });
    let dir = Dir::new();
    let mut list: Vec<_> = (0..5).map(|page| server.url(&format!("/{page}"))).collect();
    list.push(server.url("/hang"));
    let list = dir.file("list", list.join("\n"));
    let folder = dir.path().join("saved").display().to_string();
    let args = ["-d", &folder, "-i", &list, "-j2"];
    let mut running = pfetch(&args).start();
    (0..5).for_each(|_| drop(running.line()));
    arrivals.recv_timeout(LIMIT).expect("it is asked for");
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    run.prints("the same command again with -nc fetches only what is missing");
    // From now on it is answered like the others.
    drop(arrivals);
    let before = server.requests();
    let again = pfetch(&[&args[..], &["-nc"]].concat()).run().exits(0);
    again.prints("6 ok");
    let asked = server.targets();
    assert_eq!(asked[before..], ["/hang"], "{asked:?}");
}

#[test]
fn what_does_not_go_on_gets_no_advice() {
    let dir = Dir::new();
    let file = format!("{}/file", dir.path().display());
    for options in [&[][..], &["--cat"], &["-o", &file, "--no-resume"]] {
        let (server, arrivals) = holding();
        let url = server.url("/hang");
        let running = pfetch(&[options, &[&url]].concat()).start();
        arrivals.recv_timeout(LIMIT).expect("it is asked for");
        running.signal(Signal::INT);
        let run = running.end().exits(130).never_shows("goes on");
        run.never_shows("--log");
    }
}
