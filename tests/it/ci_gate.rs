//! The script for CI in `examples/`, in both outcomes.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::process::{Command, Output};
use std::sync::Mutex;

use crate::server::{Server, routes};

/// Runs it over so many URLs of a server, and returns what it left behind too: the Markdown, the JUnit
/// XML, and the step's summary.
fn gate(server: &Server, workers: &str) -> (Output, [String; 3]) {
    let folder = tempfile::tempdir().unwrap();
    let list: String = (0..8)
        .map(|n| format!("{}?{n}\n", server.url("/delay/60/10")))
        .collect();
    fs::write(folder.path().join("urls.txt"), list).unwrap();
    let summary = folder.path().join("summary.md");
    let output = Command::new("sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci_gate.sh"))
        .args([&folder.path().join("urls.txt"), folder.path()])
        .env("PFETCH", env!("CARGO_BIN_EXE_pfetch"))
        .env("GITHUB_STEP_SUMMARY", &summary)
        .envs([("WORKERS", workers), ("RUNS", "auto")])
        .output()
        .unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let left = ["pfetch.md", "pfetch.xml", "summary.md"].map(read);
    (output, left)
}

#[test]
fn urls_that_wait_pass_the_gate() {
    let server = Server::start();
    let (output, [md, xml, summary]) = gate(&server, "8");
    assert_eq!(output.status.code(), Some(0), "{output:#?}");
    assert!(md.contains("parallel"), "{md}");
    assert!(md.contains("| `speedup>=2` | "), "{md}");
    assert_eq!(md, summary);
    assert!(xml.contains("<testsuites>"), "{xml}");
}

#[test]
fn a_server_that_does_one_thing_at_a_time_does_not() {
    let one = Mutex::new(());
    let server = Server::with(move |request, reply| {
        let _one = one.lock().unwrap();
        routes(request, reply)
    });
    let (output, [md, xml, _]) = gate(&server, "8");
    assert_eq!(output.status.code(), Some(3), "{output:#?}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("speedup>=2"), "{told}");
    // The reports are there all the same, and say why.
    assert!(md.contains("| **failed** |"), "{md}");
    let case = "<testcase classname=\"gates\" name=\"speedup&gt;=2\">\n      <failure ";
    assert!(xml.contains(case), "{xml}");
}
