//! Which addresses are connected to, and which never: `--block-private`, `--resolve`, `-4`, `-6`,
//! `--https-only`.

use std::net::TcpListener;

use serde_json::Value;

use crate::pfetch::{Run, pfetch};
use crate::server::Server;

fn run(args: &[&str], url: &str) -> Run {
    pfetch(&[args, &["--format=jsonl", url]].concat()).run()
}

#[track_caller]
fn assert_refused(run: Run, what: &str, kind: &str) -> Value {
    let run = run.exits(1);
    let result = run.result();
    run.check(what, result["error"]["kind"] == kind);
    run.check(what, result["attempts"] == 1);
    run.check(what, result["remote"].is_null());
    result["error"].clone()
}

#[test]
fn block_private_connects_to_nothing_private_however_it_is_written() {
    let server = Server::start();
    let port = server.addr().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "0.0.0.0",
        "0",
        "10.0.0.1",
        "169.254.169.254",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
    ] {
        let url = format!("http://{host}:{port}/bytes/1");
        let error = assert_refused(run(&["--block-private"], &url), host, "private");
        let message = error["message"].as_str().unwrap_or_default();
        let words = "which is not a public address (--block-private)";
        assert!(message.ends_with(words), "{host}: {error}");
        assert_eq!(server.connections(), 0, "{host}: {error}");
    }
    // Without it, this is where one comes.
    for host in ["127.1", "0x7f.0.0.1", "localhost"] {
        run(&[], &format!("http://{host}:{port}/bytes/1")).exits(0);
    }
}

#[test]
fn block_private_looks_at_the_address_and_not_at_the_name() {
    let server = Server::start();
    let port = server.addr().port();
    let url = format!("http://public.invalid:{port}/bytes/1");
    for address in ["127.0.0.1", "[::ffff:127.0.0.1]", "::1", "192.168.0.1"] {
        let pin = format!("--resolve=public.invalid:{port}:{address}");
        assert_refused(run(&["--block-private", &pin], &url), &pin, "private");
    }
    // One of several is enough.
    let pins = [
        format!("--resolve=public.invalid:{port}:8.8.8.8"),
        format!("--resolve=public.invalid:{port}:127.0.0.1"),
    ];
    let run = run(&["--block-private", &pins[0], &pins[1]], &url);
    assert_refused(run, "a private one among them", "private");
    assert_eq!(server.connections(), 0);
}

#[test]
fn block_private_follows_no_redirect_of_a_private_server() {
    // A server that a test can have is itself private, so its redirect is never seen.
    let inner = Server::start();
    let to = inner.url("/bytes/1");
    let outer = Server::with(move |_, reply| reply.send(302, &format!("Location: {to}\r\n"), b""));
    run(&[], &outer.url("/")).exits(0);
    let before = inner.requests();
    assert_refused(
        run(&["--block-private"], &outer.url("/")),
        "redirect",
        "private",
    );
    assert_eq!(inner.requests(), before);
}

#[test]
fn resolve_says_where_a_name_is() {
    let server = Server::start();
    let port = server.addr().port();
    let url = format!("http://Some.Invalid:{port}/echo");
    let pin = format!("--resolve=some.INVALID:{port}:127.0.0.1");
    let run = run(&[&pin], &url).exits(0);
    let result = run.result();
    run.check("remote", result["remote"] == server.addr().to_string());
    run.check("no look-up", result["timing"]["dns"].is_null());
    // It is for this port alone, and for this name alone.
    for (host, port) in [("some.invalid", port ^ 1), ("other.invalid", port)] {
        let url = format!("http://{host}:{port}/");
        let run = self::run(&["--retry=0", "--connect-timeout=20s", &pin], &url).exits(1);
        run.check("not there", run.result()["remote"].is_null());
    }
    run.check("one connection", server.connections() == 1);
}

#[test]
fn resolve_tries_the_addresses_it_is_given() {
    let server = Server::start();
    let port = server.addr().port();
    let url = format!("http://some.invalid:{port}/bytes/1");
    // Nobody listens there on the first.
    let pins = [
        format!("--resolve=some.invalid:{port}:127.0.0.2"),
        format!("--resolve=some.invalid:{port}:127.0.0.1"),
    ];
    let run = run(&[&pins[0], &pins[1], "--retry=0"], &url).exits(0);
    let remote = run.result()["remote"].clone();
    run.check("the second", remote == server.addr().to_string());
}

#[test]
fn resolve_takes_several_addresses_any_spelling_and_every_host() {
    let server = Server::start();
    let port = server.addr().port();
    let here = server.addr().to_string();
    for (pin, host) in [
        // Nobody listens there on the first two.
        (
            "some.invalid:PORT:127.0.0.2,[::1],127.0.0.1",
            "some.invalid",
        ),
        ("bücher.invalid:PORT:127.0.0.1", "bücher.invalid"),
        ("xn--bcher-kva.invalid:PORT:127.0.0.1", "BÜCHER.invalid."),
        ("some.invalid.:PORT:127.0.0.1", "some.invalid"),
        ("some.invalid:PORT:127.0.0.1", "some.invalid."),
        ("[2001:db8::1]:PORT:127.0.0.1", "[2001:db8:0::1]"),
        ("192.0.2.1:PORT:127.0.0.1", "192.0.2.1"),
        ("*:PORT:127.0.0.1", "some.invalid"),
        ("*:PORT:127.0.0.1", "[2001:db8::1]"),
    ] {
        let pin = pin.replace("PORT", &port.to_string());
        let url = format!("http://{host}:{port}/bytes/1");
        let run = run(&["--retry=0", "--resolve", &pin], &url).exits(0);
        run.check(&pin, run.result()["remote"] == *here);
    }
    // An entry for the host itself comes before that for every host.
    let (all, one) = (
        format!("--resolve=*:{port}:127.0.0.2"),
        format!("--resolve=some.invalid:{port}:127.0.0.1"),
    );
    let url = format!("http://some.invalid:{port}/bytes/1");
    run(&[&all, &one, "--retry=0"], &url).exits(0);
}

#[test]
fn a_resolve_entry_that_cannot_be_kept_is_a_mistake() {
    for (pin, words) in [
        ("+some.invalid:80:127.0.0.1", "leave the '+' out"),
        ("-some.invalid:80", "leave the entry out"),
        ("some.invalid:80", "HOST:PORT:ADDR"),
        ("some.invalid", "HOST:PORT:ADDR"),
        ("[::1]", "HOST:PORT:ADDR"),
        ("some.invalid:0:127.0.0.1", "the port"),
        ("some.invalid:65536:127.0.0.1", "the port"),
        ("some.invalid:80:here", "the address"),
        ("some.invalid:80:127.0.0.1,", "the address"),
        ("some.invalid:80:", "the address"),
        (":80:127.0.0.1", "the host"),
        ("a b:80:127.0.0.1", "the host"),
    ] {
        let pin = format!("--resolve={pin}");
        let run = pfetch(&[pin.as_str(), "http://127.0.0.1:1/"])
            .run()
            .exits(2);
        run.complains_in_a_line().says("--resolve").says(words);
    }
}

#[test]
fn localhost_and_all_names_below_it_are_the_loopback() {
    let server = Server::start();
    let port = server.addr().port();
    for host in [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "app.localhost",
        "a.b.localhost",
        "app.localhost.",
    ] {
        let url = format!("http://{host}:{port}/bytes/1");
        let run = run(&["--retry=0"], &url).exits(0);
        let result = run.result();
        run.check(host, result["remote"] == server.addr().to_string());
        run.check("no look-up", result["timing"]["dns"].is_null());
        assert_refused(self::run(&["--block-private"], &url), host, "private");
    }
    // Both families: the one that listens is found.
    if let Ok(listener) = TcpListener::bind("[::1]:0") {
        let addr = listener.local_addr().expect("a bound socket has a name");
        let server = crate::raw::Raw::on(listener, |mut wire| {
            wire.request();
            wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        });
        let url = format!("http://app.localhost:{}/", addr.port());
        let run = run(&["--retry=0"], &url).exits(0);
        run.check("remote", run.result()["remote"] == addr.to_string());
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_redirect_goes_where_resolve_says_too() {
    let to = Server::start();
    let port = to.addr().port();
    let location = format!("Location: http://away.invalid:{port}/bytes/7\r\n");
    let from = Server::with(move |_, reply| reply.send(302, &location, b""));
    let pin = format!("--resolve=away.invalid:{port}:127.0.0.1");
    let run = run(&[&pin], &from.url("/")).exits(0);
    run.check("arrived", run.result()["bytes"] == 7);
    run.check("asked", to.targets() == ["/bytes/7"]);
}

#[test]
fn one_family_is_used_when_one_is_asked_for() {
    let server = Server::start();
    let port = server.addr().port();
    let by_name = format!("http://localhost:{port}/bytes/1");
    run(&["-4"], &by_name).exits(0);
    run(&["-4"], &server.url("/bytes/1")).exits(0);
    assert_eq!(server.connections(), 2);
    // The server has no IPv6 address, and nor have these.
    run(&["-6", "--retry=0"], &by_name).exits(1);
    let error = assert_refused(run(&["-6"], &server.url("/")), "-6", "dns");
    assert_eq!(error["message"], "127.0.0.1 has no IPv6 address (-6)");
    let v6 = format!("http://[::1]:{port}/");
    let error = assert_refused(run(&["-4"], &v6), "-4", "dns");
    assert_eq!(error["message"], "[::1] has no IPv4 address (-4)");
    // An address that was given for the name is no exception.
    let pinned = format!("http://some.invalid:{port}/bytes/1");
    let (v4, v6) = (
        format!("--resolve=some.invalid:{port}:127.0.0.1"),
        format!("--resolve=some.invalid:{port}:::1"),
    );
    let error = assert_refused(run(&["-6", &v4], &pinned), "-6 --resolve", "dns");
    assert_eq!(error["message"], "some.invalid has no IPv6 address (-6)");
    assert_eq!(server.connections(), 2);
    run(&["-4", &v6, &v4], &pinned).exits(0);
    assert_eq!(server.connections(), 3);
}

#[test]
fn a_server_on_ipv6_is_reached() {
    // Some machines have no IPv6 loopback at all: then there is nothing to reach, and it is said.
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        let run = run(&["--retry=0"], "http://[::1]:9/").exits(1);
        run.check("no IPv6", run.result()["error"]["kind"] == "connect");
        return;
    };
    let addr = listener.local_addr().expect("a bound socket has a name");
    let answer = |mut wire: crate::raw::Wire<'_>| {
        wire.request();
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    };
    let server = crate::raw::Raw::on(listener, answer);
    let url = format!("http://{addr}/");
    for args in [&[][..], &["-6"]] {
        let run = run(args, &url).exits(0);
        run.check("remote", run.result()["remote"] == addr.to_string());
    }
    assert_refused(run(&["--block-private"], &url), "::1", "private");
    assert_eq!(server.connections(), 2);
}

#[test]
#[cfg(target_os = "linux")]
fn an_address_with_a_zone_is_reached_and_its_zone_stays_here() {
    // Some machines have no IPv6 loopback at all.
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return;
    };
    let addr = listener.local_addr().expect("a bound socket has a name");
    let port = addr.port();
    let server = crate::raw::Raw::on(listener, |mut wire| {
        while let Some(target) = wire.request() {
            let location = match target.as_str() {
                "/from" => "Location: /to\r\n",
                _ => "",
            };
            let status = if location.is_empty() {
                "200 OK"
            } else {
                "302 Found"
            };
            wire.send(format!(
                "HTTP/1.1 {status}\r\n{location}Content-Length: 0\r\n\r\n"
            ))?;
        }
        Ok(())
    });
    // Linux has this interface everywhere, and numbers it 1.
    for zone in ["%25lo", "%lo", "%251"] {
        let url = format!("http://[::1{zone}]:{port}/from");
        let run = run(&["--retry=0"], &url).exits(0);
        run.check(zone, run.result()["status"] == 200);
        assert_refused(self::run(&["--block-private"], &url), zone, "private");
    }
    for head in server.heads() {
        let host = format!("host: [::1]:{port}\r\n");
        assert!(head.to_lowercase().contains(&host), "{head}");
        assert!(!head.contains('%'), "{head}");
    }
    assert_eq!(server.requests().len(), 6);
    let url = format!("http://[fe80::1%25nothere0]:{port}/");
    let error = assert_refused(run(&["--retry=0"], &url), "no interface", "dns");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("no network interface \"nothere0\""),
        "{message}"
    );
    let run = run(&["--retry=0"], "http://[fe80::1%25a%20b]/").exits(1);
    run.check("a bad line", run.result()["error"]["kind"] == "input");
}

#[test]
fn https_only_refuses_everything_else_before_it_is_asked_for() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let error = assert_refused(run(&["--https-only"], &url), "http", "input");
    let words = "this is not an https URL (--https-only, or curl's --proto =https)";
    assert_eq!(error["message"], words);
    assert_eq!(server.connections(), 0);
    let args = ["--https-only", "--allow-downgrade", &url];
    pfetch(&args).run().exits(2);
}
