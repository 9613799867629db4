//! Whole command lines of other programs. What `-n`, `-c`, `-d`, `-t`, `-r` or `-w` means is open for each of them
//! alone; together they are those of a load generator (hey, oha, ab, wrk, bombardier, siege), of hyperfine, xargs or
//! curl, and there is one line to paste that does the like here, with the other options and the URLs in it.

mod pasted;
mod typed;

use std::ffi::OsString;

use super::own::OwnOptions;
use pasted::Pasted;
use typed::{Sign, Typed};

/// The number of requests that hey and oha send without -n.
const DEFAULT_REQUESTS: u64 = 200;

/// The time that wrk and bombardier take without -d.
const DEFAULT_TIME: &str = "10s";

/// The fewest runs of a comparison whose number is not given.
const FEWEST_RUNS: u64 = 3;

/// The option of a comparison of one URL, which is fetched one by one otherwise: as often as one by default tells
/// something.
const REPEATED: &str = " -j 8 --repeat 20";

/// The options of each program.
const HYPERFINE: [Sign; 5] = [
    Sign::Runs,
    Sign::NamedRuns,
    Sign::WarmUp,
    Sign::FewestRuns,
    Sign::MostRuns,
];
const LOAD: [Sign; 6] = [
    Sign::Requests,
    Sign::AtOnce,
    Sign::Time,
    Sign::Threads,
    Sign::Rate,
    Sign::Runs,
];
const XARGS: [Sign; 2] = [Sign::Requests, Sign::Processes];
const PART: [Sign; 2] = [Sign::Range, Sign::Offset];

/// The message for a command line that is another program's as a whole, with the line to paste at its end. There is
/// none if more is to be said of it.
pub(super) fn find(arguments: &[OsString], own: &OwnOptions) -> Option<String> {
    let typed = Typed::read(arguments, own);
    typed
        .hyperfine()
        .or_else(|| typed.xargs())
        .or_else(|| typed.load())
        .or_else(|| typed.part())
}

impl Typed<'_> {
    /// The message: the options that show the program, the words for what they are there, and the line to paste.
    fn message(&self, signs: &[Sign], program: &str, options: &str, rest: &Pasted) -> String {
        format!(
            "{}: {program}. Here{}: pfetch{options}{}",
            self.shown_of(signs),
            rest.advice(),
            rest.end()
        )
    }

    /// Recognises hyperfine: a number of runs, or of warm-ups beside the fewest runs.
    fn hyperfine(&self) -> Option<String> {
        let is_load = [Sign::Requests, Sign::AtOnce, Sign::Time, Sign::Threads];
        let has_runs = [Sign::Runs, Sign::NamedRuns, Sign::MostRuns]
            .iter()
            .any(|sign| self.has(*sign))
            || self.has(Sign::WarmUp) && self.has(Sign::FewestRuns);
        if !has_runs || is_load.iter().any(|sign| self.has(*sign)) {
            return None;
        }
        let rest = self.rest(&HYPERFINE)?;
        if rest.measures || rest.saves {
            return None;
        }
        let runs = self.number(Sign::Runs).or(self.number(Sign::NamedRuns));
        let runs = match (runs, self.number(Sign::MostRuns)) {
            (Some(runs), _) => format!(" --runs {runs}"),
            (None, Some(most)) => format!(" --max-runs {}", most.max(FEWEST_RUNS)),
            (None, None) => String::new(),
        };
        let warmups = self.value(Sign::WarmUp);
        let warmups = warmups.map(|number| format!(" --warmup {number}"));
        let repeated = if rest.has_one_url() { REPEATED } else { "" };
        let options = format!(" --compare{repeated}{runs}{}", warmups.unwrap_or_default());
        let program = "these are runs and warm-ups (hyperfine)";
        Some(self.message(&HYPERFINE, program, &options, &rest))
    }

    /// Recognises xargs: arguments of a process, and processes.
    fn xargs(&self) -> Option<String> {
        let at_once = self.number(Sign::Processes)?;
        if !self.has(Sign::Requests) || self.has(Sign::AtOnce) {
            return None;
        }
        let rest = self.rest(&XARGS)?;
        let program = "URLs of a process, and processes at once (xargs)";
        Some(self.message(&XARGS, program, &format!(" -j {at_once}"), &rest))
    }

    /// Recognises a load generator: a number of requests, or a time; or connections with threads, a rate or rounds.
    fn load(&self) -> Option<String> {
        let has = |sign| self.has(sign);
        let at_once = has(Sign::AtOnce);
        // A bare number behind wrk's -d is a time there alone.
        let time = self.value(Sign::Time);
        let is_bare = self.shown_of(&[Sign::Time]).starts_with("-d")
            && time.is_some_and(|time| time.bytes().all(|byte| byte.is_ascii_digit()));
        let is_load = has(Sign::Requests)
            || time.is_some() && (at_once || !is_bare)
            || at_once && (has(Sign::Threads) || has(Sign::Rate) || has(Sign::Runs));
        if !is_load {
            return None;
        }
        let rest = self.rest(&LOAD)?;
        if rest.compares || rest.measures || rest.saves {
            return None;
        }
        let is_timed = time.is_some() || has(Sign::Threads) && !has(Sign::Requests);
        let (mut program, repeat) = match is_timed {
            true => self.timed(),
            false => self.counted(),
        };
        if !is_timed && rest.has_list {
            program += ", and --repeat has the whole list so often";
        }
        let option = |sign, option: &str, unit: &str| {
            let number = self.number(sign);
            let written = number.map(|number| format!(" {option} {number}{unit}"));
            written.unwrap_or_default()
        };
        let workers = option(Sign::AtOnce, "-j", "");
        let rate = option(Sign::Rate, "--rate", "/s");
        let options = format!("{workers}{rate} --repeat {repeat} --summary-only");
        Some(self.message(&LOAD, &program, &options, &rest))
    }

    /// A load test that ends by the clock: its words, and the value of --repeat.
    fn timed(&self) -> (String, String) {
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
        (program.to_owned(), format!("{time}{unit}"))
    }

    /// A load test of a number of requests: its words, and the value of --repeat.
    fn counted(&self) -> (String, String) {
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
        (program.to_owned(), requests.to_string())
    }

    /// Recognises the parts of a body that curl asks for.
    fn part(&self) -> Option<String> {
        let range = match (self.value(Sign::Range), self.value(Sign::Offset)) {
            (Some(range), _) => range.to_owned(),
            (None, offset) => format!("{}-", offset?),
        };
        let rest = self.rest(&PART)?;
        let options = format!(" -H 'Range: bytes={range}'");
        Some(self.message(&PART, "a part of the body (curl)", &options, &rest))
    }
}

#[cfg(test)]
mod tests;
