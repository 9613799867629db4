//! A body that came whole with its head. It lies in the worker's buffers, and ureq is not asked to read it.

use std::io::{self, Read};
use std::sync::Arc;

use ureq::unversioned::transport::Buffers as _;

use super::buffers::ConnectionBuffers;
use super::handover::Handover;

/// The worker's buffers with the body in them, which go back to the handover once it is dropped.
#[derive(Debug)]
pub(in crate::http) struct WholeBody {
    /// `None` only in the midst of the drop.
    buffers: Option<Box<ConnectionBuffers>>,
    handover: Arc<Handover>,
}

impl WholeBody {
    /// Takes the body of the response that [is whole](super::ResponseStart::is_whole).
    pub(in crate::http) fn take(handover: &Arc<Handover>) -> Self {
        WholeBody {
            buffers: Some(handover.take_buffers()),
            handover: Arc::clone(handover),
        }
    }

    /// Drops what is unread of it. Returns its length.
    pub(in crate::http) fn discard(&mut self) -> usize {
        let Some(buffers) = &mut self.buffers else {
            return 0;
        };
        let count = buffers.input().len();
        buffers.input_consume(count);
        count
    }
}

impl Read for WholeBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(buffers) = &mut self.buffers else {
            return Ok(0);
        };
        let count = buffers.input().read(buffer)?;
        buffers.input_consume(count);
        Ok(count)
    }
}

impl Drop for WholeBody {
    fn drop(&mut self) {
        if let Some(buffers) = self.buffers.take() {
            self.handover.return_buffers(buffers);
        }
    }
}
