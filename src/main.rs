//! The `pfetch` program: parse, run, map to an exit code.

use std::process::ExitCode;
use std::time::Instant;

use pfetch::app;
use pfetch::cli::{self, ExitReasons, UsageError};

fn main() -> ExitCode {
    app::share_heap_under_limit();
    let started = Instant::now();
    let reasons = match cli::parse() {
        Ok(plan) => app::run(plan, started),
        Err(UsageError::Help(text)) => app::print(&text),
        Err(UsageError::Mistake(message)) => {
            app::complain(&message);
            ExitReasons::usage()
        }
    };
    ExitCode::from(reasons.code())
}
