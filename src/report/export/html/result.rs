//! The head of the page: verdict, counts, and the totals as cards.

use maud::{Markup, html};

use crate::measure::Estimate;
use crate::model::event::RunInfo;
use crate::model::measurement::{ArmTimes, Comparison, Sweep, SweepRuns};
use crate::model::outcome::Verdict;
use crate::model::summary::Summary;
use crate::report::Baseline;
use crate::report::format::{bytes, counted, duration, format_secs, grouped};
use crate::report::wording::{self, HTML};
use crate::stats::Speedup;

/// The reason for which a replay of run logs has no times.
const UNTIMED: &str = "run logs have no times";

/// The result that a page is about.
pub(super) enum PageResult<'a> {
    /// A plain run, and its estimate, if one was asked for and can be made.
    Run(&'a Summary, Option<Estimate>),
    Comparison(&'a Comparison),
    Sweep(&'a Sweep),
}

/// A figure with its name and what is to be known of it.
struct Card {
    name: String,
    figure: String,
    notes: Vec<String>,
}

impl Card {
    fn new(name: impl Into<String>, figure: impl Into<String>, notes: Vec<String>) -> Self {
        Card {
            name: name.into(),
            figure: figure.into(),
            notes,
        }
    }

    /// A card that says why it has no figure.
    fn empty(name: &str, why: &str) -> Self {
        Card::new(name, "–", vec![why.to_owned()])
    }

    /// The typical time of several runs, of this name.
    fn times(name: impl Into<String>, times: &ArmTimes, (typical, seconds): (&str, f64)) -> Self {
        let sample = &times.sample;
        let runs = match sample.n {
            1 => "measured: one run".to_owned(),
            n => format!(
                "measured: {typical} of {n} runs, {} to {}",
                format_secs(sample.min),
                format_secs(sample.max)
            ),
        };
        Card::new(name, format_secs(seconds), vec![runs])
    }

    /// The time of an arm of a comparison.
    fn of_arm(name: &str, times: &ArmTimes) -> Self {
        Card::times(name, times, ("geometric mean", times.typical_seconds()))
    }

    /// The time with a number of workers.
    fn of_point(name: String, sweep: &Sweep, point: &SweepRuns) -> Self {
        let typical = (sweep.typical_name(), sweep.typical_seconds(point));
        Card::times(name, &point.times, typical)
    }
}

impl<'a> PageResult<'a> {
    pub(super) fn of_run(summary: &'a Summary, baseline: Baseline) -> Self {
        let estimate = match baseline {
            Baseline::Estimate => Estimate::of(summary),
            Baseline::None => None,
        };
        PageResult::Run(summary, estimate)
    }

    /// The verdict.
    pub(super) fn heading(&self) -> String {
        match self {
            PageResult::Run(summary, estimate) => wording::run_heading(summary, estimate.as_ref()),
            PageResult::Comparison(comparison) => wording::comparison_heading(comparison),
            PageResult::Sweep(sweep) => wording::sweep_heading(sweep),
        }
    }

    /// Tells if URLs failed and none succeeded.
    pub(super) fn is_all_failed(&self) -> bool {
        match self {
            PageResult::Run(summary, _) => {
                summary.failed + summary.not_done > 0 && summary.succeeded() == 0
            }
            PageResult::Comparison(_) | PageResult::Sweep(_) => false,
        }
    }

    /// Tells if it was stopped before its end.
    pub(super) fn is_stopped(&self) -> bool {
        match self {
            PageResult::Run(summary, _) => summary.stopped,
            PageResult::Comparison(comparison) => comparison.stopped.is_some(),
            PageResult::Sweep(sweep) => sweep.stopped.is_some(),
        }
    }

    /// The comparison that the page is about, if it is.
    pub(super) fn comparison(&self) -> Option<&Comparison> {
        match self {
            PageResult::Comparison(comparison) => Some(comparison),
            PageResult::Run(..) | PageResult::Sweep(_) => None,
        }
    }

    /// The percentiles of all runs of what the page shows one run of. They are the ones of other reports.
    pub(super) fn latency_of_all(&self) -> Option<String> {
        match self {
            PageResult::Run(..) => None,
            PageResult::Comparison(comparison) => {
                let arms = wording::arm_latencies(&comparison.serial, &comparison.parallel);
                let runs = counted(comparison.pairs() as u64, "pair");
                (!arms.is_empty()).then(|| format!("All {runs} together: {}.", arms.join(" · ")))
            }
            PageResult::Sweep(sweep) => {
                let point = sweep.at_knee()?;
                let runs = counted(point.times.seconds.len() as u64, "run");
                let workers = counted(point.workers as u64, "worker");
                let latency = wording::latency_of_runs(&point.times)?;
                Some(format!("All {runs} with {workers} together: {latency}."))
            }
        }
    }

    /// Writes the line of counts.
    pub(super) fn lead(&self, info: Option<&RunInfo>) -> Markup {
        html! {
            p.lead {
                @for (place, count) in self.counts().into_iter().enumerate() {
                    @if place > 0 { " · " }
                    span class=[count.is_bad.then_some("bad")] { (count.text) }
                }
                @if let Some(info) = info {
                    @let at = humantime::format_rfc3339_seconds(info.started_at).to_string();
                    " · " time datetime=(at) { (at.replace('T', " ").replace('Z', " UTC")) }
                }
            }
        }
    }

    /// Writes the totals.
    pub(super) fn cards(&self) -> Markup {
        let cards = match self {
            PageResult::Run(summary, estimate) => run_cards(summary, estimate.as_ref()),
            PageResult::Comparison(comparison) => comparison_cards(comparison),
            PageResult::Sweep(sweep) => sweep_cards(sweep),
        };
        html! {
            dl.totals {
                @for card in &cards {
                    div {
                        dt { (card.name) }
                        dd.figure { (card.figure) }
                        @for note in &card.notes { dd { (note) } }
                    }
                }
            }
            "\n"
        }
    }

    fn counts(&self) -> Vec<Count> {
        match self {
            PageResult::Run(summary, _) => run_counts(summary),
            PageResult::Comparison(comparison) => comparison_counts(comparison),
            PageResult::Sweep(sweep) => sweep_counts(sweep),
        }
    }
}

/// A part of the line of counts.
struct Count {
    text: String,
    /// Set for failures.
    is_bad: bool,
}

impl From<String> for Count {
    fn from(text: String) -> Self {
        Count {
            text,
            is_bad: false,
        }
    }
}

impl Count {
    fn bad(text: String) -> Self {
        Count { text, is_bad: true }
    }
}

/// Tells if a run was of one URL: there is nothing to be parallel with.
fn is_single(summary: &Summary) -> bool {
    summary.targets() == 1
}

fn run_counts(summary: &Summary) -> Vec<Count> {
    let [ok, others @ ..] = wording::target_counts(summary);
    let others = others.into_iter().filter(|target| target.count > 0);
    let mut parts = vec![Count::from(ok.text())];
    parts.extend(others.map(|target| match target.verdict {
        Verdict::Failed => Count::bad(target.text()),
        _ => Count::from(target.text()),
    }));
    let mut more = Vec::from_iter(wording::retries(summary));
    more.push(bytes(summary.bytes));
    more.extend(wording::workers(summary));
    if let Some([throughput, rate]) = wording::rates(summary) {
        more.push(throughput);
        more.extend(Some(rate).filter(|_| !is_single(summary)));
    }
    more.extend(wording::input_wait(summary, Estimate::of(summary).as_ref()));
    more.extend(wording::retry_wait(summary));
    more.extend(wording::missed_rate(summary));
    parts.extend(more.into_iter().map(Count::from));
    parts
}

fn comparison_counts(comparison: &Comparison) -> Vec<Count> {
    let mut parts = vec![
        counted(comparison.targets, "URL"),
        counted(comparison.pairs() as u64, "pair") + " of runs",
        wording::after_warm_ups(comparison),
        counted(comparison.workers as u64, "worker"),
    ]
    .into_iter()
    .map(Count::from)
    .collect::<Vec<_>>();
    parts.extend(wording::course(comparison).map(|course| Count::from(course.to_owned())));
    for (name, arm) in [
        ("serial", &comparison.serial),
        ("parallel", &comparison.parallel),
    ] {
        if arm.failed > 0 {
            let failed = grouped(arm.failed);
            parts.push(Count::bad(format!("{failed} failed ({name}, all runs)")));
        }
    }
    parts
}

fn sweep_counts(sweep: &Sweep) -> Vec<Count> {
    let points = sweep.points.len() as u64;
    let failed: u64 = sweep.points.iter().map(|point| point.times.failed).sum();
    let mut parts = vec![
        Count::from(counted(sweep.targets, "URL")),
        Count::from(counted(points, "number") + " of workers"),
        Count::from(wording::runs_at_each(sweep) + " at each"),
    ];
    parts.extend(wording::sweep_course(sweep).map(|course| Count::from(course.to_owned())));
    if failed > 0 {
        parts.push(Count::bad(format!("{} failed (all runs)", grouped(failed))));
    }
    parts
}

fn run_cards(summary: &Summary, estimate: Option<&Estimate>) -> Vec<Card> {
    let parallel = match (summary.makespan, summary.runs) {
        (Some(makespan), _) => {
            let measured = || "measured: first start to last finish".to_owned();
            let note = wording::parallel_meaning(summary).unwrap_or_else(measured);
            Card::new("Parallel", duration(makespan), vec![note])
        }
        (None, Some(_)) => Card::empty("Parallel", "not all runs were made"),
        (None, None) if summary.succeeded() > 0 => Card::empty("Parallel", UNTIMED),
        (None, None) => Card::empty("Parallel", "nothing was fetched"),
    };
    if let (true, Some(makespan)) = (is_single(summary), summary.makespan) {
        return vec![Card::new(
            "Time",
            duration(makespan),
            vec!["measured".to_owned()],
        )];
    }
    let Some(estimate) = estimate else {
        let withheld = wording::withheld(summary);
        let missing = wording::missing(summary).map(|missing| format!("no estimate: {missing}"));
        let why = if let Some(why) = withheld.as_ref().or(missing.as_ref()) {
            why
        } else if summary.skipped > 0 || summary.stopped {
            "no estimate: the run was stopped"
        } else if summary.makespan.is_none() && summary.succeeded() > 0 {
            UNTIMED
        } else if summary.makespan.is_none() {
            "no estimate: nothing was fetched"
        } else if summary.succeeded() == 0 {
            "no estimate: no URL succeeded"
        } else {
            "no estimate was made"
        };
        return vec![parallel, Card::empty("Serial", why)];
    };
    let serial = "estimated: the sum of the requests' times".to_owned();
    let mut gain = vec![wording::condition(estimate).to_owned(), HTML.best(estimate)];
    gain.extend(wording::measured_by(estimate));
    vec![
        parallel,
        Card::new("Serial", duration(estimate.serial), vec![serial]),
        Card::new("Speed-up", HTML.estimate(estimate), gain),
    ]
}

fn comparison_cards(comparison: &Comparison) -> Vec<Card> {
    let mut cards = vec![
        Card::of_arm("Parallel", &comparison.parallel),
        Card::of_arm("Serial", &comparison.serial),
    ];
    let Some(speedup) = &comparison.speedup else {
        let why = match (comparison.is_one_by_one(), comparison.unlike_work()) {
            (true, _) => "both arms fetch one by one".to_owned(),
            (false, Some(unlike)) => format!("not comparable: {unlike}"),
            (false, None) => "nothing succeeded in an arm".to_owned(),
        };
        cards.push(Card::empty("Speed-up", &why));
        return cards;
    };
    let mut notes = vec![
        "geometric mean of the pairs".to_owned(),
        interval(speedup),
        format!(
            "efficiency {:.0} % of {}",
            comparison.efficiency().unwrap_or_default() * 100.0,
            counted(comparison.at_once() as u64, "worker")
        ),
    ];
    notes.extend(wording::level(comparison));
    if let Some(estimated) = comparison.estimated {
        let estimated = HTML.ratio(estimated);
        notes.push(format!(
            "the estimate from the parallel runs alone: {estimated}"
        ));
    }
    notes.extend(wording::sweep_hint(comparison).map(str::to_owned));
    cards.push(Card::new("Speed-up", HTML.ratio(speedup.ratio), notes));
    cards
}

/// The knee, which is the verdict's, and the fewest workers; the same, if the fewest are enough.
fn sweep_cards(sweep: &Sweep) -> Vec<Card> {
    let workers = |count: usize| counted(count as u64, "worker");
    let (Some(fewest), Some(knee)) = (sweep.comparable().next(), sweep.at_knee()) else {
        return match sweep.fastest() {
            Some(fastest) => vec![Card::of_point(
                format!("{}, the fastest so far", workers(fastest.workers)),
                sweep,
                fastest,
            )],
            None => vec![Card::empty("Knee", "no time can be told from the others")],
        };
    };
    let by_means = match sweep.is_undecided() {
        true => " by the times alone",
        false => "",
    };
    let name = format!("{}, the knee{by_means}", workers(knee.workers));
    let mut cards = vec![Card::of_point(name, sweep, knee)];
    if knee.workers == fewest.workers {
        return cards;
    }
    cards.push(Card::of_point(workers(fewest.workers), sweep, fewest));
    cards.extend(sweep.gain().map(|speedup| {
        let against = format!("of {} over {}", knee.workers, fewest.workers);
        let notes = vec![interval(&speedup), against];
        Card::new("Speed-up", HTML.with_interval(speedup).0, notes)
    }));
    cards
}

fn interval(speedup: &Speedup) -> String {
    HTML.interval(*speedup)
        .unwrap_or_else(|| "no interval from a single pair".to_owned())
}
