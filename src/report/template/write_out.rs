//! curl's templates (`-w`, `--write-out`), as far as each of their variables has its like.

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
            parts.push_field(known.ok_or_else(|| no_like(name, variable(), place))?);
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
    Ok(parts.parts)
}

/// The error of a variable that has no like.
fn no_like(name: &str, variable: String, column: usize) -> TemplateError {
    if let Some(field) = TemplateField::by_name(name).filter(|_| variable.starts_with("%{")) {
        return TemplateError::OwnField { column, field };
    }
    match TemplateField::instead_of(name) {
        Some(instead) => TemplateError::ReplacedVariable {
            column,
            variable,
            instead,
        },
        None => TemplateError::UnknownVariable { column, variable },
    }
}

/// The field of pfetch's that the text begins with, which curl would print as it stands.
fn field_in_braces(text: &str) -> Option<TemplateField> {
    let (name, _) = name(text.strip_prefix('{')?)?;
    TemplateField::by_name(name)
}
