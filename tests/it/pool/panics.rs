//! Panics are isolated: the job's handle reports the panic, and the worker goes on.

use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};

use pfetch::pool::{JobError, Pool, Worker};

use super::{Gate, timely};

/// The threads of all the pool's workers, each shown to be at work at the same time as the others.
fn threads_of<S: 'static>(pool: &Pool<S>) -> Vec<ThreadId> {
    let all_here = Arc::new(Barrier::new(pool.workers()));
    let handles: Vec<_> = (0..pool.workers())
        .map(|_| {
            let all_here = Arc::clone(&all_here);
            pool.submit(
                move |worker: &mut Worker<S>, ()| {
                    all_here.wait();
                    (worker.index(), thread::current().id())
                },
                (),
            )
        })
        .collect();
    let mut threads: Vec<_> = handles
        .into_iter()
        .map(|handle| handle.join().expect("this job does not panic"))
        .collect();
    threads.sort_unstable_by_key(|&(index, _)| index);
    threads.into_iter().map(|(_, id)| id).collect()
}

struct PanicsWhenDropped(&'static str);

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        // A second panic during the first would abort the process by Rust's own rule.
        if !thread::panicking() {
            panic_any(self.0);
        }
    }
}

#[test]
fn a_panic_is_reported_by_the_handle_of_its_own_job_only() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let before = threads_of(&pool);
        let odd_only = |_: &mut Worker, n: usize| {
            assert!(n % 2 == 1, "{n} is even");
            n
        };
        let handles: Vec<_> = (0..20).map(|n| (n, pool.submit(odd_only, n))).collect();
        for (n, handle) in handles {
            let expected = if n % 2 == 1 {
                Ok(n)
            } else {
                Err(JobError::Panicked(format!("{n} is even")))
            };
            assert_eq!(handle.join(), expected);
        }
        assert_eq!(pool.threads(), 2);
        assert_eq!(threads_of(&pool), before, "the same threads are at work");
    });
}

#[test]
fn any_panic_payload_is_reported() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let plain = pool.submit(|_: &mut Worker, ()| -> () { panic!("plain words") }, ());
        let formatted = pool.submit(|_: &mut Worker, n: u32| -> () { panic!("number {n}") }, 4);
        let no_text = pool.submit(|_: &mut Worker, ()| -> () { panic_any(42_u64) }, ());
        let [plain, formatted, no_text] =
            [plain, formatted, no_text].map(|job| job.join().unwrap_err());
        assert_eq!(plain, JobError::Panicked("plain words".to_owned()));
        assert_eq!(formatted, JobError::Panicked("number 4".to_owned()));
        assert_eq!(
            no_text,
            JobError::Panicked("(a panic whose payload is not text)".to_owned())
        );
        assert_eq!(plain.to_string(), "the action panicked: plain words");
    });
}

#[test]
fn a_panic_payload_may_panic_in_turn() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let before = threads_of(&pool);
        let job = |_: &mut Worker, ()| panic_any(PanicsWhenDropped("the payload's own"));
        let result: Result<(), _> = pool.submit(job, ()).join();
        assert!(matches!(result, Err(JobError::Panicked(_))), "{result:?}");
        assert_eq!(threads_of(&pool), before);
    });
}

#[test]
fn a_panic_rebuilds_the_state() {
    timely(|| {
        let made = Arc::new(AtomicUsize::new(0));
        let dropped = Arc::new(());
        let (make, token) = (Arc::clone(&made), Arc::clone(&dropped));
        let pool = Pool::builder()
            .workers(1)
            .state(move |_| (make.fetch_add(1, Ordering::SeqCst), Arc::clone(&token)))
            .build();
        type State = (usize, Arc<()>);
        let generation = |worker: &mut Worker<State>, ()| worker.state.0;
        assert_eq!(pool.submit(generation, ()).join(), Ok(0));
        assert_eq!(pool.submit(generation, ()).join(), Ok(0), "kept until then");
        let spoil = |worker: &mut Worker<State>, ()| {
            worker.state.0 = 1000;
            panic!("half way");
        };
        let spoilt: Result<(), _> = pool.submit(spoil, ()).join();
        assert_eq!(spoilt, Err(JobError::Panicked("half way".to_owned())));
        assert_eq!(pool.submit(generation, ()).join(), Ok(1), "a fresh one");
        assert_eq!(made.load(Ordering::SeqCst), 2);
        // One here, one in the state maker, one in the only state there is.
        assert_eq!(Arc::strong_count(&dropped), 3, "the old state is gone");
    });
}

#[test]
fn a_state_that_panics_when_dropped_takes_no_worker_with_it() {
    timely(|| {
        let pool = Pool::builder()
            .workers(1)
            .state(|_| PanicsWhenDropped("the state's own"))
            .build();
        let before = threads_of(&pool);
        let spoilt: Result<(), _> = pool
            .submit(|_: &mut Worker<_>, ()| panic!("the job's own"), ())
            .join();
        assert_eq!(spoilt, Err(JobError::Panicked("the job's own".to_owned())));
        assert_eq!(threads_of(&pool), before);
    });
}

#[test]
fn a_state_that_cannot_be_made_fails_the_jobs_until_it_can() {
    timely(|| {
        let broken = Arc::new(AtomicUsize::new(1));
        let check = Arc::clone(&broken);
        let pool = Pool::builder()
            .workers(1)
            .state(move |index| {
                assert!(check.load(Ordering::SeqCst) == 0, "no state for {index}");
                "a state"
            })
            .build();
        let read = |worker: &mut Worker<&'static str>, ()| worker.state;
        let reason = JobError::State("no state for 0".to_owned());
        for _ in 0..3 {
            assert_eq!(pool.submit(read, ()).join(), Err(reason.clone()));
        }
        broken.store(0, Ordering::SeqCst);
        assert_eq!(pool.submit(read, ()).join(), Ok("a state"));
        assert_eq!(pool.threads(), 1);
        assert_eq!(
            reason.to_string(),
            "making the worker's state panicked: no state for 0"
        );
    });
}

#[test]
fn a_state_maker_may_panic_with_a_payload_that_panics_in_turn() {
    timely(|| {
        let pool = Pool::builder()
            .workers(1)
            .state(|_| -> () { panic_any(PanicsWhenDropped("the payload's own")) })
            .build();
        for _ in 0..3 {
            let result = pool.submit(|_: &mut Worker, ()| (), ()).join();
            assert!(matches!(result, Err(JobError::State(_))), "{result:?}");
        }
    });
}

#[test]
fn an_output_without_a_handle_may_panic_when_dropped() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let before = threads_of(&pool);
        let gate = Gate::new();
        let pass = gate.pass();
        let job = move |_: &mut Worker, ()| {
            pass.through();
            PanicsWhenDropped("the output's own")
        };
        let handle = pool.submit(job, ());
        gate.wait_for(1);
        // From here on only the worker owns the slot, so it drops the output.
        drop(handle);
        gate.open();
        pool.join();
        assert_eq!(threads_of(&pool), before);
    });
}

#[test]
fn an_action_that_panics_when_dropped_counts_as_panicked() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let before = threads_of(&pool);
        let burden = PanicsWhenDropped("the action's own");
        let job = move |_: &mut Worker, ()| {
            let _carried = &burden;
        };
        let result = pool.submit(job, ()).join();
        let expected = Err(JobError::Panicked("the action's own".to_owned()));
        assert_eq!(result, expected);
        assert_eq!(threads_of(&pool), before);
    });
}
