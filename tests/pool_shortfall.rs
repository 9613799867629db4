//! A pool whose threads the system refuses. The refusals are real: the stack asked for is more than the
//! address space holds, all of it or (in a child process) the part that is left.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod timely;

use std::env;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use pfetch::pool::{JobError, Pool, Shortfall, Worker};

use timely::timely;

/// Set in a child process, which then runs the test's body instead of starting a child.
const IN_CHILD: &str = "PFETCH_TEST_IN_CHILD";

const GIB: usize = 1 << 30;

/// The address space of a child process: room for a few stacks of 1 GiB (which take no memory
/// until they are used), and by its size nowhere near a boundary that decides how many.
const CHILD_KIB: usize = 4 * GIB / 1024 + GIB / 2048;

fn same(_: &mut Worker, n: usize) -> usize {
    n
}

/// Runs `body`, the one of the test called `name`, in a child process with a small address space.
fn in_small_process(name: &str, body: fn()) {
    if env::var_os(IN_CHILD).is_some() {
        return timely(body);
    }
    let test = env::current_exe().expect("a test knows its own path");
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v {CHILD_KIB} && exec \"$0\" \"$@\""))
        .arg(test)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(IN_CHILD, "1")
        // One arena: glibc would otherwise reserve 64 MiB of address space for each thread.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .expect("there is a shell");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stdout.contains("1 passed"),
        "{}\n--- stdout\n{stdout}\n--- stderr\n{stderr}",
        output.status
    );
}

#[test]
fn no_thread_at_all_fails_each_job_with_the_reason() {
    timely(no_thread);
}

fn no_thread() {
    let pool = Pool::builder().workers(4).stack_size(1 << 60).build();
    let Err(JobError::NoWorker(reason)) = pool.submit(same, 1).join() else {
        panic!("a thread with a stack of 2^60 bytes was started");
    };
    assert!(!reason.is_empty());
    let no_worker = Err(JobError::NoWorker(reason.clone()));
    let tried = pool.try_submit(same, 2).expect("the queue has room");
    assert_eq!(tried.join(), no_worker);
    let mapped: Vec<_> = pool.map(same, 0..20).collect();
    assert_eq!(mapped, vec![no_worker; 20]);
    let expected = Shortfall {
        started: 0,
        wanted: 4,
        reason,
    };
    assert_eq!(pool.shortfall(), Some(expected));
    assert_eq!(pool.threads(), 0);
    pool.join();
    assert_eq!(pool.shutdown(Duration::ZERO), Ok(()));
}

#[test]
fn fewer_threads_than_wanted_do_all_the_work() {
    in_small_process("fewer_threads_than_wanted_do_all_the_work", fewer_threads);
}

fn fewer_threads() {
    let pool = Pool::builder().workers(64).stack_size(GIB).build();
    let results: Vec<_> = pool.map(same, 0..1000).collect();
    assert_eq!(results, (0..1000).map(Ok).collect::<Vec<_>>());
    let threads = pool.threads();
    assert!((1..=4).contains(&threads), "{threads} stacks of 1 GiB");
    let shortfall = pool.shortfall().expect("64 GiB do not fit");
    assert_eq!((shortfall.started, shortfall.wanted), (threads, 64));
    let text = shortfall.to_string();
    let beginning = format!("only {threads} of 64 worker threads could be started (");
    assert!(text.starts_with(&beginning), "{text}");
    // All of them are at work at the same time.
    let all_here = Arc::new(Barrier::new(threads));
    let meet = move |_: &mut Worker, _: usize| all_here.wait().is_leader();
    let leaders = pool.map(meet, 0..threads).filter(|r| *r == Ok(true));
    assert_eq!(leaders.count(), 1);
}

#[test]
fn a_pool_refused_its_first_thread_recovers_when_the_system_does() {
    in_small_process(
        "a_pool_refused_its_first_thread_recovers_when_the_system_does",
        refused_and_recovered,
    );
}

fn refused_and_recovered() {
    let pool = Pool::builder().workers(2).stack_size(GIB).build();
    // Address space only: nothing is written to these, so they take no memory.
    let mut hog: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut piece = Vec::new();
        if piece.try_reserve_exact(GIB / 2).is_err() {
            break;
        }
        hog.push(piece);
    }
    let refused = pool.submit(same, 1).join();
    assert!(matches!(refused, Err(JobError::NoWorker(_))), "{refused:?}");
    drop(hog);
    // Both threads can start now, so both come to the meeting, and nothing is short any more.
    let both_here = Arc::new(Barrier::new(2));
    let meet = move |_: &mut Worker, _: usize| both_here.wait().is_leader();
    let leaders = pool.map(meet, 0..2).filter(|r| *r == Ok(true));
    assert_eq!(leaders.count(), 1);
    assert_eq!(pool.threads(), 2);
    assert_eq!(pool.shortfall(), None);
}
