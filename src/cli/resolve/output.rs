//! The kind of the file that `-o` names: a regular one, which is saved, or a stream, which takes the body as
//! it comes.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use crate::cli::plan::StreamOutput;

/// The paths of the process's own descriptors.
const DESCRIPTORS: [&str; 2] = ["/dev/fd", "/proc/self/fd"];

/// The kind of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OutputKind {
    /// A regular file, or one that is still to be made, or something else that cannot be written to.
    File,
    /// The null device.
    Null,
    /// `-`, which stands for standard output.
    Dash,
    /// Another stream.
    Stream(StreamOutput),
}

impl OutputKind {
    /// The kind of the file at `path`. No link is followed but those of the system to descriptors.
    pub(super) fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" {
            return OutputKind::Dash;
        }
        match descriptor(path) {
            Some(1) => return OutputKind::Stream(StreamOutput::Stdout),
            Some(2) => return OutputKind::Stream(StreamOutput::Stderr),
            Some(_) => return OutputKind::Stream(StreamOutput::Path(path.to_path_buf())),
            None => {}
        }
        let Ok(metadata) = fs::symlink_metadata(path) else {
            return OutputKind::File;
        };
        let kind = metadata.file_type();
        let is_null = || {
            fs::metadata("/dev/null").is_ok_and(|null| {
                null.file_type().is_char_device() && null.rdev() == metadata.rdev()
            })
        };
        if kind.is_char_device() && is_null() {
            OutputKind::Null
        } else if kind.is_char_device() || kind.is_fifo() {
            OutputKind::Stream(StreamOutput::Path(path.to_path_buf()))
        } else {
            OutputKind::File
        }
    }

    /// Returns true for standard output and standard error, which are no files that the option names.
    pub(super) fn is_standard(&self) -> bool {
        matches!(
            self,
            OutputKind::Dash | OutputKind::Stream(StreamOutput::Stdout | StreamOutput::Stderr)
        )
    }
}

/// The number of the descriptor that has this path.
fn descriptor(path: &Path) -> Option<u32> {
    match path.to_str()? {
        "/dev/stdout" => return Some(1),
        "/dev/stderr" => return Some(2),
        _ => {}
    }
    let is_of_process = DESCRIPTORS
        .iter()
        .any(|dir| path.parent() == Some(Path::new(dir)));
    let name = path.file_name().filter(|_| is_of_process)?;
    name.to_str()?.parse().ok()
}
