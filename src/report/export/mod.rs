//! Exports: reports in files, in addition to the one on standard output.
//!
//! An [`Export`] is a format, [`Export::listener`] makes a report in that format over any writer, and
//! [`ExportFile`] publishes one as a file, complete or not at all, and [`ExportStream`] writes one to a stream. A new format is a file here, and a line each
//! in `FORMATS` and in [`Export::listener`].
//!
//! Text from the network is escaped twice: control characters and those that change the direction of writing as
//! everywhere ([`escape`](crate::model::text::escape); JSON has an escape of its own), then the characters that
//! have a meaning in the format.

mod attempt_view;
mod chrome_trace;
mod csv;
mod document;
mod file;
mod har;
mod html;
mod json;
mod junit;
mod markdown;
mod markdown_why;
mod markup;
mod palette;
mod run_label;
mod stream;
mod timeline;
mod words;

use std::fmt;
use std::io::{self, Write};

use crate::model::event::Listener;

use super::{Baseline, JsonLines, WithoutSecrets};

pub use self::csv::Csv;
pub use chrome_trace::Trace;
pub use file::ExportFile;
pub use har::Har;
pub use html::Html;
pub use json::Json;
pub(in crate::report) use json::JsonDocument;
pub use junit::Junit;
pub use markdown::Markdown;
pub use stream::ExportStream;
pub use timeline::Svg;

/// Format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Export {
    /// One JSON document: [`Json`].
    Json,
    /// JSON Lines: [`JsonLines`].
    JsonLines,
    /// A table for spreadsheets and data frames: [`Csv`].
    Csv,
    /// GitHub's Markdown, for the summary of a CI step: [`Markdown`].
    Markdown,
    /// JUnit XML, for the test reports of CI servers: [`Junit`].
    Junit,
    /// An HTTP Archive, for the tools of browsers: [`Har`].
    Har,
    /// Trace events, for Perfetto and Chrome: [`Trace`].
    Trace,
    /// A page that needs nothing but a browser: [`Html`].
    Html,
    /// A picture of the timeline: [`Svg`].
    Svg,
}

/// The settings of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportSettings {
    /// The serial baseline of a plain run.
    pub baseline: Baseline,
    /// True if an input without URLs is an error, as the program ends with one.
    pub needs_urls: bool,
}

/// Each format with its name, and the file name extension that selects it.
const FORMATS: &[(Export, &str, &str)] = &[
    (Export::Json, "json", "json"),
    (Export::JsonLines, "jsonl", "jsonl"),
    (Export::Csv, "csv", "csv"),
    (Export::Markdown, "md", "md"),
    (Export::Junit, "junit", "xml"),
    (Export::Har, "har", "har"),
    // Trace files usually have the extension `json`, which is taken.
    (Export::Trace, "trace", "trace"),
    (Export::Html, "html", "html"),
    (Export::Svg, "svg", "svg"),
];

/// Other names of formats, and extensions of their files, that programs and people use.
const ALIASES: &[(Export, &str)] = &[
    (Export::Markdown, "markdown"),
    (Export::Junit, "xml"),
    (Export::JsonLines, "ndjson"),
    (Export::Html, "htm"),
];

impl Export {
    /// The format with this name, in whatever case, or with this alias.
    pub fn by_name(name: &str) -> Option<Self> {
        let is_it = |known: &str| known.eq_ignore_ascii_case(name);
        let named = FORMATS.iter().find(|(_, known, _)| is_it(known));
        let named = named.map(|(export, ..)| *export);
        named.or_else(|| Self::by_alias(name))
    }

    /// The format of files with this extension.
    pub fn by_extension(extension: &str) -> Option<Self> {
        let is_it = |known: &str| known.eq_ignore_ascii_case(extension);
        let named = FORMATS.iter().find(|(.., known)| is_it(known));
        let named = named.map(|(export, ..)| *export);
        named.or_else(|| Self::by_alias(extension))
    }

    fn by_alias(alias: &str) -> Option<Self> {
        let mut aliases = ALIASES.iter();
        let (export, _) = aliases.find(|(_, known)| known.eq_ignore_ascii_case(alias))?;
        Some(*export)
    }

    /// The names of all formats.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FORMATS.iter().map(|(_, name, _)| *name)
    }

    /// The report in this format, written to `out`. An input without URLs is no error in it.
    ///
    /// # Errors
    ///
    /// If a format cannot create the temporary file that holds a part until the end.
    pub fn listener(
        self,
        out: Box<dyn Write>,
        baseline: Baseline,
    ) -> io::Result<Box<dyn Listener>> {
        let needs_urls = false;
        self.listener_with(
            out,
            ExportSettings {
                baseline,
                needs_urls,
            },
        )
    }

    /// The report in this format with these settings, written to `out`.
    ///
    /// # Errors
    ///
    /// As for [`listener`](Export::listener).
    pub fn listener_with(
        self,
        out: Box<dyn Write>,
        settings: ExportSettings,
    ) -> io::Result<Box<dyn Listener>> {
        let baseline = settings.baseline;
        let junit = |out| Ok::<_, io::Error>(Junit::new(out)?.needs_urls(settings.needs_urls));
        Ok(match self {
            Export::Json => Box::new(Json::new(out, baseline)),
            Export::JsonLines => Box::new(JsonLines::new(out, baseline)),
            Export::Csv => Box::new(Csv::new(out)),
            Export::Markdown => Box::new(WithoutSecrets::new(Markdown::new(out, baseline))),
            Export::Junit => Box::new(WithoutSecrets::new(junit(out)?)),
            Export::Har => Box::new(WithoutSecrets::new(Har::new(out))),
            Export::Trace => Box::new(WithoutSecrets::new(Trace::new(out))),
            Export::Html => Box::new(WithoutSecrets::new(Html::new(out).baseline(baseline))),
            Export::Svg => Box::new(WithoutSecrets::new(Svg::new(out))),
        })
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name, _) = FORMATS
            .iter()
            .find(|(export, ..)| export == self)
            .expect("every format stands in the table");
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_and_by_extension() {
        for name in Export::names() {
            let export = Export::by_name(name).expect("a format");
            assert_eq!(export.to_string(), name);
            assert!(
                export
                    .listener(Box::new(io::sink()), Baseline::None)
                    .is_ok()
            );
        }
        assert_eq!(Export::by_extension("XML"), Some(Export::Junit));
        assert_eq!(Export::by_extension("txt"), None);
        for (name, export) in [
            ("xml", Export::Junit),
            ("markdown", Export::Markdown),
            ("JSON", Export::Json),
        ] {
            assert_eq!(Export::by_name(name), Some(export), "{name}");
            assert_eq!(Export::by_extension(name), Some(export), "{name}");
        }
        assert_eq!(Export::by_name("txt"), None);
    }
}
