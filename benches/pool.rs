//! What the pool costs by itself: empty jobs through its public API, against a bare channel loop.
//!
//! The bare loop is the least that gives the same service: as many threads on one bounded channel
//! of the same length, from which they take **boxed closures**, and a second channel by which they
//! send each result back with its index. Boxed closures, because a queue of jobs of many kinds has
//! to erase their types somehow; a loop over plain numbers could run one kind of job only. That
//! loop is here as well, as `plain messages`, to show what the boxes cost. Neither of the two
//! catches panics, stops, counts its jobs or lets anyone wait for one of them alone.
//!
//! Threads are started once, before the clock: this measures dispatch. Each worker count is taken
//! with the pool's default queue, twice the workers, and with a queue of 1024. With one worker and
//! a queue of two, sender and worker wait for each other all the time: that measures how the system
//! switches threads, varies severalfold from run to run, and says little about the pool.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use pfetch::pool::{JobHandle, Pool, Worker};

const JOBS: usize = 100_000;

/// The body of every job: nothing.
fn empty(n: usize) -> usize {
    black_box(n)
}

/// Threads on a bounded channel, each message of which `run` turns into a result.
struct Bare<M> {
    jobs: Sender<M>,
    results: Receiver<(usize, usize)>,
}

type Boxed = Box<dyn FnOnce() -> (usize, usize) + Send>;

impl<M: Send + 'static> Bare<M> {
    fn new(workers: usize, queue: usize, run: fn(M) -> (usize, usize)) -> Self {
        let (jobs, queue) = bounded::<M>(queue);
        let (give, results) = unbounded();
        for _ in 0..workers {
            let (queue, give) = (queue.clone(), give.clone());
            // Ends when this value, and with it the sender, is dropped.
            thread::spawn(move || {
                for job in queue {
                    let _ = give.send(run(job));
                }
            });
        }
        Bare { jobs, results }
    }

    /// Sends all jobs, then collects all results in the order of their index.
    fn run(&self, make: impl Fn(usize) -> M) -> Vec<usize> {
        for n in 0..JOBS {
            assert!(self.jobs.send(make(n)).is_ok(), "the threads have ended");
        }
        let mut collected = vec![0; JOBS];
        for (n, result) in self.results.iter().take(JOBS) {
            collected[n] = result;
        }
        collected
    }
}

fn dispatch(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("dispatch");
    group
        .throughput(Throughput::Elements(JOBS as u64))
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for (workers, queue) in [(1, 2), (2, 4), (8, 16), (1, 1024), (2, 1024), (8, 1024)] {
        let setting = format!("{workers} workers, queue of {queue}");
        let plain = Bare::new(workers, queue, |n| (n, empty(n)));
        group.bench_function(BenchmarkId::new("plain messages", &setting), |bencher| {
            bencher.iter(|| plain.run(|n| n));
        });

        let boxed = Bare::new(workers, queue, |job: Boxed| job());
        group.bench_function(BenchmarkId::new("boxed closures", &setting), |bencher| {
            bencher.iter(|| boxed.run(|n| Box::new(move || (n, empty(n)))));
        });

        let pool = Pool::builder().workers(workers).queue(queue).build();
        let action = |_: &mut Worker, n| empty(n);
        group.bench_function(BenchmarkId::new("pool submit", &setting), |bencher| {
            bencher.iter(|| {
                let handles: Vec<_> = (0..JOBS).map(|n| pool.submit(action, n)).collect();
                handles
                    .into_iter()
                    .map(JobHandle::join)
                    .collect::<Result<Vec<_>, _>>()
            });
        });
        group.bench_function(BenchmarkId::new("pool map", &setting), |bencher| {
            bencher.iter(|| pool.map(action, 0..JOBS).collect::<Result<Vec<_>, _>>());
        });
        group.bench_function(BenchmarkId::new("pool as_completed", &setting), |bencher| {
            bencher.iter(|| {
                let mut collected = vec![0; JOBS];
                for completed in pool.as_completed(action, 0..JOBS) {
                    collected[completed.index] = completed.result.unwrap_or(0);
                }
                collected
            });
        });
    }
    group.finish();
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
