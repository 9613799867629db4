//! The least that does what a pool does for empty jobs: a bare loop over a channel.
//!
//! As many threads on one bounded channel of the same length, from which they take **boxed
//! closures**, and a second channel by which they send each result back with its index. Boxed
//! closures, because a queue of jobs of many kinds has to erase their types somehow; a loop over plain
//! numbers could run one kind of job only.

use std::hint::black_box;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// The body of every job: nothing.
pub(crate) fn empty(n: usize) -> usize {
    black_box(n)
}

/// Threads on a bounded channel, each message of which `run` turns into a result.
pub(crate) struct Bare<M> {
    jobs: Sender<M>,
    results: Receiver<(usize, usize)>,
}

/// A job of any kind.
pub(crate) type Boxed = Box<dyn FnOnce() -> (usize, usize) + Send>;

impl<M: Send + 'static> Bare<M> {
    pub(crate) fn new(workers: usize, queue: usize, run: fn(M) -> (usize, usize)) -> Self {
        let (jobs, queue) = bounded::<M>(queue);
        let (give, results) = unbounded();
        for _ in 0..workers {
            let (queue, give) = (queue.clone(), give.clone());
            // Ends when this value, and with it the sender, is dropped.
            thread::spawn(move || {
                for job in queue {
                    let _ = give.send(run(job));
                }
            });
        }
        Bare { jobs, results }
    }

    /// Sends all jobs, then collects all results in the order of their index.
    pub(crate) fn run(&self, count: usize, make: impl Fn(usize) -> M) -> Vec<usize> {
        for n in 0..count {
            assert!(self.jobs.send(make(n)).is_ok(), "the threads have ended");
        }
        let mut collected = vec![0; count];
        for (n, result) in self.results.iter().take(count) {
            collected[n] = result;
        }
        collected
    }
}
