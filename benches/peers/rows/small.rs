//! Many small bodies, one small body, and none at all.

use crate::clients::{self, PFETCH};
use crate::jobs::WAYS;
use crate::measure::{Contender, Usage};
use crate::table::{CPU, CPU_EACH, Limit, PEAK, RATE, SHORT_CPU, SHORT_WALL, Table, WALL};

use super::{
    Bench, REQUEST_CPU, REQUEST_RATE, UREQ_LOOP, WALL_TIME, discarding, floor, from_list, itself,
    ureq_loops,
};

/// P1
pub(super) fn kept(bench: &Bench) -> Vec<Table> {
    [8, 32].map(|workers| kept_on(bench, workers)).into()
}

fn kept_on(bench: &Bench, workers: usize) -> Table {
    let (count, few) = (bench.count(100_000), bench.count(500));
    let site = &bench.site;
    let prefix = site.url("/small/");
    let mut all = vec![floor(&site.address(), "/small/1", workers, count, "keep")];
    all.extend(ureq_loops(&site.address(), "/small/", workers, count));
    all.extend(discarding(bench, &prefix, count, workers));
    if bench.installed.curl {
        let list = site.list(&prefix, few);
        all.push(from_list("xargs curl", few, &list, move |list| {
            clients::xargs_curl(workers, list)
        }));
    }
    if bench.installed.wrk {
        let url = site.url("/small/1");
        let wrk = Contender::new("wrk", 0, move || clients::wrk(workers, &url));
        all.push(wrk.counting(clients::wrk_count));
    }
    if bench.installed.hey {
        let url = site.url("/small/1");
        let hey = Contender::new("hey", count, move || clients::hey(workers, count, &url));
        all.push(hey.counting(clients::hey_count));
    }
    bench.race(&mut all);
    let mut table = Table::new(format!("{workers} workers"), &[RATE, CPU_EACH, PEAK], &all);
    for (peer, limit) in [(UREQ_LOOP, 1.0), ("wget2", 0.75), ("curl -Z", 0.4)] {
        table.ask(&all, REQUEST_CPU, ("pfetch", peer), Limit::AtMost(limit));
    }
    for peer in ["wget2", "curl -Z", "xargs curl"] {
        table.ask(&all, REQUEST_RATE, ("pfetch", peer), Limit::AtLeast(1.0));
    }
    table
        .note("wrk and hey ask for one URL again and again, wrk from one thread, and report nothing of each")
        .note(format!("xargs starts a curl for each of {few} URLs"))
        .note("aria2c saves whatever it fetches: it is in P8")
}

/// P9
pub(super) fn closed(bench: &Bench) -> Vec<Table> {
    const WORKERS: usize = 8;
    let count = bench.count(20_000);
    let site = &bench.site;
    let mut all = vec![floor(&site.address(), "/close/1", WORKERS, count, "close")];
    all.extend(discarding(bench, &site.url("/close/"), count, WORKERS));
    bench.race(&mut all);
    let mut table = Table::new("", &[RATE, CPU_EACH, PEAK], &all);
    table.ask(
        &all,
        REQUEST_RATE,
        ("pfetch", "curl -Z"),
        Limit::AtLeast(4.0),
    );
    vec![table]
}

/// P5
pub(super) fn one(bench: &Bench) -> Vec<Table> {
    let site = &bench.site;
    // The system's certificates and the bench's own: as much to read as for a server out there.
    let system = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    ];
    let mut roots = system
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let certificates = roots.matches("BEGIN CERTIFICATE").count();
    roots += &std::fs::read_to_string(site.authority()).expect("it was written");
    let bundle = site.folder().join("roots.pem");
    std::fs::write(&bundle, roots).expect("the folder can be written");

    let mut tables = Vec::new();
    for url in [site.url("/small/1"), site.tls_url("/small/1")] {
        let is_tls = url.starts_with("https");
        let contender = |name: &str, program: &'static str, args: &'static [&'static str]| {
            let (url, bundle) = (url.clone(), bundle.clone());
            Contender::new(name, 1, move || {
                let mut command = clients::plain(program);
                command.args(args).arg(&url);
                // Where the one and the other look for the system's.
                command
                    .env("SSL_CERT_FILE", &bundle)
                    .env("CURL_CA_BUNDLE", &bundle);
                command
            })
        };
        let mut all = vec![contender("pfetch", PFETCH, &[])];
        if bench.installed.curl {
            all.push(contender(
                "curl",
                "curl",
                &["-q", "-s", "-f", "-o", "/dev/null"],
            ));
        }
        if bench.installed.wget2 && !is_tls {
            let args = &["-q", "--no-config", "--no-hsts", "-O", "/dev/null"];
            all.push(contender("wget2", "wget2", args));
        }
        // It is over at once, and varies much for that.
        let rounds = if bench.is_quick {
            1
        } else {
            bench.rounds.max(5) * 20
        };
        crate::measure::race(rounds, super::LIMIT, site.folder(), &mut all);
        let setting = if is_tls {
            format!("https with the system's {certificates} roots, {rounds} rounds")
        } else {
            format!("http, {rounds} rounds")
        };
        let mut table = Table::new(setting, &[SHORT_WALL, SHORT_CPU, PEAK], &all);
        let limit = if is_tls { 1.0 } else { 0.45 };
        table.ask(&all, WALL_TIME, ("pfetch", "curl"), Limit::AtMost(limit));
        if !is_tls {
            let milliseconds = |usage: &Usage| usage.wall * 1e3;
            table.ask_absolute("ms", &all, milliseconds, "pfetch", Limit::AtMost(1.7));
        }
        tables.push(table);
    }
    tables
}

/// P7
pub(super) fn pool(bench: &Bench) -> Vec<Table> {
    let total = bench.count(1_000_000);
    let on = |workers: usize| {
        let mut all: Vec<Contender> = WAYS
            .iter()
            .map(|&way| {
                let [workers, count] = [workers, total].map(|number| number.to_string());
                Contender::new(way, total, move || itself(["jobs", way, &workers, &count]))
            })
            .collect();
        bench.race(&mut all);
        let mut table = Table::new(format!("{workers} threads"), &[WALL, CPU, PEAK], &all);
        for way in &WAYS[1..] {
            table.ask(&all, WALL_TIME, (way, WAYS[0]), Limit::AtMost(1.8));
        }
        table
    };
    [2, 8].map(on).into()
}
