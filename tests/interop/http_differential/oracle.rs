//! The oracle: what h11, a strict parser in Python, says of each response (`oracle.py`).

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::mutate::Case;
use crate::pfetch::Dir;
use crate::python;

/// The oracle's word on one response.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    /// The two readers in it are not of one mind.
    pub(super) unclear: Option<String>,
    /// The final response's, if its head can be read.
    pub(super) status: Option<u16>,
    /// The reason why it is no response.
    pub(super) refused: Option<String>,
    /// The body.
    pub(super) bytes: Option<u64>,
    pub(super) sha256: Option<String>,
    /// The number of bytes that belong to it; `None` if its body ends with the connection.
    pub(super) end: Option<usize>,
    /// The deviations from h11 that were needed.
    #[serde(default)]
    pub(super) rules: Vec<String>,
}

/// The verdicts on all cases, and the names of all rules.
pub(super) fn judge(cases: &[Case]) -> (Vec<Verdict>, Vec<String>) {
    let dir = Dir::new();
    let mut input = String::new();
    for case in cases {
        let mut hex = String::with_capacity(2 * case.bytes.len());
        for byte in &case.bytes {
            write!(hex, "{byte:02x}").expect("a string takes everything");
        }
        let line = serde_json::json!({"head": case.is_head, "bytes": hex});
        writeln!(input, "{line}").expect("a string takes everything");
    }
    let input = dir.file("cases", input);
    let output = Command::new(python::interpreter_with("h11", "python3-h11"))
        .args(["-c", include_str!("oracle.py")])
        .stdin(fs::File::open(input).expect("it was written"))
        .stderr(Stdio::inherit())
        .output()
        .expect("it has been tried");
    assert!(output.status.success(), "the oracle: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let mut lines = text.lines();
    let read = |line: &str| serde_json::from_str(line).expect("the oracle's lines are verdicts");
    let verdicts: Vec<Verdict> = lines.by_ref().take(cases.len()).map(read).collect();
    let name = |line: &str| serde_json::from_str(line).expect("the last lines are names");
    (verdicts, lines.map(name).collect())
}
