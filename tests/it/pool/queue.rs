//! The queue is bounded: `submit` waits for room and `try_submit` hands the job back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crossbeam_channel::unbounded;
use pfetch::pool::{Pool, TrySubmitError, Worker};

use super::{Gate, PATIENCE, Pass, silent, timely};

fn pass_through(_: &mut Worker, pass: Pass) {
    pass.through();
}

fn same(_: &mut Worker, n: usize) -> usize {
    n
}

#[test]
fn submit_waits_for_room() {
    timely(|| {
        for capacity in [0, 1, 5] {
            let pool = Pool::builder().workers(1).queue(capacity).build();
            let gate = Gate::new();
            let _held = pool.submit(pass_through, gate.pass());
            gate.wait_for(1);
            // The one worker is held: the queue takes its capacity, and not one job more.
            let events = Mutex::new(Vec::new());
            let (tell, told) = unbounded();
            thread::scope(|scope| {
                scope.spawn(|| {
                    for n in 0..=capacity {
                        let _queued = pool.submit(same, n);
                        events.lock().unwrap().push(format!("submitted {n}"));
                        tell.send(n).unwrap();
                    }
                });
                for n in 0..capacity {
                    assert_eq!(told.recv_timeout(PATIENCE), Ok(n), "queue of {capacity}");
                }
                let waits = silent(&told);
                events.lock().unwrap().push("opened".to_owned());
                gate.open();
                assert!(
                    waits,
                    "a queue of {capacity} took {} jobs: {events:?}",
                    capacity + 1
                );
                assert_eq!(told.recv_timeout(PATIENCE), Ok(capacity));
            });
            let events = events.into_inner().unwrap();
            let mut expected: Vec<_> = (0..capacity).map(|n| format!("submitted {n}")).collect();
            expected.push("opened".to_owned());
            expected.push(format!("submitted {capacity}"));
            assert_eq!(events, expected, "queue of {capacity}");
        }
    });
}

#[test]
fn try_submit_hands_the_job_back_when_the_queue_is_full() {
    timely(|| {
        for capacity in [0, 1, 5] {
            let pool = Pool::builder().workers(1).queue(capacity).build();
            assert_eq!(pool.queue_capacity(), capacity);
            let gate = Gate::new();
            let held = pool.submit(pass_through, gate.pass());
            gate.wait_for(1);
            let queued: Vec<_> = (0..capacity)
                .map(|n| pool.try_submit(same, n).expect("there is room"))
                .collect();
            let refused = pool.try_submit(same, 99).unwrap_err();
            assert!(matches!(refused, TrySubmitError::Full(..)), "{refused}");
            let (action, args) = refused.into_job();
            assert_eq!(args, 99);
            gate.open();
            assert_eq!(held.join(), Ok(()));
            for (n, handle) in queued.into_iter().enumerate() {
                assert_eq!(handle.join(), Ok(n));
            }
            let again = pool.submit(action, args);
            assert_eq!(again.join(), Ok(99), "the job came back whole");
        }
    });
}

#[test]
fn a_refused_job_is_not_waited_for() {
    timely(|| {
        let pool = Pool::builder().workers(1).queue(1).build();
        let gate = Gate::new();
        let _held = pool.submit(pass_through, gate.pass());
        gate.wait_for(1);
        let _queued = pool.submit(same, 0);
        for n in 0..10 {
            assert!(pool.try_submit(same, n).is_err());
        }
        gate.open();
        pool.join();
    });
}

#[test]
fn an_empty_queue_of_none_hands_jobs_over() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(0).build();
        let sum: usize = (0..100).map(|n| pool.submit(same, n).join().unwrap()).sum();
        assert_eq!(sum, 4950);
    });
}

#[test]
fn the_queue_holds_twice_the_workers_unless_told_otherwise() {
    assert_eq!(Pool::builder().workers(3).build().queue_capacity(), 6);
    let huge = Pool::builder().workers(1000).queue(7).build();
    assert_eq!(huge.queue_capacity(), 7);
}

#[test]
fn many_threads_submit_through_a_narrow_queue() {
    timely(|| {
        let pool = Pool::builder().workers(3).queue(1).build();
        let ran = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for submitter in 0..8 {
                let (pool, ran) = (&pool, &ran);
                scope.spawn(move || {
                    for n in 0..250 {
                        let ran = Arc::clone(ran);
                        let job = move |_: &mut Worker, n| {
                            ran.fetch_add(1, Ordering::Relaxed);
                            n
                        };
                        let sent = submitter * 1000 + n;
                        assert_eq!(pool.submit(job, sent).join(), Ok(sent));
                    }
                });
            }
        });
        assert_eq!(ran.load(Ordering::Relaxed), 8 * 250);
    });
}

#[test]
fn a_job_may_submit_another() {
    timely(|| {
        let pool = Arc::new(Pool::builder().workers(1).queue(1).build());
        let inner = pool.submit(
            |_: &mut Worker, pool: Arc<Pool>| pool.try_submit(same, 8),
            Arc::clone(&pool),
        );
        let inner = inner.join().unwrap().expect("the queue was empty");
        assert_eq!(inner.join(), Ok(8));
    });
}
