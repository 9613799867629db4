//! Saved runs: the one that this run is set against, and the file that it is to be saved in.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use super::{Problem, complain, shown};
use crate::cli::{Ending, Plan};
use crate::measure::baseline::{BaselineRecorder, SavedRun, Unsaved};
use crate::report::Fanout;
use crate::save::atomic_file::AtomicFile;

/// What the plan wants to do with saved runs: read and begun before anything is fetched, because a file
/// that cannot be is a slip to mend first. Where both are the same file, it is read before it is replaced.
pub(super) struct Baselines {
    /// Each with its name.
    earlier: Option<(String, SavedRun)>,
    file: Option<(String, AtomicFile)>,
}

impl Baselines {
    pub(super) fn open(plan: &Plan) -> Result<Self, Problem> {
        let earlier = plan.against.as_deref().map(read).transpose()?;
        let file = plan.save_baseline.as_deref().map(begin).transpose()?;
        Ok(Baselines { earlier, file })
    }

    /// Puts a keeper before the reports, which has something to do only if that is asked for.
    pub(super) fn keep(&mut self, reports: Fanout) -> BaselineRecorder<Fanout> {
        match (self.earlier.take(), &self.file) {
            (None, None) => BaselineRecorder::off(reports),
            (earlier, _) => BaselineRecorder::new(reports, earlier),
        }
    }

    /// Saves the run if it is to be saved, and is one to judge others by: not if too much of it failed.
    pub(super) fn save(
        self,
        run: Result<SavedRun, Unsaved>,
        has_failed: bool,
        ending: &mut Ending,
    ) {
        let Some((name, file)) = self.file else {
            return;
        };
        let why = match run {
            // It goes without a word.
            Err(_) if ending.broken_pipe => return,
            Err(why) => why.to_string(),
            Ok(_) if ending.signal.is_some() => Unsaved::Stopped.to_string(),
            Ok(_) if ending.usage => "not all of the input could be read".to_owned(),
            // Or the next run would be judged by one that was too slow, and pass.
            Ok(_) if ending.gate => "an assertion does not hold".to_owned(),
            // What fails sooner is no measure for what does not.
            Ok(_) if has_failed => "more URLs failed than may (--max-failures)".to_owned(),
            Ok(run) => {
                let written = run.write(BufWriter::new(file.file()));
                if let Err(error) = written.and_then(|()| file.publish()) {
                    complain(&format!("cannot write {name}: {error}"));
                    ending.local = true;
                }
                return;
            }
        };
        complain(&format!("no baseline is saved in {name}: {why}"));
        if *ending == Ending::default() {
            ending.usage = true;
        }
    }
}

fn read(path: &Path) -> Result<(String, SavedRun), Problem> {
    let name = shown(path);
    let file = File::open(path).map_err(Into::into);
    match file.and_then(SavedRun::read) {
        Ok(run) => Ok((name, run)),
        Err(error) => Err(Problem::usage(format!("cannot read {name}: {error}"))),
    }
}

fn begin(path: &Path) -> Result<(String, AtomicFile), Problem> {
    let name = shown(path);
    match AtomicFile::create(path) {
        Ok(file) => Ok((name, file)),
        Err(error) => Err(Problem::local(&format!("cannot write {name}"), &error)),
    }
}
