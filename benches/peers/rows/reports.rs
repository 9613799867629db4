//! Runs that are read again, and every form in which they can be written: nothing is to be dearer in a long one.

use std::path::{Path, PathBuf};

use crate::clients;
use crate::measure::{Contender, Usage, run_once};
use crate::table::{CPU_EACH, Goal, Limit, PEAK, Table, WALL, middle};

use super::Bench;

/// All formats of exports, and what is printed without any.
const FORMATS: [&str; 10] = [
    "terminal", "json", "jsonl", "csv", "md", "junit", "har", "trace", "html", "svg",
];

/// P14
pub(super) fn all(bench: &Bench) -> Vec<Table> {
    let counts = [10_000, 100_000, 1_000_000].map(|count| bench.count(count));
    let mut contenders = Vec::new();
    let mut failures = Vec::new();
    for &count in &counts {
        match recorded(bench, count) {
            Ok(run) => contenders.extend(FORMATS.map(|format| replay(format, count, &run))),
            Err(why) => failures.push(format!("the run of {count} URLs failed: {why}")),
        }
    }
    bench.race(&mut contenders);
    let mut table = Table::new("", &[CPU_EACH, WALL, PEAK], &contenders);
    for failure in failures {
        table = table.note(failure);
    }
    let highest = |figure: fn(&Usage) -> f64| {
        let named = contenders.iter().map(|contender| {
            (
                contender.name.clone(),
                middle(&contenders, figure, &contender.name),
            )
        });
        worst(named)
    };
    let dearest = highest(|usage| usage.cpu_each() * 1e6);
    let largest = highest(|usage| usage.peak / (1024.0 * 1024.0));
    let [few, _, many] = counts;
    let steepest = worst(FORMATS.iter().map(|format| {
        let cpu = |count| middle(&contenders, Usage::cpu_each, &name(format, count));
        let growth = cpu(many).zip(cpu(few)).map(|(many, few)| many / few);
        ((*format).to_owned(), growth)
    }));
    let growth = format!("CPU per URL, {many} URLs / {few}");
    for (what, (of, value), limit) in [
        ("µs of CPU per URL", dearest, 8.0),
        ("MiB", largest, 12.0),
        (growth.as_str(), steepest, 1.1),
    ] {
        table.goals.push(Goal {
            text: format!("{what}, highest ({of})"),
            value,
            limit: Limit::AtMost(limit),
        });
    }
    vec![table]
}

/// The highest figure and whose it is. One that is missing is higher than all: who failed has met nothing.
fn worst(figures: impl Iterator<Item = (String, Option<f64>)>) -> (String, f64) {
    let figures = figures.map(|(name, figure)| (name, figure.unwrap_or(f64::NAN)));
    figures
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .unwrap_or((String::new(), f64::NAN))
}

fn name(format: &str, count: usize) -> String {
    format!("{format}, {count} URLs")
}

/// The results of a real run, written once.
fn recorded(bench: &Bench, count: usize) -> Result<PathBuf, String> {
    let list = bench.site.list(&bench.site.url("/tiny/"), count);
    let path = bench.site.folder().join(format!("run-{count}.jsonl"));
    let mut command = clients::pfetch(32, &list);
    command.arg("-qq").arg("--export").arg(&path);
    run_once(command, bench.site.folder())?;
    Ok(path)
}

fn replay(format: &'static str, count: usize, run: &Path) -> Contender {
    let run = run.to_owned();
    let replay = Contender::new(name(format, count), count, move || {
        let mut command = clients::plain(clients::PFETCH);
        command.arg("--replay").arg(&run);
        if format != "terminal" {
            command
                .arg("-qq")
                .arg(format!("--export={format}=/dev/null"));
        }
        command
    });
    // The longest take a quarter of a minute each.
    replay.at_most(if count >= 1_000_000 { 1 } else { usize::MAX })
}
