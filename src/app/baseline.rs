//! Saved runs: the one that this run is compared with, and the file that this run is saved in.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use super::blocking::BlockingInput;
use super::signals::SignalWatch;
use super::{StartError, complain, shown, warn_of};
use crate::cli::{ExitReasons, JudgePlan};
use crate::measure::assert::NO_BASELINE_YET;
use crate::measure::baseline::{BaselineRecorder, EarlierRun, SavedRun, Unsaved};
use crate::report::Fanout;
use crate::save::atomic_file::AtomicFile;

/// Saved runs of a plan. Where both are the same file, it is read before it is replaced.
pub(super) struct Baselines {
    /// The run to compare with.
    earlier: Option<EarlierRun>,
    /// The file to save this run in, and its name.
    file: Option<(String, AtomicFile)>,
    /// The run that this one takes the place of in the file, if it is compared with it.
    replaced: Option<SavedRun>,
    /// True if a file that was written is announced, as those of exports are.
    is_announced: bool,
    /// True if the run makes the baseline that later ones are compared with.
    is_first: bool,
}

impl Baselines {
    /// Reads the earlier run, and creates the file for this one, both before anything is fetched.
    ///
    /// Where both are the same file and there is none yet, this run makes it: a job's first run has nothing to be
    /// compared with, and is no mistake.
    pub(super) fn open(
        plan: &JudgePlan,
        is_announced: bool,
        signals: &SignalWatch,
    ) -> Result<Self, StartError> {
        let is_first = is_first(plan);
        let earlier = plan.against.as_deref().filter(|_| !is_first);
        let earlier = earlier.map(|path| read(path, signals)).transpose()?;
        let file = plan.save_baseline.as_deref();
        let file = file.map(|path| create(path, signals)).transpose()?;
        if let (true, Some((name, _))) = (is_first, &file) {
            complain(&format!("note: {name}: {NO_BASELINE_YET}"));
        }
        let earlier = earlier.map(|(file, run)| EarlierRun {
            file,
            run,
            is_replaced: plan.is_followed,
            margin: plan.margin.unwrap_or_default(),
        });
        let replaced = earlier.as_ref().filter(|earlier| earlier.is_replaced);
        Ok(Baselines {
            replaced: replaced.map(|earlier| earlier.run.clone()),
            earlier,
            file,
            is_announced,
            is_first,
        })
    }

    /// Tells that there is nothing to compare the run with because it is the first.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    /// Puts a recorder before the reports. Without a saved run in the plan it only passes events on.
    pub(super) fn record(&mut self, reports: Fanout) -> BaselineRecorder<Fanout> {
        match (self.earlier.take(), &self.file) {
            (None, None) => BaselineRecorder::off(reports),
            (earlier, _) => BaselineRecorder::new(reports, earlier),
        }
    }

    /// Saves the run if the plan asks for it and later runs can be judged by it. A run that was stopped or
    /// failed cannot: what fails early is fast.
    pub(super) fn save(
        self,
        run: Result<SavedRun, Unsaved>,
        has_failed: bool,
        reasons: &mut ExitReasons,
    ) {
        let Some((name, file)) = self.file else {
            return;
        };
        let why = match run {
            // The program ends silently when its reader is gone.
            Err(_) if reasons.broken_pipe => return,
            Err(why) => why.to_string(),
            Ok(_) if reasons.signal.is_some() => Unsaved::Stopped.to_string(),
            Ok(_) if reasons.usage => "not all of the input could be read".to_owned(),
            // The next run would be judged by one that was too slow, and pass.
            Ok(_) if reasons.assertion => "an assertion does not hold".to_owned(),
            Ok(run) if !run.has_success() => Unsaved::NoSuccess.to_string(),
            Ok(_) if has_failed => "more URLs failed than may (--max-failures)".to_owned(),
            Ok(run) => {
                let written = run.write(BufWriter::new(file.file()));
                match written.and_then(|()| file.publish()) {
                    Ok(()) if self.is_announced => {
                        let replaced = self.replaced.map(|then| replaced(&run, &then, &name));
                        complain(&format!("wrote {name}{}", replaced.unwrap_or_default()));
                    }
                    Ok(()) => {}
                    Err(error) => {
                        complain(&format!("cannot write {name}: {error}"));
                        reasons.local = true;
                    }
                }
                return;
            }
        };
        complain(&format!("no baseline is saved in {name}: {why}"));
        if *reasons == ExitReasons::default() {
            reasons.usage = true;
        }
    }
}

/// Says which run a saved one takes the place of, and what became of its time: without a gate nothing else does.
fn replaced(run: &SavedRun, then: &SavedRun, name: &str) -> String {
    let started_at = humantime::format_rfc3339_seconds(then.started_at);
    let against = run.against(name, then);
    let longer = against.total().map(|point| point.change.ratio);
    let longer = longer.map(|ratio| format!(", and took {ratio:.2} times as long"));
    let longer = longer.unwrap_or_default();
    format!("; it replaces the run of {started_at}{longer}")
}

/// Tests whether the run is to be compared with the file that it makes, and that does not exist.
fn is_first(plan: &JudgePlan) -> bool {
    let against = plan.against.as_deref().filter(|_| plan.is_followed);
    against.is_some_and(|path| {
        fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    })
}

/// Reads a saved run.
fn read(path: &Path, signals: &SignalWatch) -> Result<(String, SavedRun), StartError> {
    let name = shown(path);
    let file = File::open(path).map_err(Into::into);
    let file = file.map(|file| BlockingInput::new(file, signals.stop()));
    match file.and_then(SavedRun::read) {
        Ok(run) => Ok((name, run)),
        Err(error) => Err(StartError::usage(format!("cannot read {name}: {error}"))),
    }
}

/// Creates the file for a run.
fn create(path: &Path, signals: &SignalWatch) -> Result<(String, AtomicFile), StartError> {
    let name = shown(path);
    match AtomicFile::create(path, signals.temporary_files()) {
        Ok(file) => {
            warn_of(file.refused_mode());
            Ok((name, file))
        }
        Err(error) => Err(StartError::local(&format!("cannot write {name}"), &error)),
    }
}
