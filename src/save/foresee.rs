//! What a dry run can tell of the file that a URL would get, from what is there.

use super::FileError;
use super::store::{Exists, Store};
use super::xattr::{FileState, UrlDigest};
use crate::model::save_path::SavePath;

use super::prepare::PlaceContent;

/// The end that the file of a URL would come to, as far as that shows before any request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeseenFile {
    /// It is fetched, and no file has its name.
    New,
    /// It is fetched, and takes the place of the file that has its name, unless the server's version is that.
    Replacing,
    /// It is fetched, and refused unless it has the content of the file that has its name, which pfetch did not save
    /// from this URL.
    Contested,
    /// The file that has its name is kept, without a request.
    Kept,
    /// It is refused, without a request.
    Refused(FileError),
}

impl Store {
    /// Foresees the end of the file of `url` at `place`, which is to have this SHA-256 if one is given. Nothing is
    /// made or changed.
    pub fn foresee(&self, place: &SavePath, url: &str, sha256: Option<&[u8; 32]>) -> ForeseenFile {
        if self.is_absent() {
            return ForeseenFile::New;
        }
        let (stat, record) = match self.look_at(place, sha256) {
            Ok(PlaceContent::Nothing(_)) => return ForeseenFile::New,
            Ok(PlaceContent::Kept(_)) => return ForeseenFile::Kept,
            Err(error) => return ForeseenFile::Refused(error),
            Ok(PlaceContent::File { stat, record, .. }) => (stat, record),
        };
        let is_own = record.is_some_and(|record| {
            record.source() == UrlDigest::of(url) && matches!(record.state, FileState::Saved(_))
        });
        let is_empty = stat.st_size == 0;
        // With a sum, the content decides, and that of this file is wrong.
        match self.exists() == Exists::Update && !is_own && !is_empty {
            true => ForeseenFile::Contested,
            false => ForeseenFile::Replacing,
        }
    }
}
