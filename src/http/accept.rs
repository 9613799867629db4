//! The status codes that count as success.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A set of status codes, written as a list of codes and ranges: `200..=399`, `200,204,404`, `2xx`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet {
    ranges: Vec<RangeInclusive<u16>>,
}

/// A text that is not a [`StatusSet`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{part}\" is not a status code or a range of them; write 200..=399 or 200,204,404")]
pub struct AcceptError {
    part: String,
}

impl StatusSet {
    /// True if `status` is in the set.
    pub fn contains(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl Default for StatusSet {
    /// `200..=399`.
    fn default() -> Self {
        StatusSet {
            ranges: vec![200..=399],
        }
    }
}

impl FromStr for StatusSet {
    type Err = AcceptError;

    fn from_str(text: &str) -> Result<Self, AcceptError> {
        let parse = |part: &str| {
            let (low, high) = match part.split_once("..=").or_else(|| part.split_once('-')) {
                Some((low, high)) => (code(low)?, code(high)?),
                None => match class(part) {
                    Some(class) => class,
                    None => (code(part)?, code(part)?),
                },
            };
            (low <= high).then_some(low..=high)
        };
        let ranges = text
            .split(',')
            .map(|part| {
                parse(part.trim()).ok_or_else(|| AcceptError {
                    part: crate::model::text::excerpt(part.trim(), 40),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(StatusSet { ranges })
    }
}

/// A class of codes, as `2xx`.
fn class(text: &str) -> Option<(u16, u16)> {
    let (digit, rest) = text.split_at_checked(1)?;
    let digit: u16 = digit.parse().ok().filter(|digit| (1..=9).contains(digit))?;
    let is_class = rest.eq_ignore_ascii_case("xx");
    is_class.then_some((digit * 100, digit * 100 + 99))
}

fn code(text: &str) -> Option<u16> {
    text.parse().ok().filter(|code| (100..=999).contains(code))
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.ranges.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            if range.start() == range.end() {
                write!(f, "{}", range.start())?;
            } else {
                write!(f, "{}..={}", range.start(), range.end())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_ranges_are_read_and_written_back() {
        let set: StatusSet = "200..=299, 404,500-503".parse().unwrap();
        for (status, expected) in [(200, true), (299, true), (300, false), (404, true)] {
            assert_eq!(set.contains(status), expected, "{status}");
        }
        assert!(set.contains(502));
        let classes: StatusSet = "2xx, 5XX,404".parse().unwrap();
        assert_eq!(classes.to_string(), "200..=299,500..=599,404");
        assert_eq!(set.to_string(), "200..=299,404,500..=503");
    }

    #[test]
    fn nonsense_names_the_part_that_is_wrong() {
        for (text, part) in [
            ("200,abc", "abc"),
            ("", ""),
            ("300..=200", "300..=200"),
            ("99", "99"),
            ("0xx", "0xx"),
            ("2x", "2x"),
            ("é", "é"),
        ] {
            let error = text.parse::<StatusSet>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("\"{part}\" is not")), "{error}");
        }
    }
}
