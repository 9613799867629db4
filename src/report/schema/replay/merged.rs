//! Emits the results of several runs, or of run logs, as those of one run.

use std::time::Duration;

use super::intervals::{Overlay, RunInterval};
use super::latest::Latest;
use super::lines::{Line, Lines};
use super::overlap::MergeOverlap;
use super::result_head::{ResultHead, logged};
use super::survey::{Survey, SurveyedList, SurveyedRun};
use super::{AFTER_THE_END, MEASURED, NO_END, NO_RUN, ReplayError, count_warning};
use crate::model::event::{Event, Listener, RunInfo};
use crate::model::origin::OriginLimits;
use crate::model::outcome::Outcome;
use crate::model::run_id::RunId;
use crate::model::summary::{Summary, Tally};
use crate::model::text::escape;
use crate::report::schema::attempt::ClockAnchor;
use crate::report::schema::line::{SchemaLine, WarningTopic};
use crate::report::schema::result::ResultRecord;

/// The runs of a survey as one.
pub(super) struct Merger<'s> {
    survey: &'s Survey<'s>,
    info: RunInfo,
    overlay: Overlay,
    /// Index of each list's first target, less its own index.
    bases: Vec<u64>,
    /// Results that count, of each list that several runs report.
    latest: Vec<Option<Latest>>,
    anchor: ClockAnchor,
}

/// Waits for input of the runs.
#[derive(Debug, Default)]
struct InputWaits {
    wait: Duration,
    idle: Duration,
    longest: Duration,
}

impl InputWaits {
    fn add(&mut self, summary: &Summary) {
        self.wait += summary.input_wait;
        self.idle += summary.input_idle;
        self.longest = self.longest.max(summary.input_wait);
    }

    /// The time that the whole waited, and the part of it in which nothing was under way. Of runs at the same time,
    /// it is not known how their waits lie to each other: so long as the longest is certain, and no idle time.
    fn of_all(&self, is_sequential: bool) -> (Duration, Duration) {
        match is_sequential {
            true => (self.wait, self.idle),
            false => (self.longest, Duration::ZERO),
        }
    }
}

/// Figures of the merged run so far.
struct MergedFigures {
    tally: Tally,
    origins: OriginLimits,
    /// Bytes received, of each run by its results and then by its summary.
    wire_bytes: Vec<u64>,
    has_ended: Vec<bool>,
    is_paced: bool,
    input: InputWaits,
    /// True once a result of a run log has counted.
    has_logged: bool,
}

impl<'s> Merger<'s> {
    /// Prepares the merge; `None` if there is no run.
    pub(super) fn new(survey: &'s Survey<'s>) -> Option<Self> {
        let intervals: Vec<RunInterval> = survey.runs.iter().map(interval).collect();
        let overlay = Overlay::of(&intervals);
        let runs = || survey.counted().map(|(_, run)| run);
        let first = runs().min_by_key(|run| run.info.started_at)?;
        let is_alone = survey.alone().is_some();
        let versions_agree = runs().all(|run| run.info.version == first.info.version);
        let info = RunInfo {
            version: match versions_agree {
                true => first.info.version.clone(),
                false => "several".to_owned(),
            },
            workers: match is_alone {
                true => first.info.workers,
                // A run has one at least; run logs do not say.
                false => overlay.workers.max(1),
            },
            started_at: first.info.started_at,
            startup: first.info.startup,
            id: RunId::of_all(runs().map(|run| run.info.id)),
            log: first.info.log.filter(|_| is_alone),
            shard: first.info.shard.filter(|_| is_alone),
        };
        let mut next = 0_u64;
        let mut bases = Vec::with_capacity(survey.lists.len());
        for list in &survey.lists {
            bases.push(next);
            next = next.saturating_add(list.indices);
        }
        let has_reruns = |list: &SurveyedList| list.has_reruns(&survey.runs);
        let latest = survey.lists.iter();
        let latest =
            latest.map(|list| has_reruns(list).then(|| Latest::new(list.indices, list.results)));
        Some(Merger {
            survey,
            anchor: ClockAnchor::new(info.started_at),
            info,
            overlay,
            bases,
            latest: latest.collect(),
        })
    }

    /// The beginning of the merged run.
    pub(super) fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Emits the results of all files that count, and the end.
    pub(super) fn replay(
        mut self,
        listener: &mut dyn Listener,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), ReplayError> {
        if !self.find_latest(&is_stopped)? {
            return Ok(());
        }
        let runs = self.survey.runs.len();
        let mut figures = MergedFigures {
            tally: Tally::new(self.overlay.workers),
            origins: OriginLimits::default(),
            wire_bytes: vec![0; runs],
            has_ended: vec![false; runs],
            is_paced: false,
            input: InputWaits::default(),
            has_logged: false,
        };
        for (number, file) in self.survey.files.iter().enumerate() {
            let mut lines = Lines::open(file, self.survey.sizes[number]);
            let mut logged_run = None;
            while let Some(line) = lines.next()? {
                if is_stopped() {
                    return Ok(());
                }
                match line.is_log {
                    true => self.log_line(&line, &mut logged_run, &mut figures, listener)?,
                    false => self.report_line(&line, &mut figures, listener)?,
                }
            }
        }
        self.warn(listener)?;
        listener.event(&Event::Ended(self.summary(figures)))?;
        Ok(listener.idle()?)
    }

    /// Reads the files whose runs share a list with others, for the results that count. Returns false if it was
    /// stopped.
    fn find_latest(&mut self, is_stopped: impl Fn() -> bool) -> Result<bool, ReplayError> {
        for (number, file) in self.survey.files.iter().enumerate() {
            let is_in =
                |run: &SurveyedRun| run.files.contains(&number) && self.latest[run.list].is_some();
            if !self.survey.runs.iter().any(is_in) {
                continue;
            }
            let mut lines = Lines::open(file, self.survey.sizes[number]);
            let mut logged_run = None;
            while let Some(line) = lines.next()? {
                if is_stopped() {
                    return Ok(false);
                }
                let (run, head) = if line.is_log {
                    let head = ResultHead::of_log(&line)?;
                    (self.logged_run(&line, &mut logged_run), head)
                } else if line.head.kind == "result" {
                    let head = ResultHead::of_report(&line)?;
                    (Some(self.survey.run_of(&line)?), Some(head))
                } else {
                    continue;
                };
                let Some((run, head)) = run.zip(head) else {
                    continue;
                };
                let run = &self.survey.runs[run];
                if let Some(latest) = &mut self.latest[run.list]
                    && !run.is_left_out
                {
                    latest.note(head.index, &head.url, run.rank(line.is_log), head.verdict);
                }
            }
        }
        Ok(true)
    }

    /// The run of a line in a run log, of which `current` is the one under way.
    fn logged_run(&self, line: &Line<'_>, current: &mut Option<usize>) -> Option<usize> {
        match line.head.kind.as_str() {
            "pfetch-log" => *current = None,
            "run" => *current = self.survey.logged_run(line),
            _ => {}
        }
        *current
    }

    fn log_line(
        &mut self,
        line: &Line<'_>,
        current: &mut Option<usize>,
        figures: &mut MergedFigures,
        listener: &mut dyn Listener,
    ) -> Result<(), ReplayError> {
        let Some((run, result)) = self.logged_run(line, current).zip(logged(line)?) else {
            return Ok(());
        };
        if self.survey.runs[run].is_left_out {
            return Ok(());
        }
        let url = result.url.clone().into_owned();
        let mut outcome = result.into_logged().map_err(|reason| line.error(reason))?;
        if !self.counts(run, true, &url, &outcome) {
            return Ok(());
        }
        if !figures.has_logged {
            figures.has_logged = true;
            let lacks = format!(
                "{} is a run log, without times and without targets that were not tried, so the report has \
                 neither",
                line.file
            );
            listener.event(&Event::Warning(lacks))?;
        }
        outcome.index = outcome
            .index
            .saturating_add(self.bases[self.survey.runs[run].list]);
        figures.tally.add(&outcome);
        Ok(listener.event(&Event::Finished(outcome))?)
    }

    fn report_line(
        &mut self,
        line: &Line<'_>,
        figures: &mut MergedFigures,
        listener: &mut dyn Listener,
    ) -> Result<(), ReplayError> {
        let run = self.survey.run_of(line)?;
        let parsed = line.parse()?;
        if figures.has_ended[run] && !matches!(parsed, SchemaLine::Assertion(_)) {
            return Err(line.error(AFTER_THE_END));
        }
        if let SchemaLine::Summary(_) = parsed {
            figures.has_ended[run] = true;
        }
        if self.survey.runs[run].is_left_out {
            return Ok(());
        }
        match parsed {
            // What is missing now, is told at the end.
            SchemaLine::Warning {
                about: Some(WarningTopic::Shards),
                ..
            } => {}
            SchemaLine::Warning { message, .. } => {
                listener.event(&Event::Warning(escape(&message)))?;
            }
            SchemaLine::Result(record) => self.result(run, line, record, figures, listener)?,
            SchemaLine::Summary(record) => {
                let summary = record.complete(Summary::default());
                figures.wire_bytes[run] = summary.wire_bytes;
                figures.is_paced |= summary.paced;
                figures.origins.merge(&summary.origins);
                figures.input.add(&summary);
            }
            // An assertion was about one run, and so was a comparison with a baseline.
            SchemaLine::Run(_) | SchemaLine::Assertion(_) | SchemaLine::Against(_) => {}
            SchemaLine::Arm(_)
            | SchemaLine::ArmSummary(_)
            | SchemaLine::Comparison(_)
            | SchemaLine::Sweep(_) => return Err(line.error(MEASURED)),
        }
        Ok(())
    }

    fn result(
        &mut self,
        run: usize,
        line: &Line<'_>,
        record: ResultRecord<'_>,
        figures: &mut MergedFigures,
        listener: &mut dyn Listener,
    ) -> Result<(), ReplayError> {
        let SurveyedRun { info, list, .. } = &self.survey.runs[run];
        let checked = record.check_workers(info.workers);
        checked.map_err(|reason| line.error(reason))?;
        let base = self.bases[*list];
        let url = record.url().to_owned();
        let mut outcome = record.into_outcome(self.anchor);
        let attempts = outcome.attempts();
        let received = attempts.filter_map(|attempt| attempt.wire_bytes);
        let received = received.fold(0, u64::saturating_add);
        figures.wire_bytes[run] = figures.wire_bytes[run].saturating_add(received);
        if !self.counts(run, false, &url, &outcome) {
            return Ok(());
        }
        outcome.index = outcome.index.saturating_add(base);
        self.move_to_lanes(run, &mut outcome);
        figures.tally.add(&outcome);
        Ok(listener.event(&Event::Finished(outcome))?)
    }

    /// Tells whether a result is the one of its target that counts. Its index is still that of its list.
    fn counts(&mut self, run: usize, is_log: bool, url: &str, outcome: &Outcome) -> bool {
        let run = &self.survey.runs[run];
        match &mut self.latest[run.list] {
            Some(latest) => latest.take(outcome.index, url, run.rank(is_log), outcome.verdict),
            None => true,
        }
    }

    /// Numbers the workers of runs at the same time apart.
    fn move_to_lanes(&self, run: usize, outcome: &mut Outcome) {
        let lane = |worker: Option<u16>| self.overlay.lane(run, worker?);
        outcome.last.worker = lane(outcome.last.worker);
        if let Some(details) = &mut outcome.details {
            for attempt in &mut details.earlier {
                attempt.worker = lane(attempt.worker);
            }
        }
    }

    /// Warns of runs whose lines are not all there. What a run left undone is no loss if a later one with its log
    /// went on.
    fn warn(&self, listener: &mut dyn Listener) -> Result<(), ReplayError> {
        for overlap in &self.survey.overlaps {
            listener.event(&Event::Warning(self.overlap_warning(overlap)))?;
        }
        for (run, merge) in self.survey.later_runs() {
            let (run, merge) = (self.survey.name(run), self.survey.name(merge));
            let warning = format!(
                "{run} goes on with a run log of a run that is merged in {merge}, so that URLs of both count twice: \
                 give the reports that {merge} was made of in its place"
            );
            listener.event(&Event::Warning(warning))?;
        }
        if let Some(missing) = self.survey.missing_shards() {
            listener.event(&Event::MissingShards(missing))?;
        }
        for file in &self.survey.blank {
            let name = &self.survey.files[*file].name;
            let warning = format!("{name} has no run in it: {NO_RUN}");
            listener.event(&Event::Warning(warning))?;
        }
        for (number, run) in self.survey.counted() {
            let fault = match &run.end {
                Some(end) => count_warning(run.found, end.targets),
                None if run.is_reported && self.survey.is_last(number) => Some(NO_END.to_owned()),
                None => None,
            };
            if let Some(fault) = fault {
                let warning = format!("{} {fault}", self.survey.name(number));
                listener.event(&Event::Warning(warning))?;
            }
        }
        Ok(())
    }

    /// The warning of a merge that is beside its parts.
    fn overlap_warning(&self, overlap: &MergeOverlap) -> String {
        let merge = self.survey.name(overlap.merge);
        let first = self.survey.name(overlap.parts[0]);
        let parts = match overlap.parts.len() {
            1 => first,
            count => format!("{first} and {} more", count - 1),
        };
        match overlap.is_whole {
            true => format!("{merge} is a merge of what is here too ({parts}), and is left out"),
            false => format!("{merge} is a merge of {parts} too, so that is left out"),
        }
    }

    /// The summary of all the runs.
    fn summary(&self, figures: MergedFigures) -> Summary {
        let last = self.survey.lists.iter().filter_map(|list| list.runs.last());
        // Nothing is known of the length of a shard that is missing, nor of what a run was to fetch of which there
        // is no line.
        let is_missing = self.survey.missing_shards().is_some();
        let mut is_stopped = is_missing || !self.survey.blank.is_empty();
        let mut listed = Some(0_u64).filter(|_| !is_stopped);
        for run in last.map(|run| &self.survey.runs[*run]) {
            let (stopped, of_list) = match &run.end {
                Some(end) => (end.is_stopped, end.listed),
                None => (run.is_reported, None),
            };
            is_stopped |= stopped;
            let both = listed.zip(of_list);
            listed = both.map(|(all, of_list)| all.saturating_add(of_list));
        }
        let parts = self.survey.parts();
        let wire_bytes = figures.wire_bytes.iter().copied();
        let (input_wait, input_idle) = figures.input.of_all(self.overlay.is_sequential);
        let summary = Summary {
            input_wait,
            input_idle,
            workers: self.overlay.workers,
            makespan: self.overlay.makespan,
            wire_bytes: wire_bytes.fold(0, u64::saturating_add),
            paced: figures.is_paced,
            origins: figures.origins,
            stopped: is_stopped,
            listed: listed.filter(|_| is_stopped),
            merged: Some(parts.len() as u64).filter(|runs| *runs > 1),
            parts: if parts.len() > 1 { parts } else { Vec::new() },
            // Runs of several machines ask one server at different times.
            slowdown: None,
            ..figures.tally.summary()
        };
        match figures.has_logged {
            true => Summary {
                workers: 0,
                merged: None,
                ..summary.without_times()
            },
            false => summary,
        }
    }
}

fn interval(run: &SurveyedRun) -> RunInterval {
    match run.is_left_out {
        true => RunInterval {
            span: None,
            workers: 0,
        },
        false => RunInterval {
            span: run.interval(),
            workers: run.workers(),
        },
    }
}
