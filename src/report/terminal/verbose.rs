//! Verbose output (`-v`): every request and response with its headers and its connection.

use std::io::{self, Write};

use crate::model::event::{Event, Listener};
use crate::model::outcome::{Exchange, Outcome};

use crate::report::format::duration;

/// A listener that writes exchanges to `W` (standard error, in the program) in curl's format: `*` begins
/// a remark, `>` a line of the request, `<` a line of the response. They are as
/// they were sent: [`WithoutSecrets`](crate::report::WithoutSecrets) masks what is not for others.
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
                writeln!(self.out, "* {url}: {error} (after {total}); tried again")?;
            }
        }
        for exchange in outcome.last.exchanges() {
            self.exchange(exchange)?;
        }
        for notice in outcome.notices() {
            writeln!(self.out, "* {}: {notice}", outcome.url)?;
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
        writeln!(self.out, "{first}")?;
        for (name, value) in &exchange.request {
            writeln!(self.out, "> {name}: {value}")?;
        }
        if let Some((version, status)) = exchange.status {
            writeln!(self.out, "< {version} {status}")?;
        }
        for (name, value) in &exchange.response {
            writeln!(self.out, "< {name}: {value}")?;
        }
        Ok(())
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
