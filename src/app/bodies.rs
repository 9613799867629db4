//! What becomes of the bodies: the store, the output, and how that one ended.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use super::{Problem, close_stdout, complain};
use crate::cli::BodiesPlan;
use crate::cli::Ending;
use crate::engine::Bodies;
use crate::engine::Report;
use crate::engine::Saving;
use crate::pool::StopToken;
use crate::save::{FileError, OrderedOutput, OutputEnd, Store};

/// What the plan wants of the bodies, with everything opened that it takes.
pub(super) fn bodies(plan: &BodiesPlan, stop: &StopToken) -> Result<Bodies, Problem> {
    let unsaved = |error: FileError| Problem {
        message: error.to_string(),
        ending: Ending {
            local: true,
            ..Ending::default()
        },
    };
    Ok(match plan {
        BodiesPlan::Drop => Bodies::Drop,
        BodiesPlan::File {
            folder,
            place,
            store,
        } => {
            let store = Store::open(folder, *store).map_err(unsaved)?;
            Bodies::Save(Box::new(Saving::at(store, place.clone())))
        }
        BodiesPlan::Folder {
            folder,
            layout,
            named_by_server,
            store,
        } => {
            let store = Store::open(folder, *store).map_err(unsaved)?;
            let saving = Saving::by_url(store, *layout);
            Bodies::Save(Box::new(if *named_by_server {
                saving.named_by_server()
            } else {
                saving
            }))
        }
        BodiesPlan::PassOn { gaps } => {
            let stop = stop.clone();
            let unbuffered = io::stdout().as_fd().try_clone_to_owned().map(File::from);
            let concat =
                unbuffered.and_then(|out| OrderedOutput::start(out, *gaps, move || stop.stop()));
            Bodies::Stream(
                concat
                    .map_err(|error| Problem::local("cannot write to standard output", &error))?,
            )
        }
    })
}

/// Says why the bodies on standard output end before their time, or that not all of them are written.
pub(super) fn end_of_output(end: Option<OutputEnd>, report: &Report, ending: &mut Ending) {
    let end = match (end, close_stdout()) {
        (Some(end), _) => end,
        (None, Err(error)) => OutputEnd::Failed(error.kind(), error.to_string()),
        (None, Ok(())) => return,
    };
    match end {
        OutputEnd::Failed(io::ErrorKind::BrokenPipe, _) => ending.broken_pipe = true,
        OutputEnd::Failed(_, reason) => {
            complain(&format!("cannot write to standard output: {reason}"));
            ending.local = true;
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
            ending.failed = true;
        }
        // Whoever stopped it has said so.
        OutputEnd::Stopped => {}
    }
}
