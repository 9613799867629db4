//! The text of a URL, as a target or as a mistake.

use std::sync::Arc;

use http::HeaderMap;

use super::excerpt::safe_excerpt;
use super::slip::Slip;
use crate::engine::input::InputConfig;
use crate::model::meta::Meta;
use crate::model::save_path::SavePath;
use crate::model::target::{Location, Verb};

/// A line that is a target.
#[derive(Debug, Clone)]
pub(in crate::engine::input) struct ParsedLine {
    pub(in crate::engine::input) location: Location,
    pub(in crate::engine::input) verb: Verb,
    pub(in crate::engine::input) headers: Option<Box<HeaderMap>>,
    pub(in crate::engine::input) output: Option<SavePath>,
    pub(in crate::engine::input) sha256: Option<Box<[u8; 32]>>,
    pub(in crate::engine::input) meta: Option<Meta>,
}

/// A line that is no target: an excerpt that is safe to show, and the mistake.
#[derive(Debug, Clone)]
pub(in crate::engine::input) struct BadLine {
    pub(in crate::engine::input) excerpt: Arc<str>,
    pub(in crate::engine::input) reason: String,
    /// What the line says for the readers of its result, as far as it could be read.
    pub(in crate::engine::input) meta: Option<Meta>,
}

/// Parses the text of a URL.
pub(super) fn parse_url(
    text: &str,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    match Slip::find(text, config.default_scheme) {
        Some(slip) => Err(bad(text, &slip)),
        None => parse_location(text, config, near),
    }
}

/// Parses the text of a URL that is no slip.
pub(super) fn parse_location(
    text: &str,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    let location = Location::parse_near(text, config.default_scheme, near)
        .map_err(|error| bad(text, &error))?;
    Ok(ParsedLine {
        location,
        verb: config.verb,
        headers: None,
        output: None,
        sha256: None,
        meta: None,
    })
}

/// Makes the error for a text that is no target.
pub(super) fn bad(text: &str, reason: &impl ToString) -> BadLine {
    BadLine {
        excerpt: safe_excerpt(text),
        reason: reason.to_string(),
        meta: None,
    }
}
