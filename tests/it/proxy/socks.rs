//! SOCKS 5.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;

use crate::pfetch::pfetch;
use crate::proxy::support::{Log, error, note, origin, read, relay, through};
use crate::raw::{Raw, Wire};

/// What the proxy does.
#[derive(Clone, Copy)]
struct Manners {
    /// The user name and password that it wants.
    wanted: Option<(&'static str, &'static str)>,
    /// Its answer to the request.
    reply: u8,
}

const OPEN: Manners = Manners {
    wanted: None,
    reply: 0,
};

/// A SOCKS 5 proxy that notes what it is to connect to, as `name NAME` or `address ADDRESS`, and
/// connects to that port on the loopback whatever it is.
fn proxy(manners: Manners) -> (Raw, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let proxy = Raw::start(move |wire| serve(wire, manners, &kept));
    (proxy, log)
}

fn take<const N: usize>(wire: &mut Wire<'_>) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    wire.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn text(wire: &mut Wire<'_>) -> io::Result<String> {
    let [length] = take(wire)?;
    let mut bytes = vec![0; length.into()];
    wire.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn serve(mut wire: Wire<'_>, manners: Manners, log: &Log) -> io::Result<()> {
    let [version, count] = take(&mut wire)?;
    assert_eq!(version, 5);
    let mut methods = vec![0; count.into()];
    wire.read_exact(&mut methods)?;
    if let Some(wanted) = manners.wanted {
        if !methods.contains(&2) {
            wire.write_all(&[5, 0xff])?;
            // Not before the client has had enough.
            return wire.read(&mut [0]).map(drop);
        }
        wire.write_all(&[5, 2])?;
        let [version] = take(&mut wire)?;
        assert_eq!(version, 1);
        let given = (text(&mut wire)?, text(&mut wire)?);
        let good = (given.0.as_str(), given.1.as_str()) == wanted;
        wire.write_all(&[1, u8::from(!good)])?;
        if !good {
            return wire.read(&mut [0]).map(drop);
        }
    } else {
        assert!(methods.contains(&0));
        wire.write_all(&[5, 0])?;
    }
    let [version, command, _, kind] = take(&mut wire)?;
    assert_eq!((version, command), (5, 1));
    let host = match kind {
        1 => format!("address {}", IpAddr::from(take::<4>(&mut wire)?)),
        4 => format!("address {}", IpAddr::from(take::<16>(&mut wire)?)),
        _ => format!("name {}", text(&mut wire)?),
    };
    let port = u16::from_be_bytes(take(&mut wire)?);
    note(log, host);
    if manners.reply != 0 {
        wire.write_all(&[5, manners.reply, 0, 1, 0, 0, 0, 0, 0, 0])?;
        return wire.read(&mut [0]).map(drop);
    }
    let server = TcpStream::connect(("127.0.0.1", port))?;
    // The address it uses, as a name, which is as good as any.
    wire.write_all(b"\x05\x00\x00\x03\x04here\x00\x01")?;
    relay(&mut wire, server)
}

#[test]
fn an_address_is_sent_as_an_address_and_the_connection_is_kept() {
    for scheme in ["socks5", "socks5h"] {
        let (origin, at_origin) = origin();
        let (proxy, log) = proxy(OPEN);
        let named = format!("{scheme}://{}", proxy.addr());
        let url = origin.url("/bytes/10");
        let run = through(&named, &[&url, &url]).run().exits(0);
        let run = run.says_nothing();
        for (result, first) in run.results().iter().zip([true, false]) {
            run.check("bytes", result["bytes"] == 10);
            run.check("reused", result["reused"] != first);
        }
        assert_eq!(read(&log), ["address 127.0.0.1"], "{scheme}");
        // Not the form for proxies.
        for head in read(&at_origin) {
            assert!(head.starts_with("get /bytes/10 http/1.1\r\n"), "{head}");
        }
        assert_eq!((proxy.connections(), origin.connections()), (1, 1));
    }
}

#[test]
fn socks5h_leaves_the_look_up_to_the_proxy() {
    let (origin, _) = origin();
    let (proxy, log) = proxy(OPEN);
    let named = format!("socks5h://{}", proxy.addr());
    // No resolver knows this name (RFC 6761).
    let url = format!("http://origin.invalid:{}/bytes/3", origin.addr().port());
    through(&named, &[&url]).run().exits(0).says_nothing();
    assert_eq!(read(&log), ["name origin.invalid"]);
}

#[test]
fn socks5_looks_the_name_up_and_sends_an_address() {
    let (origin, _) = origin();
    let (proxy, log) = proxy(OPEN);
    let named = format!("socks5://{}", proxy.addr());
    let port = origin.addr().port();
    // What the user has pinned counts as looked up.
    let pin = format!("origin.invalid:{port}:127.0.0.1");
    let url = format!("http://origin.invalid:{port}/bytes/3");
    through(&named, &["--resolve", &pin, &url]).run().exits(0);
    let url = format!("http://localhost:{port}/bytes/3");
    through(&named, &["-4", &url]).run().exits(0);
    assert_eq!(read(&log), ["address 127.0.0.1", "address 127.0.0.1"]);
}

#[test]
fn a_name_and_password_are_sent_to_a_proxy_that_asks() {
    let (origin, at_origin) = origin();
    let (proxy, log) = proxy(Manners {
        wanted: Some(("jo@e", "hu:sh")),
        ..OPEN
    });
    let url = origin.url("/bytes/1");
    let named = format!("socks5://jo%40e:hu%3Ash@{}", proxy.addr());
    let run = through(&named, &["-v", &url]).run().exits(0);
    run.never_shows("hu:sh")
        .never_shows("hu%3Ash")
        .never_shows("jo@e");
    assert_eq!(read(&log).len(), 1);
    assert!(!read(&at_origin)[0].contains("authorization"));

    for (userinfo, why) in [
        (
            "",
            "asks for a name and password; give them in the proxy's URL",
        ),
        ("joe:wrong@", "does not accept this name and password"),
    ] {
        let named = format!("socks5h://{userinfo}{}", proxy.addr());
        let run = through(&named, &[&url]).run().exits(1).never_shows("wrong");
        let expected = format!("the proxy {}: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_proxy_that_wants_another_way_to_log_in_does_not_ask_for_what_was_given() {
    let missing = "asks for a name and password; give them in the proxy's URL";
    let other = "accepts none of the ways to log in that pfetch has: without a name, or by name and \
                 password";
    // 255: none of those offered; 1: GSSAPI, and 128: a private one, which nobody had offered.
    for (userinfo, method, why) in [
        ("", 255, missing),
        ("", 2, missing),
        ("", 1, other),
        ("", 128, other),
        ("joe:hush@", 255, other),
        ("joe:hush@", 1, other),
        ("joe:hush@", 128, other),
    ] {
        let proxy = Raw::start(move |mut wire| {
            let [_, count] = take(&mut wire)?;
            wire.read_exact(&mut vec![0; count.into()])?;
            wire.write_all(&[5, method])?;
            wire.read(&mut [0]).map(drop)
        });
        let named = format!("socks5h://{userinfo}{}", proxy.addr());
        let run = through(&named, &["http://origin.invalid/"]).run().exits(1);
        let expected = format!("the proxy {}: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
        run.never_shows("hush");
    }
}

#[test]
fn a_refusal_is_told_in_words() {
    let (origin, _) = origin();
    for (reply, why) in [
        (1, "it failed"),
        (2, "its rules do not allow it"),
        (3, "the network cannot be reached"),
        (4, "the host cannot be reached"),
        (5, "the connection was refused"),
        (8, "it cannot do that"),
    ] {
        let (proxy, _) = proxy(Manners { reply, ..OPEN });
        let named = format!("socks5://{}", proxy.addr());
        let run = through(&named, &[&origin.url("/bytes/1")]).run().exits(1);
        let expected = format!("the proxy {}: could not connect: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
        let url = origin.url("/bytes/1");
        let again = ["--retry=1", "--retry-delay=1ms", "--proxy", &named, &url];
        let run = pfetch(&[&["--format=jsonl"], &again[..]].concat());
        let run = run.run().exits(1);
        let attempts = if matches!(reply, 1 | 3..=6) { 2 } else { 1 };
        run.check(why, run.result()["attempts"] == attempts);
    }
    assert_eq!(origin.connections(), 0);
}

/// A SOCKS 5 proxy that gives each address this reply, and notes it.
fn replying(replies: fn(IpAddr) -> u8) -> (Raw, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let proxy = Raw::start(move |mut wire| {
        let _: [u8; 3] = take(&mut wire)?;
        wire.write_all(&[5, 0])?;
        let [_, _, _, kind] = take(&mut wire)?;
        let address = match kind {
            1 => IpAddr::from(take::<4>(&mut wire)?),
            4 => IpAddr::from(take::<16>(&mut wire)?),
            other => panic!("an address, not kind {other}"),
        };
        let port = u16::from_be_bytes(take(&mut wire)?);
        note(&kept, address.to_string());
        let reply = replies(address);
        wire.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])?;
        if reply != 0 {
            return wire.read(&mut [0]).map(drop);
        }
        let server = TcpStream::connect(("127.0.0.1", port))?;
        relay(&mut wire, server)
    });
    (proxy, log)
}

#[test]
fn an_address_that_the_proxy_does_not_reach_is_followed_by_the_next() {
    let (origin, _) = origin();
    let port = origin.addr().port();
    let url = format!("http://origin.invalid:{port}/bytes/3");
    let replies: fn(IpAddr) -> u8 = |address| match address.to_string().as_str() {
        "192.0.2.3" => 3,
        "192.0.2.4" => 4,
        "192.0.2.5" => 5,
        "2001:db8::8" => 8,
        _ => 0,
    };
    for scheme in ["socks5", "socks5h"] {
        for (addresses, asked) in [
            ("192.0.2.3,192.0.2.9", &["192.0.2.3", "192.0.2.9"][..]),
            ("192.0.2.4,192.0.2.9", &["192.0.2.4", "192.0.2.9"]),
            ("192.0.2.5,192.0.2.9", &["192.0.2.5", "192.0.2.9"]),
            ("[2001:db8::8],192.0.2.9", &["2001:db8::8", "192.0.2.9"]),
            (
                "192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.9",
                &["192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.9"],
            ),
        ] {
            let (proxy, log) = replying(replies);
            let named = format!("{scheme}://{}", proxy.addr());
            let pin = format!("--resolve=origin.invalid:{port}:{addresses}");
            let run = through(&named, &[&pin, &url]).run().exits(0);
            run.check("one attempt", run.result()["attempts"] == 1);
            assert_eq!(read(&log), asked, "{scheme} {addresses}");
            assert_eq!(proxy.connections(), asked.len(), "{scheme} {addresses}");
        }
    }
}

/// The reply to a CONNECT to an address.
type ReplyTo = fn(IpAddr) -> u8;

#[test]
fn no_other_reply_is_followed_by_another_address_and_no_more_than_four_are_tried() {
    let all = "192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4,192.0.2.5";
    let url = "http://origin.invalid/";
    let pin = format!("--resolve=origin.invalid:80:{all}");
    let cases: [(ReplyTo, usize, &str); 7] = [
        (|_| 1, 1, "it failed"),
        (|_| 2, 1, "its rules do not allow it"),
        (|_| 6, 1, "it took too long"),
        (|_| 7, 1, "it cannot do that"),
        (|_| 5, 4, "the connection was refused"),
        (|_| 8, 4, "it cannot do that"),
        // Of several, the one that may pass.
        (
            |address| {
                if address.to_string() == "192.0.2.2" {
                    4
                } else {
                    8
                }
            },
            4,
            "the host cannot be reached",
        ),
    ];
    for (replies, tried, why) in cases {
        let (proxy, log) = replying(replies);
        let named = format!("socks5://{}", proxy.addr());
        let run = through(&named, &[&pin, url]).run().exits(1);
        let expected = format!("the proxy {}: could not connect: {why}", proxy.addr());
        assert_eq!(error(&run.result()), ["proxy", "connect", &expected]);
        assert_eq!(read(&log).len(), tried, "{why}: {:?}", read(&log));
    }
}

#[test]
fn socks_is_version_5_and_the_proxy_resolves_names_which_verbose_says() {
    let (origin, _) = origin();
    let (proxy, log) = proxy(OPEN);
    let named = format!("socks://{}", proxy.addr());
    let url = format!("http://origin.invalid:{}/bytes/3", origin.addr().port());
    let run = through(&named, &["-v", &url]).run().exits(0);
    run.says(&format!("through proxy socks5h://{}", proxy.addr()));
    assert_eq!(read(&log), ["name origin.invalid"]);
}

#[test]
fn an_address_that_the_user_gives_is_sent_in_place_of_the_name() {
    let (origin, _) = origin();
    let port = origin.addr().port();
    for scheme in ["socks5", "socks5h"] {
        let (proxy, log) = proxy(OPEN);
        let named = format!("{scheme}://{}", proxy.addr());
        let pin = format!("--resolve=origin.invalid:{port}:127.0.0.9");
        let url = format!("http://origin.invalid:{port}/bytes/3");
        through(&named, &[&pin, &url]).run().exits(0).says_nothing();
        assert_eq!(read(&log), ["address 127.0.0.9"], "{scheme}");
    }
}
