//! The page as a whole: the order of its sections, and what it may load.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest::{SHA256, digest};

use super::result::PageResult;
use super::run_data::RunData;
use super::{failures, latency, pairs, sweep, table, timeline, why};
use crate::model::event::{AssertionResult, RunInfo};
use crate::model::measurement::{Against, Arm, Sweep};
use crate::model::summary::Summary;
use crate::report::against::items;
use crate::report::export::markup::MarkupText;
use crate::report::export::palette;
use crate::report::export::timeline::{PairsPlot, SweepCurve, Timeline, style as chart_style};
use crate::report::format::{counted, grouped};
use crate::report::wording::{self, assertion_figure};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The content of a page.
pub(super) struct HtmlPage<'a> {
    pub(super) result: PageResult<'a>,
    pub(super) info: Option<&'a RunInfo>,
    /// The run, or the last run of each arm.
    pub(super) arms: Vec<(Arm, &'a RunData)>,
    /// The run that the table is of.
    pub(super) main: &'a RunData,
    /// Warnings and notices, and the number of those that were left out.
    pub(super) notices: Vec<&'a str>,
    pub(super) more_notices: u64,
    /// The assertions and their verdicts.
    pub(super) assertions: &'a [AssertionResult],
    /// The run against an earlier one.
    pub(super) against: Option<&'a Against>,
    pub(super) sweep: Option<&'a Sweep>,
    /// The run that failures, timeline, times and table are of, in a sentence, if there were several.
    pub(super) which: Option<String>,
}

impl HtmlPage<'_> {
    /// Writes the page as a document.
    pub(super) fn write(&self) -> serde_json::Result<Markup> {
        let heading = match self.failed_gates() {
            Some(failed) => format!("{failed} – {}", self.result.heading()),
            None => self.result.heading(),
        };
        let is_bad = self.result.is_all_failed() || self.failed_gates().is_some();
        // A browser hashes with its own line ends.
        let style = [&palette::properties(), &chart_style(), STYLE]
            .concat()
            .replace('\r', "");
        let script = SCRIPT.replace('\r', "");
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
            csp_hash(&style),
            csp_hash(&script)
        );
        let data = table::data(&self.main.rows, &self.main.timeline)?;
        Ok(html! {
            (DOCTYPE) "\n"
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (heading) " – pfetch" }
                    style { (PreEscaped(style)) }
                }
                "\n"
                body {
                    main {
                        header {
                            p.brand { "pfetch report" }
                            h1 class=[is_bad.then_some("bad")] { (heading) }
                            (self.result.lead(self.info))
                        }
                        "\n"
                        (failures::section(&self.main.failures, self.which.as_deref()))
                        (self.result.cards())
                        (self.sections())
                        footer { "Made by pfetch " (env!("CARGO_PKG_VERSION")) "." }
                    }
                    "\n"
                    (data)
                    "\n"
                    script { (PreEscaped(script)) }
                }
            }
            "\n"
        })
    }

    /// The gates that failed, which decide over the exit code whatever else there is to say. Those of a run that was
    /// stopped have no figure, which is why they fail.
    fn failed_gates(&self) -> Option<String> {
        if self.result.is_stopped() {
            return None;
        }
        let failed = self.assertions.iter();
        let failed: Vec<_> = failed
            .filter(|judged| judged.verdict.is_failure())
            .collect();
        match failed[..] {
            [] => None,
            [judged] => Some(format!("Gate failed: {}", judged.assertion)),
            _ => {
                let gates = counted(self.assertions.len() as u64, "gate");
                Some(format!("{} of {gates} failed", failed.len()))
            }
        }
    }

    fn sections(&self) -> Markup {
        let several = self.arms.len() > 1;
        html! {
            (self.notices())
            (self.assertions())
            (self.against())
            @if let Some(plot) = self.result.comparison().and_then(PairsPlot::of) {
                (section("pairs", "Pairs of runs", &pairs::figure(&plot)))
            }
            @if let Some(why) = self.result.comparison().and_then(|comparison| why::figure(&comparison.why)) {
                (section("why", "Why", &why))
            }
            // One number of workers makes no curve.
            @if let Some(sweep) = self.sweep.filter(|sweep| sweep.points.len() > 1) {
                (section("sweep", "Time by number of workers", &sweep::figure(&SweepCurve::from(sweep), sweep)))
                (Self::knee_reasons(sweep))
            }
            (section("timeline", "Timeline", &html! {
                @if several {
                    p.note { "The last run of each arm, on one scale." }
                } @else {
                    (self.which())
                }
                (timeline::figure(&self.timelines()))
            }))
            (section("latency", "Times per URL", &html! {
                @if several { p.note { "Of the last run of each arm." } } @else { (self.which()) }
                @if let Some(all) = self.result.latency_of_all() { p.note { (all) } }
                (latency::section(&self.summaries()))
            }))
            (section("table", "URLs", &html! {
                (self.statuses())
                (self.which())
                (table::section(&self.main.rows))
            }))
        }
    }

    fn knee_reasons(sweep: &Sweep) -> Markup {
        let reasons: Vec<String> = wording::knee_reasons(sweep.why.as_ref()).collect();
        if reasons.is_empty() {
            return Markup::default();
        }
        let list = html! {
            ul.items {
                @for reason in &reasons { li { (MarkupText(reason)) } }
            }
        };
        section("why", "Why more gain no more", &list)
    }

    fn timelines(&self) -> Vec<(Arm, &Timeline)> {
        let arms = self.arms.iter();
        arms.map(|(arm, run)| (*arm, &run.timeline)).collect()
    }

    fn summaries(&self) -> Vec<(&'static str, &Summary)> {
        let arms = self.arms.iter();
        arms.filter_map(|(arm, run)| Some((arm.as_str(), run.summary.as_ref()?)))
            .collect()
    }

    fn notices(&self) -> Markup {
        html! {
            @if !self.notices.is_empty() {
                section.notices aria-label="Notices" {
                    ul {
                        @for notice in &self.notices { li { (MarkupText(notice)) } }
                        @if self.more_notices > 0 { li { "… and " (grouped(self.more_notices)) " more" } }
                    }
                }
                "\n"
            }
        }
    }

    fn which(&self) -> Markup {
        html! {
            @if let Some(which) = &self.which { p.note { (which) } }
        }
    }

    fn assertions(&self) -> Markup {
        if self.assertions.is_empty() {
            return Markup::default();
        }
        let table = html! {
            .scroll {
                table.gates {
                    thead {
                        tr {
                            @for name in ["Gate", "Verdict", "Figure"] { th scope="col" { (name) } }
                        }
                    }
                    tbody {
                        @for judged in self.assertions {
                            @let verdict = judged.verdict.as_str();
                            tr class=(verdict) {
                                th scope="row" { (MarkupText(&judged.assertion)) }
                                td { (verdict) }
                                td { (MarkupText(&assertion_figure(judged))) }
                            }
                        }
                    }
                }
            }
        };
        section("gates", "Gates", &table)
    }

    fn against(&self) -> Markup {
        let Some(against) = self.against else {
            return Markup::default();
        };
        let list = html! {
            ul.items {
                @for item in items(against) { li { (MarkupText(&item)) } }
            }
        };
        section("against", "Against the baseline", &list)
    }

    fn statuses(&self) -> Markup {
        let Some(summary) = &self.main.summary else {
            return Markup::default();
        };
        let statuses = summary.statuses.iter();
        let mut parts: Vec<String> = statuses
            .map(|(status, count)| format!("{} × {status}", grouped(*count)))
            .collect();
        let without = wording::without_status(summary);
        parts.extend(without.map(|(count, why)| format!("{} × {why}", grouped(count))));
        html! {
            @if summary.tried() > 0 { p.lead { (parts.join(" · ")) } }
        }
    }
}

fn section(id: &str, name: &str, content: &Markup) -> Markup {
    let id = format!("h-{id}");
    html! {
        section aria-labelledby=(id) { "\n" h2 id=(id) { (name) } "\n" (content) "\n" } "\n"
    }
}

/// The source expression of the Content-Security-Policy that allows exactly this text (CSP Level 3,
/// 2.3.1).
fn csp_hash(text: &str) -> String {
    format!(
        "sha256-{}",
        STANDARD.encode(digest(&SHA256, text.as_bytes()))
    )
}
