//! Credentials from a .netrc file: `--netrc` and `--netrc-file`.

use std::sync::{Arc, Mutex};

use crate::pfetch::{Dir, pfetch};
use crate::server::{Server, routes};

/// The login `joe` with the password `hush`, as it is sent.
const JOE: &str = "Basic am9lOmh1c2g=";

/// The Authorization header of each request, by its target.
type Sent = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// A server that keeps the credentials of every request.
fn recording() -> (Server, Sent) {
    let sent = Sent::default();
    let keep = Arc::clone(&sent);
    let server = Server::with(move |request, reply| {
        let value = request.header("authorization").map(str::to_owned);
        let mut all = keep.lock().expect("no handler panics");
        all.push((request.target.clone(), value));
        drop(all);
        routes(request, reply)
    });
    (server, sent)
}

fn take(sent: &Sent) -> Vec<Option<String>> {
    let mut all = sent.lock().expect("no handler panics");
    let all = std::mem::take(&mut *all);
    all.into_iter().map(|(_, value)| value).collect()
}

#[test]
fn the_file_is_used_where_nothing_else_gives_credentials() {
    let (server, sent) = recording();
    let dir = Dir::new();
    let file = dir.file("netrc", "machine 127.0.0.1 login joe password hush\n");
    let url = server.url("/bytes/1");
    let with_user = url.replace("://", "://a:b@");
    let own = format!(r#"{{"url": "{url}", "headers": {{"Authorization": "Own x"}}}}"#);
    let (joe, ab) = (Some(JOE), Some("Basic YTpi"));
    for (args, line, expected) in [
        (&[][..], url.as_str(), joe),
        (&["-I"], &url, joe),
        (&["--no-adapt"], &with_user, ab),
        (&["-u", "a:b"], &url, ab),
        (&["-H", "Authorization: Other x"], &url, Some("Other x")),
        (&["-H", "Authorization:"], &url, None),
        (&[], &own, Some("Own x")),
    ] {
        let args = [&["--netrc-file", &file, "-v"], args].concat();
        let run = pfetch(&args).stdin(line).run().exits(0);
        let run = run
            .never_shows("hush")
            .never_shows("am9l")
            .never_shows("joe");
        let found = take(&sent);
        let is_it = found == [expected.map(str::to_owned)];
        run.check(&format!("{found:?}, not {expected:?}"), is_it);
    }
}

#[test]
fn another_host_gets_nothing_but_the_default() {
    let (server, sent) = recording();
    let dir = Dir::new();
    let url = server.url("/bytes/1");
    for (text, expected) in [
        ("machine localhost login joe password hush", None),
        ("machine 127.0.0 login joe password hush", None),
        (
            "machine x login x password y default login joe password hush",
            Some(JOE),
        ),
    ] {
        let file = dir.file("netrc", text);
        let run = pfetch(&["--netrc-file", &file, &url]).run().exits(0);
        let found = take(&sent);
        run.check(
            &format!("{text}: {found:?}"),
            found == [expected.map(str::to_owned)],
        );
    }
}

/// Rule (security.md): a .netrc file is matched by exact host and never across a redirect.
#[test]
fn a_redirect_to_another_origin_takes_nothing_along_and_finds_nothing_there() {
    let (server, sent) = recording();
    let (other, sent_to_other) = recording();
    let dir = Dir::new();
    // Both have the same host, and each has its own port.
    let file = dir.file("netrc", "machine 127.0.0.1 login joe password hush");
    let to = other.url("/status/401");
    let urls = [
        server.url("/redirect/1"),
        server.url(&format!("/redirect-to?url={to}")),
    ];
    let run = pfetch(&["--netrc-file", &file, "-j1", &urls[0], &urls[1]]).run();
    let run = run.exits(1).never_shows("hush");
    let run = run.prints("left credentials behind (authorization)");
    let joe = Some(JOE.to_owned());
    let found = take(&sent);
    run.check(
        &format!("{found:?}"),
        found == [joe.clone(), joe.clone(), joe],
    );
    let found = take(&sent_to_other);
    run.check(&format!("{found:?}"), found == [None]);
}

#[test]
fn the_file_in_the_home_folder_is_read_only_when_it_is_asked_for() {
    let (server, sent) = recording();
    let dir = Dir::new();
    let text = "machine 127.0.0.1 login joe password hush";
    dir.file(".netrc", text);
    let named = dir.file("named", "machine 127.0.0.1 login a password b");
    let home = dir.path().to_str().expect("ASCII");
    let url = server.url("/bytes/1");
    for (args, netrc, expected) in [
        (&[][..], "", None),
        (&["--netrc"], "", Some(JOE)),
        (&["--netrc"], named.as_str(), Some("Basic YTpi")),
        (&["--netrc", "--netrc-file", &named], "", Some("Basic YTpi")),
    ] {
        let run = pfetch(&[args, &[&url]].concat());
        let run = run.env("HOME", home).env("NETRC", netrc).run().exits(0);
        let found = take(&sent);
        run.check(
            &format!("{found:?}"),
            found == [expected.map(str::to_owned)],
        );
    }
}

/// A restriction that cannot be read is an error, and so are credentials.
#[test]
fn a_file_that_cannot_be_used_is_a_mistake_and_is_not_quoted() {
    let (server, _) = recording();
    let dir = Dir::new();
    let missing = dir.path().join("none");
    let missing = missing.to_str().expect("ASCII");
    let unclosed = dir.file("unclosed", "machine h\nlogin joe password \"hush\n");
    let endless = "/dev/zero";
    let url = server.url("/bytes/1");
    for (args, why) in [
        (&["--netrc-file", missing][..], "No such file"),
        (
            &["--netrc-file", &unclosed],
            "line 2: a double quote is not closed",
        ),
        (&["--netrc-file", endless], "it has more than"),
        (&["--netrc"], "there is no HOME"),
    ] {
        let run = pfetch(&[args, &[&url]].concat()).run();
        let run = run.exits(2).complains_in_a_line().says(args[0]);
        run.says(why).never_shows("hush");
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_home_folder_without_the_file_gives_no_credentials() {
    let (server, sent) = recording();
    let dir = Dir::new();
    let run = pfetch(&["--netrc", &server.url("/bytes/1")])
        .env("HOME", dir.path().to_str().expect("UTF-8"));
    run.run().exits(0).says_nothing();
    assert_eq!(take(&sent), [None]);
}

#[test]
fn a_file_is_none_to_write_to() {
    let dir = Dir::new();
    let file = dir.file("netrc.json", "machine h login joe password hush");
    let args = [
        "--netrc-file",
        &file,
        "--export",
        &file,
        "http://127.0.0.1:1/",
    ];
    let run = pfetch(&args).run().exits(2).complains_in_a_line();
    run.says("--export and --netrc-file have the same file");
}
