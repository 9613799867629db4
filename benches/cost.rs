//! What a request costs, in figures that a busy machine does not change: instructions, and system calls
//! on sockets. Held against recorded figures, so that a change that makes pfetch dearer is seen.
//!
//! ```text
//! cargo bench --bench cost
//! ```
//!
//! Fails if a figure is over its limit. Each is what a longer list costs more than a shorter one, so that
//! start-up is no part of it. nginx, valgrind and strace have to be installed. Instructions are those of
//! the program and its libraries, not the system's; they depend a little on the compiler and the C
//! library, hence the margin. To accept a new figure, write it into this file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it measured"
)]

#[path = "../tests/support/nginx.rs"]
mod nginx;
#[path = "../tests/support/peer.rs"]
mod peer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use tempfile::TempDir;

use nginx::Nginx;
use peer::require;

/// A figure that was measured when the limit was last set, and by what share it may be exceeded.
struct Limit {
    what: &'static str,
    recorded: f64,
    margin: f64,
}

/// With rustc 1.95 on x86-64, glibc 2.36. Runs differ by half a percent.
const INSTRUCTIONS: Limit = Limit {
    what: "instructions",
    recorded: 35_800.0,
    margin: 0.1,
};

/// One to send, one to receive. Each that comes more than 0.2 ms after the last of its connection has
/// one more, to see that the connection is still there: where tracing slows things down, some do.
const CALLS: Limit = Limit {
    what: "send and recv calls",
    recorded: 2.02,
    margin: 0.15,
};

/// How long the lists are.
const LISTS: [usize; 2] = [1_000, 5_000];

fn main() -> ExitCode {
    // `cargo test --benches` runs this too, but measures nothing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("usage: cargo bench --bench cost");
        return ExitCode::SUCCESS;
    }
    require("valgrind", "valgrind");
    require("strace", "strace");
    let nginx = Nginx::start(
        "",
        "access_log off; keepalive_requests 1000000; location / { try_files /body =404; }",
    );
    fs::write(nginx.root().join("body"), [b'x'; 1024]).expect("the folder can be written");
    let scratch = TempDir::new().expect("there is a temporary folder");
    let lists = LISTS.map(|count| {
        let path = scratch.path().join(count.to_string());
        let urls: String = (0..count)
            .map(|number| nginx.url(&format!("/{number}\n")))
            .collect();
        fs::write(&path, urls).expect("the folder can be written");
        path
    });
    let each = |measure: fn(&Path) -> Result<f64, String>| -> Result<f64, String> {
        let [short, long] = lists.each_ref().map(|list: &PathBuf| measure(list));
        Ok((long? - short?) / (LISTS[1] - LISTS[0]) as f64)
    };
    let mut is_well = true;
    for (limit, figure) in [(INSTRUCTIONS, each(instructions)), (CALLS, each(calls))] {
        let most = limit.recorded * (1.0 + limit.margin);
        match figure {
            Ok(figure) => {
                let verdict = if figure <= most { "ok" } else { "TOO MANY" };
                is_well &= figure <= most;
                println!(
                    "{} a request: {figure:.2} (recorded {}, at most {most:.2}): {verdict}",
                    limit.what, limit.recorded
                );
            }
            Err(why) => {
                is_well = false;
                eprintln!("{} cannot be counted: {why}", limit.what);
            }
        }
    }
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The usual run, under another program.
fn traced(tracer: &[&str], list: &Path) -> Result<String, String> {
    let report = list.with_extension("report");
    let output = Command::new(tracer[0])
        .args(&tracer[1..])
        .arg(env!("CARGO_BIN_EXE_pfetch"))
        .args(["-j", "4", "-i"])
        .arg(list)
        .stdout(fs::File::create(report).map_err(|error| error.to_string())?)
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{}: {said}", output.status))
    }
}

fn instructions(list: &Path) -> Result<f64, String> {
    let valgrind = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
    ];
    let said = traced(&valgrind, list)?;
    // "==123== I   refs:      57,661,508"
    let figure = said.lines().find(|line| line.contains("refs:"));
    let figure = figure.and_then(|line| line.rsplit(' ').next());
    figure
        .and_then(|text| text.replace(',', "").parse().ok())
        .ok_or(said)
}

fn calls(list: &Path) -> Result<f64, String> {
    // Only these calls are slowed down by being traced.
    let strace = [
        "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "--summary-only",
        "--summary-columns=calls,name",
        "--trace=sendto,recvfrom,sendmsg,recvmsg,poll,ppoll",
    ];
    let said = traced(&strace, list)?;
    // "     2000 sendto"
    let calls = said.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let count: f64 = words.next()?.parse().ok()?;
        (words.next()? != "total").then_some(count)
    });
    let sum: f64 = calls.sum();
    if sum > 0.0 { Ok(sum) } else { Err(said) }
}
