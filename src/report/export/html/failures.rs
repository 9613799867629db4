//! The section of the failures, which stands under the headline.

use maud::{Markup, html};

use super::failure_groups::{FailureGroup, FailureGroups};
use crate::report::export::markup::MarkupText;
use crate::report::format::grouped;

/// The most reasons that are shown.
const SHOWN: usize = 12;

/// Writes the reasons with their counts and some of their URLs, those that were not done at the deadline apart, below a note of the run that they are of;
/// nothing, if nothing failed.
pub(super) fn section(groups: &FailureGroups, which: Option<&str>) -> Markup {
    let reasons = groups.by_count();
    if reasons.is_empty() {
        return Markup::default();
    }
    let rest = reasons.iter().skip(SHOWN).map(|group| group.count);
    let rest = rest.sum::<u64>() + groups.others();
    let shown = reasons.into_iter().take(SHOWN);
    let (not_done, failed): (Vec<_>, Vec<_>) = shown.partition(|group| group.is_not_done());
    let heading = match failed.is_empty() && rest == 0 {
        true => "What was not done",
        false => "What failed",
    };
    html! {
        section.failures aria-labelledby="h-failures" {
            "\n"
            h2 id="h-failures" { (heading) }
            "\n"
            @if let Some(which) = which { p.note { (which) } }
            @if !failed.is_empty() {
                ul.reasons { @for group in &failed { (reason(group)) } }
            }
            @if rest > 0 { p.note { "And " (grouped(rest)) " for other reasons." } }
            @if !not_done.is_empty() {
                @if heading == "What failed" { h2 { "What was not done" } }
                ul.reasons { @for group in &not_done { (reason(group)) } }
            }
        }
        "\n"
    }
}

fn reason(group: &FailureGroup) -> Markup {
    let more = group.count.saturating_sub(group.named.len() as u64);
    let shared = group.shared_message();
    html! {
        li {
            h3 { (grouped(group.count)) " × " (MarkupText(&group.title)) }
            @if let Some(message) = shared { p.why { (MarkupText(message)) } }
            ul.plain {
                @for named in &group.named {
                    li {
                        span.url { "#" (named.number) " " bdi dir="ltr" { (MarkupText(&named.url)) } }
                        @if let (Some(message), None) = (&named.message, shared) {
                            " " span.why { (MarkupText(message)) }
                        }
                    }
                }
                @if more > 0 { li.note { "and " (grouped(more)) " more in the table below" } }
            }
        }
    }
}
