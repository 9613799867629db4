//! A file that is written whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// What a new file may be, before the process's mask.
const MODE: u32 = 0o666;

/// A file that is written whole or not at all.
///
/// It is a temporary file in the same folder, which takes the file's name and place when it is
/// [published](WholeFile::publish). Dropped before that, it goes away.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    temporary: NamedTempFile,
}

impl WholeFile {
    /// Begins the file `path`, empty.
    ///
    /// # Errors
    ///
    /// If no file can be made there, or something else than a plain file is there already.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mode = match fs::symlink_metadata(path) {
            Ok(there) if there.is_dir() => return Err(io::Error::other("it is a folder")),
            // Nothing is written through a link.
            Ok(there) if there.is_symlink() => {
                return Err(io::Error::other(
                    "it is a symbolic link; name the file that it leads to",
                ));
            }
            // No device is replaced by a file.
            Ok(there) if !there.is_file() => {
                return Err(io::Error::other("it is there, and is not a plain file"));
            }
            Ok(there) => Some(there.permissions().mode() & 0o777),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let temporary = tempfile::Builder::new()
            .prefix(".pfetch-")
            .suffix(".tmp")
            // Opened here, because the error would tell of a name that says nothing to anybody.
            .make_in(folder.unwrap_or(Path::new(".")), |path| {
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                options.mode(mode.unwrap_or(MODE)).open(path)
            })?;
        if let Some(mode) = mode {
            // The process's mask is for new files.
            let permissions = Permissions::from_mode(mode);
            temporary.as_file().set_permissions(permissions)?;
        }
        Ok(WholeFile {
            path: path.to_path_buf(),
            temporary,
        })
    }

    /// Where it is written.
    pub fn file(&self) -> &File {
        self.temporary.as_file()
    }

    /// Gives it its name: it is whole.
    ///
    /// # Errors
    ///
    /// If it cannot be renamed.
    pub fn publish(self) -> io::Result<()> {
        match self.temporary.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_that_is_replaced_keeps_its_mode_whatever_the_mask() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let path = folder.path().join("file");
        // The usual masks take the right to write from others.
        for mode in [0o666, 0o622, 0o600, 0o644] {
            fs::write(&path, "before").expect("it can be written");
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            let file = WholeFile::create(&path).expect("it can be");
            file.publish().expect("it can be");
            let there = fs::metadata(&path).expect("it is there");
            assert_eq!(there.permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_symbolic_link_is_called_one() {
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let link = folder.path().join("link");
        symlink("file", &link).expect("it can be");
        let error = WholeFile::create(&link).expect_err("it is a link");
        assert!(error.to_string().contains("symbolic link"), "{error}");
    }
}
