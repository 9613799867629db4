//! Runs that are in a merged report, and in a report of their own beside it: each is to count once.

use std::collections::BTreeSet;

use crate::model::run_id::RunId;

/// A run of the files, or a merge of several.
#[derive(Debug, Clone)]
pub(super) struct ReportedRuns {
    /// The runs: of a merge its parts, else the run itself.
    pub(super) runs: BTreeSet<RunId>,
    pub(super) is_merge: bool,
}

/// A merge of runs that are there too, and what is left out for that. Numbers are those of the reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MergeOverlap {
    pub(super) merge: usize,
    /// The reports of its runs.
    pub(super) parts: Vec<usize>,
    /// True if the merge is left out, because all of its runs are there; else its parts are.
    pub(super) is_whole: bool,
}

/// Finds the reports to leave out, so that each run counts once. The runs themselves tell more than a merge of them,
/// so it is the merge if all of them are there.
///
/// # Errors
///
/// The numbers of two merges that have some of their runs in common, so that neither can be left out.
pub(super) fn find_overlaps(reports: &[ReportedRuns]) -> Result<Vec<MergeOverlap>, (usize, usize)> {
    let mut left_out = vec![false; reports.len()];
    let mut merges: Vec<usize> = (0..reports.len())
        .filter(|number| reports[*number].is_merge)
        .collect();
    // A merge may be a part of another, which is then the larger one.
    merges.sort_by_key(|number| reports[*number].runs.len());
    let mut found = Vec::new();
    for merge in merges {
        let runs = &reports[merge].runs;
        let is_part = |number: &usize| {
            *number != merge && !left_out[*number] && reports[*number].runs.is_subset(runs)
        };
        let parts: Vec<usize> = (0..reports.len()).filter(is_part).collect();
        if parts.is_empty() {
            continue;
        }
        let there: BTreeSet<RunId> = parts
            .iter()
            .flat_map(|part| reports[*part].runs.iter().copied())
            .collect();
        let is_whole = there.len() == runs.len();
        match is_whole {
            true => left_out[merge] = true,
            false => parts.iter().for_each(|part| left_out[*part] = true),
        }
        found.push(MergeOverlap {
            merge,
            parts,
            is_whole,
        });
    }
    let kept = || (0..reports.len()).filter(|number| !left_out[*number]);
    for one in kept().filter(|number| reports[*number].is_merge) {
        let runs = &reports[one].runs;
        let other = kept().find(|other| *other != one && !reports[*other].runs.is_disjoint(runs));
        if let Some(other) = other {
            return Err((one, other));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of runs that letters stand for; of several, it is a merge.
    fn report(runs: &str) -> ReportedRuns {
        let id = |letter: char| format!("{:016x}", u32::from(letter)).parse();
        ReportedRuns {
            runs: runs
                .chars()
                .map(|run| id(run).expect("it is an id"))
                .collect(),
            is_merge: runs.len() > 1,
        }
    }

    /// The reports that count.
    fn kept<'r>(reports: &[&'r str]) -> Result<Vec<&'r str>, (usize, usize)> {
        let all: Vec<ReportedRuns> = reports.iter().map(|runs| report(runs)).collect();
        let mut kept: Vec<&str> = reports.to_vec();
        for overlap in find_overlaps(&all)? {
            match overlap.is_whole {
                true => kept[overlap.merge] = "",
                false => overlap.parts.iter().for_each(|part| kept[*part] = ""),
            }
        }
        kept.retain(|runs| !runs.is_empty());
        Ok(kept)
    }

    #[test]
    fn each_run_counts_once() {
        for (reports, expected) in [
            (&["a", "b"][..], &["a", "b"][..]),
            (&["ab"], &["ab"]),
            (&["ab", "cd", "e"], &["ab", "cd", "e"]),
            (&["a", "b", "ab"], &["a", "b"]),
            (&["ab", "b", "a", "c"], &["b", "a", "c"]),
            (&["a", "abc", "d"], &["abc", "d"]),
            // A merge of merges.
            (&["abcd", "ab", "cd"], &["ab", "cd"]),
            (&["abcd", "ab", "c", "d"], &["ab", "c", "d"]),
            (&["abcd", "ab", "a", "b", "c", "d"], &["a", "b", "c", "d"]),
            (&["abcd", "ab", "a", "c"], &["abcd"]),
            (&["abc", "ab", "a"], &["abc"]),
        ] {
            assert_eq!(kept(reports).as_deref(), Ok(expected), "{reports:?}");
        }
    }

    #[test]
    fn merges_with_some_runs_in_common_are_refused() {
        assert_eq!(kept(&["ab", "x", "bc"]), Err((0, 2)));
        assert_eq!(kept(&["ab", "bc", "abd", "a"]), Err((1, 2)));
        assert_eq!(kept(&["ab", "bc", "a", "b", "c"]), Ok(vec!["a", "b", "c"]));
    }
}
