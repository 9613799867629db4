//! One pool, jobs of several kinds: two `Action` types and a closure go through one queue.
//!
//! There are as many workers as processors. Every job has a slot of its own for its output, which
//! keeps the output's type: no container of untyped results, and no cast to get one back. It prints
//!
//! ```text
//! to the power of 3: [1, 8, 27, 64]
//! words: 9
//! reversed: hctefp
//! ```

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use pfetch::pool::{Action, JobError, Pool, Worker};

/// Raises a number to a power. What all its jobs have in common is in the action…
#[derive(Clone, Copy)]
struct Power {
    exponent: u32,
}

/// …and what each has for itself comes as the argument.
impl Action<(), u64> for Power {
    type Output = u64;

    fn run(&self, _worker: &mut Worker, base: u64) -> u64 {
        base.pow(self.exponent)
    }
}

/// Counts the words of a text.
struct CountWords;

impl Action<(), &'static str> for CountWords {
    type Output = usize;

    fn run(&self, _worker: &mut Worker, text: &'static str) -> usize {
        text.split_whitespace().count()
    }
}

fn main() -> Result<(), JobError> {
    let pool = Pool::builder().workers(num_cpus::get()).build();

    let cube = Power { exponent: 3 };
    let cubes: Vec<_> = (1..=4).map(|base| pool.submit(cube, base)).collect();
    let words = pool.submit(CountWords, "the quick brown fox jumps over the lazy dog");
    let reversed = pool.submit(
        |_: &mut Worker, text: String| text.chars().rev().collect::<String>(),
        "pfetch".to_owned(),
    );

    // From here on every slot is filled, and joining a handle does not wait.
    pool.join();

    let cubes = cubes.into_iter().map(|job| job.join());
    println!(
        "to the power of 3: {:?}",
        cubes.collect::<Result<Vec<_>, _>>()?
    );
    println!("words: {}", words.join()?);
    println!("reversed: {}", reversed.join()?);
    Ok(())
}
