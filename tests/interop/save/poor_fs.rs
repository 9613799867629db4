//! A small FUSE file system that refuses what a test tells it to, mounted for as long as the test runs.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::peer;
use crate::python::interpreter_with;
use crate::save::site::{arg, scratch};

/// An operation of FUSE and the error that it is refused with.
pub(crate) type Refusal = (&'static str, Errno);

/// The mounted file system.
pub(crate) struct PoorFs {
    /// It ends when it is unmounted.
    server: Child,
    scratch: TempDir,
}

impl PoorFs {
    /// Mounts one that takes names of so many bytes. `None` where nothing may be mounted, which is counted
    /// and said.
    pub(crate) fn mount(longest: usize, refused: &[Refusal]) -> Option<Self> {
        let python = interpreter_with("fusepy", "python3-fusepy");
        let scratch = scratch();
        let folder = scratch.path().join("poor");
        let script = scratch.path().join("poor_fs.py");
        fs::create_dir(&folder).expect("the folder is new");
        fs::write(&script, include_str!("poor_fs.py")).expect("the folder can be written");
        let refused: Map<_, _> = refused
            .iter()
            .map(|(operation, errno)| ((*operation).to_owned(), json!(errno.raw_os_error())))
            .collect();
        let kind = json!({"longest": longest, "refused": refused});
        let mut server = Command::new(python)
            .args([arg(&script), arg(&folder), &kind.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3 starts");
        let mut said = String::new();
        let mut out = BufReader::new(server.stdout.take().expect("it was piped"));
        let read = out.read_line(&mut said);
        if read.is_ok() && said == "mounted\n" {
            return Some(PoorFs { server, scratch });
        }
        if let Some(mut errors) = server.stderr.take() {
            // What it says is for the message only.
            let _ = errors.read_to_string(&mut said);
        }
        let _ = server.wait();
        peer::skip(&format!(
            "a FUSE file system cannot be mounted here: {}",
            said.trim()
        ));
        None
    }

    /// A folder on it.
    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("poor")
    }
}

impl Drop for PoorFs {
    fn drop(&mut self) {
        let folder = self.folder();
        // As root, and as a user.
        let is_unmounted = [&["umount", "-l"][..], &["fusermount", "-u", "-z"]]
            .iter()
            .any(|command| {
                let mut unmount = Command::new(command[0]);
                unmount.args(&command[1..]).arg(&folder);
                let output = unmount.output();
                output.is_ok_and(|output| output.status.success())
            });
        if !is_unmounted {
            // Its end takes the file system away as well.
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}
