//! Mistakes in a template.

use super::field::TemplateField;

/// A mistake in a template. Columns count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It has no field.
    #[error(
        "it is human, jsonl or a template with a field in it, as '{{status}} {{url}}'; there are {}",
        TemplateField::list()
    )]
    NoField,
    /// There is no such field.
    #[error(
        "column {column}: there is no {{{name}}}; there are {}",
        TemplateField::list()
    )]
    UnknownField {
        /// The column of its brace.
        column: usize,
        /// The name that was given.
        name: String,
    },
    /// Variables of curl's that pfetch has no field for.
    #[error("{}", missing(variables))]
    NoVariables {
        /// All of them, in their order.
        variables: Vec<MissingVariable>,
    },
    /// A field in braces among curl's variables.
    #[error(
        "column {column}: {{{}}} and curl's %{{…}} do not go together; write {}",
        field.as_str(),
        in_place_of(*field, "{…} for all of them")
    )]
    Mixed {
        /// The column of its brace.
        column: usize,
        /// The field.
        field: TemplateField,
    },
    /// A field with curl's percent sign before it.
    #[error(
        "column {column}: curl has no %{{{}}}; write {}",
        field.as_str(),
        in_place_of(*field, &format!("{{{}}}, and {{…}} for all others", field.as_str()))
    )]
    OwnField {
        /// The column of its percent sign.
        column: usize,
        /// The field.
        field: TemplateField,
    },
    /// The name of a file that has the template, as curl reads it.
    #[error("files of templates are not read; let the shell do it: \"$(cat {0})\"")]
    File(String),
    /// A brace that is not closed.
    #[error("column {column}: this brace is not closed; a brace itself is written {{{{")]
    Unclosed {
        /// The column of the brace.
        column: usize,
    },
    /// A closing brace without an opening one.
    #[error("column {column}: this brace closes nothing; a brace itself is written }}}}")]
    Unopened {
        /// The column of the brace.
        column: usize,
    },
    /// An unknown escape.
    #[error("column {column}: there is no such escape; there are \\n, \\t, \\r, \\0 and \\\\")]
    Escape {
        /// The column of the backslash.
        column: usize,
    },
}

/// A variable of curl's that pfetch has no field for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingVariable {
    /// The column of its percent sign.
    pub column: usize,
    /// The variable as it was given.
    pub variable: String,
    /// What to use instead, if something stands for it.
    pub instead: Option<&'static str>,
}

/// Words the variables that are missing: each with what to use instead, or the ones that there are at the end.
fn missing(variables: &[MissingVariable]) -> String {
    let has = |instead: &&MissingVariable| instead.instead.is_some();
    let (replaced, unknown): (Vec<_>, Vec<_>) = variables.iter().partition(has);
    let named = |missing: &MissingVariable| {
        format!(
            "column {}: pfetch has no {}",
            missing.column, missing.variable
        )
    };
    let replaced = replaced.into_iter().map(|missing| match missing.instead {
        Some(instead) => format!("{}: {instead}", named(missing)),
        None => named(missing),
    });
    let mut parts: Vec<String> = replaced.chain(unknown.iter().map(|it| named(it))).collect();
    if !unknown.is_empty() {
        parts.push(format!("there are {}", TemplateField::variables()));
    }
    parts.join("; ")
}

/// The ways to write a field where curl's variables are: as the one of curl's that shows the same, if there is one, or
/// as `other` says.
fn in_place_of(field: TemplateField, other: &str) -> String {
    match field.variable() {
        Some(variable) => format!("%{{{variable}}} for it, or {other}"),
        None => other.to_owned(),
    }
}
