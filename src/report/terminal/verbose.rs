//! Verbose output (`-v`): every request and response with its headers and its connection.

use std::io::{self, Write};

use crate::model::event::{Event, Listener};
use crate::model::outcome::{Exchange, Outcome};
use crate::model::secret_parameters::without_secret_values;

use crate::report::format::duration;

/// A listener that writes exchanges to `W` (standard error, in the program) in curl's format: `*` begins
/// a remark, `>` a line of the request, `<` a line of the response. The values of secret parameters in URLs are masked,
/// also in headers (`Location`, `Referer`): such lines are kept in the logs of a build.
#[derive(Debug)]
pub struct Verbose<W> {
    out: W,
}

impl<W: Write> Verbose<W> {
    /// Exchanges written to `out`.
    pub fn new(out: W) -> Self {
        Verbose { out }
    }

    fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        for attempt in outcome.earlier() {
            for exchange in attempt.exchanges() {
                self.exchange(exchange)?;
            }
            if let Some(error) = &attempt.error {
                let total = duration(attempt.total());
                let url = &outcome.url;
                self.line(format!("* {url}: {error} (after {total}); tried again"))?;
            }
        }
        for exchange in outcome.last.exchanges() {
            self.exchange(exchange)?;
        }
        for notice in outcome.notices() {
            self.line(format!("* {}: {notice}", outcome.url))?;
        }
        Ok(())
    }

    fn exchange(&mut self, exchange: &Exchange) -> io::Result<()> {
        let Exchange { method, url, .. } = exchange;
        let mut first = format!("* {method} {url}");
        if let Some(remote) = exchange.remote {
            first += &format!(" at {remote}");
        }
        if let Some(proxy) = &exchange.proxy {
            first += &format!(" through proxy {proxy}");
        }
        first += match exchange.reused {
            Some(true) => ", kept connection",
            Some(false) => ", new connection",
            None => ", not sent",
        };
        self.line(first)?;
        for (name, value) in &exchange.request {
            self.line(format!("> {name}: {value}"))?;
        }
        if let Some((version, status)) = exchange.status {
            self.line(format!("< {version} {status}"))?;
        }
        for (name, value) in &exchange.response {
            self.line(format!("< {name}: {value}"))?;
        }
        Ok(())
    }

    /// Writes a line without the values of secret parameters.
    fn line(&mut self, line: String) -> io::Result<()> {
        writeln!(self.out, "{}", without_secret_values(&line).unwrap_or(line))
    }
}

impl<W: Write> Listener for Verbose<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::Finished(outcome) => self.outcome(outcome),
            _ => Ok(()),
        }
    }

    fn idle(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
