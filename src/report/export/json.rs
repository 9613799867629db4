//! The JSON export: the whole report as one document.

use std::io::{self, Write};

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::json;

use crate::model::event::{Event, Listener, RunInfo};
use crate::model::measurement::{Arm, ArmRun};
use crate::report::Baseline;
use crate::report::schema::{
    AgainstRecord, ArmSummaryRecord, AssertionRecord, ComparisonRecord, ResultRecord, RunRecord,
    SummaryRecord, SweepRecord,
};

/// Largest number of warnings that are kept until the end. Runs have few; the limit bounds the memory.
const MAX_WARNINGS: usize = 1000;

/// JSON document, written to `W` as events arrive.
///
/// It is an object with `run`, `results`, `arms`, `warnings`, `summary`, `comparison`, `sweep`, `against`
/// and `gates`, in this order. The objects are those of [JSON Lines](super::super::JsonLines) without
/// `type`. A result also has `arm`, `pair` and `workers`, which are `null` except in a comparison or a sweep; there,
/// `arms` has the `arm_summary` of each run, and is empty otherwise. Of `summary`, `comparison` and `sweep`, the two
/// that the run did not end with are `null`, and so is `against` if there is no baseline.
#[derive(Debug)]
pub struct Json<W> {
    out: W,
    baseline: Baseline,
    arm: Option<ArmRun>,
    results: u64,
    /// The arms' runs so far, as JSON.
    arms: Vec<String>,
    warnings: Vec<String>,
    /// Results of assertions, as JSON; `None` until the run has ended.
    assertions: Option<Vec<String>>,
    /// Comparison with a baseline, as JSON.
    against: Option<String>,
}

/// The whole report as one document.
// For its schema only: the document is written piece by piece, as events come.
#[derive(JsonSchema)]
#[schemars(rename = "document")]
#[expect(dead_code, reason = "its schema is all that is made of it")]
pub(in crate::report) struct JsonDocument<'a> {
    run: RunRecord<'a>,
    results: Vec<ArmResultRecord<'a>>,
    /// The runs of a comparison or a sweep.
    arms: Vec<ArmSummaryRecord<'a>>,
    warnings: Vec<String>,
    /// The end of a run: two of `summary`, `comparison` and `sweep` are `null`.
    summary: Option<SummaryRecord<'a>>,
    comparison: Option<ComparisonRecord<'a>>,
    sweep: Option<SweepRecord<'a>>,
    /// `null` without a baseline.
    against: Option<AgainstRecord<'a>>,
    gates: Vec<AssertionRecord<'a>>,
}

/// A result with the arm's run that it belongs to.
#[derive(Serialize, JsonSchema)]
#[schemars(transform = allow_no_workers)]
struct ArmResultRecord<'a> {
    arm: Option<Arm>,
    pair: Option<u32>,
    workers: Option<usize>,
    #[serde(flatten)]
    result: ResultRecord<'a>,
}

/// Allows `null` for the workers of a result outside of a comparison or a sweep. The schema of the flattened record, which
/// leaves its own member of that name out, has taken the place of this one's.
fn allow_no_workers(schema: &mut Schema) {
    if let Some(workers) = schema.pointer_mut("/properties/workers") {
        workers["type"] = json!(["integer", "null"]);
    }
}

impl<W: Write> Json<W> {
    /// A document written to `out`.
    pub fn new(out: W, baseline: Baseline) -> Self {
        Json {
            out,
            baseline,
            arm: None,
            results: 0,
            arms: Vec::new(),
            warnings: Vec::new(),
            assertions: None,
            against: None,
        }
    }

    fn begin(&mut self, info: &RunInfo) -> io::Result<()> {
        self.out.write_all(b"{\"run\":")?;
        serde_json::to_writer(&mut self.out, &RunRecord::from(info))?;
        self.out.write_all(b",\n\"results\":[")
    }

    fn result(&mut self, result: ResultRecord<'_>) -> io::Result<()> {
        let comma: &[u8] = if self.results > 0 { b",\n" } else { b"\n" };
        self.results += 1;
        self.out.write_all(comma)?;
        let record = ArmResultRecord {
            arm: self.arm.map(|run| run.arm),
            pair: self.arm.map(|run| run.pair),
            workers: self.arm.map(|run| run.workers),
            result,
        };
        Ok(serde_json::to_writer(&mut self.out, &record)?)
    }

    fn end(
        &mut self,
        summary: Option<SummaryRecord<'_>>,
        comparison: Option<ComparisonRecord<'_>>,
        sweep: Option<SweepRecord<'_>>,
    ) -> io::Result<()> {
        write!(
            self.out,
            "],\n\"arms\":[{}],\n\"warnings\":",
            self.arms.join(",\n")
        )?;
        serde_json::to_writer(&mut self.out, &self.warnings)?;
        self.out.write_all(b",\n\"summary\":")?;
        serde_json::to_writer(&mut self.out, &summary)?;
        self.out.write_all(b",\n\"comparison\":")?;
        serde_json::to_writer(&mut self.out, &comparison)?;
        self.out.write_all(b",\n\"sweep\":")?;
        serde_json::to_writer(&mut self.out, &sweep)?;
        let against = self.against.as_deref().unwrap_or("null");
        write!(self.out, ",\n\"against\":{against}")?;
        self.assertions = Some(Vec::new());
        Ok(())
    }

    fn warn(&mut self, warning: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
    }
}

impl<W: Write> Listener for Json<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Started(info) => self.begin(info),
            Event::Finished(outcome) => self.result(ResultRecord::from(outcome)),
            Event::Warning(message) => {
                self.warn(message.clone());
                Ok(())
            }
            Event::MissingShards(missing) => {
                self.warn(missing.to_string());
                Ok(())
            }
            Event::ArmStarted(run) => {
                self.arm = Some(*run);
                Ok(())
            }
            Event::ArmEnded(summary) => {
                if let Some(run) = self.arm.take() {
                    let end = ArmSummaryRecord::new(run, summary);
                    self.arms.push(serde_json::to_string(&end)?);
                }
                Ok(())
            }
            Event::Against(against) => {
                self.against = Some(serde_json::to_string(&AgainstRecord::from(against))?);
                Ok(())
            }
            Event::Compared(comparison) => {
                self.end(None, Some(ComparisonRecord::from(comparison)), None)
            }
            Event::Swept(sweep) => self.end(None, None, Some(SweepRecord::from(sweep))),
            Event::Ended(summary) => {
                self.end(Some(SummaryRecord::new(summary, self.baseline)), None, None)
            }
            Event::Assertion(judged) => {
                if let Some(assertions) = &mut self.assertions {
                    assertions.push(serde_json::to_string(&AssertionRecord::from(judged))?);
                }
                Ok(())
            }
            Event::Counted(_) | Event::Pending(_) | Event::Pack(_) => Ok(()),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn close(&mut self) -> io::Result<()> {
        if let Some(assertions) = self.assertions.take() {
            writeln!(self.out, ",\n\"gates\":[{}]}}", assertions.join(",\n"))?;
        }
        self.out.flush()
    }
}
