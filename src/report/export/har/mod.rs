//! The HAR 1.2 export: the requests of a run, for the network panels of browsers.

mod entry;
mod known_request;

use std::io::{self, Write};
use std::time::SystemTime;

use serde::Serialize;

use self::entry::{entries, millis, rfc3339};
use super::attempt_view::attempt_views;
use super::document::Document;
use crate::model::event::{Event, Listener};
use crate::model::measurement::ArmRun;
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;

/// HTTP Archive of a run, version 1.2, with an entry per request, written as results arrive.
///
/// Each retry and each redirect has an entry of its own. pfetch measures the redirects of a target together, so
/// the last entry has the time and the bytes of all, and the comments of those before it say so. Headers are
/// present if the run keeps them. Targets that were not requested have no entry. In a comparison each run of an
/// arm is a page.
///
/// Differences from [`Timing`](crate::model::timing::Timing), as the format demands: `connect` includes `ssl`;
/// `send`, `wait` and `receive` may not be absent, and are 0 if they did not happen; `time` is the sum of the
/// phases, with `ssl` counted once.
#[derive(Debug)]
pub struct Har<W> {
    document: Document<W>,
    /// A page per run of an arm.
    pages: Vec<HarPage>,
}

/// A run of an arm.
#[derive(Debug, Serialize)]
struct HarPage {
    #[serde(rename = "startedDateTime")]
    started_at: String,
    id: String,
    title: String,
    #[serde(rename = "pageTimings")]
    timings: PageTimings,
    /// Start of its first request.
    #[serde(skip)]
    first: Option<SystemTime>,
}

#[derive(Debug, Serialize)]
struct PageTimings {
    #[serde(rename = "onContentLoad")]
    on_content_load: f64,
    #[serde(rename = "onLoad")]
    on_load: f64,
}

impl<W: Write> Har<W> {
    /// An archive written to `out`.
    pub fn new(out: W) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let head = format!(
            "{{\"log\":{{\"version\":\"1.2\",\
             \"creator\":{{\"name\":\"pfetch\",\"version\":\"{version}\"}},\"entries\":["
        );
        Har {
            document: Document::new(out, head),
            pages: Vec::new(),
        }
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        for view in attempt_views(outcome) {
            let Some(started_at) = view.attempt.started_at else {
                continue;
            };
            let page = self.pages.last_mut().map(|page| {
                page.first = Some(page.first.unwrap_or(started_at).min(started_at));
                page.id.as_str()
            });
            for entry in entries(outcome, &view, started_at, page) {
                self.document.item(&entry)?;
            }
        }
        Ok(())
    }

    fn begin_page(&mut self, run: &ArmRun) {
        let arm = run.arm.as_str();
        self.pages.push(HarPage {
            started_at: String::new(),
            id: format!("page_{}", self.pages.len() + 1),
            title: match run.pair {
                0 => format!("{arm}, warm-up"),
                pair => format!("{arm}, pair {pair}"),
            },
            timings: PageTimings {
                on_content_load: -1.0,
                on_load: -1.0,
            },
            first: None,
        });
    }

    fn end_page(&mut self, summary: &Summary) {
        if let (Some(page), Some(makespan)) = (self.pages.last_mut(), summary.makespan) {
            page.timings.on_load = millis(makespan);
        }
    }

    fn end(&mut self) -> io::Result<()> {
        // The format demands a start, which a page without entries does not have.
        self.pages.retain(|page| page.first.is_some());
        for page in &mut self.pages {
            page.started_at = page.first.map(rfc3339).unwrap_or_default();
        }
        let pages = serde_json::to_string(&self.pages)?;
        self.document.close(&format!("],\"pages\":{pages}}}}}"))
    }
}

impl<W: Write> Listener for Har<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(_) => self.document.open(),
            Event::ArmStarted(run) => {
                self.begin_page(run);
                Ok(())
            }
            Event::ArmEnded(summary) => {
                self.end_page(summary);
                Ok(())
            }
            Event::Finished(outcome) => self.outcome(outcome),
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_) => self.end(),
            Event::Counted(_)
            | Event::Pending(_)
            | Event::Pack(_)
            | Event::Warning(_)
            | Event::MissingShards(_) => Ok(()),
            Event::Against(_) | Event::Assertion(_) => Ok(()),
        }
    }
}
