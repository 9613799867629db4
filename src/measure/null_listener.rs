//! A listener for tests of measurements, which look at what they return.

use std::io;

use crate::model::event::{Event, Listener};

/// Listener that drops its events.
#[derive(Debug)]
pub(super) struct NullListener;

impl Listener for NullListener {
    fn event(&mut self, _: &Event) -> io::Result<()> {
        Ok(())
    }
}
