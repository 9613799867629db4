//! The time that requests spend at an origin, in both arms, and whether it grows as workers are added.

use super::limits::LIMITS;
use super::pairs::{OriginPair, PairFigure};
use super::sums::{KindSums, PhaseSums};
use crate::model::timing::Phase;

/// The time that a request spends at an origin before its body comes.
#[derive(Clone, Copy)]
pub(super) struct ServerTime {
    pub(super) serial: f64,
    pub(super) parallel: f64,
}

/// The mean times at the server in one pair. Requests over kept connections are set against each other, if there are
/// enough of them: what connections cost is another reason. Where none are kept, connecting is part of it, as often as in
/// the parallel arm, because a server may let the others wait there.
fn server_time(serial: &PhaseSums, parallel: &PhaseSums) -> Option<ServerTime> {
    let is_enough = |kind: &KindSums| kind.requests >= LIMITS.requests;
    if serial.requests < LIMITS.requests || parallel.requests < LIMITS.requests {
        return None;
    }
    if is_enough(&serial.kept) && is_enough(&parallel.kept) {
        return Some(ServerTime {
            serial: serial.kept.mean_wait(),
            parallel: parallel.kept.mean_wait(),
        });
    }
    let part = parallel.new.requests as f64 / parallel.requests as f64;
    let time = |sums: &PhaseSums| {
        let connecting = sums.seconds(Phase::Connect) + sums.seconds(Phase::Ssl);
        let each = connecting / sums.new.requests.max(1) as f64;
        sums.seconds(Phase::Wait) / sums.requests as f64 + part * each
    };
    Some(ServerTime {
        serial: time(serial),
        parallel: time(parallel),
    })
}

/// The same of all pairs.
pub(super) fn server_times(origin: &OriginPair<'_>) -> Option<Vec<ServerTime>> {
    let pairs = origin.pairs.iter();
    pairs
        .map(|pair| server_time(&pair.serial.phases, &pair.parallel.phases))
        .collect()
}

/// Their means, serially and in parallel.
pub(super) fn mean_times(times: &[ServerTime]) -> [f64; 2] {
    let serial = PairFigure::of(times.iter().map(|time| time.serial));
    let parallel = PairFigure::of(times.iter().map(|time| time.parallel));
    [serial.mean, parallel.mean]
}

/// Tests whether requests wait clearly longer in parallel.
pub(super) fn waits_grow(times: &[ServerTime]) -> bool {
    let ratios = times.iter().map(|time| (time.parallel, time.serial));
    let growth = PairFigure::of_ratio(ratios);
    let [serial, parallel] = mean_times(times);
    growth.is_some_and(|growth| growth.exceeds(LIMITS.growth))
        && parallel - serial >= LIMITS.least_growth
}
