//! The live display on standard error: a line per busy worker, and one for the run below them.
//!
//! A thread of its own draws it ten times a second from counters, so that drawing does not slow the run down. A
//! run of less than 300 ms shows nothing.
//!
//! * `counts` takes the run's events; `rate` makes rates and forecasts of them, in the time of `clock`.
//! * `frame` puts the lines together from `workers` and `run_line`, cut by `fit`: text for a width in, lines out.
//! * `screen` draws them in place, below the lines of the report.

mod clock;
mod counts;
mod fit;
mod frame;
mod rate;
mod run_line;
mod screen;
mod workers;

use std::fmt;
use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use console::Term;

use crate::model::activity::WorkerActivity;
use crate::model::event::{Event, Listener};
use crate::report::format::{bytes, duration};

use clock::RunningClock;
use counts::Counts;
use frame::{Framer, Size};
use run_line::{DisplayedFigures, arm_text};
pub use screen::{AboveProgress, Screen};

/// The time before anything is shown.
const DELAY: Duration = Duration::from_millis(300);

/// The time between two lines, where standard error is no terminal and lines stay.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// The progress display. Dropping it clears it from the screen.
pub struct Progress {
    /// The place of the display, if it is drawn.
    screen: Option<Screen>,
    counts: Arc<Mutex<Counts>>,
    clock: RunningClock,
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

impl Progress {
    /// Starts a display that is drawn on `out`, which leads to the terminal of standard error.
    /// `is_foreground` tells whether the process may draw there at the moment.
    ///
    /// # Errors
    ///
    /// The drawing thread cannot be started.
    pub fn bars(
        activity: Arc<WorkerActivity>,
        out: impl Write + Send + 'static,
        is_foreground: impl Fn() -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let clock = RunningClock::default();
        let screen = Screen::new(out, is_foreground, clock.clone());
        let (place, time) = (screen.clone(), clock.clone());
        Self::start(Some(screen), clock, move |counts, timer| {
            let terminal = Term::stderr();
            let mut framer = Framer::new(time, activity.len());
            loop {
                let (rows, columns) = terminal.size();
                let size = Size {
                    rows: rows.into(),
                    columns: columns.into(),
                };
                let now = lock(counts).clone();
                let frame = framer.frame(&now, &activity.busy(), Instant::now(), size);
                place.draw(frame, size);
                if !timer.sleep(screen::INTERVAL) {
                    break;
                }
            }
        })
    }

    /// Starts a display that writes a line per second to `out`, for where standard error is no terminal.
    ///
    /// # Errors
    ///
    /// The drawing thread cannot be started.
    pub fn lines(
        activity: Arc<WorkerActivity>,
        mut out: impl Write + Send + 'static,
    ) -> io::Result<Self> {
        let clock = RunningClock::default();
        let time = clock.clone();
        Self::start(None, clock, move |counts, timer| {
            let started = Instant::now();
            let mut framer = Framer::new(time, activity.len());
            while timer.sleep(LINE_INTERVAL) {
                let now = lock(counts).clone();
                let figures = framer.figures(&now, &activity.busy(), Instant::now());
                let elapsed = duration(started.elapsed());
                // A reader that has closed its end is no reason to end the run.
                let _ = writeln!(out, "pfetch: {elapsed}: {}", plain_text(&figures));
            }
        })
    }

    fn start(
        screen: Option<Screen>,
        clock: RunningClock,
        draw: impl FnOnce(&Mutex<Counts>, &Timer) + Send + 'static,
    ) -> io::Result<Self> {
        let counts = Arc::new(Mutex::new(Counts::new(Instant::now())));
        let (sender, receiver) = mpsc::channel();
        let (shared, timer) = (Arc::clone(&counts), Timer(receiver));
        let thread = thread::Builder::new()
            .name("pfetch-progress".to_owned())
            .spawn(move || {
                if timer.sleep(DELAY) {
                    draw(&shared, &timer);
                }
            })?;
        Ok(Progress {
            screen,
            counts,
            clock,
            timer: Some(sender),
            thread: Some(thread),
        })
    }

    /// Shows the time left of this, for which the input is repeated.
    #[must_use]
    pub fn for_time(self, time: Option<Duration>) -> Self {
        lock(&self.counts).repeat_time = time;
        self
    }

    /// The place of the display, if it is drawn on a terminal.
    pub fn screen(&self) -> Option<&Screen> {
        self.screen.as_ref()
    }

    /// Ends the drawing thread and clears the display.
    fn end(&mut self) {
        self.timer = None;
        if let Some(thread) = self.thread.take() {
            // A panic in the drawing thread has been printed; the run itself is sound.
            let _ = thread.join();
        }
        if let Some(screen) = &self.screen {
            screen.close();
        }
    }
}

impl Screen {
    /// Returns a writer to the same terminal, which clears the display while it writes.
    pub fn above<W: Write>(&self, inner: W) -> AboveProgress<W> {
        AboveProgress::new(inner, self.clone())
    }
}

impl Listener for Progress {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_) => self.end(),
            event => lock(&self.counts).take(event, Instant::now(), &self.clock),
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

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Formats the figures for a log: `3 of 10 done, 0 failed, 4.2/s, 1.3 MB, 130.0 kB/s, about 2 min left`.
fn plain_text(run: &DisplayedFigures) -> String {
    let arm = run.arm.map(|arm| format!("{}: ", arm_text(&arm, false)));
    let of = run.total.map(|total| format!(" of {total}"));
    let mut parts = vec![
        format!("{}{} done", run.done, of.unwrap_or_default()),
        format!("{} failed", run.failed),
    ];
    parts.extend(run.rates.targets_text());
    parts.push(bytes(run.bytes));
    parts.extend(run.rates.bytes_text());
    parts.extend(
        run.left
            .map(|left| format!("about {} left", rate::about(left))),
    );
    format!("{}{}", arm.unwrap_or_default(), parts.join(", "))
}
