//! Where waiting is the work: slow servers, and many workers that wait.

use crate::clients;
use crate::delay::DelayServer;
use crate::latency::line_delays;
use crate::measure::median;
use crate::table::{CPU_EACH, Goal, Limit, PEAK, Table, WALL, middle};

use super::{Bench, WALL_TIME, discarding, floor, from_list};

/// P2
pub(super) fn delayed(bench: &Bench) -> Vec<Table> {
    let settings = [(1_000, 50, 100, 1.02), (10_000, 100, 1_000, 1.04)];
    settings
        .map(|(count, milliseconds, workers, limit)| {
            let server = DelayServer::start(milliseconds);
            let count = bench.count(count);
            let prefix = format!("http://127.0.0.1:{}/", server.port);
            let address = format!("127.0.0.1:{}", server.port);
            let mut all = vec![floor(&address, "/1", workers, count, "keep")];
            all.extend(discarding(bench, &prefix, count, workers));
            bench.race(&mut all);
            let ideal = count.div_ceil(workers) * usize::try_from(milliseconds).unwrap_or(0);
            let setting = format!(
                "{count} URLs of {milliseconds} ms, {workers} workers: {ideal} ms at the least"
            );
            let mut table = Table::new(setting, &[WALL, CPU_EACH, PEAK], &all);
            // What raw sockets take is the ideal, with the server's own share.
            table.ask(
                &all,
                WALL_TIME,
                ("pfetch", "raw sockets"),
                Limit::AtMost(limit),
            );
            if workers > 300 {
                table = table.note("curl does at most 300 at once");
            }
            table
        })
        .into()
}

/// P10
pub(super) fn workers(bench: &Bench) -> Vec<Table> {
    const MANY: usize = 1_000;
    let server = DelayServer::start(500);
    let prefix = format!("http://127.0.0.1:{}/", server.port);
    let list = bench.site.list(&prefix, MANY);
    let one = bench.site.list(&prefix, 1);
    let mut all = vec![
        from_list("pfetch -j 1", 1, &one, |list| clients::pfetch(1, list)),
        from_list("pfetch -j 1000", MANY, &list, |list| {
            clients::pfetch(MANY, list)
        }),
    ];
    if bench.installed.wget2 {
        all.push(from_list("wget2 --max-threads=1000", MANY, &list, |list| {
            clients::wget2_discarding(MANY, list)
        }));
    }
    bench.race(&mut all);
    let mut table = Table::new("1,000 connections open at once", &[PEAK, WALL], &all);
    let names = ["pfetch -j 1", "pfetch -j 1000"];
    let peaks = names.map(|name| middle(&all, |usage| usage.peak, name));
    if let [Some(one), Some(many)] = peaks {
        table.goals.push(Goal {
            text: "KiB for each worker after the first".to_owned(),
            value: (many - one) / 1024.0 / (MANY - 1) as f64,
            limit: Limit::AtMost(50.0),
        });
    }
    vec![table]
}

/// LINE
pub(super) fn lines(bench: &Bench) -> Vec<Table> {
    [1, 8, 64].map(|at_once| lines_of(bench, at_once)).into()
}

fn lines_of(bench: &Bench, at_once: usize) -> Table {
    let each = bench.count(5_000).min(50 * at_once);
    let mut delays: Vec<f64> = (0..bench.rounds)
        .flat_map(|_| line_delays(clients::PFETCH, each, at_once))
        .map(|seconds| seconds * 1e3)
        .collect();
    delays.sort_by(f64::total_cmp);
    let late = delays[delays.len() * 95 / 100];
    let setting = format!("{} URLs of 20 ms, {at_once} in flight", delays.len());
    let mut table = Table::new(setting, &[], &[]);
    for (what, value) in [("median", median(delays)), ("95th percentile", late)] {
        table.goals.push(Goal {
            text: format!("ms, {what}"),
            value,
            limit: Limit::AtMost(2.0),
        });
    }
    table
}
