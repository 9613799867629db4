//! The cursor of a terminal that gets both bodies and the report.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The cursor after the bodies so far: within a line, if the last one did not end it. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyCursor {
    is_within_line: Arc<AtomicBool>,
}

impl BodyCursor {
    /// The cursor of the terminal, if bodies on standard output and messages on standard error both go to one.
    pub(super) fn of_terminal() -> Option<Self> {
        let is_shared = io::stdout().is_terminal() && io::stderr().is_terminal();
        is_shared.then(BodyCursor::default)
    }

    /// Notes what was written of a body.
    pub(super) fn note(&self, written: &[u8]) {
        if let Some(last) = written.last() {
            self.is_within_line.store(*last != b'\n', Ordering::Release);
        }
    }

    /// Returns true if a line has to be ended before anything else is written, and takes that as done.
    pub(super) fn take(&self) -> bool {
        self.is_within_line.swap(false, Ordering::AcqRel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_ended_once_if_a_body_has_left_it_open() {
        let cursor = BodyCursor::default();
        assert!(!cursor.take());
        for (written, is_open) in [(&b"a\nb"[..], true), (b"", false), (b"b\n", false)] {
            cursor.note(written);
            assert_eq!(cursor.take(), is_open, "{written:?}");
            assert!(!cursor.take(), "{written:?}");
        }
    }
}
