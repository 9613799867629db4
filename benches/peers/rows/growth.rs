//! The cost of a URL where there are many of them, or many workers.

use std::path::Path;

use crate::clients;
use crate::delay::DelayServer;
use crate::measure::Contender;
use crate::table::{CPU_EACH, Limit, PEAK, RATE, Table};

use super::{Bench, REQUEST_CPU, from_list};

/// JOBS
pub(super) fn workers(bench: &Bench) -> Vec<Table> {
    // nginx has not as many connections.
    let server = DelayServer::start(0);
    let prefix = format!("http://127.0.0.1:{}/", server.port);
    let count = bench.count(50_000);
    let list = bench.site.list(&prefix, count);
    let mut all: Vec<Contender> = [1, 2, 4, 8, 16, 32, 128, 1_000, 5_000]
        .into_iter()
        .map(|workers| {
            from_list(&format!("-j {workers}"), count, &list, move |list| {
                clients::pfetch(workers, list)
            })
        })
        .collect();
    bench.race(&mut all);
    vec![Table::new(
        format!("{count} URLs"),
        &[CPU_EACH, RATE, PEAK],
        &all,
    )]
}

/// GROWTH
pub(super) fn bodies(bench: &Bench) -> Vec<Table> {
    let mut counts = vec![10_000, 100_000];
    if bench.is_long {
        counts.push(1_000_000);
    }
    let counts: Vec<usize> = counts.into_iter().map(|count| bench.count(count)).collect();
    vec![
        by_length(bench, &counts, "-d", saving),
        by_length(bench, &counts, "--cat", |_, list| {
            let mut command = clients::pfetch(WORKERS, list);
            command.arg("--cat");
            command
        }),
    ]
}

const WORKERS: usize = 8;

fn by_length(
    bench: &Bench,
    counts: &[usize],
    option: &str,
    command: fn(&Path, &Path) -> std::process::Command,
) -> Table {
    let prefix = bench.site.url("/small/");
    let name = |count: usize| format!("{option}, {count} URLs");
    let mut all: Vec<Contender> = counts
        .iter()
        .map(|&count| {
            let list = bench.site.list(&prefix, count);
            let folder = bench.site.folder().join("growth").join(count.to_string());
            let used = folder.clone();
            let contender = Contender::new(name(count), count, move || command(&folder, &list));
            let contender = contender.then(move || drop(std::fs::remove_dir_all(&used)));
            // The longest saves a million files.
            contender.at_most(if count >= 1_000_000 { 1 } else { usize::MAX })
        })
        .collect();
    bench.race_for(std::time::Duration::from_secs(1_800), &mut all);
    let mut table = Table::new(option, &[CPU_EACH, RATE, PEAK], &all);
    for &count in &counts[1..] {
        let names = (name(count), name(counts[0]));
        table.ask(&all, REQUEST_CPU, (&names.0, &names.1), Limit::AtMost(1.2));
    }
    table
}

fn saving(folder: &Path, list: &Path) -> std::process::Command {
    std::fs::create_dir_all(folder).expect("the temporary folder can be written");
    let mut command = clients::pfetch(WORKERS, list);
    command.arg("-d").arg(folder);
    command
}
