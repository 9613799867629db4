//! Pools leak no thread and no memory. A binary of its own with one test: it counts the threads of the whole
//! process, so nothing else may run in it.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "the test's body stands outside its function, and an unwrap there is an assertion too"
)]

mod timely;

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use pfetch::pool::{Pool, StillRunning, Worker};

use timely::{PATIENCE, timely};

fn threads() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has /proc");
    status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"))
        .and_then(|count| count.trim().parse().ok())
        .expect("the status counts the threads")
}

/// Waits until the process has `expected` threads. The kernel takes a joined thread off the list a
/// moment after its end, so this has to look more than once.
fn settles_at(expected: usize) {
    let started = Instant::now();
    while threads() != expected {
        assert!(
            started.elapsed() < PATIENCE,
            "{} threads, where there should be {expected}",
            threads()
        );
        thread::yield_now();
    }
}

/// Runs until the other end of its argument is dropped.
fn hold(_: &mut Worker, held: Receiver<()>) {
    assert!(held.recv_timeout(PATIENCE).is_err());
}

fn panic_now(_: &mut Worker, (): ()) {
    panic!("on purpose");
}

#[test]
fn threads_and_memory_come_back_however_a_pool_ends() {
    timely(come_back);
}

fn come_back() {
    let before = threads();

    // Dropped after work, some of which panicked.
    let pool = Pool::builder().workers(20).build();
    let (gate, held) = bounded(0);
    let jobs: Vec<_> = (0..20).map(|_| pool.submit(hold, held.clone())).collect();
    assert_eq!(threads(), before + 20);
    drop(gate);
    jobs.into_iter().for_each(|job| job.join().unwrap());
    assert!((0..50).all(|_| pool.submit(panic_now, ()).join().is_err()));
    assert_eq!(threads(), before + 20, "panics cost no threads");
    drop(pool);
    settles_at(before);

    // Shut down, and left behind by a shutdown while it was stuck.
    let pool = Pool::builder().workers(20).build();
    assert!(
        pool.map(|_: &mut Worker, _: u32| (), 0..100)
            .all(|r| r.is_ok())
    );
    assert_eq!(pool.shutdown(PATIENCE), Ok(()));
    settles_at(before);
    let pool = Pool::builder().workers(1).build();
    let (gate, held) = bounded(0);
    let stuck = pool.submit(hold, held);
    let left = pool.shutdown(Duration::from_millis(1));
    assert_eq!(left, Err(StillRunning { workers: 1 }));
    assert_eq!(threads(), before + 1);
    drop(gate);
    stuck.join().unwrap();
    settles_at(before);

    // Dropped by its own job.
    let pool = Arc::new(Pool::builder().workers(2).build());
    let (gate, held) = bounded::<()>(0);
    let job = pool.submit(
        |_: &mut Worker, (pool, held): (Arc<Pool>, Receiver<()>)| {
            assert!(held.recv_timeout(PATIENCE).is_err());
            drop(pool);
        },
        (Arc::clone(&pool), held),
    );
    drop(pool);
    drop(gate);
    job.join().unwrap();
    settles_at(before);

    // A hundred pools: stopped with jobs in the queue, or dropped as they are. What their jobs,
    // outputs and states hold is counted by one `Arc`.
    let held = Arc::new(());
    for round in 0..100 {
        let state = Arc::clone(&held);
        let pool = Pool::builder()
            .workers(3)
            .queue(10)
            .state(move |_| Arc::clone(&state))
            .build();
        let share = |worker: &mut Worker<Arc<()>>, args: Arc<()>| (Arc::clone(&worker.state), args);
        let handles: Vec<_> = (0..10)
            .map(|_| pool.submit(share, Arc::clone(&held)))
            .collect();
        if round % 2 == 0 {
            pool.stop();
        }
        drop(pool);
        assert!(handles.iter().all(|handle| handle.is_done()));
    }
    settles_at(before);
    assert_eq!(Arc::strong_count(&held), 1);
}
