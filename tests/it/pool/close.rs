//! The ends of jobs and pools: joining a job, joining the pool, shutting down, dropping.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use pfetch::pool::{Pool, StillRunning, Worker};

use super::{Gate, PATIENCE, Pass, silent, timely};

fn pass_through(_: &mut Worker, pass: Pass) -> &'static str {
    pass.through();
    "came through"
}

/// A job that counts its runs, and the count.
fn counting() -> (
    impl Fn(&mut Worker, ()) + Clone + Send + 'static,
    Arc<AtomicUsize>,
) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let job = move |_: &mut Worker, ()| {
        counter.fetch_add(1, Ordering::SeqCst);
    };
    (job, count)
}

#[test]
fn join_timeout_hands_the_handle_back_until_the_job_has_ended() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let gate = Gate::new();
        let mut handle = pool.submit(pass_through, gate.pass());
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            handle = handle.join_timeout(timeout).unwrap_err();
            assert!(!handle.is_done(), "{handle:?}");
        }
        gate.open();
        assert_eq!(handle.join_timeout(PATIENCE).unwrap(), Ok("came through"));
    });
}

#[test]
fn an_ended_job_is_done_and_needs_no_time_to_join() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let handle = pool.submit(|_: &mut Worker, n: u32| n, 3);
        pool.join();
        assert!(handle.is_done(), "{handle:?}");
        assert_eq!(handle.join_timeout(Duration::ZERO).unwrap(), Ok(3));
    });
}

#[test]
fn a_handle_sends_its_key_at_the_end_of_its_job() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let gate = Gate::new();
        let handle = pool.submit(pass_through, gate.pass());
        let (sender, notices) = unbounded();
        handle.notify(&sender, 17);
        assert!(notices.is_empty());
        gate.open();
        assert_eq!(notices.recv_timeout(PATIENCE), Ok(17));
        assert!(handle.is_done());
    });
}

#[test]
fn join_waits_for_every_job_and_leaves_the_pool_open() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(50).build();
        pool.join();
        let gate = Gate::new();
        let held = pool.submit(pass_through, gate.pass());
        let (job, count) = counting();
        let handles: Vec<_> = (0..50).map(|_| pool.submit(job.clone(), ())).collect();
        thread::scope(|scope| {
            let (tell, told) = unbounded();
            let pool = &pool;
            scope.spawn(move || {
                pool.join();
                tell.send(()).unwrap();
            });
            let waits = silent(&told);
            gate.open();
            assert!(waits, "the pool was joined before its job ended");
            assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
        });
        assert_eq!(count.load(Ordering::SeqCst), 50);
        assert!(held.is_done() && handles.iter().all(|handle| handle.is_done()));
        assert_eq!(pool.submit(job, ()).join(), Ok(()), "the pool is open");
    });
}

#[test]
fn several_threads_may_join_the_pool() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        for _ in 0..100 {
            let (job, count) = counting();
            let _handles = [pool.submit(job.clone(), ()), pool.submit(job, ())];
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        pool.join();
                        assert_eq!(count.load(Ordering::SeqCst), 2);
                    });
                }
            });
        }
    });
}

#[test]
fn shutdown_finishes_what_is_queued() {
    timely(|| {
        let pool = Pool::builder().workers(1).queue(20).build();
        let gate = Gate::new();
        let _held = pool.submit(pass_through, gate.pass());
        gate.wait_for(1);
        let (job, count) = counting();
        for _ in 0..20 {
            drop(pool.submit(job.clone(), ()));
        }
        gate.open();
        assert_eq!(pool.shutdown(PATIENCE), Ok(()));
        assert_eq!(count.load(Ordering::SeqCst), 20);
    });
}

#[test]
fn shutdown_of_a_pool_that_never_worked_is_immediate() {
    let pool = Pool::builder().workers(4).build();
    assert_eq!(pool.shutdown(Duration::ZERO), Ok(()));
}

#[test]
fn shutdown_detaches_a_stuck_job_which_ends_later() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let gate = Gate::new();
        let stuck = pool.submit(pass_through, gate.pass());
        gate.wait_for(1);
        let (job, count) = counting();
        let queued = pool.submit(job, ());
        let error = pool.shutdown(Duration::from_millis(1)).unwrap_err();
        assert_eq!(error, StillRunning { workers: 1 });
        assert_eq!(error.to_string(), "workers still running a job: 1");
        assert!(!stuck.is_done() && !queued.is_done());
        gate.open();
        assert_eq!(stuck.join(), Ok("came through"));
        assert_eq!(queued.join(), Ok(()), "what was queued is run as well");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn drop_runs_all_that_is_queued() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(100).build();
        let gate = Gate::new();
        let (job, count) = counting();
        for _ in 0..2 {
            drop(pool.submit(pass_through, gate.pass()));
        }
        gate.wait_for(2);
        for _ in 0..100 {
            drop(pool.submit(job.clone(), ()));
        }
        thread::scope(|scope| {
            let (tell, told) = unbounded();
            scope.spawn(move || {
                drop(pool);
                tell.send(()).unwrap();
            });
            let waits = silent(&told);
            assert_eq!(count.load(Ordering::SeqCst), 0, "both workers are held");
            gate.open();
            assert!(waits, "the drop did not wait for the jobs");
            assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
        });
        assert_eq!(count.load(Ordering::SeqCst), 100);
    });
}

#[test]
fn a_job_may_hold_the_last_of_its_pool() {
    timely(|| {
        for workers in [1, 2] {
            let pool = Arc::new(Pool::builder().workers(workers).build());
            let gate = Gate::new();
            let pass = gate.pass();
            let job = move |_: &mut Worker, pool: Arc<Pool>| {
                pass.through();
                Arc::into_inner(pool).map(drop).is_some()
            };
            let handle = pool.submit(job, Arc::clone(&pool));
            gate.wait_for(1);
            let (job, count) = counting();
            let queued = pool.submit(job, ());
            drop(pool);
            gate.open();
            assert_eq!(handle.join(), Ok(true), "this job dropped the pool");
            assert_eq!(queued.join(), Ok(()));
            assert_eq!(count.load(Ordering::SeqCst), 1);
        }
    });
}

#[test]
fn when_the_result_is_there_the_job_holds_nothing() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let (action_holds, args_hold) = (Arc::new(()), Arc::new(()));
        for _ in 0..100 {
            let carried = Arc::clone(&action_holds);
            let job = move |_: &mut Worker, args: Arc<()>| {
                Arc::strong_count(&args).min(1) + {
                    let _ = &carried;
                    0
                }
            };
            assert_eq!(pool.submit(job, Arc::clone(&args_hold)).join(), Ok(1));
            assert_eq!(Arc::strong_count(&action_holds), 1);
            assert_eq!(Arc::strong_count(&args_hold), 1);
        }
    });
}

#[test]
fn outputs_are_dropped_whether_they_are_taken_or_not() {
    timely(|| {
        let output = Arc::new(());
        let pool = Pool::builder().workers(2).build();
        let share = |_: &mut Worker, output: Arc<()>| output;
        // Taken and then dropped; dropped before and after the job ends; left in a map.
        drop(pool.submit(share, Arc::clone(&output)).join());
        drop(pool.submit(share, Arc::clone(&output)));
        let late = pool.submit(share, Arc::clone(&output));
        pool.join();
        assert_eq!(Arc::strong_count(&output), 2, "one waits in its slot");
        drop(late);
        let inputs = std::iter::repeat_with(|| Arc::clone(&output));
        assert_eq!(pool.map(share, inputs).take(3).count(), 3);
        let inputs = std::iter::repeat_with(|| Arc::clone(&output));
        assert_eq!(pool.as_completed(share, inputs).take(3).count(), 3);
        pool.join();
        assert_eq!(Arc::strong_count(&output), 1);
    });
}
