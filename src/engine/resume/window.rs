//! A window on the run log, through which lines are read again by their positions. Targets are looked up in the
//! order of the list, and mostly ended near that order: so most lines are in the window that an earlier one needed.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::line::MAX_LINE_BYTES;

/// The bytes of a window: some 200 lines, for one pread(2).
const WINDOW: usize = 64 * 1024;

/// The bytes of a window before the line that is looked for: targets that took longer have their lines behind those
/// of the list's next ones.
const BEFORE: u64 = 16 * 1024;

/// The bytes that are read of a line far from the one before it, as in a log of a shuffled list. Most lines are
/// shorter.
const FAR_LINE: usize = 1024;

/// The lines of a log, by their positions.
#[derive(Debug, Clone)]
pub(super) struct LogWindow {
    log: Arc<File>,
    window: RefCell<LogPart>,
}

/// Bytes of the log.
#[derive(Debug, Clone, Default)]
struct LogPart {
    start: u64,
    bytes: Vec<u8>,
}

impl LogWindow {
    /// A window on this log, which may be appended to meanwhile.
    pub(super) fn of(log: &File) -> io::Result<Self> {
        Ok(LogWindow {
            log: Arc::new(log.try_clone()?),
            window: RefCell::default(),
        })
    }

    /// The line that begins at this position, its line feed included if it has one, or the beginning of one that is
    /// too long.
    pub(super) fn line_at(&self, position: u64) -> io::Result<Vec<u8>> {
        let mut window = self.window.borrow_mut();
        if let Some(line) = window.whole_line_at(position) {
            return Ok(line.to_vec());
        }
        let (start, mut size) = match window.is_near(position) {
            true => (position.saturating_sub(BEFORE), WINDOW),
            false => (position, FAR_LINE),
        };
        window.read(&self.log, start, size)?;
        loop {
            if let Some(line) = window.whole_line_at(position) {
                return Ok(line.to_vec());
            }
            let rest = window.from(position).unwrap_or_default();
            if window.bytes.len() < size || rest.len() > MAX_LINE_BYTES {
                return Ok(rest.to_vec());
            }
            size = rest.len() * 4;
            window.read(&self.log, position, size)?;
        }
    }
}

impl LogPart {
    /// Moves the window. It is shorter than `size` at the end of the log.
    fn read(&mut self, log: &File, start: u64, size: usize) -> io::Result<()> {
        self.start = start;
        self.bytes.resize(size, 0);
        let mut filled = 0;
        while filled < size {
            match log.read_at(&mut self.bytes[filled..], start + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What was not read is no text of the log.
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(filled);
        Ok(())
    }

    /// True for a position that the next window is likely to go on from.
    fn is_near(&self, position: u64) -> bool {
        let end = self.start + self.bytes.len() as u64;
        let reach = WINDOW as u64;
        (self.start.saturating_sub(reach)..=end + reach).contains(&position)
    }

    /// The bytes from this position on; `None` if it is outside.
    fn from(&self, position: u64) -> Option<&[u8]> {
        let offset = usize::try_from(position.checked_sub(self.start)?).ok()?;
        self.bytes.get(offset..)
    }

    fn whole_line_at(&self, position: u64) -> Option<&[u8]> {
        let rest = self.from(position)?;
        let end = memchr::memchr(b'\n', rest)?;
        Some(&rest[..=end])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_the_same_in_whatever_order_lines_are_read_again() {
        let mut random = fastrand::Rng::with_seed(41);
        let around = |length: usize| [length - 1, length, length + 1];
        let mut lengths: Vec<usize> = (0..2000).map(|_| random.usize(1..600)).collect();
        lengths.extend(
            [FAR_LINE, WINDOW, MAX_LINE_BYTES]
                .map(around)
                .as_flattened(),
        );
        lengths.push(0);
        random.shuffle(&mut lengths);
        let mut log = Vec::new();
        let mut lines = Vec::new();
        for length in lengths {
            let position = log.len();
            log.extend((0..length).map(|_| random.lowercase() as u8));
            log.push(b'\n');
            lines.push((position as u64, position..log.len()));
        }
        let torn = log.len();
        log.extend(b"{\"type\":\"resu");
        lines.push((torn as u64, torn..log.len()));
        let mut file = tempfile::tempfile().expect("there is a place for temporary files");
        file.write_all(&log).expect("there is room");

        let window = LogWindow::of(&file).expect("there are descriptors");
        let forwards = lines.clone();
        let backwards: Vec<_> = lines.iter().rev().cloned().collect();
        // Nearly in order, as several workers leave a log, and in no order.
        let mut nearly = lines.clone();
        nearly.chunks_mut(20).for_each(|some| random.shuffle(some));
        random.shuffle(&mut lines);
        for (order, lines) in [
            ("forwards", forwards),
            ("backwards", backwards),
            ("nearly", nearly),
            ("shuffled", lines),
        ] {
            for (position, range) in lines {
                let line = window.line_at(position).expect("the log can be read");
                let (length, expected) = (line.len(), range.len());
                assert!(
                    line == log[range],
                    "{order}: at {position}, {length} bytes for {expected}"
                );
            }
        }
    }

    #[test]
    fn a_line_that_is_completed_later_is_read_whole() {
        let mut file = tempfile::tempfile().expect("there is a place for temporary files");
        file.write_all(b"one\ntw").expect("there is room");
        let window = LogWindow::of(&file).expect("there are descriptors");
        assert_eq!(window.line_at(4).expect("the log can be read"), b"tw");
        file.write_all(b"o\nthree\n").expect("there is room");
        assert_eq!(window.line_at(4).expect("the log can be read"), b"two\n");
        assert_eq!(window.line_at(8).expect("the log can be read"), b"three\n");
        assert_eq!(window.line_at(99).expect("the log can be read"), b"");
    }

    #[test]
    fn lines_in_the_order_of_the_log_need_one_read_for_many() {
        let mut file = tempfile::tempfile().expect("there is a place for temporary files");
        let line = b"a line of the log, which the next ones follow\n";
        file.write_all(&line.repeat(1000)).expect("there is room");
        let window = LogWindow::of(&file).expect("there are descriptors");
        let mut starts = Vec::new();
        for number in 0..1000 {
            let found = window.line_at(number * line.len() as u64);
            assert_eq!(found.expect("the log can be read"), line, "line {number}");
            starts.push(window.window.borrow().start);
        }
        starts.dedup();
        assert_eq!(starts, [0], "the whole log fits into the first window");
    }
}
