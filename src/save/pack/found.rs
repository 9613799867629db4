//! The packs in the folder, held against the run log.

use std::collections::HashSet;
use std::sync::Arc;

use super::files::{PART, PackFolder};
use super::index::PackIndex;
use super::logged::LoggedPacks;
use super::{AbsentPacks, PackConfig, PackError, PackFormat, tar};
use crate::model::event::PackEvent;
use crate::model::text::escape;

/// What is in the folder, held against the log.
#[derive(Default)]
pub(super) struct Found {
    /// The name and the path of the pack to go on with.
    pub(super) unpublished: Option<(String, Arc<str>)>,
    pub(super) untold: Option<PackEvent>,
    /// The number of the next new pack.
    pub(super) next: u64,
    pub(super) absent: Option<AbsentPacks>,
}

impl Found {
    pub(super) fn look(
        config: &PackConfig,
        folder: &PackFolder,
        logged: &mut LoggedPacks,
    ) -> Result<Self, PackError> {
        let pattern = &config.pattern;
        let number_of = |name: &str| pattern.number_of(name);
        let ours = logged.all().filter_map(|path| folder.name_in(path));
        let ours: HashSet<&str> = ours.collect();
        let next = ours.iter().filter_map(|name| number_of(name)).max();
        let next = next.map_or(0, |last| last + 1);
        for name in folder.names()? {
            let whole = name.strip_suffix(PART).unwrap_or(&name);
            let is_ours = number_of(whole).is_none() || ours.contains(whole);
            if !is_ours && !folder.is_empty_part(&name) {
                return Err(folder.foreign(&name));
            }
        }
        let found = Found {
            next,
            ..Self::unpublished(config, folder, logged)?
        };
        let absent = check_published(config.format, folder, logged)?;
        Ok(Found { absent, ..found })
    }

    /// Finds the pack to go on with.
    fn unpublished(
        config: &PackConfig,
        folder: &PackFolder,
        logged: &mut LoggedPacks,
    ) -> Result<Self, PackError> {
        let pattern = &config.pattern;
        let Some((path, end, _)) = logged.unpublished() else {
            return Ok(Found::default());
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
                    untold: Some(PackEvent::Published(path)),
                    ..Found::default()
                })
            }
            (true, true) => Err(PackError::Foreign(folder.shown(&name))),
            (false, false) if end > 0 => Err(PackError::Missing(folder.shown(&part))),
            (false, _) => {
                let length = folder.length_of(&part).unwrap_or_default();
                let length = match config.format {
                    PackFormat::Tar => length,
                    PackFormat::Warc => length.min(PackIndex::covered(folder, &name)),
                };
                let has_lost = logged.cut_to(length);
                Ok(Found {
                    untold: has_lost.map(|length| PackEvent::Cut(Arc::clone(&path), length)),
                    unpublished: Some((name, path)),
                    ..Found::default()
                })
            }
        }
    }
}

/// Looks at the published packs of the folder, as far as that costs no reading: a shorter one is an error. Returns
/// those that are not there.
fn check_published(
    format: PackFormat,
    folder: &PackFolder,
    logged: &LoggedPacks,
) -> Result<Option<AbsentPacks>, PackError> {
    let mut absent = Vec::new();
    for (path, end) in logged.published() {
        let Some(name) = folder.name_in(path) else {
            continue;
        };
        let stated = match format {
            PackFormat::Tar => end.saturating_add(tar::END.len() as u64),
            PackFormat::Warc => end,
        };
        match folder.length_of(name) {
            None => absent.push(folder.shown(name)),
            Some(found) if found < stated => {
                return Err(PackError::Shortened {
                    pack: folder.shown(name),
                    found,
                    stated,
                });
            }
            Some(_) => {}
        }
    }
    absent.sort_unstable();
    let mut absent = absent.into_iter();
    Ok(absent.next().map(|first| AbsentPacks {
        first,
        more: absent.len(),
    }))
}
