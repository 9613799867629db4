//! Proxies that are spoken to under TLS.

use std::sync::Arc;

use crate::authority::{Authority, Identity, Valid};
use crate::pfetch::Dir;
use crate::proxy::support::{Log, error, origin, read, serve_http, through};
use crate::raw::Raw;
use crate::secure::{head, say, secure, server_config};

/// An HTTP proxy under TLS.
fn proxy(identity: &Identity) -> (Raw, Log) {
    let config = server_config(identity, None);
    let log = Log::default();
    let kept = Arc::clone(&log);
    let proxy = Raw::start(move |wire| serve_http(&mut secure(&config, wire)?, &kept, None));
    (proxy, log)
}

#[test]
fn http_and_https_both_go_through_it() {
    let dir = Dir::new();
    let authority = Authority::new("the test's own authority");
    let cacert = dir.file("ca.pem", authority.pem());
    let (plain, _) = origin();
    let config = server_config(&authority.loopback(), None);
    let secured = Raw::start(move |wire| {
        let mut line = secure(&config, wire)?;
        while head(&mut line).is_some() {
            say(
                &mut line,
                "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n",
            )?;
            say(&mut line, &"x".repeat(30_000))?;
        }
        Ok(())
    });
    let (proxy, log) = proxy(&authority.loopback());
    let named = format!("https://{}", proxy.addr());
    let url = plain.url("/bytes/30000");
    let run = through(&named, &["--cacert", &cacert, &url, &url]).run();
    let run = run.exits(0).says_nothing();
    for (result, reused) in run.results().iter().zip([false, true]) {
        run.check("bytes", result["bytes"] == 30_000);
        run.check("reused", result["reused"] == reused);
        // The proxy's TLS is part of reaching it; the URL has none.
        run.check("no TLS of its own", result["timing"]["ssl"].is_null());
    }
    let url = format!("https://{}/", secured.addr());
    let run = through(&named, &["--cacert", &cacert, &url, &url]).run();
    let run = run.exits(0).says_nothing();
    for (result, first) in run.results().iter().zip([true, false]) {
        run.check("bytes", result["bytes"] == 30_000);
        run.check(
            "TLS within TLS",
            result["timing"]["ssl"].is_number() == first,
        );
    }
    assert_eq!(read(&log).len(), 3);
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn a_proxy_with_a_bad_certificate_gets_nothing_and_is_named() {
    let (authority, dir) = (Authority::new("the test's own authority"), Dir::new());
    let cacert = dir.file("ca.pem", authority.pem());
    let (origin, _) = origin();
    let (proxy, log) = proxy(&authority.issue(&["127.0.0.1"], Valid::NoLonger));
    let named = format!("https://joe:hush@{}", proxy.addr());
    for url in [origin.url("/bytes/1"), "https://127.0.0.1:1/".to_owned()] {
        let run = through(&named, &["--cacert", &cacert, &url]).run();
        let run = run.exits(1).never_shows("hush");
        let result = run.result();
        let [kind, phase, message] = error(&result);
        run.check("the proxy", (kind, phase) == ("proxy", "connect"));
        let expected = format!("the proxy {}: the certificate has expired", proxy.addr());
        run.check("why", message.starts_with(&expected));
    }
    assert!(read(&log).is_empty());
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_proxy_that_does_not_get_through_the_handshake_is_named() {
    let (origin, _) = origin();
    for (reset, why) in [
        (false, "closed the connection in the handshake"),
        (true, "reset the connection"),
    ] {
        let proxy = Raw::start(move |mut wire| {
            wire.read_once()?;
            if reset { wire.reset() } else { Ok(()) }
        });
        let named = format!("https://{}", proxy.addr());
        let run = through(&named, &[&origin.url("/bytes/1")]).run().exits(1);
        let expected = format!("the proxy {}: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
    }
    assert_eq!(origin.connections(), 0);
}
