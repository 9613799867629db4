//! Destination of the bodies: the store or standard output, and how the output of bodies ended.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use super::stdio::ClosedStdout;
use super::{StartError, complain};
use crate::cli::{BodiesPlan, ExitReasons};
use crate::engine::{Bodies, Report, Saving};
use crate::model::event::Listener;
use crate::pool::StopToken;
use crate::save::{FileError, OrderedOutput, OutputEnd, Store};

/// Opens the destination of the bodies.
pub(super) fn open(plan: &BodiesPlan, stop: &StopToken) -> Result<Bodies, StartError> {
    let unsaved = |error: FileError| StartError {
        message: error.to_string(),
        reasons: ExitReasons::local(),
    };
    Ok(match plan {
        BodiesPlan::Discard => Bodies::Drop,
        BodiesPlan::File { dir, path, store } => {
            let store = Store::open(dir, *store).map_err(unsaved)?;
            Bodies::Save(Box::new(Saving::at(store, path.clone())))
        }
        BodiesPlan::Dir {
            dir,
            layout,
            named_by_server,
            store,
        } => {
            let store = Store::open(dir, *store).map_err(unsaved)?;
            let saving = Saving::by_url(store, *layout);
            Bodies::Save(Box::new(if *named_by_server {
                saving.named_by_server()
            } else {
                saving
            }))
        }
        BodiesPlan::Stdout { max_gaps } => {
            let stop = stop.clone();
            let unbuffered = io::stdout().as_fd().try_clone_to_owned().map(File::from);
            let concat = unbuffered
                .and_then(|out| OrderedOutput::start(out, *max_gaps, move || stop.stop()));
            Bodies::Stream(
                concat.map_err(|error| {
                    StartError::local("cannot write to standard output", &error)
                })?,
            )
        }
    })
}

/// Reports why the bodies on standard output ended early, or that they are not all written.
pub(super) fn report_end(
    end: Option<OutputEnd>,
    mut stdout: ClosedStdout,
    report: &Report,
    reasons: &mut ExitReasons,
) {
    let end = match (end, stdout.close()) {
        (Some(end), _) => end,
        (None, Err(error)) => OutputEnd::Failed(error.kind(), error.to_string()),
        (None, Ok(())) => return,
    };
    match end {
        OutputEnd::Failed(io::ErrorKind::BrokenPipe, _) => reasons.broken_pipe = true,
        OutputEnd::Failed(_, reason) => {
            complain(&format!("cannot write to standard output: {reason}"));
            reasons.local = true;
        }
        OutputEnd::Gap { written, .. } => {
            let url = report.gap.as_deref().unwrap_or("a URL that failed");
            complain(&match written {
                0 => format!(
                    "the output ends before {url}, whose body is missing; with --max-failures it \
                     would be left out"
                ),
                written => {
                    format!("the output ends within {url}, after {written} bytes of its body")
                }
            });
            reasons.failed = true;
        }
        // The reason for the stop has been reported.
        OutputEnd::Stopped => {}
    }
}
