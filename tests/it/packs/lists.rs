//! A list held against the packs that its run log names, before anything is written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;

use super::{Place, members, once};
use crate::fifo::make_fifo;
use crate::pfetch::Run;
use crate::server::Server;

/// All files of a place but a pipe, with their bytes.
fn content(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let names = place.names("").into_iter().filter(|name| name != "pipe");
    names
        .map(|name| (name.clone(), fs::read(place.at(&name)).unwrap()))
        .collect()
}

/// A run that has packed the third and the fifth of six URLs, and has failed at the others; its
/// last pack is not published.
fn half_packed(options: &[&str]) -> (Server, Place, Vec<String>) {
    let server = Server::start();
    let place = Place::new();
    let urls: Vec<String> = (1..=6)
        .map(|n| server.url(&format!("/bytes/{n}")))
        .collect();
    let mut list = urls.clone();
    for number in [0, 1, 3, 5] {
        list[number] = server.url("/status/404");
    }
    fs::write(place.at("list"), list.join("\n")).unwrap();
    let mut args = vec!["-i", "list", "-j1", "--retry=0", "--max-failures=4"];
    args.extend(options);
    place.packing("tar=p-%d.tar", &args).run();
    // Without its last lines it is the log of a run that was killed, whose pack is not published.
    let log = fs::read_to_string(place.at("run.log")).unwrap();
    let lines = log.lines().filter(|line| !line.contains("\"published\""));
    let log = lines.map(|line| format!("{line}\n")).collect::<String>();
    fs::write(place.at("run.log"), log).unwrap();
    for name in place.names("") {
        if name.starts_with("p-0") {
            fs::rename(place.at(&name), place.at(&format!("{name}.part"))).unwrap();
        }
    }
    (server, place, urls)
}

/// Packs a list, and checks that it is refused with this text, and that nothing was asked for or changed.
#[track_caller]
fn refused(server: &Server, place: &Place, list: &[String], options: &[&str], text: &str) -> Run {
    let (before, requests) = (content(place), server.requests());
    let mut args = vec!["-", "-j1", "--retry=0"];
    args.extend(options);
    let packing = place.packing("tar=p-%d.tar", &args);
    let run = packing.stdin(list.join("\n")).run().exits(2).says(text);
    run.check("it is one line", run.stderr.lines().count() == 1);
    run.check("nothing was fetched", server.requests() == requests);
    let after = content(place);
    let names: Vec<_> = after.keys().collect();
    run.check(
        &format!("nothing has changed, of {names:?}"),
        before == after,
    );
    run.never_shows("same command")
}

#[test]
fn a_wrong_list_changes_nothing_and_the_right_one_goes_on() {
    let (server, place, urls) = half_packed(&[]);
    let mut wrong = urls.clone();
    // All before it were in no pack, so that they may be other ones.
    wrong[4] = server.url("/bytes/50");
    for options in [&["--resume"][..], &["--resume", "--dry-run"]] {
        let text = format!("target 4 is {}, and was {}", wrong[4], urls[4]);
        refused(&server, &place, &wrong, options, &text);
        let text = format!("target 4 was {}, and this list has only 4;", urls[4]);
        refused(&server, &place, &urls[..4], options, &text);
        let mut bad = urls.clone();
        bad[2] = "http://".to_owned();
        refused(
            &server,
            &place,
            &bad,
            options,
            "target 2 is http://, and was",
        );
        bad[2] = format!("{{\"url\": \"{}\", \"action\": \"head\"}}", urls[2]);
        refused(&server, &place, &bad, options, "(HEAD), and was");
        let sum = "00".repeat(32);
        bad[2] = format!("{{\"url\": \"{}\", \"sha256\": \"{sum}\"}}", urls[2]);
        refused(
            &server,
            &place,
            &bad,
            options,
            "was not checked for the SHA-256",
        );
    }
    let before = server.requests();
    let packing = place.packing("tar=p-%d.tar", &["-", "--resume"]);
    let run = packing.stdin(urls.join("\n")).run().exits(0);
    run.check(
        &format!("four requests more: {:?}", server.targets()),
        server.requests() == before + 4,
    );
    fs::remove_file(place.at("run.log")).unwrap();
    fs::remove_file(place.at("list")).unwrap();
    let members = members(place.dir.path());
    for index in 0..6 {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        run.check(&format!("{index} has its own"), body.len() == index + 1);
    }
}

#[test]
fn a_shard_is_held_against_its_own_part_of_the_list() {
    let options = ["--shard=0/2", "--shard-by=line"];
    let (server, place, urls) = half_packed(&options);
    let mut wrong = urls.clone();
    wrong[4] = server.url("/bytes/50");
    let options = ["--resume", "--shard=0/2", "--shard-by=line"];
    refused(&server, &place, &wrong, &options, "target 4 is");
    let text = "this list has only 4;";
    refused(&server, &place, &urls[..4], &options, text);
    // What other shards have is not this one's to tell.
    let mut other = urls.clone();
    other[3] = server.url("/bytes/50");
    other[5] = server.url("/bytes/50");
    let mut args = vec!["-"];
    args.extend(options);
    let packing = place.packing("tar=p-%d.tar", &args);
    packing.stdin(other.join("\n")).run().exits(0);
}

#[test]
fn a_list_that_is_written_to_while_it_is_checked_changes_nothing() {
    let (server, place, urls) = half_packed(&[]);
    let pipe = place.at("pipe");
    make_fifo(&pipe);
    // What the pipe brings comes after the list, and is copied: the list is open before the first byte is read.
    let comments = "# nothing\n".repeat(100_000);
    for (text, is_refused) in [("x", true), ("", false)] {
        let before = content(&place);
        let requests = server.requests();
        let args = ["-i", "list", "-i", "pipe", "-j1", "--retry=0", "--resume"];
        let running = place
            .packing("tar=p-%d.tar", &[&args[..], &["--max-failures=4"]].concat())
            .start();
        let mut writer = File::options().write(true).open(&pipe).unwrap();
        writer.write_all(comments.as_bytes()).unwrap();
        // Past the last target in a pack, so that nothing but the change tells of it.
        let mut list = urls.clone();
        list[5] = server.url("/status/404") + text;
        for number in [0, 1, 3] {
            list[number] = server.url("/status/404");
        }
        if is_refused {
            fs::write(place.at("list"), list.join("\n")).unwrap();
        } else {
            // Another list in its place is not read, and does not matter.
            fs::write(place.at("other"), "http://other/").unwrap();
            fs::rename(place.at("list"), place.at("kept")).unwrap();
            fs::rename(place.at("other"), place.at("list")).unwrap();
        }
        drop(writer);
        let run = running.end();
        if !is_refused {
            let run = run.exits(0);
            run.check("it went on", server.requests() > requests);
            continue;
        }
        let run = run.exits(2).says("list was written to while it was held");
        run.check("it is one line", run.stderr.lines().count() == 1);
        run.check("nothing was fetched", server.requests() == requests);
        let mut after = content(&place);
        after.insert("list".to_owned(), before["list"].clone());
        let names: Vec<_> = after.keys().collect();
        run.check(
            &format!("nothing has changed, of {names:?}"),
            before == after,
        );
    }
}
