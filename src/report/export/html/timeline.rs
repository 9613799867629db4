//! The section of the timeline: the picture, its caption, and the totals of each worker as a table.

use maud::{Markup, html};

use crate::model::measurement::Arm;
use crate::report::export::timeline::{DrawnRun, MOST_BARS, Timeline, embedded};
use crate::report::format::{counted, duration, grouped};

/// The most workers in the table.
const MOST_WORKERS: usize = 256;

/// Writes the runs above each other, on one scale.
pub(super) fn figure(runs: &[(Arm, &Timeline)]) -> Markup {
    let busy = |(_, timeline): &&(Arm, &Timeline)| !timeline.is_empty();
    let runs: Vec<(Arm, &Timeline)> = runs.iter().filter(busy).copied().collect();
    if runs.iter().all(|(_, timeline)| timeline.length().is_zero()) {
        return html! { p.note { "No worker was busy: there is nothing to draw." } };
    }
    let drawn: Vec<DrawnRun<'_>> = runs
        .iter()
        .map(|&(arm, timeline)| DrawnRun {
            arm: Some(arm),
            timeline,
        })
        .collect();
    html! {
        figure {
            (embedded(&drawn))
            figcaption {
                @for (arm, timeline) in &runs { (sentence(*arm, timeline)) " " }
                @if runs.iter().all(|(_, timeline)| timeline.has_bars()) {
                    "Each bar is an attempt, with its repeats on fresh connections; where it was redirected, each \
                     phase is that of all its hops together. "
                } @else {
                    "Past " (counted(MOST_BARS as u64, "attempt")) " there are no single bars. "
                }
            }
            @for (arm, timeline) in &runs { (table(*arm, timeline, runs.len() > 1)) }
        }
    }
}

/// The totals of a run in a sentence.
fn sentence(arm: Arm, timeline: &Timeline) -> String {
    let totals = timeline.totals();
    let workers = timeline.workers().len();
    let available = timeline.length().as_secs_f64() * workers as f64;
    let share = totals.busy.as_secs_f64() / available * 100.0;
    format!(
        "The {} run: {} on {} in {}, busy {:.0} % of the time.",
        arm.as_str(),
        counted(totals.attempts, "attempt"),
        counted(workers as u64, "worker"),
        duration(timeline.length()),
        share.min(100.0)
    )
}

/// Writes the totals of each worker.
fn table(arm: Arm, timeline: &Timeline, is_one_of_two: bool) -> Markup {
    let workers = timeline.workers();
    let length = timeline.length().as_secs_f64();
    html! {
        details {
            summary {
                "Workers as a table"
                @if is_one_of_two { " (" (arm.as_str()) ")" }
            }
            .scroll {
                table {
                    thead {
                        tr {
                            @for name in ["Worker", "Attempts", "Failed", "Busy", "Share of the run"] {
                                th scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for (worker, totals) in workers.iter().take(MOST_WORKERS) {
                            tr {
                                th scope="row" { (worker) }
                                td { (grouped(totals.attempts)) }
                                td { (grouped(totals.failed)) }
                                td { (duration(totals.busy)) }
                                td { (format!("{:.0} %", totals.busy.as_secs_f64() / length * 100.0)) }
                            }
                        }
                    }
                }
            }
            @if workers.len() > MOST_WORKERS {
                p.note { "The first " (MOST_WORKERS) " of " (workers.len()) " workers." }
            }
        }
    }
}
