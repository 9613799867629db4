//! Saved runs: those that this run is compared with, and the file that this run is added to.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use super::blocking::BlockingInput;
use super::signals::SignalWatch;
use super::{StartError, complain, shown, unwritable, warn_of};
use crate::cli::{ExitReasons, JudgePlan};
use crate::measure::assert::NO_BASELINE_YET;
use crate::measure::baseline::{
    Added, BaselineRecorder, EarlierRuns, History, Machine, ReadError, SavedRun, Unsaved,
};
use crate::report::Fanout;
use crate::save::atomic_file::AtomicFile;
use crate::save::folder_lock::{FolderLock, LockError};

/// Saved runs of a plan. Where both are the same file, it is read before it is replaced.
pub(super) struct Baselines {
    /// The runs to compare with.
    earlier: Option<EarlierRuns>,
    /// The file to add this run to.
    file: Option<HistoryFile>,
    /// True if the run is made by this process; one that is replayed may be another machine's.
    is_made_here: bool,
    /// True if a file that was written is announced, as those of exports are.
    is_announced: bool,
    /// True if the run makes the baseline that later ones are compared with.
    is_first: bool,
}

/// A file that a run is added to.
struct HistoryFile {
    path: PathBuf,
    name: String,
    /// The file that takes its place.
    replacement: AtomicFile,
    /// True if the run is compared with the runs in it.
    is_followed: bool,
}

/// Reason why a run could not be added to a baseline.
#[derive(Debug, thiserror::Error)]
enum AddError {
    /// The runs that are in it now cannot be read.
    #[error("{0}")]
    Read(#[from] ReadError),
    /// They are of another list of URLs.
    #[error("{0}")]
    OtherList(String),
    /// Another process writes it.
    #[error("{0}")]
    Lock(#[from] LockError),
    /// The file cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Baselines {
    /// Reads the earlier runs, and creates the file for this one, both before anything is fetched.
    ///
    /// Where both are the same file and there is none yet, this run makes it: a job's first run has nothing to be
    /// compared with, and is no mistake.
    pub(super) fn open(
        plan: &JudgePlan,
        is_announced: bool,
        is_made_here: bool,
        signals: &SignalWatch,
    ) -> Result<Self, StartError> {
        let is_first = is_first(plan);
        let earlier = plan.against.as_deref().filter(|_| !is_first);
        let earlier = earlier.map(|path| read(path, signals)).transpose()?;
        let file = plan.save_baseline.as_deref();
        let file = file.map(|path| create(path, plan, signals)).transpose()?;
        if let (true, Some(file)) = (is_first, &file) {
            complain(&format!("note: {}: {NO_BASELINE_YET}", file.name));
        }
        let earlier = earlier.map(|(file, history)| EarlierRuns {
            file,
            history,
            is_followed: plan.is_followed,
            margin: plan.margin.unwrap_or_default(),
        });
        Ok(Baselines {
            earlier,
            file,
            is_made_here,
            is_announced,
            is_first,
        })
    }

    /// Foresees the error with which [`open`](Baselines::open) would fail. Nothing is made.
    pub(super) fn foresee(plan: &JudgePlan, signals: &SignalWatch) -> Result<(), StartError> {
        if let Some(path) = plan.against.as_deref().filter(|_| !is_first(plan)) {
            read(path, signals)?;
        }
        let Some(path) = plan.save_baseline.as_deref() else {
            return Ok(());
        };
        AtomicFile::foresee(path).map_err(|error| unwritable(path, &error))?;
        check_replaced(path, plan, signals)
    }

    /// Tells that there is nothing to compare the run with because it is the first.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    /// Puts a recorder before the reports. Without a saved run in the plan it only passes events on.
    pub(super) fn record(&mut self, reports: Fanout) -> BaselineRecorder<Fanout> {
        match (self.earlier.take(), &self.file) {
            (None, None) => BaselineRecorder::off(reports),
            (earlier, _) => {
                // Asked for only here: to count processors is to read files of the system's, the list of mounts among
                // them, which takes as long as a URL near by.
                let machine = self.is_made_here.then(this_machine);
                BaselineRecorder::new(reports, earlier, machine)
            }
        }
    }

    /// Saves the run if the plan asks for it and later runs can be judged by it. A run that was stopped or
    /// failed cannot: what fails early is fast. `is_refuted`: the figures contradict an assertion.
    pub(super) fn save(
        self,
        run: Result<SavedRun, Unsaved>,
        has_failed: bool,
        is_refuted: bool,
        reasons: &mut ExitReasons,
    ) {
        let Some(file) = self.file else {
            return;
        };
        let name = file.name.clone();
        let why = match run {
            // The program ends silently when its reader is gone.
            Err(_) if reasons.broken_pipe => return,
            Err(why) => why.to_string(),
            Ok(_) if reasons.signal.is_some() => Unsaved::Stopped.to_string(),
            Ok(_) if reasons.usage => "not all of the input could be read".to_owned(),
            // The next run would be judged by one that was too slow, and pass. One that nothing is shown of is within
            // the scatter, and more of those are what would tell.
            Ok(_) if is_refuted => "an assertion does not hold".to_owned(),
            Ok(run) if !run.has_success() => Unsaved::NoSuccess.to_string(),
            Ok(_) if has_failed => "more URLs failed than may (--max-failures)".to_owned(),
            Ok(run) => match file.add(run) {
                Ok(told) if self.is_announced => return complain(&told),
                Ok(_) => return,
                Err(AddError::OtherList(why)) => why,
                Err(error) => {
                    complain(&format!("cannot write {name}: {error}"));
                    reasons.local = true;
                    return;
                }
            },
        };
        complain(&format!("no baseline is saved in {name}: {why}"));
        if *reasons == ExitReasons::default() {
            reasons.usage = true;
        }
    }
}

impl HistoryFile {
    /// Adds the run to those that are in the file by now, and returns what became of it. Jobs that end at once wait
    /// for each other: none is lost.
    fn add(self, run: SavedRun) -> Result<String, AddError> {
        let lock = match FolderLock::of_file(&self.path) {
            Ok(lock) => Some(lock),
            Err(error @ LockError::Unsupported(_)) => {
                complain(&format!("warning: {}: {error}", self.name));
                None
            }
            Err(error) => return Err(error.into()),
        };
        let opened = File::open(&self.path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (history, told) = match opened {
            Ok((1.., file)) => {
                let mut history = History::read(file)?;
                let told = self.add_to(&mut history, run)?;
                (history, told)
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            Ok(_) | Err(_) => (History::new(run), format!("wrote {}", self.name)),
        };
        history.write(BufWriter::new(self.replacement.file()))?;
        self.replacement.publish()?;
        drop(lock);
        Ok(told)
    }

    /// Adds the run to a history, and says what became of both, and of the time: without a gate nothing else does.
    fn add_to(&self, history: &mut History, run: SavedRun) -> Result<String, AddError> {
        let name = &self.name;
        let against = run.against(name, history);
        let longer = against.total().map(|point| point.change.ratio);
        let longer = longer.ok().filter(|_| self.is_followed);
        Ok(match history.add(run) {
            Added::Kept(runs) => {
                let longer = longer.map(|ratio| {
                    format!("; this one took {ratio:.2} times as long as those before")
                });
                let longer = longer.unwrap_or_default();
                format!("wrote {name}, which has the last {runs} runs{longer}")
            }
            Added::Again => format!("wrote {name}, which had this run already"),
            Added::TooOld => format!("wrote {name} as it was: all of its runs are later ones"),
            Added::OtherList => {
                return Err(AddError::OtherList(against.explain().unwrap_or_default()));
            }
        })
    }
}

/// Tests whether the run is to be compared with the file that it makes, and that does not exist.
fn is_first(plan: &JudgePlan) -> bool {
    let against = plan.against.as_deref().filter(|_| plan.is_followed);
    against.is_some_and(|path| {
        fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    })
}

/// Reads saved runs.
fn read(path: &Path, signals: &SignalWatch) -> Result<(String, History), StartError> {
    let name = shown(path);
    let file = File::open(path).map_err(Into::into);
    let file = file.map(|file| BlockingInput::new(file, signals.stop()));
    match file.and_then(History::read) {
        Ok(history) => Ok((name, history)),
        Err(error) => Err(StartError::usage(format!("cannot read {name}: {error}"))),
    }
}

/// Creates the file that a run is added to. One that is there has to be a baseline.
fn create(path: &Path, plan: &JudgePlan, signals: &SignalWatch) -> Result<HistoryFile, StartError> {
    let name = shown(path);
    let replacement = AtomicFile::create(path, signals.temporary_files())
        .map_err(|error| unwritable(path, &error))?;
    warn_of(replacement.refused_mode());
    check_replaced(path, plan, signals)?;
    Ok(HistoryFile {
        path: path.to_path_buf(),
        name,
        replacement,
        is_followed: plan.is_followed,
    })
}

/// Checks that the file that is replaced is a baseline. An empty one is as good as none: mktemp makes such.
fn check_replaced(path: &Path, plan: &JudgePlan, signals: &SignalWatch) -> Result<(), StartError> {
    if !plan.is_followed && fs::metadata(path).is_ok_and(|there| there.len() > 0) {
        read(path, signals)?;
    }
    Ok(())
}

/// The machine that this process runs on.
fn this_machine() -> Machine {
    Machine {
        os: env::consts::OS.to_owned(),
        arch: env::consts::ARCH.to_owned(),
        cpus: num_cpus::get(),
    }
}
