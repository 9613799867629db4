//! The packs in the folder, held against the run log.

use std::sync::Arc;

use super::files::{PART, PackFolder};
use super::index::PackIndex;
use super::logged::LoggedPacks;
use super::{PackConfig, PackError, PackFormat};
use crate::model::event::PackEvent;
use crate::model::text::escape;

/// What is in the folder, held against the log.
pub(super) struct Found {
    /// The name and the path of the pack to go on with.
    pub(super) unpublished: Option<(String, Arc<str>)>,
    pub(super) untold: Option<PackEvent>,
    /// The number of the next new pack.
    pub(super) next: u64,
}

impl Found {
    pub(super) fn look(
        config: &PackConfig,
        folder: &PackFolder,
        logged: &mut LoggedPacks,
    ) -> Result<Self, PackError> {
        let pattern = &config.pattern;
        let mut next = 0;
        for path in logged.all() {
            let number = folder
                .name_in(path)
                .and_then(|name| pattern.number_of(name));
            next = next.max(number.map_or(0, |number| number + 1));
        }
        for name in folder.names()? {
            let whole = name.strip_suffix(PART).unwrap_or(&name);
            let is_ours =
                pattern.number_of(whole).is_none() || logged.names(&folder.path_of(whole));
            if !is_ours && !folder.is_empty_part(&name) {
                return Err(PackError::Foreign(folder.shown(&name)));
            }
        }
        let Some((path, end, _)) = logged.unpublished() else {
            return Ok(Found {
                unpublished: None,
                untold: None,
                next,
            });
        };
        let name = folder.name_in(&path).map(str::to_owned);
        let name = name.filter(|name| pattern.number_of(name).is_some());
        let name = name.ok_or_else(|| PackError::OtherPattern(escape(&path)))?;
        let part = format!("{name}{PART}");
        let (has_whole, has_part) = (folder.contains(&name), folder.contains(&part));
        match (has_whole, has_part) {
            // Killed between the rename and the line about it.
            (true, false) => {
                logged.note_published(&path);
                Ok(Found {
                    unpublished: None,
                    untold: Some(PackEvent::Published(path)),
                    next,
                })
            }
            (true, true) => Err(PackError::Foreign(folder.shown(&name))),
            (false, false) if end > 0 => Err(PackError::Missing(folder.shown(&part))),
            (false, _) => {
                let length = match config.format {
                    PackFormat::Tar => folder.length_of(&part),
                    PackFormat::Warc => folder
                        .length_of(&part)
                        .min(PackIndex::covered(folder, &name)),
                };
                let has_lost = logged.cut_to(length);
                Ok(Found {
                    untold: has_lost.map(|length| PackEvent::Cut(Arc::clone(&path), length)),
                    unpublished: Some((name, path)),
                    next,
                })
            }
        }
    }
}
