//! The trace export: Chrome's trace-event format, a thread per worker, for Perfetto and about:tracing.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::attempt_view::{AttemptView, attempt_views};
use super::document::{Document, Safe};
use super::words::short;
use crate::model::event::{AssertionResult, AssertionVerdict, Event, Listener};
use crate::model::measurement::Arm;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::text::escape;
use crate::report::wording::assertion_figure;

/// Trace of a run, to be opened at <https://ui.perfetto.dev> or in Chrome's `about:tracing`.
///
/// It is an object with `traceEvents`, written as results arrive. Each worker is a thread, each attempt a slice
/// on it, and each phase of the attempt a slice within that. The phases are in the order of
/// [`Timing`](crate::model::timing::Timing); where redirects repeated a phase, its slice has the sum. In a
/// comparison each arm is a process. Times are in microseconds since the start of the run. Targets that no
/// worker began are counted in `otherData`, which has the gates too.
#[derive(Debug)]
pub struct Trace<W> {
    document: Document<W>,
    /// Start of the run by the wall clock.
    started_at: Option<SystemTime>,
    /// Start of the run by the monotonic clock, which the spans use.
    origin: Option<Instant>,
    arm: Option<Arm>,
    /// Processes and threads whose names have been written.
    named: BTreeSet<(u32, Option<usize>)>,
    untried: u64,
    has_ended: bool,
    gates: Vec<GateData>,
}

impl<W: Write> Trace<W> {
    /// A trace written to `out`.
    pub fn new(out: W) -> Self {
        Trace {
            document: Document::new(out, "{\"traceEvents\":[".to_owned()),
            started_at: None,
            origin: None,
            arm: None,
            named: BTreeSet::new(),
            untried: 0,
            has_ended: false,
            gates: Vec::new(),
        }
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        if outcome.verdict == Verdict::Done {
            return Ok(());
        }
        let mut tried = false;
        for view in attempt_views(outcome) {
            if let Some(span) = view.attempt.worker_span() {
                tried = true;
                self.attempt(outcome, &view, span)?;
            }
        }
        self.untried += u64::from(!tried);
        Ok(())
    }

    fn attempt(
        &mut self,
        outcome: &Outcome,
        view: &AttemptView<'_>,
        (start, end): (Instant, Instant),
    ) -> io::Result<()> {
        let pid = self.process()?;
        let tid = self.thread(pid, view.worker())?;
        let (start, end) = (self.micros(view, start), self.micros(view, end));
        let has_failed = view.verdict == Verdict::Failed;
        self.document.item(&SliceEvent {
            name: Safe(&outcome.url),
            cat: if has_failed { "url,failed" } else { "url" },
            ph: "X",
            ts: start,
            dur: end - start,
            pid,
            tid,
            cname: has_failed.then_some("terrible"),
            args: Some(SliceArgs {
                url: Safe(outcome.final_url().unwrap_or(&outcome.url)),
                attempt: view.number,
                status: view.attempt.status,
                bytes: view.is_last.then_some(outcome.bytes),
                outcome: view.verdict,
                error: view
                    .attempt
                    .error
                    .as_deref()
                    .map(|error| escape(&error.to_string())),
            }),
        })?;
        let mut from = Duration::ZERO;
        for (phase, took) in view.attempt.timing.phases() {
            let Some(took) = took else { continue };
            let until = from + took;
            // The ends are rounded, not the length, so that neighbours share an end and no phase is longer than
            // the attempt.
            let at = |offset: Duration| {
                let micros = i64::try_from(offset.as_micros()).unwrap_or(i64::MAX);
                start.saturating_add(micros).min(end)
            };
            self.document.item(&SliceEvent {
                name: Safe(phase.as_str()),
                cat: "phase",
                ph: "X",
                ts: at(from),
                dur: at(until) - at(from),
                pid,
                tid,
                cname: None,
                args: None,
            })?;
            from = until;
        }
        Ok(())
    }

    /// Process of the arm, named at its first use.
    fn process(&mut self) -> io::Result<u32> {
        let (pid, name) = match self.arm {
            None => (1, "pfetch"),
            Some(Arm::Serial) => (1, Arm::Serial.as_str()),
            Some(Arm::Parallel) => (2, Arm::Parallel.as_str()),
        };
        if self.named.insert((pid, None)) {
            self.document
                .item(&NameEvent::new("process_name", pid, 0, name.to_owned()))?;
        }
        Ok(pid)
    }

    /// Thread of the worker, named at its first use. Numbers start at 1, because viewers ignore thread 0.
    fn thread(&mut self, pid: u32, worker: usize) -> io::Result<usize> {
        let tid = worker.saturating_add(1);
        if self.named.insert((pid, Some(worker))) {
            let name = match self.arm {
                Some(Arm::Serial) => "one after the other".to_owned(),
                _ => format!("worker {worker}"),
            };
            self.document
                .item(&NameEvent::new("thread_name", pid, tid, name))?;
        }
        Ok(tid)
    }

    /// Microseconds from the start of the run. Outcomes arrive in the order of their ends, so the first to
    /// arrive need not have started first; the start of the run is derived from the wall clock.
    fn micros(&mut self, view: &AttemptView<'_>, moment: Instant) -> i64 {
        let origin = *self.origin.get_or_insert_with(|| {
            let start = view.attempt.span.map_or(moment, |(start, _)| start);
            let since = match (view.attempt.started_at, self.started_at) {
                (Some(attempt), Some(run)) => attempt.duration_since(run).unwrap_or_default(),
                _ => Duration::ZERO,
            };
            start.checked_sub(since).unwrap_or(start)
        });
        let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
        match moment.checked_duration_since(origin) {
            Some(after) => micros(after),
            None => -micros(origin - moment),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let other = serde_json::to_string(&OtherData {
            creator: concat!("pfetch ", env!("CARGO_PKG_VERSION")),
            not_started: self.untried,
            gates: &self.gates,
        })?;
        self.document.close(&format!(
            "],\"displayTimeUnit\":\"ms\",\"otherData\":{other}}}"
        ))
    }
}

impl<W: Write> Listener for Trace<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            // Gates are judged after the end.
            Event::Assertion(judged) => {
                self.gates.push(GateData::from(judged));
                Ok(())
            }
            _ if self.has_ended => Ok(()),
            Event::Started(info) => {
                self.started_at = Some(info.started_at);
                self.document.open()
            }
            Event::ArmStarted(run) => {
                self.arm = Some(run.arm);
                Ok(())
            }
            Event::Finished(outcome) => self.outcome(outcome),
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_) => {
                self.has_ended = true;
                Ok(())
            }
            Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_)
            | Event::ArmEnded(_) => Ok(()),
            Event::Against(_) => Ok(()),
        }
    }

    fn close(&mut self) -> io::Result<()> {
        match self.has_ended {
            true => self.end(),
            false => Ok(()),
        }
    }
}

/// Facts about the whole trace.
#[derive(Serialize)]
struct OtherData<'a> {
    creator: &'static str,
    not_started: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    gates: &'a [GateData],
}

/// A gate with its verdict.
#[derive(Debug, Serialize)]
struct GateData {
    gate: String,
    verdict: AssertionVerdict,
    figure: String,
}

impl From<&AssertionResult> for GateData {
    fn from(judged: &AssertionResult) -> Self {
        GateData {
            gate: short(&judged.assertion),
            verdict: judged.verdict,
            figure: short(&assertion_figure(judged)),
        }
    }
}

/// A slice: a "complete" event.
#[derive(Serialize)]
struct SliceEvent<'a> {
    name: Safe<'a>,
    cat: &'static str,
    ph: &'static str,
    ts: i64,
    dur: i64,
    pid: u32,
    tid: usize,
    /// Name of a colour of the viewer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    cname: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<SliceArgs<'a>>,
}

#[derive(Serialize)]
struct SliceArgs<'a> {
    url: Safe<'a>,
    attempt: usize,
    status: Option<u16>,
    bytes: Option<u64>,
    outcome: Verdict,
    error: Option<String>,
}

/// Name of a process or a thread: a "metadata" event.
#[derive(Serialize)]
struct NameEvent {
    name: &'static str,
    ph: &'static str,
    pid: u32,
    tid: usize,
    args: NameArgs,
}

#[derive(Serialize)]
struct NameArgs {
    name: String,
}

impl NameEvent {
    fn new(what: &'static str, pid: u32, tid: usize, name: String) -> Self {
        NameEvent {
            name: what,
            ph: "M",
            pid,
            tid,
            args: NameArgs { name },
        }
    }
}
