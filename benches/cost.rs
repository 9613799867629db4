//! What a request costs, in figures that a busy machine does not change: instructions, allocations, and system
//! calls on sockets. Held against recorded figures, so that a change that makes pfetch dearer is seen.
//!
//! ```text
//! cargo bench --bench cost
//! ```
//!
//! Fails if a figure is over its limit. Each is what a longer list costs more than a shorter one, so that
//! start-up is no part of it; but for one, which is start-up and a single URL. nginx, valgrind and strace have to
//! be installed. Instructions are those of the program and its libraries, not the system's; they depend a little on
//! the compiler and the C library, hence the margin. Allocations are all that the program makes, counted by
//! valgrind's own allocator. To accept a new figure, write it into this file.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it measured"
)]

#[path = "../tests/support/authority.rs"]
mod authority;
#[path = "../tests/support/nginx.rs"]
mod nginx;
#[path = "../tests/support/peer.rs"]
mod peer;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use tempfile::TempDir;

use authority::Authority;
use nginx::{Nginx, free_port};
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
    recorded: 29_500.0,
    margin: 0.1,
};

/// One to send, one to receive. Each that comes more than 0.2 ms after the last of its connection has
/// one more, to see that the connection is still there: where tracing slows things down, some do.
const CALLS: Limit = Limit {
    what: "send and recv calls",
    recorded: 2.02,
    margin: 0.15,
};

/// Over one TLS 1.3 connection for each worker. valgrind offers neither VAES nor AVX-512, so this says little of what
/// the cipher takes on a processor that has them.
const TLS: Limit = Limit {
    what: "instructions over TLS",
    recorded: 41_000.0,
    margin: 0.1,
};

const SAVED: Limit = Limit {
    what: "instructions with -d",
    recorded: 75_000.0,
    margin: 0.1,
};

/// Above what the request itself takes: a difference of two figures, so its share of noise is larger.
const EXPORTED: Limit = Limit {
    what: "instructions more with --export jsonl",
    recorded: 20_500.0,
    margin: 0.15,
};

const REPLAYED: Limit = Limit {
    what: "instructions to replay",
    recorded: 63_400.0,
    margin: 0.1,
};

const RESUMED: Limit = Limit {
    what: "instructions to skip with --resume",
    recorded: 25_800.0,
    margin: 0.1,
};

/// From the start of the process to its end, the loading of its libraries included.
const PROCESS: Limit = Limit {
    what: "instructions of a process for",
    recorded: 880_000.0,
    margin: 0.1,
};

/// They do not vary with the compiler, but for what inlining lets it leave out.
const ALLOCATIONS: Limit = Limit {
    what: "allocations",
    recorded: 22.4,
    margin: 0.05,
};

/// How long the lists are.
const LISTS: [usize; 2] = [1_000, 5_000];

/// Arguments of pfetch.
type Args = Vec<OsString>;

fn main() -> ExitCode {
    // `cargo test --benches` runs this too, but measures nothing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("usage: cargo bench --bench cost");
        return ExitCode::SUCCESS;
    }
    require("valgrind", "valgrind");
    require("strace", "strace");
    let site = Site::start();
    let plain = |count| site.list(count, "http");
    let tls = |count| [site.trusting(), site.list(count, "https")].concat();
    let saved = |count| [site.list(count, "http"), site.saving(count)].concat();
    let exported = |count| [site.list(count, "http"), site.exporting(count)].concat();
    let requests = each(instructions, plain);
    let exports = each(instructions, exported).and_then(|with| {
        requests
            .as_ref()
            .map(|without| with - without)
            .map_err(String::clone)
    });
    let figures = [
        (INSTRUCTIONS, requests),
        (CALLS, each(calls, plain)),
        (ALLOCATIONS, each(allocations, plain)),
        (PROCESS, instructions(&vec![site.nginx.url("/1").into()])),
        (TLS, each(instructions, tls)),
        (SAVED, each(instructions, saved)),
        (EXPORTED, exports),
        (REPLAYED, each(instructions, |count| site.replay(count))),
        (RESUMED, each(instructions, |count| site.resume(count))),
    ];
    let is_well = figures.into_iter().fold(true, |is_well, (limit, figure)| {
        limit.holds(figure) && is_well
    });
    if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Limit {
    /// Holds a figure against it, and says so.
    fn holds(&self, figure: Result<f64, String>) -> bool {
        let Limit { what, recorded, .. } = self;
        let most = recorded * (1.0 + self.margin);
        match figure {
            Ok(figure) => {
                let is_within = figure <= most;
                let verdict = if is_within { "ok" } else { "TOO MANY" };
                println!(
                    "{what} a request: {figure:.2} (recorded {recorded}, at most {most:.2}): {verdict}"
                );
                is_within
            }
            Err(why) => {
                eprintln!("{what} cannot be counted: {why}");
                false
            }
        }
    }
}

/// What a URL costs: what a longer list costs more than a shorter one, over its length.
fn each(
    measure: fn(&Args) -> Result<f64, String>,
    args: impl Fn(usize) -> Args,
) -> Result<f64, String> {
    let [short, long] = LISTS.map(|count| measure(&args(count)));
    Ok((long? - short?) / (LISTS[1] - LISTS[0]) as f64)
}

/// A server, lists of URLs on it, and what pfetch is told about them.
struct Site {
    nginx: Nginx,
    scratch: TempDir,
}

impl Site {
    fn start() -> Self {
        let scratch = TempDir::new().expect("there is a temporary folder");
        let path = |name: &str| scratch.path().join(name);
        let authority = Authority::new("the bench");
        let identity = authority.loopback();
        write(&path("authority.pem"), &authority.pem());
        write(&path("server.pem"), &identity.certificate);
        write(&path("server.key"), &identity.key);
        let places =
            "access_log off; keepalive_requests 1000000; location / { try_files /body =404; }";
        let port = free_port();
        let tls = format!(
            "server {{ listen 127.0.0.1:{port} ssl; root {}; {places}\n\
             ssl_certificate {}; ssl_certificate_key {}; }}",
            scratch.path().display(),
            path("server.pem").display(),
            path("server.key").display(),
        );
        let nginx = Nginx::start(&tls, places);
        let body = "x".repeat(1024);
        write(&path("body"), &body);
        write(&nginx.root().join("body"), &body);
        let site = Site { nginx, scratch };
        for count in LISTS {
            for (scheme, prefix) in [
                ("http", site.nginx.url("/")),
                ("https", format!("https://127.0.0.1:{port}/")),
            ] {
                let urls = (0..count).map(|number| format!("{prefix}{number}\n"));
                write(&site.path(scheme, count), &urls.collect::<String>());
            }
        }
        site
    }

    fn path(&self, kind: &str, count: usize) -> PathBuf {
        self.scratch.path().join(format!("{kind}-{count}"))
    }

    fn list(&self, count: usize, scheme: &str) -> Args {
        let list = self.path(scheme, count);
        vec!["-j".into(), "4".into(), "-i".into(), list.into()]
    }

    fn trusting(&self) -> Args {
        let authority = self.scratch.path().join("authority.pem");
        vec!["--cacert".into(), authority.into()]
    }

    fn saving(&self, count: usize) -> Args {
        let folder = self.path("saved", count);
        fs::create_dir_all(&folder).expect("the folder can be written");
        vec!["-d".into(), folder.into()]
    }

    fn exporting(&self, count: usize) -> Args {
        let export = self.path("run", count).with_extension("jsonl");
        vec!["--export".into(), export.into()]
    }

    /// Reads what an export of its own has written.
    fn replay(&self, count: usize) -> Args {
        let run = [self.list(count, "http"), self.exporting(count)].concat();
        succeed(Command::new(PFETCH).args(run)).expect("the run to be replayed succeeds");
        let [_, export] = &self.exporting(count)[..] else {
            unreachable!("an option and its value");
        };
        vec!["--summary-only".into(), "--replay".into(), export.clone()]
    }

    /// Goes on with a run that is complete.
    fn resume(&self, count: usize) -> Args {
        let log: Args = vec!["--log".into(), self.path("log", count).into()];
        let run = [self.list(count, "http"), log].concat();
        succeed(Command::new(PFETCH).args(&run)).expect("the run to be resumed succeeds");
        [run, vec!["--resume".into()]].concat()
    }
}

const PFETCH: &str = env!("CARGO_BIN_EXE_pfetch");

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder can be written");
}

/// Runs it, its output dropped, and gives what it said on standard error.
fn succeed(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        Ok(said)
    } else {
        Err(format!("{}: {said}", output.status))
    }
}

/// pfetch under another program.
fn traced(tracer: &[&str], args: &Args) -> Result<String, String> {
    succeed(
        Command::new(tracer[0])
            .args(&tracer[1..])
            .arg(PFETCH)
            .args(args),
    )
}

fn instructions(args: &Args) -> Result<f64, String> {
    let valgrind = [
        "valgrind",
        "--tool=cachegrind",
        "--cache-sim=no",
        "--cachegrind-out-file=/dev/null",
    ];
    let said = traced(&valgrind, args)?;
    // "==123== I   refs:      57,661,508"
    let figure = said.lines().find(|line| line.contains("refs:"));
    let figure = figure.and_then(|line| line.rsplit(' ').next());
    figure
        .and_then(|text| text.replace(',', "").parse().ok())
        .ok_or(said)
}

fn allocations(args: &Args) -> Result<f64, String> {
    // Whatever else it could find out is left out, for the time that takes.
    let valgrind = [
        "valgrind",
        "--tool=memcheck",
        "--leak-check=no",
        "--undef-value-errors=no",
    ];
    let said = traced(&valgrind, args)?;
    // "==123==   total heap usage: 1,234 allocs, 1,200 frees, 5,678 bytes allocated"
    let figure = said
        .lines()
        .find_map(|line| line.split_once("total heap usage: "));
    figure
        .and_then(|(_, rest)| rest.split(' ').next()?.replace(',', "").parse().ok())
        .ok_or(said)
}

fn calls(args: &Args) -> Result<f64, String> {
    // Only these calls are slowed down by being traced.
    let strace = [
        "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "--summary-only",
        "--summary-columns=calls,name",
        "--trace=sendto,recvfrom,sendmsg,recvmsg,poll,ppoll",
    ];
    let said = traced(&strace, args)?;
    // "     2000 sendto"
    let calls = said.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let count: f64 = words.next()?.parse().ok()?;
        (words.next()? != "total").then_some(count)
    });
    let sum: f64 = calls.sum();
    if sum > 0.0 { Ok(sum) } else { Err(said) }
}
