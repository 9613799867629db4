//! Whole command lines of other programs. What `-n`, `-c`, `-d`, `-t`, `-r` or `-w` means is open for each of them
//! alone; together they are those of a load generator (hey, oha, ab, wrk, bombardier, siege) or of hyperfine, and there
//! is one line to paste that does the like here.

mod typed;

use std::ffi::OsString;

use super::own::OwnOptions;
use typed::{Sign, Typed};

/// The number of requests that hey and oha send without -n.
const DEFAULT_REQUESTS: u64 = 200;

/// The time that wrk and bombardier take without -d.
const DEFAULT_TIME: &str = "10s";

/// The fewest runs of a comparison whose number is not given.
const FEWEST_RUNS: u64 = 3;

/// The message for a command line that is another program's as a whole, with the line to paste at its end. `mistaken`
/// are the options that have no like: if others are among them, there is more to be said.
pub(super) fn find(
    arguments: &[OsString],
    own: &OwnOptions,
    mut mistaken: impl Iterator<Item = impl AsRef<str>>,
) -> Option<String> {
    let typed = Typed::read(arguments, own);
    if !mistaken.all(|spelling| typed.has_spelling(spelling.as_ref())) {
        return None;
    }
    let url = typed.url();
    let measured = typed.hyperfine(&url).or_else(|| typed.load(&url))?;
    let Recipe {
        options,
        program,
        line,
    } = measured;
    let shown: Vec<&str> = typed.shown_of(&options).collect();
    let others = match typed.has_others {
        true => " (add your other options at its end)",
        false => "",
    };
    Some(format!(
        "{}: {program}. Here{others}: {line}",
        shown.join(" ")
    ))
}

/// A line to paste, and what it stands for.
struct Recipe {
    /// The options that show the program.
    options: Vec<Sign>,
    /// The words for what they are there.
    program: &'static str,
    line: String,
}

/// The option of a comparison of one URL, which is fetched one by one otherwise: as often as one by default tells
/// something.
const REPEATED: &str = "--repeat 20";

impl Typed {
    /// Recognises hyperfine: a number of runs, or of warm-ups beside the fewest runs.
    fn hyperfine(&self, url: &str) -> Option<Recipe> {
        let is_load = [Sign::Requests, Sign::AtOnce, Sign::Time, Sign::Threads];
        let has_runs = self.has(Sign::Runs)
            || self.has(Sign::MostRuns)
            || self.has(Sign::WarmUp) && self.has(Sign::FewestRuns);
        if !has_runs || is_load.iter().any(|sign| self.has(*sign)) {
            return None;
        }
        let runs = match (self.number(Sign::Runs), self.number(Sign::MostRuns)) {
            (Some(runs), _) => format!(" --runs {runs}"),
            (None, Some(most)) => format!(" --max-runs {}", most.max(FEWEST_RUNS)),
            (None, None) => String::new(),
        };
        let warmups = self.value(Sign::WarmUp);
        let warmups = warmups.map(|number| format!(" --warmup {number}"));
        let options = runs + &warmups.unwrap_or_default();
        Some(Recipe {
            options: vec![Sign::Runs, Sign::WarmUp, Sign::FewestRuns, Sign::MostRuns],
            program: "these are runs and warm-ups (hyperfine)",
            line: match self.has_one_url() {
                true => format!("pfetch --compare -j 8 {REPEATED}{options} {url}"),
                false => format!("pfetch --compare{options} {url}"),
            },
        })
    }

    /// Recognises a load generator: a number of requests, or a time; or connections with threads, a rate or rounds.
    fn load(&self, url: &str) -> Option<Recipe> {
        let has = |sign| self.has(sign);
        let at_once = has(Sign::AtOnce);
        let is_load = has(Sign::Requests)
            || has(Sign::Time)
            || at_once && (has(Sign::Threads) || has(Sign::Rate) || has(Sign::Runs));
        if !is_load {
            return None;
        }
        let is_timed = has(Sign::Time) || has(Sign::Threads) && !has(Sign::Requests);
        let (program, repeat) = match is_timed {
            true => self.timed(),
            false => self.counted(),
        };
        let option = |sign, option: &str, unit: &str| {
            let number = self.number(sign);
            let written = number.map(|number| format!(" {option} {number}{unit}"));
            written.unwrap_or_default()
        };
        let workers = option(Sign::AtOnce, "-j", "");
        let rate = option(Sign::Rate, "--rate", "/s");
        Some(Recipe {
            options: vec![
                Sign::Requests,
                Sign::AtOnce,
                Sign::Time,
                Sign::Threads,
                Sign::Rate,
                Sign::Runs,
            ],
            program,
            line: format!("pfetch{workers}{rate} {repeat} {url}"),
        })
    }

    /// A load test that ends by the clock: its words, and its options.
    fn timed(&self) -> (&'static str, String) {
        let program = match self.has(Sign::Threads) {
            true => "threads, connections and time of a load test (wrk)",
            false => "a load test that ends by the clock (hey, oha, bombardier)",
        };
        let time = self.value(Sign::Time).unwrap_or(DEFAULT_TIME);
        // A number alone would be how often.
        let unit = match time.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
            true => "s",
            false => "",
        };
        (program, format!("--repeat {time}{unit} --summary-only"))
    }

    /// A load test of a number of requests: its words, and its options.
    fn counted(&self) -> (&'static str, String) {
        let rounds = self.number(Sign::Runs);
        let rounds = rounds.filter(|_| !self.has(Sign::Requests));
        let requests = match (self.number(Sign::Requests), rounds) {
            (Some(requests), _) => requests,
            (None, Some(rounds)) => rounds.saturating_mul(self.number(Sign::AtOnce).unwrap_or(1)),
            (None, None) => DEFAULT_REQUESTS,
        };
        let program = match rounds {
            Some(_) => "users and rounds of a load test (siege)",
            None => "requests of a load test (hey, oha, ab)",
        };
        (program, format!("--repeat {requests}"))
    }
}

#[cfg(test)]
mod tests;
