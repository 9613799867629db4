//! Comparisons on a machine that does other things too, whose figures then may be those of the machine.

use std::fs;

/// The share of the machine's processors from which on a finding may be that of the machine, so that the comparison is
/// made again, and how many times it is made at most.
const BUSY: f64 = 0.7;
const TRIES: usize = 6;

/// The ticks in which processors were busy, and all.
fn ticks() -> Option<[u64; 2]> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let line = text.lines().next()?;
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let all: u64 = ticks.iter().take(8).sum();
    Some([all - ticks.get(3)? - ticks.get(4)?, all])
}

/// Makes a comparison until it is as expected, as long as the machine is so busy with other things that it may be right to
/// say something else.
///
/// Returns the number of comparisons too.
pub(crate) fn certainly<T>(mut compare: impl FnMut() -> (bool, T)) -> (usize, T) {
    for tries in 1..TRIES {
        let before = ticks();
        let (is_expected, result) = compare();
        let busy = before
            .zip(ticks())
            .map(|([busy, all], [busy_now, all_now])| {
                (busy_now - busy) as f64 / (all_now - all).max(1) as f64
            });
        if is_expected || busy.is_some_and(|busy| busy < BUSY) {
            return (tries, result);
        }
    }
    (TRIES, compare().1)
}
