//! Stopping: queued jobs end unrun, running ones are asked to end, blocked submitters are released.

use std::panic::panic_any;
use std::thread;

use crossbeam_channel::{bounded, unbounded};
use pfetch::pool::{JobError, JobHandle, Pool, StopToken, TrySubmitError, Worker};

use super::{Gate, PATIENCE, Pass, silent, timely};

fn pass_through(_: &mut Worker, pass: Pass) -> &'static str {
    pass.through();
    "came through"
}

fn never(_: &mut Worker, (): ()) {
    panic!("a stopped pool ran a queued job");
}

/// A pool of one worker that waits at the gate, with `queue` more jobs that fill the queue.
fn blocked_pool(gate: &Gate, queue: usize) -> (Pool, JobHandle<&'static str>, Vec<JobHandle<()>>) {
    let pool = Pool::builder().workers(1).queue(queue).build();
    let running = pool.submit(pass_through, gate.pass());
    gate.wait_for(1);
    let queued = (0..queue).map(|_| pool.submit(never, ())).collect();
    (pool, running, queued)
}

#[test]
fn stop_ends_queued_jobs_at_once_and_unrun() {
    timely(|| {
        let gate = Gate::new();
        let (pool, running, queued) = blocked_pool(&gate, 3);
        pool.stop();
        // The worker is still blocked, so only the stop can have ended these.
        for job in queued {
            assert!(job.is_done());
            assert_eq!(job.join(), Err(JobError::Stopped));
        }
        assert!(!running.is_done());
        gate.open();
        assert_eq!(running.join(), Ok("came through"), "it was left to finish");
    });
}

#[test]
fn a_running_job_sees_the_stop() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let (tell, told) = unbounded();
        let patient = move |worker: &mut Worker, ()| {
            tell.send(worker.stop_token().is_stopped()).unwrap();
            worker.stop_token().wait();
            worker.stop_token().is_stopped()
        };
        let jobs = [pool.submit(patient.clone(), ()), pool.submit(patient, ())];
        for _ in &jobs {
            assert_eq!(told.recv_timeout(PATIENCE), Ok(false), "not stopped yet");
        }
        pool.stop();
        for job in jobs {
            assert_eq!(job.join(), Ok(true));
        }
    });
}

#[test]
fn a_submit_at_the_moment_of_a_stop_ends_though_every_worker_is_blocked() {
    timely(|| {
        for _ in 0..300 {
            let gate = Gate::new();
            let (pool, running, queued) = blocked_pool(&gate, 1);
            thread::scope(|scope| {
                // Both look for room in the queue, which only the stop can make.
                let waiting = scope.spawn(|| pool.submit(never, ()).join());
                let trying = scope.spawn(|| match pool.try_submit(never, ()) {
                    Ok(taken) => taken.join(),
                    Err(_) => Err(JobError::Stopped),
                });
                pool.stop();
                assert_eq!(waiting.join().unwrap(), Err(JobError::Stopped));
                assert_eq!(trying.join().unwrap(), Err(JobError::Stopped));
            });
            assert!(queued.iter().all(|job| job.is_done()));
            assert!(!running.is_done());
            gate.open();
        }
    });
}

/// Asserts that `stop` releases a submitter that waits for room in a queue of `queue` jobs.
fn stop_releases_a_submitter(queue: usize, stop: impl Fn(&Pool)) {
    let gate = Gate::new();
    let (pool, running, queued) = blocked_pool(&gate, queue);
    let (tell, told) = unbounded();
    thread::scope(|scope| {
        let pool = &pool;
        scope.spawn(move || {
            let refused = pool.submit(never, ());
            // Were this dropped, the test would end too.
            let _ = tell.send(refused.join());
        });
        let waits = silent(&told);
        stop(pool);
        // The gate is shut, so there is no room in the queue: only the stop can have released it.
        let released = told.recv_timeout(PATIENCE);
        gate.open();
        assert!(waits, "submit did not wait with a full queue of {queue}");
        assert_eq!(
            released,
            Ok(Err(JobError::Stopped)),
            "with a queue of {queue}"
        );
    });
    assert_eq!(running.join(), Ok("came through"));
    for job in queued {
        assert_eq!(job.join(), Err(JobError::Stopped));
    }
    pool.join();
}

#[test]
fn stop_releases_a_submitter_that_waits_for_room() {
    timely(|| {
        for queue in [0, 1, 4] {
            stop_releases_a_submitter(queue, |pool| pool.stop());
        }
    });
}

#[test]
fn the_token_alone_releases_a_submitter_that_waits_for_room() {
    timely(|| {
        for queue in [0, 1, 4] {
            stop_releases_a_submitter(queue, |pool| pool.stop_token().stop());
        }
    });
}

#[test]
fn the_token_alone_ends_queued_jobs_as_workers_come_to_them() {
    timely(|| {
        let gate = Gate::new();
        let (pool, running, queued) = blocked_pool(&gate, 3);
        pool.stop_token().stop();
        gate.open();
        assert_eq!(running.join(), Ok("came through"));
        for job in queued {
            assert_eq!(job.join(), Err(JobError::Stopped));
        }
    });
}

#[test]
fn a_stopped_pool_takes_no_more_jobs() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        pool.stop();
        pool.stop();
        assert_eq!(pool.submit(never, ()).join(), Err(JobError::Stopped));
        let word = |_: &mut Worker, word: String| word;
        let refused = pool.try_submit(word, "mine".to_owned()).unwrap_err();
        assert!(matches!(refused, TrySubmitError::Stopped(..)), "{refused}");
        assert_eq!(refused.into_job().1, "mine");
        let mapped: Vec<_> = pool.map(never, [(), ()]).collect();
        assert_eq!(mapped, [Err(JobError::Stopped), Err(JobError::Stopped)]);
        assert_eq!(pool.threads(), 0);
        pool.join();
    });
}

#[test]
fn one_token_stops_many_pools() {
    timely(|| {
        let token = StopToken::new();
        let build = || Pool::builder().workers(1).stop_token(token.clone()).build();
        let wait = |worker: &mut Worker, ()| worker.stop_token().wait();
        let (one, other) = (build(), build());
        let jobs = [one.submit(wait, ()), other.submit(wait, ())];
        token.stop();
        for job in jobs {
            // Stopped before it started, or while it ran: either way it ends.
            let ended = job.join();
            assert!(
                matches!(ended, Ok(()) | Err(JobError::Stopped)),
                "{ended:?}"
            );
        }
        assert!(one.stop_token().is_stopped() && other.stop_token().is_stopped());
    });
}

#[test]
fn a_discarded_job_may_panic_when_dropped() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic_any("the argument's own");
        }
    }
    timely(|| {
        let unwanted = |_: &mut Worker, _: PanicsWhenDropped| ();
        let gate = Gate::new();
        let pool = Pool::builder().workers(1).queue(1).build();
        let running = pool.submit(pass_through, gate.pass());
        gate.wait_for(1);
        let queued = pool.submit(unwanted, PanicsWhenDropped);
        thread::scope(|scope| {
            // Released by the stop while it waits for room, or refused after the stop.
            let (about_to, ready) = bounded(1);
            let (pool, released) = (&pool, ready);
            let submitter = scope.spawn(move || {
                about_to.send(()).unwrap();
                pool.submit(unwanted, PanicsWhenDropped).join()
            });
            released.recv_timeout(PATIENCE).unwrap();
            pool.stop();
            assert_eq!(queued.join(), Err(JobError::Stopped));
            let refused = submitter.join().expect("submit does not panic");
            assert_eq!(refused, Err(JobError::Stopped));
        });
        gate.open();
        assert_eq!(running.join(), Ok("came through"));
    });
}
