//! The words for a rate that was asked for and that the workers could not keep.

use std::time::Duration;

use crate::model::summary::Summary;
use crate::report::format::{counted, rate};

/// The share of the workers' time in which they were busy from which on they are the limit.
const ALL_BUSY: f64 = 0.9;

/// The share of the rate asked for from which on it is reached.
const REACHED: f64 = 0.9;

/// The rate that was missed, because all workers were busy: `120/s asked for, 58/s reached: 3 workers were too few,
/// about 7 would do`. How many would is by Little's law, L = λW ("A Proof for the Queuing Formula: L = λW", Operations
/// Research 9, 1961), if answers then take as long.
pub(in crate::report) fn missed_rate(
    summary: &Summary,
    interval: Option<Duration>,
) -> Option<String> {
    let interval = interval.filter(|interval| !interval.is_zero())?;
    let asked = interval.as_secs_f64().recip();
    let makespan = summary.makespan?.as_secs_f64();
    let requests = (summary.tried() + summary.retries) as f64;
    let (busy, workers) = (summary.busy.as_secs_f64(), summary.workers as f64);
    let reached = requests / makespan;
    let is_missed = requests > 0.0 && makespan > 0.0 && reached < REACHED * asked;
    if !is_missed || busy < ALL_BUSY * workers * makespan {
        return None;
    }
    let enough = (asked * busy / requests).ceil().max(workers + 1.0);
    let were = if summary.workers == 1 { "was" } else { "were" };
    Some(format!(
        "{}/s asked for, {}/s reached: {} {were} too few, about {enough:.0} would do (-j)",
        rate(asked),
        rate(reached),
        counted(summary.workers as u64, "worker")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_the_workers_could_not_keep_is_told_with_how_many_would() {
        let second = Duration::from_secs(1);
        let run = |ok: u64, workers: usize, busy: f64| Summary {
            ok,
            workers,
            makespan: Some(10 * second),
            busy: Duration::from_secs_f64(busy),
            ..Summary::default()
        };
        let asked = Some(second / 120);
        for (summary, interval, expected) in [
            (
                run(580, 3, 29.9),
                asked,
                Some(
                    "120/s asked for, 58.0/s reached: 3 workers were too few, about 7 would do (-j)",
                ),
            ),
            (
                run(580, 1, 9.9),
                asked,
                Some(
                    "120/s asked for, 58.0/s reached: 1 worker was too few, about 3 would do (-j)",
                ),
            ),
            // No rate was asked for, it was reached, or something else than the workers was the limit.
            (run(580, 3, 29.9), None, None),
            (run(580, 3, 29.9), Some(Duration::ZERO), None),
            (run(1_190, 3, 29.9), asked, None),
            (run(580, 3, 15.0), asked, None),
            (run(0, 3, 29.9), asked, None),
            (Summary::default(), asked, None),
        ] {
            let told = missed_rate(&summary, interval);
            assert_eq!(told.as_deref(), expected, "{summary:?}");
        }
    }
}
