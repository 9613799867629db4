//! No room: a pack that does not fit loses nothing, and a later run goes on with it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use crate::disk::Disk;
use crate::pfetch::{Dir, pfetch};
use crate::server::{Server, bytes};

/// The bodies of tar packs in a folder, by their indexes.
fn bodies(folder: &Path) -> BTreeMap<usize, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let file = File::open(entry.expect("it can be read").path()).expect("it is there");
        let mut archive = tar::Archive::new(BufReader::new(file));
        for member in archive.entries().expect("it is a tar file") {
            let mut member = member.expect("it is whole");
            let name = member.path().expect("it has a name").display().to_string();
            let mut body = Vec::new();
            member.read_to_end(&mut body).expect("it is whole");
            if let Some(key) = name.strip_suffix(".bin") {
                let index = key.parse().expect("a key is a number");
                let twice = found.insert(index, body);
                assert!(twice.is_none(), "{name} is there twice");
            }
        }
    }
    found
}

#[test]
fn a_pack_for_which_there_is_no_room_goes_on_where_there_is_some() {
    const URLS: usize = 40;
    let length = |index: usize| 100_000 + index;
    let server = Server::start();
    let dir = Dir::new();
    let list: String = (0..URLS)
        .map(|index| server.url(&format!("/bytes/{}\n", length(index))))
        .collect();
    let list = dir.file("list", list);
    let folder = dir.path().join("disk");
    fs::create_dir(&folder).expect("the folder is new");
    let mut disk = Disk::mount(&folder, "2m");
    let packs = disk.path().join("packs");
    let log = dir.path().join("run.log");
    let pack = |pattern: &str, args: &[&str]| {
        let pattern = format!("{}/{pattern}", packs.display());
        let pattern = format!("tar={pattern}");
        let log = log.display().to_string();
        let all = ["--log", &log, "--pack", &pattern, "-i", &list, "-j2"];
        pfetch(&[&all, args].concat())
    };
    // One pack takes all, so the room ends within it.
    let run = pack("p-%d.tar", &[]).run().exits(4);
    run.check("it says what and where", {
        let all = run.stdout.clone() + &run.stderr;
        all.contains("p-0.tar.part") && all.contains("no room left on the disk")
    });
    assert!(packs.join("p-0.tar.part").exists());
    assert!(!packs.join("p-0.tar").exists());
    let done = fs::read_to_string(&log).expect("the log is there");
    let done = done.matches("\"offset\":").count();
    assert!(done > 0 && done < URLS, "{done} of {URLS}");
    // There still is none.
    pack("p-%d.tar", &["--resume"]).run().exits(4);
    disk.remount("size=16m");
    let asked = server.requests();
    let run = pack("p-%d.tar", &["--resume"]).run().exits(0);
    let found = bodies(&packs);
    run.check(
        "each is there, and whole",
        found.len() == URLS
            && found
                .iter()
                .all(|(index, body)| *body == bytes(length(*index))),
    );
    assert!(!packs.join("p-0.tar.part").exists());
    assert_eq!(
        server.requests() - asked,
        URLS - done,
        "{:?}",
        server.targets()
    );
}
