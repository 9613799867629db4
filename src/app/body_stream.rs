//! The stream that bodies are written to: standard output, standard error, a named pipe, a device or another
//! open descriptor.

use std::fs::File;
use std::io;
use std::time::Duration;

use super::blocking::duplicate;
use super::body_cursor::BodyCursor;
use super::body_writer::BodyWriter;
use super::{StartError, shown};
use crate::cli::{BodiesPlan, Plan, StreamOutput};
use crate::save::close::CloseCheck;
use crate::save::open_stream;

/// The longest wait for the reader of a named pipe where no time limit is set.
const READER_TIMEOUT: Duration = Duration::from_secs(30);

/// An open stream.
#[derive(Debug)]
pub(super) struct BodyStream {
    file: File,
    check: CloseCheck,
    name: String,
    /// The cursor of the place that it shares with messages, if it does.
    cursor: Option<BodyCursor>,
}

impl BodyStream {
    /// Opens the stream of the plan, if it has one. A named pipe has to have a reader within the limits of
    /// time that hold for a silent server and for the run.
    pub(super) fn open(plan: &Plan) -> Result<Option<Self>, StartError> {
        let BodiesPlan::Stream { output, .. } = &plan.bodies else {
            return Ok(None);
        };
        let limits = [plan.fetch.stall_timeout, plan.run.deadline];
        let patience = limits.into_iter().flatten().min();
        let patience = patience.unwrap_or(READER_TIMEOUT);
        let (name, file) = match output {
            StreamOutput::Stdout => ("standard output".to_owned(), duplicate(io::stdout())),
            StreamOutput::Stderr => ("standard error".to_owned(), duplicate(io::stderr())),
            StreamOutput::Path(path) => (shown(path), open_stream(path, patience)),
        };
        let file = file.map_err(|error| cannot_write(&name, &error))?;
        Ok(Some(BodyStream {
            check: CloseCheck::of(&file),
            file,
            name,
            cursor: match output {
                StreamOutput::Stdout => BodyCursor::of_shared(),
                StreamOutput::Stderr | StreamOutput::Path(_) => None,
            },
        }))
    }

    /// The name in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A writer to a duplicate.
    pub(super) fn writer(&self) -> io::Result<BodyWriter> {
        let file = self.file.try_clone()?;
        Ok(BodyWriter::new(file, self.cursor.clone()))
    }

    /// The cursor of the place that it shares with messages, if it does.
    pub(super) fn cursor(&self) -> Option<&BodyCursor> {
        self.cursor.as_ref()
    }

    /// The error of a stream that cannot be written to.
    pub(super) fn unwritable(&self, error: &io::Error) -> StartError {
        cannot_write(&self.name, error)
    }

    /// Ends the line that the last body has left open, before a message in the same place.
    pub(super) fn end_line(&self) {
        if let Some(cursor) = &self.cursor {
            // Nor could the message be written then.
            let _ = cursor.lock().end_line(&self.file);
        }
    }

    /// Checks the close of the stream, at which NFS, FUSE and quotas report failed writes.
    pub(super) fn check_close(&mut self) -> io::Result<()> {
        Ok(self.check.check(&self.file)?)
    }
}

fn cannot_write(name: &str, error: &io::Error) -> StartError {
    StartError::local(&format!("cannot write to {name}"), error)
}
