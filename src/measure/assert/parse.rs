//! Parsing of assertions, with the column of an error.

use std::str::FromStr;

use super::unit::Unit;
use super::{Assertion, Metric, Relation};

/// Reason why a text is no assertion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at column {column}: {what}")]
pub struct ParseAssertionError {
    /// The character at which the error begins, from 1.
    pub column: usize,
    /// The error, and what to write instead.
    pub what: String,
}

impl FromStr for Assertion {
    type Err = ParseAssertionError;

    fn from_str(text: &str) -> Result<Self, ParseAssertionError> {
        let mut tokens = TokenReader { text, at: 0 };
        let (name, at_name) = tokens.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let rest = text[tokens.at..].trim();
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
        let in_brackets = tokens.percentile_of(name);
        let name = in_brackets.as_deref().unwrap_or(name);
        let (metric, dimension) = Metric::named(name).map_err(at_name)?;

        let (sign, at_sign) = tokens.take_while(is_sign);
        let relation = Relation::ALL
            .into_iter()
            .find(|relation| relation.text() == sign)
            .ok_or_else(|| {
                let wrong = if sign.is_empty() {
                    format!("after {name} comes a comparison")
                } else {
                    format!("{sign:?} is no comparison")
                };
                at_sign(format!("{wrong}; write one of < <= > >= =="))
            })?;

        let (limit, at_limit) = tokens.take_while(|_| true);
        if let Some(second) = second_gate(limit) {
            let before = &text[..text.len() - limit.len() + second];
            return Err(ParseAssertionError {
                column: before.chars().count() + 1,
                what: format!(
                    "{:?} is a gate of its own; --assert may be repeated, one gate each, and all have to hold",
                    limit[second..].trim_end()
                ),
            });
        }
        let limit = limit.trim_end();
        if limit.is_empty() {
            return Err(at_limit(format!("the limit is missing after {sign}")));
        }
        let threshold = dimension.parse(name, limit).map_err(at_limit)?;
        let metric = match (metric, threshold.unit()) {
            (Metric::Failed, Unit::Percent) => Metric::FailedShare,
            (metric, _) => metric,
        };
        Ok(Assertion {
            metric,
            relation,
            threshold,
        })
    }
}

/// The place in a limit at which another assertion begins, as in `500ms,failed<1%`: at the name before a sign of a
/// comparison, whatever stands between the two.
fn second_gate(limit: &str) -> Option<usize> {
    let before = limit[..limit.find(is_sign)?].trim_end();
    let is_name = |c: char| c.is_alphanumeric() || "_.()".contains(c);
    let name = before.trim_end_matches(is_name).len();
    before[name..]
        .starts_with(char::is_alphabetic)
        .then_some(name)
}

/// Tests for a character of a comparison, of those that there are and of those that other programs have.
fn is_sign(c: char) -> bool {
    "<>=!~≤≥≠".contains(c)
}

/// Splits a text into its parts, from left to right.
struct TokenReader<'a> {
    text: &'a str,
    /// End of what has been read, in bytes.
    at: usize,
}

impl<'a> TokenReader<'a> {
    /// Takes the rank of a percentile that stands in brackets behind `name`, as in k6's `p(95)`, and returns the
    /// whole as one name, `p95`.
    fn percentile_of(&mut self, name: &str) -> Option<String> {
        let rank = self.text[self.at..].strip_prefix('(')?;
        let (rank, _) = rank.split_once(')')?;
        let is_rank = rank
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_percentile = is_rank && !rank.is_empty() && (name == "p" || name == "ttfb_p");
        is_percentile.then(|| {
            self.at += rank.len() + 2;
            format!("{name}{rank}")
        })
    }

    /// Skips spaces, then takes the characters for which `is_part` is true. Returns them, and a function that
    /// makes an error at their beginning.
    fn take_while(
        &mut self,
        is_part: fn(char) -> bool,
    ) -> (&'a str, impl Fn(String) -> ParseAssertionError + use<>) {
        let rest = self.text[self.at..].trim_start();
        let start = self.text.len() - rest.len();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at = start + end;
        let column = self.text[..start].chars().count() + 1;
        (&rest[..end], move |what| ParseAssertionError {
            column,
            what,
        })
    }
}
