//! The place of the display on the terminal: the last lines, redrawn in place, with other output above them.
//!
//! indicatif and the like leave the cursor at the end of a full line, where the `^C` that a terminal echoes
//! wraps, and count on being alone: they cannot leave lines behind that a shell has written over while the
//! process was stopped. Here the cursor rests at the beginning of the last line, in its indent, and what was
//! drawn is forgotten where it is no longer ours.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Style;

use super::clock::RunningClock;
use super::frame::{DisplayFrame, Size};

/// The time between two drawings.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);

/// A pause between two drawings that may be a stop of the process.
const MIN_STOP: Duration = Duration::from_millis(800);

/// The most bytes that are buffered before they are written above the display.
const BUFFER: usize = 64 * 1024;

/// Clears from the cursor to the end of the line.
const CLEAR_LINE: &str = "\x1b[K";

/// Clears from the cursor to the end of the screen.
const CLEAR_BELOW: &str = "\x1b[J";

/// A handle of the display's place on the terminal.
#[derive(Debug, Clone)]
pub struct Screen {
    state: Arc<Mutex<ScreenState>>,
    clock: RunningClock,
}

struct ScreenState {
    out: Box<dyn Write + Send>,
    /// Tells whether the process is in the foreground of the terminal.
    is_foreground: Box<dyn Fn() -> bool + Send>,
    /// The frame on the screen, with the widths of its lines.
    drawn: Option<(DisplayFrame, Vec<usize>)>,
    /// The width of the terminal at the last drawing.
    columns: usize,
    /// Set once the display has ended.
    is_closed: bool,
    /// The moment at which the process was last seen running.
    seen: Instant,
    /// The last pause between two drawings that may have been a stop.
    pause: Option<(Instant, Instant)>,
    /// Set if the last drawing was left out because of such a pause.
    has_skipped: bool,
}

impl Screen {
    pub(super) fn new(
        out: impl Write + Send + 'static,
        is_foreground: impl Fn() -> bool + Send + 'static,
        clock: RunningClock,
    ) -> Self {
        Screen {
            state: Arc::new(Mutex::new(ScreenState {
                out: Box::new(out),
                is_foreground: Box::new(is_foreground),
                drawn: None,
                columns: 0,
                is_closed: false,
                seen: Instant::now(),
                pause: None,
                has_skipped: false,
            })),
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, ScreenState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a frame in place of the last one; nothing in the background or once the display has ended.
    pub(super) fn draw(&self, frame: DisplayFrame, size: Size) {
        let mut state = self.lock();
        if state.is_closed || state.is_after_pause(Instant::now()) {
            return;
        }
        if !(state.is_foreground)() {
            // What is on the screen belongs to the shell now.
            state.drawn = None;
            return;
        }
        state.draw(frame, size);
    }

    /// Ends the display, and clears it. What is written above it from now on is written as it comes.
    pub fn close(&self) {
        let mut state = self.lock();
        state.clear();
        state.is_closed = true;
    }

    /// Clears the display, and calls `stop`, which stops the process until it is continued. Returns the time
    /// for which it was stopped.
    pub fn while_stopped(&self, stop: impl FnOnce()) -> Duration {
        // The lock is kept, so that nothing is drawn in between.
        let mut state = self.lock();
        state.clear();
        let from = Instant::now();
        stop();
        let to = Instant::now();
        (state.seen, state.pause) = (to, None);
        self.clock.record_stop(from, to);
        to.saturating_duration_since(from)
    }

    /// Leaves what is drawn where it is, because the process was continued after a stop of which it was not
    /// told: others may have written below it. Returns the time for which the process was stopped.
    pub fn after_stop(&self) -> Option<Duration> {
        let mut state = self.lock();
        let now = Instant::now();
        let pause = match state.is_long_since_seen(now) {
            true => Some((state.seen, now)),
            false => state.pause,
        };
        (state.seen, state.pause) = (now, None);
        let (from, to) = pause?;
        state.drawn = None;
        self.clock.record_stop(from, to);
        Some(to.saturating_duration_since(from))
    }

    /// Writes above the display, which is drawn again below.
    fn write_above(&self, out: &mut dyn Write, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        let drawn = state.drawn.clone().filter(|_| (state.is_foreground)());
        match drawn {
            Some(_) => state.clear(),
            None => state.drawn = None,
        }
        let written = out.write_all(bytes).and_then(|()| out.flush());
        if let Some((frame, _)) = drawn {
            let size = Size {
                rows: usize::MAX,
                columns: state.columns,
            };
            state.draw(frame, size);
        }
        written
    }
}

impl ScreenState {
    fn is_long_since_seen(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.seen) >= MIN_STOP
    }

    /// Tells that the process may just have been continued. Then the signal that says so comes first.
    fn is_after_pause(&mut self, now: Instant) -> bool {
        let is_long = self.is_long_since_seen(now);
        if is_long {
            self.pause = Some((self.seen, now));
        } else if self
            .pause
            .is_some_and(|(_, to)| now.saturating_duration_since(to) >= MIN_STOP)
        {
            self.pause = None;
        }
        self.seen = now;
        // Not twice in a row: then it is a busy machine.
        self.has_skipped = is_long && !self.has_skipped;
        self.has_skipped
    }

    fn draw(&mut self, frame: DisplayFrame, size: Size) {
        if self.columns == size.columns
            && self
                .drawn
                .as_ref()
                .is_some_and(|(drawn, _)| *drawn == frame)
        {
            return;
        }
        let mut text = self.to_first_line(size.columns);
        let dim = Style::new().for_stderr().dim();
        for line in &frame.above {
            text.push_str(&dim.apply_to(line).to_string());
            text.push_str(CLEAR_LINE);
            text.push_str("\r\n");
        }
        text.push_str(&frame.last);
        text.push_str(CLEAR_BELOW);
        text.push('\r');
        let widths = frame.widths();
        (self.drawn, self.columns) = (Some((frame, widths)), size.columns);
        self.write(&text);
    }

    fn clear(&mut self) {
        if self.drawn.is_some() {
            // Not from the first column: at the top of the screen, tmux would take that for the clearing of the
            // whole and put the display into its history.
            let text = format!("{} {CLEAR_BELOW}\r", self.to_first_line(self.columns));
            self.drawn = None;
            self.write(&text);
        }
    }

    /// The control sequence that leads from the cursor's place to the beginning of the display. A terminal that
    /// has been made narrower has wrapped the lines that have become too long.
    fn to_first_line(&self, columns: usize) -> String {
        let Some((_, widths)) = &self.drawn else {
            return "\r".to_owned();
        };
        let rows = |width: &usize| width.div_ceil(columns.max(1)).max(1);
        // The cursor rests at the beginning of the last line.
        let above: usize = widths.iter().rev().skip(1).map(rows).sum();
        match above {
            0 => "\r".to_owned(),
            above => format!("\r\x1b[{above}A"),
        }
    }

    fn write(&mut self, text: &str) {
        // A terminal that was closed needs no display.
        let _ = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
    }
}

impl fmt::Debug for ScreenState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScreenState")
            .field("drawn", &self.drawn)
            .field("is_closed", &self.is_closed)
            .finish_non_exhaustive()
    }
}

/// A buffered writer that writes above the display, to the same terminal.
pub struct AboveProgress<W: Write> {
    inner: W,
    screen: Screen,
    buffer: Vec<u8>,
}

impl<W: Write> AboveProgress<W> {
    /// Writes to `inner`, above the display on `screen`.
    pub(super) fn new(inner: W, screen: Screen) -> Self {
        AboveProgress {
            inner,
            screen,
            buffer: Vec::with_capacity(BUFFER),
        }
    }
}

impl<W: Write> Write for AboveProgress<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            // Whole lines: the display is drawn at the beginning of one.
            let lines = self.buffer.iter().rposition(|&byte| byte == b'\n');
            let rest = lines.map(|end| self.buffer.split_off(end + 1));
            self.flush()?;
            self.buffer.extend(rest.unwrap_or_default());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let written = self.screen.write_above(&mut self.inner, &self.buffer);
        self.buffer.clear();
        written
    }
}

impl<W: Write> fmt::Debug for AboveProgress<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AboveProgress")
            .field("buffered", &self.buffer.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
