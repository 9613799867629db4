//! Names that have to be looked up: each look-up holds a worker, or it does not.

use crate::clients;
use crate::measure::{Contender, Usage};
use crate::names::{Names, name};
use crate::table::{CPU_EACH, Limit, PEAK, Table, WALL};

use super::{Bench, from_list};

const WORKERS: usize = 200;
/// Of pfetch, and told to the peers.
const CONNECT_TIMEOUT: f64 = 10.0;
/// wget2 looks names up one after the other: with names that are never answered it takes a quarter of an hour.
const IN_TURN: &str = "wget2";

/// P12
pub(super) fn lookups(bench: &Bench) -> Vec<Table> {
    let names = match Names::start(50, bench.site.folder()) {
        Ok(names) => names,
        Err(why) => {
            let why =
                format!("left out: no namespace with names of its own is to be had here: {why}");
            return vec![Table::new("", &[], &[]).note(why)];
        }
    };
    vec![resolved(bench, &names), partly_silent(bench, &names)]
}

fn resolved(bench: &Bench, names: &Names) -> Table {
    let mut all = contenders(bench, names, false);
    bench.race(&mut all);
    let mut table = Table::new("50 ms each", &[WALL, CPU_EACH, PEAK], &all);
    let seconds: fn(&Usage) -> f64 = |usage| usage.wall;
    table.ask_absolute("s", &all, seconds, "pfetch", Limit::AtMost(2.0));
    table
}

fn partly_silent(bench: &Bench, names: &Names) -> Table {
    let mut all: Vec<Contender> = contenders(bench, names, true)
        .into_iter()
        .filter(|contender| contender.name != IN_TURN)
        .map(Contender::with_failures)
        .collect();
    bench.race(&mut all);
    let setting =
        format!("and one name in twenty never answered, at most {CONNECT_TIMEOUT} s to connect");
    let mut table = Table::new(setting, &[WALL, CPU_EACH, PEAK], &all);
    let seconds: fn(&Usage) -> f64 = |usage| usage.wall;
    table.ask_absolute(
        "s",
        &all,
        seconds,
        "pfetch",
        Limit::AtMost(1.2 * CONNECT_TIMEOUT),
    );
    table.note("wget2 looks names up one after the other, and is left out")
}

fn contenders(bench: &Bench, names: &Names, has_silent: bool) -> Vec<Contender> {
    let count = bench.count(2_000);
    let port = names.port;
    let kind = if has_silent { "silent" } else { "names" };
    let (list, curl_list) = bench.site.lists_of(kind, count, |number| {
        format!("http://{}:{port}/{number}", name(number, has_silent))
    });
    let timeout = CONNECT_TIMEOUT.to_string();
    let inside = names.inside();
    let mut all = vec![from_list("pfetch", count, &list, {
        let (inside, timeout) = (inside.clone(), timeout.clone());
        move |list| {
            let mut command = clients::pfetch(WORKERS, list);
            command
                .arg("--retry=0")
                .arg(format!("--connect-timeout={timeout}s"));
            inside(&command)
        }
    })];
    if bench.installed.wget2 {
        let (inside, timeout) = (inside.clone(), timeout.clone());
        let wget2 = from_list(IN_TURN, count, &list, move |list| {
            let mut command = clients::wget2_discarding(WORKERS, list);
            command.arg(format!("--timeout={timeout}"));
            inside(&command)
        });
        // Two minutes.
        all.push(wget2.at_most(1));
    }
    if bench.installed.curl {
        let curl = from_list("curl -Z", count, &curl_list, move |list| {
            let mut command = clients::curl(WORKERS, list);
            command.arg("--connect-timeout").arg(&timeout);
            inside(&command)
        });
        // A minute and a half with names that are never answered.
        all.push(curl.at_most(if has_silent { 1 } else { usize::MAX }));
    }
    all
}
