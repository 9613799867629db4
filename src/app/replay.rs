//! Runs that are over, reported again.

use std::io::{self, Read};

use super::{Baselines, Problem, complain, exports, listener, open_lists};
use crate::cli::{Ending, Plan};
use crate::pool::StopToken;
use crate::replay::{ReplayError, replay};
use crate::signals::Watch;

pub(super) fn try_replay(plan: &Plan) -> Result<Ending, Problem> {
    let files: Vec<(String, Box<dyn Read>)> = open_lists(&plan.replay)?
        .into_iter()
        .map(|list| -> (String, Box<dyn Read>) { (list.name, list.bytes) })
        .collect();
    let stop = StopToken::new();
    let signals = Watch::start(stop.clone())
        .map_err(|error| Problem::local("cannot watch for signals", &error))?;
    let mut baselines = Baselines::open(plan)?;
    let reports = listener(plan, None, None, exports(plan)?)
        .map_err(|error| Problem::local("cannot report", &error))?;
    let mut listener = baselines.keep(reports);
    let told = replay(files, &mut listener, || stop.is_stopped());
    let mut ending = Ending {
        signal: signals.received(),
        ..Ending::default()
    };
    // What was reported before a bad line comes first.
    let kept = listener.into_run();
    match told {
        Ok(()) => {}
        Err(ReplayError::Listener(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ending.broken_pipe = true;
        }
        Err(error) => {
            complain(&error.to_string());
            match error {
                ReplayError::Listener(_) => ending.local = true,
                _ => ending.usage = true,
            }
        }
    }
    baselines.save(kept, &mut ending);
    Ok(ending)
}
