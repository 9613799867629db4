//! Packs of a run: opened with the run log, which says where they end.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::lists::RereadableList;
use super::run_log::unusable_log;
use super::{StartError, complain, shown};
use crate::cli::{BodiesPlan, ExitReasons, LogPlan, Plan};
use crate::engine::Bodies;
use crate::engine::input::{List, Source};
use crate::engine::resume::{DoneTargets, Journal, check_list};
use crate::pool::StopToken;
use crate::report::result_line;
use crate::save::pack::{AbsentPacks, LoggedPacks, PackConfig, PackError, Packs};

/// The parts of a run that packs.
pub(super) struct OpenedPacks {
    pub(super) bodies: Bodies,
    pub(super) journal: Journal,
    pub(super) done: DoneTargets,
}

/// The lists of a run that goes on with packs, which are read twice: first to hold them against the run log.
#[derive(Default)]
pub(super) struct ListsToCheck(Vec<RereadableList>);

impl ListsToCheck {
    /// Makes the lists of such a run rereadable, and returns them for the run too. Those of another run are left as
    /// they are.
    pub(super) fn of(plan: &Plan, lists: Vec<List>) -> Result<(Self, Vec<List>), StartError> {
        let goes_on = match (&plan.bodies, &plan.log) {
            (BodiesPlan::Pack(_), Some(log)) => log.resume && log.path.exists(),
            _ => false,
        };
        if !goes_on {
            return Ok((ListsToCheck::default(), lists));
        }
        let lists = lists.into_iter().zip(&plan.lists);
        let lists = lists.map(|(list, name)| RereadableList::new(list, name));
        let lists = lists.collect::<Result<Vec<_>, _>>()?;
        let for_the_run = lists.iter().map(RereadableList::list).collect();
        Ok((ListsToCheck(lists), for_the_run))
    }

    /// Holds the lists against the log, so that a wrong one changes nothing.
    fn check(&self, plan: &Plan, done: &DoneTargets, stop: &StopToken) -> Result<(), StartError> {
        let lists = self.0.iter().map(RereadableList::list).collect();
        let source = Source::new(&plan.urls, lists, plan.input)
            .map_err(|error| StartError::local("cannot start a thread to read the list", &error))?;
        let checked = check_list(done, source, || stop.is_stopped());
        checked.map_err(|other| StartError::usage(other.to_string()))?;
        // The run has begun to read its own copies before, of which the check knows nothing.
        match self.0.iter().find_map(RereadableList::written_since) {
            Some(name) => Err(StartError::usage(format!(
                "{name} was written to while it was held against the run log; wait until it is whole, and run \
                 again"
            ))),
            None => Ok(()),
        }
    }
}

/// Opens the run log, and the packs that it names or the first one.
pub(super) fn open(
    plan: &Plan,
    config: &PackConfig,
    log: &LogPlan,
    (lists, stop): (&ListsToCheck, &StopToken),
) -> Result<OpenedPacks, StartError> {
    check_own_files(plan, config)?;
    let (journal, mut done) = Journal::open_packing(&log.path, log.resume).map_err(unusable_log)?;
    logged_packs(&mut done, log)?;
    lists.check(plan, &done, stop)?;
    let logged = logged_packs(&mut done, log)?;
    let packs = Packs::open(config.clone(), logged, plan.workers, Arc::new(result_line))
        .map_err(unusable_packs)?;
    warn_of(packs.absent());
    Ok(OpenedPacks {
        bodies: Bodies::Pack(Box::new(packs)),
        journal,
        done,
    })
}

/// Reads the run log and looks at the packs, for a dry run.
pub(super) fn preview(
    plan: &Plan,
    config: &PackConfig,
    log: &LogPlan,
    lists: &ListsToCheck,
) -> Result<DoneTargets, StartError> {
    check_own_files(plan, config)?;
    let mut done = DoneTargets::of_packing_log(&log.path).map_err(unusable_log)?;
    logged_packs(&mut done, log)?;
    lists.check(plan, &done, &StopToken::default())?;
    let logged = logged_packs(&mut done, log)?;
    let absent = Packs::preview(config, logged).map_err(unusable_packs)?;
    warn_of(absent.as_ref());
    Ok(done)
}

/// Warns of published packs that are not there. They may have been moved to where they are wanted.
fn warn_of(absent: Option<&AbsentPacks>) {
    if let Some(absent) = absent {
        complain(&format!("warning: {absent}"));
    }
}

/// The packs that the log names. A run that does not resume has to have a log without any: it would fetch the
/// same into further packs.
fn logged_packs<'a>(
    done: &'a mut DoneTargets,
    log: &LogPlan,
) -> Result<&'a mut LoggedPacks, StartError> {
    let logged = done
        .packs_mut()
        .expect("targets of a log that is read for packs have them");
    match logged.any() {
        Some(pack) if !log.resume => Err(StartError::usage(format!(
            "the run log {} has packs of an earlier run ({}); add --resume to go on, or give another run log \
             and pattern (--log, --pack)",
            shown(&log.path),
            shown(Path::new(pack))
        ))),
        _ => Ok(logged),
    }
}

/// Refuses a report or another file of the run that has the name of a pack, which it would replace.
fn check_own_files(plan: &Plan, config: &PackConfig) -> Result<(), StartError> {
    let pattern = &config.pattern;
    let resolved = |folder: &Path| match folder.as_os_str().is_empty() {
        true => fs::canonicalize("."),
        false => fs::canonicalize(folder),
    };
    for file in plan.own_files() {
        let name = file.file_name().and_then(|name| name.to_str());
        let is_pack = name.is_some_and(|name| pattern.number_of(name).is_some());
        let folder = file.parent().unwrap_or(Path::new(""));
        let is_there = folder == pattern.folder()
            || matches!(
                (resolved(folder), resolved(pattern.folder())),
                (Ok(one), Ok(other)) if one == other
            );
        if is_pack && is_there {
            return Err(StartError::usage(format!(
                "{} has the name of a pack (--pack); give it another",
                shown(file)
            )));
        }
    }
    Ok(())
}

/// The error of packs that cannot be opened.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the argument of map_err"
)]
fn unusable_packs(error: PackError) -> StartError {
    StartError {
        message: error.to_string(),
        reasons: match error.is_local() {
            true => ExitReasons::local(),
            false => ExitReasons::usage(),
        },
    }
}
