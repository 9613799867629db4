//! The progress display on standard error: a bar for the run, and a line per busy worker above it where
//! the screen has room.
//!
//! A thread of its own draws the display ten times a second from counters, so that drawing does not slow
//! the run down. A run of less than 300 ms shows nothing.

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::{Term, measure_text_width, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::activity::{CurrentFetch, WorkerActivity};
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Arm, ArmRun};
use crate::model::outcome::Verdict;

use super::AboveProgress;
use super::rate::{self, TransferMeter};
use crate::report::format::{bytes, counted, duration};

/// The time before anything is shown.
const DELAY: Duration = Duration::from_millis(300);

/// The time between two drawings.
const INTERVAL: Duration = Duration::from_millis(100);

/// The time between two lines, where standard error is no terminal and lines stay.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// The columns left free on the left, as in the report.
const INDENT: usize = 2;

/// The progress display. Dropping it clears it from the screen.
pub struct Progress {
    display: MultiProgress,
    counts: Arc<Mutex<ProgressCounts>>,
    /// The sending end of the drawing thread's timer. Dropping it ends the thread at once.
    timer: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The timer of the drawing thread: a sleep that ends when the display does.
struct Timer(Receiver<()>);

impl Timer {
    /// Sleeps for at most `time`. Returns false if the display has ended.
    fn sleep(&self, time: Duration) -> bool {
        matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

/// The counters that the run updates and the display reads.
#[derive(Debug, Default, Clone, Copy)]
struct ProgressCounts {
    done: u64,
    /// Targets that an earlier run has done. They say nothing of the rate.
    done_before: u64,
    failed: u64,
    /// Body bytes of the targets that are done.
    bytes: u64,
    /// The number of targets, once it is known.
    total: Option<u64>,
    /// The run of a comparison that is under way, and its start.
    arm: Option<(ArmRun, Instant)>,
    /// The total time and the number of the serial runs and of the parallel runs.
    took: [(Duration, u32); 2],
}

impl Progress {
    /// Starts a display that is drawn on standard error, a terminal.
    ///
    /// # Errors
    ///
    /// The drawing thread cannot be started.
    pub fn bars(lanes: Arc<WorkerActivity>) -> io::Result<Self> {
        let display = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let bars = display.clone();
        Self::start(display, move |counts, timer, meter| {
            TerminalBars::new(&bars, &lanes, meter).draw_while(counts, timer);
        })
    }

    /// Starts a display that writes a line per second to `out`, for where standard error is no terminal.
    ///
    /// # Errors
    ///
    /// The drawing thread cannot be started.
    pub fn lines(
        lanes: Arc<WorkerActivity>,
        mut out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let display = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        Self::start(display, move |counts, timer, meter| {
            let started = Instant::now();
            while timer.sleep(LINE_INTERVAL) {
                let elapsed = duration(started.elapsed());
                let now = *lock(counts);
                let busy = lanes.busy();
                let transfer = meter.read(now.bytes, &busy, now.waiting(&busy));
                let arm = now.arm_text(Instant::now()).map(|arm| format!("{arm}: "));
                let counts = format!("{}{}", arm.unwrap_or_default(), now.text());
                // A reader that has closed its end is no reason to end the run.
                let _ = writeln!(out, "pfetch: {elapsed}: {counts}, {}", transfer.text());
            }
        })
    }

    fn start(
        display: MultiProgress,
        draw: impl FnOnce(&Mutex<ProgressCounts>, &Timer, TransferMeter) + Send + 'static,
    ) -> io::Result<Self> {
        let counts = Arc::new(Mutex::new(ProgressCounts::default()));
        let (sender, receiver) = mpsc::channel();
        let (shared, timer) = (Arc::clone(&counts), Timer(receiver));
        let thread = thread::Builder::new()
            .name("pfetch-progress".to_owned())
            .spawn(move || {
                // Made before the delay, so that the first bytes count with the time that they took.
                let meter = TransferMeter::new();
                if timer.sleep(DELAY) {
                    draw(&shared, &timer, meter);
                }
            })?;
        Ok(Progress {
            display,
            counts,
            timer: Some(sender),
            thread: Some(thread),
        })
    }

    /// Returns a writer to the same terminal, which clears the display while it writes.
    pub fn above<W: Write>(&self, inner: W) -> AboveProgress<W> {
        AboveProgress::new(inner, self.display.clone())
    }

    /// Ends the drawing thread and clears the display.
    fn end(&mut self) {
        self.timer = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the drawing thread has been printed; the run itself is sound.
            let _ = thread.join();
        }
        // A terminal that was closed needs no clearing.
        let _ = self.display.clear();
    }
}

impl Listener for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(outcome) if outcome.verdict == Verdict::Done => {
                lock(&self.counts).done_before += 1;
            }
            Event::Finished(outcome) => {
                let mut counts = lock(&self.counts);
                counts.done += 1;
                counts.bytes += outcome.bytes;
                counts.failed += u64::from(outcome.verdict == Verdict::Failed);
            }
            Event::Counted(total) => lock(&self.counts).total = Some(*total),
            Event::Ended(_) => self.end(),
            Event::Compared(_) | Event::Swept(_) => self.end(),
            Event::Started(_) | Event::Warning(_) => {}
            Event::ArmStarted(run) => lock(&self.counts).begin(*run),
            Event::ArmEnded(_) => lock(&self.counts).end_of_arm(),
            Event::Assertion(_) | Event::Against(_) => {}
        }
        Ok(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}

impl ProgressCounts {
    /// Resets the counts at the start of a run of a comparison.
    fn begin(&mut self, run: ArmRun) {
        (self.done, self.failed) = (0, 0);
        self.arm = Some((run, Instant::now()));
    }

    /// Adds the time of the run that has ended to those of its arm.
    fn end_of_arm(&mut self) {
        if let Some((run, since)) = self.arm {
            let (took, count) = &mut self.took[usize::from(run.arm == Arm::Parallel)];
            *took += since.elapsed();
            *count += 1;
        }
    }

    /// Formats the run of a comparison that is under way, and the time left for it and the runs after it,
    /// at the mean time of those before.
    fn arm_text(&self, now: Instant) -> Option<String> {
        let (run, since) = self.arm?;
        let mut words = format!(
            "{} run {} of {}, {}",
            run.arm.as_str(),
            run.done + 1,
            run.of,
            counted(run.workers as u64, "worker")
        );
        let mean = |(took, count): (Duration, u32)| took.checked_div(count);
        if let (Some(serial), Some(parallel)) = (mean(self.took[0]), mean(self.took[1])) {
            // As many of one arm as of the other, within one, with this one begun already.
            let left = (serial + parallel) * (run.of - run.done) / 2;
            let left = left.saturating_sub(now.saturating_duration_since(since));
            words += &format!(", {} left", rate::rough(left));
        }
        Some(words)
    }

    /// Formats the counts: `3 of 10 done, 0 failed`.
    fn text(self) -> String {
        let of = self.total().map(|total| format!(" of {total}"));
        format!(
            "{}{} done, {} failed",
            self.done,
            of.unwrap_or_default(),
            self.failed,
        )
    }

    /// The number of targets that have not begun, if it is known.
    fn waiting(self, busy: &[CurrentFetch]) -> Option<u64> {
        Some(self.total()?.saturating_sub(self.done + busy.len() as u64))
    }

    /// The number of targets that this run fetches, once it is known.
    fn total(self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.done_before))
    }
}

fn lock(counts: &Mutex<ProgressCounts>) -> MutexGuard<'_, ProgressCounts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The display on a terminal.
struct TerminalBars<'a> {
    lanes: &'a WorkerActivity,
    /// The lines of the workers, as many as have room.
    workers: Vec<ProgressBar>,
    /// The line of the run.
    run: ProgressBar,
    started: Instant,
    meter: TransferMeter,
    terminal: Term,
    /// The parameters of the current layout: the width of the terminal, a known total, and the length of
    /// the bar.
    layout: Option<(usize, bool, usize)>,
}

impl<'a> TerminalBars<'a> {
    fn new(display: &MultiProgress, lanes: &'a WorkerActivity, meter: TransferMeter) -> Self {
        let terminal = Term::stderr();
        // Half of the screen stays for the lines of what is finished.
        let room = lanes.len().min(usize::from(terminal.size().0 / 2));
        let style = template("  {msg:.dim}");
        let workers = (0..room)
            .map(|_| {
                let bar = display.add(ProgressBar::new_spinner());
                bar.set_style(style.clone());
                bar
            })
            .collect();
        TerminalBars {
            lanes,
            workers,
            run: display.add(ProgressBar::no_length()),
            // The run began when the delay did.
            started: Instant::now() - DELAY,
            meter,
            terminal,
            layout: None,
        }
    }

    /// Draws until the display ends.
    fn draw_while(mut self, counts: &Mutex<ProgressCounts>, timer: &Timer) {
        loop {
            let now = *lock(counts);
            self.draw(now);
            if !timer.sleep(INTERVAL) {
                break;
            }
        }
        for bar in self.workers.iter().chain([&self.run]) {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, now: ProgressCounts) {
        // Lines are kept short of the edge and are not padded up to it: on a terminal that is made
        // narrower while they stand there, only what is too long then wraps.
        let width = usize::from(self.terminal.size().1).saturating_sub(1);
        let room = width.saturating_sub(INDENT);
        let mut busy = self.lanes.busy();
        let transfer = self.meter.read(now.bytes, &busy, now.waiting(&busy));
        let fixed = self.workers.len() == self.lanes.len();
        if !fixed {
            // Not every worker has a line: those that have been busy for longest are shown.
            busy.sort_by_key(|busy| busy.since);
        }
        for (line, bar) in self.workers.iter().enumerate() {
            let shown = if fixed {
                busy.iter().find(|busy| busy.worker == line)
            } else {
                busy.get(line)
            };
            let message = shown.map_or_else(|| format!("{line:>3}  -"), describe);
            bar.set_message(truncate_str(&message, room, "…").into_owned());
            bar.tick();
        }
        let rate = now.done as f64 / self.started.elapsed().as_secs_f64();
        let mut message = format!("{rate:.0}/s  {}", transfer.text());
        if now.failed > 0 {
            message += &format!("  {} failed", now.failed);
        }
        if now.total().is_none() {
            message = format!("{} done  {message}", now.done);
        }
        let arm = now.arm_text(Instant::now()).map(|arm| format!("{arm}  "));
        let message = format!("{}{message}", arm.unwrap_or_default());
        let message = truncate_str(&message, room, "…").into_owned();
        self.lay_out(width, now.total(), measure_text_width(&message));
        self.run.set_message(message);
        self.run.set_position(now.done);
        self.run.tick();
    }

    /// Lays the run's line out for this width of the terminal and this width of its message.
    fn lay_out(&mut self, width: usize, total: Option<u64>, message: usize) {
        // The time before the bar, the counts behind it and the figures need their room. In steps, so
        // that the bar does not change its length with every figure.
        let digits = total.map_or(0, |total| total.to_string().len());
        let bar = width.saturating_sub(message + 2 * digits + 14).min(40) / 5 * 5;
        let layout = Some((width, total.is_some(), bar));
        if let Some(total) = total {
            self.run.set_length(total);
        }
        if self.layout == layout {
            return;
        }
        self.layout = layout;
        match total {
            Some(_) => {
                let style = if bar < 5 {
                    template("  {elapsed} {pos}/{len}  {msg}")
                } else {
                    template(&format!(
                        "  {{elapsed}} {{bar:{bar}}} {{pos}}/{{len}}  {{msg}}"
                    ))
                };
                self.run.set_style(style);
            }
            None => self.run.set_style(template("  {elapsed} {spinner} {msg}")),
        }
    }
}

fn template(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("all templates here are well-formed")
}

/// Formats the line of a busy worker: number, time, bytes, percentage, time left and URL.
fn describe(busy: &CurrentFetch) -> String {
    let now = Instant::now();
    let elapsed = duration(now.saturating_duration_since(busy.since));
    let mut line = format!("{:>3}  {elapsed:>9}  {:>9}", busy.worker, bytes(busy.bytes));
    if let Some(length) = busy.length {
        // A server may send more than it announced. The request fails by that; here it is just full.
        let percent = (busy.bytes as f64 * 100.0 / length as f64).min(100.0);
        line += &format!(" {percent:>3.0}%");
    }
    if let Some(left) = rate::left(busy, now) {
        line += &format!("  {} left", rate::rough(left));
    }
    format!("{line}  {}", busy.url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_run_has_done_counts_neither_as_done_nor_as_to_do() {
        let counts = ProgressCounts {
            done: 1,
            done_before: 2,
            total: Some(5),
            ..ProgressCounts::default()
        };
        assert_eq!(counts.text(), "1 of 3 done, 0 failed");
        assert_eq!(counts.waiting(&[]), Some(2));
    }
}
