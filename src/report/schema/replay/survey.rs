//! The first reading of the files: the runs in them, their ends, and the lists that they are of.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use super::lines::{Line, Lines, error_at};
use super::overlap::MergeOverlap;
use super::result_head::{ResultHead, log_entry};
use super::surveyed::{SurveyedEnd, SurveyedList, SurveyedRun, missing_shards};
use super::{MEASURED, NO_RUN, ReplayError, ReplayFile};
use crate::engine::resume::LogEntry;
use crate::model::event::RunInfo;
use crate::model::outcome::Verdict;
use crate::model::run_id::{LogPosition, RunId};
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
                        unreadable: summary.unreadable,
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
                        offset: line.log_offset(),
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
}
