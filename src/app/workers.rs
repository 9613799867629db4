//! Sizes that follow from the number of workers: the pool and its queue, idle connections within the limit on
//! open files, name look-ups.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::address_space;
use crate::cli::{BodiesPlan, Plan, ProgressMode};
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
const NO_FILES: &str = "the limit on open files, ulimit -n, has room for no more files at once";

/// The descriptors for what is no worker's: standard streams and their duplicates, the folder, signals, lists,
/// the run log, reports, what waits in temporary files.
const OTHER_FILES: usize = 16;

/// The descriptors of a worker that saves: its connection, its file, and the duplicate whose close is checked.
const FILES_TO_SAVE: usize = 3;

/// The number of worker threads that have room, and the reason why no more have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    threads: usize,
    reason: &'static str,
}

/// Sizes connections and look-ups by the number of workers. Returns the threads that have room, where the
/// address space or the open files of a run that saves are limited: taken once, because the stacks of threads
/// that have ended are kept for the next and would count as taken.
#[must_use]
pub(super) fn fit(plan: &mut Plan) -> Option<Room> {
    let files = raise_file_limit();
    let in_memory = address_space::workers(plan.fetch.compressed).map(|threads| Room {
        threads,
        reason: address_space::NO_ROOM,
    });
    // A request waits for a descriptor; a file cannot, since its body is on the way.
    plan.run.open_bodies = open_bodies(files, &plan.bodies);
    let saving = match &plan.bodies {
        BodiesPlan::Dir { layout, .. } => Some(*layout),
        // A large body is in a file of its own until it is in a pack.
        BodiesPlan::Pack(_) => Some(Layout::Flat),
        _ => None,
    };
    let waiting = plan.run.open_bodies.unwrap_or(0);
    let savers = saving.map(|layout| savers(files.saturating_sub(waiting), layout));
    let with_files = savers
        .filter(|savers| *savers < plan.workers)
        .map(|threads| Room {
            threads,
            reason: NO_FILES,
        });
    let idle = idle_connections(files, plan.workers);
    plan.fetch.idle_connections = match (saving, savers) {
        // A file does not wait until an idle connection is closed.
        (Some(layout), Some(savers)) => {
            let files = files.saturating_sub(waiting);
            idle.min(idle_beside_savers(files, plan.workers.min(savers), layout))
        }
        _ if matches!(plan.bodies, BodiesPlan::Stream { .. }) => {
            idle.min(plan.run.open_bodies.unwrap_or(idle))
        }
        _ => idle,
    };
    plan.fetch.dns.lookups = plan.workers;
    let rooms = in_memory.into_iter().chain(with_files);
    rooms.min_by_key(|room| room.threads)
}

/// Makes the record of the workers' activity, if progress is shown.
pub(super) fn activity(plan: &Plan) -> Option<SharedActivity> {
    (plan.report.progress != ProgressMode::Off).then(|| Arc::new(WorkerActivity::new(plan.workers)))
}

/// The bodies that can wait for their turn or their names with so many descriptors, one at least. Each takes one;
/// one that waits for its turn has been, or is, on a connection too, and as many connections are idle.
fn open_bodies(files: usize, bodies: &BodiesPlan) -> Option<usize> {
    let rest = files.saturating_sub(OTHER_FILES);
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

/// The workers that can save at once with so many descriptors, one at least. Each has one more for a connection
/// that is idle.
fn savers(files: usize, layout: Layout) -> usize {
    let each = files_to_save(layout) + 1;
    (files.saturating_sub(OTHER_FILES) / each).max(1)
}

/// The connections that may be idle with so many descriptors, while so many workers save, one at least.
fn idle_beside_savers(files: usize, workers: usize, layout: Layout) -> usize {
    let in_use = workers.saturating_mul(files_to_save(layout));
    files.saturating_sub(OTHER_FILES + in_use).max(1)
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
fn raise_file_limit() -> usize {
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

/// Idle connections of the run: one for each worker at least, and no more than half of the descriptors, so
/// that those in use find one.
fn idle_connections(files: usize, workers: usize) -> usize {
    workers.max(MIN_IDLE).min(files / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_workers_save_as_files_can_be_open() {
        for (files, flat, tree) in [
            (0, 1, 1),
            (16, 1, 1),
            (20, 1, 1),
            (64, 12, 9),
            (1024, 252, 201),
        ] {
            let found = [Layout::Flat, Layout::Tree].map(|layout| savers(files, layout));
            assert_eq!(found, [flat, tree], "{files} files");
        }
    }

    #[test]
    fn connections_that_are_idle_while_workers_save_leave_them_their_files() {
        for files in [0, 1, 16, 20, 64, 256, 1024, 65_536] {
            for layout in [Layout::Flat, Layout::Tree] {
                for wanted in [1, 16, 200, 5_000] {
                    let workers = savers(files, layout).min(wanted);
                    let idle = idle_beside_savers(files, workers, layout);
                    let used = OTHER_FILES + workers * files_to_save(layout) + idle;
                    let shown =
                        format!("{files} files, {layout:?}, {workers} workers: {idle} idle");
                    assert!(idle == 1 || used <= files, "{shown}");
                    // Each saver's own connection can be kept.
                    assert!(idle >= workers || workers == 1, "{shown}");
                }
            }
        }
    }

    #[test]
    fn idle_connections_leave_descriptors_for_those_in_use() {
        for (files, workers, most) in [
            (65_536, 4, 1_024),
            (1024, 4, 512),
            (1024, 300, 512),
            (65_536, 2_000, 2_000),
            (64, 4, 32),
            (64, 300, 32),
            (1, 4, 1),
            (usize::MAX, 5_000, 5_000),
        ] {
            let found = idle_connections(files, workers);
            assert_eq!(found, most, "{files} files, {workers} workers");
        }
    }
}
