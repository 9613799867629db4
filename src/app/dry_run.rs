//! A dry run: everything is read, nothing is contacted, and nothing is made.

use std::io::{self, BufWriter, Write};

use super::blocking::BlockingOutput;
use super::packs::ListsToCheck;
use super::run_log::{note_lost_files, unusable_log};
use super::shards::note_uneven;
use super::signals::WriteDeadline;
use super::stdio::StdStream;
use super::{StartError, bodies, close_stdout, complain, exports, no_urls, packs, shown};
use crate::cli::{BodiesPlan, ExitReasons, Format, Plan};
use crate::engine::input::{BadTarget, Item, List, NextInput, Source, UnevenShards};
use crate::engine::resume::{DoneTargets, JournalError, LoggedFile, OtherList, RunPlace};
use crate::engine::{Bodies, PlannedFile};
use crate::model::outcome::{Failure, Outcome, Saved, Verdict};
use crate::model::summary::Summary;
use crate::model::target::Target;
use crate::report::{DryCounts, DryForm, DryName, DryRun, DryTarget, dry_run_summary};
use crate::save::{ForeseenFile, atomic_file};

/// Buffer of the lines.
const BUFFER: usize = 64 * 1024;

/// Says what the plan would fetch.
pub(super) fn run(plan: &Plan, lists: Vec<List>) -> Result<ExitReasons, StartError> {
    exports::foresee(&plan.report.exports)?;
    foresee_log(plan)?;
    let (to_check, lists) = ListsToCheck::of(plan, lists)?;
    let source = Source::new(&plan.urls, lists, plan.input)
        .map_err(|error| StartError::local("cannot start a thread to read the list", &error))?;
    let mut bodies = bodies::preview(&plan.bodies)?;
    let done = done_targets(plan, &mut bodies, &to_check)?;
    if let Bodies::Save(saving) = &mut bodies {
        bodies::claim_own_files(saving, plan);
    }
    let detail = plan.report.style.detail;
    let form = match &plan.report.format {
        Format::Human => DryForm::Human {
            colour: plan.report.style.colour,
        },
        Format::JsonLines => DryForm::JsonLines,
        Format::Template(template) => DryForm::Template(template.clone()),
    };
    // No signal is watched for: the process may end at any moment.
    let stdout = StdStream::new(io::stdout(), &WriteDeadline::default())
        .map_err(|error| StartError::local("cannot write to standard output", &error))?;
    let out = BufWriter::with_capacity(BUFFER, stdout);
    let mut preview = Preview {
        report: DryRun::new(out, form, detail),
        bodies,
        done,
        counts: DryCounts::default(),
        is_strict: plan.run.strict,
        uneven_shards: None,
        lost_files: 0,
        reasons: ExitReasons::default(),
    };
    let written = preview.all(source).and_then(|()| preview.report.flush());
    let Preview {
        counts,
        uneven_shards,
        lost_files,
        mut reasons,
        ..
    } = preview;
    let is_human = plan.report.format == Format::Human;
    let summary = dry_run_summary(counts);
    let has_summary = detail.has_summary() && (counts != DryCounts::default() || plan.allows_empty);
    let written = written.and_then(|()| match has_summary {
        true if is_human => writeln!(BlockingOutput(io::stdout()), "\n  {summary}"),
        true if plan.report.to_stderr => writeln!(BlockingOutput(io::stderr()), "\n  {summary}"),
        _ => Ok(()),
    });
    close_stdout(written, &mut reasons);
    note_lost_files(lost_files, "to be fetched again", detail);
    if let Some(uneven) = &uneven_shards {
        note_uneven(uneven, plan.run.shard, detail);
    }
    if counts == DryCounts::default() && !plan.allows_empty && reasons == ExitReasons::default() {
        complain(&no_urls(plan.lone_proxy.as_deref()));
        reasons.usage = true;
    }
    reasons.failed = plan.max_failures.exceeded_by(&Summary {
        ok: counts.planned + counts.kept,
        failed: counts.refused,
        ..Summary::default()
    });
    Ok(reasons)
}

/// Foresees the error of a run log that cannot be made.
fn foresee_log(plan: &Plan) -> Result<(), StartError> {
    let missing = plan.log.as_ref().filter(|log| !log.path.exists());
    missing.map_or(Ok(()), |log| {
        atomic_file::foresee_new(&log.path).map_err(|source| {
            unusable_log(JournalError::Open {
                file: shown(&log.path),
                source,
            })
        })
    })
}

/// Reads the run log, if the run would resume from it.
fn done_targets(
    plan: &Plan,
    bodies: &mut Bodies,
    to_check: &ListsToCheck,
) -> Result<Option<DoneTargets>, StartError> {
    if let (BodiesPlan::Pack(config), Some(log)) = (&plan.bodies, &plan.log) {
        return packs::preview(plan, config, log, to_check).map(Some);
    }
    let Some(log) = plan.log.as_ref().filter(|log| log.resume) else {
        return Ok(None);
    };
    let dir = match &plan.bodies {
        BodiesPlan::Dir { dir, .. } | BodiesPlan::File { dir, .. } => Some(dir.as_path()),
        BodiesPlan::Discard
        | BodiesPlan::Stream { .. }
        | BodiesPlan::Results { .. }
        | BodiesPlan::Pack(_) => None,
    };
    let reserve = |logged: &LoggedFile<'_>| {
        if let Bodies::Save(saving) = &mut *bodies {
            saving.reserve(logged);
        }
    };
    let done = DoneTargets::of_log(&log.path, RunPlace::new(dir, plan.run.shard), reserve);
    done.map(Some).map_err(unusable_log)
}

/// The error that ends a dry run early.
enum PreviewEnd {
    Output(io::Error),
    Input(OtherList),
}

impl From<io::Error> for PreviewEnd {
    fn from(error: io::Error) -> Self {
        PreviewEnd::Output(error)
    }
}

impl From<OtherList> for PreviewEnd {
    fn from(other: OtherList) -> Self {
        PreviewEnd::Input(other)
    }
}

/// The work of a dry run.
struct Preview<W: Write> {
    report: DryRun<W>,
    bodies: Bodies,
    done: Option<DoneTargets>,
    counts: DryCounts,
    is_strict: bool,
    /// The reason why the shards of the input are uneven.
    uneven_shards: Option<UnevenShards>,
    /// The files that the run log has, and the disk no more.
    lost_files: u64,
    reasons: ExitReasons,
}

impl<W: Write> Preview<W> {
    fn all(&mut self, source: Source) -> io::Result<()> {
        match self.each(source) {
            Ok(()) => Ok(()),
            Err(PreviewEnd::Output(error)) => Err(error),
            Err(PreviewEnd::Input(other)) => {
                self.report.flush()?;
                complain(&other.to_string());
                self.reasons.usage = true;
                Ok(())
            }
        }
    }

    fn each(&mut self, mut source: Source) -> Result<(), PreviewEnd> {
        loop {
            match source.next() {
                NextInput::Item(Item::Target(target)) => self.target(&target)?,
                NextInput::Item(Item::Bad(bad)) => {
                    let message = bad.message.clone();
                    self.bad(bad)?;
                    if self.is_strict {
                        self.report.flush()?;
                        complain(&format!("{message} (stopped there: --strict)"));
                        self.reasons.usage = true;
                        return Ok(());
                    }
                }
                NextInput::Item(Item::Elsewhere(target)) => self.bodies.pass_over(&target),
                NextInput::Unreadable(list) => {
                    complain(&format!("warning: {list}"));
                    self.reasons.usage = true;
                }
                NextInput::Rewritten(list) => complain(&format!("warning: {list}")),
                NextInput::Wait => {
                    self.report.flush()?;
                    source.wait();
                }
                NextInput::End => {
                    self.uneven_shards = source.uneven_shards().cloned();
                    return Ok(());
                }
            }
        }
    }

    fn bad(&mut self, bad: BadTarget) -> io::Result<()> {
        self.counts.refused += 1;
        self.report.target(&DryTarget {
            outcome: bad.into_outcome(),
            name: DryName::Own,
        })
    }

    fn target(&mut self, target: &Target) -> Result<(), PreviewEnd> {
        let url = target.location.text();
        let mut outcome = Outcome::new(target.index, url.clone(), target.verb);
        let mut name = DryName::Own;
        if let Some(PlannedFile {
            path,
            log_name,
            is_numbered,
            foreseen,
            is_named_late,
        }) = self.bodies.plan_file(target)
        {
            if self.is_done(target, Some(&log_name))? {
                return Ok(self.done(outcome)?);
            }
            name = match (&foreseen, is_named_late, is_numbered) {
                (ForeseenFile::Refused(error), ..) => {
                    return Ok(self.refused(outcome, error.clone().into())?);
                }
                (_, true, _) => DryName::OfServer,
                (ForeseenFile::Contested, ..) => DryName::Contested,
                (_, _, true) => DryName::Numbered,
                (ForeseenFile::Replacing, ..) => DryName::Present,
                (ForeseenFile::New | ForeseenFile::Kept, ..) => DryName::Own,
            };
            if foreseen == ForeseenFile::Kept {
                outcome.verdict = Verdict::Unchanged;
            }
            outcome.details_mut().saved = Some(Saved {
                path,
                bytes: 0,
                sha256: None,
                resumed_from: None,
            });
        } else if self.is_done(target, None)? {
            return Ok(self.done(outcome)?);
        }
        match outcome.verdict {
            Verdict::Unchanged => self.counts.kept += 1,
            _ => self.counts.planned += 1,
        }
        Ok(self.report.target(&DryTarget { outcome, name })?)
    }

    /// A file that is refused for what has its name: a local failure, as it is in the run.
    fn refused(&mut self, mut outcome: Outcome, failure: Failure) -> io::Result<()> {
        self.counts.refused += 1;
        self.reasons.local = true;
        outcome.verdict = Verdict::Failed;
        outcome.last.error = Some(Box::new(failure));
        self.report.target(&DryTarget {
            outcome,
            name: DryName::Own,
        })
    }

    fn done(&mut self, mut outcome: Outcome) -> io::Result<()> {
        self.counts.done_before += 1;
        outcome.verdict = Verdict::Done;
        self.report.target(&DryTarget {
            outcome,
            name: DryName::Own,
        })
    }

    fn is_done(&mut self, target: &Target, name: Option<&str>) -> Result<bool, PreviewEnd> {
        let Some(done) = &mut self.done else {
            return Ok(false);
        };
        let Some(found) = done.take_target(target, name)? else {
            return Ok(false);
        };
        let is_lost = self.bodies.has_lost(name, &found);
        self.lost_files += u64::from(is_lost);
        Ok(!is_lost)
    }
}
