//! Lists that go in turns over many hosts: each host keeps its connection until its next turn.

use std::net::{Ipv4Addr, TcpListener};

use crate::authority::Authority;
use crate::pfetch::{Dir, pfetch};
use crate::raw::Raw;
use crate::secure::{head, say, secure, server_config};

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A list of `count` URLs in turns over so many hosts: loopback addresses, of which Linux has 16 million.
fn in_turns(scheme: &str, port: u16, hosts: usize, count: usize) -> String {
    let url = |number: usize| {
        let host = number % hosts;
        let (third, fourth) = (1 + host / 250, 1 + host % 250);
        format!("{scheme}://127.0.{third}.{fourth}:{port}/{number}\n")
    };
    (0..count).map(url).collect()
}

/// On a busy machine an answer may come so late that its host has its next turn meanwhile.
fn few_more_than(hosts: usize, connections: usize) {
    let shown = format!("{connections} connections to {hosts} hosts");
    assert!((hosts..hosts + hosts / 5).contains(&connections), "{shown}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_hosts_in_turns_take_a_connection_each() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let server = Raw::on(listener, |mut wire| {
        while wire.request().is_some() {
            wire.send(ANSWER)?;
        }
        Ok(())
    });
    let dir = Dir::new();
    let list = dir.file("list", in_turns("http", server.addr().port(), 1_000, 3_000));
    let run = pfetch(&["-j8", "--retry=0", "--summary-only", "-i", &list]).run();
    run.exits(0).prints("3,000 URLs: 3,000 ok");
    few_more_than(1_000, server.connections());
}

#[cfg(target_os = "linux")]
#[test]
fn many_hosts_in_turns_over_tls_take_a_handshake_each() {
    let identity = Authority::new("many hosts").loopback();
    let config = server_config(&identity, None);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let server = Raw::on(listener, move |wire| {
        let mut wire = secure(&config, wire)?;
        while head(&mut wire).is_some() {
            say(&mut wire, ANSWER)?;
        }
        Ok(())
    });
    let dir = Dir::new();
    let list = dir.file("list", in_turns("https", server.addr().port(), 400, 1_200));
    // No certificate is good for all of the addresses.
    let run = pfetch(&["-j8", "-k", "--retry=0", "--summary-only", "-i", &list]).run();
    run.exits(0).prints("1,200 URLs: 1,200 ok");
    few_more_than(400, server.connections());
}
