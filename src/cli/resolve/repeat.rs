//! The repetition of the input: what it has no meaning with, and its parts for the source and for the run.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::cli::args::{TypedArgs, TypedRepeat};
use crate::engine::input::Repeat;

/// Refuses a time with what needs to know how often the input is fetched.
pub(super) fn check(args: &TypedArgs) -> Result<(), String> {
    let Some(time) = time(args) else {
        return Ok(());
    };
    let (input, measure, judge) = (&args.input, &args.measure, &args.judge);
    let refused = [
        (
            measure.compare,
            "--compare",
            "its runs would not fetch as many",
        ),
        (
            measure.sweep.is_some(),
            "--sweep",
            "its runs would not fetch as many",
        ),
        (
            input.dry_run,
            "--dry-run",
            "how often the list is fetched in that time shows in the run alone",
        ),
        (
            args.bodies.resume,
            "--resume",
            "without a number of URLs nothing is left of an earlier run",
        ),
        (
            input.shard.is_some(),
            "--shard",
            "each shard would go through the list another number of times",
        ),
        (
            judge.save_baseline.is_some(),
            "--save-baseline",
            "runs of other numbers of URLs are not compared",
        ),
        (
            judge.against.is_some(),
            "--against",
            "runs of other numbers of URLs are not compared",
        ),
    ];
    match refused.iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, why)) => Err(format!(
            "--repeat {} cannot be used with {option}: {why}; give a number, as --repeat 100",
            humantime::format_duration(time)
        )),
        None => Ok(()),
    }
}

/// The rounds of the source.
pub(super) fn rounds(args: &TypedArgs) -> Repeat {
    match args.input.repeat {
        Some(TypedRepeat::Times(times)) => Repeat::Times(times),
        Some(TypedRepeat::Time(_)) => Repeat::Endless,
        None => Repeat::default(),
    }
}

/// The time of the run.
pub(super) fn time(args: &TypedArgs) -> Option<Duration> {
    match args.input.repeat {
        Some(TypedRepeat::Time(time)) => Some(time),
        Some(TypedRepeat::Times(_)) | None => None,
    }
}

/// The number of URLs that are fetched of so many on the command line; `None` if it has no end.
pub(super) fn fetched(repeat: Repeat, urls: usize) -> Option<usize> {
    match repeat {
        Repeat::Times(times) => {
            let times = usize::try_from(NonZeroU64::get(times)).unwrap_or(usize::MAX);
            Some(urls.saturating_mul(times))
        }
        Repeat::Endless => None,
    }
}
