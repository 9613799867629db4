//! The first reading of the files: which runs are in them, how each ended, and which are of one list.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::latest::Rank;
use super::lines::{Line, Lines, error_at};
use super::overlap::{MergeOverlap, ReportedRuns, find_overlaps};
use super::result_head::{ResultHead, log_entry};
use super::{MEASURED, NO_RUN, ReplayError, ReplayFile};
use crate::engine::resume::LogEntry;
use crate::model::event::RunInfo;
use crate::model::outcome::Verdict;
use crate::model::run_id::{LogPosition, RunId};
use crate::model::run_part::RunPart;
use crate::model::run_shard::MissingShards;
use crate::model::summary::Summary;
use crate::report::schema::line::SchemaLine;

/// Reason for which a report without results is refused: its counts cannot be checked, its percentiles not be
/// computed, and its targets not be known from those of other runs.
const NO_RESULTS: &str = "the results of this run are not here; replay a report that was written without \
                          --summary-only";

/// The runs in the files.
pub(super) struct Survey<'f> {
    pub(super) files: &'f [ReplayFile],
    /// The bytes of each file that were read. What is appended later is left out.
    pub(super) sizes: Vec<u64>,
    pub(super) runs: Vec<SurveyedRun>,
    pub(super) lists: Vec<SurveyedList>,
    by_id: HashMap<RunId, usize>,
    by_log: HashMap<RunId, usize>,
    /// Files with lines that break off: the number of the first such line, and how many there are.
    broken_off: Vec<(usize, u64, u64)>,
    /// Merges of runs that are there too.
    pub(super) overlaps: Vec<MergeOverlap>,
    /// The first line of a comparison or a sweep: its error if it is not alone.
    measured: Option<ReplayError>,
    /// The files without a run: a process that fails, or is killed, before its first line leaves one.
    pub(super) blank: Vec<usize>,
    /// False if the reading was stopped.
    pub(super) is_whole: bool,
}

/// A run that a file reports.
#[derive(Debug)]
pub(super) struct SurveyedRun {
    pub(super) info: RunInfo,
    /// The files that have lines of it. The first has its beginning.
    pub(super) files: Vec<usize>,
    /// The number of its first line.
    pub(super) line: u64,
    /// True if a report has it, false if only a run log has.
    pub(super) is_reported: bool,
    /// The file and the line in which a run log has its beginning.
    logged_at: Option<(usize, u64)>,
    /// Its list.
    pub(super) list: usize,
    /// The runs with the same log before it.
    order: u32,
    pub(super) end: Option<SurveyedEnd>,
    /// Its results, but for targets that were done before.
    pub(super) found: u64,
    /// First start and last end of its targets.
    span: Option<(SystemTime, SystemTime)>,
    /// The runs that it is a merge of.
    pub(super) parts: Vec<RunPart>,
    /// True if its targets count as those of other runs.
    pub(super) is_left_out: bool,
}

/// End of a run, as its summary tells it.
#[derive(Debug)]
pub(super) struct SurveyedEnd {
    pub(super) targets: u64,
    pub(super) workers: usize,
    pub(super) is_stopped: bool,
    /// The targets of its whole input.
    pub(super) listed: Option<u64>,
    makespan: Option<Duration>,
}

/// The list of one run, or of the runs that share a log.
#[derive(Debug, Default)]
pub(super) struct SurveyedList {
    /// Its runs, in the order in which they were made.
    pub(super) runs: Vec<usize>,
    /// The number of indices that it needs.
    pub(super) indices: u64,
    /// The number of results of all its runs.
    pub(super) results: u64,
    /// True if a run log is among the files.
    has_log: bool,
}

impl SurveyedRun {
    /// The rank of its results. What a report has of a run is more than what the log has of it.
    pub(super) fn rank(&self, is_log: bool) -> Rank {
        self.order.saturating_mul(2) + if is_log { 1 } else { 2 }
    }

    /// The workers that it had.
    pub(super) fn workers(&self) -> usize {
        self.end
            .as_ref()
            .map_or(self.info.workers, |end| end.workers)
    }

    /// The interval that it took, by its machine's clock. The time of a run is from the first start of a target, which
    /// comes after its own; only without results it has to do.
    pub(super) fn interval(&self) -> Option<(SystemTime, SystemTime)> {
        let Some(end) = &self.end else {
            return self.span;
        };
        let start = self.span.map_or(self.info.started_at, |(first, _)| first);
        start.checked_add(end.makespan?).map(|end| (start, end))
    }
}

impl SurveyedList {
    /// True if targets may have several results.
    pub(super) fn has_reruns(&self, runs: &[SurveyedRun]) -> bool {
        let first = self.runs.first().map(|run| &runs[*run]);
        let is_also_logged = self.has_log && first.is_some_and(|run| run.is_reported);
        self.runs.len() > 1 || is_also_logged
    }
}

impl SurveyedRun {
    /// The runs that it is made of: itself, unless it is a merge. `is_last` tells that no other run went on with its
    /// log.
    fn made_of(&self, is_last: bool) -> Vec<RunPart> {
        if !self.parts.is_empty() {
            return self.parts.clone();
        }
        let stopped = match &self.end {
            Some(end) => end.is_stopped,
            None => self.is_reported,
        };
        vec![RunPart {
            run: self.info.id,
            log: self.info.log.map(|log| log.id),
            shard: self.info.shard,
            stopped: stopped && is_last,
        }]
    }
}

impl Survey<'_> {
    /// The runs that count, with their numbers.
    pub(super) fn counted(&self) -> impl Iterator<Item = (usize, &SurveyedRun)> {
        let runs = self.runs.iter().enumerate();
        runs.filter(|(_, run)| !run.is_left_out)
    }

    /// The runs that the whole is made of.
    pub(super) fn parts(&self) -> Vec<RunPart> {
        self.counted()
            .flat_map(|(number, run)| run.made_of(self.is_last(number)))
            .collect()
    }

    /// Tells whether a run is the last one of its list.
    pub(super) fn is_last(&self, run: usize) -> bool {
        let list = &self.lists[self.runs[run].list];
        list.runs.last() == Some(&run)
    }

    /// Warnings of lines that break off.
    pub(super) fn broken_off(&self) -> impl Iterator<Item = String> {
        self.broken_off.iter().map(|(file, line, count)| {
            let name = &self.files[*file].name;
            let more = match count - 1 {
                0 => String::new(),
                more => format!(", as {more} more do"),
            };
            format!(
                "{name}:{line} breaks off{more}: a process was killed there; it counts for nothing"
            )
        })
    }

    /// The shards that are missing beside those that are there.
    pub(super) fn missing_shards(&self) -> Option<MissingShards> {
        missing_shards(&self.parts())
    }

    /// Leaves out what is there twice, so that each run counts once.
    fn leave_out(&mut self) -> Result<(), ReplayError> {
        let reports: Vec<ReportedRuns> = self
            .runs
            .iter()
            .map(|run| ReportedRuns {
                runs: run.made_of(true).iter().map(|part| part.run).collect(),
                is_merge: !run.parts.is_empty(),
            })
            .collect();
        if reports.iter().all(|report| !report.is_merge) {
            return Ok(());
        }
        let overlaps = find_overlaps(&reports);
        let name = |run: usize| self.name(run);
        self.overlaps = overlaps.map_err(|(one, other)| ReplayError::Overlap {
            one: name(one),
            other: name(other),
        })?;
        for overlap in &self.overlaps {
            let merge = std::slice::from_ref(&overlap.merge);
            for run in if overlap.is_whole {
                merge
            } else {
                &overlap.parts
            } {
                self.runs[*run].is_left_out = true;
            }
        }
        for list in &mut self.lists {
            list.runs.retain(|run| !self.runs[*run].is_left_out);
            if list.runs.is_empty() {
                list.indices = 0;
            }
        }
        Ok(())
    }

    /// The runs that go on with the log of a part of a merge, without being one: the numbers of such a run and of the
    /// merge. A target may be in both.
    pub(super) fn later_runs(&self) -> Vec<(usize, usize)> {
        let mut merged = HashMap::new();
        for (number, run) in self.counted() {
            let logs = run.parts.iter().filter_map(|part| part.log);
            merged.extend(logs.map(|log| (log, number)));
        }
        let later = self.counted().filter_map(|(number, run)| {
            let merge = merged.get(&run.info.log?.id)?;
            Some((number, *merge))
        });
        later.collect()
    }
}

/// The shards that are missing beside those of these runs.
pub(super) fn missing_shards(parts: &[RunPart]) -> Option<MissingShards> {
    MissingShards::beside(&parts.iter().filter_map(|part| part.shard).collect())
}

impl<'f> Survey<'f> {
    /// Reads the files, until `is_stopped`.
    pub(super) fn of(
        files: &'f [ReplayFile],
        is_stopped: impl Fn() -> bool,
    ) -> Result<Self, ReplayError> {
        let mut survey = Survey {
            files,
            sizes: Vec::with_capacity(files.len()),
            runs: Vec::new(),
            lists: Vec::new(),
            by_id: HashMap::new(),
            by_log: HashMap::new(),
            broken_off: Vec::new(),
            overlaps: Vec::new(),
            measured: None,
            blank: Vec::new(),
            is_whole: true,
        };
        'files: for (number, file) in files.iter().enumerate() {
            let mut lines = Lines::open(file, u64::MAX);
            let mut log = None;
            while let Some(line) = lines.next()? {
                match line.is_log {
                    true => survey.log_line(number, &mut log, &line)?,
                    false => survey.report_line(number, &line)?,
                }
                if is_stopped() {
                    survey.is_whole = false;
                    break 'files;
                }
            }
            if let Some((line, count)) = lines.broken_off() {
                survey.broken_off.push((number, line, count));
            }
            if !lines.has_begun() {
                survey.blank.push(number);
            }
            survey.sizes.push(lines.position());
        }
        if survey.runs.is_empty()
            && let Some(first) = survey.blank.first()
        {
            return Err(error_at(&files[*first].name, 1, NO_RUN));
        }
        if survey.runs.len() > 1
            && let Some(error) = survey.measured.take()
        {
            return Err(error);
        }
        survey.order();
        survey.leave_out()?;
        Ok(survey)
    }

    /// The file and the beginning of the run that is the only one.
    pub(super) fn alone(&self) -> Option<(usize, &RunInfo)> {
        match &self.runs[..] {
            [run] if run.is_reported && run.files.len() == 1 && self.blank.is_empty() => {
                Some((run.files[0], &run.info))
            }
            _ => None,
        }
    }

    /// The run that a line of a report belongs to.
    pub(super) fn run_of(&self, line: &Line<'_>) -> Result<usize, ReplayError> {
        let id = line.head.run.ok_or_else(|| line.error("it names no run"))?;
        let unknown = "its run does not begin in a line before it; give the file that has its first line first";
        let run = self.by_id.get(&id).copied();
        run.filter(|run| self.runs[*run].is_reported)
            .ok_or_else(|| line.error(unknown))
    }

    /// The run that begins with a line of a run log.
    pub(super) fn logged_run(&self, line: &Line<'_>) -> Option<usize> {
        self.by_id.get(&line.head.run?).copied()
    }

    /// The name of a run for a warning.
    pub(super) fn name(&self, run: usize) -> String {
        let SurveyedRun { files, line, .. } = &self.runs[run];
        let file = &self.files[files[0]].name;
        let is_alone = |other: &SurveyedRun| other.files[0] != files[0] || other.line == *line;
        match self.runs.iter().all(is_alone) {
            true => file.clone(),
            false => format!("{file}:{line}"),
        }
    }

    fn report_line(&mut self, file: usize, line: &Line<'_>) -> Result<(), ReplayError> {
        match line.head.kind.as_str() {
            "run" => match line.parse()? {
                SchemaLine::Run(record) => return self.begin(file, line, record.into()),
                _ => return Ok(()),
            },
            "result" => {
                let run = self.run_of(line)?;
                let head = ResultHead::of_report(line)?;
                self.result(run, &head);
            }
            "summary" => {
                let run = self.run_of(line)?;
                if let SchemaLine::Summary(record) = line.parse()? {
                    if self.runs[run].found == 0 && record.targets > 0 {
                        return Err(line.error(NO_RESULTS));
                    }
                    let summary = record.complete(Summary::default());
                    // A merge that lacked shards is as whole as its parts, now that others may bring those.
                    let is_stopped = summary.stopped
                        && (missing_shards(&summary.parts).is_none()
                            || summary.parts.iter().any(|part| part.stopped));
                    self.runs[run].parts = summary.parts;
                    self.runs[run].end.get_or_insert(SurveyedEnd {
                        targets: record.targets,
                        workers: summary.workers,
                        is_stopped,
                        listed: match is_stopped {
                            true => summary.listed,
                            false => Some(record.targets + summary.done_before),
                        },
                        makespan: summary.makespan,
                    });
                }
            }
            "arm" | "arm_summary" | "comparison" | "sweep" => {
                self.run_of(line)?;
                self.measured.get_or_insert(line.error(MEASURED));
            }
            "warning" | "against" | "gate" => {
                self.run_of(line)?;
            }
            _ => drop(line.parse()?),
        }
        let run = self.run_of(line)?;
        self.note_file(run, file);
        Ok(())
    }

    /// Reads a line of a run log. `log` is the run that is under way there, and the log's identifier.
    fn log_line(
        &mut self,
        file: usize,
        log: &mut Option<(usize, RunId)>,
        line: &Line<'_>,
    ) -> Result<(), ReplayError> {
        match log_entry(line)? {
            LogEntry::Header => *log = None,
            LogEntry::Pack(..) => {}
            LogEntry::Run(run) => {
                let older = "an older pfetch wrote this log: its runs have no id";
                let id = run.id.ok_or_else(|| line.error(older))?;
                let log_id = log.map_or(id, |(_, log)| log);
                let info = RunInfo {
                    version: run.version.unwrap_or_default(),
                    workers: 0,
                    started_at: run.started_at.unwrap_or(SystemTime::UNIX_EPOCH),
                    startup: Duration::ZERO,
                    id,
                    log: Some(LogPosition {
                        id: log_id,
                        offset: line.offset,
                    }),
                    shard: run.shard,
                };
                let run = match self.by_id.get(&id) {
                    Some(run) => *run,
                    None => self.add(file, line.number, false, info),
                };
                if let Some(first) = self.runs[run].logged_at.replace((file, line.number)) {
                    return Err(self.twice(line, first));
                }
                self.note_file(run, file);
                let list = self.runs[run].list;
                self.lists[list].has_log = true;
                *log = Some((run, log_id));
            }
            LogEntry::Result(_) => {
                let none = "no run has begun in this log";
                let (run, _) = log.ok_or_else(|| line.error(none))?;
                if let Some(head) = ResultHead::of_log(line)? {
                    self.result_index(run, head.index);
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, file: usize, line: &Line<'_>, info: RunInfo) -> Result<(), ReplayError> {
        match self.by_id.get(&info.id).copied() {
            Some(run) if self.runs[run].is_reported => {
                let first = &self.runs[run];
                return Err(self.twice(line, (first.files[0], first.line)));
            }
            // Its log came before it.
            Some(run) => {
                let known = &mut self.runs[run];
                known.info = info;
                known.is_reported = true;
                known.line = line.number;
                known.files.insert(0, file);
            }
            None => {
                self.add(file, line.number, true, info);
            }
        }
        Ok(())
    }

    /// The error for a run of which there was the beginning already, in this file and line.
    fn twice(&self, line: &Line<'_>, (file, first): (usize, u64)) -> ReplayError {
        let name = &self.files[file].name;
        line.error(&format!(
            "this run is in {name}:{first} already; leave one of the two out"
        ))
    }

    fn add(&mut self, file: usize, line: u64, is_reported: bool, info: RunInfo) -> usize {
        let run = self.runs.len();
        let new = self.lists.len();
        let list = match info.log {
            Some(log) => *self.by_log.entry(log.id).or_insert(new),
            None => new,
        };
        if list == new {
            self.lists.push(SurveyedList::default());
        }
        self.lists[list].runs.push(run);
        self.by_id.insert(info.id, run);
        self.runs.push(SurveyedRun {
            info,
            files: vec![file],
            line,
            is_reported,
            list,
            logged_at: None,
            order: 0,
            end: None,
            found: 0,
            span: None,
            parts: Vec::new(),
            is_left_out: false,
        });
        run
    }

    fn note_file(&mut self, run: usize, file: usize) {
        let files = &mut self.runs[run].files;
        if !files.contains(&file) {
            files.push(file);
        }
    }

    fn result(&mut self, run: usize, head: &ResultHead<'_>) {
        self.result_index(run, head.index);
        let run = &mut self.runs[run];
        run.found += u64::from(head.verdict != Verdict::Done);
        if let Some((start, end)) = head.span {
            let (first, last) = run.span.unwrap_or((start, end));
            run.span = Some((first.min(start), last.max(end)));
        }
    }

    fn result_index(&mut self, run: usize, index: u64) {
        let list = &mut self.lists[self.runs[run].list];
        list.indices = list.indices.max(index.saturating_add(1));
        list.results += 1;
    }

    /// Puts the runs of each list in the order of their log.
    fn order(&mut self) {
        for list in &mut self.lists {
            let position = |run: &usize| {
                let info = &self.runs[*run].info;
                (info.log.map(|log| log.offset), info.started_at, info.id)
            };
            list.runs.sort_unstable_by_key(position);
            for (order, run) in (0..).zip(&list.runs) {
                self.runs[*run].order = order;
            }
        }
    }
}
