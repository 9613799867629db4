//! Packs that are published, as later runs with their log find them; and patterns that are written in another way.

use std::fs;

use super::{Place, members, once};
use crate::server::{Server, bytes};

/// Three bodies in a pack each.
fn packed(server: &Server, place: &Place) -> String {
    let urls: Vec<String> = (0..3).map(|n| server.url(&format!("/bytes/{n}"))).collect();
    let list = urls.join("\n");
    let packing = place.packing("tar=p-%d.tar", &["--pack-count=1", "-j1"]);
    packing.stdin(&list).run().exits(0);
    list
}

/// Deletes the lines of the log that name a pack, as messages advise.
fn forget(place: &Place, pack: &str) {
    let log = fs::read_to_string(place.at("run.log")).unwrap();
    let name = format!("\"pack\":\"{pack}\"");
    let kept = log.lines().filter(|line| !line.contains(&name));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    fs::write(place.at("run.log"), kept).unwrap();
}

/// Checks that all three bodies are in the packs, once.
fn check_bodies(place: &Place) {
    let run = place.packing("tar=p-%d.tar", &["--resume", "--dry-run"]);
    let run = run.stdin("").run();
    fs::remove_file(place.at("run.log")).unwrap();
    let members = members(place.dir.path());
    for index in 0..3 {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        assert_eq!(body, bytes(index), "{index}");
    }
}

#[test]
fn a_published_pack_that_has_lost_its_end_is_told_before_anything_is_fetched() {
    let server = Server::start();
    let place = Place::new();
    let list = packed(&server, &place);
    let whole = fs::read(place.at("p-1.tar")).unwrap();
    for length in [0, 1024, whole.len() - 1] {
        fs::write(place.at("p-1.tar"), &whole[..length]).unwrap();
        let log = fs::read(place.at("run.log")).unwrap();
        for options in [&["--resume"][..], &["--resume", "--dry-run"]] {
            let run = place.packing("tar=p-%d.tar", options).stdin(&list).run();
            let text = format!(
                "p-1.tar has {length} bytes, and {} by the run log",
                whole.len()
            );
            run.exits(2).says(&text).complains_in_a_line();
        }
        assert_eq!(fs::read(place.at("run.log")).unwrap(), log);
    }
    assert_eq!(server.requests(), 3);
    // One of the two ways that the message tells: the whole file again.
    fs::write(place.at("p-1.tar"), &whole).unwrap();
    let resumed = || {
        place
            .packing("tar=p-%d.tar", &["--resume"])
            .stdin(&list)
            .run()
    };
    resumed().exits(0).says_nothing();
    assert_eq!(server.requests(), 3);
    // The other: its bodies again.
    fs::remove_file(place.at("p-1.tar")).unwrap();
    forget(&place, "p-1.tar");
    resumed().exits(0).says_nothing();
    assert_eq!(server.requests(), 4, "{:?}", server.targets());
    check_bodies(&place);
}

#[test]
fn published_packs_that_are_not_there_are_told_and_count_as_done() {
    let server = Server::start();
    let place = Place::new();
    let list = packed(&server, &place);
    let resumed = || {
        place
            .packing("tar=p-%d.tar", &["--resume"])
            .stdin(&list)
            .run()
    };
    fs::remove_file(place.at("p-2.tar")).unwrap();
    let told = "warning: published by the run log, and not there: p-2.tar; ";
    resumed().exits(0).says(told).complains_in_a_line();
    fs::remove_file(place.at("p-0.tar")).unwrap();
    let dry = place.packing("tar=p-%d.tar", &["--resume", "--dry-run"]);
    dry.stdin(&list)
        .run()
        .says("not there: p-0.tar and 1 more;");
    assert_eq!(server.requests(), 3);
    for pack in ["p-0.tar", "p-2.tar"] {
        forget(&place, pack);
    }
    resumed().exits(0).says_nothing();
    assert_eq!(server.requests(), 5, "{:?}", server.targets());
    check_bodies(&place);
}

#[test]
fn a_pattern_that_is_written_in_another_way_goes_on_with_the_same_packs() {
    let server = Server::start();
    let place = Place::new();
    let urls: Vec<String> = (0..3).map(|n| server.url(&format!("/bytes/{n}"))).collect();
    let absolute = format!("tar={}/d/p-%d.tar", place.dir.path().display());
    let (failing, unread) = (server.url("/status/404"), server.url("/hang"));
    for (number, pattern) in ["tar=d/p-%d.tar", "tar=./d//p-%d.tar", absolute.as_str()]
        .into_iter()
        .enumerate()
    {
        // A stop keeps the second pack from being published.
        let options = [
            "--resume",
            "--pack-count=2",
            "-j1",
            "--retry=0",
            "--fail-fast",
        ];
        let list = [&urls[..=number], &[failing.clone(), unread.clone()]].concat();
        let list = list.join("\n");
        place.packing(pattern, &options).stdin(list).run().exits(1);
    }
    let run = place.packing("tar=d/./p-%d.tar", &["--resume"]);
    let run = run.stdin(urls.join("\n")).run().exits(0);
    assert_eq!(place.names("d"), ["p-0.tar", "p-1.tar"]);
    let members = members(&place.at("d"));
    for index in 0..3 {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        assert_eq!(body, bytes(index), "{index}");
    }
}
