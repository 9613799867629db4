//! A worker's thread: takes jobs off the channel and runs them, whatever they do.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::Worker;
use super::threads::Crew;
use super::handle::JobError;
use super::job::Queued;

/// The loop of worker `index`: until the channel is closed and empty.
pub(super) fn work<S: 'static>(index: usize, crew: &Arc<Crew<S>>, jobs: &Receiver<Queued<S>>) {
    let _alive = Alive(crew);
    let mut worker = build(index, crew);
    crew.is_ready();
    for job in jobs {
        let _done = Done(crew);
        if crew.stop.is_stopped() {
            drop(job);
            continue;
        }
        if worker.is_err() {
            worker = build(index, crew);
        }
        let sound = match &mut worker {
            // The outer guard is for what runs after the action: destructors of an output that
            // nobody waits for.
            Ok(worker) => guarded(|| job.run(worker)).unwrap_or(false),
            Err(error) => {
                job.fail(error.clone());
                true
            }
        };
        if !sound {
            // Drop the doubtful state first, then make a new one, each in its own guard.
            let doubtful = mem::replace(&mut worker, Err(JobError::Stopped));
            let _ = guarded(|| drop(doubtful));
            worker = build(index, crew);
        }
    }
    let _ = guarded(|| drop(worker));
}

fn build<S>(index: usize, crew: &Crew<S>) -> Result<Worker<S>, JobError> {
    guarded(|| (crew.make_state)(index))
        .map(|state| Worker::new(index, state, crew.stop.clone()))
        .map_err(JobError::State)
}

/// Runs a caller's code. A panic in it becomes the panic's text.
pub(super) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let text = message(&*panic);
        // The payload is a caller's code too: its destructor may panic in turn. What that one
        // carries is leaked, or this would have no end.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            mem::forget(another);
        }
        text
    })
}

/// The text of a panic, as the standard library's hook would print it.
fn message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a panic whose payload is not text)".to_owned()
    }
}

/// Counts a job as finished when it goes out of scope, however that comes about.
struct Done<'a, S>(&'a Crew<S>);

impl<S> Drop for Done<'_, S> {
    fn drop(&mut self) {
        self.0.finished();
    }
}

/// Counts the thread as ended when it goes out of scope.
struct Alive<'a, S>(&'a Crew<S>);

impl<S> Drop for Alive<'_, S> {
    fn drop(&mut self) {
        self.0.left();
    }
}
