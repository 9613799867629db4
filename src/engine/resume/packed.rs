//! The targets whose bodies are in packs: known by their index, because their members are.

use super::done::DoneTargets;
use super::error::OtherList;
use super::line_read::{LogEntry, LoggedResult, read_line};
use crate::model::outcome::Outcome;
use crate::model::target::Target;
use crate::model::text::excerpt;

/// The most characters of a URL that are quoted.
const QUOTED_URL: usize = 200;

impl DoneTargets {
    /// The outcome of this target, if its body is in a pack.
    ///
    /// # Errors
    ///
    /// [`OtherList`].
    pub fn find_packed(&self, target: &Target) -> Result<Option<Outcome>, OtherList> {
        let (index, url) = (target.index, target.location.text());
        let Some(line) = self.packed_line(index)? else {
            return Ok(None);
        };
        let result = self.packed_result(&line)?;
        if *result.url != **url {
            return Err(self.other_url(index, &result.url, url));
        }
        let sha256 = target.sha256.as_deref();
        if sha256.is_some_and(|wanted| result.sha256 != Some(*wanted)) {
            return Err(OtherList::Checksum {
                log: self.log_name.clone(),
                url: excerpt(url, QUOTED_URL),
            });
        }
        Ok(Some(result.into_outcome()))
    }

    /// The line of the log about the body with this index, if that is in a pack.
    fn packed_line(&self, index: u64) -> Result<Option<Vec<u8>>, OtherList> {
        let Some(packs) = &self.packs else {
            return Ok(None);
        };
        let position = self.position_of(index);
        let position = position.filter(|position| packs.holds(*position));
        let line = position.map(|position| self.line_at(position));
        line.transpose().map_err(|_| self.unreadable())
    }

    fn packed_result<'l>(&self, line: &'l [u8]) -> Result<LoggedResult<'l>, OtherList> {
        match read_line(line) {
            Ok(LogEntry::Result(result)) => Ok(result),
            _ => Err(self.unreadable()),
        }
    }

    fn unreadable(&self) -> OtherList {
        OtherList::Unreadable {
            log: self.log_name.clone(),
        }
    }

    fn other_url(&self, index: u64, logged: &str, listed: &str) -> OtherList {
        OtherList::Url {
            log: self.log_name.clone(),
            index,
            logged: excerpt(logged, QUOTED_URL),
            listed: excerpt(listed, QUOTED_URL),
        }
    }

    /// The largest index of a target whose body is in a pack.
    pub(super) fn last_packed(&self) -> Option<u64> {
        self.last_packed
    }

    /// The URL of the target with this index, if its body is in a pack.
    pub(super) fn packed_url(&self, index: u64) -> Result<Option<String>, OtherList> {
        let line = self.packed_line(index)?;
        let url = line.map(|line| Ok(self.packed_result(&line)?.url.into_owned()));
        url.transpose()
    }

    /// Checks that the body with this index is in no pack: the list has something else there.
    pub(super) fn check_unpacked(&self, index: u64, listed: &str) -> Result<(), OtherList> {
        let logged = self.packed_url(index)?;
        logged.map_or(Ok(()), |url| Err(self.other_url(index, &url, listed)))
    }

    /// The error of a list that ends before the target with this index, whose body is in a pack.
    pub(super) fn short_list(&self, index: u64, listed: u64) -> Result<(), OtherList> {
        let logged = self.packed_url(index)?;
        logged.map_or(Ok(()), |url| {
            Err(OtherList::Short {
                log: self.log_name.clone(),
                index,
                logged: excerpt(&url, QUOTED_URL),
                listed,
            })
        })
    }
}
