//! What pfetch does, without a network: start here.
//!
//! ```text
//! cargo run --release --example demo
//! ```
//!
//! It fetches twelve URLs from a server of its own, with the parts that the `pfetch` program is made
//! of: a [`Source`] of targets, a [`Pool`] whose workers each have a client, and a [`Human`] report
//! that is told of each outcome. Two of the URLs fail on purpose, and one leads elsewhere. It prints
//! a line per URL as each ends, the totals with an estimate of what concurrency has saved, and how
//! to go on from there.

#![expect(
    clippy::print_stdout,
    reason = "an example talks to the person who runs it"
)]

use std::env;
use std::error::Error;
use std::io::{self, IsTerminal};
use std::net::TcpStream;

use pfetch::engine::input::{InputConfig, Source};
use pfetch::engine::{self, CutShort, RunConfig};
use pfetch::http::{FetchConfig, Fetcher};
use pfetch::pool::{Pool, StopToken};
use pfetch::report::{Human, HumanStyle};

#[path = "../tests/support/server.rs"]
mod server;

use server::{Reply, Request, Server, routes};

const WORKERS: usize = 8;

/// What to ask for: `/delay/M/N` is answered after M milliseconds, with N bytes.
const PATHS: [&str; 11] = [
    "/delay/250/12000",
    "/delay/400/90000",
    "/delay/100/3500",
    "/missing",
    "/delay/50/800",
    "/delay/300/64000",
    "/moved",
    "/delay/150/7200",
    "/delay/200/31000",
    "/delay/120/500",
    "/delay/80/16000",
];

fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::with(site);
    let mut urls: Vec<_> = PATHS.iter().map(|path| server.url(path)).collect();
    // The near end of a connection has a port at which nobody listens, or can while it lasts.
    let caller = TcpStream::connect(server.addr())?;
    urls.insert(5, format!("http://{}/down", caller.local_addr()?));
    println!(
        "pfetch demo: {} URLs on {WORKERS} workers, from a server inside this program.\n\
         One page is missing, one has moved, and at one port nobody listens: on purpose.\n",
        urls.len()
    );

    let stop = StopToken::new();
    let fetcher = Fetcher::new(FetchConfig::default(), stop.clone(), None);
    let pool = Pool::builder()
        .workers(WORKERS)
        .stop_token(stop)
        .state(move |worker| fetcher.client(worker))
        .build();
    let source = Source::new(&urls, Vec::new(), InputConfig::default())?;
    let style = HumanStyle {
        colour: io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none(),
        ..HumanStyle::default()
    };
    let mut human = Human::new(io::stdout(), style);

    let report = engine::run(RunConfig::default(), source, &pool, &mut human);
    if let Some(CutShort::Listener(error)) = report.cut_short {
        return Err(error.into());
    }

    println!(
        "\n`parallel` is how long all of it took, `serial` what it would have taken one by one.\n\
         Now your own: cargo run --release -- URL URL -j {WORKERS}"
    );
    Ok(())
}

/// The server's part: the routes of the tests' server, and a page that has moved.
fn site(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    match request.target.as_str() {
        "/moved" => reply.send(302, "Location: /delay/180/2400\r\n", b""),
        _ => routes(request, reply),
    }
}
