//! The semaphore: never more permits than its limit, for each key.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::unbounded;
use pfetch::pool::{Permit, Pool, Semaphore, Worker};

use super::{Gate, PATIENCE, silent, timely};

#[test]
fn never_more_than_the_limit_are_inside() {
    timely(|| {
        let semaphore = Semaphore::new(3);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _permit = semaphore.acquire(());
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        let most = most.into_inner();
        assert!((1..=3).contains(&most), "{most} inside at once");
        assert_eq!(semaphore.held(&()), 0);
    });
}

#[test]
fn as_many_as_the_limit_get_in() {
    let semaphore = Semaphore::new(3);
    let permits: Vec<_> = (0..3).filter_map(|_| semaphore.try_acquire("a")).collect();
    assert_eq!((permits.len(), semaphore.held(&"a")), (3, 3));
    assert!(semaphore.try_acquire("a").is_none());
    drop(permits);
    assert_eq!(semaphore.held(&"a"), 0);
    assert!(semaphore.try_acquire("a").is_some());
}

#[test]
fn keys_do_not_hinder_each_other() {
    timely(|| {
        let semaphore = Semaphore::new(1);
        let a = semaphore.acquire("a");
        // With `a` taken this would wait for ever if keys were one.
        let b = semaphore.acquire("b");
        assert!(semaphore.try_acquire("a").is_none());
        assert!(semaphore.try_acquire("b").is_none());
        drop(a);
        assert!(semaphore.try_acquire("b").is_none(), "a's place is not b's");
        drop(b);
        assert!(semaphore.try_acquire("b").is_some());
    });
}

#[test]
fn acquire_waits_for_a_permit_to_be_given_back() {
    timely(|| {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.acquire("a");
        let other = semaphore.acquire("b");
        let (tell, told) = unbounded();
        thread::scope(|scope| {
            let clone = semaphore.clone();
            scope.spawn(move || {
                let _permit = clone.acquire("a");
                tell.send(()).unwrap();
            });
            let mut waits = silent(&told);
            drop(other);
            waits &= silent(&told);
            drop(permit);
            assert!(waits, "it got in while the only place was taken");
            assert_eq!(told.recv_timeout(PATIENCE), Ok(()));
        });
    });
}

#[test]
fn acquire_timeout_gives_up_or_gets_in() {
    timely(|| {
        let semaphore = Semaphore::new(1);
        let permit = semaphore.acquire(());
        for timeout in [Duration::ZERO, Duration::from_millis(1)] {
            assert!(semaphore.acquire_timeout((), timeout).is_none());
        }
        assert_eq!(semaphore.held(&()), 1, "giving up takes no place");
        thread::scope(|scope| {
            let waiter = scope.spawn(|| semaphore.acquire_timeout((), PATIENCE).is_some());
            drop(permit);
            assert!(waiter.join().unwrap());
        });
        assert!(semaphore.acquire_timeout((), Duration::MAX).is_some());
    });
}

#[test]
fn a_permit_moves_into_a_job_and_is_given_back_by_its_end() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let semaphore = Semaphore::new(1);
        let gate = Gate::new();
        let pass = gate.pass();
        let job = move |_: &mut Worker, _permit: Permit<&'static str>| pass.through();
        let held = pool.submit(job, semaphore.acquire("a"));
        gate.wait_for(1);
        assert!(semaphore.try_acquire("a").is_none());
        gate.open();
        held.join().unwrap();
        assert!(semaphore.try_acquire("a").is_some());
        // A job that panics, and one that never runs, release theirs too.
        let failing = |_: &mut Worker, _permit: Permit<&'static str>| panic!("with the permit");
        let failed: Result<(), _> = pool.submit(failing, semaphore.acquire("a")).join();
        assert!(failed.is_err());
        assert_eq!(semaphore.held(&"a"), 0);
        pool.stop();
        let unrun: Result<(), _> = pool.submit(failing, semaphore.acquire("a")).join();
        assert!(unrun.is_err());
        assert_eq!(semaphore.held(&"a"), 0);
    });
}

#[test]
fn a_semaphore_limits_jobs_below_the_number_of_workers() {
    timely(|| {
        let pool = Pool::builder().workers(6).build();
        let semaphore = Semaphore::new(2);
        let inside = Arc::new(AtomicUsize::new(0));
        let job = move |_: &mut Worker, host: &'static str| {
            let _permit = semaphore.acquire(host);
            let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
            thread::yield_now();
            inside.fetch_sub(1, Ordering::SeqCst);
            now
        };
        let hosts = (0..300).map(|_| "a.example");
        let most = pool.map(job, hosts).map(Result::unwrap).max();
        assert!(most <= Some(2), "{most:?} at once");
    });
}

#[test]
#[should_panic(expected = "a semaphore needs at least one permit")]
fn a_limit_of_none_is_refused() {
    let _ = Semaphore::<()>::new(0);
}
