//! The cost of the pool by itself: empty jobs through its public API, against a bare channel loop.
//!
//! The bare loop (`support/bare.rs`) is the least that gives the same service. One over plain numbers
//! is here as well, as `plain messages`, to show what its boxes cost. Neither of the two catches
//! panics, stops, counts its jobs or lets anyone wait for one of them alone.
//!
//! Threads are started once, before the clock: this measures dispatch. Each worker count is taken
//! with the pool's default queue, twice the workers, and with a queue of 1024. With one worker and
//! a queue of two, sender and worker wait for each other all the time: that measures how the system
//! switches threads, varies severalfold from run to run, and says little about the pool.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pfetch::pool::{JobHandle, Pool, Worker};

#[path = "support/bare.rs"]
mod bare;

use bare::{Bare, Boxed, empty};

const JOBS: usize = 100_000;

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
            bencher.iter(|| plain.run(JOBS, |n| n));
        });

        let boxed = Bare::new(workers, queue, |job: Boxed| job());
        group.bench_function(BenchmarkId::new("boxed closures", &setting), |bencher| {
            bencher.iter(|| boxed.run(JOBS, |n| Box::new(move || (n, empty(n)))));
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
