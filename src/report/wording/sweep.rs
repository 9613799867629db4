//! The words for a sweep's cost and for what more workers gained; the hint to one.

use super::course::sweep_level;
use super::notation::{Notation, capitalized};
use crate::model::measurement::{Comparison, Sweep};
use crate::model::worker_gain::{GainSource, WorkerGain, WorkerGains};
use crate::report::format::counted;
use crate::stats::{Finding, Knee};

/// The efficiency of a comparison below which fewer workers may do, and that from which more may gain.
const LOW: f64 = 0.5;
const HIGH: f64 = 0.9;

/// The fewest workers that are worth a search for fewer.
const FEW: usize = 4;

/// The number of runs: `3 runs at each number of workers`, `1 to 5 runs at each number of workers`.
pub(in crate::report) fn runs_at_each(sweep: &Sweep) -> String {
    let (fewest, most) = sweep.runs_at_each();
    match fewest == most {
        true => counted(most as u64, "run"),
        false => format!("{fewest} to {}", counted(most as u64, "run")),
    }
}

/// The cost of an automatic sweep: `10 runs, 1 of them a warm-up`, `the grid 1 2 4 8 × 5 would take 20`. `None` if it
/// chose nothing, or was stopped.
pub(in crate::report) fn search_cost(sweep: &Sweep) -> Option<[String; 2]> {
    let cost = sweep.search.as_ref().filter(|_| sweep.stopped.is_none())?;
    let runs = counted(u64::from(cost.runs), "run");
    let warm_ups = match cost.warmups {
        0 => String::new(),
        1 => ", 1 of them a warm-up".to_owned(),
        warmups => format!(", {warmups} of them warm-ups"),
    };
    let counts = u32::try_from(cost.grid.len()).unwrap_or(u32::MAX).max(1);
    let grid: Vec<String> = cost.grid.iter().map(ToString::to_string).collect();
    let grid = format!(
        "the grid {} × {} would take {}",
        grid.join(" "),
        cost.grid_runs / counts,
        cost.grid_runs
    );
    Some([runs + &warm_ups, grid])
}

/// The marginal gains, in parts: `from 1 to 2 workers each further one adds 98 % of what 1 alone does`, `from 2 to 4 it
/// adds 40 %`, `estimated from the mean times`. Where the list has the gain: `from 20 to 40 the list divides better (1 URL
/// each, not 2)`; where chance has it: `from 4 to 8 the gain is within the noise`.
pub(in crate::report) fn marginal_gains(gains: &WorkerGains) -> Vec<String> {
    let fewest = gains.counts.first().map_or(1, |gain| gain.workers);
    // Said once, of the first gain.
    let mut whole = Some(match fewest {
        1 => " of what 1 alone does".to_owned(),
        fewest => format!(" of what each of {fewest} does"),
    });
    let mut parts = Vec::new();
    // Steps within the noise, one after the other, are told as one.
    let is_alike = |one: &WorkerGain, other: &WorkerGain| one.is_noise && other.is_noise;
    let mut before = fewest;
    for step in gains.counts[1..].chunk_by(is_alike) {
        let last = &step[step.len() - 1];
        let from = format!("from {before} to {}", last.workers);
        parts.push(match last.marginal {
            Some(share) => {
                let share = share * 100.0;
                let change = match percent(share.abs()) {
                    none if none == "0 %" => "adds nothing".to_owned(),
                    less if share < 0.0 => format!("takes away {less}"),
                    more => format!("adds {more}"),
                };
                match whole.take() {
                    Some(whole) => format!("{from} workers each further one {change}{whole}"),
                    None => format!("{from} it {change}"),
                }
            }
            None if last.is_noise => format!("{from} the gain is within the noise"),
            None => format!(
                "{from} the list divides better ({} each, not {})",
                counted(last.rounds, "URL"),
                gains.at(before).map_or(0, |gain| gain.rounds)
            ),
        });
        before = last.workers;
    }
    parts.push(match gains.by {
        GainSource::Law => "estimated by the fitted law".to_owned(),
        GainSource::Means => "estimated from the mean times".to_owned(),
    });
    parts
}

/// The same and the rest of what a page says of the gains, as sentences.
pub(in crate::report) fn gain_sentences(sweep: &Sweep, notation: Notation) -> Vec<String> {
    let gains = WorkerGains::of(sweep).map(|gains| marginal_gains(&gains).join(", "));
    let cost = search_cost(sweep).map(|parts| parts.join("; "));
    let small = small_gain(sweep, notation);
    let sentences = [gains, small, cost, sweep_level(sweep)];
    let sentences = sentences.into_iter().flatten();
    sentences
        .map(|sentence| capitalized(&sentence) + ".")
        .collect()
}

/// The efficiency at the knee: `93 % of what each of the fewest workers did, with 8`.
pub(in crate::report) fn efficiency(gain: &WorkerGain) -> String {
    let share = gain.efficiency * 100.0;
    let beyond = match share.round() > 100.0 {
        true => ": chance, or caches that runs with fewer filled",
        false => "",
    };
    format!(
        "{} with {}{beyond}",
        percent(share),
        counted(gain.workers as u64, "worker")
    )
}

/// A share in whole per cents, without a minus at 0.
pub(in crate::report) fn percent(share: f64) -> String {
    let whole = share.round();
    format!("{:.0} %", if whole == 0.0 { 0.0 } else { whole })
}

/// The cost of workers that gained little: `8 workers cost 8 connections for 1.06x` of the knee, if that is hardly
/// faster than the fewest workers; else of the next larger number, `16 workers cost 8 more connections than 8 for
/// 1.01x`. `None` while the knee is undecided, or if neither gained little.
pub(in crate::report) fn small_gain(sweep: &Sweep, notation: Notation) -> Option<String> {
    let Knee { by_means: knee, .. } = sweep.knee.filter(Knee::is_decided)?;
    let points = sweep.sweep_points();
    let place = points.iter().position(|point| point.workers == knee)?;
    let fewest = points.first()?;
    let at_knee = sweep.speedup_at(knee)?.ratio;
    let workers = |count: usize| counted(count as u64, "worker");
    let connections =
        |count: usize, more: &str| counted(count as u64, &format!("{more}connection"));
    let gain = at_knee;
    let is_small = |gain: f64| gain >= 1.0 && sweep.margin.is_within(gain);
    if fewest.workers < knee && is_small(gain) {
        return Some(format!(
            "{} cost {} for {}",
            workers(knee),
            connections(knee, ""),
            notation.ratio(gain)
        ));
    }
    let next = points.get(place + 1)?;
    let more = connections(next.workers - knee, "more ");
    let gain = sweep.speedup_at(next.workers)?.ratio / at_knee;
    let begin = format!("{} cost {more} than {knee}", workers(next.workers));
    match notation.ratio(gain) {
        ratio if gain < 1.0 => Some(format!("{begin}, no faster: {ratio}")),
        ratio if is_small(gain) => Some(format!("{begin} for {ratio}")),
        _ => None,
    }
}

/// The hint that a sweep would find how many workers to have, where a comparison leaves that open: its workers are
/// far from being used up, or all of them are and there is work for more.
pub(in crate::report) fn sweep_hint(comparison: &Comparison) -> Option<&'static str> {
    let efficiency = comparison.efficiency()?;
    if comparison.finding() != Some(Finding::Faster) || comparison.has_short_runs() {
        return None;
    }
    let has_work = comparison.targets > comparison.workers as u64;
    if efficiency < LOW && comparison.at_once() >= FEW {
        Some("fewer workers may do: --sweep auto finds how many")
    } else if efficiency >= HIGH && has_work {
        Some("more workers may gain more: --sweep auto finds how many")
    } else {
        None
    }
}
