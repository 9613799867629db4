//! Options that have no like here, and the one line that says so of all of them.

use super::meaning::Hint;

/// Mistakes that were found so far, each with the option that it is of.
#[derive(Debug, Default)]
pub(super) struct Mistakes(Vec<(String, Hint)>);

impl Mistakes {
    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a hint before all others.
    pub(super) fn insert_first(&mut self, spelling: String, hint: Hint) {
        self.0.insert(0, (spelling, hint));
    }

    /// Adds a hint for this spelling; two options with the same share it.
    pub(super) fn add(&mut self, spelling: &str, hint: Hint) {
        match self.0.iter_mut().find(|(_, known)| *known == hint) {
            Some((spellings, _)) if spellings.split(", ").any(|known| known == spelling) => {}
            Some((spellings, _)) => *spellings = format!("{spellings}, {spelling}"),
            None => self.0.push((spelling.to_owned(), hint)),
        }
    }

    /// All of them in one line, if there are any.
    pub(super) fn into_line(self) -> Option<String> {
        match &self.0[..] {
            [] => None,
            [(spelling, Hint { text, otherwise })] => {
                Some(format!("{spelling}: {text}{otherwise}"))
            }
            several => {
                let each = several
                    .iter()
                    .map(|(spelling, hint)| format!("{spelling}: {}", hint.text));
                Some(each.collect::<Vec<_>>().join("; and "))
            }
        }
    }
}
