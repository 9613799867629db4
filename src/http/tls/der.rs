//! Strict DER (ITU-T X.690): the elements of a sequence, with their tags and lengths, and those values
//! that a certificate's uses and dates are made of.
//!
//! A parser of one page in place of a crate: x509-parser brings some fifteen others, and nothing else of a
//! certificate is needed here.

/// Universal tags.
pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;

/// A sequence of DER elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }

    /// The contents of the next element, which has this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        let (found, rest) = self.0.split_first()?;
        if *found != tag {
            return None;
        }
        // A length has one form in DER. webpki refuses certificates of 64 KiB too.
        let (length, rest) = match rest {
            [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
            [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
            [0x82, high @ 1..=0xff, low, rest @ ..] => {
                (usize::from(u16::from_be_bytes([*high, *low])), rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Der(contents))
    }

    /// The same, if the next element has this tag; `Some(None)` if it has and cannot be read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Option<Der<'a>>> {
        (self.0.first() == Some(&tag)).then(|| self.take(tag))
    }

    /// The contents of the only element.
    pub(super) fn only(mut self, tag: u8) -> Option<Der<'a>> {
        let contents = self.take(tag)?;
        self.end()?;
        Some(contents)
    }

    /// A time in seconds of the Unix clock (RFC 5280, 4.1.2.5): in UTC, to the second.
    pub(super) fn time(&mut self) -> Option<i64> {
        let (year, rest) = if self.0.first() == Some(&UTC_TIME) {
            let (year, rest) = number(self.take(UTC_TIME)?.0, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        } else {
            number(self.take(GENERALIZED_TIME)?.0, 4)?
        };
        let (month, rest) = number(rest, 2)?;
        let (day, rest) = number(rest, 2)?;
        let (hour, rest) = number(rest, 2)?;
        let (minute, rest) = number(rest, 2)?;
        let (second, rest) = number(rest, 2)?;
        let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
        let is_time = hour < 24 && minute < 60 && second < 60;
        if !is_date || !is_time || rest != b"Z" {
            return None;
        }
        Some(((days_from_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
    }

    /// A BOOLEAN DEFAULT FALSE.
    pub(super) fn boolean(&mut self) -> Option<bool> {
        match self.optional(BOOLEAN) {
            None => Some(false),
            Some(value) => match value?.0 {
                [0] => Some(false),
                [0xff] => Some(true),
                _ => None,
            },
        }
    }
}

/// The number of so many digits, and what follows it.
fn number(text: &[u8], digits: usize) -> Option<(i64, &[u8])> {
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number.iter().try_fold(0, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        Some(value * 10 + digit)
    })?;
    Some((value, rest))
}

/// The days from the first one of 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that a leap day is their last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
/// An element with this tag and short contents.
pub(super) fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = u8::try_from(contents.len()).expect("the contents are short");
    assert!(length < 0x80, "the contents are short");
    [&[tag, length], &contents[..]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms_and_with_all_their_digits() {
        let time = |tag: u8, text: &str| Der(&element(tag, &[text.as_bytes()])).time();
        let end = Some(253_402_300_799);
        assert_eq!(time(GENERALIZED_TIME, "99991231235959Z"), end);
        assert_eq!(time(UTC_TIME, "700101000001Z"), Some(1));
        assert_eq!(time(UTC_TIME, "491231235959Z"), Some(2_524_607_999));
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(-631_152_000));
        for bad in [
            "",
            "Z",
            "700101000001",
            "7001010000Z",
            "701301000000Z",
            "700100000000Z",
            "700132000000Z",
            "700101240000Z",
            "700101006000Z",
            "700101000060Z",
            "700101000001+0000",
            "7001010000-1Z",
        ] {
            assert_eq!(time(UTC_TIME, bad), None, "{bad}");
        }
    }
}
