//! The fields of a template: their names, and their values as text.

use std::fmt::Write;
use std::time::Duration;

use strum::{IntoStaticStr, VariantArray};

use crate::model::outcome::Outcome;
use crate::model::text::escape;
use crate::model::timing::Phase;
use crate::report::format::push_number;

/// curl's variables that have a like.
const VARIABLES: &[(&str, TemplateField)] = &[
    ("http_code", TemplateField::Status),
    ("response_code", TemplateField::Status),
    ("url", TemplateField::Url),
    ("url_effective", TemplateField::FinalUrl),
    ("urlnum", TemplateField::Index),
    ("time_total", TemplateField::Time),
    ("time_starttransfer", TemplateField::Ttfb),
    ("time_namelookup", TemplateField::TimeNamelookup),
    ("time_connect", TemplateField::TimeConnect),
    ("time_appconnect", TemplateField::TimeAppconnect),
    ("scheme", TemplateField::Scheme),
    ("size_download", TemplateField::Bytes),
    ("content_type", TemplateField::Type),
    ("filename_effective", TemplateField::Path),
    ("errormsg", TemplateField::Error),
    ("num_redirects", TemplateField::Redirects),
    ("remote_ip", TemplateField::RemoteIp),
];

/// curl's variables that have no like, each with what to use instead.
const INSTEAD: &[(&str, &str)] = &[
    (
        "exitcode",
        "%{errormsg} is the reason of a failure, and the exit code is the run's",
    ),
    ("json", "--format jsonl has everything"),
    ("header_json", "--format jsonl -v has the headers"),
    (
        "redirect_url",
        "--max-redirects 0 -v shows where it leads, %{url_effective} where redirects led",
    ),
    (
        "num_retries",
        "{attempts} is one more, in a template without %",
    ),
    ("num_connects", "--format jsonl has it as reused"),
    ("http_version", "--format jsonl has it as http_version"),
    ("method", "--format jsonl has it as action"),
    (
        "remote_port",
        "{remote} has the port behind the address, in a template without %",
    ),
    ("speed_download", "it is %{size_download} / %{time_total}"),
    ("time_pretransfer", PHASES),
    ("time_redirect", PHASES),
    ("stderr", STREAMS),
    ("stdout", STREAMS),
];

const PHASES: &str = "--format jsonl has the phases as timing";
const STREAMS: &str = "lines go to standard output, 2>FILE takes the summary";

/// A field that a template can show. What a URL has not is left empty, but for the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum TemplateField {
    /// The URL as given.
    Url,
    /// The URL that answered: where redirects led, or the same.
    FinalUrl,
    /// The status code; `000` if there is none, as curl has it.
    Status,
    /// The time of all attempts in seconds, to the microsecond.
    Time,
    /// The time to the first byte in seconds, to the microsecond, of the last attempt.
    Ttfb,
    /// The bytes of the body, decoded.
    Bytes,
    /// The media type.
    Type,
    /// The path of the saved file.
    Path,
    /// The reason of the failure.
    Error,
    /// The position in the input, from 0.
    Index,
    /// The number of redirects that were followed.
    Redirects,
    /// The number of attempts, the first included.
    Attempts,
    /// The address and the port of the last connection's other end, a proxy's if there is one.
    Remote,
    /// The address alone, as curl has it.
    RemoteIp,
    /// The scheme of the URL that answered.
    Scheme,
    /// The time of the look-up of the name in seconds, of all redirects of the last attempt. The names of this and the
    /// next two are curl's, which counts up to the end of the phase too.
    TimeNamelookup,
    /// The time up to the end of the TCP connect in seconds: of look-up and connect.
    TimeConnect,
    /// The time up to the end of the TLS handshake in seconds: of look-up, connect and handshake.
    TimeAppconnect,
}

impl TemplateField {
    /// The name in a template.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The field with this name.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let mut all = Self::VARIANTS.iter().copied();
        all.find(|field| field.as_str() == name)
    }

    /// The names of all fields, for a message.
    pub(super) fn list() -> String {
        let all = Self::VARIANTS.iter();
        let names: Vec<_> = all.map(|field| format!("{{{}}}", field.as_str())).collect();
        names.join(" ")
    }

    /// The like of a variable of curl's.
    pub(super) fn by_variable(name: &str) -> Option<Self> {
        let (_, field) = VARIABLES.iter().find(|(known, _)| *known == name)?;
        Some(*field)
    }

    /// The variable of curl's that shows the same, as its message writes it: the first of them if there are several.
    pub(super) fn variable(self) -> Option<&'static str> {
        let (name, _) = VARIABLES.iter().find(|(_, field)| *field == self)?;
        Some(name)
    }

    /// What to use instead of a variable of curl's that has no like.
    pub(super) fn instead_of(name: &str) -> Option<&'static str> {
        let (_, instead) = INSTEAD.iter().find(|(known, _)| *known == name)?;
        Some(instead)
    }

    /// The variables that have a like, for a message.
    pub(super) fn variables() -> String {
        let all = VARIABLES.iter();
        let names: Vec<_> = all.map(|(name, _)| format!("%{{{name}}}")).collect();
        names.join(" ")
    }

    /// Appends the field of this URL.
    pub(super) fn render(self, outcome: &Outcome, line: &mut String) {
        match self {
            // Safe to show by their types.
            TemplateField::Url => line.push_str(&outcome.url),
            TemplateField::FinalUrl => {
                line.push_str(&escape(outcome.final_url().unwrap_or(&outcome.url)));
            }
            TemplateField::Status => match outcome.status() {
                Some(status) => push_number(line, status.into()),
                None => line.push_str("000"),
            },
            TemplateField::Time => push_seconds(line, outcome.elapsed()),
            TemplateField::Ttfb => push_seconds(line, outcome.last.timing.ttfb()),
            TemplateField::Bytes => push_number(line, outcome.bytes),
            TemplateField::Type => line.push_str(&escape(outcome.content_type().unwrap_or(""))),
            TemplateField::Path => {
                if let Some(saved) = outcome.saved() {
                    line.push_str(&escape(&saved.path.display().to_string()));
                }
            }
            TemplateField::Error => {
                if let Some(failure) = outcome.error() {
                    line.push_str(&escape(&failure.to_string()));
                }
            }
            TemplateField::Index => push_number(line, outcome.index),
            TemplateField::Redirects => push_number(line, outcome.redirects().len() as u64),
            TemplateField::Attempts => push_number(line, outcome.requests().into()),
            TemplateField::Remote => {
                if let Some(remote) = outcome.last.remote {
                    // Writing to a string cannot fail.
                    let _ = write!(line, "{remote}");
                }
            }
            TemplateField::RemoteIp => {
                if let Some(remote) = outcome.last.remote {
                    let _ = write!(line, "{}", remote.ip());
                }
            }
            TemplateField::Scheme => {
                let url = outcome.final_url().unwrap_or(&outcome.url);
                line.push_str(url.split_once("://").map_or("", |(scheme, _)| scheme));
            }
            TemplateField::TimeNamelookup => push_seconds(line, up_to(outcome, Phase::Dns)),
            TemplateField::TimeConnect => push_seconds(line, up_to(outcome, Phase::Connect)),
            TemplateField::TimeAppconnect => push_seconds(line, up_to(outcome, Phase::Ssl)),
        }
    }
}

/// The phases of setting up connections, in their order.
const SETTING_UP: [Phase; 3] = [Phase::Dns, Phase::Connect, Phase::Ssl];

/// The time of the last attempt up to the end of this phase of setting up connections, if there was one: none is made
/// for a connection that is used again. Over redirects each is added up, as curl does.
fn up_to(outcome: &Outcome, phase: Phase) -> Option<Duration> {
    let timing = &outcome.last.timing;
    let last = timing.phase(phase)?;
    let before = SETTING_UP.into_iter().take_while(|before| *before != phase);
    let before: Duration = before.filter_map(|before| timing.phase(before)).sum();
    Some(before + last)
}

/// Appends seconds with six decimals, as curl does.
fn push_seconds(line: &mut String, time: Option<Duration>) {
    if let Some(time) = time {
        // Writing to a string cannot fail.
        let _ = write!(line, "{}.{:06}", time.as_secs(), time.subsec_micros());
    }
}
