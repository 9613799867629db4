//! Files that got other names than their URLs or their lines would give, because other files hold those.

use std::collections::HashMap;
use std::fmt;

use crate::model::outcome::{Outcome, Verdict};
use crate::model::save_path::SavePath;

/// The displaced files of a run. Those that are not saved yet are kept until they are.
#[derive(Debug, Default)]
pub(super) struct DisplacedFiles {
    /// The names wanted and given, by the indexes of the targets.
    expected: HashMap<u64, (SavePath, SavePath)>,
    saved: Option<Displaced>,
    /// The index of the first of them in the list.
    first: u64,
    reason: DisplacedBy,
}

/// The reason why a file got another name than the one that was wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DisplacedBy {
    /// A file that an earlier run saved from another URL has the name that this one's URL gives.
    #[default]
    OtherUrl,
    /// Another file of the same run has the name that this one's line gives (`"output"`).
    SameRun,
}

impl DisplacedFiles {
    /// No files yet, all of this reason.
    pub(super) fn by(reason: DisplacedBy) -> Self {
        DisplacedFiles {
            reason,
            ..DisplacedFiles::default()
        }
    }

    /// Expects the file of this target to be saved under another name than the one that was wanted.
    pub(super) fn expect(&mut self, index: u64, wanted: SavePath, given: SavePath) {
        self.expected.insert(index, (wanted, given));
    }

    /// Takes the target for another shard's: its file is not saved by this run.
    pub(super) fn pass_over(&mut self, index: u64) {
        self.expected.remove(&index);
    }

    /// Notes the file of this outcome, if it was expected and is saved.
    pub(super) fn note(&mut self, outcome: &Outcome) {
        let Some((wanted, given)) = self.expected.remove(&outcome.index) else {
            return;
        };
        if outcome.verdict != Verdict::Ok || outcome.saved().is_none() {
            return;
        }
        let count = self.saved.as_ref().map_or(0, |saved| saved.count);
        let reason = self.reason;
        let saved = self.saved.get_or_insert_with(|| Displaced {
            reason,
            count: 0,
            wanted: wanted.clone(),
            given: given.clone(),
        });
        saved.count += 1;
        if count == 0 || outcome.index < self.first {
            self.first = outcome.index;
            (saved.wanted, saved.given) = (wanted, given);
        }
    }

    /// The files that were saved under other names, if there are any.
    pub(super) fn take(&mut self) -> Option<Displaced> {
        self.saved.take()
    }
}

/// Files that were saved under other names than those that were wanted, and the first of them as an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// The reason, the same for all.
    pub reason: DisplacedBy,
    /// Their number, at least 1.
    pub count: u64,
    /// The name that the first one's URL, or its line, would give, with its folders.
    pub wanted: SavePath,
    /// The name that it got.
    pub given: SavePath,
}

impl fmt::Display for Displaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Displaced {
            reason,
            count,
            wanted,
            given,
        } = self;
        match (count, reason) {
            (1, DisplacedBy::SameRun) => f.write_str(
                "1 file got another name than its line's \"output\", since another file of this run has it",
            ),
            (_, DisplacedBy::SameRun) => write!(
                f,
                "{count} files got another name than their lines' \"output\", since other files of this run have them"
            ),
            (1, DisplacedBy::OtherUrl) => f.write_str(
                "1 file got another name than its URL's, since another URL's file holds it",
            ),
            (_, DisplacedBy::OtherUrl) => write!(
                f,
                "{count} files got another name than their URL's, since other URLs' files hold them"
            ),
        }?;
        write!(f, ": {} -> {}", wanted.as_str(), given.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use super::*;
    use crate::model::outcome::Saved;
    use crate::model::target::Verb;

    fn path(text: &str) -> SavePath {
        SavePath::parse(text).expect("a path")
    }

    fn outcome(index: u64, verdict: Verdict) -> Outcome {
        let mut outcome = Outcome::new(index, Arc::from("http://h/"), Verb::Get);
        outcome.verdict = verdict;
        outcome.details_mut().saved = Some(Saved {
            path: PathBuf::from("x"),
            bytes: 1,
            sha256: None,
            resumed_from: None,
        });
        outcome
    }

    #[test]
    fn only_files_that_are_saved_are_counted_and_the_first_of_the_list_is_named() {
        let mut files = DisplacedFiles::default();
        for index in 0..6 {
            files.expect(
                index,
                path(&format!("{index}.bin")),
                path(&format!("{index}-1.bin")),
            );
        }
        files.pass_over(0);
        for (index, verdict) in [
            (1, Verdict::Failed),
            (4, Verdict::Ok),
            (2, Verdict::Ok),
            (3, Verdict::Ok),
            (0, Verdict::Ok),
            (5, Verdict::Unchanged),
            (9, Verdict::Ok),
        ] {
            files.note(&outcome(index, verdict));
        }
        let told = files.take().map(|displaced| displaced.to_string());
        let expected = "3 files got another name than their URL's, since other URLs' files hold them: \
                        2.bin -> 2-1.bin";
        assert_eq!(told.as_deref(), Some(expected));
        assert_eq!(files.take(), None);
    }

    #[test]
    fn one_file_is_told_in_the_singular() {
        let mut files = DisplacedFiles::default();
        files.expect(7, path("h/a"), path("h/a-1"));
        files.note(&outcome(7, Verdict::Ok));
        let told = files.take().map(|displaced| displaced.to_string());
        let expected = "1 file got another name than its URL's, since another URL's file holds it: h/a -> h/a-1";
        assert_eq!(told.as_deref(), Some(expected));
    }

    #[test]
    fn files_whose_lines_name_one_that_the_run_has_are_told_as_such() {
        for (targets, expected) in [
            (
                1,
                "1 file got another name than its line's \"output\", since another file of this run has it: a -> a-1",
            ),
            (
                2,
                "2 files got another name than their lines' \"output\", since other files of this run have them: a -> a-1",
            ),
        ] {
            let mut files = DisplacedFiles::by(DisplacedBy::SameRun);
            for index in 0..targets {
                files.expect(index, path("a"), path(&format!("a-{}", index + 1)));
                files.note(&outcome(index, Verdict::Ok));
            }
            let told = files.take().map(|displaced| displaced.to_string());
            assert_eq!(told.as_deref(), Some(expected));
        }
    }
}
