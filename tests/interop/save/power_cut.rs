//! A power cut at any moment: with `--fsync` the order of system calls, as strace sees it, is write, fsync and
//! close of the file, then link or rename, then fsync of the folder, with every new folder's entry before.

use std::fs;
use std::path::Path;

use crate::pfetch::pfetch;
use crate::save::site::{Site, arg, noise, scratch};

/// The system calls that put a file or a folder on the disk.
const CALLS: &str =
    "trace=mkdir,mkdirat,write,pwrite64,fsync,fdatasync,linkat,rename,renameat,renameat2,close";

/// A line of strace's.
#[derive(Debug)]
struct Call {
    name: String,
    /// All of it, with the paths of descriptors.
    text: String,
}

impl Call {
    fn read(line: &str) -> Option<Self> {
        // The thread's number comes first.
        let text = line.split_once(' ')?.1.trim_start();
        let name = text.split_once('(')?.0;
        Some(Call {
            name: name.to_owned(),
            text: text.to_owned(),
        })
    }

    /// The path of the first descriptor.
    fn path(&self) -> &str {
        let path = self.text.split_once('<').map(|(_, after)| after);
        path.and_then(|path| path.split_once('>'))
            .map_or("", |(path, _)| path)
    }

    fn is_sync_of(&self, path: &Path) -> bool {
        self.name == "fsync" && self.path() == arg(path)
    }
}

/// The calls of a run that saves with these arguments.
fn trace(folder: &Path, args: &[&str]) -> Vec<Call> {
    let log = folder.join("calls");
    let strace = ["strace", "-f", "-y", "-qq", "-o", arg(&log), "-e", CALLS];
    let run = pfetch(&[&["-qq", "--retry=0", "--fsync", "-j1"], args].concat());
    run.under(&strace).run().exits(0).says_nothing();
    let log = fs::read_to_string(log).expect("strace has written it");
    log.lines().filter_map(Call::read).collect()
}

/// The position of the only call, or the last, of which this holds.
#[track_caller]
fn last(calls: &[Call], what: &str, holds: impl Fn(&Call) -> bool) -> usize {
    let found = calls.iter().rposition(holds);
    found.unwrap_or_else(|| panic!("no {what} in {calls:#?}"))
}

#[test]
fn a_file_is_on_the_disk_before_its_name_and_the_name_before_its_end() {
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    site.write("large", &noise(2, 3_000_000));
    for name in ["small", "large"] {
        for is_replaced in [false, true] {
            let scratch = scratch();
            let folder = scratch.path().join("saved");
            fs::create_dir(&folder).expect("the folder is new");
            let path = folder.join(name);
            if is_replaced {
                fs::write(&path, "before").expect("the folder can be written");
            }
            let options = ["--exists=overwrite", "-d", arg(&folder), &site.url(name)];
            let calls = trace(scratch.path(), &options);
            // Without a name, or a part.
            let is_file = |call: &Call| {
                let path = Path::new(call.path());
                path.parent() == Some(&folder)
            };
            let written = last(&calls, "write", |call| {
                call.name == "pwrite64" && is_file(call)
            });
            let synced = last(&calls, "fsync of the file", |call| {
                call.name == "fsync" && is_file(call)
            });
            let named = last(&calls, "link or rename", |call| {
                let is_naming =
                    ["linkat", "rename", "renameat", "renameat2"].contains(&&*call.name);
                is_naming && call.text.contains(&format!("\"{name}\""))
            });
            let closed = calls[..named]
                .iter()
                .rposition(|call| call.name == "close" && is_file(call));
            let kept = last(&calls, "fsync of the folder", |call| {
                call.is_sync_of(&folder)
            });
            let is_ordered = written < synced && Some(synced) < closed && named < kept;
            assert!(is_ordered, "{name}, replaced: {is_replaced}: {calls:#?}");
        }
    }
}

#[test]
fn the_entry_of_each_new_folder_is_on_the_disk_before_the_file_is_named() {
    let site = Site::start("", "");
    site.write("small", &noise(1, 1000));
    let scratch = scratch();
    let folder = scratch.path().join("new/inner");
    let list = format!(
        "{{\"url\": \"{}\", \"output\": \"a/b/file\"}}\n",
        site.url("small")
    );
    let path = scratch.path().join("list");
    fs::write(&path, list).expect("the folder can be written");
    let calls = trace(scratch.path(), &["-d", arg(&folder), "-i", arg(&path)]);
    let named = last(&calls, "link or rename", |call| {
        matches!(&*call.name, "linkat" | "renameat2") && call.text.contains("\"file\"")
    });
    for (parent, made) in [
        ("", "new"),
        ("new", "inner"),
        ("new/inner", "a"),
        ("new/inner/a", "b"),
    ] {
        let parent = scratch.path().join(parent);
        let parent = parent.components().collect::<std::path::PathBuf>();
        let made = last(&calls, made, |call| {
            call.name.starts_with("mkdir") && call.text.contains(&format!("{made}\", 0777"))
        });
        let synced = last(&calls, "fsync of the parent", |call| {
            call.is_sync_of(&parent)
        });
        let is_ordered = made < synced && synced < named;
        assert!(is_ordered, "{}: {calls:#?}", parent.display());
    }
}
