//! Warnings of what is not there, or there twice: lines, shards, runs.

use super::overlap::MergeOverlap;
use super::survey::Survey;
use super::{NO_END, NO_RUN, ReplayError, count_warning};
use crate::model::event::{Event, Listener};

impl Survey<'_> {
    /// Warns of runs whose lines are not all there. What a run left undone is no loss if a later one with its log
    /// went on.
    pub(super) fn warn_of_gaps(&self, listener: &mut dyn Listener) -> Result<(), ReplayError> {
        for overlap in &self.overlaps {
            listener.event(&Event::Warning(self.overlap_warning(overlap)))?;
        }
        for (run, merge) in self.later_runs() {
            let (run, merge) = (self.name(run), self.name(merge));
            let warning = format!(
                "{run} goes on with a run log of a run that is merged in {merge}, so that URLs of both count twice: \
                 give the reports that {merge} was made of in its place"
            );
            listener.event(&Event::Warning(warning))?;
        }
        if let Some(missing) = self.missing_shards() {
            listener.event(&Event::MissingShards(missing))?;
        }
        for file in &self.blank {
            let name = &self.files[*file].name;
            let warning = format!("{name} has no run in it: {NO_RUN}");
            listener.event(&Event::Warning(warning))?;
        }
        for (number, run) in self.counted() {
            let fault = match &run.end {
                Some(end) => count_warning(run.found, end.targets),
                None if run.is_reported && self.is_last(number) => Some(NO_END.to_owned()),
                None => None,
            };
            if let Some(fault) = fault {
                let warning = format!("{} {fault}", self.name(number));
                listener.event(&Event::Warning(warning))?;
            }
        }
        Ok(())
    }

    /// The warning of a merge that is beside its parts.
    fn overlap_warning(&self, overlap: &MergeOverlap) -> String {
        let merge = self.name(overlap.merge);
        let first = self.name(overlap.parts[0]);
        let parts = match overlap.parts.len() {
            1 => first,
            count => format!("{first} and {} more", count - 1),
        };
        match overlap.is_whole {
            true => format!("{merge} is a merge of what is here too ({parts}), and is left out"),
            false => format!("{merge} is a merge of {parts} too, so that is left out"),
        }
    }
}
