//! Against real proxies: tinyproxy and microsocks. Run with `cargo test --features interop`.

use std::fs;

use crate::authority::Authority;
use crate::daemon::Daemon;
use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::secure::{head, say, secure, server_config};
use crate::server::Server;

/// How many URLs a test fetches.
const COUNT: usize = 200;

/// tinyproxy with these lines added to what it needs; tunnels go to any port.
fn tinyproxy(lines: &str) -> Daemon {
    Daemon::start("tinyproxy", "tinyproxy-bin", |folder, port| {
        let config = folder.join("tinyproxy.conf");
        let folder = folder.display();
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nMaxClients 100\n\
             LogFile \"{folder}/log\"\nLogLevel Connect\nPidFile \"{folder}/pid\"\n{lines}\n"
        );
        fs::write(&config, text).expect("the folder can be written");
        vec![
            "-d".to_owned(),
            "-c".to_owned(),
            config.display().to_string(),
        ]
    })
}

/// microsocks, with these arguments too.
fn microsocks(arguments: &[&str]) -> Daemon {
    Daemon::start("microsocks", "microsocks", |_, port| {
        let first = ["-i", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned);
        let rest = arguments.iter().copied().map(str::to_owned);
        first.into_iter().chain(rest).collect()
    })
}

/// An https server, and the certificate file that trusts it.
fn https_server(dir: &Dir) -> (Raw, String) {
    let authority = Authority::new("the test's own authority");
    let cacert = dir.file("ca.pem", authority.pem());
    let config = server_config(&authority.loopback(), None);
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            say(
                &mut line,
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            )?;
        }
        Ok(())
    });
    (server, cacert)
}

/// Fetches [`COUNT`] URLs with four workers through this proxy.
fn fetch_all(proxy: &str, args: &[&str], url: impl Fn(usize) -> String) -> Run {
    let list: String = (0..COUNT).map(|number| url(number) + "\n").collect();
    let first = ["--format=jsonl", "--retry=0", "-j4", "--proxy", proxy];
    let run = pfetch(&[&first[..], args, &["-"]].concat());
    run.stdin(list).run()
}

#[track_caller]
fn check_all(run: Run, bytes: usize) {
    let run = run.exits(0).says_nothing();
    let results = run.results();
    run.check("all of them", results.len() == COUNT);
    for result in results {
        run.check("status", result["status"] == 200);
        run.check("bytes", result["bytes"] == bytes);
    }
}

#[test]
fn http_and_https_through_tinyproxy() {
    let dir = Dir::new();
    let plain = Server::start();
    let (secured, cacert) = https_server(&dir);
    let proxy = tinyproxy("");
    let named = format!("http://127.0.0.1:{}", proxy.port);
    check_all(
        fetch_all(&named, &[], |n| plain.url(&format!("/bytes/1000?{n}"))),
        1000,
    );
    assert_eq!(plain.requests(), COUNT);
    let args = ["--cacert", &cacert];
    check_all(
        fetch_all(&named, &args, |n| format!("https://{}/{n}", secured.addr())),
        5,
    );
    // One tunnel for each worker at most.
    let tunnels = secured.connections();
    assert!((1..=4).contains(&tunnels), "{tunnels} tunnels");
    let log = proxy.read("log");
    let connects = log.matches(&format!("CONNECT {}", secured.addr())).count();
    assert_eq!(connects, tunnels, "{log}");
}

#[test]
fn tinyproxy_asks_for_credentials() {
    let dir = Dir::new();
    let plain = Server::start();
    let (secured, cacert) = https_server(&dir);
    let proxy = tinyproxy("BasicAuth joe hush");
    let urls = [
        plain.url("/bytes/5"),
        format!("https://{}/", secured.addr()),
    ];
    let get = |userinfo: &str| {
        let named = format!("http://{userinfo}127.0.0.1:{}", proxy.port);
        let first = ["--retry=0", "--format=jsonl", "-v", "--proxy", &named];
        let args = ["--cacert", &cacert, &urls[0], &urls[1]];
        pfetch(&[&first[..], &args].concat()).run()
    };
    for userinfo in ["", "joe:wrong@"] {
        let run = get(userinfo).exits(1).never_shows("wrong");
        for result in run.results() {
            run.check("refused", result["outcome"] == "failed");
            let is_http = result["url"] == urls[0].as_str();
            // tinyproxy takes wrong credentials for a breach of its rules.
            let status = result["status"].as_u64();
            let told = result["error"]["message"].as_str().unwrap_or_default();
            let plainly = if is_http {
                matches!(status, Some(401 | 403 | 407))
            } else {
                told.contains("refused a tunnel with status 4")
            };
            run.check("told", plainly);
        }
    }
    assert_eq!((plain.connections(), secured.connections()), (0, 0));
    get("joe:hush@").exits(0).never_shows("hush");
    assert_eq!((plain.connections(), secured.connections()), (1, 1));
}

#[test]
fn tinyproxy_does_not_connect_where_it_may_not() {
    let server = Server::start();
    let proxy = tinyproxy("ConnectPort 443");
    let named = format!("http://127.0.0.1:{}", proxy.port);
    let url = format!("https://{}/", server.addr());
    let run = pfetch(&["--retry=0", "--proxy", &named, &url]).run();
    run.exits(1).prints("refused a tunnel with status 403");
    assert_eq!(server.connections(), 0);
}

#[test]
fn http_and_https_through_microsocks() {
    let dir = Dir::new();
    let plain = Server::start();
    let (secured, cacert) = https_server(&dir);
    let proxy = microsocks(&[]);
    for scheme in ["socks5", "socks5h"] {
        let named = format!("{scheme}://127.0.0.1:{}", proxy.port);
        check_all(
            fetch_all(&named, &["-4"], |n| {
                let port = plain.addr().port();
                format!("http://localhost:{port}/bytes/1000?{n}")
            }),
            1000,
        );
        let args = ["--cacert", &cacert];
        check_all(
            fetch_all(&named, &args, |n| format!("https://{}/{n}", secured.addr())),
            5,
        );
    }
    let (plain, secured) = (plain.connections(), secured.connections());
    assert!((2..=8).contains(&plain), "{plain} connections");
    assert!((2..=8).contains(&secured), "{secured} connections");
}

#[test]
fn microsocks_asks_for_credentials_and_tells_what_it_cannot_reach() {
    let server = Server::start();
    let proxy = microsocks(&["-u", "joe", "-P", "hush"]);
    let get = |userinfo: &str, url: &str| {
        let named = format!("socks5h://{userinfo}127.0.0.1:{}", proxy.port);
        pfetch(&["--retry=0", "--proxy", &named, url]).run()
    };
    let url = server.url("/bytes/5");
    get("", &url)
        .exits(1)
        .prints("asks for a name and password");
    get("joe:wrong@", &url)
        .exits(1)
        .prints("does not accept this name and password")
        .never_shows("wrong");
    assert_eq!(server.connections(), 0);
    get("joe:hush@", &url).exits(0).never_shows("hush");
    get("joe:hush@", "http://127.0.0.1:1/")
        .exits(1)
        .prints("could not connect: the connection was refused");
}
