//! The lines of a head as it comes: the end of each, the empty line that ends them all, and the control
//! characters among them, found in one pass.
//!
//! Heads are read for each request, and all but a few of their bytes are of no interest here. Eight bytes
//! are looked at in one step (SIMD within a register), and singly only where one of them is a control
//! character.

/// The most lines of a head behind its status line.
pub(super) const MAX_LINES: usize = 4096;

/// The most lines whose ends are kept: the status line, and one more than there may be.
const MAX_ENDS: usize = MAX_LINES + 2;

/// Progress in splitting a head into lines, over several reads.
#[derive(Debug, Clone, Default)]
pub(super) struct LineScan {
    /// The places of the line feeds that end the lines, in their order.
    ends: Vec<usize>,
    /// The beginning of the first line, behind the empty ones before it.
    start: usize,
    /// The beginning of the line that has not ended.
    line: usize,
    scanned: usize,
    /// The carriage returns that end no line.
    returns: usize,
    /// Set by any other control character than a tab.
    has_odd: bool,
}

impl LineScan {
    /// Begins with another head.
    pub(super) fn clear(&mut self) {
        self.ends.clear();
        *self = LineScan {
            ends: std::mem::take(&mut self.ends),
            ..LineScan::default()
        };
    }

    /// Finds the end of the head in `input`, which begins with it and grows from call to call: the place
    /// behind its empty line.
    pub(super) fn find_end(&mut self, input: &[u8]) -> Option<usize> {
        if self.scanned == self.start {
            self.start = leading_blanks(input);
            self.line = self.start;
            self.scanned = self.start;
        }
        let (words, rest) = input[self.scanned..].as_chunks();
        for word in words {
            let end = self.scan_word(input, *word);
            if end.is_some() {
                return end;
            }
        }
        let mut word = [b' '; WORD];
        word[..rest.len()].copy_from_slice(rest);
        let end = self.scan_word(input, word);
        self.scanned = input.len();
        end
    }

    /// The lines of `head` that have ended, without their line ends and the empty line, each with its place.
    pub(super) fn lines<'a>(&self, head: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut at = self.start;
        self.ends.iter().map(move |&end| {
            let start = std::mem::replace(&mut at, end + 1);
            let line = &head[start..end];
            (start, line.strip_suffix(b"\r").unwrap_or(line))
        })
    }

    /// True if there is a control character other than a tab and what ends lines.
    pub(super) fn has_odd_control(&self) -> bool {
        self.has_odd || self.returns > 0
    }

    fn scan_word(&mut self, input: &[u8], word: [u8; WORD]) -> Option<usize> {
        let mut marks = control_marks(u64::from_le_bytes(word));
        while marks != 0 {
            let place = self.scanned + marks.trailing_zeros() as usize / 8;
            marks &= marks - 1;
            match input[place] {
                b'\n' => {
                    let end = self.end_line(input, place);
                    if end.is_some() {
                        return end;
                    }
                }
                b'\r' => self.returns += 1,
                b'\t' => {}
                _ => self.has_odd = true,
            }
        }
        self.scanned += WORD;
        None
    }

    /// Ends the line at the line feed at `place`. Returns the place behind it if the line is empty.
    fn end_line(&mut self, input: &[u8], place: usize) -> Option<usize> {
        let line = &input[self.line..place];
        let returns = usize::from(line.last() == Some(&b'\r'));
        self.returns -= returns;
        self.line = place + 1;
        if line.len() == returns {
            return Some(place + 1);
        }
        if self.ends.len() < MAX_ENDS {
            self.ends.push(place);
        }
        None
    }
}

/// The length of the empty lines at the beginning.
pub(super) fn leading_blanks(input: &[u8]) -> usize {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    input.iter().take_while(|byte| is_end(byte)).count()
}

/// The bytes that are looked at in one step.
const WORD: usize = size_of::<u64>();

/// The highest bit of each byte of `word` that is a control character of ASCII, and no other bit.
///
/// The lower seven bits of each byte are summed so that no sum carries into the next byte.
fn control_marks(word: u64) -> u64 {
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; WORD]);
    const TO_BLANK: u64 = u64::from_ne_bytes([0x80 - b' '; WORD]);
    const TO_DELETE: u64 = u64::from_ne_bytes([0x80 - 0x7f; WORD]);
    let low = word & !HIGH_BITS;
    let is_below_blank = !(low + TO_BLANK);
    let is_delete = low + TO_DELETE;
    (is_below_blank | is_delete) & !word & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_of_a_word_are_its_control_characters_whatever_stands_beside_them() {
        for byte in 0..=u8::MAX {
            for place in 0..WORD {
                for neighbour in [0, b'\n', b' ', b'x', 0x7e, 0x7f, 0x80, 0xff] {
                    let mut word = [neighbour; WORD];
                    word[place] = byte;
                    let mark = |byte: u8| if byte.is_ascii_control() { 0x80 } else { 0 };
                    let expected = u64::from_le_bytes(word.map(mark));
                    let found = control_marks(u64::from_le_bytes(word));
                    assert_eq!(found, expected, "{word:x?}: {found:x}");
                }
            }
        }
    }

    /// The end, the lines and the odd controls of a head, byte by byte.
    fn plainly(input: &[u8]) -> (Option<usize>, Vec<(usize, Vec<u8>)>, bool) {
        let (mut lines, mut start) = (Vec::new(), leading_blanks(input));
        let begin = start;
        let mut end = None;
        for place in begin..input.len() {
            if input[place] == b'\n' {
                let line = &input[start..place];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if line.is_empty() {
                    end = Some(place + 1);
                    break;
                }
                lines.push((start, line.to_vec()));
                start = place + 1;
            }
        }
        let seen = &input[begin..end.unwrap_or(input.len())];
        let is_odd = |place: usize| match seen[place] {
            b'\r' => seen.get(place + 1) != Some(&b'\n'),
            b'\t' | b'\n' => false,
            byte => byte.is_ascii_control(),
        };
        let has_odd = (0..seen.len()).any(is_odd);
        (end, lines, has_odd)
    }

    #[test]
    fn lines_are_those_of_a_plain_loop_in_pieces_of_any_size() {
        const ALPHABET: &[u8] = b"\r\r\n\n\nab: \t\x01\x7f\0\x80\xff";
        let mut random = fastrand::Rng::with_seed(19);
        for _ in 0..20_000 {
            let length = random.usize(..60);
            let plain = random.bool();
            let input: Vec<u8> = (0..length)
                .map(|_| match plain && random.u8(..4) > 0 {
                    true => b'x',
                    false => ALPHABET[random.usize(..ALPHABET.len())],
                })
                .collect();
            let (end, lines, has_odd) = plainly(&input);
            let mut scan = LineScan::default();
            let (mut came, mut found) = (0, None);
            while found.is_none() && came < input.len() {
                came = (came + random.usize(1..20)).min(input.len());
                found = scan.find_end(&input[..came]);
            }
            let shown = String::from_utf8_lossy(&input);
            assert_eq!(found, end, "{shown:?}");
            let owned = |(place, line): (usize, &[u8])| (place, line.to_vec());
            let found: Vec<_> = scan.lines(&input).map(owned).collect();
            assert_eq!(found, lines, "{shown:?}");
            assert_eq!(scan.has_odd_control(), has_odd, "{shown:?}");
            scan.clear();
            assert_eq!(scan.lines(&input).count(), 0);
            assert_eq!(scan.find_end(&input), end, "{shown:?} once more");
        }
    }
}
