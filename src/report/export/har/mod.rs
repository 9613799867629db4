//! HAR 1.2: the requests of a run, for the network panels of browsers and whatever reads them.

mod entry;

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

/// A run as an HTTP Archive, version 1.2, with an entry a request, written as the run goes.
///
/// A retry and every redirect is an entry of its own. pfetch measures a target's redirects together,
/// so the time and the bytes of all of them are with the last, and the entries before it say so. Headers
/// are there if the run keeps them. Targets that were not asked for have no entry. In a comparison each
/// run of an arm is a page.
///
/// What the format wants otherwise than [`Timing`](crate::model::timing::Timing) has it: `connect` has `ssl`
/// in it; `send`, `wait` and `receive` may not be absent, and are 0 where there was none of them;
/// `time` is the sum of what is there, `ssl` not counted twice.
#[derive(Debug)]
pub struct Har<W> {
    document: Document<W>,
    /// One per run of an arm.
    pages: Vec<Page>,
}

/// A run of an arm.
#[derive(Debug, Serialize)]
struct Page {
    #[serde(rename = "startedDateTime")]
    started_at: String,
    id: String,
    title: String,
    #[serde(rename = "pageTimings")]
    timings: PageTimings,
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

    fn page(&mut self, run: &ArmRun) {
        let arm = run.arm.as_str();
        self.pages.push(Page {
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

    fn page_ended(&mut self, summary: &Summary) {
        if let (Some(page), Some(makespan)) = (self.pages.last_mut(), summary.makespan) {
            page.timings.on_load = millis(makespan);
        }
    }

    fn end(&mut self) -> io::Result<()> {
        // A page needs a time, which one without entries has not.
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
                self.page(run);
                Ok(())
            }
            Event::ArmEnded(summary) => {
                self.page_ended(summary);
                Ok(())
            }
            Event::Finished(outcome) => self.outcome(outcome),
            Event::Ended(_) | Event::Compared(_) | Event::Swept(_) => self.end(),
            Event::Counted(_) | Event::Warning(_) => Ok(()),
            Event::Against(_) | Event::Judged(_) => Ok(()),
        }
    }
}
