//! The words for a rate of starts that was asked for and that the run did not keep.

use crate::model::pacing::MissedBy;
use crate::model::summary::Summary;
use crate::report::format::{counted, duration, rate};

/// The rate that was missed, and why: `120/s asked for, 58.0/s reached: 3 workers were too few, about 7 would do (-j)`.
pub(in crate::report) fn missed_rate(summary: &Summary) -> Option<String> {
    let started = summary.pacing?.rate?;
    let (missed_by, reached) = (started.missed_by?, started.reached?);
    let why = match missed_by {
        MissedBy::Workers => too_few(summary, started.asked),
        MissedBy::Server => by_server(summary),
        MissedBy::List => "the list came too slowly".to_owned(),
        MissedBy::Pfetch => {
            "pfetch itself was held up (stopped, on a busy machine, or by a slow reader of its output)"
                .to_owned()
        }
        MissedBy::PerHost => "--per-host let no more be under way".to_owned(),
        MissedBy::HostDelay => "--host-delay let no more start".to_owned(),
        MissedBy::LimitRate => "--limit-rate kept the workers busy".to_owned(),
    };
    Some(format!(
        "{}/s asked for, {}/s reached: {why}",
        rate(started.asked),
        rate(reached)
    ))
}

/// The workers that were too few, and how many would do. That is by Little's law, L = λW ("A Proof for the Queuing
/// Formula: L = λW", Operations Research 9, 1961), if answers then take as long.
fn too_few(summary: &Summary, asked: f64) -> String {
    let workers = summary.workers;
    let were = if workers == 1 { "was" } else { "were" };
    let too_few = format!("{} {were} too few", counted(workers as u64, "worker"));
    let requests = (summary.tried() + summary.retries) as f64;
    let enough = asked * summary.busy.as_secs_f64() / requests;
    // Of a run without a whole answer there is no number.
    match enough.is_finite() && enough > 0.0 {
        true => {
            let enough = enough.ceil().max(workers as f64 + 1.0);
            format!("{too_few}, about {enough:.0} would do (-j)")
        }
        false => format!("{too_few} (-j)"),
    }
}

/// The way in which the server had the workers wait.
fn by_server(summary: &Summary) -> String {
    match summary.slowdown {
        _ if summary.origins.has_pushed_back() => "a server pushed back".to_owned(),
        Some(slowdown) => format!(
            "the server slowed down as more was asked: {} with up to {} under way, {} with more",
            duration(slowdown.few),
            slowdown.under_way,
            duration(slowdown.many),
        ),
        None => "URLs waited to be tried again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::origin::{OriginLimit, OriginLimits};
    use crate::model::pacing::{Pacing, StartRate};
    use crate::model::slowdown::Slowdown;

    /// A run of ten seconds that was asked for 120 starts a second and had 58.
    fn run(workers: usize, busy: f64, missed_by: Option<MissedBy>) -> Summary {
        Summary {
            ok: 580,
            workers,
            paced: true,
            makespan: Some(Duration::from_secs(10)),
            busy: Duration::from_secs_f64(busy),
            pacing: Some(Pacing {
                rate: Some(StartRate {
                    asked: 120.0,
                    reached: Some(58.0),
                    missed_by,
                }),
                ..Pacing::default()
            }),
            ..Summary::default()
        }
    }

    #[test]
    fn a_rate_that_was_missed_is_told_with_its_reason() {
        let by = |missed_by| run(3, 29.9, Some(missed_by));
        let slowed_down = Summary {
            slowdown: Some(Slowdown {
                under_way: 4,
                few: Duration::from_millis(20),
                many: Duration::from_millis(80),
            }),
            ..by(MissedBy::Server)
        };
        let origin = OriginLimit {
            push_backs: 3,
            ..OriginLimit::default()
        };
        let pushed_back = Summary {
            origins: OriginLimits::new(vec![origin], 0),
            ..slowed_down.clone()
        };
        for (summary, expected) in [
            (
                by(MissedBy::Workers),
                "3 workers were too few, about 7 would do (-j)",
            ),
            (
                run(1, 9.9, Some(MissedBy::Workers)),
                "1 worker was too few, about 3 would do (-j)",
            ),
            (
                run(7, 29.9, Some(MissedBy::Workers)),
                "7 workers were too few, about 8 would do (-j)",
            ),
            (
                run(3, 0.0, Some(MissedBy::Workers)),
                "3 workers were too few (-j)",
            ),
            (by(MissedBy::Server), "URLs waited to be tried again"),
            (
                slowed_down,
                "the server slowed down as more was asked: 20.0 ms with up to 4 under way, 80.0 ms with more",
            ),
            (pushed_back, "a server pushed back"),
            (by(MissedBy::List), "the list came too slowly"),
            (
                by(MissedBy::Pfetch),
                "pfetch itself was held up (stopped, on a busy machine, or by a slow reader of its output)",
            ),
            (by(MissedBy::PerHost), "--per-host let no more be under way"),
            (by(MissedBy::HostDelay), "--host-delay let no more start"),
            (
                by(MissedBy::LimitRate),
                "--limit-rate kept the workers busy",
            ),
        ] {
            let told = missed_rate(&summary);
            let expected = format!("120/s asked for, 58.0/s reached: {expected}");
            assert_eq!(told, Some(expected), "{summary:?}");
        }
    }

    #[test]
    fn a_rate_that_was_kept_or_not_asked_for_is_not_told() {
        for summary in [run(3, 29.9, None), Summary::default()] {
            assert_eq!(missed_rate(&summary), None, "{summary:?}");
        }
    }
}
