//! A Python that has the validator of JSON Schemas. Another one than the system's may come first on
//! `PATH`, and not have it.

use std::process::Command;

/// The interpreters that may have it: the user's, and the one that the system's package is for.
const INTERPRETERS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// The first that has it; fails with what to do if there is none.
pub(crate) fn interpreter() -> &'static str {
    let has_it = |name: &&&str| {
        let output = Command::new(name)
            .args(["-c", "import jsonschema"])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    INTERPRETERS.iter().find(has_it).expect(
        "no python3 with jsonschema is installed, so this cannot be tested: install the package \
         python3-jsonschema",
    )
}
