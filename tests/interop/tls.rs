//! Against real servers under TLS: nginx (OpenSSL) and lighttpd (GnuTLS), the latter without TLS,
//! too. Run with `cargo test --features interop`.

use std::collections::HashSet;
use std::fs;

use crate::authority::{Authority, Identity, Valid};
use crate::daemon::{Daemon, free_port};
use crate::nginx::Nginx;
use crate::pfetch::{Dir, Run, pfetch};

/// How many URLs a test fetches.
const COUNT: usize = 500;

/// The sizes of the files; some are larger than a TLS record.
const SIZES: [usize; 4] = [0, 1, 1024, 200_000];

fn write_files(root: &std::path::Path) {
    for size in SIZES {
        fs::write(root.join(size.to_string()), vec![b'x'; size]).expect("the folder is there");
    }
}

/// nginx with TLS on a port of its own, and the prefix of its https URLs.
fn nginx(dir: &Dir, identity: &Identity, http: &str, server: &str) -> (Nginx, String) {
    let port = free_port();
    let certificate = dir.file("server.pem", &identity.certificate);
    let key = dir.file("server.key", &identity.key);
    let server = format!(
        "listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key}; \
         {server}"
    );
    let nginx = Nginx::start(http, &server);
    write_files(&nginx.root());
    (nginx, format!("https://127.0.0.1:{port}"))
}

/// lighttpd, with TLS if there is an identity for it.
fn lighttpd(identity: Option<&Identity>, lines: &str) -> Daemon {
    Daemon::start("lighttpd", "lighttpd", |folder, port| {
        let root = folder.join("www");
        fs::create_dir(&root).expect("the folder is new");
        write_files(&root);
        let mut text = format!(
            "server.document-root = \"{}\"\nserver.port = {port}\nserver.bind = \"127.0.0.1\"\n\
             server.modules = ()\n{lines}\n",
            root.display()
        );
        if let Some(identity) = identity {
            let file = folder.join("server.pem");
            let both = format!("{}{}", identity.certificate, identity.key);
            fs::write(&file, both).expect("the folder can be written");
            text += &format!(
                "server.modules += ( \"mod_gnutls\" )\nssl.engine = \"enable\"\n\
                 ssl.pemfile = \"{}\"\n",
                file.display()
            );
        }
        let config = folder.join("lighttpd.conf");
        fs::write(&config, text).expect("the folder can be written");
        vec![
            "-D".to_owned(),
            "-f".to_owned(),
            config.display().to_string(),
        ]
    })
}

/// Fetches [`COUNT`] files with four workers, checks each, and gives how many were fetched over a
/// connection of their own.
fn fetch_all(args: &[&str], prefix: &str) -> usize {
    let list: String = (0..COUNT)
        .map(|number| format!("{prefix}/{}?{number}\n", SIZES[number % SIZES.len()]))
        .collect();
    let first = ["--format=jsonl", "--retry=0", "-j4"];
    let run = pfetch(&[&first[..], args, &["-"]].concat());
    let run = run.stdin(list).run().exits(0).says_nothing();
    let results = run.results();
    let mut seen = HashSet::new();
    for result in &results {
        let index = result["index"].as_u64().expect("a result has its index");
        let number = usize::try_from(index).expect("it is small");
        run.check("status", result["status"] == 200);
        run.check("size", result["bytes"] == SIZES[number % SIZES.len()]);
        run.check("once", seen.insert(number));
        let is_new = result["reused"] == false;
        let is_timed = result["timing"]["ssl"].is_number();
        let expected = is_new && prefix.starts_with("https");
        // A connection that turned out stale has cost a second one, with TLS of its own.
        run.check("TLS is timed where it was made", is_timed == expected);
    }
    run.check("all of them", seen.len() == COUNT);
    let fresh = results.iter().filter(|result| result["reused"] == false);
    fresh.count()
}

struct Trust {
    authority: Authority,
    dir: Dir,
    cacert: String,
}

fn trust() -> Trust {
    let authority = Authority::new("the test's own authority");
    let dir = Dir::new();
    let cacert = dir.file("ca.pem", authority.pem());
    Trust {
        authority,
        dir,
        cacert,
    }
}

#[test]
fn nginx_over_tls_1_2_and_1_3_keeps_connections() {
    let trust = trust();
    for version in ["TLSv1.2", "TLSv1.3"] {
        let (_nginx, prefix) = nginx(
            &trust.dir,
            &trust.authority.loopback(),
            "keepalive_requests 100000;",
            &format!("ssl_protocols {version};"),
        );
        let fresh = fetch_all(&["--cacert", &trust.cacert], &prefix);
        assert!((1..=4).contains(&fresh), "{version}: {fresh} connections");
    }
}

#[test]
fn nginx_that_closes_after_every_tenth_request_loses_nothing() {
    let trust = trust();
    let (nginx, prefix) = nginx(
        &trust.dir,
        &trust.authority.loopback(),
        "keepalive_requests 10;",
        "",
    );
    let fresh = fetch_all(&["--cacert", &trust.cacert], &prefix);
    assert!(fresh >= COUNT / 10, "{fresh} connections");
    let served = nginx.access_log();
    let served = served.iter().filter(|line| line.contains(" 200 GET "));
    assert_eq!(served.count(), COUNT);
}

#[test]
fn nginx_s_refusals_are_told_in_words() {
    let trust = trust();
    let told = |run: Run, words: &str| {
        let run = run.exits(1);
        run.prints(words);
    };
    let get = |args: &[&str]| pfetch(&[&["--retry=0"], args].concat()).run();

    let expired = trust.authority.issue(&["127.0.0.1"], Valid::NoLonger);
    let (_nginx, prefix) = nginx(&trust.dir, &expired, "", "");
    let url = format!("{prefix}/1");
    told(
        get(&["--cacert", &trust.cacert, &url]),
        "the certificate has expired, on 2001-01-01",
    );
    get(&["-k", &url]).exits(0);
    // Plain HTTP on the port for TLS is answered, and the other way round it is told.
    let plain = url.replace("https:", "http:");
    get(&[&plain]).exits(1).prints("400");
    let (nginx, _) = nginx(&trust.dir, &expired, "", "");
    let secure = nginx.url("/1").replace("http:", "https:");
    told(
        get(&[&secure]),
        "the server does not speak TLS on this port",
    );
}

#[test]
fn nginx_asks_for_the_client_s_certificate() {
    let trust = trust();
    let (_nginx, prefix) = nginx(
        &trust.dir,
        &trust.authority.loopback(),
        "",
        &format!(
            "ssl_verify_client on; ssl_client_certificate {};",
            trust.cacert
        ),
    );
    let url = format!("{prefix}/1024");
    let client = trust.authority.issue(&["client.example"], Valid::Now);
    let cert = trust.dir.file("client.pem", &client.certificate);
    let key = trust.dir.file("client.key", &client.key);
    let first = ["--retry=0", "--cacert", &trust.cacert, &url];
    pfetch(&[&first[..], &["--cert", &cert, "--key", &key]].concat())
        .run()
        .exits(0);
    // nginx says so in HTTP.
    pfetch(&first).run().exits(1).prints("400");
}

#[test]
fn lighttpd_with_and_without_tls_keeps_connections_as_long_as_it_likes() {
    let trust = trust();
    let identity = trust.authority.loopback();
    for (identity, scheme) in [(None, "http"), (Some(&identity), "https")] {
        for (most, least, greatest) in [(100_000, 1, 4), (10, COUNT / 11, COUNT)] {
            let lines = format!("server.max-keep-alive-requests = {most}");
            let server = lighttpd(identity, &lines);
            let prefix = format!("{scheme}://127.0.0.1:{}", server.port);
            let fresh = fetch_all(&["--cacert", &trust.cacert], &prefix);
            assert!(
                (least..=greatest).contains(&fresh),
                "{scheme}, at most {most} requests: {fresh} connections"
            );
        }
    }
}
