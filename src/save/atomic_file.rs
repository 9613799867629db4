//! Atomic files: a file that is written whole or not at all, by a temporary file and rename(2).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use tempfile::NamedTempFile;

use super::close::check_close;
use super::duties::{LesserDuty, RefusedDuty};
use super::os;
use super::temporary_files::{TemporaryFiles, TemporaryName};
use crate::model::text::escape;

/// The mode of a new file, before the process's umask.
const MODE: u32 = 0o666;

/// A file that is written whole or not at all.
///
/// It is a temporary file in the same directory, which replaces the named one when it is
/// [published](AtomicFile::publish). Dropped before that, it is deleted.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: NamedTempFile,
    name: TemporaryName,
    refused_mode: Option<RefusedDuty>,
}

impl AtomicFile {
    /// Creates the temporary file for `path`, empty and with the mode of the file that it will replace, and
    /// registers it in `files`.
    ///
    /// # Errors
    ///
    /// If the temporary file cannot be created, or `path` is something else than a regular file.
    pub fn create(path: &Path, files: &TemporaryFiles) -> io::Result<Self> {
        let mode = mode_of_replaced(path)?;
        let make = || {
            tempfile::Builder::new()
                .prefix(".pfetch-")
                .suffix(".tmp")
                // Opened here, because tempfile's error would name the temporary file.
                .make_in(folder(path), |path| {
                    let mut options = OpenOptions::new();
                    options.write(true).create_new(true);
                    options.mode(mode.unwrap_or(MODE)).open(path)
                })
        };
        let (temporary, name) = files.register(make, NamedTempFile::path)?;
        // The umask is for new files, and this replaces one. Until then it permits less, never more.
        let moded = match mode {
            Some(mode) => os::take_mode(temporary.as_file(), os::mode(mode)),
            None => Ok(()),
        };
        let shown = || escape(&path.display().to_string());
        Ok(AtomicFile {
            path: path.to_path_buf(),
            temporary,
            name,
            refused_mode: RefusedDuty::of(LesserDuty::Mode, moded, shown),
        })
    }

    /// Foresees the error with which [`create`](AtomicFile::create) would fail. Nothing is made.
    ///
    /// # Errors
    ///
    /// If `path` is something else than a regular file, or no file can be made in its folder.
    pub fn foresee(path: &Path) -> io::Result<()> {
        mode_of_replaced(path)?;
        foresee_new(path)
    }

    /// The mode of the file that it will replace, if the system refuses to set that.
    pub fn refused_mode(&self) -> Option<&RefusedDuty> {
        self.refused_mode.as_ref()
    }

    /// The temporary file, to write to.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Renames the temporary file to `path`, once a checked close shows that it is written.
    ///
    /// # Errors
    ///
    /// If the close reports a failed write, or the rename fails. `path` is then as it was.
    pub fn publish(self) -> io::Result<()> {
        check_close(self.file())?;
        match self.name.end(|| self.temporary.persist(&self.path)) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

/// Foresees the error with which a file at `path` could not be made. Nothing is made.
///
/// # Errors
///
/// If its folder is not there, or cannot be written to.
pub fn foresee_new(path: &Path) -> io::Result<()> {
    Ok(access(folder(path), Access::WRITE_OK | Access::EXEC_OK)?)
}

/// The mode of the regular file that is there, if one is.
fn mode_of_replaced(path: &Path) -> io::Result<Option<u32>> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => Err(io::Error::other("it is a folder")),
        // A rename would replace the link, not the file that it leads to.
        Ok(there) if there.is_symlink() => Err(io::Error::other(
            "it is a symbolic link; name the file that it leads to",
        )),
        // A device or a pipe must not be replaced by a file.
        Ok(there) if !there.is_file() => {
            Err(io::Error::other("it is there, and is not a plain file"))
        }
        Ok(there) => Ok(Some(there.permissions().mode() & 0o777)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The folder of the file.
fn folder(path: &Path) -> &Path {
    let parent = path.parent();
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::save::close::faults::{self, Errno};

    fn create(path: &Path) -> io::Result<AtomicFile> {
        AtomicFile::create(path, &TemporaryFiles::default())
    }

    #[test]
    fn a_file_that_is_replaced_keeps_its_mode_whatever_the_mask() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        // The usual masks take the right to write from others.
        for mode in [0o666, 0o622, 0o600, 0o644] {
            fs::write(&path, "before").expect("it can be written");
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            let file = create(&path).expect("it can be");
            file.publish().expect("it can be");
            let there = fs::metadata(&path).expect("it is there");
            assert_eq!(there.permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_file_whose_mode_cannot_be_set_is_replaced_and_says_so() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        fs::write(&path, "before").expect("it can be written");
        for (mode, is_refused) in [(0o600, false), (0o602, true)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            os::faults::inject(&[(os::Syscall::SetMode, rustix::io::Errno::PERM)]);
            let file = create(&path);
            os::faults::inject(&[]);
            let file = file.expect("it can be");
            assert_eq!(file.refused_mode().is_some(), is_refused, "{mode:o}");
            file.publish().expect("it can be");
            let there = fs::metadata(&path).expect("it is there");
            assert_eq!(there.len(), 0, "{mode:o}: it is replaced");
            assert_eq!(
                there.permissions().mode() & 0o777 & !mode,
                0,
                "{mode:o}: no more is permitted"
            );
        }
    }

    #[test]
    fn a_file_whose_close_fails_does_not_get_its_name() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        fs::write(&path, "before").expect("it can be written");
        for errno in [Errno::EDQUOT, Errno::ENOSPC, Errno::EIO] {
            let file = create(&path).expect("it can be");
            faults::inject(&[errno]);
            let error = file.publish().expect_err("its close fails");
            let text = error.to_string();
            assert!(text.contains("on close"), "{text}");
            assert!(
                text.starts_with(&io::Error::from(errno).to_string()),
                "{text}"
            );
            let there = fs::read(&path).expect("it is there");
            assert_eq!(there, b"before", "{errno}");
            let left = fs::read_dir(folder.path()).expect("it is there").count();
            assert_eq!(left, 1, "{errno}: no temporary file is left");
        }
    }

    #[test]
    fn a_symbolic_link_is_called_one() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let link = folder.path().join("link");
        symlink("file", &link).expect("it can be");
        let error = create(&link).expect_err("it is a link");
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }

    #[test]
    fn an_error_is_foreseen_as_it_comes_and_nothing_is_made() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = |name| folder.path().join(name);
        fs::write(path("file"), "").expect("it can be");
        fs::create_dir(path("folder")).expect("it can be");
        symlink("file", path("link")).expect("it can be");
        for name in [
            "new",
            "file",
            "folder",
            "link",
            "none/new",
            "file/new",
            "folder/new",
        ] {
            let foreseen = AtomicFile::foresee(&path(name));
            let names = fs::read_dir(folder.path()).expect("it is there").count();
            assert_eq!(names, 3, "{name}");
            let text = |error: io::Error| (error.kind(), error.to_string());
            // The second has the name of the temporary file in it at times.
            let created = create(&path(name)).map(drop).map_err(|error| text(error).0);
            assert_eq!(foreseen.map_err(|error| text(error).0), created, "{name}");
        }
    }
}
