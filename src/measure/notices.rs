//! Notices that comparisons and sweeps have in common.

use std::collections::HashMap;
use std::sync::Arc;

use super::MeasuredRun;
use crate::model::notice::MeasurementNotice;
use crate::model::origin::{OriginLimit, OriginLimits};
use crate::model::pacing::Pacing;
use crate::stats::geometric_mean;

/// Number of origins that pushed back that are named.
const MAX_NAMED: usize = 5;

/// The notice of this many failures in warm-ups, if there are any.
pub(super) fn warm_up_notice(failed: u64) -> Option<MeasurementNotice> {
    (failed > 0).then_some(MeasurementNotice::FailedWarmUps(failed))
}

/// The notice of a rate that was asked for, if one of the runs with this pacing missed it.
pub(super) fn missed_rate(pacings: impl IntoIterator<Item = Pacing>) -> Option<MeasurementNotice> {
    let mut all = Pacing::default();
    for pacing in pacings {
        all.merge(&pacing);
    }
    let rate = all.rate?;
    Some(MeasurementNotice::MissedRate {
        asked: rate.asked,
        reached: rate.reached?,
        by: rate.missed_by?,
    })
}

/// The origins of several runs together. The rate that one takes is the geometric mean of the runs' estimates, each of which
/// is off by a fifth or so.
pub(super) fn all_origins<'a>(runs: impl IntoIterator<Item = &'a MeasuredRun>) -> OriginLimits {
    let mut all = OriginLimits::default();
    let mut rates: HashMap<Arc<str>, Vec<f64>> = HashMap::new();
    for run in runs {
        let origins = &run.summary.origins;
        for limit in &origins.listed {
            let rates = rates.entry(Arc::clone(&limit.origin)).or_default();
            rates.extend(limit.rate_limit);
        }
        all.merge(origins);
    }
    for limit in &mut all.listed {
        let rates = rates.get(&limit.origin).filter(|rates| !rates.is_empty());
        limit.rate_limit = rates.map(|rates| geometric_mean(rates));
    }
    all
}

/// A notice of each of the first origins, and one of the number of the others.
pub(super) fn origin_notices(
    OriginLimits { listed, more }: OriginLimits,
    notice: impl Fn(OriginLimit) -> MeasurementNotice,
) -> Vec<MeasurementNotice> {
    let beyond = listed.len().saturating_sub(MAX_NAMED) as u64;
    let named = listed.into_iter().take(MAX_NAMED);
    let mut notices: Vec<_> = named.map(notice).collect();
    if more + beyond > 0 {
        notices.push(MeasurementNotice::MorePushedBack(more + beyond));
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pacing::{MissedBy, StartRate};

    #[test]
    fn a_rate_that_a_run_missed_is_noticed_by_the_worst_of_them() {
        let run = |reached, missed_by| Pacing {
            rate: Some(StartRate {
                asked: 120.0,
                reached: Some(reached),
                missed_by,
            }),
            ..Pacing::default()
        };
        let kept = run(119.0, None);
        assert_eq!(missed_rate([]), None);
        assert_eq!(missed_rate([kept, kept, Pacing::default()]), None);
        let missed = [
            kept,
            run(58.0, Some(MissedBy::Workers)),
            run(80.0, Some(MissedBy::List)),
        ];
        let told = missed_rate(missed).map(|notice| notice.to_string());
        let expected = "the parallel runs missed the rate: 120/s asked for, 58/s reached, because of too few workers (-j)";
        assert_eq!(told.as_deref(), Some(expected));
    }
}
