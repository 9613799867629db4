//! The parser of pfetch's own template syntax.

use super::field::TemplateField;
use super::{PartList, TemplateError, TemplatePart, column, unescaped};

/// Parses a template in pfetch's syntax.
pub(super) fn parse(text: &str) -> Result<Vec<TemplatePart>, TemplateError> {
    let mut parts = PartList::default();
    let mut rest = text.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let next = rest.peek().map(|(_, next)| *next);
        match (c, next) {
            ('{' | '}', Some(again)) if again == c => {
                rest.next();
                parts.push(c);
            }
            ('{', _) => {
                let (name, end) = name(&text[at + 1..]).ok_or(TemplateError::Unclosed {
                    column: column(text, at),
                })?;
                let field = TemplateField::by_name(name);
                parts.push_field(field.ok_or_else(|| TemplateError::UnknownField {
                    column: column(text, at),
                    name: name.to_owned(),
                })?);
                // Up to the closing brace.
                while rest.next_if(|(place, _)| *place <= at + 1 + end).is_some() {}
            }
            ('}', _) => {
                return Err(TemplateError::Unopened {
                    column: column(text, at),
                });
            }
            ('\\', next) => {
                let escaped = next.and_then(unescaped).ok_or(TemplateError::Escape {
                    column: column(text, at),
                })?;
                rest.next();
                parts.push(escaped);
            }
            (c, _) => parts.push(c),
        }
    }
    Ok(parts.parts)
}

/// The name up to the closing brace, and the place of that. A brace before it belongs to something else, so that
/// a JSON object is not taken for a field.
pub(super) fn name(text: &str) -> Option<(&str, usize)> {
    let end = text.find(['{', '}'])?;
    text[end..].starts_with('}').then(|| (&text[..end], end))
}
