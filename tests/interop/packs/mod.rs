//! Packs (`--pack`) as those read them who they are for (webdataset, warcio, pywb), beside wget's, over a hundred
//! kills, and where there is no room. Run with `cargo test --features interop`.

mod full;
mod killed;
mod readers;

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pfetch::{Dir, Pfetch, pfetch};

/// The folder of the virtual environment, beside cargo's of this test.
const ENVIRONMENT: &str = "interop-python";

/// What it is to have, as `.ci/run` installs it.
const MODULES: &str = "pywb, warcio, webdataset";

/// A Python with the readers of packs, of which systems have no packages: one in a virtual environment that
/// `.ci/run` makes. `None` where it is missing, which is said; in CI that is a failure.
fn python() -> Option<PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent()?;
    let python = target.join(ENVIRONMENT).join("bin/python");
    let has_them = Command::new(&python)
        .args(["-c", &format!("import {MODULES}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if has_them {
        return Some(python);
    }
    let missing = format!(
        "{} has no {MODULES}, so this cannot be tested: .ci/run installs them",
        python.display()
    );
    assert!(env::var_os("CI").is_none(), "{missing}");
    // Past the capture of a test that passes. A failure to say so is none of the test.
    let _ = writeln!(io::stderr(), "skipped: {missing}");
    None
}

/// Runs a program in a folder, and returns what it prints; it has to succeed.
#[track_caller]
fn output_of(program: &Path, args: &[&str], dir: &Dir) -> String {
    let output = Command::new(program)
        .args(args)
        .current_dir(dir.path())
        .output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let program = program.display();
    assert!(
        output.status.success(),
        "{program} {args:?}\n{text}\n{complaints}"
    );
    text
}

/// A run that packs in this folder.
fn packing(dir: &Dir, pattern: &str, args: &[&str]) -> Pfetch {
    let all = [&["--log", "run.log", "--pack", pattern], args].concat();
    pfetch(&all).current_dir(dir.path())
}
