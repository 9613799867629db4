//! Notices that comparisons and sweeps have in common.

use crate::model::notice::MeasurementNotice;
use crate::model::origin::{OriginLimit, OriginLimits};

/// Number of origins that pushed back that are named.
const MAX_NAMED: usize = 5;

/// The notice of this many failures in warm-ups, if there are any.
pub(super) fn warm_up_notice(failed: u64) -> Option<MeasurementNotice> {
    (failed > 0).then_some(MeasurementNotice::FailedWarmUps(failed))
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
