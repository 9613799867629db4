//! A line for each URL by a template of the user's (`--format '{status} {url}'`).
//!
//! * [`Template`] is the template, parsed once: `parse` reads pfetch's own syntax, `write_out` curl's.
//! * `field` is what a template can show of a URL.
//! * [`TemplateLines`] writes the lines.

mod error;
mod field;
mod lines;
mod parse;
mod write_out;

use crate::model::outcome::Outcome;
use crate::model::text::escape;

pub use error::{MissingVariable, TemplateError};
pub use field::TemplateField;
pub use lines::TemplateLines;

/// A template for the line of a URL.
///
/// `{name}` stands for a [field](TemplateField), `{{` and `}}` for braces, and `\n`, `\t`, `\r`, `\0` and `\\`
/// for what they are in C. A text with a `%{` in it has curl's syntax (`-w`): `%{http_code}`, `%%`. A line end is
/// added to a template that ends with neither a line end nor a NUL.
///
/// ```
/// use pfetch::report::Template;
///
/// assert!(Template::parse(r"{status}\t{url}").is_ok());
/// assert_eq!(Template::parse("%{http_code} %{url}"), Template::parse("{status} {url}"));
/// let error = Template::parse("{staus} {url}").unwrap_err();
/// assert!(error.to_string().starts_with("column 1: there is no {staus}"));
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    parts: Vec<TemplatePart>,
    is_write_out: bool,
}

/// Two templates are equal that print the same, in whichever syntax they were written.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Template {}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePart {
    Text(String),
    Field(TemplateField),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], with the column of the mistake.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let is_write_out = write_out::is_its_syntax(text);
        let mut parts = match is_write_out {
            true => write_out::parse(text)?,
            false => parse::parse(text)?,
        };
        let has_field = |part: &TemplatePart| matches!(part, TemplatePart::Field(_));
        if !parts.iter().any(has_field) {
            return Err(match text.strip_prefix('@') {
                Some(file) if !file.is_empty() => TemplateError::File(escape(file)),
                _ => TemplateError::NoField,
            });
        }
        match parts.last_mut() {
            Some(TemplatePart::Text(text)) if text.ends_with(['\n', '\0']) => {}
            Some(TemplatePart::Text(text)) => text.push('\n'),
            _ => parts.push(TemplatePart::Text("\n".to_owned())),
        }
        Ok(Template {
            parts,
            is_write_out,
        })
    }

    /// Tells whether it was written in curl's syntax, whose users expect the body before its line.
    pub fn is_write_out(&self) -> bool {
        self.is_write_out
    }

    /// Tells whether its line ends another first: that of a body without a line end, which is expected before it.
    pub fn begins_with_line_end(&self) -> bool {
        matches!(self.parts.first(), Some(TemplatePart::Text(text)) if text.starts_with(['\n', '\r']))
    }

    /// Tells whether the template shows this field.
    pub fn shows(&self, field: TemplateField) -> bool {
        self.parts.contains(&TemplatePart::Field(field))
    }

    /// Appends the line of a URL. Control characters from servers are escaped.
    pub fn render(&self, outcome: &Outcome, line: &mut String) {
        for part in &self.parts {
            match part {
                TemplatePart::Text(text) => line.push_str(text),
                TemplatePart::Field(field) => field.render(outcome, line),
            }
        }
    }
}

/// The parts under construction: text is joined, and columns are counted.
#[derive(Debug, Default)]
struct PartList {
    parts: Vec<TemplatePart>,
}

impl PartList {
    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(TemplatePart::Text(text)) => text.push(c),
            _ => self.parts.push(TemplatePart::Text(c.to_string())),
        }
    }

    fn push_field(&mut self, field: TemplateField) {
        self.parts.push(TemplatePart::Field(field));
    }
}

/// The column of a byte of `text`, from 1, in characters.
fn column(text: &str, byte: usize) -> usize {
    text[..byte].chars().count() + 1
}

/// The character that an escape stands for.
fn unescaped(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        '\\' => Some('\\'),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
