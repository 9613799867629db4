//! The program as a process: bodies in packs (`--pack`), over kills and stops; in `shards` those of several
//! processes, and in `holes` answers and places that fail.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use crate::pfetch::{Dir, Pfetch, Run, pfetch};
use crate::server::{Server, bytes, routes};

mod finished;
mod holes;
mod lists;
#[cfg(target_os = "linux")]
mod memory;
mod records;
mod shards;

/// A folder for packs, and a log beside it.
struct Place {
    dir: Dir,
}

impl Place {
    fn new() -> Self {
        Place { dir: Dir::new() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A run that packs by this pattern, in the folder.
    fn packing(&self, pattern: &str, args: &[&str]) -> Pfetch {
        let mut all = vec!["--log", "run.log", "--pack", pattern];
        all.extend(args);
        pfetch(&all).current_dir(self.dir.path())
    }

    /// The names in a folder below this one, sorted.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(folder)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The lines of the log of this type.
    fn logged(&self, kind: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.at("run.log")).unwrap();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.filter(|line: &Value| line["type"] == kind).collect()
    }
}

/// The members of all tar files in a folder, each name with all that there is under it.
fn members(folder: &Path) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut all: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut archive = tar::Archive::new(File::open(&path).unwrap());
        for member in archive.entries().unwrap() {
            let mut member = member.unwrap();
            let name = member.path().unwrap().display().to_string();
            let mut bytes = Vec::new();
            member.read_to_end(&mut bytes).unwrap();
            all.entry(name).or_default().push(bytes);
        }
    }
    all
}

/// The names of packs and their parts.
fn packs_of(place: &Place, folder: &str) -> Vec<String> {
    let names = place.names(folder).into_iter();
    names.filter(|name| name.contains(".tar")).collect()
}

/// A member that is there once.
#[track_caller]
fn once<'a>(members: &'a BTreeMap<String, Vec<Vec<u8>>>, name: &str, run: &Run) -> &'a [u8] {
    let found = members.get(name).map_or(&[][..], Vec::as_slice);
    let names: Vec<_> = members.keys().collect();
    run.check(
        &format!("{name} is there once, not {} times: {names:?}", found.len()),
        found.len() == 1,
    );
    &found[0]
}

#[test]
fn a_tar_pack_has_each_body_and_its_result_and_tar_reads_it() {
    let server = Server::with(|request, reply| match request.target.as_str() {
        "/page" => reply.send(200, "Content-Type: text/html\r\n", b"<p>"),
        "/data.json" => reply.send(200, "Content-Type: application/json\r\n", b"{}"),
        "/empty" => reply.send(200, "", b""),
        _ => routes(request, reply),
    });
    let place = Place::new();
    let large = format!("/bytes/{}", 3 << 20);
    let paths = [
        "/page",
        "/data.json",
        "/status/404",
        "/empty",
        &large,
        "/redirect/2",
    ];
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let mut args = vec!["--max-failures", "1", "-j3", "--retry", "0"];
    args.extend(urls.iter().map(String::as_str));
    let run = place.packing("tar=out/set-%03d.tar", &args).run().exits(0);
    assert_eq!(place.names("out"), ["set-000.tar"]);
    let members = members(&place.at("out"));
    for (name, body) in [
        ("0000000000.html", &b"<p>"[..]),
        ("0000000001.body.json", b"{}"),
        ("0000000003.bin", b""),
        ("0000000004.bin", &bytes(3 << 20)),
        ("0000000005.bin", b"arrived\n"),
    ] {
        assert!(once(&members, name, &run) == body, "{name}");
        let key = name.split('.').next().unwrap();
        let record: Value =
            serde_json::from_slice(once(&members, &format!("{key}.json"), &run)).unwrap();
        let index: usize = key.parse().unwrap();
        assert_eq!(record["type"], "result", "{record}");
        assert_eq!(record["url"], urls[index], "{record}");
        assert_eq!(record["index"], index, "{record}");
        assert_eq!(record["outcome"], "ok", "{record}");
        assert_eq!(record["bytes"], body.len(), "{record}");
    }
    assert_eq!(
        members.len(),
        10,
        "a failed URL leaves nothing: {:?}",
        members.keys()
    );

    let file = place.at("out/set-000.tar");
    let listed = Command::new("tar").arg("-tvf").arg(&file).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout);
    let complaints = String::from_utf8_lossy(&listed.stderr);
    assert!(
        listed.status.success() && complaints.is_empty(),
        "{complaints}"
    );
    assert_eq!(text.lines().count(), 10, "{text}");
    let extracted = Command::new("tar")
        .arg("-xOf")
        .arg(&file)
        .arg("0000000004.bin")
        .output();
    assert!(extracted.unwrap().stdout == bytes(3 << 20));

    // The log says where each is.
    let file = fs::read(file).unwrap();
    for line in place
        .logged("result")
        .iter()
        .filter(|line| line["outcome"] == "ok")
    {
        assert_eq!(line["pack"], "out/set-000.tar", "{line}");
        let offset = usize::try_from(line["offset"].as_u64().unwrap()).unwrap();
        let key = format!("{:010}.", line["index"].as_u64().unwrap());
        assert!(file[offset..].starts_with(key.as_bytes()), "{line}");
    }
    let states: Vec<_> = place
        .logged("pack")
        .iter()
        .map(|line| line["state"].clone())
        .collect();
    assert_eq!(states, ["begun", "published"]);
}

#[test]
fn packs_are_published_as_they_are_full() {
    let server = Server::start();
    let place = Place::new();
    let list: String = (0..25)
        .map(|n| server.url(&format!("/bytes/{n}\n")))
        .collect();
    let run = place
        .packing("tar=a-%d.tar", &["--pack-count", "10"])
        .stdin(&list);
    run.run().exits(0);
    let packs = |prefix: &str| -> Vec<String> {
        let names = place.names("").into_iter();
        names.filter(|name| name.starts_with(prefix)).collect()
    };
    assert_eq!(packs("a-"), ["a-0.tar", "a-1.tar", "a-2.tar"]);
    let counts = place
        .logged("result")
        .into_iter()
        .fold(BTreeMap::new(), |mut counts, line| {
            *counts.entry(line["pack"].to_string()).or_insert(0) += 1;
            counts
        });
    assert_eq!(counts.into_values().collect::<Vec<_>>(), [10, 10, 5]);
    // Lines about packs are none about targets.
    let log = place.at("run.log");
    pfetch(&["--replay", log.to_str().unwrap()])
        .run()
        .exits(0)
        .prints("25 URLs: 25 ok");

    fs::remove_file(place.at("run.log")).unwrap();
    let run = place
        .packing("tar=b-%d.tar", &["--pack-size", "1"])
        .stdin(&list);
    run.run().exits(0);
    assert_eq!(packs("b-").len(), 25);
}

#[test]
fn killed_again_and_again_it_packs_each_body_once() {
    let server = Server::start();
    let place = Place::new();
    let length = |index: usize| match index % 40 {
        7 => (1 << 20) + index,
        _ => index * 31,
    };
    let urls = 240;
    let list: String = (0..urls)
        .map(|index| server.url(&format!("/bytes/{}\n", length(index))))
        .collect();
    fs::write(place.at("list"), list).unwrap();
    let args = ["--resume", "-i", "list", "-j4", "--pack-count", "17"];
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut kills = 0;
    let last = loop {
        let until = server.requests() + random.usize(1..12);
        let running = place.packing("tar=out/p-%05d.tar", &args).start();
        if kills == 60 {
            break running.finish();
        }
        // By the time that the request is answered, earlier ones are anywhere on their way into the pack.
        while server.requests() < until {
            if place.logged_count() >= urls {
                break;
            }
            thread::yield_now();
        }
        running.kill();
        kills += 1;
    };
    let run = last.exits(0);
    let names = place.names("out");
    run.check(
        &format!("only packs are left: {names:?} (seed {seed})"),
        names.iter().all(|name| name.ends_with(".tar")) && names.len() == urls.div_ceil(17),
    );
    let members = members(&place.at("out"));
    for index in 0..urls {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        run.check(
            &format!("body {index} is whole (seed {seed})"),
            body == bytes(length(index)),
        );
        once(&members, &format!("{index:010}.json"), &run);
    }
    assert_eq!(members.len(), 2 * urls, "seed {seed}");
    // What was in flight when it was killed, and not more, came twice.
    let requests = server.requests();
    assert!(
        requests <= urls + kills * (4 + 12),
        "{requests} requests (seed {seed})"
    );
}

impl Place {
    /// The bodies that the log has in packs so far.
    fn logged_count(&self) -> usize {
        let text = fs::read_to_string(self.at("run.log")).unwrap_or_default();
        text.matches("\"offset\":").count()
    }
}

#[test]
fn a_stopped_run_leaves_its_pack_for_the_next() {
    let held = Arc::new(AtomicBool::new(true));
    let is_held = Arc::clone(&held);
    let server = Server::with(move |request, reply| {
        if request.target == "/held" && is_held.load(Ordering::Relaxed) {
            reply.wait(std::time::Duration::MAX);
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        reply.send(200, "", request.target.as_bytes())
    });
    let place = Place::new();
    let list: String = ["/a", "/held", "/b"]
        .map(|path| server.url(path) + "\n")
        .concat();
    fs::write(place.at("list"), list).unwrap();
    let mut running = place
        .packing("tar=p-%d.tar", &["-i", "list", "-j2"])
        .start();
    for _ in 0..2 {
        running.line();
    }
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert_eq!(place.names(""), ["list", "p-0.tar.part", "run.log"]);
    // Without --resume everything would be in packs twice.
    place
        .packing("tar=p-%d.tar", &["-i", "list"])
        .run()
        .exits(2)
        .says("--resume")
        .complains_in_a_line();
    let dry = place.packing("tar=p-%d.tar", &["-i", "list", "--resume", "--dry-run"]);
    dry.run().exits(0).prints("/held");
    assert_eq!(place.names(""), ["list", "p-0.tar.part", "run.log"]);
    held.store(false, Ordering::Relaxed);
    let run = place
        .packing("tar=p-%d.tar", &["-i", "list", "--resume"])
        .run();
    let run = run.exits(0);
    assert_eq!(place.names(""), ["list", "p-0.tar", "run.log"]);
    fs::create_dir(place.at("packs")).unwrap();
    fs::rename(place.at("p-0.tar"), place.at("packs/p-0.tar")).unwrap();
    let members = members(&place.at("packs"));
    for (index, body) in ["/a", "/held", "/b"].iter().enumerate() {
        let found = once(&members, &format!("{index:010}.bin"), &run);
        assert_eq!(found, body.as_bytes(), "{index}");
    }
    assert_eq!(server.requests(), 4, "{:?}", server.targets());
    // A published pack may be moved away.
    place
        .packing("tar=p-%d.tar", &["-i", "list", "--resume"])
        .run()
        .exits(0);
    assert_eq!(place.names(""), ["list", "packs", "run.log"]);
}

#[test]
fn what_cannot_be_packed_is_said_before_anything_is_fetched() {
    let server = Server::start();
    let url = server.url("/bytes/9");
    let place = Place::new();
    fs::write(place.at("file"), "another's").unwrap();
    fs::write(place.at("other-3.tar"), "another's").unwrap();
    fs::write(place.at("part-0.tar.part"), "another's").unwrap();
    for (pattern, args, code, text) in [
        ("tar=a.tar", &[][..], 2, "%05d"),
        ("tar=a-%d-%d.tar", &[], 2, "several places"),
        ("tar=%d/a.tar", &[], 2, "folder"),
        ("tar=a-{shard}-%d.tar", &[], 2, "shard"),
        ("zip=a-%d.zip", &[], 2, "tar=part-%05d.tar"),
        ("tar=a-%d.tar", &["--pack-count", "0"], 2, "at least 1"),
        ("tar=a-%d.tar", &["--pack-size", "0"], 2, "at least a byte"),
        ("tar=a-%d.tar", &["-d", "d"], 2, "with -d"),
        ("tar=a-%d.tar", &["-o", "o"], 2, "with -o"),
        ("tar=a-%d.tar", &["--cat"], 2, "--cat"),
        (
            "tar=a-%d.tar",
            &["--format", "jsonl", "--jsonl-bodies", "1k"],
            2,
            "--jsonl-bodies",
        ),
        (
            "tar=a-%d.tar",
            &["--compare"],
            2,
            "--log cannot be used with --compare: it fetches each URL several times",
        ),
        ("tar=a-%d.tar.gz", &[], 2, "end the name in .tar, "),
        ("warc=a-%d.warc", &[], 2, "end the name in .warc.gz"),
        ("tar=a-%d.tar", &["-I"], 2, "-I"),
        ("tar=a-%d.tar", &["--exists", "skip"], 2, "--exists"),
        ("tar=a-%d.tar", &["--fsync"], 2, "--fsync"),
        (
            "tar=a-%d.tar",
            &["--export", "json=a-0.tar"],
            2,
            "name of a pack",
        ),
        ("tar=./run.lo%d", &["--log", "run.lo1"], 2, "name of a pack"),
        (
            "tar=other-%d.tar",
            &[],
            2,
            "other-3.tar is there, and the run log does not name it",
        ),
        ("tar=part-%d.tar", &[], 2, "part-0.tar.part is there"),
        ("tar=file/a-%d.tar", &[], 4, "cannot make the folder file"),
        (
            "tar=/proc/a-%d.tar",
            &[],
            4,
            "cannot write /proc/a-0.tar.part",
        ),
    ] {
        let mut all = args.to_vec();
        all.push(&url);
        let run = place.packing(pattern, &all).run().exits(code).says(text);
        run.check("it is one line", run.stderr.lines().count() <= 1);
    }
    for (args, text) in [
        (&[][..], "--log"),
        (
            &["--compare", "--log", "run.log"],
            "--compare cannot be used with --log: it fetches each URL several times, and keeps no body",
        ),
        (
            &["--sweep", "1,2", "--log", "run.log"],
            "--sweep cannot be used with --log: it fetches each URL several times",
        ),
    ] {
        let all = [args, &["--pack", "tar=a-%d.tar", &url]].concat();
        pfetch(&all).run().exits(2).says(text).complains_in_a_line();
    }
    assert_eq!(server.requests(), 0);
    for name in ["file", "other-3.tar", "part-0.tar.part"] {
        assert_eq!(fs::read(place.at(name)).unwrap(), b"another's", "{name}");
    }
}

#[test]
fn packs_of_another_list_or_pattern_are_left_alone() {
    let server = Server::start();
    let place = Place::new();
    let (one, two) = (server.url("/bytes/1"), server.url("/bytes/2"));
    place.packing("tar=p-%d.tar", &[&one]).run().exits(0);
    let pack = fs::read(place.at("p-0.tar")).unwrap();
    for args in [
        &["--resume", &two, &one][..],
        &["--resume", "--dry-run", &two, &one],
    ] {
        let run = place.packing("tar=p-%d.tar", args).run().exits(2);
        run.says("another list").never_shows("panicked");
    }
    assert_eq!(server.requests(), 1, "{:?}", server.targets());
    // At the end of the list there may be more.
    place
        .packing("tar=p-%d.tar", &["--resume", &one, &two])
        .run()
        .exits(0);
    assert_eq!(fs::read(place.at("p-0.tar")).unwrap(), pack);
    assert!(place.at("p-1.tar").exists());
    assert_eq!(server.requests(), 2, "{:?}", server.targets());
}

#[test]
fn a_url_that_is_listed_twice_is_packed_twice_and_resumed_so() {
    let server = Server::start();
    let place = Place::new();
    let url = server.url("/bytes/5");
    place.packing("tar=p-%d.tar", &[&url, &url]).run().exits(0);
    let run = place
        .packing("tar=p-%d.tar", &["--resume", &url, &url, &url])
        .run();
    let run = run.exits(0);
    fs::remove_file(place.at("run.log")).unwrap();
    let members = members(place.dir.path());
    for index in 0..3 {
        once(&members, &format!("{index:010}.bin"), &run);
    }
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_pack_that_lost_its_end_gets_it_again() {
    let server = Server::start();
    let place = Place::new();
    let urls: Vec<String> = ["/bytes/1", "/bytes/2", "/bytes/3"]
        .map(|path| server.url(path))
        .to_vec();
    let list = |more: &str| urls.join("\n") + "\n" + more;
    // A stop keeps the pack from being published.
    let stopped = place.packing("tar=p-%d.tar", &["-j1", "--retry", "0", "--fail-fast"]);
    let unread = [server.url("/status/404"), server.url("/hang")].join("\n");
    stopped.stdin(list(&unread)).run().exits(1);
    let part = place.at("p-0.tar.part");
    let length = fs::metadata(&part).unwrap().len();
    File::options()
        .write(true)
        .open(&part)
        .unwrap()
        .set_len(length - 1)
        .unwrap();
    let run = place
        .packing("tar=p-%d.tar", &["--resume"])
        .stdin(list(""))
        .run();
    let run = run.exits(0).says("less than the run log says");
    fs::remove_file(place.at("run.log")).unwrap();
    let members = members(place.dir.path());
    for index in 0..3 {
        let body = once(&members, &format!("{index:010}.bin"), &run);
        assert_eq!(body, bytes(index + 1));
    }
    let requests = server.requests();
    assert!((5..=6).contains(&requests), "{:?}", server.targets());
}
