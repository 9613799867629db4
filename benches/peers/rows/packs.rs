//! Bodies that are collected in few large files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clients;
use crate::measure::{Contender, run_once};
use crate::table::{CPU_EACH, Goal, Limit, PEAK, RATE, Table, WALL, middle};

use super::{Bench, REQUEST_RATE, WALL_TIME, from_list};

const WORKERS: usize = 8;
const TAR: &str = "tar=p-%05d.tar";
const WARC: &str = "warc=p-%05d.warc.gz";

/// P15
pub(super) fn packed(bench: &Bench) -> Vec<Table> {
    let count = bench.count(20_000);
    let site = &bench.site;
    // A digit before each number, for the last two choose the body.
    let list = site.list(&site.url("/medium/1"), count);
    let scratch = site.folder().join("packs");
    let mut all = vec![
        from_list("discarded", count, &list, quiet),
        packing("tar", TAR, count, &list, &scratch),
        packing("warc.gz", WARC, count, &list, &scratch),
    ];
    let why = match records(&list, &scratch, site.folder()) {
        Ok(records) => {
            all.push(Contender::new("gzip", count, move || {
                let mut command = clients::plain("gzip");
                command.arg("-c").arg(&records);
                command
            }));
            "gzip compresses the records of the WARC, which lie there".to_owned()
        }
        Err(why) => format!("gzip has nothing to compress: {why}"),
    };
    bench.race(&mut all);
    let _ = fs::remove_dir_all(&scratch);
    let mut table = Table::new("", &[WALL, RATE, CPU_EACH, PEAK], &all);
    table.ask(
        &all,
        REQUEST_RATE,
        ("tar", "discarded"),
        Limit::AtLeast(0.9),
    );
    table.ask(&all, WALL_TIME, ("warc.gz", "gzip"), Limit::AtMost(1.1));
    let cpu = ["warc.gz", "tar", "gzip"].map(|name| middle(&all, |usage| usage.cpu, name));
    if let [Some(warc), Some(tar), Some(gzip)] = cpu {
        table.goals.push(Goal {
            text: "CPU, warc.gz / tar and gzip together".to_owned(),
            value: warc / (tar + gzip),
            limit: Limit::AtMost(1.1),
        });
    }
    vec![table.note(why).note("the disk has its part in these")]
}

/// The records of a WARC of the list, not compressed: what gzip by itself is measured with.
fn records(list: &Path, scratch: &Path, folder: &Path) -> Result<PathBuf, String> {
    let into = scratch.join("records");
    let records = into.join("records.warc");
    fs::create_dir_all(&into).map_err(|error| error.to_string())?;
    run_once(with_pack(list, WARC, &into), folder)?;
    let unpack = || {
        let packs = fs::read_dir(&into)?.filter_map(|entry| Some(entry.ok()?.path()));
        let packs =
            packs.filter(|path| path.extension().is_some_and(|extension| extension == "gz"));
        let mut command = clients::plain("gzip");
        command.arg("-dc").args(packs);
        command.stdout(File::create(&records)?).status()
    };
    match unpack() {
        Ok(status) if status.success() => Ok(records),
        Ok(status) => Err(format!("gzip: {status}")),
        Err(error) => {
            let error: std::io::Error = error;
            Err(format!("gzip: {error}"))
        }
    }
}

fn quiet(list: &Path) -> Command {
    let mut command = clients::pfetch(WORKERS, list);
    command.arg("-qq");
    command
}

/// A run with packs in a folder of its own, which is removed after it.
fn packing(name: &str, pack: &'static str, count: usize, list: &Path, scratch: &Path) -> Contender {
    let folder = scratch.join(name);
    let (used, list) = (folder.clone(), list.to_owned());
    let contender = Contender::new(name, count, move || {
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        with_pack(&list, pack, &folder)
    });
    contender.then(move || drop(fs::remove_dir_all(&used)))
}

fn with_pack(list: &Path, pack: &str, folder: &Path) -> Command {
    let (kind, pattern) = pack
        .split_once('=')
        .expect("packs are given as KIND=PATTERN");
    let mut command = quiet(list);
    command.arg("--log").arg(folder.join("log"));
    command
        .arg("--pack")
        .arg(format!("{kind}={}/{pattern}", folder.display()));
    command
}
