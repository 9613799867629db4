//! A file system in an image file, mounted for as long as the test runs: it takes root, or `sudo` that does
//! not ask.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::peer;
use crate::save::site::{arg, scratch};

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ext4,
    /// FAT, which has neither extended attributes nor links nor modes.
    Fat,
    /// btrfs, whose quotas need no other program.
    Btrfs,
}

impl Kind {
    /// The name for mount(8), and the program that makes one.
    fn names(self) -> (&'static str, &'static str, &'static [&'static str]) {
        match self {
            Kind::Ext4 => ("ext4", "mkfs.ext4", &["-q", "-F", "-m", "0"]),
            Kind::Fat => ("vfat", "mkfs.vfat", &[]),
            Kind::Btrfs => ("btrfs", "mkfs.btrfs", &["-q"]),
        }
    }
}

/// A mounted file system.
pub(crate) struct Volume {
    kind: Kind,
    scratch: TempDir,
}

impl Volume {
    /// Makes and mounts one of this size. `None` where that may not be done or the kernel knows no such file
    /// system, which is counted and said.
    pub(crate) fn mount(kind: Kind, mib: u64) -> Option<Self> {
        let volume = Volume {
            kind,
            scratch: scratch(),
        };
        let (name, mkfs, options) = kind.names();
        let image = volume.scratch.path().join("image");
        let folder = volume.folder();
        fs::create_dir(&folder).expect("the folder is new");
        let file = File::create(&image).expect("the folder can be written");
        file.set_len(mib * 1024 * 1024).expect("it has no bytes");
        let made = as_root(&[&[mkfs], options, &[arg(&image)]].concat());
        let mounted = made.and_then(|()| {
            // FAT has no owners: all may write, as below.
            let options = match kind {
                Kind::Fat => "loop,umask=0",
                Kind::Ext4 | Kind::Btrfs => "loop",
            };
            as_root(&[
                "mount",
                "-t",
                name,
                "-o",
                options,
                arg(&image),
                arg(&folder),
            ])
        });
        let owned = mounted.and_then(|()| match kind {
            Kind::Fat => Ok(()),
            _ => as_root(&["chmod", "0777", arg(&folder)]),
        });
        match owned {
            Ok(()) => Some(volume),
            Err(why) => {
                peer::skip(&format!("no {name} can be mounted here: {why}"));
                None
            }
        }
    }

    /// Where it is mounted.
    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("volume")
    }

    /// Mounts it otherwise: `ro`, `rw`.
    pub(crate) fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        as_root(&["mount", "-o", &options, arg(&self.folder())]).expect("it is mounted");
    }

    /// Sets a quota of so many MiB. False where the kernel has none.
    pub(crate) fn limit(&self, mib: u64) -> bool {
        let folder = self.folder();
        let limit = format!("{mib}M");
        let limited = as_root(&["btrfs", "quota", "enable", arg(&folder)])
            .and_then(|()| as_root(&["btrfs", "qgroup", "limit", &limit, arg(&folder)]));
        if let Err(why) = &limited {
            peer::skip(&format!("no quota can be set here: {why}"));
        }
        limited.is_ok()
    }

    /// Whether its files can bear extended attributes.
    pub(crate) fn has_attributes(&self) -> bool {
        self.kind != Kind::Fat
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // It may never have been mounted.
        let _ = as_root(&["umount", "-l", arg(&self.folder())]);
    }
}

/// Runs a command as root; the error is what it says.
fn as_root(command: &[&str]) -> Result<(), String> {
    let is_root = rustix::process::geteuid().is_root();
    let sudo: &[&str] = if is_root { &[] } else { &["sudo", "-n"] };
    let words = [sudo, command].concat();
    let path = format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new(words[0])
        .args(&words[1..])
        .env("PATH", path)
        .output()
        .map_err(|error| format!("{}: {error}", words[0]))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}
