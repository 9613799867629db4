//! The jobs in the pool, each under a key that its slot sends once it is filled.
//!
//! A slab: keys that are free again are given out first, and a job is found without a hash of its key.

use crossbeam_channel::Sender;

use super::backoff::JobOutput;
use super::job::Job;
use crate::pool::JobHandle;

/// A job that was submitted, and the handle to its output.
pub(super) type SubmittedJob = (Box<Job>, JobHandle<JobOutput>);

/// The jobs in the pool. It has as many places as there were ever jobs at once.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    places: Vec<Option<SubmittedJob>>,
    free: Vec<usize>,
}

impl InFlight {
    /// Adds a job, whose key `ended` gets when the job has ended.
    pub(super) fn insert(
        &mut self,
        job: Box<Job>,
        handle: JobHandle<JobOutput>,
        ended: &Sender<u64>,
    ) {
        let place = self.free.pop().unwrap_or(self.places.len());
        handle.notify(ended, place as u64);
        let submitted = Some((job, handle));
        match self.places.get_mut(place) {
            Some(free) => *free = submitted,
            None => self.places.push(submitted),
        }
    }

    /// Removes the job with this key; `None` if it was [taken](InFlight::take_jobs) before.
    pub(super) fn remove(&mut self, key: u64) -> Option<SubmittedJob> {
        let place = usize::try_from(key).ok()?;
        let submitted = self.places.get_mut(place)?.take()?;
        self.free.push(place);
        Some(submitted)
    }

    /// Takes all jobs, in the order of the input. No other is added after that: a job still sends its key when it ends.
    pub(super) fn take_jobs(&mut self) -> Vec<Job> {
        self.free.clear();
        let submitted = std::mem::take(&mut self.places).into_iter().flatten();
        let mut jobs: Vec<_> = submitted.map(|(job, _)| *job).collect();
        jobs.sort_by_key(|job| job.target.index);
        jobs
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crossbeam_channel::{Receiver, unbounded};

    use super::*;
    use crate::model::target::Target;
    use crate::pool::{Pool, Worker};

    /// Jobs with these indices in the pool, which end one after the other, and the channel of their keys.
    fn submitted(pool: &Pool<()>, indices: &[u64]) -> (InFlight, Receiver<u64>, Sender<u64>) {
        let (ended, keys) = unbounded();
        let mut jobs = InFlight::default();
        for index in indices {
            insert(&mut jobs, pool, *index, &ended);
        }
        (jobs, keys, ended)
    }

    fn insert(jobs: &mut InFlight, pool: &Pool<()>, index: u64, ended: &Sender<u64>) {
        let target = Target::get(&format!("http://h/{index}")).expect("a URL");
        let job = Job::new(Arc::new(Target { index, ..target }), None);
        let action = |_: &mut Worker<()>, ()| JobOutput::Deferred;
        jobs.insert(Box::new(job), pool.submit(action, ()), ended);
    }

    #[test]
    fn a_job_is_removed_once_by_the_key_that_it_sends_and_its_place_serves_the_next() {
        let pool = Pool::builder().workers(1).build();
        let (mut jobs, keys, ended) = submitted(&pool, &[30, 10, 20]);
        assert_eq!(jobs.len(), 3, "{jobs:?}");
        let mut left = vec![30, 10, 20];
        for turn in 40..60 {
            let key = keys.recv().expect("a job ends");
            let (job, handle) = jobs.remove(key).expect("it was not removed before");
            assert!(handle.is_done(), "{key}");
            assert!(jobs.remove(key).is_none(), "{key} twice");
            let index = job.target.index;
            assert!(left.contains(&index), "{index} of {left:?}");
            left.retain(|other| *other != index);
            insert(&mut jobs, &pool, turn, &ended);
            left.push(turn);
        }
        assert_eq!((jobs.len(), jobs.places.len()), (3, 3), "{jobs:?}");
    }

    #[test]
    fn jobs_are_taken_in_the_order_of_the_input_and_their_keys_mean_nothing_then() {
        let pool = Pool::builder().workers(1).build();
        let (mut jobs, keys, _ended) = submitted(&pool, &[30, 10, 20]);
        let removed = jobs.remove(keys.recv().expect("a job ends"));
        let removed = removed.map(|(job, _)| job.target.index);
        let taken: Vec<u64> = jobs
            .take_jobs()
            .iter()
            .map(|job| job.target.index)
            .collect();
        let expected: Vec<u64> = [10, 20, 30]
            .into_iter()
            .filter(|index| Some(*index) != removed)
            .collect();
        assert_eq!(taken, expected, "but for {removed:?}");
        assert!(jobs.is_empty(), "{jobs:?}");
        for _ in 0..2 {
            let key = keys.recv().expect("a job ends");
            assert!(jobs.remove(key).is_none(), "{key}");
        }
    }
}
