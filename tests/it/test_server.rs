//! The test server itself: what the other tests build on.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::server::{Server, bytes, routes};

/// Sends `text` on one connection and reads to its end.
fn exchange(server: &Server, text: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.addr()).expect("the server listens");
    stream.write_all(text.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    answer
}

/// The head and the body of the answer to one GET on a connection of its own.
fn get(server: &Server, target: &str) -> (String, Vec<u8>) {
    let answer = exchange(
        server,
        &format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"),
    );
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("an answer has a head");
    let (head, body) = answer.split_at(end + 4);
    (String::from_utf8_lossy(head).into_owned(), body.to_vec())
}

#[test]
fn built_in_routes_answer_as_documented() {
    let server = Server::start();
    for (target, head, body) in [
        ("/bytes/3", "HTTP/1.1 200 ", "\0\u{1}\u{2}"),
        ("/delay/1", "HTTP/1.1 200 ", "waited 1 ms\n"),
        ("/delay/0/2", "HTTP/1.1 200 ", "\0\u{1}"),
        ("/status/503", "HTTP/1.1 503 ", "status 503\n"),
        ("/status/204", "HTTP/1.1 204 ", ""),
        ("/redirect/2", "Location: /redirect/1\r\n", ""),
        ("/redirect/0", "HTTP/1.1 200 ", "arrived\n"),
        (
            "/redirect-to?url=http%3A%2F%2Fa.example%2F%3Fb%3D1%26c",
            "Location: http://a.example/?b=1&c\r\n",
            "",
        ),
        (
            "/chunked/2",
            "Transfer-Encoding: chunked\r\n",
            "2\r\n\0\u{1}\r\n0\r\n\r\n",
        ),
        ("/close/2", "HTTP/1.1 200 ", "\0\u{1}"),
        ("/bytes/many", "HTTP/1.1 404 ", "not found\n"),
        ("/delay/soon", "HTTP/1.1 404 ", "not found\n"),
        ("/status/99", "HTTP/1.1 404 ", "not found\n"),
        ("/", "HTTP/1.1 404 ", "not found\n"),
    ] {
        let (got_head, got_body) = get(&server, target);
        assert!(got_head.contains(head), "{target}: {got_head}");
        assert_eq!(String::from_utf8_lossy(&got_body), body, "{target}");
    }
}

#[test]
fn large_bodies_arrive_whole() {
    let server = Server::start();
    let (head, body) = get(&server, "/bytes/200000");
    assert!(head.contains("Content-Length: 200000\r\n"), "{head}");
    assert_eq!(body, bytes(200_000));
}

#[test]
fn echo_gives_the_head_back() {
    let server = Server::start();
    let head = "GET /echo HTTP/1.0\r\nX-Word: hello\r\n\r\n";
    let answer = exchange(&server, head);
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.ends_with(&format!("\r\n\r\n{head}")), "{answer}");
}

#[test]
fn a_connection_serves_many_requests_and_closes_when_asked() {
    let server = Server::start();
    let answer = exchange(
        &server,
        "GET /a HTTP/1.1\r\n\r\n\
         HEAD /bytes/5 HTTP/1.1\r\n\r\n\
         GET /b HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n\
         GET /c HTTP/1.0\r\n\r\n\
         GET /never-read HTTP/1.1\r\n\r\n",
    );
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(server.targets(), ["/a", "/bytes/5", "/b", "/c"], "{answer}");
    assert_eq!(server.requests(), 4);
    assert_eq!(server.connections(), 1);
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 4, "{answer}");
    assert!(
        answer.contains("Content-Length: 5\r\nConnection: keep-alive\r\n\r\nHTTP/1.1"),
        "a HEAD has no body: {answer}"
    );
}

#[test]
fn methods_with_a_body_are_refused() {
    let server = Server::start();
    let answer = exchange(&server, "POST /echo HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 405 "));
}

#[test]
fn requests_served_at_once_are_counted() {
    // Nobody is answered before all three have come, so that the peak is known.
    let together = std::sync::Barrier::new(3);
    let server = Server::with(move |request, reply| {
        together.wait();
        routes(request, reply)
    });
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| get(&server, "/status/200"));
        }
    });
    assert_eq!(server.max_concurrent(), 3);
}

#[test]
fn one_after_the_other_is_never_counted_as_two_at_once() {
    let server = Server::start();
    for _ in 0..100 {
        get(&server, "/bytes/10");
    }
    assert_eq!((server.max_concurrent(), server.connections()), (1, 100));
}

#[test]
fn handlers_can_be_wrong_on_purpose() {
    let server = Server::with(|request, reply| match request.header("x-fault") {
        Some("short") => reply
            .raw()
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
        _ => routes(request, reply),
    });
    let answer = exchange(&server, "GET / HTTP/1.1\r\nX-Fault: short\r\n\r\n");
    assert!(answer.ends_with(b"\r\n\r\nabc"));
    let answer = exchange(&server, "GET / HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 404 "));
}

#[test]
fn dropping_the_server_ends_what_hangs() {
    let server = Server::start();
    let mut waiting: Vec<TcpStream> = ["/hang", "/delay/86400000", "/status/200"]
        .iter()
        .map(|target| {
            let mut stream = TcpStream::connect(server.addr()).expect("the server listens");
            write!(stream, "HEAD {target} HTTP/1.1\r\n\r\n").expect("sent");
            stream
        })
        .collect();
    // An answer on the last connection, which then stays open and idle.
    waiting[2].read_exact(&mut [0]).expect("answered");
    drop(server);
    for stream in &mut waiting {
        // Whether by an end or by a reset: the wait is over.
        let _ = stream.read_to_end(&mut Vec::new());
        let _ = stream.shutdown(Shutdown::Both);
    }
}

#[test]
#[should_panic(expected = "a scoped thread panicked")]
fn a_panicking_handler_fails_the_test() {
    let server = Server::with(|_, _| panic!("on purpose"));
    assert_eq!(exchange(&server, "GET / HTTP/1.1\r\n\r\n"), b"");
}
