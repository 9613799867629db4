//! A bounded queue between two stages: two fast millers, one slow baker, three sacks of room.
//!
//! The queue is the one that the bakers' pool has anyway. When it is full, `submit` waits, so the
//! millers never run far ahead, however much there is to mill. Milling a sack gives the handle of
//! its baking: the output of a job can be another job. It prints
//!
//! ```text
//! baked 20 sacks into 2100 loaves
//! between the stages at most 6 sacks: room for 3 in the queue, 1 with each worker
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use pfetch::pool::{JobError, Pool, Worker};

const SACKS: u32 = 20;
const ROOM: usize = 3;

fn main() -> Result<(), JobError> {
    let bakers = Pool::builder().workers(1).queue(ROOM).name("baker").build();
    let millers = Pool::builder().workers(2).name("miller").build();
    let between = Arc::new(Gauge::default());

    let seen = Arc::clone(&between);
    let bake = move |_: &mut Worker, kilos: u32| {
        seen.leave();
        thread::sleep(Duration::from_millis(5));
        kilos * 2
    };

    let seen = Arc::clone(&between);
    let mill = move |_: &mut Worker, sack: u32| {
        let flour = sack * 5;
        seen.enter();
        bakers.submit(bake.clone(), flour)
    };

    let mut loaves = 0;
    for baking in millers.map(mill, 1..=SACKS) {
        loaves += baking?.join()?;
    }
    println!("baked {SACKS} sacks into {loaves} loaves");

    let peak = between.peak.load(Ordering::Relaxed);
    println!(
        "between the stages at most {peak} sacks: room for {ROOM} in the queue, 1 with each worker"
    );
    Ok(())
}

/// How many are inside, and the most that ever were.
#[derive(Default)]
struct Gauge {
    inside: AtomicUsize,
    peak: AtomicUsize,
}

impl Gauge {
    fn enter(&self) {
        let inside = self.inside.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(inside, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::Relaxed);
    }
}
