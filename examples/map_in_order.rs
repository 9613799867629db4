//! Results in the order of the inputs, whichever job ends first, from an input without an end.
//!
//! The first job sleeps longest and is printed first all the same. `map` is lazy: it reads only as
//! many inputs ahead as workers and queue can hold (here 4 + 4), so `1..` is a fine list of inputs.
//! It prints
//!
//! ```text
//! 1 squared is 1
//! 2 squared is 4
//! 3 squared is 9
//! 4 squared is 16
//! 5 squared is 25
//! and 12 inputs were read
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::thread;
use std::time::Duration;

use pfetch::pool::{JobError, Pool, Worker};

fn square(_: &mut Worker, n: u64) -> u64 {
    thread::sleep(Duration::from_millis(100_u64.saturating_sub(20 * n)));
    n * n
}

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(4).queue(4).build();
    let mut read = 0;
    let numbers = (1..).inspect(|&n| read = n);

    for (n, squared) in (1..=5).zip(pool.map(square, numbers)) {
        println!("{n} squared is {}", squared?);
    }

    println!("and {read} inputs were read");
    Ok(())
}
