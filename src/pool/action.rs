//! The [`Action`] trait, the code of a job, and the [`Worker`] that it runs on.

use super::StopToken;

/// The code of a job, given arguments: the *action* half of an `(action, args)` job.
///
/// Implement it for a type of your own, or pass a closure: any
/// `Fn(&mut Worker<S>, Args) -> Output` is an action. In a closure, write the first parameter's
/// type out (`|worker: &mut Worker, n: u64| …`), because the compiler cannot infer it.
///
/// `S` is the per-worker state of the pool (see
/// [`Builder::state`](super::Builder::state)); it is `()` unless the pool was built with one.
///
/// ```
/// use pfetch::pool::{Action, Pool, Worker};
///
/// struct Multiply(u64);
///
/// impl Action<(), u64> for Multiply {
///     type Output = u64;
///
///     fn run(&self, _worker: &mut Worker, n: u64) -> u64 {
///         self.0 * n
///     }
/// }
///
/// let pool = Pool::builder().workers(2).build();
/// let product = pool.submit(Multiply(6), 7);
/// let greeting = pool.submit(|_: &mut Worker, name: &str| format!("hello {name}"), "you");
/// assert_eq!(product.join().unwrap(), 42);
/// assert_eq!(greeting.join().unwrap(), "hello you");
/// ```
pub trait Action<S, Args> {
    /// The output of the action: the value that the job's slot will hold.
    type Output;

    /// Runs the action once, on the worker's own thread.
    ///
    /// A long-running action should poll [`Worker::stop_token`] from time to time.
    fn run(&self, worker: &mut Worker<S>, args: Args) -> Self::Output;
}

impl<F, S, Args, Output> Action<S, Args> for F
where
    F: Fn(&mut Worker<S>, Args) -> Output,
{
    type Output = Output;

    fn run(&self, worker: &mut Worker<S>, args: Args) -> Output {
        self(worker, args)
    }
}

/// The worker that a job runs on: its index, its state, and the pool's stop token.
///
/// One `Worker` lives on each pool thread for as long as the thread does; only after a panicking job does
/// the pool drop it and build a fresh one.
#[derive(Debug)]
pub struct Worker<S = ()> {
    /// The worker's own state, made by [`Builder::state`](super::Builder::state) on this thread.
    pub state: S,
    index: usize,
    stop: StopToken,
}

impl<S> Worker<S> {
    pub(super) fn new(index: usize, state: S, stop: StopToken) -> Self {
        Worker { state, index, stop }
    }

    /// The worker's index, from 0 to the pool's worker count less one.
    ///
    /// The thread is called `<pool name>-<index>`.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The pool's stop token, so that an action can end early after a stop.
    pub fn stop_token(&self) -> &StopToken {
        &self.stop
    }
}
