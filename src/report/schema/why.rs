//! The reasons of a comparison as they are read from a log, which need not be pfetch's.

use super::number::{check_ratio, check_seconds, check_workers};
use crate::model::reason::{KneeWhy, OriginPhases, PhaseMeans, Reason, WeighedReason, Why};
use crate::model::text::escape;

/// The most reasons, and the most origins, that are read: pfetch writes fewer.
const MAX_READ: usize = 100;

/// The same with all texts safe to show.
///
/// # Errors
///
/// If a figure is out of its range.
pub(super) fn read(why: Why) -> Result<Why, &'static str> {
    if why.reasons.len().max(why.phases.len()) > MAX_READ {
        return Err("a comparison has a hundred reasons at most");
    }
    why.lost.map_or(Ok(()), check_share)?;
    let reasons: Result<Vec<_>, _> = why.reasons.into_iter().map(weighed).collect();
    let phases: Result<Vec<_>, _> = why.phases.into_iter().map(phases).collect();
    Ok(Why {
        reasons: reasons?,
        lost: why.lost,
        phases: phases?,
        unlisted: why.unlisted,
    })
}

/// The same of the reasons at a knee.
pub(super) fn read_knee(knee: KneeWhy) -> Result<KneeWhy, &'static str> {
    check_workers(knee.workers)?;
    Ok(KneeWhy {
        workers: knee.workers,
        why: read(knee.why)?,
    })
}

fn weighed(
    WeighedReason { mut reason, share }: WeighedReason,
) -> Result<WeighedReason, &'static str> {
    check_share(share)?;
    match &mut reason {
        Reason::SlowestUrl {
            url,
            seconds,
            waits,
            of,
        } => {
            *url = escape(url);
            [*seconds, *waits, *of]
                .into_iter()
                .try_for_each(check_seconds)?;
        }
        Reason::AtOnce {
            origin,
            requests,
            most,
            serial,
            parallel,
        } => {
            *origin = escape(origin);
            [*requests, *most].into_iter().try_for_each(check_ratio)?;
            [*serial, *parallel]
                .into_iter()
                .try_for_each(check_seconds)?;
        }
        Reason::FullLine { serial, parallel } => {
            [*serial, *parallel].into_iter().try_for_each(check_ratio)?;
        }
        Reason::Machine {
            used,
            busy,
            running,
            ..
        } => {
            check_ratio(*used)?;
            let shares = busy.iter().chain(running.iter());
            shares.copied().try_for_each(check_share)?;
        }
        Reason::Connections {
            kept,
            new,
            serial,
            parallel,
            ..
        } => {
            [*kept, *new].into_iter().try_for_each(check_seconds)?;
            [*serial, *parallel].into_iter().try_for_each(check_share)?;
        }
        Reason::PushBack {
            origin, per_second, ..
        } => {
            *origin = escape(origin);
            per_second.map_or(Ok(()), check_ratio)?;
        }
        Reason::AskedLimit { at_once, .. } => check_ratio(*at_once)?,
        Reason::RateLimit {
            origin, per_second, ..
        } => {
            *origin = escape(origin);
            check_ratio(*per_second)?;
        }
    }
    Ok(WeighedReason { reason, share })
}

fn phases(phases: OriginPhases) -> Result<OriginPhases, &'static str> {
    let check = |means: &PhaseMeans| {
        let phases = means.phases();
        let mut means = phases.iter().filter_map(|(_, mean)| *mean);
        means.try_for_each(check_seconds)
    };
    check(&phases.serial)?;
    check(&phases.parallel)?;
    Ok(OriginPhases {
        origin: escape(&phases.origin),
        ..phases
    })
}

fn check_share(share: f64) -> Result<(), &'static str> {
    match (0.0..=1.0).contains(&share) {
        true => Ok(()),
        false => Err("a share is a number from 0 to 1"),
    }
}
