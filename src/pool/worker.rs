//! The worker threads: when one is started, and the loop that takes jobs off the channel and runs them.

use std::mem;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::Worker;
use super::handle::JobError;
use super::job::QueuedJob;
use super::panic::guarded;
use super::threads::Threads;

/// Counts a new job, and starts a worker for it if there are more jobs than workers.
///
/// # Errors
///
/// The system's reason, if there is no worker and none can be started.
pub(super) fn ensure_worker<S: 'static>(
    threads: &Arc<Threads<S>>,
    jobs: &Receiver<QueuedJob<S>>,
) -> Result<(), String> {
    if threads.submitted() {
        spawn(threads, jobs)
    } else {
        Ok(())
    }
}

/// Starts all workers that the pool may have, and waits until each has its state.
pub(super) fn start_all<S: 'static>(threads: &Arc<Threads<S>>, jobs: &Receiver<QueuedJob<S>>) {
    while threads.started() < threads.wanted && threads.shortfall().is_none() {
        // A refusal is noted as the shortfall.
        let _ = spawn(threads, jobs);
    }
    threads.wait_until_ready();
}

#[cold]
fn spawn<S: 'static>(
    threads: &Arc<Threads<S>>,
    jobs: &Receiver<QueuedJob<S>>,
) -> Result<(), String> {
    threads.spawn(|index| {
        let (threads, jobs) = (Arc::clone(threads), jobs.clone());
        move || work(index, &threads, &jobs)
    })
}

/// The loop of worker `index`: until the channel is closed and empty.
fn work<S>(index: usize, threads: &Threads<S>, jobs: &Receiver<QueuedJob<S>>) {
    let _left_guard = LeftGuard(threads);
    let mut worker = build(index, threads);
    threads.ready();
    for job in jobs {
        let _finished_guard = FinishedGuard(threads);
        if threads.stop.is_stopped() {
            drop(job);
            continue;
        }
        if worker.is_err() {
            worker = build(index, threads);
        }
        let is_sound = match &mut worker {
            // The outer guard is for code that runs after the action: destructors of an output whose
            // handle has been dropped.
            Ok(worker) => guarded(|| job.run(worker)).unwrap_or(false),
            Err(error) => {
                job.fail(error.clone());
                true
            }
        };
        if !is_sound {
            // Drop the doubtful state first, then make a new one, each in its own guard.
            let doubtful = mem::replace(&mut worker, Err(JobError::Stopped));
            let _ = guarded(|| drop(doubtful));
            worker = build(index, threads);
        }
    }
    let _ = guarded(|| drop(worker));
}

/// Makes a worker with a fresh state.
fn build<S>(index: usize, threads: &Threads<S>) -> Result<Worker<S>, JobError> {
    guarded(|| (threads.make_state)(index))
        .map(|state| Worker::new(index, state, threads.stop.clone()))
        .map_err(JobError::State)
}

/// Drop guard that counts a job as ended, even if its destructor panics.
struct FinishedGuard<'a, S>(&'a Threads<S>);

impl<S> Drop for FinishedGuard<'_, S> {
    fn drop(&mut self) {
        self.0.finished();
    }
}

/// Drop guard that counts the thread as ended.
struct LeftGuard<'a, S>(&'a Threads<S>);

impl<S> Drop for LeftGuard<'_, S> {
    fn drop(&mut self) {
        self.0.left();
    }
}
