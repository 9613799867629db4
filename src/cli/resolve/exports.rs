//! Exports: files and streams, and the one owner of standard output.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::output::OutputKind;
use crate::cli::args::{OutputArgs, TypedExport};
use crate::cli::files::NamedFiles;
use crate::cli::plan::{BodiesPlan, ExportPlan, ExportTarget, Format, StreamOutput};

/// Plans the exports. `step_summary` is the file that GitHub Actions shows as the summary of a step, which other
/// commands of the step write to, too: nothing there is replaced.
pub(super) fn plan(exports: &[TypedExport], step_summary: Option<&Path>) -> Vec<ExportPlan> {
    let is_summary = |path: &Path| step_summary.is_some_and(|summary| is_same_file(path, summary));
    let planned = |typed: &TypedExport| ExportPlan {
        export: typed.export,
        target: match target(typed) {
            ExportTarget::File(path) if is_summary(&path) => ExportTarget::StepSummary(path),
            target => target,
        },
    };
    exports.iter().map(planned).collect()
}

/// Tells whether two paths are the same, or lead to the same file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
    let [first, second] = [one, other].map(place);
    one == other || first.is_some_and(|first| second == Some(first))
}

/// Decides by the kind of the file that is named.
fn target(typed: &TypedExport) -> ExportTarget {
    let path = typed.file.clone();
    ExportTarget::Stream(match OutputKind::of(&typed.file) {
        OutputKind::File => return ExportTarget::File(path),
        OutputKind::Dash => StreamOutput::Stdout,
        OutputKind::Null => StreamOutput::Path(path),
        OutputKind::Stream(stream) => stream,
    })
}

/// Adds the files with names of their own.
pub(super) fn add_files(exports: &[TypedExport], files: &mut NamedFiles) {
    for typed in exports {
        if !OutputKind::of(&typed.file).is_standard() {
            files.add_written("--export", &typed.file);
        }
    }
}

/// Refuses two owners of standard output, or of standard error: what both write there belongs to neither.
pub(super) fn check_streams(
    args: &OutputArgs,
    exports: &[ExportPlan],
    bodies: &BodiesPlan,
) -> Result<(), String> {
    let owners = |stream: &StreamOutput| {
        let of_exports = exports
            .iter()
            .filter(|export| export.stream() == Some(stream))
            .map(|export| format!("--export {}", export.export));
        let of_bodies = bodies.stream() == Some(stream);
        of_bodies
            .then(|| "the bodies".to_owned())
            .into_iter()
            .chain(of_exports)
            .collect::<Vec<_>>()
    };
    let of_stdout = owners(&StreamOutput::Stdout);
    let of_stderr = owners(&StreamOutput::Stderr);
    let clash = |stream: &str, one: &str, other: &str| {
        Err(format!(
            "{one} and {other} both go to {stream}; give one of them a file"
        ))
    };
    let format = match args.format() {
        Format::Human => None,
        Format::JsonLines => Some("--format jsonl"),
        Format::Template(_) => Some("--format TEMPLATE"),
    };
    match (&of_stdout[..], format) {
        ([one, other, ..], _) => return clash("standard output", one, other),
        ([owner], Some(format)) => return clash("standard output", owner, format),
        _ => {}
    }
    // The report may go there too, as warnings do: who names standard error has asked for that.
    match &of_stderr[..] {
        [one, other, ..] => clash("standard error", one, other),
        _ => Ok(()),
    }
}
