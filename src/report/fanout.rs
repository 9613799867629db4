//! A listener that passes events on to several others.

use std::fmt;
use std::io;

use crate::model::event::{Event, Listener};

/// A list of listeners, each of which gets every event in turn.
#[derive(Default)]
pub struct Fanout {
    listeners: Vec<NamedListener>,
}

/// A listener, and what it writes.
struct NamedListener {
    /// The name of its output, for errors.
    output: String,
    listener: Box<dyn Listener>,
    /// A write of it failed. It gets no more events, because a report with a gap is no report.
    has_failed: bool,
}

impl Fanout {
    /// Adds a listener. `output` names what it writes, for the errors of its writes.
    pub fn add(&mut self, output: impl Into<String>, listener: impl Listener + 'static) {
        self.add_boxed(output, Box::new(listener));
    }

    /// Adds a listener, as [`add`](Fanout::add) does.
    pub fn add_boxed(&mut self, output: impl Into<String>, listener: Box<dyn Listener>) {
        self.listeners.push(NamedListener {
            output: output.into(),
            listener,
            has_failed: false,
        });
    }

    /// Calls all listeners, also when one of them fails: the others can still write. Returns the first
    /// error that is not a broken pipe, or else that one.
    fn each(
        &mut self,
        mut call: impl FnMut(&mut dyn Listener) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut failed: Option<io::Error> = None;
        for named in self.listeners.iter_mut().filter(|named| !named.has_failed) {
            if let Err(error) = call(named.listener.as_mut()) {
                named.has_failed = true;
                // A broken pipe, where the reader has closed its end, is the mildest of errors.
                let is_worse = |before: &io::Error| before.kind() == io::ErrorKind::BrokenPipe;
                if failed.as_ref().is_none_or(is_worse) {
                    failed = Some(with_output(&named.output, &error));
                }
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

impl Listener for Fanout {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.each(|listener| listener.event(event))
    }

    fn idle(&mut self) -> io::Result<()> {
        self.each(|listener| listener.idle())
    }

    fn close(&mut self) -> io::Result<()> {
        self.each(|listener| listener.close())
    }
}

/// The error of a write, with the name of the output.
fn with_output(output: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {output}: {error}"))
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout")
            .field("listeners", &self.listeners.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// A listener that keeps warnings, and fails at each if the flag is set.
    struct Recorder(Rc<RefCell<Vec<String>>>, bool);

    impl Listener for Recorder {
        fn event(&mut self, event: &Event) -> io::Result<()> {
            if let Event::Warning(text) = event {
                self.0.borrow_mut().push(text.clone());
            }
            match self.1 {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn a_listener_that_failed_gets_no_more_events_and_the_others_do() {
        let [bad, good] = [(); 2].map(|()| Rc::new(RefCell::new(Vec::new())));
        let mut all = Fanout::default();
        all.add("this", Recorder(Rc::clone(&bad), true));
        all.add("that", Recorder(Rc::clone(&good), false));
        let error = all.event(&Event::Warning("one".to_owned()));
        let error = error.expect_err("one of them fails").to_string();
        assert!(error.starts_with("cannot write this: "), "{error}");
        for text in ["two", "three"] {
            all.event(&Event::Warning(text.to_owned()))
                .expect("the other one does not fail");
        }
        all.close().expect("the other one does not fail");
        assert_eq!(*bad.borrow(), ["one"]);
        assert_eq!(*good.borrow(), ["one", "two", "three"]);
    }
}
