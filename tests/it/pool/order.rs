//! `map` gives results in input order, `as_completed` in completion order; both look ahead a little.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use pfetch::pool::{JobError, Pool, TimedOut, Worker, as_completed};

use super::{Gate, PATIENCE, timely};

#[test]
fn map_gives_results_in_input_order_whatever_the_order_they_end_in() {
    timely(|| {
        // Each job ends only after the next one has: they end in reverse.
        let ended = Arc::new(Mutex::new(Vec::new()));
        let links: Vec<(Sender<()>, Receiver<()>)> = (0..4).map(|_| unbounded()).collect();
        let inputs: Vec<_> = (0..4)
            .map(|n: usize| (n, links.get(n + 1).map(|l| l.1.clone()), links[n].0.clone()))
            .collect();
        let log = Arc::clone(&ended);
        let pool = Pool::builder().workers(4).build();
        let results: Vec<_> = pool
            .map(
                move |_: &mut Worker, (n, behind, me): (_, Option<Receiver<()>>, Sender<()>)| {
                    if let Some(behind) = behind {
                        behind.recv().unwrap();
                    }
                    log.lock().unwrap().push(n);
                    me.send(()).unwrap();
                    n
                },
                inputs,
            )
            .collect();
        assert_eq!(results, [Ok(0), Ok(1), Ok(2), Ok(3)]);
        assert_eq!(*ended.lock().unwrap(), [3, 2, 1, 0], "the order of ending");
    });
}

#[test]
fn map_gives_a_failed_job_its_place() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let results: Vec<_> = pool
            .map(
                |_: &mut Worker, n: u32| {
                    assert!(n != 2, "two is out");
                    n
                },
                1..=3,
            )
            .collect();
        let two = Err(JobError::Panicked("two is out".to_owned()));
        assert_eq!(results, [Ok(1), two, Ok(3)]);
    });
}

#[test]
fn nothing_in_gives_nothing_out_and_starts_no_thread() {
    timely(|| {
        let pool = Pool::builder().workers(2).build();
        let same = |_: &mut Worker, n: u32| n;
        assert_eq!(pool.map(same, []).count(), 0);
        assert_eq!(pool.as_completed(same, []).count(), 0);
        assert_eq!(as_completed::<u32, _>([]).count(), 0);
        assert_eq!(pool.threads(), 0);
    });
}

#[test]
fn every_queue_size_carries_many_results() {
    timely(|| {
        for queue in [0, 1, 7, 1000] {
            let pool = Pool::builder().workers(3).queue(queue).build();
            let double = |_: &mut Worker, n: usize| n * 2;
            let mapped: Vec<_> = pool.map(double, 0..500).map(Result::unwrap).collect();
            let expected: Vec<_> = (0..500).map(|n| n * 2).collect();
            assert_eq!(mapped, expected, "map through a queue of {queue}");

            let mut completed: Vec<_> = pool
                .as_completed(double, 0..500)
                .map(|c| (c.index, c.result.unwrap()))
                .collect();
            completed.sort_unstable();
            let expected: Vec<_> = expected.into_iter().enumerate().collect();
            assert_eq!(
                completed, expected,
                "as_completed through a queue of {queue}"
            );
        }
    });
}

#[test]
fn as_completed_gives_results_as_jobs_end_with_the_position_of_their_input() {
    timely(|| {
        let pool = Pool::builder().workers(4).build();
        let gates: Vec<Gate> = (0..4).map(|_| Gate::new()).collect();
        let passes: Vec<_> = gates.iter().map(|gate| (gate.pass(), "done")).collect();
        let mut gates: Vec<_> = gates.into_iter().map(Some).collect();
        let mut results = pool.as_completed(
            |_: &mut Worker, (pass, word): (super::Pass, &'static str)| {
                pass.through();
                word
            },
            passes,
        );
        assert_eq!(results.next_timeout(Duration::ZERO), Err(TimedOut));
        for next in [2, 0, 3, 1] {
            gates[next].take().unwrap().open();
            let completed = results.next().unwrap();
            assert_eq!((completed.index, completed.result), (next, Ok("done")));
        }
        assert_eq!(results.next(), None);
        assert_eq!(results.next(), None, "and it stays at its end");
    });
}

#[test]
fn as_completed_gives_a_slow_job_its_own_position_after_many_quick_ones() {
    timely(|| {
        let gate = Gate::new();
        let pass = gate.pass();
        let pool = Pool::builder().workers(2).queue(1).build();
        let slow_first = move |_: &mut Worker, n: usize| {
            if n == 0 {
                pass.through();
            }
            n
        };
        let mut results = pool.as_completed(slow_first, 0..200);
        let quick: Vec<_> = results.by_ref().take(199).collect();
        gate.open();
        for (position, completed) in quick.iter().chain(&results.next()).enumerate() {
            assert_eq!(completed.result, Ok(completed.index));
            assert_eq!(
                completed.index,
                (position + 1) % 200,
                "one worker keeps the order"
            );
        }
        assert_eq!(results.next(), None);
    });
}

#[test]
fn next_timeout_gives_up_without_losing_anything() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let gate = Gate::new();
        let pass = gate.pass();
        let mut results = pool.as_completed(
            move |_: &mut Worker, n: u32| {
                pass.through();
                n
            },
            [7],
        );
        for _ in 0..3 {
            let early = results.next_timeout(Duration::from_millis(1));
            assert_eq!(early, Err(TimedOut), "the job cannot have ended");
        }
        gate.open();
        let completed = results.next_timeout(PATIENCE).unwrap().unwrap();
        assert_eq!((completed.index, completed.result), (0, Ok(7)));
        assert_eq!(results.next_timeout(Duration::ZERO), Ok(None));
    });
}

#[test]
fn next_timeout_may_be_as_long_as_time_itself() {
    timely(|| {
        let pool = Pool::builder().workers(1).build();
        let mut results = pool.as_completed(|_: &mut Worker, n: u32| n, [7]);
        let completed = results.next_timeout(Duration::MAX).unwrap().unwrap();
        assert_eq!(completed.result, Ok(7));
    });
}

#[test]
fn as_completed_follows_jobs_of_several_pools() {
    timely(|| {
        let gate = Gate::new();
        let (slow, fast) = (
            Pool::builder().workers(1).build(),
            Pool::builder().workers(1).build(),
        );
        let pass = gate.pass();
        let held = slow.submit(move |_: &mut Worker, ()| pass.through(), ());
        let free = fast.submit(|_: &mut Worker, ()| (), ());
        // A job that had ended before it was followed counts as well.
        fast.join();
        assert!(free.is_done() && !held.is_done());
        let mut ends = as_completed([held, free]);
        assert_eq!(ends.next().unwrap().index, 1);
        gate.open();
        assert_eq!(ends.next().unwrap().index, 0);
        assert_eq!(ends.next(), None);
    });
}

/// An endless iterator of numbers, and the count of those taken.
fn endless() -> (impl Iterator<Item = usize>, Rc<Cell<usize>>) {
    let pulled = Rc::new(Cell::new(0));
    let count = Rc::clone(&pulled);
    let numbers = (0..).inspect(move |_| count.set(count.get() + 1));
    (numbers, pulled)
}

#[test]
fn map_is_lazy_and_its_look_ahead_is_workers_and_queue() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(3).build();
        let (numbers, pulled) = endless();
        let mut results = pool.map(|_: &mut Worker, n: usize| n, numbers);
        assert_eq!(pulled.get(), 0, "pulled before the first `next`");
        assert_eq!(pool.threads(), 0, "threads before the first `next`");
        for n in 0..100 {
            assert_eq!(results.next(), Some(Ok(n)));
            assert_eq!(pulled.get(), n + 2 + 3, "pulled for result {n}");
        }
    });
}

#[test]
fn as_completed_is_lazy_and_its_look_ahead_is_workers_and_queue() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(3).build();
        let (numbers, pulled) = endless();
        let mut results = pool.as_completed(|_: &mut Worker, n: usize| n, numbers);
        assert_eq!(pulled.get(), 0, "pulled before the first `next`");
        assert_eq!(pool.threads(), 0, "threads before the first `next`");
        for given in 0..100 {
            let completed = results.next().unwrap();
            assert_eq!(completed.result, Ok(completed.index));
            assert_eq!(pulled.get(), given + 2 + 3, "pulled for result {given}");
        }
    });
}

#[test]
fn a_map_may_be_left_half_way() {
    timely(|| {
        let pool = Pool::builder().workers(2).queue(2).build();
        let (numbers, _) = endless();
        let same = |_: &mut Worker, n: usize| n;
        let some: Vec<_> = pool.map(same, numbers).take(10).collect();
        assert_eq!(some, (0..10).map(Ok).collect::<Vec<_>>());
        pool.join();
        assert_eq!(pool.submit(same, 5).join(), Ok(5));
    });
}
