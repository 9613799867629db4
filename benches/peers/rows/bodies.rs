//! Bodies that are large, and bodies that are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clients;
use crate::measure::Contender;
use crate::site::{LARGE, curl_list_saving};
use crate::table::{CPU, Limit, PEAK, RATE, Table, WALL};

use super::{Bench, CPU_TIME, REQUEST_RATE, WALL_TIME};

/// P3
pub(super) fn large(bench: &Bench) -> Vec<Table> {
    bench.site.with_large();
    let mut tables = Vec::new();
    for (scheme, url) in [
        ("http", bench.site.url("/large.bin")),
        ("https", bench.site.tls_url("/large.bin")),
    ] {
        tables.push(discarded(bench, scheme, &url));
        tables.push(saved(bench, scheme, &url));
    }
    let _ = fs::remove_file(bench.site.large());
    tables
}

/// A program, what it is told, and its options for whom to trust and for where to save.
type Client = (&'static str, &'static [&'static str], &'static str, Saving);

/// How a client is told where to save.
#[derive(Clone, Copy)]
enum Saving {
    File(&'static str),
    Folder(&'static str),
}

const CLIENTS: [Client; 4] = [
    (clients::PFETCH, &[], "--cacert", Saving::File("-o")),
    ("curl", &["-q", "-s", "-f"], "--cacert", Saving::File("-o")),
    (
        "wget2",
        &["-q", "--no-config", "--no-hsts", "--no-ocsp"],
        "--ca-certificate",
        Saving::File("-O"),
    ),
    (
        "aria2c",
        &["--quiet", "--no-conf", "--file-allocation=none"],
        "--ca-certificate",
        Saving::Folder("-d"),
    ),
];

/// Those that are installed, under their names.
fn installed(bench: &Bench) -> impl Iterator<Item = (&'static str, Client)> {
    let missing = bench.installed.missing();
    CLIENTS.into_iter().filter_map(move |client| {
        let name = if client.0 == clients::PFETCH {
            "pfetch"
        } else {
            client.0
        };
        (!missing.contains(&name)).then_some((name, client))
    })
}

fn discarded(bench: &Bench, scheme: &str, url: &str) -> Table {
    let mut all = Vec::new();
    for (name, (program, args, trust, saving)) in installed(bench) {
        let Saving::File(option) = saving else {
            continue;
        };
        let (url, authority) = (url.to_owned(), bench.site.authority());
        all.push(Contender::new(name, 1, move || {
            let mut command = clients::plain(program);
            command.args(args).arg(trust).arg(&authority).arg(&url);
            if name != "pfetch" {
                command.args([option, "/dev/null"]);
            }
            command
        }));
    }
    bench.race(&mut all);
    let mut table = Table::new(format!("{scheme}, discarded"), &[WALL, CPU, PEAK], &all);
    if scheme == "https" {
        table.ask(&all, CPU_TIME, ("pfetch", "curl"), Limit::AtMost(0.6));
    }
    for (peer, limit) in [("curl", 0.85), ("wget2", 1.0)] {
        let limit = if scheme == "https" { 1.0 } else { limit };
        table.ask(&all, WALL_TIME, ("pfetch", peer), Limit::AtMost(limit));
    }
    table.note("aria2c cannot discard")
}

fn saved(bench: &Bench, scheme: &str, url: &str) -> Table {
    let scratch = bench.site.folder().join("saved");
    let mut all = Vec::new();
    for (name, (program, args, trust, saving)) in installed(bench) {
        let (url, authority) = (url.to_owned(), bench.site.authority());
        all.push(in_folder(name, scratch.join(name), move |folder| {
            let mut command = clients::plain(program);
            command.args(args).arg(trust).arg(&authority).arg(&url);
            match saving {
                Saving::File(option) => command.arg(option).arg(folder.join("large.bin")),
                Saving::Folder(option) => command.arg(option).arg(folder),
            };
            command
        }));
    }
    let large = bench.site.large();
    all.push(in_folder("cp", scratch.join("cp"), move |folder| {
        let mut command = clients::plain("cp");
        command.arg(&large).arg(folder);
        command
    }));
    bench.race(&mut all);
    let mut table = Table::new(format!("{scheme}, saved"), &[WALL, CPU, PEAK], &all);
    for peer in ["curl", "wget2", "aria2c"] {
        table.ask(&all, WALL_TIME, ("pfetch", peer), Limit::AtMost(1.0));
    }
    table.ask(&all, WALL_TIME, ("pfetch", "cp"), Limit::AtMost(1.15));
    table.note(format!("{LARGE} bytes; the disk has its part in these"))
}

/// One that saves into a folder, made before and removed after each run.
fn in_folder(
    name: &str,
    folder: PathBuf,
    command: impl Fn(&Path) -> Command + 'static,
) -> Contender {
    let cleared = folder.clone();
    let contender = Contender::new(name, 1, move || {
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        command(&folder)
    });
    contender.then(move || drop(fs::remove_dir_all(&cleared)))
}

/// P8
pub(super) fn many(bench: &Bench) -> Vec<Table> {
    const WORKERS: usize = 8;
    let count = bench.count(20_000);
    let site = &bench.site;
    let scratch: PathBuf = site.folder().join("many");
    let prefix = site.url("/small/");
    let list = site.list(&prefix, count);
    let mut folders = clients::folders(&scratch, "pfetch");
    let pfetch_list = list.clone();
    let mut all = vec![Contender::new("pfetch", count, move || {
        let mut command = clients::pfetch(WORKERS, &pfetch_list);
        command.arg("-d").arg(folders());
        command
    })];
    if bench.installed.wget2 {
        let mut folders = clients::folders(&scratch, "wget2");
        let list = list.clone();
        all.push(Contender::new("wget2", count, move || {
            let mut command = clients::wget2(WORKERS, &list);
            command.arg("-P").arg(folders());
            command
        }));
    }
    if bench.installed.curl {
        let mut folders = clients::folders(&scratch, "curl");
        // Its list names the files, so each run has a list of its own, in the folder.
        all.push(Contender::new("curl -Z", count, move || {
            let folder = folders();
            let list = curl_list_saving(&folder, &prefix, count);
            clients::curl(WORKERS, &list)
        }));
    }
    if bench.installed.aria2c {
        let mut folders = clients::folders(&scratch, "aria2c");
        let aria2c = Contender::new("aria2c", count, move || {
            clients::aria2c(WORKERS, &list, &folders())
        });
        // It takes ten times as long as the others.
        all.push(aria2c.at_most(1));
    }
    bench.race(&mut all);
    let _ = fs::remove_dir_all(&scratch);
    let mut table = Table::new("", &[WALL, RATE, CPU, PEAK], &all);
    table.ask(&all, REQUEST_RATE, ("pfetch", "wget2"), Limit::AtLeast(2.0));
    table.ask(
        &all,
        REQUEST_RATE,
        ("pfetch", "aria2c"),
        Limit::AtLeast(1.0),
    );
    vec![table.note("only pfetch's files are whole or absent, whatever happens meanwhile")]
}
