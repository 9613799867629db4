//! Bodies that are sent compressed, and decoded as they come.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use std::process::Stdio;

use crate::bodies;
use crate::clients;
use crate::measure::Contender;
use crate::table::{CPU, Limit, PEAK, Table, WALL};

use super::{Bench, CPU_TIME};

/// A content coding: its name, the program that makes it and how, and pfetch's goal over curl.
type Coding = (&'static str, &'static [&'static str], f64);

/// Brotli at its best takes a minute for as much; servers that compress as they send take about this.
const CODINGS: [Coding; 3] = [
    ("gzip", &["gzip", "-c"], 0.8),
    ("zstd", &["zstd", "-q", "-c"], 1.05),
    ("br", &["brotli", "-q", "5", "-c"], 1.05),
];

/// Of the body when decoded.
const LENGTH: usize = 64 << 20;

/// P13
pub(super) fn decoded(bench: &Bench) -> Vec<Table> {
    let plain = bench.site.folder().join("body.json");
    File::create(&plain)
        .and_then(|file| bodies::write_json(1, bench.count(LENGTH), BufWriter::new(file)))
        .expect("the folder can be written");
    let tables = CODINGS.map(|coding| {
        let (name, program, _) = coding;
        match encode(bench, &plain, name, program) {
            Ok(sent) => race(bench, coding, sent),
            Err(why) => Table::new(name, &[], &[]).note(format!("left out: {why}")),
        }
    });
    tables.into()
}

/// Has a program write the body that is sent. Gives its length.
fn encode(bench: &Bench, plain: &Path, coding: &str, program: &[&str]) -> Result<u64, String> {
    if !clients::is_installed(program[0]) {
        return Err(format!("{} is not installed", program[0]));
    }
    let folder = bench.site.folder().join("www/json").join(coding);
    let path = folder.join("body.json");
    let encode = || {
        fs::create_dir_all(&folder)?;
        let mut command = clients::plain(program[0]);
        command.args(&program[1..]).arg(plain).stdin(Stdio::null());
        let status = command.stdout(File::create(&path)?).status()?;
        Ok((status, fs::metadata(&path)?.len()))
    };
    match encode() {
        Ok((status, length)) if status.success() => Ok(length),
        Ok((status, _)) => Err(format!("{}: {status}", program[0])),
        Err(error) => {
            let error: std::io::Error = error;
            Err(format!("{}: {error}", program[0]))
        }
    }
}

fn race(bench: &Bench, (coding, program, goal): Coding, sent: u64) -> Table {
    let url = bench.site.url(&format!("/json/{coding}/body.json"));
    let contender = |name: &str, program: &'static str, args: &'static [&'static str]| {
        let url = url.clone();
        Contender::new(name, 1, move || {
            let mut command = clients::plain(program);
            command.args(args).arg("--compressed").arg(&url);
            command
        })
    };
    let mut all = vec![contender("pfetch", clients::PFETCH, &[])];
    if bench.installed.curl {
        all.push(contender(
            "curl",
            "curl",
            &["-q", "-s", "-f", "-o", "/dev/null"],
        ));
    }
    bench.race(&mut all);
    let mut table = Table::new(coding, &[WALL, CPU, PEAK], &all);
    table.ask(&all, CPU_TIME, ("pfetch", "curl"), Limit::AtMost(goal));
    table.note(format!(
        "{sent} bytes are sent, as `{}` makes them",
        program.join(" ")
    ))
}
