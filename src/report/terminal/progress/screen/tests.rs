//! The tests of `screen`.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

/// A terminal that keeps the bytes that are written to it.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    /// Takes what has been written since the last call, with escapes shown as `^`.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("nothing has panicked"));
        String::from_utf8(bytes)
            .expect("the display is text")
            .replace('\x1b', "^")
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nothing has panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const SIZE: Size = Size {
    rows: 24,
    columns: 20,
};

fn frame(above: &[&str], last: &str) -> DisplayFrame {
    DisplayFrame {
        above: above.iter().map(|&line| line.to_owned()).collect(),
        last: last.to_owned(),
    }
}

/// A screen in the foreground as long as the flag is set.
fn screen() -> (Screen, Bytes, Arc<AtomicBool>) {
    let (bytes, is_foreground) = (Bytes::default(), Arc::new(AtomicBool::new(true)));
    let flag = Arc::clone(&is_foreground);
    let is_foreground_now = move || flag.load(Ordering::Relaxed);
    let screen = Screen::new(bytes.clone(), is_foreground_now, RunningClock::default());
    (screen, bytes, is_foreground)
}

#[test]
fn the_cursor_rests_at_the_beginning_of_the_last_line() {
    let (screen, bytes, _) = screen();
    screen.draw(frame(&["  0  a", "  1  b"], "  1 s"), SIZE);
    assert_eq!(bytes.take(), "\r  0  a^[K\r\n  1  b^[K\r\n  1 s^[J\r");
    screen.draw(frame(&["  0  a"], "  2 s"), SIZE);
    assert_eq!(bytes.take(), "\r^[2A  0  a^[K\r\n  2 s^[J\r");
    screen.draw(frame(&["  0  a"], "  2 s"), SIZE);
    assert_eq!(bytes.take(), "", "nothing has changed");
    screen.close();
    assert_eq!(bytes.take(), "\r^[1A ^[J\r");
    screen.draw(frame(&[], "  3 s"), SIZE);
    screen.close();
    assert_eq!(bytes.take(), "", "it has ended");
}

#[test]
fn a_narrower_terminal_has_wrapped_the_lines() {
    let (screen, bytes, _) = screen();
    screen.draw(
        frame(&["  0  0123456789012", "  1"], "  1 s  0123456789"),
        SIZE,
    );
    bytes.take();
    let narrow = Size {
        columns: 10,
        ..SIZE
    };
    screen.draw(frame(&["  0"], "  1 s"), narrow);
    // Two lines of the first, one of the second; the cursor is on the first of the last.
    assert_eq!(bytes.take(), "\r^[3A  0^[K\r\n  1 s^[J\r");
}

#[test]
fn other_output_comes_above_in_whole_lines() {
    let (screen, bytes, _) = screen();
    let mut above = screen.above(bytes.clone());
    screen.draw(frame(&["  0"], "  1 s"), SIZE);
    bytes.take();
    above.write_all(b"a line\n").expect("it is buffered");
    assert_eq!(bytes.take(), "");
    above.flush().expect("a vector takes all");
    let redrawn = "\r  0^[K\r\n  1 s^[J\r";
    assert_eq!(bytes.take(), format!("\r^[1A ^[J\ra line\n{redrawn}"));
    let half = vec![b'x'; BUFFER];
    above.write_all(b"first\n").expect("it is buffered");
    above.write_all(&half).expect("a vector takes all");
    assert_eq!(bytes.take(), format!("\r^[1A ^[J\rfirst\n{redrawn}"));
    above.flush().expect("a vector takes all");
    assert!(bytes.take().contains("xxx"));
}

#[test]
fn nothing_is_drawn_and_nothing_cleared_in_the_background() {
    let (screen, bytes, is_foreground) = screen();
    let mut above = screen.above(bytes.clone());
    screen.draw(frame(&["  0"], "  1 s"), SIZE);
    bytes.take();
    is_foreground.store(false, Ordering::Relaxed);
    screen.draw(frame(&["  0"], "  2 s"), SIZE);
    above.write_all(b"a line\n").expect("it is buffered");
    above.flush().expect("a vector takes all");
    assert_eq!(bytes.take(), "a line\n");
    is_foreground.store(true, Ordering::Relaxed);
    screen.draw(frame(&["  0"], "  3 s"), SIZE);
    // Below what others have written meanwhile.
    assert_eq!(bytes.take(), "\r  0^[K\r\n  3 s^[J\r");
}

#[test]
fn a_stop_finds_the_terminal_clear_and_is_counted_once() {
    let (screen, bytes, _) = screen();
    screen.draw(frame(&["  0"], "  1 s"), SIZE);
    bytes.take();
    let before = Instant::now();
    let time = screen.while_stopped(|| assert_eq!(bytes.take(), "\r^[1A ^[J\r"));
    assert_eq!(screen.after_stop(), None, "it is known already");
    let counted = screen.clock.between(before, Instant::now());
    assert!(
        counted <= before.elapsed().saturating_sub(time),
        "{counted:?}, {time:?}"
    );
    screen.draw(frame(&["  0"], "  2 s"), SIZE);
    assert_eq!(bytes.take(), "\r  0^[K\r\n  2 s^[J\r");
}

#[test]
fn after_a_stop_that_was_not_told_of_the_display_begins_anew() {
    let (screen, bytes, _) = screen();
    screen.draw(frame(&["  0"], "  1 s"), SIZE);
    bytes.take();
    // As if the last drawing had been long ago.
    let Some(long_ago) = Instant::now().checked_sub(2 * MIN_STOP) else {
        return;
    };
    screen.lock().seen = long_ago;
    screen.draw(frame(&["  0"], "  2 s"), SIZE);
    assert_eq!(bytes.take(), "", "the signal comes first");
    let stopped = screen.after_stop();
    assert!(
        stopped.is_some_and(|stopped| stopped >= 2 * MIN_STOP),
        "{stopped:?}"
    );
    screen.draw(frame(&["  0"], "  3 s"), SIZE);
    assert_eq!(bytes.take(), "\r  0^[K\r\n  3 s^[J\r");
}

#[test]
fn a_machine_too_busy_to_draw_in_time_draws_all_the_same() {
    let (screen, bytes, _) = screen();
    let Some(long_ago) = Instant::now().checked_sub(2 * MIN_STOP) else {
        return;
    };
    for (seconds, is_drawn) in [(1, false), (2, true), (3, false), (4, true)] {
        screen.lock().seen = long_ago;
        screen.draw(frame(&[], &format!("  {seconds} s")), SIZE);
        assert_eq!(!bytes.take().is_empty(), is_drawn, "{seconds}");
    }
}
