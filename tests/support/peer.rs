//! Real programs that pfetch is tested against. They are not needed for a plain `cargo test`; the
//! tests that use them ask for the feature `interop`, and say so where a program is missing.

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Fails with what to do if `program` is not installed.
pub(crate) fn require(program: &str, package: &str) {
    assert!(is_installed(program), "{}", missing(program, package));
}

/// True if `program` is not installed, which is said. Where everything has to be tested (`.ci/run` sets
/// `CI`), that is a failure.
pub(crate) fn is_missing(program: &str, package: &str) -> bool {
    if is_installed(program) {
        return false;
    }
    let missing = missing(program, package);
    assert!(env::var_os("CI").is_none(), "{missing}");
    // Past the capture of a test that passes. A failure to say so is none of the test.
    let _ = writeln!(io::stderr(), "skipped: {missing}");
    true
}

/// Says that a test leaves something out, since this system does not permit it, and how often that was by
/// now. Unlike a program that is missing, that is nothing to mend.
pub(crate) fn skip(why: &str) {
    static SKIPPED: AtomicUsize = AtomicUsize::new(0);
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    // As above.
    let why = why.lines().next().unwrap_or_default();
    let _ = writeln!(io::stderr(), "left out ({count}): {why}");
}

fn is_installed(program: &str) -> bool {
    env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin")])
            .any(|folder| folder.join(program).is_file())
    })
}

fn missing(program: &str, package: &str) -> String {
    format!("{program} is not installed, so this cannot be tested: install the package {package}")
}

/// Each crate that includes this file uses its own part of it; see `pfetch.rs`.
const _: () = {
    let _ = (require, is_missing, skip);
};
