//! Destination of the bodies: the store or a stream, and how the stream of bodies ended.

use std::io;
use std::path::Path;

use super::body_stream::BodyStream;
use super::{StartError, complain};
use crate::cli::{BodiesPlan, ExitReasons, Plan};
use crate::engine::{Bodies, Report, Saving};
use crate::model::text::byte_count;
use crate::pool::StopToken;
use crate::save::{FileError, OrderedOutput, OutputEnd, Store, StoreConfig};

/// Links to the files of the standard streams that are written, where the system has such.
const REDIRECTED: [&str; 2] = ["/dev/stdout", "/dev/stderr"];

/// Opens the destination of the bodies; a stream is open already.
pub(super) fn open(
    plan: &BodiesPlan,
    stream: Option<&BodyStream>,
    stop: &StopToken,
) -> Result<Bodies, StartError> {
    Ok(match plan {
        // Packs are opened once the run log is.
        BodiesPlan::Discard | BodiesPlan::Pack(_) => Bodies::Drop,
        BodiesPlan::Results { limit } => Bodies::Collect { limit: *limit },
        BodiesPlan::File { .. } | BodiesPlan::Dir { .. } => save(plan, Store::open)?,
        BodiesPlan::Stream { max_gaps, .. } => {
            let stop = stop.clone();
            let stream = stream.expect("the stream of a plan that has one is opened first");
            let concat = stream
                .writer()
                .and_then(|out| OrderedOutput::start(out, *max_gaps, move || stop.stop()));
            Bodies::Stream(concat.map_err(|error| stream.unwritable(&error))?)
        }
    })
}

/// The destination of a dry run: names are assigned as they would be, and nothing is made.
pub(super) fn preview(plan: &BodiesPlan) -> Result<Bodies, StartError> {
    save(plan, Store::preview)
}

/// The destination of bodies that become files, in the store that `open` opens; other bodies have none.
fn save(
    plan: &BodiesPlan,
    open: fn(&Path, StoreConfig) -> Result<Store, FileError>,
) -> Result<Bodies, StartError> {
    let open = |dir: &Path, store: StoreConfig| {
        open(dir, store).map_err(|error| StartError {
            message: error.to_string(),
            reasons: ExitReasons::local(),
        })
    };
    let saving = match plan {
        BodiesPlan::Discard
        | BodiesPlan::Stream { .. }
        | BodiesPlan::Results { .. }
        | BodiesPlan::Pack(_) => {
            return Ok(Bodies::Drop);
        }
        BodiesPlan::File { dir, path, store } => Saving::at(open(dir, *store)?, path.clone()),
        BodiesPlan::Dir {
            dir,
            layout,
            named_by_server,
            store,
        } => {
            let saving = Saving::by_url(open(dir, *store)?, *layout);
            match named_by_server {
                true => saving.named_by_server(),
                false => saving,
            }
        }
    };
    Ok(Bodies::Save(Box::new(saving)))
}

/// Claims the names of the files that the run itself writes.
pub(super) fn claim_own_files(saving: &mut Saving, plan: &Plan) {
    plan.own_files().for_each(|file| saving.claim_own(file));
    // Standard output and standard error may be redirected to files.
    for file in REDIRECTED {
        saving.claim_own(Path::new(file));
    }
}

/// Reports why the stream of bodies ended early, or that they are not all written.
pub(super) fn report_end(
    end: Option<OutputEnd>,
    mut stream: BodyStream,
    report: &Report,
    reasons: &mut ExitReasons,
) {
    let end = match (end, stream.check_close()) {
        (Some(end), _) => end,
        (None, Err(error)) => OutputEnd::Failed(error.kind(), error.to_string()),
        (None, Ok(())) => return,
    };
    match end {
        OutputEnd::Failed(io::ErrorKind::BrokenPipe, _) => reasons.broken_pipe = true,
        OutputEnd::Failed(_, reason) => {
            stream.end_line();
            complain(&format!("cannot write to {}: {reason}", stream.name()));
            reasons.local = true;
        }
        OutputEnd::Gap { written, .. } => {
            stream.end_line();
            let url = report.gap.as_deref().unwrap_or("a URL that failed");
            complain(&match written {
                0 => format!(
                    "the output ends before {url}, whose body is missing; with --max-failures it \
                     would be left out"
                ),
                written => {
                    format!(
                        "the output ends within {url}, after {} of its body",
                        byte_count(written)
                    )
                }
            });
            reasons.failed = true;
        }
        // The reason for the stop has been reported.
        OutputEnd::Stopped => {}
    }
}
