//! HTTP proxies: the absolute form for http, tunnels for https.

use std::net::TcpStream;
use std::time::Duration;

use crate::authority::Authority;
use crate::pfetch::Dir;
use crate::proxy::support::{Log, http_proxy, note, origin, read, relay, through};
use crate::raw::Raw;
use crate::secure::{head, say, secure, server_config};

/// An https origin that keeps the head of every request, and the file that trusts it.
fn https_origin(dir: &Dir) -> (Raw, Log, String) {
    let authority = Authority::new("the test's own authority");
    let cacert = dir.file("ca.pem", authority.pem());
    let config = server_config(&authority.loopback(), None);
    let log = Log::default();
    let kept = Log::clone(&log);
    let server = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while let Some(request) = head(&mut line) {
            note(&kept, request.to_lowercase());
            say(&mut line, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        Ok(())
    });
    (server, log, cacert)
}

#[test]
fn http_is_asked_for_by_its_whole_url_over_a_kept_connection() {
    let (origin, at_origin) = origin();
    let (proxy, at_proxy) = http_proxy(None);
    let (first, second) = (origin.url("/bytes/10?a=b"), origin.url("/bytes/20"));
    let run = through(&proxy.addr().to_string(), &[&first, &second]).run();
    let run = run.exits(0).says_nothing();
    for (result, (bytes, reused)) in run.results().iter().zip([(10, false), (20, true)]) {
        run.check("bytes", result["bytes"] == bytes);
        run.check("reused", result["reused"] == reused);
        let remote = result["remote"] == proxy.addr().to_string();
        run.check("the proxy is what was connected to", remote);
        run.check("no TLS", result["timing"]["ssl"].is_null());
    }
    let seen = read(&at_proxy);
    for (head, url) in seen.iter().zip([&first, &second]) {
        assert!(
            head.starts_with(&format!("GET {url} HTTP/1.1\r\n")),
            "{head}"
        );
        let host = format!("\r\nhost: {}\r\n", origin.addr());
        assert_eq!(head.matches(&host).count(), 1, "{head}");
    }
    assert_eq!((seen.len(), proxy.connections()), (2, 1));
    assert_eq!(origin.targets(), ["/bytes/10?a=b", "/bytes/20"]);
    assert_eq!(read(&at_origin).len(), 2);
}

#[test]
fn a_kept_connection_to_a_proxy_serves_all_origins_each_under_its_own_url() {
    let (one, other) = (origin().0, origin().0);
    let (proxy, at_proxy) = http_proxy(None);
    let urls = [
        one.url("/bytes/10"),
        other.url("/bytes/20"),
        one.url("/bytes/30"),
        other.url("/bytes/40"),
    ];
    let args: Vec<&str> = urls.iter().map(String::as_str).collect();
    let run = through(&proxy.addr().to_string(), &args).run();
    let run = run.exits(0).says_nothing();
    for (result, bytes) in run.results().iter().zip([10, 20, 30, 40]) {
        run.check("bytes", result["bytes"] == bytes);
        run.check("reused", result["reused"] == (bytes != 10));
    }
    for (head, url) in read(&at_proxy).iter().zip(&urls) {
        let line = format!("GET {url} HTTP/1.1\r\n");
        assert!(head.starts_with(&line), "{url}: {head}");
    }
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn https_goes_through_a_tunnel_that_is_kept() {
    let dir = Dir::new();
    let (origin, at_origin, cacert) = https_origin(&dir);
    let (proxy, at_proxy) = http_proxy(None);
    let url = format!("https://{}/x", origin.addr());
    let args = ["-u", "joe:hush", "-H", "X-Key: k", "--cacert", &cacert];
    let run = through(&proxy.url(""), &[&args[..], &[&url, &url]].concat()).run();
    let run = run.exits(0).says_nothing();
    for (result, first) in run.results().iter().zip([true, false]) {
        run.check("ok", result["bytes"] == 2);
        run.check("reused", result["reused"] != first);
        run.check("timed", result["timing"]["ssl"].is_number() == first);
    }
    // All that the proxy gets to see.
    let target = origin.addr();
    let expected = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n");
    assert_eq!(read(&at_proxy), [expected]);
    let seen = read(&at_origin);
    assert_eq!(seen.len(), 2, "{seen:?}");
    for head in seen {
        assert!(head.contains("\r\nauthorization: basic "), "{head}");
        assert!(head.contains("\r\nx-key: k\r\n"), "{head}");
        assert!(!head.contains("proxy"), "{head}");
    }
}

/// base64("jo@e:hu:sh")
const BASIC: &str = "Basic am9AZTpodTpzaA==";

#[test]
fn a_proxys_credentials_are_for_the_proxy_alone_and_never_shown() {
    let dir = Dir::new();
    let (plain, at_plain) = origin();
    let (secured, at_secured, cacert) = https_origin(&dir);
    let (proxy, at_proxy) = http_proxy(Some(BASIC));
    let named = format!("http://jo%40e:hu%3Ash@{}", proxy.addr());
    let urls = [
        plain.url("/bytes/2"),
        format!("https://{}/", secured.addr()),
    ];
    for format in ["--format=human", "--format=jsonl"] {
        let args = ["-v", format, "--cacert", &cacert, &urls[0], &urls[1]];
        let args = [&["--retry=0", "--proxy", &named], &args[..]].concat();
        let run = crate::pfetch::pfetch(&args).run().exits(0);
        for secret in ["hu:sh", "hu%3Ash", "jo@e", "jo%40e", &BASIC[6..]] {
            // A name that is long enough is no accident.
            run.check(secret, !run.stdout.contains(secret));
            run.check(secret, !run.stderr.contains(secret));
        }
        let run = run.says(&format!("through proxy http://{}", proxy.addr()));
        // That they are sent is shown, with CONNECT too. What goes through the tunnel has none of them.
        run.check(
            "said twice",
            run.stderr.matches("> proxy-authorization: …\n").count() == 2,
        );
    }
    let seen = read(&at_proxy);
    assert_eq!(seen.len(), 4);
    for head in seen {
        let line = format!("\r\nproxy-authorization: {BASIC}\r\n");
        assert_eq!(head.matches(&line).count(), 1, "{head}");
    }
    for head in read(&at_plain).into_iter().chain(read(&at_secured)) {
        assert!(!head.contains("authorization"), "{head}");
    }
}

#[test]
fn an_address_given_for_a_name_that_the_proxy_looks_up_is_warned_of() {
    let (origin, _) = origin();
    let (proxy, _) = http_proxy(None);
    let url = origin.url("/bytes/1");
    let named = format!("http://proxy.invalid:{}", proxy.addr().port());
    let own = format!("--resolve=proxy.invalid:{}:127.0.0.1", proxy.addr().port());
    // The proxy's own name is looked up here.
    through(&named, &[&own, &url]).run().exits(0).says_nothing();
    for idle in ["other.invalid", "*"] {
        let idle = format!("--resolve={idle}:80:127.0.0.1");
        let run = through(&named, &[&own, &idle, &url]).run().exits(0);
        let run = run.complains_in_a_line();
        run.says("--resolve has no effect on what goes through this --proxy");
        // Some of the URLs may be reached without the proxy.
        let run = through(&named, &[&own, &idle, "--noproxy", "h", &url]).run();
        run.exits(0).says_nothing();
    }
}

#[test]
fn a_proxy_that_wants_credentials_says_so() {
    let dir = Dir::new();
    let (plain, _) = origin();
    let (secured, _, cacert) = https_origin(&dir);
    let (proxy, _) = http_proxy(Some(BASIC));
    for (userinfo, tunnel, plain_words) in [
        (
            "",
            "; give its name and password in the proxy's URL",
            "; give the proxy's name and password in its URL",
        ),
        (
            "joe:wrong@",
            ": it does not accept the name and password in its URL",
            ": the proxy does not accept the name and password in its URL",
        ),
    ] {
        let named = format!("http://{userinfo}{}", proxy.addr());
        let run = through(&named, &[&plain.url("/bytes/2")]).run().exits(1);
        let result = run.result();
        run.check("407", result["status"] == 407);
        run.check("status", result["error"]["kind"] == "status");
        let expected = format!("proxy authentication required{plain_words}");
        run.check("what is wrong", result["error"]["message"] == *expected);
        run.never_shows("wrong");

        let url = format!("https://{}/", secured.addr());
        let run = through(&named, &["--cacert", &cacert, &url]).run().exits(1);
        let expected = format!(
            "the proxy {}: refused a tunnel with status 407{tunnel}",
            proxy.addr()
        );
        let result = run.result();
        let error = crate::proxy::support::error(&result);
        run.check("why", error == ["proxy", "connect", &expected]);
        run.never_shows("wrong");
    }
    assert_eq!((plain.connections(), secured.connections()), (0, 0));
}

#[test]
fn a_tunnel_that_opens_late_and_in_pieces_is_a_tunnel() {
    let dir = Dir::new();
    let (origin, _, cacert) = https_origin(&dir);
    let proxy = Raw::start(|mut wire| {
        let target = wire.request().unwrap_or_default();
        let server = TcpStream::connect(target)?;
        for piece in ["HTTP/1.0 2", "00 \r\nVia: x", "\r\n\r", "\n"] {
            // Most likely a read of its own for the client, whose result is the same if not.
            wire.wait(Duration::from_millis(20));
            wire.send(piece)?;
        }
        relay(&mut wire, server)
    });
    let url = format!("https://{}/", origin.addr());
    let run = through(&proxy.url(""), &["--cacert", &cacert, &url]).run();
    let run = run.exits(0).says_nothing();
    run.check("ok", run.result()["bytes"] == 2);
}

#[test]
fn a_connect_is_shown_with_the_proxys_answer_as_it_came() {
    let dir = Dir::new();
    let (origin, _, cacert) = https_origin(&dir);
    for (status, code, exit) in [("200 Fine", 200, 0), ("403 No", 403, 1)] {
        let proxy = Raw::start(move |mut wire| {
            let target = wire.request().unwrap_or_default();
            // Interim heads and framing headers of a 2xx mean nothing here (RFC 9110, 9.3.6).
            wire.send("HTTP/1.1 102 Wait\r\nX: y\r\n\r\n")?;
            wire.send(format!(
                "HTTP/1.1 {status}\r\nVIA: a\r\n b\r\nno colon\r\nTransfer-Encoding: gzip\r\n\r\n"
            ))?;
            if code == 200 {
                return relay(&mut wire, TcpStream::connect(target)?);
            }
            Ok(())
        });
        let url = format!("https://{}/", origin.addr());
        let args = ["-v", "--cacert", &cacert, &url];
        let run = through(&proxy.url(""), &args).run().exits(exit);
        let exchanges = run.result()["exchanges"].clone();
        let connect = &exchanges[0];
        run.check("method", connect["method"] == "CONNECT");
        run.check(
            "url",
            connect["url"] == format!("https://{}", origin.addr()),
        );
        run.check("status", connect["status"] == code);
        let headers = serde_json::json!([["VIA", "a   b"], ["Transfer-Encoding", "gzip"]]);
        run.check("as it came", connect["response"] == headers);
        run.check("then the request", exchanges[1]["method"] == "GET");
        let same_proxy = connect["proxy"] == exchanges[1]["proxy"];
        run.check("the proxy by one name", same_proxy);
        run.says(&format!("< HTTP/1.1 {code}\n< VIA: a"));
    }
}
