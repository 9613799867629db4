//! Sweeps over given numbers of workers, in rounds.

use std::io;

use super::runner::{SweepRunner, SweptRuns};
use crate::measure::MeasuredRun;
use crate::model::event::Listener;

/// Makes all runs, in rounds that go up and down in turn.
pub(super) fn in_rounds<E: From<io::Error>>(
    counts: &[usize],
    warmups: u32,
    rounds: u32,
    runner: &mut SweepRunner<'_, impl FnMut(usize, &mut dyn Listener) -> Result<MeasuredRun, E>>,
) -> Result<SweptRuns, E> {
    let mut counts = counts.to_vec();
    counts.sort_unstable();
    counts.dedup();
    runner.plan((warmups + rounds) * u32::try_from(counts.len()).unwrap_or(u32::MAX));
    let mut swept: SweptRuns = counts.iter().map(|n| (*n, Vec::new())).collect();
    for round in 0..warmups + rounds {
        let pair = (round + 1).saturating_sub(warmups);
        let mut order: Vec<usize> = (0..swept.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for position in order {
            let (workers, runs) = &mut swept[position];
            match runner.run(*workers, pair)? {
                Some(run) if pair > 0 => runs.push(run),
                Some(_) => {}
                None => return Ok(whole_rounds(swept)),
            }
        }
    }
    Ok(swept)
}

/// The runs of the rounds that are whole; of the first one, if none is, those that were made.
fn whole_rounds(mut swept: SweptRuns) -> SweptRuns {
    let whole = swept.iter().map(|(_, runs)| runs.len()).min();
    let whole = whole.unwrap_or_default().max(1);
    swept.iter_mut().for_each(|(_, runs)| runs.truncate(whole));
    swept.retain(|(_, runs)| !runs.is_empty());
    swept
}
