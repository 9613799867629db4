//! Whole command lines of other programs. What `-n`, `-c`, `-d`, `-t`, `-r` or `-w` means is open for each of them
//! alone; together they are those of a load generator (hey, oha, ab, wrk, bombardier, siege) or of hyperfine, and there
//! is one line to paste that does the like here.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::meaning::{Meaning, is_number};
use super::own::OwnOptions;
use super::table;
use super::values::is_duration;
use crate::model::target::without_userinfo;

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
    if !mistaken.all(|spelling| {
        typed
            .spellings
            .iter()
            .any(|known| known == spelling.as_ref())
    }) {
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

/// An option of a load generator or of hyperfine, by its letter there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// `-n`: requests.
    Requests,
    /// `-c`: connections.
    AtOnce,
    /// `-z`, or wrk's `-d`: the time of the test.
    Time,
    /// `-t`: wrk's threads.
    Threads,
    /// `-q`, or wrk2's `-R`: requests in a second.
    Rate,
    /// `-r`: runs.
    Runs,
    /// `-w`: warm-up runs.
    WarmUp,
    /// `-m`: the fewest runs.
    FewestRuns,
    /// `-M`: the most runs.
    MostRuns,
}

impl Sign {
    /// Finds the option by its spelling, if it has this value.
    fn of(spelling: &str, value: &OsStr) -> Option<Self> {
        let is_time = || is_duration(&value.to_string_lossy());
        let sign = match spelling {
            "-n" | "--requests" | "--iterations" => Sign::Requests,
            "-c" | "--concurrency" | "--connections" | "--concurrent" | "--clients" | "--vus" => {
                Sign::AtOnce
            }
            "-z" | "-d" | "--duration" if is_time() => return Some(Sign::Time),
            "-z" | "--duration" => Sign::Time,
            "-t" | "--threads" => Sign::Threads,
            "-q" | "-R" | "--qps" | "--rps" | "--rate" => Sign::Rate,
            "-r" | "--runs" => Sign::Runs,
            "-w" | "--warmup" => Sign::WarmUp,
            "-m" | "--min-runs" => Sign::FewestRuns,
            "-M" | "--max-runs" => Sign::MostRuns,
            _ => return None,
        };
        let is_whole = || value.as_bytes().iter().all(u8::is_ascii_digit);
        (is_number(value) && (sign == Sign::Time || is_whole())).then_some(sign)
    }
}

/// The options and URLs of a command line.
#[derive(Debug, Default)]
struct Typed {
    /// Each with its value, and as it was typed.
    signs: Vec<(Sign, String, String)>,
    /// The spellings of these.
    spellings: Vec<String>,
    urls: Vec<String>,
    /// True if there are options beside them that do something.
    has_others: bool,
}

impl Typed {
    fn read(arguments: &[OsString], own: &OwnOptions) -> Self {
        let mut typed = Typed::default();
        let mut arguments = arguments.iter().map(OsString::as_os_str).peekable();
        while let Some(argument) = arguments.next() {
            let bytes = argument.as_bytes();
            if argument == "--" {
                typed
                    .urls
                    .extend(arguments.map(|url| url.to_string_lossy().into_owned()));
                break;
            }
            if bytes.len() < 2 || bytes[0] != b'-' {
                typed.urls.push(argument.to_string_lossy().into_owned());
                continue;
            }
            let (spelling, joined) = split(argument);
            let next = arguments.peek().copied();
            if let Some(value) = joined.or(next)
                && let Some(sign) = Sign::of(&spelling, value)
            {
                let value = value.to_string_lossy().into_owned();
                let shown = match joined {
                    Some(_) => argument.to_string_lossy().into_owned(),
                    None => format!("{spelling} {value}"),
                };
                if joined.is_none() {
                    arguments.next();
                }
                typed.signs.push((sign, value, shown));
                typed.spellings.push(spelling);
                continue;
            }
            let meaning = table::find(&spelling);
            let has_value = match (own_takes_value(own, &spelling), meaning) {
                (Some(takes_value), _) => takes_value,
                (None, Some(meaning)) => meaning.takes_value(),
                (None, None) => false,
            };
            if has_value && joined.is_none() {
                arguments.next();
            }
            // To ab, -k is what is done here anyway: connections are kept. And hyperfine's line compares.
            let is_idle = ["-k", "-S", "--compare"].contains(&spelling.as_str())
                || matches!(meaning, Some(Meaning::Nothing));
            typed.has_others |= !is_idle;
        }
        typed
    }

    /// The value of the option, the last time that it was typed.
    fn value(&self, sign: Sign) -> Option<&str> {
        let mut signs = self.signs.iter().rev();
        let (_, value, _) = signs.find(|(known, ..)| *known == sign)?;
        Some(value)
    }

    fn has(&self, sign: Sign) -> bool {
        self.value(sign).is_some()
    }

    /// The number of the option, unless it is none or nothing can be done with it.
    fn number(&self, sign: Sign) -> Option<u64> {
        self.value(sign)?.parse().ok().filter(|number| *number > 0)
    }

    /// The options as they were typed.
    fn shown_of(&self, signs: &[Sign]) -> impl Iterator<Item = &str> {
        let signs = signs.to_vec();
        let typed = self
            .signs
            .iter()
            .filter(move |(sign, ..)| signs.contains(sign));
        typed.map(|(_, _, shown)| shown.as_str())
    }

    /// The only URL, in quotes for the shell where it needs them. The word for one stands for several, and for one
    /// that has credentials, which are not shown.
    fn url(&self) -> String {
        let url = match &self.urls[..] {
            [url] if without_userinfo(url) == *url && !url.starts_with('-') => quoted(url),
            _ => None,
        };
        url.unwrap_or_else(|| "URL".to_owned())
    }

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
        Some(Recipe {
            options: vec![Sign::Runs, Sign::WarmUp, Sign::FewestRuns, Sign::MostRuns],
            program: "these are runs and warm-ups (hyperfine)",
            line: format!(
                "pfetch --compare{runs}{} {url}",
                warmups.unwrap_or_default()
            ),
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
        let at_most = match self.number(Sign::AtOnce) {
            Some(workers) => format!(" -j {workers}"),
            None => String::new(),
        };
        let rate = self.number(Sign::Rate);
        let rate = rate
            .map(|rate| format!(" --rate {rate}/s"))
            .unwrap_or_default();
        let options = vec![
            Sign::Requests,
            Sign::AtOnce,
            Sign::Time,
            Sign::Threads,
            Sign::Rate,
            Sign::Runs,
        ];
        let is_timed = has(Sign::Time) || has(Sign::Threads) && !has(Sign::Requests);
        if is_timed {
            let time = self.value(Sign::Time).unwrap_or(DEFAULT_TIME);
            return Some(Recipe {
                options,
                program: match has(Sign::Threads) {
                    true => {
                        "threads, connections and time of a load test (wrk). A deadline ends the like here, with exit \
                         code 1 for what is not done by then"
                    }
                    false => {
                        "a load test that ends by the clock (hey, oha, bombardier). A deadline does that here, with exit \
                         code 1 for what is not done by then"
                    }
                },
                line: format!("yes {url} | pfetch{at_most}{rate} --deadline {time} --summary-only"),
            });
        }
        let rounds = self.number(Sign::Runs).filter(|_| !has(Sign::Requests));
        let requests = match (self.number(Sign::Requests), rounds) {
            (Some(requests), _) => requests,
            (None, Some(rounds)) => rounds.saturating_mul(self.number(Sign::AtOnce).unwrap_or(1)),
            (None, None) => DEFAULT_REQUESTS,
        };
        Some(Recipe {
            options,
            program: match rounds {
                Some(_) => "users and rounds of a load test (siege)",
                None => "requests of a load test (hey, oha, ab)",
            },
            line: format!("yes {url} | head -n {requests} | pfetch{at_most}{rate}"),
        })
    }
}

/// Splits an option from the value that is joined to it.
fn split(argument: &OsStr) -> (String, Option<&OsStr>) {
    let bytes = argument.as_bytes();
    let (end, value) = match bytes.starts_with(b"--") {
        true => {
            let end = bytes.iter().position(|byte| *byte == b'=');
            (end.unwrap_or(bytes.len()), end.map(|end| &bytes[end + 1..]))
        }
        false => (2, Some(&bytes[2..]).filter(|value| !value.is_empty())),
    };
    let spelling = String::from_utf8_lossy(&bytes[..end]).into_owned();
    (spelling, value.map(OsStr::from_bytes))
}

/// Tells whether an own option of this spelling has a value; `None` if there is none.
fn own_takes_value(own: &OwnOptions, spelling: &str) -> Option<bool> {
    let option = match spelling.as_bytes() {
        [b'-', letter] => own.short(*letter),
        _ => own.long(spelling),
    };
    option.map(|option| option.takes_value)
}

/// The text as one word of a shell, if it can be shown as it is.
fn quoted(text: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:%+,-".contains(c);
    if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return None;
    }
    Some(match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::TypedArgs;

    fn found(line: &str) -> Option<String> {
        let own = OwnOptions::of(&TypedArgs::described());
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        find(&arguments, &own, std::iter::empty::<&str>())
    }

    #[test]
    fn a_line_with_another_mistake_has_more_to_be_said() {
        let own = OwnOptions::of(&TypedArgs::described());
        let arguments = ["-n", "5", "-c", "2", "-X", "POST", "h"].map(OsString::from);
        let find = |mistaken: &[&str]| find(&arguments, &own, mistaken.iter());
        assert!(find(&["-n", "-c"]).is_some());
        assert_eq!(find(&["-n", "-X"]), None);
    }

    #[test]
    fn lines_of_load_generators_and_of_hyperfine_have_a_line_to_paste() {
        for (line, start, end) in [
            (
                "-n 200 -c 10 h",
                "-n 200 -c 10: requests",
                ": yes h | head -n 200 | pfetch -j 10",
            ),
            (
                "-n1000 h",
                "-n1000: requests",
                ": yes h | head -n 1000 | pfetch",
            ),
            (
                "-k -n 9 -c 2 -S h",
                "-n 9 -c 2: ",
                "Here: yes h | head -n 9 | pfetch -j 2",
            ),
            (
                "-c 5 -q 50 -n 20 h",
                "-c 5 -q 50 -n 20: ",
                "| pfetch -j 5 --rate 50/s",
            ),
            (
                "-c 5 -q 50 h",
                "-c 5 -q 50: ",
                "| head -n 200 | pfetch -j 5 --rate 50/s",
            ),
            (
                "-t2 -c10 -d5s h",
                "-t2 -c10 -d5s: threads, connections and time of a load test (wrk)",
                ": yes h | pfetch -j 10 --deadline 5s --summary-only",
            ),
            (
                "--threads 2 --connections=10 --duration 1m -R 9 h",
                "--threads 2 --connections=10 --duration 1m -R 9: threads",
                "| pfetch -j 10 --rate 9/s --deadline 1m --summary-only",
            ),
            (
                "-t 2 -c 10 h",
                "-t 2 -c 10: threads",
                "--deadline 10s --summary-only",
            ),
            (
                "-c 125 -d 10s h",
                "-c 125 -d 10s: a load test",
                "| pfetch -j 125 --deadline 10s --summary-only",
            ),
            (
                "-z 10s -c 5 h",
                "-z 10s -c 5: a load test",
                "--deadline 10s --summary-only",
            ),
            (
                "-r 5 -c 10 h",
                "-r 5 -c 10: users and rounds",
                "yes h | head -n 50 | pfetch -j 10",
            ),
            (
                "-r 5 -w 1 -m 3 -M 10 h",
                "-r 5 -w 1 -m 3 -M 10: these are runs",
                "Here: pfetch --compare --runs 5 --warmup 1 h",
            ),
            (
                "-w 0 -M 10 h",
                "-w 0 -M 10: ",
                ": pfetch --compare --max-runs 10 --warmup 0 h",
            ),
            ("-M 1 h", "-M 1: ", ": pfetch --compare --max-runs 3 h"),
            ("-r 5 h", "-r 5: ", ": pfetch --compare --runs 5 h"),
            (
                "-w 2 -m 5 h",
                "-w 2 -m 5: ",
                ": pfetch --compare --warmup 2 h",
            ),
            // A header may be a secret, so other options are not repeated.
            (
                "-n 5 -H A:hush h",
                "-n 5: ",
                "Here (add your other options at its end): yes h | head -n 5 | pfetch",
            ),
        ] {
            let message = found(line).unwrap_or_default();
            assert!(
                message.starts_with(start) && message.ends_with(end),
                "{line}: {message}"
            );
            assert!(!message.contains("hush"), "{message}");
        }
    }

    #[test]
    fn single_options_that_are_several_programs_show_none() {
        for line in [
            "h",
            "-c 10 h",
            "-w 3 h",
            "-m 3 h",
            "-t 3 h",
            "-q 50 h",
            "-d 5s h",
            "-r 0-99 h",
            "-r h",
            "-n h",
            "-c -n",
            "-z date h",
            "-R 5 h",
            "-w %{http_code} -m 3 h",
            "-n 1.5 h",
            "-- -n 5",
            "-H -n h 5",
            "--header=-n5 h",
        ] {
            let is_load = line == "-d 5s h";
            assert_eq!(found(line).is_some(), is_load, "{line}: {:?}", found(line));
        }
    }

    #[test]
    fn urls_are_words_of_a_shell_and_show_no_credentials() {
        for (url, expected) in [
            ("http://h/a?b=c&d", "yes 'http://h/a?b=c&d' |"),
            ("http://h/it's", "yes 'http://h/it'\\''s' |"),
            ("http://h/$(x)", "yes 'http://h/$(x)' |"),
            ("http://u:hush@h/", "yes URL |"),
            ("http://h/\u{1b}", "yes URL |"),
            ("http://a/ http://b/", "yes URL |"),
            ("-", "yes URL |"),
        ] {
            let message = found(&format!("-n 5 {url}")).unwrap_or_default();
            assert!(message.contains(expected), "{url}: {message}");
        }
    }
}
