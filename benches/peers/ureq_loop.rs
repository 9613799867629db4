//! The mark: an empty loop around `ureq::Agent`, with all that pfetch does above its client left out. No list, no
//! figures of a URL, no report, no other error than a count.
//!
//! As a process of its own: `ureq-loop PREFIX THREADS COUNT`.

use std::io::Read;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use ureq::Agent;

pub(crate) fn main(args: &[String]) -> ExitCode {
    let [prefix, threads, count] = args else {
        eprintln!("ureq-loop PREFIX THREADS COUNT");
        return ExitCode::from(2);
    };
    let (Ok(threads), Ok(count)) = (threads.parse::<usize>(), count.parse::<usize>()) else {
        eprintln!("THREADS and COUNT are numbers");
        return ExitCode::from(2);
    };
    let begun = AtomicUsize::new(0);
    let failed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                // One each: they would wait for each other at the pool of a common one.
                let agent: Agent = Agent::config_builder().proxy(None).build().into();
                let mut buffer = vec![0; 16 * 1024];
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    if fetch(&agent, &format!("{prefix}{number}"), &mut buffer).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    match failed.into_inner() {
        0 => ExitCode::SUCCESS,
        failed => {
            eprintln!("{failed} requests failed");
            ExitCode::FAILURE
        }
    }
}

fn fetch(agent: &Agent, url: &str, buffer: &mut [u8]) -> Result<(), ureq::Error> {
    let mut response = agent.get(url).call()?;
    let mut body = response.body_mut().as_reader();
    while body.read(buffer)? > 0 {}
    Ok(())
}
