//! The live display on standard error: a bar for the run, and above it a line per busy worker when
//! there is room.
//!
//! A thread of its own draws it ten times a second from counters, so a run is not slowed down by
//! being watched, and a run too short to watch (under 300 ms) shows nothing.

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
use super::rate::{self, Flow};
use crate::report::format::{bytes, counted, duration};

/// Nothing is shown before this.
const DELAY: Duration = Duration::from_millis(300);

/// Between two drawings.
const INTERVAL: Duration = Duration::from_millis(100);

/// Between two lines where nothing can be drawn over.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Columns left free on the left, as in the report.
const INDENT: usize = 2;

/// The live display. Dropping it takes it off the screen.
pub struct Progress {
    display: MultiProgress,
    counts: Arc<Mutex<Counts>>,
    /// Dropped to end the thread: a sleep that can be cut short.
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The drawing thread's end of it.
struct Life(Receiver<()>);

impl Life {
    /// Sleeps, for at most `time`. Returns whether the display goes on.
    fn goes_on_after(&self, time: Duration) -> bool {
        matches!(self.0.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    done: u64,
    failed: u64,
    bytes: u64,
    total: Option<u64>,
    /// In a comparison: the run that is under way, since when, and how long those of each arm took.
    arm: Option<(ArmRun, Instant)>,
    took: [(Duration, u32); 2],
}

impl Progress {
    /// A display that is drawn on standard error, which is a terminal.
    ///
    /// # Errors
    ///
    /// If its thread cannot be started.
    pub fn bars(lanes: Arc<WorkerActivity>) -> io::Result<Self> {
        let display = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let bars = display.clone();
        Self::start(display, move |counts, life| {
            Bars::new(&bars, &lanes).draw_while(counts, life);
        })
    }

    /// A line a second, for standard error that is no terminal.
    ///
    /// # Errors
    ///
    /// If its thread cannot be started.
    pub fn lines(
        lanes: Arc<WorkerActivity>,
        mut out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let display = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        Self::start(display, move |counts, life| {
            let started = Instant::now();
            let mut flow = Flow::default();
            while life.goes_on_after(LINE_INTERVAL) {
                let elapsed = duration(started.elapsed());
                let now = *lock(counts);
                // Nobody may be reading any more, and that is fine.
                let busy = lanes.busy();
                let reading = flow.look(Instant::now(), now.bytes, &busy, now.waiting(&busy));
                let arm = now
                    .arm_in_words(Instant::now())
                    .map(|arm| format!("{arm}: "));
                let counts = format!("{}{}", arm.unwrap_or_default(), now.in_words());
                let _ = writeln!(out, "pfetch: {elapsed}: {counts}, {}", reading.in_words());
            }
        })
    }

    fn start(
        display: MultiProgress,
        draw: impl FnOnce(&Mutex<Counts>, &Life) + Send + 'static,
    ) -> io::Result<Self> {
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (alive, life) = mpsc::channel();
        let (seen, life) = (Arc::clone(&counts), Life(life));
        let thread = thread::Builder::new()
            .name("pfetch-progress".to_owned())
            .spawn(move || {
                if life.goes_on_after(DELAY) {
                    draw(&seen, &life);
                }
            })?;
        Ok(Progress {
            display,
            counts,
            alive: Some(alive),
            thread: Some(thread),
        })
    }

    /// A writer to the same terminal that this display steps aside for.
    pub fn above<W: Write>(&self, inner: W) -> AboveProgress<W> {
        AboveProgress::new(inner, self.display.clone())
    }

    fn end(&mut self) {
        self.alive = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the drawing thread has been printed; the run itself is sound.
            let _ = thread.join();
        }
        // A terminal that has gone away is cleared in its own way.
        let _ = self.display.clear();
    }
}

impl Listener for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
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
            Event::Judged(_) | Event::Against(_) => {}
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

impl Counts {
    fn begin(&mut self, run: ArmRun) {
        (self.done, self.failed) = (0, 0);
        self.arm = Some((run, Instant::now()));
    }

    fn end_of_arm(&mut self) {
        if let Some((run, since)) = self.arm {
            let (took, count) = &mut self.took[usize::from(run.arm == Arm::Parallel)];
            *took += since.elapsed();
            *count += 1;
        }
    }

    /// Which run of a comparison is under way, and how long all that are left will take if they take
    /// as long as those before them.
    fn arm_in_words(&self, now: Instant) -> Option<String> {
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

    fn in_words(self) -> String {
        let of = self.total.map(|total| format!(" of {total}"));
        format!(
            "{}{} done, {} failed",
            self.done,
            of.unwrap_or_default(),
            self.failed,
        )
    }

    /// How many targets have not been begun, if that is known.
    fn waiting(self, busy: &[CurrentFetch]) -> Option<u64> {
        Some(self.total?.saturating_sub(self.done + busy.len() as u64))
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bars on a terminal.
struct Bars<'a> {
    lanes: &'a WorkerActivity,
    workers: Vec<ProgressBar>,
    whole: ProgressBar,
    started: Instant,
    flow: Flow,
    terminal: Term,
    /// What the bars were last laid out for: the terminal's width, whether the total is known, and the
    /// length of the bar.
    layout: Option<(usize, bool, usize)>,
}

impl<'a> Bars<'a> {
    fn new(display: &MultiProgress, lanes: &'a WorkerActivity) -> Self {
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
        Bars {
            lanes,
            workers,
            whole: display.add(ProgressBar::no_length()),
            // The run began when the delay did.
            started: Instant::now() - DELAY,
            flow: Flow::default(),
            terminal,
            layout: None,
        }
    }

    fn draw_while(mut self, counts: &Mutex<Counts>, life: &Life) {
        loop {
            let now = *lock(counts);
            self.draw(now);
            if !life.goes_on_after(INTERVAL) {
                break;
            }
        }
        for bar in self.workers.iter().chain([&self.whole]) {
            bar.finish_and_clear();
        }
    }

    fn draw(&mut self, now: Counts) {
        // Lines are kept short of the edge and are not padded up to it: on a terminal that is made
        // narrower while they stand there, only what is too long then wraps.
        let width = usize::from(self.terminal.size().1).saturating_sub(1);
        let room = width.saturating_sub(INDENT);
        let mut busy = self.lanes.busy();
        let reading = self
            .flow
            .look(Instant::now(), now.bytes, &busy, now.waiting(&busy));
        let fixed = self.workers.len() == self.lanes.len();
        if !fixed {
            // Not everyone has a line: those who have been at it longest are of most interest.
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
        let mut message = format!("{rate:.0}/s  {}", reading.in_words());
        if now.failed > 0 {
            message += &format!("  {} failed", now.failed);
        }
        if now.total.is_none() {
            message = format!("{} done  {message}", now.done);
        }
        let arm = now
            .arm_in_words(Instant::now())
            .map(|arm| format!("{arm}  "));
        let message = format!("{}{message}", arm.unwrap_or_default());
        let message = truncate_str(&message, room, "…").into_owned();
        self.lay_out(width, now.total, measure_text_width(&message));
        self.whole.set_message(message);
        self.whole.set_position(now.done);
        self.whole.tick();
    }

    /// Lays the run's bar out for this width and a message so long, if it is not yet.
    fn lay_out(&mut self, width: usize, total: Option<u64>, message: usize) {
        // The time before the bar, the counts behind it and the figures need their room. In steps, so
        // that the bar does not change its length with every figure.
        let digits = total.map_or(0, |total| total.to_string().len());
        let bar = width.saturating_sub(message + 2 * digits + 14).min(40) / 5 * 5;
        let layout = Some((width, total.is_some(), bar));
        if self.layout == layout {
            return;
        }
        self.layout = layout;
        match total {
            Some(total) => {
                self.whole.set_length(total);
                let style = if bar < 5 {
                    template("  {elapsed} {pos}/{len}  {msg}")
                } else {
                    template(&format!(
                        "  {{elapsed}} {{bar:{bar}}} {{pos}}/{{len}}  {{msg}}"
                    ))
                };
                self.whole.set_style(style);
            }
            None => self
                .whole
                .set_style(template("  {elapsed} {spinner} {msg}")),
        }
    }
}

fn template(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("all templates here are well-formed")
}

fn describe(busy: &CurrentFetch) -> String {
    let now = Instant::now();
    let elapsed = duration(now.saturating_duration_since(busy.since));
    let mut line = format!("{:>3}  {elapsed:>9}  {:>9}", busy.worker, bytes(busy.bytes));
    if let Some(length) = busy.length {
        // A server may send more than it said; that is its request's failure, and no matter here.
        let percent = (busy.bytes as f64 * 100.0 / length as f64).min(100.0);
        line += &format!(" {percent:>3.0}%");
    }
    if let Some(left) = rate::left(busy, now) {
        line += &format!("  {} left", rate::rough(left));
    }
    format!("{line}  {}", busy.url)
}
