//! The section of the reasons for a speed-up: a list, and the phases of both arms at each origin.

use maud::{Markup, html};

use crate::model::reason::{OriginPhases, PhaseMeans, Why};
use crate::model::timing::Phase;
use crate::model::url_host::host_and_port;
use crate::report::export::markup::MarkupText;
use crate::report::export::timeline::PhaseBars;
use crate::report::format::{counted, format_secs, grouped};
use crate::report::wording;

/// Writes the section's content. `None` if nothing is known.
pub(super) fn figure(why: &Why) -> Option<Markup> {
    let bars = PhaseBars::of(&why.phases);
    if bars.is_none() && why.reasons.is_empty() {
        return None;
    }
    Some(html! {
        @if why.reasons.is_empty() {
            p.note { "Nothing stands out in the phases of both arms." }
        } @else {
            ul.items {
                @for reason in wording::reasons(why) { li { (MarkupText(&reason)) } }
            }
        }
        @if let Some(bars) = bars {
            figure {
                (bars.embedded())
                figcaption { (caption(why)) }
                (table(&why.phases))
            }
        }
    })
}

fn caption(why: &Why) -> String {
    let mut text = "The mean time of a URL by phase, of all counted runs of each arm.".to_owned();
    if let Some(lost) = why.lost {
        let lost = format!(
            " The workers spent {:.0} % of the parallel time on what serial fetching does not: longer waits, or none to do.",
            lost * 100.0
        );
        text += &lost;
    }
    if why.unlisted > 0 {
        let other = counted(why.unlisted, "request");
        text += &format!(" {other} went to other origins.");
    }
    text
}

/// Writes the phases as a table, with a row for each arm at each origin.
fn table(phases: &[OriginPhases]) -> Markup {
    let cell = |mean: Option<f64>| mean.map_or_else(|| "–".to_owned(), format_secs);
    let row = |origin: &OriginPhases, arm: &str, means: &PhaseMeans| {
        html! {
            tr {
                th scope="row" { (MarkupText(host_and_port(&origin.origin))) ", " (arm) }
                td { (grouped(means.requests)) }
                td { (grouped(means.connected)) }
                @for (_, mean) in means.phases() { td { (cell(mean)) } }
            }
        }
    };
    html! {
        details {
            summary { "Phases as a table" }
            .scroll {
                table {
                    thead {
                        tr {
                            @for name in ["Origin and arm", "URLs", "Connections"] { th scope="col" { (name) } }
                            @for phase in Phase::ALL { th scope="col" { (phase.as_str()) } }
                        }
                    }
                    tbody {
                        @for origin in phases {
                            (row(origin, "serial", &origin.serial))
                            (row(origin, "parallel", &origin.parallel))
                        }
                    }
                }
            }
        }
    }
}
