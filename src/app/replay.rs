//! Runs that are over, reported again.

use std::io::{self, Read};

use super::{Baselines, Problem, complain, exports, judge, listener, open_lists};
use crate::app::signals::Watch;
use crate::cli::{Ending, Plan};
use crate::measure::Estimate;
use crate::measure::assert::RunFigures;
use crate::measure::baseline::BaselineRecorder;
use crate::measure::runs::Runs;
use crate::model::event::{Event, Listener};
use crate::model::measurement::{Comparison, Sweep};
use crate::model::summary::Summary;
use crate::pool::StopToken;
use crate::report::Fanout;
use crate::report::replay::{ReplayError, replay};

pub(super) fn try_replay(plan: &Plan) -> Result<Ending, Problem> {
    let files: Vec<(String, Box<dyn Read>)> = open_lists(&plan.replay)?
        .into_iter()
        .map(|list| -> (String, Box<dyn Read>) { (list.name, list.bytes) })
        .collect();
    let stop = StopToken::new();
    let signals = Watch::start(stop.clone())
        .map_err(|error| Problem::local("cannot watch for signals", &error))?;
    let mut baselines = Baselines::open(plan)?;
    let reports = listener(plan, signals.patience(), None, None, exports(plan)?)
        .map_err(|error| Problem::local("cannot report", &error))?;
    let mut listener = baselines.keep(reports);
    let mut ending = Ending::default();
    let mut all = Everybody {
        inner: &mut listener,
        // Nothing is lost by going on for reports in files, and they are whole then.
        goes_on: !plan.exports.is_empty(),
        failed: None,
    };
    let told = tell(plan, files, &mut all, &stop, &mut ending);
    let failed = all.failed.take();
    let has_failed = *told.as_ref().unwrap_or(&false);
    let told = told.and_then(|_| Ok(listener.close()?));
    let told = told.and(failed.map_or(Ok(()), |error| Err(error.into())));
    ending.signal = signals.received();
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
    baselines.save(kept, has_failed, &mut ending);
    Ok(ending)
}

/// Tells the runs again, holds the gates against their figures, and returns whether more URLs failed in
/// them than may.
fn tell(
    plan: &Plan,
    files: Vec<(String, Box<dyn Read>)>,
    listener: &mut Everybody<'_>,
    stop: &StopToken,
    ending: &mut Ending,
) -> Result<bool, ReplayError> {
    let mut figures = Figures {
        listener,
        has_gates: !plan.gates.is_empty(),
        runs: Runs::default(),
        end: None,
    };
    replay(files, &mut figures, || stop.is_stopped())?;
    let Figures { runs, end, .. } = figures;
    let all = runs.counted();
    let (summary, counted, comparison, sweep) = match &end {
        // It was broken off here, and claims nothing.
        None => return Ok(false),
        Some(End::Run(summary)) => (summary, summary, None, None),
        Some(End::Comparison(comparison)) => (runs.parallel(), &all, Some(comparison), None),
        Some(End::Sweep(sweep)) => (runs.parallel(), &all, None, Some(sweep)),
    };
    let against = listener.inner.against().cloned();
    let figures = RunFigures {
        summary,
        counted,
        estimated_speedup: Estimate::of(summary).map(|estimate| estimate.speedup),
        comparison,
        sweep,
        against: against.as_ref(),
    };
    ending.gate = judge(&plan.gates, plan.strict_gates, &figures, listener)?;
    Ok(plan.max_failures.exceeded_by(counted))
}

/// All the reports. What one of them cannot write is no reason to stop, if the others go on.
struct Everybody<'a> {
    inner: &'a mut BaselineRecorder<Fanout>,
    goes_on: bool,
    /// The first that could not be written.
    failed: Option<io::Error>,
}

impl Everybody<'_> {
    fn note(&mut self, told: io::Result<()>) -> io::Result<()> {
        match told {
            Err(error) if self.goes_on => {
                self.failed.get_or_insert(error);
                Ok(())
            }
            told => told,
        }
    }
}

impl Listener for Everybody<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let told = self.inner.event(event);
        self.note(told)
    }

    fn idle(&mut self) -> io::Result<()> {
        let told = self.inner.idle();
        self.note(told)
    }
}

/// Passes on what is told again, and keeps the figures that gates are held against. What became of gates
/// then is left out if others are held now.
struct Figures<'a> {
    listener: &'a mut dyn Listener,
    /// Whether there are gates to hold anew.
    has_gates: bool,
    /// Those of a comparison or a sweep.
    runs: Runs,
    end: Option<End>,
}

/// How a run ended.
enum End {
    Run(Summary),
    Comparison(Comparison),
    Sweep(Sweep),
}

impl Listener for Figures<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.runs.note(event);
        match event {
            Event::Judged(_) if self.has_gates => return Ok(()),
            Event::Ended(summary) => self.end = Some(End::Run(summary.clone())),
            Event::Compared(comparison) => self.end = Some(End::Comparison(comparison.clone())),
            Event::Swept(sweep) => self.end = Some(End::Sweep(sweep.clone())),
            _ => {}
        }
        self.listener.event(event)
    }

    fn idle(&mut self) -> io::Result<()> {
        self.listener.idle()
    }
}
