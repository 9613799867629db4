//! Emits the results of several runs, or of run logs, as those of one run.

use super::input_order::{CHANGED, InputOrder, ResultPlace};
use super::intervals::{Overlay, RunInterval};
use super::latest::Latest;
use super::lines::{Line, Lines};
use super::merged_figures::MergedFigures;
use super::result_head::{ResultHead, logged};
use super::survey::Survey;
use super::surveyed::{SurveyedList, SurveyedRun};
use super::{AFTER_THE_END, MEASURED, ReplayError};
use crate::model::event::{Event, Listener, RunInfo};
use crate::model::outcome::Outcome;
use crate::model::run_id::RunId;
use crate::model::summary::Summary;
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
    /// The results that are emitted last, by their index; `None` if each is at once.
    order: Option<InputOrder>,
    /// The number of the file that is read.
    file: usize,
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
            order: None,
            file: 0,
        })
    }

    /// The beginning of the merged run.
    pub(super) fn info(&self) -> &RunInfo {
        &self.info
    }

    /// Emits the results of all files that count, and the end. With an order, results are emitted by that.
    pub(super) fn replay(
        mut self,
        order: Option<InputOrder>,
        listener: &mut dyn Listener,
        is_stopped: impl Fn() -> bool,
    ) -> Result<(), ReplayError> {
        if !self.find_latest(&is_stopped)? {
            return Ok(());
        }
        self.order = order;
        let mut figures = MergedFigures::new(self.survey, &self.overlay);
        for (number, file) in self.survey.files.iter().enumerate() {
            self.file = number;
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
        if !self.emit_sorted(listener, &is_stopped)? {
            return Ok(());
        }
        self.survey.warn_of_gaps(listener)?;
        listener.event(&Event::Ended(figures.summary(self.survey, &self.overlay)))?;
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
        self.emit(run, line, outcome, listener)
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
                figures.note_summary(run, &record.complete(Summary::default()));
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
        self.emit(run, line, outcome, listener)
    }

    /// Emits an outcome, with the index that it has in the report, or keeps the place of its line for later.
    fn emit(
        &mut self,
        run: usize,
        line: &Line<'_>,
        outcome: Outcome,
        listener: &mut dyn Listener,
    ) -> Result<(), ReplayError> {
        match &mut self.order {
            Some(order) => order.push(ResultPlace::of(line, (self.file, run), outcome.index)),
            None => Ok(listener.event(&Event::Finished(outcome))?),
        }
    }

    /// Emits the results by their index, if that is their order. Returns false if it was stopped.
    fn emit_sorted(
        &mut self,
        listener: &mut dyn Listener,
        is_stopped: &impl Fn() -> bool,
    ) -> Result<bool, ReplayError> {
        let Some(order) = self.order.take() else {
            return Ok(true);
        };
        let mut places = order.into_sorted()?;
        let mut text = Vec::new();
        while let Some(place) = places.next()? {
            if is_stopped() {
                return Ok(false);
            }
            let line = place.read(self.survey.files, &mut text)?;
            let mut outcome = self.outcome_of(&line)?;
            outcome.index = place.index;
            if !place.is_log {
                self.move_to_lanes(place.run as usize, &mut outcome);
            }
            listener.event(&Event::Finished(outcome))?;
        }
        Ok(true)
    }

    /// The outcome in a line that had one before.
    fn outcome_of(&self, line: &Line<'_>) -> Result<Outcome, ReplayError> {
        let changed = || line.error(CHANGED);
        if line.is_log {
            let result = logged(line)?.ok_or_else(changed)?;
            return result.into_logged().map_err(|reason| line.error(reason));
        }
        match line.parse()? {
            SchemaLine::Result(record) => Ok(record.into_outcome(self.anchor)),
            _ => Err(changed()),
        }
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
