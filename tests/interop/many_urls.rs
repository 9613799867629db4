//! Against a real nginx. Run with `cargo test --features interop`.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::nginx::Nginx;

/// Runs pfetch with this on standard input.
fn pfetch(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pfetch"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pfetch starts");
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("pfetch ends");
    writer.join().unwrap().expect("pfetch reads its input");
    output
}

fn results(output: &Output) -> Vec<serde_json::Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect()
}

/// Fetches `count` URLs of a few different sizes and checks each result, and the server's word.
/// Returns the connections that it took.
fn fetch_all(nginx: &Nginx, count: usize, workers: &str) -> HashSet<String> {
    let sizes = [0_usize, 1, 1024, 20_000];
    for size in sizes {
        fs::write(nginx.root().join(size.to_string()), vec![b'x'; size]).unwrap();
    }
    let list: String = (0..count)
        .map(|i| {
            format!(
                "{}\n",
                nginx.url(&format!("/{}?{i}", sizes[i % sizes.len()]))
            )
        })
        .collect();
    let output = pfetch(&["-j", workers, "--format", "jsonl"], &list);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert_eq!(told, "");
    let mut seen = HashSet::new();
    let lines = results(&output);
    assert_eq!(lines.len(), count + 2);
    for result in &lines[1..=count] {
        let index = result["index"].as_u64().unwrap() as usize;
        assert_eq!(result["status"], 200, "{result}");
        assert_eq!(result["outcome"], "ok", "{result}");
        assert_eq!(result["bytes"], sizes[index % sizes.len()], "{result}");
        assert!(seen.insert(index), "{index} came twice");
    }
    assert_eq!(seen.len(), count);
    assert_eq!(lines[count + 1]["ok"], count);
    let log = nginx.access_log();
    let fetched = log
        .iter()
        .filter(|line| line.split(' ').nth(1) == Some("200"))
        .count();
    assert_eq!(fetched, count, "nginx served as many as were asked for");
    log.iter()
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn twenty_thousand_urls_from_stdin_over_kept_connections_all_come_back() {
    let nginx = Nginx::start("keepalive_requests 1000000;", "");
    let connections = fetch_all(&nginx, 20_000, "8");
    assert!(
        connections.len() <= 8,
        "8 workers need 8 connections, not {}",
        connections.len()
    );
}

#[test]
fn a_server_that_closes_after_every_tenth_request_loses_nothing() {
    let nginx = Nginx::start("keepalive_requests 10;", "");
    let connections = fetch_all(&nginx, 2_000, "8");
    assert!(
        connections.len() >= 200,
        "nginx was to close after every 10th: {} connections",
        connections.len()
    );
}
