//! A small disk of the test's own: a file system in memory, mounted for as long as the test runs.
//!
//! Mounting takes a namespace that an ordinary user may make, or root, or `sudo` that does not ask.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A mounted disk.
pub(crate) struct Disk {
    /// Mounts, and holds the namespace if there is one.
    shell: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// Where it is for everybody else.
    path: PathBuf,
}

/// A way to get a shell that may mount, and whether only it sees what it has mounted.
const WAYS: [(&str, &[&str], bool); 3] = [
    ("unshare", &["--map-root-user", "--mount", "sh"], true),
    ("sudo", &["-n", "sh"], false),
    ("sh", &[], false),
];

impl Disk {
    /// Mounts one of this size (`1m`) at a folder that is there.
    pub(crate) fn mount(folder: &Path, size: &str) -> Self {
        let mut refusals = String::new();
        for (program, args, is_apart) in WAYS {
            match Disk::try_mount(program, args, is_apart, folder, size) {
                Ok(disk) => return disk,
                Err(why) => refusals += &format!("\n  with {program}: {}", why.trim_end()),
            }
        }
        panic!(
            "no file system can be mounted, so this cannot be tested. It takes user namespaces \
             (unshare, of the package util-linux), or root, or sudo without a password:{refusals}"
        );
    }

    fn try_mount(
        program: &str,
        args: &[&str],
        is_apart: bool,
        folder: &Path,
        size: &str,
    ) -> Result<Self, String> {
        let mut shell = Command::new(program)
            .args(args)
            .arg("-s")
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let path = if is_apart {
            let root = Path::new("/proc").join(shell.id().to_string()).join("root");
            root.join(folder.strip_prefix("/").unwrap_or(folder))
        } else {
            folder.to_path_buf()
        };
        let commands = shell.stdin.take();
        let answers = BufReader::new(shell.stdout.take().expect("it was piped"));
        let mut disk = Disk {
            shell,
            commands,
            answers,
            path,
        };
        disk.run(&format!(
            "mount -t tmpfs -o size={size},mode=0777 tmpfs \"$1\""
        ))
        .map_err(|said| {
            let mut all = said;
            // It may not have come to the shell; if it has, this ends it.
            drop(disk.commands.take());
            if let Some(errors) = disk.shell.stderr.take() {
                let lines = BufReader::new(errors).lines().map_while(Result::ok);
                all.extend(lines.map(|line| line + "\n"));
            }
            all
        })?;
        // However the test ends.
        disk.run("trap 'umount -l \"$1\"' EXIT")?;
        Ok(disk)
    }

    /// Where it is, for whoever is not the shell that mounted it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Changes how it is mounted: `size=4m`, `ro`.
    pub(crate) fn remount(&mut self, options: &str) {
        // With the source named, `mount` does not add the options that there are: users among them,
        // by numbers that mean nothing in a namespace.
        self.run(&format!("mount -t tmpfs -o remount,{options} tmpfs \"$1\""))
            .unwrap_or_else(|why| panic!("the disk cannot be remounted: {why}"));
    }

    /// Fills what room there is left with a file of this name.
    pub(crate) fn fill(&self, name: impl AsRef<OsStr>) {
        let path = self.path.join(name.as_ref());
        let mut file = File::create(path).expect("the disk can be written");
        for size in [4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Has the shell do this; `Err` is what it printed.
    fn run(&mut self, command: &str) -> Result<(), String> {
        let commands = self.commands.as_mut().expect("it is open until the end");
        writeln!(commands, "{command} 2>&1 && echo done || echo failed")
            .map_err(|error| format!("{error}\n"))?;
        let mut said = String::new();
        loop {
            let before = said.len();
            match self.answers.read_line(&mut said) {
                Ok(1..) => {}
                _ => return Err(said),
            }
            match said[before..].trim_end() {
                "done" => return Ok(()),
                "failed" => return Err(said[..before].to_owned()),
                _ => {}
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The shell ends with its commands, and takes the disk with it.
        drop(self.commands.take());
        let _ = self.shell.wait();
    }
}
