//! The JUnit XML export: the results as test cases.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::time::{Duration, SystemTime};

use super::super::wording::assertion_figure;
use super::markup::MarkupText;
use super::words;
use crate::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use crate::model::measurement::ArmRun;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::summary::Summary;

/// JUnit XML, written to `W`, by Jenkins' `junit-10.xsd`, which other CI servers read as well.
///
/// A URL is a test case, with its host as the class. A failed one is a `failure`, or an `error` if the fault is
/// local; one that was not tried is `skipped`. The format has the totals before the cases, so the cases are kept
/// in an unnamed temporary file until the end. In a comparison each run is a suite of its own, except for
/// warm-ups, which are left out.
///
/// Assertions are a last suite, `gates`, with a case each: a `failure` if it fails the program, `skipped` if it
/// is inconclusive.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    /// Cases of the current suite.
    cases: BufWriter<File>,
    counts: SuiteCounts,
    name: String,
    /// Start of the run, or of the suite's first case.
    started_at: Option<SystemTime>,
    has_suites: bool,
    /// True during a warm-up.
    is_warm_up: bool,
    has_begun: bool,
    assertions: Vec<AssertionResult>,
}

#[derive(Debug, Default)]
struct SuiteCounts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
}

/// Name of the suite.
const NAME: &str = "pfetch";

impl<W: Write> Junit<W> {
    /// Test results written to `out`.
    ///
    /// # Errors
    ///
    /// If the temporary file cannot be created.
    pub fn new(out: W) -> io::Result<Self> {
        Ok(Junit {
            out,
            cases: BufWriter::new(tempfile::tempfile()?),
            counts: SuiteCounts::default(),
            name: NAME.to_owned(),
            started_at: None,
            has_suites: false,
            is_warm_up: false,
            has_begun: false,
            assertions: Vec::new(),
        })
    }

    fn begin(&mut self, run: ArmRun) {
        self.is_warm_up = run.pair == 0;
        if !self.is_warm_up {
            self.name = format!("{NAME} {} {}", run.arm.as_str(), run.pair);
        }
        self.started_at = None;
    }

    fn case(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.started_at = self.started_at.or(outcome.last.started_at);
        self.counts.tests += 1;
        write!(
            self.cases,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
            MarkupText(host(&outcome.url)),
            MarkupText(&outcome.url),
            seconds(outcome.elapsed().unwrap_or_default())
        )?;
        let error = outcome.error();
        let element = match outcome.verdict {
            Verdict::Ok | Verdict::Unchanged | Verdict::Done => {
                return self.cases.write_all(b"/>\n");
            }
            Verdict::Skipped => {
                self.counts.skipped += 1;
                SKIPPED
            }
            Verdict::Failed if error.is_some_and(|error| error.kind.is_local()) => {
                self.counts.errors += 1;
                "error"
            }
            Verdict::Failed => {
                self.counts.failures += 1;
                FAILURE
            }
        };
        let kind = error.map_or("unknown", |error| error.kind.as_str());
        writeln!(
            self.cases,
            ">\n      <{element} type=\"{kind}\" message=\"{}\"/>\n    </testcase>",
            MarkupText(&words::reason(outcome))
        )
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let SuiteCounts {
            tests,
            failures,
            errors,
            skipped,
        } = std::mem::take(&mut self.counts);
        let time = seconds(summary.makespan.unwrap_or_default());
        let name = &self.name;
        write!(
            self.out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" \
             errors=\"{errors}\" skipped=\"{skipped}\" time=\"{time}\""
        )?;
        if let Some(started_at) = self.started_at {
            let moment = humantime::format_rfc3339_seconds(started_at).to_string();
            write!(self.out, " timestamp=\"{}\"", moment.trim_end_matches('Z'))?;
        }
        self.out.write_all(b">\n")?;
        self.cases.flush()?;
        let file = self.cases.get_mut();
        file.rewind()?;
        io::copy(file, &mut self.out)?;
        // Empty it for the next suite.
        file.set_len(0)?;
        file.rewind()?;
        self.has_suites = true;
        self.out.write_all(b"  </testsuite>\n")
    }

    fn write_assertions(&mut self) -> io::Result<()> {
        let assertions = std::mem::take(&mut self.assertions);
        if assertions.is_empty() {
            return Ok(());
        }
        let count = |what: &str| {
            let elements = assertions
                .iter()
                .filter_map(|judged| element(judged.verdict));
            elements.filter(|element| *element == what).count()
        };
        writeln!(
            self.out,
            "  <testsuite name=\"gates\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            assertions.len(),
            count(FAILURE),
            count(SKIPPED)
        )?;
        for judged in &assertions {
            let (assertion, verdict) = (MarkupText(&judged.assertion), judged.verdict.as_str());
            write!(
                self.out,
                "    <testcase classname=\"gates\" name=\"{assertion}\""
            )?;
            match element(judged.verdict) {
                None => writeln!(self.out, "/>")?,
                Some(element) => writeln!(
                    self.out,
                    ">\n      <{element} type=\"{verdict}\" message=\"{}\"/>\n    </testcase>",
                    MarkupText(&assertion_figure(judged))
                )?,
            }
        }
        self.out.write_all(b"  </testsuite>\n")
    }
}

const FAILURE: &str = "failure";
const SKIPPED: &str = "skipped";

/// Element of a case that did not pass.
fn element(verdict: AssertionVerdict) -> Option<&'static str> {
    match verdict {
        AssertionVerdict::Held => None,
        verdict if verdict.is_failure() => Some(FAILURE),
        _ => Some(SKIPPED),
    }
}

impl<W: Write> Listener for Junit<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => {
                self.started_at = Some(info.started_at);
                self.has_begun = true;
                self.out
                    .write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")
            }
            Event::Finished(_) if self.is_warm_up => Ok(()),
            Event::Finished(outcome) => self.case(outcome),
            Event::ArmStarted(run) => {
                self.begin(*run);
                Ok(())
            }
            Event::ArmEnded(_) if std::mem::take(&mut self.is_warm_up) => Ok(()),
            Event::ArmEnded(summary) => self.end(summary),
            Event::Ended(summary) => {
                // A stopped comparison has written its suites already, except for the last.
                if !self.has_suites || self.counts.tests > 0 {
                    self.end(summary)?;
                }
                Ok(())
            }
            Event::Assertion(judged) => {
                self.assertions.push(judged.clone());
                Ok(())
            }
            Event::Compared(_) | Event::Swept(_) | Event::Against(_) => Ok(()),
            Event::Counted(_) | Event::Pending(_) | Event::Warning(_) => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        self.write_assertions()?;
        if std::mem::take(&mut self.has_begun) {
            self.out.write_all(b"</testsuites>\n")?;
        }
        self.out.flush()
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The host of a URL, without its port; `input` for a text that is no URL.
fn host(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "input";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let address = authority.strip_prefix('[');
    match address.and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => match authority.split(':').next() {
            None | Some("") => "input",
            Some(host) => host,
        },
    }
}

/// A duration in seconds, with the digits that Maven's Surefire writes.
fn seconds(time: Duration) -> String {
    format!("{:.6}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_the_host() {
        for (url, expected) in [
            ("http://a.example/", "a.example"),
            ("https://a.example:8443?q=//b", "a.example"),
            ("http://[::1]:80/", "::1"),
            ("nonsense", "input"),
            ("nonsense://", "input"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
