//! A worker that says it is still running until it is told to stop.
//!
//! Waiting on the stop token is a sleep that a stop cuts short, so the worker ends at once and not
//! at the end of its nap. A job that was still in the queue is thrown away, and its handle says so.
//! It prints
//!
//! ```text
//! pfetch-worker-0 is still running (1)
//! pfetch-worker-0 is still running (2)
//! pfetch-worker-0 is still running (3)
//! telling it to stop
//! pfetch-worker-0 has stopped
//! the job behind it: the pool was stopped before the job started
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use pfetch::pool::{JobError, Pool, Worker};

fn run_until_stopped(worker: &mut Worker, said: Sender<String>) -> String {
    let name = thread::current().name().unwrap_or("nobody").to_owned();
    for round in 1.. {
        if worker.stop_token().wait_timeout(Duration::from_millis(100)) {
            break;
        }
        // Nobody may be listening any more; that is no reason to end.
        let _ = said.send(format!("{name} is still running ({round})"));
    }
    format!("{name} has stopped")
}

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(1).build();
    let (said, hears) = mpsc::channel();
    let runner = pool.submit(run_until_stopped, said);
    let behind = pool.submit(|_: &mut Worker, ()| "never printed", ());

    for line in hears.iter().take(3) {
        println!("{line}");
    }
    println!("telling it to stop");
    pool.stop();

    println!("{}", runner.join()?);
    match behind.join() {
        Ok(line) => println!("{line}"),
        Err(error) => println!("the job behind it: {error}"),
    }
    Ok(())
}
