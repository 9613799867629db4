//! Empty jobs on the pool and on a bare channel loop, as a process of its own: `jobs WAY WORKERS COUNT`.

use std::process::ExitCode;

use pfetch::pool::{JobHandle, Pool, Worker};

use crate::bare::{Bare, Boxed, empty};

/// The ways to run them.
pub(crate) const WAYS: [&str; 4] = ["channel", "submit", "map", "as_completed"];

pub(crate) fn main(args: &[String]) -> ExitCode {
    let [way, workers, count] = args else {
        eprintln!("jobs WAY WORKERS COUNT");
        return ExitCode::from(2);
    };
    let (Ok(workers), Ok(count)) = (workers.parse::<usize>(), count.parse::<usize>()) else {
        eprintln!("WORKERS and COUNT are numbers");
        return ExitCode::from(2);
    };
    // The same for all: long enough that sender and workers do not wait for each other all the time.
    const QUEUE: usize = 1024;
    let sum: usize = if way == "channel" {
        let bare = Bare::new(workers, QUEUE, |job: Boxed| job());
        let results = bare.run(count, |n| Box::new(move || (n, empty(n))));
        results.into_iter().sum()
    } else {
        let pool = Pool::builder().workers(workers).queue(QUEUE).build();
        let action = |_: &mut Worker, n| empty(n);
        match way.as_str() {
            "submit" => {
                let handles: Vec<_> = (0..count).map(|n| pool.submit(action, n)).collect();
                handles
                    .into_iter()
                    .filter_map(|handle| JobHandle::join(handle).ok())
                    .sum()
            }
            "map" => pool.map(action, 0..count).filter_map(Result::ok).sum(),
            "as_completed" => {
                let mut results = vec![0; count];
                for completed in pool.as_completed(action, 0..count) {
                    results[completed.index] = completed.result.unwrap_or(0);
                }
                results.into_iter().sum()
            }
            _ => 0,
        }
    };
    if sum == count * (count - 1) / 2 {
        ExitCode::SUCCESS
    } else {
        eprintln!("jobs: {way} lost some of them");
        ExitCode::FAILURE
    }
}
