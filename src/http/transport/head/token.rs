//! Tokens (RFC 9110, 5.6.2), of which the names of fields are.

/// The bytes that are looked at in one step.
const WORD: usize = size_of::<u64>();

/// The length of the token that `line` begins with.
///
/// Nearly all names consist of letters and dashes. These are told eight at a time (SIMD within a register), because
/// heads are read for each request.
pub(super) fn token_length(line: &[u8]) -> usize {
    let (words, _) = line.as_chunks();
    let mut length = 0;
    for word in words {
        let run = plain_run(u64::from_le_bytes(*word));
        length += run;
        if run < WORD {
            break;
        }
    }
    let rest = line[length..].iter();
    length + rest.take_while(|byte| is_token_byte(**byte)).count()
}

/// The number of letters of ASCII and dashes that `word` begins with.
///
/// The lower seven bits of each byte are summed so that no sum carries into the next byte.
fn plain_run(word: u64) -> usize {
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; WORD]);
    const LOWER_CASE: u64 = u64::from_ne_bytes([0x20; WORD]);
    const FROM_A: u64 = u64::from_ne_bytes([0x80 - b'a'; WORD]);
    const PAST_Z: u64 = u64::from_ne_bytes([0x80 - b'z' - 1; WORD]);
    const DASHES: u64 = u64::from_ne_bytes([b'-'; WORD]);
    let low = (word | LOWER_CASE) & !HIGH_BITS;
    let is_letter = (low + FROM_A) & !(low + PAST_Z) & !word;
    let difference = word ^ DASHES;
    let is_other = ((difference & !HIGH_BITS) + !HIGH_BITS) | difference;
    let is_odd = !is_letter & is_other & HIGH_BITS;
    is_odd.trailing_zeros() as usize / 8
}

/// True for the characters of a token.
fn is_token_byte(byte: u8) -> bool {
    /// By byte.
    const TOKEN: [bool; 256] = {
        let mut token = [false; 256];
        let mut byte = 0;
        while byte < 128_u8 {
            token[byte as usize] = byte.is_ascii_alphanumeric()
                || matches!(
                    byte,
                    b'!' | b'#'
                        | b'$'
                        | b'%'
                        | b'&'
                        | b'\''
                        | b'*'
                        | b'+'
                        | b'-'
                        | b'.'
                        | b'^'
                        | b'_'
                        | b'`'
                        | b'|'
                        | b'~'
                );
            byte += 1;
        }
        token
    };
    TOKEN[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_as_long_as_byte_by_byte_whatever_stands_before_and_behind_it() {
        for byte in 0..=u8::MAX {
            for length in 0..20 {
                for place in 0..length {
                    for rest in [b'a', b'Z', b'-', b'_', b':', 0x80] {
                        let mut line = vec![rest; length];
                        line[..place].fill(b'x');
                        line[place] = byte;
                        let plainly = line.iter().take_while(|byte| is_token_byte(**byte));
                        let plainly = plainly.count();
                        assert_eq!(token_length(&line), plainly, "{line:x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_plain_run_is_one_of_letters_and_dashes() {
        for byte in 0..=u8::MAX {
            let is_plain = byte.is_ascii_alphabetic() || byte == b'-';
            for place in 0..WORD {
                for rest in [0, b'a', b'-', 0x7f, 0xff] {
                    let mut word = [rest; WORD];
                    word[..place].fill(b'q');
                    word[place] = byte;
                    let expected = match is_plain {
                        true if rest == b'a' || rest == b'-' => WORD,
                        true => place + 1,
                        false => place,
                    };
                    let found = plain_run(u64::from_le_bytes(word));
                    assert_eq!(found, expected, "{word:x?}");
                }
            }
        }
    }
}
