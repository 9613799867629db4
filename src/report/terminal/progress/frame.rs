//! One drawing of the display: what is known of the run at a moment, as lines of a terminal.

use std::time::{Duration, Instant};

use super::clock::RunningClock;
use super::counts::Counts;
use super::fit::{cut, width};
use super::rate::{Amounts, RateMeter, Rates, fetch_time_left, whole};
use super::run_line::{self, DisplayedFigures};
use super::workers::{self, RowFetch, WorkerRow};
use crate::model::activity::CurrentFetch;
use crate::model::event::Pending;
use crate::model::retry_idle::WaitCause;
use crate::model::secret_parameters::without_secret_values;

/// The time for which an idle worker keeps its line: between two URLs, lines should not come and go.
const LINGER: Duration = Duration::from_secs(1);

/// The columns left free on the left, as in the report.
const INDENT: usize = 2;

/// The size of the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// The lines of a display.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DisplayFrame {
    /// The lines above the last, less important than it.
    pub(super) above: Vec<String>,
    pub(super) last: String,
}

/// The maker of frames, with what has to be remembered from one to the next.
#[derive(Debug)]
pub(super) struct Framer {
    clock: RunningClock,
    meter: RateMeter,
    /// The run that the meter measures.
    run: u32,
    /// The moment at which each worker was last seen busy.
    seen_busy: Vec<Option<Instant>>,
}

impl Framer {
    pub(super) fn new(clock: RunningClock, workers: usize) -> Self {
        Framer {
            clock,
            meter: RateMeter::new(),
            run: 0,
            seen_busy: vec![None; workers],
        }
    }

    /// Makes the frame for this moment.
    pub(super) fn frame(
        &mut self,
        counts: &Counts,
        busy: &[CurrentFetch],
        now: Instant,
        size: Size,
    ) -> DisplayFrame {
        // A column is left free at the edge, where a cursor would wrap and some terminals do at once.
        let columns = size.columns.saturating_sub(INDENT + 1);
        let run = self.figures(counts, busy, now);
        // Half of the screen stays for the lines of what is finished.
        let room = size.rows / 2;
        let rows = self.rows(busy, now);
        let mut above = workers::lay_out(rows, room, columns);
        above.extend(waiting_text(&counts.pending, now, columns));
        for line in &mut above {
            line.insert_str(0, &" ".repeat(INDENT));
        }
        let last = format!("{}{}", " ".repeat(INDENT), run_line::lay_out(&run, columns));
        let mut frame = DisplayFrame { above, last };
        frame.fit(size);
        frame
    }

    /// Takes a reading of the run's figures.
    pub(super) fn figures(
        &mut self,
        counts: &Counts,
        busy: &[CurrentFetch],
        now: Instant,
    ) -> DisplayedFigures {
        if self.run != counts.runs_before {
            self.run = counts.runs_before;
            self.meter = RateMeter::new();
            self.seen_busy.fill(None);
        }
        let done = counts.all_done();
        let position = done as f64 + busy.iter().map(part).sum::<f64>();
        let under_way: u64 = busy.iter().map(|fetch| fetch.bytes).sum();
        let running = self.clock.between(counts.since, now);
        let (amounts, rates) = self.meter.read(Amounts {
            at: running,
            targets: position - counts.all_kept() as f64,
            bytes: counts.all_bytes() + under_way,
        });
        let left = match counts.arm {
            Some(_) => counts.time_for_all_runs(running),
            None if counts.repeat_time.is_some() => counts.repeat_time_left(now),
            None => {
                let all = time_left(counts, busy, position, rates, running);
                all.map(|all| {
                    self.longest(busy, now)
                        .map_or(all, |longest| all.max(longest))
                })
            }
        };
        DisplayedFigures {
            arm: counts.arm,
            running,
            done,
            total: counts.total(),
            position,
            bytes: amounts.bytes,
            rates,
            failed: counts.failed,
            left,
        }
    }

    /// The time left of the fetch that has the most, at its own rate: the run has no less.
    fn longest(&self, busy: &[CurrentFetch], now: Instant) -> Option<Duration> {
        let left = busy.iter().filter_map(|fetch| {
            let running = self.clock.between(fetch.since, now);
            fetch_time_left(fetch.bytes, fetch.length, running)
        });
        left.max()
    }

    /// The workers that have a line: the busy ones, and those that were until a moment ago.
    fn rows(&mut self, busy: &[CurrentFetch], now: Instant) -> Vec<WorkerRow> {
        let mut rows: Vec<WorkerRow> = Vec::with_capacity(busy.len());
        let mut fetches = busy.iter().peekable();
        for (worker, seen) in self.seen_busy.iter_mut().enumerate() {
            let fetch = fetches.next_if(|fetch| fetch.worker == worker);
            if fetch.is_some() {
                *seen = Some(now);
            }
            if seen.is_some_and(|seen| now.saturating_duration_since(seen) < LINGER) {
                rows.push(WorkerRow {
                    worker,
                    fetch: fetch.map(|fetch| RowFetch {
                        running: self.clock.between(fetch.since, now),
                        bytes: fetch.bytes,
                        length: fetch.length,
                        url: without_secret_values(&fetch.url)
                            .map_or_else(|| fetch.url.clone(), Into::into),
                    }),
                });
            }
        }
        rows
    }
}

impl DisplayFrame {
    /// Drops lines that a screen of this size has no room for, and all of them if it has none at all.
    fn fit(&mut self, size: Size) {
        let above = size.rows.saturating_sub(1);
        let surplus = self.above.len().saturating_sub(above);
        self.above.drain(..surplus);
        for line in self.above.iter_mut().chain([&mut self.last]) {
            *line = cut(line, size.columns.saturating_sub(1));
        }
    }

    /// The widths of all lines.
    pub(super) fn widths(&self) -> Vec<usize> {
        let lines = self.above.iter().chain([&self.last]);
        lines.map(|line| width(line)).collect()
    }
}

/// The part of a fetch that is done, from 0 to 1.
fn part(fetch: &CurrentFetch) -> f64 {
    let length = fetch.length.filter(|length| *length > 0);
    length.map_or(0.0, |length| (fetch.bytes as f64 / length as f64).min(1.0))
}

/// The time left for the whole run: by bytes once all targets have begun and every length is known, by targets
/// before.
fn time_left(
    counts: &Counts,
    busy: &[CurrentFetch],
    position: f64,
    rates: Rates,
    running: Duration,
) -> Option<Duration> {
    let total = counts.total()?;
    let not_begun = total.saturating_sub(counts.all_done() + busy.len() as u64);
    let by_bytes = bytes_left(busy).filter(|_| not_begun == 0);
    match by_bytes {
        Some(left) => rates.forecast_bytes(left, running),
        None => rates.forecast((total as f64 - position).max(0.0), running),
    }
}

/// The bytes that the fetches under way still bring, if there are any and every length is known.
fn bytes_left(busy: &[CurrentFetch]) -> Option<u64> {
    let left = busy
        .iter()
        .map(|busy| Some(busy.length?.saturating_sub(busy.bytes)));
    left.sum::<Option<u64>>().filter(|_| !busy.is_empty())
}

/// The wait from which the option that shortens it is named.
const LONG_WAIT: Duration = Duration::from_secs(5);

/// Formats the targets that wait to be tried again: in the longest words that fit.
fn waiting_text(pending: &Pending, now: Instant, columns: usize) -> Option<String> {
    let count = pending.retries;
    if count == 0 {
        return None;
    }
    let next = pending.next.map(|next| {
        // Up to the next second: "in 0 s" would be now.
        let wait = next.saturating_duration_since(now) + Duration::from_millis(999);
        whole(wait.max(Duration::from_secs(1)))
    });
    let with_next = |words: &str, before: &str| match &next {
        Some(next) => format!("{count} {words}, {before}{next}"),
        None => format!("{count} {words}"),
    };
    let is_long = pending.cause == Some(WaitCause::RetryAfter)
        && pending
            .next
            .is_some_and(|next| next.saturating_duration_since(now) >= LONG_WAIT);
    let whole_text = with_next("waiting to be tried again", "next in ");
    let advised = format!("{whole_text} (--retry-after-max 1s waits less)");
    if is_long && width(&advised) <= columns {
        return Some(advised);
    }
    let texts = [
        whole_text,
        with_next("to be tried again", "next in "),
        with_next("to retry", "in "),
    ];
    let fitting = texts.iter().find(|text| width(text) <= columns);
    Some(fitting.cloned().unwrap_or_else(|| cut(&texts[2], columns)))
}

#[cfg(test)]
mod tests;
