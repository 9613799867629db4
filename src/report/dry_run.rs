//! The report of a dry run: what would be fetched and under which names, and what is refused.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::format::{counted, grouped};
use super::template::Template;
use super::terminal::Detail;
use crate::model::outcome::{Outcome, Verdict};
use crate::model::secret_parameters::without_secret_values;
use crate::model::target::Verb;
use crate::model::text::escape;

const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A target of a dry run.
#[derive(Debug)]
pub struct DryTarget {
    /// What would be fetched (`ok`, with the path of its file as saved), is kept without a request (`unchanged`, with
    /// its path), is refused (`failed`), or was done by an earlier run (`done`).
    pub outcome: Outcome,
    /// What is to be said of the name of its file.
    pub name: DryName,
}

/// The name that a file would get.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DryName {
    /// Nothing is to be said of it.
    #[default]
    Own,
    /// Another file has the name that the URL would give.
    Numbered,
    /// A file of this name is there.
    Present,
    /// A file of this name is there that pfetch did not save from the URL: it stays.
    Contested,
    /// The server may give another.
    OfServer,
}

/// The form of the report.
#[derive(Debug, Clone)]
pub enum DryForm {
    /// Text for people.
    Human {
        /// Uses colour.
        colour: bool,
    },
    /// An object for each target.
    JsonLines,
    /// A line for each target, by a template.
    Template(Template),
}

/// The report of a dry run, written to `W`.
#[derive(Debug)]
pub struct DryRun<W> {
    out: W,
    form: DryForm,
    /// The lines for people that are written.
    detail: Detail,
    line: String,
}

/// The numbers of a dry run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DryCounts {
    /// Targets that would be fetched.
    pub planned: u64,
    /// Targets whose files are kept without a request.
    pub kept: u64,
    /// Targets that are refused: input that is no URL, and files whose names are taken.
    pub refused: u64,
    /// Targets that an earlier run has done.
    pub done_before: u64,
}

/// A target in JSON Lines (`planned`).
#[derive(Serialize, JsonSchema)]
pub(super) struct PlannedRecord<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "planned"))]
    kind: &'static str,
    index: u64,
    url: &'a str,
    action: Verb,
    #[schemars(extend("enum" = ["planned", "unchanged", "failed", "done"]))]
    outcome: &'static str,
    path: Option<String>,
    error: Option<String>,
}

impl<W: Write> DryRun<W> {
    /// A report written to `out`, for people with the lines of this detail.
    pub fn new(out: W, form: DryForm, detail: Detail) -> Self {
        DryRun {
            out,
            form,
            detail,
            line: String::new(),
        }
    }

    /// Writes the line of a target. One that was done before has none, but in JSON Lines.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn target(&mut self, target: &DryTarget) -> io::Result<()> {
        let outcome = &target.outcome;
        let is_done = outcome.verdict == Verdict::Done;
        match &self.form {
            DryForm::JsonLines => {
                serde_json::to_writer(&mut self.out, &record(outcome))?;
                self.out.write_all(b"\n")
            }
            DryForm::Template(_) if is_done => Ok(()),
            DryForm::Template(template) => {
                self.line.clear();
                template.render(outcome, &mut self.line);
                self.out.write_all(self.line.as_bytes())
            }
            DryForm::Human { colour } => self.human(target, *colour),
        }
    }

    fn human(&mut self, target: &DryTarget, colour: bool) -> io::Result<()> {
        let outcome = &target.outcome;
        if !self.detail.has_line(outcome.verdict) {
            return Ok(());
        }
        let [red, dim, reset] = match colour {
            true => [RED, DIM, RESET],
            false => [""; 3],
        };
        let shown = |text: &str| without_secret_values(text).unwrap_or_else(|| text.to_owned());
        let url = shown(&outcome.url);
        if let Some(failure) = outcome.error() {
            let failure = shown(&failure.to_string());
            return writeln!(
                self.out,
                "{red}refused{reset}  {url}  {red}{failure}{reset}"
            );
        }
        let verb = match (outcome.verdict, outcome.verb) {
            (Verdict::Unchanged, _) => "keep",
            (_, Verb::Get) => "get",
            (_, Verb::Head) => "head",
        };
        write!(self.out, "{verb:>7}  {url}")?;
        if let Some(saved) = outcome.saved() {
            let path = escape(&saved.path.display().to_string());
            let note = match target.name {
                DryName::Own => "",
                DryName::Numbered => "  (its name is taken)",
                DryName::Present => "  (is there)",
                DryName::Contested => {
                    "  (is there, not as saved from this URL: kept if the same, else refused)"
                }
                DryName::OfServer => "  (or as the server names it)",
            };
            write!(self.out, "  {dim}=> {path}{reset}{note}")?;
        }
        self.out.write_all(b"\n")
    }

    /// Flushes the lines, because none will come for a moment.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The numbers in a line: `4 URLs: 2 to fetch, 1 kept, 1 refused · nothing was contacted (--dry-run)`.
pub fn dry_run_summary(counts: DryCounts) -> String {
    let DryCounts {
        planned,
        kept,
        refused,
        done_before,
    } = counts;
    let kept_part = match kept {
        0 => String::new(),
        kept => format!(" {} kept,", grouped(kept)),
    };
    let mut text = format!(
        "{}: {} to fetch,{kept_part} {} refused",
        counted(planned + kept + refused, "URL"),
        grouped(planned),
        grouped(refused)
    );
    if done_before > 0 {
        text += &format!(" · {} done before", counted(done_before, "URL"));
    }
    text + " · nothing was contacted (--dry-run)"
}

fn record(outcome: &Outcome) -> PlannedRecord<'_> {
    PlannedRecord {
        kind: "planned",
        index: outcome.index,
        url: &outcome.url,
        action: outcome.verb,
        outcome: match outcome.verdict {
            Verdict::Ok => "planned",
            other => other.as_str(),
        },
        path: outcome
            .saved()
            .map(|saved| saved.path.display().to_string()),
        error: outcome.error().map(|failure| failure.message.clone()),
    }
}
