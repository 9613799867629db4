//! The rows: what is done, by whom, and what it should come to.

mod bodies;
mod codings;
mod growth;
mod hosts;
mod lists;
mod names;
mod packs;
mod reports;
mod small;
mod waits;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::clients::{self, Installed, version};
use crate::measure::{Contender, Usage, race};
use crate::site::Site;
use crate::table::Table;

type Row = (&'static str, &'static str, fn(&Bench) -> Vec<Table>);

/// All rows, under the names that the command line knows.
pub(crate) const ROWS: &[Row] = &[
    (
        "P1",
        "100,000 bodies of 1 KiB, connections kept",
        small::kept,
    ),
    ("P2", "a server that takes its time", waits::delayed),
    ("P3", "one body of 1 GiB", bodies::large),
    ("P4", "memory for long lists, 32 workers", lists::memory),
    ("P5", "one URL, the whole process", small::one),
    (
        "P6",
        "CPU time for a URL, short list and long, 32 workers",
        lists::cpu,
    ),
    ("P7", "the pool alone, 1,000,000 empty jobs", small::pool),
    (
        "P8",
        "20,000 bodies of 1 KiB saved, 8 workers",
        bodies::many,
    ),
    (
        "P9",
        "20,000 bodies of 1 KiB, a connection each, 8 workers",
        small::closed,
    ),
    ("P10", "memory for a worker", waits::workers),
    ("P11", "5,000 URLs of many hosts, 16 workers", hosts::mixed),
    (
        "P12",
        "2,000 names to be looked up, 200 workers",
        names::lookups,
    ),
    ("P13", "64 MiB of JSON, compressed", codings::decoded),
    ("P14", "replays and exports", reports::all),
    (
        "P15",
        "20,000 bodies of 10 KiB packed, 8 workers",
        packs::packed,
    ),
    ("JOBS", "CPU time for a URL, by workers", growth::workers),
    (
        "GROWTH",
        "CPU time for a URL, by the list's length, 8 workers",
        growth::bodies,
    ),
    (
        "LINE",
        "from a response's last byte to its line",
        waits::lines,
    ),
];

/// What the rows share.
pub(crate) struct Bench {
    pub(crate) site: Site,
    pub(crate) installed: Installed,
    pub(crate) rounds: usize,
    pub(crate) is_long: bool,
    pub(crate) is_quick: bool,
}

/// No client takes longer than this for a run, except where a row says so.
const LIMIT: Duration = Duration::from_secs(180);

impl Bench {
    pub(crate) fn start(rounds: usize, is_long: bool, is_quick: bool) -> Self {
        Bench {
            site: Site::start(),
            installed: Installed::find(),
            rounds,
            is_long,
            is_quick,
        }
    }

    /// As many URLs as a row is about, or a hundredth.
    fn count(&self, full: usize) -> usize {
        if self.is_quick {
            (full / 100).max(1)
        } else {
            full
        }
    }

    /// The machine, the programs, and who is missing.
    pub(crate) fn about(&self, is_markdown: bool) -> String {
        let cpus = num_cpus::get();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kilobytes = memory
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))
            .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
            .unwrap_or(f64::NAN);
        let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now()).to_string();
        let date = now.split('T').next().unwrap_or_default();
        let mut programs = vec![format!("pfetch {}", env!("CARGO_PKG_VERSION"))];
        let missing = self.installed.missing();
        for program in ["curl", "wget2", "aria2c", "wrk", "hey"] {
            if !missing.contains(&program) {
                programs.push(match version(program) {
                    Some(version) => format!("{program} {version}"),
                    None => program.to_owned(),
                });
            }
        }
        let mut text = format!(
            "{date}, {cpus} CPUs, {:.0} GiB of memory, one nginx worker on the same machine, medians \
             of {} rounds (lowest to highest).\n{}.\n",
            kilobytes / (1024.0 * 1024.0),
            self.rounds,
            programs.join(", ")
        );
        if !missing.is_empty() {
            text += &format!("Not installed, so not measured: {}.\n", missing.join(", "));
        }
        if self.is_quick {
            text += "A hundredth of the URLs (`--quick`): these figures show nothing but that the rows run.\n";
        }
        if is_markdown {
            text.replace('\n', "\n\n")
        } else {
            text
        }
    }

    fn race(&self, contenders: &mut [Contender]) {
        self.race_for(LIMIT, contenders);
    }

    fn race_for(&self, limit: Duration, contenders: &mut [Contender]) {
        race(self.rounds, limit, self.site.folder(), contenders);
    }
}

/// This program as a process of its own, doing something else.
fn itself<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.args(args);
    command
}

/// The floor: raw sockets on so many threads.
fn floor(address: &str, path: &str, threads: usize, count: usize, how: &str) -> Contender {
    let numbers = [threads.to_string(), count.to_string()];
    let [threads, number] = numbers;
    let args = [address, path, &threads, &number, how].map(str::to_owned);
    Contender::new("raw sockets", count, move || {
        itself(["floor".to_owned()].iter().chain(&args))
    })
}

/// Loops around ureq's agent: the least that there can be, which is the mark, and as its documentation shows it.
fn ureq_loops(address: &str, path: &str, threads: usize, count: usize) -> [Contender; 2] {
    [(UREQ_LOOP, "run"), ("ureq, `get`", "get")].map(|(name, way)| {
        let numbers = [threads.to_string(), count.to_string()];
        let [threads, number] = numbers;
        let args = ["ureq-loop", way, address, path, &threads, &number].map(str::to_owned);
        Contender::new(name, count, move || itself(&args))
    })
}

const UREQ_LOOP: &str = "empty ureq loop";

/// Whoever can fetch `count` URLs, `prefix` and a number each, and drop them: pfetch, wget2, curl.
fn discarding(bench: &Bench, prefix: &str, count: usize, workers: usize) -> Vec<Contender> {
    let list = bench.site.list(prefix, count);
    let mut all = vec![from_list("pfetch", count, &list, move |list| {
        clients::pfetch(workers, list)
    })];
    if bench.installed.wget2 {
        all.push(from_list("wget2", count, &list, move |list| {
            clients::wget2_discarding(workers, list)
        }));
    }
    if bench.installed.curl {
        let list = bench.site.curl_list(prefix, count);
        all.push(from_list("curl -Z", count, &list, move |list| {
            clients::curl(workers, list)
        }));
    }
    all
}

/// Goals in the form that most have: a figure of pfetch over a peer's.
type Figure = (&'static str, fn(&Usage) -> f64);
const WALL_TIME: Figure = ("time", |usage| usage.wall);
const CPU_TIME: Figure = ("CPU", |usage| usage.cpu);
const REQUEST_CPU: Figure = ("CPU per request", Usage::cpu_each);
const REQUEST_RATE: Figure = ("rate", Usage::rate);

/// A contender whose command is made from a list of URLs.
fn from_list(
    name: &str,
    count: usize,
    list: &Path,
    command: impl Fn(&Path) -> Command + 'static,
) -> Contender {
    let list = list.to_owned();
    Contender::new(name, count, move || command(&list))
}
