//! The program as a process: mistakes on the command line, and what it says about them.

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn input_without_urls_is_a_mistake() {
    let dir = Dir::new();
    for content in [
        "",
        "\n\n",
        "# only\n  # comments\n",
        "\u{feff}",
        "\r\n \t\n",
    ] {
        let run = pfetch(&["-i", &dir.file("list", content)]).run();
        run.exits(2)
            .complains_in_a_line()
            .says("the input has no URLs in it; a list has one a line");
        pfetch::<&str>(&[])
            .stdin(content)
            .run()
            .exits(2)
            .complains_in_a_line();
    }
}

#[test]
fn a_list_that_cannot_be_opened_is_named_before_anything_is_fetched() {
    let server = Server::start();
    let dir = Dir::new();
    let path = dir.path().to_str().unwrap();
    let url = server.url("/bytes/1");
    for (list, reason) in [
        (format!("{path}/missing"), "No such file or directory"),
        (path.to_owned(), "it is a directory; give a file"),
        (dir.file("file", "") + "/x", "Not a directory"),
        (format!("{path}/\u{1b}[2J\n"), "No such file or directory"),
    ] {
        let run = pfetch(&["-i", &list, &url]).run();
        let run = run.exits(2).complains_in_a_line().shows_plain_text();
        run.says("pfetch: cannot read ").says(reason);
    }
    assert_eq!(server.requests(), 0);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Dir::new();
    let list = dir.file("list", "127.0.0.1:1\n");
    std::fs::set_permissions(&list, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Nothing is closed to the superuser, for whom the list is one like any other.
    let code = match std::fs::File::open(&list) {
        Ok(_) => 1,
        Err(_) => 2,
    };
    let run = pfetch(&["-i", &list]).run().exits(code);
    run.check(
        "the reason",
        code == 1 || run.stderr.contains("Permission denied"),
    );
}

#[test]
fn mistakes_on_the_command_line_say_what_to_do() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let cases: [(&[&str], &str); 42] = [
        (
            &["-j", "0"],
            "invalid value '0' for '-j <N>': give a whole number from 1 to 10000",
        ),
        (&["-j", "1000000"], "give a whole number from 1 to 10000"),
        (
            &["-j", "x"],
            "invalid value 'x' for '-j <N>': give a whole number",
        ),
        (
            &["-j", "-1"],
            "invalid value '-1' for '-j <N>': give a whole number from 1 to 10000",
        ),
        // Another option's letter behind a dash is a number here.
        (&["-j", "-4"], "invalid value '-4' for '-j <N>': give"),
        (
            &["--retry", "-1"],
            "invalid value '-1' for '--retry <N>': give a whole number from 0",
        ),
        (
            &["-m", "-1"],
            "invalid value '-1' for '-m <TIME>': give a time, as",
        ),
        (
            &["--max-time=-.5"],
            "invalid value '-.5' for '--max-time <TIME>': give a time, as",
        ),
        (&["--rate", "-5/s"], "for '--rate <N/s|m|h>': give a number"),
        (
            &["--max-bytes", "-1K"],
            "for '--max-bytes <SIZE>': give a number of bytes",
        ),
        (
            &["--assert", "-1"],
            "invalid value '-1' for '--assert <EXPR>': ",
        ),
        (&["--queue", "1.5"], "give a whole number from 0 to 1000000"),
        (
            &["--timeout", "5,5"],
            "give a time, as 1500ms, 30s or 5m; a number alone is seconds",
        ),
        (&["--deadline", "5M"], "minutes are 5m"),
        (
            &["--rate", "50"],
            "a rate needs its time: 50/s, 50/m or 50/h",
        ),
        (&["--timeout", "0s"], "leave the option out"),
        (&["--connect-timeout", "0ms"], "give a longer one"),
        (
            &["--stall-timeout", "soon"],
            "give a time, as 1500ms, 30s or 5m",
        ),
        (
            &["--max-redirects", "-1"],
            "'-1' for '--max-redirects <N>': give a whole number from 0",
        ),
        (
            &["--max-redirects", "many"],
            "invalid value 'many' for '--max-redirects <N>': ",
        ),
        (
            &["--max-failures", "101%"],
            "give a number (5) or a share of all URLs (1%)",
        ),
        (
            &["--accept", "2x"],
            "\"2x\" is not a status code or a range of them; write 200..=399 or",
        ),
        (
            &["-H", "no colon"],
            "a header is written 'Name: value'; there is no colon",
        ),
        (&["-H", "a b: c"], "\"a b\" is not a header name"),
        (&["-H", "a b:"], "\"a b\" is not a header name"),
        (&["-H", ":"], "\"\" is not a header name"),
        (
            &["-H", "Host:"],
            "host cannot be removed: every request has it",
        ),
        (
            &["-u", "me:it", "-H", "Authorization:"],
            "-u sends authorization, and -H 'authorization:' removes it; give one of them",
        ),
        (
            &["-A", "me", "-H", "User-Agent:"],
            "-A sends user-agent, and -H 'user-agent:' removes it; give one of them",
        ),
        (
            &["-H", "A: b\r\nEvil: 1"],
            "the value of a has a control character in it",
        ),
        (
            &["-H", "Content-Length: 5"],
            "content-length cannot be set: pfetch sends requests without",
        ),
        (
            &["-H", "Host: a", "-H", "host: a"],
            "-H: host is given twice; a request has one",
        ),
        (
            &["-H", "Authorization: \u{e9}"],
            "the value of authorization has a character that is not ASCII",
        ),
        (
            &["-u", "me:it", "-H", "Authorization: Bearer x"],
            "-u and -H 'Authorization: …' both say who asks; give one of them",
        ),
        (
            &["-A", "a\nb"],
            "the value of user-agent has a control character in it",
        ),
        (
            &["--workrs", "3"],
            "there is no option '--workrs'; did you mean --workers?",
        ),
        (
            &["--ordr=input"],
            "there is no option '--ordr'; did you mean --order?",
        ),
        (
            &["--order", "random"],
            "for '--order <completion|input>': it is one of completion, input",
        ),
        (&["--proto-default", "ftp"], "it is one of http, https"),
        (
            &["--color", "\u{1b}[31m\nx"],
            "'\\u{1b}[31m\\u{a}x' for '--color <auto|always|never>': it is one of auto",
        ),
        (
            &["-", "-"],
            "standard input can be read only once; give '-' once",
        ),
        (
            &["-i", "-", "-"],
            "standard input can be read only once; give '-' once",
        ),
    ];
    for (args, message) in cases {
        let run = pfetch(&[args, &[&url]].concat()).run();
        let run = run
            .exits(2)
            .complains_in_a_line()
            .shows_plain_text()
            .says(message);
        run.check("nothing on stdout", run.stdout.is_empty());
    }
    assert_eq!(server.requests(), 0);
    // The option that lacks its value comes last.
    pfetch(&[&url[..], "-j"])
        .run()
        .exits(2)
        .complains_in_a_line()
        .says("value is required for '--workers <N>'");
    let long = format!("X-Long: {}", "x".repeat(8000));
    pfetch(&["-H", &long, &url])
        .run()
        .exits(2)
        .complains_in_a_line()
        .says("at most 7000 can be sent");
}

#[test]
fn a_mistake_names_options_as_they_were_typed() {
    for (args, said) in [
        (
            &["-O", "--cat", "http://h/a"][..],
            "-O cannot be used with --cat: one saves bodies, the other prints them",
        ),
        (
            &["-P", "dl", "-x", "http://h/a"],
            "the input has no URLs in it: -x took what is behind it as its proxy",
        ),
        (
            &["--dry-run", "-x", "http://h/a"],
            "the input has no URLs in it: -x took what is behind it as its proxy",
        ),
        (
            &["-w", "@fmt", "http://h/a"],
            "files of templates are not read; let the shell do it: \"$(cat fmt)\"",
        ),
        (
            &["--proto", "=https", "--retry=0", "http://h/a"],
            "this is not an https URL (--https-only, or curl's --proto =https)",
        ),
    ] {
        let dir = Dir::new();
        let run = pfetch(args).current_dir(dir.path()).stdin("").run();
        let shown = run.stdout.clone() + &run.stderr;
        run.check(said, shown.contains(said));
    }
}
