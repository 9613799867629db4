//! The lines of the run log, as they are written and as they are read.

use std::borrow::Cow;
use std::io;
use std::time::SystemTime;

use serde::{Deserialize, Serialize, Serializer};

use crate::model::outcome::{Outcome, Verdict};
use crate::model::target::Verb;
use crate::model::text::excerpt;

/// The version of the schema.
pub(super) const SCHEMA: u64 = 1;

/// The first line, by which a log is known.
pub(super) const HEADER: &str = "{\"type\":\"pfetch-log\",\"schema\":1}\n";

/// The longest line that is read. What is written stays below it: the URL, the names and the path
/// have limits of their own, and the error gets one here.
pub(super) const MAX_LINE_BYTES: usize = 256 * 1024;

/// How much of an error is kept, in characters.
const ERROR: usize = 2000;

/// How much of a line that cannot be read is shown, in characters.
const QUOTE: usize = 100;

/// How a `run` line begins.
const RUN: &[u8] = b"{\"type\":\"run\",";

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Line<'a> {
    Run {
        #[serde(serialize_with = "rfc3339")]
        started_at: SystemTime,
        version: &'static str,
    },
    Result {
        #[serde(serialize_with = "rfc3339")]
        at: SystemTime,
        url: &'a str,
        action: Verb,
        name: Option<Cow<'a, str>>,
        outcome: Verdict,
        status: Option<u16>,
        bytes: u64,
        saved: Option<Cow<'a, str>>,
        error: Option<String>,
    },
}

impl<'a> Line<'a> {
    pub(super) fn run(started_at: SystemTime) -> Self {
        Line::Run {
            started_at,
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The line of a target that was done with by a run that saves in `folder`.
    pub(super) fn result(outcome: &'a Outcome, folder: Option<&str>) -> Self {
        // An outcome may have waited for its turn (`--order input`) before it comes here.
        let ended = match (outcome.last.started_at, outcome.last.span) {
            (Some(started_at), Some((first, last))) => started_at.checked_add(last - first),
            _ => None,
        };
        Line::Result {
            at: ended.unwrap_or_else(SystemTime::now),
            url: &outcome.url,
            action: outcome.verb,
            name: outcome
                .save_path()
                .map(|place| in_folder(folder, place.as_str())),
            outcome: outcome.verdict,
            status: outcome.status(),
            bytes: outcome.bytes,
            // JSON has no way to say a path that is not UTF-8.
            saved: outcome.saved().map(|saved| saved.path.to_string_lossy()),
            error: outcome
                .error()
                .map(|failure| excerpt(&failure.message, ERROR)),
        }
    }
}

/// The name of a file, with that of its folder.
pub(super) fn in_folder<'a>(folder: Option<&str>, name: &'a str) -> Cow<'a, str> {
    match folder {
        None | Some("") => Cow::Borrowed(name),
        Some(folder) => Cow::Owned(format!("{}/{name}", folder.trim_end_matches('/'))),
    }
}

/// What is left of such a name without the folder; `None` if it is of another.
pub(super) fn without_folder<'a>(folder: Option<&str>, name: &'a str) -> Option<&'a str> {
    match folder {
        None | Some("") => Some(name),
        Some(folder) => name
            .strip_prefix(folder.trim_end_matches('/'))?
            .strip_prefix('/'),
    }
}

/// Appends the line, with its end, to `buffer`.
pub(super) fn write(line: &Line<'_>, buffer: &mut Vec<u8>) -> io::Result<()> {
    serde_json::to_writer(&mut *buffer, line)?;
    buffer.push(b'\n');
    Ok(())
}

/// What a line says, as far as it matters for resuming.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry<'a> {
    /// A run began.
    Run,
    /// A target ended.
    Result {
        verb: Verb,
        url: Cow<'a, str>,
        name: Option<Cow<'a, str>>,
        /// The path of the file that it has.
        saved: Option<Cow<'a, str>>,
        verdict: Verdict,
    },
}

/// The fields of all lines. Borrowed from the line wherever nothing in them is escaped.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    url: Option<Text<'a>>,
    action: Option<Verb>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    outcome: Option<Verdict>,
    #[serde(borrow)]
    saved: Option<Text<'a>>,
}

/// Within an `Option`, serde would copy a bare `Cow`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a line, with or without its end; otherwise the reason why it is none, safe to show.
pub(super) fn read(line: &[u8]) -> Result<Entry<'_>, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let fields: Fields<'_> = serde_json::from_slice(line).map_err(|error| {
        // The parser counts lines within this one line, and may quote what it met.
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        format!("{} at column {}", excerpt(what, QUOTE), error.column())
    })?;
    match &*fields.kind {
        "run" => Ok(Entry::Run),
        "result" => {
            let missing = |field| format!("a result without \"{field}\"");
            Ok(Entry::Result {
                verb: fields.action.ok_or_else(|| missing("action"))?,
                url: fields.url.ok_or_else(|| missing("url"))?.0,
                name: fields.name.map(|text| text.0),
                saved: fields.saved.map(|text| text.0),
                verdict: fields.outcome.ok_or_else(|| missing("outcome"))?,
            })
        }
        kind => Err(format!("unknown type \"{}\"", excerpt(kind, QUOTE))),
    }
}

/// Whether the line is a `run` line or what is left of one.
pub(super) fn is_run(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.starts_with(RUN) || RUN.starts_with(line)
}

/// The schema that the line states, if it is the header of a log with another schema than ours.
pub(super) fn schema(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Header<'a> {
        #[serde(borrow, rename = "type")]
        kind: Cow<'a, str>,
        schema: u64,
    }
    let header: Header<'_> = serde_json::from_slice(line).ok()?;
    (header.kind == "pfetch-log" && header.schema != SCHEMA).then_some(header.schema)
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_micros(*time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_a_line_of_this_schema() {
        let header: serde_json::Value = serde_json::from_str(HEADER).unwrap();
        assert_eq!(header["type"], "pfetch-log");
        assert_eq!(header["schema"], SCHEMA);
        assert_eq!(HEADER.find('\n'), Some(HEADER.len() - 1));
    }

    #[test]
    fn a_run_line_is_known_by_its_beginning() {
        let mut line = Vec::new();
        write(&Line::run(SystemTime::UNIX_EPOCH), &mut line).unwrap();
        for cut in 0..=line.len() {
            assert!(is_run(&line[..cut]), "cut at {cut}");
        }
        assert!(!is_run(b"{\"type\":\"result\","));
        assert!(!is_run(b"{\"type\":\"running\","));
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let line =
            br#"{"type":"result","url":"http://h/","action":"get","name":"a","outcome":"ok"}"#;
        let Ok(Entry::Result { url, name, .. }) = read(line) else {
            panic!("not read as a result");
        };
        assert!(matches!(url, Cow::Borrowed("http://h/")));
        assert!(matches!(name, Some(Cow::Borrowed("a"))));
    }
}
