//! What users of curl meet in their first hour: cookies, names, servers without HEAD, and what a stopped run says.

use std::time::Duration;

use pfetch::model::event::{Event, Listener};
use pfetch::model::summary::Summary;
use pfetch::report::{Human, HumanStyle};

use crate::pfetch::{Dir, pfetch};
use crate::server::{Reply, Request, Server, routes};

/// A server that has no HEAD but for one path.
fn without_head(request: &Request, reply: &mut Reply<'_>) -> std::io::Result<()> {
    let is_head = request.head.starts_with("HEAD ");
    match request.target.as_str() {
        "/a" | "/b" if is_head => reply.send(405, "Allow: GET\r\n", b""),
        "/c" if is_head => reply.send(501, "", b""),
        "/gone" => reply.send(404, "", b""),
        _ => reply.send(200, "", b""),
    }
}

#[test]
fn cookies_of_several_options_go_in_one_header() {
    let server = Server::start();
    let url = server.url("/echo");
    for (options, expected) in [
        (&["-b", "a=1", "-b", "c=d"][..], "a=1; c=d"),
        (&["-b", "a=1; b=2", "-H", "Cookie: c=d"], "a=1; b=2; c=d"),
        (
            &["-H", "Cookie: a=1;", "--cookie", "c=d", "-H", "cookie: e=f"],
            "a=1; c=d; e=f",
        ),
    ] {
        let run = pfetch(&[&["--cat"], options, &[&url]].concat())
            .run()
            .exits(0);
        let sent: Vec<&str> = run
            .stdout
            .lines()
            .filter(|line| line.to_ascii_lowercase().starts_with("cookie:"))
            .collect();
        run.check(
            &format!("{sent:?}"),
            sent == [format!("cookie: {expected}")],
        );
    }
    // As those of a redirect, and those of a line.
    let setting = Server::with(|request, reply| match request.target.as_str() {
        "/set" => reply.send(302, "Location: /echo\r\nSet-Cookie: set=0\r\n", b""),
        _ => routes(request, reply),
    });
    let line = format!(
        "{{\"url\": \"{}\", \"headers\": {{\"Cookie\": \"a=1\", \"cookie\": \"b=2\"}}}}",
        setting.url("/set")
    );
    let run = pfetch(&["--cat", "-i", "-"]).stdin(&line).run().exits(0);
    let sent = run.stdout.to_ascii_lowercase();
    let is_one = sent.matches("cookie:").count() == 1;
    run.check(
        "one header",
        is_one && sent.contains("cookie: set=0; a=1; b=2\r\n"),
    );
}

#[test]
fn two_lines_that_name_one_file_are_told() {
    let server = Server::start();
    let dir = Dir::new();
    let folder = format!("{}/d", dir.path().display());
    let line = |n: usize, name: &str| {
        let url = server.url(&format!("/bytes/{n}"));
        format!("{{\"url\": \"{url}\", \"output\": \"{name}\"}}\n")
    };
    let two = line(1, "same") + &line(2, "same") + &line(3, "other");
    let told = "got another name than";
    let run = pfetch(&["-d", &folder, "-i", "-"])
        .stdin(&two)
        .run()
        .exits(0);
    let run = run.says(
        "pfetch: warning: 1 file got another name than its line's \"output\", since another file of this run has it: \
         same -> same-1\n",
    );
    run.complains_in_a_line();
    let lengths = ["same", "same-1", "other"].map(|name| {
        let stat = std::fs::metadata(format!("{folder}/{name}"));
        stat.map(|stat| stat.len()).ok()
    });
    assert_eq!(lengths, [Some(1), Some(2), Some(3)]);
    // The user has asked for other names, or for no word of what succeeds; and one line is in no other's way.
    for options in [&["--exists=rename"][..], &["-qq", "--exists=overwrite"]] {
        let args = [&["-d", &*folder, "-i", "-"], options].concat();
        pfetch(&args).stdin(&two).run().exits(0).never_shows(told);
    }
    let run = pfetch(&["-d", &folder, "-i", "-"]).stdin(line(1, "alone"));
    run.run().exits(0).never_shows(told);
}

#[test]
fn servers_that_have_no_head_are_told_from_dead_links() {
    let server = Server::with(without_head);
    let [a, b, c, gone] = ["/a", "/b", "/c", "/gone"].map(|path| server.url(path));
    let note = "HEAD (";
    for option in ["-I", "--spider"] {
        let run = pfetch(&[option, &*a, &b, &c, &gone]).run().exits(1);
        run.prints("\n  3 URLs refuse HEAD (405, 501): without -I they are fetched by GET\n");
    }
    let run = pfetch(&["-I", "--summary-only", &*a, &gone]).run().exits(1);
    run.prints("\n  1 URL refuses HEAD (405): without -I it is fetched by GET\n");
    for args in [&[&*a, &b, &c][..], &["-I", &gone], &["-I", "-qq", &a]] {
        pfetch(args).run().never_shows(note);
    }
}

#[test]
fn the_rate_of_a_stopped_run_says_which_bytes_it_counts() {
    let told = |served_bytes| {
        let summary = Summary {
            ok: 38,
            skipped: 12,
            stopped: true,
            listed: Some(50),
            bytes: 1_500_000,
            served_bytes,
            makespan: Some(Duration::from_secs(2)),
            ..Summary::default()
        };
        let mut written = Vec::new();
        let mut human = Human::new(&mut written, HumanStyle::default());
        human
            .event(&Event::Ended(summary))
            .expect("memory takes everything");
        String::from_utf8(written).expect("it is text")
    };
    let cut_off = told(51_000);
    let rate = "  rate       25.5 kB/s (51.0 kB of 38 ok) · 19.0 URLs/s\n";
    assert!(
        cut_off.contains(" · 1.5 MB") && cut_off.contains(rate),
        "{cut_off}"
    );
    let whole = told(1_500_000);
    assert!(
        whole.contains("  rate       750.0 kB/s · 19.0 URLs/s\n"),
        "{whole}"
    );
}

#[test]
fn an_option_in_the_place_of_a_value_is_told_with_the_one_that_lacks_it() {
    for (args, told) in [
        (
            ["-x", "-P", "tree"],
            "pfetch: -x: it needs a value, and -P is another option",
        ),
        (
            ["-x", "-d", "tree"],
            "pfetch: -x: it needs a value, and -d is another option",
        ),
    ] {
        let run = pfetch(&[&args[..], &["http://127.0.0.1:1/"]].concat()).run();
        run.exits(2).complains_in_a_line().says(told);
    }
}
