//! Several listeners as one.

use std::fmt;
use std::io;

use crate::event::{Event, Listener};

/// Tells every listener in turn.
#[derive(Default)]
pub struct Fanout {
    listeners: Vec<Box<dyn Listener>>,
}

impl Fanout {
    /// Adds one more listener.
    pub fn add(&mut self, listener: impl Listener + 'static) {
        self.listeners.push(Box::new(listener));
    }
}

impl Listener for Fanout {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.listeners.iter_mut().try_for_each(|l| l.event(event))
    }

    fn idle(&mut self) -> io::Result<()> {
        self.listeners.iter_mut().try_for_each(|l| l.idle())
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout")
            .field("listeners", &self.listeners.len())
            .finish()
    }
}
