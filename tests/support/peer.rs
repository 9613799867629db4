//! Real programs that pfetch is tested against. They are not needed for a plain `cargo test`; the
//! tests that use them ask for the feature `interop`, and fail loudly where a program is missing.

use std::env;
use std::path::PathBuf;

/// Fails with what to do if `program` is not installed.
pub(crate) fn require(program: &str, package: &str) {
    let found = env::var_os("PATH").is_some_and(|path| {
        env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin")])
            .any(|folder| folder.join(program).is_file())
    });
    assert!(
        found,
        "{program} is not installed, so this cannot be tested: install the package {package}"
    );
}
