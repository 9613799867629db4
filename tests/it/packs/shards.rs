//! Packs of shards (`--shard`): names of their own, and no clash where they have none.

use std::fs;
use std::sync::{Mutex, mpsc};

use super::{Place, members, once, packs_of};
use crate::server::{Server, bytes, routes};

#[test]
fn a_shard_names_its_packs_by_its_number_and_keys_are_those_of_the_whole_list() {
    let server = Server::start();
    let place = Place::new();
    let list: String = (0..7)
        .map(|n| server.url(&format!("/bytes/{n}\n")))
        .collect();
    let mut last = None;
    for shard in ["0/2", "1/2"] {
        let args = ["--shard", shard, "--shard-by", "line", "--pack-count", "3"];
        let log = format!("{}.log", &shard[..1]);
        let args = [&args[..], &["--log", &log]].concat();
        let pattern = "tar=out/s{shard}-%02d.tar";
        let run = place.packing(pattern, &args).stdin(&list).run();
        last = Some(run.exits(0));
    }
    let names = packs_of(&place, "out");
    let run = last.expect("there were two runs");
    run.check(
        &format!("each shard has packs of its own: {names:?}"),
        names == ["s0-00.tar", "s0-01.tar", "s1-00.tar"],
    );
    let members = members(&place.at("out"));
    for index in 0..7 {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        assert_eq!(body, bytes(index), "body {index}");
    }
}

#[test]
fn shards_whose_packs_would_have_the_same_names_do_not_touch_one_anothers() {
    let server = Server::start();
    let place = Place::new();
    let list: String = (0..4)
        .map(|n| server.url(&format!("/bytes/{n}\n")))
        .collect();
    let shard = |number: &str, log: &str, pattern: &str| {
        let args = ["--shard", number, "--shard-by", "line", "--log", log];
        place.packing(pattern, &args).stdin(&list).run()
    };
    shard("0/2", "0.log", "tar=p-%d.tar").exits(0);
    let (pack, asked) = (fs::read(place.at("p-0.tar")), server.requests());
    let pack = pack.expect("the first shard has its pack");
    shard("1/2", "1.log", "tar=p-%d.tar")
        .exits(2)
        .says("p-0.tar is there")
        .says("{shard}")
        .complains_in_a_line();
    assert_eq!(server.requests(), asked, "{:?}", server.targets());
    let found = fs::read(place.at("p-0.tar")).expect("it is there still");
    assert!(found == pack, "the pack of the first shard is as it was");
    // A shell may have put the number in.
    shard("1/2", "1.log", "tar=p1-%d.tar").exits(0);
    assert_eq!(packs_of(&place, ""), ["p-0.tar", "p1-0.tar"]);
    shard("0/2", "2.log", "tar=q{shard}-%d.tar").exits(0);
    place
        .packing("tar=q{shard}-%d.tar", &[&server.url("/bytes/1")])
        .run()
        .exits(2)
        .says("give --shard")
        .complains_in_a_line();
}

#[test]
fn a_pack_that_another_run_is_writing_is_said_to_be_and_not_to_be_moved_away() {
    let (go_on, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let server = Server::with(move |request, reply| {
        if request.target == "/bytes/2" {
            // Until the other end is dropped, by a test that fails too.
            let _ = held.lock().map(|held| held.recv());
        }
        routes(request, reply)
    });
    let place = Place::new();
    let urls = [server.url("/bytes/1"), server.url("/bytes/2")];
    let args = ["-j1", "--format=jsonl", urls[0].as_str(), urls[1].as_str()];
    let mut first = place.packing("tar=p-%d.tar", &args).start();
    // The run's own line, and that of the first URL, whose body is in the pack.
    let lines = [first.line(), first.line()];
    assert!(lines[1].contains("/bytes/1"), "{lines:?}");
    let second = ["--log=other.log", urls[0].as_str()];
    let second = place.packing("tar=p-%d.tar", &second).run().exits(2);
    let second = second.says("another pfetch is writing p-0.tar.part; wait");
    second.complains_in_a_line();
    drop(go_on);
    first.end().exits(0);
    // Another log's it is still, and there is nobody to wait for.
    let third = ["--log=other.log", urls[0].as_str()];
    let third = place.packing("tar=p-%d.tar", &third).run().exits(2);
    third.says("p-0.tar is there, and the run log does not name it");
}
