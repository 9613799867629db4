//! JSON lines: a target with more than its URL.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::excerpt::JSON_EXCERPT;
use super::json_mistake::{JsonMistake, word};
use super::url::{BadLine, ParsedLine, parse_url};
use crate::engine::input::InputConfig;
use crate::model::headers::{self, HeaderError};
use crate::model::meta::Meta;
use crate::model::save_path::SavePath;
use crate::model::target::{Location, Verb};
use crate::model::text::{escape, parse_hex};

/// The keys of a JSON line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine<'a> {
    url: String,
    action: Option<Verb>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    output: Option<String>,
    sha256: Option<String>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

/// Parses an object.
pub(super) fn parse_json(
    text: &str,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    let line: JsonLine<'_> = serde_json::from_str(text)
        .map_err(|error| bad(JsonMistake::find(text, &error).to_string()))?;
    let meta = line.meta.map(Meta::new).transpose();
    let meta = meta.map_err(|error| bad(format!("meta: {error}")))?;
    match parse_fields(&line, config, near) {
        Ok(parsed) => Ok(ParsedLine { meta, ..parsed }),
        Err(mistake) => Err(BadLine { meta, ..mistake }),
    }
}

/// Makes the error for an object.
fn bad(reason: impl AsRef<str>) -> BadLine {
    BadLine {
        excerpt: Arc::from(JSON_EXCERPT),
        reason: escape(reason.as_ref()),
        meta: None,
    }
}

/// Parses the fields of an object other than `meta`.
fn parse_fields(
    line: &JsonLine<'_>,
    config: InputConfig,
    near: Option<&Location>,
) -> Result<ParsedLine, BadLine> {
    let mut parsed = parse_url(&line.url, config, near)?;
    parsed.verb = line.action.unwrap_or(config.verb);
    let mut headers = HeaderMap::new();
    for (name, value) in &line.headers {
        let (name, value) = headers::new(name.as_bytes(), value.as_bytes())
            .map_err(|error| bad(header_mistake(error)))?;
        headers::add(&mut headers, name, value).map_err(|error| bad(header_mistake(error)))?;
    }
    parsed.headers = (!headers.is_empty()).then(|| Box::new(headers));
    if parsed.verb == Verb::Head && (line.output.is_some() || line.sha256.is_some()) {
        let reason = "a HEAD has no body; take out \"output\" and \"sha256\", or the action";
        return Err(bad(reason));
    }
    if let Some(output) = &line.output {
        if !config.names_files {
            return Err(bad("\"output\" needs a folder to save in (-d DIR)"));
        }
        let place = SavePath::parse(output).map_err(|error| bad(format!("output: {error}")))?;
        parsed.output = Some(place);
    }
    if let Some(text) = &line.sha256 {
        let sum = parse_hex(text)
            .ok_or_else(|| bad("sha256: give 64 hexadecimal digits, as sha256sum prints them"))?;
        parsed.sha256 = Some(Box::new(sum));
    }
    Ok(parsed)
}

/// Words a header, as a JSON line has it, that cannot be sent: a whole one may have been given as the name.
fn header_mistake(error: HeaderError) -> String {
    match error {
        HeaderError::Name(name) => HeaderError::Name(word(&name)).to_string(),
        other => other.to_string(),
    }
}
