//! The verdicts of comparisons and sweeps in words. One that does not decide says what would, in a few words.

use super::notation::{HTML, capitalized};
use crate::measure::assert::{more_rounds_would_tell, more_would_tell, one_by_one};
use crate::model::margin::{Margin, PracticalVerdict};
use crate::model::measurement::{Comparison, Sweep};
use crate::model::summary::RunsMade;
use crate::model::work::{PassedOver, PointDifference, UnlikeWork};
use crate::report::format::{counted, distinct_ratio};
use crate::stats::{ALIKE, Finding, Knee, SweepPoint, is_close};

/// The warm-ups of a comparison for which no number is given.
const DEFAULT_WARMUPS: u32 = 1;

/// The verdict for a ratio whose whole interval is within the margin: `no difference beyond 10 %`.
pub(in crate::report) fn no_difference(margin: Margin) -> String {
    format!("no difference beyond {margin}")
}

/// The standing of a comparison: its finding, or the reason why it has none.
enum Standing {
    NothingSucceeded,
    OneByOne,
    Unlike(UnlikeWork),
    SinglePair,
    Found(PracticalVerdict),
}

fn standing(comparison: &Comparison) -> Standing {
    match (comparison.unlike_work(), comparison.verdict()) {
        _ if !comparison.has_success() => Standing::NothingSucceeded,
        _ if comparison.is_one_by_one() => Standing::OneByOne,
        (Some(unlike), _) => Standing::Unlike(unlike),
        (None, _) if comparison.speedup.is_none() => Standing::NothingSucceeded,
        (None, Some(verdict)) => Standing::Found(verdict),
        (None, None) => Standing::SinglePair,
    }
}

/// True if a comparison has a speed-up to judge, or will once it has more pairs.
pub(super) fn has_finding(comparison: &Comparison) -> bool {
    matches!(
        standing(comparison),
        Standing::Found(_) | Standing::SinglePair
    )
}

/// True if a sweep has a number of workers that is the best.
pub(super) fn has_best(sweep: &Sweep) -> bool {
    sweep.knee.is_some() && sweep.comparable().next().is_some()
}

/// The verdict of a comparison without its figures: `parallel is hardly faster`.
pub(in crate::report) fn comparison_text(comparison: &Comparison) -> String {
    match standing(comparison) {
        Standing::NothingSucceeded => {
            match (comparison.serial.failed, comparison.parallel.failed) {
                (serial, parallel) if serial == parallel => {
                    "nothing succeeded: no speed-up".to_owned()
                }
                (serial, parallel) if serial > parallel => {
                    "nothing succeeded serially: no speed-up".to_owned()
                }
                _ => "nothing succeeded in parallel: no speed-up".to_owned(),
            }
        }
        Standing::OneByOne => format!("nothing to compare: {}", one_by_one(comparison)),
        Standing::Unlike(unlike) => format!("not comparable: {unlike}"),
        Standing::SinglePair => "undecided: one pair of runs".to_owned(),
        Standing::Found(PracticalVerdict::NoDifference) => no_difference(comparison.margin),
        Standing::Found(PracticalVerdict::NoneShown) => {
            PracticalVerdict::NoneShown.as_str().to_owned()
        }
        Standing::Found(verdict) => format!("parallel is {}", verdict.as_str()),
    }
}

/// The remedy for a comparison that does not decide: `more runs would tell (--runs 10)`.
pub(in crate::report) fn would_tell(comparison: &Comparison) -> Option<String> {
    let is_open = match standing(comparison) {
        Standing::OneByOne if comparison.targets == 1 => {
            return Some(format!(
                "repeat it: pfetch --compare -j 8 --repeat 20{} URL",
                given_runs(comparison)
            ));
        }
        Standing::OneByOne => return Some("give several (-j 8)".to_owned()),
        Standing::SinglePair => true,
        Standing::Found(PracticalVerdict::NoneShown) => true,
        Standing::NothingSucceeded | Standing::Unlike(_) | Standing::Found(_) => false,
    };
    is_open.then(|| match comparison.has_short_runs() {
        true => "more URLs would tell: these runs are too short".to_owned(),
        false => more_would_tell(comparison),
    })
}

/// The options of a comparison's runs that were given, to be given again: ` --runs 5 --warmup 3`.
fn given_runs(comparison: &Comparison) -> String {
    let made = || u32::try_from(comparison.pairs()).unwrap_or(u32::MAX);
    let runs = match comparison.auto {
        Some(_) => String::new(),
        None => format!(
            " --runs {}",
            comparison.planned_pairs().unwrap_or_else(made)
        ),
    };
    match comparison.warmups {
        DEFAULT_WARMUPS => runs,
        warmups => format!("{runs} --warmup {warmups}"),
    }
}

/// The verdict of a comparison, in a sentence: `parallel is faster, 4.08 times`.
pub(in crate::report) fn comparison_verdict(comparison: &Comparison) -> String {
    let text = comparison_text(comparison);
    let ratio = comparison.speedup.map_or(1.0, |speedup| speedup.ratio);
    match (comparison.finding(), would_tell(comparison)) {
        (Some(Finding::Faster), _) => format!("{text}, {} times", distinct_ratio(ratio)),
        (Some(Finding::Slower), _) => format!("{text}, {} times", distinct_ratio(1.0 / ratio)),
        (_, Some(remedy)) => format!("{text} – {remedy}"),
        (_, None) => text,
    }
}

/// The larger number of workers that is the slowest, and how many times as long as the knee it takes, if that is clear:
/// by their intervals, and beyond what counts as alike.
fn slower(sweep: &Sweep, knee: Knee) -> Option<(usize, f64)> {
    let points = sweep.sweep_points();
    let best = points.iter().find(|point| point.workers == knee.workers)?;
    let most = best.interval?.high * ALIKE.high;
    let more = points.iter().filter(|point| point.workers > knee.workers);
    let is_slower =
        |point: &&SweepPoint| point.interval.is_some_and(|interval| interval.low > most);
    let slowest = more
        .filter(is_slower)
        .max_by(|one, other| one.seconds.total_cmp(&other.seconds))?;
    let [speedup, slower] = [best, slowest].map(|point| sweep.speedup_at(point.workers));
    Some((slowest.workers, speedup?.ratio / slower?.ratio))
}

/// The end of a comparison that was stopped: `stopped early, after 4 of 30 pairs`.
pub(in crate::report) fn comparison_stopped(comparison: &Comparison) -> Option<String> {
    let planned = comparison.planned_pairs()?;
    let pairs = counted(u64::from(planned), "pair");
    let of = match comparison.auto {
        Some(_) => "of at most",
        None => "of",
    };
    Some(format!(
        "stopped early, after {} {of} {pairs}",
        comparison.pairs()
    ))
}

/// The end of a sweep that was stopped: `stopped early, after 5 of 12 runs`. Nobody knows of how many, if it chose its
/// numbers of workers itself.
pub(in crate::report) fn sweep_stopped(sweep: &Sweep) -> Option<String> {
    let RunsMade { done, of, at_most } = sweep.stopped?;
    if sweep.search.is_some() {
        let runs = counted(u64::from(done), "run");
        return Some(format!("stopped early, after {runs}"));
    }
    let runs = counted(u64::from(of), "run");
    let of = if at_most { "of at most" } else { "of" };
    Some(format!("stopped early, after {done} {of} {runs}"))
}

/// The verdict of a comparison, as a heading.
pub(in crate::report) fn comparison_heading(comparison: &Comparison) -> String {
    if let Some(stopped) = comparison_stopped(comparison) {
        let verdict = comparison_verdict(comparison);
        return capitalized(&format!("{stopped}: {verdict}"));
    }
    let text = capitalized(&comparison_text(comparison));
    match (
        comparison.finding(),
        HTML.speedup(comparison),
        would_tell(comparison),
    ) {
        (Some(Finding::Faster | Finding::Slower), Some(ratio), _) => {
            format!("{text}: {ratio} the speed of serial")
        }
        (_, _, Some(remedy)) => format!("{text} – {remedy}"),
        (_, _, None) => text,
    }
}

/// The verdict of a sweep, in a sentence, with the numbers of workers that it passes over.
pub(in crate::report) fn sweep_verdict(sweep: &Sweep) -> String {
    let verdict = verdict_of_comparable(sweep);
    match passed_over(sweep) {
        Some(passed_over) => format!("{verdict}; {passed_over}"),
        None => verdict,
    }
}

/// The verdict on the numbers of workers that are not passed over.
fn verdict_of_comparable(sweep: &Sweep) -> String {
    let mut comparable = sweep.comparable();
    let (Some(fewest), Some(knee)) = (comparable.next(), sweep.knee) else {
        return fastest_so_far(sweep);
    };
    let most = comparable.next_back().unwrap_or(fewest).workers;
    let workers = near_knee(sweep, knee);
    if sweep.is_undecided() {
        return format!(
            "undecided between {} and {} workers – {}",
            knee.workers,
            knee.by_means,
            more_rounds_would_tell(sweep)
        );
    }
    let are = if knee.by_means == 1 { "is" } else { "are" };
    if sweep.is_single() && sweep.points.len() > 1 {
        let is_most = sweep.points.last().map(|last| last.workers) == Some(knee.by_means);
        // Perhaps more would be faster still.
        let best = if is_most { "the fastest" } else { "enough" };
        return format!(
            "by one run each, {workers} {are} {best} – {}",
            more_rounds_would_tell(sweep)
        );
    }
    let is_last = knee.by_means == most;
    let are_more_tried = sweep.points.last().is_some_and(|last| last.workers > most);
    let fewest = fewest.workers;
    // The gain is that of the number that the times alone have, so it names that one where there are two.
    let is_range = workers != counted(knee.by_means as u64, "worker");
    let gained = |gain: f64| match is_range {
        true => format!("{} are {gain:.2} times as fast as {fewest}", knee.by_means),
        false => format!("{gain:.2} times as fast as {fewest}"),
    };
    match sweep.gain().map(|gain| gain.ratio) {
        Some(gain) if gain >= 1.0 && sweep.margin.is_within(gain) => {
            format!("{workers} {are} hardly faster than {fewest}: {gain:.2} times")
        }
        // Not enough perhaps, but more are too many for the server.
        Some(gain) if is_last && are_more_tried => {
            format!("{workers} {are} the most that do: {}", gained(gain))
        }
        // Perhaps more would be faster still.
        Some(gain) if is_last => {
            let joint = if is_range { ":" } else { ", are" };
            format!(
                "{workers}, the most that were tried{joint} {}",
                gained(gain)
            )
        }
        Some(gain) => format!("{workers} {are} enough: {}", gained(gain)),
        None if is_last && are_more_tried => format!("{workers} {are} the most that do"),
        None if is_last && !sweep.passed_over.is_empty() => {
            format!("{workers} {are} the fewest that do")
        }
        None if is_last => format!("{workers}, and no other number was tried"),
        None => match slower(sweep, knee) {
            Some((count, ratio)) => {
                format!("{workers} {are} the best: more are slower, {count} by {ratio:.2} times")
            }
            None => format!("{workers} {are} enough: more bring no clear gain"),
        },
    }
}

/// The verdict of a sweep without a knee: it was stopped before that was found, or nothing succeeded.
fn fastest_so_far(sweep: &Sweep) -> String {
    let Some(fastest) = sweep.fastest() else {
        return "nothing succeeded: no number of workers is the best".to_owned();
    };
    let workers = counted(fastest.workers as u64, "worker");
    let are = if fastest.workers == 1 { "is" } else { "are" };
    let so_far = match sweep.comparable().nth(1) {
        Some(_) => format!("{workers} {are} the fastest so far"),
        None => format!("only {workers} so far"),
    };
    format!("{so_far} – {}", more_rounds_would_tell(sweep))
}

/// The numbers of workers that are passed over, and why: `16 and more fail: 503`. The difference told is that of the
/// fewest of them.
fn passed_over(sweep: &Sweep) -> Option<String> {
    let first = sweep.passed_over.first()?;
    let numbers = sweep.passed_over.iter().map(|passed| passed.workers);
    let last_tried = sweep.points.iter().rev().map(|point| point.workers);
    let are_last = numbers
        .clone()
        .rev()
        .eq(last_tried.take(sweep.passed_over.len()));
    let mut numbers: Vec<String> = numbers.map(|workers| workers.to_string()).collect();
    let (workers, is_one) = match numbers.len() {
        1 => (numbers.remove(0), true),
        _ if are_last => (format!("{} and more", first.workers), false),
        _ => (numbers.join(", "), false),
    };
    let PassedOver { difference, .. } = first;
    Some(match difference {
        PointDifference::Failed(cause) => {
            let fail = if is_one { "fails" } else { "fail" };
            let cause = cause.map(|cause| format!(": {cause}"));
            format!("{workers} {fail}{}", cause.unwrap_or_default())
        }
        PointDifference::OtherStatus(status) => {
            let are = if is_one { "is" } else { "are" };
            format!("{workers} {are} answered otherwise: {status}")
        }
        PointDifference::OtherSize => {
            let get = if is_one { "gets" } else { "get" };
            format!("{workers} {get} other sizes")
        }
    })
}

/// The verdict of a sweep, as a heading.
pub(in crate::report) fn sweep_heading(sweep: &Sweep) -> String {
    let verdict = sweep_verdict(sweep);
    capitalized(&match sweep_stopped(sweep) {
        Some(stopped) => format!("{stopped}: {verdict}"),
        None => verdict,
    })
}

/// Tells whether one point is more than 5 % slower than another by the times alone, and its interval is beyond the other's.
fn is_shown_slower(slower: &SweepPoint, faster: &SweepPoint) -> bool {
    let is_beyond = slower
        .interval
        .zip(faster.interval)
        .is_some_and(|(slower, faster)| slower.low > faster.high);
    is_beyond && slower.seconds > faster.seconds && !is_close(slower.seconds, faster.seconds)
}

/// The place of the knee, and what it means.
pub(in crate::report) fn knee(sweep: &Sweep, knee: Knee) -> String {
    match knee.is_decided() {
        true => format!(
            "{}: the fewest that come within 5 % of the best",
            near_knee(sweep, knee)
        ),
        false => format!(
            "{} by the times alone, but {} may come within 5 % of the best too",
            counted(knee.by_means as u64, "worker"),
            counted(knee.workers as u64, "worker")
        ),
    }
}

/// The workers of a knee that is decided: `16 workers`, `12 to 16 workers`. A smaller number that is shown to be slower
/// than the larger one is left out.
fn near_knee(sweep: &Sweep, knee: Knee) -> String {
    let workers = counted(knee.by_means as u64, "worker");
    let points = sweep.sweep_points();
    let at = |count| points.iter().find(|point| point.workers == count);
    let is_slower = match (at(knee.workers), at(knee.by_means)) {
        (Some(fewer), Some(more)) => is_shown_slower(fewer, more),
        _ => false,
    };
    match knee.workers == knee.by_means || is_slower {
        true => workers,
        false => format!("{} to {workers}", knee.workers),
    }
}
