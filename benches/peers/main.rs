//! pfetch beside its peers: each row is one kind of work, done by pfetch and by every program of its
//! kind that is installed, in turns, against servers on the loopback that this starts itself.
//!
//! ```text
//! cargo bench --bench peers                      all rows
//! cargo bench --bench peers -- P1 P9             these
//! cargo bench --bench peers -- --markdown        as tables for a README
//! cargo bench --bench peers -- --rounds 9        more turns than 5
//! cargo bench --bench peers -- P4 --long         with ten million URLs, which takes some minutes
//! cargo bench --bench peers -- --quick           a hundredth of the URLs: shows that the rows run, no more
//! ```
//!
//! Figures are medians over the rounds with their range; a ratio is the median of the ratios within
//! each round, because a machine's speed drifts and only what ran side by side can be compared. CPU is
//! user and system time of the client alone, by the system's account. Every client is run as its users
//! run it: a list of URLs in a file, its report to a file.
//!
//! nginx has to be installed; curl, wget2, aria2c, wrk and hey are left out, and said to be, where they are
//! not. `.ci/newest-curl` builds a curl that is newer than most systems', and this takes it where it is. Whatever
//! this starts it also stops, and no client may take longer than a limit. Saved files go to the system's temporary
//! folder: `TMPDIR=/dev/shm` takes the disk out of the figures.

// Its account of processes and its slow line are Linux's (pidfd, epoll): elsewhere there is no such bench.
#![cfg_attr(not(target_os = "linux"), no_main)]
#![cfg(target_os = "linux")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints what it measured, and what it is about"
)]

mod bodies;
mod clients;
mod delay;
mod floor;
mod jobs;
mod latency;
mod measure;
mod names;
mod rows;
mod site;
mod table;
mod ureq_loop;

#[path = "../support/bare.rs"]
mod bare;

#[path = "../../tests/support/authority.rs"]
mod authority;
#[path = "../../tests/support/nginx.rs"]
mod nginx;
#[path = "../../tests/support/peer.rs"]
mod peer;

use std::process::ExitCode;

use rows::{Bench, ROWS};

/// What is asked for on the command line.
#[derive(Debug)]
struct Options {
    rows: Vec<String>,
    rounds: usize,
    is_markdown: bool,
    is_long: bool,
    is_quick: bool,
}

const USAGE: &str =
    "usage: cargo bench --bench peers -- [ROW]... [--rounds N] [--markdown] [--long] [--quick]";

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut options = Options {
            rows: Vec::new(),
            rounds: 5,
            is_markdown: false,
            is_long: false,
            is_quick: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                // Cargo's own word.
                "--bench" => {}
                "--markdown" => options.is_markdown = true,
                "--long" => options.is_long = true,
                "--quick" => {
                    options.is_quick = true;
                    options.rounds = 1;
                }
                "--rounds" => {
                    let rounds = args.next().and_then(|text| text.parse().ok());
                    options.rounds = rounds
                        .filter(|&rounds| rounds > 0)
                        .ok_or("--rounds takes a number of at least 1")?;
                }
                row if ROWS.iter().any(|(name, ..)| name.eq_ignore_ascii_case(row)) => {
                    options.rows.push(row.to_ascii_uppercase());
                }
                other => {
                    let known: Vec<&str> = ROWS.iter().map(|(name, ..)| *name).collect();
                    let known = known.join(" ");
                    return Err(format!(
                        "there is no row `{other}`; there are {known}\n{USAGE}"
                    ));
                }
            }
        }
        Ok(options)
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // What runs as a process of its own, so that its CPU time and memory can be told apart.
    match args.first().map(String::as_str) {
        Some("floor") => return floor::main(&args[1..]),
        Some("delay-server") => return delay::main(&args[1..]),
        Some("jobs") => return jobs::main(&args[1..]),
        Some("names-server") => return names::main(&args[1..]),
        Some("ureq-loop") => return ureq_loop::main(&args[1..]),
        _ => {}
    }
    // `cargo test --benches` runs this too, but measures nothing.
    if !args.iter().any(|arg| arg == "--bench") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(&args) {
        Ok(options) => options,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::from(2);
        }
    };
    let bench = Bench::start(options.rounds, options.is_long, options.is_quick);
    println!("{}", bench.about(options.is_markdown));
    let mut missed = 0;
    let mut goals =
        String::from("| row | ratio or figure | measured | goal | |\n|---|---|---:|---|---|\n");
    for (name, what, run) in ROWS {
        if !options.rows.is_empty() && !options.rows.iter().any(|row| row == name) {
            continue;
        }
        for table in run(&bench) {
            missed += table.missed();
            goals += &table.goal_lines(name);
            println!("{}", table.text(name, what, options.is_markdown));
        }
    }
    if options.is_markdown {
        println!("{goals}");
    } else {
        println!("{missed} goals missed");
    }
    ExitCode::SUCCESS
}
