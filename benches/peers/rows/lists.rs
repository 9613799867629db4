//! Long lists: what a URL costs must not depend on how many there are.

use std::time::Duration;

use crate::clients;
use crate::measure::{Contender, Usage};
use crate::table::{CPU_EACH, Limit, PEAK, RATE, Table};

use super::{Bench, REQUEST_CPU, from_list};

const WORKERS: usize = 32;

/// P4
pub(super) fn memory(bench: &Bench) -> Vec<Table> {
    let site = &bench.site;
    let prefix = site.url("/tiny/");
    let mut counts = vec![100_000, 1_000_000];
    if bench.is_long {
        counts.push(10_000_000);
    }
    let counts: Vec<usize> = counts.into_iter().map(|count| bench.count(count)).collect();
    let many = counts[1];
    let mut all = Vec::new();
    for &count in &counts {
        let list = site.list(&prefix, count);
        let pfetch = from_list(&pfetch(count), count, &list, |list| {
            clients::pfetch(WORKERS, list)
        });
        // The longest takes minutes.
        all.push(pfetch.at_most(if count > 1_000_000 { 1 } else { usize::MAX }));
    }
    // What they need grows with the list, hardly from run to run.
    let list = site.list(&prefix, many);
    if bench.installed.wget2 {
        let wget2 = from_list(
            &format!("wget2, {} k URLs", many as f64 / 1e3),
            many,
            &list,
            |list| clients::wget2_discarding(WORKERS, list),
        );
        all.push(wget2.at_most(1));
    }
    if bench.installed.curl {
        let list = site.curl_list(&prefix, many);
        let curl = from_list(
            &format!("curl -Z, {} k URLs", many as f64 / 1e3),
            many,
            &list,
            |list| clients::curl(WORKERS, list),
        );
        all.push(curl.at_most(1));
    }
    bench.race_for(Duration::from_secs(1_800), &mut all);
    let mut table = Table::new("bodies of 1 byte", &[PEAK, RATE, CPU_EACH], &all);
    let peak: fn(&Usage) -> f64 = |usage| usage.peak;
    for &count in &counts {
        let mebibytes = |usage: &Usage| usage.peak / (1024.0 * 1024.0);
        table.ask_absolute("MiB", &all, mebibytes, &pfetch(count), Limit::AtMost(12.0));
        if count > counts[0] {
            let names = (pfetch(count), pfetch(counts[0]));
            table.ask(
                &all,
                ("memory", peak),
                (&names.0, &names.1),
                Limit::AtMost(1.05),
            );
        }
    }
    if !bench.is_long {
        table = table.note("`--long` does 10,000,000 as well");
    }
    vec![table]
}

/// P6
pub(super) fn cpu(bench: &Bench) -> Vec<Table> {
    let prefix = bench.site.url("/small/");
    let counts = [10_000, 1_000_000].map(|count| bench.count(count));
    let mut all: Vec<Contender> = counts
        .iter()
        .map(|&count| {
            let list = bench.site.list(&prefix, count);
            from_list(&pfetch(count), count, &list, |list| {
                clients::pfetch(WORKERS, list)
            })
        })
        .collect();
    bench.race(&mut all);
    let mut table = Table::new("bodies of 1 KiB", &[CPU_EACH, RATE, PEAK], &all);
    let names = counts.map(pfetch);
    table.ask(
        &all,
        REQUEST_CPU,
        (&names[1], &names[0]),
        Limit::AtMost(1.05),
    );
    vec![table]
}

/// "pfetch, 1000 k URLs"
fn pfetch(count: usize) -> String {
    format!("pfetch, {} k URLs", count as f64 / 1e3)
}
