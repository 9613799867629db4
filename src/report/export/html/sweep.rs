//! The section of a sweep: the curve, its caption, and its points as a table.

use maud::{Markup, html};

use crate::model::measurement::Sweep;
use crate::model::worker_gain::WorkerGains;
use crate::report::export::timeline::SweepCurve;
use crate::report::format::format_secs;
use crate::report::interval_text::secs_interval;
use crate::report::wording::{self, HTML, percent};
use crate::stats::{Interval, Sample};

/// Writes the curve.
pub(super) fn figure(curve: &SweepCurve, sweep: &Sweep) -> Markup {
    let latencies = sweep.points.iter().map(|point| point.times.latency);
    let gains = WorkerGains::of(sweep);
    let gain = |workers| gains.as_ref().and_then(|gains| gains.at(workers));
    let share =
        |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| percent(share * 100.0));
    let percentile = |time: Option<f64>| time.map_or_else(|| "–".to_owned(), format_secs);
    let samples: Vec<&Sample> = (sweep.points.iter())
        .map(|point| &point.times.sample)
        .collect();
    html! {
        figure {
            (curve.embedded())
            figcaption {
                (curve.sentence())
                @for sentence in wording::gain_sentences(sweep, HTML) { " " (sentence) }
            }
            details {
                summary { "Sweep as a table" }
                .scroll {
                    table {
                        thead {
                            tr {
                                @for name in ["Workers", wording::capitalized(curve.typical_name).as_str(), "Shortest to longest", "95 % interval", "p50 of URLs", "p95 of URLs", "Efficiency", "Each further worker"] {
                                    th scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for ((point, sample), latency) in curve.points.iter().zip(samples).zip(latencies) {
                                tr {
                                    th scope="row" {
                                        (point.workers)
                                        @if point.is_passed_over { " (passed over)" }
                                    }
                                    td { (format_secs(point.typical)) }
                                    td { (format_secs(sample.min)) " to " (format_secs(sample.max)) }
                                    td {
                                        @if point.low < point.high {
                                            (secs_interval(Interval { low: point.low, high: point.high }).join(" to "))
                                        } @else { "–" }
                                    }
                                    td { (percentile(latency.map(|latency| latency.p50))) }
                                    td { (percentile(latency.map(|latency| latency.p95))) }
                                    td { (share(gain(point.workers).map(|gain| gain.efficiency))) }
                                    td { (share(gain(point.workers).and_then(|gain| gain.marginal))) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
