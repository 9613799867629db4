//! The `pfetch` program: parse, run, map to an exit code.

use std::process::ExitCode;
use std::time::Instant;

use pfetch::app::{self, SignalWatch};
use pfetch::cli::{self, ExitReasons, UsageError};

/// The allocator where musl's would be taken.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    app::share_heap_under_limit();
    let started = Instant::now();
    // Before anything that takes time, so that a signal is never too early for a report.
    let signals = SignalWatch::start();
    let reasons = match cli::parse() {
        Ok(plan) => app::run(plan, started, signals),
        Err(UsageError::Help(text)) => app::print(&text),
        Err(UsageError::Mistake(message)) => {
            app::print_mistake(&message);
            ExitReasons::usage()
        }
    };
    ExitCode::from(reasons.code())
}
