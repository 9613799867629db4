//! Iterators over the results of many jobs: in input order ([`Map`]) or in completion order
//! ([`AsCompleted`]).

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::{JobHandle, JobResult};

/// The results of [`Pool::map`](super::Pool::map), in input order.
pub struct Map<T, I: Iterator<Item = JobHandle<T>>> {
    submissions: Fuse<I>,
    submitted: VecDeque<JobHandle<T>>,
    look_ahead: usize,
}

impl<T, I: Iterator<Item = JobHandle<T>>> Map<T, I> {
    pub(super) fn new(submissions: I, look_ahead: usize) -> Self {
        Map {
            submissions: submissions.fuse(),
            submitted: VecDeque::new(),
            look_ahead,
        }
    }
}

impl<T, I: Iterator<Item = JobHandle<T>>> Iterator for Map<T, I> {
    type Item = JobResult<T>;

    fn next(&mut self) -> Option<JobResult<T>> {
        while self.submitted.len() < self.look_ahead {
            let Some(handle) = self.submissions.next() else {
                break;
            };
            self.submitted.push_back(handle);
        }
        self.submitted.pop_front().map(JobHandle::join)
    }
}

impl<T, I: Iterator<Item = JobHandle<T>>> fmt::Debug for Map<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("submitted", &self.submitted.len())
            .field("look_ahead", &self.look_ahead)
            .finish_non_exhaustive()
    }
}

/// One job that has ended, as [`AsCompleted`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed<T> {
    /// The position of the job's input, from 0.
    pub index: usize,
    /// The result of the job.
    pub result: JobResult<T>,
}

/// The error of [`AsCompleted::next_timeout`]: no job ended in time. No result is lost by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut;

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no job ended in time")
    }
}

impl std::error::Error for TimedOut {}

/// The results of jobs in the order in which they end. Made by [`Pool::as_completed`](super::Pool::as_completed)
/// for inputs, and by [`as_completed`] for handles.
pub struct AsCompleted<T, I: Iterator<Item = JobHandle<T>>> {
    submissions: Fuse<I>,
    running: Running<T>,
    submitted: usize,
    look_ahead: usize,
    completions: (Sender<u64>, Receiver<u64>),
}

/// Yields the results of these jobs (of one pool or of several) in the order in which they end.
///
/// All handles are taken at the first `next`. For a long list of inputs prefer
/// [`Pool::as_completed`](super::Pool::as_completed), which submits as it goes.
///
/// ```
/// use pfetch::pool::{Pool, Worker, as_completed};
///
/// let pool = Pool::builder().workers(1).build();
/// let double = |_: &mut Worker, n: u32| n * 2;
/// let handles = vec![pool.submit(double, 10), pool.submit(double, 20)];
/// let doubled: Vec<u32> = as_completed(handles).map(|c| c.result.unwrap()).collect();
/// assert_eq!(doubled, [20, 40]);
/// ```
pub fn as_completed<T, I>(handles: I) -> AsCompleted<T, I::IntoIter>
where
    I: IntoIterator<Item = JobHandle<T>>,
{
    AsCompleted::new(handles.into_iter(), usize::MAX)
}

impl<T, I: Iterator<Item = JobHandle<T>>> AsCompleted<T, I> {
    pub(super) fn new(submissions: I, look_ahead: usize) -> Self {
        AsCompleted {
            submissions: submissions.fuse(),
            running: Running::new(),
            submitted: 0,
            look_ahead,
            completions: unbounded(),
        }
    }

    /// Takes the next job to end, waiting for at most `timeout`; `None` when all have been taken. It first
    /// submits the next inputs, which may block where other submitters keep the pool's queue full.
    ///
    /// # Errors
    ///
    /// [`TimedOut`] if none has ended by then. The iterator can be used on.
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Completed<T>>, TimedOut> {
        // A timeout that overflows the clock is as good as none.
        self.next_until(Instant::now().checked_add(timeout))
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Completed<T>>, TimedOut> {
        while self.running.len() < self.look_ahead {
            let Some(handle) = self.submissions.next() else {
                break;
            };
            self.running
                .add(self.submitted, handle, &self.completions.0);
            self.submitted += 1;
        }
        if self.running.len() == 0 {
            return Ok(None);
        }
        let key = match deadline {
            Some(deadline) => self
                .completions
                .1
                .recv_deadline(deadline)
                .map_err(|_| TimedOut)?,
            None => self
                .completions
                .1
                .recv()
                .expect("this iterator holds a sender of its own channel"),
        };
        let (index, handle) = self.running.remove(key);
        Ok(Some(Completed {
            index,
            result: handle.join(),
        }))
    }
}

impl<T, I: Iterator<Item = JobHandle<T>>> Iterator for AsCompleted<T, I> {
    type Item = Completed<T>;

    fn next(&mut self) -> Option<Completed<T>> {
        self.next_until(None)
            .expect("without a deadline nothing times out")
    }
}

impl<T, I: Iterator<Item = JobHandle<T>>> fmt::Debug for AsCompleted<T, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("running", &self.running.len())
            .field("submitted", &self.submitted)
            .field("look_ahead", &self.look_ahead)
            .finish_non_exhaustive()
    }
}

/// Jobs that have not been taken yet, by the keys that their slots send. Keys are reused (a slab), so that
/// finding a job takes no search and a slow one holds no memory but its own.
struct Running<T> {
    /// By key, with the position of each job's input.
    jobs: Vec<Option<(usize, JobHandle<T>)>>,
    free: Vec<usize>,
}

impl<T> Running<T> {
    fn new() -> Self {
        Running {
            jobs: Vec::new(),
            free: Vec::new(),
        }
    }

    fn len(&self) -> usize {
        self.jobs.len() - self.free.len()
    }

    fn add(&mut self, index: usize, handle: JobHandle<T>, completions: &Sender<u64>) {
        let key = self.free.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() - 1
        });
        handle.notify(completions, key as u64);
        self.jobs[key] = Some((index, handle));
    }

    fn remove(&mut self, key: u64) -> (usize, JobHandle<T>) {
        let key = usize::try_from(key).expect("keys are indices of a vector");
        let job = self.jobs[key]
            .take()
            .expect("each key is sent once before it is reused");
        self.free.push(key);
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Pool, Worker};

    #[test]
    fn a_slow_job_holds_up_no_memory_but_its_own() {
        let pool = Pool::builder().workers(1).build();
        let completions = unbounded();
        let mut running = Running::new();
        let submit = |running: &mut Running<usize>, n| {
            let handle = pool.submit(|_: &mut Worker, n| n, n);
            running.add(n, handle, &completions.0);
        };
        // The first job is not taken before the end, and holds up none of the others.
        submit(&mut running, 0);
        let slow = completions.1.recv().unwrap();
        for n in 1..1000 {
            submit(&mut running, n);
            let key = completions.1.recv().unwrap();
            let (index, handle) = running.remove(key);
            assert_eq!((index, handle.join()), (n, Ok(n)));
            assert_eq!(running.len(), 1);
        }
        assert_eq!(
            running.jobs.len(),
            2,
            "the keys of jobs that have ended are reused"
        );
        let (index, handle) = running.remove(slow);
        assert_eq!((index, handle.join()), (0, Ok(0)));
        assert_eq!(running.len(), 0);
    }
}
