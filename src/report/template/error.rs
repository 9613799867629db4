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
    /// A variable of curl's that has no like.
    #[error(
        "column {column}: curl's {variable} has no like here; there are {}",
        TemplateField::variables()
    )]
    UnknownVariable {
        /// The column of its percent sign.
        column: usize,
        /// The variable as it was given.
        variable: String,
    },
    /// A variable of curl's that has no like, and something that stands for it.
    #[error("column {column}: curl's {variable} has no like here; {instead}")]
    ReplacedVariable {
        /// The column of its percent sign.
        column: usize,
        /// The variable as it was given.
        variable: String,
        /// What to use instead.
        instead: &'static str,
    },
    /// A field in braces among curl's variables.
    #[error(
        "column {column}: {{{name}}} and curl's %{{…}} do not go together; write {{…}} for all of them"
    )]
    Mixed {
        /// The column of its brace.
        column: usize,
        /// The name of the field.
        name: &'static str,
    },
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
