//! A worker's thread: takes jobs off the channel and runs them, whatever they do.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::crew::Crew;
use super::handle::{JobError, SlotWriter};
use super::{Action, Worker};

/// A queued job with its types erased, so that jobs of many kinds share one channel.
pub(super) trait Job<S>: Send + 'static {
    /// Runs the job and writes its slot. Returns whether the worker's state may be used again.
    fn run(self: Box<Self>, worker: &mut Worker<S>) -> bool;

    /// Ends the job without running it.
    fn fail(self: Box<Self>, error: JobError);

    /// For handing an unsent job back with its types.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// One `(action, args)` job and the writing end of its slot. Dropping it unrun writes
/// [`JobError::Stopped`].
pub(super) struct Call<A, Args, T> {
    pub(super) action: A,
    pub(super) args: Args,
    pub(super) slot: SlotWriter<T>,
}

impl<S, A, Args, T> Job<S> for Call<A, Args, T>
where
    A: Action<S, Args, Output = T> + Send + 'static,
    Args: Send + 'static,
    T: Send + 'static,
{
    fn run(self: Box<Self>, worker: &mut Worker<S>) -> bool {
        let Call { action, args, slot } = *self;
        // The action is dropped inside, before the slot is written: whoever has the result may
        // rely on the job holding nothing any more. Unwind safety: after a panic the action and
        // its arguments are gone, and the worker's state is rebuilt.
        let result = guarded(move || action.run(worker, args));
        let sound = result.is_ok();
        slot.write(result.map_err(JobError::Panicked));
        sound
    }

    fn fail(self: Box<Self>, error: JobError) {
        self.slot.write(Err(error));
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// The loop of worker `index`: until the channel is closed and empty.
pub(super) fn work<S: 'static>(
    index: usize,
    crew: &Arc<Crew<S>>,
    jobs: &Receiver<Box<dyn Job<S>>>,
) {
    let _alive = Alive(crew);
    let mut worker = build(index, crew);
    crew.is_ready();
    for job in jobs {
        let _done = Done(crew);
        if crew.stop.is_stopped() {
            discard(job);
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
                let error = error.clone();
                let _ = guarded(|| job.fail(error));
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

/// Drops a job unrun; its slot then says [`JobError::Stopped`].
pub(super) fn discard<S>(job: Box<dyn Job<S>>) {
    let _ = guarded(|| drop(job));
}

fn build<S>(index: usize, crew: &Crew<S>) -> Result<Worker<S>, JobError> {
    guarded(|| (crew.make_state)(index))
        .map(|state| Worker::new(index, state, crew.stop.clone()))
        .map_err(JobError::State)
}

/// Runs a caller's code. A panic in it becomes the panic's text.
fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
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
