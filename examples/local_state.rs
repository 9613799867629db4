//! Each worker has a state of its own, made on its own thread: no lock, no `thread_local!`.
//!
//! Here every clerk has a desk. The paper on it is a buffer that is written anew for each letter and
//! allocated once; the stamp is an `Rc`, which could not even be sent to another thread. It prints,
//! with counts that differ from run to run,
//!
//! ```text
//! the first letter: [desk 0] dear reader 1
//! clerk-0 stamped 4 letters
//! clerk-1 stamped 5 letters
//! clerk-2 stamped 3 letters
//! 12 letters in all
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use pfetch::pool::{JobError, Pool, Worker};

struct Desk {
    stamp: Rc<str>,
    paper: String,
    letters: u32,
}

impl Desk {
    fn new(index: usize) -> Self {
        Desk {
            stamp: format!("[desk {index}]").into(),
            paper: String::with_capacity(80),
            letters: 0,
        }
    }
}

/// What a clerk has to say about a letter: its own name, its count so far, and the text.
fn stamp(worker: &mut Worker<Desk>, number: u32) -> (String, u32, String) {
    let desk = &mut worker.state;
    desk.letters += 1;
    desk.paper.clear();
    write!(desk.paper, "{} dear reader {number}", desk.stamp).expect("a string takes any text");
    thread::sleep(Duration::from_millis(5));

    let clerk = thread::current().name().unwrap_or("nobody").to_owned();
    (clerk, desk.letters, desk.paper.clone())
}

fn main() -> Result<(), JobError> {
    let pool = Pool::builder()
        .workers(3)
        .name("clerk")
        .state(Desk::new)
        .build();

    let mut tally = BTreeMap::new();
    for stamped in pool.map(stamp, 1..=12) {
        let (clerk, count, text) = stamped?;
        if tally.is_empty() {
            println!("the first letter: {text}");
        }
        tally.insert(clerk, count);
    }
    for (clerk, count) in &tally {
        println!("{clerk} stamped {count} letters");
    }
    println!("{} letters in all", tally.values().sum::<u32>());
    Ok(())
}
