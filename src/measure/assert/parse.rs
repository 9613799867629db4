//! Reading a gate, and saying where it cannot be read.

use std::str::FromStr;

use super::unit::Unit;
use super::{Comparison, Gate, Metric};

/// Why a text is no gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at column {column}: {what}")]
pub struct ParseGateError {
    /// Where: the character at which what cannot be read begins, from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub what: String,
}

impl FromStr for Gate {
    type Err = ParseGateError;

    fn from_str(text: &str) -> Result<Self, ParseGateError> {
        let mut reader = Reader { text, at: 0 };
        let (name, at_name) = reader.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let rest = text[reader.at..].trim();
        if name.is_empty() {
            let missing = if rest.is_empty() {
                "there is nothing".to_owned()
            } else {
                format!("{rest:?} is no name")
            };
            return Err(at_name(format!(
                "{missing}; write a name, a comparison and a limit, as p95<500ms"
            )));
        }
        let (metric, kind) = Metric::named(name).map_err(at_name)?;

        let (sign, at_sign) = reader.take_while(|c| "<>=!~≤≥≠".contains(c));
        let comparison = Comparison::ALL
            .into_iter()
            .find(|comparison| comparison.text() == sign)
            .ok_or_else(|| {
                let wrong = if sign.is_empty() {
                    format!("after {name} comes a comparison")
                } else {
                    format!("{sign:?} is no comparison")
                };
                at_sign(format!("{wrong}; write one of < <= > >= =="))
            })?;

        let (limit, at_limit) = reader.take_while(|_| true);
        let limit = limit.trim_end();
        if limit.is_empty() {
            return Err(at_limit(format!("the limit is missing after {sign}")));
        }
        let limit = kind.read(name, limit).map_err(at_limit)?;
        let metric = match (metric, limit.unit()) {
            (Metric::Failed, Unit::Percent) => Metric::FailedShare,
            (metric, _) => metric,
        };
        Ok(Gate {
            metric,
            comparison,
            limit,
        })
    }
}

/// A text, and how far it is read.
struct Reader<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

impl<'a> Reader<'a> {
    /// Skips spaces, then takes what is made of such characters; and what makes an error that points
    /// at where it begins.
    fn take_while(
        &mut self,
        is_part: fn(char) -> bool,
    ) -> (&'a str, impl Fn(String) -> ParseGateError + use<>) {
        let rest = self.text[self.at..].trim_start();
        let start = self.text.len() - rest.len();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at = start + end;
        let column = self.text[..start].chars().count() + 1;
        (&rest[..end], move |what| ParseGateError { column, what })
    }
}
