//! The same two ways of fetching timed by hyperfine: `pfetch -j1` and `pfetch -j8` as whole programs,
//! against what `--compare` says of itself. Run with `cargo test --features interop`.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::process::Command;

use ::pfetch::stats::Interval;
use serde_json::Value;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// How often each command is run, by either.
const RUNS: usize = 4;

/// What may lie between the two beyond their errors: those tell how much runs scatter, not what a
/// program that starts, reads its list and ends takes each time besides what it measures. The start-up
/// is measured and taken off; this is for the rest, 10 ms in the shorter runs.
const MARGIN: f64 = 0.05;

/// The two measure one after the other, and a machine may be busier during one: it gets other chances.
/// If one of them were wrong, they would not agree in any.
const TRIES: usize = 3;

/// 1.6 s of delays one after the other, and 200 ms on eight workers.
fn list(server: &Server) -> String {
    (0..16)
        .map(|n| format!("{}?{n}\n", server.url("/delay/100/10")))
        .collect()
}

/// The intervals for the times that hyperfine measures of these commands.
fn hyperfine(dir: &Dir, commands: &[String]) -> Vec<Interval> {
    let export = dir.path().join("hyperfine.json");
    let output = Command::new("hyperfine")
        .args(["--shell=none", "--style=none", "--warmup=0"])
        .arg(format!("--runs={RUNS}"))
        .arg("--export-json")
        .arg(&export)
        .args(commands)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "hyperfine {commands:?}: {errors}");
    let report: Value = serde_json::from_slice(&std::fs::read(export).unwrap()).unwrap();
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), commands.len(), "{report:#}");
    let interval = |result: &Value| {
        let times = result["times"].as_array().unwrap();
        let times: Vec<f64> = times.iter().map(|time| time.as_f64().unwrap()).collect();
        assert_eq!(times.len(), RUNS, "{result:#}");
        Interval::of_mean(&times).unwrap()
    };
    results.iter().map(interval).collect()
}

/// The speed-up by hyperfine, from where to where it may lie.
fn by_hyperfine(dir: &Dir, list: &str, nothing: &str) -> Interval {
    let program = env!("CARGO_BIN_EXE_pfetch");
    let commands = [
        format!("{program} -qq -j1 -i {list}"),
        format!("{program} -qq -j8 -i {list}"),
        format!("{program} -qq -j8 -i {nothing}"),
    ];
    let measured = hyperfine(dir, &commands);
    let [serial, parallel, startup] = measured[..] else {
        panic!("one for each command: {measured:?}");
    };
    // At least nothing, and what a run on a busy machine scatters is no less than that.
    let startup = [startup.low.max(0.0), startup.high];
    Interval {
        low: (serial.low - startup[1]) / (parallel.high - startup[0]),
        high: (serial.high - startup[0]) / (parallel.low - startup[1]),
    }
}

/// The same by pfetch itself.
fn by_pfetch(dir: &Dir, list: &str) -> Interval {
    let export = dir.path().join("pfetch.json");
    let to = format!("--export=json={}", export.display());
    let runs = format!("--runs={RUNS}");
    let args = [
        "-qq",
        "--compare",
        "--warmup=0",
        &runs,
        "-j8",
        &to,
        "-i",
        list,
    ];
    pfetch(&args).run().exits(0);
    let report: Value = serde_json::from_slice(&std::fs::read(export).unwrap()).unwrap();
    let interval = report["comparison"]["speedup"]["interval"].clone();
    serde_json::from_value(interval).unwrap()
}

#[test]
fn hyperfine_finds_the_same_speed_up_within_the_errors_of_both() {
    crate::peer::require("hyperfine", "hyperfine");
    let server = Server::start();
    let dir = Dir::new();
    let targets = dir.file("targets", list(&server));
    let nothing = dir.file("nothing", server.url("/bytes/10"));
    let (mut found, mut were_tight) = (Vec::new(), false);
    for _ in 0..TRIES {
        let theirs = by_hyperfine(&dir, &targets, &nothing);
        let ours = by_pfetch(&dir, &targets);
        let agree =
            ours.low <= theirs.high * (1.0 + MARGIN) && theirs.low <= ours.high * (1.0 + MARGIN);
        // Errors so wide that they say nothing would agree with anything.
        let is_tight = |of: &Interval| of.low > 0.0 && of.high >= of.low && of.high / of.low < 1.5;
        let are_tight = is_tight(&ours) && is_tight(&theirs);
        found.push((theirs, ours));
        if agree && are_tight {
            return;
        }
        were_tight |= are_tight;
    }
    if !were_tight {
        crate::peer::skip(&format!(
            "this machine is too busy for times that tell: {found:?}"
        ));
        return;
    }
    panic!("hyperfine's speed-up and pfetch's, each time: {found:#?}");
}
