//! The listener of a measured run: shows each event to the parts that look on, and passes it on.

use std::io;

use crate::model::event::{Event, Listener};

/// A part of a measurement that looks on as a run is made.
pub(super) trait RunObserver {
    /// Takes an event of the run in.
    fn observe(&mut self, event: &Event);
}

/// Listener of a run within a measurement. It drops the beginning and the end of the run, in whose place the
/// measurement emits those of an arm's run; the observers see them too.
pub(super) struct ObservedRun<'a, 'o> {
    pub(super) listener: &'a mut dyn Listener,
    pub(super) observers: &'a mut [&'o mut dyn RunObserver],
}

impl Listener for ObservedRun<'_, '_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        for observer in self.observers.iter_mut() {
            observer.observe(event);
        }
        match event {
            Event::Started(_) | Event::Ended(_) => Ok(()),
            _ => self.listener.event(event),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.listener.idle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Outcome;
    use crate::model::summary::Summary;
    use crate::model::target::Verb;

    /// Keeps the kinds of the events that it sees.
    #[derive(Default)]
    struct Seen(Vec<&'static str>);

    impl RunObserver for Seen {
        fn observe(&mut self, event: &Event) {
            self.0.push(match event {
                Event::Finished(_) => "finished",
                Event::Ended(_) => "ended",
                _ => "other",
            });
        }
    }

    impl Listener for Seen {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            self.observe(event);
            Ok(())
        }
    }

    #[test]
    fn observers_see_all_of_a_run_and_the_reports_no_end_of_it() {
        let (mut one, mut other, mut reports) = (Seen::default(), Seen::default(), Seen::default());
        let mut run = ObservedRun {
            listener: &mut reports,
            observers: &mut [&mut one, &mut other],
        };
        let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
        for event in [Event::Finished(outcome), Event::Ended(Summary::default())] {
            run.event(&event).expect("the listener takes all");
        }
        assert_eq!(one.0, ["finished", "ended"]);
        assert_eq!(other.0, one.0);
        assert_eq!(reports.0, ["finished"]);
    }
}
