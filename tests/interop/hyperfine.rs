//! Agreement with hyperfine on the same pair of commands, `pfetch -j1` and `pfetch -j4` as whole programs: the ratio and
//! the error that it states of them are those that pfetch's own statistics make of the same times, and `--compare`
//! measures that ratio too, within the intervals of both. Run with `cargo test --features interop`; with `--nocapture` it
//! prints the figures.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fmt;
use std::process::Command;

use ::pfetch::stats::{Interval, LEVEL, RunPair, Speedup, critical_value};
use serde_json::Value;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// How often each command is run, by either.
const RUNS: usize = 6;

/// What may lie between the two beyond their errors: those tell how much runs scatter, not what a
/// program that starts, reads its list and ends takes each time besides what it measures. The start-up
/// is measured and taken off; this is for the rest, 20 ms in the shorter runs.
const MARGIN: f64 = 0.05;

/// The two measure one after the other, and a machine may be busier during one: it gets other chances.
/// If one of them were wrong, they would not agree in any.
const TRIES: usize = 3;

/// 1.6 s of delays one after the other, and 400 ms on four workers.
fn list(server: &Server) -> String {
    (0..16)
        .map(|n| format!("{}?{n}\n", server.url("/delay/100/10")))
        .collect()
}

/// A speed-up and its 95 % interval.
#[derive(Debug, Clone, Copy)]
struct Measured {
    ratio: f64,
    interval: Interval,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval { low, high } = self.interval;
        write!(f, "{:.3}x ({low:.3} … {high:.3})", self.ratio)
    }
}

/// The times that hyperfine measures of a command.
#[derive(Debug)]
struct Timed {
    times: Vec<f64>,
    mean: f64,
    /// The standard deviation of the times.
    deviation: f64,
}

impl Timed {
    /// The variance of the mean.
    fn variance(&self) -> f64 {
        self.deviation.powi(2) / self.times.len() as f64
    }
}

/// The times that hyperfine measures of these commands.
fn hyperfine(dir: &Dir, commands: &[String]) -> Vec<Timed> {
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
    let timed = |result: &Value| {
        let times = result["times"].as_array().unwrap();
        let times: Vec<f64> = times.iter().map(|time| time.as_f64().unwrap()).collect();
        assert_eq!(times.len(), RUNS, "{result:#}");
        Timed {
            times,
            mean: result["mean"].as_f64().unwrap(),
            deviation: result["stddev"].as_f64().unwrap(),
        }
    };
    results.iter().map(timed).collect()
}

/// The relative speed that hyperfine states, with its standard deviation: the ratio of the means, and the deviations of
/// both added as shares (its `relative_speed.rs`).
fn relative_speed(serial: &Timed, parallel: &Timed) -> (f64, f64) {
    let ratio = serial.mean / parallel.mean;
    let shares = [serial, parallel].map(|timed| timed.deviation / timed.mean);
    (ratio, ratio * shares[0].hypot(shares[1]))
}

/// The speed-up by the means, without what the program takes to start and to end. The interval is by propagation of the
/// errors of the means, with the degrees of freedom of one of them.
fn without_startup(serial: &Timed, parallel: &Timed, startup: &Timed) -> Measured {
    let [one, other] = [serial, parallel].map(|timed| timed.mean - startup.mean);
    let share = |timed: &Timed, mean: f64| (timed.variance() + startup.variance()).sqrt() / mean;
    let error = share(serial, one).hypot(share(parallel, other));
    let reach = critical_value(RUNS - 1, LEVEL) * error;
    let ratio = one / other;
    Measured {
        ratio,
        interval: Interval {
            low: ratio * (-reach).exp(),
            high: ratio * reach.exp(),
        },
    }
}

/// The speed-up by pfetch itself.
fn by_pfetch(dir: &Dir, list: &str) -> Measured {
    let export = dir.path().join("pfetch.json");
    let to = format!("--export=json={}", export.display());
    let runs = format!("--runs={RUNS}");
    let args = [
        "-qq",
        "--compare",
        "--warmup=0",
        &runs,
        "-j4",
        &to,
        "-i",
        list,
    ];
    pfetch(&args).run().exits(0);
    let report: Value = serde_json::from_slice(&std::fs::read(export).unwrap()).unwrap();
    let speedup = &report["comparison"]["speedup"];
    Measured {
        ratio: speedup["ratio"].as_f64().unwrap(),
        interval: serde_json::from_value(speedup["interval"].clone()).unwrap(),
    }
}

#[test]
fn hyperfine_finds_the_same_speed_up_within_the_errors_of_both() {
    crate::peer::require("hyperfine", "hyperfine");
    let server = Server::start();
    let dir = Dir::new();
    let targets = dir.file("targets", list(&server));
    let nothing = dir.file("nothing", server.url("/bytes/10"));
    let program = env!("CARGO_BIN_EXE_pfetch");
    let commands = [
        format!("{program} -qq -j1 -i {targets}"),
        format!("{program} -qq -j4 -i {targets}"),
        format!("{program} -qq -j4 -i {nothing}"),
    ];
    let (mut found, mut were_tight) = (Vec::new(), false);
    for _ in 0..TRIES {
        let timed = hyperfine(&dir, &commands);
        let [serial, parallel, startup] = &timed[..] else {
            panic!("one for each command: {timed:?}");
        };
        let (stated, deviation) = relative_speed(serial, parallel);
        let pairs = serial.times.iter().zip(&parallel.times);
        let pairs: Vec<RunPair> = pairs
            .map(|(&serial, &parallel)| RunPair { serial, parallel })
            .collect();
        let of_same = Speedup::of(&pairs).unwrap();
        let theirs = without_startup(serial, parallel, startup);
        let ours = by_pfetch(&dir, &targets);
        let figures = format!(
            "hyperfine states {stated:.3} ± {deviation:.3}, of the same times pfetch makes {}; \
             hyperfine without start-up {theirs}, --compare {ours}",
            Measured {
                ratio: of_same.ratio,
                interval: of_same.interval.unwrap(),
            }
        );
        println!("{figures}");
        // Means of ratios, and ratios of means, differ by the squares of the deviations only.
        let is_same = (of_same.ratio / stated).ln().abs() <= deviation / stated + 1e-9;
        assert!(is_same, "{figures}");
        let agree = ours.interval.low <= theirs.interval.high * (1.0 + MARGIN)
            && theirs.interval.low <= ours.interval.high * (1.0 + MARGIN);
        // Errors so wide that they say nothing would agree with anything.
        let is_tight = |Measured { interval, .. }: &Measured| {
            interval.low > 0.0
                && interval.high >= interval.low
                && interval.high / interval.low < 1.5
        };
        let are_tight = is_tight(&ours) && is_tight(&theirs);
        found.push(figures);
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
