//! curl's templates (`-w`, `--write-out`), as far as each of their variables has its like.

use super::error::MissingVariable;
use super::field::TemplateField;
use super::parse::name;
use super::{PartList, TemplateError, TemplatePart, column, unescaped};

/// What begins a variable, and those that take their name behind a word.
const BEGINNINGS: [&str; 4] = ["%{", "%header{", "%output{", "%time{"];

/// Recognises curl's syntax.
pub(super) fn is_its_syntax(text: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| text.contains(beginning))
}

/// Parses a template in curl's syntax: an escape that curl does not know stays as it is, and so does a brace.
pub(super) fn parse(text: &str) -> Result<Vec<TemplatePart>, TemplateError> {
    let mut parts = PartList::default();
    let mut missing = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(beginning) = BEGINNINGS.iter().find(|it| rest.starts_with(**it)) {
            let place = column(text, at);
            let (name, end) =
                name(&rest[beginning.len()..]).ok_or(TemplateError::Unclosed { column: place })?;
            let known = TemplateField::by_variable(name).filter(|_| *beginning == "%{");
            let name = match *beginning {
                // Behind it stands the name of a header.
                "%header{" => "header_json",
                _ => name,
            };
            let variable = || rest[..=beginning.len() + end].to_owned();
            match known {
                Some(field) => parts.push_field(field),
                // The others are read too, to tell of all that are missing.
                None => missing.push(no_field(name, variable(), place)?),
            }
            at += beginning.len() + end + 1;
        } else if rest.starts_with("%%") {
            parts.push('%');
            at += 2;
        } else if let Some(escaped) = rest.strip_prefix('\\').and_then(|rest| {
            let next = rest.chars().next()?;
            unescaped(next)
        }) {
            parts.push(escaped);
            at += 2;
        } else {
            if let Some(field) = field_in_braces(rest) {
                return Err(TemplateError::Mixed {
                    column: column(text, at),
                    field,
                });
            }
            parts.push(c);
            at += c.len_utf8();
        }
    }
    match missing.is_empty() {
        true => Ok(parts.parts),
        false => Err(TemplateError::NoVariables { variables: missing }),
    }
}

/// A variable that there is no field for, or the error of a field of pfetch's in the place of one.
fn no_field(name: &str, variable: String, column: usize) -> Result<MissingVariable, TemplateError> {
    if let Some(field) = TemplateField::by_name(name).filter(|_| variable.starts_with("%{")) {
        return Err(TemplateError::OwnField { column, field });
    }
    Ok(MissingVariable {
        column,
        variable,
        instead: TemplateField::instead_of(name),
    })
}

/// The field of pfetch's that the text begins with, which curl would print as it stands.
fn field_in_braces(text: &str) -> Option<TemplateField> {
    let (name, _) = name(text.strip_prefix('{')?)?;
    TemplateField::by_name(name)
}
