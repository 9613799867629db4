//! The run log's lines as they are read.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json_line::from_line;
use super::line::{PackState, schema};
use crate::model::json::Rfc3339;
use crate::model::meta::Meta;
use crate::model::outcome::{
    Attempt, Details, Failure, FailureKind, Outcome, Packed, Saved, Verdict,
};
use crate::model::request_digest::RequestDigest;
use crate::model::run_id::RunId;
use crate::model::run_shard::RunShard;
use crate::model::target::Verb;
use crate::model::text::{escape, excerpt, normalised_path, parse_hex};

/// The most characters of a malformed line that are quoted in a message.
const QUOTE: usize = 100;

/// A line as it is read.
#[derive(Debug, PartialEq, Eq)]
pub enum LogEntry<'a> {
    /// The header of a log. A later one begins a log that was appended to this one.
    Header,
    /// A run began.
    Run(LoggedRun),
    /// A target ended.
    Result(LoggedResult<'a>),
    /// A pack has come to this state, and this length if it was cut.
    Pack(Cow<'a, str>, PackState, u64),
}

/// The beginning of a run, as a line tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct LoggedRun {
    /// The run's identifier. Older lines have none.
    pub id: Option<RunId>,
    /// The start of the run.
    pub started_at: Option<SystemTime>,
    /// The version of pfetch that made it.
    pub version: Option<String>,
    /// True if it left out what the lines before it say is done.
    pub is_resumed: bool,
    /// The shard that it took of its list.
    pub shard: Option<RunShard>,
}

/// The end of a target, as a line tells it.
#[derive(Debug, PartialEq, Eq)]
pub struct LoggedResult<'a> {
    /// The place of the target in the list. Older lines have none.
    index: Option<u64>,
    pub(super) verb: Verb,
    /// The digest of what its request had of its own.
    pub(super) request: Option<RequestDigest>,
    /// The URL.
    pub url: Cow<'a, str>,
    pub(super) name: Option<Cow<'a, str>>,
    /// The verdict on the target.
    pub verdict: Verdict,
    pub(super) status: Option<u16>,
    pub(super) bytes: u64,
    pub(super) content_type: Option<Cow<'a, str>>,
    /// The path of the target's file.
    pub(super) saved: Option<Cow<'a, str>>,
    /// The length of that file. Older lines have none.
    pub(super) saved_bytes: Option<u64>,
    /// The SHA-256 that the body was to have.
    pub(super) sha256: Option<[u8; 32]>,
    /// The reason of a failure. Older lines have no kind.
    error: Option<(Option<FailureKind>, Cow<'a, str>)>,
    /// JSON of the input's.
    pub(super) meta: Option<Meta>,
    /// The place of the target's body, if that is in a pack. Such a line has an index.
    pub(super) packed: Option<Packed>,
}

/// A file in the folder of a run, as the line of its target has it. Texts are as in the log.
#[derive(Debug, Clone, Copy)]
pub struct LoggedFile<'a> {
    /// The name below the folder that the file was to have.
    pub name: &'a str,
    /// Its path, of which the last component is the name that it got.
    pub path: &'a str,
    /// Its length.
    pub bytes: u64,
}

/// The reason for which a line makes no report.
const OLDER: &str = "an older pfetch wrote this log, and left out what a report needs";

impl LoggedResult<'_> {
    /// The place of the target in the list.
    ///
    /// # Errors
    ///
    /// The reason, if the line lacks that or another thing that only later logs have.
    pub fn index(&self) -> Result<u64, &'static str> {
        match self.error {
            Some((None, _)) => Err(OLDER),
            _ => self.index.ok_or(OLDER),
        }
    }

    /// Returns true if the target was fetched.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.verdict, Verdict::Ok | Verdict::Unchanged)
    }

    /// The outcome as the run had it that wrote the line. The log has no times, so neither has the outcome.
    ///
    /// # Errors
    ///
    /// The reason, if the line lacks what only later logs have.
    pub fn into_logged(mut self) -> Result<Outcome, &'static str> {
        let index = self.index()?;
        let error = match self.error.take() {
            Some((kind, message)) => Some(Box::new(Failure {
                kind: kind.ok_or(OLDER)?,
                phase: None,
                message: escape(&message),
                is_transient: false,
                is_alone: false,
            })),
            None => None,
        };
        let verdict = self.verdict;
        let mut outcome = self.into_outcome();
        outcome.index = index;
        outcome.verdict = verdict;
        outcome.last.error = error;
        Ok(outcome)
    }

    /// The outcome for a run that leaves the target out, with the index 0. The log need not be pfetch's, so texts are escaped.
    pub(super) fn into_outcome(self) -> Outcome {
        let (bytes, sha256) = (self.bytes, self.sha256);
        let saved = self.saved.map(|path| Saved {
            path: PathBuf::from(path.into_owned()),
            bytes: self.saved_bytes.unwrap_or(bytes),
            sha256,
            resumed_from: None,
        });
        Outcome {
            verdict: Verdict::Done,
            bytes,
            last: Attempt {
                status: self.status,
                content_type: self.content_type.map(|text| Arc::new(escape(&text))),
                ..Attempt::default()
            },
            details: Some(Box::new(Details {
                saved,
                packed: self.packed,
                sha256,
                meta: self.meta,
                ..Details::default()
            })),
            ..Outcome::new(0, escape(&self.url).into(), self.verb)
        }
    }
}

/// The fields of all types of lines, borrowed from the line where they have no escapes.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct LogFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    run: Option<RunId>,
    #[serde(default)]
    resume: bool,
    request: Option<RequestDigest>,
    started_at: Option<Rfc3339>,
    version: Option<String>,
    shard: Option<RunShard>,
    index: Option<u64>,
    #[serde(borrow)]
    url: Option<BorrowedText<'a>>,
    action: Option<Verb>,
    #[serde(borrow)]
    name: Option<BorrowedText<'a>>,
    outcome: Option<Verdict>,
    status: Option<u16>,
    bytes: Option<u64>,
    #[serde(borrow)]
    content_type: Option<BorrowedText<'a>>,
    #[serde(borrow)]
    saved: Option<BorrowedText<'a>>,
    saved_bytes: Option<u64>,
    #[serde(borrow)]
    sha256: Option<BorrowedText<'a>>,
    error_kind: Option<FailureKind>,
    #[serde(borrow)]
    error: Option<BorrowedText<'a>>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    pack: Option<BorrowedText<'a>>,
    offset: Option<u64>,
    length: Option<u64>,
    state: Option<PackState>,
}

/// A text that is borrowed if it can be: within an `Option`, serde would copy a bare `Cow`.
#[derive(Deserialize)]
struct BorrowedText<'a>(#[serde(borrow)] Cow<'a, str>);

/// Parses a line, with or without its line feed. The error is a reason that is safe to show.
///
/// # Errors
///
/// The reason.
pub fn read_line(line: &[u8]) -> Result<LogEntry<'_>, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let fields: LogFields<'_> = from_line(line).map_err(|error| {
        // The parser counts lines within this one line, and may quote what it met.
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        format!("{} at column {}", excerpt(what, QUOTE), error.column())
    })?;
    match &*fields.kind {
        "run" => Ok(LogEntry::Run(LoggedRun {
            id: fields.run,
            started_at: fields.started_at.map(|time| time.0),
            version: fields.version.map(|text| excerpt(&text, QUOTE)),
            is_resumed: fields.resume,
            shard: fields.shard,
        })),
        "result" => {
            let missing = |field| format!("a result without \"{field}\"");
            let sha256 = fields
                .sha256
                .map(|text| parse_hex(&text.0).ok_or("\"sha256\" is not 64 hexadecimal digits"));
            Ok(LogEntry::Result(LoggedResult {
                index: fields.index,
                request: fields.request,
                verb: fields.action.ok_or_else(|| missing("action"))?,
                url: fields.url.ok_or_else(|| missing("url"))?.0,
                name: fields.name.map(|text| match text.0 {
                    Cow::Borrowed(name) => normalised_path(name),
                    Cow::Owned(name) => Cow::Owned(normalised_path(&name).into_owned()),
                }),
                verdict: fields.outcome.ok_or_else(|| missing("outcome"))?,
                status: fields.status,
                bytes: fields.bytes.unwrap_or_default(),
                content_type: fields.content_type.map(|text| text.0),
                saved: fields.saved.map(|text| text.0),
                saved_bytes: fields.saved_bytes,
                sha256: sha256.transpose()?,
                error: fields.error.map(|text| (fields.error_kind, text.0)),
                meta: fields.meta.and_then(|meta| Meta::new(meta).ok()),
                packed: match (fields.pack, fields.index, fields.offset, fields.length) {
                    (None, ..) => None,
                    (Some(pack), Some(_), Some(offset), Some(length)) => Some(Packed {
                        pack: pack.0.into(),
                        offset,
                        length,
                    }),
                    _ => {
                        return Err(
                            "a \"pack\" without \"index\", \"offset\" or \"length\"".to_owned()
                        );
                    }
                },
            }))
        }
        "pack" => match (fields.pack, fields.state) {
            (Some(pack), Some(state)) => Ok(LogEntry::Pack(
                pack.0,
                state,
                fields.length.unwrap_or_default(),
            )),
            _ => Err("a pack without \"pack\" or \"state\"".to_owned()),
        },
        // Logs that were joined have a header each.
        "pfetch-log" if schema(line).is_none() => Ok(LogEntry::Header),
        kind => Err(format!("unknown type \"{}\"", excerpt(kind, QUOTE))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::in_folder;
    use super::*;

    #[test]
    fn a_folder_is_the_same_however_it_is_written() {
        for (path, expected) in [
            ("d", "d"),
            ("./d", "d"),
            ("d/", "d"),
            (".//d/./", "d"),
            ("a//b/./c", "a/b/c"),
            ("/a/./b//", "/a/b"),
            ("//a", "/a"),
            ("/", "/"),
            (".", ""),
            ("./", ""),
            ("", ""),
            // What links may lead elsewhere is not resolved, and names with dots are names.
            ("../d", "../d"),
            ("a/../d", "a/../d"),
            (".d/..e", ".d/..e"),
        ] {
            assert_eq!(normalised_path(path), expected, "{path}");
            // As older logs have it.
            let name = in_folder(Some(path), "f");
            let line = format!(
                r#"{{"type":"result","url":"http://h/","action":"get","name":"{name}","outcome":"ok"}}"#
            );
            let Ok(LogEntry::Result(result)) = read_line(line.as_bytes()) else {
                panic!("not read as a result: {line}");
            };
            let name = result.name.as_deref();
            assert_eq!(name, Some(&*in_folder(Some(expected), "f")), "{line}");
        }
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let line =
            br#"{"type":"result","url":"http://h/","action":"get","name":"a","outcome":"ok"}"#;
        let Ok(LogEntry::Result(result)) = read_line(line) else {
            panic!("not read as a result");
        };
        assert!(matches!(result.url, Cow::Borrowed("http://h/")));
        assert!(matches!(result.name, Some(Cow::Borrowed("a"))));
    }
}
