//! The library's public surface: what a program that depends on pfetch can name. A list of it lies in the repository,
//! so that a change of it is seen, and is meant.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peer;

/// The surface as it lies in the repository: an item a line.
const KEPT: &str = include_str!("../data/public-surface.txt");

/// The modules of pfetch's own program, which no item of the library may name. (`save` and `measure` are hidden too, and
/// a few items of `engine` and `http` still name types of `save`; the list shows them.)
const PROGRAM: [&str; 2] = ["app", "cli"];

/// The toolchain whose documentation in JSON `public-api` reads: its format changes between nightlies.
fn pinned() -> &'static str {
    let manifest = include_str!("../../Cargo.toml");
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("nightly = \""));
    line.and_then(|line| line.strip_suffix('"'))
        .expect("Cargo.toml names the nightly under [package.metadata.public-surface]")
}

fn is_installed(toolchain: &str) -> bool {
    let mut rustdoc = Command::new("rustup");
    rustdoc.args(["run", toolchain, "rustdoc", "--version"]);
    let ended = rustdoc.stdout(Stdio::null()).stderr(Stdio::null()).status();
    ended.is_ok_and(|status| status.success())
}

/// Writes the documentation of the library as JSON, and returns where it is.
fn documented(toolchain: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("public-surface");
    let mut cargo = Command::new("rustup");
    cargo
        .args([
            "run", toolchain, "cargo", "rustdoc", "--locked", "--lib", "--",
        ])
        .args([
            "-Zunstable-options",
            "--output-format=json",
            "--cap-lints=allow",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &folder)
        .env_remove("RUSTDOCFLAGS");
    let output = cargo.output().expect("rustup has just been run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{cargo:?}: {}\n{said}",
        output.status
    );
    folder.join("doc/pfetch.json")
}

/// The items, in their order, each with its whole path. Impls that every type has, or that are derived, are left out.
fn surface(json: &Path) -> Result<String, public_api::Error> {
    let surface = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()?;
    Ok(surface.items().map(|item| format!("{item}\n")).collect())
}

#[test]
fn the_public_surface_is_the_listed_one_without_app_and_cli() {
    let toolchains = [pinned(), "nightly"];
    let Some(toolchain) = toolchains.into_iter().find(|name| is_installed(name)) else {
        let why = format!("the public surface: rustup toolchain install {}", pinned());
        return peer::skip(&why);
    };
    let json = documented(toolchain);
    let found = match surface(&json) {
        Ok(found) => found,
        // Of another nightly than the pinned one.
        Err(error) if toolchain != pinned() => {
            let why = format!(
                "the public surface: {toolchain} is not {}: {error}",
                pinned()
            );
            return peer::skip(&why);
        }
        Err(error) => panic!("{}: {error}", json.display()),
    };
    for line in found.lines() {
        // By its path, or by that of the source where it is hidden.
        let names = |module: &&str| {
            ["pfetch", "crate"]
                .iter()
                .any(|root| line.contains(&format!("{root}::{module}::")))
        };
        let module = PROGRAM.iter().find(|module| names(module));
        assert!(
            module.is_none(),
            "it names the program's module {module:?}: {line}"
        );
    }
    let is_there = |item: &str| found.lines().any(|line| line.contains(item));
    for item in [
        "pub fn pfetch::fetch_all<",
        "pub struct pfetch::pool::Pool<",
        "pub mod pfetch::stats",
    ] {
        assert!(is_there(item), "no {item}:\n{found}");
    }
    if found != KEPT {
        let renewed = json.with_file_name("public-surface.txt");
        fs::write(&renewed, &found).expect("the folder is cargo's");
        let [old, new] = [KEPT, &found].map(|text| text.lines().collect::<BTreeSet<_>>());
        let gone = old.difference(&new).map(|line| format!("- {line}\n"));
        let come = new.difference(&old).map(|line| format!("+ {line}\n"));
        let difference: String = gone.chain(come).collect();
        panic!(
            "the public surface is another one; if that is meant: cp {} tests/data/public-surface.txt\n{difference}",
            renewed.display()
        );
    }
}
