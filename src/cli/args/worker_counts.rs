//! The numbers of workers of a sweep as typed: a list, ranges, or `auto`.

use super::values::workers;
use crate::measure::WorkerCounts;

/// The most workers that an automatic sweep tries.
const MAX_SWEEP_WORKERS: usize = 1024;

/// The most numbers of a range. Each is several runs, of which neighbours tell little more than one of them.
const MAX_RANGE: usize = 16;

/// Reason for which numbers of workers cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WorkerCountsError {
    /// Text that is no number of workers, and what is.
    #[error("{0}, several with commas between them, or auto")]
    Number(String),
    /// A range without one of its ends.
    #[error("give both ends of the range '{0}', as 1..8, or auto")]
    OpenRange(String),
    /// A range whose first number is the larger one.
    #[error("the range {first}..{last} is backwards; write {last}..{first}")]
    Backwards {
        /// Its first number.
        first: usize,
        /// Its last number.
        last: usize,
    },
    /// A range of too many numbers.
    #[error("{first}..{last} is {count} numbers, each of several runs; write {doubled}, or auto", count = last - first + 1)]
    LongRange {
        /// Its first number.
        first: usize,
        /// Its last number.
        last: usize,
        /// The same range by doubling.
        doubled: String,
    },
    /// A range as other tools write it.
    #[error("a range is written {first}..{last}")]
    Hyphen {
        /// Its first number.
        first: usize,
        /// Its last number.
        last: usize,
    },
}

/// Parses the numbers of workers of a sweep.
pub(super) fn worker_counts(text: &str) -> Result<WorkerCounts, WorkerCountsError> {
    if text == "auto" {
        return Ok(WorkerCounts::Auto {
            most: MAX_SWEEP_WORKERS,
        });
    }
    let mut counts = Vec::new();
    for part in text.split(',').map(str::trim) {
        match part.split_once("..") {
            Some(ends) => counts.extend(range(part, ends)?),
            None => counts.push(count(part)?),
        }
    }
    Ok(WorkerCounts::Given(counts))
}

/// Parses the ends of a range. Both belong to it, as in a shell's `{1..8}`.
fn range(
    text: &str,
    (first, last): (&str, &str),
) -> Result<std::ops::RangeInclusive<usize>, WorkerCountsError> {
    let last = last.strip_prefix('=').unwrap_or(last);
    if first.is_empty() || last.is_empty() {
        return Err(WorkerCountsError::OpenRange(text.to_owned()));
    }
    let number = |text: &str| workers(text.trim()).map_err(WorkerCountsError::Number);
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(WorkerCountsError::Backwards { first, last });
    }
    if last - first >= MAX_RANGE {
        return Err(WorkerCountsError::LongRange {
            first,
            last,
            doubled: doubled(first, last),
        });
    }
    Ok(first..=last)
}

/// Parses a single number, and recognises a range with a hyphen.
fn count(text: &str) -> Result<usize, WorkerCountsError> {
    workers(text).map_err(|error| {
        let ends = text.split_once('-').map(|(first, last)| [first, last]);
        match ends.map(|ends| ends.map(|end| workers(end.trim()))) {
            Some([Ok(first), Ok(last)]) => WorkerCountsError::Hyphen { first, last },
            _ => WorkerCountsError::Number(error),
        }
    })
}

/// A range's first number, its doubles and its last number, as a list.
fn doubled(first: usize, last: usize) -> String {
    let counts = std::iter::successors(Some(first), |count| count.checked_mul(2));
    let counts = counts.take_while(|count| *count < last).chain([last]);
    let counts: Vec<String> = counts.map(|count| count.to_string()).collect();
    counts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges_are_numbers_of_workers() {
        for (text, expected) in [
            ("8", &[8][..]),
            ("1, 2,4", &[1, 2, 4]),
            ("1..4", &[1, 2, 3, 4]),
            ("1..=3", &[1, 2, 3]),
            ("1,2,4..6,16", &[1, 2, 4, 5, 6, 16]),
            ("3..3", &[3]),
        ] {
            let counts = worker_counts(text);
            assert_eq!(counts, Ok(WorkerCounts::Given(expected.to_vec())), "{text}");
        }
        let most = MAX_SWEEP_WORKERS;
        assert_eq!(worker_counts("auto"), Ok(WorkerCounts::Auto { most }));
        let most = worker_counts("5..20");
        let expected = WorkerCounts::Given((5..=20).collect());
        assert_eq!(most, Ok(expected), "as many as a range may have");
    }

    #[test]
    fn what_is_no_range_says_what_to_write() {
        for (text, told) in [
            ("8..1", "the range 8..1 is backwards; write 1..8"),
            ("1..", "give both ends of the range '1..', as 1..8, or auto"),
            ("..8", "give both ends of the range '..8', as 1..8, or auto"),
            ("1-8", "a range is written 1..8"),
            (
                "1..64",
                "1..64 is 64 numbers, each of several runs; write 1,2,4,8,16,32,64, or auto",
            ),
            (
                "3..40",
                "3..40 is 38 numbers, each of several runs; write 3,6,12,24,40, or auto",
            ),
        ] {
            let error = worker_counts(text).unwrap_err();
            assert_eq!(error.to_string(), told, "{text}");
        }
        for text in ["", "0", "1,,2", "a..b", "1..2..3", "-", "1..99999"] {
            let error = worker_counts(text).unwrap_err();
            let is_number = matches!(error, WorkerCountsError::Number(_));
            assert!(is_number, "{text}: {error:?}");
        }
    }
}
