//! The JUnit XML export: the results as test cases.

mod names;
mod suite;

use std::io::{self, Write};
use std::time::SystemTime;

use super::super::wording::{self, assertion_figure};
use super::markup::MarkupText;
use super::run_label::RunLabels;
use crate::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::summary::Summary;
use suite::{FAILURE, SKIPPED, Suite, error_suite};

/// JUnit XML, written to `W`, by Jenkins' `junit-10.xsd`, which other CI servers read as well.
///
/// A URL is a test case, with its host, and the port if it names one, as the class. A failed one is a `failure`, or an `error` if the fault is
/// local; one that was not done is `skipped`, whatever cut it off: a signal, `--fail-fast` or the run's deadline. The output of one that succeeded when it was tried again says so, and that of
/// one that an earlier run had done is `done before`. A run
/// that was stopped has the properties `stopped`, how far it came, and `listed`, of how many targets; those that it did
/// not come to read, or the end of the list, are one case, which is an `error`, of the type `deadline` if that has passed, because a run that was stopped is no good run. So are
/// the shards that a merged report lacks, a list that could not be read to its end, and an input without URLs where it [needs some](Junit::needs_urls). A name that occurs again has a number behind it, in the
/// order of the input. The suite of a shard names it, `pfetch shard 2/4`, so that
/// those of all can be shown together. A run whose starts or bytes the
/// user limited has the properties `held-back`, the options that held some back, and `asked-rate`, if the rate of starts
/// was missed. In a comparison each arm is a suite, and in a sweep each number of workers: a case is then that of its first counted run, or of the first in which it failed.
///
/// Assertions are a last suite, `gates`, with a case each: a `failure` if it fails the program, `skipped` if it
/// is inconclusive or not judged; the figure of one that holds is its output.
#[derive(Debug)]
pub struct Junit<W> {
    out: W,
    /// Start of the run.
    started_at: Option<SystemTime>,
    /// The suites: one, or one for each arm.
    suites: Vec<Suite>,
    labels: RunLabels,
    /// The suite of the run under way; `None` in a warm-up.
    current: Option<usize>,
    has_begun: bool,
    assertions: Vec<AssertionResult>,
    needs_urls: bool,
}

/// Name of the suite, and the first word of an arm's.
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
            started_at: None,
            suites: vec![Suite::new(NAME.to_owned(), (false, 0))?],
            labels: RunLabels::default(),
            current: Some(0),
            has_begun: false,
            assertions: Vec::new(),
            needs_urls: false,
        })
    }

    /// Takes an input without URLs for an error: a run of which that is not wanted ends with one.
    #[must_use]
    pub fn needs_urls(self, needs_urls: bool) -> Self {
        Junit { needs_urls, ..self }
    }

    fn begin(&mut self, run: ArmRun) -> io::Result<()> {
        if !self.labels.has_runs() {
            // The suite of a plain run.
            self.suites.clear();
        }
        self.labels.note(run);
        if run.pair == 0 {
            self.current = None;
            return Ok(());
        }
        let name = format!("{NAME} {}", self.labels.arm(run));
        let place = self.suites.iter().position(|suite| suite.name == name);
        if place.is_none() {
            let place = (run.arm == Arm::Parallel, run.workers);
            self.suites.push(Suite::new(name, place)?);
        }
        self.current = Some(place.unwrap_or(self.suites.len() - 1));
        Ok(())
    }

    /// Ends a run of a suite, if it counts.
    fn end_run(&mut self, summary: &Summary) {
        if let Some(suite) = self.current.and_then(|place| self.suites.get_mut(place)) {
            suite.end_run(summary);
        }
        self.current = None;
    }

    /// Writes the suites of runs. `stopped` is the sentence about runs that were not made, which no suite may show: the
    /// stop may have come between two of them.
    fn write_suites(&mut self, stopped: Option<&str>) -> io::Result<()> {
        let stopped = stopped.filter(|_| !self.suites.iter().any(Suite::is_stopped));
        if let Some(message) = stopped {
            let suite = error_suite(NAME, "the end of the runs", "stopped", message);
            self.out.write_all(suite.as_bytes())?;
        }
        // Not in the order of their first runs, in which the arms take turns.
        self.suites.sort_by_key(|suite| suite.place);
        for mut suite in self.suites.drain(..) {
            suite.write(&mut self.out)?;
        }
        Ok(())
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
        for (place, judged) in assertions.iter().enumerate() {
            let (assertion, verdict) = (MarkupText(&judged.assertion), judged.verdict.as_str());
            let same = assertions[..=place].iter();
            let same = same.filter(|other| other.assertion == judged.assertion);
            let suffix = names::suffix(same.count() as u64);
            write!(
                self.out,
                "    <testcase classname=\"gates\" name=\"{assertion}{suffix}\""
            )?;
            match element(judged.verdict) {
                None => writeln!(
                    self.out,
                    ">\n      <system-out>{}</system-out>\n    </testcase>",
                    MarkupText(&assertion_figure(judged))
                )?,
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
                if let (Some(shard), [suite]) = (info.shard, &mut self.suites[..]) {
                    suite.name = format!("{NAME} shard {shard}");
                }
                self.has_begun = true;
                self.out
                    .write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n")
            }
            Event::Finished(outcome) => {
                let suite = self.current.and_then(|place| self.suites.get_mut(place));
                suite.map_or(Ok(()), |suite| suite.add(outcome))
            }
            Event::ArmStarted(run) => self.begin(*run),
            Event::ArmEnded(summary) => {
                self.end_run(summary);
                Ok(())
            }
            Event::Ended(summary) => {
                if !self.labels.has_runs() {
                    if let Some(suite) = self.suites.first_mut() {
                        suite.started_at = self.started_at;
                    }
                    self.end_run(summary);
                }
                let is_empty = summary.targets() + summary.done_before == 0;
                let is_read = !summary.stopped && summary.unreadable.is_empty();
                if is_empty && is_read && self.needs_urls {
                    self.suites.clear();
                    let suite = error_suite(NAME, "the list", "empty", "there are no URLs in it");
                    self.out.write_all(suite.as_bytes())?;
                }
                let stopped = wording::stopped(summary).filter(|_| self.labels.has_runs());
                self.write_suites(stopped.as_deref())
            }
            Event::Assertion(judged) => {
                self.assertions.push(judged.clone());
                Ok(())
            }
            Event::Compared(comparison) => {
                let stopped = comparison.stopped.map(wording::stopped_after);
                self.write_suites(stopped.as_deref())
            }
            Event::Swept(sweep) => {
                let stopped = sweep.stopped.map(wording::stopped_after);
                self.write_suites(stopped.as_deref())
            }
            Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_)
            | Event::Against(_) => Ok(()),
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
