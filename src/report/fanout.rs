//! Several listeners as one.

use std::fmt;
use std::io;

use crate::model::event::{Event, Listener};

/// Tells every listener in turn.
#[derive(Default)]
pub struct Fanout {
    listeners: Vec<Told>,
}

/// One of them.
struct Told {
    /// What it writes, for messages.
    what: String,
    listener: Box<dyn Listener>,
    /// Whether it could not write something: what comes after that would be no report.
    has_failed: bool,
}

impl Fanout {
    /// Adds one more listener, which writes `what`: an error says that this cannot be written.
    pub fn add(&mut self, what: impl Into<String>, listener: impl Listener + 'static) {
        self.listeners.push(Told {
            what: what.into(),
            listener: Box::new(listener),
            has_failed: false,
        });
    }

    /// Tells all of them, also when one of them fails: what it cannot write, the others can. That one is
    /// told nothing more.
    fn each(
        &mut self,
        mut tell: impl FnMut(&mut dyn Listener) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut failed: Option<io::Error> = None;
        for told in self.listeners.iter_mut().filter(|told| !told.has_failed) {
            if let Err(error) = tell(told.listener.as_mut()) {
                told.has_failed = true;
                // That a reader has gone is the least of what can be wrong.
                let is_worse = |before: &io::Error| before.kind() == io::ErrorKind::BrokenPipe;
                if failed.as_ref().is_none_or(is_worse) {
                    failed = Some(named(&told.what, &error));
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

fn named(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {what}: {error}"))
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

    /// Notes warnings, and fails at the first, if it is one that fails.
    struct Noting(Rc<RefCell<Vec<String>>>, bool);

    impl Listener for Noting {
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
    fn who_has_failed_is_told_nothing_more_and_the_others_are() {
        let [bad, good] = [(); 2].map(|()| Rc::new(RefCell::new(Vec::new())));
        let mut all = Fanout::default();
        all.add("this", Noting(Rc::clone(&bad), true));
        all.add("that", Noting(Rc::clone(&good), false));
        let error = all.event(&Event::Warning("one".to_owned()));
        let error = error.expect_err("one of them fails").to_string();
        assert!(error.starts_with("cannot write this: "), "{error}");
        for text in ["two", "three"] {
            all.event(&Event::Warning(text.to_owned()))
                .expect("nobody else fails");
        }
        all.close().expect("nobody else fails");
        assert_eq!(*bad.borrow(), ["one"]);
        assert_eq!(*good.borrow(), ["one", "two", "three"]);
    }
}
