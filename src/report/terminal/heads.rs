//! The heads of the responses to a HEAD, as `curl -I` prints them.

use std::io::{self, Write};

use crate::model::outcome::Outcome;
use crate::model::secret_parameters::without_secret_values;

/// Writes the head of each response that the last attempt got, those of redirects too, with an empty line behind each.
/// Secrets are not shown, as with `-v`.
pub(super) fn write(out: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    for exchange in outcome.last.exchanges() {
        // A proxy's answer is no server's.
        let Some((version, status)) = exchange.status.filter(|_| exchange.method != "CONNECT")
        else {
            continue;
        };
        writeln!(out, "{version} {status}")?;
        for (name, value) in &exchange.response {
            let line = format!("{name}: {value}");
            writeln!(out, "{}", without_secret_values(&line).unwrap_or(line))?;
        }
        writeln!(out)?;
    }
    Ok(())
}
