//! Workers: their number, their names, and the state that each one owns.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use crossbeam_channel::{Sender, unbounded};
use pfetch::pool::{JobError, Pool, Shortfall, Worker, default_workers, default_workers_for};

use super::{Gate, Pass, timely};

#[test]
fn ten_thousand_jobs_run_on_one_worker() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let sum: u64 = pool
            .map(|_: &mut Worker, n: u64| n, 0..10_000)
            .map(Result::unwrap)
            .sum();
        assert_eq!(sum, 49_995_000);
        assert_eq!(pool.threads(), 1);
    });
}

#[test]
fn one_job_starts_one_thread_of_a_thousand() {
    timely(|| {
        let pool = Pool::builder().workers(1000).build();
        assert_eq!(pool.threads(), 0);
        assert_eq!(pool.submit(|_: &mut Worker, ()| 5, ()).join(), Ok(5));
        assert_eq!((pool.threads(), pool.workers()), (1, 1000));
        assert_eq!(pool.shortfall(), None);
    });
}

#[test]
fn there_are_never_more_threads_than_there_is_work_for() {
    timely(|| {
        let pool = Pool::builder().workers(4).build();
        for n in 0..20 {
            assert_eq!(pool.submit(|_: &mut Worker, n| n, n).join(), Ok(n));
            pool.join();
            assert_eq!(pool.threads(), 1, "after job {n}, with none at its side");
        }
        let gate = Gate::new();
        let wait = |_: &mut Worker, pass: Pass| pass.through();
        for at_once in 1..=6 {
            drop(pool.submit(wait, gate.pass()));
            assert_eq!(pool.threads(), at_once.min(4), "{at_once} jobs at once");
        }
        gate.wait_for(4);
        assert_eq!(gate.arrived(), 0, "four workers run four jobs");
        gate.open();
    });
}

#[test]
fn as_many_jobs_run_at_once_as_there_are_workers() {
    timely(|| {
        let pool = Pool::builder().workers(8).build();
        let all_here = Arc::new(Barrier::new(8));
        for _ in 0..10 {
            let all_here = Arc::clone(&all_here);
            let meet = move |worker: &mut Worker, _: usize| {
                all_here.wait();
                worker.index()
            };
            let lanes: BTreeSet<_> = pool.map(meet, 0..8).map(Result::unwrap).collect();
            assert_eq!(lanes, (0..8).collect(), "each job on a lane of its own");
        }
        assert_eq!(pool.threads(), 8);
    });
}

#[test]
fn threads_bear_the_name_of_the_pool_and_their_index() {
    timely(|| {
        let name_and_lane = |worker: &mut Worker, all_here: Arc<Barrier>| {
            all_here.wait();
            let name = thread::current().name().map(str::to_owned);
            (worker.index(), name.unwrap_or_default())
        };
        let pools = [
            (Pool::builder().workers(3).build(), "pfetch-worker"),
            (
                Pool::builder().workers(3).name("crawler").build(),
                "crawler",
            ),
        ];
        for (pool, name) in pools {
            let all_here = Arc::new(Barrier::new(3));
            let inputs = (0..3).map(|_| Arc::clone(&all_here));
            let mut lanes: Vec<_> = pool
                .map(name_and_lane, inputs)
                .map(Result::unwrap)
                .collect();
            lanes.sort();
            let expected: Vec<_> = (0..3).map(|n| (n, format!("{name}-{n}"))).collect();
            assert_eq!(lanes, expected);
        }
    });
}

/// A state that cannot leave its thread, and says where it was dropped.
struct Local {
    index: usize,
    made_on: ThreadId,
    jobs: Rc<Cell<u32>>,
    dropped_on: Sender<(ThreadId, ThreadId, u32)>,
}

impl Drop for Local {
    fn drop(&mut self) {
        let here = thread::current().id();
        // The test may have failed, and dropped the receiver.
        let _ = self.dropped_on.send((self.made_on, here, self.jobs.get()));
    }
}

#[test]
fn a_state_lives_and_dies_on_its_workers_own_thread() {
    timely(|| {
        let (dropped_on, drops) = unbounded();
        let pool = Pool::builder()
            .workers(3)
            .state(move |index| Local {
                index,
                made_on: thread::current().id(),
                jobs: Rc::new(Cell::new(0)),
                dropped_on: dropped_on.clone(),
            })
            .build();
        let all_here = Arc::new(Barrier::new(3));
        for _ in 0..5 {
            let inputs = (0..3).map(|_| Arc::clone(&all_here));
            let count = |worker: &mut Worker<Local>, all_here: Arc<Barrier>| {
                all_here.wait();
                worker.state.jobs.set(worker.state.jobs.get() + 1);
                assert_eq!(worker.state.index, worker.index());
                assert_eq!(worker.state.made_on, thread::current().id());
            };
            assert!(pool.map(count, inputs).all(|result| result.is_ok()));
        }
        drop(pool);
        // Dropping the pool drops its state maker, and with it the last sender.
        let drops: Vec<_> = drops.iter().collect();
        assert_eq!(drops.len(), 3);
        for (made_on, dropped_on, jobs) in drops {
            assert_eq!(made_on, dropped_on);
            assert_eq!(jobs, 5, "each state saw each of its worker's jobs");
        }
    });
}

#[test]
fn there_are_a_few_more_workers_than_processors_unless_told_otherwise() {
    assert!((5..=32).contains(&default_workers()));
    assert_eq!(Pool::builder().build().workers(), default_workers());
}

#[test]
fn for_few_jobs_there_are_no_more_workers_than_jobs_by_default() {
    for jobs in 1..=100 {
        let workers = default_workers_for(jobs);
        assert_eq!(workers, default_workers().min(jobs), "{jobs} jobs");
    }
    assert_eq!(default_workers_for(0), 1);
}

#[test]
#[should_panic(expected = "a pool needs at least one worker")]
fn a_pool_of_no_workers_is_refused() {
    let _ = Pool::builder().workers(0);
}

#[test]
#[should_panic(expected = "a thread's name cannot contain a NUL byte")]
fn a_name_that_no_thread_can_have_is_refused() {
    let _ = Pool::builder().name("nul\0byte");
}

#[test]
fn a_primed_pool_has_all_its_workers_with_their_states() {
    timely(|| {
        let (made, states) = unbounded();
        let pool = Pool::builder()
            .workers(5)
            .state(move |worker| made.send(worker).unwrap())
            .build();
        pool.prime();
        assert_eq!(pool.threads(), 5);
        assert_eq!(states.try_iter().collect::<BTreeSet<_>>().len(), 5);
        // A second call changes nothing, and jobs run on them.
        pool.prime();
        assert_eq!(pool.submit(|_: &mut Worker, ()| 5, ()).join(), Ok(5));
        assert_eq!((pool.threads(), states.len()), (5, 0));
    });
}

#[test]
fn a_limit_on_threads_is_a_shortfall_with_its_reason() {
    timely(|| {
        let pool = Pool::builder()
            .workers(8)
            .thread_limit(3, "no room")
            .build();
        pool.prime();
        let expected = Shortfall {
            started: 3,
            wanted: 8,
            reason: "no room".to_owned(),
        };
        assert_eq!(pool.shortfall(), Some(expected));
        assert_eq!((pool.threads(), pool.workers()), (3, 8));
        let barrier = Arc::new(Barrier::new(3));
        let meet = move |_: &mut Worker, _: usize| barrier.wait().is_leader();
        let leaders = pool.map(meet, 0..30).filter(|r| *r == Ok(true)).count();
        assert_eq!(leaders, 10, "three at a time");
        assert_eq!(pool.threads(), 3);
    });
}

#[test]
fn a_limit_as_high_as_the_workers_is_no_shortfall() {
    timely(|| {
        for limit in [2, 3] {
            let pool = Pool::builder()
                .workers(2)
                .thread_limit(limit, "no room")
                .build();
            pool.prime();
            assert_eq!((pool.threads(), pool.shortfall()), (2, None), "{limit}");
        }
    });
}

#[test]
fn a_limit_of_no_threads_fails_each_job_with_its_reason() {
    timely(|| {
        let pool = Pool::builder()
            .workers(2)
            .thread_limit(0, "no room")
            .build();
        pool.prime();
        for _ in 0..2 {
            let result = pool.submit(|_: &mut Worker, ()| (), ()).join();
            assert_eq!(result, Err(JobError::NoWorker("no room".to_owned())));
        }
        assert_eq!(pool.threads(), 0);
    });
}
