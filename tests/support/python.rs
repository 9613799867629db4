//! A Python that has the validator of JSON Schemas and the parser of JUnit XML. Another one than the
//! system's may come first on `PATH`, and not have them.

use std::process::Command;

/// The interpreters that may have them: the user's, and the one that the system's package is for.
const INTERPRETERS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// The first that has them; fails with what to do if there is none.
pub(crate) fn interpreter() -> &'static str {
    let has_them = |name: &&&str| {
        let output = Command::new(name)
            .args(["-c", "import jsonschema, junitparser"])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    INTERPRETERS.iter().find(has_them).expect(
        "no python3 with jsonschema and junitparser is installed, so this cannot be tested: install \
         the packages python3-jsonschema and python3-junitparser",
    )
}
