//! Sizes that follow from the number of workers: the pool and its queue, idle connections within the limit on
//! open files, name look-ups.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::address_space;
use crate::cli::{Plan, ProgressMode};
use crate::model::activity::WorkerActivity;
use crate::pool::{Builder, Pool};

/// Activity of all workers, for the display of progress.
pub(super) type SharedActivity = Arc<WorkerActivity>;

/// Idle connections of a run with few workers: its hosts may be many, and a list that goes round more hosts
/// than there are idle connections finds none of them again. An idle connection holds a few hundred bytes of
/// memory, with TLS some 10 KiB.
const MIN_IDLE: usize = 256;

/// The default queue of few workers.
const MIN_QUEUE: usize = 128;

/// The most descriptors asked of the system.
const MAX_FILES: u64 = 65_536;

/// Sizes connections and look-ups by the number of workers. Returns the number of threads that have room, if
/// the address space is limited: taken once, because the stacks of threads that have ended are kept for the
/// next and would count as taken.
#[must_use]
pub(super) fn fit(plan: &mut Plan) -> Option<usize> {
    let fetch = &mut plan.fetch;
    fetch.idle_connections = idle_connections(raise_file_limit(), plan.workers);
    fetch.dns.lookups = plan.workers;
    address_space::workers(fetch.compressed)
}

/// Makes the record of the workers' activity, if progress is shown.
pub(super) fn activity(plan: &Plan) -> Option<SharedActivity> {
    (plan.report.progress != ProgressMode::Off).then(|| Arc::new(WorkerActivity::new(plan.workers)))
}

/// Describes a pool of this many workers, of which `room` may start a thread. The default queue lasts for the moments in which the engine is busy
/// while jobs are short.
pub(super) fn pool(workers: usize, queue: Option<usize>, room: Option<usize>) -> Builder<()> {
    let queue = queue.unwrap_or_else(|| workers.saturating_mul(2).max(MIN_QUEUE));
    let pool = Pool::builder().workers(workers).queue(queue);
    match room {
        Some(fitting) => pool.thread_limit(fitting, address_space::NO_ROOM),
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
    fn idle_connections_leave_descriptors_for_those_in_use() {
        for (files, workers, most) in [
            (1024, 4, 256),
            (1024, 300, 300),
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
