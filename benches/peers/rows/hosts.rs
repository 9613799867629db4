//! Lists of many hosts: connections are kept by host, and used again by whichever worker comes next.

use crate::clients;
use crate::measure::{Contender, Usage};
use crate::table::{CONNECTIONS, CPU_EACH, Goal, Limit, PEAK, Table, WALL, middle};

use super::{Bench, REQUEST_CPU, WALL_TIME, from_list};

const WORKERS: usize = 16;

/// P11
pub(super) fn mixed(bench: &Bench) -> Vec<Table> {
    let mut tables = Vec::new();
    for scheme in ["http", "https"] {
        for hosts in [16, 100, 1_000] {
            tables.push(of_hosts(bench, scheme, hosts));
        }
    }
    tables.push(among_idle(bench));
    tables
}

fn of_hosts(bench: &Bench, scheme: &str, hosts: usize) -> Table {
    let site = &bench.site;
    let count = bench.count(5_000);
    let (list, curl_list) = site.lists_of(&format!("{scheme}-{hosts}"), count, |number| {
        site.url_of_hosts(scheme, hosts, number)
    });
    // No certificate is good for a thousand addresses; none is checked by anyone.
    let mut all = vec![from_list("pfetch", count, &list, |list| {
        let mut command = clients::pfetch(WORKERS, list);
        command.arg("-k");
        command
    })];
    if bench.installed.wget2 {
        all.push(from_list("wget2", count, &list, |list| {
            let mut command = clients::wget2_discarding(WORKERS, list);
            command.arg("--no-check-certificate");
            command
        }));
    }
    if bench.installed.curl {
        all.push(from_list("curl -Z", count, &curl_list, |list| {
            let mut command = clients::curl(WORKERS, list);
            command.arg("--insecure");
            command
        }));
    }
    let mut all: Vec<Contender> = all
        .into_iter()
        .map(|contender| contender.with_counter(site.connections()))
        .collect();
    bench.race(&mut all);
    let columns = &[WALL, CPU_EACH, CONNECTIONS, PEAK];
    let mut table = Table::new(format!("{scheme}, {hosts} hosts"), columns, &all);
    if scheme == "https" {
        table.ask(&all, WALL_TIME, ("pfetch", "curl -Z"), Limit::AtMost(0.7));
        table.ask(&all, REQUEST_CPU, ("pfetch", "wget2"), Limit::AtMost(0.7));
    } else if hosts == 16 {
        let connections: fn(&Usage) -> f64 = |usage| usage.counted;
        table.ask_absolute(
            "connections",
            &all,
            connections,
            "pfetch",
            Limit::AtMost(100.0),
        );
    }
    table
}

/// Connections that lie idle while one host has all the requests: they must cost it nothing.
fn among_idle(bench: &Bench) -> Table {
    // Of few workers, pfetch keeps 1,024.
    const HOSTS: usize = 200;
    let site = &bench.site;
    let count = bench.count(20_000);
    let one = site.url("/small/");
    let elsewhere = |number| site.url_of_hosts("http", HOSTS, number);
    let lists = [
        ("one host", 0, count),
        ("200 hosts before it", HOSTS, HOSTS + count),
        ("the 200 hosts alone", HOSTS, HOSTS),
    ];
    let mut all: Vec<Contender> = lists
        .iter()
        .map(|&(name, hosts, count)| {
            let (list, _) = site.lists_of(&name.replace([' ', ','], ""), count, |number| {
                if number < hosts {
                    elsewhere(number)
                } else {
                    format!("{one}{number}")
                }
            });
            from_list(name, count, &list, |list| clients::pfetch(WORKERS, list))
        })
        .collect();
    bench.race(&mut all);
    let setting = format!("{count} URLs of one host, connections to others idle");
    let mut table = Table::new(setting, &[WALL, CPU_EACH, PEAK], &all);
    let cpu = lists.map(|(name, ..)| middle(&all, |usage| usage.cpu, name));
    if let [Some(alone), Some(among), Some(others)] = cpu {
        table.goals.push(Goal {
            text: "CPU, pfetch with 200 idle connections / without".to_owned(),
            value: (among - others) / alone,
            limit: Limit::AtMost(1.1),
        });
    }
    table
}
