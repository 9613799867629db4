//! Packs (`--pack`) as those read them who they are for (webdataset, warcio, pywb), beside wget's, over a hundred
//! kills, and where there is no room. Run with `cargo test --features interop`.

mod full;
mod killed;
mod readers;

use std::path::Path;
use std::process::Command;

use crate::pfetch::{Dir, Pfetch, pfetch};
use crate::python::interpreter_with;

/// A Python with the readers of packs, of which systems have no packages.
fn python() -> &'static Path {
    Path::new(interpreter_with(
        "pywb, warcio, webdataset",
        "pywb, warcio, webdataset (.ci/run puts them into target/interop-python)",
    ))
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
