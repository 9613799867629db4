//! Ten one-second sleeps on ten workers take one second, not ten.
//!
//! The jobs do nothing but wait, as a download mostly does, and waiting costs no processor: even a
//! single core can do ten waits at once. It prints
//!
//! ```text
//! 10 sleeps on 10 workers:  1.00 s
//! one after the other:     10.00 s
//! speedup:                 10.0
//! ```
//!
//! The second line is not waited for: it is the sum of what the ten jobs measured.

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::thread;
use std::time::{Duration, Instant};

use pfetch::pool::{JobError, Pool, Worker};

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(10).build();
    let nap = |_: &mut Worker, length: Duration| {
        let asleep = Instant::now();
        thread::sleep(length);
        asleep.elapsed()
    };

    let started = Instant::now();
    let serial: Duration = pool
        .map(nap, [Duration::from_secs(1); 10])
        .sum::<Result<_, _>>()?;
    let parallel = started.elapsed();

    let (serial, parallel) = (serial.as_secs_f64(), parallel.as_secs_f64());
    println!("10 sleeps on 10 workers: {parallel:5.2} s");
    println!("one after the other:     {serial:5.2} s");
    println!("speedup:                 {:4.1}", serial / parallel);
    Ok(())
}
