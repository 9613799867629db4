//! The lines of a head as it comes: the end of each, the empty line that ends them all, and the control
//! characters among them.

use memchr::memchr_iter;

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
    /// The lines that end with a carriage return and a line feed, and the empty one if it does.
    returns: usize,
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
        let scanned = self.scanned;
        for at in memchr_iter(b'\n', &input[scanned..]) {
            let place = scanned + at;
            if self.end_line(input, place) {
                return Some(place + 1);
            }
        }
        self.scanned = input.len();
        None
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

    /// True if there is a control character in `head`, which has ended, other than a tab and what ends lines.
    pub(super) fn has_odd_control(&self, head: &[u8]) -> bool {
        let lines = &head[self.start..];
        // With the empty line, which is not kept.
        let ends = self.ends.len() + 1 + self.returns;
        // Nearly always there is no byte but those of ASCII that can be seen, and the line ends.
        let has_others = count_invisible(lines) != ends;
        let is_odd = |byte: &u8| is_control(*byte) && *byte != b'\r' && *byte != b'\n';
        let returns = || memchr_iter(b'\r', lines).count();
        has_others && (lines.iter().any(is_odd) || returns() != self.returns)
    }

    /// Ends the line at the line feed at `place`. True if the line is empty.
    fn end_line(&mut self, input: &[u8], place: usize) -> bool {
        let length = place - self.line;
        let returns = usize::from(length > 0 && input[place - 1] == b'\r');
        self.returns += returns;
        self.line = place + 1;
        if length > returns && self.ends.len() < MAX_ENDS {
            self.ends.push(place);
        }
        length == returns
    }
}

/// The length of the empty lines at the beginning.
pub(super) fn leading_blanks(input: &[u8]) -> usize {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    input.iter().take_while(|byte| is_end(byte)).count()
}

/// The number of bytes that are no visible character of ASCII and no blank. Branches on no byte and sums up bytes, so
/// that the compiler makes vector instructions of it: it sees every byte of every head.
fn count_invisible(bytes: &[u8]) -> usize {
    let count = |chunk: &[u8]| -> u8 {
        let is_invisible = chunk.iter().map(|byte| !matches!(byte, b' '..=b'~'));
        is_invisible.map(u8::from).sum()
    };
    // A byte holds the count of so many.
    let chunks = bytes.chunks(u8::MAX.into());
    chunks.map(|chunk| usize::from(count(chunk))).sum()
}

/// True for a control character other than a tab.
pub(super) fn is_control(byte: u8) -> bool {
    ((byte < b' ') & (byte != b'\t')) | (byte == 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_found_at_every_place_and_nothing_else() {
        for byte in 0..=u8::MAX {
            for length in [1, 2, 15, 16, 17, 33, 254, 255, 256, 600] {
                for (place, rest) in [(0, b'a'), (length / 2, 0x80), (length - 1, b'\t')] {
                    let mut head = b"H\r\n".repeat(2);
                    head.extend(vec![rest; length]);
                    head[6 + place] = byte;
                    head.extend(b"\r\n\r\n");
                    let mut scan = LineScan::default();
                    scan.find_end(&head);
                    let found = scan.has_odd_control(&head);
                    let expected = byte != b'\t' && byte.is_ascii_control();
                    let is_end = byte == b'\n' || (byte == b'\r' && place + 1 == length);
                    assert!(found == expected || is_end, "{byte} at {place} of {length}");
                }
            }
        }
    }

    /// Lines with their places.
    type Lines = Vec<(usize, Vec<u8>)>;

    /// The end, the lines and the odd controls of a head, byte by byte.
    fn plainly(input: &[u8]) -> (Option<usize>, Lines, bool) {
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
            // Asked for once the head is whole.
            if let Some(end) = end {
                let found = scan.has_odd_control(&input[..end]);
                assert_eq!(found, has_odd, "{shown:?}");
            }
            scan.clear();
            assert_eq!(scan.lines(&input).count(), 0);
            assert_eq!(scan.find_end(&input), end, "{shown:?} once more");
        }
    }
}
