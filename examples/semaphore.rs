//! At most two at a time, on a pool that could do six.
//!
//! The permit is taken before the job is submitted and travels inside its arguments, so no worker
//! is ever lost to waiting for one; it is given back when the job ends, by a panic too. Give the
//! semaphore a key instead of `()`, such as a host name, and it counts for each key. It prints
//!
//! ```text
//! Ada is in, 1 inside
//! Barbara is in, 2 inside
//! …
//! 6 visitors, never more than 2 inside
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pfetch::pool::{JobError, Permit, Pool, Semaphore, Worker};

const VISITORS: [&str; 6] = ["Ada", "Barbara", "Edsger", "Frances", "Grace", "Tony"];

/// A count beside the semaphore's own, so that the example proves something.
static INSIDE: AtomicUsize = AtomicUsize::new(0);

fn visit(_: &mut Worker, (name, _permit): (&str, Permit)) -> usize {
    let inside = INSIDE.fetch_add(1, Ordering::SeqCst) + 1;
    println!("{name} is in, {inside} inside");
    thread::sleep(Duration::from_millis(50));
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    inside
}

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(VISITORS.len()).build();
    let places = Semaphore::new(2);

    let visits = VISITORS.map(|name| pool.submit(visit, (name, places.acquire(()))));

    let mut most = 0;
    for visit in visits {
        most = most.max(visit.join()?);
    }
    println!("{} visitors, never more than {most} inside", VISITORS.len());
    Ok(())
}
