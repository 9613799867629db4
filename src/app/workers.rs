//! Sizes that follow from the number of workers: the pool and its queue, idle connections within the limit on
//! open files, name look-ups.

use std::fs;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{StartError, address_space, complain};
use crate::cli::{BodiesPlan, ExitReasons, Plan, ProgressMode};
use crate::measure::{SweepPlan, WorkerCounts};
use crate::model::activity::WorkerActivity;
use crate::model::save_path::Layout;
use crate::pool::{Builder, Pool};

/// Activity of all workers, for the display of progress.
pub(super) type SharedActivity = Arc<WorkerActivity>;

/// Idle connections of a run with few workers: its hosts may be many, and a list that goes round more hosts
/// than there are idle connections finds few of them again. An idle connection holds a few hundred bytes of
/// memory, with TLS some 7 KiB; in the tables of firewalls and routers on the way, which are small at home, a
/// place each.
const MIN_IDLE: usize = 1_024;

/// The default queue of few workers.
const MIN_QUEUE: usize = 128;

/// The most descriptors asked of the system.
const MAX_FILES: u64 = 65_536;

/// The reason for which no more threads are started than files can be open for.
const NO_FILES: &str = "the limit on open files, ulimit -n, has room for no more at once";

/// The descriptors that are open beside the standard streams when a run begins, where the system does not tell:
/// signals, reports, lists.
const OPENED_FILES: usize = 12;

/// The descriptors that workers leave to what is opened for a moment: look-ups of names, trusted certificates,
/// what waits in temporary files, the ends of reports.
const SPARE_FILES: usize = 4;

/// The descriptors of a worker that saves: its connection, its file, and the duplicate whose close is checked.
const FILES_TO_SAVE: usize = 3;

/// The number of worker threads that have room, and the reason why no more have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    threads: usize,
    reason: &'static str,
}

/// The shares of a run in the descriptors that are free when all it writes to is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileShares {
    /// The workers that can be at work at once.
    workers: usize,
    /// The bodies that can wait for their turn or their names, where any do.
    bodies: Option<usize>,
    /// The connections that may be idle.
    idle: usize,
    /// The fewest descriptors that one worker does with.
    least: usize,
}

/// Sizes connections and look-ups by the number of workers, once all reports are open: what is left of the limit on
/// open files is theirs. Returns the threads that have room, where the address space or the open files are limited:
/// taken once, because the stacks of threads that have ended are kept for the next and would count as taken.
///
/// # Errors
///
/// If not even one worker has the descriptors that it needs: each would wait for ever.
pub(super) fn fit(plan: &mut Plan) -> Result<Option<Room>, StartError> {
    let files = raise_file_limit();
    let free = files.saturating_sub(open_files(files));
    let shares = FileShares::of(free, plan.workers, &plan.bodies);
    // The close of an export is checked by a duplicate.
    let least = shares.least + usize::from(!plan.report.exports.is_empty());
    if free < least {
        // Where none is free, the two that check the closes of outputs may be missing too.
        let needed = files - free + least + 2 * usize::from(free == 0);
        return Err(StartError {
            message: format!(
                "cannot fetch: {files} open files (ulimit -n) are too few for one worker; raise the limit to {needed}"
            ),
            reasons: ExitReasons::local(),
        });
    }
    let in_memory = address_space::workers(plan.fetch.compressed).map(|threads| Room {
        threads,
        reason: address_space::NO_ROOM,
    });
    let with_files = (shares.workers < plan.workers).then_some(Room {
        threads: shares.workers,
        reason: NO_FILES,
    });
    if let (BodiesPlan::Stream { .. }, Some(room)) = (&plan.bodies, with_files) {
        // The bodies that may wait are fewer than the workers: the pool never comes to miss a thread, and says nothing.
        complain(&format!(
            "warning: only {} of {} worker threads could be started ({NO_FILES}); going on with those",
            room.threads, plan.workers
        ));
        plan.workers = room.threads;
    }
    plan.run.open_bodies = shares.bodies;
    plan.fetch.idle_connections = shares.idle;
    plan.fetch.dns.lookups = plan.workers.min(shares.workers);
    let rooms = in_memory.into_iter().chain(with_files);
    Ok(rooms.min_by_key(|room| room.threads))
}

/// Keeps a sweep to the numbers of workers that have room: a run with fewer threads than its number says nothing of
/// it.
///
/// # Errors
///
/// If a number that was given has no room.
pub(super) fn fit_sweep(sweep: &mut SweepPlan, room: Option<Room>) -> Result<(), StartError> {
    let Some(Room { threads, reason }) = room else {
        return Ok(());
    };
    match &mut sweep.counts {
        WorkerCounts::Given(counts) => match counts.iter().max() {
            Some(most) if *most > threads => Err(StartError {
                message: format!(
                    "cannot sweep {most} workers: only {threads} can be started ({reason}); raise the limit, or give \
                     no number above {threads}"
                ),
                reasons: ExitReasons::local(),
            }),
            _ => Ok(()),
        },
        WorkerCounts::Auto { most } => {
            if *most > threads {
                complain(&format!(
                    "warning: the sweep ends at {threads} workers, not at {most}: no more can be started ({reason})"
                ));
                *most = threads;
            }
            Ok(())
        }
    }
}

/// Makes the record of the workers' activity, if progress is shown.
pub(super) fn activity(plan: &Plan) -> Option<SharedActivity> {
    (plan.report.progress != ProgressMode::Off).then(|| Arc::new(WorkerActivity::new(plan.workers)))
}

impl FileShares {
    /// The shares in so many free descriptors, each one at least.
    fn of(free: usize, wanted: usize, bodies: &BodiesPlan) -> Self {
        let rest = free.saturating_sub(SPARE_FILES);
        // A request waits for a descriptor; a file cannot, since its body is on the way.
        let saving = match bodies {
            BodiesPlan::Dir { layout, .. } => Some(*layout),
            // A large body is in a file of its own until it is in a pack.
            BodiesPlan::Pack(_) | BodiesPlan::File { .. } => Some(Layout::Flat),
            _ => None,
        };
        let waiting = open_bodies(rest, bodies);
        let rest = rest.saturating_sub(waiting.unwrap_or(0));
        // A saver has one more for a connection that is idle: a file does not wait until that is closed.
        let each = saving.map_or(1, |layout| files_to_save(layout) + 1);
        let streams = matches!(bodies, BodiesPlan::Stream { .. });
        // As many connections are idle as bodies of a stream wait.
        let kept = waiting.filter(|_| streams).unwrap_or(0);
        let workers = (rest.saturating_sub(kept) / each).max(1);
        let at_work = workers.min(wanted);
        let idle = match saving {
            Some(layout) => rest.saturating_sub(at_work * files_to_save(layout)),
            None if streams => kept,
            // They are closed where a request needs a descriptor.
            None => rest.saturating_sub(at_work).max(at_work.min(rest / 2)),
        };
        FileShares {
            workers,
            bodies: waiting,
            idle: idle.min(wanted.max(MIN_IDLE)).min(free / 2).max(1),
            // Of a stream only long bodies wait in files.
            least: each + usize::from(waiting.is_some() && !streams),
        }
    }
}

/// The bodies that can wait for their turn or their names with so many descriptors, one at least. Each takes one;
/// one that waits for its turn has been, or is, on a connection too, and as many connections are idle.
fn open_bodies(rest: usize, bodies: &BodiesPlan) -> Option<usize> {
    let most = match bodies {
        BodiesPlan::Stream { .. } => rest / 3,
        BodiesPlan::Dir {
            named_by_server: true,
            ..
        }
        | BodiesPlan::Pack(_) => rest / 4,
        _ => return None,
    };
    Some(most.max(1))
}

fn files_to_save(layout: Layout) -> usize {
    FILES_TO_SAVE + usize::from(layout == Layout::Tree)
}

/// Describes a pool of this many workers, of which those that have room may start a thread. The default queue
/// lasts for the moments in which the engine is busy while jobs are short.
pub(super) fn pool(workers: usize, queue: Option<usize>, room: Option<Room>) -> Builder<()> {
    let queue = queue.unwrap_or_else(|| workers.saturating_mul(2).max(MIN_QUEUE));
    let pool = Pool::builder().workers(workers).queue(queue);
    match room {
        Some(room) => pool.thread_limit(room.threads, room.reason),
        None => pool,
    }
}

/// Raises the soft limit on open files (`RLIMIT_NOFILE`) towards the hard one, and returns the limit that
/// holds.
pub(super) fn raise_file_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = limit.maximum.unwrap_or(MAX_FILES).min(MAX_FILES);
    let mut files = limit.current.unwrap_or(MAX_FILES);
    if files < raised {
        let asked = Rlimit {
            current: Some(raised),
            maximum: limit.maximum,
        };
        if setrlimit(Resource::Nofile, asked).is_ok() {
            files = raised;
        }
    }
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// The descriptors below this limit that are open. Those that were inherited count too.
fn open_files(limit: usize) -> usize {
    let numbers = |listed: fs::ReadDir| {
        let names = listed.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        names.filter(|number: &usize| *number < limit).count()
    };
    match fs::read_dir("/dev/fd").map(numbers) {
        // The list itself was read through one.
        Ok(open) if open > 0 => open - 1,
        Err(error) if Errno::from_io_error(&error) == Some(Errno::MFILE) => limit,
        _ => OPENED_FILES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::StreamOutput;
    use crate::save::StoreConfig;

    fn dir(layout: Layout, named_by_server: bool) -> BodiesPlan {
        BodiesPlan::Dir {
            dir: "d".into(),
            layout,
            named_by_server,
            store: StoreConfig::default(),
        }
    }

    fn stream() -> BodiesPlan {
        BodiesPlan::Stream {
            output: StreamOutput::Stdout,
            max_gaps: 0,
        }
    }

    #[test]
    fn as_many_workers_have_room_as_descriptors_are_free() {
        for (free, discard, streamed, flat, tree, named) in [
            (0, 1, 1, 1, 1, 1),
            (5, 1, 1, 1, 1, 1),
            (12, 8, 4, 2, 1, 1),
            (56, 52, 18, 13, 10, 9),
            (1015, 1011, 337, 252, 202, 189),
        ] {
            let plans = [
                BodiesPlan::Discard,
                stream(),
                dir(Layout::Flat, false),
                dir(Layout::Tree, false),
                dir(Layout::Flat, true),
            ];
            let found = plans.map(|plan| FileShares::of(free, 5_000, &plan).workers);
            assert_eq!(found, [discard, streamed, flat, tree, named], "{free} free");
        }
    }

    #[test]
    fn files_and_bodies_have_their_descriptors_beside_connections_that_are_idle() {
        for free in [5, 8, 16, 20, 64, 256, 1024, 65_536] {
            for plan in [
                dir(Layout::Flat, false),
                dir(Layout::Tree, true),
                stream(),
                BodiesPlan::Discard,
            ] {
                for wanted in [1, 16, 200, 5_000] {
                    let shares = FileShares::of(free, wanted, &plan);
                    let workers = shares.workers.min(wanted);
                    let each = match plan {
                        BodiesPlan::Dir { layout, .. } => files_to_save(layout),
                        // Here a request closes an idle connection.
                        BodiesPlan::Discard if workers > (free - SPARE_FILES) / 2 => continue,
                        _ => 1,
                    };
                    let used = workers * each + shares.idle + shares.bodies.unwrap_or(0);
                    let shown = format!("{free} free, {wanted} wanted, {plan:?}: {shares:?}");
                    assert!(workers == 1 || used + SPARE_FILES <= free, "{shown}");
                    // Each saver's own connection can be kept.
                    assert!(
                        each == 1 || shares.idle >= workers || workers == 1,
                        "{shown}"
                    );
                }
            }
        }
    }

    #[test]
    fn idle_connections_leave_descriptors_for_those_in_use() {
        for (free, workers, most) in [
            (65_536, 4, 1_024),
            (1024, 4, 512),
            (1024, 300, 512),
            (65_536, 2_000, 2_000),
            (64, 4, 32),
            (64, 300, 30),
            (1, 4, 1),
            (usize::MAX, 5_000, 5_000),
        ] {
            let found = FileShares::of(free, workers, &BodiesPlan::Discard).idle;
            assert_eq!(found, most, "{free} free, {workers} workers");
        }
    }

    #[test]
    fn open_descriptors_are_counted_up_to_the_limit() {
        let file = fs::File::open("/dev/null").expect("it is there");
        assert!((3..=500_000).contains(&open_files(usize::MAX)));
        assert!(open_files(3) <= 3);
        drop(file);
    }
}
