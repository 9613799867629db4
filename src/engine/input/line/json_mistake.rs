//! Mistakes in JSON lines: which field, what it is, and what it takes. Values are not shown, since they may be secret.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

/// The fields of a JSON line.
const FIELDS: [&str; 6] = ["url", "action", "headers", "output", "sha256", "meta"];

/// A mistake in a JSON line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonMistake {
    /// The end of the line comes before that of the object.
    #[error(
        "the object has no end on its line: a brace or a quote is missing at column {column}; an object is one line"
    )]
    Unfinished {
        /// The column after the last character, in bytes from 1.
        column: usize,
    },
    /// It is no JSON.
    #[error("this is no JSON at column {column}: {what}")]
    Syntax {
        /// The column, in bytes from 1.
        column: usize,
        /// The parser's words, which hold no value.
        what: String,
    },
    /// There is no such field.
    #[error("there is no field \"{name}\"; there are {}", FIELDS.join(", "))]
    UnknownField {
        /// Its name, or the beginning of it.
        name: String,
    },
    /// A field is there twice.
    #[error("\"{name}\" is given twice; take one out")]
    Twice {
        /// Its name.
        name: &'static str,
    },
    /// A field is missing.
    #[error("\"url\" is missing; a line is {{\"url\": \"http://…\"}}, and may have more fields")]
    NoUrl,
    /// A field has a value of another type.
    #[error("\"{name}\" is {found}, and takes {expected}")]
    Type {
        /// Its name.
        name: &'static str,
        /// The type that it has.
        found: JsonType,
        /// The values that it takes.
        expected: &'static str,
    },
    /// A header has a value of another type.
    #[error("\"headers\": the value of \"{header}\" is {found}, and takes text")]
    HeaderType {
        /// The name of the header, or the beginning of it.
        header: String,
        /// The type that it has.
        found: JsonType,
    },
    /// A text is none, by its escapes.
    #[error("\"{name}\" is no text: {what}")]
    Text {
        /// The name of the field.
        name: &'static str,
        /// The parser's words, which hold no value.
        what: String,
    },
    /// There is no such action.
    #[error("\"action\" is \"{found}\", and takes \"get\" or \"head\"")]
    Action {
        /// The action, or the beginning of it.
        found: String,
    },
}

/// A type of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonType {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

impl JsonType {
    /// The type of this value.
    fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'"') => JsonType::Text,
            Some(b'{') => JsonType::Object,
            Some(b'[') => JsonType::List,
            Some(b't' | b'f') => JsonType::Boolean,
            Some(b'n') => JsonType::Null,
            _ => JsonType::Number,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            JsonType::Null => "null",
            JsonType::Boolean => "true or false",
            JsonType::Number => "a number",
            JsonType::Text => "text",
            JsonType::List => "a list",
            JsonType::Object => "an object",
        })
    }
}

/// The members of an object in their order, repeated ones too.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collector;

        impl<'de> Visitor<'de> for Collector {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((Cow::Owned(name), value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collector)
    }
}

impl JsonMistake {
    /// Finds the mistake in a line that the parser refused with this error.
    pub(super) fn find(text: &str, error: &serde_json::Error) -> Self {
        let members: Members<'_> = match serde_json::from_str(text) {
            Ok(members) => members,
            Err(error) => return JsonMistake::of_syntax(&error),
        };
        let mut seen = Vec::new();
        for (name, value) in &members.0 {
            let Some(known) = FIELDS.into_iter().find(|known| known == name) else {
                let name = word(name);
                return JsonMistake::UnknownField { name };
            };
            if seen.contains(&known) {
                return JsonMistake::Twice { name: known };
            }
            seen.push(known);
            if let Some(mistake) = in_field(known, value) {
                return mistake;
            }
        }
        match seen.contains(&"url") {
            false => JsonMistake::NoUrl,
            true => JsonMistake::of_syntax(error),
        }
    }

    fn of_syntax(error: &serde_json::Error) -> Self {
        let column = error.column();
        match error.classify() {
            Category::Eof => JsonMistake::Unfinished { column },
            Category::Syntax | Category::Data | Category::Io => JsonMistake::Syntax {
                column,
                what: without_position(error),
            },
        }
    }
}

/// Finds the mistake in the value of a field.
fn in_field(name: &'static str, value: &RawValue) -> Option<JsonMistake> {
    let found = JsonType::of(value);
    let wrong = |expected| {
        Some(JsonMistake::Type {
            name,
            found,
            expected,
        })
    };
    match (name, found) {
        ("meta", _) | ("action" | "output" | "sha256", JsonType::Null) => None,
        ("headers", JsonType::Object) => in_headers(value),
        ("headers", _) => wrong("an object of texts, as {\"Name\": \"value\"}"),
        ("action", JsonType::Text) => match text_of(name, value) {
            Err(mistake) => Some(mistake),
            Ok(text) if matches!(&*text, "get" | "head") => None,
            Ok(text) => Some(JsonMistake::Action { found: word(&text) }),
        },
        (_, JsonType::Text) => text_of(name, value).err(),
        ("action", _) => wrong("\"get\" or \"head\""),
        _ => wrong("text"),
    }
}

/// Finds the mistake in the headers.
fn in_headers(value: &RawValue) -> Option<JsonMistake> {
    let headers: Members<'_> = match serde_json::from_str(value.get()) {
        Ok(headers) => headers,
        Err(error) => return Some(JsonMistake::of_syntax(&error)),
    };
    headers
        .0
        .iter()
        .find_map(|(header, value)| match JsonType::of(value) {
            JsonType::Text => text_of("headers", value).err(),
            found => Some(JsonMistake::HeaderType {
                header: word(header),
                found,
            }),
        })
}

/// The text of a value that begins as one.
fn text_of(name: &'static str, value: &RawValue) -> Result<String, JsonMistake> {
    serde_json::from_str(value.get()).map_err(|error: serde_json::Error| JsonMistake::Text {
        name,
        what: without_position(&error),
    })
}

/// The parser's words about syntax without their end, the position in the one line that it was given.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) if error.is_syntax() => what.to_owned(),
        // Of another mistake it may quote the value.
        _ => "it cannot be read".to_owned(),
    }
}

/// The first word of a name that may hold a secret as well, with an ellipsis if there is more.
pub(super) fn word(name: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match name.find(|c| !is_part(c)) {
        Some(end) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
