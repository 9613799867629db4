//! Several listeners as one.

use std::fmt;
use std::io;

use crate::event::{Event, Listener};

/// Tells every listener in turn.
#[derive(Default)]
pub struct Fanout {
    /// What each writes, for messages.
    listeners: Vec<(String, Box<dyn Listener>)>,
}

impl Fanout {
    /// Adds one more listener, which writes `what`: an error says that this cannot be written.
    pub fn add(&mut self, what: impl Into<String>, listener: impl Listener + 'static) {
        self.listeners.push((what.into(), Box::new(listener)));
    }

    /// Tells all of them, also when one of them has failed: what it cannot write, the others can.
    fn each(
        &mut self,
        mut tell: impl FnMut(&mut dyn Listener) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut failed: Option<io::Error> = None;
        for (what, listener) in &mut self.listeners {
            if let Err(error) = tell(listener.as_mut()) {
                // That a reader has gone is the least of what can be wrong.
                let is_worse = |before: &io::Error| before.kind() == io::ErrorKind::BrokenPipe;
                if failed.as_ref().is_none_or(is_worse) {
                    failed = Some(named(what, &error));
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
