//! The run log's lines as they are written.

use std::borrow::Cow;
use std::io;
use std::time::SystemTime;

use serde::Serialize;

use super::line::{PackState, in_folder};
use crate::model::event::PackEvent;
use crate::model::json::Rfc3339;
use crate::model::meta::Meta;
use crate::model::outcome::{FailureKind, Outcome, Verdict};
use crate::model::request_digest::RequestDigest;
use crate::model::run_id::RunId;
use crate::model::run_shard::RunShard;
use crate::model::target::Verb;
use crate::model::text::{excerpt, hex};

/// The most characters of an error that are written.
const ERROR: usize = 2000;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum LogLine<'a> {
    Run {
        started_at: Rfc3339,
        version: &'static str,
        run: RunId,
        /// True if the run leaves out what the lines before say is done.
        resume: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        shard: Option<RunShard>,
    },
    Result {
        at: Rfc3339,
        index: u64,
        url: &'a str,
        action: Verb,
        /// Left out where there is none, or a name, by which the target is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<RequestDigest>,
        name: Option<Cow<'a, str>>,
        outcome: Verdict,
        status: Option<u16>,
        bytes: u64,
        content_type: Option<&'a str>,
        saved: Option<Cow<'a, str>>,
        saved_bytes: Option<u64>,
        sha256: Option<String>,
        error_kind: Option<FailureKind>,
        error: Option<String>,
        /// Left out where there is none, as for most targets.
        #[serde(skip_serializing_if = "Option::is_none")]
        meta: Option<&'a Meta>,
        #[serde(flatten)]
        packed: Option<PackedFields<'a>>,
    },
    Pack {
        at: Rfc3339,
        pack: &'a str,
        state: PackState,
        length: Option<u64>,
    },
}

/// The fields of a target whose body is in a pack.
#[derive(Serialize)]
pub(super) struct PackedFields<'a> {
    pack: &'a str,
    offset: u64,
    length: u64,
}
impl<'a> LogLine<'a> {
    pub(super) fn pack(event: &'a PackEvent) -> Self {
        let (pack, state, length) = match event {
            PackEvent::Begun(pack) => (pack, PackState::Begun, None),
            PackEvent::Cut(pack, length) => (pack, PackState::Cut, Some(*length)),
            PackEvent::Published(pack) => (pack, PackState::Published, None),
        };
        LogLine::Pack {
            at: Rfc3339(SystemTime::now()),
            pack,
            state,
            length,
        }
    }

    pub(super) fn run(
        started_at: SystemTime,
        run: RunId,
        resume: bool,
        shard: Option<RunShard>,
    ) -> Self {
        LogLine::Run {
            started_at: Rfc3339(started_at),
            version: env!("CARGO_PKG_VERSION"),
            run,
            resume,
            shard,
        }
    }

    /// The line of a target that was done with by a run that saves in `folder`.
    pub(super) fn result(outcome: &'a Outcome, folder: Option<&str>) -> Self {
        // An outcome may have waited for its turn (`--order input`) before it comes here.
        let ended = match (outcome.last.started_at, outcome.last.span) {
            (Some(started_at), Some((first, last))) => started_at.checked_add(last - first),
            _ => None,
        };
        LogLine::Result {
            at: Rfc3339(ended.unwrap_or_else(SystemTime::now)),
            index: outcome.index,
            url: &outcome.url,
            action: outcome.verb,
            request: match outcome.save_path() {
                Some(_) => None,
                None => outcome.request(),
            },
            name: outcome
                .save_path()
                .map(|place| in_folder(folder, place.as_str())),
            outcome: outcome.verdict,
            status: outcome.status(),
            bytes: outcome.bytes,
            // JSON has no way to say a path that is not UTF-8.
            saved: outcome.saved().map(|saved| saved.path.to_string_lossy()),
            saved_bytes: outcome.saved().map(|saved| saved.bytes),
            sha256: outcome.sha256().map(hex),
            content_type: outcome.content_type(),
            error_kind: outcome.error().map(|failure| failure.kind),
            error: outcome
                .error()
                .map(|failure| excerpt(&failure.message, ERROR)),
            meta: outcome.meta(),
            packed: outcome.packed().map(|packed| PackedFields {
                pack: &packed.pack,
                offset: packed.offset,
                length: packed.length,
            }),
        }
    }
}
/// Appends the line, with its end, to `buffer`.
pub(super) fn write_line(line: &LogLine<'_>, buffer: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *buffer, line)?;
    buffer.push(b'\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::line::is_run;
    use super::*;

    #[test]
    fn a_run_line_is_known_by_its_beginning() {
        let mut line = Vec::new();
        let run = LogLine::run(SystemTime::UNIX_EPOCH, RunId::default(), false, None);
        write_line(&run, &mut line).unwrap();
        for cut in 0..=line.len() {
            assert!(is_run(&line[..cut]), "cut at {cut}");
        }
        assert!(!is_run(b"{\"type\":\"result\","));
        assert!(!is_run(b"{\"type\":\"running\","));
    }
}
