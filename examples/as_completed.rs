//! Results in the order in which jobs end, and something to do when none has ended for a while.
//!
//! The iterator says which input each result belongs to. It can be waited on for a limited time,
//! and nothing is lost by a wait that was too short. It prints
//!
//! ```text
//! boil water took 100 ms
//! … waiting
//! lay the table took 250 ms
//! … waiting
//! cook pasta took 500 ms
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::thread;
use std::time::{Duration, Instant};

use pfetch::pool::{JobError, Pool, TimedOut, Worker};

const CHORES: [(&str, u64); 3] = [
    ("cook pasta", 500),
    ("boil water", 100),
    ("lay the table", 250),
];

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(CHORES.len()).build();
    let chore = |_: &mut Worker, (_, millis)| {
        let started = Instant::now();
        thread::sleep(Duration::from_millis(millis));
        started.elapsed().as_millis()
    };

    let mut chores = pool.as_completed(chore, CHORES);
    loop {
        match chores.next_timeout(Duration::from_millis(130)) {
            Ok(Some(done)) => println!("{} took {} ms", CHORES[done.index].0, done.result?),
            Ok(None) => return Ok(()),
            Err(TimedOut) => println!("… waiting"),
        }
    }
}
