//! The `pfetch` program: parse, run, map to an exit code.

use std::process::ExitCode;
use std::time::Instant;

use pfetch::app;
use pfetch::cli::{Ending, Plan, UsageError};

fn main() -> ExitCode {
    let started = Instant::now();
    let ending = match Plan::from_env() {
        Ok(plan) => app::run(plan, started),
        Err(UsageError::Help(text)) => app::print(&text),
        Err(UsageError::Mistake(message)) => {
            app::complain(&message);
            Ending {
                usage: true,
                ..Ending::default()
            }
        }
    };
    ExitCode::from(ending.code())
}
