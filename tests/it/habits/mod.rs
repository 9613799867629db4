//! What users of other programs type out of habit: it works, or the message says what to write instead.

mod lines;

use std::path::Path;
use std::process::Command;

use crate::pfetch::{Dir, Pfetch, pfetch};
use crate::server::Server;
use lines::{HINTED, NEEDED, WORKING};

/// The words of a command line, with the page for `URL`.
fn run_line(line: &str, url: &str, dir: &Dir) -> Pfetch {
    let words: Vec<String> = line
        .split(' ')
        .map(|word| match word {
            "URL" => url.to_owned(),
            word => word.to_owned(),
        })
        .collect();
    pfetch(&words).current_dir(dir.path())
}

/// A server, its page, and a folder with a list of it.
fn place() -> (Server, String, Dir) {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let dir = Dir::new();
    dir.file("list", format!("{url}\n"));
    (server, url, dir)
}

#[test]
fn what_other_programs_call_otherwise_works() {
    let (server, url, _) = place();
    let help = pfetch(&["--help"]).run().exits(0).stdout;
    for line in WORKING {
        let needed = NEEDED.iter().find(|(part, _)| line.contains(part));
        if needed.is_some_and(|(_, option)| !help.contains(option)) {
            continue;
        }
        let dir = Dir::new();
        dir.file("list", format!("{url}\n"));
        let before = server.requests();
        let run = run_line(line, &url, &dir).run().exits(0);
        run.check("something is fetched", server.requests() > before);
    }
}

#[test]
fn what_there_is_no_like_for_says_what_to_write() {
    let (server, url, dir) = place();
    for (line, hint) in HINTED {
        let run = run_line(line, &url, &dir).run();
        let run = run.exits(2).complains_in_a_line().says(hint);
        let is_guess = run.stderr.contains("did you mean");
        run.check(
            "no guess but the expected one",
            is_guess == hint.contains("did you mean"),
        );
        run.check("nothing on stdout", run.stdout.is_empty());
    }
    assert_eq!(server.requests(), 0);
    let names: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["list"], "files were made");
}

#[test]
fn aliases_send_what_they_do_elsewhere() {
    let server = Server::start();
    let url = server.url("/echo");
    let dir = Dir::new();
    for (line, header) in [
        (
            "-e http://referer.example/ --cat URL",
            "referer: http://referer.example/",
        ),
        ("-b session=1 --cat URL", "cookie: session=1"),
        (
            "--oauth2-bearer hush --cat URL",
            "authorization: Bearer hush",
        ),
        ("--no-cache --cat URL", "cache-control: no-cache"),
        ("-sSL -A agent --cat URL", "user-agent: agent"),
    ] {
        let run = run_line(line, &url, &dir).run().exits(0);
        let head = run.stdout.to_lowercase();
        run.check(header, head.contains(&header.to_lowercase()));
        run.check("no secret in the report", !run.stderr.contains("hush"));
    }
}

#[test]
fn a_secret_behind_a_foreign_option_is_not_shown() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    for line in [
        "--oauth2-bearer hu\u{1}sh URL",
        "-b a=hu\u{1}sh URL",
        "-d http://u:hush@h/ URL",
        "-o http://u:hush@h/ URL",
        "-i http://u:hush@h/",
        "-u http://u:hush@h/ URL",
        "-d password=hush URL",
        "--password hush URL",
        "--http-password=hush URL",
        "--unheard-of=hush URL",
        "-U name:hush URL",
    ] {
        let run = run_line(line, &url, &Dir::new()).run().exits(2);
        run.complains_in_a_line()
            .never_shows("hush")
            .never_shows("hu\\u{1}sh");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn remote_names_are_files_of_their_own() {
    let (_server, url, dir) = place();
    run_line("-sO URL", &url, &dir).run().exits(0);
    assert!(dir.path().join("5").is_file());
    run_line("-P out -O URL", &url, &dir).run().exits(0);
    assert!(dir.path().join("out/5").is_file());
}

#[test]
fn a_bare_number_of_seconds_limits_as_curl_does() {
    let server = Server::start();
    let url = server.url("/hang");
    let run = run_line("-m 0.2 --retry 0 URL", &url, &Dir::new()).run();
    run.exits(1).prints("timed out");
}

#[test]
fn a_limit_of_curls_that_ends_each_of_several_attempts_gets_a_note() {
    let server = Server::start();
    let url = server.url("/hang");
    let note = "limits each attempt, and what timed out was tried up to 3 times: --retry 0 makes it the limit";
    for (line, spelling) in [
        ("-m 0.1 --retry-delay 1ms URL", Some("-m")),
        (
            "--max-time=0.1 --retry-delay 1ms -q URL",
            Some("--max-time"),
        ),
        ("-m 0.1 --retry 0 URL", None),
        // As with curl, which begins to count anew with each retry.
        ("-m 0.1 --retry 1 --retry-delay 1ms URL", None),
        ("--timeout 0.1 --retry-delay 1ms URL", None),
    ] {
        let run = run_line(line, &url, &Dir::new()).run().exits(1);
        match spelling {
            Some(spelling) => drop(run.says(&format!("pfetch: note: {spelling} {note}"))),
            None => drop(run.never_shows("limits each attempt")),
        }
    }
    // Nor of what did not take that long.
    let missing = server.url("/missing");
    let run = run_line("-m 50 URL", &missing, &Dir::new()).run().exits(1);
    run.never_shows("limits each attempt");
}

#[test]
fn the_line_for_another_programs_works_as_it_is_pasted_into_a_shell() {
    let server = Server::start();
    let url = server.url("/bytes/5?a=b&c='d'");
    let program = Path::new(env!("CARGO_BIN_EXE_pfetch"));
    let folder = program.parent().expect("a program is in a folder");
    for (line, requests) in [
        ("-n 20 -c 3 URL", Some(20)),
        ("-n7 URL", Some(7)),
        ("-c 3 -r 4 URL", Some(12)),
        ("-c 2 -q 1000 -n 5 URL", Some(5)),
        ("-r 2 -w 1 -m 3 -M 10 URL", Some(120)),
        ("-t2 -c3 -d300ms URL", None),
        ("-z 300ms URL", None),
    ] {
        let told = run_line(line, &url, &Dir::new()).run().exits(2);
        let told = told.complains_in_a_line();
        let recipe = told.stderr.trim_end().rsplit_once(": ");
        let (_, recipe) = recipe.expect("it ends with a line to paste");
        let before = server.requests();
        // No part of a pipe has an exit code of its own then, with `set -o pipefail` or without.
        assert!(!recipe.contains('|'), "{recipe}");
        let pasted = Command::new("sh")
            .args(["-c", recipe])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
            .output()
            .expect("there is a shell");
        let sent = server.requests() - before;
        let (is_expected, code) = match requests {
            Some(requests) => (sent == requests, 0),
            // By the clock.
            None => (sent > 0, 0),
        };
        assert!(
            is_expected && pasted.status.code() == Some(code),
            "{recipe}: {sent} requests, {pasted:?}"
        );
        assert!(
            server
                .targets()
                .iter()
                .all(|target| target == "/bytes/5?a=b&c=%27d%27"),
            "{recipe}"
        );
    }
}

#[test]
fn an_option_for_headers_of_wgets_is_told_from_the_one_of_curls() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let warning = "-S is curl's, and changes nothing here";
    for (line, is_told) in [
        ("-S URL", true),
        ("-sS URL", false),
        ("-s -S URL", false),
        ("-fSL URL", false),
        ("-v -S URL", false),
    ] {
        let run = run_line(line, &url, &Dir::new()).run().exits(0);
        run.check(line, run.stderr.contains(warning) == is_told);
    }
}

#[test]
fn words_in_place_of_a_url_are_said_to_be_words() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let run = pfetch(&["bad url here", &url]).run().exits(1);
    run.prints("these are words and no URL")
        .prints("1 ok, 1 failed");
}

#[test]
fn text_that_is_no_url_is_that_targets_failure() {
    let server = Server::start();
    let good = server.url("/bytes/1");
    let lines = [
        ("10".to_owned(), "a number is no URL"),
        (format!("1,{good}"), "something stands before http://"),
        (format!("\"{good}\""), "take the quotes out"),
        (format!("url={good}"), "something stands before http://"),
        (format!("{good} {good}"), "two URLs on a line"),
        ("  out=name".to_owned(), "\"output\""),
    ];
    let list: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let list = format!("{good} # the first\n{list}\u{feff}{good}\n");
    let run = pfetch(&["--format=jsonl", "-j1", "--order=input"])
        .stdin(list)
        .run()
        .exits(1);
    let results = run.results();
    run.check("all are told", results.len() == lines.len() + 2);
    for (result, (line, reason)) in results[1..].iter().zip(&lines) {
        let message = result["error"]["message"].as_str().unwrap_or_default();
        run.check(line, message.contains(reason));
        run.check(line, result["error"]["kind"] == "input");
        run.check(line, result["url"] == line.trim());
    }
    for good in [&results[0], &results[lines.len() + 1]] {
        run.check("the good ones are fetched", good["outcome"] == "ok");
    }
    assert_eq!(server.targets(), ["/bytes/1", "/bytes/1"]);
    // As arguments too, but for what only a list has.
    for (line, reason) in &lines[..5] {
        pfetch(&[line.as_str(), &good])
            .run()
            .exits(1)
            .prints(reason);
    }
}

#[test]
fn urls_within_urls_are_fetched_as_they_stand() {
    let server = Server::with(|_, reply| reply.send(200, "", b"ok"));
    for path in [
        "/?u=http://x/",
        "/?u=a,http://x/",
        "/a,http://x/b",
        "/web/http://x/",
        "/#http://x",
    ] {
        pfetch(&[server.url(path)]).run().exits(0);
    }
    let expected = [
        "/?u=http://x/",
        "/?u=a,http://x/",
        "/a,http://x/b",
        "/web/http://x/",
        "/",
    ];
    assert_eq!(server.targets(), expected);
}

#[test]
fn a_url_with_a_pattern_of_curl_gets_one_note_whatever_came_of_it() {
    let server = Server::start();
    let (list, range) = (server.url("/{a,b}"), server.url("/[1-3]"));
    let run = pfetch(&[&list, &range, &server.url("/bytes/1")])
        .run()
        .exits(1);
    let notes = run.stderr.matches("the shell expands").count();
    run.check("one note", notes == 1);
    let run = pfetch(&[&range])
        .run()
        .exits(1)
        .says("the shell expands {1..100}");
    run.check("one line", run.stderr.lines().count() == 1);
    // A server may answer anything.
    let found = Server::with(|_, reply| reply.send(200, "", b"ok"));
    let run = pfetch(&[found.url("/[1-3]")]).run().exits(0);
    run.says("the shell expands {1..100}");
    pfetch(&[server.url("/missing")])
        .run()
        .exits(1)
        .says_nothing();
}

#[test]
fn a_failed_url_within_which_a_blank_was_written_gets_a_note() {
    let server = Server::start();
    let url = server.url("/missing");
    let blank = "a blank is a part of the URL (%20)";
    let run = pfetch(&[format!("{url} name")]).run().exits(1).says(blank);
    run.says("{\"url\": \"…\", \"output\": \"name\"}");
    assert_eq!(server.targets(), ["/missing%20name"]);
    // Not of a blank that was written as it is sent, nor of a URL that succeeds.
    let run = pfetch(&[format!("{url}%20name")]).run().exits(1);
    run.says_nothing();
    let found = Server::with(|_, reply| reply.send(200, "", b"ok"));
    pfetch(&[found.url("/a b")]).run().exits(0).says_nothing();
}

#[test]
fn links_that_are_no_web_addresses_are_never_fetched() {
    let server = Server::start();
    let host = server.addr();
    let lines = [
        (
            format!("mailto:me@{host}"),
            "scheme \"mailto\" is not supported",
        ),
        ("tel:+4312345".to_owned(), "scheme \"tel\" is not supported"),
        (
            format!("view-source:http://{host}/"),
            "\"view-source\" is not supported",
        ),
        ("/relative/path".to_owned(), "a path without a host"),
        (format!("[x](http://{host}/)"), "this is Markdown"),
        (format!("<a href=\"http://{host}/\">x</a>"), "this is HTML"),
        (format!("http://{host}/\tname"), "\"output\": \"name\""),
    ];
    let list: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
    let run = pfetch(&["--format=jsonl", "--order=input", "-"])
        .stdin(list)
        .run();
    let run = run.exits(1).never_shows("port is not a number");
    for (result, (line, reason)) in run.results().iter().zip(&lines) {
        let message = result["error"]["message"].as_str().unwrap_or_default();
        run.check(line, message.contains(reason));
        run.check(line, result["error"]["kind"] == "input");
        pfetch(&[line]).run().exits(1).prints(reason);
    }
    run.check("all are told", run.results().len() == lines.len());
    assert_eq!(server.requests(), 0);
    // What curl takes for a host, a port and a user stays one.
    let port = host.port();
    for url in [
        format!("127.0.0.1:{port}/bytes/1"),
        format!("user:hush@{host}/bytes/1"),
        format!("//{host}/bytes/1"),
    ] {
        pfetch(&[&url]).run().exits(0).never_shows("hush");
    }
}

#[test]
fn headers_are_read_from_files_as_curl_has_them() {
    let server = Server::start();
    let (url, dir) = (server.url("/echo"), Dir::new());
    dir.file(
        "first",
        "\u{feff}# mine\r\nX-One: hush1\r\n\r\nUser-Agent:\r\n",
    );
    dir.file("second", "X-Two: hush2");
    let run = run_line("-H @first -H X-Mid:mid -H @second --cat URL", &url, &dir);
    let run = run.run().exits(0);
    let head = run.stdout.to_lowercase();
    for header in ["x-one: hush1", "x-mid: mid", "x-two: hush2"] {
        run.check(header, head.contains(header));
    }
    run.check("one is removed", !head.contains("user-agent"));
    run.check("no comment is sent", !head.contains("mine"));
    run.check("no secret in the report", !run.stderr.contains("hush"));
    let run = run_line("-H @- --cat URL", &url, &dir)
        .stdin("X-In: in\n")
        .run()
        .exits(0);
    run.check(
        "standard input",
        run.stdout.to_lowercase().contains("x-in: in"),
    );

    let sent = server.requests();
    dir.file("bad", "X-One: 1\n\nBearer hush: x\n");
    dir.file("long", "#".repeat(300_000));
    dir.file("many", "X-A: 123456789\n".repeat(1000));
    std::fs::create_dir(dir.path().join("folder")).unwrap();
    for (line, reason) in [
        (
            "-H @bad URL",
            "-H @bad, line 3: what stands before the colon is not a header name",
        ),
        ("-H @long URL", "-H @long: it has more than 262144 bytes"),
        ("-H @many URL", "at most 7000 can be sent"),
        ("-H @folder URL", "-H @folder: cannot read it"),
        (
            "-H @first --export json=first URL",
            "--export and --header have the same file",
        ),
        (
            "-H @- -i - URL",
            "-H @-: standard input is the list of URLs",
        ),
        ("-H @-", "-H @-: standard input is the list of URLs"),
        ("-H @- -H @- URL", "only once"),
    ] {
        let run = run_line(line, &url, &dir)
            .stdin("http://127.0.0.1:9/\n")
            .run();
        run.exits(2)
            .complains_in_a_line()
            .says(reason)
            .never_shows("hush");
    }
    assert_eq!(server.requests(), sent);
}

#[test]
fn silence_leaves_what_is_asked_for_otherwise() {
    let (server, url, dir) = place();
    let missing = server.url("/status/404");
    // What is saved, or printed by a template, is all; failures are told once.
    for (line, stdout, failures) in [
        ("-s -O URL", "", 0),
        (
            "-sS -j 1 -o /dev/null -w %{http_code}\\n URL MISSING",
            "200\n404\n",
            0,
        ),
        ("-s -o /dev/null URL MISSING", "", 1),
    ] {
        let line = line.replace("MISSING", &missing);
        let run = run_line(&line, &url, &dir).run();
        let told = [&run.stdout, &run.stderr].map(|text| text.matches("/status/404").count());
        run.check(stdout, run.stdout.starts_with(stdout));
        run.check("failures", told.iter().sum::<usize>() == failures);
        run.check(
            "no summary",
            !(run.stdout.clone() + &run.stderr).contains(" ok"),
        );
    }
    // Nothing else is asked for: of several URLs the report is, as of one the body (`way_on`).
    let run = run_line("-s URL URL", &url, &dir).run().exits(0);
    run.prints("2 URLs: 2 ok");
}

#[test]
fn the_null_device_takes_the_bodies_of_any_number_of_urls_and_of_a_head() {
    let (server, url, dir) = place();
    let run = run_line("-sSI -o /dev/null -w %{http_code}\\n URL", &url, &dir)
        .run()
        .exits(0);
    run.check("the status alone", run.stdout == "200\n");
    let run = run_line("-s -o /dev/null -w %{http_code}\\n URL -i list", &url, &dir)
        .run()
        .exits(0);
    run.check("each status", run.stdout == "200\n200\n");
    assert_eq!(server.requests(), 3);
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is saved"
    );
}

#[test]
fn a_file_is_told_from_a_host_of_the_same_name() {
    let (server, url, dir) = place();
    dir.file("example.test", "x");
    let resolve = format!("example.test:{}:127.0.0.1", server.addr().port());
    let run = |url: &str| {
        pfetch(&["--resolve", &resolve, url])
            .current_dir(dir.path())
            .run()
    };
    run("example.test")
        .exits(2)
        .complains_in_a_line()
        .says("write http://example.test");
    run(&format!(
        "http://example.test:{}/bytes/1",
        server.addr().port()
    ))
    .exits(0);
    // A folder of that name is no list.
    std::fs::create_dir(dir.path().join("127.0.0.1")).unwrap();
    run(url.trim_start_matches("http://")).exits(0);
}

#[test]
fn a_folder_that_is_there_may_have_the_name_of_data() {
    let (_server, url, dir) = place();
    for name in ["x=1", "@out", "10s"] {
        std::fs::create_dir(dir.path().join(name)).unwrap();
        run_line(&format!("-d {name} URL"), &url, &dir)
            .run()
            .exits(0);
        assert!(dir.path().join(name).join("5").is_file(), "{name}");
        // And one that is meant is made.
        run_line(&format!("-d ./new{name} URL"), &url, &dir)
            .run()
            .exits(0);
        assert!(dir.path().join(format!("new{name}/5")).is_file(), "{name}");
    }
}

#[test]
fn the_short_help_comes_by_its_letter_and_the_long_one_by_its_name() {
    for args in [&["-h"][..], &["-vh"], &["http://h/", "-h", "--unheard-of"]] {
        let run = pfetch(args).run().exits(0);
        run.check("one screen", run.stdout.lines().count() <= 40);
        run.prints("Examples").prints("pfetch --help");
    }
    let run = pfetch(&["--help"])
        .run()
        .exits(0)
        .prints("Examples:")
        .prints("Exit codes");
    run.check("the manual", run.stdout.lines().count() > 100);
}
