//! Killed with SIGKILL, a hundred times and at any moment: each body is in exactly one member.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;
use std::thread;
use std::time::Instant;

use flate2::bufread::MultiGzDecoder;

use super::packing;
use crate::pfetch::{Dir, LIMIT, Run};
use crate::server::{Server, bytes};

const KILLS: usize = 110;

const URLS: usize = 600;

/// The length of a body, which tells it from others nearby.
fn length(index: usize) -> usize {
    match index % 50 {
        // Past what is kept in memory.
        7 => (1 << 20) + index,
        _ => 31 * index,
    }
}

/// Packs all that the list has, killed again and again. Returns the run that came to the end.
fn pack_with_kills(server: &Server, dir: &Dir, pattern: &str) -> Run {
    let list: String = (0..URLS)
        .map(|index| server.url(&format!("/bytes/{}?{index}\n", length(index))))
        .collect();
    dir.file("list", list);
    let args = ["--resume", "-i", "list", "-j4", "--pack-count", "37"];
    let mut random = fastrand::Rng::new();
    let log = dir.path().join("run.log");
    let size = || fs::metadata(&log).map_or(0, |log| log.len());
    for _ in 0..KILLS {
        // By requests or by bytes of the log: sooner or later after the first of them.
        let (asked, logged) = (server.requests(), size());
        let (requests, bytes) = (random.usize(1..12), random.u64(1..1200));
        let by_log = random.bool();
        let running = packing(dir, pattern, &args).start();
        let started = Instant::now();
        let is_due = || match by_log {
            true => size() >= logged + bytes,
            false => server.requests() >= asked + requests,
        };
        // One that has nothing left to do comes to neither.
        let all = || server.requests() >= URLS && started.elapsed() > LIMIT / 20;
        while !is_due() && !all() {
            thread::yield_now();
        }
        running.kill();
    }
    packing(dir, pattern, &args).run().exits(0)
}

/// The packs, by their names; nothing but these, the list and the log may be left.
fn packs(dir: &Dir, run: &Run, ends: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).expect("the folder can be read");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it can be read").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name != "list" && name != "run.log")
        .collect();
    names.sort();
    let are_packs = names
        .iter()
        .all(|name| ends.iter().any(|end| name.ends_with(end)));
    run.check(&format!("only packs are left: {names:?}"), are_packs);
    names.retain(|name| name.ends_with(ends[0]));
    run.check(
        &format!("each is full: {names:?}"),
        names.len() == URLS.div_ceil(37),
    );
    names
}

#[test]
fn each_body_is_in_one_member_of_a_tar_pack_after_a_hundred_kills() {
    let (server, dir) = (Server::start(), Dir::new());
    let run = pack_with_kills(&server, &dir, "tar=p-%05d.tar");
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for name in packs(&dir, &run, &[".tar"]) {
        let file = File::open(dir.path().join(&name)).expect("the pack is there");
        let mut archive = tar::Archive::new(BufReader::new(file));
        for member in archive.entries().expect("it is a tar file") {
            let mut member = member.unwrap_or_else(|error| panic!("{name}: {error}"));
            let path = member.path().expect("it has a name").display().to_string();
            let (key, extension) = path.split_once('.').expect("it has an extension");
            let index: usize = key.parse().expect("a key is a number");
            let mut body = Vec::new();
            member
                .read_to_end(&mut body)
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            if extension == "bin" {
                run.check(&format!("{path} is whole"), body == bytes(length(index)));
            }
            *times.entry(path).or_default() += 1;
        }
    }
    let others: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
    run.check(&format!("once each: {others:?}"), others.is_empty());
    run.check("all are there", times.len() == 2 * URLS);
}

/// The records of a WARC file by type and URI, their payloads with them.
fn records(path: &Path, mut each: impl FnMut(&str, &str, &[u8])) {
    let file = File::open(path).expect("the pack is there");
    let mut all = Vec::new();
    let read = MultiGzDecoder::new(BufReader::new(file)).read_to_end(&mut all);
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let split = |bytes: &[u8]| {
        bytes
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .map(|at| at + 4)
    };
    let mut rest = &all[..];
    while !rest.is_empty() {
        let (header, block) = rest.split_at(split(rest).expect("a header ends"));
        let header = String::from_utf8_lossy(header).into_owned();
        let field = |name: &str| {
            let line = header.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default()
        };
        let length: usize = field("Content-Length: ")
            .parse()
            .expect("a length is a number");
        let (block, after) = block.split_at(length);
        let head = split(block).unwrap_or(0);
        each(
            field("WARC-Type: "),
            field("WARC-Target-URI: "),
            &block[head..],
        );
        rest = after.strip_prefix(b"\r\n\r\n").expect("a record ends");
    }
}

#[test]
fn each_body_is_in_one_record_of_a_warc_pack_after_a_hundred_kills() {
    let (server, dir) = (Server::start(), Dir::new());
    let run = pack_with_kills(&server, &dir, "warc=p-%05d.warc.gz");
    let mut times: BTreeMap<(String, String), usize> = BTreeMap::new();
    for name in packs(&dir, &run, &[".warc.gz", ".cdxj"]) {
        let mut responses = 0;
        records(&dir.path().join(&name), |kind, uri, payload| {
            if kind == "response" {
                responses += 1;
                let (_, index) = uri.split_once('?').expect("a URL has its index");
                let index = index.parse().expect("it is a number");
                run.check(&format!("{uri} is whole"), payload == bytes(length(index)));
            }
            if kind != "warcinfo" {
                *times.entry((kind.to_owned(), uri.to_owned())).or_default() += 1;
            }
        });
        let index = fs::read_to_string(dir.path().join(format!("{name}.cdxj")));
        let lines = index.expect("an index is there").lines().count();
        run.check(
            &format!("{lines} lines for {responses}"),
            lines == responses,
        );
    }
    let others: Vec<_> = times.iter().filter(|(_, times)| **times != 1).collect();
    run.check(&format!("once each: {others:?}"), others.is_empty());
    run.check("all are there", times.len() == 2 * URLS);
}
