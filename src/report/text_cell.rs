//! A cell of the report's lines: text that is written from its end, as the digits of a number come, and so stands to
//! the right of its column without being moved. Each URL's line has three.

/// The bytes of a cell: more than the longest duration takes.
const ROOM: usize = 32;

/// A short text that is written from its end.
#[derive(Debug, Clone)]
pub(super) struct TextCell {
    /// Blanks, and behind them the text.
    bytes: [u8; ROOM],
    /// The place at which the text begins.
    start: usize,
}

/// An empty cell.
impl Default for TextCell {
    fn default() -> Self {
        TextCell {
            bytes: [b' '; ROOM],
            start: ROOM,
        }
    }
}

impl TextCell {
    /// A cell with this text.
    pub(super) fn of(text: &str) -> Self {
        let mut cell = TextCell::default();
        cell.prepend(text);
        cell
    }

    /// Puts a text before what is there.
    ///
    /// # Panics
    ///
    /// If both have more bytes than a cell. No duration and no size comes near.
    pub(super) fn prepend(&mut self, text: &str) {
        let start = self.start - text.len();
        self.bytes[start..self.start].copy_from_slice(text.as_bytes());
        self.start = start;
    }

    /// Puts a whole number before what is there.
    ///
    /// # Panics
    ///
    /// As [`prepend`](TextCell::prepend).
    pub(super) fn prepend_number(&mut self, mut number: u64) {
        loop {
            self.start -= 1;
            self.bytes[self.start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return;
            }
        }
    }

    /// The text, with blanks before it to fill `width` columns.
    pub(super) fn aligned(&self, width: usize) -> &[u8] {
        // The bytes of characters beyond the first. Of all bytes of the cell, so that the compiler makes vector
        // instructions of it.
        let further = self.bytes.map(|byte| u8::from(matches!(byte, 0x80..=0xbf)));
        let further: u8 = further.iter().sum();
        let start = ROOM.saturating_sub(width + usize::from(further));
        &self.bytes[start.min(self.start)..]
    }
}

/// The text alone.
impl From<TextCell> for String {
    fn from(cell: TextCell) -> Self {
        // Whole characters only are in it.
        String::from_utf8_lossy(cell.aligned(0)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_to_the_right_by_its_characters_and_is_never_cut() {
        for (text, aligned) in [
            ("", "      "),
            ("7 µs", "  7 µs"),
            ("µµµµµµ", "µµµµµµ"),
            ("123456", "123456"),
            ("1234567", "1234567"),
        ] {
            let cell = TextCell::of(text);
            let found = String::from_utf8_lossy(cell.aligned(6)).into_owned();
            assert_eq!(found, aligned, "{text:?}");
            assert_eq!(String::from(cell), text);
        }
    }

    #[test]
    fn numbers_are_written_before_what_is_there() {
        for number in [0, 7, 10, 99, 100, 12_345, u64::MAX] {
            let mut cell = TextCell::of(" ms");
            cell.prepend_number(number);
            cell.prepend("= ");
            assert_eq!(String::from(cell), format!("= {number} ms"));
        }
    }
}
