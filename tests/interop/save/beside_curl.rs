//! The same as curl saves.

use std::fs;
use std::process::Command;

use crate::peer::require;
use crate::pfetch::pfetch;
use crate::save::site::{Site, arg, names, noise, scratch};

#[test]
fn files_are_named_and_filled_as_by_curl() {
    require("curl", "curl");
    let site = Site::start(
        "",
        "location = /moved.bin { return 302 /target.bin; }\n\
         location = /made.html { return 200 \"made\"; }",
    );
    let files = [
        ("empty", 0),
        ("one.txt", 1),
        ("target.bin", 300_000),
        ("archive.tar.gz", 70_000),
        ("large", 5_000_000),
    ];
    for (number, (name, size)) in files.into_iter().enumerate() {
        site.write(name, &noise(number as u64, size));
    }
    let mut urls: Vec<String> = files.iter().map(|(name, _)| site.url(name)).collect();
    urls.extend(["moved.bin", "made.html"].map(|name| site.url(name)));
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();

    let scratch = scratch();
    let [ours, theirs] = ["ours", "theirs"].map(|name| scratch.path().join(name));
    fs::create_dir(&theirs).expect("the folder is new");
    let curl = Command::new("curl")
        .env_clear()
        .args(["-q", "--silent", "--show-error", "--fail", "--location"])
        .arg("--remote-name-all")
        .args(&urls)
        .current_dir(&theirs)
        .output()
        .expect("curl starts");
    let said = String::from_utf8_lossy(&curl.stderr);
    assert!(curl.status.success(), "{said}");
    pfetch(&[&["-d", arg(&ours)], &urls[..]].concat())
        .run()
        .exits(0);

    assert_eq!(names(&ours).len(), urls.len());
    assert_eq!(names(&ours), names(&theirs));
    for name in names(&ours) {
        let [ours, theirs] = [&ours, &theirs].map(|folder| fs::read(folder.join(&name)));
        let same = ours.expect("it is there") == theirs.expect("it is there");
        assert!(same, "{name}");
    }
}
