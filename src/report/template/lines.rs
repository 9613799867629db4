//! The lines of a template, written as URLs end.

use std::io::{self, Write};

use super::Template;
use crate::model::event::{Event, Listener};
use crate::model::outcome::Verdict;
use crate::report::shown_run::ShownRun;

/// A line for each URL that was tried, written to `W` by a template; nothing else.
#[derive(Debug)]
pub struct TemplateLines<W> {
    out: W,
    template: Template,
    shown: ShownRun,
    /// The buffer of a line, kept for the next.
    line: String,
}

impl<W: Write> TemplateLines<W> {
    /// Lines written to `out`.
    pub fn new(out: W, template: Template) -> Self {
        TemplateLines {
            out,
            template,
            shown: ShownRun::default(),
            line: String::new(),
        }
    }
}

impl<W: Write> Listener for TemplateLines<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::ArmStarted(run) => self.shown.begin(*run),
            Event::Finished(outcome)
                if self.shown.is_it()
                    && (outcome.is_past_deadline()
                        || !matches!(outcome.verdict, Verdict::Skipped | Verdict::Done)) =>
            {
                self.line.clear();
                self.template.render(outcome, &mut self.line);
                self.out.write_all(self.line.as_bytes())?;
            }
            _ => {}
        }
        Ok(())
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
