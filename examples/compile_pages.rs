//! Twenty pages fetched at once and compiled into one document, in the order of the pages.
//!
//! Any blocking HTTP client will do: here each worker has a `ureq::Agent` for its state. `map` gives
//! the pages in input order, whichever comes first. They come from a server that is part of the
//! example and gives each page a delay of its own. It prints, with times that differ from run to run,
//!
//! ```text
//! A thread that waits for a server costs next to nothing so twenty of them can wait all at once
//!
//! 20 pages on 20 workers: 202.6 ms
//! one after the other:      2.11 s
//! ```
//!
//! The last line is not waited for: it is the sum of what the twenty fetches measured.

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use pfetch::pool::{Pool, Worker};
use pfetch::report::duration;
use ureq::Agent;

#[path = "../tests/support/server.rs"]
mod server;

use server::{Reply, Request, Server, routes};

/// A word a page, so that a page in the wrong place is seen at once.
const PAGES: [&str; 20] = [
    "A", "thread", "that", "waits", "for", "a", "server", "costs", "next", "to", "nothing", "so",
    "twenty", "of", "them", "can", "wait", "all", "at", "once",
];

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::with(page);
    let urls = (0..PAGES.len()).map(|number| server.url(&format!("/page/{number}")));
    // The server is on this machine: a proxy that the environment names has no part in this.
    let agent = |_| Agent::config_builder().proxy(None).build().new_agent();
    let pool = Pool::builder().workers(PAGES.len()).state(agent).build();

    let started = Instant::now();
    let mut document = Vec::new();
    let mut serial = Duration::ZERO;
    for fetched in pool.map(fetch, urls) {
        let (text, took) = fetched??;
        document.push(text);
        serial += took;
    }
    let parallel = started.elapsed();

    println!("{}\n", document.join(" "));
    println!("20 pages on 20 workers: {:>8}", duration(parallel));
    println!("one after the other:    {:>8}", duration(serial));
    Ok(())
}

/// The text of a page, and how long it took to come.
fn fetch(worker: &mut Worker<Agent>, url: String) -> Result<(String, Duration), ureq::Error> {
    let started = Instant::now();
    let text = worker.state.get(url).call()?.body_mut().read_to_string()?;
    Ok((text, started.elapsed()))
}

/// The server's part: each page has a delay of its own, from 10 to 200 ms, in no order.
fn page(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    let number = request.target.strip_prefix("/page/");
    let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) else {
        return routes(request, reply);
    };
    reply.wait(Duration::from_millis(10 + number as u64 * 7 % 20 * 10));
    reply.send(200, "", PAGES[number % PAGES.len()].as_bytes())
}
