//! Names of packs: a pattern with a place for the number.

use std::path::{Path, PathBuf};

use super::PackFormat;
use crate::model::text::normalised_path;

/// The most digits that a number is padded to.
const MAX_WIDTH: usize = 12;

/// Extensions of files that are compressed.
const COMPRESSED: [&str; 6] = [".gz", ".tgz", ".bz2", ".xz", ".zst", ".tzst"];

/// A pattern that cannot name packs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It has no place for the number.
    #[error("the name has no place for the number of the pack; write %05d there, as part-%05d.tar")]
    NoNumber,
    /// It has several.
    #[error("the name has several places for the number of the pack; leave one %05d")]
    Numbers,
    /// The number is in the name of a folder.
    #[error("the number of the pack is in the name of a folder; write %05d in the file's name")]
    InFolder,
    /// A `%` that begins neither a number nor `%%`.
    #[error(
        "after a % comes d, a width and d, or another %; write %05d, and %% for a percent sign"
    )]
    Field,
    /// `{shard}` without a shard.
    #[error("{{shard}} stands for the number of a shard; give --shard, or take it out")]
    NoShard,
    /// The extension of another format than the packs have.
    #[error("{0}")]
    Extension(&'static str),
    /// The name is not UTF-8, or empty.
    #[error("the name is not UTF-8; give another")]
    NotText,
}

/// The pattern of a run's packs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackPattern {
    folder: PathBuf,
    /// The file's name before and after the number.
    before: String,
    after: String,
    /// The digits that the number has at least.
    width: usize,
}

impl PackPattern {
    /// Parses `FOLDER/NAME`, with `%05d` in the name, and `{shard}` in either under a shard of this number.
    ///
    /// # Errors
    ///
    /// [`PatternError`].
    pub fn parse(text: &Path, shard: Option<u64>) -> Result<Self, PatternError> {
        let text = text.to_str().ok_or(PatternError::NotText)?;
        let text = match (text.contains("{shard}"), shard) {
            (false, _) => text.to_owned(),
            (true, Some(shard)) => text.replace("{shard}", &shard.to_string()),
            (true, None) => return Err(PatternError::NoShard),
        };
        let (folder, name) = match text.rsplit_once('/') {
            Some(("", name)) => ("/", name),
            Some((folder, name)) => (folder, name),
            None => ("", text.as_str()),
        };
        if !matches!(parse_name(folder), Err(PatternError::NoNumber)) {
            return Err(match parse_name(folder) {
                Err(PatternError::Field) => PatternError::Field,
                _ => PatternError::InFolder,
            });
        }
        let (before, width, after) = parse_name(name)?;
        Ok(PackPattern {
            folder: PathBuf::from(&*normalised_path(&folder.replace("%%", "%"))),
            before,
            after,
            width,
        })
    }

    /// Checks that the name is not that of another format: readers go by it.
    ///
    /// # Errors
    ///
    /// [`PatternError::Extension`].
    pub fn check_extension(&self, format: PackFormat) -> Result<(), PatternError> {
        let name = self.after.to_ascii_lowercase();
        let ends_with = |extensions: &[&str]| extensions.iter().any(|end| name.ends_with(end));
        match format {
            PackFormat::Tar if ends_with(&COMPRESSED) => Err(PatternError::Extension(
                "tar packs are not compressed; end the name in .tar, as part-%05d.tar",
            )),
            PackFormat::Warc if ends_with(&[".warc"]) => Err(PatternError::Extension(
                "WARC packs are compressed, record by record; end the name in .warc.gz, as \
                 part-%05d.warc.gz",
            )),
            PackFormat::Tar | PackFormat::Warc => Ok(()),
        }
    }

    /// The folder of the packs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of the pack with this number, without the folder.
    pub fn name(&self, number: u64) -> String {
        let width = self.width;
        format!("{}{number:0width$}{}", self.before, self.after)
    }

    /// The number of the pack with this name, if it has one by this pattern.
    pub fn number_of(&self, name: &str) -> Option<u64> {
        let digits = name.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse().ok().filter(|_| is_number)?;
        (self.name(number) == name).then_some(number)
    }
}

/// Splits a name at its number: the text before, the width, and the text after.
fn parse_name(name: &str) -> Result<(String, usize, String), PatternError> {
    let mut texts = [String::new(), String::new()];
    let mut width = None;
    let mut rest = name;
    while let Some((text, field)) = rest.split_once('%') {
        texts[usize::from(width.is_some())] += text;
        if let Some(after) = field.strip_prefix('%') {
            texts[usize::from(width.is_some())].push('%');
            rest = after;
            continue;
        }
        let (digits, after) = field.split_once('d').ok_or(PatternError::Field)?;
        let found = match digits {
            "" => Some(1),
            digits => digits
                .strip_prefix('0')
                .and_then(|digits| digits.parse().ok())
                .filter(|width| (1..=MAX_WIDTH).contains(width)),
        };
        let found = found.ok_or(PatternError::Field)?;
        if width.replace(found).is_some() {
            return Err(PatternError::Numbers);
        }
        rest = after;
    }
    texts[usize::from(width.is_some())] += rest;
    let [before, after] = texts;
    Ok((before, width.ok_or(PatternError::NoNumber)?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_number_in_its_place_and_give_it_back() {
        for (text, folder, number, name) in [
            ("a-%05d.tar", "", 7, "a-00007.tar"),
            ("d/e/a-%05d.tar", "d/e", 123_456, "a-123456.tar"),
            ("/%d", "/", 0, "0"),
            // However it is written, it is one folder.
            ("./a-%d.tar", "", 1, "a-1.tar"),
            (".//d/.//e/a-%d.tar", "d/e", 1, "a-1.tar"),
            ("//d/a-%d.tar", "/d", 1, "a-1.tar"),
            ("../d/a-%d.tar", "../d", 1, "a-1.tar"),
            ("100%%/%03d%%.tar", "100%", 12, "012%.tar"),
        ] {
            let pattern = PackPattern::parse(Path::new(text), None).expect(text);
            assert_eq!(pattern.folder(), Path::new(folder), "{text}");
            assert_eq!(pattern.name(number), name, "{text}");
            assert_eq!(pattern.number_of(name), Some(number), "{text}");
        }
        let pattern = PackPattern::parse(Path::new("a-%05d.tar"), None).expect("a pattern");
        for name in [
            "a-7.tar",
            "a-000007.tar",
            "a-.tar",
            "a-0000x.tar",
            "a-+0007.tar",
            "b-00007.tar",
            "a-.ta",
            "a-00007.tar.part",
            "a-99999999999999999999999.tar",
        ] {
            assert_eq!(pattern.number_of(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_of_another_format_is_refused() {
        use PackFormat::{Tar, Warc};
        for (format, text, is_fine) in [
            (Tar, "a-%d.tar", true),
            (Tar, "a-%d", true),
            (Tar, "a.gz-%d.tar", true),
            (Tar, "a-%d.tar.gz", false),
            (Tar, "a-%d.TGZ", false),
            (Tar, "a-%d.tar.zst", false),
            (Warc, "a-%d.warc.gz", true),
            (Warc, "a-%d", true),
            (Warc, "a-%d.warc", false),
            (Warc, "a-%d.WARC", false),
        ] {
            let pattern = PackPattern::parse(Path::new(text), None).expect(text);
            let checked = pattern.check_extension(format);
            assert_eq!(checked.is_ok(), is_fine, "{format:?} {text}: {checked:?}");
        }
    }

    #[test]
    fn a_pattern_that_cannot_name_packs_says_why() {
        for (text, expected) in [
            ("a.tar", PatternError::NoNumber),
            ("", PatternError::NoNumber),
            ("%05d/", PatternError::InFolder),
            ("%05d/a.tar", PatternError::InFolder),
            ("a-%d-%d.tar", PatternError::Numbers),
            ("a-%s.tar", PatternError::Field),
            ("a-%5d.tar", PatternError::Field),
            ("a-%099d.tar", PatternError::Field),
            ("%x/%d", PatternError::Field),
            ("a-%", PatternError::Field),
            ("a-{shard}-%05d.tar", PatternError::NoShard),
        ] {
            let found = PackPattern::parse(Path::new(text), None);
            assert_eq!(found, Err(expected), "{text}");
        }
        let sharded = PackPattern::parse(Path::new("s{shard}/a-{shard}-%05d.tar"), Some(3));
        let sharded = sharded.expect("there is a shard");
        assert_eq!(sharded.folder(), Path::new("s3"));
        assert_eq!(sharded.name(1), "a-3-00001.tar");
    }
}
