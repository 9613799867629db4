//! Dates in response headers (`Last-Modified`, `Date`, `Retry-After`, `Expires` of a cookie), read
//! leniently.
//!
//! The three forms of RFC 9110, 5.6.7 and what servers send in their place, as curl, wget and browsers
//! take it: a wrong day of the week, a day of one digit, other names of GMT, offsets, RFC 3339. Only a
//! date with one meaning is taken; a zone that cannot be read makes it no date.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Zones by name, and their offsets in hours: those of RFC 5322, 4.3, and of Europe, which curl reads too.
const ZONES: [(&str, i64); 20] = [
    ("gmt", 0),
    ("utc", 0),
    ("ut", 0),
    ("z", 0),
    ("est", -5),
    ("edt", -4),
    ("cst", -6),
    ("cdt", -5),
    ("mst", -7),
    ("mdt", -6),
    ("pst", -8),
    ("pdt", -7),
    ("wet", 0),
    ("west", 1),
    ("cet", 1),
    ("met", 1),
    ("cest", 2),
    ("mest", 2),
    ("eet", 2),
    ("eest", 3),
];

/// The longest text that is looked at, in bytes.
const MAX_LENGTH: usize = 100;

/// The parts of a date, as far as they have been read.
#[derive(Default)]
struct DateParts {
    day: Option<i64>,
    /// From 1.
    month: Option<i64>,
    year: Option<i64>,
    /// Seconds since midnight.
    time: Option<i64>,
    /// Seconds east of GMT.
    offset: Option<i64>,
}

/// Parses a date of the years 1970 to 9999; `None` if it is none.
pub(super) fn parse(value: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if text.len() > MAX_LENGTH || !text.is_ascii() {
        return None;
    }
    if let Ok(time) = humantime::parse_rfc3339_weak(text) {
        return Some(time);
    }
    // JavaScript writes the name of the zone in parentheses behind its offset.
    let text = text.split('(').next().unwrap_or(text);
    let mut parts = DateParts::default();
    for word in text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        // RFC 850 joins day, month and year. A hyphen before a number is the sign of an offset.
        if word.starts_with(|c: char| c.is_ascii_digit()) && !word.contains(':') {
            word.split('-').try_for_each(|word| parts.take(word))?;
        } else {
            parts.take(word)?;
        }
    }
    parts.time()
}

impl DateParts {
    /// Takes the next word for the part that it must be; `None` if it is none, or is there already.
    fn take(&mut self, word: &str) -> Option<()> {
        let word = word.to_ascii_lowercase();
        let index = |names: &[&str]| {
            let start = word.get(..3).filter(|_| is_word(&word))?;
            names.iter().position(|name| *name == start)
        };
        if let Some(offset) = zone(&word) {
            return put(&mut self.offset, offset);
        }
        if word.contains(':') {
            return put(&mut self.time, time_of_day(&word)?);
        }
        if let Some(month) = index(&MONTHS) {
            return put(&mut self.month, month as i64 + 1);
        }
        if index(&WEEKDAYS).is_some() {
            return Some(());
        }
        let number = number(&word, 4)?;
        match word.len() {
            1 | 2 if self.day.is_none() => put(&mut self.day, number),
            // RFC 6265, 5.1.1.
            2 => put(
                &mut self.year,
                number + if number < 70 { 2000 } else { 1900 },
            ),
            4 => put(&mut self.year, number),
            _ => None,
        }
    }

    fn time(self) -> Option<SystemTime> {
        let (day, month, year) = (self.day?, self.month?, self.year?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => 31,
        };
        if !(1..=length).contains(&day) || !(1970..=9999).contains(&year) {
            return None;
        }
        let seconds = days(year, month, day) * 86_400 + self.time? - self.offset.unwrap_or(0);
        let seconds = u64::try_from(seconds).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
    }
}

/// The days from 1970-01-01 to this one (Howard Hinnant, "chrono-compatible low-level date algorithms",
/// `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn put(part: &mut Option<i64>, value: i64) -> Option<()> {
    part.replace(value).is_none().then_some(())
}

/// True for the name of a month or of a day of the week, in full or short.
fn is_word(word: &str) -> bool {
    word.len() <= 9 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Parses `gmt`, `+0100`, `-01:00` or `gmt+0100` into seconds east of GMT.
fn zone(word: &str) -> Option<i64> {
    if let Some((_, hours)) = ZONES.iter().find(|(name, _)| *name == word) {
        return Some(hours * 3600);
    }
    let offset = ["gmt", "utc"]
        .iter()
        .find_map(|name| word.strip_prefix(name))
        .unwrap_or(word);
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replacen(':', "", 1);
    let number = number(&digits, 4).filter(|_| digits.len() == 4)?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Parses `8:49:37` or `08:49` into seconds since midnight. A leap second is the one before it.
fn time_of_day(word: &str) -> Option<i64> {
    let mut fields = word.split(':').map(|field| number(field, 2));
    let (hour, minute) = (fields.next()??, fields.next()??);
    let second = fields.next().unwrap_or(Some(0))?;
    let is_time = hour < 24 && minute < 60 && second <= 60 && fields.next().is_none();
    is_time.then_some(hour * 3600 + minute * 60 + second.min(59))
}

fn number(text: &str, most_digits: usize) -> Option<i64> {
    let is_number =
        (1..=most_digits).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
