//! Comparisons and sweeps against servers that do not answer all runs alike: what is not the same work has no verdict.
//!
//! The runs of a measurement follow each other, and each makes one request per URL (`--retry=0`), so that a server knows
//! by its count which run a request is of.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::io;
use std::sync::{Condvar, Mutex};

use serde_json::Value;

use crate::pfetch::{Dir, LIMIT, Run, pfetch};
use crate::server::{Reply, Request, Server};

const URLS: usize = 40;

/// Requests that the busy server takes at once.
const AT_ONCE: usize = 4;

/// Workers of the runs of a comparison of so many pairs, in their order (ABBA), without warm-ups.
fn compared(pairs: usize, workers: usize) -> Vec<usize> {
    let pair = |pair| match pair % 2 {
        0 => [1, workers],
        _ => [workers, 1],
    };
    (0..pairs).flat_map(pair).collect()
}

/// The run that each request is of.
#[derive(Debug, Default)]
struct Requests {
    count: Mutex<usize>,
}

impl Requests {
    /// The number of the run, from 0, that the next request is of.
    fn next_run(&self) -> usize {
        let mut count = self.count.lock().unwrap();
        *count += 1;
        (*count - 1) / URLS
    }
}

/// The requests of the run under way.
#[derive(Debug, Default)]
struct Load {
    run: usize,
    under_way: usize,
    has_refused: bool,
}

/// A server that takes [`AT_ONCE`] requests at once and answers 503 to more. In a run with more workers than that it
/// holds those that it took until one was refused, so that there is always one.
fn busy_server(workers: Vec<usize>) -> Server {
    let requests = Requests::default();
    let load = (Mutex::new(Load::default()), Condvar::new());
    Server::with(move |_: &Request, reply: &mut Reply<'_>| {
        let run = requests.next_run();
        let is_crowded = workers.get(run).is_some_and(|workers| *workers > AT_ONCE);
        let (lock, refused) = &load;
        let mut load = lock.lock().unwrap();
        if load.run != run {
            (load.run, load.has_refused) = (run, false);
        }
        if load.under_way == AT_ONCE {
            load.has_refused = true;
            refused.notify_all();
            drop(load);
            return reply.send(503, "", b"busy");
        }
        load.under_way += 1;
        let is_held = |load: &mut Load| is_crowded && load.run == run && !load.has_refused;
        let (mut load, _) = refused.wait_timeout_while(load, LIMIT, is_held).unwrap();
        load.under_way -= 1;
        drop(load);
        reply.send(200, "", b"hello")
    })
}

fn list(server: &Server) -> String {
    (0..URLS)
        .map(|n| format!("{}\n", server.url(&format!("/{n}"))))
        .collect()
}

const PLAIN: [&str; 4] = ["--warmup=0", "--retry=0", "--no-adapt", "-q"];

/// Runs a measurement, and returns it with its last line of JSON Lines.
fn measured(server: &Server, args: &[&str]) -> (Run, Value) {
    let dir = Dir::new();
    let jsonl = dir.path().join("run.jsonl");
    let export = format!("--export=jsonl={}", jsonl.display());
    let args = [args, &PLAIN, &[export.as_str(), "-"]].concat();
    let run = pfetch(&args).stdin(list(server)).run();
    let text = std::fs::read_to_string(&jsonl).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let result = lines.find(|line: &Value| line["type"] == "comparison" || line["type"] == "sweep");
    // A replay says the same.
    let jsonl = jsonl.display().to_string();
    let replayed = pfetch(&["--replay", jsonl.as_str(), "-q"]).run();
    let verdict = |run: &Run| {
        let text = run.stdout.split("  verdict    ").nth(1);
        text.map(|text| text.lines().next().unwrap_or_default().to_owned())
    };
    run.check("it has a verdict", verdict(&run).is_some());
    assert_eq!(verdict(&replayed), verdict(&run), "{}", replayed.stdout);
    (run, result.unwrap())
}

#[test]
fn an_arm_that_fails_where_the_other_does_not_is_no_faster() {
    let server = busy_server(compared(3, 16));
    let args = [
        "--compare",
        "-j16",
        "--runs=3",
        "--assert=speedup>=2",
        "--assert=speedup<=100",
    ];
    let (run, result) = measured(&server, &args);
    let run = run.exits(3);
    let failed = result["work"]["failed_in_parallel"].as_u64().unwrap();
    run.check("some fail", (1..=URLS as u64).contains(&failed));
    let (fail, succeed) = match failed {
        1 => ("fails", "succeeds"),
        _ => ("fail", "succeed"),
    };
    let verdict = format!(
        "not comparable: {failed} of {URLS} URLs {fail} in parallel that {succeed} one by one"
    );
    let run = run
        .prints(&format!("  verdict    {verdict}\n"))
        .prints("  gate       speedup>=2               unknown ")
        .prints("  gate       speedup<=100             unknown ");
    for claim in ["faster", "speed-up ", "efficiency", "estimate "] {
        run.check(claim, !run.stdout.contains(claim));
    }
    for figure in ["speedup", "verdict", "efficiency", "estimated"] {
        assert!(result[figure].is_null(), "{figure}: {result:#}");
    }
    assert_eq!(result["work"]["failed_serially"], 0, "{result:#}");
    assert_eq!(
        result["work"]["unlike_pairs"],
        serde_json::json!([1, 2, 3]),
        "{result:#}"
    );
}

#[test]
fn documents_and_pictures_claim_no_speed_up_of_other_work() {
    let server = busy_server(compared(2, 16));
    let dir = Dir::new();
    let names = ["report.md", "report.html", "report.svg", "report.xml"];
    let paths = names.map(|name| dir.path().join(name));
    let exports = ["md", "html", "svg", "junit"].iter().zip(&paths);
    let exports: Vec<String> = exports
        .map(|(format, path)| format!("--export={format}={}", path.display()))
        .collect();
    let args: Vec<&str> = exports.iter().map(String::as_str).collect();
    let args = [
        &["--compare", "-j16", "--runs=2", "--assert=speedup>=2"],
        &args[..],
    ]
    .concat();
    measured(&server, &args).0.exits(3);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        let told = ["not comparable: ", "in parallel that succeed"];
        for words in told {
            assert!(
                text.contains(words),
                "{words} in {}\n{text}",
                path.display()
            );
        }
        assert!(!text.contains("parallel is faster"), "{text}");
    }
}

#[test]
fn accepted_statuses_that_differ_are_other_work_too() {
    let server = busy_server(compared(2, 16));
    let args = [
        "--compare",
        "-j16",
        "--runs=2",
        "--accept=2xx,503",
        "--assert=speedup>=1",
    ];
    let (run, result) = measured(&server, &args);
    let run = run.exits(3).prints("  verdict    not comparable: ");
    run.prints("answered with another status in parallel\n");
    assert_eq!(result["work"]["failed_in_parallel"], 0, "{result:#}");
    assert!(result["work"]["other_status"].as_u64().unwrap() > 0);
}

/// A server whose answer depends on the run and the URL's number.
fn server_by_run(answer: impl Fn(usize, usize) -> (u16, usize) + Send + Sync + 'static) -> Server {
    let requests = Requests::default();
    Server::with(move |request, reply| -> io::Result<()> {
        let number = request.target.trim_start_matches('/').parse().unwrap();
        let (status, length) = answer(requests.next_run(), number);
        reply.send(status, "", &vec![b'x'; length])
    })
}

#[test]
fn pages_of_another_size_in_one_arm_are_other_work_and_pages_that_vary_are_not() {
    let workers = compared(3, 8);
    let runs = workers.clone();
    let short = server_by_run(move |run, number| match (runs[run], number) {
        (8, 35..) => (200, 100),
        _ => (200, 2000),
    });
    let args = ["--compare", "-j8", "--runs=3", "--assert=speedup>=0.0001"];
    let (run, result) = measured(&short, &args);
    let run = run.exits(3);
    run.prints("  verdict    not comparable: 5 of 40 URLs are of another size in parallel\n");
    assert_eq!(result["work"]["other_size"], 5, "{result:#}");
    // A nonce in every second page: none of its runs is like another.
    let nonce = server_by_run(|run, number| match number % 2 {
        0 => (200, 2000 + run * 7),
        _ => (200, 2000),
    });
    let (run, result) = measured(&nonce, &args);
    let run = run.exits(0);
    let run = run.prints("  gate       speedup>=0.0001          held ");
    run.check("no claim", !run.stdout.contains("not comparable"));
    assert_eq!(result["work"]["other_size"], 0, "{result:#}");
    assert_eq!(result["differing"]["count"], 20, "{result:#}");
}

#[test]
fn failures_that_both_arms_share_are_left_out_of_both_times_and_said() {
    let server = server_by_run(|_, number| match number {
        7 | 9 => (404, 5),
        _ => (200, 5),
    });
    let (run, result) = measured(&server, &["--compare", "-j4", "--runs=3"]);
    let run = run.exits(1);
    let run = run
        .prints("2 URLs fail in both arms: the time in which nothing else was under way is left");
    run.check("a verdict", !run.stdout.contains("not comparable"));
    assert!(!result["speedup"].is_null(), "{result:#}");
    assert_eq!(result["work"]["failed_in_both"], 2, "{result:#}");
    let left_out = result["serial"]["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 3, "{result:#}");
    for (left_out, seconds) in left_out
        .iter()
        .zip(result["serial"]["seconds"].as_array().unwrap())
    {
        let [left_out, seconds] = [left_out, seconds].map(|value| value.as_f64().unwrap());
        assert!(0.0 < left_out && 0.0 < seconds, "{result:#}");
    }
}

#[test]
fn a_failure_in_one_pair_of_many_costs_that_pair() {
    let workers = compared(6, 4);
    let server = server_by_run(move |run, number| match (run, number) {
        // The parallel run of the third pair.
        (5, 3) => (503, 5),
        _ => (200, 5),
    });
    assert_eq!(workers[5], 4);
    let (run, result) = measured(&server, &["--compare", "-j4", "--runs=6"]);
    run.exits(1)
        .prints("1 of 6 pairs is left out of the speed-up");
    assert_eq!(result["speedup"]["pairs"], 5, "{result:#}");
    assert_eq!(
        result["work"]["unlike_pairs"],
        serde_json::json!([3]),
        "{result:#}"
    );
    // Two of six are no chance.
    let server = server_by_run(move |run, number| match (run, number) {
        (5 | 7, 3) => (503, 5),
        _ => (200, 5),
    });
    let (run, result) = measured(&server, &["--compare", "-j4", "--runs=6"]);
    assert_eq!((compared(6, 4)[5], compared(6, 4)[7]), (4, 1));
    run.exits(1).prints("not comparable: 1 of 40 URLs fails ");
    assert!(result["speedup"].is_null(), "{result:#}");
}

/// The workers of the runs of a sweep, in their order.
fn swept(counts: &[usize], rounds: usize) -> Vec<usize> {
    let round = |round: usize| {
        let mut counts = counts.to_vec();
        if round % 2 == 1 {
            counts.reverse();
        }
        counts
    };
    (0..rounds).flat_map(round).collect()
}

#[test]
fn a_sweep_passes_over_numbers_of_workers_at_which_urls_fail() {
    let server = busy_server(swept(&[1, 2, 4, 8, 16], 2));
    let args = ["--sweep=1,2,4,8,16", "--runs=2", "--assert=speedup>=0.0001"];
    let (run, result) = measured(&server, &args);
    let run = run.exits(1).prints("; 8 and more fail: 503\n");
    let run = run.prints(" (passed over)\n");
    let passed_over = result["passed_over"].as_array().unwrap();
    let workers: Vec<u64> = passed_over
        .iter()
        .map(|passed| passed["workers"].as_u64().unwrap())
        .collect();
    assert_eq!(workers, [8, 16], "{result:#}");
    for passed in passed_over {
        assert_eq!(
            (&passed["difference"], &passed["cause"]),
            (&"failed".into(), &503.into())
        );
    }
    for knee in ["workers", "by_means"] {
        let knee = result["knee"][knee].as_u64().unwrap();
        run.check("the knee is not where URLs fail", knee <= 4);
    }
}

#[test]
fn a_sweep_that_is_answered_otherwise_from_some_number_on_says_so() {
    let workers = swept(&[1, 2, 4], 2);
    let server = busy_server(swept(&[1, 8], 2));
    let args = ["--sweep=1,8", "--runs=2", "--accept=2xx,503"];
    let (run, result) = measured(&server, &args);
    run.exits(0).prints("; 8 is answered otherwise: 503\n");
    assert_eq!(
        result["passed_over"][0]["difference"], "other-status",
        "{result:#}"
    );
    let server = server_by_run(move |run, number| match (workers[run], number) {
        (4, 0) => (200, 50),
        _ => (200, 2000),
    });
    let (run, result) = measured(&server, &["--sweep=1,2,4", "--runs=2"]);
    run.exits(0).prints("; 4 gets other sizes\n");
    assert_eq!(result["passed_over"][0]["urls"], 1, "{result:#}");
}
