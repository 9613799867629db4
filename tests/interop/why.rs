//! `--compare` says why, with real servers: nginx that limits connections, rates and requests, a server with one thread,
//! and a client that is bound to one processor.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::busy::certainly;
use crate::daemon::Daemon;
use crate::nginx::Nginx;
use crate::peer::is_missing;
use crate::pfetch::pfetch;
use crate::server::Server;

/// A server that works on one request at a time, each of which takes 20 ms.
const ONE_THREAD: &str = r#"
import http.server, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.02)
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"here")

class Server(http.server.HTTPServer):
    request_queue_size = 128

Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;

/// A list of so many URLs with this beginning.
fn list(prefix: &str, urls: usize) -> String {
    (0..urls).map(|n| format!("{prefix}?{n}\n")).collect()
}

/// Compares until the first reason is the expected one, and returns the result.
#[track_caller]
fn first_reason(expected: Option<&str>, list: &str, args: &[&str], under: &[&str]) -> Value {
    let (_, result) = certainly(|| {
        let first = [
            "--compare",
            "--runs=3",
            "--warmup=0",
            "-j8",
            "--format=jsonl",
        ];
        let mut run = pfetch(&[&first[..], args, &["-"]].concat());
        if !under.is_empty() {
            run = run.under(under);
        }
        let result = run.stdin(list).run().json().pop().unwrap();
        (first_of(&result) == expected, result)
    });
    assert_eq!(first_of(&result), expected, "{result:#}");
    result
}

fn first_of(result: &Value) -> Option<&str> {
    result["why"]["reasons"][0]["reason"].as_str()
}

/// nginx with this in its server block, and a file of 96 KiB that is sent in three pieces.
fn nginx(http: &str, server: &str) -> Option<Nginx> {
    if is_missing("nginx", "nginx-light") {
        return None;
    }
    let server = format!("{server} sendfile on; sendfile_max_chunk 32k;");
    let nginx = Nginx::start(http, &server);
    fs::write(nginx.root().join("file"), vec![b'x'; 96 * 1024]).unwrap();
    Some(nginx)
}

#[test]
fn nginx_that_limits_connections_is_said_to_slow_down_parallel_clients() {
    let http = "limit_conn_zone $server_port zone=all:1m;";
    let server = "limit_conn all 2; limit_rate 1600k;";
    let Some(nginx) = nginx(http, server) else {
        return;
    };
    let result = first_reason(Some("push-back"), &list(&nginx.url("/file"), 24), &[], &[]);
    let first = &result["why"]["reasons"][0];
    assert!(
        first["unavailable"].as_u64().unwrap() > 0,
        "503: {result:#}"
    );
    assert_eq!(first["origin"], nginx.url(""), "{result:#}");
}

#[test]
fn nginx_that_limits_the_rate_of_each_connection_limits_no_parallel_client() {
    let Some(nginx) = nginx("", "limit_rate 1600k;") else {
        return;
    };
    first_reason(None, &list(&nginx.url("/file"), 24), &[], &[]);
}

#[test]
fn nginx_that_limits_the_rate_of_requests_answers_about_one_at_a_time() {
    let http = "limit_req_zone $server_port zone=all:1m rate=50r/s;";
    let Some(nginx) = nginx(http, "limit_req zone=all burst=1000;") else {
        return;
    };
    let result = first_reason(Some("at-once"), &list(&nginx.url("/file"), 24), &[], &[]);
    let requests = result["why"]["reasons"][0]["requests"].as_f64().unwrap();
    assert!((0.7..1.5).contains(&requests), "{result:#}");
}

#[test]
fn nginx_that_limits_the_rate_of_requests_with_a_burst_has_one_story() {
    let http = "limit_req_zone $server_port zone=all:1m rate=27r/s;";
    let Some(nginx) = nginx(http, "limit_req zone=all burst=4;") else {
        return;
    };
    let result = first_reason(Some("rate-limit"), &list(&nginx.url("/file"), 24), &[], &[]);
    let rate = result["why"]["reasons"][0]["per_second"].as_f64().unwrap();
    assert!((25.0..29.0).contains(&rate), "{result:#}");
    let reasons = result["why"]["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{result:#}");
    assert!(
        !result["notices"].to_string().contains("slowed down"),
        "{result:#}"
    );
}

#[test]
fn a_server_with_one_thread_answers_about_one_request_at_a_time() {
    if is_missing("python3", "python3") {
        return;
    }
    let server = Daemon::start("python3", "python3", |folder, port| {
        let script = folder.join("server.py");
        fs::write(&script, ONE_THREAD).unwrap();
        vec![script.display().to_string(), port.to_string()]
    });
    let url = format!("http://127.0.0.1:{}/", server.port);
    let result = first_reason(Some("at-once"), &list(&url, 24), &[], &[]);
    let requests = result["why"]["reasons"][0]["requests"].as_f64().unwrap();
    assert!((0.7..1.5).contains(&requests), "{result:#}");
}

#[test]
fn a_client_that_has_one_processor_to_decode_with_is_the_limit_itself() {
    if is_missing("taskset", "util-linux") {
        return;
    }
    let mut body = GzEncoder::new(Vec::new(), Compression::fast());
    body.write_all(&vec![0; 8_000_000]).unwrap();
    let body = body.finish().unwrap();
    let server = Server::with(move |_, reply| reply.send(200, "Content-Encoding: gzip\r\n", &body));
    // The first processor that this process may use: it need not be the first of the machine.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let first = allowed.unwrap().trim().split([',', '-']).next().unwrap();
    let under = ["taskset", "-c", first];
    let args = ["--compressed", "--max-bytes=1G"];
    let result = first_reason(Some("machine"), &list(&server.url("/"), 16), &args, &under);
    let machine = &result["why"]["reasons"][0];
    assert_eq!(machine["processors"], 1, "{result:#}");
    assert!(machine["running"].as_f64().unwrap() > 0.5, "{result:#}");
}
