//! Bodies larger than any buffer, most of them looked at by nobody.

use std::time::Duration;

use pfetch::http::FetchConfig;
use pfetch::model::outcome::FailureKind::{Checksum, Closed, Stall};
use pfetch::model::target::Verb;
use pfetch::model::timing::Phase;
use ring::digest::{SHA256, digest};

use crate::http::support::{assert_failed, client, fetch, get, get_with, target, told};
use crate::raw::Raw;
use crate::server::Server;

const LENGTH: usize = 1_000_003;

fn body() -> Vec<u8> {
    (0..LENGTH).map(|n| (n * 7 % 251) as u8).collect()
}

fn head() -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n")
}

#[test]
fn large_bodies_looked_at_or_not_leave_the_connection_where_the_next_answer_begins() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/length" => reply.send(200, "", &body()),
        "/chunked" => reply.send_chunked(&body()),
        _ => reply.send(200, "", b"small"),
    });
    let mut client = client(FetchConfig::default());
    for path in ["/length", "/small", "/chunked", "/length", "/sum", "/small"] {
        let mut target = target(&server.url(if path == "/sum" { "/length" } else { path }));
        if path == "/sum" {
            let sum = digest(&SHA256, &body());
            target.sha256 = Some(Box::new(sum.as_ref().try_into().expect("it has 32 bytes")));
        }
        let outcome = fetch(&mut client, &target, Verb::Get);
        let length = if path == "/small" { 5 } else { LENGTH };
        assert_eq!(told(&outcome), format!("ok 200 {length}"), "{path}");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_checksum_is_of_the_bytes_of_a_large_body() {
    let server = Server::with(|_, reply| reply.send(200, "", &body()));
    let mut target = target(&server.url("/"));
    target.sha256 = Some(Box::new([0; 32]));
    let outcome = fetch(&mut client(FetchConfig::default()), &target, Verb::Get);
    let failure = outcome.error().expect("it is another sum");
    assert_eq!(failure.kind, Checksum, "{outcome:#?}");
}

#[test]
fn a_large_body_that_is_cut_off_is_a_failure_with_the_bytes_that_came() {
    let server = Raw::start(|mut wire| {
        if wire.request().is_some() {
            wire.send(head())?;
            wire.send(&body()[..700_000])?;
        }
        Ok(())
    });
    let outcome = get(&server.url("/"), FetchConfig::default());
    assert_failed(
        "cut off",
        &outcome,
        Closed,
        Some(Phase::Receive),
        "the server closed the connection in the body, after 700000 bytes",
    );
    assert_eq!(outcome.bytes, 700_000, "{outcome:#?}");
}

#[test]
fn limits_hold_in_a_large_body_that_nobody_looks_at() {
    let server = Raw::start(|mut wire| {
        if wire.request().is_none() {
            return Ok(());
        }
        wire.send(head())?;
        wire.send(&body()[..700_000])?;
        wire.hang()
    });
    let config = FetchConfig {
        stall_timeout: Some(Duration::from_millis(500)),
        ..FetchConfig::default()
    };
    let mut stalling = client(config);
    let outcome = get_with(&mut stalling, &server.url("/"));
    let failure = outcome.error().expect("the server says no more");
    assert_eq!(failure.kind, Stall, "{outcome:#?}");
    let config = FetchConfig {
        max_bytes: Some(500_000),
        ..FetchConfig::default()
    };
    let outcome = get(&server.url("/"), config);
    let failure = outcome.error().expect("it is too large");
    assert!(failure.message.contains("500000"), "{outcome:#?}");
}
