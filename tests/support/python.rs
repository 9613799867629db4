//! A Python that has certain modules. Another one than the system's may come first on `PATH`, and not have
//! them.

use std::process::Command;

/// The interpreters that may have them: the user's, the one that the system's packages are for, and the one of what
/// `.ci/run` takes from the package index.
const INTERPRETERS: [&str; 3] = [
    "python3",
    "/usr/bin/python3",
    concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/target/interop-python/bin/python"
    ),
];

/// One with the validator of JSON Schemas and the parser of JUnit XML.
pub(crate) fn interpreter() -> &'static str {
    interpreter_with(
        "jsonschema, junitparser",
        "python3-jsonschema and python3-junitparser",
    )
}

/// The first that has these modules; fails with what to do if there is none.
pub(crate) fn interpreter_with(modules: &str, packages: &str) -> &'static str {
    let import = format!("import {modules}");
    let has_them = |name: &&&str| {
        let output = Command::new(name).args(["-c", &import]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = INTERPRETERS.iter().find(has_them);
    found.unwrap_or_else(|| {
        panic!(
            "no python3 with {modules} is installed, so this cannot be tested: install the packages {packages}"
        )
    })
}
